// guild/series/smooth.hpp - values that jump, as a line that the eye can follow.
//
// Layer 3. Includes: base, series/point.hpp. Pure.
// Not here: one number for a series (series/reduce.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Exponential moving average without bias to 0 at the beginning, as TensorBoard's slider draws it.
///
/// Over the finite values x1, x2, ...: a0 = 0, an = an-1 x weight + xn x (1 - weight), and the
/// result is an / (1 - weight^n). NaN and infinities stand in the result as they are and do not
/// change the average; n does not count them. Values that are all equal are returned unchanged.
///
/// in       weight: 0 changes nothing, 0.999 is the end of TensorBoard's slider; below 0 (or NaN)
///          counts as 0. From 1 on, where the formula ends, the plain mean of the values so far
/// shape    one result a value
/// source   TensorBoard 2.21, "smoothing" of scalar charts; it draws 0 for a weight of 1
/// example  tests/series/smooth.cpp "smooth: a half, by hand"
[[nodiscard]] std::vector<double> smooth(const std::vector<double>& values, double weight);
[[nodiscard]] std::vector<double> smooth(const std::vector<point>& points, double weight);

// ---- implementation ---------------------------------------------------------

inline std::vector<double> smooth(const std::vector<double>& values, double weight) {
    const bool is_constant = std::all_of(values.begin(), values.end(),
                                         [&](double each) { return each == values.front(); });
    if (is_constant || !(weight > 0)) {
        return values;
    }
    std::vector<double> smoothed;
    smoothed.reserve(values.size());
    double average = 0;
    double count = 0;
    for (const double value : values) {
        if (!std::isfinite(value)) {
            smoothed.push_back(value);
            continue;
        }
        count += 1;
        if (weight < 1) {
            average = average * weight + (1 - weight) * value;
            smoothed.push_back(average / (1 - std::pow(weight, count)));
        } else {
            average += value / count - average / count;
            smoothed.push_back(average);
        }
    }
    return smoothed;
}

inline std::vector<double> smooth(const std::vector<point>& points, double weight) {
    std::vector<double> values;
    values.reserve(points.size());
    for (const point& one : points) {
        values.push_back(one.value.as_double());
    }
    return smooth(values, weight);
}

}}}  // namespace guild::series

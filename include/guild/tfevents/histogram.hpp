// guild/tfevents/histogram.hpp - values counted into buckets, as TensorBoard shows distributions.
//
// Layer 3. Includes: the standard library only.
// Not here: writing them (tfevents/writer.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <vector>

#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// Values from left up to right; the last bucket's right end belongs to it.
struct histogram_bucket {
    double left = 0;
    double right = 0;
    double count = 0;
};
using histogram_buckets = std::vector<histogram_bucket>;

/// Counts values into buckets of one width between the smallest and the largest.
///
/// in       values that are no finite numbers are left out
/// out      no bucket without values; one bucket, 1 wide, where all are equal
/// source   tf.summary.histogram of TensorFlow 2
/// example  tests/tfevents/histogram.cpp "histogram: three buckets, by hand"
[[nodiscard]] histogram_buckets make_histogram(const double* values, std::size_t count,
                                               std::size_t buckets = 30);
[[nodiscard]] inline histogram_buckets make_histogram(const std::vector<double>& values,
                                                      std::size_t buckets = 30) {
    return make_histogram(values.data(), values.size(), buckets);
}

// ---- implementation ---------------------------------------------------------

inline histogram_buckets make_histogram(const double* values, std::size_t count,
                                        std::size_t buckets) {
    std::vector<double> finite;
    finite.reserve(count);
    std::copy_if(values, values + count, std::back_inserter(finite),
                 [](double value) { return std::isfinite(value); });
    if (finite.empty() || buckets == 0) {
        return {};
    }
    const auto [least, most] = std::minmax_element(finite.begin(), finite.end());
    const double low = *least;
    const double high = *most;
    if (low == high) {
        return {{low - 0.5, low + 0.5, static_cast<double>(finite.size())}};
    }
    const double share = 1.0 / static_cast<double>(buckets);
    const auto edge = [&](std::size_t i) {  // without high - low, which may be infinite
        const double part = static_cast<double>(i) * share;
        return i == buckets ? high : low * (1.0 - part) + high * part;
    };
    histogram_buckets made(buckets);
    double left = low;
    for (std::size_t i = 0; i < buckets; ++i) {
        // Between neighbouring numbers rounding may lead back, or out of the range.
        const double right = std::min(std::max(edge(i + 1), left), high);
        made[i] = {left, right, 0};
        left = right;
    }
    for (const double value : finite) {
        const auto after = std::upper_bound(
            made.begin(), made.end(), value,
            [](double seen, const histogram_bucket& bucket) { return seen < bucket.left; });
        const auto into = after == made.begin() ? after : after - 1;
        into->count += 1;
    }
    return made;
}

}}}  // namespace guild::tfevents

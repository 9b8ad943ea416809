// guild/series/reduce.hpp - many points to one number, or to the few that a chart needs.
//
// Layer 3. Includes: base, series/point.hpp. Pure.
// Not here: finding and reading the points (series/run_reader.hpp).
//
// NaN rule: first and last are what they are, NaN included. min, max, average and median leave NaN
// out and take infinities in. No value is left: no result.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Whether reduce() knows this word.
[[nodiscard]] bool is_reducer(std::string_view how) noexcept;

/// One number for a series, in the words of project files.
///
/// in       how: first, last, min, max, average (or mean), median, last_N_average (the last N
///          points, or all when there are fewer), steps (last minus first step), duration (last
///          minus first time)
/// out      empty for an unknown word, without points, or when only NaN is left
/// units    duration: seconds; everything else: the series' own
/// example  tests/series/reduce.cpp "reduce: every word, by hand"
[[nodiscard]] std::optional<double> reduce(std::string_view how, const std::vector<point>& points);

/// At most four points for each of `columns` equal ranges of steps: the first, the smallest, the
/// largest and the last, in the order in which they stand in the series, each once.
///
/// A single sharp point is in the result however many columns there are. NaN is never smallest or
/// largest; a column with nothing but NaN keeps its first and last. Where steps go back, a column
/// that is entered again gets four points again.
///
/// in       columns: 0 counts as 1
/// cost     O(points)
/// example  tests/series/reduce.cpp "reduce_columns: a spike of one point survives every width"
[[nodiscard]] std::vector<point> reduce_columns(const std::vector<point>& points,
                                                std::size_t columns);

// ---- implementation ---------------------------------------------------------

namespace detail {

// N of "last_N_average"; 0 if that is not the word.
inline std::size_t last_n(std::string_view how) noexcept {
    constexpr std::string_view before = "last_";
    constexpr std::string_view after = "_average";
    if (!starts_with(how, before) || !ends_with(how, after) ||
        how.size() <= before.size() + after.size()) {
        return 0;
    }
    std::size_t count = 0;
    for (const char c : how.substr(before.size(), how.size() - before.size() - after.size())) {
        if (!is_digit(c) || count > 100000000) {
            return 0;
        }
        count = count * 10 + static_cast<std::size_t>(c - '0');
    }
    return count;
}

inline std::optional<double> mean_of(const point* begin, const point* end) noexcept {
    double sum = 0;
    std::size_t count = 0;
    for (; begin != end; ++begin) {
        const double value = begin->value.as_double();
        if (!std::isnan(value)) {
            sum += value;
            ++count;
        }
    }
    return count == 0 ? std::nullopt : std::make_optional(sum / static_cast<double>(count));
}

inline std::vector<double> values_of(const std::vector<point>& points) {
    std::vector<double> values;
    values.reserve(points.size());
    for (const point& one : points) {
        const double value = one.value.as_double();
        if (!std::isnan(value)) {
            values.push_back(value);
        }
    }
    return values;
}

// The middle value, or the mean of the two in the middle.
inline std::optional<double> median_of(std::vector<double> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 != 0) {
        return *middle;
    }
    const double below = *std::max_element(values.begin(), middle);
    return below == *middle ? below : below / 2 + *middle / 2;
}

inline std::optional<double> extreme_of(const std::vector<point>& points, bool smallest) {
    const std::vector<double> values = values_of(points);
    if (values.empty()) {
        return std::nullopt;
    }
    return smallest ? *std::min_element(values.begin(), values.end())
                    : *std::max_element(values.begin(), values.end());
}

// The points of one column while they come.
class column_reducer {
public:
    void add(const point& next, std::size_t index) {
        if (count_++ == 0) {
            first_ = {next, index};
        }
        last_ = {next, index};
        if (!std::isnan(next.value.as_double())) {
            if (!has_value_ || is_less(next.value, min_.first.value)) {
                min_ = {next, index};
            }
            if (!has_value_ || is_less(max_.first.value, next.value)) {
                max_ = {next, index};
            }
            has_value_ = true;
        }
    }

    // Appends first, min, max and last in order of their place, each place once.
    void finish(std::vector<point>& out) {
        if (count_ == 0) {
            return;
        }
        placed chosen[] = {first_, has_value_ ? min_ : first_, has_value_ ? max_ : first_, last_};
        std::sort(std::begin(chosen), std::end(chosen),
                  [](const placed& a, const placed& b) { return a.second < b.second; });
        for (std::size_t i = 0; i < std::size(chosen); ++i) {
            if (i == 0 || chosen[i].second != chosen[i - 1].second) {
                out.push_back(chosen[i].first);
            }
        }
        *this = {};
    }

private:
    using placed = std::pair<point, std::size_t>;
    std::size_t count_ = 0;
    bool has_value_ = false;
    placed first_, min_, max_, last_;
};

}  // namespace detail

inline bool is_reducer(std::string_view how) noexcept {
    for (const std::string_view word :
         {"first", "last", "min", "max", "average", "mean", "median", "steps", "duration"}) {
        if (how == word) {
            return true;
        }
    }
    return detail::last_n(how) != 0;
}

inline std::optional<double> reduce(std::string_view how, const std::vector<point>& points) {
    if (points.empty() || !is_reducer(how)) {
        return std::nullopt;
    }
    const point& first = points.front();
    const point& last = points.back();
    const point* end = points.data() + points.size();
    if (how == "first") {
        return first.value.as_double();
    }
    if (how == "last") {
        return last.value.as_double();
    }
    if (how == "steps") {
        return static_cast<double>(last.step) - static_cast<double>(first.step);
    }
    if (how == "duration") {
        return (static_cast<double>(last.time_us) - static_cast<double>(first.time_us)) / 1e6;
    }
    if (how == "min" || how == "max") {
        return detail::extreme_of(points, how == "min");
    }
    if (how == "median") {
        return detail::median_of(detail::values_of(points));
    }
    const std::size_t wanted = detail::last_n(how);
    const bool all = wanted == 0 || wanted > points.size();
    return detail::mean_of(all ? points.data() : end - wanted, end);
}

inline std::vector<point> reduce_columns(const std::vector<point>& points, std::size_t columns) {
    std::vector<point> out;
    if (points.empty()) {
        return out;
    }
    columns = std::max<std::size_t>(columns, 1);
    std::int64_t low = points.front().step;
    std::int64_t high = low;
    for (const point& one : points) {
        low = std::min(low, one.step);
        high = std::max(high, one.step);
    }
    const double extent = static_cast<double>(high) - static_cast<double>(low);
    detail::column_reducer column;
    std::size_t current = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const double along = static_cast<double>(points[i].step) - static_cast<double>(low);
        const double place = extent > 0 ? along / extent * static_cast<double>(columns) : 0;
        const std::size_t at = std::min(static_cast<std::size_t>(place), columns - 1);
        if (at != current) {
            column.finish(out);
            current = at;
        }
        column.add(points[i], i);
    }
    column.finish(out);
    return out;
}

}}}  // namespace guild::series

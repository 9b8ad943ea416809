// guild/series/reduce.hpp - many points to one number, or to the few that a chart needs.
//
// Layer 3. Includes: base, series/point.hpp. Pure.
// Not here: finding and reading the points (series/run_reader.hpp); averages that move
// (series/smooth.hpp).
//
// NaN rule: first, last and at_STEP are what they are, NaN included. All other words that look at
// values leave NaN out and take infinities in. No value is left: no result.
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

/// One way of making one number of a series; the words of project files are in parentheses.
enum class reduction : std::uint8_t {
    first,         // (first) the value that was written first
    last,          // (last)
    min,           // (min)
    max,           // (max)
    argmin,        // (argmin) the step of the smallest value, of the first one of several
    argmax,        // (argmax)
    average,       // (average, mean)
    median,        // (median) the middle value, or the mean of the two in the middle
    last_average,  // (last_N_average) of the last N points, or of all when there are fewer
    at_step,       // (at_STEP) the value at this step, the last one if it repeats
    percentile,    // (p0 to p100, also p99.9) between two values in proportion, as numpy does
    steps,         // (steps) last minus first step
    duration,      // (duration) last minus first time
};

/// A reduction with what it has to know.
struct reducer {
    reduction how = reduction::last;
    std::int64_t number = 0;  // last_average: how many points, at least 1; at_step: the step
    double percent = 50;      // percentile: 0 to 100
};

/// The reducer that a word of a project file means.
///
/// example  tests/series/reduce.cpp "find_reducer: the forms of words with numbers"
[[nodiscard]] std::optional<reducer> find_reducer(std::string_view word) noexcept;

/// Whether find_reducer() knows this word.
[[nodiscard]] bool is_reducer(std::string_view word) noexcept;

/// The words, those with numbers by way of example, for messages and suggestions.
[[nodiscard]] std::vector<std::string_view> reducer_words();

/// One number for a series.
///
/// out      empty without points, when only NaN is left, or for a step that is not there
/// units    duration: seconds; argmin, argmax, steps: steps; everything else: the series' own
/// cost     O(points); median and percentile copy the values
/// source   percentile: numpy.percentile, method "linear"
/// example  tests/series/reduce.cpp "reduce: every word, by hand"
[[nodiscard]] std::optional<double> reduce(const reducer& by, const std::vector<point>& points);

/// The same by a word of project files; empty for an unknown one too.
[[nodiscard]] std::optional<double> reduce(std::string_view word, const std::vector<point>& points);

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

// What stands between `before` and `after`; empty when the word is not of this form.
inline std::string_view inner_of(std::string_view word, std::string_view before,
                                 std::string_view after) noexcept {
    const std::size_t around = before.size() + after.size();
    if (word.size() <= around || !starts_with(word, before) || !ends_with(word, after)) {
        return {};
    }
    return word.substr(before.size(), word.size() - around);
}

inline bool is_all_digits(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// A decimal without sign or exponent, from 0 to 100; nothing else. Digits after the fifteenth do
// not count.
inline std::optional<double> find_percent(std::string_view text) noexcept {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(0, dot);
    const std::string_view fraction = text.substr(std::min(dot + 1, text.size()));
    if (!is_all_digits(whole) || whole.size() > 3 ||
        (dot != text.size() && !is_all_digits(fraction))) {
        return std::nullopt;
    }
    double digits = 0;
    double scale = 1;
    for (const char c : whole) {
        digits = digits * 10 + (c - '0');
    }
    for (const char c : fraction.substr(0, 12)) {
        digits = digits * 10 + (c - '0');
        scale *= 10;
    }
    const double percent = digits / scale;  // both exact: rounded once
    return percent <= 100 ? std::make_optional(percent) : std::nullopt;
}

// "at_STEP", with or without a minus.
inline std::optional<std::int64_t> find_step(std::string_view text) noexcept {
    const bool is_negative = starts_with(text, "-");
    const std::string_view digits = text.substr(is_negative ? 1 : 0);
    if (!is_all_digits(digits) || digits.size() > 19) {
        return std::nullopt;
    }
    std::uint64_t size = 0;
    for (const char c : digits) {
        size = size * 10 + static_cast<std::uint64_t>(c - '0');
    }
    constexpr std::uint64_t limit = std::uint64_t{1} << 63U;
    if (size > limit - (is_negative ? 0 : 1)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(is_negative ? ~size + 1 : size);
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

// The value at place percent / 100 x (n - 1) of the sorted ones, in proportion where that lies
// between two.
inline std::optional<double> percentile_of(std::vector<double> values, double percent) {
    if (values.empty() || !(percent >= 0 && percent <= 100)) {
        return std::nullopt;
    }
    const double place = percent / 100 * static_cast<double>(values.size() - 1);
    const double whole = std::floor(place);
    const double part = place - whole;
    const auto lower = values.begin() + static_cast<std::ptrdiff_t>(whole);
    std::nth_element(values.begin(), lower, values.end());
    if (part == 0 || lower + 1 == values.end()) {
        return *lower;
    }
    const double low = *lower;
    const double high = *std::min_element(lower + 1, values.end());
    const double gap = high - low;
    if (low == high) {
        return low;
    }
    if (!std::isfinite(gap)) {
        return low * (1 - part) + high * part;
    }
    return part < 0.5 ? low + gap * part : high - gap * (1 - part);
}

// Of the first of the smallest, or largest, points: the value, or the step.
inline std::optional<double> extreme_of(const std::vector<point>& points, reduction how) noexcept {
    const bool is_smallest = how == reduction::min || how == reduction::argmin;
    const point* found = nullptr;
    for (const point& one : points) {
        if (std::isnan(one.value.as_double())) {
            continue;
        }
        if (found == nullptr ||
            (is_smallest ? is_less(one.value, found->value) : is_less(found->value, one.value))) {
            found = &one;
        }
    }
    if (found == nullptr) {
        return std::nullopt;
    }
    const bool is_value = how == reduction::min || how == reduction::max;
    return is_value ? found->value.as_double() : static_cast<double>(found->step);
}

inline std::optional<double> value_at(const std::vector<point>& points,
                                      std::int64_t step) noexcept {
    const auto found = std::find_if(points.rbegin(), points.rend(),
                                    [&](const point& one) { return one.step == step; });
    return found == points.rend() ? std::nullopt : std::make_optional(found->value.as_double());
}

inline std::optional<double> mean_of_last(const std::vector<point>& points,
                                          std::int64_t wanted) noexcept {
    const std::uint64_t most = points.size();
    const std::uint64_t last = wanted < 0 ? 0 : std::min(most, static_cast<std::uint64_t>(wanted));
    const point* end = points.data() + points.size();
    return mean_of(end - static_cast<std::ptrdiff_t>(last), end);
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

inline std::optional<reducer> find_reducer(std::string_view word) noexcept {
    constexpr std::pair<std::string_view, reduction> words[] = {
        {"first", reduction::first},      {"last", reduction::last},
        {"min", reduction::min},          {"max", reduction::max},
        {"argmin", reduction::argmin},    {"argmax", reduction::argmax},
        {"average", reduction::average},  {"mean", reduction::average},
        {"median", reduction::median},    {"steps", reduction::steps},
        {"duration", reduction::duration}};
    for (const auto& [name, how] : words) {
        if (word == name) {
            return reducer{how};
        }
    }
    if (const auto count = detail::inner_of(word, "last_", "_average"); !count.empty()) {
        const auto number = detail::find_step(count);
        return number && *number > 0 ? std::make_optional(reducer{reduction::last_average, *number})
                                     : std::nullopt;
    }
    if (const auto step = detail::inner_of(word, "at_", ""); !step.empty()) {
        const auto number = detail::find_step(step);
        return number ? std::make_optional(reducer{reduction::at_step, *number}) : std::nullopt;
    }
    const auto percent = detail::find_percent(detail::inner_of(word, "p", ""));
    return percent ? std::make_optional(reducer{reduction::percentile, 0, *percent}) : std::nullopt;
}

inline bool is_reducer(std::string_view word) noexcept {
    return find_reducer(word).has_value();
}

inline std::vector<std::string_view> reducer_words() {
    return {"first", "last",           "min",     "max", "argmin", "argmax",  "average", "median",
            "mean",  "last_5_average", "at_1000", "p50", "steps",  "duration"};
}

inline std::optional<double> reduce(const reducer& by, const std::vector<point>& points) {
    if (points.empty()) {
        return std::nullopt;
    }
    const point& first = points.front();
    const point& last = points.back();
    switch (by.how) {
    case reduction::first:
        return first.value.as_double();
    case reduction::last:
        return last.value.as_double();
    case reduction::min:
    case reduction::max:
    case reduction::argmin:
    case reduction::argmax:
        return detail::extreme_of(points, by.how);
    case reduction::average:
        return detail::mean_of(points.data(), points.data() + points.size());
    case reduction::median:
        return detail::median_of(detail::values_of(points));
    case reduction::last_average:
        return detail::mean_of_last(points, by.number);
    case reduction::at_step:
        return detail::value_at(points, by.number);
    case reduction::percentile:
        return detail::percentile_of(detail::values_of(points), by.percent);
    case reduction::steps:
        return static_cast<double>(last.step) - static_cast<double>(first.step);
    case reduction::duration:
        return (static_cast<double>(last.time_us) - static_cast<double>(first.time_us)) / 1e6;
    }
    return std::nullopt;
}

inline std::optional<double> reduce(std::string_view word, const std::vector<point>& points) {
    const auto by = find_reducer(word);
    return by ? reduce(*by, points) : std::nullopt;
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

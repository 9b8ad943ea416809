// guild/viewer/points.hpp - the points that charts show: chosen from a run, as JSON and as arrays.
//
// Layer 6. Includes: base, series, json.
// Not here: which series are asked for (viewer/api.hpp); how points are reduced
// (series/pixels.hpp).
//
// The arrays are laid out so that a browser takes them as they are, as typed arrays: little-endian,
// at offsets that are multiples of 8. docs/http-api.md, "data", is their specification.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/json.hpp>
#include <guild/series/pixels.hpp>
#include <guild/series/point.hpp>
#include <guild/series/run_reader.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// What a chart asks of one series: so many columns over a range of steps or times.
///
/// units    from, to: steps, or microseconds since 1970 when `axis` is time; both included
struct chart_request {
    std::size_t columns = 400;
    series::x_axis axis = series::x_axis::step;
    std::int64_t from = std::numeric_limits<std::int64_t>::min();
    std::int64_t to = std::numeric_limits<std::int64_t>::max();
};

/// The points of one series in the range: all of them, or what stands for them.
struct chart_points {
    std::string key;
    std::uint64_t count = 0;  // all in the range, as nan and inf
    std::uint64_t nan = 0;
    std::uint64_t inf = 0;
    bool is_reduced = false;
    std::vector<series::point> points;
};

/// Every point while there are at most four for each column, the columns' points otherwise.
///
/// example  tests/viewer/points.cpp "points: few points are exact, many are columns that keep a
///          spike"
[[nodiscard]] std::vector<chart_points> read_charts(series::run_reader& from,
                                                    const std::vector<std::string>& keys,
                                                    const chart_request& what);

/// {key, count, nan, inf, is_reduced, steps, times_us, values}.
[[nodiscard]] json::value to_json(const chart_points& chart);

/// What the binary form holds.
struct array_options {
    bool with_steps = true;
    bool with_times = true;
    bool with_values = true;
    bool may_round = false;  // values of reduced series to 32-bit floats
};

/// The binary form: `GPT1`, the size of the JSON head, the head, the arrays.
///
/// in       head: an object; `series` is added to it
/// example  tests/viewer/points.cpp "arrays: the bytes of two points, by hand"
[[nodiscard]] std::string encode_arrays(json::value head, const std::vector<chart_points>& charts,
                                        const array_options& options);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline series::point_range range_of(const chart_request& what) noexcept {
    series::point_range out;
    const bool is_step = what.axis == series::x_axis::step;
    (is_step ? out.min_step : out.min_time_us) = what.from;
    (is_step ? out.max_step : out.max_time_us) = what.to;
    return out;
}

inline void count_odd(chart_points& into) noexcept {
    into.count = into.points.size();
    into.nan = 0;
    into.inf = 0;
    for (const series::point& each : into.points) {
        const double value = each.value.as_double();
        into.nan += std::isnan(value) ? 1U : 0U;
        into.inf += std::isinf(value) ? 1U : 0U;
    }
}

inline bool is_exact_as_float(double value) noexcept {
    return std::isnan(value) ||
           (std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max()) &&
            static_cast<double>(static_cast<float>(value)) == value) ||
           std::isinf(value);
}

inline bool fits_float(double value) noexcept {
    return !std::isfinite(value) ||
           std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max());
}

/// Builds the arrays; their places are told in the head, whose size is not known before.
class array_builder {
public:
    /// Integers as u32 beyond the least of them, where they fit, or as doubles.
    template <class Get>
    json::value add_integers(const std::vector<series::point>& points, Get get) {
        std::int64_t low = points.empty() ? 0 : get(points.front());
        std::int64_t high = low;
        for (const series::point& each : points) {
            low = std::min(low, get(each));
            high = std::max(high, get(each));
        }
        constexpr std::int64_t exact = std::int64_t{1} << 53;
        const bool is_near = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) <=
                                 std::numeric_limits<std::uint32_t>::max() &&
                             low >= -exact && high <= exact;
        json::value place = begin(is_near ? "u32" : "f64", is_near ? low : 0);
        for (const series::point& each : points) {
            if (is_near) {
                append_le(bytes_, static_cast<std::uint32_t>(static_cast<std::uint64_t>(get(each)) -
                                                             static_cast<std::uint64_t>(low)));
            } else {
                append_le(bytes_, double_bits(static_cast<double>(get(each))));
            }
        }
        return place;
    }

    json::value add_values(const std::vector<series::point>& points, bool may_round) {
        const bool is_short =
            std::all_of(points.begin(), points.end(), [may_round](const series::point& each) {
                const double value = each.value.as_double();
                return may_round ? fits_float(value) : is_exact_as_float(value);
            });
        json::value place = begin(is_short ? "f32" : "f64", 0);
        for (const series::point& each : points) {
            const double value = each.value.as_double();
            if (is_short) {
                append_le(bytes_, float_bits(static_cast<float>(value)));
            } else {
                append_le(bytes_, double_bits(value));
            }
        }
        return place;
    }

    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

private:
    [[nodiscard]] json::value begin(std::string_view type, std::int64_t base) {
        bytes_.resize((bytes_.size() + 7) / 8 * 8);
        return {{"type", type}, {"at", bytes_.size()}, {"base", base}};
    }

    [[nodiscard]] static std::uint32_t float_bits(float value) noexcept {
        std::uint32_t out = 0;
        std::memcpy(&out, &value, sizeof(out));
        return out;
    }
    [[nodiscard]] static std::uint64_t double_bits(double value) noexcept {
        std::uint64_t out = 0;
        std::memcpy(&out, &value, sizeof(out));
        return out;
    }

    std::string bytes_;
};

inline void shift_places(json::value& rows, std::size_t by) {
    for (json::value& row : rows) {
        for (const char* name : {"steps", "times", "values"}) {
            if (row.contains(name)) {
                row[name]["at"] = row[name]["at"].get<std::size_t>() + by;
            }
        }
    }
}

// The head tells places, and places depend on the size of the head: it grows until it fits.
inline std::string head_text(const json::value& head) {
    std::size_t size = 0;
    for (std::size_t tried = 0;; tried = size) {
        json::value placed = head;
        shift_places(placed["series"], 8 + tried);
        std::string text = json::format(placed);
        size = std::max(tried, (text.size() + 7) / 8 * 8);
        if (size == tried) {
            text.resize(size, ' ');
            return text;
        }
    }
}

}  // namespace detail

inline std::vector<chart_points> read_charts(series::run_reader& from,
                                             const std::vector<std::string>& keys,
                                             const chart_request& what) {
    const series::point_range range = detail::range_of(what);
    const std::size_t most_exact = what.columns * 4;
    std::vector<series::pixel_view> views =
        from.pixels(keys, {what.columns, what.axis, range, most_exact});
    std::vector<chart_points> charts(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        chart_points& out = charts[i];
        out.key = keys[i];
        if (!views[i].is_whole && views[i].points <= most_exact) {  // of buckets: few are inside
            out.points = from.points(keys[i], range);
            detail::count_odd(out);
            continue;
        }
        out.count = views[i].points;
        out.nan = views[i].nan;
        out.inf = views[i].infinite;
        out.points = std::move(views[i].kept);
        out.is_reduced = out.points.size() < out.count;
    }
    return charts;
}

inline json::value to_json(const chart_points& chart) {
    json::value out;
    json::set_text(out, "key", chart.key);
    out["count"] = chart.count;
    out["nan"] = chart.nan;
    out["inf"] = chart.inf;
    out["is_reduced"] = chart.is_reduced;
    out.update(json::to_json(chart.points));
    return out;
}

inline std::string encode_arrays(json::value head, const std::vector<chart_points>& charts,
                                 const array_options& options) {
    detail::array_builder arrays;
    json::value rows = json::value::array();
    for (const chart_points& chart : charts) {
        json::value row;
        json::set_text(row, "key", chart.key);
        row["count"] = chart.count;
        row["nan"] = chart.nan;
        row["inf"] = chart.inf;
        row["is_reduced"] = chart.is_reduced;
        row["length"] = chart.points.size();
        if (options.with_steps) {
            row["steps"] = arrays.add_integers(chart.points,
                                               [](const series::point& each) { return each.step; });
        }
        if (options.with_times) {
            row["times"] = arrays.add_integers(
                chart.points, [](const series::point& each) { return each.time_us; });
        }
        if (options.with_values) {
            row["values"] = arrays.add_values(chart.points, options.may_round && chart.is_reduced);
        }
        rows.push_back(std::move(row));
    }
    head["series"] = std::move(rows);
    const std::string text = detail::head_text(head);
    std::string out = "GPT1";
    append_le(out, guild::detail::convert<std::uint32_t>(text.size()));
    return out + text + arrays.bytes();
}

}}}  // namespace guild::viewer

// guild/series/pixels.hpp - a series as the few points that a chart of some columns needs.
//
// Layer 3. Includes: base, series/file_map.hpp point.hpp pyramid.hpp. Pure.
// Not here: finding the points (series/reader.hpp); reducing points at hand (series/reduce.hpp).
//
// Each column of the chart keeps the first, the smallest, the largest and the last of its points,
// so that a single sharp point is seen at every zoom. From a pyramid whole buckets are taken: a
// border between two columns is then the bucket's, and at most one bucket off.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <guild/config.hpp>
#include <guild/series/file_map.hpp>
#include <guild/series/point.hpp>
#include <guild/series/pyramid.hpp>

namespace guild { inline namespace v0 { namespace series {

enum class x_axis : std::uint8_t { step, time };

/// What a chart shows: so many columns over the points of a range.
struct pixel_request {
    std::size_t columns = 1000;  // 0 counts as 1
    x_axis axis = x_axis::step;
    point_range range;
    std::size_t most_exact = 0;  // where there are no more in the range, every point is kept
};

/// At most four points for each column, in the order of the series.
///
/// out      points, nan, infinite: how many of the series are in the range; they are exact unless
///          buckets reach over its ends
struct pixel_view {
    std::vector<point> kept;
    std::uint64_t points = 0;
    std::uint64_t nan = 0;
    std::uint64_t infinite = 0;
    bool is_exact = true;   // no pyramid was used: columns have exact borders
    bool is_whole = false;  // every point in the range is kept, as `most_exact` allows
};

/// Puts points and buckets, in the order of the series, into columns.
///
/// in       low, high: the ends of the axis; what lies outside goes to the first or last column
/// example  tests/series/pixels.cpp "pixels: a spike of one point is kept at every width"
class pixel_reducer {
public:
    struct extent {
        std::int64_t low = 0;
        std::int64_t high = 0;
    };
    pixel_reducer(const pixel_request& request, extent axis) noexcept;

    void add(const point& next);
    void add(const bucket& next, const point* kept);

    /// The points that are kept, and the counts.
    [[nodiscard]] pixel_view finish();

    [[nodiscard]] const point_range& range() const noexcept { return request_.range; }

private:
    [[nodiscard]] std::size_t column_of(const point& at) const noexcept;
    void enter(std::size_t column);

    pixel_request request_;
    extent axis_;
    double columns_per_unit_ = 0;
    std::size_t column_ = 0;
    bucket_builder open_;
    pyramid_piece done_;
    bool is_exact_ = true;
    std::vector<point> whole_;  // every point, while they are few
    std::uint64_t seen_ = 0;    // of which those are a part
};

/// The coarsest level of the pyramid of which each column gets two buckets or more; pyramid_levels
/// when even the finest is too coarse, and the points themselves are to be read.
[[nodiscard]] std::uint32_t level_for(std::uint64_t points, std::size_t columns) noexcept;

// ---- implementation ---------------------------------------------------------

inline std::uint32_t level_for(std::uint64_t points, std::size_t columns) noexcept {
    std::uint32_t level = pyramid_levels;
    for (std::uint32_t at = 0; at < pyramid_levels; ++at) {
        if (points / bucket_points(at) / 2 >= std::max<std::size_t>(columns, 1)) {
            level = at;
        }
    }
    return level;
}

inline pixel_reducer::pixel_reducer(const pixel_request& request, extent axis) noexcept
    : request_(request), axis_(axis) {
    request_.columns = std::max<std::size_t>(request.columns, 1);
    const double length = static_cast<double>(axis.high) - static_cast<double>(axis.low);
    columns_per_unit_ = length > 0 ? static_cast<double>(request_.columns) / length : 0;
}

inline std::size_t pixel_reducer::column_of(const point& at) const noexcept {
    const std::int64_t x = request_.axis == x_axis::step ? at.step : at.time_us;
    const double along = static_cast<double>(x) - static_cast<double>(axis_.low);
    const double column = along * columns_per_unit_;
    const auto last = static_cast<double>(request_.columns - 1);
    return static_cast<std::size_t>(std::min(std::max(column, 0.0), last));
}

inline void pixel_reducer::enter(std::size_t column) {
    if (column != column_) {
        open_.finish(done_);
        column_ = column;
    }
}

inline void pixel_reducer::add(const point& next) {
    if (request_.range.holds(next.step, next.time_us)) {
        enter(column_of(next));
        open_.add(next);
        if (++seen_ <= request_.most_exact) {
            whole_.push_back(next);
        }
    }
}

// A bucket goes whole into the column of its first point within the range.
inline void pixel_reducer::add(const bucket& next, const point* kept) {
    const auto is_inside = [this](const point& each) {
        return request_.range.holds(each.step, each.time_us);
    };
    const point* end = kept + next.kept;
    const point* first = std::find_if(kept, end, is_inside);
    if (first == end) {
        return;
    }
    is_exact_ = false;
    seen_ += next.points;
    enter(column_of(*first));
    if (std::all_of(first, end, is_inside) && first == kept) {
        open_.add(next, kept);
        return;
    }
    for (const point* each = first; each != end; ++each) {
        if (is_inside(*each)) {
            open_.add(*each);
        }
    }
}

inline pixel_view pixel_reducer::finish() {
    open_.finish(done_);
    pixel_view view;
    view.is_whole = is_exact_ && seen_ <= request_.most_exact;
    view.kept = std::move(view.is_whole ? whole_ : done_.points);
    for (const bucket& column : done_.buckets) {
        view.points += column.points;
        view.nan += column.nan;
        view.infinite += column.infinite;
    }
    view.is_exact = is_exact_;
    done_.clear();
    return view;
}

}}}  // namespace guild::series

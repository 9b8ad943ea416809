// guild/series/pyramid.hpp - a series from far away: of every 256 points, and of every 16 times as
// many, the first, the smallest, the largest and the last.
//
//     pyramid := entry*                                     the payload of a PYRAMID block
//     entry   := varint id | varint level | varint buckets | text content
//     content := integers points | integers NaN | integers infinite | integers kept   one a bucket
//                | integers steps | integers times | column values              one a kept point
//
// Layer 3. Includes: base, series/column.hpp, series/point.hpp. Pure: bytes in, values out.
// Not here: where a file keeps them (series/payload.hpp); choosing a level (series/reader.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/series/column.hpp>
#include <guild/series/packed.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Points of a bucket of a level: 256, 4096, 65536.
inline constexpr std::uint32_t pyramid_levels = 3;
[[nodiscard]] constexpr std::uint32_t bucket_points(std::uint32_t level) noexcept {
    return std::uint32_t{256} << (4 * level);
}

/// Consecutive points of one series, of which one to four are kept: the first, the smallest, the
/// largest and the last, in the order of the series, each once. NaN is never smallest or largest.
struct bucket {
    std::uint32_t points = 0;
    std::uint32_t nan = 0;
    std::uint32_t infinite = 0;
    std::uint32_t kept = 0;
};

/// Buckets of one series and one level that follow each other, and the points that they keep.
struct pyramid_piece {
    std::uint32_t id = 0;
    std::uint32_t level = 0;
    std::vector<bucket> buckets;
    std::vector<point> points;

    void clear() noexcept {
        buckets.clear();
        points.clear();
    }
};

/// Gathers one bucket.
///
/// cost     some nanoseconds a point, no allocation
/// example  tests/series/pyramid.cpp "bucket: first, smallest, largest and last, each once"
class bucket_builder {
public:
    void add(const point& next) noexcept;

    /// Takes in a bucket of a finer level that follows what came before.
    void add(const bucket& next, const point* kept) noexcept;

    [[nodiscard]] std::uint32_t points() const noexcept { return count_.points; }

    /// Appends the bucket, if it has any point, and starts anew.
    void finish(pyramid_piece& out);

private:
    void take(const point& next, bool is_nan) noexcept;

    bucket count_;
    bool has_value_ = false;    // one that is not NaN
    std::uint32_t places_ = 0;  // points taken; they order the kept ones
    std::uint32_t min_place_ = 0;
    std::uint32_t max_place_ = 0;
    point first_, min_, max_, last_;
};

/// All levels of one series, while its points come.
///
/// example  tests/series/pyramid.cpp "pyramid: levels of 256, 4096 and 65536 points agree"
class pyramid_builder {
public:
    void add(const point& next) {
        levels_[0].open.add(next);
        if (levels_[0].open.points() == bucket_points(0)) {
            close_bucket(0);
        }
        ++points_;
    }

    /// Closes the open buckets and appends the entries of all levels that are worth having.
    void finish(std::uint32_t id, std::string& out);

private:
    struct coded_piece {
        std::size_t buckets;
        std::string content;
    };
    struct level {
        bucket_builder open;
        pyramid_piece piece;
        std::vector<coded_piece> coded;
    };
    static constexpr std::size_t piece_buckets = 1024;

    void close_bucket(std::size_t at);
    void code_piece(std::size_t at);

    std::uint64_t points_ = 0;
    level levels_[pyramid_levels];
};

/// Series with fewer points have no pyramid: reading them is as quick.
inline constexpr std::uint64_t pyramid_min_points = 512;

void append_piece(std::string& out, const pyramid_piece& piece);

/// Reads the next entry; `in` moves behind it. An entry of another series or level than wanted is
/// stepped over: `out` has no buckets then.
///
/// out      false for bad bytes
struct pyramid_wish {
    std::uint32_t id;
    std::uint32_t level;
};
[[nodiscard]] bool decode_piece(std::string_view& in, pyramid_wish wanted, pyramid_piece& out);

// ---- implementation ---------------------------------------------------------

inline void bucket_builder::take(const point& next, bool is_nan) noexcept {
    if (places_ == 0) {
        first_ = next;
    }
    last_ = next;
    const std::uint32_t place = places_++;
    if (is_nan) {
        return;
    }
    if (!has_value_ || is_less(next.value, min_.value)) {
        min_ = next;
        min_place_ = place;
    }
    if (!has_value_ || is_less(max_.value, next.value)) {
        max_ = next;
        max_place_ = place;
    }
    has_value_ = true;
}

inline void bucket_builder::add(const point& next) noexcept {
    const double value = next.value.as_double();
    const bool is_nan = std::isnan(value);
    take(next, is_nan);
    count_.nan += is_nan ? 1U : 0U;
    count_.infinite += std::isinf(value) ? 1U : 0U;
    ++count_.points;
}

inline void bucket_builder::add(const bucket& next, const point* kept) noexcept {
    for (std::uint32_t i = 0; i < next.kept; ++i) {
        take(kept[i], std::isnan(kept[i].value.as_double()));
    }
    count_.points += next.points;
    count_.nan += next.nan;
    count_.infinite += next.infinite;
}

inline void bucket_builder::finish(pyramid_piece& out) {
    if (count_.points == 0) {
        return;
    }
    using placed = std::pair<std::uint32_t, const point*>;
    placed kept[] = {{0, &first_},
                     {has_value_ ? min_place_ : 0, has_value_ ? &min_ : &first_},
                     {has_value_ ? max_place_ : 0, has_value_ ? &max_ : &first_},
                     {places_ - 1, &last_}};
    std::sort(std::begin(kept), std::end(kept),
              [](const placed& a, const placed& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < std::size(kept); ++i) {
        if (i == 0 || kept[i].first != kept[i - 1].first) {
            out.points.push_back(*kept[i].second);
            ++count_.kept;
        }
    }
    out.buckets.push_back(count_);
    count_ = {};
    has_value_ = false;
    places_ = 0;
}

// A bucket that is full goes into its level's piece and into the open bucket of the next level.
inline void pyramid_builder::close_bucket(std::size_t at) {
    level& fine = levels_[at];
    const std::size_t before = fine.piece.points.size();
    fine.open.finish(fine.piece);
    if (at + 1 < pyramid_levels) {
        level& coarse = levels_[at + 1];
        coarse.open.add(fine.piece.buckets.back(), fine.piece.points.data() + before);
        if (coarse.open.points() >= bucket_points(static_cast<std::uint32_t>(at + 1))) {
            close_bucket(at + 1);
        }
    }
    if (fine.piece.buckets.size() == piece_buckets) {
        code_piece(at);
    }
}

namespace detail {

// One number of every bucket as a column of integers.
inline void append_counts(std::string& out, const std::vector<bucket>& buckets,
                          std::uint32_t bucket::* field, std::vector<std::int64_t>& scratch) {
    scratch.clear();
    for (const bucket& each : buckets) {
        scratch.push_back(each.*field);
    }
    append_integers(out, scratch.data(), scratch.size());
}

inline bool decode_counts(std::string_view& in, std::vector<bucket>& buckets,
                          std::uint32_t bucket::* field, std::vector<std::int64_t>& scratch) {
    scratch.resize(buckets.size());
    if (!decode_integers(in, scratch.data(), scratch.size())) {
        return false;
    }
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        if (scratch[i] < 0 || scratch[i] > 0xFFFFFFFF) {
            return false;
        }
        buckets[i].*field = static_cast<std::uint32_t>(scratch[i]);
    }
    return true;
}

inline void append_content(std::string& out, const pyramid_piece& piece) {
    std::vector<std::int64_t> scratch;
    for (const auto field : {&bucket::points, &bucket::nan, &bucket::infinite, &bucket::kept}) {
        append_counts(out, piece.buckets, field, scratch);
    }
    std::vector<std::int64_t> times;
    number_column values;
    scratch.clear();
    for (const point& each : piece.points) {
        scratch.push_back(each.step);
        times.push_back(each.time_us);
        values.push_back(each.value);
    }
    append_integers(out, scratch.data(), scratch.size());
    append_integers(out, times.data(), times.size());
    append_column(out, values);
}

inline void append_entry(std::string& out, pyramid_wish what, std::size_t buckets,
                         std::string_view content) {
    append_varint(out, what.id);
    append_varint(out, what.level);
    append_varint(out, buckets);
    append_varint(out, content.size());
    out += content;
}

inline bool decode_content(std::string_view in, std::size_t buckets, pyramid_piece& out) {
    std::vector<std::int64_t> scratch;
    out.buckets.assign(buckets, {});
    for (const auto field : {&bucket::points, &bucket::nan, &bucket::infinite, &bucket::kept}) {
        if (!decode_counts(in, out.buckets, field, scratch)) {
            return false;
        }
    }
    std::size_t kept = 0;
    for (const bucket& each : out.buckets) {
        if (each.kept == 0 || each.kept > 4 || each.kept > each.points) {
            return false;
        }
        kept += each.kept;
    }
    std::vector<std::int64_t> times(kept);
    number_column values;
    scratch.resize(kept);
    if (!decode_integers(in, scratch.data(), kept) || !decode_integers(in, times.data(), kept) ||
        !decode_column(in, kept, values)) {
        return false;
    }
    out.points.resize(kept);
    for (std::size_t i = 0; i < kept; ++i) {
        out.points[i] = {scratch[i], times[i], values[i]};
    }
    return true;
}

}  // namespace detail

inline void pyramid_builder::code_piece(std::size_t at) {
    level& from = levels_[at];
    if (!from.piece.buckets.empty()) {
        from.coded.push_back({from.piece.buckets.size(), {}});
        detail::append_content(from.coded.back().content, from.piece);
        from.piece.clear();
    }
}

inline void pyramid_builder::finish(std::uint32_t id, std::string& out) {
    if (points_ < pyramid_min_points) {
        return;
    }
    for (std::size_t at = 0; at < pyramid_levels; ++at) {
        const auto number = static_cast<std::uint32_t>(at);
        if (levels_[at].open.points() != 0) {
            close_bucket(at);
        }
        code_piece(at);
        if (at == 0 || points_ > bucket_points(number)) {
            for (const coded_piece& each : levels_[at].coded) {
                detail::append_entry(out, {id, number}, each.buckets, each.content);
            }
        }
    }
}

inline void append_piece(std::string& out, const pyramid_piece& piece) {
    std::string content;
    detail::append_content(content, piece);
    detail::append_entry(out, {piece.id, piece.level}, piece.buckets.size(), content);
}

inline bool decode_piece(std::string_view& in, pyramid_wish wanted, pyramid_piece& out) {
    constexpr std::uint64_t most_buckets = std::uint64_t{1} << 16U;
    std::uint64_t id = 0;
    std::uint64_t level = 0;
    std::uint64_t buckets = 0;
    std::uint64_t size = 0;
    out.clear();
    if (!decode_varint(in, id) || !decode_varint(in, level) || !decode_varint(in, buckets) ||
        !decode_varint(in, size) || size > in.size() || buckets > most_buckets) {
        return false;
    }
    const std::string_view content = in.substr(0, guild::detail::convert<std::size_t>(size));
    in.remove_prefix(content.size());
    if (id != wanted.id || level != wanted.level) {
        return true;
    }
    out.id = wanted.id;
    out.level = wanted.level;
    return detail::decode_content(content, guild::detail::convert<std::size_t>(buckets), out);
}

}}}  // namespace guild::series

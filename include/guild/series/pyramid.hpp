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
#include <limits>
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

/// Gathers one bucket, and all that a summary of its points says.
///
/// cost     some nanoseconds a point, no allocation
/// example  tests/series/pyramid.cpp "bucket: first, smallest, largest and last, each once"
class bucket_builder {
public:
    void add(const point& next) noexcept;

    /// Takes in a bucket of a finer level that follows what came before.
    void add(const bucket& next, const point* kept) noexcept;

    [[nodiscard]] std::uint32_t points() const noexcept { return count_.points; }

    /// What series_summary::add() makes of the same points; not of finer buckets.
    [[nodiscard]] series_summary summary() const;

    /// Appends the bucket, if it has any point, and starts anew.
    void finish(pyramid_piece& out);

    /// Starts anew.
    void clear() noexcept;

private:
    void add_rare(std::int64_t step, std::int64_t time_us, number given) noexcept;

    // The smallest and largest of the finite values, and where they stand.
    struct extreme {
        point at;
        std::uint32_t place = 0;
    };
    bucket count_;
    bool is_plain_ = true;      // finite doubles alone so far
    std::uint32_t places_ = 0;  // points taken; they order the kept ones
    double low_ = no_value;     // of min_ and max_, while plain
    double high_ = no_value;
    std::int64_t min_step_ = 0;
    std::int64_t max_step_ = 0;
    point first_, last_;
    extreme min_, max_;
    bool has_finite_ = false;               // unless plain
    bool has_low_infinite_ = false;         // -inf
    bool has_high_infinite_ = false;        // +inf
    extreme low_infinite_, high_infinite_;  // the first of each
    static constexpr double no_value = std::numeric_limits<double>::quiet_NaN();
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

    /// Closes the open buckets and appends the entries of all levels that are worth having; calls
    /// `each()` behind every entry, which may take away what `out` holds.
    template <class Each>
    void finish(std::uint32_t id, std::string& out, Each&& each);
    void finish(std::uint32_t id, std::string& out) {
        finish(id, out, [] {});
    }

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

/// Writes entries quickly and without allocation, once its memory has grown; they are larger.
class piece_encoder {
public:
    void append(std::string& out, const pyramid_piece& piece);

private:
    std::vector<std::int64_t> numbers_;
    std::vector<std::uint64_t> words_;
    number_column values_;
    std::string content_;
};

/// One series, one level.
struct pyramid_wish {
    std::uint32_t id;
    std::uint32_t level;
};

/// Reads the next entry; `in` moves behind it. An entry of another series or level than wanted is
/// stepped over: `out` has no buckets then.
///
/// out      false for bad bytes
[[nodiscard]] bool decode_piece(std::string_view& in, pyramid_wish wanted, pyramid_piece& out);

/// The same for every series: an entry of another level is stepped over.
[[nodiscard]] bool decode_any_piece(std::string_view& in, std::uint32_t level, pyramid_piece& out);

// ---- implementation ---------------------------------------------------------

// Finite doubles, the usual case, cost two comparisons; all else goes the longer way.
inline void bucket_builder::add(const point& next) noexcept {
    constexpr std::uint64_t exponent = 0x7FF0000000000000U;
    if (places_ == 0) {
        first_ = next;
        min_step_ = max_step_ = next.step;
    }
    min_step_ = std::min(min_step_, next.step);
    max_step_ = std::max(max_step_, next.step);
    last_.step = next.step;  // one by one, as in series_summary::add()
    last_.time_us = next.time_us;
    last_.value = next.value;
    if (is_plain_ && !next.value.is_integer() && (next.value.bits() & exponent) != exponent) {
        const double value = next.value.as_double();
        if (!(value >= low_)) {
            low_ = value;
            min_ = {next, places_};
        }
        if (!(value <= high_)) {
            high_ = value;
            max_ = {next, places_};
        }
    } else {
        add_rare(next.step, next.time_us, next.value);
    }
    ++places_;
    ++count_.points;
}

// In parts: a point that goes by reference would be put together for every value.
inline void bucket_builder::add_rare(std::int64_t step, std::int64_t time_us,
                                     number given) noexcept {
    const point next{step, time_us, given};
    if (is_plain_) {
        is_plain_ = false;
        has_finite_ = places_ != 0;
    }
    const double value = next.value.as_double();
    if (std::isnan(value)) {
        ++count_.nan;
        return;
    }
    if (std::isinf(value)) {
        ++count_.infinite;
        bool& has = value < 0 ? has_low_infinite_ : has_high_infinite_;
        (value < 0 ? low_infinite_ : high_infinite_) =
            has ? (value < 0 ? low_infinite_ : high_infinite_) : extreme{next, places_};
        has = true;
        return;
    }
    if (!has_finite_ || is_less(next.value, min_.at.value)) {
        min_ = {next, places_};
    }
    if (!has_finite_ || is_less(max_.at.value, next.value)) {
        max_ = {next, places_};
    }
    has_finite_ = true;
}

inline void bucket_builder::add(const bucket& next, const point* kept) noexcept {
    const bucket before = count_;
    for (std::uint32_t i = 0; i < next.kept; ++i) {
        add(kept[i]);
    }
    count_.points = before.points + next.points;
    count_.nan = before.nan + next.nan;
    count_.infinite = before.infinite + next.infinite;
}

inline series_summary bucket_builder::summary() const {
    series_summary all;
    all.count = count_.points;
    all.nan = count_.nan;
    all.inf = count_.infinite;
    all.first = first_;
    all.last = last_;
    all.min_step = min_step_;
    all.max_step = max_step_;
    if (all.has_finite()) {
        all.min = min_.at.value;
        all.max = max_.at.value;
    }
    return all;
}

inline void bucket_builder::finish(pyramid_piece& out) {
    if (places_ == 0) {
        return;
    }
    const bool has_finite = is_plain_ || has_finite_;
    const extreme first{first_, 0};
    const extreme low = has_low_infinite_ ? low_infinite_ : has_finite ? min_ : first;
    const extreme high = has_high_infinite_ ? high_infinite_ : has_finite ? max_ : first;
    // Of infinities of one sign alone, those are smallest and largest.
    const bool is_low_alone = has_low_infinite_ && !has_high_infinite_ && !has_finite;
    const bool is_high_alone = has_high_infinite_ && !has_low_infinite_ && !has_finite;
    extreme kept[] = {
        first, is_high_alone ? high : low, is_low_alone ? low : high, {last_, places_ - 1}};
    std::sort(std::begin(kept), std::end(kept),
              [](const extreme& a, const extreme& b) { return a.place < b.place; });
    for (std::size_t i = 0; i < std::size(kept); ++i) {
        if (i == 0 || kept[i].place != kept[i - 1].place) {
            out.points.push_back(kept[i].at);
            ++count_.kept;
        }
    }
    out.buckets.push_back(count_);
    clear();
}

inline void bucket_builder::clear() noexcept {
    count_ = {};
    is_plain_ = true;
    places_ = 0;
    low_ = high_ = no_value;
    has_finite_ = has_low_infinite_ = has_high_infinite_ = false;
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

// Values as raw words: floats when all are exactly such, as writers of live files do.
inline void append_raw_column(std::string& out, const number_column& values,
                              std::vector<std::uint64_t>& words) {
    if (words.capacity() < values.size()) {
        words.reserve(2 * values.size());
    }
    const column_kind kind = find_words(values, words);
    out += static_cast<char>(to_byte({kind, false, column_method::raw}));
    if (kind == column_kind::mixed) {
        append_bitmap(out, values.size(),
                      [&values](std::size_t i) { return values.kind(i) == number_kind::integer; });
    }
    for (const std::uint64_t word : words) {
        append_word(out, word, word_type{kind}.size());
    }
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

template <class Each>
void pyramid_builder::finish(std::uint32_t id, std::string& out, Each&& each) {
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
            for (const coded_piece& coded : levels_[at].coded) {
                detail::append_entry(out, {id, number}, coded.buckets, coded.content);
                each();
            }
        }
    }
}

inline void piece_encoder::append(std::string& out, const pyramid_piece& piece) {
    // Twice what is needed at most, and what a piece between two indices usually takes, so that
    // there is room for somewhat more the next time.
    constexpr std::size_t usual_points = 128;
    if (numbers_.capacity() < usual_points) {
        numbers_.reserve(usual_points);
        words_.reserve(usual_points);
        (void)values_.assign(number_kind::real, usual_points);
        content_.reserve(64 * usual_points);
    }
    const std::size_t most = 64 + 32 * piece.buckets.size() + 32 * piece.points.size();
    content_.clear();
    if (content_.capacity() < most) {
        content_.reserve(2 * most);
    }
    if (out.capacity() - out.size() < most) {
        out.reserve(2 * (out.size() + most));
    }
    for (const auto field : {&bucket::points, &bucket::nan, &bucket::infinite, &bucket::kept}) {
        detail::append_counts(content_, piece.buckets, field, numbers_);
    }
    for (const auto field : {&point::step, &point::time_us}) {
        numbers_.clear();
        for (const point& each : piece.points) {
            numbers_.push_back(each.*field);
        }
        append_integers(content_, numbers_.data(), numbers_.size());
    }
    values_.clear();
    for (const point& each : piece.points) {
        values_.push_back(each.value);
    }
    detail::append_raw_column(content_, values_, words_);
    detail::append_entry(out, {piece.id, piece.level}, piece.buckets.size(), content_);
}

inline void append_piece(std::string& out, const pyramid_piece& piece) {
    std::string content;
    detail::append_content(content, piece);
    detail::append_entry(out, {piece.id, piece.level}, piece.buckets.size(), content);
}

namespace detail {

struct piece_head {
    std::uint64_t id = 0;
    std::uint64_t level = 0;
    std::uint64_t buckets = 0;
    std::string_view content;
};

inline bool decode_piece_head(std::string_view& in, piece_head& out) {
    constexpr std::uint64_t most_buckets = std::uint64_t{1} << 16U;
    std::uint64_t size = 0;
    if (!decode_varint(in, out.id) || !decode_varint(in, out.level) ||
        !decode_varint(in, out.buckets) || !decode_varint(in, size) || size > in.size() ||
        out.id > 0xFFFFFFFFU || out.buckets > most_buckets) {
        return false;
    }
    out.content = in.substr(0, guild::detail::convert<std::size_t>(size));
    in.remove_prefix(out.content.size());
    return true;
}

inline bool decode_piece_content(const piece_head& head, pyramid_piece& out) {
    out.id = static_cast<std::uint32_t>(head.id);
    out.level = static_cast<std::uint32_t>(head.level);
    return decode_content(head.content, guild::detail::convert<std::size_t>(head.buckets), out);
}

}  // namespace detail

inline bool decode_piece(std::string_view& in, pyramid_wish wanted, pyramid_piece& out) {
    detail::piece_head head;
    out.clear();
    return detail::decode_piece_head(in, head) &&
           (head.id != wanted.id || head.level != wanted.level ||
            detail::decode_piece_content(head, out));
}

inline bool decode_any_piece(std::string_view& in, std::uint32_t level, pyramid_piece& out) {
    detail::piece_head head;
    out.clear();
    return detail::decode_piece_head(in, head) &&
           (head.level != level || detail::decode_piece_content(head, out));
}

}}}  // namespace guild::series

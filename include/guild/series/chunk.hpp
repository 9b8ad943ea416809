// guild/series/chunk.hpp - columns of up to 4096 frames: the payload of a CHUNK block is some of
// them.
//
//     chunk  := varint frames | ids | varint s <= frames, set{s}
//               | text sets of frames | text steps | text times | text values{n}
//     ids    := varint n, (zigzag (id - id before)){n}
//     set    := varint k, varint{k}      which of the n columns a frame has values in, in order
//     sets of frames := integers, one a frame; the text is not there when s is 1
//     steps, times   := the same, or u8 3 and packed differences to those of the chunk before
//
// Layer 3. Includes: base, series/column.hpp packed.hpp payload.hpp. Pure: bytes in, values out.
// Not here: which frames share a chunk (series/compact.hpp); the block around (series/format.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/series/column.hpp>
#include <guild/series/packed.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

inline constexpr std::size_t max_chunk_frames = 4096;
/// A chunk with so many points is full, however few frames it has.
inline constexpr std::size_t full_chunk_points = std::size_t{1} << 17U;
/// More points than this in one chunk are not believed.
inline constexpr std::uint64_t max_chunk_points = std::uint64_t{1} << 22U;

/// The frames of the chunk before in a payload, which those of the next one may count from.
struct chunk_frames {
    std::vector<std::int64_t> steps;
    std::vector<std::int64_t> times_us;

    void clear() noexcept {
        steps.clear();
        times_us.clear();
    }
};

/// Gathers frames and makes them a chunk of a CHUNK block.
///
/// cost     keeps its memory; a frame with the series of the frame before is cheapest
/// example  tests/series/chunk.cpp "chunk: the bytes of a small one, by hand"
class chunk_builder {
public:
    void add(std::int64_t step, std::int64_t time_us, const sample* values, std::size_t count);

    [[nodiscard]] std::size_t frames() const noexcept { return steps_.size(); }
    [[nodiscard]] std::size_t points() const noexcept { return points_; }
    [[nodiscard]] bool is_full() const noexcept {
        return steps_.size() >= max_chunk_frames || points_ >= full_chunk_points;
    }
    [[nodiscard]] const std::vector<std::int64_t>& steps() const noexcept { return steps_; }
    [[nodiscard]] const std::vector<std::int64_t>& times_us() const noexcept { return times_us_; }

    /// Appends the chunk and starts anew.
    ///
    /// in       before: of the chunk that `out` ends with; becomes that of this one
    void finish(std::string& out, chunk_frames& before);
    void finish(std::string& out);

private:
    using place_list = std::vector<std::uint32_t>;

    [[nodiscard]] std::uint32_t place_of(std::uint32_t id);
    [[nodiscard]] bool is_same_set(const sample* values, std::size_t count) const noexcept;
    void append_sets(std::string& out) const;
    void append_alike(std::string& out, const std::vector<std::int64_t>& values,
                      const std::vector<std::int64_t>& before);

    std::vector<std::uint32_t> ids_;  // of the columns, in order of first use
    std::map<std::uint32_t, std::uint32_t> places_;
    std::vector<number_column> columns_;  // may be more than ids_: memory to use again
    std::vector<place_list> sets_;
    std::vector<std::int64_t> set_of_frame_;
    std::vector<std::int64_t> steps_;
    std::vector<std::int64_t> times_us_;
    std::size_t set_ = 0;  // of the frame before
    std::size_t points_ = 0;
    std::string scratch_;
    std::string other_scratch_;
};

/// Points of one series that follow each other.
struct stretch {
    const std::int64_t* steps = nullptr;
    const std::int64_t* times_us = nullptr;
    const number_column* values = nullptr;
    std::size_t size = 0;

    [[nodiscard]] point operator[](std::size_t i) const {
        return {steps[i], times_us[i], (*values)[i]};
    }
};

/// Reads a CHUNK payload, chunk by chunk.
///
/// threads  one at a time: the memory of decoded columns is used again
/// example  tests/series/chunk.cpp "chunk: frames of changing series come back in order"
class chunk_reader {
public:
    /// Takes the directory of the first chunk in. `payload` must live as long as columns are read.
    ///
    /// out      false for bad bytes
    [[nodiscard]] bool open(std::string_view payload);

    /// The same of the next chunk.
    ///
    /// out      false at the end and for bad bytes, which is_bad() tells apart
    [[nodiscard]] bool next();
    [[nodiscard]] bool is_bad() const noexcept { return bad_; }

    /// The series in the chunk, each once, in order of first use.
    [[nodiscard]] const std::vector<std::uint32_t>& ids() const noexcept { return ids_; }
    [[nodiscard]] std::uint64_t frames() const noexcept { return steps_.size(); }
    [[nodiscard]] std::uint64_t points() const noexcept { return points_; }
    [[nodiscard]] const std::vector<std::int64_t>& steps() const noexcept { return steps_; }
    [[nodiscard]] const std::vector<std::int64_t>& times_us() const noexcept { return times_us_; }

    /// The points of the series ids()[at]. They live until the next call.
    ///
    /// out      false for bad bytes
    [[nodiscard]] bool read(std::size_t at, stretch& out);

    /// The column of `id`, or ids().size().
    [[nodiscard]] std::size_t find(std::uint32_t id) const noexcept {
        return static_cast<std::size_t>(std::find(ids_.begin(), ids_.end(), id) - ids_.begin());
    }

private:
    struct column {
        std::uint64_t points = 0;
        std::string_view bytes;
        bool is_plain = false;  // one value in every frame
    };

    bool read_ids(std::string_view& in, std::uint64_t frames);
    bool read_sets(std::string_view& in);
    bool read_frames(std::string_view& in);
    bool read_integers(std::string_view& in, std::vector<std::int64_t>& out);
    bool read_columns(std::string_view& in);
    bool count_points(std::vector<std::uint64_t>& points) const;
    void list_sets();
    void gather(std::size_t at);

    std::string_view rest_;
    bool bad_ = false;
    bool is_alike_ = false;  // as many frames as in the chunk before
    std::vector<std::uint32_t> ids_;
    std::vector<std::vector<std::uint32_t>> sets_;
    std::size_t sets_used_ = 0;
    std::vector<std::size_t> sets_begin_;  // of column i, in sets_of_columns_; made by list_sets()
    std::vector<std::uint32_t> sets_of_columns_;  // a set as often as the column is in it
    std::vector<std::int64_t> set_of_frame_;
    std::vector<std::int64_t> steps_;
    std::vector<std::int64_t> times_us_;
    std::vector<column> columns_;
    std::uint64_t points_ = 0;

    std::vector<std::uint64_t> differences_;
    number_column values_;
    std::vector<std::int64_t> some_steps_;  // of a series that is not in every frame
    std::vector<std::int64_t> some_times_us_;
    std::vector<std::uint32_t> times_in_set_;
};

// ---- implementation ---------------------------------------------------------

inline std::uint32_t chunk_builder::place_of(std::uint32_t id) {
    const auto next = static_cast<std::uint32_t>(ids_.size());
    const auto [found, is_new] = places_.emplace(id, next);
    if (is_new) {
        ids_.push_back(id);
        if (columns_.size() < ids_.size()) {
            columns_.emplace_back();
        }
        columns_[next].clear();
    }
    return found->second;
}

inline bool chunk_builder::is_same_set(const sample* values, std::size_t count) const noexcept {
    if (set_ >= sets_.size() || sets_[set_].size() != count) {
        return false;
    }
    const place_list& places = sets_[set_];
    for (std::size_t i = 0; i < count; ++i) {
        if (ids_[places[i]] != values[i].id) {
            return false;
        }
    }
    return true;
}

inline void chunk_builder::add(std::int64_t step, std::int64_t time_us, const sample* values,
                               std::size_t count) {
    if (!is_same_set(values, count)) {
        place_list places;
        for (std::size_t i = 0; i < count; ++i) {
            places.push_back(place_of(values[i].id));
        }
        set_ =
            static_cast<std::size_t>(std::find(sets_.begin(), sets_.end(), places) - sets_.begin());
        if (set_ == sets_.size()) {
            sets_.push_back(std::move(places));
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        columns_[sets_[set_][i]].push_back(values[i].value);
    }
    set_of_frame_.push_back(static_cast<std::int64_t>(set_));
    steps_.push_back(step);
    times_us_.push_back(time_us);
    points_ += count;
}

inline void chunk_builder::append_sets(std::string& out) const {
    append_varint(out, sets_.size());
    for (const place_list& places : sets_) {
        append_varint(out, places.size());
        for (const std::uint32_t place : places) {
            append_varint(out, place);
        }
    }
}

namespace detail {

// In the place of a transform of integers: each less the one at its place in the chunk before.
inline constexpr char as_chunk_before = 3;

}  // namespace detail

// By the transform that takes the fewest bytes, that of chunks in one payload among them.
inline void chunk_builder::append_alike(std::string& out, const std::vector<std::int64_t>& values,
                                        const std::vector<std::int64_t>& before) {
    scratch_.clear();
    append_integers(scratch_, values.data(), values.size());
    if (values.size() == before.size()) {
        other_scratch_.assign(1, detail::as_chunk_before);
        detail::append_packed_of(other_scratch_, values.size(), [&](std::size_t i) {
            return static_cast<std::uint64_t>(values[i]) - static_cast<std::uint64_t>(before[i]);
        });
        if (other_scratch_.size() < scratch_.size()) {
            scratch_.swap(other_scratch_);
        }
    }
    detail::append_text(out, scratch_);
}

inline void chunk_builder::finish(std::string& out) {
    chunk_frames none;
    finish(out, none);
}

inline void chunk_builder::finish(std::string& out, chunk_frames& before) {
    append_varint(out, frames());
    detail::append_ids(out, ids_);
    append_sets(out);
    if (sets_.size() > 1) {
        scratch_.clear();
        append_integers(scratch_, set_of_frame_.data(), set_of_frame_.size());
        detail::append_text(out, scratch_);
    }
    append_alike(out, steps_, before.steps);
    append_alike(out, times_us_, before.times_us);
    for (std::size_t i = 0; i < ids_.size(); ++i) {
        scratch_.clear();
        append_column(scratch_, columns_[i]);
        detail::append_text(out, scratch_);
    }
    before.steps.swap(steps_);
    before.times_us.swap(times_us_);
    ids_.clear();
    places_.clear();
    sets_.clear();
    set_of_frame_.clear();
    steps_.clear();
    times_us_.clear();
    set_ = points_ = 0;
}

inline bool chunk_reader::open(std::string_view payload) {
    rest_ = payload;
    steps_.clear();
    bad_ = payload.empty();
    return next();
}

inline bool chunk_reader::next() {
    if (bad_ || rest_.empty()) {
        return false;
    }
    std::uint64_t frames = 0;
    points_ = 0;
    sets_begin_.clear();
    bad_ = !decode_varint(rest_, frames) || frames == 0 || frames > max_chunk_frames ||
           !read_ids(rest_, frames) || !read_sets(rest_) || !read_frames(rest_) ||
           !read_columns(rest_);
    return !bad_;
}

inline bool chunk_reader::read_ids(std::string_view& in, std::uint64_t frames) {
    const auto size = guild::detail::convert<std::size_t>(frames);
    is_alike_ = steps_.size() == size;
    steps_.resize(size);
    times_us_.resize(size);
    set_of_frame_.assign(size, 0);
    return detail::decode_ids(in, ids_);
}

inline bool chunk_reader::read_sets(std::string_view& in) {
    std::uint64_t count = 0;
    if (!decode_varint(in, count) || count == 0 || count > steps_.size()) {
        return false;
    }
    sets_used_ = guild::detail::convert<std::size_t>(count);
    sets_.resize(std::max(sets_.size(), sets_used_));
    for (std::size_t i = 0; i < sets_used_; ++i) {
        std::uint64_t size = 0;
        sets_[i].clear();
        if (!decode_varint(in, size) || size > in.size()) {
            return false;
        }
        for (; size > 0; --size) {
            std::uint64_t place = 0;
            if (!decode_varint(in, place) || place >= ids_.size()) {
                return false;
            }
            sets_[i].push_back(static_cast<std::uint32_t>(place));
        }
    }
    return true;
}

inline bool chunk_reader::read_frames(std::string_view& in) {
    std::string_view sets;
    if ((sets_used_ > 1 && (!detail::decode_view(in, sets) ||
                            !decode_integers(sets, set_of_frame_.data(), set_of_frame_.size()))) ||
        !sets.empty() || !read_integers(in, steps_) || !read_integers(in, times_us_)) {
        return false;
    }
    return std::all_of(set_of_frame_.begin(), set_of_frame_.end(), [this](std::int64_t set) {
        return set >= 0 && static_cast<std::uint64_t>(set) < sets_used_;
    });
}

// Steps or times. In: `out` holds those of the chunk before, if it had as many frames.
inline bool chunk_reader::read_integers(std::string_view& in, std::vector<std::int64_t>& out) {
    std::string_view bytes;
    if (!detail::decode_view(in, bytes)) {
        return false;
    }
    if (bytes.empty() || bytes.front() != detail::as_chunk_before) {
        return decode_integers(bytes, out.data(), out.size()) && bytes.empty();
    }
    bytes.remove_prefix(1);
    differences_.resize(out.size());
    if (!is_alike_ || !decode_packed(bytes, differences_.data(), out.size()) || !bytes.empty()) {
        return false;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(out[i]) + differences_[i]);
    }
    return true;
}

// How many points each column has, from the sets of the frames.
inline bool chunk_reader::count_points(std::vector<std::uint64_t>& points) const {
    std::vector<std::uint64_t> frames_of_set(sets_used_);
    for (const std::int64_t set : set_of_frame_) {
        ++frames_of_set[static_cast<std::size_t>(set)];
    }
    std::uint64_t total = 0;
    points.assign(ids_.size(), 0);
    for (std::size_t i = 0; i < sets_used_; ++i) {
        for (const std::uint32_t place : sets_[i]) {
            points[place] += frames_of_set[i];
        }
        total += frames_of_set[i] * sets_[i].size();
        if (total > max_chunk_points) {
            return false;
        }
    }
    return true;
}

inline bool chunk_reader::read_columns(std::string_view& in) {
    std::vector<std::uint64_t> expected;
    if (!count_points(expected)) {
        return false;
    }
    columns_.assign(ids_.size(), {});
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        column& next = columns_[i];
        next.points = expected[i];
        if (!detail::decode_view(in, next.bytes)) {
            return false;
        }
        next.is_plain = sets_used_ == 1 && next.points == steps_.size();
        points_ += next.points;
    }
    return true;
}

inline bool chunk_reader::read(std::size_t at, stretch& out) {
    const column& from = columns_[at];
    const auto size = guild::detail::convert<std::size_t>(from.points);
    if (!decode_column(from.bytes, size, values_)) {
        return false;
    }
    out.values = &values_;
    out.size = size;
    if (from.is_plain) {
        out.steps = steps_.data();
        out.times_us = times_us_.data();
        return true;
    }
    gather(at);
    out.steps = some_steps_.data();
    out.times_us = some_times_us_.data();
    return true;
}

// Which sets each column is in, for all columns at once: there may be many of both.
inline void chunk_reader::list_sets() {
    sets_begin_.assign(ids_.size() + 1, 0);
    for (std::size_t i = 0; i < sets_used_; ++i) {
        for (const std::uint32_t place : sets_[i]) {
            ++sets_begin_[place + std::size_t{1}];
        }
    }
    std::partial_sum(sets_begin_.begin(), sets_begin_.end(), sets_begin_.begin());
    sets_of_columns_.resize(sets_begin_.back());
    std::vector<std::size_t> next(sets_begin_.begin(), sets_begin_.end() - 1);
    for (std::size_t i = 0; i < sets_used_; ++i) {
        for (const std::uint32_t place : sets_[i]) {
            sets_of_columns_[next[place]++] = static_cast<std::uint32_t>(i);
        }
    }
}

// Steps and times of a series that is in some of the frames, or more than once in one.
inline void chunk_reader::gather(std::size_t at) {
    if (sets_begin_.empty()) {
        list_sets();
    }
    some_steps_.clear();
    some_times_us_.clear();
    times_in_set_.assign(sets_used_, 0);
    for (std::size_t i = sets_begin_[at]; i < sets_begin_[at + 1]; ++i) {
        ++times_in_set_[sets_of_columns_[i]];
    }
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const std::uint32_t times = times_in_set_[static_cast<std::size_t>(set_of_frame_[i])];
        some_steps_.insert(some_steps_.end(), times, steps_[i]);
        some_times_us_.insert(some_times_us_.end(), times, times_us_[i]);
    }
}

}}}  // namespace guild::series

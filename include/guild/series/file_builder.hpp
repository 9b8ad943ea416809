// guild/series/file_builder.hpp - the bytes of a series file, before they are written.
//
// Layer 3. Includes: base, series/format.hpp frames.hpp index.hpp payload.hpp pyramid.hpp. Pure.
// Not here: writing them, and what to do when that fails (series/writer.hpp).
//
// Decides what stands where: names before the frames that use them, an index behind the whole
// dictionary at the stated distances, a remark where points were dropped.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/series/format.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/index.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/point.hpp>
#include <guild/series/pyramid.hpp>

namespace guild { inline namespace v0 { namespace series {

/// The id of no series: what is given for a key that cannot be stored.
inline constexpr std::uint32_t no_series = 0xFFFFFFFFU;
inline constexpr std::size_t max_key_bytes = 4096;

/// An index comes when eight times what it and the dictionary before it take were written since the
/// last one, but not before `least`; and when `most` were, unless the two take more than a quarter
/// of that.
inline constexpr std::uint64_t least_index_distance = std::uint64_t{32} << 10U;
inline constexpr std::uint64_t most_index_distance = std::uint64_t{256} << 10U;

/// Builds the blocks of one series file, and of the files that continue it.
///
/// example  tests/series/file_builder.cpp "file builder: the bytes of the document's example"
class file_builder {
public:
    /// Begins a file: everything known of numbers starts anew, keys and their ids stay. Frames that
    /// are in no block yet are forgotten: seal_frames() first, then repeat() the blocks.
    void start(const uuid& id);

    /// The id of the series `key`, made when it is new; no_series for a key that is too long.
    [[nodiscard]] std::uint32_t series(std::string_view key);
    [[nodiscard]] std::size_t series_count() const noexcept { return names_.size(); }

    /// Adds a frame to the block being built. Every id must be known.
    void add_frame(std::int64_t step, std::int64_t time_us, const sample* values,
                   std::size_t count);
    [[nodiscard]] std::size_t frame_bytes() const noexcept { return frames_.bytes(); }

    /// Adds a remark, after the frames so far.
    void add_note(const note& content);

    /// Makes the frames so far a block.
    void seal_frames();

    /// The same, then a dictionary and an index if they are due; `closing` makes it the last index.
    void seal(bool closing);

    /// Blocks that were made and not yet written, and where in the file they belong.
    [[nodiscard]] const std::string& pending() const noexcept { return pending_; }
    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

    /// Takes note that `bytes` of pending() are in the file; only whole blocks count.
    ///
    /// out      how many bytes that is; they are gone from pending()
    std::size_t commit(std::size_t bytes);

    /// Adds the FRAMES and NOTE blocks among `blocks`, which another file held, to this one.
    void repeat(std::string_view blocks);

    /// How many points the FRAMES blocks among `blocks` hold.
    [[nodiscard]] static std::uint64_t count_points(std::string_view blocks) noexcept;

    /// The sequence of the next block.
    [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }

    /// All points of this file, and of those that are still to be written.
    [[nodiscard]] std::uint64_t points() const noexcept { return index_.points + frames_.points(); }

    /// Points that are not in the file yet.
    [[nodiscard]] std::uint64_t points_pending() const noexcept {
        return frames_.points() + sealed_points_;
    }

private:
    // In an index, but for rare numbers: what most summaries take, and what none takes more than.
    static constexpr std::size_t usual_summary_bytes = 48;
    static constexpr std::size_t most_summary_bytes = 80;
    static constexpr std::size_t most_entry_bytes = 16;

    // A series in this file: a summary of the points in full buckets, the bucket that is open, and
    // the buckets that no pyramid has yet.
    struct state {
        series_summary summary;
        bucket_builder open;
        pyramid_piece far;
        std::uint64_t far_points = 0;

        void close_bucket();
        void clear();
        [[nodiscard]] bool is_used() const noexcept {
            return summary.count != 0 || open.points() != 0;
        }
    };

    struct sealed_block {
        std::size_t end;  // in pending_
        std::uint64_t points;
    };

    [[nodiscard]] std::uint64_t end() const noexcept { return written_ + pending_.size(); }
    void add_block(block_type type, std::uint8_t flags, std::string_view payload,
                   std::uint64_t points = 0);
    void add_dictionary(std::size_t from);
    void add_frames(std::string_view payload);
    void add_index(bool closing);
    void reserve_index();
    void append_sections();
    void add_pyramid(bool closing);
    void count_frames(std::string_view payload);
    void count_frame(std::int64_t step, std::int64_t time_us, const sample* values,
                     std::size_t count);
    [[nodiscard]] bool is_index_due() const noexcept;

    std::uint32_t seed_ = 0;
    std::vector<series_name> names_;
    std::map<std::string, std::uint32_t, std::less<>> ids_;
    std::size_t names_stored_ = 0;     // that a dictionary of this file holds
    std::uint64_t names_bytes_ = 0;    // of a dictionary of all names
    std::vector<state> series_;        // of all frames of this file, by id
    std::uint64_t series_in_use_ = 0;  // that have points in this file

    frame_encoder frames_;
    frames_entry entry_;                // of the block that they become
    std::string payload_;               // scratch of the block being built,
    std::string section_;               // and of a part of it
    std::vector<sample> row_;           // scratch of repeat()
    std::string pending_;               // blocks that are not in the file yet
    std::vector<sealed_block> sealed_;  // what pending_ holds
    std::uint64_t sealed_points_ = 0;

    std::uint64_t written_ = 0;  // bytes of the file, all whole blocks
    std::uint64_t sequence_ = 0;
    std::uint64_t last_index_ = 0;
    std::uint64_t index_end_ = 0;  // where the last index ended
    index_content index_;
    std::uint64_t far_points_ = 0;  // since pyramid_begin_
    std::uint64_t pyramid_begin_ = 0;
    piece_encoder pieces_;
};

// ---- implementation ---------------------------------------------------------

inline void file_builder::start(const uuid& id) {
    seed_ = checksum_seed(id);
    written_ = index_end_ = header_bytes;
    sequence_ = last_index_ = 0;
    names_stored_ = 0;
    frames_.clear();
    entry_ = {};
    series_in_use_ = 0;
    pending_.clear();
    sealed_.clear();
    sealed_points_ = 0;
    index_ = {};
    index_.covers_offset = header_bytes;
    index_.blocks.reserve(64);
    far_points_ = 0;
    pyramid_begin_ = header_bytes;
    for (state& each : series_) {
        each.clear();
    }
}

inline std::uint32_t file_builder::series(std::string_view key) {
    const auto known = ids_.find(key);
    if (known != ids_.end()) {
        return known->second;
    }
    if (key.size() > max_key_bytes || names_.size() >= no_series) {
        return no_series;
    }
    const auto id = static_cast<std::uint32_t>(names_.size());
    names_.push_back({id, std::string(key), {}});
    series_.emplace_back();
    names_bytes_ += key.size() + 8;  // its number, the size of the key, no attributes
    ids_.emplace(key, id);
    return id;
}

inline void file_builder::add_frame(std::int64_t step, std::int64_t time_us, const sample* values,
                                    std::size_t count) {
    frames_.add(step, time_us, values, count);
    count_frame(step, time_us, values, count);
}

// What the index will say: of the block that is being built, and of each value's series.
inline void file_builder::count_frame(std::int64_t step, std::int64_t time_us, const sample* values,
                                      std::size_t count) {
    if (entry_.frames++ == 0) {
        entry_.min_step = entry_.max_step = step;
        entry_.min_time_us = entry_.max_time_us = time_us;
    }
    entry_.min_step = std::min(entry_.min_step, step);
    entry_.max_step = std::max(entry_.max_step, step);
    entry_.min_time_us = std::min(entry_.min_time_us, time_us);
    entry_.max_time_us = std::max(entry_.max_time_us, time_us);
    entry_.points += count;
    far_points_ += count;
    state* const all = series_.data();
    for (const sample* value = values; value != values + count; ++value) {
        state& series = all[value->id];
        if (series.open.points() == 0 && series.summary.count == 0) {
            ++series_in_use_;
        }
        series.open.add({step, time_us, value->value});
        if (series.open.points() == bucket_points(0)) {
            series.close_bucket();
        }
    }
}

inline void file_builder::state::close_bucket() {
    constexpr std::size_t usual_buckets = 16;  // at most between two pyramids, of most series
    if (far.buckets.size() == 4) {
        far.buckets.reserve(usual_buckets);
        far.points.reserve(4 * usual_buckets);
    }
    summary.add(open.summary());
    far_points += open.points();
    open.finish(far);
}

inline void file_builder::state::clear() {
    summary = {};
    open.clear();
    far.clear();
    far_points = 0;
}

inline void file_builder::add_note(const note& content) {
    seal_frames();
    payload_.clear();
    append_note(payload_, content);
    add_block(block_type::note, 0, payload_);
}

inline void file_builder::add_block(block_type type, std::uint8_t flags, std::string_view payload,
                                    std::uint64_t points) {
    block made;
    made.type = type;
    made.flags = flags;
    made.sequence = sequence_++;
    made.offset = end();
    made.last_index_offset = last_index_;
    made.payload = payload;
    append_block(pending_, made, seed_);
    sealed_.push_back({pending_.size(), points});
    sealed_points_ += points;
    if (type == block_type::index) {
        last_index_ = made.offset;
    }
}

inline void file_builder::add_dictionary(std::size_t from) {
    payload_.clear();
    append_dictionary(payload_, names_.data() + from, names_.size() - from);
    add_block(block_type::dictionary, 0, payload_);
    names_stored_ = names_.size();
}

// Frames that were counted become a block, after the names that they may use for the first time.
inline void file_builder::add_frames(std::string_view payload) {
    if (names_stored_ < names_.size()) {
        add_dictionary(names_stored_);
    }
    entry_.offset = end();
    index_.frames += entry_.frames;
    index_.points += entry_.points;
    index_.blocks.push_back(entry_);
    add_block(block_type::frames, 0, payload, entry_.points);
    entry_ = {};
}

inline void file_builder::seal_frames() {
    if (frames_.frames() != 0) {
        add_frames(frames_.payload());
        frames_.clear();
    }
}

inline void file_builder::seal(bool closing) {
    seal_frames();
    if (closing || is_index_due()) {
        add_index(closing);
    }
}

// What a dictionary and an index take is reckoned from above. The entries of the blocks between two
// indices become no fewer by waiting.
inline bool file_builder::is_index_due() const noexcept {
    const std::uint64_t cost =
        2 * block_bytes(0) + names_bytes_ + usual_summary_bytes * series_in_use_;
    const std::uint64_t all = cost + most_entry_bytes * index_.blocks.size();
    const std::uint64_t due =
        std::min(std::max(least_index_distance, 8 * cost), std::max(most_index_distance, 4 * all));
    return end() - index_end_ >= due;
}

// Numbers grow with the file: memory for the largest that they may become.
inline void file_builder::reserve_index() {
    const std::size_t most =
        64 + most_summary_bytes * names_.size() + most_entry_bytes * index_.blocks.capacity();
    for (std::string* memory : {&section_, &payload_, &pending_}) {
        const std::size_t wanted = memory == &pending_ ? pending_.size() + most + 64 : most;
        if (memory->capacity() < wanted) {
            memory->reserve(wanted);
        }
    }
}

// Before a dictionary and index, when there are enough points to make it small beside them.
inline void file_builder::add_pyramid(bool closing) {
    constexpr std::uint64_t usual_points = 1024;  // of a series, between two pyramids
    constexpr std::size_t most_bytes = max_payload_bytes / 2;
    for (state& each : series_) {
        if (each.open.points() != 0) {
            each.close_bucket();
        }
    }
    index_.pyramids.resize(1);  // without series when there is none
    pyramid_entry& entry = index_.pyramids.front();
    entry.ids.clear();
    const auto is_long = [](const state& each) { return each.far_points >= pyramid_min_points; };
    if ((!closing && far_points_ < usual_points * series_in_use_) ||
        std::none_of(series_.begin(), series_.end(), is_long)) {
        return;
    }
    payload_.clear();
    entry.offset = end();
    for (std::size_t id = 0; id < series_.size(); ++id) {
        state& each = series_[id];
        if (is_long(each) && payload_.size() < most_bytes) {
            each.far.id = static_cast<std::uint32_t>(id);
            pieces_.append(payload_, each.far);
            entry.ids.push_back(each.far.id);
        }
        each.far.clear();
        each.far_points = 0;
    }
    far_points_ = 0;
    index_.pyramid_begin = pyramid_begin_;
    add_block(block_type::pyramid, 0, payload_);
}

inline void file_builder::add_index(bool closing) {
    add_pyramid(closing);
    index_.dictionary_offset = end();
    add_dictionary(0);
    reserve_index();
    payload_.clear();
    index_.base_time_us = index_.blocks.empty() ? 0 : index_.blocks.front().min_time_us;
    detail::append_head(payload_, index_);
    append_sections();
    add_block(block_type::index, closing ? flag_closed : std::uint8_t{0}, payload_);
    index_end_ = end();
    index_.blocks.clear();
    index_.covers_offset = index_end_;
    if (far_points_ == 0) {
        pyramid_begin_ = index_end_;
    }
}

// As append_index() does, without copying the summaries and in memory that stays.
inline void file_builder::append_sections() {
    section_.clear();
    if (!index_.blocks.empty()) {
        detail::append_entries(section_, index_);
        detail::append_section(payload_, detail::index_section::blocks, section_);
        section_.clear();
    }
    append_varint(section_, series_in_use_);
    std::int64_t before = index_.base_time_us;
    for (std::size_t id = 0; id < series_.size(); ++id) {
        if (series_[id].is_used()) {
            append_summary(section_, static_cast<std::uint32_t>(id), series_[id].summary, before);
        }
    }
    detail::append_section(payload_, detail::index_section::summaries, section_);
    if (!index_.pyramids.front().ids.empty()) {
        section_.clear();
        detail::append_pyramids(section_, index_);
        detail::append_section(payload_, detail::index_section::pyramids, section_);
    }
}

inline std::size_t file_builder::commit(std::size_t bytes) {
    std::size_t whole = 0;
    std::size_t blocks = 0;
    for (; blocks < sealed_.size() && sealed_[blocks].end <= bytes; ++blocks) {
        whole = sealed_[blocks].end;
        sealed_points_ -= sealed_[blocks].points;
    }
    written_ += whole;
    pending_.erase(0, whole);
    sealed_.erase(sealed_.begin(), sealed_.begin() + static_cast<std::ptrdiff_t>(blocks));
    for (sealed_block& rest : sealed_) {
        rest.end -= whole;
    }
    return whole;
}

inline void file_builder::repeat(std::string_view blocks) {
    while (!blocks.empty()) {
        const auto type = static_cast<block_type>(static_cast<unsigned char>(blocks[4]));
        const auto length = load_le<std::uint32_t>(blocks.data() + 8);
        const std::string_view payload = blocks.substr(block_head_bytes, length);
        if (type == block_type::frames) {
            count_frames(payload);
            add_frames(payload);
        } else if (type == block_type::note) {
            add_block(type, 0, payload);
        }
        blocks.remove_prefix(guild::detail::convert<std::size_t>(block_bytes(length)));
    }
}

inline std::uint64_t file_builder::count_points(std::string_view blocks) noexcept {
    std::uint64_t points = 0;
    while (!blocks.empty()) {
        const auto type = static_cast<block_type>(static_cast<unsigned char>(blocks[4]));
        const auto length = load_le<std::uint32_t>(blocks.data() + 8);
        if (type == block_type::frames) {
            points += load_le<std::uint32_t>(blocks.data() + block_head_bytes + 20);
        }
        blocks.remove_prefix(guild::detail::convert<std::size_t>(block_bytes(length)));
    }
    return points;
}

inline void file_builder::count_frames(std::string_view payload) {
    frame_decoder frames(payload);
    while (frames.next()) {
        row_.clear();
        for (const auto& column : frames.columns()) {
            row_.push_back({column.id, frames.value(column)});
        }
        count_frame(frames.step(), frames.time_us(), row_.data(), row_.size());
    }
}

}}}  // namespace guild::series

// guild/series/file_builder.hpp - the bytes of a series file, before they are written.
//
// Layer 3. Includes: base, series/format.hpp, series/frames.hpp, series/payload.hpp. Pure.
// Not here: writing them, and what to do when that fails (series/writer.hpp).
//
// Decides what stands where: names before the frames that use them, an index and the whole
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

namespace guild { inline namespace v0 { namespace series {

/// The id of no series: what is given for a key that cannot be stored.
inline constexpr std::uint32_t no_series = 0xFFFFFFFFU;
inline constexpr std::size_t max_key_bytes = 4096;

/// An index follows at the latest after this many bytes, and the dictionary after that many; both
/// wait longer only where they would take more than a quarter of the file.
inline constexpr std::uint64_t index_every_bytes = std::uint64_t{256} << 10U;
inline constexpr std::uint64_t dictionary_every_bytes = std::uint64_t{1} << 20U;

/// Builds the blocks of one series file, and of the files that continue it.
///
/// example  tests/series/file_builder.cpp "file builder: the bytes of the document's example"
class file_builder {
public:
    /// Begins a file: everything known of series and numbers starts anew, keys and their ids stay.
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

    /// The same, then an index or a dictionary if one is due; `closing` makes it the last index.
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

    /// The sequence of the next block.
    [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }

    /// Points that are not in the file yet.
    [[nodiscard]] std::uint64_t points_pending() const noexcept {
        return frames_.points() + sealed_points_;
    }

private:
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
    void summarize(std::string_view payload);

    std::uint32_t seed_ = 0;
    std::vector<series_name> names_;
    std::map<std::string, std::uint32_t, std::less<>> ids_;
    std::size_t names_stored_ = 0;           // that a dictionary of this file holds
    std::vector<series_summary> summaries_;  // of the frames that are in blocks, by id

    frame_encoder frames_;
    std::string payload_;               // scratch of the block being built
    std::string pending_;               // blocks that are not in the file yet
    std::vector<sealed_block> sealed_;  // what pending_ holds
    std::uint64_t sealed_points_ = 0;

    std::uint64_t written_ = 0;  // bytes of the file, all whole blocks
    std::uint64_t sequence_ = 0;
    std::uint64_t last_index_ = 0;
    std::uint64_t index_end_ = 0;       // where the last index ended
    std::uint64_t index_cost_ = 0;      // bytes that dictionary and index took the last time
    std::uint64_t dictionary_end_ = 0;  // where the last whole dictionary ended
    index_content index_;
};

// ---- implementation ---------------------------------------------------------

inline void file_builder::start(const uuid& id) {
    seed_ = checksum_seed(id);
    written_ = index_end_ = dictionary_end_ = header_bytes;
    sequence_ = last_index_ = index_cost_ = 0;
    names_stored_ = 0;
    pending_.clear();
    sealed_.clear();
    sealed_points_ = 0;
    index_ = {};
    index_.covers_offset = header_bytes;
    summaries_.assign(names_.size(), {});
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
    summaries_.emplace_back();
    ids_.emplace(key, id);
    return id;
}

inline void file_builder::add_frame(std::int64_t step, std::int64_t time_us, const sample* values,
                                    std::size_t count) {
    frames_.add(step, time_us, values, count);
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
    if (from == 0) {
        dictionary_end_ = end();
    }
}

// Frames become a block, after the names that they may use for the first time.
inline void file_builder::add_frames(std::string_view payload) {
    if (names_stored_ < names_.size()) {
        add_dictionary(names_stored_);
    }
    summarize(payload);
    add_block(block_type::frames, 0, payload, index_.blocks.back().points);
}

// Takes the frames of a block that is about to be added into the summaries and the index.
inline void file_builder::summarize(std::string_view payload) {
    frames_entry entry;
    entry.offset = end();
    frame_decoder frames(payload);
    while (frames.next()) {
        if (entry.frames++ == 0) {
            entry.min_step = entry.max_step = frames.step();
            entry.min_time_us = entry.max_time_us = frames.time_us();
        }
        entry.min_step = std::min(entry.min_step, frames.step());
        entry.max_step = std::max(entry.max_step, frames.step());
        entry.min_time_us = std::min(entry.min_time_us, frames.time_us());
        entry.max_time_us = std::max(entry.max_time_us, frames.time_us());
        entry.points += frames.columns().size();
        for (const auto& column : frames.columns()) {
            summaries_[column.id].add({frames.step(), frames.time_us(), frames.value(column)});
        }
    }
    index_.frames += entry.frames;
    index_.points += entry.points;
    index_.blocks.push_back(entry);
}

inline void file_builder::seal_frames() {
    if (frames_.frames() != 0) {
        add_frames(frames_.payload());
        frames_.clear();
    }
}

inline void file_builder::seal(bool closing) {
    seal_frames();
    const std::uint64_t index_due = std::max(index_every_bytes, 4 * index_cost_);
    const std::uint64_t dictionary_due = std::max(dictionary_every_bytes, 4 * index_cost_);
    if (closing || end() - index_end_ >= index_due) {
        add_index(closing);
    } else if (end() - dictionary_end_ >= dictionary_due) {
        add_dictionary(0);
    }
}

inline void file_builder::add_index(bool closing) {
    const std::uint64_t begin = end();
    index_.dictionary_offset = begin;
    add_dictionary(0);
    index_.summaries.clear();
    for (std::size_t id = 0; id < summaries_.size(); ++id) {
        if (summaries_[id].count != 0) {
            index_.summaries.emplace_back(static_cast<std::uint32_t>(id), summaries_[id]);
        }
    }
    payload_.clear();
    append_index(payload_, index_);
    add_block(block_type::index, closing ? flag_closed : std::uint8_t{0}, payload_);
    index_end_ = end();
    index_cost_ = index_end_ - begin;
    index_.blocks.clear();
    index_.covers_offset = index_end_;
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
            add_frames(payload);
        } else if (type == block_type::note) {
            add_block(type, 0, payload);
        }
        blocks.remove_prefix(guild::detail::convert<std::size_t>(block_bytes(length)));
    }
}

}}}  // namespace guild::series

// guild/series/column_file.hpp - writes a series file that nothing will be added to: columns
// (CHUNK), pyramids, and one index at its end.
//
// Layer 3. Includes: base, os/file.hpp, series/chunk.hpp format.hpp index.hpp pyramid.hpp.
// Not here: where the frames come from and which file is replaced (series/compact.hpp,
// series/repair.hpp); files that are being logged to (series/writer.hpp).
//
// Frames whose series have nothing to do with each other go into chunks of their own: series that
// were ever logged together form a group. Small chunks share a block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/series/block_points.hpp>
#include <guild/series/chunk.hpp>
#include <guild/series/format.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/index.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/point.hpp>
#include <guild/series/pyramid.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Writes one columnar file from its beginning to its end.
///
/// Each series keeps its order; frames of different groups do not keep theirs.
/// cost     memory: points that wait for their chunks, at most about 64 MiB, and the pyramids
/// example  tests/series/column_file.cpp "column file: what was added is read back, group by group"
class column_file {
public:
    /// Makes the file `path`, which must not be there.
    ///
    /// in       permissions: its mode bits, as far as the process gives them to new files
    /// errors   already_exists, permission_denied, no_space, ...
    [[nodiscard]] static result<column_file> create(const std::string& path,
                                                    const file_header& header,
                                                    const os::env& system = os::system_env,
                                                    unsigned permissions = 0666);

    /// Takes the blocks of another file in, in its order: DICT, FRAMES, CHUNK and NOTE; others are
    /// passed over, and so is what makes no sense inside of one. Ids stay as they are.
    ///
    /// errors   no_space, io_failed, ...: the first is kept and told again by close()
    [[nodiscard]] result<void> add(const block& from);
    [[nodiscard]] result<void> add_note(const note& content);

    /// Gives a series a key, if it has none yet.
    void add_name(series_name name);

    /// Writes what is left, the pyramids, the dictionary and the index, and syncs the file.
    ///
    /// errors   no_space, io_failed, ...
    [[nodiscard]] result<void> close();

    [[nodiscard]] std::uint64_t points() const noexcept { return index_.points; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return written_; }

private:
    struct group {
        chunk_builder chunk;
        std::vector<std::uint32_t> ids;
    };
    // A CHUNK block that is being built, of the chunks of some groups.
    struct open_block {
        std::string payload;
        std::uint8_t flags = 0;
        frames_entry entry;
        std::vector<std::uint32_t> ids;
        chunk_frames before;

        void clear() noexcept {
            payload.clear();
            flags = 0;
            entry = {};
            ids.clear();
            before.clear();
        }
    };
    static constexpr std::size_t full_block_bytes = std::size_t{16} << 10U;
    static constexpr std::size_t most_waiting_points = std::size_t{2} << 20U;
    static constexpr std::size_t write_bytes = std::size_t{1} << 20U;
    static constexpr std::size_t most_named_bytes = std::size_t{4} << 10U;
    static constexpr std::uint32_t no_group = 0xFFFFFFFFU;

    column_file(os::file file, std::uint32_t seed) : file_(std::move(file)), seed_(seed) {}

    void add_names(std::string_view dictionary);
    result<void> add_frames(std::string_view payload);
    result<void> add_frame(std::int64_t step, std::int64_t time_us);
    result<void> add_chunks(const block& from);
    result<void> add_points(const block& from);
    void count_point(std::uint32_t id, const point& next);
    result<std::uint32_t> group_of(const sample* values, std::size_t count);
    result<std::uint32_t> merge(const std::vector<std::uint32_t>& groups);
    result<void> flush_group(group& from);
    result<void> flush_groups();
    result<void> take_groups();
    void take_names();
    result<void> add_block(block_type type, std::uint8_t flags, std::string_view payload);
    result<void> write_out();
    result<void> add_pyramids();
    void take(group& from, open_block& into);
    result<void> end_block(open_block& from);
    void list_block(const std::vector<std::uint32_t>& ids, const frames_entry& entry);

    os::file file_;
    std::uint32_t seed_;
    std::string pending_;
    std::string payload_;
    std::string dictionary_;      // of all names
    std::optional<error> error_;  // of the first write that failed: nothing is written after it
    std::uint64_t written_ = 0;   // bytes of the file and of pending_
    std::uint64_t sequence_ = 0;

    id_table<series_name> names_;
    id_table<series_summary> summaries_;
    id_table<pyramid_builder> pyramids_;
    std::vector<group> groups_;
    id_table<std::uint32_t> group_of_id_;
    std::vector<sample> frame_;            // being added
    std::uint32_t last_group_ = no_group;  // of the frame before
    std::vector<std::uint32_t> last_ids_;
    std::size_t waiting_ = 0;  // points in groups
    open_block open_;
    index_content index_;
    std::map<std::vector<std::uint32_t>, std::uint32_t> group_numbers_;  // in index_
    block_points points_;
    note note_;
};

// ---- implementation ---------------------------------------------------------

inline result<column_file> column_file::create(const std::string& path, const file_header& header,
                                               const os::env& system, unsigned permissions) {
    auto file = os::open_file(path, os::open_mode::create_new, system, permissions);
    if (!file) {
        return std::move(file).error();
    }
    column_file made(std::move(*file), checksum_seed(header.id));
    made.pending_ = encode_header(header);
    made.written_ = header_bytes;
    made.index_.covers_offset = made.index_.pyramid_begin = header_bytes;
    return result<column_file>(std::move(made));
}

inline result<void> column_file::add(const block& from) {
    switch (from.type) {
    case block_type::dictionary:
        add_names(names_in(from));
        return {};
    case block_type::frames:
        return add_frames(from.payload);
    case block_type::chunk:
        add_names(names_in(from));
        return add_chunks(from);
    case block_type::note:
        return decode_note(from.payload, note_) ? add_block(block_type::note, 0, from.payload)
                                                : result<void>();
    default:
        return {};
    }
}

inline void column_file::add_names(std::string_view dictionary) {
    std::vector<series_name> names;
    if (decode_dictionary(dictionary, names)) {
        for (series_name& name : names) {
            add_name(std::move(name));
        }
    }
}

inline void column_file::add_name(series_name name) {
    if (names_.find(name.id) == nullptr) {
        const std::uint32_t id = name.id;
        names_[id] = std::move(name);
    }
}

inline result<void> column_file::add_note(const note& content) {
    payload_.clear();
    append_note(payload_, content);
    return add_block(block_type::note, 0, payload_);
}

inline void column_file::count_point(std::uint32_t id, const point& next) {
    summaries_[id].add(next);
    pyramids_[id].add(next);
    ++index_.points;
}

inline result<void> column_file::add_frames(std::string_view payload) {
    frame_decoder frames(payload);
    while (frames.next()) {
        frame_.clear();
        for (const auto& column : frames.columns()) {
            frame_.push_back({column.id, frames.value(column)});
            count_point(column.id, {frames.step(), frames.time_us(), frame_.back().value});
        }
        auto added = add_frame(frames.step(), frames.time_us());
        if (!added) {
            return added;
        }
    }
    return waiting_ > most_waiting_points ? flush_groups() : result<void>();
}

// What frame_ holds.
inline result<void> column_file::add_frame(std::int64_t step, std::int64_t time_us) {
    const auto number = group_of(frame_.data(), frame_.size());
    if (!number) {
        return number.error();
    }
    group& into = groups_[*number];
    into.chunk.add(step, time_us, frame_.data(), frame_.size());
    waiting_ += frame_.size();
    return into.chunk.is_full() ? flush_group(into) : result<void>();
}

// The group of a frame's series; groups that the frame brings together become one.
inline result<std::uint32_t> column_file::group_of(const sample* values, std::size_t count) {
    const auto is_same = [](std::uint32_t id, const sample& value) { return id == value.id; };
    if (last_group_ != no_group &&
        std::equal(last_ids_.begin(), last_ids_.end(), values, values + count, is_same)) {
        return last_group_;
    }
    std::vector<std::uint32_t> touched;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t* known = group_of_id_.find(values[i].id);
        if (known != nullptr) {
            touched.push_back(*known);
        }
    }
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    auto number = merge(touched);
    if (!number) {
        return number;
    }
    last_ids_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        last_ids_.push_back(values[i].id);
        if (group_of_id_.find(values[i].id) == nullptr) {
            group_of_id_[values[i].id] = *number;
            groups_[*number].ids.push_back(values[i].id);
        }
    }
    last_group_ = *number;
    return number;
}

inline result<std::uint32_t> column_file::merge(const std::vector<std::uint32_t>& numbers) {
    if (numbers.empty()) {
        groups_.emplace_back();
        return static_cast<std::uint32_t>(groups_.size() - 1);
    }
    group& into = groups_[numbers.front()];
    for (std::size_t i = 0; numbers.size() > 1 && i < numbers.size(); ++i) {
        group& from = groups_[numbers[i]];
        auto flushed = flush_group(from);
        if (!flushed) {
            return std::move(flushed).error();
        }
        if (i > 0) {
            for (const std::uint32_t id : from.ids) {
                group_of_id_[id] = numbers.front();
            }
            into.ids.insert(into.ids.end(), from.ids.begin(), from.ids.end());
            from = {};
        }
    }
    return numbers.front();
}

namespace detail {

inline frames_entry describe(const std::vector<std::int64_t>& steps,
                             const std::vector<std::int64_t>& times_us, std::uint64_t points) {
    const auto step = std::minmax_element(steps.begin(), steps.end());
    const auto time = std::minmax_element(times_us.begin(), times_us.end());
    frames_entry entry;
    entry.frames = steps.size();
    entry.points = points;
    entry.min_step = *step.first;
    entry.max_step = *step.second;
    entry.min_time_us = *time.first;
    entry.max_time_us = *time.second;
    return entry;
}

}  // namespace detail

// A group may grow from block to block: each time it did, the index has another list of its ids.
inline void column_file::list_block(const std::vector<std::uint32_t>& ids,
                                    const frames_entry& entry) {
    const auto next = static_cast<std::uint32_t>(index_.groups.size());
    const auto [known, is_new] = group_numbers_.emplace(ids, next);
    if (is_new) {
        index_.groups.push_back(ids);
    }
    chunk_entry listed;
    static_cast<frames_entry&>(listed) = entry;
    listed.group = known->second;
    index_.frames += entry.frames;
    index_.chunks.push_back(listed);
}

// Puts what waits in a group into the block that is being built.
inline void column_file::take(group& from, open_block& into) {
    if (from.chunk.frames() == 0) {
        return;
    }
    into.entry.add(
        detail::describe(from.chunk.steps(), from.chunk.times_us(), from.chunk.points()));
    into.ids.insert(into.ids.end(), from.ids.begin(), from.ids.end());
    waiting_ -= from.chunk.points();
    from.chunk.finish(into.payload, into.before);
}

inline result<void> column_file::end_block(open_block& from) {
    if (from.payload.empty()) {
        return {};
    }
    from.entry.offset = written_;
    list_block(from.ids, from.entry);
    auto added = add_block(block_type::chunk, from.flags, from.payload);
    from.clear();
    return added;
}

inline result<void> column_file::flush_group(group& from) {
    take(from, open_);
    return end_block(open_);
}

inline result<void> column_file::flush_groups() {
    auto taken = take_groups();
    return taken ? end_block(open_) : taken;
}

// Small chunks share a block: the last one is left open.
inline result<void> column_file::take_groups() {
    for (group& each : groups_) {
        take(each, open_);
        if (open_.payload.size() >= full_block_bytes) {
            auto ended = end_block(open_);
            if (!ended) {
                return ended;
            }
        }
    }
    return {};
}

// Where all points are in one small block, the names stand in it too.
inline void column_file::take_names() {
    std::vector<series_name> names;
    for (const auto& entry : names_) {
        names.push_back(entry.value);
    }
    dictionary_.clear();
    append_dictionary(dictionary_, names.data(), names.size());
    index_.dictionary_offset = 0;
    if (index_.chunks.empty() && !open_.payload.empty() &&
        dictionary_.size() + open_.payload.size() <= most_named_bytes) {
        std::string named;
        detail::append_text(named, dictionary_);
        open_.payload.insert(0, named);
        open_.flags = flag_named;
        index_.dictionary_offset = written_;
    }
}

inline result<void> column_file::add_chunks(const block& from) {
    auto flushed = flush_groups();
    if (!flushed) {
        return flushed;
    }
    chunk_reader columns;
    for (bool is_there = columns.open(chunks_in(from)); is_there; is_there = columns.next()) {
        open_.entry.add(detail::describe(columns.steps(), columns.times_us(), columns.points()));
        open_.ids.insert(open_.ids.end(), columns.ids().begin(), columns.ids().end());
    }
    std::uint64_t good = 0;
    points_.visit_all(from, [&](std::uint32_t id, const point& next) {
        count_point(id, next);
        ++good;
    });
    if (columns.is_bad() || good != open_.entry.points) {
        open_.clear();
        return add_points(from);
    }
    open_.payload = chunks_in(from);
    return end_block(open_);
}

// Of chunks that make no sense as a whole: what readers see of them, point by point.
inline result<void> column_file::add_points(const block& from) {
    result<void> done;
    points_.visit_all(from, [&](std::uint32_t id, const point& next) {
        frame_.assign(1, {id, next.value});
        done = done ? add_frame(next.step, next.time_us) : std::move(done);
    });
    return done && waiting_ > most_waiting_points ? flush_groups() : done;
}

inline result<void> column_file::add_block(block_type type, std::uint8_t flags,
                                           std::string_view payload) {
    block made;
    made.type = type;
    made.flags = flags;
    made.sequence = sequence_++;
    made.offset = written_;
    made.payload = payload;
    append_block(pending_, made, seed_);
    written_ += block_bytes(payload.size());
    return pending_.size() >= write_bytes ? write_out() : result<void>();
}

inline result<void> column_file::write_out() {
    if (!error_) {
        auto written = file_.write_all(pending_);
        if (!written) {
            error_ = std::move(written).error();
        }
    }
    pending_.clear();
    return error_ ? result<void>(*error_) : result<void>();
}

// That of a long series takes several blocks.
inline result<void> column_file::add_pyramids() {
    constexpr std::size_t block_of = std::size_t{64} << 10U;
    std::string payload;
    pyramid_entry entry;
    const auto end_block = [&]() -> result<void> {
        entry.offset = written_;
        index_.pyramids.push_back(std::exchange(entry, {}));
        auto added = add_block(block_type::pyramid, 0, payload);
        payload.clear();
        return added;
    };
    result<void> done;
    for (auto& each : pyramids_) {
        each.value.finish(each.id, payload, [&] {
            if (entry.ids.empty() || entry.ids.back() != each.id) {
                entry.ids.push_back(each.id);
            }
            if (payload.size() >= block_of && done) {
                done = end_block();
            }
        });
    }
    return !done || payload.empty() ? done : end_block();
}

inline result<void> column_file::close() {
    auto done = take_groups();
    if (done) {
        take_names();
        done = end_block(open_);
    }
    if (done) {
        done = add_pyramids();
    }
    if (done && index_.dictionary_offset == 0) {
        index_.dictionary_offset = written_;
        done = add_block(block_type::dictionary, 0, dictionary_);
    }
    if (!done) {
        return done;
    }
    for (auto& [id, summary] : summaries_) {
        index_.summaries.emplace_back(id, summary);
    }
    index_.base_time_us = index_.chunks.empty() ? 0 : index_.chunks.front().min_time_us;
    payload_.clear();
    append_index(payload_, index_);
    done = add_block(block_type::index, flag_closed, payload_);
    if (done) {
        done = write_out();
    }
    return done ? file_.sync() : done;
}

}}}  // namespace guild::series

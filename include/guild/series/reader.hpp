// guild/series/reader.hpp - reads one series file, closed, torn, damaged or still being written.
//
// Layer 3. Includes: base, os/file.hpp, series/block_reader.hpp, series/payload.hpp.
// Not here: all files of a run (series/run_reader.hpp); writing (series/writer.hpp).
//
// Opening looks for the last index from the end of the file and reads only what follows it.
// refresh() goes on from there. A point is read back bit for bit or it is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/series/block_reader.hpp>
#include <guild/series/format.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// The series of one file.
///
/// units    see point
/// threads  one thread per reader; any number of readers, and one writer, per file
/// example  tests/series/reader.cpp "reader: follows a file while it is written"
class reader {
public:
    /// Opens `path` and learns its series.
    ///
    /// errors   not_found, permission_denied; truncated: not even a header yet; bad_syntax: not a
    ///          series file; unsupported: made by a newer version; io_failed
    [[nodiscard]] static result<reader> open(const std::string& path,
                                             const os::env& system = os::system_env);

    /// Takes in what the file has gained since, or the file that has taken its place.
    ///
    /// errors   io_failed; what was known before stays known
    [[nodiscard]] result<void> refresh();

    /// Every series in order of its first appearance in the file.
    ///
    /// out      where an index covers the file, from it: points that were damaged later are counted
    [[nodiscard]] std::vector<series_summary> summaries() const;

    /// All points of a series in file order; none for a key that is not there.
    ///
    /// errors   io_failed: a read failed
    /// cost     reads the whole file
    [[nodiscard]] result<std::vector<point>> points(std::string_view key);

    /// Calls `visit(const series_name&, const point&)` for every point of the file, in file order.
    ///
    /// errors   io_failed: a read failed; points before the place were visited
    template <class Visit>
    [[nodiscard]] result<void> for_each_point(Visit&& visit);

    /// All remarks in the file.
    ///
    /// errors   io_failed: a read failed
    [[nodiscard]] result<std::vector<note>> notes();

    [[nodiscard]] const file_header& header() const noexcept { return header_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// Whether the writer ended the file: nothing more will come.
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }

    /// Damaged ranges that the last look at the file found: at open and refresh() behind the last
    /// index, at points() and for_each_point() in the whole file.
    [[nodiscard]] const std::vector<byte_range>& lost() const noexcept { return lost_; }
    [[nodiscard]] std::uint64_t bytes_lost() const noexcept;

    /// Bytes at the end that are not a whole block yet, or never will be.
    [[nodiscard]] std::uint64_t tail_bytes() const noexcept { return seen_.size - offset_; }

    /// Leaves out all blocks from this sequence on: another file repeats them.
    ///
    /// errors   io_failed
    [[nodiscard]] result<void> end_before(std::uint64_t sequence);

private:
    reader(std::string path, const os::env& system) : path_(std::move(path)), system_(&system) {}

    result<void> open_file();
    result<void> start();
    result<void> follow();
    bool load_index_before(std::uint64_t size);
    bool load_index(std::uint64_t offset);
    void use_index(const block& from, const index_content& content);
    void use_block(const block& found);
    void use_frames(std::string_view payload);
    void use_names(std::string_view payload);

    template <class Use>
    result<void> scan(Use&& use);

    std::string path_;
    const os::env* system_;
    os::file file_;
    os::file_status seen_;
    file_header header_;
    bool damaged_header_ = false;
    std::uint32_t seed_ = 0;
    std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();

    std::map<std::uint32_t, series_name> names_;
    std::map<std::uint32_t, series_summary> summaries_;
    std::uint64_t offset_ = header_bytes;  // everything before was looked at
    std::uint64_t index_offset_ = 0;       // of the last good index, 0: none
    bool closed_ = false;
    std::vector<byte_range> lost_;
};

// ---- implementation ---------------------------------------------------------

inline result<reader> reader::open(const std::string& path, const os::env& system) {
    reader made(path, system);
    auto opened = made.open_file();
    if (opened) {
        opened = made.start();
    }
    if (!opened) {
        return std::move(opened).error();
    }
    return made;
}

// Opens what stands at the path and reads its header; on an error the open file stays as it was.
inline result<void> reader::open_file() {
    auto file = os::open_file(path_, os::open_mode::read, *system_);
    if (!file) {
        return std::move(file).error();
    }
    const auto status = file->status();
    if (!status) {
        return status.error();
    }
    if (status->kind != os::file_kind::regular) {
        return make_error(errc::bad_value, "expected a regular file", path_);
    }
    std::string bytes(header_bytes, '\0');
    const auto got = file->read_at(0, &bytes[0], bytes.size());
    if (!got) {
        return got.error();
    }
    bytes.resize(*got);
    auto header = decode_header(bytes);
    const bool damaged = !header && header.error().code == errc::bad_checksum;
    if (!header && !damaged) {
        header.error().path = path_;
        return std::move(header).error();
    }
    header_ = damaged ? guess_header(bytes) : *header;
    damaged_header_ = damaged;
    seed_ = checksum_seed(header_.id);
    file_ = std::move(*file);
    seen_ = *status;
    return {};
}

inline result<void> reader::start() {
    names_.clear();
    summaries_.clear();
    offset_ = header_bytes;
    index_offset_ = 0;
    closed_ = false;
    (void)load_index_before(seen_.size);
    return follow();
}

// Finds the last index by way of the last whole block.
inline bool reader::load_index_before(std::uint64_t size) {
    std::string memory;
    const auto last = find_last_block(file_, seed_, size, memory);
    if (!last) {
        return false;
    }
    return load_index(last->type == block_type::index ? last->offset : last->last_index_offset);
}

// Starts from the index at `offset`, if it and its dictionary are good and wholly before the limit.
inline bool reader::load_index(std::uint64_t offset) {
    std::string memory;
    const auto found = find_block_at(file_, seed_, offset, seen_.size, memory);
    index_content content;
    if (offset == 0 || !found || found->type != block_type::index || found->sequence >= limit_ ||
        !decode_index(found->payload, content)) {
        return false;
    }
    std::string dictionary_memory;
    const auto dictionary =
        find_block_at(file_, seed_, content.dictionary_offset, seen_.size, dictionary_memory);
    if (!dictionary || dictionary->type != block_type::dictionary) {
        return false;
    }
    use_names(dictionary->payload);
    use_index(*found, content);
    offset_ = found->end();
    return true;
}

inline void reader::use_index(const block& from, const index_content& content) {
    summaries_.clear();
    for (const auto& [id, summary] : content.summaries) {
        summaries_[id] = summary;
    }
    index_offset_ = from.offset;
    closed_ = (from.flags & flag_closed) != 0;
    lost_.clear();  // whatever was lost before, the index knows the numbers
}

inline void reader::use_names(std::string_view payload) {
    std::vector<series_name> names;
    if (decode_dictionary(payload, names)) {
        for (series_name& name : names) {
            names_.emplace(name.id, std::move(name));
        }
    }
}

inline void reader::use_frames(std::string_view payload) {
    frame_decoder frames(payload);
    while (frames.next()) {
        for (const auto& column : frames.columns()) {
            summaries_[column.id].add({frames.step(), frames.time_us(), frames.value(column)});
        }
    }
}

inline void reader::use_block(const block& found) {
    index_content content;
    switch (found.type) {
    case block_type::dictionary:
        use_names(found.payload);
        break;
    case block_type::frames:
        use_frames(found.payload);
        break;
    case block_type::index:
        if (decode_index(found.payload, content)) {
            use_index(found, content);
        }
        break;
    default:
        break;  // notes, and what later writers of this version may add
    }
}

inline result<void> reader::follow() {
    lost_.clear();
    block_reader blocks(file_, seed_, offset_, seen_.size);
    block found;
    std::size_t lost_known = 0;
    while (blocks.next(found)) {
        for (; lost_known < blocks.lost().size(); ++lost_known) {
            lost_.push_back(blocks.lost()[lost_known]);
        }
        if (found.sequence < limit_) {
            use_block(found);
        }
    }
    offset_ = blocks.offset();
    if (blocks.failure()) {
        return *blocks.failure();
    }
    return {};
}

inline result<void> reader::refresh() {
    os::file_status now;
    const bool there = system_->stat(path_.c_str(), &now) >= 0;
    if (there && (now.inode != seen_.inode || now.device != seen_.device)) {
        if (open_file()) {
            return start();  // compacted, restored or replaced
        }
    }
    const auto status = file_.status();
    if (!status) {
        return status.error();
    }
    if (status->size == seen_.size && status->modified_ns == seen_.modified_ns) {
        return {};
    }
    const bool shrunk = status->size < offset_;
    seen_ = *status;
    if (shrunk || (!lost_.empty() && index_offset_ == 0)) {
        return start();
    }
    if (!lost_.empty() && !load_index(index_offset_)) {
        return start();  // a damaged range may have been filled: read again from the last index
    }
    return follow();
}

inline result<void> reader::end_before(std::uint64_t sequence) {
    if (sequence == limit_) {
        return {};
    }
    limit_ = sequence;
    return start();
}

inline std::vector<series_summary> reader::summaries() const {
    std::vector<series_summary> all;
    for (const auto& [id, summary] : summaries_) {
        const auto name = names_.find(id);
        if (name != names_.end() && summary.count != 0) {
            all.push_back(summary);
            all.back().key = name->second.key;
        }
    }
    return all;
}

template <class Use>
result<void> reader::scan(Use&& use) {
    block_reader blocks(file_, seed_, header_bytes, seen_.size);
    block found;
    while (blocks.next(found)) {
        if (found.sequence < limit_) {
            use(std::as_const(found));
        }
    }
    lost_ = blocks.lost();
    if (blocks.failure()) {
        return *blocks.failure();
    }
    return {};
}

template <class Visit>
result<void> reader::for_each_point(Visit&& visit) {
    return scan([&](const block& found) {
        if (found.type != block_type::frames) {
            return;
        }
        frame_decoder frames(found.payload);
        while (frames.next()) {
            for (const auto& column : frames.columns()) {
                const auto name = names_.find(column.id);
                if (name != names_.end()) {
                    visit(std::as_const(name->second),
                          point{frames.step(), frames.time_us(), frames.value(column)});
                }
            }
        }
    });
}

inline result<std::vector<point>> reader::points(std::string_view key) {
    std::vector<point> found;
    std::map<std::uint32_t, series_name>::const_iterator name = names_.begin();
    while (name != names_.end() && name->second.key != key) {
        ++name;
    }
    if (name == names_.end()) {
        return found;
    }
    const std::uint32_t id = name->first;
    auto scanned = scan([&](const block& from) {
        if (from.type != block_type::frames) {
            return;
        }
        frame_decoder frames(from.payload);
        while (frames.next()) {
            for (const auto& column : frames.columns()) {
                if (column.id == id) {
                    found.push_back({frames.step(), frames.time_us(), frames.value(column)});
                }
            }
        }
    });
    if (!scanned) {
        return std::move(scanned).error();
    }
    return found;
}

inline result<std::vector<note>> reader::notes() {
    std::vector<note> found;
    auto scanned = scan([&](const block& from) {
        note content;
        if (from.type == block_type::note && decode_note(from.payload, content)) {
            found.push_back(std::move(content));
        }
    });
    if (!scanned) {
        return std::move(scanned).error();
    }
    return found;
}

inline std::uint64_t reader::bytes_lost() const noexcept {
    std::uint64_t bytes = damaged_header_ ? header_bytes : 0;
    for (const byte_range& range : lost_) {
        bytes += range.end - range.begin;
    }
    return bytes;
}

}}}  // namespace guild::series

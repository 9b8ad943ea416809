// guild/series/reader.hpp - reads one series file, closed, torn, damaged or still being written.
//
// Layer 3. Includes: base, os/file, series/block_points block_reader file_map index opened_file
// pixel_targets pyramid_memory pyramid_source.
// Not here: all files of a run (series/run_reader.hpp); writing (series/writer.hpp).
//
// Opening looks for the last index from the end of the file and reads only what follows it.
// refresh() goes on from there. A point is read back bit for bit or it is missing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/series/block_points.hpp>
#include <guild/series/block_reader.hpp>
#include <guild/series/file_map.hpp>
#include <guild/series/format.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/index.hpp>
#include <guild/series/name_table.hpp>
#include <guild/series/opened_file.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/pixel_targets.hpp>
#include <guild/series/pixels.hpp>
#include <guild/series/point.hpp>
#include <guild/series/pyramid_memory.hpp>
#include <guild/series/pyramid_source.hpp>
#include <guild/series/summary_table.hpp>

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

    /// Every series that has points, in order of first appearance in the file.
    ///
    /// out      where an index covers the file, from it: points that were damaged later are counted
    [[nodiscard]] std::vector<series_summary> summaries() const;

    /// How many points the summaries count.
    [[nodiscard]] std::uint64_t points_known() const noexcept;

    /// Calls `visit(const series_name&, const series_summary&)` for the same, without a copy.
    template <class Visit>
    void for_each_series(Visit&& visit) const;

    /// Calls `visit(std::string_view key, const series_summary&)` for the same; at a reader that
    /// was just opened without the names taken apart. The keys live until the next refresh().
    template <class Visit>
    void for_each_summary(Visit&& visit) const;

    /// The points of a series in file order, or those within a range; none for an unknown key.
    ///
    /// errors   io_failed: a read failed
    /// cost     reads the blocks that may hold such points: in columns those of the series and what
    ///          was logged with it, in a live file those in the range
    [[nodiscard]] result<std::vector<point>> points(std::string_view key,
                                                    const point_range& range = {});

    /// Calls `visit(const series_name&, const point&)` for every point of the file, each series in
    /// the order in which it was written.
    ///
    /// errors   io_failed: a read failed; points before the place were visited
    template <class Visit>
    [[nodiscard]] result<void> for_each_point(Visit&& visit);

    /// The same with `visit(std::uint32_t id, const point&)`; also of series without a key.
    ///
    /// errors   as for_each_point
    template <class Visit>
    [[nodiscard]] result<void> for_each_id_point(Visit&& visit);

    /// What a chart of some columns needs of a series, from the pyramid where it is long.
    ///
    /// errors   io_failed: a read failed
    /// cost     10 million points, 1000 columns: some milliseconds
    /// example  tests/series/pyramid_source.cpp "pyramid source: a file in columns has every level"
    [[nodiscard]] result<pixel_view> pixels(std::string_view key, const pixel_request& request);

    /// The two halves of pixels(), for files that hold one series together and for many series at
    /// once: how much there is, and points or buckets put into columns. Reads the file once; all
    /// reducers have one range.
    ///
    /// errors   io_failed: a read failed
    [[nodiscard]] measured measure_pixels(std::string_view key, const pixel_request& request);
    [[nodiscard]] result<void> add_pixels(const std::vector<pixel_target>& wanted);

    /// Keeps about so much of the pyramids of a file in rows in memory from now on; 0: nothing.
    void keep_pyramids(std::uint64_t most_bytes) { pyramids_.limit(most_bytes); }

    /// All remarks in the file.
    ///
    /// errors   io_failed: a read failed
    [[nodiscard]] result<std::vector<note>> notes();

    [[nodiscard]] const file_header& header() const noexcept { return header_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// Whether the writer ended the file: nothing more will come.
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }

    /// Damaged ranges that the last look at the file found: at open and refresh() behind the last
    /// index, at points() and for_each_point() where they read.
    [[nodiscard]] const std::vector<byte_range>& lost() const noexcept { return lost_; }
    [[nodiscard]] std::uint64_t bytes_lost() const noexcept;

    /// Bytes at the end that are not a whole block yet, or never will be.
    [[nodiscard]] std::uint64_t tail_bytes() const noexcept {
        return seen_.size - std::min(seen_.size, offset_);
    }
    [[nodiscard]] std::uint64_t size() const noexcept { return seen_.size; }

    /// Leaves out all blocks from this sequence on: another file repeats them. A file that was
    /// rewritten has left them out already.
    ///
    /// errors   io_failed
    [[nodiscard]] result<void> end_before(std::uint64_t sequence);

private:
    reader(std::string path, const os::env& system) : path_(std::move(path)), system_(&system) {}

    result<void> open_file();
    result<void> start();
    result<void> follow(file_window& window);
    bool reopen(result<void>& outcome);
    bool load_index_before(file_window& window);
    bool load_index(file_window& window, std::uint64_t offset);
    bool load_names(file_window& window, std::uint64_t offset);
    void use_index(const block& from, id_table<series_summary> summaries);
    void use_block(file_window& window, const block& found);

    template <class Use>
    result<void> scan(file_window& window, std::uint64_t from, Use&& use);
    template <class Use>
    void use_listed(file_window& window, std::uint64_t offset, std::uint64_t end, Use&& use);
    template <class IsWanted, class Use>
    void scan_section(file_window& window, const file_section& section, IsWanted&& is_wanted,
                      const point_range& range, Use&& use);
    bool load_map(file_window& window);
    [[nodiscard]] std::uint64_t map_end() const noexcept {
        return map_.sections().empty() ? header_bytes : map_.sections().back().end;
    }

    std::string path_;
    const os::env* system_;
    os::file file_;
    os::file_status seen_;
    file_header header_;
    bool damaged_header_ = false;
    std::uint32_t seed_ = 0;
    std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();

    name_table names_;
    summary_table summaries_;
    std::uint64_t offset_ = header_bytes;  // everything before was looked at
    std::uint64_t index_offset_ = 0;       // of the last good index, 0: none
    file_map map_;                         // up to an index, gathered when first needed
    pyramid_memory pyramids_;
    block_points points_;  // memory to use again
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
    auto opened = open_series_file(path_, *system_);
    if (!opened) {
        return std::move(opened).error();
    }
    header_ = opened->header;
    damaged_header_ = opened->has_damaged_header;
    // As end_before(): left out already.
    limit_ = header_.generation != 0 ? std::numeric_limits<std::uint64_t>::max() : limit_;
    seed_ = checksum_seed(header_.id);
    file_ = std::move(opened->file);
    seen_ = opened->status;
    return {};
}

inline result<void> reader::start() {
    names_.clear();
    summaries_.clear();
    map_.clear();
    pyramids_.clear();
    offset_ = header_bytes;
    index_offset_ = 0;
    closed_ = false;
    file_window window(file_);
    const std::uint64_t tail = std::min(seen_.size, detail::usual_tail_bytes);
    window.load(seen_.size - tail, tail);
    (void)load_index_before(window);
    return follow(window);
}

// Finds the last index by way of the last whole block.
inline bool reader::load_index_before(file_window& window) {
    const auto last = find_last_block(window, seed_, seen_.size);
    if (!last) {
        return false;
    }
    return load_index(window,
                      last->type == block_type::index ? last->offset : last->last_index_offset);
}

// Starts from the index at `offset`, if it and its dictionary are good and wholly before the limit.
inline bool reader::load_index(file_window& window, std::uint64_t offset) {
    if (offset == 0 || offset >= seen_.size) {
        return false;
    }
    if (!window.holds(offset)) {
        // The dictionary stands before the index, and what is to be read next behind it.
        const std::uint64_t before = std::min(offset, detail::usual_dictionary_bytes);
        (void)window.view(offset - before, before + block_head_bytes, seen_.size);
    }
    const auto found = find_block_at(window, seed_, offset, seen_.size);
    index_glance glance;
    if (!found || found->type != block_type::index || found->sequence >= limit_ ||
        !decode_glance(found->payload, glance)) {
        return false;
    }
    if (!load_names(window, glance.dictionary_offset)) {
        return false;
    }
    use_index(*found, std::move(glance.summaries));
    offset_ = found->end();
    return true;
}

inline bool reader::load_names(file_window& window, std::uint64_t offset) {
    const auto found = find_block_at(window, seed_, offset, seen_.size);
    const std::string_view names = found ? names_in(*found) : std::string_view();
    names_.add(names);
    return !names.empty();
}

inline void reader::use_index(const block& from, id_table<series_summary> summaries) {
    summaries_.assign(std::move(summaries));
    index_offset_ = from.offset;
    closed_ = (from.flags & flag_closed) != 0;
    lost_.clear();  // whatever was lost before, the index knows the numbers
}

inline void reader::use_block(file_window& window, const block& found) {
    index_glance glance;
    switch (found.type) {
    case block_type::dictionary:
        names_.add(found.payload);
        break;
    case block_type::frames:
        summaries_.add_frames(found.payload);
        break;
    case block_type::chunk:
        names_.add(names_in(found));
        points_.visit_all(
            found, [this](std::uint32_t id, const point& next) { summaries_.add(id, next); });
        break;
    case block_type::index:
        // Numbers without the names that a damaged dictionary told make up for nothing.
        if (decode_glance(found.payload, glance) &&
            (lost_.empty() || load_names(window, glance.dictionary_offset))) {
            use_index(found, std::move(glance.summaries));
        }
        break;
    default:
        break;  // notes, pyramids, and what later writers of this version may add
    }
}

inline result<void> reader::follow(file_window& window) {
    lost_.clear();
    block_reader blocks(window, seed_, offset_, seen_.size);
    block found;
    std::size_t lost_known = 0;
    while (blocks.next(found)) {
        for (; lost_known < blocks.lost().size(); ++lost_known) {
            lost_.push_back(blocks.lost()[lost_known]);
        }
        if (found.sequence < limit_) {
            use_block(window, found);
        }
    }
    offset_ = blocks.offset();
    if (blocks.failure()) {
        seen_.modified_ns = -1;  // looked at again by the next refresh()
        return *blocks.failure();
    }
    return {};
}

// What stands at the path now, if it can be opened; all that is known stays when reading it fails.
inline bool reader::reopen(result<void>& outcome) {
    reader other(path_, *system_);
    other.limit_ = limit_;
    if (!other.open_file()) {
        return false;
    }
    outcome = other.start();
    if (outcome) {
        *this = std::move(other);
    }
    return true;
}

inline result<void> reader::refresh() {
    result<void> outcome;
    os::file_status now;
    const bool there = system_->stat(path_.c_str(), &now) >= 0;
    if (there && (now.inode != seen_.inode || now.device != seen_.device) && reopen(outcome)) {
        return outcome;  // compacted, restored or replaced
    }
    const auto status = file_.status();
    if (!status) {
        return status.error();
    }
    if (status->size == seen_.size && status->modified_ns == seen_.modified_ns) {
        return outcome;
    }
    const bool shrunk = status->size < offset_ || seen_.size < header_bytes;
    if (shrunk && reopen(outcome)) {
        return outcome;  // written over by another
    }
    seen_ = *status;
    if (shrunk || (!lost_.empty() && index_offset_ == 0)) {
        return start();
    }
    file_window window(file_);
    if (!lost_.empty() && !load_index(window, index_offset_)) {
        return start();  // a damaged range may have been filled: read again from the last index
    }
    return follow(window);
}

inline result<void> reader::end_before(std::uint64_t sequence) {
    if (sequence == limit_ || header_.generation != 0) {
        return {};
    }
    limit_ = sequence;
    return start();
}

template <class Visit>
void reader::for_each_series(Visit&& visit) const {
    for (const auto& [id, name] : names_.names()) {
        const series_summary* summary = summaries_.find(id);
        if (summary != nullptr) {
            visit(name, *summary);
        }
    }
}

template <class Visit>
void reader::for_each_summary(Visit&& visit) const {
    names_.for_each([&](std::uint32_t id, std::string_view key) {
        const series_summary* summary = summaries_.find(id);
        if (summary != nullptr) {
            visit(key, *summary);
        }
    });
}

inline std::uint64_t reader::points_known() const noexcept {
    return summaries_.points();
}

inline std::vector<series_summary> reader::summaries() const {
    std::vector<series_summary> all;
    for_each_summary([&all](std::string_view key, const series_summary& summary) {
        all.push_back(summary);
        all.back().key = key;
    });
    return all;
}

// Every good block from an offset on.
template <class Use>
result<void> reader::scan(file_window& window, std::uint64_t from, Use&& use) {
    block_reader blocks(window, seed_, from, seen_.size);
    block found;
    while (blocks.next(found)) {
        if (found.sequence < limit_) {
            use(std::as_const(found));
        }
    }
    lost_.insert(lost_.end(), blocks.lost().begin(), blocks.lost().end());
    if (blocks.failure()) {
        return *blocks.failure();
    }
    return {};
}

// A block that the index at `end` lists; one that is damaged is counted as lost.
template <class Use>
void reader::use_listed(file_window& window, std::uint64_t offset, std::uint64_t end, Use&& use) {
    const auto found = find_block_at(window, seed_, offset, seen_.size);
    if (found) {
        if (found->sequence < limit_) {
            use(*found);
        }
        return;
    }
    // Blocks are listed in order: many of them in one damaged range are looked through once.
    if (offset >= end || (!lost_.empty() && lost_.back().holds(offset))) {
        return;
    }
    block next;
    block_reader blocks(window, seed_, offset, seen_.size);
    if (blocks.next(next)) {
        for (const byte_range& range : blocks.lost()) {
            add_range(lost_, range);
        }
    }
}

template <class IsWanted, class Use>
void reader::scan_section(file_window& window, const file_section& section, IsWanted&& is_wanted,
                          const point_range& range, Use&& use) {
    for (const frames_entry& entry : section.content.blocks) {
        if (range.meets(entry)) {
            use_listed(window, entry.offset, section.index_offset, use);
        }
    }
    std::vector<bool> is_group_wanted;
    for (const auto& ids : section.content.groups) {
        is_group_wanted.push_back(std::any_of(ids.begin(), ids.end(), is_wanted));
    }
    for (const chunk_entry& entry : section.content.chunks) {
        if (is_group_wanted[entry.group] && range.meets(entry)) {
            use_listed(window, entry.offset, section.index_offset, use);
        }
    }
}

template <class Visit>
result<void> reader::for_each_id_point(Visit&& visit) {
    file_window window(file_);
    lost_.clear();
    return scan(window, header_bytes, [&](const block& from) { points_.visit_all(from, visit); });
}

template <class Visit>
result<void> reader::for_each_point(Visit&& visit) {
    std::uint32_t last = 0;
    const series_name* name = names_.find(last);  // of the point before, often of this one too
    return for_each_id_point([&](std::uint32_t id, const point& next) {
        if (id != last) {
            last = id;
            name = names_.find(id);
        }
        if (name != nullptr) {
            visit(*name, next);
        }
    });
}

// Gathers where blocks stand; nothing is known, and all is to be scanned, when an index is bad.
inline bool reader::load_map(file_window& window) {
    return index_offset_ != 0 && map_.load(window, seed_, index_offset_, seen_.size);
}

inline result<std::vector<point>> reader::points(std::string_view key, const point_range& range) {
    std::vector<point> found;
    const auto id = names_.find_id(key);
    if (!id) {
        return found;
    }
    const auto is_wanted = [&id](std::uint32_t each) { return each == *id; };
    const auto use = [&](const block& from) {
        points_.visit(from, *id, [&](const point& next) {
            if (range.holds(next.step, next.time_us)) {
                found.push_back(next);
            }
        });
    };
    file_window window(file_);
    lost_.clear();
    const bool is_listed = load_map(window) && (map_.has_chunks() || !range.holds_all());
    for (std::size_t i = 0; is_listed && i < map_.sections().size(); ++i) {
        scan_section(window, map_.sections()[i], is_wanted, range, use);
    }
    const auto scanned = scan(window, is_listed ? map_end() : header_bytes, use);
    return scanned ? result<std::vector<point>>(std::move(found)) : scanned.error();
}

inline measured reader::measure_pixels(std::string_view key, const pixel_request& request) {
    const auto id = names_.find_id(key);
    if (!id || summaries_.find(*id) == nullptr) {
        return {};
    }
    file_window window(file_);
    (void)load_map(window);
    return measure(map_, *id, *summaries_.find(*id), request);
}

inline result<void> reader::add_pixels(const std::vector<pixel_target>& wanted) {
    pixel_targets targets;
    for (const pixel_target& each : wanted) {
        if (const auto id = names_.find_id(each.key)) {
            targets.add(*id, each);
        }
    }
    if (targets.is_empty()) {
        return {};
    }
    file_window window(file_);
    lost_.clear();
    const bool has_map = load_map(window);
    const pyramid_source source{&window, seed_, seen_.size};
    if (has_map && !map_.has_chunks()) {
        pyramids_.follow(source, map_);
    }
    const auto is_wanted = [&targets](std::uint32_t id) { return targets.wants(id); };
    const auto use = [&](const block& from) {
        points_.visit_some(from, is_wanted, [&targets](std::uint32_t id, const point& next) {
            targets.add_point(id, next);
        });
    };
    const point_range& range = wanted.front().into->range();
    for (std::size_t i = 0; has_map && i < map_.sections().size(); ++i) {
        targets.enter(i, [&](pyramid_wish wish, pixel_reducer& into) {
            const std::size_t told = pyramids_.add_buckets(i, wish, into);
            return told != 0 ? told : series::add_buckets(source, map_, i, wish, into);
        });
        if (targets.wants_any()) {
            scan_section(window, map_.sections()[i], is_wanted, range, use);
        }
    }
    targets.want_all();
    return scan(window, map_end(), use);
}

inline result<pixel_view> reader::pixels(std::string_view key, const pixel_request& request) {
    const measured found = measure_pixels(key, request);
    pixel_reducer reducer(request, found.axis);
    auto added = add_pixels({{key, level_for(found.points, request.columns), &reducer}});
    if (!added) {
        return std::move(added).error();
    }
    return reducer.finish();
}

inline result<std::vector<note>> reader::notes() {
    std::vector<note> found;
    file_window window(file_);
    lost_.clear();
    const auto scanned = scan(window, header_bytes, [&](const block& from) {
        note content;
        if (from.type == block_type::note && decode_note(from.payload, content)) {
            found.push_back(std::move(content));
        }
    });
    return scanned ? result<std::vector<note>>(std::move(found)) : scanned.error();
}

inline std::uint64_t reader::bytes_lost() const noexcept {
    return (damaged_header_ ? header_bytes : 0) + count_bytes(lost_);
}

}}}  // namespace guild::series

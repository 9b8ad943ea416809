// guild/series/verify.hpp - says what is damaged in a series file.
//
// Layer 3. Includes: base, os, series/block_list.hpp block_reader.hpp column_file.hpp index.hpp
// pyramid_check.hpp.
// Not here: saving what is not damaged (series/repair.hpp); reading past damage, which every reader
// does (series/reader.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/series/block_list.hpp>
#include <guild/series/block_points.hpp>
#include <guild/series/block_reader.hpp>
#include <guild/series/chunk.hpp>
#include <guild/series/column_file.hpp>
#include <guild/series/format.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/index.hpp>
#include <guild/series/opened_file.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/point.hpp>
#include <guild/series/pyramid_check.hpp>

namespace guild { inline namespace v0 { namespace series {

/// A range of bytes that is not what it should be, and why.
struct finding {
    byte_range where;
    std::string what;
    bool is_lost = true;  // false: good blocks that stand at another place than they say
};

/// What verify() found. All counts are of good blocks.
struct verify_report {
    std::vector<finding> damage;
    std::uint64_t size = 0;  // bytes of the file
    std::uint64_t blocks = 0;
    std::uint64_t series = 0;
    std::uint64_t points = 0;
    std::uint64_t tail_bytes = 0;  // behind the last good block: torn, or being written
    bool is_closed = false;
    bool is_columnar = false;

    [[nodiscard]] std::uint64_t bytes_lost() const noexcept {
        std::uint64_t bytes = 0;
        for (const finding& each : damage) {
            bytes += each.is_lost ? each.where.end - each.where.begin : 0;
        }
        return bytes;
    }
};

/// Reads every byte of a series file and checks it: checksums, order, that all payloads decode, and
/// that every index and every pyramid tells of its file what the file holds.
///
/// errors   those of files; bad_syntax: not a series file; unsupported: made by a newer version
/// cost     O(file) time; memory for the series and one block
/// example  tests/series/verify.cpp "verify: names the byte ranges of damage"
[[nodiscard]] result<verify_report> verify(const std::string& path,
                                           const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

namespace detail {

// One walk over a file.
class verifier {
public:
    verifier(const os::file& file, std::uint64_t size) : file_(file) { report_.size = size; }

    result<verify_report> run(const file_header& header, bool damaged_header) {
        if (damaged_header) {
            add({0, header_bytes}, "the checksum of the header does not hold");
        }
        file_window window(file_);
        block_reader blocks(window, checksum_seed(header.id), header_bytes, report_.size);
        block found;
        std::size_t told = 0;
        while (blocks.next(found)) {
            for (; told < blocks.lost().size(); ++told) {
                tell_lost(blocks.lost()[told], found.sequence);
            }
            check_order(found);
            check(found);
            ++report_.blocks;
        }
        if (blocks.failure()) {
            return *blocks.failure();
        }
        report_.tail_bytes = report_.size - blocks.offset();
        finish(header);
        return std::move(report_);
    }

    // The same of a file with displaced blocks, which are taken in order of their sequence.
    result<verify_report> run_displaced(const file_header& header, bool damaged_header,
                                        const block_list& list) {
        if (damaged_header) {
            add({0, header_bytes}, "the checksum of the header does not hold");
        }
        tell_places(list);
        file_window window(file_);
        for (const placed_block& each : list.blocks) {
            const auto found = read_placed(window, checksum_seed(header.id), each);
            if (!found) {
                return window.failure().value_or(
                    make_error(errc::io_failed, "the file changed while it was read"));
            }
            is_whole_ = is_whole_ && found->sequence == sequence_;
            sequence_ = found->sequence;
            shift_ = each.place - each.offset;
            check_order(*found);
            check(*found);
            ++report_.blocks;
        }
        report_.tail_bytes = report_.size - list.end;
        finish(header);
        return std::move(report_);
    }

private:
    void add(byte_range where, std::string what) {
        report_.damage.push_back({where, std::move(what)});
    }
    void add(const block& in, std::string what) {
        const std::uint64_t place = in.offset + shift_;
        add({place, place + (in.end() - in.offset)}, std::move(what));
    }

    void tell_lost(byte_range where, std::uint64_t next) {
        const std::uint64_t missing = next > sequence_ ? next - sequence_ : 0;
        add(where, "no good block: " + std::to_string(missing) +
                       (missing == 1 ? " block is" : " blocks are") + " lost");
        is_whole_ = false;
        sequence_ = next;
    }

    // Where blocks are missing, and which stand elsewhere than they say.
    void tell_places(const block_list& list) {
        const std::vector<placed_block> blocks = sort_by_place(list.blocks);
        std::uint64_t end = header_bytes;
        for (std::size_t i = 0; i < blocks.size();) {
            std::size_t behind = i + 1;
            while (behind < blocks.size() && is_next(blocks[behind - 1], blocks[behind])) {
                ++behind;
            }
            if (blocks[i].place > end || blocks[i].sequence > sequence_) {
                tell_lost({std::min(end, blocks[i].place), blocks[i].place}, blocks[i].sequence);
            }
            if (blocks[i].is_displaced()) {
                tell_displaced(blocks[i], blocks[behind - 1], behind - i);
            }
            end = blocks[behind - 1].end();
            sequence_ = blocks[behind - 1].sequence + 1;
            i = behind;
        }
        sequence_ = 0;
        is_whole_ = true;
    }

    static bool is_next(const placed_block& a, const placed_block& b) noexcept {
        return b.place == a.end() && b.sequence == a.sequence + 1 &&
               b.place - b.offset == a.place - a.offset;
    }

    void tell_displaced(const placed_block& first, const placed_block& last, std::size_t count) {
        const bool before = first.place < first.offset;
        const std::uint64_t far = before ? first.offset - first.place : first.place - first.offset;
        report_.damage.push_back(
            {{first.place, last.end()},
             std::to_string(count) + (count == 1 ? " good block stands " : " good blocks stand ") +
                 std::to_string(far) + (far == 1 ? " byte " : " bytes ") +
                 (before ? "before" : "behind") + (count == 1 ? " its place" : " their place"),
             false});
    }

    void check_order(const block& found) {
        if (found.sequence != sequence_) {
            add(found, "expected block " + std::to_string(sequence_) + ", found block " +
                           std::to_string(found.sequence));
            is_whole_ = false;
        }
        if (is_whole_ && found.last_index_offset != last_index_) {
            add(found, "expected the last index at " + std::to_string(last_index_) +
                           ", the block says " + std::to_string(found.last_index_offset));
        }
        sequence_ = found.sequence + 1;
        report_.is_closed = false;
    }

    void check(const block& found) {
        note remark;
        bool good = true;
        switch (found.type) {
        case block_type::dictionary:
            good = check_names(found);
            break;
        case block_type::frames:
            good = count_frames(found);
            break;
        case block_type::chunk:
            good = check_names(found) && count_chunk(found);
            break;
        case block_type::index:
            good = check_index(found);
            break;
        case block_type::note:
            good = decode_note(found.payload, remark);
            break;
        case block_type::pyramid:
            good = far_.add_pyramid(found.payload);
            break;
        default:
            break;  // of a later writer
        }
        if (!good) {
            add(found, "the checksum holds, and what is in the block makes no sense");
        }
    }

    // Of a DICT, or of the one that a CHUNK may begin with.
    bool check_names(const block& found) {
        if (found.type == block_type::chunk && (found.flags & flag_named) == 0) {
            return true;
        }
        std::vector<series_name> names;
        const bool good = decode_dictionary(names_in(found), names);
        dictionary_ = found.offset;
        for (const series_name& name : names) {
            names_[name.id] = true;
        }
        return good;
    }

    void count(std::uint32_t id, const point& next) {
        summaries_[id].add(next);
        far_.add(id, next);
        ++report_.points;
    }

    bool count_frames(const block& found) {
        frame_decoder frames(found.payload);
        std::vector<std::int64_t> steps;
        std::vector<std::int64_t> times_us;
        const std::uint64_t before = report_.points;
        while (frames.next()) {
            for (const auto& column : frames.columns()) {
                count(column.id, {frames.step(), frames.time_us(), frames.value(column)});
            }
            steps.push_back(frames.step());
            times_us.push_back(frames.time_us());
        }
        if (!steps.empty()) {
            list(found, describe(steps, times_us, report_.points - before));
        }
        return !frames.is_bad();
    }

    bool count_chunk(const block& found) {
        frames_entry entry;
        for (bool is_there = chunk_.open(chunks_in(found)); is_there; is_there = chunk_.next()) {
            stretch points;
            for (std::size_t at = 0; at < chunk_.ids().size(); ++at) {
                if (!chunk_.read(at, points)) {
                    return false;
                }
                for (std::size_t i = 0; i < points.size; ++i) {
                    count(chunk_.ids()[at], points[i]);
                }
            }
            entry.add(describe(chunk_.steps(), chunk_.times_us(), chunk_.points()));
        }
        if (entry.frames != 0) {
            list(found, entry);
        }
        return !chunk_.is_bad();
    }

    // What the next index must say of a block.
    void list(const block& found, frames_entry entry) {
        entry.offset = found.offset;
        frames_ += entry.frames;
        listed_.push_back(entry);
    }

    static bool is_same(const frames_entry& a, const frames_entry& b) noexcept {
        return a.offset == b.offset && a.frames == b.frames && a.points == b.points &&
               a.min_step == b.min_step && a.max_step == b.max_step &&
               a.min_time_us == b.min_time_us && a.max_time_us == b.max_time_us;
    }

    bool check_index(const block& found) {
        index_content content;
        if (!decode_index(found.payload, content)) {
            return false;
        }
        if (is_whole_) {
            compare(found, content);
        }
        is_far_whole_ = is_far_whole_ && is_whole_;
        far_.end_section();
        if (is_far_whole_) {
            compare_pyramids(found, content);
        }
        last_index_ = found.offset;
        is_whole_ = true;
        adopt(content);
        report_.is_closed = (found.flags & flag_closed) != 0;
        return true;
    }

    void compare(const block& found, const index_content& content) {
        std::vector<frames_entry> listed = content.blocks;
        listed.insert(listed.end(), content.chunks.begin(), content.chunks.end());
        if (!std::equal(
                listed.begin(), listed.end(), listed_.begin(), listed_.end(),
                [](const frames_entry& x, const frames_entry& y) { return is_same(x, y); })) {
            add(found, "the index lists other blocks than the file has");
        }
        const auto used = std::count_if(summaries_.begin(), summaries_.end(),
                                        [](const auto& each) { return each.value.count != 0; });
        if (content.summaries.size() != static_cast<std::size_t>(used)) {
            add(found, "the index tells of " + std::to_string(content.summaries.size()) +
                           " series, the file has " + std::to_string(used));
        }
        if (content.frames != frames_ || content.points != report_.points + before_points_) {
            add(found, "the index counts " + std::to_string(content.points) +
                           " points, the file has " +
                           std::to_string(report_.points + before_points_));
        }
        if (content.dictionary_offset != dictionary_) {
            add(found, "the index names another dictionary than the one before it");
        }
        for (const auto& [id, summary] : content.summaries) {
            const series_summary* counted = summaries_.find(id);
            if (counted == nullptr || !is_same(*counted, summary)) {
                add(found, "the index tells of series " + std::to_string(id) +
                               " other numbers than the file has");
            }
        }
    }

    void compare_pyramids(const block& found, const index_content& content) {
        for (const pyramid_entry& entry : content.pyramids) {
            for (const std::uint32_t id : entry.ids) {
                if (!far_.is_right(id)) {
                    add(found, "the pyramid of series " + std::to_string(id) +
                                   " tells of other points than the file has");
                }
            }
        }
    }

    // After an index all is reckoned from what it says, so that one damage is told once.
    void adopt(const index_content& content) {
        for (const auto& [id, summary] : content.summaries) {
            summaries_[id] = summary;
        }
        frames_ = content.frames;
        before_points_ = content.points - report_.points;
        listed_.clear();
        if (!content.pyramids.empty()) {
            far_.clear_points();
            is_far_whole_ = true;
        }
        far_.clear_pyramids();
    }

    static bool is_same(const series_summary& a, const series_summary& b) noexcept {
        return a.count == b.count && a.nan == b.nan && a.inf == b.inf && a.first == b.first &&
               a.last == b.last && a.min_step == b.min_step && a.max_step == b.max_step &&
               (!a.has_finite() || (a.min == b.min && a.max == b.max));
    }

    void finish(const file_header& header) {
        report_.is_columnar = header.generation != 0;
        if (report_.is_columnar && !report_.is_closed) {
            add({report_.size - report_.tail_bytes, report_.size},
                "the end of the file is missing, which was written whole");
        }
        for (const auto& [id, summary] : summaries_) {
            report_.series += summary.count != 0 ? 1U : 0U;
            if (names_.find(id) == nullptr) {
                add({header_bytes, header_bytes},
                    "series " + std::to_string(id) + " has points and no key");
            }
        }
    }

    const os::file& file_;
    verify_report report_;
    chunk_reader chunk_;
    id_table<bool> names_;
    id_table<series_summary> summaries_;
    pyramid_check far_;
    std::vector<frames_entry> listed_;  // FRAMES and CHUNK blocks since the last index
    std::uint64_t frames_ = 0;
    std::uint64_t before_points_ = 0;  // that lost blocks held, as an index tells; may wrap
    std::uint64_t sequence_ = 0;       // expected next
    std::uint64_t shift_ = 0;          // of the block at hand, from where it says; may wrap
    std::uint64_t last_index_ = 0;
    std::uint64_t dictionary_ = 0;
    bool is_whole_ = true;      // nothing was lost since the last index,
    bool is_far_whole_ = true;  // and before it since the last pyramid
};

}  // namespace detail

inline result<verify_report> verify(const std::string& path, const os::env& system) {
    const auto opened = open_series_file(path, system);
    if (!opened) {
        return opened.error();
    }
    auto report = detail::verifier(opened->file, opened->status.size)
                      .run(opened->header, opened->has_damaged_header);
    if (!report || (report->damage.empty() && report->tail_bytes == 0)) {
        return report;
    }
    const auto list =
        list_blocks(opened->file, checksum_seed(opened->header.id), opened->status.size);
    if (!list) {
        return list.error();
    }
    return list->has_displaced()
               ? detail::verifier(opened->file, opened->status.size)
                     .run_displaced(opened->header, opened->has_damaged_header, *list)
               : report;
}

}}}  // namespace guild::series

// guild/series/file_map.hpp - where the points of a series file stand: what all its indices list.
//
// Layer 3. Includes: base, series/block_reader.hpp, series/index.hpp.
// Not here: reading the points (series/reader.hpp).
//
// Each INDEX lists the blocks since the INDEX before and says where that one is, so the map is
// gathered from the last one back to the beginning of the file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/config.hpp>
#include <guild/series/block_reader.hpp>
#include <guild/series/format.hpp>
#include <guild/series/index.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Points with a step and a time within these limits, both ends included.
///
/// units    as point
struct point_range {
    std::int64_t min_step = std::numeric_limits<std::int64_t>::min();
    std::int64_t max_step = std::numeric_limits<std::int64_t>::max();
    std::int64_t min_time_us = std::numeric_limits<std::int64_t>::min();
    std::int64_t max_time_us = std::numeric_limits<std::int64_t>::max();

    [[nodiscard]] bool holds(std::int64_t step, std::int64_t time_us) const noexcept {
        return step >= min_step && step <= max_step && time_us >= min_time_us &&
               time_us <= max_time_us;
    }
    [[nodiscard]] bool holds_all() const noexcept {
        constexpr auto low = std::numeric_limits<std::int64_t>::min();
        constexpr auto high = std::numeric_limits<std::int64_t>::max();
        return min_step == low && max_step == high && min_time_us == low && max_time_us == high;
    }
    [[nodiscard]] bool meets(const frames_entry& entry) const noexcept {
        return entry.max_step >= min_step && entry.min_step <= max_step &&
               entry.max_time_us >= min_time_us && entry.min_time_us <= max_time_us;
    }
};

/// What one INDEX covers.
struct file_section {
    std::uint64_t begin = 0;         // of what the index lists
    std::uint64_t index_offset = 0;  // of the index itself
    std::uint64_t end = 0;           // of the index
    index_content content;           // without its summaries
};

/// The sections of a file in order.
///
/// example  tests/series/file_map.cpp "file map: the indices of a live file join without a gap"
class file_map {
public:
    /// Gathers all sections up to the index at `index_offset`. Those that are known are kept.
    ///
    /// out      false when an index on the way is damaged: then nothing is known
    [[nodiscard]] bool load(file_window& window, std::uint32_t seed, std::uint64_t index_offset,
                            std::uint64_t size);

    void clear() noexcept { sections_.clear(); }

    [[nodiscard]] const std::vector<file_section>& sections() const noexcept { return sections_; }

    /// Whether the file has columns: then a series is in a part of its blocks.
    [[nodiscard]] bool has_chunks() const noexcept {
        return !sections_.empty() && !sections_.front().content.chunks.empty();
    }

private:
    std::vector<file_section> sections_;
};

/// Whether a list of ids holds `id`.
[[nodiscard]] inline bool has_id(const std::vector<std::uint32_t>& ids, std::uint32_t id) noexcept {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// ---- implementation ---------------------------------------------------------

inline bool file_map::load(file_window& window, std::uint32_t seed, std::uint64_t index_offset,
                           std::uint64_t size) {
    const std::uint64_t known = sections_.empty() ? 0 : sections_.back().index_offset;
    std::vector<file_section> found;
    while (index_offset != known) {
        constexpr std::uint64_t usual_bytes = std::uint64_t{8} << 10U;
        const auto from = find_lone_block_at(window, seed, index_offset, size, usual_bytes);
        file_section next;
        if (!from || from->type != block_type::index ||
            !decode_places(from->payload, next.content) ||
            next.content.covers_offset > index_offset || from->last_index_offset >= index_offset) {
            clear();
            return false;
        }
        next.begin = next.content.covers_offset;
        next.index_offset = index_offset;
        next.end = from->end();
        index_offset = from->last_index_offset;
        found.push_back(std::move(next));
        if (index_offset == 0 && known != 0) {
            sections_.clear();  // another file took this one's place
            break;
        }
    }
    std::uint64_t end = sections_.empty() ? header_bytes : sections_.back().end;
    for (auto next = found.rbegin(); next != found.rend(); ++next) {
        if (next->begin != end) {
            clear();
            return false;
        }
        end = next->end;
        sections_.push_back(std::move(*next));
    }
    return true;
}

}}}  // namespace guild::series

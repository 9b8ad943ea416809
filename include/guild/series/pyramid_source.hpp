// guild/series/pyramid_source.hpp - the pyramids in a series file: which level, and its buckets.
//
// Layer 3. Includes: base, series/block_reader.hpp file_map.hpp pixels.hpp pyramid.hpp.
// Not here: the columns of a chart (series/pixels.hpp); points themselves (series/reader.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/config.hpp>
#include <guild/series/block_reader.hpp>
#include <guild/series/file_map.hpp>
#include <guild/series/format.hpp>
#include <guild/series/pixels.hpp>
#include <guild/series/point.hpp>
#include <guild/series/pyramid.hpp>

namespace guild { inline namespace v0 { namespace series {

/// How many points of a series may be in the range of a chart, at least one, and the ends of its
/// axis. What no index lists yet is not counted.
struct measured {
    std::uint64_t points = 0;
    pixel_reducer::extent axis;
};
[[nodiscard]] measured measure(const file_map& map, std::uint32_t id, const series_summary& summary,
                               const pixel_request& request);

/// An open file whose blocks are read.
struct pyramid_source {
    file_window* window;
    std::uint32_t seed;
    std::uint64_t size;
};

/// Puts the buckets of a series into columns that a pyramid has for the section `first` of a file
/// and maybe for some that follow: of the wanted level, or of the coarsest finer one there is.
///
/// out      for how many sections that was; 0 when there is none or it is damaged: then the points
///          of the section are to be read
[[nodiscard]] std::size_t add_buckets(const pyramid_source& file, const file_map& map,
                                      std::size_t first, pyramid_wish wanted, pixel_reducer& into);

// ---- implementation ---------------------------------------------------------

// How many points of the series may be in the range, and the ends of the axis.
inline measured measure(const file_map& map, std::uint32_t id, const series_summary& summary,
                        const pixel_request& request) {
    const point_range& range = request.range;
    std::uint64_t points = 0;
    pixel_reducer::extent axis{std::min(summary.first.time_us, summary.last.time_us),
                               std::max(summary.first.time_us, summary.last.time_us)};
    const auto count = [&](const frames_entry& entry) {
        points += range.meets(entry) ? entry.frames : 0;
        axis.low = std::min(axis.low, entry.min_time_us);
        axis.high = std::max(axis.high, entry.max_time_us);
    };
    for (const file_section& section : map.sections()) {
        std::for_each(section.content.blocks.begin(), section.content.blocks.end(), count);
        for (const chunk_entry& entry : section.content.chunks) {
            if (has_id(section.content.groups[entry.group], id)) {
                count(entry);
            }
        }
    }
    if (request.axis == x_axis::step) {
        axis = {summary.min_step, summary.max_step};
    }
    const bool by_step = request.axis == x_axis::step;
    axis.low = std::max(axis.low, by_step ? range.min_step : range.min_time_us);
    axis.high = std::min(axis.high, by_step ? range.max_step : range.max_time_us);
    return {std::max<std::uint64_t>(std::min(points, summary.count), 1), axis};
}

namespace detail {

// Whether a block of the sections may have points in a range.
inline bool is_met(const file_map& map, std::size_t first, std::size_t last,
                   const point_range& range) {
    const auto meets = [&range](const frames_entry& entry) { return range.meets(entry); };
    for (std::size_t at = first; at <= last; ++at) {
        const index_content& content = map.sections()[at].content;
        if (std::any_of(content.blocks.begin(), content.blocks.end(), meets) ||
            std::any_of(content.chunks.begin(), content.chunks.end(), meets)) {
            return true;
        }
    }
    return false;
}

// The buckets of a series in a section, of the wanted level or the coarsest finer one there is.
inline bool read_buckets(const pyramid_source& file, const file_section& section,
                         pyramid_wish wanted, std::vector<pyramid_piece>& out) {
    for (const pyramid_entry& entry : section.content.pyramids) {
        if (!has_id(entry.ids, wanted.id)) {
            continue;
        }
        constexpr std::uint64_t usual_bytes = std::uint64_t{4} << 10U;
        const auto from =
            find_lone_block_at(*file.window, file.seed, entry.offset, file.size, usual_bytes);
        if (!from || from->type != block_type::pyramid) {
            return false;
        }
        std::string_view rest = from->payload;
        pyramid_piece piece;
        while (!rest.empty()) {
            if (!decode_piece(rest, wanted, piece)) {
                return false;
            }
            if (!piece.buckets.empty()) {
                out.push_back(std::move(piece));
            }
        }
    }
    return !out.empty();
}

}  // namespace detail

inline std::size_t add_buckets(const pyramid_source& file, const file_map& map, std::size_t first,
                               pyramid_wish wanted, pixel_reducer& into) {
    // The first pyramid from here on, if it begins with this section.
    const auto& sections = map.sections();
    std::size_t at = first;
    while (at < sections.size() && sections[at].content.pyramids.empty()) {
        ++at;
    }
    if (at == sections.size() || sections[at].content.pyramid_begin != sections[first].begin) {
        return 0;
    }
    if (!detail::is_met(map, first, at, into.range())) {
        return at - first + 1;
    }
    std::vector<pyramid_piece> pieces;
    for (; !detail::read_buckets(file, sections[at], wanted, pieces); --wanted.level) {
        pieces.clear();
        if (wanted.level == 0) {
            return 0;
        }
    }
    for (const pyramid_piece& piece : pieces) {
        const point* kept = piece.points.data();
        for (const bucket& next : piece.buckets) {
            into.add(next, kept);
            kept += next.kept;
        }
    }
    return at - first + 1;
}

}}}  // namespace guild::series

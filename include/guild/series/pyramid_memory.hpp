// guild/series/pyramid_memory.hpp - the pyramids of a file that is still in rows, in memory and
// with all levels.
//
// Layer 3. Includes: base, series/file_map id_table pixels pyramid pyramid_source.
// Not here: the pyramids in the file (series/pyramid_source.hpp); who asks (series/reader.hpp).
//
// Such a file has the finest level alone, in one block for each thousand points or so, and every
// block tells of all series. For one chart all of them would be read; here each is read once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/config.hpp>
#include <guild/series/file_map.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/pixels.hpp>
#include <guild/series/pyramid.hpp>
#include <guild/series/pyramid_source.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Buckets of all series of one file, as far as its indices go.
///
/// cost     some 30 bytes for 256 points; where that is over the limit the finest levels go, whose
///          buckets are then read from the file
/// example  tests/series/pyramid_memory.cpp "pyramid memory: buckets are those of the file"
class pyramid_memory {
public:
    /// Keeps about so many bytes; 0, as at first: nothing.
    void limit(std::uint64_t most_bytes);

    void clear();

    /// Takes in what the map has gained since; a map of another file starts anew.
    void follow(const pyramid_source& file, const file_map& map);

    /// As series::add_buckets, for the same sections.
    ///
    /// out      0 also where the level was given up
    [[nodiscard]] std::size_t add_buckets(std::size_t first, pyramid_wish wanted,
                                          pixel_reducer& into) const;

    /// What the kept buckets take.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

private:
    struct level {
        bucket_builder begun;  // of a coarse level: from finer buckets, not yet one of its own
        pyramid_piece open;
        std::vector<std::string> coded;
    };
    // Sections that follow each other and of which each pyramid tells of the series.
    struct stretch {
        std::size_t first = 0;
        std::size_t end = 0;
        level levels[pyramid_levels];
    };

    void take(const pyramid_source& file, const file_map& map, std::size_t section);
    [[nodiscard]] static bool read_pieces(const pyramid_source& file, std::uint64_t offset,
                                          std::vector<pyramid_piece>& out);
    [[nodiscard]] stretch& stretch_of(std::uint32_t id, std::size_t first, std::size_t section);
    void add(std::uint32_t id, stretch& into, const pyramid_piece& piece);
    void close_coarse(std::uint32_t id, stretch& into, std::size_t at);
    void code_if_full(std::uint32_t id, level& of, std::size_t at);
    void shrink();

    std::uint64_t most_bytes_ = 0;
    std::uint64_t bytes_ = 0;
    std::size_t finest_ = 0;  // levels below were given up
    std::size_t known_ = 0;   // sections
    std::uint64_t known_end_ = 0;
    id_table<std::vector<stretch>> series_;
    piece_encoder encoder_;
    std::string scratch_;
};

// ---- implementation ---------------------------------------------------------

inline void pyramid_memory::limit(std::uint64_t most_bytes) {
    if (most_bytes > most_bytes_ && finest_ != 0) {
        clear();  // what was given up may have room now
    }
    most_bytes_ = most_bytes;
    shrink();
}

inline void pyramid_memory::clear() {
    series_.clear();
    bytes_ = 0;
    finest_ = 0;
    known_ = 0;
    known_end_ = 0;
}

inline void pyramid_memory::follow(const pyramid_source& file, const file_map& map) {
    if (most_bytes_ == 0) {
        return;
    }
    const auto& sections = map.sections();
    if (known_ > sections.size() || (known_ != 0 && sections[known_ - 1].end != known_end_)) {
        clear();
    }
    for (; known_ < sections.size(); ++known_) {
        if (finest_ < pyramid_levels) {
            take(file, map, known_);
            shrink();
        }
        known_end_ = sections[known_].end;
    }
}

// The pyramid at the end of a section, of the sections since the pyramid before.
inline void pyramid_memory::take(const pyramid_source& file, const file_map& map,
                                 std::size_t section) {
    const index_content& content = map.sections()[section].content;
    std::size_t first = section;
    while (first > 0 && map.sections()[first].begin > content.pyramid_begin) {
        --first;
    }
    if (content.pyramids.empty() || map.sections()[first].begin != content.pyramid_begin) {
        return;
    }
    std::vector<pyramid_piece> pieces;
    std::vector<std::uint32_t> damaged;  // their points will be read
    for (const pyramid_entry& entry : content.pyramids) {
        const std::size_t before = pieces.size();
        if (!read_pieces(file, entry.offset, pieces)) {
            pieces.resize(before);
            damaged.insert(damaged.end(), entry.ids.begin(), entry.ids.end());
        }
    }
    for (const pyramid_piece& piece : pieces) {
        if (!has_id(damaged, piece.id)) {
            add(piece.id, stretch_of(piece.id, first, section), piece);
        }
    }
}

inline bool pyramid_memory::read_pieces(const pyramid_source& file, std::uint64_t offset,
                                        std::vector<pyramid_piece>& out) {
    constexpr std::uint64_t usual_bytes = std::uint64_t{4} << 10U;
    const auto from = find_lone_block_at(*file.window, file.seed, offset, file.size, usual_bytes);
    if (!from || from->type != block_type::pyramid) {
        return false;
    }
    std::string_view rest = from->payload;
    while (!rest.empty()) {
        out.emplace_back();
        if (!decode_any_piece(rest, 0, out.back())) {
            return false;
        }
        if (out.back().buckets.empty()) {
            out.pop_back();
        }
    }
    return true;
}

inline pyramid_memory::stretch& pyramid_memory::stretch_of(std::uint32_t id, std::size_t first,
                                                           std::size_t section) {
    std::vector<stretch>& known = series_[id];
    if (known.empty() || (known.back().end != first && known.back().end != section + 1)) {
        known.emplace_back();
        known.back().first = first;
        bytes_ += sizeof(stretch);
    }
    known.back().end = section + 1;
    return known.back();
}

inline void pyramid_memory::add(std::uint32_t id, stretch& into, const pyramid_piece& piece) {
    const point* kept = piece.points.data();
    for (const bucket& next : piece.buckets) {
        into.levels[1].begun.add(next, kept);
        if (into.levels[1].begun.points() >= bucket_points(1)) {
            close_coarse(id, into, 1);
        }
        kept += next.kept;
    }
    if (finest_ == 0) {
        pyramid_piece& open = into.levels[0].open;
        open.buckets.insert(open.buckets.end(), piece.buckets.begin(), piece.buckets.end());
        open.points.insert(open.points.end(), piece.points.begin(), piece.points.end());
        code_if_full(id, into.levels[0], 0);
    }
}

// A coarse bucket is whole: it is one of its level, and a part of one of the next.
inline void pyramid_memory::close_coarse(std::uint32_t id, stretch& into, std::size_t at) {
    level& here = into.levels[at];
    const std::size_t before = here.open.points.size();
    here.begun.finish(here.open);
    if (at + 1 < pyramid_levels) {
        level& next = into.levels[at + 1];
        next.begun.add(here.open.buckets.back(), here.open.points.data() + before);
        if (next.begun.points() >= bucket_points(static_cast<std::uint32_t>(at + 1))) {
            close_coarse(id, into, at + 1);
        }
    }
    if (at < finest_) {
        here.open.clear();
    } else {
        code_if_full(id, here, at);
    }
}

// Open buckets take four times the room of coded ones: of many series they are fewer each.
inline void pyramid_memory::code_if_full(std::uint32_t id, level& of, std::size_t at) {
    constexpr std::size_t all_open = 16384;
    const std::size_t most = std::clamp<std::size_t>(all_open / series_.size(), 8, 256);
    if (of.open.buckets.size() < most) {
        return;
    }
    of.open.id = id;
    of.open.level = static_cast<std::uint32_t>(at);
    scratch_.clear();
    encoder_.append(scratch_, of.open);
    of.open.clear();
    of.coded.push_back(scratch_);
    bytes_ += scratch_.size() + sizeof(std::string);
}

inline void pyramid_memory::shrink() {
    for (; bytes_ > most_bytes_ && finest_ < pyramid_levels; ++finest_) {
        for (auto& of : series_) {
            for (stretch& each : of.value) {
                for (const std::string& piece : each.levels[finest_].coded) {
                    bytes_ -= piece.size() + sizeof(std::string);
                }
                each.levels[finest_].coded = {};
                each.levels[finest_].open = {};
            }
        }
    }
    if (finest_ == pyramid_levels) {
        series_.clear();
        bytes_ = 0;
    }
}

namespace detail {

inline void add_piece(const pyramid_piece& piece, pixel_reducer& into) {
    const point* kept = piece.points.data();
    for (const bucket& next : piece.buckets) {
        into.add(next, kept);
        kept += next.kept;
    }
}

}  // namespace detail

inline std::size_t pyramid_memory::add_buckets(std::size_t first, pyramid_wish wanted,
                                               pixel_reducer& into) const {
    const std::vector<stretch>* known = series_.find(wanted.id);
    if (known == nullptr || wanted.level < finest_ || wanted.level >= pyramid_levels) {
        return 0;
    }
    const auto found =
        std::lower_bound(known->begin(), known->end(), first,
                         [](const stretch& each, std::size_t at) { return each.first < at; });
    if (found == known->end() || found->first != first) {
        return 0;
    }
    pyramid_piece piece;
    for (const std::string& coded : found->levels[wanted.level].coded) {
        std::string_view rest = coded;
        (void)decode_piece(rest, wanted, piece);  // coded here
        detail::add_piece(piece, into);
    }
    detail::add_piece(found->levels[wanted.level].open, into);
    for (std::size_t at = wanted.level; at > 0; --at) {
        bucket_builder begun = found->levels[at].begun;
        piece.clear();
        begun.finish(piece);
        detail::add_piece(piece, into);
    }
    return found->end - first;
}

}}}  // namespace guild::series

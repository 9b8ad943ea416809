// guild/series/index.hpp - the payload of an INDEX block: what stands where in a series file, and
// every series at a glance.
//
// Layer 3. Includes: base, series/frames.hpp id_table.hpp index_summary.hpp payload.hpp
// point.hpp. Pure: bytes in, values out.
// Not here: other payloads (series/payload.hpp, frames.hpp, chunk.hpp, pyramid.hpp).
// docs/format-series.md, section "INDEX", is the specification.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/index_summary.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// A FRAMES block as an index lists it.
struct frames_entry {
    std::uint64_t offset = 0;
    std::uint64_t frames = 0;
    std::uint64_t points = 0;
    std::int64_t min_step = 0;
    std::int64_t max_step = 0;
    std::int64_t min_time_us = 0;
    std::int64_t max_time_us = 0;

    /// Takes in what another entry tells, of the same block.
    void add(const frames_entry& other) noexcept;
};

/// A CHUNK block as an index lists it.
struct chunk_entry : frames_entry {
    std::uint32_t group = 0;  // place in index_content::groups
};

/// A PYRAMID block as an index lists it.
struct pyramid_entry {
    std::uint64_t offset = 0;
    std::vector<std::uint32_t> ids;  // of the series it tells of
};

/// What an INDEX says; summaries carry their id and no key.
struct index_content {
    std::uint64_t dictionary_offset = 0;  // of a block with the names of all series
    std::uint64_t covers_offset = 0;      // what is listed stands from here to the index
    std::uint64_t frames = 0;             // in the file before the index
    std::uint64_t points = 0;
    std::int64_t base_time_us = 0;  // any; times are short that are near to it
    std::vector<frames_entry> blocks;
    std::vector<std::vector<std::uint32_t>> groups;  // the series that chunks of a group may hold
    std::vector<chunk_entry> chunks;
    std::uint64_t pyramid_begin = 0;  // what `pyramids` tell of stands from here to the index
    std::vector<pyramid_entry> pyramids;
    std::vector<std::pair<std::uint32_t, series_summary>>
        summaries;  // of the file before the index
};

/// What is to know of an INDEX to list the series of a file.
struct index_glance {
    std::uint64_t dictionary_offset = 0;
    id_table<series_summary> summaries;
};

void append_index(std::string& out, const index_content& content);
[[nodiscard]] bool decode_index(std::string_view payload, index_content& out);

/// The same without the summaries.
[[nodiscard]] bool decode_places(std::string_view payload, index_content& out);

/// The same for what lists need, in a fraction of the time.
///
/// out      false for bad bytes: what is there then means nothing
/// example  tests/series/index.cpp "index: a glance at it tells the same summaries"
[[nodiscard]] bool decode_glance(std::string_view payload, index_glance& out);

// ---- implementation ---------------------------------------------------------

inline void frames_entry::add(const frames_entry& other) noexcept {
    const bool is_first = frames == 0;
    frames += other.frames;
    points += other.points;
    min_step = is_first ? other.min_step : std::min(min_step, other.min_step);
    max_step = is_first ? other.max_step : std::max(max_step, other.max_step);
    min_time_us = is_first ? other.min_time_us : std::min(min_time_us, other.min_time_us);
    max_time_us = is_first ? other.max_time_us : std::max(max_time_us, other.max_time_us);
}

namespace detail {

enum class index_section : std::uint8_t { blocks = 1, summaries = 2, chunks = 3, pyramids = 4 };

// What lists of FRAMES and of CHUNK blocks say of each: `before` is the entry before, or the
// beginning of what the index covers.
inline void append_entry(std::string& out, const frames_entry& entry, const frames_entry& before) {
    append_varint(out, (entry.offset - before.offset) / 8);
    append_varint(out, entry.frames);
    append_varint(out, entry.points);
    append_range(out, entry.min_step, entry.max_step, before.min_step);
    append_range(out, entry.min_time_us, entry.max_time_us, before.min_time_us);
}
// False where an offset would not be one any more: offsets rise from entry to entry.
inline bool step_on(std::uint64_t& offset, std::uint64_t distance) noexcept {
    const bool good = distance <= (~std::uint64_t{0} - offset) / 8;
    offset += distance * 8;
    return good;
}
// In: `entry` is the one before. Out: the next one.
inline bool decode_entry(std::string_view& in, frames_entry& entry) noexcept {
    std::uint64_t distance = 0;
    const bool good = decode_varint(in, distance) && decode_varint(in, entry.frames) &&
                      decode_varint(in, entry.points) &&
                      decode_range(in, entry.min_step, entry.max_step, entry.min_step) &&
                      decode_range(in, entry.min_time_us, entry.max_time_us, entry.min_time_us);
    return good && step_on(entry.offset, distance);
}

// What the first entry of a list counts from.
inline frames_entry first_entry(const index_content& content) noexcept {
    frames_entry entry;
    entry.offset = content.covers_offset;
    entry.min_time_us = content.base_time_us;
    return entry;
}

inline void append_entries(std::string& out, const index_content& content) {
    append_varint(out, content.blocks.size());
    frames_entry before = first_entry(content);
    for (const frames_entry& entry : content.blocks) {
        append_entry(out, entry, before);
        before = entry;
    }
}
inline bool decode_entries(std::string_view in, index_content& out) {
    std::uint64_t count = 0;
    if (!decode_varint(in, count) || count > in.size()) {
        return false;
    }
    frames_entry entry = first_entry(out);
    for (; count > 0; --count) {
        if (!decode_entry(in, entry)) {
            return false;
        }
        out.blocks.push_back(entry);
    }
    return in.empty();
}

inline void append_chunks(std::string& out, const index_content& content) {
    append_varint(out, content.groups.size());
    for (const auto& ids : content.groups) {
        append_ids(out, ids);
    }
    append_varint(out, content.chunks.size());
    frames_entry before = first_entry(content);
    for (const chunk_entry& entry : content.chunks) {
        append_varint(out, entry.group);
        append_entry(out, entry, before);
        before = entry;
    }
}
inline bool decode_chunks(std::string_view in, index_content& out) {
    std::uint64_t count = 0;
    if (!decode_varint(in, count) || count > in.size()) {
        return false;
    }
    for (; count > 0; --count) {
        out.groups.emplace_back();
        if (!decode_ids(in, out.groups.back())) {
            return false;
        }
    }
    if (!decode_varint(in, count) || count > in.size()) {
        return false;
    }
    chunk_entry entry;
    static_cast<frames_entry&>(entry) = first_entry(out);
    for (; count > 0; --count) {
        std::uint64_t group = 0;
        if (!decode_varint(in, group) || group >= out.groups.size() || !decode_entry(in, entry)) {
            return false;
        }
        entry.group = static_cast<std::uint32_t>(group);
        out.chunks.push_back(entry);
    }
    return in.empty();
}

inline void append_pyramids(std::string& out, const index_content& content) {
    append_varint(out, (content.covers_offset - content.pyramid_begin) / 8);
    append_varint(out, content.pyramids.size());
    std::uint64_t before = content.covers_offset;
    for (const pyramid_entry& entry : content.pyramids) {
        append_varint(out, (entry.offset - before) / 8);
        append_ids(out, entry.ids);
        before = entry.offset;
    }
}
inline bool decode_pyramids(std::string_view in, index_content& out) {
    std::uint64_t count = 0;
    std::uint64_t back = 0;
    if (!decode_varint(in, back) || back > out.covers_offset / 8 || !decode_varint(in, count) ||
        count > in.size()) {
        return false;
    }
    out.pyramid_begin = out.covers_offset - back * 8;
    std::uint64_t offset = out.covers_offset;
    for (; count > 0; --count) {
        std::uint64_t distance = 0;
        out.pyramids.emplace_back();
        if (!decode_varint(in, distance) || !decode_ids(in, out.pyramids.back().ids) ||
            !step_on(offset, distance)) {
            return false;
        }
        out.pyramids.back().offset = offset;
    }
    return in.empty();
}

inline bool decode_section(std::uint64_t type, std::string_view content, index_content& out) {
    switch (type) {
    case static_cast<std::uint64_t>(index_section::blocks):
        return decode_entries(content, out);
    case static_cast<std::uint64_t>(index_section::summaries):
        return decode_summaries(content, out.base_time_us,
                                [&out](std::uint32_t id) -> series_summary& {
                                    out.summaries.emplace_back(id, series_summary{});
                                    return out.summaries.back().second;
                                });
    case static_cast<std::uint64_t>(index_section::chunks):
        return decode_chunks(content, out);
    case static_cast<std::uint64_t>(index_section::pyramids):
        return decode_pyramids(content, out);
    default:
        return true;  // of a later writer
    }
}

inline void append_section(std::string& out, index_section type, std::string_view content) {
    append_varint(out, static_cast<std::uint8_t>(type));
    append_text(out, content);
}

// Calls `use(type, content)` for each section until it returns false; false for bad bytes too.
template <class Use>
bool for_each_section(std::string_view in, Use&& use) {
    while (!in.empty()) {
        std::uint64_t type = 0;
        std::string_view content;
        if (!decode_varint(in, type) || !decode_view(in, content) || !use(type, content)) {
            return false;
        }
    }
    return true;
}

inline void append_head(std::string& out, const index_content& content) {
    append_varint(out, content.dictionary_offset / 8);
    append_varint(out, content.covers_offset / 8);
    append_varint(out, content.frames);
    append_varint(out, content.points);
    append_signed(out, content.base_time_us);
}
inline bool decode_head(std::string_view& in, index_content& out) noexcept {
    constexpr std::uint64_t most = ~std::uint64_t{0} / 8;
    if (!decode_varint(in, out.dictionary_offset) || !decode_varint(in, out.covers_offset) ||
        out.dictionary_offset > most || out.covers_offset > most ||
        !decode_varint(in, out.frames) || !decode_varint(in, out.points) ||
        !decode_signed(in, out.base_time_us)) {
        return false;
    }
    out.dictionary_offset *= 8;
    out.covers_offset *= 8;
    return true;
}

}  // namespace detail

inline void append_index(std::string& out, const index_content& content) {
    detail::append_head(out, content);
    std::string section;
    if (!content.blocks.empty()) {
        detail::append_entries(section, content);
        detail::append_section(out, detail::index_section::blocks, section);
    }
    section.clear();
    append_varint(section, content.summaries.size());
    std::int64_t before = content.base_time_us;
    for (const auto& [id, summary] : content.summaries) {
        append_summary(section, id, summary, before);
    }
    detail::append_section(out, detail::index_section::summaries, section);
    if (!content.chunks.empty()) {
        section.clear();
        detail::append_chunks(section, content);
        detail::append_section(out, detail::index_section::chunks, section);
    }
    if (!content.pyramids.empty()) {
        section.clear();
        detail::append_pyramids(section, content);
        detail::append_section(out, detail::index_section::pyramids, section);
    }
}

inline bool decode_index(std::string_view payload, index_content& out) {
    out = {};
    return detail::decode_head(payload, out) &&
           detail::for_each_section(payload, [&out](std::uint64_t type, std::string_view content) {
               return detail::decode_section(type, content, out);
           });
}

inline bool decode_places(std::string_view payload, index_content& out) {
    out = {};
    return detail::decode_head(payload, out) &&
           detail::for_each_section(payload, [&out](std::uint64_t type, std::string_view content) {
               return type == static_cast<std::uint64_t>(detail::index_section::summaries) ||
                      detail::decode_section(type, content, out);
           });
}

inline bool decode_glance(std::string_view payload, index_glance& out) {
    index_content head;
    out = {};
    if (!detail::decode_head(payload, head)) {
        return false;
    }
    out.dictionary_offset = head.dictionary_offset;
    const auto place = [&out](std::uint32_t id) -> series_summary& { return out.summaries[id]; };
    constexpr std::size_t usual_bytes = 20;  // of a summary
    return detail::for_each_section(payload, [&](std::uint64_t type, std::string_view content) {
        if (type == static_cast<std::uint64_t>(detail::index_section::summaries)) {
            out.summaries.reserve(content.size() / usual_bytes + 1);
            return decode_summaries(content, head.base_time_us, place);
        }
        return true;
    });
}

}}}  // namespace guild::series

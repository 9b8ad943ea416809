// guild/series/index.hpp - the payload of an INDEX block: what stands where in a series file, and
// every series at a glance.
//
// Layer 3. Includes: base, series/frames.hpp payload.hpp point.hpp. Pure: bytes in, values out.
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
    std::uint64_t dictionary_offset = 0;  // of a full dictionary
    std::uint64_t covers_offset = 0;      // what is listed stands from here to the index
    std::uint64_t frames = 0;             // in the file before the index
    std::uint64_t points = 0;
    std::vector<frames_entry> blocks;
    std::vector<std::vector<std::uint32_t>> groups;  // the series that chunks of a group may hold
    std::vector<chunk_entry> chunks;
    std::uint64_t pyramid_begin = 0;  // what `pyramids` tell of stands from here to the index
    std::vector<pyramid_entry> pyramids;
    std::vector<std::pair<std::uint32_t, series_summary>>
        summaries;  // of the file before the index
};

void append_index(std::string& out, const index_content& content);
[[nodiscard]] bool decode_index(std::string_view payload, index_content& out);

// ---- implementation ---------------------------------------------------------

namespace detail {

enum class index_section : std::uint8_t { blocks = 1, summaries = 2, chunks = 3, pyramids = 4 };

inline void append_range(std::string& out, std::int64_t min, std::int64_t max, std::int64_t base) {
    append_signed(out, minus(min, base));
    append_varint(out, static_cast<std::uint64_t>(minus(max, min)));
}
inline bool decode_range(std::string_view& in, std::int64_t& min, std::int64_t& max,
                         std::int64_t base) noexcept {
    std::uint64_t extent = 0;
    if (!decode_signed(in, min) || !decode_varint(in, extent)) {
        return false;
    }
    min = plus(min, base);
    max = plus(min, static_cast<std::int64_t>(extent));
    return true;
}

inline void append_number(std::string& out, const number& value) {
    const width form = width_of(value);
    out += static_cast<char>(form);
    append_value(out, value, form);
}
inline bool decode_number(std::string_view& in, number& out) noexcept {
    if (in.empty() || static_cast<unsigned char>(in.front()) > 3) {
        return false;
    }
    const auto form = static_cast<width>(in.front());
    if (in.size() < 1 + bytes_of(form)) {
        return false;
    }
    out = load_value(in.data() + 1, form);
    in.remove_prefix(1 + bytes_of(form));
    return true;
}

inline void append_point(std::string& out, const point& from) {
    append_signed(out, from.step);
    append_signed(out, from.time_us);
    append_number(out, from.value);
}
inline bool decode_point(std::string_view& in, point& out) noexcept {
    return decode_signed(in, out.step) && decode_signed(in, out.time_us) &&
           decode_number(in, out.value);
}

inline void append_summary(std::string& out, std::uint32_t id, const series_summary& from) {
    append_varint(out, id);
    append_varint(out, from.count);
    append_varint(out, from.nan);
    append_varint(out, from.inf);
    append_point(out, from.first);
    append_point(out, from.last);
    append_range(out, from.min_step, from.max_step, 0);
    if (from.has_finite()) {
        append_number(out, from.min);
        append_number(out, from.max);
    }
}
inline bool decode_summary(std::string_view& in, std::uint32_t& id, series_summary& out) {
    std::uint64_t number_of_series = 0;
    if (!decode_varint(in, number_of_series) || number_of_series > 0xFFFFFFFFU ||
        !decode_varint(in, out.count) || !decode_varint(in, out.nan) ||
        !decode_varint(in, out.inf) || !decode_point(in, out.first) ||
        !decode_point(in, out.last) || !decode_range(in, out.min_step, out.max_step, 0)) {
        return false;
    }
    id = static_cast<std::uint32_t>(number_of_series);
    return !out.has_finite() || (decode_number(in, out.min) && decode_number(in, out.max));
}

// What lists of FRAMES and of CHUNK blocks say of each: `before` is the entry before, or the
// beginning of what the index covers.
inline void append_entry(std::string& out, const frames_entry& entry, const frames_entry& before) {
    append_varint(out, (entry.offset - before.offset) / 8);
    append_varint(out, entry.frames);
    append_varint(out, entry.points);
    append_range(out, entry.min_step, entry.max_step, before.min_step);
    append_range(out, entry.min_time_us, entry.max_time_us, before.min_time_us);
}
// In: `entry` is the one before. Out: the next one.
inline bool decode_entry(std::string_view& in, frames_entry& entry) noexcept {
    std::uint64_t distance = 0;
    const bool good = decode_varint(in, distance) && decode_varint(in, entry.frames) &&
                      decode_varint(in, entry.points) &&
                      decode_range(in, entry.min_step, entry.max_step, entry.min_step) &&
                      decode_range(in, entry.min_time_us, entry.max_time_us, entry.min_time_us);
    entry.offset += distance * 8;
    return good;
}

inline void append_entries(std::string& out, const index_content& content) {
    append_varint(out, content.blocks.size());
    frames_entry before;
    before.offset = content.covers_offset;
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
    frames_entry entry;
    entry.offset = out.covers_offset;
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
    frames_entry before;
    before.offset = content.covers_offset;
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
    entry.offset = out.covers_offset;
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
        if (!decode_varint(in, distance) || !decode_ids(in, out.pyramids.back().ids)) {
            return false;
        }
        offset += distance * 8;
        out.pyramids.back().offset = offset;
    }
    return in.empty();
}

inline bool decode_summaries(std::string_view in, index_content& out) {
    constexpr std::uint64_t least_bytes = 14;  // that a summary takes
    std::uint64_t count = 0;
    if (!decode_varint(in, count) || count > in.size()) {
        return false;
    }
    out.summaries.reserve(
        guild::detail::convert<std::size_t>(std::min(count, in.size() / least_bytes + 1)));
    for (; count > 0; --count) {
        out.summaries.emplace_back();
        if (!decode_summary(in, out.summaries.back().first, out.summaries.back().second)) {
            return false;
        }
    }
    return in.empty();
}

inline bool decode_section(std::uint64_t type, std::string_view content, index_content& out) {
    switch (type) {
    case static_cast<std::uint64_t>(index_section::blocks):
        return decode_entries(content, out);
    case static_cast<std::uint64_t>(index_section::summaries):
        return decode_summaries(content, out);
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

}  // namespace detail

inline void append_index(std::string& out, const index_content& content) {
    append_le(out, content.dictionary_offset);
    append_le(out, content.covers_offset);
    append_le(out, content.frames);
    append_le(out, content.points);
    std::string section;
    detail::append_entries(section, content);
    detail::append_section(out, detail::index_section::blocks, section);
    section.clear();
    append_varint(section, content.summaries.size());
    for (const auto& [id, summary] : content.summaries) {
        detail::append_summary(section, id, summary);
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
    if (payload.size() < 32) {
        return false;
    }
    out.dictionary_offset = load_le<std::uint64_t>(payload.data());
    out.covers_offset = load_le<std::uint64_t>(payload.data() + 8);
    out.frames = load_le<std::uint64_t>(payload.data() + 16);
    out.points = load_le<std::uint64_t>(payload.data() + 24);
    payload.remove_prefix(32);
    while (!payload.empty()) {
        std::uint64_t type = 0;
        std::uint64_t size = 0;
        if (!decode_varint(payload, type) || !decode_varint(payload, size) ||
            size > payload.size()) {
            return false;
        }
        const std::string_view section =
            payload.substr(0, guild::detail::convert<std::size_t>(size));
        payload.remove_prefix(section.size());
        if (!detail::decode_section(type, section, out)) {
            return false;
        }
    }
    return true;
}

}}}  // namespace guild::series

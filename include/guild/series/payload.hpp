// guild/series/payload.hpp - what blocks hold beside frames: dictionary, index, note.
//
// Layer 3. Includes: base, series/frames.hpp, series/point.hpp. Pure: bytes in, values out.
// Not here: frames (series/frames.hpp); the block around a payload (series/format.hpp).
// docs/format-series.md, section "Payloads", is the specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// One entry of a dictionary: the number of a series, its key, and texts about it.
struct series_name {
    std::uint32_t id = 0;
    std::string key;
    std::vector<std::pair<std::string, std::string>> attributes;
};

void append_dictionary(std::string& out, const series_name* names, std::size_t count);
[[nodiscard]] bool decode_dictionary(std::string_view payload, std::vector<series_name>& out);

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

/// What an INDEX says; summaries carry their id and no key.
struct index_content {
    std::uint64_t dictionary_offset = 0;  // of a full dictionary
    std::uint64_t covers_offset = 0;      // `blocks` lists the FRAMES blocks from here to the index
    std::uint64_t frames = 0;             // in the file before the index
    std::uint64_t points = 0;
    std::vector<frames_entry> blocks;
    std::vector<std::pair<std::uint32_t, series_summary>>
        summaries;  // of the file before the index
};

void append_index(std::string& out, const index_content& content);
[[nodiscard]] bool decode_index(std::string_view payload, index_content& out);

/// A remark in the file: a mark, a gap, an attempt.
struct note {
    std::int64_t time_us = 0;
    std::vector<std::pair<std::string, std::string>> texts;
};

void append_note(std::string& out, const note& content);
[[nodiscard]] bool decode_note(std::string_view payload, note& out);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline void append_text(std::string& out, std::string_view text) {
    append_varint(out, text.size());
    out += text;
}
inline bool decode_text(std::string_view& in, std::string& out) {
    std::uint64_t size = 0;
    if (!decode_varint(in, size) || size > in.size()) {
        return false;
    }
    out.assign(in.substr(0, guild::detail::convert<std::size_t>(size)));
    in.remove_prefix(out.size());
    return true;
}

using text_pairs = std::vector<std::pair<std::string, std::string>>;

inline void append_pairs(std::string& out, const text_pairs& pairs) {
    append_varint(out, pairs.size());
    for (const auto& [name, text] : pairs) {
        append_text(out, name);
        append_text(out, text);
    }
}
inline bool decode_pairs(std::string_view& in, text_pairs& out) {
    std::uint64_t count = 0;
    if (!decode_varint(in, count) || count > in.size()) {
        return false;
    }
    out.clear();
    for (; count > 0; --count) {
        out.emplace_back();
        if (!decode_text(in, out.back().first) || !decode_text(in, out.back().second)) {
            return false;
        }
    }
    return true;
}

}  // namespace detail

inline void append_dictionary(std::string& out, const series_name* names, std::size_t count) {
    append_varint(out, count);
    for (std::size_t i = 0; i < count; ++i) {
        append_varint(out, names[i].id);
        detail::append_text(out, names[i].key);
        detail::append_pairs(out, names[i].attributes);
    }
}

inline bool decode_dictionary(std::string_view payload, std::vector<series_name>& out) {
    out.clear();
    std::uint64_t count = 0;
    if (!decode_varint(payload, count) || count > payload.size()) {
        return false;
    }
    for (; count > 0; --count) {
        out.emplace_back();
        std::uint64_t id = 0;
        if (!decode_varint(payload, id) || id > 0xFFFFFFFFU ||
            !detail::decode_text(payload, out.back().key) ||
            !detail::decode_pairs(payload, out.back().attributes)) {
            return false;
        }
        out.back().id = static_cast<std::uint32_t>(id);
    }
    return payload.empty();
}

namespace detail {

enum class index_section : std::uint8_t { blocks = 1, summaries = 2 };

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

inline void append_entries(std::string& out, const index_content& content) {
    append_varint(out, content.blocks.size());
    frames_entry before;
    before.offset = content.covers_offset;
    for (const frames_entry& entry : content.blocks) {
        append_varint(out, (entry.offset - before.offset) / 8);
        append_varint(out, entry.frames);
        append_varint(out, entry.points);
        append_range(out, entry.min_step, entry.max_step, before.min_step);
        append_range(out, entry.min_time_us, entry.max_time_us, before.min_time_us);
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
        std::uint64_t distance = 0;
        if (!decode_varint(in, distance) || !decode_varint(in, entry.frames) ||
            !decode_varint(in, entry.points) ||
            !decode_range(in, entry.min_step, entry.max_step, entry.min_step) ||
            !decode_range(in, entry.min_time_us, entry.max_time_us, entry.min_time_us)) {
            return false;
        }
        entry.offset += distance * 8;
        out.blocks.push_back(entry);
    }
    return in.empty();
}

inline bool decode_summaries(std::string_view in, index_content& out) {
    std::uint64_t count = 0;
    if (!decode_varint(in, count) || count > in.size()) {
        return false;
    }
    for (; count > 0; --count) {
        out.summaries.emplace_back();
        if (!decode_summary(in, out.summaries.back().first, out.summaries.back().second)) {
            return false;
        }
    }
    return in.empty();
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
        const bool good = type == 1   ? detail::decode_entries(section, out)
                          : type == 2 ? detail::decode_summaries(section, out)
                                      : true;  // a section of a later writer
        if (!good) {
            return false;
        }
    }
    return true;
}

inline void append_note(std::string& out, const note& content) {
    append_le(out, content.time_us);
    detail::append_pairs(out, content.texts);
}

inline bool decode_note(std::string_view payload, note& out) {
    if (payload.size() < 8) {
        return false;
    }
    out.time_us = load_le<std::int64_t>(payload.data());
    payload.remove_prefix(8);
    return detail::decode_pairs(payload, out.texts) && payload.empty();
}

}}}  // namespace guild::series

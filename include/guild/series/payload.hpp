// guild/series/payload.hpp - the small payloads: dictionary and note; texts and lists of ids.
//
// Layer 3. Includes: base. Pure: bytes in, values out.
// Not here: frames (series/frames.hpp), columns (series/chunk.hpp), the index (series/index.hpp);
// the block around a payload (series/format.hpp).
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

namespace guild { inline namespace v0 { namespace series {

/// One entry of a dictionary: the number of a series, its key, and texts about it.
struct series_name {
    std::uint32_t id = 0;
    std::string key;
    std::vector<std::pair<std::string, std::string>> attributes;
};

void append_dictionary(std::string& out, const series_name* names, std::size_t count);
[[nodiscard]] bool decode_dictionary(std::string_view payload, std::vector<series_name>& out);

/// Calls `visit(std::uint32_t id, std::string_view key, std::string_view attributes)` for every
/// entry of a dictionary; `attributes` are bytes for detail::decode_pairs().
///
/// out      false for bad bytes: what was visited before the place means nothing
template <class Visit>
[[nodiscard]] bool for_each_name(std::string_view payload, Visit&& visit);

/// A remark in the file: a mark, a gap, an attempt.
struct note {
    std::int64_t time_us = 0;
    std::vector<std::pair<std::string, std::string>> texts;
};

void append_note(std::string& out, const note& content);
[[nodiscard]] bool decode_note(std::string_view payload, note& out);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::size_t usual_name_bytes = 16;  // of an entry of a dictionary

inline void append_text(std::string& out, std::string_view text) {
    append_varint(out, text.size());
    out += text;
}
// The next `varint size, bytes` of `in`.
inline bool decode_view(std::string_view& in, std::string_view& out) noexcept {
    std::uint64_t size = 0;
    if (!decode_varint(in, size) || size > in.size()) {
        return false;
    }
    out = in.substr(0, guild::detail::convert<std::size_t>(size));
    in.remove_prefix(out.size());
    return true;
}
inline bool decode_text(std::string_view& in, std::string& out) {
    std::string_view text;
    const bool good = decode_view(in, text);
    out.assign(text);
    return good;
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

// The next pairs of `in`, as bytes.
inline bool skip_pairs(std::string_view& in, std::string_view& out) noexcept {
    const std::string_view begin = in;
    std::uint64_t count = 0;
    if (!decode_varint(in, count) || count > in.size()) {
        return false;
    }
    for (std::string_view text; count > 0; --count) {
        if (!decode_view(in, text) || !decode_view(in, text)) {
            return false;
        }
    }
    out = begin.substr(0, begin.size() - in.size());
    return true;
}

inline void append_ids(std::string& out, const std::vector<std::uint32_t>& ids) {
    append_varint(out, ids.size());
    std::int64_t before = 0;
    for (const std::uint32_t id : ids) {
        append_varint(out, zigzag_encode(std::int64_t{id} - before));
        before = id;
    }
}
inline bool decode_ids(std::string_view& in, std::vector<std::uint32_t>& ids) {
    std::uint64_t count = 0;
    ids.clear();
    if (!decode_varint(in, count) || count > in.size()) {
        return false;
    }
    for (std::int64_t id = 0; count > 0; --count) {
        std::uint64_t raw = 0;
        if (!decode_varint(in, raw) || raw > 0x1FFFFFFFFU) {
            return false;
        }
        id += zigzag_decode(raw);
        if (id < 0 || id > 0xFFFFFFFF) {
            return false;
        }
        ids.push_back(static_cast<std::uint32_t>(id));
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

template <class Visit>
bool for_each_name(std::string_view payload, Visit&& visit) {
    std::uint64_t count = 0;
    if (!decode_varint(payload, count) || count > payload.size()) {
        return false;
    }
    for (; count > 0; --count) {
        std::uint64_t id = 0;
        std::string_view key;
        std::string_view attributes;
        if (!decode_varint(payload, id) || id > 0xFFFFFFFFU || !detail::decode_view(payload, key) ||
            !detail::skip_pairs(payload, attributes)) {
            return false;
        }
        visit(static_cast<std::uint32_t>(id), key, attributes);
    }
    return payload.empty();
}

inline bool decode_dictionary(std::string_view payload, std::vector<series_name>& out) {
    out.clear();
    out.reserve(payload.size() / detail::usual_name_bytes + 1);
    return for_each_name(
        payload, [&out](std::uint32_t id, std::string_view key, std::string_view attributes) {
            out.push_back({id, std::string(key), {}});
            (void)detail::decode_pairs(attributes, out.back().attributes);
        });
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

// guild/series/payload.hpp - what the blocks of a series file hold: dictionary, frames, index,
// note.
//
// Layer 3. Includes: base, series/point.hpp. Pure: bytes in, values out. docs/format-series.md,
// section 4. Not here: the frame around a payload (series/format.hpp).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// How many bytes a value takes, and of what kind it is. Four-byte forms are used when exact.
enum class width : std::uint8_t { real8 = 0, real4 = 1, integer8 = 2, integer4 = 3 };

[[nodiscard]] constexpr std::size_t bytes_of(width form) noexcept {
    return (static_cast<unsigned>(form) & 1U) != 0 ? 4 : 8;
}

/// The shortest form that keeps every bit of `value`.
///
/// example  tests/series/payload.cpp "width: four bytes only when every bit comes back"
[[nodiscard]] width width_of(const number& value) noexcept;

/// Writes `value` in a form that width_of() allows; reads it back.
void append_value(std::string& out, const number& value, width form);
[[nodiscard]] number load_value(const char* from, width form) noexcept;

/// One entry of a dictionary: the number of a series, its key, and texts about it.
struct series_name {
    std::uint32_t id = 0;
    std::string key;
    std::vector<std::pair<std::string, std::string>> attributes;
};

void append_dictionary(std::string& out, const series_name* names, std::size_t count);
[[nodiscard]] bool decode_dictionary(std::string_view payload, std::vector<series_name>& out);

/// Builds the payload of a FRAMES block.
///
/// cost     no allocation once its memory has grown; clear() keeps it
class frame_encoder {
public:
    /// Adds a frame: everything logged together at one step and time.
    void add(std::int64_t step, std::int64_t time_us, const sample* values, std::size_t count);

    /// The payload of all frames since clear().
    [[nodiscard]] std::string_view payload();

    void clear();

    [[nodiscard]] std::uint32_t frames() const noexcept { return frames_; }
    [[nodiscard]] std::uint32_t points() const noexcept { return points_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }

private:
    std::string bytes_;
    std::vector<std::uint64_t> columns_;   // of the frame before
    std::vector<std::uint64_t> incoming_;  // of the frame being added
    std::int64_t step_ = 0;
    std::int64_t time_us_ = 0;
    std::uint32_t frames_ = 0;
    std::uint32_t points_ = 0;
};

/// Reads the frames of a FRAMES payload one after another.
///
/// example  tests/series/payload.cpp "frames: the bytes of three of them, by hand"
class frame_decoder {
public:
    struct column {
        std::uint32_t id;
        width form;
        std::uint32_t offset;  // of the value within values()
    };

    explicit frame_decoder(std::string_view payload) noexcept;

    /// Steps to the next frame; false at the end, or where the payload is bad.
    [[nodiscard]] bool next();

    [[nodiscard]] bool is_bad() const noexcept { return bad_; }
    [[nodiscard]] std::int64_t step() const noexcept { return step_; }
    [[nodiscard]] std::int64_t time_us() const noexcept { return time_us_; }
    [[nodiscard]] const std::vector<column>& columns() const noexcept { return columns_; }
    [[nodiscard]] bool has_new_columns() const noexcept { return new_columns_; }
    [[nodiscard]] number value(const column& of) const noexcept {
        return load_value(values_.data() + of.offset, of.form);
    }

private:
    bool fail() noexcept {
        bad_ = true;
        return false;
    }
    bool read_columns(std::uint64_t count);

    std::string_view rest_;
    std::string_view values_;
    std::vector<column> columns_;
    std::size_t row_bytes_ = 0;
    std::uint32_t left_ = 0;
    std::int64_t step_ = 0;
    std::int64_t time_us_ = 0;
    bool new_columns_ = false;
    bool bad_ = false;
};

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

// The float with the same sign, exponent class and fraction as a NaN, in integers: processors may
// change a NaN that they convert. False if the fraction has more bits than a float.
inline bool narrow_nan(std::uint64_t bits, std::uint32_t& out) noexcept {
    constexpr std::uint64_t dropped = (std::uint64_t{1} << 29U) - 1;
    if ((bits & dropped) != 0) {
        return false;
    }
    const auto sign = static_cast<std::uint32_t>(bits >> 63U) << 31U;
    const auto fraction = static_cast<std::uint32_t>(bits >> 29U) & 0x7FFFFFU;
    out = sign | 0x7F800000U | fraction;
    return fraction != 0;
}

inline std::uint64_t widen_nan(std::uint32_t bits) noexcept {
    return (std::uint64_t{bits >> 31U} << 63U) | 0x7FF0000000000000U |
           (std::uint64_t{bits & 0x7FFFFFU} << 29U);
}

// The four bytes of a double, if they keep every bit.
inline bool narrow(std::uint64_t bits, std::uint32_t& out) noexcept {
    const double value = bits_double(bits);
    if (std::isnan(value)) {
        return narrow_nan(bits, out);
    }
    constexpr double largest = static_cast<double>(std::numeric_limits<float>::max());
    if (std::fabs(value) > largest && !std::isinf(value)) {
        return false;
    }
    const float shorter = static_cast<float>(value);
    out = float_bits(shorter);
    return double_bits(static_cast<double>(shorter)) == bits;
}

inline std::uint64_t widen(std::uint32_t bits) noexcept {
    const bool nan = (bits & 0x7F800000U) == 0x7F800000U && (bits & 0x7FFFFFU) != 0;
    return nan ? widen_nan(bits) : double_bits(static_cast<double>(bits_float(bits)));
}

// Differences of int64 that wrap around instead of overflowing.
inline std::int64_t minus(std::int64_t a, std::int64_t b) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t plus(std::int64_t a, std::int64_t b) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

inline void append_signed(std::string& out, std::int64_t value) {
    append_varint(out, zigzag_encode(value));
}
inline bool decode_signed(std::string_view& in, std::int64_t& out) noexcept {
    std::uint64_t raw = 0;
    if (!decode_varint(in, raw)) {
        return false;
    }
    out = zigzag_decode(raw);
    return true;
}

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

inline width width_of(const number& value) noexcept {
    if (value.is_integer()) {
        const std::int64_t integer = value.as_int64();
        return integer == static_cast<std::int32_t>(integer) ? width::integer4 : width::integer8;
    }
    std::uint32_t ignored = 0;
    return detail::narrow(value.bits(), ignored) ? width::real4 : width::real8;
}

inline void append_value(std::string& out, const number& value, width form) {
    if (form == width::real4) {
        std::uint32_t bits = 0;
        (void)detail::narrow(value.bits(), bits);
        append_le(out, bits);
    } else if (form == width::integer4) {
        append_le(out, static_cast<std::uint32_t>(value.bits()));
    } else {
        append_le(out, value.bits());
    }
}

inline number load_value(const char* from, width form) noexcept {
    switch (form) {
    case width::real8:
        return number::from_bits(number_kind::real, load_le<std::uint64_t>(from));
    case width::real4:
        return number::from_bits(number_kind::real, detail::widen(load_le<std::uint32_t>(from)));
    case width::integer8:
        return number::from_bits(number_kind::integer, load_le<std::uint64_t>(from));
    case width::integer4:
        return {load_le<std::int32_t>(from)};
    }
    return {};
}

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

inline void frame_encoder::add(std::int64_t step, std::int64_t time_us, const sample* values,
                               std::size_t count) {
    if (frames_ == 0) {
        step_ = step;
        time_us_ = time_us;
        append_le(bytes_, step);
        append_le(bytes_, time_us);
        append_le(bytes_, std::uint64_t{0});  // frames and points, filled in by payload()
    }
    detail::append_signed(bytes_, detail::minus(step, step_));
    detail::append_signed(bytes_, detail::minus(time_us, time_us_));
    incoming_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        incoming_.push_back((std::uint64_t{values[i].id} << 2U) |
                            static_cast<std::uint8_t>(width_of(values[i].value)));
    }
    if (incoming_ == columns_) {
        append_varint(bytes_, 0);
    } else {
        append_varint(bytes_, count);
        for (const std::uint64_t column : incoming_) {
            append_varint(bytes_, column);
        }
        columns_.swap(incoming_);
    }
    for (std::size_t i = 0; i < count; ++i) {
        append_value(bytes_, values[i].value, static_cast<width>(columns_[i] & 3U));
    }
    step_ = step;
    time_us_ = time_us;
    ++frames_;
    points_ += static_cast<std::uint32_t>(count);
}

inline std::string_view frame_encoder::payload() {
    if (frames_ != 0) {
        store_le(&bytes_[16], frames_);
        store_le(&bytes_[20], points_);
    }
    return bytes_;
}

inline void frame_encoder::clear() {
    bytes_.clear();
    columns_.clear();
    frames_ = points_ = 0;
}

inline frame_decoder::frame_decoder(std::string_view payload) noexcept : rest_(payload) {
    if (payload.size() < 24) {
        bad_ = true;
        return;
    }
    step_ = load_le<std::int64_t>(payload.data());
    time_us_ = load_le<std::int64_t>(payload.data() + 8);
    left_ = load_le<std::uint32_t>(payload.data() + 16);
    rest_.remove_prefix(24);
}

inline bool frame_decoder::next() {
    if (left_ == 0 || bad_) {
        return false;
    }
    --left_;
    std::int64_t step = 0;
    std::int64_t time_us = 0;
    std::uint64_t count = 0;
    if (!detail::decode_signed(rest_, step) || !detail::decode_signed(rest_, time_us) ||
        !decode_varint(rest_, count)) {
        return fail();
    }
    new_columns_ = count != 0;
    if ((new_columns_ && !read_columns(count)) || columns_.empty() || rest_.size() < row_bytes_) {
        return fail();
    }
    step_ = detail::plus(step_, step);
    time_us_ = detail::plus(time_us_, time_us);
    values_ = rest_.substr(0, row_bytes_);
    rest_.remove_prefix(row_bytes_);
    return true;
}

inline bool frame_decoder::read_columns(std::uint64_t count) {
    columns_.clear();
    row_bytes_ = 0;
    if (count > rest_.size()) {
        return false;
    }
    for (; count > 0; --count) {
        std::uint64_t code = 0;
        if (!decode_varint(rest_, code) || (code >> 2U) > 0xFFFFFFFFU) {
            return false;
        }
        const auto form = static_cast<width>(code & 3U);
        columns_.push_back(
            {static_cast<std::uint32_t>(code >> 2U), form, static_cast<std::uint32_t>(row_bytes_)});
        row_bytes_ += bytes_of(form);
    }
    return true;
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

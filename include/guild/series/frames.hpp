// guild/series/frames.hpp - frames: what was logged together, as the payload of a FRAMES block.
//
// Layer 3. Includes: base, series/point.hpp. Pure: bytes in, values out.
// Not here: the other payloads (series/payload.hpp); the block around (series/format.hpp).
// docs/format-series.md, section "FRAMES", is the specification.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
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
/// example  tests/series/frames.cpp "width: four bytes only when every bit comes back"
[[nodiscard]] width width_of(const number& value) noexcept;

/// Writes `value` in a form that width_of() allows; reads it back.
void append_value(std::string& out, const number& value, width form);
[[nodiscard]] number load_value(const char* from, width form) noexcept;

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
    [[nodiscard]] std::size_t bytes() const noexcept { return used_; }

private:
    char* make_room(std::size_t bytes);
    char* store_values(char* at, const sample* values, std::size_t count) const noexcept;
    char* store_columns(char* at, const sample* values, std::size_t count);

    std::string bytes_;                   // memory of the payload,
    std::size_t used_ = 0;                // which takes so much of it
    std::vector<std::uint64_t> columns_;  // of the frame before
    std::int64_t step_ = 0;
    std::int64_t time_us_ = 0;
    std::uint32_t frames_ = 0;
    std::uint32_t points_ = 0;
};

/// Reads the frames of a FRAMES payload one after another.
///
/// example  tests/series/frames.cpp "frames: the bytes of three of them, by hand"
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

// Zero, infinities, NaN, and what is too large or too small for a float of full precision.
inline bool narrow_rare(std::uint64_t bits, std::uint32_t& out) noexcept {
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

// The four bytes of a double, if they keep every bit.
inline bool narrow(std::uint64_t bits, std::uint32_t& out) noexcept {
    constexpr std::uint64_t dropped = (std::uint64_t{1} << 29U) - 1;
    if ((bits & dropped) != 0) {
        return false;
    }
    // Exponents of 1 to 254 in a float are those of 897 to 1150 in a double.
    if ((bits >> 52U & 0x7FFU) - 897U < 254U) {
        const std::uint64_t magnitude = (bits & ~(std::uint64_t{1} << 63U)) >> 29U;
        out = static_cast<std::uint32_t>(bits >> 63U) << 31U |
              static_cast<std::uint32_t>(magnitude - (std::uint64_t{896} << 23U));
        return true;
    }
    return narrow_rare(bits, out);
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

// A number as it is stored: its form, and the bytes of that form in the low bits.
struct packed {
    std::uint64_t bits;
    width form;
};

inline packed pack(const number& value) noexcept {
    if (value.is_integer()) {
        const std::int64_t integer = value.as_int64();
        const bool is_short = integer == static_cast<std::int32_t>(integer);
        return {value.bits(), is_short ? width::integer4 : width::integer8};
    }
    std::uint32_t shorter = 0;
    const bool is_short = narrow(value.bits(), shorter);
    return is_short ? packed{shorter, width::real4} : packed{value.bits(), width::real8};
}

inline std::uint64_t column_code(std::uint32_t id, width form) noexcept {
    return (std::uint64_t{id} << 2U) | static_cast<std::uint8_t>(form);
}

// Writes eight bytes, of which the form may count four.
inline char* store_packed(char* at, const packed& value) noexcept {
    store_le(at, value.bits);
    return at + bytes_of(value.form);
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

}  // namespace detail

inline width width_of(const number& value) noexcept {
    return detail::pack(value).form;
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

inline char* frame_encoder::make_room(std::size_t bytes) {
    if (bytes_.size() - used_ < bytes) {
        bytes_.resize(std::max(2 * bytes_.size(), used_ + bytes));
    }
    return &bytes_[used_];
}

// The values, if their columns are those of the frame before; nullptr if they are not.
inline char* frame_encoder::store_values(char* at, const sample* values,
                                         std::size_t count) const noexcept {
    if (count != columns_.size()) {
        return nullptr;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const detail::packed value = detail::pack(values[i].value);
        if (detail::column_code(values[i].id, value.form) != columns_[i]) {
            return nullptr;
        }
        at = detail::store_packed(at, value);
    }
    return at;
}

// New columns and the values behind them.
inline char* frame_encoder::store_columns(char* at, const sample* values, std::size_t count) {
    columns_.resize(count);
    at = store_varint(at, count);
    for (std::size_t i = 0; i < count; ++i) {
        columns_[i] = detail::column_code(values[i].id, width_of(values[i].value));
        at = store_varint(at, columns_[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
        at = detail::store_packed(at, detail::pack(values[i].value));
    }
    return at;
}

inline void frame_encoder::add(std::int64_t step, std::int64_t time_us, const sample* values,
                               std::size_t count) {
    constexpr std::size_t most_frame_bytes = 24 + 3 * 10;  // two differences and a count
    constexpr std::size_t most_value_bytes = 5 + 8;        // a column and a value
    char* at = make_room(most_frame_bytes + count * most_value_bytes);
    if (frames_ == 0) {
        step_ = step;
        time_us_ = time_us;
        store_le(at, step);
        store_le(at + 8, time_us);
        at += 24;  // frames and points are filled in by payload()
    }
    at = store_varint(at, zigzag_encode(detail::minus(step, step_)));
    at = store_varint(at, zigzag_encode(detail::minus(time_us, time_us_)));
    char* end = store_values(at + 1, values, count);
    if (end != nullptr) {
        *at = 0;  // columns as before
    } else {
        end = store_columns(at, values, count);
    }
    used_ = static_cast<std::size_t>(end - bytes_.data());
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
    return std::string_view(bytes_).substr(0, used_);
}

inline void frame_encoder::clear() {
    used_ = 0;
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

namespace detail {

// Most numbers of columns take one byte or two.
inline bool decode_column_code(std::string_view& in, std::uint64_t& code) noexcept {
    if (in.size() >= 2) {
        const auto low = static_cast<unsigned char>(in[0]);
        const auto high = static_cast<unsigned char>(in[1]);
        if (low < 0x80U || high < 0x80U) {
            const bool is_short = low < 0x80U;
            code = is_short ? low : (low & 0x7FU) | static_cast<unsigned>(high) << 7U;
            in.remove_prefix(is_short ? 1 : 2);
            return true;
        }
    }
    return decode_varint(in, code);
}

}  // namespace detail

inline bool frame_decoder::read_columns(std::uint64_t count) {
    row_bytes_ = 0;
    if (count > rest_.size()) {
        columns_.clear();
        return false;
    }
    columns_.resize(guild::detail::convert<std::size_t>(count));
    std::string_view in = rest_;
    std::uint32_t offset = 0;
    for (column& each : columns_) {
        std::uint64_t code = 0;
        if (!detail::decode_column_code(in, code) || (code >> 2U) > 0xFFFFFFFFU) {
            columns_.clear();
            return false;
        }
        const auto form = static_cast<width>(code & 3U);
        each = {static_cast<std::uint32_t>(code >> 2U), form, offset};
        offset += static_cast<std::uint32_t>(bytes_of(form));
    }
    rest_ = in;
    row_bytes_ = offset;
    return true;
}

}}}  // namespace guild::series

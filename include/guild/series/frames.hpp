// guild/series/frames.hpp - frames: what was logged together, as the payload of a FRAMES block.
//
// Layer 3. Includes: base, series/point.hpp. Pure: bytes in, values out.
// Not here: the other payloads (series/payload.hpp); the block around (series/format.hpp).
// docs/format-series.md, section "FRAMES", is the specification.
#pragma once

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

}}}  // namespace guild::series

// guild/tfevents/wire.hpp - the fields of a serialized protocol buffer message, one after another.
//
// Layer 3. Includes: base. Pure: bytes in, values out; nothing is copied.
// Not here: which field means what (tfevents/event.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// How a field is written.
enum class wire_type : std::uint8_t {
    varint = 0,
    fixed64 = 1,
    bytes = 2,
    group = 3,
    group_end = 4,
    fixed32 = 5
};

/// One field of a message.
///
/// out      value: of varint, fixed64 and fixed32; bytes: of the type bytes, pointing into the
/// message
struct wire_field {
    std::uint32_t number = 0;
    wire_type type = wire_type::varint;
    std::uint64_t value = 0;
    std::string_view bytes;

    [[nodiscard]] bool is(std::uint32_t wanted, wire_type wanted_type) const noexcept {
        return number == wanted && type == wanted_type;
    }
};

/// Reads the fields of one message in order; groups are checked and skipped.
///
/// A message is bad when a field is cut off, a number or type is not allowed, or groups do not
/// nest. cost     O(message); groups nest 100 deep at most, deeper is bad source   Protocol Buffers
/// encoding example  tests/tfevents/wire.cpp "wire reader: fields of every type, by hand"
class wire_reader {
public:
    explicit wire_reader(std::string_view message) noexcept : rest_(message) {}

    /// The next field into `field`; false at the end of the message or where it is bad.
    [[nodiscard]] bool next(wire_field& field) noexcept;

    /// Whether the message was bad so far.
    [[nodiscard]] bool is_bad() const noexcept { return bad_; }

private:
    bool fail() noexcept {
        bad_ = true;
        return false;
    }
    bool read_varint(std::uint64_t& value) noexcept;
    bool read_bytes(wire_field& field) noexcept;
    template <class Integer>
    bool read_fixed(wire_field& field) noexcept;
    bool read_key(wire_field& field) noexcept;
    bool read_value(wire_field& field) noexcept;
    bool skip_group(std::uint32_t number) noexcept;

    std::string_view rest_;
    bool bad_ = false;
};

/// Appends one field: key, then value.
void append_varint_field(std::string& out, std::uint32_t number, std::uint64_t value);
void append_double_field(std::string& out, std::uint32_t number, double value);
void append_float_field(std::string& out, std::uint32_t number, float value);
void append_bytes_field(std::string& out, std::uint32_t number, std::string_view bytes);

// ---- implementation ---------------------------------------------------------

inline bool wire_reader::next(wire_field& field) noexcept {
    while (!rest_.empty()) {
        if (!read_key(field)) {
            return false;
        }
        if (field.type != wire_type::group) {
            return field.type != wire_type::group_end ? read_value(field) : fail();
        }
        if (!skip_group(field.number)) {
            return false;
        }
    }
    return false;
}

// A varint; most are of one byte.
inline bool wire_reader::read_varint(std::uint64_t& value) noexcept {
    if (rest_.empty()) {
        return fail();
    }
    value = static_cast<unsigned char>(rest_.front());
    if (value < 0x80) {
        rest_.remove_prefix(1);
        return true;
    }
    return decode_varint(rest_, value) || fail();
}

// A key is a varint of at most 32 bits: field number, then three bits of type.
inline bool wire_reader::read_key(wire_field& field) noexcept {
    std::uint64_t key = 0;
    if (!read_varint(key) || key > 0xFFFFFFFFU) {
        return fail();
    }
    const auto type = static_cast<std::uint8_t>(key & 7U);
    field.number = static_cast<std::uint32_t>(key >> 3U);
    field.type = static_cast<wire_type>(type);
    return (field.number != 0 && type <= 5) || fail();
}

inline bool wire_reader::read_value(wire_field& field) noexcept {
    switch (field.type) {
    case wire_type::bytes:
        return read_bytes(field);
    case wire_type::varint:
        return read_varint(field.value);
    case wire_type::fixed64:
        return read_fixed<std::uint64_t>(field);
    default:
        return read_fixed<std::uint32_t>(field);
    }
}

inline bool wire_reader::read_bytes(wire_field& field) noexcept {
    if (!read_varint(field.value) || field.value > rest_.size()) {
        return fail();
    }
    const auto size = guild::detail::convert<std::size_t>(field.value);
    field.bytes = {rest_.data(), size};
    rest_.remove_prefix(size);
    return true;
}

template <class Integer>
bool wire_reader::read_fixed(wire_field& field) noexcept {
    if (rest_.size() < sizeof(Integer)) {
        return fail();
    }
    field.value = load_le<Integer>(rest_.data());
    rest_.remove_prefix(sizeof(Integer));
    return true;
}

inline bool wire_reader::skip_group(std::uint32_t number) noexcept {
    constexpr std::size_t max_depth = 100;
    std::uint32_t open[max_depth] = {number};
    std::size_t depth = 1;
    while (depth > 0) {
        wire_field field;
        if (rest_.empty() || !read_key(field)) {
            return fail();
        }
        if (field.type == wire_type::group) {
            if (depth == max_depth) {
                return fail();
            }
            open[depth++] = field.number;
        } else if (field.type == wire_type::group_end) {
            if (open[--depth] != field.number) {
                return fail();
            }
        } else if (!read_value(field)) {
            return false;
        }
    }
    return true;
}

namespace detail {

inline void append_key(std::string& out, std::uint32_t number, wire_type type) {
    append_varint(out, (std::uint64_t{number} << 3U) | static_cast<std::uint8_t>(type));
}

}  // namespace detail

inline void append_varint_field(std::string& out, std::uint32_t number, std::uint64_t value) {
    detail::append_key(out, number, wire_type::varint);
    append_varint(out, value);
}

inline void append_double_field(std::string& out, std::uint32_t number, double value) {
    detail::append_key(out, number, wire_type::fixed64);
    append_le(out, double_bits(value));
}

inline void append_float_field(std::string& out, std::uint32_t number, float value) {
    detail::append_key(out, number, wire_type::fixed32);
    append_le(out, float_bits(value));
}

inline void append_bytes_field(std::string& out, std::uint32_t number, std::string_view bytes) {
    detail::append_key(out, number, wire_type::bytes);
    append_varint(out, bytes.size());
    out.append(bytes);
}

}}}  // namespace guild::tfevents

// guild/tfevents/tensor.hpp - one number out of a serialized TensorProto.
//
// Layer 3. Includes: base, tfevents/wire.hpp. Pure: bytes in, values out.
// Not here: the event around it (tfevents/event.hpp). Tensors of several elements are not kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <guild/base/bytes.hpp>
#include <guild/base/text.hpp>
#include <guild/tfevents/wire.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// Element types of tensors that are numbers to guild.
enum class data_type : std::uint8_t {
    other = 0,
    float32 = 1,
    float64 = 2,
    int32 = 3,
    uint8 = 4,
    int16 = 5,
    int8 = 6,
    int64 = 9,
    boolean = 10,
    bfloat16 = 14,
    uint16 = 17,
    float16 = 19,
    uint32 = 22,
    uint64 = 23,
};

/// The protocol's word for a dtype number, for example "float", "bfloat16" or "string"; "unknown"
/// for a number without one.
///
/// source   types.proto of TensorFlow: DT_FLOAT = 1 and so on, in lower case
[[nodiscard]] std::string_view data_type_name(std::uint64_t number) noexcept;

/// A number as its type has it: an integer, or the bits of a double, NaN payloads included.
struct exact_number {
    bool is_integer = false;
    std::uint64_t bits = 0;  // of the double, or of the integer in two's complement

    friend bool operator==(const exact_number& a, const exact_number& b) noexcept {
        return a.is_integer == b.is_integer && a.bits == b.bits;
    }
};

/// What a TensorProto says, as far as one number needs it.
///
/// source   tensor.proto, tensor_shape.proto and types.proto of TensorFlow
/// example  tests/tfevents/tensor.cpp "tensor: one number of every type, as content and in its
/// typed field"
class tensor {
public:
    /// Takes in a serialized TensorProto; a second one is merged, as protocol buffers do.
    ///
    /// in       message: lives as long as number() is asked
    /// out      false if the message is bad
    [[nodiscard]] bool read(std::string_view message) noexcept;

    [[nodiscard]] data_type type() const noexcept;

    /// The dtype as it is written, also of types that are no numbers to guild.
    [[nodiscard]] std::uint64_t type_number() const noexcept { return type_; }

    /// How many dimensions; -1 when the tensor says that it does not know.
    [[nodiscard]] int rank() const noexcept { return unknown_rank_ ? -1 : rank_; }

    /// The number, if the tensor has exactly one element of a numeric type.
    [[nodiscard]] std::optional<double> number() const noexcept;

    /// The same with all its bits. Truth values, and unsigned integers beyond 63 bits, are doubles.
    ///
    /// example  tests/tfevents/tensor.cpp "tensor: an exact number keeps its kind and bits"
    [[nodiscard]] std::optional<exact_number> exact() const noexcept;

private:
    static constexpr std::size_t slots = 18;  // typed fields are numbered 5 to 17

    bool read_shape(std::string_view message) noexcept;
    bool read_dimension(std::string_view message) noexcept;
    bool read_values(const wire_field& field) noexcept;
    [[nodiscard]] std::optional<std::uint64_t> element() const noexcept;
    void add(std::uint32_t slot, std::uint64_t bits) noexcept {
        if (counts_[slot]++ == 0) {
            firsts_[slot] = bits;
        }
    }

    std::uint64_t type_ = 0;
    std::uint64_t elements_ = 1;  // 0, 1, or 2 for more
    int rank_ = 0;
    bool unknown_rank_ = false;
    std::string_view content_;
    std::uint64_t counts_[slots] = {};
    std::uint64_t firsts_[slots] = {};
};

// ---- implementation ---------------------------------------------------------

inline std::string_view data_type_name(std::uint64_t number) noexcept {
    constexpr std::string_view names[] = {
        "invalid",  "float",     "double",  "int32",       "uint8",         "int16",   "int8",
        "string",   "complex64", "int64",   "bool",        "qint8",         "quint8",  "qint32",
        "bfloat16", "qint16",    "quint16", "uint16",      "complex128",    "half",    "resource",
        "variant",  "uint32",    "uint64",  "float8_e5m2", "float8_e4m3fn", "unknown", "unknown",
        "unknown",  "int4",      "uint4"};
    return number < sizeof names / sizeof names[0] ? names[number] : "unknown";
}

namespace detail {

// A half-precision number: 1 bit sign, 5 bits exponent, 10 bits fraction.
inline double half_to_double(std::uint16_t bits) noexcept {
    const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16U;
    const std::uint32_t exponent = (bits >> 10U) & 0x1FU;
    const std::uint32_t fraction = bits & 0x3FFU;
    if (exponent == 0) {
        const double small = static_cast<double>(fraction) / 16777216.0;  // 2^-24 a unit
        return sign != 0 ? -small : small;
    }
    const std::uint32_t wide = exponent == 31 ? 255U : exponent + 112U;
    return static_cast<double>(bits_float(sign | (wide << 23U) | (fraction << 13U)));
}

// Where a type keeps its numbers: bytes of one in tensor_content, and its typed field.
struct type_layout {
    std::size_t bytes;
    std::uint32_t field;
};

inline type_layout layout_of(data_type type) noexcept {
    switch (type) {
    case data_type::float32:
        return {4, 5};
    case data_type::float64:
        return {8, 6};
    case data_type::int32:
        return {4, 7};
    case data_type::int16:
    case data_type::uint16:
        return {2, 7};
    case data_type::int8:
    case data_type::uint8:
        return {1, 7};
    case data_type::int64:
        return {8, 10};
    case data_type::boolean:
        return {1, 11};
    case data_type::float16:
    case data_type::bfloat16:
        return {2, 13};
    case data_type::uint32:
        return {4, 16};
    case data_type::uint64:
        return {8, 17};
    case data_type::other:
        break;
    }
    return {0, 0};
}

inline double element_to_double(data_type type, std::uint64_t bits) noexcept {
    switch (type) {
    case data_type::float32:
        return static_cast<double>(bits_float(static_cast<std::uint32_t>(bits)));
    case data_type::float64:
        return bits_double(bits);
    case data_type::int32:
        return static_cast<double>(static_cast<std::int32_t>(bits));
    case data_type::int16:
        return static_cast<double>(static_cast<std::int16_t>(bits));
    case data_type::int8:
        return static_cast<double>(static_cast<std::int8_t>(bits));
    case data_type::int64:
        return static_cast<double>(static_cast<std::int64_t>(bits));
    case data_type::uint8:
        return static_cast<double>(static_cast<std::uint8_t>(bits));
    case data_type::uint16:
        return static_cast<double>(static_cast<std::uint16_t>(bits));
    case data_type::uint32:
        return static_cast<double>(static_cast<std::uint32_t>(bits));
    case data_type::uint64:
        return static_cast<double>(bits);
    case data_type::boolean:
        return bits != 0 ? 1.0 : 0.0;
    case data_type::float16:
        return half_to_double(static_cast<std::uint16_t>(bits));
    case data_type::bfloat16:
        return static_cast<double>(bits_float(static_cast<std::uint32_t>(bits & 0xFFFFU) << 16U));
    case data_type::other:
        break;
    }
    return 0;
}

// Empty for types that are no integers, and for integers that are too large.
inline std::optional<std::int64_t> element_to_int64(data_type type, std::uint64_t bits) noexcept {
    switch (type) {
    case data_type::int8:
        return static_cast<std::int8_t>(bits);
    case data_type::int16:
        return static_cast<std::int16_t>(bits);
    case data_type::int32:
        return static_cast<std::int32_t>(bits);
    case data_type::int64:
        return static_cast<std::int64_t>(bits);
    case data_type::uint8:
        return static_cast<std::uint8_t>(bits);
    case data_type::uint16:
        return static_cast<std::uint16_t>(bits);
    case data_type::uint32:
        return static_cast<std::uint32_t>(bits);
    case data_type::uint64:
        return bits >> 63U == 0 ? std::make_optional(static_cast<std::int64_t>(bits))
                                : std::nullopt;
    default:
        return std::nullopt;
    }
}

inline data_type to_data_type(std::uint64_t number) noexcept {
    const auto type = static_cast<data_type>(number);
    return number <= 23 && layout_of(type).bytes != 0 ? type : data_type::other;
}

// How one number of a typed field is written; empty for fields that hold no real numbers.
inline std::optional<wire_type> form_of_values(std::uint32_t field) noexcept {
    switch (field) {
    case 5:
        return wire_type::fixed32;
    case 6:
        return wire_type::fixed64;
    case 7:
    case 10:
    case 11:
    case 13:
    case 16:
    case 17:
        return wire_type::varint;
    default:
        return std::nullopt;
    }
}

}  // namespace detail

// dtype 1, tensor_shape 2, tensor_content 4, typed values 5 to 17
inline bool tensor::read(std::string_view message) noexcept {
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        bool good = true;
        if (field.is(1, wire_type::varint)) {
            type_ = field.value;
        } else if (field.is(2, wire_type::bytes)) {
            good = read_shape(field.bytes);
        } else if (field.is(4, wire_type::bytes)) {
            content_ = field.bytes;
        } else {
            good = read_values(field);
        }
        if (!good) {
            return false;
        }
    }
    return !fields.is_bad();
}

// dim 2, unknown_rank 3
inline bool tensor::read_shape(std::string_view message) noexcept {
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        if (field.is(3, wire_type::varint)) {
            unknown_rank_ = field.value != 0;
        } else if (field.is(2, wire_type::bytes)) {
            ++rank_;
            if (!read_dimension(field.bytes)) {
                return false;
            }
        }
    }
    return !fields.is_bad();
}

// size 1, name 2
inline bool tensor::read_dimension(std::string_view message) noexcept {
    std::uint64_t size = 0;
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        if (field.is(1, wire_type::varint)) {
            size = field.value;
        } else if (field.is(2, wire_type::bytes) && !is_valid_utf8(field.bytes)) {
            return false;
        }
    }
    if (size != 1) {
        elements_ = elements_ != 0 && size != 0 ? 2 : 0;
    }
    return !fields.is_bad();
}

// Repeated numbers, packed into one field or one a field; any other type is an unknown field.
inline bool tensor::read_values(const wire_field& field) noexcept {
    const auto form = detail::form_of_values(field.number);
    if (form && field.type == *form) {
        add(field.number, field.value);
    }
    if (!form || field.type != wire_type::bytes) {
        return true;
    }
    std::string_view packed = field.bytes;
    while (!packed.empty()) {
        std::uint64_t bits = 0;
        if (*form == wire_type::varint) {
            if (!decode_varint(packed, bits)) {
                return false;
            }
        } else {
            const std::size_t size = *form == wire_type::fixed32 ? 4 : 8;
            if (packed.size() < size) {
                return false;
            }
            bits = size == 4 ? load_le<std::uint32_t>(packed.data())
                             : load_le<std::uint64_t>(packed.data());
            packed.remove_prefix(size);
        }
        add(field.number, bits);
    }
    return true;
}

inline data_type tensor::type() const noexcept {
    return detail::to_data_type(type_);
}

// The bits of the only element, as they are stored.
inline std::optional<std::uint64_t> tensor::element() const noexcept {
    const detail::type_layout layout = detail::layout_of(type());
    if (layout.bytes == 0 || elements_ != 1 || unknown_rank_) {
        return std::nullopt;
    }
    if (!content_.empty()) {
        if (content_.size() != layout.bytes) {
            return std::nullopt;
        }
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < layout.bytes; ++i) {
            bits |= std::uint64_t{static_cast<unsigned char>(content_[i])} << (8U * i);
        }
        return bits;
    }
    if (counts_[layout.field] != 1) {
        return std::nullopt;
    }
    return firsts_[layout.field];
}

inline std::optional<double> tensor::number() const noexcept {
    const auto bits = element();
    return bits ? std::make_optional(detail::element_to_double(type(), *bits)) : std::nullopt;
}

inline std::optional<exact_number> tensor::exact() const noexcept {
    const auto bits = element();
    if (!bits) {
        return std::nullopt;
    }
    const data_type kind = type();
    if (kind == data_type::float64) {
        return exact_number{false, *bits};
    }
    const auto whole = detail::element_to_int64(kind, *bits);
    return whole ? exact_number{true, static_cast<std::uint64_t>(*whole)}
                 : exact_number{false, double_bits(detail::element_to_double(kind, *bits))};
}

}}}  // namespace guild::tfevents

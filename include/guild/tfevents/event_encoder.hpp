// guild/tfevents/event_encoder.hpp - serialized Events, for whoever writes event files.
//
// Layer 3. Includes: base, tfevents/wire.hpp, tfevents/tensor.hpp. Pure: values in, bytes out.
// Not here: reading them (tfevents/event.hpp); frames (tfevents/record.hpp); files
// (tfevents/writer.hpp).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/tfevents/tensor.hpp>
#include <guild/tfevents/wire.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

namespace detail {

inline std::size_t varint_bytes(std::uint64_t value) noexcept {
    std::size_t bytes = 1;
    for (; value >= 0x80; value >>= 7U) {
        ++bytes;
    }
    return bytes;
}

// Bytes of a field with one number in its key and `size` bytes in it.
inline std::size_t field_bytes(std::size_t size) noexcept {
    return 1 + varint_bytes(size) + size;
}

// An Event with one value whose fields besides the tag take `rest` bytes: its size, and everything
// of it up to `rest`, written to `to`, whose end is returned.
class one_value_event {
public:
    one_value_event(double wall_time, std::int64_t step, std::string_view tag,
                    std::size_t rest) noexcept
        : wall_time_(wall_time), step_(static_cast<std::uint64_t>(step)), tag_(tag),
          value_(field_bytes(tag.size()) + rest) {}

    [[nodiscard]] std::size_t size() const noexcept {
        return 9 + (step_ != 0 ? 1 + varint_bytes(step_) : 0) + field_bytes(field_bytes(value_));
    }

    char* write(char* to) const noexcept {
        *to++ = '\x09';  // wall_time 1
        store_le(to, double_bits(wall_time_));
        to += 8;
        if (step_ != 0) {
            *to++ = '\x10';  // step 2
            to = store_varint(to, step_);
        }
        *to++ = '\x2A';  // summary 5
        to = store_varint(to, field_bytes(value_));
        *to++ = '\x0A';  // value 1
        to = store_varint(to, value_);
        *to++ = '\x0A';  // tag 1
        to = store_varint(to, tag_.size());
        std::memcpy(to, tag_.data(), tag_.size());
        return to + tag_.size();
    }

private:
    double wall_time_;
    std::uint64_t step_;
    std::string_view tag_;
    std::size_t value_;
};

}  // namespace detail

/// Appends an Event that says which version of the format follows and who wrote it.
///
/// units    wall_time, here and below: seconds since 1970-01-01 UTC
void append_version_event(std::string& out, double wall_time, std::string_view writer);

/// Appends an Event that says that a session starts: what was logged before with this step or a
/// later one is to be taken back.
void append_session_start_event(std::string& out, double wall_time, std::int64_t step);

/// The nearest float; what no float can hold becomes infinite, as the processor would have it.
[[nodiscard]] float nearest_float(double value) noexcept;

/// Appends an Event with one scalar as a simple value (four bytes).
///
/// example  tests/tfevents/event_encoder.cpp "simple event: the bytes that TensorFlow writes"
void append_simple_event(std::string& out, double wall_time, std::int64_t step,
                         std::string_view tag, float value);

/// Appends an Event with one scalar as a tensor of one double; `with_metadata` on a tag's first.
void append_double_event(std::string& out, double wall_time, std::int64_t step,
                         std::string_view tag, double value, bool with_metadata);

/// The same two, for whoever knows where the bytes go: size(), then write() to so many.
///
/// cost     no allocation
class simple_event_encoder {
public:
    simple_event_encoder(double wall_time, std::int64_t step, std::string_view tag,
                         float value) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return event_.size(); }
    void write(char* to) const noexcept;

private:
    detail::one_value_event event_;
    float value_;
};
class double_event_encoder {
public:
    double_event_encoder(double wall_time, std::int64_t step, std::string_view tag, double value,
                         bool with_metadata) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return event_.size(); }
    void write(char* to) const noexcept;

private:
    // SummaryMetadata { plugin_data { plugin_name: "scalars" }, data_class: DATA_CLASS_SCALAR }
    static constexpr std::string_view metadata{"\x4A\x0D\x0A\x09\x0A\x07scalars\x20\x01", 15};
    // TensorProto { dtype: DT_DOUBLE, tensor_shape {}, double_val: (packed, the value follows) }
    static constexpr std::string_view tensor{"\x42\x0E\x08\x02\x12\x00\x32\x08", 8};

    detail::one_value_event event_;
    double value_;
    bool with_metadata_;
};

/// The parts of a summary's value, serialized; an empty one is left out.
struct encoded_value {
    std::string_view tag;
    std::string_view metadata;         // of encode_metadata()
    std::string_view tensor;           // of encode_number_tensor() and so on
    std::optional<float> simple = {};  // behind the tensor, which it replaces for most readers
};

/// Appends an Event with one such value.
void append_value_event(std::string& out, double wall_time, std::int64_t step,
                        const encoded_value& value);

/// How TensorBoard treats a tag: as a number, as a tensor, or as a sequence of blobs.
enum class data_class : std::uint8_t { unknown = 0, scalar = 1, tensor = 2, blob_sequence = 3 };

/// A serialized SummaryMetadata.
[[nodiscard]] std::string encode_metadata(std::string_view plugin, std::string_view content,
                                          data_class kind);

/// A serialized TensorProto of one double or int64.
///
/// example  tests/tfevents/event_encoder.cpp "number tensor: type and bits, by hand"
[[nodiscard]] std::string encode_number_tensor(const exact_number& value);

/// A serialized TensorProto of doubles, row by row.
///
/// in       shape: the product of its sizes is the number of values
[[nodiscard]] std::string encode_double_tensor(const std::vector<std::int64_t>& shape,
                                               const std::vector<double>& values);

/// A serialized TensorProto of strings: a plain one, or with `is_list` one of rank 1.
[[nodiscard]] std::string encode_string_tensor(const std::vector<std::string_view>& values,
                                               bool is_list);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline void append_event_head(std::string& out, double wall_time, std::int64_t step) {
    append_double_field(out, 1, wall_time);
    if (step != 0) {
        append_varint_field(out, 2, static_cast<std::uint64_t>(step));
    }
}

// TensorProto: dtype 1, tensor_shape 2 { dim 2 { size 1 } }
inline std::string encode_tensor_head(data_type type, const std::vector<std::int64_t>& shape) {
    std::string dimensions;
    for (const std::int64_t size : shape) {
        std::string dimension;
        append_varint_field(dimension, 1, static_cast<std::uint64_t>(size));
        append_bytes_field(dimensions, 2, dimension);
    }
    std::string head;
    append_varint_field(head, 1, static_cast<std::uint64_t>(type));
    append_bytes_field(head, 2, dimensions);
    return head;
}

}  // namespace detail

inline float nearest_float(double value) noexcept {
    constexpr double largest = static_cast<double>(std::numeric_limits<float>::max());
    if (std::fabs(value) > largest && !std::isinf(value)) {
        const float infinite = std::numeric_limits<float>::infinity();
        const double half_step = largest + 0x1p103;  // below it the largest float is nearer
        if (std::fabs(value) < half_step) {
            return value < 0 ? -std::numeric_limits<float>::max()
                             : std::numeric_limits<float>::max();
        }
        return value < 0 ? -infinite : infinite;
    }
    return static_cast<float>(value);
}

inline void append_version_event(std::string& out, double wall_time, std::string_view writer) {
    detail::append_event_head(out, wall_time, 0);
    append_bytes_field(out, 3, "brain.Event:2");
    std::string source;
    append_bytes_field(source, 1, writer);
    append_bytes_field(out, 10, source);
}

inline void append_session_start_event(std::string& out, double wall_time, std::int64_t step) {
    detail::append_event_head(out, wall_time, step);
    append_bytes_field(out, 7, std::string_view("\x08\x01", 2));  // status: START
}

inline simple_event_encoder::simple_event_encoder(double wall_time, std::int64_t step,
                                                  std::string_view tag, float value) noexcept
    : event_(wall_time, step, tag, 5), value_(value) {}

inline void simple_event_encoder::write(char* to) const noexcept {
    to = event_.write(to);
    *to = '\x15';  // simple_value 2
    store_le(to + 1, float_bits(value_));
}

inline double_event_encoder::double_event_encoder(double wall_time, std::int64_t step,
                                                  std::string_view tag, double value,
                                                  bool with_metadata) noexcept
    : event_(wall_time, step, tag, tensor.size() + 8 + (with_metadata ? metadata.size() : 0)),
      value_(value), with_metadata_(with_metadata) {}

inline void double_event_encoder::write(char* to) const noexcept {
    to = event_.write(to);
    if (with_metadata_) {
        std::memcpy(to, metadata.data(), metadata.size());
        to += metadata.size();
    }
    std::memcpy(to, tensor.data(), tensor.size());
    store_le(to + tensor.size(), double_bits(value_));
}

namespace detail {

template <class Encoder>
void append_encoded(std::string& out, const Encoder& encoder) {
    const std::size_t begun = out.size();
    out.resize(begun + encoder.size());
    encoder.write(&out[begun]);
}

}  // namespace detail

inline void append_simple_event(std::string& out, double wall_time, std::int64_t step,
                                std::string_view tag, float value) {
    detail::append_encoded(out, simple_event_encoder(wall_time, step, tag, value));
}

inline void append_double_event(std::string& out, double wall_time, std::int64_t step,
                                std::string_view tag, double value, bool with_metadata) {
    detail::append_encoded(out, double_event_encoder(wall_time, step, tag, value, with_metadata));
}

inline void append_value_event(std::string& out, double wall_time, std::int64_t step,
                               const encoded_value& value) {
    std::string rest;
    if (!value.tensor.empty()) {
        append_bytes_field(rest, 8, value.tensor);
    }
    if (!value.metadata.empty()) {
        append_bytes_field(rest, 9, value.metadata);
    }
    if (value.simple) {
        rest += '\x15';  // simple_value 2
        append_le(rest, float_bits(*value.simple));
    }
    const detail::one_value_event event(wall_time, step, value.tag, rest.size());
    const std::size_t begun = out.size();
    out.resize(begun + event.size());
    std::memcpy(event.write(&out[begun]), rest.data(), rest.size());
}

// plugin_data 1 { plugin_name 1, content 2 }, data_class 4
inline std::string encode_metadata(std::string_view plugin, std::string_view content,
                                   data_class kind) {
    std::string data;
    append_bytes_field(data, 1, plugin);
    if (!content.empty()) {
        append_bytes_field(data, 2, content);
    }
    std::string meta;
    append_bytes_field(meta, 1, data);
    append_varint_field(meta, 4, static_cast<std::uint64_t>(kind));
    return meta;
}

// tensor_content 4
inline std::string encode_number_tensor(const exact_number& value) {
    std::string content;
    append_le(content, value.bits);
    std::string tensor =
        detail::encode_tensor_head(value.is_integer ? data_type::int64 : data_type::float64, {});
    append_bytes_field(tensor, 4, content);
    return tensor;
}

inline std::string encode_double_tensor(const std::vector<std::int64_t>& shape,
                                        const std::vector<double>& values) {
    std::string content;
    for (const double value : values) {
        append_le(content, double_bits(value));
    }
    std::string tensor = detail::encode_tensor_head(data_type::float64, shape);
    append_bytes_field(tensor, 4, content);
    return tensor;
}

// string_val 8
inline std::string encode_string_tensor(const std::vector<std::string_view>& values, bool is_list) {
    constexpr auto string_type = static_cast<data_type>(7);
    std::vector<std::int64_t> shape;
    if (is_list) {
        shape.push_back(static_cast<std::int64_t>(values.size()));
    }
    std::string tensor = detail::encode_tensor_head(string_type, shape);
    for (const std::string_view value : values) {
        append_bytes_field(tensor, 8, value);
    }
    return tensor;
}

}}}  // namespace guild::tfevents

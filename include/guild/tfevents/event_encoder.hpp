// guild/tfevents/event_encoder.hpp - serialized Events, for whoever writes event files.
//
// Layer 3. Includes: base, tfevents/wire.hpp, tfevents/tensor.hpp. Pure: values in, bytes out.
// Not here: reading them (tfevents/event.hpp); frames (tfevents/record.hpp); files
// (tfevents/writer.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/tfevents/tensor.hpp>
#include <guild/tfevents/wire.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// Appends an Event that says which version of the format follows and who wrote it.
///
/// units    wall_time, here and below: seconds since 1970-01-01 UTC
void append_version_event(std::string& out, double wall_time, std::string_view writer);

/// Appends an Event that says that a session starts: what was logged before with this step or a
/// later one is to be taken back.
void append_session_start_event(std::string& out, double wall_time, std::int64_t step);

/// Appends an Event with one scalar as a simple value (four bytes).
///
/// example  tests/tfevents/event_encoder.cpp "simple event: the bytes that TensorFlow writes"
void append_simple_event(std::string& out, double wall_time, std::int64_t step,
                         std::string_view tag, float value);

/// Appends an Event with one scalar as a tensor of one double; `with_metadata` on a tag's first.
void append_double_event(std::string& out, double wall_time, std::int64_t step,
                         std::string_view tag, double value, bool with_metadata);

/// The parts of a summary's value, serialized; an empty one is left out.
struct encoded_value {
    std::string_view tag;
    std::string_view metadata;  // of encode_metadata()
    std::string_view tensor;    // of encode_double_tensor() or encode_string_tensor()
};

/// Appends an Event with one such value.
void append_value_event(std::string& out, double wall_time, std::int64_t step,
                        const encoded_value& value);

/// How TensorBoard treats a tag: as a number, as a tensor, or as a sequence of blobs.
enum class data_class : std::uint8_t { unknown = 0, scalar = 1, tensor = 2, blob_sequence = 3 };

/// A serialized SummaryMetadata.
[[nodiscard]] std::string encode_metadata(std::string_view plugin, std::string_view content,
                                          data_class kind);

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

// Everything of an Event with one value up to the value's tag, whose other fields take `rest`
// bytes. Written at once: this is what every logged scalar costs.
inline void append_up_to_tag(std::string& out, double wall_time, std::int64_t step,
                             std::string_view tag, std::size_t rest) {
    char head[64];
    head[0] = '\x09';  // wall_time 1
    store_le(head + 1, double_bits(wall_time));
    char* at = head + 9;
    if (step != 0) {
        *at++ = '\x10';  // step 2
        at = store_varint(at, static_cast<std::uint64_t>(step));
    }
    const std::size_t value = field_bytes(tag.size()) + rest;
    *at++ = '\x2A';  // summary 5
    at = store_varint(at, field_bytes(value));
    *at++ = '\x0A';  // value 1
    at = store_varint(at, value);
    *at++ = '\x0A';  // tag 1
    at = store_varint(at, tag.size());
    out.append(head, static_cast<std::size_t>(at - head));
    out.append(tag);
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

inline void append_simple_event(std::string& out, double wall_time, std::int64_t step,
                                std::string_view tag, float value) {
    char number[5] = {'\x15'};  // simple_value 2
    store_le(number + 1, float_bits(value));
    detail::append_up_to_tag(out, wall_time, step, tag, sizeof number);
    out.append(number, sizeof number);
}

inline void append_double_event(std::string& out, double wall_time, std::int64_t step,
                                std::string_view tag, double value, bool with_metadata) {
    // SummaryMetadata { plugin_data { plugin_name: "scalars" }, data_class: DATA_CLASS_SCALAR }
    constexpr std::string_view meta("\x4A\x0D\x0A\x09\x0A\x07scalars\x20\x01", 15);
    // TensorProto { dtype: DT_DOUBLE, tensor_shape {}, double_val: value (packed) }
    char tensor[] = "\x42\x0E\x08\x02\x12\x00\x32\x08........";
    constexpr std::size_t tensor_bytes = sizeof tensor - 1;
    store_le(tensor + tensor_bytes - 8, double_bits(value));
    detail::append_up_to_tag(out, wall_time, step, tag,
                             tensor_bytes + (with_metadata ? meta.size() : 0));
    if (with_metadata) {
        out.append(meta);
    }
    out.append(tensor, tensor_bytes);
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
    detail::append_up_to_tag(out, wall_time, step, value.tag, rest.size());
    out.append(rest);
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
inline std::string encode_string_tensor(const std::vector<std::string_view>& values,
                                        bool is_list) {
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

// guild/tfevents/event.hpp - the payload of a record: an Event, as far as scalars need it.
//
// Layer 3. Includes: base, tfevents/wire.hpp, tfevents/tensor.hpp. Pure; text points into
// the payload that was read.
// Not here: frames (tfevents/record.hpp); whose metadata counts (tfevents/tags.hpp); writing events
// (tfevents/event_encoder.hpp); what hparams say (tfevents/hparams.hpp).
//
// Graphs, histograms, images, audio and run metadata are stepped over and not looked into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/text.hpp>
#include <guild/tfevents/tensor.hpp>
#include <guild/tfevents/wire.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// The one thing that an event carries; the number is its field.
enum class event_kind : std::uint8_t {
    empty = 0,
    file_version = 3,
    graph_def = 4,
    summary = 5,
    log_message = 6,
    session_log = 7,
    tagged_run_metadata = 8,
    meta_graph_def = 9,
};
inline constexpr std::size_t event_kind_count = 10;

/// The protocol's word for a kind, for example "file_version".
[[nodiscard]] std::string_view to_string(event_kind kind) noexcept;

/// The one thing that a summary's value carries; the number is its field.
enum class value_kind : std::uint8_t {
    none = 0,
    simple = 2,
    old_histogram = 3,
    image = 4,
    histogram = 5,
    audio = 6,
    tensor = 8,
};

/// The protocol's word for a kind, for example "histo"; "novalue" for none.
[[nodiscard]] std::string_view to_string(value_kind kind) noexcept;

/// A tag's metadata, present on its first value only as a rule.
///
/// out      content: the plugin's own data, any bytes
struct metadata {
    std::string_view plugin_name;
    std::string_view content;
    std::uint64_t data_class = 0;  // 0 unknown, 1 scalar, 2 tensor, 3 blob sequence

    [[nodiscard]] bool means_scalar() const noexcept {
        return plugin_name == "scalars" || data_class == 1;
    }
};

/// One value of a summary.
///
/// out      number: of a simple value, or of a tensor with one numeric element; empty otherwise;
///          exact: of such a tensor, also of one that a simple value behind it has replaced;
///          type_number, rank: of a tensor, as tensor tells them
struct summary_value {
    std::string_view tag;
    value_kind kind = value_kind::none;
    int rank = 0;
    std::uint64_t type_number = 0;
    std::optional<double> number;
    std::optional<exact_number> exact;
    std::optional<metadata> meta;
};

/// One event. decode_event() reuses the memory of `values`.
///
/// units    wall_time: seconds since 1970-01-01 UTC; step: as logged, negative allowed
struct event {
    double wall_time = 0;
    std::int64_t step = 0;
    event_kind kind = event_kind::empty;
    std::string_view file_version;      // of kind file_version
    std::uint64_t session_status = 0;   // of kind session_log: 1 start, 2 stop, 3 checkpoint
    std::string_view source_writer;     // who wrote the file; on the first event, if at all
    std::vector<summary_value> values;  // of kind summary
    std::uint64_t empty_values = 0;     // of kind summary, with neither kind nor metadata: left out
};

/// Reads a serialized Event into `out`.
///
/// out      false if the payload is not a well-formed Event, invalid UTF-8 in its texts included
/// cost     O(payload); no copies, no allocation once `out` has grown
/// source   event.proto, summary.proto and tensor.proto of TensorFlow
/// example  tests/tfevents/event.cpp "event: the version record, by hand"
[[nodiscard]] bool decode_event(std::string_view payload, event& out);

/// An event that carries one simple value and nothing else, as most do.
///
/// units    as of event
struct simple_event {
    double wall_time = 0;
    std::int64_t step = 0;
    std::string_view tag;
    double value = 0;
};

/// Reads an event of the one layout that writers give such an event: time, step, summary, tag, and
/// the value, each once, in this order, lengths of one byte.
///
/// out      false when the payload is laid out in any other way; decode_event() then tells what it
///          is. The tag is not checked for valid UTF-8.
/// cost     a tenth of decode_event()
/// example  tests/tfevents/event.cpp "simple event: whatever it takes, decode_event reads alike"
[[nodiscard]] bool decode_simple_event(std::string_view payload, simple_event& out) noexcept;

// ---- implementation ---------------------------------------------------------

inline std::string_view to_string(event_kind kind) noexcept {
    switch (kind) {
    case event_kind::empty:
        return "empty";
    case event_kind::file_version:
        return "file_version";
    case event_kind::graph_def:
        return "graph_def";
    case event_kind::summary:
        return "summary";
    case event_kind::log_message:
        return "log_message";
    case event_kind::session_log:
        return "session_log";
    case event_kind::tagged_run_metadata:
        return "tagged_run_metadata";
    case event_kind::meta_graph_def:
        return "meta_graph_def";
    }
    return "empty";
}

inline std::string_view to_string(value_kind kind) noexcept {
    switch (kind) {
    case value_kind::none:
        return "novalue";
    case value_kind::simple:
        return "simple_value";
    case value_kind::old_histogram:
        return "obsolete_old_style_histogram";
    case value_kind::image:
        return "image";
    case value_kind::histogram:
        return "histo";
    case value_kind::audio:
        return "audio";
    case value_kind::tensor:
        return "tensor";
    }
    return "novalue";
}

namespace detail {

// plugin_data 1 { plugin_name 1, content 2 }, display_name 2, summary_description 3, data_class 4
inline bool read_metadata(std::string_view message, metadata& out) noexcept {
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        if (field.is(4, wire_type::varint)) {
            out.data_class = field.value;
        } else if (field.is(2, wire_type::bytes) || field.is(3, wire_type::bytes)) {
            if (!is_valid_utf8(field.bytes)) {
                return false;
            }
        } else if (field.is(1, wire_type::bytes)) {
            wire_reader plugin(field.bytes);
            wire_field part;
            while (plugin.next(part)) {
                if (part.is(1, wire_type::bytes)) {
                    out.plugin_name = part.bytes;
                } else if (part.is(2, wire_type::bytes)) {
                    out.content = part.bytes;
                }
            }
            if (plugin.is_bad() || !is_valid_utf8(out.plugin_name)) {
                return false;
            }
        }
    }
    return !fields.is_bad();
}

// tag 1, simple_value 2, histograms 3 and 5, image 4, audio 6, node_name 7, tensor 8, metadata 9
class value_decoder {
public:
    explicit value_decoder(summary_value& out) noexcept : out_(out) {}

    bool read(std::string_view message) {
        wire_reader fields(message);
        wire_field field;
        while (fields.next(field)) {
            if (!read_field(field)) {
                return false;
            }
        }
        if (tensor_) {
            out_.exact = tensor_->exact();
        }
        if (out_.kind == value_kind::tensor) {
            out_.type_number = tensor_->type_number();
            out_.rank = tensor_->rank();
            out_.number = tensor_->number();
        }
        return !fields.is_bad();
    }

private:
    bool read_field(const wire_field& field) {
        if (field.type == wire_type::fixed32 && field.number == 2) {
            out_.kind = value_kind::simple;
            out_.number = static_cast<double>(bits_float(static_cast<std::uint32_t>(field.value)));
            return true;
        }
        if (field.type != wire_type::bytes) {
            return true;
        }
        switch (field.number) {
        case 1:
            out_.tag = field.bytes;
            return is_valid_utf8(field.bytes);
        case 7:
            return is_valid_utf8(field.bytes);
        case 3:
        case 4:
        case 5:
        case 6:
            out_.kind = static_cast<value_kind>(field.number);
            out_.number.reset();
            return true;
        case 8:
            return read_tensor(field.bytes);
        case 9:
            if (!out_.meta) {
                out_.meta.emplace();
            }
            return read_metadata(field.bytes, *out_.meta);
        default:
            return true;
        }
    }

    // A tensor that comes twice is merged, as protocol buffers do; after another kind it starts
    // anew.
    bool read_tensor(std::string_view message) {
        if (out_.kind != value_kind::tensor || !tensor_) {
            tensor_.emplace();
        }
        out_.kind = value_kind::tensor;
        return tensor_->read(message);
    }

    summary_value& out_;
    std::optional<tensor> tensor_;
};

inline bool read_summary(std::string_view message, std::vector<summary_value>& values,
                         std::uint64_t& empty_values) {
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        if (field.is(1, wire_type::bytes)) {
            values.emplace_back();
            if (!value_decoder(values.back()).read(field.bytes)) {
                return false;
            }
            // Two bytes in the file would be fifty times as much in memory.
            if (values.back().kind == value_kind::none && !values.back().meta) {
                values.pop_back();
                ++empty_values;
            }
        }
    }
    return !fields.is_bad();
}

// The last field of one number and type in a message of otherwise uninteresting ones.
inline bool read_field_of(std::string_view message, std::uint32_t number, wire_type type,
                          wire_field& found) noexcept {
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        if (field.is(number, type)) {
            found = field;
        }
    }
    return !fields.is_bad();
}

// The members of the oneof: the last kind on the wire is the event's.
inline bool read_what(const wire_field& field, event& out) {
    const auto kind = static_cast<event_kind>(field.number);
    if (kind != out.kind) {
        out.values.clear();
        out.empty_values = 0;
    }
    out.kind = kind;
    if (kind == event_kind::file_version) {
        out.file_version = field.bytes;
        return is_valid_utf8(field.bytes);
    }
    if (kind == event_kind::session_log) {
        wire_field status;
        const bool good = read_field_of(field.bytes, 1, wire_type::varint, status);
        out.session_status = status.value;
        return good;
    }
    return kind != event_kind::summary || read_summary(field.bytes, out.values, out.empty_values);
}

}  // namespace detail

inline bool decode_event(std::string_view payload, event& out) {
    out.values.clear();
    out.empty_values = 0;
    out.wall_time = 0;
    out.step = 0;
    out.kind = event_kind::empty;
    out.session_status = 0;
    out.file_version = out.source_writer = {};
    wire_reader fields(payload);
    wire_field field;
    while (fields.next(field)) {
        bool good = true;
        if (field.is(1, wire_type::fixed64)) {
            out.wall_time = bits_double(field.value);
        } else if (field.is(2, wire_type::varint)) {
            out.step = static_cast<std::int64_t>(field.value);
        } else if (field.type == wire_type::bytes && field.number >= 3 && field.number <= 9) {
            good = detail::read_what(field, out);
        } else if (field.is(10, wire_type::bytes)) {
            wire_field writer;
            good = detail::read_field_of(field.bytes, 1, wire_type::bytes, writer) &&
                   is_valid_utf8(writer.bytes);
            out.source_writer = writer.bytes;
        }
        if (!good) {
            return false;
        }
    }
    return !fields.is_bad();
}

namespace detail {

// wall_time 1, step 2 if it is not 0; false when the next byte is not the first of these keys.
inline bool read_simple_head(std::string_view& rest, simple_event& out) noexcept {
    if (rest.size() < 9 || rest[0] != '\x09') {
        return false;
    }
    out.wall_time = bits_double(load_le<std::uint64_t>(rest.data() + 1));
    rest.remove_prefix(9);
    out.step = 0;
    if (!rest.empty() && rest[0] == '\x10') {
        std::uint64_t step = 0;
        rest.remove_prefix(1);
        if (!decode_varint(rest, step)) {
            return false;
        }
        out.step = static_cast<std::int64_t>(step);
    }
    return true;
}

}  // namespace detail

inline bool decode_simple_event(std::string_view payload, simple_event& out) noexcept {
    std::string_view rest = payload;
    if (!detail::read_simple_head(rest, out)) {
        return false;
    }
    // 2A s (0A v (0A t TAG 15 VALUE)): the three lengths follow from each other
    constexpr std::size_t around_tag = 2 + 2 + 2 + 1 + 4;
    const std::size_t tag = rest.size() - around_tag;
    if (rest.size() < around_tag || tag > 0x7F - 9) {
        return false;
    }
    constexpr std::uint64_t six_bytes = 0xFFFFFFFFFFFFU;
    const std::uint64_t keys = 0x000A070A092AU + std::uint64_t{tag} * 0x010001000100U;
    if ((load_le<std::uint64_t>(rest.data()) & six_bytes) != keys || rest[6 + tag] != '\x15') {
        return false;
    }
    out.tag = {rest.data() + 6, tag};
    out.value = static_cast<double>(bits_float(load_le<std::uint32_t>(rest.data() + 7 + tag)));
    return true;
}

}}}  // namespace guild::tfevents

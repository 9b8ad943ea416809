// guild/tfevents/hparams.hpp - hyperparameters as TensorBoard's plugin of that name keeps them.
//
// Layer 3. Includes: base, tfevents/wire.hpp. Pure: bytes in, values out, and back.
// Not here: the metadata that holds them (tag_info::content in tfevents/tags.hpp).
//
// A run has up to three tags without values, whose metadata says everything:
//
//     _hparams_/experiment           which hyperparameters and metrics there are
//     _hparams_/session_start_info   the hyperparameters' values, group and time of the start
//     _hparams_/session_end_info     how it ended, and when
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/tfevents/wire.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

inline constexpr std::string_view hparams_experiment_tag = "_hparams_/experiment";
inline constexpr std::string_view hparams_start_tag = "_hparams_/session_start_info";
inline constexpr std::string_view hparams_end_tag = "_hparams_/session_end_info";

enum class hparam_kind : std::uint8_t { none, number, text, boolean };

/// One hyperparameter. Numbers of any type are doubles to TensorBoard.
struct hparam {
    template <class Number, std::enable_if_t<std::is_arithmetic_v<Number>, int> = 0>
    hparam(std::string key, Number value)
        : name(std::move(key)),
          kind(std::is_same_v<Number, bool> ? hparam_kind::boolean : hparam_kind::number),
          number(static_cast<double>(value)) {}
    hparam(std::string key, std::string value)
        : name(std::move(key)), kind(hparam_kind::text), text(std::move(value)) {}
    hparam(std::string key, const char* value) : hparam(std::move(key), std::string(value)) {}
    explicit hparam(std::string key) : name(std::move(key)) {}

    std::string name;
    hparam_kind kind = hparam_kind::none;
    double number = 0;  // of a boolean: 0 or 1
    std::string text;

    /// The value as a flag's text: "0.1", "32", "true"; empty for none.
    [[nodiscard]] std::string to_flag() const;
};

/// The hyperparameters of one run.
///
/// units    start_time: seconds since 1970-01-01 UTC
struct hparams {
    std::vector<hparam> values;
    std::vector<std::string> metrics;  // tags of the scalars by which runs are compared
    std::string group_name;            // runs of one group are repetitions; TensorBoard makes one
    double start_time = 0;
};

enum class session_status : std::uint8_t { unknown = 0, success = 1, failure = 2, running = 3 };

/// How a run ended, as it says itself.
///
/// units    end_time: seconds since 1970-01-01 UTC, 0 if it is not told
struct session_end {
    session_status status = session_status::unknown;
    double end_time = 0;
};

/// The content of _hparams_/session_start_info, its values in order of name; empty when `content`
/// is something else or bad.
///
/// source   plugin_data.proto of TensorBoard's plugin hparams; struct.proto of Protocol Buffers
/// example  tests/tfevents/hparams.cpp "hparams: what torch writes"
[[nodiscard]] std::optional<hparams> decode_session_start(std::string_view content);

/// The content of _hparams_/session_end_info; empty when `content` is something else or bad. A
/// status that has no name here is unknown.
///
/// source   plugin_data.proto of TensorBoard's plugin hparams
/// example  tests/runs/imported_run.cpp "session end: what was encoded is decoded"
[[nodiscard]] std::optional<session_end> decode_session_end(std::string_view content);

/// The contents of the three tags.
[[nodiscard]] std::string encode_experiment(const hparams& what);
[[nodiscard]] std::string encode_session_start(const hparams& what);
[[nodiscard]] std::string encode_session_end(session_status status, double end_time);

// ---- implementation ---------------------------------------------------------

inline std::string hparam::to_flag() const {
    switch (kind) {
    case hparam_kind::none:
        break;
    case hparam_kind::number:
        return format_double(number);
    case hparam_kind::text:
        return text;
    case hparam_kind::boolean:
        return number != 0 ? "true" : "false";
    }
    return "";
}

namespace detail {

// google.protobuf.Value: null_value 1, number_value 2, string_value 3, bool_value 4
inline bool read_hparam_value(std::string_view message, hparam& out) {
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        if (field.is(1, wire_type::varint)) {
            out.kind = hparam_kind::none;
        } else if (field.is(2, wire_type::fixed64)) {
            out.kind = hparam_kind::number;
            out.number = bits_double(field.value);
        } else if (field.is(3, wire_type::bytes)) {
            out.kind = hparam_kind::text;
            out.text.assign(field.bytes);
        } else if (field.is(4, wire_type::varint)) {
            out.kind = hparam_kind::boolean;
            out.number = field.value != 0 ? 1 : 0;
        }
    }
    return !fields.is_bad() && is_valid_utf8(out.text);
}

// An entry of map<string, Value>: key 1, value 2; of two with one key the later counts.
inline bool read_hparam(std::string_view message, std::map<std::string, hparam>& out) {
    hparam each{std::string()};
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        if (field.is(1, wire_type::bytes)) {
            each.name.assign(field.bytes);
        } else if (field.is(2, wire_type::bytes) && !read_hparam_value(field.bytes, each)) {
            return false;
        }
    }
    if (fields.is_bad() || !is_valid_utf8(each.name)) {
        return false;
    }
    std::string key = each.name;
    out.insert_or_assign(std::move(key), std::move(each));
    return true;
}

// SessionStartInfo: hparams 1, group_name 4, start_time_secs 5
inline bool read_session_start(std::string_view message, hparams& out) {
    std::map<std::string, hparam> values;
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        if (field.is(1, wire_type::bytes)) {
            if (!read_hparam(field.bytes, values)) {
                return false;
            }
        } else if (field.is(4, wire_type::bytes)) {
            if (!is_valid_utf8(field.bytes)) {
                return false;
            }
            out.group_name.assign(field.bytes);
        } else if (field.is(5, wire_type::fixed64)) {
            out.start_time = bits_double(field.value);
        }
    }
    for (auto& [name, value] : values) {
        out.values.push_back(std::move(value));
    }
    return !fields.is_bad();
}

// SessionEndInfo: status 1, end_time_secs 2
inline bool read_session_end(std::string_view message, session_end& out) {
    constexpr auto last = static_cast<std::uint64_t>(session_status::running);
    wire_reader fields(message);
    wire_field field;
    while (fields.next(field)) {
        if (field.is(1, wire_type::varint)) {
            out.status = static_cast<session_status>(field.value <= last ? field.value : 0);
        } else if (field.is(2, wire_type::fixed64)) {
            out.end_time = bits_double(field.value);
        }
    }
    return !fields.is_bad();
}

inline std::string encode_hparam_value(const hparam& each) {
    std::string value;
    switch (each.kind) {
    case hparam_kind::none:
        append_varint_field(value, 1, 0);
        break;
    case hparam_kind::number:
        append_double_field(value, 2, each.number);
        break;
    case hparam_kind::text:
        append_bytes_field(value, 3, each.text);
        break;
    case hparam_kind::boolean:
        append_varint_field(value, 4, each.number != 0 ? 1 : 0);
        break;
    }
    return value;
}

// HParamsPluginData: version 1, which is 0, and one of experiment 2, session_start_info 3,
// session_end_info 4
inline std::string encode_plugin_data(std::uint32_t number, std::string_view message) {
    std::string data;
    append_bytes_field(data, number, message);
    return data;
}

// DataType: string 1, bool 2, float64 3; 0 for a value of no kind
inline std::uint64_t data_type_of(hparam_kind kind) noexcept {
    switch (kind) {
    case hparam_kind::none:
        break;
    case hparam_kind::text:
        return 1;
    case hparam_kind::boolean:
        return 2;
    case hparam_kind::number:
        return 3;
    }
    return 0;
}

}  // namespace detail

inline std::optional<hparams> decode_session_start(std::string_view content) {
    wire_reader fields(content);
    wire_field field;
    std::optional<hparams> found;
    while (fields.next(field)) {
        if (field.is(3, wire_type::bytes)) {
            found.emplace();
            if (!detail::read_session_start(field.bytes, *found)) {
                return std::nullopt;
            }
        }
    }
    return fields.is_bad() ? std::nullopt : found;
}

inline std::optional<session_end> decode_session_end(std::string_view content) {
    wire_reader fields(content);
    wire_field field;
    std::optional<session_end> found;
    while (fields.next(field)) {
        if (field.is(4, wire_type::bytes)) {
            found.emplace();
            if (!detail::read_session_end(field.bytes, *found)) {
                return std::nullopt;
            }
        }
    }
    return fields.is_bad() ? std::nullopt : found;
}

// Experiment: hparam_infos 4 { name 1, type 4 }, metric_infos 5 { name 1 { tag 2 } }
inline std::string encode_experiment(const hparams& what) {
    std::string experiment;
    for (const hparam& each : what.values) {
        std::string info;
        append_bytes_field(info, 1, each.name);
        append_varint_field(info, 4, detail::data_type_of(each.kind));
        append_bytes_field(experiment, 4, info);
    }
    for (const std::string& tag : what.metrics) {
        std::string name;
        append_bytes_field(name, 2, tag);
        std::string info;
        append_bytes_field(info, 1, name);
        append_bytes_field(experiment, 5, info);
    }
    return detail::encode_plugin_data(2, experiment);
}

inline std::string encode_session_start(const hparams& what) {
    std::string start;
    for (const hparam& each : what.values) {
        std::string entry;
        append_bytes_field(entry, 1, each.name);
        append_bytes_field(entry, 2, detail::encode_hparam_value(each));
        append_bytes_field(start, 1, entry);
    }
    if (!what.group_name.empty()) {
        append_bytes_field(start, 4, what.group_name);
    }
    append_double_field(start, 5, what.start_time);
    return detail::encode_plugin_data(3, start);
}

// SessionEndInfo: status 1, end_time_secs 2
inline std::string encode_session_end(session_status status, double end_time) {
    std::string end;
    append_varint_field(end, 1, static_cast<std::uint64_t>(status));
    append_double_field(end, 2, end_time);
    return detail::encode_plugin_data(4, end);
}

}}}  // namespace guild::tfevents

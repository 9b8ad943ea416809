// guild/json.hpp - guild values as JSON: the object shapes that `--json` and the HTTP API share.
//
// Layer 5. Includes: base, ini, project, series, runs; nlohmann/json (no other header does).
// Not here: routes (viewer/api.hpp). Every shape is described in docs/http-api.md.
//
// Text in files is bytes; JSON text is Unicode. Bytes that are no UTF-8 become U+FFFD, and the
// bytes stand beside as NAME_base64. JSON has neither NaN nor infinities, and most readers have no
// integers beyond 2^53: those are strings.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/base64.hpp>
#include <guild/base/error.hpp>
#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/ini/document.hpp>
#include <guild/project/project.hpp>
#include <guild/runs/marks.hpp>
#include <guild/runs/run.hpp>
#include <guild/series/point.hpp>

#include <nlohmann/json.hpp>

namespace guild { inline namespace v0 { namespace json {

/// An object keeps its names in the order in which they were set.
using value = nlohmann::ordered_json;

/// `bytes` as Unicode text: what is no UTF-8 becomes U+FFFD, one for each broken sequence.
///
/// example  tests/json.cpp "to_text: broken UTF-8 is replaced, one mark a sequence"
[[nodiscard]] std::string to_text(std::string_view bytes);

/// Sets `name` to text; when the bytes are no UTF-8, NAME_base64 too, with the exact bytes.
///
/// example  tests/json.cpp "set_text: bytes that are no text stand beside it in base64"
void set_text(value& object, const std::string& name, std::string_view bytes);

/// Standard base64 with padding (RFC 4648, section 4).
[[nodiscard]] std::string to_base64(std::string_view bytes);

/// A number; "NaN", "Infinity", "-Infinity" as strings.
[[nodiscard]] value to_json(double number);

/// A number; beyond 2^53 in size its decimal digits as a string.
[[nodiscard]] value to_json(std::int64_t number);
[[nodiscard]] value to_json(std::uint64_t number);
[[nodiscard]] value to_json(series::number number);

/// {code, message, path, line, column, text}: text is one line for people; absent places are null.
[[nodiscard]] value to_json(const error& what);

/// An error's fields, with severity, rule, hint, and caret: the source line and the marks below it.
[[nodiscard]] value to_json(const ini::diagnostic& about, std::string_view source);

/// [{name, value}]: the order is kept and a name may repeat.
[[nodiscard]] value to_json(const runs::pair_list& pairs);

/// {key: [...], attributes: [{name, value, path, line, column, templates}]}.
[[nodiscard]] value to_json(const project::section& section);

/// {title, description, directory, path, models, sections}.
[[nodiscard]] value to_json(const project::project& project);

/// {id, name, model, status, cause, started_us, stopped_us, exit_code, path, command, cwd, label,
/// tags, note}.
///
/// example  tests/json.cpp "run: the object that lists and the HTTP API share"
[[nodiscard]] value to_json(const runs::run& run);

/// {key, count, first, last, min, max, nan, inf, first_step, last_step, last_time_us}.
[[nodiscard]] value to_json(const series::series_summary& summary);

/// {steps: [...], times_us: [...], values: [...]}, one entry a point in each.
[[nodiscard]] value to_json(const std::vector<series::point>& points);

/// {stream, time_us, offset, text}, or {stream, time_us, offset, lost_bytes} for a gap.
[[nodiscard]] value to_json(const runs::output_piece& piece);

/// The JSON text of a value; `<` is escaped, so that it is harmless inside HTML.
///
/// in       indent: blanks a level; negative for one line
[[nodiscard]] std::string format(const value& what, int indent = -1);

/// Reads JSON text.
///
/// errors   bad_syntax, with the byte offset
/// example  tests/json.cpp "parse: a mistake is reported with its offset"
[[nodiscard]] result<value> parse(std::string_view text);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::int64_t exact_limit = std::int64_t{1} << 53;

template <class Optional>
value or_null(const Optional& number) {
    return number ? to_json(*number) : value(nullptr);
}

// argv.0, argv.1, ... of meta.tsv.
inline value command_of(const runs::run& run) {
    value words = value::array();
    for (std::size_t i = 0; i < 10'000; ++i) {
        const auto word = run.find_meta("argv." + std::to_string(i));
        if (!word) {
            break;
        }
        words.push_back(to_text(*word));
    }
    return words;
}

}  // namespace detail

inline std::string to_text(std::string_view bytes) {
    return replace_invalid_utf8(bytes);
}

inline std::string to_base64(std::string_view bytes) {
    return encode_base64(bytes);
}

inline void set_text(value& object, const std::string& name, std::string_view bytes) {
    const bool is_text = is_valid_utf8(bytes);
    object[name] = is_text ? std::string(bytes) : to_text(bytes);
    if (!is_text) {
        object[name + "_base64"] = to_base64(bytes);
    }
}

inline value to_json(double number) {
    if (std::isnan(number)) {
        return "NaN";
    }
    if (std::isinf(number)) {
        return number > 0 ? "Infinity" : "-Infinity";
    }
    return number;
}

inline value to_json(std::int64_t number) {
    const bool is_exact = number <= detail::exact_limit && number >= -detail::exact_limit;
    return is_exact ? value(number) : value(std::to_string(number));
}

inline value to_json(std::uint64_t number) {
    const bool is_exact = number <= static_cast<std::uint64_t>(detail::exact_limit);
    return is_exact ? value(number) : value(std::to_string(number));
}

inline value to_json(series::number number) {
    return number.is_integer() ? to_json(number.as_int64()) : to_json(number.as_double());
}

inline value to_json(const error& what) {
    value out;
    out["code"] = to_string(what.code);
    set_text(out, "message", what.message);
    set_text(out, "path", what.path);
    out["line"] = what.where.line == 0 ? value(nullptr) : value(what.where.line);
    out["column"] = what.where.column == 0 ? value(nullptr) : value(what.where.column);
    set_text(out, "text", to_string(what));
    return out;
}

inline value to_json(const ini::diagnostic& about, std::string_view source) {
    value out;
    out["severity"] = about.sev == ini::severity::error ? "error" : "warning";
    out["rule"] = ini::to_string(about.about);
    out.update(to_json(about.what));
    set_text(out, "hint", about.hint);
    ini::diagnostic without_hint = about;
    without_hint.hint.clear();
    const std::string shown = ini::render(without_hint, source);
    set_text(out, "caret",
             std::string_view(shown).substr(std::min(shown.find('\n') + 1, shown.size())));
    return out;
}

inline value to_json(const runs::pair_list& pairs) {
    value out = value::array();
    for (const auto& [name, text] : pairs) {
        value pair;
        set_text(pair, "name", name);
        set_text(pair, "value", text);
        out.push_back(std::move(pair));
    }
    return out;
}

inline value to_json(const project::section& section) {
    value out;
    out["key"] = value::array();
    for (const std::string& part : section.key) {
        out["key"].push_back(to_text(part));
    }
    out["attributes"] = value::array();
    for (const project::attribute& attribute : section.attributes) {
        value one;
        set_text(one, "name", attribute.name);
        set_text(one, "value", attribute.value);
        set_text(one, "path", attribute.from.path);
        one["line"] = attribute.from.where.line;
        one["column"] = attribute.from.where.column;
        one["templates"] = value::array();
        for (const std::string& name : attribute.templates) {
            one["templates"].push_back(to_text(name));
        }
        out["attributes"].push_back(std::move(one));
    }
    return out;
}

inline value to_json(const project::project& project) {
    value out;
    set_text(out, "title", project.title());
    set_text(out, "description", project.description());
    set_text(out, "directory", project.directory());
    set_text(out, "path", project.path());
    out["models"] = value::array();
    for (const project::section* model : project.models()) {
        value one;
        set_text(one, "name", project.model_display_name(*model));
        set_text(one, "description", collapse_spaces(model->get("description")));
        out["models"].push_back(std::move(one));
    }
    out["sections"] = value::array();
    for (const project::section& section : project.sections()) {
        out["sections"].push_back(to_json(section));
    }
    return out;
}

inline value to_json(const runs::run& run) {
    value out;
    set_text(out, "id", run.id());
    set_text(out, "name", runs::display_name(run));
    set_text(out, "model", run.model());
    out["status"] = to_string(run.status());
    set_text(out, "cause", run.cause());
    out["started_us"] = detail::or_null(run.started_us());
    out["stopped_us"] = detail::or_null(run.stopped_us());
    out["exit_code"] = detail::or_null(run.exit_code());
    set_text(out, "path", run.path());
    out["command"] = detail::command_of(run);
    set_text(out, "cwd", run.find_meta("cwd").value_or(""));
    const runs::run_marks marks = runs::marks_of(run);
    set_text(out, "label", marks.label);
    out["tags"] = value::array();
    for (const std::string& tag : marks.tags) {
        out["tags"].push_back(to_text(tag));
    }
    set_text(out, "note", marks.note);
    return out;
}

inline value to_json(const series::series_summary& summary) {
    value out;
    set_text(out, "key", summary.key);
    out["count"] = to_json(summary.count);
    const bool is_empty = summary.count == 0;
    out["first"] = is_empty ? value(nullptr) : to_json(summary.first.value);
    out["last"] = is_empty ? value(nullptr) : to_json(summary.last.value);
    out["min"] = summary.has_finite() ? to_json(summary.min) : value(nullptr);
    out["max"] = summary.has_finite() ? to_json(summary.max) : value(nullptr);
    out["nan"] = to_json(summary.nan);
    out["inf"] = to_json(summary.inf);
    out["first_step"] = is_empty ? value(nullptr) : to_json(summary.first.step);
    out["last_step"] = is_empty ? value(nullptr) : to_json(summary.last.step);
    out["last_time_us"] = is_empty ? value(nullptr) : to_json(summary.last.time_us);
    return out;
}

inline value to_json(const std::vector<series::point>& points) {
    value steps = value::array();
    value times = value::array();
    value values = value::array();
    for (const series::point& point : points) {
        steps.push_back(to_json(point.step));
        times.push_back(to_json(point.time_us));
        values.push_back(to_json(point.value));
    }
    value out;
    out["steps"] = std::move(steps);
    out["times_us"] = std::move(times);
    out["values"] = std::move(values);
    return out;
}

inline value to_json(const runs::output_piece& piece) {
    value out;
    out["stream"] = piece.stream == runs::output_stream::out   ? "out"
                    : piece.stream == runs::output_stream::err ? "err"
                                                               : "unknown";
    out["time_us"] = detail::or_null(piece.time_us);
    out["offset"] = to_json(piece.offset);
    if (piece.lost_bytes > 0) {
        out["lost_bytes"] = to_json(piece.lost_bytes);
    } else {
        set_text(out, "text", piece.text);
    }
    return out;
}

inline std::string format(const value& what, int indent) {
    return replace_all(what.dump(indent, ' ', false, value::error_handler_t::replace), "<",
                       "\\u003c");
}

inline result<value> parse(std::string_view text) {
    value out;
    try {
        out = value::parse(text);
    } catch (const nlohmann::json::parse_error& failure) {
        const std::size_t at = failure.byte > 0 ? failure.byte - 1 : 0;
        return make_error(errc::bad_syntax, "expected JSON", {}, {at, at + 1, 0, 0});
    }
    return out;
}

}}}  // namespace guild::json

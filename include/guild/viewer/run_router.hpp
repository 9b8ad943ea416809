// guild/viewer/run_router.hpp - the answers about one run: its parts, data, output and files.
//
// Layer 6. Includes: base, os, runs, series, json, viewer.
// Not here: which run (viewer/api.hpp).
//
// Each answer's tag is made of what the answer depends on, before it is made: a client that has it
// costs a look at the times of files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/read_beneath.hpp>
#include <guild/runs/catalog_cache.hpp>
#include <guild/runs/output_log.hpp>
#include <guild/viewer/http.hpp>
#include <guild/viewer/output_search.hpp>
#include <guild/viewer/points.hpp>
#include <guild/viewer/run_files.hpp>
#include <guild/viewer/site_memory.hpp>
#include <guild/viewer/view_spec.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// Bounds of one answer.
///
/// units    columns: of points, four points each at most; bytes of output; matches of a search
inline constexpr std::int64_t default_columns = 400;
inline constexpr std::int64_t max_columns = 4000;
inline constexpr std::int64_t max_charted_series = 200;
inline constexpr std::int64_t default_output_bytes = 256 * 1024;
inline constexpr std::int64_t max_output_bytes = 1024 * 1024;
inline constexpr std::int64_t default_matches = 200;
inline constexpr std::int64_t max_matches = 1000;
inline constexpr std::size_t max_search_bytes = 1000;

/// The answers about one run.
///
/// example  tests/viewer/run_router.cpp "run router: data as arrays"
class run_router {
public:
    using run_pointer = std::shared_ptr<const runs::listed_run>;
    run_router(const request& what, const target_parts& target, site_memory& memory,
               run_pointer run)
        : what_(what), target_(target), memory_(memory), run_(std::move(run)) {}

    /// The part of the run that `path` names behind its id; nothing for an unknown one.
    [[nodiscard]] std::optional<response> route(const std::vector<std::string>& parts,
                                                const std::vector<field_spec>& fields);

private:
    [[nodiscard]] response fields_of(const std::vector<field_spec>& fields);
    [[nodiscard]] response series_of();
    [[nodiscard]] response data_of();
    [[nodiscard]] response data_of(const chart_request& what, bool is_binary);
    [[nodiscard]] response output_of();
    [[nodiscard]] response search();
    [[nodiscard]] response file(const std::string& id);
    [[nodiscard]] result<chart_request> chart_request_of() const;
    [[nodiscard]] result<std::vector<std::string>> keys_of(const run_values& values) const;
    [[nodiscard]] result<std::optional<runs::output_stream>> stream_of() const;
    [[nodiscard]] std::string output_state() const;

    /// The answer of `make`, unless the client has the one with the tag of `state`.
    template <class Make>
    [[nodiscard]] response unless_known(const std::string& state, Make&& make) const;
    [[nodiscard]] std::string state() const {
        return memory_.epoch() + ' ' + std::to_string(run_->version);
    }

    const request& what_;
    const target_parts& target_;
    site_memory& memory_;
    run_pointer run_;
};

/// An answer with JSON.
[[nodiscard]] response make_json(const json::value& body);

/// An answer that tells an error, with its place.
[[nodiscard]] response make_failure(int status, const error& what);

/// A whole number of a query, kept inside a range.
///
/// errors   bad_value
[[nodiscard]] result<std::int64_t> get_number(const target_parts& target, std::string_view name,
                                              std::int64_t fallback, std::int64_t low,
                                              std::int64_t high);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

// Sums of what a client gives and a time.
inline std::int64_t add_bounded(std::int64_t a, std::int64_t b) noexcept {
    return b > 0 && a > highest - b ? highest : b < 0 && a < lowest - b ? lowest : a + b;
}

inline bool is_listed(const std::string& list, std::string_view word) {
    const std::vector<std::string> words = split(list, ',');
    return std::any_of(words.begin(), words.end(),
                       [word](const std::string& each) { return trim(each) == word; });
}

}  // namespace detail

inline response make_json(const json::value& body) {
    response out;
    out.content_type = "application/json";
    out.body = json::format(body) + '\n';
    return out;
}

inline response make_failure(int status, const error& what) {
    response out = make_json(json::value{{"error", json::to_json(what)}});
    out.status = status;
    return out;
}

inline result<std::int64_t> get_number(const target_parts& target, std::string_view name,
                                       std::int64_t fallback, std::int64_t low, std::int64_t high) {
    const auto text = target.find(name);
    if (!text || text->empty()) {
        return fallback;
    }
    const auto number = parse_int64(*text);
    if (!number) {
        return make_error(errc::bad_value, "expected a whole number for '" + std::string(name) +
                                               "', saw '" + *text + "'");
    }
    return std::clamp(*number, low, high);
}

template <class Make>
response run_router::unless_known(const std::string& state, Make&& make) const {
    if (memory_.epoch().empty()) {
        return make();
    }
    const std::string tag = make_tag(state + '\n' + what_.target);
    response out;
    if (has_answer(what_, tag)) {
        out.status = 304;
    } else {
        out = make();
    }
    if (out.status < 400) {
        out.headers.emplace_back("ETag", tag);
    }
    return out;
}

inline std::optional<response> run_router::route(const std::vector<std::string>& parts,
                                                 const std::vector<field_spec>& fields) {
    const std::string name = parts.empty() ? std::string() : parts[0];
    if (parts.size() == 2 && name == "files") {
        return file(parts[1]);
    }
    if (parts.size() > 1) {
        return std::nullopt;
    }
    const runs::run& run = run_->what;
    const auto pairs = [&](const runs::pair_list& list) {
        return unless_known(state(), [&] { return make_json({{name, json::to_json(list)}}); });
    };
    if (name == "files") {
        const auto listed = list_run_files(run);
        return listed ? make_json(*listed) : make_failure(404, listed.error());
    }
    return name.empty()       ? unless_known(state(), [&] { return make_json(json::to_json(run)); })
           : name == "fields" ? std::make_optional(fields_of(fields))
           : name == "flags"  ? std::make_optional(pairs(run.flags()))
           : name == "attrs"  ? std::make_optional(pairs(run.attrs()))
           : name == "user"   ? std::make_optional(pairs(run.user()))
           : name == "series" ? std::make_optional(series_of())
           : name == "data"   ? std::make_optional(data_of())
           : name == "output" ? std::make_optional(output_of())
           : name == "search" ? std::make_optional(search())
                              : std::nullopt;
}

// ---- series ----

inline response run_router::fields_of(const std::vector<field_spec>& fields) {
    if (fields.empty()) {
        return make_json({{"fields", json::value::array()}});
    }
    std::string asked;
    for (const field_spec& each : fields) {
        asked += json::format(viewer::to_json(each));
    }
    return unless_known(state() + asked, [&] {
        return make_json({{"fields", memory_.with_series(run_, [&](run_values& values) {
                               return fields_to_json(fields, values);
                           })}});
    });
}

inline response run_router::series_of() {
    return unless_known(state(), [&] {
        json::value rows = json::value::array();
        memory_.with_series(run_, [&](run_values& values) {
            for (const series::series_summary& summary : values.summaries()) {
                rows.push_back(json::to_json(summary));
            }
        });
        return make_json({{"series", std::move(rows)}});
    });
}

inline result<chart_request> run_router::chart_request_of() const {
    const std::string axis = target_.find("axis").value_or("step");
    if (axis != "step" && axis != "time" && axis != "relative") {
        return make_error(errc::bad_value,
                          "expected step, time or relative for 'axis', saw '" + axis + "'");
    }
    const auto columns = get_number(target_, "columns", default_columns, 1, max_columns);
    const auto from = get_number(target_, "from", detail::lowest, detail::lowest, detail::highest);
    const auto to = get_number(target_, "to", detail::highest, detail::lowest, detail::highest);
    if (!columns || !from || !to) {
        return !columns ? columns.error() : !from ? from.error() : to.error();
    }
    chart_request out;
    out.columns = static_cast<std::size_t>(*columns);
    out.axis = axis == "step" ? series::x_axis::step : series::x_axis::time;
    const std::int64_t origin = axis == "relative" ? run_->what.started_us().value_or(0) : 0;
    out.from = *from == detail::lowest ? *from : detail::add_bounded(*from, origin);
    out.to = *to == detail::highest ? *to : detail::add_bounded(*to, origin);
    return out;
}

inline result<std::vector<std::string>> run_router::keys_of(const run_values& values) const {
    if (const auto expression = target_.find("pattern")) {
        return values.keys(*expression);
    }
    std::vector<std::string> out;
    for (const auto& [name, value] : target_.query) {
        if (name == "key") {
            out.push_back(value);
        }
    }
    if (out.empty()) {
        return make_error(errc::bad_value, "expected a query value 'pattern' or 'key'");
    }
    const auto is_unknown = [&values](const std::string& key) {
        return std::none_of(values.summaries().begin(), values.summaries().end(),
                            [&key](const auto& summary) { return summary.key == key; });
    };
    out.erase(std::remove_if(out.begin(), out.end(), is_unknown), out.end());
    return out;
}

inline response run_router::data_of() {
    const auto what = chart_request_of();
    const std::string format = target_.find("format").value_or("json");
    if (!what || (format != "json" && format != "binary")) {
        return make_failure(
            400, what ? make_error(errc::bad_value,
                                   "expected json or binary for 'format', saw '" + format + "'")
                      : what.error());
    }
    return unless_known(state(), [&] { return data_of(*what, format == "binary"); });
}

inline response run_router::data_of(const chart_request& what, bool is_binary) {
    std::vector<chart_points> charts;
    std::optional<error> failure;
    json::value head;
    memory_.with_series(run_, [&](run_values& values) {
        const auto keys = keys_of(values);
        if (!keys) {
            failure = keys.error();
            return;
        }
        head["matched"] = keys->size();
        std::vector<std::string> charted = *keys;
        charted.resize(std::min(charted.size(), static_cast<std::size_t>(max_charted_series)));
        charts = read_charts(values.reader(), charted, what);
    });
    if (failure) {
        return make_failure(400, *failure);
    }
    const auto origin = run_->what.started_us();
    head["origin_us"] = origin ? json::to_json(*origin) : json::value(nullptr);
    if (is_binary) {
        array_options options;
        const std::string parts = target_.find("parts").value_or("steps,times,values");
        options.with_steps = detail::is_listed(parts, "steps");
        options.with_times = detail::is_listed(parts, "times");
        options.with_values = detail::is_listed(parts, "values");
        options.may_round = target_.find("values").value_or("exact") == "f32";
        response out;
        out.content_type = "application/octet-stream";
        out.body = encode_arrays(std::move(head), charts, options);
        return out;
    }
    head["series"] = json::value::array();
    for (const chart_points& chart : charts) {
        head["series"].push_back(viewer::to_json(chart));
    }
    return make_json(head);
}

// ---- output and files ----

inline result<std::optional<runs::output_stream>> run_router::stream_of() const {
    const std::string name = target_.find("stream").value_or("");
    if (name.empty() || name == "out" || name == "err") {
        return name.empty()    ? std::optional<runs::output_stream>()
               : name == "out" ? std::optional<runs::output_stream>(runs::output_stream::out)
                               : std::optional<runs::output_stream>(runs::output_stream::err);
    }
    return make_error(errc::bad_value, "expected out or err for 'stream', saw '" + name + "'");
}

inline std::string run_router::output_state() const {
    std::string out = memory_.epoch();
    for (const auto name : {runs::output_log_name, runs::output_index_name}) {
        const auto found =
            os::find_status(runs::data_path(run_->what.path(), name), os::unlinked_env());
        out += found ? ' ' + std::to_string(found->size) + ' ' +
                           std::to_string(found->modified_ns) + ' ' + std::to_string(found->inode)
                     : " -";
    }
    return out;
}

/// A negative offset counts from the end.
inline response run_router::output_of() {
    const auto offset = get_number(target_, "offset", 0, detail::lowest, detail::highest);
    const auto limit = get_number(target_, "limit", default_output_bytes, 1, max_output_bytes);
    const auto stream = stream_of();
    if (!offset || !limit || !stream) {
        return make_failure(400, !offset  ? offset.error()
                                 : !limit ? limit.error()
                                          : stream.error());
    }
    return unless_known(output_state(), [&] {
        const std::string& path = run_->what.path();
        auto from = static_cast<std::uint64_t>(std::max<std::int64_t>(0, *offset));
        if (*offset < 0) {
            const auto log =
                os::find_status(runs::data_path(path, runs::output_log_name), os::unlinked_env());
            const std::uint64_t size = log ? log->size : 0;
            const auto back = std::uint64_t{0} - static_cast<std::uint64_t>(*offset);
            from = back < size ? size - back : 0;
        }
        const auto page =
            runs::read_output(path, from, static_cast<std::uint64_t>(*limit), os::unlinked_env());
        if (!page) {
            return make_failure(404, page.error());
        }
        json::value pieces = json::value::array();
        for (const runs::output_piece& piece : page->pieces) {
            if (!*stream || piece.stream == **stream || piece.lost_bytes != 0) {
                pieces.push_back(json::to_json(piece));
            }
        }
        return make_json({{"offset", std::min(from, page->log_bytes)},
                          {"next_offset", page->next_offset},
                          {"size", page->log_bytes},
                          {"pieces", std::move(pieces)}});
    });
}

inline response run_router::search() {
    const auto offset = get_number(target_, "offset", 0, 0, detail::highest);
    const auto limit = get_number(target_, "limit", default_matches, 1, max_matches);
    const auto stream = stream_of();
    search_request what;
    what.text = target_.find("text").value_or("");
    if (!offset || !limit || !stream || what.text.empty() || what.text.size() > max_search_bytes) {
        return make_failure(
            400, !offset   ? offset.error()
                 : !limit  ? limit.error()
                 : !stream ? stream.error()
                           : make_error(errc::bad_value, "expected 1 to 1000 bytes for 'text'"));
    }
    what.offset = static_cast<std::uint64_t>(*offset);
    what.limit = static_cast<std::size_t>(*limit);
    what.is_exact_case = target_.find("case").value_or("1") != "0";
    what.stream = *stream;
    return unless_known(output_state(), [&] {
        const auto page = search_output(run_->what.path(), what);
        return page ? make_json(viewer::to_json(*page)) : make_failure(404, page.error());
    });
}

inline response run_router::file(const std::string& id) {
    file_request what;
    what.id = id;
    const auto offset = get_number(target_, "offset", 0, detail::lowest, detail::highest);
    const auto limit = get_number(target_, "limit", -1, 0, detail::highest);
    if (!offset || !limit) {
        return make_failure(400, offset ? limit.error() : offset.error());
    }
    what.offset = *offset;
    what.limit = *limit;
    what.is_download = target_.find("download").value_or("0") != "0";
    auto sent = send_run_file(run_->what, what);
    return sent ? std::move(*sent) : make_failure(404, sent.error());
}

}}}  // namespace guild::viewer

// guild/viewer/api.hpp - what guild view answers: a pure function of a request and a context.
//
// Layer 6. Includes: base, project, runs, series, json, viewer.
// Not here: sockets (viewer/server.hpp), checks on Host and the like (viewer/http.hpp).
//
//   /  /runs  /runs/ID                     the page
//   /assets/NAME                           its files
//   /api/settings  /api/project  /api/runs /api/openapi.json
//   /api/runs/ID[/{fields,flags,attrs,series,data,output}]    ID may be `latest`
//
// docs/http-api.md describes every answer. No part of a request ever becomes a path: a run's id is
// looked up among the names in the run roots.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/project/load.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/run.hpp>
#include <guild/series/reduce.hpp>
#include <guild/version.hpp>
#include <guild/viewer/assets.hpp>
#include <guild/viewer/http.hpp>
#include <guild/viewer/view_spec.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// What requests are answered from.
struct context {
    std::string project_directory;       // empty: no project, the runs alone
    std::vector<std::string> run_roots;  // used when no project file names any
    project::load_options load;          // with toml.hpp's reader, where there is one
    guard who;                           // hosts and token
    std::int64_t interval_ms = 2000;     // between the page's readings
    runs::open_options open;             // with a heartbeat_memory, to judge runs on other machines
};

/// Bounds of one answer.
///
/// units    columns: of points, four points each at most; bytes of output; runs of one list
inline constexpr std::int64_t default_columns = 400;
inline constexpr std::int64_t max_columns = 4000;
inline constexpr std::int64_t max_charted_series = 200;
inline constexpr std::int64_t default_output_bytes = 256 * 1024;
inline constexpr std::int64_t max_output_bytes = 1024 * 1024;
inline constexpr std::int64_t default_runs = 1000;

/// Answers one request.
///
/// out      200, 303, 304, 400, 401, 403, 404, 405, 421; the body of HEAD is that of GET
/// example  tests/viewer/api.cpp "api: the runs of a project are listed newest first"
[[nodiscard]] response handle(const request& what, const context& with);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline response json_response(const json::value& body) {
    response out;
    out.content_type = "application/json";
    out.body = json::format(body) + '\n';
    return out;
}

inline response asset_response(std::string_view name) {
    const asset* file = find_asset(name);
    if (file == nullptr) {
        return make_failure(404, "not_found", "no such file");
    }
    response out;
    out.content_type = std::string(file->content_type);
    out.body = body_of(*file);
    return out;
}

inline response failure_response(int status, const error& what) {
    response out = json_response(json::value{{"error", json::to_json(what)}});
    out.status = status;
    return out;
}

inline bool is_page_path(const std::vector<std::string>& path) {
    return path.empty() || (path[0] == "runs" && path.size() <= 2);
}

/// A whole number of the query, kept inside a range.
///
/// errors   bad_value
inline result<std::int64_t> get_number(const target_parts& target, std::string_view name,
                                       std::int64_t fallback, std::int64_t low, std::int64_t high) {
    const auto text = target.find(name);
    if (!text) {
        return fallback;
    }
    const auto number = parse_int64(*text);
    if (!number) {
        return make_error(errc::bad_value, "expected a whole number for '" + std::string(name) +
                                               "', saw '" + *text + "'");
    }
    return std::clamp(*number, low, high);
}

inline constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

/// The routes of one request. Each member is one kind of answer.
class router {
public:
    router(const context& with, target_parts target) : with_(with), target_(std::move(target)) {}

    [[nodiscard]] response route() {
        const std::vector<std::string>& path = target_.path;
        if (is_page_path(path)) {
            return asset_response("index.html");
        }
        if (path[0] == "assets" && path.size() == 2) {
            return asset_response(path[1]);
        }
        if (path[0] == "api" && path.size() == 2) {
            return route_top(path[1]);
        }
        if (path.size() >= 3 && path.size() <= 4 && path[0] == "api" && path[1] == "runs") {
            return route_run(path[2], path.size() == 4 ? path[3] : std::string());
        }
        return not_found();
    }

private:
    [[nodiscard]] static response not_found() {
        return make_failure(404, "not_found", "no such page");
    }

    [[nodiscard]] response route_top(const std::string& name) {
        return name == "settings"       ? settings()
               : name == "project"      ? json_response(viewer::to_json(view()))
               : name == "runs"         ? list()
               : name == "openapi.json" ? asset_response(name)
                                        : not_found();
    }

    [[nodiscard]] response route_run(const std::string& id, const std::string& part) {
        const auto run = find_run(id);
        if (!run) {
            return failure_response(404, run.error());
        }
        return part == ""         ? json_response(json::to_json(*run))
               : part == "fields" ? json_response({{"fields", fields_of(*run)}})
               : part == "flags"  ? json_response({{"flags", json::to_json(run->flags())}})
               : part == "attrs"  ? json_response({{"attrs", json::to_json(run->attrs())}})
               : part == "series" ? series_of(*run)
               : part == "data"   ? data_of(*run)
               : part == "output" ? output_of(*run)
                                  : not_found();
    }

    // ---- project, runs ----

    [[nodiscard]] const view_spec& view() {
        if (!view_) {
            const std::string& directory = with_.project_directory;
            const std::string& root = with_.run_roots.empty() ? directory : with_.run_roots.front();
            view_ = directory.empty() ? builtin_view(root, with_.load)
                                      : load_view(directory, with_.load);
        }
        return *view_;
    }

    [[nodiscard]] std::vector<std::string> roots() {
        if (!view().run_roots.empty()) {
            return view().run_roots;
        }
        return !with_.run_roots.empty() || with_.project_directory.empty()
                   ? with_.run_roots
                   : std::vector<std::string>{
                         join_path(with_.project_directory, with_.load.default_run_root)};
    }

    // An id is compared with the names that stand in the run roots; it is never put into a path
    // itself.
    [[nodiscard]] result<runs::run> find_run(const std::string& id) {
        if (id == "latest") {
            return runs::find_latest(roots(), with_.open);
        }
        for (const std::string& root : roots()) {
            const auto entries = os::list_directory(root);
            for (const os::dir_entry& entry : entries ? *entries : std::vector<os::dir_entry>()) {
                if (entry.name == id && entry.name[0] != '.') {
                    return runs::run::open(join_path(root, entry.name), with_.open);
                }
            }
        }
        return make_error(errc::not_found, "no run has the id '" + id + "'");
    }

    [[nodiscard]] response settings() const {
        return json_response(
            {{"version", guild::version}, {"interval_ms", with_.interval_ms}, {"read_only", true}});
    }

    [[nodiscard]] response list() {
        const auto limit = get_number(target_, "limit", default_runs, 0, highest);
        const auto offset = get_number(target_, "offset", 0, 0, highest);
        if (!limit || !offset) {
            return failure_response(400, limit ? offset.error() : limit.error());
        }
        const std::vector<runs::run> all = runs::list_runs(roots(), with_.open);
        const bool with_fields = target_.find("fields").value_or("0") != "0";
        json::value rows = json::value::array();
        const auto begin = std::min<std::uint64_t>(static_cast<std::uint64_t>(*offset), all.size());
        const auto end =
            begin + std::min<std::uint64_t>(static_cast<std::uint64_t>(*limit), all.size() - begin);
        for (auto i = guild::detail::convert<std::size_t>(begin); i < end; ++i) {
            const runs::run& run = all[i];
            json::value row = json::to_json(run);
            if (with_fields) {
                row["fields"] = fields_of(run);
            }
            rows.push_back(std::move(row));
        }
        return json_response({{"total", all.size()}, {"runs", std::move(rows)}});
    }

    // ---- one run ----

    [[nodiscard]] json::value fields_of(const runs::run& run) {
        json::value out = json::value::array();
        if (view().fields.empty()) {
            return out;
        }
        run_values values(run);
        for (const field_spec& field : view().fields) {
            const field_value found = values.evaluate(field);
            json::value one = viewer::to_json(field);
            one["value"] = found.number ? json::to_json(*found.number) : json::value(nullptr);
            json::set_text(one, "text", found.text);
            json::set_text(one, "key", found.key);
            out.push_back(std::move(one));
        }
        return out;
    }

    [[nodiscard]] static response series_of(const runs::run& run) {
        json::value rows = json::value::array();
        const run_values values(run);
        for (const series::series_summary& summary : values.summaries()) {
            rows.push_back(json::to_json(summary));
        }
        return json_response({{"series", std::move(rows)}});
    }

    [[nodiscard]] response data_of(const runs::run& run) {
        const auto expression = target_.find("pattern");
        const auto columns = get_number(target_, "columns", default_columns, 1, max_columns);
        const auto from = get_number(target_, "from", lowest, lowest, highest);
        const auto to = get_number(target_, "to", highest, lowest, highest);
        if (!columns || !from || !to) {
            return failure_response(400, !columns ? columns.error()
                                         : !from  ? from.error()
                                                  : to.error());
        }
        run_values values(run);
        const auto keys = values.keys(expression.value_or(""));
        if (!expression || !keys) {
            return failure_response(
                400, expression ? keys.error()
                                : make_error(errc::bad_value, "expected a query value 'pattern'"));
        }
        json::value rows = json::value::array();
        for (const std::string& key : *keys) {
            if (rows.size() == static_cast<std::size_t>(max_charted_series)) {
                break;
            }
            rows.push_back(one_series(key, inside(values.points(key), *from, *to),
                                      static_cast<std::size_t>(*columns)));
        }
        return json_response({{"matched", keys->size()}, {"series", std::move(rows)}});
    }

    [[nodiscard]] static std::vector<series::point> inside(std::vector<series::point> points,
                                                           std::int64_t from, std::int64_t to) {
        points.erase(std::remove_if(points.begin(), points.end(),
                                    [&](const series::point& each) {
                                        return each.step < from || each.step > to;
                                    }),
                     points.end());
        return points;
    }

    [[nodiscard]] static json::value one_series(const std::string& key,
                                                const std::vector<series::point>& points,
                                                std::size_t columns) {
        const std::vector<series::point> reduced = series::reduce_columns(points, columns);
        json::value out;
        json::set_text(out, "key", key);
        out["count"] = points.size();
        out["is_reduced"] = reduced.size() < points.size();
        out.update(json::to_json(reduced));
        return out;
    }

    /// A negative offset counts from the end.
    [[nodiscard]] response output_of(const runs::run& run) {
        const auto offset = get_number(target_, "offset", 0, lowest, highest);
        const auto limit = get_number(target_, "limit", default_output_bytes, 1, max_output_bytes);
        if (!offset || !limit) {
            return failure_response(400, offset ? limit.error() : offset.error());
        }
        auto from = static_cast<std::uint64_t>(std::max<std::int64_t>(0, *offset));
        if (*offset < 0) {
            const auto end = run.output(highest, 1);
            const std::uint64_t size = end ? end->log_bytes : 0;
            const auto back = std::uint64_t{0} - static_cast<std::uint64_t>(*offset);
            from = back < size ? size - back : 0;
        }
        const auto page = run.output(from, static_cast<std::uint64_t>(*limit));
        if (!page) {
            return failure_response(404, page.error());
        }
        json::value pieces = json::value::array();
        for (const runs::output_piece& piece : page->pieces) {
            pieces.push_back(json::to_json(piece));
        }
        return json_response({{"offset", std::min(from, page->log_bytes)},
                              {"next_offset", page->next_offset},
                              {"size", page->log_bytes},
                              {"pieces", std::move(pieces)}});
    }

    const context& with_;
    target_parts target_;
    std::optional<view_spec> view_;
};

inline response answer(const request& what, const context& with) {
    auto target = parse_target(what.target);
    if (auto refused = check_request(what, with.who, target && is_page_path(target->path))) {
        return std::move(*refused);
    }
    if (!target) {
        return make_failure(400, "bad_value", "the address is malformed");
    }
    return router(with, std::move(*target)).route();
}

}  // namespace detail

inline response handle(const request& what, const context& with) {
    response out = detail::answer(what, with);
    finish_response(what, out);
    return out;
}

}}}  // namespace guild::viewer

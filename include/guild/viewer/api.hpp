// guild/viewer/api.hpp - what guild view answers: a function of a request, a context and the files.
//
// Layer 6. Includes: base, project, runs, json, viewer.
// Not here: sockets (viewer/server.hpp), checks on Host and the like (viewer/http.hpp), the parts
// of one run (viewer/run_router.hpp).
//
//   /  /runs  /runs/ID  /compare           the page
//   /assets/NAME                           its files
//   /api/settings  /api/project  /api/runs  /api/openapi.json  /metrics  /healthz
//   /api/runs/ID[/PART]                    ID may be `latest`
//
// docs/http-api.md has every answer. No part of a request becomes a path: ids are looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/project/load.hpp>
#include <guild/runs/catalog_cache.hpp>
#include <guild/version.hpp>
#include <guild/viewer/assets.hpp>
#include <guild/viewer/http.hpp>
#include <guild/viewer/metrics.hpp>
#include <guild/viewer/run_router.hpp>
#include <guild/viewer/run_rows.hpp>
#include <guild/viewer/site_memory.hpp>
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
    std::shared_ptr<site_memory> memory = nullptr;  // of `open`; none: each request starts anew
};

inline constexpr std::int64_t default_runs = 1000;

/// Answers one request.
///
/// out      200, 303, 304, 400, 401, 403, 404, 405, 421; the body of HEAD is that of GET
/// example  tests/viewer/api.cpp "api: the runs of a project are listed newest first"
[[nodiscard]] response handle(const request& what, const context& with);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline response asset_response(const request& what, std::string_view name) {
    const asset* file = find_asset(name);
    if (file == nullptr) {
        return make_failure(404, "not_found", "no such file");
    }
    response out;
    out.content_type = std::string(file->content_type);
    const bool is_packed = file->twin.count > 0 && accepts_gzip(what);
    out.body = is_packed ? packed_body_of(*file) : file->body.joined();
    if (file->twin.count > 0) {
        out.headers.emplace_back("Vary", "Accept-Encoding");
    }
    if (is_packed) {
        out.headers.emplace_back("Content-Encoding", "gzip");
    }
    return out;
}

inline response text_response(std::string_view type, std::string body) {
    response out;
    out.content_type = type;
    out.body = std::move(body);
    return out;
}

inline bool is_page_path(const std::vector<std::string>& path) {
    return path.empty() || (path[0] == "runs" && path.size() <= 2) ||
           (path[0] == "compare" && path.size() == 1);
}

/// The state of a list, as text that clients give back: who made it, of which rows, when.
struct list_version {
    std::string maker;
    std::uint64_t number = 0;

    [[nodiscard]] std::string text() const { return maker + '-' + std::to_string(number); }

    /// The number in a text that this maker made.
    [[nodiscard]] std::optional<std::uint64_t> number_in(std::string_view given) const {
        if (!starts_with(given, maker + '-')) {
            return std::nullopt;
        }
        const auto found = parse_int64(given.substr(maker.size() + 1));
        return found && *found >= 0 ? std::make_optional(static_cast<std::uint64_t>(*found))
                                    : std::nullopt;
    }
};

/// What is sent of a list.
struct list_part {
    std::vector<const run_row*> rows;
    std::vector<std::string> gone;
    std::size_t total = 0;
    bool is_delta = false;
};

/// Rows that changed after a version.
inline void choose_changed(const run_rows& rows, std::uint64_t since, list_part& into) {
    into.is_delta = true;
    for (const auto& row : rows) {
        into.total += row->is_match ? 1U : 0U;
        if (row->of->version > since && row->is_match) {
            into.rows.push_back(row.get());
        } else if (row->of->version > since) {
            into.gone.push_back(row->of->what.id());
        }
    }
}

inline void choose_page(const run_rows& rows, std::uint64_t offset, std::uint64_t limit,
                        list_part& into) {
    for (const auto& row : rows) {
        if (!row->is_match) {
            continue;
        }
        if (into.total >= offset && into.rows.size() < limit) {
            into.rows.push_back(row.get());
        }
        ++into.total;
    }
}

inline std::string format_list(const list_part& part, const list_version& version,
                               const row_options& options) {
    json::value gone = json::value::array();
    for (const std::string& id : part.gone) {
        gone.push_back(json::to_text(id));
    }
    json::value head = {{"total", part.total},
                        {"version", version.text()},
                        {"is_delta", part.is_delta},
                        {"gone", std::move(gone)}};
    if (options.with_values) {
        head["fields"] = json::value::array();
        for (const field_spec& field : options.fields) {
            head["fields"].push_back(viewer::to_json(field));
        }
    }
    std::string out = json::format(head);
    out.pop_back();
    out += ",\"runs\":[";
    std::size_t size = out.size() + 8;
    for (const run_row* row : part.rows) {
        size += row->text.size() + 1;
    }
    out.reserve(size);
    for (const run_row* row : part.rows) {
        out += row == part.rows.front() ? "" : ",";
        out += row->text;
    }
    return out + "]}\n";
}

/// The routes of one request. Each member is one kind of answer.
class router {
public:
    router(const request& what, const context& with, target_parts target)
        : what_(what), with_(with), target_(std::move(target)),
          own_(with.memory ? nullptr : std::make_unique<site_memory>(with.open, false)),
          memory_(with.memory ? *with.memory : *own_) {}

    [[nodiscard]] response route() {
        const std::vector<std::string>& path = target_.path;
        if (is_page_path(path)) {
            return asset_response(what_, "index.html");
        }
        if (path.size() == 1) {
            return path[0] == "healthz"   ? text_response("text/plain; charset=utf-8", "ok\n")
                   : path[0] == "metrics" ? metrics()
                                          : not_found();
        }
        if (path[0] == "assets" && path.size() == 2) {
            return asset_response(what_, path[1]);
        }
        if (path[0] == "api" && path.size() == 2) {
            return route_top(path[1]);
        }
        if (path.size() >= 3 && path.size() <= 5 && path[0] == "api" && path[1] == "runs") {
            return route_run(path[2], {path.begin() + 3, path.end()});
        }
        return not_found();
    }

private:
    [[nodiscard]] static response not_found() {
        return make_failure(404, "not_found", "no such page");
    }

    [[nodiscard]] response route_top(const std::string& name) {
        return name == "settings"       ? settings()
               : name == "project"      ? make_json(viewer::to_json(view()))
               : name == "runs"         ? list()
               : name == "openapi.json" ? asset_response(what_, name)
                                        : not_found();
    }

    [[nodiscard]] response route_run(const std::string& id, const std::vector<std::string>& parts) {
        const auto run = find_run(id);
        if (!run) {
            return make_failure(404, make_error(errc::not_found, "no run has the id '" + id + "'"));
        }
        const bool needs_fields = !parts.empty() && parts[0] == "fields";
        auto made = run_router(what_, target_, memory_, run)
                        .route(parts, needs_fields ? view().fields : std::vector<field_spec>());
        return made ? std::move(*made) : not_found();
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
        if (with_.project_directory.empty()) {
            return with_.run_roots;
        }
        if (!view().run_roots.empty()) {
            return view().run_roots;
        }
        return !with_.run_roots.empty()
                   ? with_.run_roots
                   : std::vector<std::string>{
                         join_path(with_.project_directory, with_.load.default_run_root)};
    }

    // An id is compared with the names that stand in the run roots; it is never put into a path
    // itself.
    [[nodiscard]] std::shared_ptr<const runs::listed_run> find_run(const std::string& id) {
        if (id != "latest") {
            return memory_.catalog().find(roots(), id);
        }
        const runs::run_listing all = memory_.catalog().look(roots());
        return all.runs->empty() ? nullptr : all.runs->front();
    }

    [[nodiscard]] response settings() const {
        return make_json(
            {{"version", guild::version}, {"interval_ms", with_.interval_ms}, {"read_only", true}});
    }

    [[nodiscard]] response metrics() {
        return text_response(metrics_type,
                             format_metrics(memory_.catalog().look(roots()), memory_));
    }

    [[nodiscard]] response list() {
        const auto limit = get_number(target_, "limit", default_runs, 0, highest);
        const auto offset = get_number(target_, "offset", 0, 0, highest);
        const auto options = parse_row_options(target_, view().fields);
        if (!limit || !offset || !options) {
            return make_failure(400, !limit    ? limit.error()
                                     : !offset ? offset.error()
                                               : options.error());
        }
        const runs::run_listing listing = memory_.catalog().look(roots());
        const list_version version{memory_.epoch() + '-' + make_tag(options->key).substr(3, 16),
                                   listing.version};
        const std::string tag = make_tag(version.text() + what_.target);
        response out = text_response("application/json", {});
        if (with_.memory) {
            out.headers.emplace_back("ETag", tag);
        }
        if (with_.memory && has_answer(what_, tag)) {
            out.status = 304;
            return out;
        }
        const auto rows = memory_.rows().look(listing, *options, memory_.catalog());
        const auto since =
            with_.memory ? version.number_in(target_.find("since").value_or("")) : std::nullopt;
        auto gone = since ? memory_.catalog().gone_since(*since) : std::nullopt;
        list_part part;
        if (gone) {
            part.gone = std::move(*gone);
            choose_changed(*rows, *since, part);
        } else {
            choose_page(*rows, static_cast<std::uint64_t>(*offset),
                        static_cast<std::uint64_t>(*limit), part);
        }
        out.body = format_list(part, version, *options);
        return out;
    }

    const request& what_;
    const context& with_;
    target_parts target_;
    std::unique_ptr<site_memory> own_;
    site_memory& memory_;
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
    return router(what, with, std::move(*target)).route();
}

}  // namespace detail

inline response handle(const request& what, const context& with) {
    response out = detail::answer(what, with);
    finish_response(what, out);
    return out;
}

}}}  // namespace guild::viewer

// guild/viewer/metrics.hpp - the runs as numbers for Prometheus and others that read OpenMetrics.
//
// Layer 6. Includes: base, runs, series, version, viewer/site_memory.
// Not here: the route (viewer/api.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/runs/catalog_cache.hpp>
#include <guild/version.hpp>
#include <guild/viewer/site_memory.hpp>

namespace guild { inline namespace v0 { namespace viewer {

inline constexpr std::string_view metrics_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many runs there are of each status; of those that go on, when they started and the last
/// values of their series: 100 runs and 100 series of each at most.
///
/// source   OpenMetrics 1.0
/// example  tests/viewer/metrics.cpp "metrics: the text of two runs"
[[nodiscard]] std::string format_metrics(const runs::run_listing& listing, site_memory& memory);

/// Text between the quotes of a label.
[[nodiscard]] std::string escape_label(std::string_view text);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::size_t most_measured = 100;

inline std::string metric_number(double value) {
    return value != value                    ? "NaN"
           : value > 1.7976931348623157e308  ? "+Inf"
           : value < -1.7976931348623157e308 ? "-Inf"
                                             : format_double(value);
}

inline std::string metric_head(std::string_view name, std::string_view help) {
    return "# TYPE " + std::string(name) + " gauge\n# HELP " + std::string(name) + ' ' +
           std::string(help) + '\n';
}

inline void add_series_metrics(const std::shared_ptr<const runs::listed_run>& run,
                               site_memory& memory, std::string& into) {
    const std::string label =
        "guild_run_last_value{run=\"" + escape_label(run->what.id()) + "\",series=\"";
    memory.with_series(run, [&](run_values& values) {
        std::size_t count = 0;
        for (const series::series_summary& summary : values.summaries()) {
            if (count++ < most_measured) {
                into += label + escape_label(summary.key) + "\"} " +
                        metric_number(summary.last.value.as_double()) + '\n';
            }
        }
    });
}

}  // namespace detail

inline std::string escape_label(std::string_view text) {
    std::string out;
    for (const char c : replace_invalid_utf8(text.substr(0, 1000))) {
        out += c == '\\' ? "\\\\" : c == '"' ? "\\\"" : c == '\n' ? "\\n" : std::string(1, c);
    }
    return out;
}

inline std::string format_metrics(const runs::run_listing& listing, site_memory& memory) {
    std::map<std::string_view, std::size_t> counts;
    for (const char* status : {"pending", "running", "completed", "terminated", "error", "lost"}) {
        counts[status] = 0;
    }
    std::string started;
    std::string values;
    std::size_t going = 0;
    for (const auto& run : *listing.runs) {
        ++counts[to_string(run->what.status())];
        if (run->what.status() != runs::run_status::running || going++ >= detail::most_measured) {
            continue;
        }
        if (const auto start = run->what.started_us()) {
            started += "guild_run_start_time_seconds{run=\"" + escape_label(run->what.id()) +
                       "\",model=\"" + escape_label(run->what.model()) + "\"} " +
                       format_double(static_cast<double>(*start) / 1e6) + '\n';
        }
        detail::add_series_metrics(run, memory, values);
    }
    std::string out = detail::metric_head("guild_version_info", "Version of guild.");
    out += "guild_version_info{version=\"" + escape_label(guild::version) + "\"} 1\n";
    out += detail::metric_head("guild_runs", "Runs by status.");
    for (const auto& [status, count] : counts) {
        out += "guild_runs{status=\"" + std::string(status) + "\"} " + std::to_string(count) + '\n';
    }
    out += detail::metric_head("guild_run_start_time_seconds", "When a run that goes on started.") +
           started;
    out += detail::metric_head("guild_run_last_value",
                               "Last value of a series of a run that goes on.") +
           values;
    return out + "# EOF\n";
}

}}}  // namespace guild::viewer

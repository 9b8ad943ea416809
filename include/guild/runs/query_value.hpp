// guild/runs/query_value.hpp - what a run answers to the names of a condition.
//
// Layer 4. Includes: base, series, runs/run query.
// Not here: the grammar of conditions (runs/query.hpp); fields, which project files define: whoever
// knows the project hands them over as a function.
//   flag:NAME attr:NAME   as recorded
//   tag:NAME              empty, for a run that has the tag
//   run:NAME              id name model status cause label note exit_code signal; started and
//                         stopped as 2017-06-01T15:30:00.000000Z; duration in seconds, also while
//                         it runs
//   series:KEY            the last value; KEY.first .min .max .count .nan .inf .step .last of a
//   series
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/base/time.hpp>
#include <guild/runs/query.hpp>
#include <guild/runs/run.hpp>
#include <guild/series/point.hpp>
#include <guild/series/run_reader.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// The model, or what follows the time in the id.
[[nodiscard]] std::string display_name(const run& which);

/// Seconds from start to end, or to now for a run that goes on; empty when one of them is unknown.
///
/// units    now_us: microseconds since 1970-01-01 UTC
[[nodiscard]] std::optional<double> duration_s(const run& which, std::int64_t now_us);

/// The values of one run; series are read when first asked for.
///
/// threads  one thread
/// example  tests/runs/query_value.cpp "query values: a bare name is a flag before it is an
/// attribute"
class query_values {
public:
    using field_lookup = std::function<std::optional<std::string>(std::string_view name)>;

    /// in       which: outlives this object; fields: values of the project's fields, may be empty
    explicit query_values(const run& which, field_lookup fields = {})
        : run_(&which), fields_(std::move(fields)) {}

    /// The value of a name in one place; `any`: in the first place that has it.
    [[nodiscard]] std::optional<std::string> find(query_source source, std::string_view name);

    /// Whether the condition holds for the run.
    [[nodiscard]] bool match(const query& condition) {
        return condition.matches(
            [this](query_source source, std::string_view name) { return find(source, name); });
    }

private:
    [[nodiscard]] std::optional<std::string> find_own(std::string_view name) const;
    [[nodiscard]] std::optional<std::string> find_series(std::string_view name);
    void read_series();

    const run* run_;
    field_lookup fields_;
    std::optional<std::map<std::string, series::series_summary, std::less<>>> series_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::optional<std::string> as_optional(const std::string* value) {
    return value == nullptr ? std::nullopt : std::make_optional(*value);
}

template <class Integer>
std::optional<std::string> as_text(const std::optional<Integer>& number) {
    return number ? std::make_optional(std::to_string(*number)) : std::nullopt;
}

inline std::optional<std::string> as_time(const std::optional<std::int64_t>& time_us) {
    return time_us ? std::make_optional(format_iso8601(*time_us)) : std::nullopt;
}

inline std::string text_of(series::number value) {
    return value.is_integer() ? std::to_string(value.as_int64()) : format_double(value.as_double());
}

inline std::optional<std::string> part_of(const series::series_summary& of, std::string_view part) {
    if (part == "count") {
        return std::to_string(of.count);
    }
    if (part == "nan" || part == "inf") {
        return std::to_string(part == "nan" ? of.nan : of.inf);
    }
    if (of.count == 0) {
        return std::nullopt;
    }
    if (part == "min" || part == "max") {
        return of.has_finite() ? std::make_optional(text_of(part == "min" ? of.min : of.max))
                               : std::nullopt;
    }
    if (part == "first" || part == "last") {
        return text_of(part == "first" ? of.first.value : of.last.value);
    }
    return part == "step" ? std::make_optional(std::to_string(of.last.step)) : std::nullopt;
}

}  // namespace detail

inline std::string display_name(const run& which) {
    const std::string model = which.model();
    if (!model.empty()) {
        return model;
    }
    const std::size_t dash = which.id().find('-');  // TIME-NAME
    return dash == std::string::npos ? which.id() : which.id().substr(dash + 1);
}

inline std::optional<double> duration_s(const run& which, std::int64_t now_us) {
    const auto started = which.started_us();
    const auto stopped = which.owner() ? std::make_optional(now_us) : which.stopped_us();
    if (!started || !stopped) {
        return std::nullopt;
    }
    return static_cast<double>(*stopped - *started) / 1e6;
}

inline std::optional<std::string> query_values::find(query_source source, std::string_view name) {
    switch (source) {
    case query_source::flag:
        return detail::as_optional(find_value(run_->flags(), name));
    case query_source::attr:
        return detail::as_optional(find_value(run_->attrs(), name));
    case query_source::tag:
        return detail::as_optional(find_value(run_->user(), "tag." + std::string(name)));
    case query_source::run:
        return find_own(name);
    case query_source::field:
        return fields_ ? fields_(name) : std::nullopt;
    case query_source::series:
        return find_series(name);
    case query_source::any:
        break;
    }
    std::optional<std::string> value;
    for (const detail::query_prefix& each : detail::query_prefixes) {
        if (!value && each.source != query_source::tag) {
            value = find(each.source, name);
        }
    }
    return value;
}

inline std::optional<std::string> query_values::find_own(std::string_view name) const {
    if (name == "id" || name == "status") {
        return name == "id" ? run_->id() : std::string(to_string(run_->status()));
    }
    if (name == "name") {
        return display_name(*run_);
    }
    if (name == "cause") {
        return run_->cause().empty() ? std::nullopt : std::make_optional(run_->cause());
    }
    if (name == "label" || name == "note") {
        return detail::as_optional(find_value(run_->user(), name));
    }
    if (name == "started" || name == "stopped") {
        return detail::as_time(name == "started" ? run_->started_us() : run_->stopped_us());
    }
    if (name == "duration") {
        const auto seconds = duration_s(*run_, os::system_env.wall_time_us());
        return seconds ? std::make_optional(format_double(*seconds)) : std::nullopt;
    }
    if (name == "model" || name == "exit_code" || name == "signal") {
        return run_->find_meta(name);
    }
    return std::nullopt;
}

inline void query_values::read_series() {
    series_.emplace();
    const series::run_reader reader = run_->series();
    reader.for_each_series([this](std::string_view key, const series::series_summary& summary) {
        series_->emplace(std::string(key), summary);
    });
}

inline std::optional<std::string> query_values::find_series(std::string_view name) {
    if (!series_) {
        read_series();
    }
    if (const auto whole = series_->find(name); whole != series_->end()) {
        return detail::part_of(whole->second, "last");
    }
    const std::size_t dot = name.rfind('.');
    const auto at = series_->find(name.substr(0, dot));
    return dot == std::string_view::npos || at == series_->end()
               ? std::nullopt
               : detail::part_of(at->second, name.substr(dot + 1));
}

}}}  // namespace guild::runs

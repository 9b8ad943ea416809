// guild/project/collectors.hpp - the sections [collector "NAME"] of a project: programs whose
// metrics are recorded with each run.
//
// Layer 3. Includes: base, project/project.hpp.
// Not here: finding the program (project/operation.hpp), running it
// (runs/external_collector.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/project/project.hpp>

namespace guild { inline namespace v0 { namespace project {

/// One collector as the file has it.
///
/// units    milliseconds; interval_ms empty: as often as the statistics
struct collector {
    const section* from = nullptr;  // its `command` is an operation of this section
    std::optional<std::int64_t> interval_ms;
    std::int64_t timeout_ms = 10'000;
};

/// The collectors of a project, in file order.
///
/// in       `command` must be there; `interval` and `timeout` are seconds, 0.1 to 86400
/// errors   bad_value, with the place: no name, no command, no such number of seconds
/// example  tests/project/collectors.cpp "collectors: interval and timeout in seconds"
[[nodiscard]] result<std::vector<collector>> list_collectors(const project& of);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline error collector_error(const section& of, std::string message, const origin& from) {
    return make_error(errc::bad_value, "collector '" + of.name() + "' " + std::move(message),
                      from.path, from.where);
}

// Milliseconds of an attribute in seconds; empty without it.
inline result<std::optional<std::int64_t>> read_collector_ms(const section& of,
                                                             std::string_view name) {
    const attribute* given = of.find_attribute(name);
    if (given == nullptr) {
        return std::optional<std::int64_t>();
    }
    const auto seconds = parse_double(given->value);
    if (!seconds || !(*seconds >= 0.1 && *seconds <= 86'400)) {
        return collector_error(of,
                               "expected 0.1 to 86400 seconds as " + std::string(name) + ", saw '" +
                                   given->value + "'",
                               given->from);
    }
    return std::optional<std::int64_t>(static_cast<std::int64_t>(*seconds * 1000));
}

}  // namespace detail

inline result<std::vector<collector>> list_collectors(const project& of) {
    std::vector<collector> found;
    for (const section* each : of.sections_of("collector")) {
        if (each->name().empty()) {
            return make_error(errc::bad_value, "expected [collector \"NAME\"]", each->from.path,
                              each->from.where);
        }
        if (each->get("command").empty()) {
            return detail::collector_error(*each, "has no command", each->from);
        }
        const auto interval = detail::read_collector_ms(*each, "interval");
        if (!interval) {
            return interval.error();
        }
        const auto timeout = detail::read_collector_ms(*each, "timeout");
        if (!timeout) {
            return timeout.error();
        }
        collector made;
        made.from = each;
        made.interval_ms = *interval;
        made.timeout_ms = timeout->value_or(made.timeout_ms);
        found.push_back(made);
    }
    return found;
}

}}}  // namespace guild::project

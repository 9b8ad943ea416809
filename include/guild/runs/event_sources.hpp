// guild/runs/event_sources.hpp - which runs the event files below a LOGDIR make.
//
// Layer 4. Includes: base, os/file, tfevents/directory_reader, runs/layout.
// Not here: what is in the files (runs/event_facts.hpp, runs/collectors.hpp).
//
// Directories that hold guild.d are runs of guild, whose events were recorded already. They are
// left out with all below them, so that a LOGDIR around a run root is not imported into itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/restart.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// The event files of one run.
///
/// units    max_depth: directories below `logdir` that belong to the run
struct event_source {
    std::string name;                // as TensorBoard shows it; "." for the root
    std::string logdir;              // absolute
    std::vector<std::string> files;  // relative to logdir
    int max_depth = 0;
    tfevents::restart_policy restarts = tfevents::restart_policy::keep_all;
};

/// Finds the runs of a LOGDIR, again and again.
///
/// cost     find() without news: one stat a directory
/// threads  one at a time
/// example  tests/runs/event_sources.cpp "event sources: a directory is a run, at any depth"
class event_sources {
public:
    /// in       depth: levels below LOGDIR that become runs of their own, with all that is deeper
    ///          in them; empty: every directory with event files is a run
    /// errors   not_found, not_a_directory: of LOGDIR; bad_value: it is a run of guild or in one
    [[nodiscard]] static result<event_sources> open(const std::string& logdir,
                                                    std::optional<int> depth = std::nullopt,
                                                    const os::env& system = os::system_env);

    /// The runs that have event files now, in order of name.
    [[nodiscard]] std::vector<event_source> find();

private:
    event_sources(std::string logdir, std::optional<int> depth, const os::env& system)
        : logdir_(std::move(logdir)), depth_(depth), scanner_(logdir_, scan_options(), system) {}

    [[nodiscard]] event_source make_source(const std::string& name, bool is_deep) const;
    [[nodiscard]] static tfevents::directory_options scan_options() {
        tfevents::directory_options options;
        options.skip_runs = true;
        return options;
    }

    std::string logdir_;
    std::optional<int> depth_;
    tfevents::directory_reader scanner_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// The first `count` components of a run's name; "." for none.
inline std::string first_components(const std::string& name, int count) {
    std::size_t end = 0;
    for (int i = 0; i < count && end < name.size(); ++i) {
        const std::size_t slash = name.find('/', end + (i == 0 ? 0U : 1U));
        end = slash == std::string::npos ? name.size() : slash;
    }
    return end == 0 ? "." : name.substr(0, end);
}

inline int count_components(const std::string& name) {
    return name == "." ? 0 : 1 + static_cast<int>(std::count(name.begin(), name.end(), '/'));
}

}  // namespace detail

inline result<event_sources> event_sources::open(const std::string& logdir,
                                                 std::optional<int> depth, const os::env& system) {
    auto real = os::get_real_path(logdir);
    if (!real) {
        return std::move(real).error();
    }
    if (!os::is_directory(*real)) {
        return make_error(errc::not_a_directory, "expected a directory", logdir);
    }
    std::string above = *real;
    while (!os::is_directory(data_path(above)) && above != "/") {
        above = parent_path(above);
    }
    if (os::is_directory(data_path(above))) {
        return make_error(errc::bad_value,
                          "its events are recorded already, in the run " + base_name(above),
                          logdir);
    }
    return event_sources(std::move(*real), depth, system);
}

inline std::vector<event_source> event_sources::find() {
    std::map<std::string, event_source> found;
    scanner_.for_each_directory([&](const std::string& run, const std::vector<std::string>& names) {
        const bool is_deep = depth_ && detail::count_components(run) >= *depth_;
        const std::string name = is_deep ? detail::first_components(run, *depth_) : run;
        event_source& source = found.try_emplace(name, make_source(name, is_deep)).first->second;
        std::string below;
        if (run != name) {
            below = name == "." ? run : run.substr(name.size() + 1);
        }
        for (const std::string& file : names) {
            source.files.push_back(join_path(below, file));
        }
    });
    std::vector<event_source> all;
    for (auto& [name, source] : found) {
        all.push_back(std::move(source));
    }
    return all;
}

inline event_source event_sources::make_source(const std::string& name, bool is_deep) const {
    event_source made;
    made.name = name;
    made.logdir = name == "." ? logdir_ : join_path(logdir_, name);
    made.max_depth = is_deep ? scan_options().max_depth - *depth_ : 0;
    return made;
}

}}}  // namespace guild::runs

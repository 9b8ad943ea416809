// guild/runs/import_index.hpp - which run was made of which log directory, and what is to be done
// when its event files changed.
//
// Layer 4. Includes: base, runs/catalog lock event_cursor event_sources.
// Not here: doing it (runs/event_import.hpp).
//
// Points that were imported are never taken away because their files went: a directory in which
// files came where others have gone is another training, and makes another run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/os/env.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/event_cursor.hpp>
#include <guild/runs/event_sources.hpp>
#include <guild/runs/lock.hpp>
#include <guild/runs/run.hpp>

namespace guild { inline namespace v0 { namespace runs {

enum class import_outcome : std::uint8_t {
    made,       // a new run
    changed,    // a run that stands now for changed files
    unchanged,  // nothing to do
    empty,      // event files without an event yet: no run
    followed,   // another process is at it: left alone
    failed,     // see failure
};

[[nodiscard]] std::string_view to_string(import_outcome outcome) noexcept;

/// What is to be done, or was.
///
/// out      run_directory: the run that is meant; empty for made and empty
struct import_decision {
    import_outcome outcome = import_outcome::made;
    std::string run_directory;
};

/// The imported runs of a run root, as they were when the object was made.
///
/// cost     as list_runs
/// example  tests/runs/import_index.cpp "import index: files that came where others went make a new
///          run"
class import_index {
public:
    explicit import_index(const std::string& run_root, const os::env& system = os::system_env);

    /// What is to be done about event files that are `now` like this: made, changed, unchanged or
    /// followed.
    [[nodiscard]] import_decision choose(const event_source& source, const event_cursor& now) const;

private:
    const os::env* system_;
    std::map<std::string, std::vector<run>> runs_;  // by logdir; newest first
};

// ---- implementation ---------------------------------------------------------

inline std::string_view to_string(import_outcome outcome) noexcept {
    switch (outcome) {
    case import_outcome::made:
        return "made";
    case import_outcome::changed:
        return "changed";
    case import_outcome::unchanged:
        return "unchanged";
    case import_outcome::empty:
        return "empty";
    case import_outcome::followed:
        return "followed";
    case import_outcome::failed:
        break;
    }
    return "failed";
}

namespace detail {

// Whether an end is recorded that stands for the files as this policy reads them.
inline bool is_complete(const run& which, tfevents::restart_policy restarts) {
    return which.status() != run_status::running &&
           which.find_meta("status") == std::string(to_string(which.status())) &&
           which.find_meta("restarts") == std::string(to_string(restarts));
}

inline bool is_held(const run& which) {
    const auto found = find_lock(which.path());
    return found && *found && (*found)->state == liveness::alive;
}

}  // namespace detail

inline import_index::import_index(const std::string& run_root, const os::env& system)
    : system_(&system) {
    for (run& each : list_runs({run_root})) {
        if (const auto logdir = each.find_meta("logdir")) {
            runs_[*logdir].push_back(std::move(each));
        }
    }
}

inline import_decision import_index::choose(const event_source& source,
                                            const event_cursor& now) const {
    import_decision best;
    const auto known = runs_.find(source.logdir);
    for (std::size_t i = 0; known != runs_.end() && i < known->second.size(); ++i) {
        const run& each = known->second[i];
        const cursor_change change = compare(load_cursor(each.path(), *system_), now);
        if (change == cursor_change::none && detail::is_complete(each, source.restarts)) {
            return {import_outcome::unchanged, each.path()};
        }
        if (detail::is_held(each)) {
            best = {import_outcome::followed, each.path()};
        } else if (change != cursor_change::replaced && best.outcome == import_outcome::made) {
            best = {import_outcome::changed, each.path()};
        }
    }
    return best;
}

}}}  // namespace guild::runs

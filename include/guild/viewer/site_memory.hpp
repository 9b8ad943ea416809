// guild/viewer/site_memory.hpp - what the page's server keeps between two requests: the list of
// runs, its rows, and the readers of the runs that were looked at last.
//
// Layer 6. Includes: base, os/thread, runs, viewer/run_rows view_spec.
// Not here: what is answered (viewer/api.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <guild/os/env.hpp>
#include <guild/os/read_beneath.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/catalog_cache.hpp>
#include <guild/viewer/run_rows.hpp>
#include <guild/viewer/view_spec.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// A run with its series open. Whoever uses `values` holds `mutex`.
struct open_run {
    os::mutex mutex;
    const std::string path;
    std::shared_ptr<const runs::listed_run> of;
    std::string stamp;  // series_stamp() before the series were read
    run_values values;

    explicit open_run(std::shared_ptr<const runs::listed_run> which)
        : path(which->what.path()), of(std::move(which)),
          stamp(runs::series_stamp(path, os::unlinked_env())), values(of->what) {
        values.reader().keep_pyramids(most_pyramid_bytes);
    }

    static constexpr std::uint64_t most_pyramid_bytes = std::uint64_t{20} << 20U;
};

/// Shared by all requests to one server.
///
/// threads  any
/// example  tests/viewer/site_memory.cpp "site memory: a run is opened once and follows what is
///          added"
class site_memory {
public:
    /// in       options: `system` is replaced by os::unlinked_env() where it is the default;
    ///          is_kept: false for the memory of one request
    explicit site_memory(const runs::open_options& options = {}, bool is_kept = true)
        : catalog_(without_links(options)),
          epoch_(is_kept ? std::to_string(os::system_env.wall_time_us()) : std::string()) {}

    [[nodiscard]] runs::catalog_cache& catalog() noexcept { return catalog_; }
    [[nodiscard]] row_cache& rows() noexcept { return rows_; }

    /// Differs from that of other servers and of earlier ones, a part of tags; empty for the memory
    /// of one request, whose answers have tags of their bodies alone.
    [[nodiscard]] const std::string& epoch() const noexcept { return epoch_; }

    /// Calls `use(run_values&)` with the series of a run, as new as `which` at least; one at a time
    /// for each run.
    template <class Use>
    auto with_series(const std::shared_ptr<const runs::listed_run>& which, Use&& use);

private:
    static runs::open_options without_links(runs::open_options options) noexcept {
        if (options.system == &os::system_env) {
            options.system = &os::unlinked_env();
        }
        return options;
    }

    std::shared_ptr<open_run> find_open(const std::shared_ptr<const runs::listed_run>& which);

    static constexpr std::size_t most_open = 8;

    runs::catalog_cache catalog_;
    row_cache rows_;
    std::string epoch_;
    os::mutex mutex_;
    std::deque<std::shared_ptr<open_run>> open_;  // the last used first
};

// ---- implementation ---------------------------------------------------------

template <class Use>
auto site_memory::with_series(const std::shared_ptr<const runs::listed_run>& which, Use&& use) {
    const std::shared_ptr<open_run> run = find_open(which);
    const os::lock held(run->mutex);
    if (run->of->version < which->version) {
        run->stamp = runs::series_stamp(which->what.path(), os::unlinked_env());
        run->of = which;
        run->values.use(run->of->what);
    }
    if (!run->values.is_closed() && runs::detail::has_ended(run->of->what)) {
        catalog_.follow_series(run->of->what, run->stamp);
    }
    return use(run->values);
}

inline std::shared_ptr<open_run>
site_memory::find_open(const std::shared_ptr<const runs::listed_run>& which) {
    {
        const os::lock held(mutex_);
        for (auto each = open_.begin(); each != open_.end(); ++each) {
            if ((*each)->path == which->what.path()) {
                std::shared_ptr<open_run> found = std::move(*each);
                open_.erase(each);
                open_.push_front(found);
                return found;
            }
        }
    }
    auto made = std::make_shared<open_run>(which);  // may take long: without the lock
    const os::lock held(mutex_);
    open_.push_front(made);
    if (open_.size() > most_open) {
        open_.pop_back();
    }
    return made;
}

}}}  // namespace guild::viewer

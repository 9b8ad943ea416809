// guild/runs/catalog_cache.hpp - the list of runs for readers that ask again and again: what did
// not change is not read again.
//
// Layer 4. Includes: base, os/file thread, runs/catalog.
// Not here: a list that is read once (runs/catalog.hpp); series (series/run_reader.hpp).
//
// A run that has ended changes only with the time of its `guild.d`: its tables are not written to
// any more, and user.tsv is replaced whole. Others are read again each time. A time of less than
// two seconds ago says nothing yet: the file system's clock may be coarse, and the next change may
// bear the same time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/run.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// One run as it was at a version of the list; never changed once it is there.
struct listed_run {
    run what;
    std::uint64_t version = 0;  // of the list in which the run became what it is
};
using listed_runs = std::vector<std::shared_ptr<const listed_run>>;

/// The runs at one moment.
struct run_listing {
    std::uint64_t version = 0;                // grows with each change
    std::shared_ptr<const listed_runs> runs;  // newest first, as list_runs() orders them
};

/// What a run's series files look like from outside; another text after they changed.
///
/// cost     one listing and one call of stat for each file
/// example  tests/runs/catalog_cache.cpp "series stamp: differs after a point was written"
[[nodiscard]] std::string series_stamp(const std::string& run_directory,
                                       const os::env& system = os::system_env);

/// Keeps runs between two looks.
///
/// cost     while nothing changes one call of stat for each run that has ended; runs are looked at
///          on four threads where there are many
/// threads  any
/// example  tests/runs/catalog_cache.cpp "catalog cache: an unchanged list is the same list"
class catalog_cache {
public:
    explicit catalog_cache(const open_options& options = {}) : options_(options) {}

    /// The runs below `roots` as they are now.
    ///
    /// in       roots: as list_runs(); others than the last time is a change of the list
    [[nodiscard]] run_listing look(const std::vector<std::string>& roots);

    /// The run with this name, in the first root that has one; looks at it alone.
    ///
    /// out      nothing when there is none
    /// example  tests/runs/catalog_cache.cpp "catalog cache: one run is found without looking at
    ///          others"
    [[nodiscard]] std::shared_ptr<const listed_run> find(const std::vector<std::string>& roots,
                                                         const std::string& name);

    /// Looks from now on at the series files of a run that has ended but whose files may grow, as
    /// when event files are imported while they are written.
    ///
    /// in       stamp: its series_stamp() before its series were read
    void follow_series(const run& of, std::string stamp);

    /// Names of runs that went away after `version` and are not there now; nothing when that is too
    /// long ago to be known.
    [[nodiscard]] std::optional<std::vector<std::string>> gone_since(std::uint64_t version);

private:
    struct place {
        std::string data;                         // RUNDIR/guild.d
        std::shared_ptr<const listed_run> known;  // none: no run stands there
        std::string series;                       // series_stamp() of a run that goes on
        std::int64_t data_ns = 0;
        bool is_settled = false;
        bool is_followed = false;  // its series too
    };
    struct root {
        std::string path;
        std::map<std::string, place> places;  // by name
        std::int64_t modified_ns = 0;
        bool is_settled = false;
    };

    void take_roots(const std::vector<std::string>& roots);
    // What a look at one run found: nothing new, no run any more, a run, or other series.
    struct sight {
        enum class kind : std::uint8_t { same, gone, read, grown };
        kind what = kind::same;
        std::unique_ptr<run> found;
        std::string series;
        std::int64_t data_ns = 0;
    };

    void look_at(root& in);
    void look_at_names(root& in);
    void list_names(root& in);
    [[nodiscard]] sight look_at(const place& at) const;
    [[nodiscard]] sight read(const place& at, std::int64_t data_ns) const;
    void take(place& at, sight seen, std::int64_t now_ns);
    void take_run(place& at, sight& seen);
    void forget(const place& at);
    void count_change();
    void sort();

    static constexpr std::size_t most_gone = 4096;
    static constexpr unsigned look_threads = 4;
    static constexpr std::size_t looks_at_once = 64;  // fewer runs are not worth a thread
    static constexpr std::int64_t coarse_ns = 2'000'000'000;

    os::mutex mutex_;
    open_options options_;
    std::vector<std::string> given_;
    std::vector<root> roots_;
    std::shared_ptr<const listed_runs> sorted_ = std::make_shared<const listed_runs>();
    std::deque<std::pair<std::uint64_t, std::string>> gone_;
    std::uint64_t forgotten_ = 0;  // changes up to this version are not known any more
    std::uint64_t version_ = 1;
    bool is_changed_ = false;
    bool is_sorted_ = true;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_same_run(const run& a, const run& b) {
    return a.status() == b.status() && a.cause() == b.cause() && a.meta() == b.meta() &&
           a.flags() == b.flags() && a.attrs() == b.attrs() && a.user() == b.user() &&
           a.notes() == b.notes();
}

inline bool has_ended(const run& what) noexcept {
    return what.status() == run_status::completed || what.status() == run_status::terminated ||
           what.status() == run_status::error;
}

}  // namespace detail

inline std::string series_stamp(const std::string& run_directory, const os::env& system) {
    const std::string directory = data_path(run_directory, series_directory);
    std::string out;
    const auto entries = os::list_directory(directory);
    for (std::size_t i = 0; entries && i < entries->size(); ++i) {
        const auto found = os::find_status(join_path(directory, (*entries)[i].name), system);
        if (found) {
            out += (*entries)[i].name + ' ' + std::to_string(found->size) + ' ' +
                   std::to_string(found->modified_ns) + ' ' + std::to_string(found->inode) + '\n';
        }
    }
    return out;
}

inline run_listing catalog_cache::look(const std::vector<std::string>& roots) {
    const os::lock held(mutex_);
    take_roots(roots);
    for (root& each : roots_) {
        look_at(each);
    }
    count_change();
    if (!is_sorted_) {
        sort();
    }
    return {version_, sorted_};
}

inline std::shared_ptr<const listed_run> catalog_cache::find(const std::vector<std::string>& roots,
                                                             const std::string& name) {
    const os::lock held(mutex_);
    take_roots(roots);
    std::shared_ptr<const listed_run> found;
    for (root& each : roots_) {
        look_at_names(each);
        const auto at = each.places.find(name);
        if (at != each.places.end()) {
            const std::int64_t now_ns = options_.system->wall_time_us() * 1000;
            take(at->second, look_at(at->second), now_ns);
            found = at->second.known;
        }
        if (found) {
            break;
        }
    }
    count_change();
    return found;
}

inline void catalog_cache::follow_series(const run& of, std::string stamp) {
    const os::lock held(mutex_);
    for (root& each : roots_) {
        const auto at =
            each.path == parent_path(of.path()) ? each.places.find(of.id()) : each.places.end();
        if (at != each.places.end()) {
            at->second.is_followed = true;
            at->second.series = std::move(stamp);
            return;
        }
    }
}

inline void catalog_cache::count_change() {
    if (std::exchange(is_changed_, false)) {
        ++version_;
        is_sorted_ = false;
    }
}

inline void catalog_cache::take_roots(const std::vector<std::string>& roots) {
    if (roots == given_) {
        return;
    }
    given_ = roots;
    std::vector<root> kept;
    for (std::string& path : detail::without_repeats(roots)) {
        const auto known = std::find_if(roots_.begin(), roots_.end(),
                                        [&path](const root& each) { return each.path == path; });
        kept.push_back(known == roots_.end() ? root() : std::move(*known));
        kept.back().path = std::move(path);
    }
    for (const root& left : roots_) {
        for (const auto& each : left.places) {  // empty where it was moved
            forget(each.second);
        }
    }
    roots_ = std::move(kept);
}

inline void catalog_cache::look_at_names(root& in) {
    const std::int64_t now_ns = options_.system->wall_time_us() * 1000;
    // With the dot a link is told by the directory that it leads to.
    const auto found = os::find_status(join_path(in.path, "."), *options_.system);
    if (!found || !in.is_settled || found->modified_ns != in.modified_ns) {
        list_names(in);
        in.modified_ns = found ? found->modified_ns : 0;
        in.is_settled = found && in.modified_ns < now_ns - coarse_ns;
    }
}

inline void catalog_cache::look_at(root& in) {
    look_at_names(in);
    const std::int64_t now_ns = options_.system->wall_time_us() * 1000;
    std::vector<place*> places;
    places.reserve(in.places.size());
    for (auto& each : in.places) {
        places.push_back(&each.second);
    }
    std::vector<sight> seen(places.size());
    const std::size_t batches = (places.size() + looks_at_once - 1) / looks_at_once;
    os::for_each_index(batches, look_threads, [&](std::size_t batch) {
        const std::size_t end = std::min(places.size(), (batch + 1) * looks_at_once);
        for (std::size_t i = batch * looks_at_once; i < end; ++i) {
            seen[i] = look_at(*places[i]);
        }
    });
    for (std::size_t i = 0; i < places.size(); ++i) {
        take(*places[i], std::move(seen[i]), now_ns);
    }
}

inline void catalog_cache::list_names(root& in) {
    std::map<std::string, place> now;
    for (std::string& name : detail::run_names(in.path)) {
        const auto known = in.places.find(name);
        place& at = now[name];
        if (known != in.places.end()) {
            at = std::move(known->second);
            in.places.erase(known);
        } else {
            at.data = data_path(join_path(in.path, name));
        }
    }
    for (const auto& each : in.places) {
        forget(each.second);
    }
    in.places = std::move(now);
}

inline catalog_cache::sight catalog_cache::look_at(const place& at) const {
    sight seen;
    os::file_status data;
    if (options_.system->stat(at.data.c_str(), &data) < 0 ||
        data.kind != os::file_kind::directory) {
        seen.what = sight::kind::gone;
        return seen;
    }
    if (!at.is_settled || at.data_ns != data.modified_ns) {
        return read(at, data.modified_ns);
    }
    if (at.is_followed) {  // its series alone may still grow
        seen.series = series_stamp(at.known->what.path(), *options_.system);
        seen.what = seen.series == at.series ? sight::kind::same : sight::kind::grown;
    }
    return seen;
}

inline catalog_cache::sight catalog_cache::read(const place& at, std::int64_t data_ns) const {
    sight seen;
    seen.data_ns = data_ns;
    const std::string directory(parent_path(at.data));
    auto opened = run::open(directory, options_);
    if (!opened) {
        seen.what = sight::kind::gone;
        return seen;
    }
    if (at.is_followed || !detail::has_ended(*opened)) {
        seen.series = series_stamp(directory, *options_.system);
    }
    seen.what = sight::kind::read;
    seen.found = std::make_unique<run>(std::move(*opened));
    return seen;
}

inline void catalog_cache::take(place& at, sight seen, std::int64_t now_ns) {
    switch (seen.what) {
    case sight::kind::same:
        break;
    case sight::kind::gone:
        forget(at);
        at.known.reset();
        at.is_settled = false;
        break;
    case sight::kind::read:
        at.data_ns = seen.data_ns;
        take_run(at, seen);
        at.is_settled = detail::has_ended(at.known->what) && at.data_ns < now_ns - coarse_ns;
        break;
    case sight::kind::grown:
        at.series = std::move(seen.series);
        at.known = std::make_shared<const listed_run>(listed_run{at.known->what, version_ + 1});
        is_changed_ = true;
        break;
    }
}

inline void catalog_cache::take_run(place& at, sight& seen) {
    if (at.known && seen.series == at.series && detail::is_same_run(at.known->what, *seen.found)) {
        return;
    }
    at.series = std::move(seen.series);
    at.known = std::make_shared<const listed_run>(listed_run{std::move(*seen.found), version_ + 1});
    is_changed_ = true;
}

inline void catalog_cache::forget(const place& at) {
    if (!at.known) {
        return;
    }
    is_changed_ = true;
    gone_.emplace_back(version_ + 1, at.known->what.id());
    if (gone_.size() > most_gone) {
        forgotten_ = gone_.front().first;
        gone_.pop_front();
    }
}

inline void catalog_cache::sort() {
    listed_runs all;
    for (const root& each : roots_) {
        for (const auto& [name, at] : each.places) {
            if (at.known) {
                all.push_back(at.known);
            }
        }
    }
    std::vector<std::pair<std::int64_t, std::size_t>> order;
    order.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        order.emplace_back(all[i]->what.started_us().value_or(0), i);
    }
    std::sort(order.begin(), order.end(), [&all](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first
                                  : detail::is_newer(all[a.second]->what, all[b.second]->what);
    });
    auto sorted = std::make_shared<listed_runs>();
    sorted->reserve(all.size());
    for (const auto& each : order) {
        sorted->push_back(std::move(all[each.second]));
    }
    sorted_ = std::move(sorted);
    is_sorted_ = true;
}

inline std::optional<std::vector<std::string>> catalog_cache::gone_since(std::uint64_t version) {
    const os::lock held(mutex_);
    if (version < forgotten_ || version > version_) {
        return std::nullopt;
    }
    std::set<std::string> gone;
    for (auto each = gone_.rbegin(); each != gone_.rend() && each->first > version; ++each) {
        gone.insert(each->second);
    }
    for (std::size_t i = 0; i < sorted_->size() && !gone.empty(); ++i) {
        gone.erase((*sorted_)[i]->what.id());  // it is back
    }
    return std::vector<std::string>(gone.begin(), gone.end());
}

}}}  // namespace guild::runs

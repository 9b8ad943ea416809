// guild/series/run_reader.hpp - the series of a run: all series files of a directory as one.
//
// Layer 3. Includes: base, os/file.hpp, series/reader.hpp.
// Not here: one file (series/reader.hpp); what a run is (runs/run.hpp).
//
// A file that continues another is one with it, and its points replace those it repeats. Different
// writers are never interleaved: the first one to start has a key for itself, the others' series of
// that key are shown as "KEY @rank1", "KEY @rank2", or as "KEY @attempt1" after a resume.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/series/point.hpp>
#include <guild/series/reader.hpp>

namespace guild { inline namespace v0 { namespace series {

/// The series of all `*.gts` files of a directory, which may be missing and come later.
///
/// units    see point
/// cost     one descriptor a file while the object lives
/// threads  one thread per reader
/// example  tests/series/run_reader.cpp "run reader: two writers of one key are kept apart"
class run_reader {
public:
    /// Reads what is there now; a failure is kept in last_error().
    explicit run_reader(std::string directory, const os::env& system = os::system_env)
        : directory_(std::move(directory)), system_(&system) {
        (void)refresh();
    }

    /// Takes in new files and what files have gained.
    ///
    /// errors   unsupported, bad_syntax, permission_denied, io_failed: the first file that cannot
    /// be
    ///          read; the others are read all the same
    result<void> refresh();

    /// Every series, in byte order of the keys as shown.
    [[nodiscard]] std::vector<series_summary> summaries() const;

    /// All points of the series shown as `key`, in order of writing; none for an unknown key.
    [[nodiscard]] std::vector<point> points(std::string_view key);

    /// Calls `visit(const std::string& key, const std::vector<point>&)` for each of `keys` as
    /// shown, in their order, until it returns false. Reads the files once for about a million
    /// points, and not once for each key.
    ///
    /// cost     24 bytes for each of those points, or for each of one series that has more
    /// example  tests/series/run_reader.cpp "run reader: many series at once are what they are one
    ///          by one"
    template <class Visit>
    void for_each_series(const std::vector<std::string>& keys, Visit&& visit);

    [[nodiscard]] std::uint64_t bytes_lost() const noexcept;

    /// The failure that refresh() or reading points met last.
    [[nodiscard]] const std::optional<error>& last_error() const noexcept { return error_; }

    /// Whether there is a file and each is closed: nothing more will come.
    [[nodiscard]] bool is_closed() const noexcept;

    /// The readers of the files, in order of start.
    [[nodiscard]] const std::vector<reader*>& files() const noexcept { return in_order_; }

private:
    using chain = std::vector<reader*>;  // a writer's file and those that continue it
    struct place {
        std::size_t chain;
        std::string key;
        series_summary summary;
    };

    void open_new(const std::string& name);
    result<void> link_files();
    void name_series();
    std::string shown_name(const chain& writer, const std::string& key, std::size_t rank) const;
    [[nodiscard]] std::uint64_t count_of(const std::string& key) const;
    std::vector<std::vector<point>> collect(const std::string* keys, std::size_t count);
    void collect_from(reader& file, const std::map<std::string, std::vector<point>*>& wanted);

    std::string directory_;
    const os::env* system_;
    std::map<std::string, reader> readers_;
    std::vector<reader*> in_order_;
    std::vector<chain> chains_;
    std::map<std::string, place, std::less<>> shown_;
    std::optional<error> error_;
};

// ---- implementation ---------------------------------------------------------

inline result<void> run_reader::refresh() {
    error_.reset();
    for (auto& file : readers_) {
        const auto refreshed = file.second.refresh();
        if (!refreshed) {
            error_ = refreshed.error();
        }
    }
    const auto entries = os::list_directory(directory_);
    if (!entries && entries.error().code != errc::not_found) {
        error_ = entries.error();
    }
    for (std::size_t i = 0; entries && i < entries->size(); ++i) {
        const std::string& name = (*entries)[i].name;
        if (ends_with(name, ".gts") && readers_.find(name) == readers_.end()) {
            open_new(name);
        }
    }
    const auto linked = link_files();
    if (!linked) {
        error_ = linked.error();
    }
    name_series();
    if (error_) {
        return *error_;
    }
    return {};
}

inline void run_reader::open_new(const std::string& name) {
    auto opened = reader::open(join_path(directory_, name), *system_);
    if (opened) {
        readers_.emplace(name, std::move(*opened));
    } else if (opened.error().code != errc::truncated && opened.error().code != errc::not_found) {
        error_ = opened.error();  // a file without its header yet is no failure
    }
}

// Puts files in order of start and each file that continues another behind it.
inline result<void> run_reader::link_files() {
    in_order_.clear();
    chains_.clear();
    for (auto& file : readers_) {
        in_order_.push_back(&file.second);
    }
    std::sort(in_order_.begin(), in_order_.end(), [](const reader* a, const reader* b) {
        return std::make_pair(a->header().start_wall_us, std::string_view(a->path())) <
               std::make_pair(b->header().start_wall_us, std::string_view(b->path()));
    });
    result<void> outcome;
    for (reader* file : in_order_) {
        const auto continued =
            std::find_if(chains_.begin(), chains_.end(), [&](const chain& writer) {
                return file->header().is_continuation() &&
                       writer.back()->header().id == file->header().continues;
            });
        if (continued == chains_.end()) {
            chains_.push_back({file});
            continue;
        }
        auto ended = continued->back()->end_before(file->header().continues_sequence);
        if (!ended) {
            outcome = std::move(ended);
        }
        continued->push_back(file);
    }
    return outcome;
}

inline void run_reader::name_series() {
    shown_.clear();
    std::map<std::string, std::size_t> ranks;
    for (std::size_t writer = 0; writer < chains_.size(); ++writer) {
        std::map<std::string, series_summary> merged;
        for (const reader* file : chains_[writer]) {
            for (const series_summary& part : file->summaries()) {
                merged[part.key].add(part);
            }
        }
        for (auto& [key, summary] : merged) {
            const std::size_t rank = ranks[key]++;
            summary.key = shown_name(chains_[writer], key, rank);
            shown_.emplace(summary.key, place{writer, key, summary});
        }
    }
}

inline std::string run_reader::shown_name(const chain& writer, const std::string& key,
                                          std::size_t rank) const {
    const std::uint32_t attempt = writer.front()->header().attempt;
    std::string name = key;
    if (attempt != 0 && rank != 0) {
        name += " @attempt" + std::to_string(attempt);
    } else if (rank != 0) {
        name += " @rank" + std::to_string(rank);
    }
    while (shown_.find(name) != shown_.end()) {
        name += " @rank" + std::to_string(rank);
    }
    return name;
}

inline std::vector<series_summary> run_reader::summaries() const {
    std::vector<series_summary> all;
    all.reserve(shown_.size());
    for (const auto& entry : shown_) {
        all.push_back(entry.second.summary);
    }
    return all;
}

inline std::vector<point> run_reader::points(std::string_view key) {
    std::vector<point> all;
    const auto found = shown_.find(key);
    if (found == shown_.end()) {
        return all;
    }
    for (reader* file : chains_[found->second.chain]) {
        const auto part = file->points(found->second.key);
        if (!part) {
            error_ = part.error();
        } else {
            all.insert(all.end(), part->begin(), part->end());
        }
    }
    return all;
}

template <class Visit>
void run_reader::for_each_series(const std::vector<std::string>& keys, Visit&& visit) {
    constexpr std::uint64_t points_at_once = std::uint64_t{1} << 20U;
    for (std::size_t first = 0; first < keys.size();) {
        std::size_t count = 1;
        std::uint64_t sum = count_of(keys[first]);
        while (first + count < keys.size() &&
               sum + count_of(keys[first + count]) <= points_at_once) {
            sum += count_of(keys[first + count]);
            ++count;
        }
        if (count == 1) {
            if (!visit(keys[first], points(keys[first]))) {
                return;
            }
        } else {
            const std::vector<std::vector<point>> found = collect(&keys[first], count);
            for (std::size_t i = 0; i < count; ++i) {
                if (!visit(keys[first + i], found[i])) {
                    return;
                }
            }
        }
        first += count;
    }
}

inline std::uint64_t run_reader::count_of(const std::string& key) const {
    const auto found = shown_.find(key);
    return found == shown_.end() ? 0 : found->second.summary.count;
}

inline std::vector<std::vector<point>> run_reader::collect(const std::string* keys,
                                                           std::size_t count) {
    std::vector<std::vector<point>> all(count);
    std::map<std::size_t, std::map<std::string, std::vector<point>*>> wanted;  // by chain
    for (std::size_t i = 0; i < count; ++i) {
        const auto found = shown_.find(keys[i]);
        if (found != shown_.end()) {
            wanted[found->second.chain].emplace(found->second.key, &all[i]);
        }
    }
    for (const auto& [writer, series] : wanted) {
        for (reader* file : chains_[writer]) {
            collect_from(*file, series);
        }
    }
    return all;
}

inline void run_reader::collect_from(reader& file,
                                     const std::map<std::string, std::vector<point>*>& wanted) {
    std::unordered_map<std::uint32_t, std::vector<point>*> by_id;
    const auto read = file.for_each_point([&](const series_name& name, const point& at) {
        const auto [known, is_new] = by_id.emplace(name.id, nullptr);
        if (is_new) {
            const auto found = wanted.find(name.key);
            known->second = found == wanted.end() ? nullptr : found->second;
        }
        if (known->second != nullptr) {
            known->second->push_back(at);
        }
    });
    if (!read) {
        error_ = read.error();
    }
}

inline std::uint64_t run_reader::bytes_lost() const noexcept {
    std::uint64_t bytes = 0;
    for (const reader* file : in_order_) {
        bytes += file->bytes_lost();
    }
    return bytes;
}

inline bool run_reader::is_closed() const noexcept {
    return !in_order_.empty() && std::all_of(in_order_.begin(), in_order_.end(),
                                             [](const reader* file) { return file->is_closed(); });
}

}}}  // namespace guild::series

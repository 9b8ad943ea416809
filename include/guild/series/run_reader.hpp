// guild/series/run_reader.hpp - the series of a run: all series files of a directory as one.
//
// Layer 3. Includes: base, os/file.hpp, series/reader.hpp.
// Not here: one file (series/reader.hpp); what a run is (runs/run.hpp).
//
// A file that continues another is one with it, and its points replace those it repeats. Different
// writers are never interleaved: the lowest rank, or the first to start, has a key for itself, the
// others' series of that key are shown as "KEY @rank1", "KEY @rank2", or as "KEY @attempt1".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/series/file_map.hpp>
#include <guild/series/pixels.hpp>
#include <guild/series/point.hpp>
#include <guild/series/pyramid_source.hpp>
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
    ///          be read; the others are read all the same
    result<void> refresh();

    /// Every series, in byte order of the keys as shown.
    [[nodiscard]] std::vector<series_summary> summaries() const;

    /// Calls `visit(std::string_view key, const series_summary&)` for the same, without a copy.
    template <class Visit>
    void for_each_series(Visit&& visit) const;

    /// The points of the series shown as `key`, in order of writing, or those within a range; none
    /// for an unknown key. A failure is kept in last_error().
    [[nodiscard]] std::vector<point> points(std::string_view key, const point_range& range = {});

    /// What a chart of some columns needs of the series shown as `key`.
    [[nodiscard]] pixel_view pixels(std::string_view key, const pixel_request& request);

    /// The same for each of `keys`, in their order. Reads the files once, and not once for each
    /// key.
    ///
    /// example  tests/series/run_reader.cpp "run reader: charts of many series at once are what
    /// they
    ///          are one by one"
    [[nodiscard]] std::vector<pixel_view> pixels(const std::vector<std::string>& keys,
                                                 const pixel_request& request);

    /// Keeps the pyramids of files that are still in rows in memory from now on, about so many
    /// bytes for all files together, so that one chart after the other is quick.
    void keep_pyramids(std::uint64_t most_bytes) noexcept { pyramid_bytes_ = most_bytes; }

    /// Calls `visit(const std::string& key, const std::vector<point>&)` for each of `keys` as
    /// shown, in their order, until it returns false. Reads the files once for about a million
    /// points, and not once for each key.
    ///
    /// cost     24 bytes for each of those points, or for each of one series that has more
    /// example  tests/series/run_reader.cpp "run reader: many series at once are what they are one
    ///          by one"
    template <class Visit>
    void for_each_points(const std::vector<std::string>& keys, Visit&& visit);

    [[nodiscard]] std::uint64_t bytes_lost() const noexcept;

    /// The failure that refresh() or reading points met last.
    [[nodiscard]] const std::optional<error>& last_error() const noexcept { return error_; }

    /// Whether there is a file and each is closed: nothing more will come.
    [[nodiscard]] bool is_closed() const noexcept;

    /// The readers of the files whose points are shown, writer by writer in order of start.
    [[nodiscard]] const std::vector<reader*>& files() const noexcept { return in_order_; }

private:
    using chain = std::vector<reader*>;  // a writer's file and those that continue it
    // Points into the readers, or into merged_ and renamed_, until the next refresh().
    struct place {
        std::string_view shown;
        std::string_view key;  // in the files
        const series_summary* summary;
        std::size_t chain;
        std::size_t file;  // of the chain
    };

    void open_new(const std::string& name);
    result<void> link_files();
    void order_files();
    void name_series();
    void sort_shown();
    void list_series(std::size_t writer);
    void rename_repeated();
    [[nodiscard]] const file_header& header_of(const place& each) const noexcept {
        return chains_[each.chain].front()->header();
    }
    [[nodiscard]] std::string name_repeated(const place& each, std::size_t number,
                                            bool is_again) const;
    [[nodiscard]] const place* find_place(std::string_view key) const noexcept;
    [[nodiscard]] std::uint64_t count_of(std::string_view key) const noexcept;
    std::vector<std::vector<point>> collect(const std::string* keys, std::size_t count);
    [[nodiscard]] measured measure_pixels(const place& of, const pixel_request& request) const;
    void collect_from(reader& file, const std::map<std::string, std::vector<point>*>& wanted);

    std::string directory_;
    const os::env* system_;
    std::map<std::string, reader> readers_;
    std::vector<reader*> in_order_;
    std::vector<chain> chains_;
    std::vector<place> shown_;           // in byte order of what is shown
    std::deque<series_summary> merged_;  // of series that several files hold
    std::deque<std::string> renamed_;    // what is shown of a repeated key
    std::optional<error> error_;
    std::uint64_t pyramid_bytes_ = 0;
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

// Puts files in order, and each file that continues another behind it, wherever it stands. Of
// several that continue one file, the last stands for all: it repeats what they held.
inline result<void> run_reader::link_files() {
    order_files();
    chains_.clear();
    std::map<const reader*, reader*> next_of;
    std::set<const reader*> is_next;
    for (reader* file : in_order_) {
        if (!file->header().is_continuation()) {
            continue;
        }
        const auto before =
            std::find_if(in_order_.begin(), in_order_.end(), [file](const reader* other) {
                return file != other && other->header().id == file->header().continues;
            });
        if (before != in_order_.end()) {
            reader*& next = next_of[*before];
            if (next == nullptr || next->header().start_boot_us < file->header().start_boot_us) {
                next = file;
            }
            is_next.insert(file);
        }
    }
    result<void> outcome;
    std::vector<reader*> used;
    for (reader* file : in_order_) {
        if (is_next.find(file) != is_next.end()) {
            continue;
        }
        chains_.push_back({file});
        used.push_back(file);
        for (auto next = next_of.find(file); next != next_of.end();
             next = next_of.find(next->second)) {
            auto ended =
                chains_.back().back()->end_before(next->second->header().continues_sequence);
            outcome = ended ? std::move(outcome) : std::move(ended);
            chains_.back().push_back(next->second);
            used.push_back(next->second);
        }
    }
    in_order_ = std::move(used);
    return outcome;
}

inline void run_reader::order_files() {
    in_order_.clear();
    for (auto& file : readers_) {
        in_order_.push_back(&file.second);
    }
    // The clock may have been set back between two attempts, and ranks start in any order.
    const auto order = [](const reader* file) {
        const file_header& header = file->header();
        return std::make_tuple(header.attempt, header.rank, header.start_wall_us,
                               std::string_view(file->path()));
    };
    std::sort(in_order_.begin(), in_order_.end(),
              [&order](const reader* a, const reader* b) { return order(a) < order(b); });
}

// The series of a writer, those of its files that have one key put together.
inline void run_reader::list_series(std::size_t writer) {
    const auto begin = static_cast<std::ptrdiff_t>(shown_.size());
    for (std::size_t i = 0; i < chains_[writer].size(); ++i) {
        chains_[writer][i]->for_each_summary(
            [&](std::string_view key, const series_summary& summary) {
                shown_.push_back({key, key, &summary, writer, i});
            });
    }
    if (chains_[writer].size() == 1) {
        return;
    }
    std::sort(shown_.begin() + begin, shown_.end(), [](const place& a, const place& b) {
        return a.shown != b.shown ? a.shown < b.shown : a.file < b.file;
    });
    std::vector<place> whole;
    for (auto next = shown_.begin() + begin; next != shown_.end(); ++next) {
        if (whole.empty() || whole.back().shown != next->shown) {
            whole.push_back(*next);
            continue;
        }
        if (merged_.empty() || whole.back().summary != &merged_.back()) {
            merged_.push_back(*whole.back().summary);
            whole.back().summary = &merged_.back();
        }
        merged_.back().add(*next->summary);
    }
    shown_.erase(shown_.begin() + begin, shown_.end());
    shown_.insert(shown_.end(), whole.begin(), whole.end());
}

inline void run_reader::name_series() {
    shown_.clear();
    merged_.clear();
    renamed_.clear();
    for (std::size_t writer = 0; writer < chains_.size(); ++writer) {
        list_series(writer);
    }
    sort_shown();
    if (chains_.size() > 1) {
        rename_repeated();
        sort_shown();
    }
}

// By what is shown, then by writer. Eight bytes behind what all begin with tell most apart.
inline void run_reader::sort_shown() {
    const auto is_before = [](const place& a, const place& b) {
        return a.shown != b.shown ? a.shown < b.shown : a.chain < b.chain;
    };
    if (std::is_sorted(shown_.begin(), shown_.end(), is_before)) {
        return;
    }
    std::size_t common = shown_.front().shown.size();
    for (const place& each : shown_) {
        const std::size_t most = std::min(common, each.shown.size());
        common = 0;
        while (common < most && each.shown[common] == shown_.front().shown[common]) {
            ++common;
        }
    }
    std::vector<std::pair<std::uint64_t, const place*>> order;
    order.reserve(shown_.size());
    for (const place& each : shown_) {
        std::uint64_t begin = 0;
        for (std::size_t i = common; i < common + 8; ++i) {
            begin = begin << 8U |
                    (i < each.shown.size() ? static_cast<unsigned char>(each.shown[i]) : 0U);
        }
        order.emplace_back(begin, &each);
    }
    std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : is_before(*a.second, *b.second);
    });
    std::vector<place> sorted;
    sorted.reserve(shown_.size());
    for (const auto& each : order) {
        sorted.push_back(*each.second);
    }
    shown_ = std::move(sorted);
}

// The first writer of a key keeps it; the next ones' are told apart by attempt and rank.
inline void run_reader::rename_repeated() {
    std::set<std::string_view> taken;
    for (const place& each : shown_) {
        taken.insert(each.shown);
    }
    std::size_t number = 0;  // among the writers of the key
    for (std::size_t i = 1; i < shown_.size(); ++i) {
        place& each = shown_[i];
        number = shown_[i - 1].key == each.key ? number + 1 : 0;
        if (number == 0) {
            continue;
        }
        const bool is_again = header_of(shown_[i - 1]).attempt == header_of(each).attempt;
        const std::string name = name_repeated(each, number, is_again);
        renamed_.push_back(name);
        for (int serial = 2; taken.find(renamed_.back()) != taken.end(); ++serial) {
            renamed_.back() = name + "-" + std::to_string(serial);
        }
        each.shown = renamed_.back();
        taken.insert(each.shown);
    }
}

// `is_again`: the writer before is one of the same attempt.
inline std::string run_reader::name_repeated(const place& each, std::size_t number,
                                             bool is_again) const {
    const file_header& header = header_of(each);
    std::string name(each.key);
    if (header.attempt != 0) {
        name += " @attempt" + std::to_string(header.attempt);
    }
    if (header.attempt == 0 || is_again) {
        name += " @rank" + (header.rank ? std::to_string(*header.rank) : std::to_string(number));
    }
    return name;
}

inline const run_reader::place* run_reader::find_place(std::string_view key) const noexcept {
    const auto found =
        std::lower_bound(shown_.begin(), shown_.end(), key,
                         [](const place& a, std::string_view wanted) { return a.shown < wanted; });
    return found == shown_.end() || found->shown != key ? nullptr : &*found;
}

template <class Visit>
void run_reader::for_each_series(Visit&& visit) const {
    for (const place& each : shown_) {
        visit(each.shown, *each.summary);
    }
}

inline std::vector<series_summary> run_reader::summaries() const {
    std::vector<series_summary> all;
    all.reserve(shown_.size());
    for_each_series([&all](std::string_view key, const series_summary& summary) {
        all.push_back(summary);
        all.back().key = key;
    });
    return all;
}

inline std::vector<point> run_reader::points(std::string_view key, const point_range& range) {
    std::vector<point> all;
    const place* found = find_place(key);
    if (found == nullptr) {
        return all;
    }
    for (reader* file : chains_[found->chain]) {
        auto part = file->points(found->key, range);
        if (!part) {
            error_ = part.error();
        } else if (all.empty()) {
            all = std::move(*part);
        } else {
            all.insert(all.end(), part->begin(), part->end());
        }
    }
    return all;
}

inline measured run_reader::measure_pixels(const place& of, const pixel_request& request) const {
    measured all;
    bool is_first = true;
    for (reader* file : chains_[of.chain]) {
        const measured part = file->measure_pixels(of.key, request);
        if (part.points != 0) {
            all.points += part.points;
            all.axis.low = is_first ? part.axis.low : std::min(all.axis.low, part.axis.low);
            all.axis.high = is_first ? part.axis.high : std::max(all.axis.high, part.axis.high);
            is_first = false;
        }
    }
    return all;
}

inline std::vector<pixel_view> run_reader::pixels(const std::vector<std::string>& keys,
                                                  const pixel_request& request) {
    std::vector<pixel_reducer> reducers;
    reducers.reserve(keys.size());
    std::map<std::size_t, std::vector<pixel_target>> wanted;  // by chain
    std::set<std::string_view> asked;
    for (const std::string& key : keys) {
        const place* found = asked.insert(key).second ? find_place(key) : nullptr;
        const measured size = found == nullptr ? measured() : measure_pixels(*found, request);
        reducers.emplace_back(request, size.axis);
        if (found != nullptr) {
            wanted[found->chain].push_back(
                {found->key, level_for(size.points, request.columns), &reducers.back()});
        }
    }
    for (const auto& [writer, targets] : wanted) {
        for (reader* file : chains_[writer]) {
            file->keep_pyramids(pyramid_bytes_ / in_order_.size());
            auto added = file->add_pixels(targets);
            if (!added) {
                error_ = added.error();
            }
        }
    }
    std::vector<pixel_view> views;
    views.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto first = std::find(keys.begin(), keys.end(), keys[i]) - keys.begin();
        const auto same = static_cast<std::size_t>(first);
        views.push_back(same < i ? views[same] : reducers[i].finish());
    }
    return views;
}

inline pixel_view run_reader::pixels(std::string_view key, const pixel_request& request) {
    return std::move(pixels(std::vector<std::string>{std::string(key)}, request).front());
}

template <class Visit>
void run_reader::for_each_points(const std::vector<std::string>& keys, Visit&& visit) {
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

inline std::uint64_t run_reader::count_of(std::string_view key) const noexcept {
    const place* found = find_place(key);
    return found == nullptr ? 0 : found->summary->count;
}

inline std::vector<std::vector<point>> run_reader::collect(const std::string* keys,
                                                           std::size_t count) {
    std::vector<std::vector<point>> all(count);
    std::map<std::size_t, std::map<std::string, std::vector<point>*>> wanted;  // by chain
    for (std::size_t i = 0; i < count; ++i) {
        const place* found = find_place(keys[i]);
        if (found != nullptr) {
            wanted[found->chain].emplace(found->key, &all[i]);
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
    // Of a file that another continues it is of no interest whether it was closed.
    return !chains_.empty() && std::all_of(chains_.begin(), chains_.end(), [](const chain& writer) {
        return writer.back()->is_closed();
    });
}

}}}  // namespace guild::series

// guild/runs/diff.hpp - what two runs have in common and what not: flags, attributes, command,
// sources, output, series.
//
// Layer 4. Includes: base, os, series, runs.
// Not here: showing it (examples/guild/diff.cpp); times, which always differ.
//
// A run's own directory counts as $RUNDIR in both, wherever it is mentioned; a directory in which
// the sources of a run were laid out counts as the project's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/recorded_command.hpp>
#include <guild/runs/run.hpp>
#include <guild/runs/source_snapshot.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/series/point.hpp>
#include <guild/series/run_reader.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// A name that has two values; a run that has none of that name has none here.
struct pair_difference {
    std::string name;
    std::optional<std::string> first;
    std::optional<std::string> second;
};

/// The first place where outputs or series are not the same.
struct output_difference {
    std::uint64_t line = 0;            // from 1
    std::optional<std::string> first;  // the line, at most 64 KiB of it; none: the output has ended
    std::optional<std::string> second;
};

struct series_difference {
    std::string key;
    std::uint64_t place = 0;             // how many points are the same before
    std::optional<series::point> first;  // none: there are no more points
    std::optional<series::point> second;
};

struct run_difference {
    std::vector<pair_difference> run;  // status, model, cmd, cwd
    std::vector<pair_difference> flags;
    std::vector<pair_difference> attrs;
    std::vector<pair_difference> sources;  // path; `same file`s are left out; value: size in bytes
    std::optional<output_difference> output;
    std::vector<series_difference> series;

    [[nodiscard]] bool is_same() const noexcept {
        return run.empty() && flags.empty() && attrs.empty() && sources.empty() && !output &&
               series.empty();
    }
};

/// Compares two runs as they are now.
///
/// in       all_series: also sys/ and op/, the statistics, which no two runs share
/// shape    series: points in order of writing, by step and value, bit for bit; times do not count
/// cost     O(both runs) time; memory for the points of one series of each
/// example  tests/runs/diff.cpp "diff: the first step at which a series differs"
[[nodiscard]] run_difference diff_runs(const run& first, const run& second,
                                       bool all_series = false);

/// What differs between two lists.
///
/// example  tests/runs/diff.cpp "diff: names in one list alone are differences too"
[[nodiscard]] std::vector<pair_difference> diff_pairs(const pair_list& first,
                                                      const pair_list& second);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::string mask_directory(std::string_view text, const run& of) {
    const std::string then = of.find_meta("rundir").value_or(of.path());
    const std::string masked =
        replace_directory(replace_directory(text, then, "$RUNDIR"), of.path(), "$RUNDIR");
    const auto project = of.find_meta("project");  // that run's sources stood elsewhere
    return project ? replace_directory(masked, of.find_meta("cwd").value_or(""), *project) : masked;
}

inline pair_list masked(const pair_list& pairs, const run& of) {
    pair_list out = pairs;
    for (auto& [name, value] : out) {
        value = mask_directory(value, of);
    }
    return out;
}

inline pair_list described(const run& of) {
    pair_list out = {{"status", std::string(to_string(of.status()))}};
    for (const char* key : {"model", "cmd", "cwd", "exit_code", "signal"}) {
        if (const auto value = of.find_meta(key)) {
            out.emplace_back(key, mask_directory(*value, of));
        }
    }
    return out;
}

// The lines of output.log, in pieces of at most 64 KiB.
class line_source {
public:
    explicit line_source(const run& of) : run_(of) {
        if (auto opened =
                os::open_file(data_path(of.path(), output_log_name), os::open_mode::read)) {
            file_ = std::move(*opened);
        }
    }

    std::optional<std::string> next() {
        std::size_t end = buffer_.find('\n', at_);
        while (end == std::string::npos && buffer_.size() - at_ < longest && fill()) {
            end = buffer_.find('\n', at_);
        }
        if (at_ == buffer_.size()) {
            return std::nullopt;
        }
        const std::size_t size =
            std::min(end == std::string::npos ? buffer_.size() - at_ : end - at_, longest);
        const std::string line = buffer_.substr(at_, size);
        at_ += size + (size < buffer_.size() - at_ && buffer_[at_ + size] == '\n' ? 1 : 0);
        return mask_directory(line, run_);
    }

private:
    static constexpr std::size_t longest = 65'536;

    bool fill() {
        if (!file_.is_open()) {
            return false;
        }
        buffer_.erase(0, at_);
        at_ = 0;
        const std::size_t have = buffer_.size();
        buffer_.resize(have + longest);
        const auto got = file_.read_at(offset_, &buffer_[have], longest);
        const std::size_t size = got ? *got : 0;
        buffer_.resize(have + size);
        offset_ += size;
        return size > 0;
    }

    const run& run_;
    os::file file_;
    std::string buffer_;
    std::size_t at_ = 0;
    std::uint64_t offset_ = 0;
};

inline std::optional<output_difference> diff_output(const run& first, const run& second) {
    line_source one(first);
    line_source two(second);
    for (std::uint64_t line = 1;; ++line) {
        auto a = one.next();
        auto b = two.next();
        if (a != b) {
            return output_difference{line, std::move(a), std::move(b)};
        }
        if (!a) {
            return std::nullopt;
        }
    }
}

inline bool is_same_point(const series::point& a, const series::point& b) {
    if (a.step != b.step || a.value.is_integer() != b.value.is_integer()) {
        return false;
    }
    if (a.value.is_integer()) {
        return a.value.as_int64() == b.value.as_int64();
    }
    const double one = a.value.as_double();
    const double two = b.value.as_double();
    return std::memcmp(&one, &two, sizeof one) == 0;
}

inline std::optional<series_difference> diff_points(const std::string& key,
                                                    const std::vector<series::point>& first,
                                                    const std::vector<series::point>& second) {
    const std::size_t common = std::min(first.size(), second.size());
    std::size_t at = 0;
    while (at < common && is_same_point(first[at], second[at])) {
        ++at;
    }
    if (at == first.size() && at == second.size()) {
        return std::nullopt;
    }
    const auto point_at = [at](const std::vector<series::point>& points) {
        return at < points.size() ? std::make_optional(points[at]) : std::nullopt;
    };
    return series_difference{key, at, point_at(first), point_at(second)};
}

inline std::vector<series_difference> diff_series(const run& first, const run& second, bool all) {
    series::run_reader one = first.series();
    series::run_reader two = second.series();
    std::vector<std::string> keys;
    for (const series::run_reader* each : {&one, &two}) {
        each->for_each_series([&](std::string_view key, const series::series_summary&) {
            if (all || !(starts_with(key, "sys/") || starts_with(key, "op/"))) {
                keys.emplace_back(key);
            }
        });
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    std::vector<series_difference> out;
    for (const std::string& key : keys) {
        if (auto found = diff_points(key, one.points(key), two.points(key))) {
            out.push_back(std::move(*found));
        }
    }
    return out;
}

inline std::vector<pair_difference> diff_sources(const run& first, const run& second) {
    const auto place = [](const run& of, const std::string& name) {
        return join_path(data_path(of.path(), sources_directory), name);
    };
    pair_list sizes[2];
    const auto note = [&](pair_list& into, const run& of, const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            const auto status = os::find_status(place(of, name));
            into.emplace_back(name, std::to_string(status ? status->size : 0));
        }
    };
    std::vector<std::string> one = list_saved_sources(first.path());
    std::vector<std::string> two = list_saved_sources(second.path());
    std::vector<std::string> common;
    std::set_intersection(one.begin(), one.end(), two.begin(), two.end(),
                          std::back_inserter(common));
    const auto is_same_file = [&](const std::string& name) {
        const auto text = os::load_file(place(first, name));
        const auto other = os::load_file(place(second, name));
        return text && other && *text == *other;
    };
    for (const std::string& name : common) {
        if (is_same_file(name)) {
            one.erase(std::lower_bound(one.begin(), one.end(), name));
            two.erase(std::lower_bound(two.begin(), two.end(), name));
        }
    }
    note(sizes[0], first, one);
    note(sizes[1], second, two);
    std::vector<pair_difference> out;
    for (const auto& [name, size] : sizes[0]) {
        const std::string* other = find_value(sizes[1], name);
        out.push_back({name, size, other ? std::make_optional(*other) : std::nullopt});
    }
    for (const auto& [name, size] : sizes[1]) {
        if (find_value(sizes[0], name) == nullptr) {
            out.push_back({name, std::nullopt, size});
        }
    }
    return out;
}

}  // namespace detail

inline std::vector<pair_difference> diff_pairs(const pair_list& first, const pair_list& second) {
    std::vector<pair_difference> out;
    for (const auto& [name, value] : first) {
        const std::string* other = find_value(second, name);
        if (other == nullptr || *other != value) {
            out.push_back({name, value, other ? std::make_optional(*other) : std::nullopt});
        }
    }
    for (const auto& [name, value] : second) {
        if (find_value(first, name) == nullptr) {
            out.push_back({name, std::nullopt, value});
        }
    }
    return out;
}

inline run_difference diff_runs(const run& first, const run& second, bool all_series) {
    run_difference out;
    out.run = diff_pairs(detail::described(first), detail::described(second));
    out.flags =
        diff_pairs(detail::masked(first.flags(), first), detail::masked(second.flags(), second));
    out.attrs =
        diff_pairs(detail::masked(first.attrs(), first), detail::masked(second.attrs(), second));
    out.sources = detail::diff_sources(first, second);
    out.output = detail::diff_output(first, second);
    out.series = detail::diff_series(first, second, all_series);
    return out;
}

}}}  // namespace guild::runs

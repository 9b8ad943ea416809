// tests/bench/report.hpp - what every benchmark prints, and how it measures times.
//
// One row a line: name, value, unit, target, ok or short (- without a target), tab separated; with
// as_json one object a line. Lines that begin with # are remarks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <guild/os/env.hpp>

namespace bench {

inline bool as_json = false;

/// One row; `most` says that the target is an upper limit. Names hold nothing that JSON escapes.
inline void print_row(const std::string& name, double value, const char* unit, double target = -1,
                      bool most = false) {
    const bool is_met = most ? value <= target : value >= target;
    const char* verdict = target < 0 ? "-" : is_met ? "ok" : "short";
    char wanted[32] = "-";
    if (target >= 0) {
        std::snprintf(wanted, sizeof wanted, "%s%g", most ? "<=" : ">=", target);
    }
    if (as_json) {
        std::printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"target\":\"%s\","
                    "\"verdict\":\"%s\"}\n",
                    name.c_str(), value, unit, wanted, verdict);
    } else {
        std::printf("%s\t%.3g\t%s\t%s\t%s\n", name.c_str(), value, unit, wanted, verdict);
    }
    std::fflush(stdout);
}

/// What a reader of the rows must know.
inline void print_remark(const std::string& text) {
    std::printf(as_json ? "{\"remark\":\"%s\"}\n" : "# %s\n", text.c_str());
    std::fflush(stdout);
}

inline void must(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "benchmark: %s\n", what);
        std::exit(1);
    }
}

/// The command line of a benchmark without other options; sets as_json.
///
/// out      whether `--quick` is asked for
inline bool take_options(int argc, char** argv) {
    bool quick = false;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        must(argument == "--quick" || argument == "--json", "usage: [--quick] [--json]");
        quick = quick || argument == "--quick";
        as_json = as_json || argument == "--json";
    }
    return quick;
}

inline double seconds_of(const std::function<void()>& work) {
    const std::int64_t begin = guild::os::system_env.boot_time_us();
    work();
    return std::max(static_cast<double>(guild::os::system_env.boot_time_us() - begin) / 1e6, 1e-6);
}

/// The sorted times of each work, in seconds; the works take turns, so that a busy moment of the
/// machine meets all of them.
inline std::vector<std::vector<double>> times_of(int rounds,
                                                 const std::vector<std::function<void()>>& works) {
    std::vector<std::vector<double>> times(works.size());
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < works.size(); ++i) {
            times[i].push_back(seconds_of(works[i]));
        }
    }
    for (std::vector<double>& each : times) {
        std::sort(each.begin(), each.end());
    }
    return times;
}

/// The medians of nine.
inline std::vector<double> median_seconds(const std::vector<std::function<void()>>& works) {
    std::vector<double> medians;
    for (const std::vector<double>& each : times_of(9, works)) {
        medians.push_back(each[each.size() / 2]);
    }
    return medians;
}

/// The best of `rounds`.
inline std::vector<double> best_seconds(int rounds,
                                        const std::vector<std::function<void()>>& works) {
    std::vector<double> best;
    for (const std::vector<double>& each : times_of(rounds, works)) {
        best.push_back(each.front());
    }
    return best;
}

}  // namespace bench

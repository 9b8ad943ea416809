// guild/runs/post_mortem.hpp - how a run ended, in one line for people, and what it printed last.
//
// Layer 4. Includes: base, runs/run output_lines.
// Not here: deciding how it ended (runs/supervisor.hpp, runs/run.hpp).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/line_splitter.hpp>
#include <guild/base/number.hpp>
#include <guild/base/plain_text.hpp>
#include <guild/base/text.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/output_lines.hpp>
#include <guild/runs/output_reader.hpp>
#include <guild/runs/run.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// "error: SIGKILL (cgroup out of memory) at step 4821, 61.8 of 62.0 GB resident".
///
/// The step is the highest of the series that the command logged; memory is told when it was short:
/// of the command and its descendants, at the last sample or the highest of one process, out of
/// what the control group or the machine has.
/// example  tests/runs/post_mortem.cpp "post mortem: names cause, step and memory"
[[nodiscard]] std::string describe_end(const run& of);

/// The last lines that the command printed, without the colours and movements of terminals; of a
/// progress bar, however long it took, what it showed last.
///
/// errors   as read_output
/// cost     O(bytes of these lines), of which 64 MiB at most are read
/// example  tests/runs/post_mortem.cpp "post mortem: the last lines are as a terminal shows them"
[[nodiscard]] result<std::vector<std::string>> read_last_lines(const run& of,
                                                               std::size_t most = 20);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_of_command(std::string_view key) {
    return !starts_with(key, "sys/") && !starts_with(key, "op/");
}

inline std::string gigabytes(double bytes, double unit) {
    const auto tenths = static_cast<std::uint64_t>(std::fmax(bytes, 0) / unit * 10 + 0.5);
    return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10);
}

inline std::optional<double> find_double(const pair_list& list, std::string_view key) {
    const std::string* text = find_value(list, key);
    const auto number = parse_int64(text == nullptr ? std::string_view() : *text);
    return number ? std::make_optional(static_cast<double>(*number)) : std::nullopt;
}

// ", 61.8 of 62.0 GB resident"; empty where memory was not short.
inline std::string describe_memory(const run& of, double sampled_bytes) {
    const double peak_bytes = find_double(of.meta(), "peak_rss_bytes").value_or(0);
    const double resident = peak_bytes > sampled_bytes ? peak_bytes : sampled_bytes;
    auto limit = find_double(of.attrs(), "memory_limit");
    limit = limit ? limit : find_double(of.attrs(), "memory");
    const bool is_told = contains(of.cause(), "out of memory");
    if (!limit || resident <= 0 || (!is_told && resident < 0.9 * *limit)) {
        return "";
    }
    const double unit = *limit < 1e9 ? 1e6 : 1e9;
    return ", " + gigabytes(resident, unit) + " of " + gigabytes(*limit, unit) +
           (unit < 1e9 ? " MB" : " GB") + " resident";
}

}  // namespace detail

inline std::string describe_end(const run& of) {
    std::string line(to_string(of.status()));
    if (!of.cause().empty()) {
        line += ": " + of.cause();
    }
    std::optional<std::int64_t> step;
    double resident = 0;
    for (const series::series_summary& one : of.series().summaries()) {
        if (one.count == 0) {
            continue;
        }
        if (one.key == "op/mem/rss") {
            resident = one.last.value.as_double();
        } else if (detail::is_of_command(one.key) && (!step || *step < one.last.step)) {
            step = one.last.step;
        }
    }
    if (step) {
        line += " at step " + std::to_string(*step);
    }
    return line + detail::describe_memory(of, resident);
}

inline result<std::vector<std::string>> read_last_lines(const run& of, std::size_t most) {
    std::deque<std::string> lines;
    const auto log =
        os::open_file(data_path(of.path(), output_log_name), os::open_mode::read, of.system());
    const auto begin = log ? find_output_tail(*log, most) : result<std::uint64_t>(0);
    if (!begin) {
        return begin.error();
    }
    output_view view;
    view.from = *begin;
    const auto read = for_each_output_line(
        of.path(), view,
        [&](const output_line& line) {
            lines.push_back(without_escapes(line.text.substr(0, most_line_bytes)));
            if (line.lost_bytes > 0 || lines.size() > most) {
                line.lost_bytes > 0 ? lines.pop_back() : lines.pop_front();
            }
            return true;
        },
        of.system());
    if (!read) {
        return read.error();
    }
    return std::vector<std::string>(std::make_move_iterator(lines.begin()),
                                    std::make_move_iterator(lines.end()));
}

}}}  // namespace guild::runs

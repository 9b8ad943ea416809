// guild/runs/post_mortem.hpp - how a run ended, in one line for people, and what it printed last.
//
// Layer 4. Includes: base, runs/run.
// Not here: deciding how it ended (runs/supervisor.hpp, runs/run.hpp).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/line_splitter.hpp>
#include <guild/base/number.hpp>
#include <guild/base/plain_text.hpp>
#include <guild/base/text.hpp>
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
/// progress bar, what it showed last.
///
/// errors   as read_output
/// cost     the last 64 KiB of the output are read
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
    constexpr std::uint64_t window_bytes = 65'536;
    const auto status = os::find_status(data_path(of.path(), output_log_name));
    std::vector<std::string> lines;
    if (!status) {
        return lines;
    }
    const std::uint64_t from = status->size > window_bytes ? status->size - window_bytes : 0;
    const auto page = of.output(from, window_bytes);
    if (!page) {
        return page.error();
    }
    bool is_replaced = false;
    const auto keep = [&](const text_line& line) {
        const bool is_new = !is_replaced || lines.empty();
        if (is_new) {
            lines.emplace_back();
        }
        // Nothing written over a progress bar leaves it standing.
        if (is_new || !line.text.empty()) {
            lines.back() = without_escapes(line.text);
        }
        is_replaced = line.end == line_end::replaceable;
    };
    line_splitter splitter;
    for (const output_piece& piece : page->pieces) {
        splitter.feed(piece.text, keep);
    }
    splitter.finish(keep);
    if (lines.size() > most) {
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
    }
    return lines;
}

}}}  // namespace guild::runs

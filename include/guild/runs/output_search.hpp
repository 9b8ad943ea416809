// guild/runs/output_search.hpp - the lines of a run's output that hold a match of a pattern.
//
// Layer 4. Includes: base/line_matcher, runs/output_reader output_lines.
// Not here: the page's search for a text, in steps (viewer/output_search.hpp).
//
// Every state of a progress bar is a line of its own here. Lines are matched as they are read,
// without escape sequences and control characters, and given as they came.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/line_matcher.hpp>
#include <guild/base/line_splitter.hpp>
#include <guild/base/pattern.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/runs/output_lines.hpp>
#include <guild/runs/output_reader.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// What to look for, and where.
struct output_search {
    pattern wanted;
    std::optional<output_stream> stream;  // in this alone
};

/// Calls `visit(const output_line&)` for each line with a match, until it returns false. A line
/// longer than most_line_bytes is looked at in pieces of about that size, and given so.
///
/// errors   io_failed, permission_denied
/// cost     O(output): a gigabyte in less than a second, 4 MiB of memory
/// example  tests/runs/output_search.cpp "output search: finds what a look at every line finds"
[[nodiscard]] result<void>
for_each_output_match(const std::string& run_directory, const output_search& what,
                      const std::function<bool(const output_line&)>& visit,
                      const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

namespace detail {

// One search. Whole lines are looked at where they lie; the ends of spans are put together.
class output_searcher {
public:
    output_searcher(const output_search& what, const std::function<bool(const output_line&)>& visit)
        : matcher_(what.wanted), visit_(visit) {}

    // False once the visit has ended the search.
    bool feed(const output_span& span) {
        begun_line& begun = begun_[static_cast<std::size_t>(span.stream) % begun_.size()];
        std::string_view text = span.text;
        std::uint64_t offset = span.offset;
        if (span.lost_bytes > 0) {
            finish();
            return goes_on_;
        }
        if (!begun.text.empty()) {
            const std::size_t end = text.find_first_of("\r\n");
            const std::size_t taken = end == std::string_view::npos ? text.size() : end;
            keep(begun, span, offset, text.substr(0, taken));
            text.remove_prefix(taken);
            offset += taken;
            if (end == std::string_view::npos) {
                return goes_on_;
            }
            end_begun(span.stream);
            const std::size_t ends = text.substr(0, 2) == "\r\n" ? 2 : 1;
            text.remove_prefix(ends);
            offset += ends;
        }
        const std::size_t last = text.find_last_of("\r\n");
        const std::size_t whole = last == std::string_view::npos ? 0 : last + 1;
        matcher_.for_each_match(text.substr(0, whole), [&](std::string_view line) {
            const auto at = static_cast<std::size_t>(line.data() - text.data());
            output_line found = line_of(span.stream, offset + at, line);
            found.time_us = span.time_at(found.offset + (line.empty() ? 0 : line.size() - 1));
            give(found);
            return goes_on_;
        });
        keep(begun, span, offset + whole, text.substr(whole));
        return goes_on_;
    }

    void finish() {
        for (std::size_t i = 0; i < begun_.size(); ++i) {
            end_begun(static_cast<output_stream>(i));
        }
    }

private:
    struct begun_line {
        std::string text;
        std::uint64_t offset = 0;
        std::optional<std::int64_t> time_us;
    };

    static output_line line_of(output_stream stream, std::uint64_t offset, std::string_view text) {
        output_line line;
        line.stream = stream;
        line.offset = offset;
        line.text = text;
        return line;
    }

    void give(const output_line& line) { goes_on_ = goes_on_ && visit_(line); }

    void keep(begun_line& begun, const output_span& span, std::uint64_t offset,
              std::string_view text) {
        if (text.empty()) {
            return;
        }
        if (begun.text.size() >= most_line_bytes) {
            end_begun(span.stream);
        }
        begun.offset = begun.text.empty() ? offset : begun.offset;
        begun.text += text;
        begun.time_us = span.time_at(offset + text.size() - 1);
    }

    void end_begun(output_stream stream) {
        begun_line& begun = begun_[static_cast<std::size_t>(stream) % begun_.size()];
        if (!begun.text.empty() && matcher_.matches(begun.text)) {
            output_line found = line_of(stream, begun.offset, begun.text);
            found.time_us = begun.time_us;
            give(found);
        }
        begun.text.clear();
    }

    line_matcher matcher_;
    const std::function<bool(const output_line&)>& visit_;
    std::array<begun_line, 3> begun_;
    bool goes_on_ = true;
};

}  // namespace detail

inline result<void> for_each_output_match(const std::string& run_directory,
                                          const output_search& what,
                                          const std::function<bool(const output_line&)>& visit,
                                          const os::env& system) {
    auto reader = output_reader::open(run_directory, 0, system);
    if (!reader) {
        return std::move(reader).error();
    }
    detail::output_searcher searcher(what, visit);
    while (true) {
        const auto span = reader->next();
        if (!span) {
            return span.error();
        }
        if (!*span) {
            searcher.finish();
            return {};
        }
        const bool is_wanted =
            !what.stream || (*span)->stream == *what.stream || (*span)->lost_bytes > 0;
        if (is_wanted && !searcher.feed(**span)) {
            return {};
        }
    }
}

}}}  // namespace guild::runs

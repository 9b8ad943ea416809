// guild/runs/output_lines.hpp - the lines of a command's two streams, with their places and times;
// progress bars folded into what they showed last.
//
// Layer 4. Includes: base, runs/output_reader.
// Not here: reading the log (runs/output_reader.hpp), lines of one stream without places
// (base/line_splitter.hpp), colours (base/plain_text.hpp).
//
// The streams do not cut each other's lines. A carriage return without a line feed ends a line that
// the next one of its stream takes the place of.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/line_splitter.hpp>
#include <guild/base/plain_text.hpp>
#include <guild/base/result.hpp>
#include <guild/runs/output_reader.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// A line, or a place where output was lost. `text` is valid until the visit is over.
///
/// units    offset: of the first byte in output.log; time_us: when the last byte was read,
///          microseconds since 1970-01-01 UTC, empty if unknown; lost_bytes: bytes
struct output_line {
    output_stream stream = output_stream::unknown;
    std::uint64_t offset = 0;
    std::optional<std::int64_t> time_us;
    std::string_view text;  // as it came, without its end
    line_end end = line_end::newline;
    bool is_cut = false;           // a part is missing, or it is longer than most_line_bytes
    std::uint64_t replaced = 0;    // of a folded line: how many it took the place of
    std::uint64_t lost_bytes = 0;  // not 0: no line, so many bytes were lost here
};

/// Makes lines of spans.
///
/// cost     O(bytes); memory for a line of most_line_bytes a stream; what lies whole in a span is
///          not copied
/// example  tests/runs/output_lines.cpp "output lines: any cut of the output gives the same lines"
class output_lines {
public:
    /// Takes the next span and calls `visit(const output_line&)` for each line that ended in it.
    template <class Visit>
    void feed(const output_span& span, Visit&& visit);

    /// The output is over: gives what is left.
    template <class Visit>
    void finish(Visit&& visit);

private:
    struct stream_state {
        std::string begun;  // of a line whose end has not come
        std::uint64_t offset = 0;
        std::optional<std::int64_t> time_us;
        bool has_return = false;  // a \r was seen, and not yet what follows it
        bool is_cut = false;
    };

    [[nodiscard]] static output_stream known(output_stream stream) noexcept {
        return static_cast<std::size_t>(stream) < 3 ? stream : output_stream::unknown;
    }
    [[nodiscard]] stream_state& state_of(output_stream stream) noexcept {
        return streams_[static_cast<std::size_t>(known(stream))];
    }
    template <class Visit>
    void give(output_stream stream, line_end end, Visit& visit);
    template <class Visit>
    void lose(const output_span& span, Visit& visit);
    template <class Visit>
    void begin_line(const output_span& span, std::size_t from, Visit& visit);
    template <class Visit>
    std::size_t end_line(const output_span& span, std::size_t from, std::size_t end, Visit& visit);

    std::array<stream_state, 3> streams_;
};

/// Folds progress bars: gives one line for all that took each other's place, when no more follows.
///
/// An empty line over a bar leaves it standing, as does one of escape sequences alone.
/// example  tests/runs/output_lines.cpp "output folder: an hour of a progress bar is one line"
class output_folder {
public:
    /// Takes the next line and calls `visit(const output_line&)` for what is shown.
    template <class Visit>
    void feed(const output_line& line, Visit&& visit);

    template <class Visit>
    void finish(Visit&& visit);

private:
    struct bar {
        bool is_open = false;
        std::string text;
        output_line line;
    };
    void replace(bar& what, const output_line& by);
    std::array<bar, 3> bars_;
};

/// Which lines are read, and how.
///
/// units    from: byte of output.log
struct output_view {
    std::uint64_t from = 0;
    std::optional<output_stream> stream;  // of this alone
    bool folds = true;
};

/// Calls `visit(const output_line&)` for each line of a run's output as it is now, until it returns
/// false.
///
/// errors   io_failed, permission_denied
/// example  tests/runs/output_lines.cpp "output lines: one stream may be chosen"
[[nodiscard]] result<void>
for_each_output_line(const std::string& run_directory, const output_view& view,
                     const std::function<bool(const output_line&)>& visit,
                     const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

template <class Visit>
void output_lines::give(output_stream stream, line_end end, Visit& visit) {
    stream_state& state = state_of(stream);
    output_line line;
    line.stream = stream;
    line.offset = state.offset;
    line.time_us = state.time_us;
    line.text = state.begun;
    line.end = end;
    line.is_cut = state.is_cut || end == line_end::partial;
    visit(static_cast<const output_line&>(line));
    state.begun.clear();
    state.has_return = false;
    state.is_cut = end == line_end::partial;
}

// What was begun has lost its rest, and what comes its beginning.
template <class Visit>
void output_lines::lose(const output_span& span, Visit& visit) {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        if (!streams_[i].begun.empty() || streams_[i].has_return) {
            const bool is_whole = streams_[i].has_return;
            give(static_cast<output_stream>(i),
                 is_whole ? line_end::replaceable : line_end::partial, visit);
        }
        streams_[i].is_cut = true;
    }
    output_line gap;
    gap.offset = span.offset;
    gap.lost_bytes = span.lost_bytes;
    visit(static_cast<const output_line&>(gap));
}

// Gives the line that ends at `end`; says where the next one begins.
template <class Visit>
std::size_t output_lines::end_line(const output_span& span, std::size_t from, std::size_t end,
                                   Visit& visit) {
    stream_state& state = state_of(span.stream);
    const bool is_return = span.text[end] == '\r';
    if (is_return && end + 1 == span.text.size()) {
        begin_line(span, from, visit);
        state.has_return = true;
        return end + 1;
    }
    const bool is_pair = is_return && span.text[end + 1] == '\n';
    const line_end how = is_return && !is_pair ? line_end::replaceable : line_end::newline;
    if (!state.begun.empty()) {
        begin_line({span.stream, span.offset, span.text.substr(0, end), 0, span.moments}, from,
                   visit);
        give(span.stream, how, visit);
    } else {
        output_line line;
        line.stream = span.stream;
        line.offset = span.offset + from;
        line.time_us = span.time_at(span.offset + (end > from ? end - 1 : end));
        line.text = span.text.substr(from, end - from);
        line.end = how;
        line.is_cut = state.is_cut || line.text.size() > most_line_bytes;
        visit(static_cast<const output_line&>(line));
        state.is_cut = false;
    }
    return end + (is_pair ? 2 : 1);
}

// Keeps the rest of a span, the beginning of a line; what is too long for that is given at once.
template <class Visit>
void output_lines::begin_line(const output_span& span, std::size_t from, Visit& visit) {
    stream_state& state = state_of(span.stream);
    std::string_view rest = span.text;
    rest.remove_suffix(!rest.empty() && rest.back() == '\r' ? 1 : 0);
    rest.remove_prefix(std::min(from, rest.size()));
    std::uint64_t offset = span.offset + from;
    if (state.begun.empty()) {
        state.offset = offset;
        state.time_us = span.time_at(offset);
    }
    while (!rest.empty()) {
        if (state.begun.size() >= most_line_bytes) {
            give(span.stream, line_end::partial, visit);
            state.offset = offset;
        }
        const std::size_t taken = std::min(rest.size(), most_line_bytes - state.begun.size());
        state.begun += rest.substr(0, taken);
        rest.remove_prefix(taken);
        offset += taken;
        state.time_us = span.time_at(offset - 1);
    }
}

template <class Visit>
void output_lines::feed(const output_span& span, Visit&& visit) {
    if (span.lost_bytes > 0) {
        lose(span, visit);
        return;
    }
    const std::string_view text = span.text;
    std::size_t from = 0;
    if (state_of(span.stream).has_return && !text.empty()) {
        from = text.front() == '\n' ? 1 : 0;
        give(span.stream, from == 1 ? line_end::newline : line_end::replaceable, visit);
    }
    const auto find = [&](char c, std::size_t begin, std::size_t end) {
        const void* at = begin < end ? std::memchr(text.data() + begin, c, end - begin) : nullptr;
        return at == nullptr ? text.size()
                             : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
    };
    std::size_t feed_at = find('\n', from, text.size());
    while (from < text.size()) {
        if (feed_at < from) {
            feed_at = find('\n', from, text.size());
        }
        const std::size_t return_at = find('\r', from, feed_at);
        const std::size_t end = std::min(feed_at, return_at);
        if (end == text.size()) {
            begin_line(span, from, visit);
            return;
        }
        from = end_line(span, from, end, visit);
    }
}

template <class Visit>
void output_lines::finish(Visit&& visit) {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        if (!streams_[i].begun.empty() || streams_[i].has_return) {
            give(static_cast<output_stream>(i),
                 streams_[i].has_return ? line_end::replaceable : line_end::finish, visit);
        }
    }
}

inline void output_folder::replace(bar& what, const output_line& by) {
    const bool is_shown =
        !by.text.empty() && (!has_controls(by.text) || !trim(without_escapes(by.text)).empty());
    const std::uint64_t replaced =
        what.line.replaced + (what.is_open && is_shown && !what.text.empty() ? 1 : 0);
    if (is_shown || !what.is_open) {
        what.text = by.text;
        what.line = by;
    }
    what.line.replaced = replaced;
    what.line.is_cut = by.is_cut || what.line.is_cut;
    what.line.end = by.end;
    what.is_open = true;
}

template <class Visit>
void output_folder::feed(const output_line& line, Visit&& visit) {
    bar& open = bars_[static_cast<std::size_t>(line.stream)];
    if (line.lost_bytes > 0 || (!open.is_open && line.end != line_end::replaceable)) {
        visit(line);
        return;
    }
    replace(open, line);
    if (line.end != line_end::replaceable) {
        open.line.text = open.text;
        visit(static_cast<const output_line&>(open.line));
        open = bar();
    }
}

template <class Visit>
void output_folder::finish(Visit&& visit) {
    for (bar& open : bars_) {
        if (open.is_open) {
            open.line.text = open.text;
            visit(static_cast<const output_line&>(open.line));
            open = bar();
        }
    }
}

inline result<void> for_each_output_line(const std::string& run_directory, const output_view& view,
                                         const std::function<bool(const output_line&)>& visit,
                                         const os::env& system) {
    auto reader = output_reader::open(run_directory, view.from, system);
    if (!reader) {
        return std::move(reader).error();
    }
    output_lines lines;
    output_folder folder;
    bool goes_on = true;
    const auto show = [&](const output_line& line) { goes_on = goes_on && visit(line); };
    const auto take = [&](const output_line& line) {
        if (view.folds) {
            folder.feed(line, show);
        } else {
            show(line);
        }
    };
    while (goes_on) {
        const auto span = reader->next();
        if (!span) {
            return span.error();
        }
        if (!*span) {
            lines.finish(take);
            folder.finish(show);
            return {};
        }
        const bool is_wanted =
            !view.stream || (*span)->stream == *view.stream || (*span)->lost_bytes > 0;
        if (is_wanted) {
            lines.feed(**span, take);
        }
    }
    return {};
}

}}}  // namespace guild::runs

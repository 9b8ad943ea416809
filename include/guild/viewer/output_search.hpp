// guild/viewer/output_search.hpp - finds a text in what a run printed.
//
// Layer 6. Includes: base, os, runs, json.
// Not here: pages of output (runs/output_log.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/read_beneath.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/output_log.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// units    offset: byte of output.log; most_bytes: bytes looked through
struct search_request {
    std::string text;  // not empty
    std::uint64_t offset = 0;
    std::size_t limit = 200;
    bool is_exact_case = true;  // false: ASCII letters match either case
    std::optional<runs::output_stream> stream;
    std::uint64_t most_bytes = 16 * 1024 * 1024;
};

/// units    offsets: bytes of output.log; length: bytes
struct search_match {
    std::uint64_t offset = 0;
    std::size_t length = 0;
    std::uint64_t line_offset = 0;  // of `line`
    std::string line;               // 1000 bytes at most on each side of the match
    runs::output_stream stream = runs::output_stream::unknown;
};

/// units    next_offset, log_bytes: bytes
struct search_page {
    std::vector<search_match> matches;
    std::uint64_t next_offset = 0;
    std::uint64_t log_bytes = 0;
    bool is_done = false;  // the end of the log was reached
};

/// Searches a run's output.log; the first match of each line.
///
/// errors   io_failed, permission_denied; a run without output has no match
/// cost     O(most_bytes); memory 1 MiB
/// example  tests/viewer/output_search.cpp "search: a match that lies over two pages is found"
[[nodiscard]] result<search_page> search_output(const std::string& run_directory,
                                                const search_request& what);

/// {matches: [{offset, length, line_offset, line, stream}], next_offset, size, is_done}.
[[nodiscard]] json::value to_json(const search_page& page);

// ---- implementation ---------------------------------------------------------

namespace detail {

/// One search; reads the log in pieces that overlap by the text's length.
class output_search {
public:
    output_search(const std::string& run_directory, const search_request& what, os::file log,
                  std::uint64_t size)
        : directory_(run_directory), what_(what), log_(std::move(log)) {
        page_.log_bytes = size;
        wanted_ = what.is_exact_case ? what.text : to_lower(what.text);
    }

    [[nodiscard]] result<search_page> run() {
        std::uint64_t at = std::min(what_.offset, page_.log_bytes);
        const std::uint64_t end = at + std::min(what_.most_bytes, page_.log_bytes - at);
        page_.next_offset = at;
        std::string piece(std::size_t{1} << 20U, '\0');
        while (at < end && page_.matches.size() < what_.limit) {
            const auto got = log_.read_at(at, piece.data(), piece.size());
            if (!got) {
                return got.error();
            }
            const std::uint64_t next = look_in(std::string_view(piece).substr(0, *got), at);
            if (*got < wanted_.size() || next <= at) {
                at = page_.log_bytes;  // too little is left for a match
                break;
            }
            at = next;
        }
        page_.next_offset = std::max(std::min(at, page_.log_bytes), what_.offset);
        page_.is_done = page_.next_offset >= page_.log_bytes;
        return std::move(page_);
    }

private:
    /// Where to go on.
    std::uint64_t look_in(std::string_view bytes, std::uint64_t at) {
        const std::string lower = what_.is_exact_case ? std::string() : to_lower(bytes);
        const std::string_view text = what_.is_exact_case ? bytes : std::string_view(lower);
        std::size_t from = 0;
        while (true) {
            const std::size_t found = text.find(wanted_, from);
            if (found == std::string_view::npos) {
                const std::size_t tail = std::min(wanted_.size() - 1, bytes.size());
                return at + std::max(from, bytes.size() - tail);
            }
            take(at + found);
            const std::size_t line_end = text.find('\n', found);
            from = line_end == std::string_view::npos ? found + wanted_.size() : line_end + 1;
            if (page_.matches.size() >= what_.limit) {
                return at + from;
            }
        }
    }

    void take(std::uint64_t offset) {
        search_match found;
        found.offset = offset;
        found.length = wanted_.size();
        found.stream = stream_at(offset);
        if (what_.stream && *what_.stream != found.stream) {
            return;
        }
        const std::uint64_t back = std::min<std::uint64_t>(offset, 1000);
        std::string around(static_cast<std::size_t>(back) + wanted_.size() + 1000, '\0');
        const auto got = log_.read_at(offset - back, around.data(), around.size());
        around.resize(got ? *got : 0);
        const auto middle = std::min(static_cast<std::size_t>(back), around.size());
        const std::size_t before = std::string_view(around).substr(0, middle).rfind('\n');
        const std::size_t begin = before == std::string::npos ? 0 : before + 1;
        found.line = around.substr(begin, around.find('\n', middle) - begin);
        found.line_offset = offset - back + begin;
        page_.matches.push_back(std::move(found));
    }

    [[nodiscard]] runs::output_stream stream_at(std::uint64_t offset) const {
        const auto page = runs::read_output(directory_, offset, 1, os::unlinked_env());
        for (std::size_t i = 0; page && i < page->pieces.size(); ++i) {
            if (page->pieces[i].lost_bytes == 0) {
                return page->pieces[i].stream;
            }
        }
        return runs::output_stream::unknown;
    }

    const std::string& directory_;
    const search_request& what_;
    os::file log_;
    std::string wanted_;
    search_page page_;
};

}  // namespace detail

inline result<search_page> search_output(const std::string& run_directory,
                                         const search_request& what) {
    auto log = os::open_file(runs::data_path(run_directory, runs::output_log_name),
                             os::open_mode::read, os::unlinked_env());
    if (!log || what.text.empty()) {
        search_page none;
        none.is_done = true;
        return log || log.error().code == errc::not_found ? result<search_page>(std::move(none))
                                                          : result<search_page>(log.error());
    }
    const auto status = log->status();
    if (!status) {
        return status.error();
    }
    return detail::output_search(run_directory, what, std::move(*log), status->size).run();
}

inline json::value to_json(const search_page& page) {
    json::value matches = json::value::array();
    for (const search_match& each : page.matches) {
        json::value one;
        one["offset"] = each.offset;
        one["length"] = each.length;
        one["line_offset"] = each.line_offset;
        json::set_text(one, "line", each.line);
        one["stream"] = each.stream == runs::output_stream::out   ? "out"
                        : each.stream == runs::output_stream::err ? "err"
                                                                  : "unknown";
        matches.push_back(std::move(one));
    }
    return {{"matches", std::move(matches)},
            {"next_offset", page.next_offset},
            {"size", page.log_bytes},
            {"is_done", page.is_done}};
}

}}}  // namespace guild::viewer

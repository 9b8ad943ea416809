// guild/runs/event_cursor.hpp - events.tsv: how event files were when a run was made of them.
//
// Layer 4. Includes: base, os/file, runs/tsv, runs/layout.
// Not here: making the run (runs/imported_run.hpp).
//
// One line a file: its path relative to `logdir`, then size, time of modification, device and
// inode. The file is replaced whole, and last: whatever ends an import before that makes the next
// one start again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/tsv.hpp>

namespace guild { inline namespace v0 { namespace runs {

inline constexpr std::string_view cursor_name = "events.tsv";

/// Enough of an event file to see that it is not what it was.
///
/// units    size: bytes; modified_ns: nanoseconds since 1970-01-01 UTC
struct event_mark {
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::uint64_t device = 0;  // for people: it changes when a file system is mounted anew
    std::uint64_t inode = 0;

    friend bool operator==(const event_mark& a, const event_mark& b) noexcept {
        return a.size == b.size && a.modified_ns == b.modified_ns && a.inode == b.inode;
    }
    friend bool operator!=(const event_mark& a, const event_mark& b) noexcept { return !(a == b); }
};

/// The marks of a run's event files, by path relative to its log directory.
using event_cursor = std::map<std::string, event_mark>;

/// The marks of those of `files` that are there now.
///
/// in       files: paths relative to `directory`
[[nodiscard]] event_cursor look_at_files(const std::string& directory,
                                         const std::vector<std::string>& files,
                                         const os::env& system = os::system_env);

/// What happened to the files of a run.
enum class cursor_change : std::uint8_t {
    none,     // nothing new: at most, files have gone
    grown,    // files changed or came, and none has gone
    replaced  // files changed or came where others have gone: another run's
};

/// example  tests/runs/event_cursor.cpp "cursor: files that went alone are no change"
[[nodiscard]] cursor_change compare(const event_cursor& before, const event_cursor& now);

/// The text of events.tsv, and its reverse; lines that are not understood are left out.
///
/// example  tests/runs/event_cursor.cpp "cursor: text and back, whatever the paths"
[[nodiscard]] std::string format_cursor(const event_cursor& cursor);
[[nodiscard]] event_cursor parse_cursor(std::string_view text);

/// The cursor of a run; empty where there is none yet.
[[nodiscard]] event_cursor load_cursor(const std::string& run_directory,
                                       const os::env& system = os::system_env);

/// Replaces the cursor of a run in one step.
///
/// errors   those of os::save_file
[[nodiscard]] result<void> save_cursor(const std::string& run_directory, const event_cursor& cursor,
                                       const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

inline event_cursor look_at_files(const std::string& directory,
                                  const std::vector<std::string>& files, const os::env& system) {
    event_cursor cursor;
    for (const std::string& name : files) {
        const auto status = os::find_status(join_path(directory, name), system);
        if (status && status->kind == os::file_kind::regular) {
            cursor[name] = {status->size, status->modified_ns, status->device, status->inode};
        }
    }
    return cursor;
}

inline cursor_change compare(const event_cursor& before, const event_cursor& now) {
    bool has_news = false;
    for (const auto& [name, mark] : now) {
        const auto known = before.find(name);
        has_news = has_news || known == before.end() || known->second != mark;
    }
    if (!has_news) {
        return cursor_change::none;
    }
    for (const auto& known : before) {
        if (now.find(known.first) == now.end()) {
            return cursor_change::replaced;
        }
    }
    return cursor_change::grown;
}

inline std::string format_cursor(const event_cursor& cursor) {
    std::string text;
    for (const auto& [name, mark] : cursor) {
        std::string value;
        for (const std::uint64_t number :
             {mark.size, static_cast<std::uint64_t>(mark.modified_ns), mark.device, mark.inode}) {
            value += value.empty() ? "" : " ";
            value += std::to_string(static_cast<std::int64_t>(number));
        }
        text += format_tsv_line(name, value);
    }
    return text;
}

inline event_cursor parse_cursor(std::string_view text) {
    event_cursor cursor;
    for (const auto& [name, value] : parse_tsv(text)) {
        const std::vector<std::string> words = split_words(value);
        std::vector<std::int64_t> numbers;
        for (const std::string& word : words) {
            if (const auto number = parse_int64(word)) {
                numbers.push_back(*number);
            }
        }
        if (words.size() == 4 && numbers.size() == 4) {
            cursor[name] = {static_cast<std::uint64_t>(numbers[0]), numbers[1],
                            static_cast<std::uint64_t>(numbers[2]),
                            static_cast<std::uint64_t>(numbers[3])};
        }
    }
    return cursor;
}

inline event_cursor load_cursor(const std::string& run_directory, const os::env& system) {
    const auto text =
        os::load_file(data_path(run_directory, cursor_name), std::uint64_t{1} << 30U, system);
    return text ? parse_cursor(*text) : event_cursor();
}

inline result<void> save_cursor(const std::string& run_directory, const event_cursor& cursor,
                                const os::env& system) {
    return os::save_file(data_path(run_directory, cursor_name), format_cursor(cursor), system);
}

}}}  // namespace guild::runs

// guild/base/error.hpp - the error value of the toolkit: a code, a message, a path, a place in it.
//
// Layer 1. Includes: the standard library only.
// Not here: how a function hands an error back (base/result.hpp); errors of the operating system
//           (os/env.hpp); lists of warnings and errors about one text (ini/document.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace guild { inline namespace v0 {

/// What kind of failure, and who must act. One list for the toolkit; a number is never used again.
enum class errc : std::uint8_t {
    ok = 0,                    // no error
    bad_syntax = 1,            // text or bytes do not follow their grammar: whoever wrote them
    bad_value = 2,             // well formed, but not allowed here: whoever chose the value
    bad_checksum = 3,          // bytes changed after they were written: restore them or skip them
    truncated = 4,             // the text or file ends too early: write it again
    unsupported = 5,           // made by a newer version, or not offered on this system: update
    too_large = 6,             // over a stated limit: make it smaller
    not_found = 7,             // no such file, run, section or name: check the spelling
    already_exists = 8,        // in the way of something to be made: choose another name
    permission_denied = 9,     // the system refuses: change the mode or the user
    not_a_directory = 10,      // a directory was expected at this path
    no_space = 11,             // disk or quota is full: free some space
    io_failed = 12,            // the device or file system failed: look at the system
    read_only = 13,            // the file system, or a file that is gone, takes no writes
    address_in_use = 14,       // another program has the port: choose another
    interrupted = 15,          // stopped by the user or by a signal
    timed_out = 16,            // took longer than allowed
    not_executable = 17,       // found, but cannot be run: chmod +x, or name its interpreter
    bad_directory = 18,        // the working directory of a command cannot be entered
    unknown_name = 19,         // a name that the project or program does not define
    missing_requirement = 20,  // something that must be prepared first is missing
    resource_exhausted = 21,   // no memory, descriptors, processes or threads left
    closed = 22,               // the object was closed or moved from: a programming order problem
};

/// A half-open range of bytes in a text or file, with the line and column where it begins.
///
/// units    begin, end: bytes from 0; line, column: from 1, columns count bytes; 0 = unknown
struct source_span {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// One failure: what it is, in words for people, and where.
///
/// The message is lower case without a final dot, says what was expected and what was seen, and
/// does not repeat the path.
struct error {
    errc code = errc::ok;
    std::string message;
    std::string path;
    source_span where;
};

/// An error value from its parts.
[[nodiscard]] error make_error(errc code, std::string message, std::string path = {},
                               source_span where = {});

/// The name of a code, as written in the source.
[[nodiscard]] std::string_view to_string(errc code) noexcept;

/// One line (or more, if the message has more) for people and for log files.
///
/// out      `path:line:col: message` with a line, `path:line: message` where no column is known,
///          `path@offset: message` with bytes alone, `path: message` without a place, `message`
///          without a path
/// example  tests/base/error.cpp "error: the text form names path, line and column"
[[nodiscard]] std::string to_string(const error& what);

/// The line of source that an error points at, with carets below the place.
///
/// in       one line without its end; column from 1; length in bytes, cut at the end of the line
/// out      two lines, the first is `line` itself; tabs are kept so that the carets stay below
/// example  tests/base/error.cpp "error: carets stand below the place, also behind tabs"
[[nodiscard]] std::string render_caret(std::string_view line, std::uint32_t column,
                                       std::size_t length = 1);

// ---- implementation ---------------------------------------------------------

inline error make_error(errc code, std::string message, std::string path, source_span where) {
    return error{code, std::move(message), std::move(path), where};
}

inline std::string_view to_string(errc code) noexcept {
    constexpr std::string_view names[] = {"ok",
                                          "bad_syntax",
                                          "bad_value",
                                          "bad_checksum",
                                          "truncated",
                                          "unsupported",
                                          "too_large",
                                          "not_found",
                                          "already_exists",
                                          "permission_denied",
                                          "not_a_directory",
                                          "no_space",
                                          "io_failed",
                                          "read_only",
                                          "address_in_use",
                                          "interrupted",
                                          "timed_out",
                                          "not_executable",
                                          "bad_directory",
                                          "unknown_name",
                                          "missing_requirement",
                                          "resource_exhausted",
                                          "closed"};
    const auto index = static_cast<std::size_t>(code);
    return index < sizeof(names) / sizeof(names[0]) ? names[index] : std::string_view("unknown");
}

inline std::string to_string(const error& what) {
    std::string text = what.path;
    if (what.where.line != 0) {
        text += ':' + std::to_string(what.where.line);
        if (what.where.column != 0) {
            text += ':' + std::to_string(what.where.column);
        }
    } else if (what.where.end > what.where.begin) {
        text += '@' + std::to_string(what.where.begin);
    }
    if (!text.empty()) {
        text += ": ";
    }
    return text + what.message;
}

inline std::string render_caret(std::string_view line, std::uint32_t column, std::size_t length) {
    std::string text(line);
    text += '\n';
    const std::size_t start = column == 0 ? 0 : column - std::size_t{1};
    for (std::size_t i = 0; i < start; ++i) {
        text += i < line.size() && line[i] == '\t' ? '\t' : ' ';
    }
    const std::size_t left = start < line.size() ? line.size() - start : 1;
    const std::size_t carets = length == 0 ? 1 : (length < left ? length : left);
    text.append(carets, '^');
    return text;
}

}}  // namespace guild

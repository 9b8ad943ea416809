// guild/runs/tsv.hpp - the small tables of a run directory: one "key TAB value" a line, appended,
// last wins.
//
// Layer 4. Includes: base, os/file, the standard library.
// Not here: which keys there are (docs/format-run.md); output and series, which have formats of
// their own.
//
// A crash may cut the last line. Readers ignore what has no newline; whoever appends next first
// closes the cut line so that no reader takes it (two more tabs, then a newline).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Keys with their values, in the order in which the keys first appeared.
using pair_list = std::vector<std::pair<std::string, std::string>>;

/// How many keys of a table are read: a file of 64 MiB could have 16 million, each of them larger
/// in memory than on disk.
inline constexpr std::size_t max_table_keys = 100'000;

/// A key or value as it stands in a file: `\t`, `\n`, `\\` and `\0` for tab, newline, backslash,
/// NUL.
///
/// example  tests/runs/tsv.cpp "tsv: every byte string survives escaping"
[[nodiscard]] std::string escape_tsv(std::string_view text);

/// The reverse of escape_tsv; a backslash before any other character stays as it is.
[[nodiscard]] std::string unescape_tsv(std::string_view text);

/// One line of a file, newline included.
[[nodiscard]] std::string format_tsv_line(std::string_view key, std::string_view value);

/// The pairs of a file's text. A key that appears again takes the later value, at its first place.
///
/// in       any bytes; ignored are a last line without newline, lines without exactly one tab, with
///          a NUL byte or with an empty key, and keys beyond the first most_keys
/// cost     O(n)
/// example  tests/runs/tsv.cpp "tsv: a torn tail and lines with two tabs are ignored"
[[nodiscard]] pair_list parse_tsv(std::string_view text, std::size_t most_keys = max_table_keys);

/// The value of `key`, or null.
[[nodiscard]] const std::string* find_value(const pair_list& pairs, std::string_view key) noexcept;

/// A file to which one process appends pairs.
///
/// example  tests/runs/tsv.cpp "tsv file: a cut line is closed before the next one"
class tsv_file {
public:
    tsv_file() = default;

    /// Opens or makes the file, and closes a cut last line.
    ///
    /// errors   those of os::open_file
    [[nodiscard]] static result<tsv_file> open(const std::string& path,
                                               const os::env& system = os::system_env);

    /// Appends all pairs in one write.
    ///
    /// errors   no_space, io_failed; a line that was cut by the failure is closed by the next call
    [[nodiscard]] result<void> append(const pair_list& pairs);

    [[nodiscard]] const os::file& file() const noexcept { return file_; }

private:
    [[nodiscard]] result<void> write(std::string_view lines);

    os::file file_;
    bool torn_ = false;
};

// ---- implementation ---------------------------------------------------------

inline std::string escape_tsv(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
        case '\t':
            out += "\\t";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\0':
            out += "\\0";
            break;
        default:
            out += c;
        }
    }
    return out;
}

inline std::string unescape_tsv(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        switch (text[++i]) {
        case 't':
            out += '\t';
            break;
        case 'n':
            out += '\n';
            break;
        case '\\':
            out += '\\';
            break;
        case '0':
            out += '\0';
            break;
        default:
            out.append({'\\', text[i]});
        }
    }
    return out;
}

inline std::string format_tsv_line(std::string_view key, std::string_view value) {
    return escape_tsv(key) + '\t' + escape_tsv(value) + '\n';
}

inline pair_list parse_tsv(std::string_view text, std::size_t most_keys) {
    pair_list pairs;
    std::unordered_map<std::string, std::size_t> places;
    while (true) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            return pairs;
        }
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        const std::size_t tab = line.find('\t');
        if (tab == 0 || tab == std::string_view::npos ||
            line.find('\t', tab + 1) != std::string_view::npos ||
            line.find('\0') != std::string_view::npos) {
            continue;
        }
        std::string key = unescape_tsv(line.substr(0, tab));
        std::string value = unescape_tsv(line.substr(tab + 1));
        const auto place = places.find(key);
        if (place != places.end()) {
            pairs[place->second].second = std::move(value);
        } else if (pairs.size() < most_keys) {
            places.emplace(key, pairs.size());
            pairs.emplace_back(std::move(key), std::move(value));
        }
    }
}

inline const std::string* find_value(const pair_list& pairs, std::string_view key) noexcept {
    const auto found = std::find_if(pairs.begin(), pairs.end(),
                                    [&](const auto& pair) { return pair.first == key; });
    return found == pairs.end() ? nullptr : &found->second;
}

inline result<tsv_file> tsv_file::open(const std::string& path, const os::env& system) {
    auto opened = os::open_file(path, os::open_mode::append, system);
    if (!opened) {
        return std::move(opened).error();
    }
    tsv_file out;
    out.file_ = std::move(*opened);
    const auto status = out.file_.status();
    if (!status) {
        return status.error();
    }
    char last = '\n';
    if (status->size > 0) {
        const auto got = out.file_.read_at(status->size - 1, &last, 1);
        if (!got) {
            return got.error();
        }
    }
    out.torn_ = last != '\n';
    return out;
}

inline result<void> tsv_file::append(const pair_list& pairs) {
    std::string lines;
    for (const auto& [key, value] : pairs) {
        lines += format_tsv_line(key, value);
    }
    return lines.empty() ? result<void>() : write(lines);
}

inline result<void> tsv_file::write(std::string_view lines) {
    std::string bytes = torn_ ? "\t\t\n" : "";
    bytes += lines;
    torn_ = true;  // until all of it stands in the file
    auto written = file_.write_all(bytes);
    torn_ = !written;
    return written;
}

}}}  // namespace guild::runs

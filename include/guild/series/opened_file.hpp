// guild/series/opened_file.hpp - a series file with its header, as everything that reads one
// begins.
//
// Layer 3. Includes: base, os/file, series/format.
// Not here: blocks (series/block_reader.hpp).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/series/format.hpp>

namespace guild { inline namespace v0 { namespace series {

struct opened_file {
    os::file file;
    os::file_status status;  // when it was opened
    file_header header;      // as far as it can be told where it is damaged
    bool has_damaged_header = false;
};

/// Opens a series file and reads its header.
///
/// errors   not_found, permission_denied; bad_value: no regular file; truncated: not even a header
///          yet; bad_syntax: not a series file; unsupported: made by a newer version; io_failed
/// example  tests/series/opened_file.cpp "opened file: a damaged header is guessed, and told"
[[nodiscard]] result<opened_file> open_series_file(const std::string& path,
                                                   const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

inline result<opened_file> open_series_file(const std::string& path, const os::env& system) {
    auto opened = os::open_regular_file(path, system);
    if (!opened) {
        return std::move(opened).error();
    }
    char bytes[header_bytes];
    const auto got = opened->content.read_at(0, bytes, sizeof bytes);
    if (!got) {
        return got.error();
    }
    const std::string_view head(bytes, *got);
    auto header = decode_header(head);
    const bool is_damaged = !header && header.error().code == errc::bad_checksum;
    if (!header && !is_damaged) {
        header.error().path = path;
        return std::move(header).error();
    }
    return opened_file{std::move(opened->content), opened->status,
                       is_damaged ? guess_header(head) : *header, is_damaged};
}

}}}  // namespace guild::series

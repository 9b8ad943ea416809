// guild/package/file_digest.hpp - the sha256 of a file.
//
// Layer 4. Includes: base/sha256.hpp, os/file.hpp.
// Not here: of bytes in memory (base/sha256.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/result.hpp>
#include <guild/base/sha256.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace package {

/// Size and sha256 (64 lower case hex digits) of a file.
struct file_digest {
    std::uint64_t size = 0;
    std::string sha256;
};

/// Reads a file and tells its size and sha256.
///
/// errors   not_found and the others of open_file
/// cost     64 KiB of memory, whatever the file's size
/// example  tests/package/file_digest.cpp "file digest: is that of the file's bytes"
[[nodiscard]] result<file_digest> get_file_digest(const std::string& path);

// ---- implementation ---------------------------------------------------------

inline result<file_digest> get_file_digest(const std::string& path) {
    auto opened = os::open_file(path, os::open_mode::read);
    if (!opened) {
        return std::move(opened).error();
    }
    sha256 sum;
    file_digest found;
    std::string piece(65536, '\0');
    while (true) {
        const auto got = opened->read_at(found.size, &piece[0], piece.size());
        if (!got) {
            return got.error();
        }
        if (*got == 0) {
            break;
        }
        sum.update(std::string_view(piece).substr(0, *got));
        found.size += *got;
    }
    found.sha256 = sum.hex();
    return found;
}

}}}  // namespace guild::package

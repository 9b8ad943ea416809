// guild/viewer/run_files.hpp - the files of a run directory: which there are, and one as an answer.
//
// Layer 6. Includes: base, os/read_beneath, runs/run, json, viewer/http.
// Not here: routes (viewer/api.hpp).
//
// Clients name a file by an id that was made of its name. The id is compared with those of the
// files that are there; no text of a request becomes a path. Content is never served as something
// that a browser would run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/bytes.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/read_beneath.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/run.hpp>
#include <guild/viewer/http.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// The id of a file: 16 hexadecimal digits made of its name.
[[nodiscard]] std::string file_id(std::string_view name);

/// {files: [{file, name, size, modified_us}], is_cut}.
///
/// errors   as os::list_beneath
[[nodiscard]] result<json::value> list_run_files(const runs::run& run);

/// What of a file is sent, and how.
///
/// units    bytes; a negative offset counts from the end
struct file_request {
    std::string id;
    std::int64_t offset = 0;
    std::int64_t limit = -1;  // negative: all
    bool is_download = false;
};

/// The answer with the bytes of a file.
///
/// errors   not_found: no file has the id; as os::open_beneath
/// example  tests/viewer/run_files.cpp "run files: what a browser could run is downloaded"
[[nodiscard]] result<response> send_run_file(const runs::run& run, const file_request& what);

/// The type under which bytes are harmless: plain text, a picture, or bytes.
///
/// in       begin: the first bytes of the file
[[nodiscard]] std::string_view content_type_of(std::string_view begin) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_plain_text(std::string_view bytes) noexcept {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && std::string_view("\t\n\r\f\b\x1B").find(c) == std::string_view::npos) ||
            byte == 0x7F) {
            return false;
        }
    }
    // The last character may be cut.
    for (std::size_t cut = 0; cut < 4 && (cut == 0 || cut < bytes.size()); ++cut) {
        if (is_valid_utf8(bytes.substr(0, bytes.size() - cut))) {
            return true;
        }
    }
    return false;
}

}  // namespace detail

inline std::string file_id(std::string_view name) {
    std::string hash;
    append_le(hash, detail::hash_bytes(name));
    return to_hex(hash);
}

inline std::string_view content_type_of(std::string_view begin) noexcept {
    using namespace std::string_view_literals;
    return starts_with(begin, "\x89PNG\r\n\x1A\n"sv) ? "image/png"
           : starts_with(begin, "\xFF\xD8\xFF"sv)    ? "image/jpeg"
           : starts_with(begin, "GIF8"sv)            ? "image/gif"
           : starts_with(begin, "RIFF"sv) && begin.size() >= 12 && begin.substr(8, 4) == "WEBP"
               ? "image/webp"
           : detail::is_plain_text(begin) ? "text/plain; charset=utf-8"
                                          : "application/octet-stream";
}

inline result<json::value> list_run_files(const runs::run& run) {
    const auto found = os::list_beneath(run.path());
    if (!found) {
        return found.error();
    }
    json::value files = json::value::array();
    for (const os::file_beneath& each : found->files) {
        json::value one;
        one["file"] = file_id(each.name);
        json::set_text(one, "name", each.name);
        one["size"] = json::to_json(each.size);
        one["modified_us"] = each.modified_ns / 1000;
        files.push_back(std::move(one));
    }
    return json::value{{"files", std::move(files)}, {"is_cut", found->is_cut}};
}

inline result<response> send_run_file(const runs::run& run, const file_request& what) {
    const auto found = os::list_beneath(run.path());
    if (!found) {
        return found.error();
    }
    const auto chosen = std::find_if(
        found->files.begin(), found->files.end(),
        [&what](const os::file_beneath& each) { return file_id(each.name) == what.id; });
    if (chosen == found->files.end()) {
        return make_error(errc::not_found, "the run has no such file");
    }
    auto opened = os::open_beneath(run.path(), chosen->name);
    if (!opened) {
        return std::move(opened).error();
    }
    const auto status = opened->status();
    if (!status) {
        return status.error();
    }
    char begin[512];
    const auto got = opened->read_at(0, begin, sizeof(begin));
    file_part part;
    const auto back = std::uint64_t{0} - static_cast<std::uint64_t>(what.offset);
    part.offset = what.offset >= 0 ? std::min(static_cast<std::uint64_t>(what.offset), status->size)
                                   : status->size - std::min(back, status->size);
    part.size = status->size - part.offset;
    if (what.limit >= 0) {
        part.size = std::min(part.size, static_cast<std::uint64_t>(what.limit));
    }
    response out;
    out.content_type = content_type_of(std::string_view(begin, got ? *got : 0));
    const bool is_attached = what.is_download || out.content_type == "application/octet-stream";
    out.headers.emplace_back("Content-Disposition",
                             std::string(is_attached ? "attachment" : "inline") + "; filename=\"" +
                                 runs::sanitize_name(base_name(chosen->name)) + '"');
    out.headers.emplace_back(
        "ETag", make_tag(chosen->name + '\n' + std::to_string(status->size) + ' ' +
                         std::to_string(status->modified_ns) + ' ' + std::to_string(status->inode) +
                         ' ' + std::to_string(part.offset) + ' ' + std::to_string(part.size)));
    part.from = std::make_shared<const os::file>(std::move(*opened));
    out.file = std::move(part);
    return out;
}

}}}  // namespace guild::viewer

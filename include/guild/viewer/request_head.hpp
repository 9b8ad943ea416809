// guild/viewer/request_head.hpp - the head of an HTTP request: bytes in, a checked request out.
//
// Layer 6. Includes: base, viewer/http.
// Not here: connections (viewer/server.hpp); whether the request may be answered (viewer/http.hpp).
//
// Strict on purpose: what servers and proxies might read in two ways is refused, and so is a body.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/text.hpp>
#include <guild/viewer/http.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// The head of a request, split and checked: one request line, headers without folds or blanks.
///
/// out      the refusal (400, 413) when it is not a request that has no body
/// example  tests/viewer/request_head.cpp "heads: a request that could smuggle another is refused"
struct parsed_head {
    request what;
    bool keep_alive = false;
    int refusal = 0;
};
[[nodiscard]] parsed_head parse_head(std::string_view head);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_token(std::string_view text) noexcept {
    for (const char c : text) {
        if (!is_letter(c) && !is_digit(c) &&
            std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) {
            return false;
        }
    }
    return !text.empty();
}

// One header line; false when it is none. A blank before the colon or at the start is how requests
// are smuggled.
inline bool add_header(std::string_view line, request& into) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return false;
    }
    for (const char c : line.substr(colon + 1)) {  // before trim(), which takes line ends off
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) {
            return false;
        }
    }
    const std::string_view value = trim(line.substr(colon + 1));
    into.headers.emplace_back(std::string(line.substr(0, colon)), std::string(value));
    return into.headers.size() <= 100;
}

}  // namespace detail

inline parsed_head parse_head(std::string_view head) {
    parsed_head out;
    out.refusal = 400;
    std::vector<std::string> lines;
    while (!head.empty()) {
        const std::size_t end = head.find("\r\n");
        if (end == std::string_view::npos) {
            return out;
        }
        lines.emplace_back(head.substr(0, end));
        head.remove_prefix(end + 2);
    }
    const std::vector<std::string> words = split(lines.empty() ? std::string() : lines[0], ' ');
    if (words.size() != 3 || !detail::is_token(words[0]) || detail::has_control(words[1]) ||
        (words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0")) {
        return out;
    }
    out.what.method = words[0];
    out.what.target = words[1];
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (!detail::add_header(lines[i], out.what)) {
            return out;
        }
    }
    const auto length = out.what.find_header("Content-Length");
    if (out.what.count_header("Transfer-Encoding") > 0 ||
        out.what.count_header("Content-Length") > 1) {
        return out;
    }
    if (length && *length != "0") {
        out.refusal = 413;
        return out;
    }
    const std::string connection = to_lower(out.what.find_header("Connection").value_or(""));
    out.keep_alive = words[2] == "HTTP/1.1" && !contains(connection, "close");
    out.refusal = 0;
    return out;
}

}}}  // namespace guild::viewer

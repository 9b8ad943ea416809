// guild/viewer/http.hpp - requests and answers as values, and the checks every request passes.
//
// Layer 6. Includes: base, os/file.
// Not here: what the paths mean (viewer/api.hpp); sockets (viewer/server.hpp).
//
// The checks assume a hostile web page in the user's browser: a foreign Host (DNS rebinding), a
// foreign Origin and a cross-site fetch are refused; no answer ever carries a CORS header.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/text.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace viewer {

using name_value_list = std::vector<std::pair<std::string, std::string>>;

/// One request, as it came: nothing is decoded yet.
struct request {
    std::string method;
    std::string target;  // path and query, percent-encoded
    name_value_list headers;

    /// The value of a header, names compared without case; the first if it is repeated.
    [[nodiscard]] std::optional<std::string> find_header(std::string_view name) const;
    [[nodiscard]] std::size_t count_header(std::string_view name) const;
};

/// A part of an open file, sent as a body piece by piece.
///
/// units    bytes
struct file_part {
    std::shared_ptr<const os::file> from;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// One answer. The body is empty for 304; for HEAD whoever sends it leaves it out.
struct response {
    int status = 200;
    std::string content_type;
    name_value_list headers;
    std::string body;
    std::optional<file_part> file;  // in place of a body

    [[nodiscard]] std::optional<std::string> find_header(std::string_view name) const;
};

/// A target in its parts, decoded: "/runs/a%20b?x=1" gives {"runs", "a b"} and {{"x", "1"}}.
struct target_parts {
    std::vector<std::string> path;
    name_value_list query;

    [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
};

/// Who may ask.
struct guard {
    std::vector<std::string>
        allowed_hosts;  // besides 127.0.0.1, localhost and [::1]; any port each
    std::string token;  // empty: none is asked for
};

/// Splits and decodes a target.
///
/// out      nothing for a target that does not begin with `/`, has a broken escape, a control
///          character (decoded or not), or a path part that is empty, `.` or `..` (the end may be
///          `/`)
/// example  tests/viewer/http.cpp "targets: what could leave the tree is no target"
[[nodiscard]] std::optional<target_parts> parse_target(std::string_view target);

/// `text` with %XX and, in queries, + decoded; nothing for a broken escape.
[[nodiscard]] std::optional<std::string> decode_percent(std::string_view text, bool plus_is_blank);

/// The answer that refuses a request, or nothing when it may pass.
///
/// in       is_page: whether the target is a page, which a link on another site may open
/// example  tests/viewer/http.cpp "guard: foreign hosts, origins and sites are refused"
[[nodiscard]] std::optional<response> check_request(const request& what, const guard& who,
                                                    bool is_page);

/// An answer with a short JSON error object.
[[nodiscard]] response make_failure(int status, std::string_view code, std::string_view message);

/// A weak entity tag for whatever `seed` tells apart, as `W/"..."`.
[[nodiscard]] std::string make_tag(std::string_view seed);

/// Whether the client says that it has the answer with this tag.
///
/// example  tests/viewer/http.cpp "tags: a client that has the answer is known"
[[nodiscard]] bool has_answer(const request& what, std::string_view tag);

/// Whether the client takes a body in gzip form.
///
/// source   RFC 9110 section 12.5.3
/// example  tests/viewer/http.cpp "gzip: it is for clients that name it with a weight above zero"
[[nodiscard]] bool accepts_gzip(const request& what);

/// Adds what every answer carries: policy headers, Cache-Control, and an ETag of the body where the
/// answer has none; turns it into 304 when the client has this body already.
///
/// example  tests/viewer/http.cpp "finish: a body that the client has is not sent again"
void finish_response(const request& what, response& answer);

/// Standard words for a status.
[[nodiscard]] std::string_view reason_of(int status) noexcept;

/// `host`, "host:80", "[::1]:80" without the port, in lower case.
[[nodiscard]] std::string host_without_port(std::string_view host);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::optional<std::string> find_name(const name_value_list& list, std::string_view name) {
    const std::string wanted = to_lower(name);
    for (const auto& [key, value] : list) {
        if (to_lower(key) == wanted) {
            return value;
        }
    }
    return std::nullopt;
}

inline int hex_digit(char c) noexcept {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

inline bool has_control(std::string_view text) noexcept {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            return true;
        }
    }
    return false;
}

inline std::uint64_t hash_bytes(std::string_view bytes) noexcept {  // FNV-1a
    std::uint64_t out = 0xCBF29CE484222325U;
    for (const char c : bytes) {
        out = (out ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    }
    return out;
}

// Takes the same time wherever the texts differ, so that a token cannot be guessed by the clock.
inline bool is_same_secret(std::string_view a, std::string_view b) noexcept {
    unsigned difference = a.size() == b.size() ? 0U : 1U;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^
                                            static_cast<unsigned char>(b[i]));
    }
    return difference == 0;
}

inline std::string find_cookie(const request& what, std::string_view name) {
    for (const std::string& part : split(what.find_header("Cookie").value_or(""), ';')) {
        const std::string_view pair = trim(part);
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
            return std::string(pair.substr(equals + 1));
        }
    }
    return {};
}

inline bool is_allowed_host(std::string_view host, const guard& who) {
    const std::string name = host_without_port(host);
    if (name == "127.0.0.1" || name == "localhost" || name == "[::1]") {
        return true;
    }
    for (const std::string& allowed : who.allowed_hosts) {
        if (name == host_without_port(allowed)) {
            return true;
        }
    }
    return false;
}

inline std::optional<response> check_host_and_origin(const request& what, const guard& who) {
    if (what.count_header("Host") != 1) {
        return make_failure(400, "bad_value", "expected exactly one Host header");
    }
    const std::string host = what.find_header("Host").value_or("");
    if (!is_allowed_host(host, who)) {
        return make_failure(421, "permission_denied",
                            "this host name is not served here; see guild view --allow-host");
    }
    if (what.count_header("Origin") > 1) {
        return make_failure(400, "bad_value", "expected at most one Origin header");
    }
    const auto origin = what.find_header("Origin");
    if (origin && *origin != "http://" + host && *origin != "https://" + host) {
        return make_failure(403, "permission_denied", "requests of other sites are refused");
    }
    return std::nullopt;
}

inline bool is_refused_site(const request& what, bool is_page) {
    const std::string site = what.find_header("Sec-Fetch-Site").value_or("none");
    if (site == "same-origin" || site == "none") {
        return false;
    }
    return !(is_page && what.find_header("Sec-Fetch-Mode").value_or("") == "navigate" &&
             what.find_header("Sec-Fetch-Dest").value_or("") == "document");
}

// A token in the address is moved into a cookie at once, so that it does not stay in the history.
inline std::optional<response> check_token(const request& what, const guard& who, bool is_page) {
    if (who.token.empty()) {
        return std::nullopt;
    }
    const std::string bearer = what.find_header("Authorization").value_or("");
    if (is_same_secret(bearer, "Bearer " + who.token) ||
        is_same_secret(find_cookie(what, "guild_token"), who.token)) {
        return std::nullopt;
    }
    const auto parts = parse_target(what.target);
    if (!parts || !is_same_secret(parts->find("token").value_or(""), who.token)) {
        response out = make_failure(401, "permission_denied",
                                    "a token is needed: open the address that guild view printed");
        out.headers.emplace_back("WWW-Authenticate", "Bearer");
        return out;
    }
    if (!is_page) {
        return std::nullopt;
    }
    response out = make_failure(303, "ok", "moved");
    out.headers.emplace_back("Location", what.target.substr(0, what.target.find('?')));
    out.headers.emplace_back("Set-Cookie",
                             "guild_token=" + who.token + "; Path=/; HttpOnly; SameSite=Lax");
    return out;
}

inline bool has_tag(std::string_view list, std::string_view tag) {
    for (const std::string& one : split(list, ',')) {
        std::string_view candidate = trim(one);
        if (starts_with(candidate, "W/")) {
            candidate.remove_prefix(2);
        }
        if (candidate == "*" || candidate == tag) {
            return true;
        }
    }
    return false;
}

// "; q=0.000" of a list of encodings.
inline bool is_zero_weight(std::string_view parameters) {
    const std::string text = replace_all(to_lower(parameters), " ", "");
    return starts_with(text, ";q=0") && text.find_first_not_of("0.", 3) == std::string::npos;
}

inline std::string
quote_json(std::string_view text) {  // for our own messages: ASCII without controls
    return '"' + replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\"") + '"';
}

}  // namespace detail

inline std::optional<std::string> request::find_header(std::string_view name) const {
    return detail::find_name(headers, name);
}

inline std::size_t request::count_header(std::string_view name) const {
    const std::string wanted = to_lower(name);
    std::size_t count = 0;
    for (const auto& header : headers) {
        count += to_lower(header.first) == wanted ? 1U : 0U;
    }
    return count;
}

inline std::optional<std::string> response::find_header(std::string_view name) const {
    return detail::find_name(headers, name);
}

inline std::optional<std::string> target_parts::find(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) {
            return value;
        }
    }
    return std::nullopt;
}

inline std::optional<std::string> decode_percent(std::string_view text, bool plus_is_blank) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            const int high = i + 2 < text.size() ? detail::hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? detail::hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

inline std::optional<target_parts> parse_target(std::string_view target) {
    if (target.empty() || target[0] != '/' || detail::has_control(target)) {
        return std::nullopt;
    }
    target_parts out;
    const std::size_t mark = target.find('?');
    std::string_view path = target.substr(1, mark == std::string_view::npos ? mark : mark - 1);
    if (ends_with(path, "/")) {
        path.remove_suffix(1);
    }
    for (const std::string& part : path.empty() ? std::vector<std::string>{} : split(path, '/')) {
        auto decoded = decode_percent(part, false);
        if (!decoded || decoded->empty() || *decoded == "." || *decoded == ".." ||
            detail::has_control(*decoded)) {
            return std::nullopt;
        }
        out.path.push_back(std::move(*decoded));
    }
    if (mark == std::string_view::npos) {
        return out;
    }
    for (const std::string& pair : split(target.substr(mark + 1), '&')) {
        const std::size_t equals = pair.find('=');
        auto name = decode_percent(std::string_view(pair).substr(0, equals), true);
        auto value = equals == std::string::npos
                         ? std::string()
                         : decode_percent(std::string_view(pair).substr(equals + 1), true);
        if (!name || !value) {
            return std::nullopt;
        }
        if (!pair.empty()) {
            out.query.emplace_back(std::move(*name), std::move(*value));
        }
    }
    return out;
}

inline std::string host_without_port(std::string_view host) {
    const std::size_t bracket = host.rfind(']');
    const std::size_t colon = host.rfind(':');
    const bool has_port =
        colon != std::string_view::npos &&
        (bracket == std::string_view::npos ? host.find(':') == colon : colon > bracket);
    return to_lower(has_port ? host.substr(0, colon) : host);
}

inline std::optional<response> check_request(const request& what, const guard& who, bool is_page) {
    if (what.method != "GET" && what.method != "HEAD") {
        response out = make_failure(405, "unsupported", "only GET and HEAD are answered");
        out.headers.emplace_back("Allow", "GET, HEAD");
        return out;
    }
    if (auto refused = detail::check_host_and_origin(what, who)) {
        return refused;
    }
    if (detail::is_refused_site(what, is_page)) {
        return make_failure(403, "permission_denied", "requests of other sites are refused");
    }
    return detail::check_token(what, who, is_page);
}

inline response make_failure(int status, std::string_view code, std::string_view message) {
    response out;
    out.status = status;
    out.content_type = "application/json";
    out.body = "{\"error\":{\"code\":" + detail::quote_json(code) +
               ",\"message\":" + detail::quote_json(message) + "}}\n";
    return out;
}

inline std::string make_tag(std::string_view seed) {
    std::string hash;
    append_le(hash, detail::hash_bytes(seed));
    return "W/\"" + to_hex(hash) + '"';
}

inline bool has_answer(const request& what, std::string_view tag) {
    tag.remove_prefix(starts_with(tag, "W/") ? 2 : 0);
    return detail::has_tag(what.find_header("If-None-Match").value_or(""), tag);
}

inline bool accepts_gzip(const request& what) {
    bool is_any = false;
    for (const std::string& one : split(what.find_header("Accept-Encoding").value_or(""), ',')) {
        const std::size_t end = one.find(';');
        const std::string name = to_lower(trim(std::string_view(one).substr(0, end)));
        const bool is_wanted = end == std::string::npos || !detail::is_zero_weight(one.substr(end));
        if (name == "gzip") {
            return is_wanted;
        }
        is_any = name == "*" ? is_wanted : is_any;
    }
    return is_any;
}

inline void finish_response(const request& what, response& answer) {
    answer.headers.emplace_back(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
    answer.headers.emplace_back("X-Frame-Options", "DENY");
    answer.headers.emplace_back("Referrer-Policy", "no-referrer");
    answer.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
    answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
    const bool is_kept = answer.status == 200 || answer.status == 304;
    answer.headers.emplace_back("Cache-Control", is_kept ? "no-cache" : "no-store");
    if (answer.status != 200) {
        return;
    }
    std::string tag = answer.find_header("ETag").value_or("");
    if (tag.empty()) {
        tag = make_tag(answer.body);
        answer.headers.emplace_back("ETag", tag);
    }
    if (has_answer(what, tag)) {
        answer.status = 304;
        answer.body.clear();
        auto& headers = answer.headers;
        headers.erase(
            std::remove_if(headers.begin(), headers.end(),
                           [](const auto& each) { return each.first == "Content-Encoding"; }),
            headers.end());
        answer.file.reset();
        answer.content_type.clear();
    }
}

inline std::string_view reason_of(int status) noexcept {
    switch (status) {
    case 200:
        return "OK";
    case 303:
        return "See Other";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Payload Too Large";
    case 421:
        return "Misdirected Request";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

}}}  // namespace guild::viewer

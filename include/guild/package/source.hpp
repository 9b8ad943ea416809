// guild/package/source.hpp - one source of a package as values: where it comes from and under which
// name it will stand.
//
// Layer 4. Includes: base.
// Not here: which ref of a repository a tree URL means (package/tree_ref.hpp); fetching
// (package/fetch.hpp). Nothing here touches a file or the network.
//
//   https://github.com/OWNER/REPO/tree/REF/PATH   a directory of a repository, REF may hold slashes
//   git+URL#commit=ID|tag=NAME|branch=NAME        a whole repository: https, http, ssh or file
//   https://..., http://..., ftp://...            an archive or a file
//   PATH                                          a file or directory below the package's own
//   NAME::any of these                            the same under another name
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/package/package_name.hpp>

namespace guild { inline namespace v0 { namespace package {

enum class source_kind : std::uint8_t {
    github_tree,  // url, tree_rest
    git,          // url, ref, ref_name
    download,     // url
    local         // path
};

/// Which kind of name stands behind `#` of a git source.
enum class ref_kind : std::uint8_t { none /* the remote's HEAD */, commit, tag, branch };

/// One source. `name` is the one component below srcdir that it fills: REPO, the file's name, or
/// for an archive that name without `.tar.xz` and the like.
struct source {
    source_kind kind = source_kind::local;
    std::string text;       // as it was written
    std::string name;       // below srcdir
    std::string file_name;  // download: the name of the file that is kept
    std::string url;        // what git or curl are given, mirrors not yet applied
    std::string tree_rest;  // github_tree: REF/PATH, decoded
    ref_kind ref = ref_kind::none;
    std::string ref_name;
    std::string path;         // local: below the package's directory, normal form
    bool is_archive = false;  // download, local: unpacked into a directory of its own
    bool is_renamed = false;  // NAME:: was there
};

/// Reads the text of one source.
///
/// in       one word: no white space
/// errors   bad_value; where.begin and where.end are offsets into `text`, line and column are 0
/// example  tests/package/source.cpp "parse_source: a GitHub URL keeps what is behind tree"
[[nodiscard]] result<source> parse_source(std::string_view text);

/// `name` without the ending of an archive that can be unpacked; `name` itself if it has none.
///
/// example  tests/package/source.cpp "archive_stem: every ending of an archive is cut"
[[nodiscard]] std::string archive_stem(std::string_view name);

/// The scheme of a URL in small letters, `https`; empty for a text that is none.
[[nodiscard]] std::string url_scheme(std::string_view url);

/// Whether anyone on the way can change what comes from this URL unnoticed: http and ftp.
[[nodiscard]] bool is_unprotected(std::string_view url);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline error source_error(std::string message, std::size_t begin, std::size_t end) {
    return make_error(errc::bad_value, std::move(message), {}, {begin, end, 0, 0});
}

inline bool is_hex_digit(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

inline unsigned hex_value(char c) noexcept {
    if (is_digit(c)) {
        return static_cast<unsigned>(c - '0');
    }
    return static_cast<unsigned>((c >= 'a' ? c - 'a' : c - 'A') + 10);
}

/// `%2F` and the like as bytes; a `%` without two digits stays.
inline std::string decode_percent(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_code = text[i] == '%' && i + 2 < text.size() && is_hex_digit(text[i + 1]) &&
                             is_hex_digit(text[i + 2]);
        if (is_code) {
            out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// A source text, one member per form of it. Offsets are into the whole text.
class source_reader {
public:
    explicit source_reader(std::string_view text) : text_(text) {}

    result<source> run() {
        made_.text = std::string(text_);
        if (text_.empty()) {
            return fail("expected a source, seen nothing", 0);
        }
        for (std::size_t i = 0; i < text_.size(); ++i) {
            if (is_space(text_[i]) || is_control(text_[i]) || text_[i] == '"') {
                return fail("expected a source without white space, quotes and control characters",
                            i);
            }
        }
        auto name = read_rename();
        if (!name) {
            return std::move(name).error();
        }
        auto rest = read_kind();
        if (!rest) {
            return std::move(rest).error();
        }
        return finish();
    }

private:
    error fail(std::string message, std::size_t begin) const {
        return source_error(std::move(message), begin, text_.size());
    }
    std::string_view rest() const { return text_.substr(at_); }

    result<void> read_rename();
    result<void> read_kind();
    result<void> read_github();
    result<void> read_git();
    result<void> read_fragment(std::string_view fragment, std::size_t at);
    result<void> read_download();
    result<void> read_local();
    result<source> finish();

    std::string_view text_;
    std::size_t at_ = 0;  // behind NAME::
    source made_;
};

// NAME:: - one component of a path.
inline result<void> source_reader::read_rename() {
    const std::size_t border = text_.find("::");
    const std::size_t scheme = text_.find("://");
    if (border == std::string_view::npos || scheme < border) {
        return {};
    }
    made_.name = std::string(text_.substr(0, border));
    made_.is_renamed = true;
    at_ = border + 2;
    const std::string problem = find_name_problem(made_.name);
    if (!problem.empty()) {
        return source_error("expected a name before `::`, " + problem, 0, border);
    }
    if (at_ == text_.size()) {
        return fail("expected a source behind `::`, seen nothing", border);
    }
    return {};
}

inline result<void> source_reader::read_kind() {
    if (rest().front() == '-') {
        return fail("expected a source that does not begin with `-`", at_);
    }
    if (starts_with(rest(), "git+")) {
        return read_git();
    }
    const std::string scheme = url_scheme(rest());
    if (starts_with(rest(), "https://github.com/") && !contains(rest(), "/releases/") &&
        !contains(rest(), "/archive/") && !contains(rest(), "/raw/")) {
        return read_github();
    }
    if (scheme == "http" || scheme == "https" || scheme == "ftp" || scheme == "file") {
        return read_download();
    }
    if (!scheme.empty()) {
        return fail("expected https, http, ftp, file or git+URL, seen scheme `" + scheme + "`",
                    at_);
    }
    return read_local();
}

// https://github.com/OWNER/REPO/tree/REF[/PATH]
inline result<void> source_reader::read_github() {
    made_.kind = source_kind::github_tree;
    const std::size_t host_end = at_ + std::string_view("https://github.com/").size();
    const std::vector<std::string> parts = split(text_.substr(host_end), '/');
    const bool has_tree = parts.size() >= 4 && parts[2] == "tree";
    if (!has_tree) {
        return fail("expected https://github.com/OWNER/REPO/tree/REF/PATH; a whole repository is "
                    "git+https://github.com/OWNER/REPO.git",
                    at_);
    }
    for (std::size_t i = 0; i < 2; ++i) {
        if (!find_name_problem(parts[i]).empty()) {
            return fail("expected an owner and a repository, seen `" + parts[i] + "`", host_end);
        }
    }
    const std::size_t rest_at = host_end + parts[0].size() + parts[1].size() + 7;
    made_.tree_rest = decode_percent(text_.substr(rest_at));
    while (!made_.tree_rest.empty() && made_.tree_rest.back() == '/') {
        made_.tree_rest.pop_back();
    }
    if (made_.tree_rest.empty()) {
        return fail("expected a branch, tag or commit behind tree/, seen nothing", rest_at);
    }
    for (const std::string& each : split(made_.tree_rest, '/')) {
        const bool is_bad = each.empty() || each == "." || each == ".." ||
                            to_lower(each) == ".git" ||
                            std::any_of(each.begin(), each.end(), is_control);
        if (is_bad) {
            return fail("expected a path within the repository, seen component `" + each + "`",
                        rest_at);
        }
    }
    const bool has_suffix = ends_with(parts[1], ".git");
    const std::string repository = has_suffix ? parts[1].substr(0, parts[1].size() - 4) : parts[1];
    made_.url = "https://github.com/" + parts[0] + '/' + repository + ".git";
    made_.name = made_.is_renamed ? made_.name : repository;
    return {};
}

// git+URL[#commit=ID|tag=NAME|branch=NAME]
inline result<void> source_reader::read_git() {
    made_.kind = source_kind::git;
    const std::size_t url_at = at_ + 4;
    const std::string_view whole = text_.substr(url_at);
    const std::size_t hash = whole.find('#');
    made_.url = std::string(whole.substr(0, hash));
    const std::string scheme = url_scheme(made_.url);
    if (scheme != "https" && scheme != "http" && scheme != "ssh" && scheme != "file") {
        return source_error("expected https, http, ssh or file behind `git+`, seen `" + scheme +
                                "`",
                            url_at, url_at + made_.url.size());
    }
    const std::string_view host = std::string_view(made_.url).substr(scheme.size() + 3);
    if (host.empty() || host.front() == '-' || (scheme == "file" && host.front() != '/')) {
        return source_error("expected a host or, with file, a path from the root", url_at,
                            url_at + made_.url.size());
    }
    if (!made_.is_renamed) {
        made_.name = base_name(made_.url);
        if (ends_with(made_.name, ".git")) {
            made_.name.resize(made_.name.size() - 4);
        }
    }
    return hash == std::string_view::npos
               ? result<void>()
               : read_fragment(whole.substr(hash + 1), url_at + hash + 1);
}

inline result<void> source_reader::read_fragment(std::string_view fragment, std::size_t at) {
    const std::size_t equals = fragment.find('=');
    const std::string_view key = fragment.substr(0, equals);
    const bool has_value = equals != std::string_view::npos && equals + 1 < fragment.size();
    if (!has_value || (key != "commit" && key != "tag" && key != "branch")) {
        return fail("expected commit=ID, tag=NAME or branch=NAME behind `#`", at);
    }
    made_.ref_name = std::string(fragment.substr(equals + 1));
    made_.ref = key == "commit" ? ref_kind::commit
                : key == "tag"  ? ref_kind::tag
                                : ref_kind::branch;
    if (made_.ref == ref_kind::commit) {
        const bool is_id = (made_.ref_name.size() == 40 || made_.ref_name.size() == 64) &&
                           std::all_of(made_.ref_name.begin(), made_.ref_name.end(), is_hex_digit);
        if (!is_id) {
            return fail("expected a commit of 40 or 64 hex digits, seen `" + made_.ref_name + "`",
                        at + equals + 1);
        }
        made_.ref_name = to_lower(made_.ref_name);
    } else if (made_.ref_name.front() == '-' || contains(made_.ref_name, "..") ||
               made_.ref_name.find_first_of(":?*[\\^~") != std::string::npos) {
        return fail("expected the name of a " + std::string(key) + ", seen `" + made_.ref_name +
                        "`",
                    at + equals + 1);
    }
    return {};
}

inline result<void> source_reader::read_download() {
    made_.kind = source_kind::download;
    const std::string_view whole = rest();
    const std::size_t hash = whole.find('#');
    made_.url = std::string(whole.substr(0, hash));
    const std::size_t path_at = made_.url.find("://") + 3;
    const std::string_view below = std::string_view(made_.url).substr(path_at);
    const std::size_t slash = below.find('/');
    const std::string_view path =
        slash == std::string_view::npos ? std::string_view() : below.substr(slash + 1);
    made_.file_name = made_.is_renamed
                          ? made_.name
                          : decode_percent(base_name(path.substr(0, path.find_first_of("?"))));
    if (below.empty() || below.front() == '-' || made_.file_name.empty()) {
        return fail("expected a URL that ends in the name of a file; give one by NAME::URL", at_);
    }
    return {};
}

inline result<void> source_reader::read_local() {
    made_.kind = source_kind::local;
    made_.path = normalize_path(rest());
    const bool leaves = is_absolute(made_.path) || made_.path == ".." ||
                        starts_with(made_.path, "../") || made_.path == ".";
    if (leaves) {
        return fail("expected a file or directory below the package's directory, seen `" +
                        std::string(rest()) + "`",
                    at_);
    }
    made_.file_name = made_.is_renamed ? made_.name : base_name(made_.path);
    return {};
}

inline result<source> source_reader::finish() {
    if (!made_.file_name.empty()) {
        const std::string stem = archive_stem(made_.file_name);
        made_.is_archive = stem != made_.file_name;
        made_.name = stem;
    }
    const std::string problem = find_name_problem(made_.name);
    if (!problem.empty()) {
        return fail("expected a name for what is fetched, " + problem + "; give one by NAME::",
                    at_);
    }
    return std::move(made_);
}

}  // namespace detail

inline result<source> parse_source(std::string_view text) {
    return detail::source_reader(text).run();
}

inline std::string archive_stem(std::string_view name) {
    constexpr std::string_view endings[] = {".tar",     ".tar.gz", ".tgz", ".tar.xz",  ".txz",
                                            ".tar.bz2", ".tbz2",   ".tbz", ".tar.zst", ".tzst"};
    const std::string lower = to_lower(name);
    for (const std::string_view each : endings) {
        if (ends_with(lower, each) && lower.size() > each.size()) {
            return std::string(name.substr(0, name.size() - each.size()));
        }
    }
    return std::string(name);
}

inline std::string url_scheme(std::string_view url) {
    const std::size_t end = url.find("://");
    if (end == std::string_view::npos || end == 0) {
        return {};
    }
    const std::string scheme = to_lower(url.substr(0, end));
    const auto is_allowed = [](char c) {
        return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    };
    return is_letter(scheme.front()) && std::all_of(scheme.begin(), scheme.end(), is_allowed)
               ? scheme
               : std::string();
}

inline bool is_unprotected(std::string_view url) {
    const std::string scheme = url_scheme(url);
    return scheme == "http" || scheme == "ftp";
}

}}}  // namespace guild::package

// guild/package/tree_ref.hpp - which ref a tree URL means: tree/REF/PATH, where REF may hold
// slashes.
//
// Layer 4. Includes: base.
// Not here: asking a repository for its refs (package/git.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

namespace guild { inline namespace v0 { namespace package {

/// One branch or tag of a repository, with the commit it stands for.
struct git_ref {
    std::string name;    // in full: refs/heads/master
    std::string commit;  // of an annotated tag: what it points at
};

/// What a tree URL means.
struct resolved_tree {
    std::string ref;     // in full; empty when REST names a commit
    std::string commit;  // 40 or 64 hex digits
    std::string path;    // within the repository; empty: all of it
};

/// Splits REST of a tree URL: the longest ref that ends at a `/` of it (or at its end) wins. Refs
/// may be written in full, `refs/tags/v1/src`. A first component of 40 or 64 hex digits is a
/// commit.
///
/// errors   bad_value: a branch and a tag have that name, the message lists both; not_found: none
///          has, the message lists refs with the same first component, or the nearest name
/// example  tests/package/tree_ref.cpp "resolve_tree: the longest ref wins"
[[nodiscard]] result<resolved_tree> resolve_tree(std::string_view rest,
                                                 const std::vector<git_ref>& refs);

/// The branch or tag with this short or full name.
///
/// errors   not_found, with the nearest name
[[nodiscard]] result<git_ref> get_ref(std::string_view full_name, const std::vector<git_ref>& refs);

/// Reads what `git ls-remote` prints; branches and tags alone, tags with what they point at. Names
/// that git itself would not take, and that might mean more in a refspec, are left out.
///
/// errors   bad_syntax
/// example  tests/package/tree_ref.cpp "parse_refs: an annotated tag is the commit it points at"
[[nodiscard]] result<std::vector<git_ref>> parse_refs(std::string_view text);

/// `master` for `refs/heads/master`.
[[nodiscard]] std::string short_ref(std::string_view full_name);

/// Whether `text` is 40 or 64 hex digits.
[[nodiscard]] bool is_commit_id(std::string_view text) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

/// Whether `rest` is `name` or continues it behind a `/`.
inline bool continues(std::string_view rest, std::string_view name) noexcept {
    return !name.empty() && starts_with(rest, name) &&
           (rest.size() == name.size() || rest[name.size()] == '/');
}

/// What git-check-ref-format(1) forbids, as far as it has a meaning elsewhere.
inline bool is_plain_ref(std::string_view name) noexcept {
    return !contains(name, "..") && !contains(name, "//") && name.back() != '/' &&
           std::none_of(name.begin(), name.end(), [](char c) {
               return static_cast<unsigned char>(c) <= 0x20 || contains(":?*[\\^~\x7F", {&c, 1});
           });
}

inline std::string list_refs(std::vector<std::string> names) {
    constexpr std::size_t most = 10;
    std::sort(names.begin(), names.end());
    const std::size_t left = names.size() > most ? names.size() - most : 0;
    names.resize(names.size() - left);
    return join(names, ", ") + (left == 0 ? "" : " and " + std::to_string(left) + " more");
}

inline error no_such_ref(std::string_view rest, const std::vector<git_ref>& refs) {
    const std::string first(rest.substr(0, rest.find('/')));
    std::vector<std::string> alike;
    std::vector<std::string> all;
    for (const git_ref& each : refs) {
        const std::string name = short_ref(each.name);
        all.push_back(name);
        if (continues(name, first)) {
            alike.push_back(name);
        }
    }
    std::string message = "no branch, tag or commit begins `" + std::string(rest) + "`";
    if (refs.empty()) {
        return make_error(errc::not_found, message + "; the repository has no branches or tags");
    }
    if (!alike.empty()) {
        return make_error(errc::not_found,
                          message + "; these share its first component: " + list_refs(alike));
    }
    const auto near = find_closest(first, all);
    return make_error(errc::not_found, message + (near ? "; did you mean `" + *near + "`?"
                                                       : "; there are: " + list_refs(all)));
}

inline error two_refs(const git_ref& one, const git_ref& other) {
    return make_error(errc::bad_value, "`" + short_ref(one.name) +
                                           "` is a branch and a tag, write " + one.name + " or " +
                                           other.name + " in its place");
}

}  // namespace detail

inline bool is_commit_id(std::string_view text) noexcept {
    return (text.size() == 40 || text.size() == 64) &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

inline std::string short_ref(std::string_view full_name) {
    for (const std::string_view prefix : {"refs/heads/", "refs/tags/"}) {
        if (starts_with(full_name, prefix)) {
            return std::string(full_name.substr(prefix.size()));
        }
    }
    return std::string(full_name);
}

inline result<resolved_tree> resolve_tree(std::string_view rest, const std::vector<git_ref>& refs) {
    const std::string_view first = rest.substr(0, rest.find('/'));
    const auto path_behind = [&](std::size_t size) {
        return std::string(size < rest.size() ? rest.substr(size + 1) : std::string_view());
    };
    if (is_commit_id(first)) {
        return resolved_tree{{}, to_lower(first), path_behind(first.size())};
    }
    const git_ref* best = nullptr;
    const git_ref* rival = nullptr;
    std::size_t best_size = 0;
    for (const git_ref& each : refs) {
        const std::string name = short_ref(each.name);
        const std::string_view matched = detail::continues(rest, each.name) ? each.name
                                         : detail::continues(rest, name)    ? name
                                                                            : std::string_view();
        if (matched.size() > best_size) {
            best = &each;
            rival = nullptr;
            best_size = matched.size();
        } else if (!matched.empty() && matched.size() == best_size) {
            rival = &each;
        }
    }
    if (best == nullptr) {
        return detail::no_such_ref(rest, refs);
    }
    if (rival != nullptr) {
        return detail::two_refs(*best, *rival);
    }
    return resolved_tree{best->name, best->commit, path_behind(best_size)};
}

inline result<git_ref> get_ref(std::string_view full_name, const std::vector<git_ref>& refs) {
    std::vector<std::string> names;
    for (const git_ref& each : refs) {
        if (each.name == full_name) {
            return each;
        }
        names.push_back(each.name);
    }
    const auto near = find_closest(full_name, names);
    return make_error(errc::not_found,
                      "no ref `" + std::string(full_name) + "`" +
                          (near            ? "; did you mean `" + *near + "`?"
                           : names.empty() ? "; the repository has none"
                                           : "; there are: " + detail::list_refs(names)));
}

inline result<std::vector<git_ref>> parse_refs(std::string_view text) {
    std::vector<git_ref> refs;
    for (const std::string& line : split(text, '\n')) {
        const std::size_t tab = line.find('\t');
        if (line.empty()) {
            continue;
        }
        if (tab == std::string::npos || !is_commit_id(std::string_view(line).substr(0, tab))) {
            return make_error(errc::bad_syntax,
                              "expected `ID TAB REF` of git, seen `" + line + "`");
        }
        const std::string id = line.substr(0, tab);
        const std::string name = line.substr(tab + 1);
        const bool is_peeled = ends_with(name, "^{}");
        if (is_peeled && !refs.empty() && refs.back().name + "^{}" == name) {
            refs.back().commit = id;
        } else if ((starts_with(name, "refs/heads/") || starts_with(name, "refs/tags/")) &&
                   detail::is_plain_ref(name)) {
            refs.push_back({name, id});
        }
    }
    return refs;
}

}}}  // namespace guild::package

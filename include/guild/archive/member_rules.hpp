// guild/archive/member_rules.hpp - which members an archive may hold: none that leads outside,
// hides another or surprises whoever unpacks it.
//
// Layer 3. Includes: archive/limits.hpp, archive/tar_format.hpp, base.
// Not here: kinds that tar knows and guild does not (archive/tar_reader.hpp refuses them); writing
// to disk, where every path is resolved once more (archive/extract.hpp).
//
// The same rules hold for what is read and for what is written: what guild packs, guild unpacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <guild/archive/limits.hpp>
#include <guild/archive/tar_format.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

namespace guild { inline namespace v0 { namespace archive {

/// The path of a member beneath the root: "./a//b/" becomes "a/b", "./" becomes "".
///
/// errors   bad_value: empty, absolute, too long, holds NUL, another control character, ".." or a
///          component .git in any case; the message says which
/// example  tests/archive/member_rules.cpp "normalize_member_name: refuses what leads outside"
[[nodiscard]] result<std::string> normalize_member_name(std::string_view name,
                                                        const limits& allowed = {});

/// A name for messages: in quotes, control characters as hex digits behind a backslash and x.
///
/// example  tests/archive/member_rules.cpp "show_name: control characters are spelled out"
[[nodiscard]] std::string show_name(std::string_view name);

/// The error about one member: `member "NAME": why`.
[[nodiscard]] error member_error(errc code, std::string_view name, std::string_view why);

/// Looks at the members of one archive in their order.
///
/// cost     one entry for each member and each directory above one
/// example  tests/archive/member_rules.cpp "member rules: a name that differs in case is a twin"
class member_rules {
public:
    explicit member_rules(const limits& allowed = {}) : allowed_(allowed) {}

    /// Checks one member and fills in its path.
    ///
    /// errors   bad_value: a name that normalize_member_name refuses, a name that came before (also
    ///          in other case), a member beneath one that is no directory, a hard link to what is
    ///          no file of this archive; too_large: too many members, or too long names
    [[nodiscard]] result<void> admit(member& next);

    /// Checks the symbolic links, when all members are known: every one must lead to a place
    /// beneath the root, also through others.
    ///
    /// errors   bad_value: one leads outside, or goes in circles
    /// example  tests/archive/member_rules.cpp "member rules: a link through a link is followed"
    [[nodiscard]] result<void> check_links() const;

private:
    struct known {
        std::string spelling;  // empty: in lower case, as the key
        member_kind kind = member_kind::directory;
        bool is_implied = false;  // a directory that only stood above a member so far
    };

    using known_members = std::unordered_map<std::string, known>;

    [[nodiscard]] std::pair<known_members::iterator, bool> add(const std::string& path,
                                                               member_kind kind, bool is_implied);
    [[nodiscard]] static const std::string& spelling_of(const known_members::value_type& of) {
        return of.second.spelling.empty() ? of.first : of.second.spelling;
    }
    [[nodiscard]] static error twin_error(const member& next, const std::string& other);
    [[nodiscard]] result<void> check_limits(const member& next) const;
    [[nodiscard]] result<void> admit_parents(const member& next);
    [[nodiscard]] result<void> admit_link(const member& next) const;
    [[nodiscard]] result<void> check_link(const std::string& path, const std::string& target) const;

    limits allowed_;
    std::uint64_t count_ = 0;
    std::uint64_t names_bytes_ = 0;
    std::string last_parent_;
    known_members members_;                                  // by path in lower case
    std::unordered_map<std::string, std::string> symlinks_;  // path in lower case -> target
    std::vector<std::string> symlink_order_;
};

// ---- implementation ---------------------------------------------------------

inline std::string show_name(std::string_view name) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string shown = "\"";
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20U || byte == 0x7FU) {
            shown.append("\\x").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
        } else {
            shown += c;
        }
    }
    return shown + '"';
}

inline error member_error(errc code, std::string_view name, std::string_view why) {
    return make_error(code, "member " + show_name(name) + ": " + std::string(why));
}

namespace detail {

inline bool has_control_character(std::string_view text) noexcept {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20U || byte == 0x7FU) {
            return true;
        }
    }
    return false;
}

// Why `part`, between two "/", may not be in a name; null when it may.
inline const char* check_component(std::string_view part) {
    if (part == "..") {
        return "its name holds \"..\"";
    }
    if (part.size() == 4 && to_lower(part) == ".git") {
        return "its name holds \".git\"";
    }
    return part.size() > 255 ? "a part of its name has more than 255 bytes" : nullptr;
}

}  // namespace detail

inline result<std::string> normalize_member_name(std::string_view name, const limits& allowed) {
    const auto refuse = [&](const char* why) {
        return member_error(errc::bad_value, name.substr(0, 256), why);
    };
    if (name.empty()) {
        return refuse("it has no name");
    }
    if (name.front() == '/') {
        return refuse("its name begins at the root of the file system");
    }
    if (name.size() > allowed.max_path_bytes) {
        return refuse("its name is too long");
    }
    if (detail::has_control_character(name)) {
        return refuse("its name holds a control character");
    }
    std::size_t parts = 0;
    std::string path;
    for (std::string_view rest = name; !rest.empty();) {
        const std::string_view part = rest.substr(0, rest.find('/'));
        rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : rest.size());
        if (part.empty() || part == ".") {
            continue;
        }
        if (const char* why = detail::check_component(part)) {
            return refuse(why);
        }
        if (++parts > allowed.max_path_parts) {
            return refuse("its name has too many parts");
        }
        if (!path.empty()) {
            path += '/';
        }
        path.append(part);
    }
    return path;
}

inline std::pair<member_rules::known_members::iterator, bool>
member_rules::add(const std::string& path, member_kind kind, bool is_implied) {
    std::string folded = to_lower(path);
    const bool is_folded = folded == path;
    const auto added = members_.try_emplace(std::move(folded));
    if (added.second) {
        names_bytes_ += path.size();
        added.first->second.kind = kind;
        added.first->second.is_implied = is_implied;
        if (!is_folded) {
            added.first->second.spelling = path;
        }
    }
    return added;
}

inline error member_rules::twin_error(const member& next, const std::string& other) {
    return member_error(errc::bad_value, next.name,
                        "differs from " + show_name(other) + " in upper and lower case alone");
}

// `count_` are those of the archive, members_ also has the directories above them.
inline result<void> member_rules::check_limits(const member& next) const {
    if (count_ > allowed_.max_members || members_.size() > allowed_.max_members) {
        return member_error(errc::too_large, next.name,
                            "more than " + std::to_string(allowed_.max_members) + " members");
    }
    return names_bytes_ <= allowed_.max_names_bytes
               ? result<void>()
               : member_error(errc::too_large, next.name,
                              "the names of all members have more than " +
                                  std::to_string(allowed_.max_names_bytes) + " bytes");
}

inline result<void> member_rules::admit(member& next) {
    ++count_;
    auto within = check_limits(next);
    if (!within) {
        return within;
    }
    auto path = normalize_member_name(next.name, allowed_);
    if (!path) {
        return std::move(path).error();
    }
    next.path = std::move(*path);
    if (next.path.empty()) {
        return next.kind == member_kind::directory
                   ? result<void>()
                   : member_error(errc::bad_value, next.name, "the root is no directory");
    }
    auto allowed = admit_parents(next);
    if (allowed && next.kind != member_kind::directory) {
        allowed = admit_link(next);
    }
    if (!allowed) {
        return allowed;
    }
    const auto added = add(next.path, next.kind, false);
    if (!added.second) {
        known& there = added.first->second;
        if (spelling_of(*added.first) != next.path) {
            return twin_error(next, spelling_of(*added.first));
        }
        if (!there.is_implied || next.kind != member_kind::directory) {
            return member_error(errc::bad_value, next.name, "its name came before");
        }
        there.is_implied = false;
    }
    if (next.kind == member_kind::symlink) {
        symlinks_.emplace(to_lower(next.path), next.target);
        symlink_order_.push_back(next.path);
    }
    return {};
}

inline result<void> member_rules::admit_parents(const member& next) {
    const std::size_t last = next.path.rfind('/');
    if (last == std::string::npos || next.path.compare(0, last, last_parent_) == 0) {
        return {};
    }
    for (std::size_t at = next.path.find('/'); at != std::string::npos;
         at = next.path.find('/', at + 1)) {
        const std::string above = next.path.substr(0, at);
        const auto added = add(above, member_kind::directory, true);
        if (spelling_of(*added.first) != above) {
            return twin_error(next, spelling_of(*added.first));
        }
        if (added.first->second.kind != member_kind::directory) {
            return member_error(errc::bad_value, next.name,
                                "lies beneath " + show_name(above) + ", which is no directory");
        }
    }
    last_parent_ = next.path.substr(0, last);
    return {};
}

inline result<void> member_rules::admit_link(const member& next) const {
    if (next.kind == member_kind::file) {
        return {};
    }
    if (next.target.empty() || detail::has_control_character(next.target) ||
        next.target.size() > allowed_.max_path_bytes) {
        return member_error(errc::bad_value, next.name,
                            "the target of the link is empty, too long or holds a control "
                            "character");
    }
    if (next.kind == member_kind::symlink) {
        return {};
    }
    const auto target = normalize_member_name(next.target, allowed_);
    const auto at = target ? members_.find(to_lower(*target)) : members_.end();
    const bool is_file =
        at != members_.end() && spelling_of(*at) == *target &&
        (at->second.kind == member_kind::file || at->second.kind == member_kind::hard_link);
    return is_file ? result<void>()
                   : member_error(errc::bad_value, next.name,
                                  "a hard link to " + show_name(next.target) +
                                      ", which is no file of this archive before it");
}

inline result<void> member_rules::check_links() const {
    for (const std::string& path : symlink_order_) {
        auto stays = check_link(path, symlinks_.at(to_lower(path)));
        if (!stays) {
            return stays;
        }
    }
    return {};
}

// Walks as the system would: `rest` is what is still to be followed from `at`.
inline result<void> member_rules::check_link(const std::string& path,
                                             const std::string& target) const {
    const auto refuse = [&](const char* why) {
        return member_error(errc::bad_value, path, "its target " + show_name(target) + ' ' + why);
    };
    const std::size_t slash = path.rfind('/');
    std::string at = slash == std::string::npos ? std::string() : path.substr(0, slash);
    std::string rest = target;
    for (int links = 0; !rest.empty();) {
        if (rest.front() == '/') {  // of a whole target: those between parts go with the part
            return refuse("leads out of the archive");
        }
        const std::size_t length = rest.find('/');
        const std::string part = rest.substr(0, length);
        rest.erase(0, length == std::string::npos ? length : rest.find_first_not_of('/', length));
        if (part == "..") {
            if (at.empty()) {
                return refuse("leads out of the archive");
            }
            at.erase(at.rfind('/') == std::string::npos ? 0 : at.rfind('/'));
            continue;
        }
        if (part.empty() || part == ".") {
            continue;
        }
        const std::string before = at;
        at += at.empty() ? part : '/' + part;
        const auto link = symlinks_.find(to_lower(at));
        if (link == symlinks_.end()) {
            continue;
        }
        if (++links > 40) {
            return refuse("goes in circles");
        }
        rest = rest.empty() ? link->second : link->second + '/' + rest;
        at = before;
    }
    return {};
}

}}}  // namespace guild::archive

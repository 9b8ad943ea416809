// guild/package/buildinfo.hpp - what stands beside a package's archive in NAME-VERSION.buildinfo:
// what the archive holds, by name, mode, size and sha256, and with what it was made.
//
// Layer 4. Includes: archive/tar_format.hpp, base.
// Not here: writing and comparing archives (package/pack.hpp, package/verify.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/archive/tar_format.hpp>
#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

// Text, one line each, parted by tabs. No directory, date or host is in it. An example:
//
//   guild-buildinfo  1
//   package          mnist-tutorial-src  1
//   archive-sha256   HEX                    of NAME-VERSION.pkg.tar.xz
//   tar-sha256       HEX                    of the tar inside: the package's identity
//   tool             xz   (XZ Utils) 5.4.1
//   directory        0755 ./
//   file             0644 SIZE HEX ./.GuildPkg
//   link             NAME TARGET

namespace guild { inline namespace v0 { namespace package {

/// One member as the buildinfo tells it.
struct manifest_entry {
    archive::member_kind kind = archive::member_kind::file;
    std::uint32_t mode = 0;
    std::uint64_t size = 0;
    std::string sha256;  // of a file's content, in hex
    std::string name;
    std::string target;  // of a link

    [[nodiscard]] bool operator==(const manifest_entry& other) const {
        return kind == other.kind && mode == other.mode && size == other.size &&
               sha256 == other.sha256 && name == other.name && target == other.target;
    }
};

/// A buildinfo as values.
struct buildinfo {
    std::string name;
    std::string version;
    std::string archive_sha256;
    std::string tar_sha256;
    std::vector<std::pair<std::string, std::string>> tools;  // name, version
    std::vector<manifest_entry> members;                     // in the archive's order
};

/// The name of a package's archive: NAME-VERSION.pkg.tar.xz.
[[nodiscard]] std::string archive_name(const std::string& name, const std::string& version);

/// The name of what is written beside an archive: NAME-VERSION.buildinfo.
[[nodiscard]] std::string buildinfo_name(const std::string& name, const std::string& version);

/// What the manifest says of a member; the sha256 of a file is the caller's to fill in.
[[nodiscard]] manifest_entry to_manifest(const archive::member& of);

/// The text of a buildinfo.
///
/// example  tests/package/buildinfo.cpp "buildinfo: its text, line by line"
[[nodiscard]] std::string format(const buildinfo& what);

/// The values of a buildinfo. Lines that begin with an unknown word are passed over.
///
/// errors   bad_syntax, at its line; unsupported: another version of the format
/// example  tests/package/buildinfo.cpp "buildinfo: what is no buildinfo is refused at its line"
[[nodiscard]] result<buildinfo> parse_buildinfo(std::string_view text);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::string format_mode(std::uint32_t mode) {
    std::string text;
    for (unsigned shift = 12; shift != 0;) {
        shift -= 3;
        text += static_cast<char>('0' + static_cast<int>((mode >> shift) & 7U));
    }
    return text;
}

inline std::string format_entry(const manifest_entry& of) {
    switch (of.kind) {
    case archive::member_kind::directory:
        return "directory\t" + format_mode(of.mode) + '\t' + of.name;
    case archive::member_kind::symlink:
        return "link\t" + of.name + '\t' + of.target;
    case archive::member_kind::hard_link:
        return "hardlink\t" + of.name + '\t' + of.target;
    case archive::member_kind::file:
        break;
    }
    return "file\t" + format_mode(of.mode) + '\t' + std::to_string(of.size) + '\t' + of.sha256 +
           '\t' + of.name;
}

// Reads one line of a buildinfo after the other.
class buildinfo_parser {
public:
    explicit buildinfo_parser(std::string_view text) : rest_(text) {}

    result<buildinfo> run() {
        while (!rest_.empty()) {
            ++line_;
            const std::size_t end = rest_.find('\n');
            if (end == std::string_view::npos) {
                return fail(errc::truncated, "expected a newline at the end");
            }
            words_ = split(rest_.substr(0, end), '\t');
            rest_.remove_prefix(end + 1);
            auto taken = line_ == 1 ? take_first() : take_line();
            if (!taken) {
                return std::move(taken).error();
            }
        }
        ++line_;
        if (found_.name.empty() || found_.tar_sha256.empty() || found_.archive_sha256.empty()) {
            return fail(errc::truncated, "expected the lines package, archive-sha256 and "
                                         "tar-sha256");
        }
        return std::move(found_);
    }

private:
    error fail(errc code, std::string message) const {
        source_span where;
        where.line = line_;
        where.column = 1;
        return make_error(code, std::move(message), {}, where);
    }

    result<void> take_first() {
        if (words_.size() != 2 || words_[0] != "guild-buildinfo") {
            return fail(errc::bad_syntax, "expected \"guild-buildinfo\" and its version");
        }
        return words_[1] == "1" ? result<void>()
                                : fail(errc::unsupported, "expected version 1 of the format, saw " +
                                                              quote_for_display(words_[1]));
    }

    result<void> take_line() {
        const std::string& what = words_[0];
        if (what == "package") {
            return take_two(found_.name, found_.version);
        }
        if (what == "archive-sha256" || what == "tar-sha256") {
            std::string& to = what == "tar-sha256" ? found_.tar_sha256 : found_.archive_sha256;
            return words_.size() == 2 ? take_digest(words_[1], to) : expected_words(2);
        }
        if (what == "tool") {
            found_.tools.emplace_back();
            return take_two(found_.tools.back().first, found_.tools.back().second);
        }
        manifest_entry entry;
        if (what == "file") {
            return take_file(entry);
        }
        if (what == "directory") {
            entry.kind = archive::member_kind::directory;
            return words_.size() == 3 ? take_mode(entry, 2) : expected_words(3);
        }
        if (what == "link" || what == "hardlink") {
            entry.kind =
                what == "link" ? archive::member_kind::symlink : archive::member_kind::hard_link;
            entry.mode = what == "link" ? 0777U : 0644U;
            auto taken = take_two(entry.name, entry.target);
            found_.members.push_back(std::move(entry));
            return taken;
        }
        return {};
    }

    error expected_words(std::size_t count) const {
        return fail(errc::bad_syntax, "expected " + std::to_string(count) +
                                          " texts parted by tabs, saw " +
                                          std::to_string(words_.size()));
    }

    result<void> take_two(std::string& first, std::string& second) {
        if (words_.size() != 3) {
            return expected_words(3);
        }
        first = std::move(words_[1]);
        second = std::move(words_[2]);
        return {};
    }

    result<void> take_digest(std::string& from, std::string& to) const {
        const bool is_digest =
            from.size() == 64 && from.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (!is_digest) {
            return fail(errc::bad_syntax, "expected a sha256 of 64 hex digits");
        }
        to = std::move(from);
        return {};
    }

    result<void> take_mode(manifest_entry& entry, std::size_t name_at) {
        const auto mode = archive::parse_number(words_[1]);
        if (words_[1].size() != 4 || !mode) {
            return fail(errc::bad_syntax, "expected a mode of four octal digits");
        }
        entry.mode = static_cast<std::uint32_t>(*mode);
        entry.name = std::move(words_[name_at]);
        found_.members.push_back(std::move(entry));
        return {};
    }

    result<void> take_file(manifest_entry& entry) {
        if (words_.size() != 5) {
            return expected_words(5);
        }
        const auto size = parse_int64(words_[2]);
        if (!size || *size < 0) {
            return fail(errc::bad_syntax, "expected a size in bytes");
        }
        entry.size = static_cast<std::uint64_t>(*size);
        auto digest = take_digest(words_[3], entry.sha256);
        return digest ? take_mode(entry, 4) : std::move(digest);
    }

    std::string_view rest_;
    std::uint32_t line_ = 0;
    std::vector<std::string> words_;
    buildinfo found_;
};

}  // namespace detail

inline std::string archive_name(const std::string& name, const std::string& version) {
    return name + '-' + version + ".pkg.tar.xz";
}

inline std::string buildinfo_name(const std::string& name, const std::string& version) {
    return name + '-' + version + ".buildinfo";
}

inline manifest_entry to_manifest(const archive::member& of) {
    manifest_entry entry;
    entry.kind = of.kind;
    entry.mode = of.kind == archive::member_kind::symlink     ? 0777U
                 : of.kind == archive::member_kind::hard_link ? 0644U
                                                              : of.mode;
    entry.size = of.size;
    entry.name = of.name;
    entry.target = of.target;
    return entry;
}

inline std::string format(const buildinfo& what) {
    std::string text = "guild-buildinfo\t1\npackage\t" + what.name + '\t' + what.version +
                       "\narchive-sha256\t" + what.archive_sha256 + "\ntar-sha256\t" +
                       what.tar_sha256 + '\n';
    for (const auto& tool : what.tools) {
        text += "tool\t" + tool.first + '\t' + tool.second + '\n';
    }
    for (const manifest_entry& entry : what.members) {
        text += detail::format_entry(entry) + '\n';
    }
    return text;
}

inline result<buildinfo> parse_buildinfo(std::string_view text) {
    if (text.empty()) {
        return make_error(errc::truncated, "expected \"guild-buildinfo\" and its version");
    }
    return detail::buildinfo_parser(text).run();
}

}}}  // namespace guild::package

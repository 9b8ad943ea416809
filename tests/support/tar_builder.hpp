// tests/support/tar_builder.hpp - tar archives as an attacker would write them: any header at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <guild/archive/tar_format.hpp>

namespace guild_test {

/// A header with a right checksum, whatever stands in it.
struct raw_header {
    std::string name;
    char kind = '0';
    std::uint64_t size = 0;
    std::string target;
    std::uint32_t mode = 0644;
    std::string prefix;
};

inline void fix_sum(std::string& block) {
    char digits[16] = {};
    std::snprintf(digits, sizeof digits, "%06o", guild::archive::header_sum(block));
    block.replace(148, 8, std::string(digits, 6) + std::string("\0 ", 2));
}

inline std::string raw_block(const raw_header& of) {
    std::string block(512, '\0');
    char number[16] = {};
    block.replace(0, of.name.size(), of.name);
    std::snprintf(number, sizeof number, "%07o", of.mode);
    block.replace(100, 7, number);
    std::snprintf(number, sizeof number, "%011llo", static_cast<unsigned long long>(of.size));
    block.replace(124, 11, number);
    block.replace(136, 11, "00000000000");
    block[156] = of.kind;
    block.replace(157, of.target.size(), of.target);
    block.replace(257, 8, std::string("ustar\00000", 8));
    block.replace(345, of.prefix.size(), of.prefix);
    fix_sum(block);
    return block;
}

inline std::string fill_up(std::string content) {
    content.append((512 - content.size() % 512) % 512, '\0');
    return content;
}

inline std::string end_of_tar() {
    return std::string(1024, '\0');
}

inline std::string tar_file(const std::string& name, const std::string& content = "x",
                            std::uint32_t mode = 0644) {
    raw_header header;
    header.name = name;
    header.size = content.size();
    header.mode = mode;
    return raw_block(header) + fill_up(content);
}

inline std::string tar_directory(const std::string& name, std::uint32_t mode = 0755) {
    raw_header header;
    header.name = name;
    header.kind = '5';
    header.mode = mode;
    return raw_block(header);
}

inline std::string tar_link(char kind, const std::string& name, const std::string& target) {
    raw_header header;
    header.name = name;
    header.kind = kind;
    header.target = target;
    return raw_block(header);
}

inline std::string tar_symlink(const std::string& name, const std::string& target) {
    return tar_link('2', name, target);
}

inline std::string tar_hard_link(const std::string& name, const std::string& target) {
    return tar_link('1', name, target);
}

/// A pax ('x', 'g') or GNU ('L', 'K') member with these bytes.
inline std::string tar_extension(char kind, const std::string& bytes) {
    raw_header header;
    header.name = "././@Extension";
    header.kind = kind;
    header.size = bytes.size();
    return raw_block(header) + fill_up(bytes);
}

/// One hostile archive, and what the error must say.
struct hostile_archive {
    const char* what;
    std::string tar;      // with its end
    std::string message;  // a part of the error's message: the member's name first
};

inline std::vector<hostile_archive> hostile_archives() {
    using std::string;
    const auto pax = [](std::string_view key, std::string_view value) {
        return tar_extension('x', guild::archive::pax_record(key, value));
    };
    const string end = end_of_tar();
    return {
        {"parent directory", tar_file("../evil") + end, "\"../evil\""},
        {"parent directory inside", tar_file("a/../../evil") + end, "\"a/../../evil\""},
        {"parent directory by pax", pax("path", "a/../../evil") + tar_file("a") + end,
         "\"a/../../evil\""},
        {"parent directory by prefix", raw_block({"evil", '0', 0, "", 0644, "../.."}) + end,
         "\"../../evil\""},
        {"absolute", tar_file("/tmp/evil") + end, "\"/tmp/evil\""},
        {"absolute by GNU name",
         tar_extension('L', string("/tmp/evil\0", 10)) + tar_file("a") + end, "\"/tmp/evil\""},
        {"absolute symbolic link", tar_symlink("d", "/tmp") + end, "\"d\""},
        {"symbolic link outside", tar_symlink("d", "../outside") + end, "\"d\""},
        {"symbolic link outside, by a detour",
         tar_directory("a/") + tar_symlink("a/d", "../../outside") + end, "\"a/d\""},
        {"chain of symbolic links",
         tar_directory("a/") + tar_directory("a/b/") + tar_symlink("a/b/up", "../..") +
             tar_symlink("out", "a/b/up/../x") + end,
         "\"out\""},
        {"file through a symbolic link", tar_symlink("d", ".") + tar_file("d/evil") + end,
         "\"d/evil\""},
        {"file over a symbolic link", tar_symlink("d", "x") + tar_file("d") + end, "\"d\""},
        {"directory becomes symbolic link", tar_directory("d/") + tar_symlink("d", "x") + end,
         "\"d\""},
        {"implied directory becomes symbolic link", tar_file("d/a") + tar_symlink("d", "x") + end,
         "\"d\""},
        {"symbolic link becomes directory", tar_symlink("d", "x") + tar_directory("d/") + end,
         "\"d/\""},
        {"links in circles", tar_symlink("a", "b") + tar_symlink("b", "a") + end, "\"a\""},
        {"hard link outside", tar_hard_link("h", "../secret") + end, "\"h\""},
        {"absolute hard link", tar_hard_link("h", "/etc/passwd") + end, "\"h\""},
        {"hard link to nothing of the archive",
         tar_hard_link("h", "later") + tar_file("later") + end, "\"h\""},
        {"hard link to a symbolic link", tar_symlink("s", "x") + tar_hard_link("h", "s") + end,
         "\"h\""},
        {"hard link through a symbolic link",
         tar_symlink("s", ".") + tar_hard_link("h", "s/x") + end, "\"h\""},
        {"hard link with content",
         tar_file("a") + raw_block({"h", '1', 1, "a", 0644, ""}) + fill_up("x") + end, "\"h\""},
        {"character device", raw_block({"null", '3', 0, "", 0644, ""}) + end, "\"null\""},
        {"block device", raw_block({"disk", '4', 0, "", 0644, ""}) + end, "\"disk\""},
        {"FIFO", raw_block({"fifo", '6', 0, "", 0644, ""}) + end, "\"fifo\""},
        {"GNU sparse file", raw_block({"holes", 'S', 0, "", 0644, ""}) + end, "\"holes\""},
        {"pax sparse file", pax("GNU.sparse.major", "1") + tar_file("holes") + end, "sparse"},
        {"unknown kind", raw_block({"odd", 'Z', 0, "", 0644, ""}) + end, "\"odd\""},
        {"newline", tar_file("a\nb") + end, "\"a\\x0Ab\""},
        {"escape character", tar_file("a\x1B[2J") + end, "\"a\\x1B[2J\""},
        {"NUL by pax", pax("path", string("a\0b", 3)) + tar_file("a") + end, "\"a\\x00b\""},
        {"newline in a link's target", tar_symlink("s", "a\nb") + end, "\"s\""},
        {".git", tar_file(".git/hooks/post-checkout", "x", 0755) + end,
         "\".git/hooks/post-checkout\""},
        {".git below, in other case", tar_file("a/.GIT/config") + end, "\"a/.GIT/config\""},
        {"twice the same", tar_file("a") + tar_file("./a") + end, "\"./a\""},
        {"twice but for case", tar_file("README") + tar_file("readme") + end, "\"readme\""},
        {"directories twice but for case", tar_file("A/x") + tar_file("a/y") + end, "\"a/y\""},
        {"beneath a file", tar_file("f") + tar_file("f/x") + end, "\"f/x\""},
        {"the root is a file", tar_file(".") + end, "\".\""},
        {"no name", tar_file("") + end, "\"\""},
        {"one name for all", tar_extension('g', guild::archive::pax_record("path", "x")) + end,
         "pax header"},
        {"a size that is none", pax("size", "1x") + tar_file("a") + end, "size"},
        {"two names", pax("path", "b") + pax("path", "c") + tar_file("a") + end, "twice"},
        {"directory with content", raw_block({"d/", '5', 1, "", 0755, ""}) + fill_up("x") + end,
         "\"d/\""},
    };
}

}  // namespace guild_test

#include <guild/runs/tsv.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using guild::runs::pair_list;
using guild::runs::parse_tsv;
using guild::runs::tsv_file;

TEST_CASE("tsv: every byte string survives escaping") {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(byte);
    }
    for (const std::string& text : {all, std::string(), std::string("\\t"),
                                    std::string("a\tb\nc\\"), std::string("\0\0", 2)}) {
        const std::string escaped = guild::runs::escape_tsv(text);
        CHECK(escaped.find_first_of(std::string("\t\n\0", 3)) == std::string::npos);
        CHECK(guild::runs::unescape_tsv(escaped) == text);
    }
    CHECK(guild::runs::format_tsv_line("a\tb", "c\nd\\") == "a\\tb\tc\\nd\\\\\n");
}

TEST_CASE("tsv: a backslash before another character stays as it is") {
    CHECK(guild::runs::unescape_tsv("C:\\data\\x") == "C:\\data\\x");
    CHECK(guild::runs::unescape_tsv("end\\") == "end\\");
}

TEST_CASE("tsv: the last value of a key wins, at the key's first place") {
    CHECK(parse_tsv("a\t1\nb\t2\na\t3\n") == pair_list{{"a", "3"}, {"b", "2"}});
}

TEST_CASE("tsv: a torn tail and lines with two tabs are ignored") {
    CHECK(parse_tsv("a\t1\nb\t2") == pair_list{{"a", "1"}});
    CHECK(parse_tsv("a\t1\nb\t2\t\t\nc\t3\n") == pair_list{{"a", "1"}, {"c", "3"}});
    CHECK(parse_tsv("no tab\n\tno key\n\t\t\n\n") == pair_list{});
    CHECK(parse_tsv(std::string("a\tx\0y\n", 6)) == pair_list{});
    CHECK(parse_tsv("a\t\n") == pair_list{{"a", ""}});
}

TEST_CASE("tsv file: appends, and goes on where it was left") {
    const guild_test::temp_dir dir;
    for (const char* value : {"1", "2"}) {
        auto file = tsv_file::open(dir / "t.tsv");
        REQUIRE(file);
        REQUIRE(file->append({{"key", value}, {std::string("n") + value, "x"}}));
    }
    const auto text = guild::os::load_file(dir / "t.tsv");
    REQUIRE(text);
    CHECK(*text == "key\t1\nn1\tx\nkey\t2\nn2\tx\n");
}

TEST_CASE("tsv file: a cut line is closed before the next one") {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("t.tsv", "a\t1\nb\tha");
    auto file = tsv_file::open(path);
    REQUIRE(file);
    REQUIRE(file->append({{"c", "3"}}));
    const auto text = guild::os::load_file(path);
    REQUIRE(text);
    CHECK(*text == "a\t1\nb\tha\t\t\nc\t3\n");
    CHECK(parse_tsv(*text) == pair_list{{"a", "1"}, {"c", "3"}});
}

namespace {

int writes_left = 0;

std::int64_t write_a_part(int fd, const void* from, std::size_t size) {
    if (writes_left == 0) {
        return -ENOSPC;
    }
    --writes_left;
    return guild::os::system_env.write(fd, from, size < 5 ? size : 5);
}

}  // namespace

TEST_CASE("tsv file: what a full disk cut is closed once there is room") {
    const guild_test::temp_dir dir;
    guild::os::env full = guild::os::system_env;
    full.write = write_a_part;
    auto file = tsv_file::open(dir / "t.tsv", full);
    REQUIRE(file);
    writes_left = 1;
    const auto failed = file->append({{"first", "value"}});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == guild::errc::no_space);
    writes_left = 100;
    REQUIRE(file->append({{"second", "2"}}));
    const auto text = guild::os::load_file(dir / "t.tsv");
    REQUIRE(text);
    CHECK(parse_tsv(*text) == pair_list{{"second", "2"}});
}

TEST_CASE("tsv: a table has a bounded number of keys, and later values of those count") {
    CHECK(guild::runs::parse_tsv("a\t1\nb\t2\nc\t3\na\t4\n", 2) ==
          guild::runs::pair_list{{"a", "4"}, {"b", "2"}});
}

#include <guild/package/package_index.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "support/package_files.hpp"
#include "support/programs.hpp"
#include "support/temp_dir.hpp"

namespace {

std::uint32_t bad_index_line(const std::string& text) {
    const auto refused = guild::package::parse_index(text);
    REQUIRE_FALSE(refused);
    return refused.error().where.line;
}

}  // namespace

TEST_CASE("index: a directory's packages, from their archives") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir dir;
    for (const char* version : {"1.9", "1.10"}) {
        (void)guild_test::make_package(dir, "foo", version);
    }
    const std::string other = guild_test::make_package(dir, "foo-bar", "1");
    (void)dir.write("renamed-1.pkg.tar.xz", *guild::os::load_file(other));
    (void)dir.write("broken-1.pkg.tar.xz", "x");
    (void)dir.write("notes.txt", "x");
    const auto made = guild::package::make_index(dir.path());
    REQUIRE(made);
    REQUIRE(made->entries.size() == 3);
    CHECK(made->entries[0].file == "foo-1.9.pkg.tar.xz");
    CHECK(made->entries[1].file == "foo-1.10.pkg.tar.xz");
    CHECK(made->entries[2].file == "foo-bar-1.pkg.tar.xz");
    REQUIRE(made->left_out.size() == 2);
    CHECK(made->left_out[0].path == dir / "broken-1.pkg.tar.xz");
    CHECK(made->left_out[1].message == "the package in it is foo-bar 1");
    const auto back = guild::package::parse_index(format(made->entries));
    REQUIRE(back);
    CHECK(format(*back) == format(made->entries));
    CHECK((*back)[2].sha256 == guild::package::get_file_digest(other)->sha256);
    CHECK_FALSE(guild::package::make_index(dir / "none"));
}

TEST_CASE("find entry: the newest of exactly that name") {
    std::vector<guild::package::index_entry> entries;
    for (const char* version : {"1.10", "1.9", "1.10-rc1"}) {
        entries.push_back({"foo", version, "", 0, ""});
    }
    entries.push_back({"foo-bar", "3", "", 0, ""});
    CHECK(guild::package::find_entry(entries, "foo")->version == "1.10");
    CHECK(guild::package::find_entry(entries, "foo-1.9")->version == "1.9");
    CHECK(guild::package::find_entry(entries, "foo-bar")->version == "3");
    CHECK_FALSE(guild::package::find_entry(entries, "foo-1"));
    CHECK_FALSE(guild::package::find_entry({}, "foo"));
}

TEST_CASE("index: a line that is none is refused at its place") {
    const std::string head = "guild-index\t1\n";
    const std::string sum(64, 'a');
    CHECK(guild::package::parse_index(head)->empty());
    CHECK(guild::package::parse_index(head + "a\t1\ta-1.pkg.tar.xz\t5\t" + sum)->size() == 1);
    CHECK(bad_index_line("") == 1);
    CHECK(bad_index_line("<html>\n") == 1);
    CHECK(guild::package::parse_index("guild-index\t2\n").error().code == guild::errc::unsupported);
    CHECK(bad_index_line(head + "a\t1\ta-1.pkg.tar.xz\t5\n") == 2);
    CHECK(bad_index_line(head + "\n") == 2);
    CHECK(bad_index_line(head + "a\t1\t../a-1.pkg.tar.xz\t5\t" + sum + '\n') == 2);
    CHECK(bad_index_line(head + "../a\t1\t../a-1.pkg.tar.xz\t5\t" + sum + '\n') == 2);
    CHECK(bad_index_line(head + "a\t1\ta-1.pkg.tar.xz\t-5\t" + sum + '\n') == 2);
    CHECK(bad_index_line(head + "a\t1\ta-1.pkg.tar.xz\t5\t12\n") == 2);
}

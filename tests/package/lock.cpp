#include <guild/package/lock.hpp>

#include <guild/os/link.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../support/temp_dir.hpp"

namespace package = guild::package;
using guild_test::temp_dir;

namespace {

package::lock_file some_lock() {
    const std::string id(40, 'a');
    return {"n",
            "1",
            std::string(64, 'b'),
            {{"https://github.com/o/r/tree/m/a b=c", "https://github.com/o/r.git", "refs/heads/m",
              "a b=c: d", id, id, std::string(64, 'c')},
             {"n::https://h/x?a=b&c=[d]#e", "https://h/x?a=b&c=[d]", "", "", "", "",
              std::string(64, 'd')}}};
}

void must_fail_lock(const std::string& text, std::uint32_t line, std::uint32_t column,
                    const std::string& message) {
    CAPTURE(text);
    const auto read = package::parse_lock(text, "GuildPkg.lock");
    REQUIRE_FALSE(read);
    CHECK(read.error().message == message);
    CHECK(read.error().where.line == line);
    CHECK(read.error().where.column == column);
}

}  // namespace

TEST_CASE("lock: what is damaged is told at its line and column") {
    must_fail_lock("[source \"x\"\n", 1, 12, "expected `]` at the end of a section header");
    must_fail_lock("[source \"x\"]\ncommit = abc\n", 2, 10,
                   "expected 40 or 64 small hex digits as commit, seen `abc`");
    must_fail_lock("[source \"x\"]\nsha256 = abc\n", 2, 10,
                   "expected 64 small hex digits as sha256, seen `abc`");
    must_fail_lock("[source \"x\"]\nref = -m\n", 2, 7, "expected a ref in full as ref, seen `-m`");
    must_fail_lock("[source \"x\"]\npath = a/../../b\n", 2, 8,
                   "expected a path within the repository as path, seen `a/../../b`");
}

TEST_CASE("lock: what was written is read back") {
    const std::string text = package::format_lock(some_lock());
    const auto read = package::parse_lock(text, "GuildPkg.lock");
    REQUIRE_MESSAGE(read, (read ? "" : to_string(read.error())));
    CHECK(package::format_lock(*read) == text);
    REQUIRE(read->sources.size() == 2);
    CHECK(read->sources[0].path == "a b=c: d");
    CHECK(read->find("n::https://h/x?a=b&c=[d]#e")->url == "https://h/x?a=b&c=[d]");
    CHECK(read->find("other") == nullptr);
    CHECK(package::parse_lock("[source \"x\"]\nnew_field = 1\n[new]\n", "")->sources.size() == 1);
}

TEST_CASE("lock: no file is an empty lock, and one that says the same is not written") {
    const temp_dir at;
    const auto none = package::load_lock(at.path());
    REQUIRE(none);
    CHECK(none->sources.empty());
    REQUIRE(package::save_lock(at.path(), some_lock()));
    const auto before = guild::os::find_status(at / "GuildPkg.lock");
    REQUIRE(package::save_lock(at.path(), some_lock()));
    CHECK(guild::os::find_status(at / "GuildPkg.lock")->inode == before->inode);
    CHECK(package::load_lock(at.path())->tar_sha256 == std::string(64, 'b'));
}

TEST_CASE("lock: differences are told by source and field") {
    package::lock_file other = some_lock();
    CHECK(package::list_differences(other, other).empty());
    other.version = "2";
    other.sources[1].text = "y";
    other.sources[0].commit = "";
    CHECK(package::list_differences(some_lock(), other) ==
          std::vector<std::string>{
              "version: 1 -> 2", "n::https://h/x?a=b&c=[d]#e: is gone",
              "https://github.com/o/r/tree/m/a b=c commit: " + std::string(40, 'a') + " -> (none)",
              "y: is new"});
}

TEST_CASE("lock: a link is neither read nor written through") {
    const temp_dir at;
    (void)at.write("mine", "[user]\nname = x\n");
    REQUIRE(guild::os::make_directories(at / "p"));
    REQUIRE(guild::os::make_link(at / "mine", at / "p/GuildPkg.lock"));
    CHECK(package::load_lock(at / "p").error().code == guild::errc::bad_value);
    CHECK(package::save_lock(at / "p", some_lock()).error().code == guild::errc::bad_value);
    CHECK(*guild::os::load_file(at / "mine") == "[user]\nname = x\n");
}

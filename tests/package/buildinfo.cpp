#include <guild/package/buildinfo.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace {

namespace info_package = guild::package;

info_package::buildinfo sample_buildinfo() {
    info_package::buildinfo what;
    what.name = "mnist-tutorial-src";
    what.version = "1";
    what.archive_sha256 = std::string(64, 'a');
    what.tar_sha256 = std::string(64, 'b');
    what.tools = {{"xz", "(XZ Utils) 5.4.1"}};
    info_package::manifest_entry directory;
    directory.kind = guild::archive::member_kind::directory;
    directory.mode = 0755;
    directory.name = "./";
    info_package::manifest_entry file;
    file.mode = 0644;
    file.size = 12;
    file.sha256 = std::string(64, 'c');
    file.name = "./.GuildPkg";
    info_package::manifest_entry link;
    link.kind = guild::archive::member_kind::symlink;
    link.mode = 0777;
    link.name = "./link";
    link.target = "a b";
    what.members = {directory, file, link};
    return what;
}

std::string sample_text() {
    return "guild-buildinfo\t1\npackage\tmnist-tutorial-src\t1\narchive-sha256\t" +
           std::string(64, 'a') + "\ntar-sha256\t" + std::string(64, 'b') +
           "\ntool\txz\t(XZ Utils) 5.4.1\ndirectory\t0755\t./\nfile\t0644\t12\t" +
           std::string(64, 'c') + "\t./.GuildPkg\nlink\t./link\ta b\n";
}

std::uint32_t bad_line(const std::string& text) {
    const auto refused = info_package::parse_buildinfo(text);
    REQUIRE_FALSE(refused);
    return refused.error().where.line;
}

}  // namespace

TEST_CASE("buildinfo: its text, line by line") {
    CHECK(format(sample_buildinfo()) == sample_text());
}

TEST_CASE("buildinfo: text gives the values back") {
    const auto back = info_package::parse_buildinfo(sample_text() + "later\tsomething new\n");
    REQUIRE(back);
    CHECK(format(*back) == sample_text());
    CHECK(back->members == sample_buildinfo().members);
}

TEST_CASE("buildinfo: what is no buildinfo is refused at its line") {
    CHECK(bad_line("other\n") == 1);
    CHECK(info_package::parse_buildinfo("guild-buildinfo\t2\n").error().code ==
          guild::errc::unsupported);
    CHECK_FALSE(info_package::parse_buildinfo(""));
    CHECK(bad_line("guild-buildinfo\t1\n") == 2);
    CHECK(bad_line("guild-buildinfo\t1\npackage\ta\n") == 2);
    CHECK(bad_line("guild-buildinfo\t1\ntar-sha256\t123\n") == 2);
    CHECK(bad_line("guild-buildinfo\t1\n\nfile\t0644\t1\n") == 3);
    CHECK(bad_line("guild-buildinfo\t1\nfile\t0644\t-1\t" + std::string(64, 'c') + "\tx\n") == 2);
    CHECK(bad_line("guild-buildinfo\t1\ndirectory\t9755\t./\n") == 2);
    CHECK(bad_line("guild-buildinfo\t1\npackage\ta\t1") == 2);
}

TEST_CASE("buildinfo: names of the files of a package") {
    CHECK(info_package::archive_name("a-src", "1.2") == "a-src-1.2.pkg.tar.xz");
    CHECK(info_package::buildinfo_name("a-src", "1.2") == "a-src-1.2.buildinfo");
}

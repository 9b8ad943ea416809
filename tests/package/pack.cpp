#include <guild/package/pack.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <guild/base/text.hpp>
#include <guild/package/archive_file.hpp>
#include <guild/package/file_digest.hpp>

#include "support/faulty_disk.hpp"
#include "support/package_files.hpp"
#include "support/programs.hpp"
#include "support/temp_dir.hpp"

namespace {

std::string members_of_archive(const std::string& path) {
    auto opened = guild::package::archive_file::open(path);
    REQUIRE(opened);
    std::string names;
    while (true) {
        const auto next = opened->reader().next();
        REQUIRE(next);
        if (!*next) {
            return names;
        }
        names += (*next)->name + ' ';
    }
}

std::size_t count_files(const std::string& directory) {
    return guild::os::list_directory(directory)->size();
}

}  // namespace

TEST_CASE("pack: an empty package holds ./ and ./.GuildPkg alone") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir dir;
    const auto done = guild::package::pack(guild_test::package_request(dir, "empty-src", "1"));
    REQUIRE(done);
    CHECK(done->archive_path == dir / "empty-src-1.pkg.tar.xz");
    CHECK(done->buildinfo_path == dir / "empty-src-1.buildinfo");
    CHECK(done->members == 2);
    CHECK(done->tar_bytes == 10240);
    CHECK(members_of_archive(done->archive_path) == "./ ./.GuildPkg ");
    const auto digest = guild::package::get_file_digest(done->archive_path);
    CHECK(done->archive_sha256 == digest->sha256);
    CHECK(done->archive_bytes == digest->size);
    CHECK(count_files(dir.path()) == 3);
    if (guild_test::has_program("tar")) {
        CHECK(guild_test::output_of({"tar", "tf", done->archive_path}) == "./\n./.GuildPkg\n");
    }
}

TEST_CASE("pack: the definition stands where its name belongs") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir dir;
    const std::string path = guild_test::make_package(
        dir, "a", "1", {{"-first", "x"}, {".B", "x"}, {".a/b", "x"}, {"z", "x"}});
    CHECK(members_of_archive(path).find("./ ./-first") == 0);
}

TEST_CASE("pack: times, modes and places of the input are not in the output") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir first;
    const guild_test::temp_dir second;
    auto one = guild_test::package_request(first, "same", "1", {{"b", "x"}, {"d/a", "y"}});
    auto two = guild_test::package_request(second, "same", "1", {{"d/a", "y"}, {"b", "x"}});
    REQUIRE(guild::os::make_directories(second / "a/much/longer/place"));
    two.directory = second / "a/much/longer/place";
    REQUIRE(::chmod((two.pkgdir + "/b").c_str(), 0600) == 0);
    REQUIRE(::chmod((two.pkgdir + "/d").c_str(), 0700) == 0);
    timespec times[2] = {{1'000'000, 0}, {1'000'000, 0}};
    REQUIRE(::utimensat(AT_FDCWD, (two.pkgdir + "/b").c_str(), times, 0) == 0);
    const auto done_one = guild::package::pack(one);
    const auto done_two = guild::package::pack(two);
    REQUIRE(done_one);
    REQUIRE(done_two);
    CHECK(done_one->tar_sha256 == done_two->tar_sha256);
    CHECK(done_one->archive_sha256 == done_two->archive_sha256);
    CHECK(*guild::os::load_file(done_one->buildinfo_path) ==
          *guild::os::load_file(done_two->buildinfo_path));
    const std::string info = *guild::os::load_file(done_two->buildinfo_path);
    CHECK_FALSE(guild::contains(info, second.path()));
    two.time_s += 1;
    CHECK(guild::package::pack(two)->tar_sha256 != done_one->tar_sha256);
}

TEST_CASE("pack: what may not be packed is an error that names the file") {
    const guild_test::temp_dir dir;
    const auto request = guild_test::package_request(dir, "bad", "1");
    const auto must_refuse = [&](const std::string& file) {
        const auto refused = guild::package::pack(request);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().path == request.pkgdir + '/' + file);
        REQUIRE(guild::os::remove_tree(request.pkgdir + '/' + file));
        CHECK(count_files(dir.path()) == 1);
    };
    REQUIRE(::mkfifo((request.pkgdir + "/fifo").c_str(), 0600) == 0);
    must_refuse("fifo");
    (void)dir.write("making/bad-1/pkg/new\nline", "x");
    must_refuse("new\nline");
    (void)dir.write("making/bad-1/pkg/.GuildPkg", "x");
    must_refuse(".GuildPkg");
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (request.pkgdir + "/s").copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::close(fd) == 0);
    must_refuse("s");
    REQUIRE(::symlink("/etc/passwd", (request.pkgdir + "/link").c_str()) == 0);
    CHECK(guild::package::pack(request).error().message.find("\"link\"") != std::string::npos);
}

TEST_CASE("pack: names that lead elsewhere are refused, missing input is named") {
    const guild_test::temp_dir dir;
    auto request = guild_test::package_request(dir, "good", "1");
    request.version = "../1";
    CHECK(guild::package::pack(request).error().code == guild::errc::bad_value);
    request.version = "1";
    request.guildpkg_path = dir / "none";
    CHECK(guild::package::pack(request).error().path == dir / "none");
    request.pkgdir = dir / "neither";
    CHECK(guild::package::pack(request).error().path == dir / "neither");
}

TEST_CASE("pack: a disk that fills up leaves the former archive as it was") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir dir;
    const std::string path = guild_test::make_package(dir, "full", "1");
    const auto before = guild::package::get_file_digest(path);
    const auto request = guild_test::package_request(dir, "full", "1", {{"more", "x"}});
    // In order: making the new file, writing it, syncing it; making the buildinfo, and so on.
    for (const std::int64_t calls : {0, 1, 2, 3, 4, 5}) {
        guild::os::env system = guild_test::faulty_env();
        system.write = [](int fd, const void* from, std::size_t size) -> std::int64_t {
            return guild_test::call_fails() ? -ENOSPC : guild::os::system_env.write(fd, from, size);
        };
        guild_test::plan.calls_left = calls;
        guild_test::plan.failures = 1000;
        guild_test::plan.code = ENOSPC;
        const auto failed = guild::package::pack(request, system);
        guild_test::plan = {};
        CAPTURE(calls);
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == guild::errc::no_space);
        CHECK(guild::package::get_file_digest(path)->sha256 == before->sha256);
        CHECK(count_files(dir.path()) == 3);
    }
}

TEST_CASE("pack: is stopped where that is asked for, and leaves the former archive as it was") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const guild_test::temp_dir dir;
    const std::string archive = guild_test::make_package(dir, "a", "1", {{"old", "x"}});
    const auto before = guild::package::get_file_digest(archive);
    REQUIRE(before);
    auto request = guild_test::package_request(dir, "a", "1");
    (void)dir.write("making/a-1/pkg/new", std::string(1'000'000, 'x'));
    int asked = 0;
    request.is_stopped = [&asked] { return ++asked > 3; };
    const std::size_t files = count_files(dir.path());
    const auto stopped = guild::package::pack(request);
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code == guild::errc::interrupted);
    CHECK(asked == 4);
    CHECK(guild::package::get_file_digest(archive)->sha256 == before->sha256);
    CHECK(count_files(dir.path()) == files);
}

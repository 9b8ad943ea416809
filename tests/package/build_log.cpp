#include <guild/package/build_log.hpp>

#include <string>

#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using guild::package::build_log;
using guild_test::temp_dir;

namespace {

// What a log of these limits keeps of `pieces` pieces of `bytes` bytes each, numbered.
std::string keep_of_log(int pieces, std::size_t bytes) {
    const temp_dir dir;
    auto log = build_log::open(dir / "log", {10, 6});
    REQUIRE(log);
    for (int i = 0; i < pieces; ++i) {
        log->append(std::string(bytes, static_cast<char>('a' + i % 26)));
    }
    REQUIRE(log->finish());
    return guild::os::load_file(dir / "log").value_or("missing");
}

}  // namespace

TEST_CASE("build log: little output is kept as it is") {
    CHECK(keep_of_log(0, 1).empty());
    CHECK(keep_of_log(5, 2) == "aabbccddee");
    CHECK(keep_of_log(4, 4) == "aaaabbbbccccdddd");
}

TEST_CASE("build log: of much output the beginning and the end stay") {
    CHECK(keep_of_log(26, 4) ==
          "aaaabbbbcc\n[guild: 88 bytes of output are left out here]\nyyzzzz");
    CHECK(keep_of_log(1, 1000) ==
          "aaaaaaaaaa\n[guild: 984 bytes of output are left out here]\naaaaaa");
}

TEST_CASE("build log: a log that cannot be made is an error, one that was never opened is quiet") {
    const auto log = build_log::open("/nonexistent/log");
    REQUIRE_FALSE(log);
    CHECK(log.error().code == guild::errc::not_found);
    build_log unopened;
    unopened.append("text");
    CHECK(unopened.finish());
}

TEST_CASE("build log: a full disk is told at the end") {
    auto log = build_log::open("/dev/full", {10, 6});
    if (!log) {
        return;  // a system without that device
    }
    log->append("12345");
    log->append("678901234567890");
    const auto finished = log->finish();
    REQUIRE_FALSE(finished);
    CHECK(finished.error().code == guild::errc::no_space);
}

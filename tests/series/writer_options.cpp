#include <guild/series/writer_options.hpp>

#include <set>

#include <doctest/doctest.h>

namespace gs = guild::series;

TEST_CASE("file name: start, process, machine and serial") {
    gs::writer_options options;
    options.host = "node/1";
    options.pid = 77;
    CHECK(gs::series_file_name(1'700'000'000'000'000, options, 1) ==
          "1700000000000000000-77-node_1.gts");
    CHECK(gs::series_file_name(1'700'000'000'000'000, options, 2) ==
          "1700000000000000000-77-node_1-2.gts");
}

TEST_CASE("make_uuid: no two are the same, also where there is no random source") {
    std::set<gs::uuid> seen;
    guild::os::env blind = guild::os::system_env;
    blind.open = [](const char*, int, unsigned) { return -2; };
    static std::int64_t now = 0;
    blind.boot_time_us = [] { return ++now; };
    for (int i = 0; i < 100; ++i) {
        CHECK(seen.insert(gs::make_uuid(guild::os::system_env)).second);
        CHECK(seen.insert(gs::make_uuid(blind)).second);
    }
}

TEST_CASE("make_header: of one writer's files each starts after the one before") {
    guild::os::env still = guild::os::system_env;
    still.wall_time_us = [] { return std::int64_t{1'700'000'000'000'000}; };
    still.boot_time_us = [] { return std::int64_t{500}; };
    const gs::file_header first = gs::make_header({}, {}, still);
    const gs::file_header second = gs::make_header({}, first, still);
    const gs::file_header third = gs::make_header({}, second, still);
    CHECK(first.start_boot_us == 500);
    CHECK(second.start_boot_us == 501);
    CHECK(third.start_wall_us == 1'700'000'000'000'002);
    CHECK(first.id != second.id);
}

TEST_CASE("make_header: tells attempt and rank of the writer") {
    gs::writer_options options;
    CHECK_FALSE(gs::make_header(options, {}, guild::os::system_env).rank);
    options.attempt = 2;
    options.rank = 7;
    CHECK(gs::make_header(options, {}, guild::os::system_env).attempt == 2);
    CHECK(gs::make_header(options, {}, guild::os::system_env).rank == 7U);
}

// Directories that vanish, disks that fill, limits, clocks and neighbours: the system itself, where
// it can be made to misbehave.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#endif

#include <doctest/doctest.h>

#include <guild/runs/layout.hpp>
#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>
#include <support/child_program.hpp>
#include <support/faulty_disk.hpp>
#include <support/series_pattern.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;

namespace {

gs::writer_options hostile_options(gs::sync_policy sync = gs::sync_policy::none) {
    gs::writer_options options;
    options.sync = sync;
    options.flush_interval_ms = -1;
    return options;
}

double hostile_value(std::int64_t step) {
    return static_cast<double>(step) * 0.1;
}

// Logs the next points of "x", each with its flush.
struct step_logger {
    gs::writer& writer;
    std::int64_t step = 0;

    void log(std::int64_t points) {
        const auto x = writer.series("x");
        for (std::int64_t end = step + points; step < end; ++step) {
            writer.append_one(step, step, x, hostile_value(step));
            (void)writer.flush();
        }
    }
};

// How many points of "x" there are; -1 if they are not the first ones that were logged.
std::int64_t steps_in(const std::string& directory, const os::env& system = os::system_env) {
    gs::run_reader reader(directory, system);
    std::int64_t step = 0;
    for (const gs::point& one : reader.points("x")) {
        if (one.step != step || one.value != gs::number(hostile_value(step))) {
            return -1;
        }
        ++step;
    }
    return step;
}

bool rename_path(const std::string& from, const std::string& to) {
    return os::system_env.rename(from.c_str(), to.c_str()) == 0;
}

// Makes a directory that nothing can be added to, also by root; false where that cannot be done.
bool freeze(const std::string& directory, bool on) {
    if (::geteuid() != 0) {
        return ::chmod(directory.c_str(), on ? 0555 : 0755) == 0;
    }
#if defined(FS_IOC_SETFLAGS)
    const auto opened = os::open_file(directory, os::open_mode::read);
    int flags = 0;
    if (!opened || ::ioctl(opened->fd(), FS_IOC_GETFLAGS, &flags) != 0) {
        return false;
    }
    flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
    return ::ioctl(opened->fd(), FS_IOC_SETFLAGS, &flags) == 0;
#else
    return false;
#endif
}

// A small file system of its own at `path`, seen by this process alone.
bool mount_small(const std::string& path, const std::string& options) {
#if defined(__linux__)
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("tmpfs", path.c_str(), "tmpfs", 0, options.c_str()) == 0;
#else
    (void)path;
    (void)options;
    return false;
#endif
}

constexpr int no_mount = 77;

// As a shell gives it: 128 and more are signals.
int shell_status(const os::run_result& ran) {
    return os::shell_code(ran.status);
}

}  // namespace

TEST_CASE(
    "hostile disk: a deleted directory costs nobody anything, and a new one gets all points") {
    const guild_test::temp_dir dir;
    auto writer = gs::writer::create(dir / "run/series", hostile_options());
    REQUIRE(writer);
    step_logger logger{*writer};
    logger.log(10);
    gs::run_reader live(dir / "run/series");
    REQUIRE(os::remove_tree(dir / "run"));
    logger.log(10);
    CHECK(writer->errors() == 0);
    CHECK(live.refresh());
    CHECK(live.points("x").size() == 20);  // who has the file open sees it grow
    REQUIRE(writer->move_to(dir / "run/series"));
    logger.log(10);
    REQUIRE(writer->close());
    CHECK(steps_in(dir / "run/series") == 30);
}

TEST_CASE("hostile disk: a directory that a file has replaced is an error, and later is not") {
    const guild_test::temp_dir dir;
    auto writer = gs::writer::create(dir / "series", hostile_options());
    REQUIRE(writer);
    step_logger logger{*writer};
    logger.log(5);
    REQUIRE(os::remove_tree(dir / "series"));
    const std::string in_the_way = dir.write("series", "a file");
    logger.log(5);
    const auto moved = writer->move_to(dir / "series");
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code == guild::errc::not_a_directory);
    logger.log(5);
    CHECK(writer->errors() == 0);
    REQUIRE(os::system_env.unlink(in_the_way.c_str()) == 0);
    REQUIRE(writer->move_to(dir / "series"));
    REQUIRE(writer->close());
    CHECK(steps_in(dir / "series") == 15);
}

TEST_CASE("hostile disk: a directory that is moved while writing goes on elsewhere") {
    const guild_test::temp_dir dir;
    auto writer = gs::writer::create(dir / "a/series", hostile_options(gs::sync_policy::every));
    REQUIRE(writer);
    step_logger logger{*writer};
    logger.log(5);
    REQUIRE(rename_path(dir / "a", dir / "b"));
    logger.log(5);
    CHECK(steps_in(dir / "b/series") == 10);
    CHECK(writer->errors() == 0);
    REQUIRE(writer->close());
    CHECK(steps_in(dir / "b/series") == 10);
    CHECK_FALSE(os::is_directory(dir / "a"));
}

TEST_CASE("hostile disk: a sync that fails after the directory was moved loses nothing") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    auto writer =
        gs::writer::create(dir / "a/series", hostile_options(gs::sync_policy::every), system);
    REQUIRE(writer);
    step_logger logger{*writer};
    logger.log(5);
    REQUIRE(rename_path(dir / "a", dir / "b"));
    guild_test::plan.calls_left = 1;  // the sync of the next point
    logger.log(5);
    REQUIRE(writer->close());
    // The writer knows the old name alone: what was synced is in one place, the rest in the other.
    CHECK(steps_in(dir / "b/series") >= 5);
    gs::run_reader rest(dir / "a/series");
    const auto points = rest.points("x");
    REQUIRE_FALSE(points.empty());
    CHECK(points.back().step == 9);
    CHECK(points.front().step <= 5);
}

TEST_CASE("hostile disk: nothing can be made in a directory: points stay, and go on afterwards") {
    const guild_test::temp_dir dir;
    const std::string series = dir / "series";
    const os::env system = guild_test::faulty_env();
    auto writer = gs::writer::create(series, hostile_options(gs::sync_policy::every), system);
    REQUIRE(writer);
    step_logger logger{*writer};
    logger.log(5);
    if (!freeze(series, true)) {
        MESSAGE("skipped: the file system of " << dir.path() << " knows no immutable directory");
        return;
    }
    const auto refused = gs::writer::create(series, hostile_options());
    guild_test::plan.calls_left = 1;  // the next sync: a new file is due, and cannot be made
    logger.log(5);
    const std::uint64_t errors = writer->errors();
    const std::int64_t seen = steps_in(series);
    const bool was_thawed = freeze(series, false);
    REQUIRE(was_thawed);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == guild::errc::permission_denied);
    CHECK(errors > 0);
    CHECK(seen >= 6);  // the file is not touched again, and what is in it stays
    logger.log(5);
    CHECK(steps_in(series) == 15);
    REQUIRE(writer->close());
    CHECK(writer->points_dropped() == 0);
}

TEST_CASE("hostile disk: a file system that is really full, and then is not") {
    const guild_test::temp_dir dir;
    const int code = guild_test::run_in_copy([&] {
        if (!mount_small(dir.path(), "size=128k")) {
            return no_mount;
        }
        (void)os::save_file(dir / "ballast", std::string(std::size_t{40} << 10U, 'x'));
        auto writer = gs::writer::create(dir / "series", hostile_options(gs::sync_policy::every));
        if (!writer) {
            return 1;
        }
        step_logger logger{*writer};
        logger.log(2000);
        const std::int64_t seen = steps_in(dir / "series");
        if (!writer->last_error() || writer->last_error()->code != guild::errc::no_space) {
            return 2;
        }
        if (seen < 100 || seen >= 2000) {
            return 3;
        }
        (void)os::system_env.unlink((dir / "ballast").c_str());
        (void)writer->flush();
        if (steps_in(dir / "series") <= seen) {
            return 4;
        }
        return writer->points_dropped() == 0 ? 0 : 5;
    });
    if (code == no_mount) {
        MESSAGE("skipped: mounting a file system is not permitted");
        return;
    }
    CHECK(code == 0);
}

TEST_CASE("hostile disk: a read-only file system is an error with its name") {
    const guild_test::temp_dir dir;
    const int code = guild_test::run_in_copy([&] {
        if (!mount_small(dir.path(), "size=128k,ro")) {
            return no_mount;
        }
        const auto writer = gs::writer::create(dir / "series", hostile_options());
        return !writer && writer.error().code == guild::errc::read_only ? 0 : 1;
    });
    if (code == no_mount) {
        MESSAGE("skipped: mounting a file system is not permitted");
        return;
    }
    CHECK(code == 0);
}

TEST_CASE("hostile disk: a limit on the size of files delays points, when its signal is ignored") {
    const guild_test::temp_dir dir;
    const auto ran = guild_test::must_run(
        guild_test::child_options("series_limited", {dir / "series", "ignore", "20000"}));
    CHECK(shell_status(ran) == 0);
    CHECK(steps_in(dir / "series") == 20'000);
}

TEST_CASE("hostile disk: the signal of that limit kills a program as it kills any; points stay") {
    const guild_test::temp_dir dir;
    const auto ran = guild_test::must_run(
        guild_test::child_options("series_limited", {dir / "series", "default", "20000"}));
    CHECK(shell_status(ran) == 128 + SIGXFSZ);
    CHECK(steps_in(dir / "series") > 500);
}

TEST_CASE("hostile disk: a training program with a recorder outlives that limit") {
    const guild_test::temp_dir dir;
    const auto run = guild::runs::create_run_directory(dir.path(), "test", 0);
    REQUIRE(run);
    const auto ran = guild_test::must_run(
        guild_test::child_options("series_limited", {*run, "recorder", "20000"}));
    CHECK(shell_status(ran) == 0);
    CHECK(steps_in(guild::runs::data_path(*run, guild::runs::series_directory)) == 20'000);
}

TEST_CASE("hostile disk: and a disk that is full") {
    const guild_test::temp_dir dir;
    const int code = guild_test::run_in_copy([&] {
        if (!mount_small(dir.path(), "size=64k")) {
            return no_mount;
        }
        const auto run = guild::runs::create_run_directory(dir.path(), "test", 0);
        const auto ran = run ? os::run(guild_test::child_options("recorded", {"full", *run}))
                             : guild::result<os::run_result>(run.error());
        return ran ? shell_status(*ran) : 1;
    });
    if (code == no_mount) {
        MESSAGE("skipped: mounting a file system is not permitted");
        return;
    }
    CHECK(code == 0);
}

TEST_CASE("hostile disk: and a limit that has no room for a header") {
    const guild_test::temp_dir dir;
    const auto run = guild::runs::create_run_directory(dir.path(), "test", 0);
    REQUIRE(run);
    const auto ran =
        guild_test::must_run(guild_test::child_options("series_limited", {*run, "recorder", "50"}));
    CHECK(shell_status(ran) < 128);
}

TEST_CASE("hostile disk: sixty-four processes in one run are all read back") {
    const guild_test::temp_dir dir;
    constexpr std::int64_t processes = 64;
    constexpr std::int64_t frames = 400;
    std::vector<os::child> children;
    for (std::int64_t i = 0; i < processes; ++i) {
        children.push_back(guild_test::must_start(guild_test::child_options(
            "series_log", {dir.path(), std::to_string(i), "4", std::to_string(frames)})));
    }
    gs::run_reader reader(dir.path());
    for (auto& child : children) {
        (void)reader.refresh();
        const auto ended = child.wait();
        REQUIRE(ended);
        CHECK(ended->success());
    }
    REQUIRE(reader.refresh());
    CHECK(reader.is_closed());
    CHECK(reader.files().size() == 64);
    CHECK(reader.bytes_lost() == 0);
    const auto summaries = reader.summaries();
    CHECK(summaries.size() == 64 * guild_test::pattern_keys);
    std::map<std::pair<std::int64_t, std::int64_t>, int> found;  // writer and series
    for (const gs::series_summary& one : summaries) {
        const auto points = reader.points(one.key);
        const std::int64_t series = one.key.at(1) - '0';
        REQUIRE_FALSE(points.empty());
        const std::int64_t writer = points[0].time_us - points[0].step * 13;
        const auto expected =
            static_cast<std::size_t>(frames - series * guild_test::frames_per_key);
        const bool is_right =
            points.size() == expected && guild_test::is_pattern(points, writer, series);
        CHECK(is_right);
        ++found[{writer, series}];
    }
    CHECK(found.size() == summaries.size());
}

namespace {

std::int64_t wall_now_us = 0;
std::int64_t boot_now_us = 0;

os::env jumping_clock(std::int64_t wall_us, std::int64_t boot_us) {
    wall_now_us = wall_us;
    boot_now_us = boot_us;
    os::env system = os::system_env;
    system.wall_time_us = [] { return wall_now_us; };
    system.boot_time_us = [] { return boot_now_us; };
    return system;
}

}  // namespace

TEST_CASE("hostile disk: a wall clock that jumps does not bend a curve") {
    const guild_test::temp_dir dir;
    const os::env system = jumping_clock(1'700'000'000'000'000, 1'000'000);
    auto writer = gs::writer::create(dir.path(), hostile_options(), system);
    REQUIRE(writer);
    const auto x = writer->series("x");
    std::vector<std::int64_t> times;
    for (std::int64_t step = 0; step < 10; ++step) {
        boot_now_us += 250'000;
        wall_now_us += step % 3 == 0 ? -7'200'000'000 : 3'600'000'000;
        times.push_back(writer->now_us());
        writer->append_one(step, times.back(), x, 0.5);
        REQUIRE(writer->flush());
    }
    REQUIRE(writer->close());
    gs::run_reader reader(dir.path());
    const auto points = reader.points("x");
    REQUIRE(points.size() == 10);
    for (std::size_t i = 0; i < points.size(); ++i) {
        CHECK(points[i].step == static_cast<std::int64_t>(i));
        CHECK(points[i].time_us ==
              1'700'000'000'000'000 + 250'000 * static_cast<std::int64_t>(i + 1));
    }
}

TEST_CASE("hostile disk: a resumed run after the clock went back takes no series from the first") {
    const guild_test::temp_dir dir;
    const os::env system = jumping_clock(1'700'000'000'000'000, 1'000'000);
    auto first = gs::writer::create(dir.path(), hostile_options(), system);
    REQUIRE(first);
    first->append_one(1, 1, first->series("loss"), 1.0);
    REQUIRE(first->close());
    gs::run_reader live(dir.path());
    CHECK(live.points("loss").size() == 1);
    wall_now_us -= 3'600'000'000;
    gs::writer_options resumed = hostile_options();
    resumed.attempt = 1;
    auto again = gs::writer::create(dir.path(), resumed, system);
    REQUIRE(again);
    again->append_one(1, 1, again->series("loss"), 2.0);
    REQUIRE(again->close());
    REQUIRE(live.refresh());
    CHECK(live.points("loss") == std::vector<gs::point>{{1, 1, 1.0}});
    CHECK(live.points("loss @attempt1") == std::vector<gs::point>{{1, 1, 2.0}});
}

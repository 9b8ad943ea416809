#include <guild/runs/recorder.hpp>

#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/runs/catalog.hpp>
#include <guild/runs/run.hpp>

#include <doctest/doctest.h>
#include <support/allocations.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

// The thread sanitizer forbids a child of a program with threads to start one.
#if defined(__SANITIZE_THREAD__)
constexpr bool is_thread_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr bool is_thread_sanitized = true;
#else
constexpr bool is_thread_sanitized = false;
#endif
#else
constexpr bool is_thread_sanitized = false;
#endif

// A run directory that RUNDIR names for one test.
class inside_run {
public:
    inside_run() {
        auto made = create_run_directory(dir / "runs", "test", 0);
        REQUIRE(made);
        path = *made;
        REQUIRE(::setenv("RUNDIR", path.c_str(), 1) == 0);
    }
    inside_run(const inside_run&) = delete;
    inside_run& operator=(const inside_run&) = delete;
    ~inside_run() { ::unsetenv("RUNDIR"); }

    [[nodiscard]] std::vector<guild::series::point> points(const std::string& key) const {
        auto found = run::open(path);
        REQUIRE(found);
        return found->series().points(key);
    }

    guild_test::temp_dir dir;
    std::string path;
};

std::atomic<bool> is_stuck{false};
std::atomic<int> allowed_bytes{0};

std::int64_t stuck_pwrite(int fd, const void* from, std::size_t size, std::int64_t offset) {
    while (is_stuck) {
        ::usleep(1000);
    }
    return os::system_env.pwrite(fd, from, size, offset);
}
std::int64_t stuck_write(int fd, const void* from, std::size_t size) {
    while (is_stuck) {
        ::usleep(1000);
    }
    return os::system_env.write(fd, from, size);
}
os::env stuck_env() {
    os::env system = os::system_env;
    system.pwrite = stuck_pwrite;
    system.write = stuck_write;
    return system;
}
const os::env stuck_system = stuck_env();

// Of the thread that asks.
thread_local int clock_calls = 0;

std::int64_t counting_boot_time() {
    ++clock_calls;
    return os::system_env.boot_time_us();
}
os::env counting_env() {
    os::env system = os::system_env;
    system.boot_time_us = counting_boot_time;
    return system;
}
const os::env counting_system = counting_env();

std::int64_t full_pwrite(int fd, const void* from, std::size_t size, std::int64_t offset) {
    return allowed_bytes > 0 ? os::system_env.pwrite(fd, from, size, offset) : -ENOSPC;
}
std::int64_t full_write(int fd, const void* from, std::size_t size) {
    return allowed_bytes > 0 ? os::system_env.write(fd, from, size) : -ENOSPC;
}
os::env full_env() {
    os::env system = os::system_env;
    system.pwrite = full_pwrite;
    system.write = full_write;
    return system;
}
const os::env full_system = full_env();

}  // namespace

TEST_CASE("recorder: does nothing outside a run") {
    ::unsetenv("RUNDIR");
    recorder run = recorder::current();
    CHECK_FALSE(run.is_active());
    const series_id loss = run.series("loss");
    run.log(1, {{loss, 0.5}});
    CHECK_FALSE(run.flush());
    CHECK(run.finish());
    CHECK(run.dropped() == 0);
    REQUIRE(run.last_error());
    CHECK(run.last_error()->code == guild::errc::not_found);

    const guild_test::temp_dir dir;  // a directory that is no run
    ::setenv("RUNDIR", dir.path().c_str(), 1);
    CHECK_FALSE(recorder::current().is_active());
    CHECK_FALSE(os::is_directory(dir / "guild.d"));
    ::unsetenv("RUNDIR");
}

TEST_CASE("recorder: joins the run that RUNDIR names") {
    const inside_run here;
    {
        recorder run = recorder::current();
        REQUIRE(run.is_active());
        CHECK(run.run_directory() == here.path);
        const series_id loss = run.series("train/loss");
        const series_id count = run.series("count");
        CHECK(run.series("train/loss").number == loss.number);
        for (int step = 0; step < 1000; ++step) {
            run.log(step, {{loss, 1.0 / (step + 1)}, {count, step}});
        }
        REQUIRE(run.flush());
        CHECK(here.points("train/loss").size() == 1000);  // others can read it already
        run.log(1000, {{loss, 0.0F}});
    }
    const auto loss = here.points("train/loss");
    REQUIRE(loss.size() == 1001);
    CHECK(loss[3].value.as_double() == 0.25);
    CHECK(loss[1000].step == 1000);
    CHECK(loss[1000].time_us >= loss[0].time_us);
    const auto count = here.points("count");
    REQUIRE(count.size() == 1000);
    CHECK(count[999].value.is_integer());
}

TEST_CASE("recorder: in an evaluation joins the run of EVALDIR and leaves RUNDIR alone") {
    const inside_run evaluated;
    const guild_test::temp_dir dir;
    const auto own = create_run_directory(dir.path(), "evaluate", 0);
    REQUIRE(own);
    ::setenv("EVALDIR", own->c_str(), 1);
    {
        recorder run = recorder::current();
        CHECK(run.run_directory() == *own);
        run.log(1, {{run.series("accuracy"), 0.5}});
    }
    ::unsetenv("EVALDIR");
    CHECK(guild::series::run_reader(data_path(*own, series_directory)).points("accuracy").size() ==
          1);
    CHECK(evaluated.points("accuracy").empty());
}

TEST_CASE("recorder: more values in one call than a slot holds are all kept") {
    const inside_run here;
    recorder run = recorder::current();
    std::vector<logged_value> values;
    for (int i = 0; i < 21; ++i) {
        values.push_back({run.series("v" + std::to_string(i)), i});
    }
    run.log(5, values.data(), values.size());
    REQUIRE(run.flush());
    for (int i = 0; i < 21; ++i) {
        const auto points = here.points("v" + std::to_string(i));
        REQUIRE(points.size() == 1);
        CHECK(points[0].value.as_int64() == i);
    }
}

TEST_CASE("recorder: a run of its own has a status from start to end") {
    const guild_test::temp_dir dir;
    std::string path;
    {
        auto made = recorder::create(dir / "runs", {"own", {{"lr", "0.1"}}, {}, {{"model", "m"}}});
        REQUIRE(made);
        path = made->run_directory();
        made->log(0, {{made->series("loss"), 1.0}});
        REQUIRE(made->flush());
        CHECK(run::open(path).value().status() == run_status::running);
    }
    const run found = run::open(path).value();
    CHECK(found.status() == run_status::completed);
    CHECK(found.model() == "m");
    CHECK(found.flags() == pair_list{{"lr", "0.1"}});
    CHECK(found.series().points("loss").size() == 1);
    CHECK(list_runs({dir / "runs"}).size() == 1);

    auto failed = recorder::create(dir / "runs", {"own", {}, {}, {}});
    REQUIRE(failed);
    path = failed->run_directory();
    CHECK(failed->finish(run_status::error, "the loss is NaN"));
    CHECK(run::open(path).value().cause() == "the loss is NaN");
    CHECK_FALSE(failed->is_active());
}

#if defined(__cpp_exceptions)
TEST_CASE("recorder: a scope that an exception leaves is an error") {
    const guild_test::temp_dir dir;
    std::string path;
    try {
        auto made = recorder::create(dir / "runs");
        REQUIRE(made);
        path = made->run_directory();
        throw 1;
    } catch (int) {
    }
    CHECK(run::open(path).value().status() == run_status::error);
}
#endif

TEST_CASE("recorder: a run root that cannot be made is an error") {
    const guild_test::temp_dir dir;
    (void)dir.write("runs", "a file");
    CHECK_FALSE(recorder::create(dir / "runs"));
}

TEST_CASE("recorder: log looks at the clock once and allocates nothing") {
    const inside_run here;
    recorder_options options;
    options.system = &counting_system;
    recorder run = recorder::current(options);
    const series_id loss = run.series("loss");
    run.log(0, {{loss, 0.5}});
    const std::uint64_t allocations = guild_test::allocations();
    clock_calls = 0;
    for (int step = 1; step <= 1000; ++step) {
        run.log(step, {{loss, 0.5}, {loss, 1}, {loss, 1.5F}, {loss, 2}, {loss, 2.5}});
    }
    CHECK(clock_calls == 1000);
    CHECK(guild_test::allocations() == allocations);
    REQUIRE(run.flush());
    CHECK(here.points("loss").size() == 5001);
}

TEST_CASE("recorder: many values of one moment stay together as far as a frame goes") {
    const inside_run here;
    recorder run = recorder::current();
    std::vector<logged_value> values;
    for (int i = 0; i < 60; ++i) {
        values.push_back({run.series("s" + std::to_string(i)), i});
    }
    run.log(7, values.data(), values.size());
    REQUIRE(run.flush());
    for (int i = 0; i < 60; ++i) {
        const auto points = here.points("s" + std::to_string(i));
        REQUIRE(points.size() == 1);
        CHECK(points[0].step == 7);
        CHECK(points[0].value == guild::series::number(i));
    }
}

TEST_CASE("recorder: a writer that is stuck costs the loop nothing and the end 100 ms") {
    const inside_run here;
    recorder_options options;
    options.ring_frames = 64;
    options.flush_interval_ms = 1;
    options.system = &stuck_system;
    recorder run = recorder::current(options);
    REQUIRE(run.is_active());
    const series_id loss = run.series("loss");
    is_stuck = true;
    run.log(0, {{loss, 1.0}});
    ::usleep(100'000);  // the thread is in the write by now
    const std::int64_t before_us = os::system_env.boot_time_us();
    for (int step = 1; step <= 1000; ++step) {
        run.log(step, {{loss, 1.0}});
    }
    CHECK(os::system_env.boot_time_us() - before_us < 50'000);
    CHECK(run.dropped() == 1000 - 64);
    CHECK_FALSE(run.finish());
    const std::int64_t took_us = os::system_env.boot_time_us() - before_us;
    CHECK(took_us >= 99'000);
    CHECK(took_us < 400'000);
    CHECK(run.dropped() == 1000 - 64);
    is_stuck = false;
    for (int tries = 0; tries < 100 && here.points("loss").size() < 65; ++tries) {
        ::usleep(10'000);  // the thread goes on without us
    }
    CHECK(here.points("loss").size() == 65);
}

TEST_CASE(
    "recorder: a full disk is told by last_error, and what waits is written once there is room") {
    const inside_run here;
    recorder_options options;
    options.system = &full_system;
    allowed_bytes = 1;
    recorder run = recorder::current(options);
    REQUIRE(run.is_active());
    allowed_bytes = 0;
    const series_id loss = run.series("loss");
    run.log(0, {{loss, 1.0}});
    CHECK_FALSE(run.flush());
    REQUIRE(run.last_error());
    CHECK(run.last_error()->code == guild::errc::no_space);
    allowed_bytes = 1;
    (void)run.flush();
    CHECK(here.points("loss").size() == 1);
}

TEST_CASE("recorder: a forked child does nothing with its parent's recorder") {
    const inside_run here;
    recorder run = recorder::current();
    const series_id loss = run.series("loss");
    run.log(0, {{loss, 1.0}});
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int wrong = run.is_active() ? 1 : 0;
        run.log(1, {{loss, 2.0}});
        (void)run.series("other");
        wrong += run.flush() ? 2 : 0;
        {
            recorder inherited = std::move(run);
        }
        if (!is_thread_sanitized) {
            recorder own = recorder::current();
            own.log(2, {{own.series("loss"), 3.0}});
            wrong += own.flush() ? 0 : 4;
            (void)own.finish();
        }
        ::_exit(wrong);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    run.log(3, {{loss, 4.0}});
    REQUIRE(run.flush());
    // Two writers with one key are shown side by side.
    const auto found = run::open(here.path);
    REQUIRE(found);
    std::uint64_t points = 0;
    for (const auto& summary : found->series().summaries()) {
        points += summary.count;
    }
    CHECK(points == (is_thread_sanitized ? 2 : 3));
}

TEST_CASE("recorder: goes on when the run directory is deleted, and is there again when that is") {
    const inside_run here;
    recorder_options options;
    options.flush_interval_ms = 10;
    recorder run = recorder::current(options);
    const series_id loss = run.series("loss");
    run.log(0, {{loss, 1.0}});
    REQUIRE(run.flush());
    REQUIRE(os::remove_tree(here.path));
    run.log(1, {{loss, 2.0}});
    (void)run.flush();
    REQUIRE(os::make_directories(data_path(here.path, series_directory)));
    run.log(2, {{loss, 3.0}});
    (void)run.flush();
    (void)run.finish();
    CHECK(here.points("loss").size() == 3);
}

TEST_CASE("recorder: where no thread is to be had it is inactive and costs nothing (as root)") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: needs the right to become another user");
        return;
    }
    const inside_run here;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        for (const std::string& path :
             {here.dir.path(), here.path, here.path + "/guild.d", here.path + "/guild.d/series"}) {
            (void)::chmod(path.c_str(), 0777);
        }
        const rlimit none{};
        ::setrlimit(RLIMIT_NPROC, &none);
        if (::setgid(54'322) != 0 || ::setuid(54'322) != 0) {
            ::_exit(1);
        }
        recorder run = recorder::current();
        const series_id loss = run.series("loss");
        for (int step = 0; step < 1000; ++step) {
            run.log(step, {{loss, 0.5}});
        }
        const bool is_told =
            run.last_error() && run.last_error()->code == guild::errc::resource_exhausted;
        ::_exit(!run.is_active() && is_told && run.finish() ? 0 : 2);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

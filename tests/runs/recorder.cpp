#include <guild/runs/recorder.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/compact_run.hpp>
#include <guild/runs/run.hpp>

#include <doctest/doctest.h>
#include <support/allocations.hpp>
#include <support/child_program.hpp>
#include <support/temp_dir.hpp>
#include <support/troubled_disk.hpp>

using namespace guild::runs;
namespace os = guild::os;
namespace gs = guild::series;

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

recorder_options troubled_options() {
    recorder_options options;
    options.flush_interval_ms = 1;
    options.system = &guild_test::troubled_env();
    return options;
}

// Logs many values of `id`, and says how often this thread asked the system or for memory.
std::uint64_t cost_of_logging(recorder& run, series_id id, int values) {
    run.log(0, {{id, 0.5}});
    const std::uint64_t before = guild_test::allocations() + guild_test::calls_of_thread;
    for (int step = 0; step < values; ++step) {
        run.log(step, {{id, 0.5}});
    }
    return guild_test::allocations() + guild_test::calls_of_thread - before;
}

// All points of all series of a run, by the keys as shown.
std::map<std::string, std::size_t> counts_of(const std::string& run_directory) {
    auto found = run::open(run_directory);
    REQUIRE(found);
    std::map<std::string, std::size_t> counts;
    gs::run_reader series = found->series();
    for (const auto& summary : series.summaries()) {
        counts[summary.key] = series.points(summary.key).size();
    }
    return counts;
}

std::vector<os::child> start_ranks(const std::string& run_directory, int ranks) {
    std::vector<os::child> started;
    for (int rank = ranks - 1; rank >= 0; --rank) {  // not in their order
        auto options = guild_test::child_options("recorded", {"rank", run_directory});
        options.environment = os::merge_environment(
            os::current_environment(),
            {{"RANK", std::to_string(rank)}, {"WORLD_SIZE", std::to_string(ranks)}});
        started.push_back(guild_test::must_start(options));
    }
    return started;
}

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

TEST_CASE("recorder: with a write that never returns the loop and the end are not held up") {
    const inside_run here;
    recorder_options options = troubled_options();
    options.ring_frames = 64;
    recorder run = recorder::current(options);
    REQUIRE(run.is_active());
    const series_id loss = run.series("loss");
    guild_test::disk_is = guild_test::disk_state::silent;
    run.log(0, {{loss, 1.0}});
    guild_test::await_silence();
    CHECK(cost_of_logging(run, loss, 1000) == 0);
    CHECK(run.dropped() == 1001 - 64);
    CHECK_FALSE(run.flush(1));
    CHECK_FALSE(run.finish());  // returns, and the write has not
    CHECK(guild_test::waiting_calls == 1);
    CHECK(run.dropped() == 1001 - 64);
    CHECK_FALSE(run.is_active());
    guild_test::heal_disk();
    while (here.points("loss").size() < 65) {
        ::usleep(1000);  // the thread goes on without us
    }
    CHECK(here.points("loss").size() == 65);
}

TEST_CASE("recorder: the wait for the disk at the end leaves room in 100 ms") {
    CHECK(recorder_exit_ms <= 90);
}

TEST_CASE("recorder: a file system that is silent at the start holds nobody up") {
    const inside_run here;
    recorder_options options = troubled_options();
    options.start_ms = 10;
    guild_test::disk_is = guild_test::disk_state::silent;
    recorder run = recorder::current(options);
    CHECK(run.is_active());
    CHECK_FALSE(run.last_error());
    const series_id loss = run.series("loss");
    CHECK(cost_of_logging(run, loss, 1000) == 0);
    const auto own = recorder::create(here.dir / "own", {}, options);
    REQUIRE_FALSE(own);
    CHECK(own.error().code == guild::errc::timed_out);
    guild_test::heal_disk();
    CHECK(run.flush(60'000));
    CHECK(here.points("loss").size() == 1001);
    // The run that nobody waited for says so, once its files could be made.
    auto runs = list_runs({here.dir / "own"});
    while (runs.empty() || runs[0].status() != run_status::error) {
        ::usleep(1000);
        runs = list_runs({here.dir / "own"});
    }
    CHECK(runs[0].cause().find("the file system does not answer") != std::string::npos);
}

TEST_CASE("recorder: what was logged before a file that cannot be made is counted") {
    const inside_run here;
    recorder_options options = troubled_options();
    options.start_ms = 10;
    guild_test::disk_is = guild_test::disk_state::silent;
    recorder run = recorder::current(options);
    CHECK(run.is_active());
    run.log(0, {{run.series("loss"), 0.5}});
    REQUIRE(os::remove_tree(here.path));
    REQUIRE(os::save_file(here.path, "a file"));
    guild_test::heal_disk();
    CHECK_FALSE(run.flush(60'000));
    CHECK(run.last_error());
    CHECK_FALSE(run.finish());
    CHECK(run.dropped() == 1);
}

TEST_CASE("recorder: a full disk is told by last_error, and costs the loop nothing") {
    const inside_run here;
    recorder run = recorder::current(troubled_options());
    REQUIRE(run.is_active());
    guild_test::disk_is = guild_test::disk_state::full;
    const series_id loss = run.series("loss");
    run.log(0, {{loss, 1.0}});
    CHECK_FALSE(run.flush());
    REQUIRE(run.last_error());
    CHECK(run.last_error()->code == guild::errc::no_space);
    CHECK(cost_of_logging(run, loss, 1000) == 0);
    guild_test::heal_disk();
    (void)run.flush();
    CHECK(here.points("loss").size() == 1002);  // what waited is written once there is room
}

TEST_CASE("recorder: a directory that was removed costs the loop nothing") {
    const inside_run here;
    recorder run = recorder::current(troubled_options());
    const series_id loss = run.series("loss");
    REQUIRE(os::remove_tree(here.path));
    CHECK(cost_of_logging(run, loss, 1000) == 0);
    CHECK(run.flush(60'000));
    CHECK(run.dropped() == 0);
    CHECK_FALSE(os::is_directory(here.path));
}

TEST_CASE("recorder: a program leaves main whatever its disk does, and no signal reaches it") {
    for (const std::string how :
         {"well", "limited", "deleted", "threadless", "silent", "late", "rank"}) {
        CAPTURE(how);
        const inside_run here;
        os::run_options limits;
        limits.timeout_ms = 60'000;
        const auto ran =
            guild_test::must_run(guild_test::child_options("recorded", {how, here.path}), limits);
        CHECK_FALSE(ran.timed_out);
        const int code = os::shell_code(ran.status);
        if (code == 77) {
            MESSAGE("skipped: threads cannot be refused here");
        } else {
            CHECK(code == 0);
        }
    }
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

TEST_CASE("recorder: forks while other threads log spoil nothing of the parent's") {
    const inside_run here;
    constexpr int forks = 20;
    recorder run = recorder::current(troubled_options());
    const series_id loss = run.series("loss");
    std::atomic<bool> is_over{false};
    std::int64_t logged = 0;
    auto logger = os::thread::start([&] {
        for (; !is_over; ++logged) {
            run.log(logged, {{loss, 0.5}});
            if (logged % 100 == 99) {
                (void)run.flush(60'000);  // so that none is dropped
            }
        }
    });
    REQUIRE(logger);
    for (int i = 0; i < forks; ++i) {
        const int code = guild_test::run_in_copy([&] {
            run.log(-1, {{loss, -1.0}});
            (void)run.series("child");
            if (run.is_active() || run.flush() || run.dropped() != 0) {
                return 1;
            }
            if (is_thread_sanitized) {
                return 0;
            }
            recorder own = recorder::current();
            own.log(i, {{own.series("child"), i}});
            return own.flush(60'000) ? 0 : 2;
        });
        CHECK(code == 0);
    }
    is_over = true;
    logger->join();
    REQUIRE(run.flush(60'000));
    CHECK(run.dropped() == 0);
    const auto points = here.points("loss");
    REQUIRE(points.size() == static_cast<std::size_t>(logged));
    std::int64_t in_order = 0;
    for (const gs::point& each : points) {
        in_order += each.step == in_order ? 1 : 0;
    }
    CHECK(in_order == logged);
    CHECK(counts_of(here.path).size() == (is_thread_sanitized ? 1 : 1 + forks));
}

TEST_CASE("recorder: four ranks have a file each, and their series are shown by rank") {
    const inside_run here;
    for (os::child& one : start_ranks(here.path, 4)) {
        const auto ended = one.wait();
        REQUIRE(ended);
        CHECK(ended->success());
    }
    const std::map<std::string, std::size_t> expected = {{"loss", 100'000},
                                                         {"loss @rank1", 100'000},
                                                         {"loss @rank2", 100'000},
                                                         {"loss @rank3", 100'000},
                                                         {"of 0", 1},
                                                         {"of 1", 1},
                                                         {"of 2", 1},
                                                         {"of 3", 1},
                                                         {"rank", 1},
                                                         {"rank @rank1", 1},
                                                         {"rank @rank2", 1},
                                                         {"rank @rank3", 1}};
    CHECK(counts_of(here.path) == expected);
    CHECK(here.points("rank")[0].value.as_int64() == 0);
    CHECK(here.points("rank @rank2")[0].value.as_int64() == 2);
    CHECK(list_series_files(data_path(here.path)).value().size() == 4);
    REQUIRE(compact_run(data_path(here.path)).compacted == 4);
    CHECK(counts_of(here.path) == expected);  // files in columns still tell their ranks
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
        const auto own = recorder::create(here.dir / "own");
        const bool is_told = run.last_error() &&
                             run.last_error()->code == guild::errc::resource_exhausted && !own &&
                             own.error().code == guild::errc::resource_exhausted;
        ::_exit(!run.is_active() && is_told && run.finish() ? 0 : 2);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK_FALSE(os::is_directory(here.dir / "own"));  // nothing was made that would seem to go on
    CHECK(os::list_directory(data_path(here.path, series_directory))->empty());
}

// The machine loses power: what a sync said is on the device is there.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>
#include <support/simulated_disk.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::disk;

namespace {

// A writer of one series whose machine will crash.
class doomed_run {
public:
    explicit doomed_run(gs::sync_policy sync, std::uint64_t seed)
        : system_(guild_test::simulated_disk::env()) {
        disk.start(dir_.path(), seed);
        gs::writer_options options;
        options.sync = sync;
        options.flush_interval_ms = -1;
        auto made = gs::writer::create(path(), options, system_);
        REQUIRE(made);
        writer_ = std::make_unique<gs::writer>(std::move(*made));
        x_ = writer_->series("x");
    }
    [[nodiscard]] std::string path() const { return dir_ / "series"; }
    [[nodiscard]] gs::writer& writer() { return *writer_; }

    void log(int points) {
        for (int i = 0; i < points; ++i) {
            writer_->append_one(logged_, logged_, x_, 0.5);
            ++logged_;
            (void)writer_->flush();
        }
    }
    void fail_next(unsigned calls, std::int64_t after, std::int64_t times, bool loses_pages) {
        disk.fault = {};
        disk.fault.calls = calls;
        disk.fault.after = after;
        disk.fault.times = times;
        disk.fault.loses_pages = loses_pages;
        disk.is_armed = true;
    }

    // How many points a reader finds after the crash, from the first on without a gap.
    std::size_t crash() {
        fail_next(guild_test::all_calls - guild_test::close_calls, 0, -1, false);
        writer_.reset();  // writes nothing more
        disk.is_armed = false;
        disk.crash();
        gs::run_reader reader(path(), system_);
        std::size_t whole = 0;
        for (const gs::point& one : reader.points("x")) {
            const bool is_written = one.step >= 0 && one.step < logged_ &&
                                    one.time_us == one.step && one.value == gs::number(0.5);
            CHECK(is_written);
            whole += one.step == static_cast<std::int64_t>(whole) ? 1U : 0U;
        }
        return whole;
    }

private:
    guild_test::temp_dir dir_;
    os::env system_;
    std::unique_ptr<gs::writer> writer_;
    std::uint32_t x_ = 0;
    std::int64_t logged_ = 0;
};

constexpr std::uint64_t crashes = 40;

}  // namespace

TEST_CASE("crashes: what was synced is there, what was not is there in part or not at all") {
    for (std::uint64_t seed = 1; seed <= crashes; ++seed) {
        for (const auto sync : {gs::sync_policy::interval, gs::sync_policy::every}) {
            CAPTURE(seed);
            doomed_run run(sync, seed);
            run.log(20);
            REQUIRE(run.writer().sync());
            if (sync == gs::sync_policy::interval) {
                run.log(30);
            }
            CHECK(run.crash() >= 20);
        }
    }
}

TEST_CASE("crashes: a closed file is there, and says that it is closed") {
    for (std::uint64_t seed = 1; seed <= crashes; ++seed) {
        CAPTURE(seed);
        doomed_run run(gs::sync_policy::interval, seed);
        run.log(20);
        REQUIRE(run.writer().close());
        CHECK(run.crash() == 20);
        const os::env system = guild_test::simulated_disk::env();
        CHECK(gs::run_reader(run.path(), system).is_closed());
    }
}

TEST_CASE("crashes: nothing is invented when nothing was ever synced") {
    for (std::uint64_t seed = 1; seed <= crashes; ++seed) {
        doomed_run run(gs::sync_policy::none, seed);
        run.log(50);
        CHECK(run.crash() <= 50);
    }
}

TEST_CASE("crashes: what was synced before a sync failed is there, with the pages of the file") {
    for (std::uint64_t seed = 1; seed <= crashes; ++seed) {
        CAPTURE(seed);
        doomed_run run(gs::sync_policy::interval, seed);
        run.log(10);
        REQUIRE(run.writer().sync());
        run.log(10);
        run.fail_next(guild_test::sync_calls, 0, 1, true);
        (void)run.writer().sync();
        CHECK(run.crash() >= 10);
    }
}

TEST_CASE("crashes: sync() syncs whatever the policy is") {
    for (std::uint64_t seed = 1; seed <= crashes; ++seed) {
        doomed_run run(gs::sync_policy::none, seed);
        run.log(20);
        REQUIRE(run.writer().sync());
        CHECK(run.crash() == 20);
    }
}

TEST_CASE("crashes: a file that continues one has its name synced") {
    for (std::uint64_t seed = 1; seed <= crashes; ++seed) {
        doomed_run run(gs::sync_policy::interval, seed);
        run.log(10);
        REQUIRE(run.writer().sync());
        run.log(10);
        run.fail_next(guild_test::sync_calls, 0, 1, true);
        REQUIRE(run.writer().sync());
        CHECK(run.crash() == 20);
    }
}

TEST_CASE("crashes: a directory that could not be synced is a failed sync") {
    for (std::uint64_t seed = 1; seed <= crashes; ++seed) {
        doomed_run run(gs::sync_policy::interval, seed);
        run.log(20);
        run.fail_next(guild_test::sync_calls, 1, 1, false);
        bool is_synced = run.writer().sync().has_value();
        if (!is_synced) {
            is_synced = run.writer().sync().has_value();
        }
        REQUIRE(is_synced);
        CHECK(run.crash() == 20);
    }
}

TEST_CASE("crashes: what was moved to another directory is synced there") {
    for (std::uint64_t seed = 1; seed <= crashes; ++seed) {
        doomed_run run(gs::sync_policy::interval, seed);
        run.log(20);
        REQUIRE(run.writer().sync());
        disk.remove(run.writer().path());
        disk.remove(run.path());
        REQUIRE(run.writer().move_to(run.path()));
        REQUIRE(run.writer().sync());
        CHECK(run.crash() == 20);
    }
}

TEST_CASE("crashes: after too many failed syncs, one that succeeds means nothing") {
    doomed_run run(gs::sync_policy::every, 3);
    run.log(1);
    run.fail_next(guild_test::sync_calls, 0, 40, true);
    run.log(30);
    disk.is_armed = false;
    const bool is_synced = run.writer().sync().has_value();
    const std::size_t there = run.crash();
    CHECK((!is_synced || there == 31));
}

TEST_CASE("crashes: a run is closed when its writer closed it, whatever sync failed before") {
    doomed_run run(gs::sync_policy::every, 4);
    run.log(3);
    run.fail_next(guild_test::sync_calls, 0, 1, false);
    run.log(3);
    disk.is_armed = false;
    REQUIRE(run.writer().close());
    const os::env system = guild_test::simulated_disk::env();
    CHECK(gs::run_reader(run.path(), system).is_closed());
}

TEST_CASE("crashes: a run is closed when the sync of closing it failed") {
    doomed_run run(gs::sync_policy::interval, 5);
    run.log(3);
    run.fail_next(guild_test::sync_calls, 0, 1, false);
    (void)run.writer().close();
    disk.is_armed = false;
    const os::env system = guild_test::simulated_disk::env();
    const gs::run_reader reader(run.path(), system);
    REQUIRE(reader.files().size() == 2);
    CHECK(reader.files()[1]->is_closed());
}

// Any call of os::env fails at any moment, once or for good: nobody is held up, nothing that was
// seen disappears, and what was logged arrives once the system recovers.
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>
#include <support/simulated_disk.hpp>
#include <support/temp_dir.hpp>
#include <support/watched_run.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::disk;
using guild_test::disk_fault;
using guild_test::fault_value;
using guild_test::watched_run;

namespace {

constexpr std::int64_t forever = -1;

struct named_calls {
    const char* name;
    unsigned calls;
};
constexpr named_calls kinds_of_calls[] = {{"open", guild_test::open_calls},
                                          {"close", guild_test::close_calls},
                                          {"pread", guild_test::read_calls},
                                          {"pwrite", guild_test::write_calls},
                                          {"ftruncate", guild_test::truncate_calls},
                                          {"fsync", guild_test::sync_calls},
                                          {"rename", guild_test::rename_calls},
                                          {"unlink", guild_test::unlink_calls},
                                          {"mkdir", guild_test::mkdir_calls},
                                          {"stat", guild_test::status_calls},
                                          {"any", guild_test::all_calls}};

gs::writer_options options_with(gs::sync_policy sync) {
    gs::writer_options options;
    options.sync = sync;
    options.host = "host";
    options.pid = 7;
    options.flush_interval_ms = 1000;
    options.sync_interval_ms = 2000;
    return options;
}

// Whether a failure of such a call is a failed write or sync, which the writer counts.
bool is_reported(const disk_fault& fault) {
    return (fault.calls == guild_test::write_calls || fault.calls == guild_test::sync_calls) &&
           fault.code != EINTR && fault.code != 0 && fault.after > 4;
}

enum class then { recovers, stays };

// Logs twelve points while faults happen, eight more when they are over, unless they never are.
// False when the call that was to fail was not reached.
bool run_with_fault(const std::string& directory, const disk_fault& fault, gs::sync_policy sync,
                    then afterwards) {
    watched_run run(directory, options_with(sync));
    run.set_fault(fault);
    bool made = false;
    for (int i = 0; i < 3 && !made; ++i) {
        made = run.create();
    }
    if (!made && afterwards == then::stays) {
        return disk.fault.failed > 0;
    }
    if (!made) {
        run.recover();
        REQUIRE(run.create());
    }
    for (int i = 0; i < 12; ++i) {
        run.log();
        if (i % 4 == 3) {
            run.writer().add_note(i, {{"mark", "test"}});
        }
        i % 5 == 4 ? run.sync() : run.flush();
    }
    const bool reached = disk.fault.failed > 0;
    if (afterwards == then::recovers) {
        run.recover();
        for (int i = 0; i < 8; ++i) {
            run.log();
        }
        run.flush();
        CHECK(run.close());
        run.check_all_there();
        CHECK((!reached || run.writer().errors() > 0 || !is_reported(fault)));
    } else {
        (void)run.close();
    }
    CHECK_FALSE(disk.fault.lost_patience);
    return reached;
}

struct failure_mode {
    std::int64_t times;
    bool short_write;
    bool loses_pages;
    then afterwards;
};

// Every call in turn fails; how many there were.
std::int64_t fail_each_call(const named_calls& kind, int code, const failure_mode& mode,
                            gs::sync_policy sync) {
    const guild_test::temp_dir dir;
    std::int64_t after = 0;
    for (;; ++after) {
        const std::string calls = kind.name;
        CAPTURE(calls);
        CAPTURE(code);
        CAPTURE(after);
        CAPTURE(mode.times);
        CAPTURE(mode.short_write);
        CAPTURE(mode.loses_pages);
        CAPTURE(static_cast<int>(sync));
        CAPTURE(static_cast<int>(mode.afterwards));
        disk_fault fault;
        fault.calls = kind.calls;
        fault.after = after;
        fault.times = mode.times;
        fault.code = code;
        fault.short_write = mode.short_write;
        fault.loses_pages = mode.loses_pages;
        if (!run_with_fault(dir / std::to_string(after), fault, sync, mode.afterwards)) {
            return after;
        }
        REQUIRE(after < 1000);
    }
}

void fail_every_kind(const std::vector<int>& codes) {
    for (const named_calls& kind : kinds_of_calls) {
        for (const int code : codes) {
            // EINTR for ever is no failure but a machine that does nothing else.
            const std::int64_t many = code == EINTR ? 1000 : forever;
            const bool loses = (kind.calls & guild_test::sync_calls) != 0;
            const bool writes = (kind.calls & guild_test::write_calls) != 0;
            for (const auto sync : {gs::sync_policy::every, gs::sync_policy::interval}) {
                (void)fail_each_call(kind, code, {1, false, loses, then::recovers}, sync);
                (void)fail_each_call(kind, code, {3, false, false, then::recovers}, sync);
                (void)fail_each_call(kind, code, {many, false, false, then::recovers}, sync);
                (void)fail_each_call(kind, code, {many, false, false, then::stays}, sync);
                if (writes) {
                    (void)fail_each_call(kind, code, {1, true, false, then::recovers}, sync);
                    (void)fail_each_call(kind, code, {many, true, false, then::stays}, sync);
                }
            }
        }
    }
}

}  // namespace

TEST_CASE("faults: whichever call fails, once or for long, points arrive and none disappears") {
    fail_every_kind({ENOSPC, EIO});
}

TEST_CASE("faults: the same with every other code" * doctest::test_suite("long")) {
    fail_every_kind({EDQUOT, ESTALE, EINTR, EACCES, EROFS, EMFILE, ENOMEM, EFBIG, EAGAIN});
}

TEST_CASE("faults: writes that fall short without an error are continued") {
    named_calls writes{"pwrite", guild_test::write_calls};
    CHECK(fail_each_call(writes, 0, {1, true, false, then::recovers}, gs::sync_policy::none) > 10);
    CHECK(fail_each_call(writes, 0, {50, true, false, then::recovers}, gs::sync_policy::every) >
          10);
}

TEST_CASE("faults: every kind of call that a writer makes was made to fail") {
    for (const named_calls& kind : kinds_of_calls) {
        const std::string name = kind.name;
        const bool is_never_made = name == "rename" || name == "pread" || name == "stat" ||
                                   name == "ftruncate" || name == "unlink" || name == "close";
        const auto made =
            fail_each_call(kind, EIO, {1, false, false, then::recovers}, gs::sync_policy::every);
        INFO(name);
        CHECK((is_never_made || made > 0));
    }
}

// A live reader between any two calls of the writer sees what a reader after a kill would see.
TEST_CASE("faults: between any two calls of the writer nothing has disappeared") {
    const guild_test::temp_dir dir;
    int count = 0;
    for (const unsigned calls : {guild_test::write_calls, guild_test::truncate_calls}) {
        for (const bool short_write : {false, true}) {
            for (std::int64_t after = 0; after < 30; ++after) {
                CAPTURE(after);
                CAPTURE(short_write);
                watched_run run(dir / std::to_string(++count),
                                options_with(gs::sync_policy::interval));
                REQUIRE(run.create());
                run.look_after_every_call();
                disk_fault fault;
                fault.calls = calls;
                fault.after = after;
                fault.code = ENOSPC;
                fault.short_write = short_write;
                run.set_fault(fault);
                run.log_each(12);
                (void)run.close();  // may be what fails, when all points are in
                run.check_all_there();
            }
        }
    }
}

TEST_CASE("faults: between the calls that continue in a new file nothing has disappeared") {
    const guild_test::temp_dir dir;
    int count = 0;
    for (const unsigned calls : {guild_test::sync_calls, guild_test::write_calls}) {
        for (std::int64_t after = 0; after < 12; ++after) {
            CAPTURE(after);
            watched_run run(dir / std::to_string(++count), options_with(gs::sync_policy::every));
            REQUIRE(run.create());
            run.look_after_every_call();
            disk_fault fault;
            fault.calls = calls;
            fault.after = after;
            run.set_fault(fault);
            run.log_each(12);
            CHECK(run.close());
            run.check_all_there();
        }
    }
}

TEST_CASE("faults: a sync fails and the new file finds no room: nothing has disappeared") {
    const guild_test::temp_dir dir;
    watched_run run(dir / "run", options_with(gs::sync_policy::interval));
    REQUIRE(run.create());
    run.log_each(5);
    run.fail_syncs(1);
    const std::size_t files = disk.entries().size();
    disk.after_change = [&] {
        if (disk.entries().size() > files && disk.room < 0) {
            disk.room = static_cast<std::int64_t>(gs::header_bytes);  // for the header alone
        }
    };
    run.log_each(10);
    disk.after_change = nullptr;
    disk.room = -1;
    CHECK(run.close());
    run.check_all_there();
}

TEST_CASE("faults: files that were started within one microsecond are one writer") {
    const guild_test::temp_dir dir;
    watched_run run(dir / "run", options_with(gs::sync_policy::every));
    disk.tick_us = 0;
    REQUIRE(run.create());
    run.fail_syncs(3);
    run.log_each(6);
    CHECK(run.close());
    run.check_all_there();
}

TEST_CASE("faults: a file that continues one is one with it after the wall clock went back") {
    const guild_test::temp_dir dir;
    watched_run run(dir / "run", options_with(gs::sync_policy::every));
    REQUIRE(run.create());
    run.log();
    run.flush();
    disk.wall_us -= 3'600'000'000;
    run.fail_syncs(1);
    run.log_each(6);
    CHECK(run.close());
    run.check_all_there();
}

TEST_CASE("faults: moving to a new directory, whichever call fails") {
    const guild_test::temp_dir dir;
    int count = 0;
    for (const named_calls& kind : kinds_of_calls) {
        for (const int code : {ENOSPC, EIO, EINTR}) {
            for (std::int64_t after = 0; after < 12; ++after) {
                const std::string calls = kind.name;
                CAPTURE(calls);
                CAPTURE(code);
                CAPTURE(after);
                watched_run run(dir / std::to_string(++count),
                                options_with(gs::sync_policy::interval));
                REQUIRE(run.create());
                run.log_each(4);
                disk_fault fault;
                fault.calls = kind.calls;
                fault.after = after;
                fault.code = code;
                run.set_fault(fault);
                CHECK(run.move());
                run.log();
                run.sync();
                (void)run.close();
                run.check_all_there();
            }
        }
    }
}

TEST_CASE("faults: what a moved file held survives a failed sync of the copy") {
    const guild_test::temp_dir dir;
    watched_run run(dir / "run", options_with(gs::sync_policy::every));
    REQUIRE(run.create());
    run.log_each(4);
    REQUIRE(run.move());
    run.look();
    disk_fault fault;
    fault.calls = guild_test::sync_calls;
    fault.loses_pages = true;
    run.set_fault(fault);
    run.log();
    run.flush();
    CHECK(run.close());
    run.check_all_there();
}

TEST_CASE("faults: a file whose header was lost with its first sync hides nothing") {
    const guild_test::temp_dir dir;
    watched_run run(dir / "run", options_with(gs::sync_policy::every));
    REQUIRE(run.create());
    disk_fault fault;
    fault.calls = guild_test::sync_calls;
    fault.loses_pages = true;
    run.set_fault(fault);
    run.log_each(4);
    CHECK(run.close());
    run.check_all_there();
    const os::env system = guild_test::simulated_disk::env();
    const gs::run_reader fresh(dir / "run/series", system);
    CHECK_FALSE(fresh.last_error());
}

TEST_CASE("faults: a file that continues one and is lost with its first sync breaks no chain") {
    const guild_test::temp_dir dir;
    watched_run run(dir / "run", options_with(gs::sync_policy::every));
    REQUIRE(run.create());
    run.log_each(3);
    disk_fault fault;
    fault.calls = guild_test::sync_calls;
    fault.loses_pages = true;
    fault.times = 2;
    run.set_fault(fault);
    run.log_each(4);
    CHECK(run.close());
    run.check_all_there();
}

TEST_CASE("faults: a file that cannot be renamed keeps its name and its points") {
    for (const int code : {ENOSPC, EIO, EXDEV, EROFS, EINTR}) {
        const guild_test::temp_dir dir;
        disk.start(dir.path());
        const os::env system = guild_test::simulated_disk::env();
        auto made = gs::writer::create(dir / "a", options_with(gs::sync_policy::every), system);
        REQUIRE(made);
        made->append_one(1, 1, made->series("x"), 0.5);
        REQUIRE(made->sync());
        const std::string before = made->path();
        disk.fault.calls = guild_test::rename_calls;
        disk.fault.code = code;
        disk.is_armed = true;
        CHECK_FALSE(made->rename_to(dir / "b.gts"));
        disk.is_armed = false;
        CHECK(made->path() == before);
        made->append_one(2, 2, made->series("x"), 0.5);
        REQUIRE(made->rename_to(dir / "b.gts"));
        REQUIRE(made->close());
        CHECK(gs::reader::open(dir / "b.gts", system)->points("x")->size() == 2);
    }
}

namespace {

// A reader whose calls fail: what it gives is right, and complete once the system recovers.
bool read_with_fault(const std::string& directory, const disk_fault& fault, bool opens_faulty,
                     std::uint64_t* counted) {
    watched_run run(directory, options_with(gs::sync_policy::none));
    REQUIRE(run.create());
    const auto log_three = [&] { run.log_each(3); };
    log_three();
    const os::env system = guild_test::simulated_disk::env();
    run.set_fault(fault);
    disk.is_armed = opens_faulty;
    gs::run_reader reader(directory + "/series", system);
    disk.is_armed = false;
    run.recover();
    log_three();
    CHECK(run.close());
    disk.fault.calls = fault.calls;
    disk.is_armed = true;
    const std::size_t before = reader.summaries().empty() ? 0 : reader.summaries()[0].count;
    const auto refreshed = reader.refresh();
    const auto points = reader.points("x");
    disk.is_armed = false;
    const std::size_t after = reader.summaries().empty() ? 0 : reader.summaries()[0].count;
    CHECK(after >= before);  // what was known stays known
    CHECK(after <= 6);
    std::int64_t last = -1;
    for (const gs::point& one : points) {
        const bool right =
            one.step > last && one == gs::point{one.step, one.step * 7, fault_value(one.step)};
        CHECK(right);
        last = one.step;
    }
    CHECK((refreshed || !points.empty() || before == 0 || reader.last_error()));
    const bool reached = disk.fault.failed > 0;
    run.recover();
    CHECK(reader.refresh());
    CHECK_FALSE(reader.last_error());
    REQUIRE(reader.summaries().size() == 1);
    *counted = reader.summaries()[0].count;
    CHECK(reader.points("x").size() == 6);
    CHECK_FALSE(disk.fault.lost_patience);
    return reached;
}

}  // namespace

namespace {

// Each call of a reader in turn fails; the smallest count of points that a refresh() after the
// recovery has left it with.
std::uint64_t fail_each_read(bool opens_faulty) {
    const guild_test::temp_dir dir;
    std::uint64_t smallest = 6;
    int count = 0;
    for (const named_calls& kind : kinds_of_calls) {
        for (const int code : {EIO, ESTALE, EINTR, ENOENT, EMFILE}) {
            for (const std::int64_t times : {std::int64_t{1}, code == EINTR ? 1000 : forever}) {
                bool reached = true;
                for (std::int64_t after = 0; reached && after < 60; ++after) {
                    const std::string calls = kind.name;
                    CAPTURE(calls);
                    CAPTURE(code);
                    CAPTURE(times);
                    CAPTURE(after);
                    CAPTURE(opens_faulty);
                    disk_fault fault;
                    fault.calls = kind.calls;
                    fault.after = after;
                    fault.times = times;
                    fault.code = code;
                    std::uint64_t counted = 6;
                    reached = read_with_fault(dir / std::to_string(++count), fault, opens_faulty,
                                              &counted);
                    smallest = std::min(smallest, counted);
                }
            }
        }
    }
    return smallest;
}

}  // namespace

TEST_CASE("faults: a reader whose calls fail tells nothing wrong, and all points afterwards") {
    (void)fail_each_read(false);
    (void)fail_each_read(true);
}

TEST_CASE("faults: a reader whose calls failed counts all points afterwards") {
    CHECK(fail_each_read(false) == 6);
    CHECK(fail_each_read(true) == 6);
}

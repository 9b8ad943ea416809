#include <guild/series/writer.hpp>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <guild/os/link.hpp>
#include <guild/series/run_reader.hpp>
#include <support/allocations.hpp>
#include <support/faulty_disk.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace gs = guild::series;
using guild_test::plan;

namespace {

gs::writer_options quiet() {
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    options.flush_interval_ms = -1;
    return options;
}

gs::writer must_create(const std::string& directory, const gs::writer_options& options,
                       const os::env& system = os::system_env) {
    auto made = gs::writer::create(directory, options, system);
    REQUIRE(made);
    return std::move(*made);
}

std::size_t file_count(const std::string& directory) {
    const auto entries = os::list_directory(directory);
    return entries ? entries->size() : 0;
}

// The steps of series "x" as a reader of the directory sees them.
std::vector<std::int64_t> steps_of(gs::run_reader& reader) {
    std::vector<std::int64_t> steps;
    for (const gs::point& point : reader.points("x")) {
        CHECK(point.value == gs::number(static_cast<double>(point.step) * 0.1));
        steps.push_back(point.step);
    }
    return steps;
}

std::vector<std::int64_t> count_to(std::int64_t end) {
    std::vector<std::int64_t> steps;
    for (std::int64_t step = 0; step < end; ++step) {
        steps.push_back(step);
    }
    return steps;
}

}  // namespace

TEST_CASE("writer: what it writes is what the reader reads, bit for bit") {
    const guild_test::temp_dir dir;
    using integers = std::numeric_limits<std::int64_t>;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::vector<gs::point> points = {
        {0, 0, 0.1},
        {integers::max(), integers::max(), -0.0},
        {integers::min(), integers::min(), nan},
        {5, 7, gs::number::from_bits(gs::number_kind::real, 0x7FF0000000000001U)},
        {5, 7, integers::min()},
        {5, 6, (std::int64_t{1} << 53U) + 1},
        {4, 5, std::numeric_limits<double>::infinity()}};
    gs::writer writer = must_create(dir / "not/there", quiet());
    const auto id = writer.series("a key, with \xFF any bytes");
    for (const gs::point& one : points) {
        writer.append_one(one.step, one.time_us, id, one.value);
    }
    REQUIRE(writer.close());
    gs::run_reader reader(dir / "not/there");
    CHECK(reader.points("a key, with \xFF any bytes") == points);
    CHECK(reader.is_closed());
    CHECK(reader.bytes_lost() == 0);
    CHECK_FALSE(reader.last_error());
}

TEST_CASE("writer: files are named after start, process and host, and never shared") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    plan.now_us = 1'700'000'000'000'000;
    gs::writer_options options = quiet();
    options.host = "a/b";
    options.pid = 42;
    const gs::writer first = must_create(dir.path(), options, system);
    const gs::writer second = must_create(dir.path(), options, system);
    const gs::writer third = must_create(dir.path(), options, system);
    CHECK(guild::base_name(first.path()) == "1700000000000000000-42-a_b.gts");
    CHECK(guild::base_name(second.path()) == "1700000000000000000-42-a_b-2.gts");
    CHECK(guild::base_name(third.path()) == "1700000000000000000-42-a_b-3.gts");
    CHECK(first.header().id != second.header().id);
}

TEST_CASE("writer: points are visible after a flush, at 64 KB and after a second") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    plan.now_us = 1'000'000;
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    gs::writer writer = must_create(dir.path(), options, system);
    const auto x = writer.series("x");
    writer.append_one(0, 0, x, 0.0);
    gs::run_reader reader(dir.path());
    CHECK(steps_of(reader).empty());
    plan.now_us += 1'000'000;
    writer.append_one(1, 0, x, 0.1);
    CHECK(reader.refresh());
    CHECK(steps_of(reader) == count_to(2));
    writer.append_one(2, 0, x, 0.2);
    REQUIRE(writer.flush());
    CHECK(reader.refresh());
    CHECK(steps_of(reader) == count_to(3));
    std::int64_t step = 3;
    while (writer.points_pending() != 0 || step == 3) {
        writer.append_one(step, 0, x, static_cast<double>(step) * 0.1);
        ++step;
    }
    CHECK(step > 3000);
    CHECK(reader.refresh());
    CHECK(steps_of(reader) == count_to(step));
}

TEST_CASE("writer: a series that does not exist is dropped and counted") {
    const guild_test::temp_dir dir;
    gs::writer writer = must_create(dir.path(), quiet());
    writer.append_one(1, 1, 0, 1.0);
    writer.append_one(1, 1, writer.series(std::string(5000, 'k')), 1.0);
    CHECK(writer.points_dropped() == 2);
    const auto x = writer.series("x");
    writer.append_one(0, 0, x, 0.0);
    REQUIRE(writer.close());
    CHECK_FALSE(writer.flush());
    writer.append_one(1, 1, x, 0.1);
    CHECK(writer.points_dropped() == 3);
    gs::run_reader reader(dir.path());
    CHECK(steps_of(reader) == count_to(1));
    auto notes = reader.files().at(0)->notes();
    REQUIRE(notes);
    REQUIRE(notes->size() == 1);
    CHECK(notes->at(0).texts.at(0).second == "gap");
    CHECK(notes->at(0).texts.at(1).second == "2");
}

TEST_CASE("writer: a full disk delays points and loses none") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    gs::writer writer = must_create(dir.path(), quiet(), system);
    const auto x = writer.series("x");
    gs::run_reader reader(dir.path());
    std::vector<std::int64_t> seen;
    for (std::int64_t step = 0; step < 300; ++step) {
        // Space for a few more bytes each time: writes end within blocks and between them.
        plan.room = step % 3 == 0 ? 37 * (step % 11) : 0;
        writer.append_one(step, step, x, static_cast<double>(step) * 0.1);
        const auto flushed = writer.flush();
        CHECK((flushed || flushed.error().code == guild::errc::no_space));
        CHECK(reader.refresh());
        const auto now = steps_of(reader);
        CHECK(now.size() >= seen.size());
        CHECK(now == count_to(static_cast<std::int64_t>(now.size())));
        seen = now;
    }
    REQUIRE(writer.last_error());
    CHECK(writer.last_error()->code == guild::errc::no_space);
    plan.room = -1;
    REQUIRE(writer.close());
    CHECK(reader.refresh());
    CHECK(steps_of(reader) == count_to(300));
    CHECK(writer.points_dropped() == 0);
    CHECK(reader.bytes_lost() == 0);
    CHECK(file_count(dir.path()) == 1);
}

TEST_CASE("writer: what does not fit while the disk is full is counted and marked") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    gs::writer_options options = quiet();
    options.max_pending_bytes = 2000;
    gs::writer writer = must_create(dir.path(), options, system);
    const auto x = writer.series("x");
    plan.room = 0;
    for (std::int64_t step = 0; step < 1000; ++step) {
        writer.append_one(step, step, x, static_cast<double>(step) * 0.1);
    }
    CHECK_FALSE(writer.flush());
    CHECK(writer.points_dropped() > 0);
    plan.room = -1;
    REQUIRE(writer.close());
    gs::run_reader reader(dir.path());
    const auto steps = steps_of(reader);
    CHECK(steps == count_to(static_cast<std::int64_t>(steps.size())));
    CHECK(steps.size() + writer.points_dropped() == 1000);
    auto notes = reader.files().at(0)->notes();
    REQUIRE(notes);
    REQUIRE(notes->size() == 1);
    CHECK(notes->at(0).texts.at(1).second == std::to_string(writer.points_dropped()));
}

TEST_CASE("writer: a failed sync goes on in a new file that repeats what was not synced") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    gs::writer_options options = quiet();
    options.sync = gs::sync_policy::every;
    gs::writer writer = must_create(dir.path(), options, system);
    const auto x = writer.series("x");
    writer.append_one(0, 0, x, 0.0);
    REQUIRE(writer.flush());
    const std::string first = writer.path();
    gs::run_reader reader(dir.path());
    plan.calls_left = 1;  // the write succeeds, its sync does not
    writer.append_one(1, 1, x, 0.1);
    writer.append_one(2, 2, x, 0.2);
    REQUIRE(writer.flush());
    CHECK(writer.path() != first);
    CHECK(writer.errors() == 1);
    CHECK(file_count(dir.path()) == 2);
    writer.append_one(3, 3, x, static_cast<double>(3) * 0.1);
    REQUIRE(writer.close());
    CHECK(reader.refresh());
    CHECK(steps_of(reader) == count_to(4));
    REQUIRE(reader.summaries().size() == 1);
    CHECK(reader.summaries()[0].count == 4);
    CHECK(reader.summaries()[0].last.step == 3);
    gs::run_reader later(dir.path());
    CHECK(steps_of(later) == count_to(4));
    CHECK(later.files().at(1)->header().is_continuation());
}

TEST_CASE("writer: a device that fails every sync does not fill the directory") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    gs::writer_options options = quiet();
    options.sync = gs::sync_policy::every;
    gs::writer writer = must_create(dir.path(), options, system);
    const auto x = writer.series("x");
    plan.sync_fails = true;
    for (std::int64_t step = 0; step < 100; ++step) {
        writer.append_one(step, step, x, static_cast<double>(step) * 0.1);
        CHECK_FALSE(writer.flush());
    }
    CHECK_FALSE(writer.close());
    CHECK(file_count(dir.path()) <= 17);
    gs::run_reader reader(dir.path());
    CHECK(steps_of(reader) == count_to(100));
}

TEST_CASE(
    "writer: whichever call fails, in whatever way, later points arrive and none disappears") {
    for (const int code : {ENOSPC, EDQUOT, EIO, ESTALE, EINTR}) {
        for (const bool short_write : {false, true}) {
            for (std::int64_t call = 0; call < 40; ++call) {
                CAPTURE(code);
                CAPTURE(short_write);
                CAPTURE(call);
                const guild_test::temp_dir dir;
                const os::env system = guild_test::faulty_env();
                gs::writer_options options = quiet();
                options.sync = gs::sync_policy::every;
                gs::writer writer = must_create(dir.path(), options, system);
                gs::run_reader reader(dir.path());
                const auto x = writer.series("x");
                plan.calls_left = call;
                plan.code = code;
                plan.short_write = short_write;
                std::size_t seen = 0;
                for (std::int64_t step = 0; step < 12; ++step) {
                    writer.append_one(step, step, x, static_cast<double>(step) * 0.1);
                    (void)writer.flush();
                    (void)reader.refresh();
                    const auto now = steps_of(reader);
                    CHECK(now == count_to(static_cast<std::int64_t>(now.size())));
                    CHECK(now.size() >= seen);
                    seen = now.size();
                }
                (void)writer.close();
                (void)reader.refresh();
                CHECK(steps_of(reader) == count_to(12));
                CHECK(writer.points_dropped() == 0);
                const gs::run_reader later(dir.path());  // which believes the last index
                REQUIRE(later.summaries().size() == 1);
                CHECK(later.summaries()[0].count == 12);
            }
        }
    }
}

TEST_CASE("writer: goes on in a copy when its directory was deleted") {
    const guild_test::temp_dir dir;
    gs::writer writer = must_create(dir / "run/series", quiet());
    const auto x = writer.series("x");
    writer.append_one(0, 0, x, 0.0);
    REQUIRE(writer.flush());
    const std::string path = writer.path();
    REQUIRE(writer.move_to(dir / "run/series"));  // nothing has happened: nothing to do
    CHECK(file_count(dir / "run/series") == 1);
    REQUIRE(os::remove_tree(dir / "run"));
    writer.append_one(1, 1, x, 0.1);
    REQUIRE(writer.flush());  // into the file that has no name any more
    writer.append_one(2, 2, x, 0.2);
    REQUIRE(writer.move_to(dir / "run/series"));
    CHECK(writer.path() == path);
    gs::run_reader reader(dir / "run/series");
    CHECK(steps_of(reader) == count_to(2));
    REQUIRE(writer.close());
    CHECK(reader.refresh());
    CHECK(steps_of(reader) == count_to(3));
}

TEST_CASE("writer: follows its file to where somebody else put it") {
    const guild_test::temp_dir dir;
    gs::writer writer = must_create(dir / "run/series", {});
    const std::string name = guild::base_name(writer.path());
    REQUIRE(os::make_directories(dir / "restored"));
    REQUIRE(os::rename_path(dir / "run/series", dir / "restored/series"));
    REQUIRE(writer.move_to(dir / "restored/series"));
    CHECK(writer.path() == dir / ("restored/series/" + name));
    writer.append_one(0, 0, writer.series("x"), 0.0);
    REQUIRE(os::remove_tree(dir / "run"));
    CHECK(writer.close());
}

TEST_CASE("writer: does not write over a file of another that has its name") {
    const guild_test::temp_dir dir;
    gs::writer writer = must_create(dir / "a", quiet());
    const std::string other = dir.write("b/" + guild::base_name(writer.path()), "precious");
    const auto moved = writer.move_to(dir / "b");
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code == guild::errc::already_exists);
    CHECK(*os::load_file(other) == "precious");
    const auto x = writer.series("x");
    writer.append_one(0, 0, x, 0.0);
    CHECK(writer.close());
}

TEST_CASE("writer: renames its file over another and goes on in it") {
    const guild_test::temp_dir dir;
    const std::string place = dir.write("b/1-1-host.gts", "old");
    gs::writer writer = must_create(dir / "a", quiet());
    const auto x = writer.series("x");
    writer.append_one(0, 0, x, 0.5);
    REQUIRE(writer.sync());
    REQUIRE(writer.rename_to(place));
    CHECK(writer.path() == place);
    CHECK(os::list_directory(dir / "a")->empty());
    writer.append_one(1, 1, x, 1.5);
    REQUIRE(writer.close());
    CHECK(gs::reader::open(place)->points("x")->size() == 2);
    gs::writer other = must_create(dir / "c", quiet());
    const std::string before = other.path();
    CHECK_FALSE(other.rename_to(dir / "nowhere/x.gts"));
    CHECK(other.path() == before);
}

TEST_CASE("writer: a directory that cannot be made is an error with its path") {
    const guild_test::temp_dir dir;
    const std::string in_the_way = dir.write("file", "");
    const auto made = gs::writer::create(in_the_way + "/series");
    REQUIRE_FALSE(made);
    CHECK(made.error().code == guild::errc::not_a_directory);
}

TEST_CASE("writer: a value without a series does not take the others of its frame along") {
    const guild_test::temp_dir dir;
    gs::writer writer = must_create(dir / "series", quiet());
    const gs::sample values[] = {{writer.series("a"), gs::number(1.0)},
                                 {writer.series(std::string(5000, 'k')), gs::number(2.0)},
                                 {writer.series("b"), gs::number(3.0)}};
    writer.append(7, 70, values, 3);
    CHECK(writer.points_dropped() == 1);
    REQUIRE(writer.close());
    gs::run_reader stored(dir / "series");
    CHECK(stored.summaries().size() == 2);
    REQUIRE(stored.points("a").size() == 1);
    CHECK(stored.points("b")[0].value.as_double() == 3.0);
}

TEST_CASE("writer: allocates nothing once it is warm, whatever it writes") {
    for (const std::int64_t interval_ms : {std::int64_t{-1}, std::int64_t{0}}) {
        for (const gs::sync_policy sync : {gs::sync_policy::none, gs::sync_policy::interval}) {
            CAPTURE(interval_ms);
            CAPTURE(static_cast<int>(sync));
            const guild_test::temp_dir dir;
            gs::writer_options options = quiet();
            options.flush_interval_ms = interval_ms;
            options.sync = sync;
            gs::writer writer = must_create(dir.path(), options);
            gs::sample values[10];
            for (std::uint32_t i = 0; i < 10; ++i) {
                values[i].id = writer.series("curve/" + std::to_string(i));
            }
            std::int64_t step = 1'000'000;
            const auto append_frames = [&](int count) {
                for (const std::int64_t end = step + count; step < end; ++step) {
                    for (std::uint32_t i = 0; i < 10; ++i) {
                        values[i].value = static_cast<double>(step % 1000) + 0.1 * (i % 2);
                    }
                    // Now and then without the last: other columns.
                    writer.append(step, step * 1000, values, step % 100 == 0 ? 9 : 10);
                }
            };
            append_frames(30'000);  // what is not synced grew to more than it will again
            REQUIRE(writer.sync());
            const std::uint64_t before = guild_test::allocations();
            append_frames(20'000);
            const bool flushed = writer.flush().has_value();
            const std::uint64_t after = guild_test::allocations();
            CHECK(flushed);
            CHECK(after == before);
            REQUIRE(writer.close());
            const auto points = gs::reader::open(writer.path())->points("curve/3");
            REQUIRE(points);
            CHECK(points->size() == 50'000);
        }
    }
}

TEST_CASE("writer: in a forked child it does nothing, even when it is destroyed there") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    gs::writer_options options = quiet();
    options.sync = gs::sync_policy::every;
    options.flush_interval_ms = 0;
    auto writer = std::make_unique<gs::writer>(must_create(dir / "series", options, system));
    const auto x = writer->series("x");
    writer->append_one(0, 0, x, 0.0);
    plan.room = 0;  // so that something waits in the memory that the child gets a copy of
    writer->append_one(1, 1, x, 0.1);
    plan.room = -1;
    REQUIRE(writer->points_pending() == 1);
    const std::string path = writer->path();
    const std::string before = *os::load_file(path);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const std::int64_t calls = plan.calls;
        int wrong = writer->is_open() ? 1 : 0;
        writer->append_one(2, 2, x, 0.2);
        writer->add_note(3, {{"mark", "child"}});
        wrong += writer->flush() || writer->flush().error().code != guild::errc::closed ? 2 : 0;
        wrong += writer->sync() ? 4 : 0;
        wrong += writer->move_to(dir / "other") || writer->rename_to(dir / "other.gts") ? 8 : 0;
        gs::writer moved = std::move(*writer);
        wrong += moved.close() ? 0 : 16;
        {
            const gs::writer destroyed = std::move(moved);
        }
        writer.reset();
        wrong += plan.calls == calls ? 0 : 32;
        ::_exit(wrong);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(*os::load_file(path) == before);
    writer->append_one(2, 2, x, 0.2);
    REQUIRE(writer->close());
    gs::run_reader reader(dir / "series");
    CHECK(steps_of(reader) == count_to(3));
    CHECK(file_count(dir / "series") == 1);
    CHECK(file_count(dir.path()) == 1);
    CHECK(reader.files().at(0)->notes()->empty());
}

TEST_CASE("writer: an attempt is in the header and a remark at the beginning") {
    const guild_test::temp_dir dir;
    gs::writer_options options = quiet();
    options.attempt = 3;
    gs::writer writer = must_create(dir.path(), options);
    const auto x = writer.series("x");
    writer.append_one(0, 0, x, 0.0);
    REQUIRE(writer.close());
    auto reader = gs::reader::open(writer.path());
    REQUIRE(reader);
    CHECK(reader->header().attempt == 3);
    const auto notes = reader->notes();
    REQUIRE(notes);
    REQUIRE(notes->size() == 1);
    CHECK(notes->at(0).time_us == writer.header().start_wall_us);
    using pairs = std::vector<std::pair<std::string, std::string>>;
    CHECK(notes->at(0).texts == pairs{{"mark", "resume"}, {"attempt", "3"}});
}

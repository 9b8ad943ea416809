#include <guild/runs/collectors.hpp>

#include <limits>
#include <string>

#include <unistd.h>

#include <guild/series/run_reader.hpp>
#include <guild/tfevents/writer.hpp>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace series = guild::series;

namespace {

series::writer writer_in(const guild_test::temp_dir& dir) {
    auto made = series::writer::create(dir / "series");
    REQUIRE(made);
    return std::move(*made);
}

}  // namespace

TEST_CASE("system attributes: name the processor, its cores and the memory") {
    const pair_list attrs = system_attributes();
    for (const char* key : {"cpu_model", "host", "os", "kernel"}) {
        INFO(key);
        REQUIRE(find_value(attrs, key) != nullptr);
        CHECK_FALSE(find_value(attrs, key)->empty());
    }
    CHECK(std::stoi(*find_value(attrs, "cpu_cores")) >= 1);
    CHECK(std::stoull(*find_value(attrs, "memory")) > 1'000'000);
    CHECK(*find_value(attrs, "guild_version") == guild::version);
}

TEST_CASE(
    "statistics collector: steps are sample numbers, an ended process leaves the machine's part") {
    const guild_test::temp_dir dir;
    auto into = writer_in(dir);
    statistics_collector statistics(1000);
    statistics.collect(guild::os::process_id(), 100, into);
    statistics.collect(guild::os::process_id(), 200, into);
    statistics.collect(0, 300, into);
    CHECK(statistics.samples() == 3);
    REQUIRE(into.flush());
    series::run_reader reader(dir / "series");
    const auto machine = reader.points("sys/mem/used");
    const auto process = reader.points("op/mem/rss");
    REQUIRE(machine.size() == 3);
    CHECK(process.size() == 2);
    CHECK(machine[2].step == 2);
    CHECK(machine[2].time_us == 300);
    CHECK(machine[2].value.as_double() > 0);
}

TEST_CASE("event collector: scalars become series named after directory and tag") {
    const guild_test::temp_dir dir;
    auto into = writer_in(dir);
    event_collector events(dir.path());
    CHECK(events.collect(into) == 0);
    auto train = guild::tfevents::writer::create(dir / "log/train");
    auto root = guild::tfevents::writer::create(dir.path());
    REQUIRE(train);
    REQUIRE(root);
    train->add_scalar("loss", 0, 1.5, 10.25);
    train->add_scalar("accuracy", 0, 0.5, 10.25);
    train->add_scalar("loss", 0, 2.5, 10.25);  // the same moment again: kept as well
    root->add_scalar("top", -7, std::numeric_limits<double>::infinity(), 1.0);
    REQUIRE(train->flush());
    REQUIRE(root->flush());
    CHECK(events.collect(into) == 4);
    train->add_scalar("loss", 1, 3.5, 11.0);
    REQUIRE(train->flush());
    CHECK(events.collect(into) == 1);
    CHECK(events.bytes_lost() == 0);
    REQUIRE(into.flush());
    series::run_reader reader(dir / "series");
    const auto loss = reader.points("tf/log/train/loss");
    REQUIRE(loss.size() == 3);
    CHECK(loss[0].time_us == 10'250'000);
    CHECK(loss[1].value.as_double() == 2.5);
    CHECK(loss[2].step == 1);
    CHECK(reader.points("tf/log/train/accuracy").size() == 1);
    const auto top = reader.points("tf/top");
    REQUIRE(top.size() == 1);
    CHECK(top[0].step == -7);
    CHECK(top[0].value.as_double() == std::numeric_limits<double>::infinity());
}

TEST_CASE("event collector: a link to a directory elsewhere is not entered") {
    const guild_test::temp_dir dir;
    auto into = writer_in(dir);
    auto outside = guild::tfevents::writer::create(dir / "outside");
    REQUIRE(outside);
    outside->add_scalar("loss", 0, 1.5, 1.0);
    REQUIRE(outside->flush());
    REQUIRE(guild::os::make_directories(dir / "run"));
    REQUIRE(::symlink((dir / "outside").c_str(), (dir / "run/linked").c_str()) == 0);
    event_collector events(dir / "run");
    CHECK(events.collect(into) == 0);
}

TEST_CASE("event collector: a file that is cut in the middle gives what is whole, and goes on when "
          "it grows") {
    const guild_test::temp_dir dir;
    auto into = writer_in(dir);
    auto whole = guild::tfevents::writer::create(dir / "elsewhere");
    REQUIRE(whole);
    for (int step = 0; step < 10; ++step) {
        whole->add_scalar("loss", step, 1.0);
    }
    REQUIRE(whole->close());
    const auto bytes = guild::os::load_file(whole->path());
    REQUIRE(bytes);
    (void)dir.write("run/events.out.tfevents.1.host", bytes->substr(0, bytes->size() - 10));
    event_collector events(dir / "run");
    CHECK(events.collect(into) == 9);
    auto grown =
        guild::os::open_file(dir / "run/events.out.tfevents.1.host", guild::os::open_mode::append);
    REQUIRE(grown);
    REQUIRE(grown->write_all(bytes->substr(bytes->size() - 10)));
    CHECK(events.collect(into) == 1);
}

TEST_CASE("event collector: points that a restart takes back in one call are never stored") {
    const guild_test::temp_dir dir;
    auto into = writer_in(dir);
    auto log = guild::tfevents::writer::create(dir / "run");
    REQUIRE(log);
    for (const std::int64_t step : {0, 1, 2, 1, 2, 3}) {
        log->add_scalar("loss", step, static_cast<double>(step), 1.0);
    }
    REQUIRE(log->close());
    guild::tfevents::directory_options options;
    options.restarts = guild::tfevents::restart_policy::latest_attempt;
    event_collector events(dir / "run", options);
    CHECK(events.collect(into) == 4);
    CHECK_FALSE(events.is_outdated());
    CHECK(events.points() == 4);
    CHECK(events.series() == 1);
    CHECK(events.last_time_us() == 1'000'000);
}

TEST_CASE("event collector: a restart behind stored points makes them outdated") {
    const guild_test::temp_dir dir;
    auto into = writer_in(dir);
    auto log = guild::tfevents::writer::create(dir / "run");
    REQUIRE(log);
    log->add_scalar("loss", 5, 0.5, 1.0);
    REQUIRE(log->flush());
    guild::tfevents::directory_options options;
    options.restarts = guild::tfevents::restart_policy::latest_attempt;
    event_collector events(dir / "run", options);
    event_collector all(dir / "run");
    CHECK(events.collect(into) == 1);
    CHECK(all.collect(into) == 1);
    log->add_scalar("loss", 5, 0.25, 2.0);
    REQUIRE(log->flush());
    CHECK(events.collect(into) == 1);
    CHECK(all.collect(into) == 1);
    CHECK(events.is_outdated());
    CHECK_FALSE(all.is_outdated());
}

TEST_CASE("event collector: a file with other content makes stored points outdated") {
    const guild_test::temp_dir dir;
    auto into = writer_in(dir);
    auto log = guild::tfevents::writer::create(dir / "run");
    auto other = guild::tfevents::writer::create(dir / "other");
    REQUIRE(log);
    REQUIRE(other);
    log->add_scalar("loss", 0, 0.5, 1.0);
    other->add_scalar("else", 7, 0.5, 1.0);
    REQUIRE(log->close());
    REQUIRE(other->close());
    event_collector events(dir / "run");
    CHECK(events.collect(into) == 1);
    REQUIRE(guild::os::save_file(log->path(), *guild::os::load_file(other->path())));
    CHECK(events.collect(into) == 1);
    CHECK(events.is_outdated());
}

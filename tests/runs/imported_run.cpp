#include <guild/runs/imported_run.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <support/event_logs.hpp>
#include <support/faulty_disk.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;
using guild_test::counting;
using guild_test::grow_log;
using guild_test::keys_of;
using guild_test::plan;
using guild_test::steps_of;
using guild_test::write_log;
namespace os = guild::os;
namespace tf = guild::tfevents;

namespace {

event_source source_in(const std::string& logdir) {
    event_source source;
    source.name = "x";
    source.logdir = logdir;
    const auto entries = os::list_directory(logdir);
    REQUIRE(entries);
    for (const os::dir_entry& each : *entries) {
        source.files.push_back(each.name);
    }
    return source;
}

imported_run must_create(const guild_test::temp_dir& dir, const os::env& system = os::system_env) {
    REQUIRE(os::make_directories(dir / "r/guild.d/series"));
    auto made =
        imported_run::create(dir / "r", source_in(dir / "logs"), 1'499'999'999'000'000, system);
    REQUIRE(made);
    return std::move(*made);
}

std::size_t count_series_files(const guild_test::temp_dir& dir) {
    return os::list_directory(dir / "r/guild.d/series")->size();
}

}  // namespace

TEST_CASE("session end: what was encoded is decoded") {
    for (const auto status : {tf::session_status::unknown, tf::session_status::success,
                              tf::session_status::failure, tf::session_status::running}) {
        const auto end = tf::decode_session_end(tf::encode_session_end(status, 12.5));
        REQUIRE(end);
        CHECK(end->status == status);
        CHECK(end->end_time == 12.5);
    }
    CHECK_FALSE(tf::decode_session_end(tf::encode_session_start({})));
    CHECK_FALSE(tf::decode_session_end("\x22\x05z"));
    CHECK_FALSE(tf::decode_session_end(""));
    CHECK(tf::decode_session_end("\x22\x02\x08\x63")->status == tf::session_status::unknown);
}

TEST_CASE("imported run: points, flags and times of a new run") {
    const guild_test::temp_dir dir;
    (void)write_log(dir / "logs", 5);
    imported_run made = must_create(dir);
    CHECK(run::open(dir / "r")->status() == run_status::running);
    REQUIRE(made.build());
    CHECK(made.points() == 5);
    CHECK(made.series() == 1);
    REQUIRE(made.end());
    const run found = run::open(dir / "r").value();
    CHECK(found.status() == run_status::completed);
    CHECK(found.cause().empty());
    CHECK(found.started_us() == 1'499'999'999'000'000);
    CHECK(found.stopped_us() == 1'500'000'004'000'000);
    CHECK(found.find_meta("logdir") == dir / "logs");
    CHECK(found.find_meta("restarts") == "keep-all");
    CHECK(found.find_meta("events_lost_bytes") == "0");
    CHECK(*find_value(found.attrs(), "logdir_run") == "x");
    CHECK(steps_of(dir / "r") == counting(5));
    CHECK(found.series().is_closed());
    CHECK(load_cursor(dir / "r").size() == 1);
    CHECK_FALSE(os::is_regular_file(dir / "r/guild.d/LOCK"));
    CHECK_FALSE(os::is_directory(dir / "r/guild.d/import"));
}

TEST_CASE("imported run: every value is kept bit for bit") {
    const guild_test::temp_dir dir;
    const double infinity = std::numeric_limits<double>::infinity();
    const std::vector<double> values = {0.1, -0.0, infinity, -infinity, std::nan("7"), 1e-310};
    for (const bool is_double : {false, true}) {
        tf::writer_options options;
        options.double_precision = is_double;
        auto log = tf::writer::create(dir / "logs", options);
        REQUIRE(log);
        for (std::size_t i = 0; i < values.size(); ++i) {
            log->add_scalar(is_double ? "wide" : "narrow", static_cast<std::int64_t>(i), values[i],
                            10.25);
        }
        REQUIRE(log->close());
    }
    imported_run made = must_create(dir);
    REQUIRE(made.build());
    REQUIRE(made.end());
    auto series = run::open(dir / "r")->series();
    const auto wide = series.points("tf/wide");
    const auto narrow = series.points("tf/narrow");
    REQUIRE(wide.size() == values.size());
    REQUIRE(narrow.size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        CHECK(wide[i].value == guild::series::number(values[i]));
        CHECK(narrow[i].value == guild::series::number(static_cast<float>(values[i])));
        CHECK(wide[i].time_us == 10'250'000);
    }
}

TEST_CASE("imported run: a session that failed is an error") {
    const guild_test::temp_dir dir;
    const std::string content = tf::encode_session_end(tf::session_status::failure, 2'000'000'000);
    std::string metadata;
    tf::append_bytes_field(metadata, 1, "hparams");
    tf::append_bytes_field(metadata, 2, content);
    std::string plugin;
    tf::append_bytes_field(plugin, 1, metadata);
    std::string value;
    tf::append_bytes_field(value, 1, "_hparams_/session_end_info");
    tf::append_bytes_field(value, 9, plugin);
    std::string summary;
    tf::append_bytes_field(summary, 1, value);
    std::string event;
    tf::append_double_field(event, 1, 1.0);
    tf::append_bytes_field(event, 5, summary);
    std::string record;
    tf::append_record(record, event);
    (void)dir.write("logs/tfevents.1", record);
    imported_run made = must_create(dir);
    REQUIRE(made.build());
    REQUIRE(made.end());
    const run found = run::open(dir / "r").value();
    CHECK(found.status() == run_status::error);
    CHECK(found.cause() == "the event files say that the session failed");
    CHECK(found.stopped_us() == 2'000'000'000'000'000);
    CHECK(*find_value(found.attrs(), "session_status") == "failure");
}

TEST_CASE("imported run: is built again in the place of the old series") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs", 5);
    {
        imported_run made = must_create(dir);
        REQUIRE(made.build());
        REQUIRE(made.end());
    }
    guild::series::run_reader watching(dir / "r/guild.d/series");
    grow_log(log, 5, 3);
    (void)write_log(dir / "logs", 2, "accuracy");
    auto again = imported_run::open(dir / "r", source_in(dir / "logs"));
    REQUIRE(again);
    REQUIRE(again->build());
    REQUIRE(again->end());
    CHECK(steps_of(dir / "r") == counting(8));
    CHECK(keys_of(dir / "r") == std::vector<std::string>{"tf/accuracy", "tf/loss"});
    CHECK(count_series_files(dir) == 1);
    REQUIRE(watching.refresh());
    CHECK(watching.points("tf/loss").size() == 8);
    CHECK(run::open(dir / "r")->started_us() == 1'499'999'999'000'000);
    CHECK(run::open(dir / "r")->stopped_us() == 1'500'000'007'000'000);
}

TEST_CASE("imported run: series that others wrote stay") {
    const guild_test::temp_dir dir;
    (void)write_log(dir / "logs", 5);
    imported_run made = must_create(dir);
    auto other = guild::series::writer::create(dir / "r/guild.d/series");
    REQUIRE(other);
    other->append_one(0, 0, other->series("mine"), 1.0);
    REQUIRE(other->close());
    REQUIRE(made.build());
    REQUIRE(made.build());
    REQUIRE(made.end());
    CHECK(keys_of(dir / "r") == std::vector<std::string>{"mine", "tf/loss"});
    CHECK(count_series_files(dir) == 2);
}

TEST_CASE("imported run: new points are added while it runs") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs", 5);
    imported_run made = must_create(dir);
    REQUIRE(made.build());
    REQUIRE(made.keep_running());
    CHECK(run::open(dir / "r")->status() == run_status::running);
    CHECK_FALSE(run::open(dir / "r")->stopped_us());
    CHECK(made.collect().value() == 0);
    grow_log(log, 5, 2);
    CHECK(made.collect().value() == 2);
    CHECK(steps_of(dir / "r") == counting(7));  // visible at once
    REQUIRE(made.end());
    CHECK(run::open(dir / "r")->status() == run_status::completed);
    CHECK(steps_of(dir / "r") == counting(7));
    CHECK(count_series_files(dir) == 1);
}

TEST_CASE("imported run: a file with other content is read anew while it runs") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs", 5);
    const std::string other = write_log(dir / "other", 3, "loss", 100);
    imported_run made = must_create(dir);
    REQUIRE(made.build());
    REQUIRE(os::save_file(log, *os::load_file(other)));
    CHECK(made.collect().value() == 3);
    CHECK(steps_of(dir / "r") == counting(3, 100));
    CHECK(count_series_files(dir) == 1);
    REQUIRE(made.end());
}

TEST_CASE("imported run: a restart takes stored points back while it runs") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs", 5);
    REQUIRE(os::make_directories(dir / "r/guild.d/series"));
    event_source source = source_in(dir / "logs");
    source.restarts = tf::restart_policy::latest_attempt;
    auto made = imported_run::create(dir / "r", source, 0);
    REQUIRE(made);
    REQUIRE(made->build());
    grow_log(log, 3, 4);
    CHECK(made->collect().value() == 7);
    CHECK(steps_of(dir / "r") == counting(7));
    REQUIRE(made->end());
    CHECK(run::open(dir / "r")->find_meta("restarts") == "latest-attempt");
}

TEST_CASE("imported run: a disk that fails anywhere leaves the old series or the new") {
    for (std::int64_t calls = 0; calls < 60; ++calls) {
        const guild_test::temp_dir dir;
        const std::string log = write_log(dir / "logs", 5);
        {
            imported_run made = must_create(dir);
            REQUIRE(made.build());
            REQUIRE(made.end());
        }
        grow_log(log, 5, 3);
        const os::env system = guild_test::faulty_env();
        plan.calls_left = calls;
        plan.failures = 1000;
        auto again = imported_run::open(dir / "r", source_in(dir / "logs"), system);
        const bool is_done = again && again->build() && again->end();
        if (again && !again->is_built()) {
            (void)again->end_with(guild::make_error(guild::errc::io_failed, "test"));
        }
        plan = {};
        INFO(calls);
        const auto steps = steps_of(dir / "r");
        CHECK((steps == counting(5) || steps == counting(8)));
        CHECK((!is_done || steps == counting(8)));
        (void)::unlink((dir / "r/guild.d/LOCK").c_str());
        auto last = imported_run::open(dir / "r", source_in(dir / "logs"));
        REQUIRE(last);
        REQUIRE(last->build());
        REQUIRE(last->end());
        CHECK(steps_of(dir / "r") == counting(8));
        CHECK(keys_of(dir / "r").size() == 1);
        CHECK(run::open(dir / "r")->status() == run_status::completed);
        CHECK(run::open(dir / "r")->cause().empty());
        if (is_done) {
            return;
        }
    }
    FAIL("no call of the last round was made without failure");
}

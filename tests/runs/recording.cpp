#include <guild/runs/recording.hpp>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

struct recorded_run {
    recorded_run() {
        auto made = create_run_directory(dir / "runs", "test", 0);
        REQUIRE(made);
        options.run_directory = *made;
        options.sample_interval_ms = 20;
        options.meta = {{"started_us", "1"}};
        options.message = [this](std::string line) { messages.push_back(std::move(line)); };
    }

    recording open() {
        auto opened = recording::open(options);
        REQUIRE(opened);
        return std::move(*opened);
    }

    static output_item item(const std::string& bytes) {
        output_item made;
        made.chunk =
            std::make_shared<const output_chunk>(output_chunk{output_stream::out, 5, bytes});
        return made;
    }

    guild_test::temp_dir dir;
    recording_options options;
    std::vector<std::string> messages;
};

run_end completed() {
    run_end end;
    end.status = run_status::completed;
    return end;
}

bool is_disk_full = false;

std::int64_t write_unless_full(int fd, const void* from, std::size_t size) {
    return is_disk_full ? -ENOSPC : os::system_env.write(fd, from, size);
}
std::int64_t pwrite_unless_full(int fd, const void* from, std::size_t size, std::int64_t offset) {
    return is_disk_full ? -ENOSPC : os::system_env.pwrite(fd, from, size, offset);
}

}  // namespace

TEST_CASE("recording: output, series and the end are on disk after end()") {
    recorded_run test;
    recording record = test.open();
    CHECK(run::open(test.options.run_directory).value().status() == run_status::running);
    record.set_process(os::process_id());
    CHECK(record.wait_ms() == 0);
    record.work_if_due();
    CHECK(record.wait_ms() > 0);
    output_item gap = test.item("after");
    gap.dropped_bytes = 3;
    record.store(test.item("before"));
    record.store(gap);
    CHECK(record.end(completed()) == test.options.run_directory);
    const run found = run::open(test.options.run_directory).value();
    CHECK(found.status() == run_status::completed);
    CHECK(*find_value(found.meta(), "pid") == std::to_string(os::process_id()));
    CHECK(*find_value(found.meta(), "output_lost_bytes") == "3");
    CHECK(found.output().value().pieces.size() == 3);
    CHECK(found.series().points("sys/mem/used").size() == 1);
    CHECK(record.failures() == 0);
    CHECK(test.messages.empty());
}

TEST_CASE("recording: series files that were closed are in columns after end(), others are left") {
    recorded_run test;
    recording record = test.open();
    record.set_process(os::process_id());
    record.work_if_due();
    const std::string series = data_path(test.options.run_directory, series_directory);
    const auto log = [&](int pid) {
        guild::series::writer_options how;
        how.pid = pid;
        auto made = guild::series::writer::create(series, how);
        REQUIRE(made);
        made->append_one(1, 1, made->series("own"), 0.5);
        REQUIRE(made->flush());
        return std::move(*made);
    };
    guild::series::writer ended = log(1);
    REQUIRE(ended.close());
    const guild::series::writer going_on = log(2);
    (void)record.end(completed());
    CHECK(record.failures() == 0);
    const run found = run::open(test.options.run_directory).value();
    CHECK(found.series().points("sys/mem/used").size() == 1);
    CHECK(found.series().points("own").size() == 1);
    std::size_t in_columns = 0;
    for (const auto& entry : os::list_directory(series).value()) {
        const std::string path = guild::join_path(series, entry.name);
        const auto file = guild::series::reader::open(path);
        REQUIRE(file);
        CHECK((file->header().generation == 0) == (path == going_on.path()));
        in_columns += file->header().generation == 1 ? 1U : 0U;
    }
    CHECK(in_columns == 2);
}

TEST_CASE("recording: a command that ends before the first round leaves the machine's record too") {
    recorded_run test;
    recording record = test.open();
    record.set_process(os::process_id());
    (void)record.end(completed());
    const run found = run::open(test.options.run_directory).value();
    CHECK(find_value(found.attrs(), "cpu_cores") != nullptr);
    CHECK(found.series().points("sys/mem/used").size() == 1);
}

TEST_CASE("recording: every kind of failure is told once and all are counted") {
    recorded_run test;
    os::env system = os::system_env;
    system.write = write_unless_full;
    system.pwrite = pwrite_unless_full;
    test.options.system = &system;
    recording record = test.open();
    record.set_process(os::process_id());
    is_disk_full = true;
    for (int i = 0; i < 3; ++i) {
        record.store(test.item("lost"));
        ::usleep(25'000);
        record.work_if_due();
    }
    is_disk_full = false;
    CHECK(record.failures() >= 6);
    record.store(test.item("kept"));
    (void)record.end(completed());
    int about_output = 0;
    int about_series = 0;
    for (const std::string& line : test.messages) {
        about_output += line.find("Error logging output: ") == 0 ? 1 : 0;
        about_series += line.find("Error logging series values: ") == 0 ? 1 : 0;
        CHECK(line.find(std::string(std::strerror(ENOSPC)) + " (28)") != std::string::npos);
    }
    CHECK(about_output == 1);
    CHECK(about_series == 1);
    const run found = run::open(test.options.run_directory).value();
    CHECK(found.status() == run_status::completed);
    CHECK(*find_value(found.meta(), "output_lost_bytes") == "12");
    CHECK(*find_value(found.meta(), "record_errors") == std::to_string(record.failures()));
    CHECK(found.series().points("sys/mem/used").size() == 3);  // kept until there was room
}

TEST_CASE("recording: a second one of the same run is refused and leaves the first alone") {
    recorded_run test;
    recording record = test.open();
    const auto second = recording::open(test.options);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == guild::errc::already_exists);
    (void)record.end(completed());
    CHECK(run::open(test.options.run_directory).value().status() == run_status::completed);
}

TEST_CASE("recording: an external collector's metrics are series, its failure is told and kept") {
    recorded_run test;
    test.options.sample_interval_ms = 60'000;
    collector_spec good;
    good.name = "good";
    good.argv = {"/bin/sh", "-c", "echo 'fan{n=\"1\"} 900'"};
    good.interval_ms = 1;
    collector_spec bad = good;
    bad.name = "bad";
    bad.argv = {"/bin/sh", "-c", "exit 7"};
    collector_spec endless = good;
    endless.name = "endless";
    endless.argv = {"/bin/sh", "-c", "sleep 600"};
    test.options.collectors = {good, bad, endless};
    recording record = test.open();
    const auto points = [&] {
        return run::open(test.options.run_directory)
            .value()
            .series()
            .points("sys/good/fan{n=\"1\"}")
            .size();
    };
    for (int i = 0; i < 5'000 && (points() < 3 || test.messages.empty()); ++i) {
        CHECK(record.wait_ms() < 300);
        usleep(static_cast<useconds_t>(record.wait_ms() * 1000));
        record.work_if_due();
    }
    CHECK(points() >= 3);
    (void)record.end(completed());
    CHECK(test.messages == std::vector<std::string>{"Error collecting 'bad': exit code 7"});
    const run found = run::open(test.options.run_directory).value();
    REQUIRE(find_value(found.meta(), "collector.bad") != nullptr);
    CHECK(guild::starts_with(*find_value(found.meta(), "collector.bad"), "failed "));
    CHECK(find_value(found.meta(), "collector.good") == nullptr);
    CHECK(find_value(found.meta(), "collector.endless") == nullptr);
    CHECK(record.failures() == 0);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("recording: rounds come at the interval that was asked for") {
    static std::int64_t now_us;
    now_us = 1'000'000'000;
    os::env clock = os::system_env;
    clock.boot_time_us = [] { return now_us; };
    recorded_run test;
    test.options.system = &clock;
    test.options.sample_interval_ms = 7'000;
    recording record = test.open();
    record.set_process(os::process_id());
    record.work_if_due();
    for (int second = 0; second < 70; ++second) {
        CHECK(record.wait_ms() == 7'000 - second % 7 * 1'000);
        now_us += 1'000'000;
        record.work_if_due();
    }
    (void)record.end(completed());
    CHECK(run::open(test.options.run_directory).value().series().points("sys/mem/total").size() ==
          11);
}

TEST_CASE("recording: values in the output are series of a file of their own") {
    recorded_run test;
    const auto wanted = guild::pattern::parse("step (?P<step>\\d+) loss (?P<loss>\\S+)");
    REQUIRE(wanted);
    test.options.output_rules.push_back({"train", *wanted});
    recording record = test.open();
    CHECK_FALSE(record.has_unread_output());
    record.store(test.item("step 1 loss 0.5\nstep 2 lo"));
    CHECK(record.has_unread_output());
    record.read_output();
    record.work_if_due();
    const auto points = [&] {
        return run::open(test.options.run_directory).value().series().points("output/train/loss");
    };
    CHECK(points() == std::vector<guild::series::point>{{1, 5, 0.5}});
    record.store(test.item("ss 0.25"));
    (void)record.end(completed());
    CHECK(points() == std::vector<guild::series::point>{{1, 5, 0.5}, {2, 5, 0.25}});
    CHECK(record.failures() == 0);
    CHECK(list_series_files(data_path(test.options.run_directory)).value().size() == 2);
}

TEST_CASE("recording: values in the output survive the deletion of the run directory") {
    recorded_run test;
    const auto wanted = guild::pattern::parse("loss (?P<loss>\\S+)");
    REQUIRE(wanted);
    test.options.output_rules.push_back({"", *wanted});
    recording record = test.open();
    record.store(test.item("loss 1\n"));
    record.read_output();
    REQUIRE(os::remove_tree(test.options.run_directory));
    record.store(test.item("loss 2\n"));
    record.read_output();
    const run found = run::open(record.end(completed())).value();
    CHECK(found.series().points("output/loss").size() == 2);
    CHECK(record.failures() == 0);
}

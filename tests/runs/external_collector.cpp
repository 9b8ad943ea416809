#include <guild/runs/external_collector.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <guild/os/file.hpp>
#include <guild/os/stats.hpp>
#include <guild/series/run_reader.hpp>

#include <doctest/doctest.h>
#include <support/child_program.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;
namespace series = guild::series;

namespace {

// One collector that is a shell script, and what it stores.
struct collecting {
    explicit collecting(const std::string& script)
        : into(std::move(*series::writer::create(dir / "series"))) {
        spec.name = "test";
        spec.argv = os::shell_command(script);
        spec.directory = dir.path();
        spec.interval_ms = 1;
    }

    // Runs the program so often, to its end each time; says how many points were stored.
    std::size_t run(std::uint64_t times = 1) {
        if (!collector) {
            collector.emplace(spec);
        }
        std::size_t stored = 0;
        const std::uint64_t until = collector->starts() + times;
        while (collector->starts() < until || collector->is_running()) {
            usleep(static_cast<useconds_t>(collector->wait_ms() * 1000));
            stored += collector->work(into);
        }
        REQUIRE(into.flush());
        return stored;
    }

    std::string news() {
        std::string all;
        while (const auto line = collector->take_news()) {
            all += *line + '\n';
        }
        return all;
    }

    guild_test::temp_dir dir;
    collector_spec spec;
    series::writer into;
    std::optional<external_collector> collector;
};

}  // namespace

TEST_CASE("external collector: metrics become series, again and again") {
    collecting test("echo 'queue{name=\"b\",host=\"a\"} 3'; echo 'up 1'");
    CHECK(test.run(3) == 6);
    CHECK(test.collector->failures() == 0);
    CHECK(test.collector->summary().empty());
    CHECK(test.news().empty());
    series::run_reader reader(test.dir / "series");
    const auto queue = reader.points("sys/test/queue{host=\"a\",name=\"b\"}");
    REQUIRE(queue.size() == 3);
    CHECK(queue[0].step == 0);
    CHECK(queue[2].step == 2);
    CHECK(queue[2].value.as_double() == 3);
    CHECK(queue[2].time_us > 1'600'000'000'000'000);
    CHECK(reader.points("sys/test/up").size() == 3);
}

TEST_CASE("external collector: a time that the program gives is kept, and the same point is not "
          "stored twice") {
    collecting test("echo 'a 1 1000'; echo 'b 2 2000'; echo 'b 3 3000'; echo 'c 4'");
    CHECK(test.run() == 4);
    CHECK(test.run() == 3);  // b has gone back to 2000: told as it is
    CHECK(test.collector->failures() == 0);
    series::run_reader reader(test.dir / "series");
    REQUIRE(reader.points("sys/test/a").size() == 1);
    CHECK(reader.points("sys/test/a")[0].time_us == 1'000'000);
    CHECK(reader.points("sys/test/c").size() == 2);
}

TEST_CASE("external collector: it runs where it is told, with the variables it is given") {
    collecting test("echo \"a{dir=\\\"$(pwd)\\\",x=\\\"$X\\\"} 1\"");
    test.spec.environment = os::variables{{"X", "y"}, {"PATH", "/usr/bin:/bin"}};
    CHECK(test.run() == 1);
    series::run_reader reader(test.dir / "series");
    CHECK(reader
              .points("sys/test/a{dir=\"" + os::get_real_path(test.dir.path()).value() +
                      "\",x=\"y\"}")
              .size() == 1);
}

TEST_CASE("external collector: a program that is not there is told once") {
    collecting test("");
    test.spec.argv = {test.dir / "none"};
    CHECK(test.run(3) == 0);
    CHECK(test.collector->failures() == 3);
    const std::string news = test.news();
    CHECK(guild::contains(news, "Error collecting 'test': "));
    CHECK(guild::contains(news, "none"));
    CHECK(news.find('\n') == news.size() - 1);
    CHECK(guild::starts_with(test.collector->summary(), "failed 3 of 3 times: "));
}

TEST_CASE("external collector: one that fails is told with its first line of error, and goes on") {
    collecting test("echo 'a 1'; echo 'no \033[31mluck' >&2; echo more >&2; test -e ok || exit 3");
    CHECK(test.run(2) == 0);
    CHECK(test.news() == "Error collecting 'test': exit code 3: no ?[31mluck\n");
    CHECK(test.collector->summary() == "failed 2 of 2 times: exit code 3: no ?[31mluck");
    (void)test.dir.write("ok", "");
    CHECK(test.run() == 1);
    CHECK(test.collector->failures() == 2);
}

TEST_CASE("external collector: one that dies by a signal is told") {
    collecting test("kill -9 $$");
    CHECK(test.run() == 0);
    CHECK(test.news() == "Error collecting 'test': killed by SIGKILL\n");
}

TEST_CASE("external collector: one that hangs is killed with all that it started") {
    collecting test("trap '' TERM; sleep 60 & echo 'a 1'; wait");
    test.spec.timeout_ms = 50;
    CHECK(test.run(2) == 0);
    CHECK(test.news() == "Error collecting 'test': did not end within 50 ms and was killed\n");
    CHECK_FALSE(guild_test::has_children());
}

TEST_CASE("external collector: what it leaves running is killed when it ends") {
    collecting test("sleep 60 & echo $! > left; echo 'a 1'");
    CHECK(test.run() == 1);
    const int left = std::stoi(os::load_file(test.dir / "left").value());
    for (int i = 0; i < 500 && os::process_start_ticks(left); ++i) {
        usleep(10'000);
    }
    CHECK_FALSE(os::process_start_ticks(left).has_value());
}

TEST_CASE("external collector: endless output ends it and takes no memory") {
    collecting test("exec yes 'a 1'");
    test.spec.max_output_bytes = 100'000;
    CHECK(test.run() == 0);
    CHECK(test.news() ==
          "Error collecting 'test': printed more than 100000 bytes and was killed\n");
    CHECK_FALSE(guild_test::has_children());
}

TEST_CASE("external collector: errors without end do so too") {
    collecting test("exec yes >&2");
    test.spec.max_output_bytes = 100'000;
    CHECK(test.run() == 0);
    CHECK(test.collector->failures() == 1);
}

TEST_CASE("external collector: of garbage what can be read is stored, and the first mistake told") {
    collecting test("printf 'a 1\\n<html>\\nb 2\\nc{\\n\\001\\000\\377\\n'");
    CHECK(test.run(2) == 4);
    CHECK(test.news() == "Error collecting 'test': output:2:1: expected a name\n");
    CHECK(test.collector->failures() == 2);
}

TEST_CASE("external collector: no metrics, and one metric twice, are told") {
    collecting test("test -e twice && printf 'a 1\\na 2\\n'; true");
    CHECK(test.run() == 0);
    CHECK(test.news() == "Error collecting 'test': printed no metrics\n");
    (void)test.dir.write("twice", "");
    CHECK(test.run() == 1);
    CHECK(test.collector->failures() == 2);
}

TEST_CASE("external collector: series without end are left out, those that are known go on") {
    collecting test("i=0; while [ $i -lt 3000 ]; do echo \"a{pid=\\\"$$\\\",i=\\\"$i\\\"} 1\"; "
                    "i=$((i+1)); done; echo 'last 2'");
    CHECK(test.run() == 3001);
    CHECK(test.run() == max_collector_series - 3001 + 1);
    CHECK(test.news() == "Error collecting 'test': has more than 4096 series, or their names are "
                         "too long; the others are left out\n");
    CHECK(series::run_reader(test.dir / "series").points("sys/test/last").size() == 2);
}

TEST_CASE("external collector: names that are long together are left out") {
    collecting test("i=0; while [ $i -lt 300 ]; do printf 'a{x=\"%03000d\"} 1\\n' $i; "
                    "i=$((i+1)); done");
    const std::size_t stored = test.run();
    CHECK(stored > 100);
    CHECK(stored < 200);
    CHECK(guild::contains(test.news(), "their names are too long"));
}

TEST_CASE("external collector: a name longer than series have is told") {
    collecting test("printf 'a{x=\"%05000d\"} 1\\nb 2\\n' 0");
    CHECK(test.run() == 1);
    CHECK(guild::contains(test.news(), "too long"));
}

TEST_CASE("external collector: output of many pieces is one text") {
    collecting test("i=0; while [ $i -lt 4000 ]; do echo \"a{i=\\\"$i\\\",text=\\\"0123456789 "
                    "0123456789 0123456789\\\"} $i\"; i=$((i+1)); done; sleep 0.1");
    CHECK(test.run() == 4000);
    CHECK(test.collector->failures() == 0);
}

TEST_CASE("external collector: times that were missed are left out") {
    static std::int64_t now_us;
    now_us = 5'000'000;
    os::env clock = os::system_env;
    clock.boot_time_us = [] { return now_us; };
    collecting test("");
    test.spec.argv = {test.dir / "none"};
    test.spec.interval_ms = 1'000;
    external_collector collector(test.spec, clock);
    CHECK(collector.wait_ms() == 0);
    CHECK(collector.work(test.into) == 0);
    CHECK(collector.starts() == 1);
    CHECK(collector.wait_ms() == 1'000);
    now_us += 3'400'000;
    CHECK(collector.wait_ms() == 0);
    (void)collector.work(test.into);
    CHECK(collector.starts() == 2);
    CHECK(collector.wait_ms() == 600);
}

TEST_CASE("external collector: stop kills it and it is not started again") {
    collecting test("sleep 60");
    external_collector collector(test.spec);
    (void)collector.work(test.into);
    CHECK(guild_test::has_children());
    collector.stop();
    CHECK_FALSE(guild_test::has_children());
    CHECK(collector.work(test.into) == 0);
    CHECK_FALSE(guild_test::has_children());
    CHECK(collector.failures() == 0);
}

TEST_CASE("collector name: not that of a part of the machine") {
    for (const char* name : {"a", "fan", "cpu-extra", "gpus", "node_exporter.2", "memory"}) {
        CAPTURE(name);
        CHECK(is_collector_name(name));
    }
    for (const char* name : {"", ".", "..", "a/b", "a b", "cpu", "cpu0", "gpu12", "mem", "swap",
                             "load", "cgroup", "\xC3\xA4"}) {
        CAPTURE(name);
        CHECK_FALSE(is_collector_name(name));
    }
    CHECK(is_collector_name(std::string(64, 'a')));
    CHECK_FALSE(is_collector_name(std::string(65, 'a')));
}

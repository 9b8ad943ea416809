#include <guild/runs/post_mortem.hpp>

#include <string>
#include <vector>

#include <guild/runs/run_files.hpp>
#include <guild/series/writer.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild::runs;

namespace {

// A run directory of files that are written by hand.
class dead_run {
public:
    explicit dead_run(const std::string& meta, const std::string& output = "") {
        (void)dir_.write("runs/one/guild.d/meta.tsv", meta);
        (void)dir_.write("runs/one/guild.d/output.log", output);
        (void)dir_.write("runs/one/guild.d/attrs.tsv",
                         "memory\t64000000000\nmemory_limit\t62000000000\n");
    }
    [[nodiscard]] std::string path() const { return dir_ / "runs/one"; }
    [[nodiscard]] run open() const {
        auto opened = run::open(path());
        REQUIRE(opened);
        return std::move(*opened);
    }

private:
    guild_test::temp_dir dir_;
};

}  // namespace

TEST_CASE("post mortem: names cause, step and memory") {
    const dead_run dead("started_us\t1\ncause\tSIGKILL (cgroup out of memory)\nstatus\terror\n");
    auto writer = guild::series::writer::create(data_path(dead.path(), series_directory));
    REQUIRE(writer);
    writer->append_one(4800, 1, writer->series("accuracy"), guild::series::number(0.5));
    writer->append_one(4821, 2, writer->series("loss"), guild::series::number(0.5));
    writer->append_one(90'000, 2, writer->series("sys/cpu/util"), guild::series::number(0.5));
    writer->append_one(90'000, 2, writer->series("op/mem/rss"), guild::series::number(61.8e9));
    REQUIRE(writer->close());
    CHECK(describe_end(dead.open()) ==
          "error: SIGKILL (cgroup out of memory) at step 4821, 61.8 of 62.0 GB resident");
}

TEST_CASE("post mortem: what is not known is not told") {
    CHECK(describe_end(dead_run("started_us\t1\ncause\texit code 3\nstatus\terror\n").open()) ==
          "error: exit code 3");
    CHECK(describe_end(dead_run("started_us\t1\nstatus\tcompleted\n").open()) == "completed");
}

TEST_CASE("post mortem: the last lines are as a terminal shows them") {
    std::string output = "first\n";
    for (int i = 0; i < 30; ++i) {
        output += "line " + std::to_string(i) + "\n";
    }
    output += " 10%\r 50%\r100%\n\x1B[31mred\x1B[0m\r\n 1%\r\nlast";
    const auto lines = read_last_lines(dead_run("status\terror\n", output).open(), 5);
    REQUIRE(lines);
    const std::vector<std::string> expected = {"line 29", "100%", "red", " 1%", "last"};
    CHECK(*lines == expected);
    CHECK(read_last_lines(dead_run("status\terror\n").open()).value().empty());
    const auto all =
        read_last_lines(dead_run("status\terror\n", std::string(200'000, '\n')).open());
    CHECK(all.value().size() == 20);
}

TEST_CASE("post mortem: an hour of a progress bar does not hide the lines before it") {
    std::string output = "begin\nconfigured\n";
    for (int i = 0; i < 36'000; ++i) {
        output += std::to_string(i / 360) + "%|#########---------| " + std::to_string(i) + "\r";
    }
    const auto lines = read_last_lines(dead_run("status\terror\n", output + "\nkilled\n").open());
    REQUIRE(lines);
    CHECK(*lines == std::vector<std::string>{"begin", "configured", "99%|#########---------| 35999",
                                             "killed"});
}

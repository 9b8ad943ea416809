#include <guild/runs/output_scan.hpp>

#include <string>
#include <vector>

#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild::runs;
namespace os = guild::os;
namespace series = guild::series;

namespace {

output_rule scan_rule(const std::string& name, const std::string& expression) {
    auto parsed = guild::pattern::parse(expression);
    REQUIRE(parsed);
    return {name, *parsed};
}

// A run that is over, with some output and a series of its own.
struct ended_run {
    explicit ended_run(const std::string& output) {
        REQUIRE(os::make_directories(data_path(dir.path(), series_directory)));
        (void)dir.write("guild.d/meta.tsv", "started_us\t1\nstatus\tcompleted\n");
        auto writer = output_writer::open(dir.path());
        REQUIRE(writer);
        std::int64_t time_us = 0;
        for (const std::string& line : guild::split(output, '\n')) {
            REQUIRE(writer->append(output_stream::out, ++time_us, line + "\n"));
        }
        auto own = series::writer::create(data_path(dir.path(), series_directory));
        REQUIRE(own);
        own->append_one(1, 1, own->series("own"), 0.5);
        REQUIRE(own->close());
    }

    rescan_report rescan(const std::string& expression, bool is_trial = false) const {
        rescan_options options;
        options.is_trial = is_trial;
        auto done = rescan_output(open(), {scan_rule("a", expression)}, options);
        REQUIRE(done);
        return *done;
    }
    [[nodiscard]] run open() const {
        auto opened = run::open(dir.path());
        REQUIRE(opened);
        return *opened;
    }
    [[nodiscard]] std::vector<series::point> points(const std::string& key) const {
        return open().series().points(key);
    }
    [[nodiscard]] std::size_t files() const {
        return list_series_files(data_path(dir.path())).value().size();
    }

    guild_test::temp_dir dir;
};

bool is_rename_refused = false;

int rename_unless_refused(const char* from, const char* to) {
    return is_rename_refused ? -EACCES : os::system_env.rename(from, to);
}

}  // namespace

TEST_CASE("output scan: values are stored as lines come") {
    guild_test::temp_dir dir;
    REQUIRE(os::make_directories(data_path(dir.path())));
    auto output = output_writer::open(dir.path());
    auto writer = series::writer::create(dir / "series");
    REQUIRE((output && writer));
    output_scan scan({scan_rule("a", "(?P<step>\\d+): (?P<x>\\S+)")}, std::move(*writer));
    output_reader reader(output->log(), output->index());
    CHECK_FALSE(scan.advance(reader).value());
    REQUIRE(output->append(output_stream::out, 10, "1: 0.5\n2: "));
    CHECK(scan.advance(reader).value());
    CHECK(scan.points() == 1);
    REQUIRE(output->append(output_stream::out, 20, "0.25\n3: 0.125"));
    CHECK(scan.advance(reader).value());
    CHECK_FALSE(scan.advance(reader).value());
    CHECK(scan.points() == 2);
    scan.finish();
    REQUIRE(scan.writer()->close());
    series::run_reader found(dir / "series");
    CHECK(found.points("output/a/x") ==
          std::vector<series::point>{{1, 10, 0.5}, {2, 20, 0.25}, {3, 20, 0.125}});
}

TEST_CASE("rescan: takes the place of what was there") {
    const ended_run run("step 1 loss 0.5 acc 0.1\nstep 2 loss 0.25 acc 0.2");
    const auto first = run.rescan("step (?P<step>\\d+) loss (?P<loss>\\S+)");
    CHECK(first.points == 2);
    CHECK(first.replaced == 0);
    CHECK(first.rules.at(0).lines == 2);
    CHECK(run.points("output/a/loss") == std::vector<series::point>{{1, 1, 0.5}, {2, 2, 0.25}});
    CHECK(run.files() == 2);
    const auto again = run.rescan("step (?P<step>\\d+) loss (?P<loss>\\S+)");
    CHECK(again.path == first.path);
    CHECK(again.replaced == 1);
    CHECK(run.points("output/a/loss").size() == 2);
    (void)run.rescan("step (?P<step>\\d+).*acc (?P<acc>\\S+)");
    CHECK(run.points("output/a/loss").empty());
    CHECK(run.points("output/a/acc").size() == 2);
    CHECK(run.points("own").size() == 1);
    CHECK(run.files() == 2);
}

TEST_CASE("rescan: a trial counts and writes nothing") {
    const ended_run run("x=1\nx=two");
    const auto report = run.rescan("x=(?P<x>\\S+)", true);
    CHECK(report.points == 1);
    CHECK(report.rules.at(0).unread == 1);
    CHECK(report.bytes == 10);
    CHECK(report.path.empty());
    CHECK(run.files() == 1);
}

TEST_CASE("rescan: where nothing is found the former series go") {
    const ended_run run("x=1");
    (void)run.rescan("x=(?P<x>\\S+)");
    CHECK(run.files() == 2);
    const auto report = run.rescan("y=(?P<y>\\S+)");
    CHECK(report.points == 0);
    CHECK(report.replaced == 1);
    CHECK(run.files() == 1);
    CHECK(run.points("own").size() == 1);
    CHECK_FALSE(os::find_status(data_path(run.dir.path(), "scan")));
}

TEST_CASE("rescan: a failure leaves the former series") {
    const ended_run run("x=1");
    (void)run.rescan("x=(?P<x>\\S+)");
    os::env refusing = os::system_env;
    refusing.rename = rename_unless_refused;
    rescan_options options;
    options.system = &refusing;
    is_rename_refused = true;
    const auto failed = rescan_output(run.open(), {scan_rule("b", "x=(?P<x>\\S+)")}, options);
    is_rename_refused = false;
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == guild::errc::permission_denied);
    CHECK(run.points("output/a/x").size() == 1);
    CHECK(run.points("output/b/x").empty());
    CHECK_FALSE(os::find_status(data_path(run.dir.path(), "scan")));
}

TEST_CASE("rescan: a run without output has no values") {
    guild_test::temp_dir dir;
    (void)dir.write("guild.d/meta.tsv", "started_us\t1\nstatus\tcompleted\n");
    const auto opened = run::open(dir.path());
    REQUIRE(opened);
    const auto report = rescan_output(*opened, {scan_rule("a", "(?P<x>\\d+)")});
    REQUIRE(report);
    CHECK(report->points == 0);
    CHECK(report->bytes == 0);
}

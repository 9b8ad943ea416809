#include <guild/runs/output_follower.hpp>

#include <string>

#include <guild/runs/run.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild::runs;
namespace os = guild::os;

namespace {

struct followed_run {
    followed_run() {
        REQUIRE(os::make_directories(data_path(dir.path(), series_directory)));
        auto opened = output_writer::open(dir.path());
        REQUIRE(opened);
        output = std::move(*opened);
    }
    output_follower follow() const {
        auto wanted = guild::pattern::parse("x=(?P<x>\\S+)");
        REQUIRE(wanted);
        auto made = output_follower::create({{"a", *wanted}}, dir.path());
        REQUIRE(made);
        return std::move(*made);
    }
    void print(const std::string& text) { REQUIRE(output.append(output_stream::out, 1, text)); }
    [[nodiscard]] std::size_t points() const {
        return guild::series::run_reader(data_path(dir.path(), series_directory))
            .points("output/a/x")
            .size();
    }

    guild_test::temp_dir dir;
    output_writer output;
};

}  // namespace

TEST_CASE("output follower: it catches up when there is time") {
    followed_run run;
    output_follower follower = run.follow();
    CHECK_FALSE(follower.is_behind());
    run.print("x=1\nx=2\n");
    follower.note_output();
    CHECK(follower.is_behind());
    while (follower.is_behind()) {
        REQUIRE(follower.work(run.output.log(), run.output.index()));
    }
    CHECK(follower.scan().points() == 2);
    REQUIRE(follower.writer().flush());
    CHECK(run.points() == 2);
    run.print("x=3");
    follower.note_output();
    CHECK(follower.finish(run.output.log(), run.output.index(), 60'000).value() == 0);
    REQUIRE(follower.close(data_path(run.dir.path())));
    CHECK(run.points() == 3);
}

TEST_CASE("output follower: what there is no time for is counted") {
    followed_run run;
    output_follower follower = run.follow();
    run.print("x=1\n");
    follower.note_output();
    CHECK(follower.finish(run.output.log(), run.output.index(), 0).value() == 4);
}

TEST_CASE("output follower: a last line without end is looked at when time is over, too") {
    followed_run run;
    output_follower follower = run.follow();
    run.print("x=1\nx=2");
    follower.note_output();
    REQUIRE(follower.work(run.output.log(), run.output.index()));
    CHECK(follower.is_behind());
    CHECK(follower.finish(run.output.log(), run.output.index(), 0).value() == 0);
    CHECK(follower.scan().points() == 2);
}

TEST_CASE("output follower: a file without values does not stay") {
    followed_run run;
    output_follower follower = run.follow();
    run.print("nothing\n");
    follower.note_output();
    CHECK(list_series_files(data_path(run.dir.path())).value().size() == 1);
    CHECK(follower.finish(run.output.log(), run.output.index(), 60'000).value() == 0);
    REQUIRE(follower.close(data_path(run.dir.path())));
    CHECK(list_series_files(data_path(run.dir.path())).value().empty());
}

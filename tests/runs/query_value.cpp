#include <guild/runs/query_value.hpp>

#include <string>

#include <doctest/doctest.h>
#include <guild/series/writer.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;

namespace {

run make_queried_run(const guild_test::temp_dir& dir) {
    (void)dir.write("20170601T153000Z-fit/guild.d/meta.tsv",
                    "model\tsoftmax\nstarted_us\t1496331000000000\nstopped_us\t1496331061500000\n"
                    "exit_code\t3\ncause\texit code 3\nstatus\terror\n");
    (void)dir.write("20170601T153000Z-fit/guild.d/flags.tsv", "lr\t0.1\nboth\tflag\n");
    (void)dir.write("20170601T153000Z-fit/guild.d/attrs.tsv", "host\tnode\nboth\tattr\n");
    (void)dir.write("20170601T153000Z-fit/guild.d/user.tsv",
                    "label\tthe good one\ntag.best\t\nnote\tsee\\nmail\n");
    const std::string path = dir / "20170601T153000Z-fit";
    auto series = guild::series::writer::create(path + "/guild.d/series").value();
    const auto loss = series.series("loss");
    const auto empty = series.series("v1.5");
    series.append_one(1, 1, loss, 2.5);
    series.append_one(2, 2, loss, 0.25);
    series.append_one(3, 3, loss, 1.0);
    series.append_one(3, 3, empty, 7.0);
    REQUIRE(series.close());
    return run::open(path).value();
}

bool is_so(const run& which, const std::string& text) {
    query_values values(which, [](std::string_view name) {
        return name == "accuracy" ? std::make_optional<std::string>("0.9") : std::nullopt;
    });
    return values.match(query::parse(text).value());
}

}  // namespace

TEST_CASE("query values: a bare name is a flag before it is an attribute") {
    const guild_test::temp_dir dir;
    const run seen = make_queried_run(dir);
    CHECK(is_so(seen, "both = flag and attr:both = attr and host = node"));
    query_values values(seen);
    CHECK(values.find(query_source::any, "both") == "flag");
    CHECK(values.find(query_source::any, "nothing") == std::nullopt);
    CHECK(values.find(query_source::field, "accuracy") == std::nullopt);
}

TEST_CASE("query values: a run's own words, times as text, the duration in seconds") {
    const guild_test::temp_dir dir;
    const run seen = make_queried_run(dir);
    CHECK(is_so(seen, "status = error and exit_code = 3 and cause ~ 'code 3' and model = softmax"));
    CHECK(is_so(seen, "name = softmax and id ~ -fit$ and duration = 61.5"));
    CHECK(is_so(seen, "started >= 2017-06-01 and started < 2017-06-02"));
    CHECK(is_so(seen, "stopped > 2017-06-01T15:31 and not stopped > 2017-06-01T15:32"));
    CHECK(is_so(seen, "label ~ good and tag:best and not tag:worst and note ~ mail"));
    CHECK_FALSE(is_so(seen, "signal or run:host"));
}

TEST_CASE("query values: a series is its last value, or a part that is named behind a dot") {
    const guild_test::temp_dir dir;
    const run seen = make_queried_run(dir);
    CHECK(is_so(seen, "loss = 1 and series:loss.last = 1 and loss.first = 2.5"));
    CHECK(is_so(seen, "loss.min < 0.3 and loss.max = 2.5 and loss.count = 3 and loss.step = 3"));
    CHECK(is_so(seen, "loss.nan = 0 and loss.inf = 0"));
    CHECK(is_so(seen, "v1.5 = 7 and v1.5.count = 1"));
    CHECK_FALSE(is_so(seen, "loss.middle or nosuch.min"));
}

TEST_CASE("query values: fields come from whoever knows the project") {
    const guild_test::temp_dir dir;
    const run seen = make_queried_run(dir);
    CHECK(is_so(seen, "accuracy > 0.8"));
    CHECK(is_so(seen, "field:accuracy = 0.9"));
    CHECK_FALSE(is_so(seen, "field:loss"));
}

TEST_CASE("query values: an empty directory answers with its name and nothing else") {
    const guild_test::temp_dir dir;
    (void)dir.write("20180601T000000Z/guild.d/x", "");
    const run seen = run::open(dir / "20180601T000000Z").value();
    CHECK(
        is_so(seen, "name = 20180601T000000Z and status = pending and not duration and not loss"));
    CHECK(is_so(seen, "started = 2018-06-01T00:00:00.000000Z"));
}

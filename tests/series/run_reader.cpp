#include <guild/series/run_reader.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/writer.hpp>
#include <support/faulty_disk.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace gs = guild::series;

namespace {

gs::writer must_create(const std::string& directory, std::uint32_t attempt = 0,
                       std::optional<std::uint32_t> rank = std::nullopt) {
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    options.attempt = attempt;
    options.rank = rank;
    auto made = gs::writer::create(directory, options);
    REQUIRE(made);
    return std::move(*made);
}

void log(gs::writer& writer, const std::string& key, std::int64_t step, double value) {
    writer.append_one(step, step, writer.series(key), value);
    REQUIRE(writer.flush());
}

std::vector<std::string> keys_of(const gs::run_reader& reader) {
    std::vector<std::string> keys;
    for (const gs::series_summary& summary : reader.summaries()) {
        keys.push_back(summary.key);
    }
    return keys;
}

}  // namespace

TEST_CASE("run reader: a directory that is missing is empty, and may come later") {
    const guild_test::temp_dir dir;
    gs::run_reader reader(dir / "series");
    CHECK(reader.summaries().empty());
    CHECK_FALSE(reader.last_error());
    CHECK_FALSE(reader.is_closed());
    gs::writer writer = must_create(dir / "series");
    log(writer, "x", 1, 0.5);
    CHECK(reader.refresh());
    CHECK(keys_of(reader) == std::vector<std::string>{"x"});
    CHECK(reader.points("x") == std::vector<gs::point>{{1, 1, 0.5}});
}

TEST_CASE("run reader: two writers of one key are kept apart") {
    const guild_test::temp_dir dir;
    gs::writer first = must_create(dir.path());
    gs::writer second = must_create(dir.path());
    log(second, "loss", 1, 2.0);
    log(first, "loss", 1, 1.0);
    log(first, "only", 1, 3.0);
    log(second, "loss", 2, 2.5);
    gs::run_reader reader(dir.path());
    CHECK(keys_of(reader) == std::vector<std::string>{"loss", "loss @rank1", "only"});
    CHECK(reader.points("loss") == std::vector<gs::point>{{1, 1, 1.0}});
    CHECK(reader.points("loss @rank1") == std::vector<gs::point>{{1, 1, 2.0}, {2, 2, 2.5}});
    CHECK(reader.summaries()[1].count == 2);
    CHECK(reader.points("loss @rank2").empty());
}

TEST_CASE("run reader: the series of a resumed run are shown as attempts") {
    const guild_test::temp_dir dir;
    gs::writer first = must_create(dir.path());
    log(first, "loss", 1, 1.0);
    REQUIRE(first.close());
    gs::writer again = must_create(dir.path(), 1);
    log(again, "loss", 1, 2.0);
    log(again, "new", 1, 2.0);
    gs::run_reader reader(dir.path());
    CHECK(keys_of(reader) == std::vector<std::string>{"loss", "loss @attempt1", "new"});
    CHECK_FALSE(reader.is_closed());
}

TEST_CASE("run reader: the lowest rank has a key for itself, whichever started first") {
    const guild_test::temp_dir dir;
    for (const std::uint32_t rank : {3U, 0U, 12U, 1U}) {
        gs::writer writer = must_create(dir.path(), 0, rank);
        log(writer, "loss", 1, rank);
        log(writer, "of " + std::to_string(rank), 1, 0.5);  // of one rank alone
        if (rank > 0) {
            log(writer, "late", 1, rank);
        }
    }
    gs::run_reader reader(dir.path());
    CHECK(keys_of(reader) == std::vector<std::string>{"late", "late @rank12", "late @rank3", "loss",
                                                      "loss @rank1", "loss @rank12", "loss @rank3",
                                                      "of 0", "of 1", "of 12", "of 3"});
    CHECK(reader.points("loss")[0].value.as_double() == 0.0);
    CHECK(reader.points("loss @rank12")[0].value.as_double() == 12.0);
    CHECK(reader.points("late")[0].value.as_double() == 1.0);
}

TEST_CASE("run reader: a writer without a rank comes before those with one") {
    const guild_test::temp_dir dir;
    gs::writer ranked = must_create(dir.path(), 0, 0U);
    log(ranked, "loss", 1, 1.0);
    gs::writer other = must_create(dir.path());
    log(other, "loss", 1, 2.0);
    gs::run_reader reader(dir.path());
    CHECK(keys_of(reader) == std::vector<std::string>{"loss", "loss @rank0"});
    CHECK(reader.points("loss @rank0")[0].value.as_double() == 1.0);
}

TEST_CASE("run reader: two writers of one rank are numbered in order of start") {
    const guild_test::temp_dir dir;
    for (const double value : {1.0, 2.0, 3.0}) {
        for (const std::uint32_t rank : {0U, 1U}) {
            gs::writer writer = must_create(dir.path(), 0, rank);
            log(writer, "loss", 1, value);
        }
    }
    gs::run_reader reader(dir.path());
    CHECK(keys_of(reader) == std::vector<std::string>{"loss", "loss @rank0", "loss @rank0-2",
                                                      "loss @rank1", "loss @rank1-2",
                                                      "loss @rank1-3"});
    CHECK(reader.points("loss @rank0-2")[0].value.as_double() == 3.0);
    CHECK(reader.points("loss @rank1-2")[0].value.as_double() == 2.0);
}

TEST_CASE("run reader: the ranks of a resumed run are shown by attempt and rank") {
    const guild_test::temp_dir dir;
    for (const std::uint32_t attempt : {0U, 1U}) {
        for (const std::uint32_t rank : {0U, 1U}) {
            gs::writer writer = must_create(dir.path(), attempt, rank);
            log(writer, "loss", 1, 1.0);
        }
    }
    CHECK(keys_of(gs::run_reader(dir.path())) == std::vector<std::string>{"loss", "loss @attempt1",
                                                                          "loss @attempt1 @rank1",
                                                                          "loss @rank1"});
}

TEST_CASE("run reader: a key that reads like a rank's is not taken for one") {
    const guild_test::temp_dir dir;
    gs::writer first = must_create(dir.path(), 0, 0U);
    log(first, "loss", 1, 1.0);
    log(first, "loss @rank1", 1, 2.0);
    gs::writer second = must_create(dir.path(), 0, 1U);
    log(second, "loss", 1, 3.0);
    gs::run_reader reader(dir.path());
    CHECK(keys_of(reader) == std::vector<std::string>{"loss", "loss @rank1", "loss @rank1-2"});
    CHECK(reader.points("loss @rank1-2")[0].value.as_double() == 3.0);
}

TEST_CASE("run reader: series are in byte order of their keys") {
    const guild_test::temp_dir dir;
    gs::writer writer = must_create(dir.path());
    for (const char* key : {"b", "a/2", "Z", "a/10"}) {
        log(writer, key, 1, 1.0);
    }
    CHECK(keys_of(gs::run_reader(dir.path())) == std::vector<std::string>{"Z", "a/10", "a/2", "b"});
}

TEST_CASE("run reader: a file that cannot be read is reported and hides no other") {
    const guild_test::temp_dir dir;
    gs::writer writer = must_create(dir.path());
    log(writer, "x", 1, 1.0);
    const std::string bad = dir.write("0-1-h.gts", std::string(100, 'x'));
    (void)dir.write("1-1-h.gts", "GTS1");  // a header that is not whole yet
    (void)dir.write("notes.txt", "not a series file");
    gs::run_reader reader(dir.path());
    CHECK(keys_of(reader) == std::vector<std::string>{"x"});
    REQUIRE(reader.last_error());
    CHECK(reader.last_error()->path == bad);
    CHECK(reader.last_error()->code == guild::errc::bad_syntax);
}

TEST_CASE("run reader: a writer's files are one, whatever sync failed between them") {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::faulty_env();
    gs::writer_options options;
    options.sync = gs::sync_policy::every;
    auto writer = gs::writer::create(dir.path(), options, system);
    REQUIRE(writer);
    const auto x = writer->series("x");
    std::vector<gs::point> written;
    for (std::int64_t step = 0; step < 20; ++step) {
        guild_test::plan.calls_left = step % 7 == 3 ? 1 : -1;  // its sync fails
        guild_test::plan.failures = 1;
        writer->append_one(step, step, x, 0.1);
        written.push_back({step, step, 0.1});
        CHECK(writer->flush());
    }
    gs::run_reader reader(dir.path());
    CHECK(reader.files().size() == 4);
    CHECK(keys_of(reader) == std::vector<std::string>{"x"});
    CHECK(reader.points("x") == written);
    CHECK(reader.summaries()[0].count == 20);
    CHECK(reader.summaries()[0].first.step == 0);
    CHECK(reader.summaries()[0].last.step == 19);
}

TEST_CASE("run reader: sixty-four writers in one run") {
    const guild_test::temp_dir dir;
    std::vector<gs::writer> writers;
    for (int rank = 0; rank < 64; ++rank) {
        writers.push_back(must_create(dir.path()));
        log(writers.back(), "rank", 0, rank);
    }
    gs::run_reader reader(dir.path());
    CHECK(reader.summaries().size() == 64);
    CHECK(reader.points("rank @rank63").size() == 1);
}

TEST_CASE("run reader: charts of many series at once are what they are one by one") {
    const guild_test::temp_dir dir;
    gs::writer first = must_create(dir.path());
    gs::writer second = must_create(dir.path());
    for (std::int64_t step = 0; step < 20'000; ++step) {
        const auto value = static_cast<double>(step % 977);
        log(first, "long", step, value);
        log(first, "other", step, -value);
        if (step % 100 == 0) {
            log(first, "few", step, value);
            log(second, "long", step, 2 * value);
        }
    }
    REQUIRE(first.close());
    REQUIRE(second.flush());
    for (const std::uint64_t kept_bytes : {std::uint64_t{0}, std::uint64_t{1} << 20U}) {
        gs::run_reader reader(dir.path());
        reader.keep_pyramids(kept_bytes);
        std::vector<std::string> keys = keys_of(reader);
        REQUIRE(keys.size() == 4);
        keys.insert(keys.begin() + 1, "not there");
        keys.push_back(keys.front());
        gs::pixel_request request;
        for (const std::size_t columns : {10U, 100U}) {
            request.columns = columns;
            request.most_exact = 4 * columns;
            const std::vector<gs::pixel_view> views = reader.pixels(keys, request);
            REQUIRE(views.size() == keys.size());
            for (std::size_t i = 0; i < keys.size(); ++i) {
                const gs::pixel_view alone = reader.pixels(keys[i], request);
                CHECK(views[i].kept == alone.kept);
                CHECK(views[i].points == alone.points);
                const std::vector<gs::point> points = reader.points(keys[i]);
                CHECK(views[i].points == points.size());
                CHECK(views[i].is_whole == (points.size() <= request.most_exact));
                CHECK((!views[i].is_whole || views[i].kept == points));
            }
        }
        CHECK_FALSE(reader.last_error());
    }
}

TEST_CASE("run reader: many series at once are what they are one by one") {
    const guild_test::temp_dir dir;
    gs::writer first = must_create(dir.path());
    gs::writer second = must_create(dir.path());
    for (std::int64_t step = 0; step < 100; ++step) {
        log(first, "series " + std::to_string(step % 7), step, static_cast<double>(step));
        log(second, "series " + std::to_string(step % 5), step, static_cast<double>(-step));
    }
    for (const char* key : {"large a", "large b"}) {
        for (std::int64_t step = 0; step < 600'000; ++step) {
            first.append_one(step, step, first.series(key), 1.0);
        }
    }
    REQUIRE(first.close());
    gs::run_reader reader(dir.path());
    std::vector<std::string> keys = keys_of(reader);
    REQUIRE(keys.size() == 14);
    keys.insert(keys.begin() + 3, "not there");
    std::vector<std::string> seen;
    reader.for_each_points(keys, [&](const std::string& key, const std::vector<gs::point>& points) {
        seen.push_back(key);
        CHECK((points == reader.points(key)));
        return true;
    });
    CHECK(seen == keys);
    int visits = 0;
    reader.for_each_points(
        keys, [&](const std::string&, const std::vector<gs::point>&) { return ++visits < 3; });
    CHECK(visits == 3);
    CHECK_FALSE(reader.last_error());
}

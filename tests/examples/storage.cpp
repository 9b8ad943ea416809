// 03_read_events, 04_store_series and 07_write_events do what the comments at their top say.
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <guild/tfevents/hparams.hpp>
#include <guild/tfevents/reader.hpp>
#include <guild/tfevents/writer.hpp>
#include <support/temp_dir.hpp>

namespace {

// What an example prints about a directory; skipped with a notice, and empty, when it is not built.
std::string output_of(const std::string& name, const std::string& directory) {
#ifdef GUILD_BIN_DIR
    const std::string built = GUILD_BIN_DIR;
#else
    const std::string built = ".";
#endif
    const std::string program =
        guild::join_path(guild::os::find_variable("GUILD_BIN_DIR").value_or(built), name);
    if (!guild::os::is_executable(program)) {
        MESSAGE("skipped, not built: " << program);
        return {};
    }
    guild::os::process_options options;
    options.argv = {program, directory};
    const auto ran = guild::os::run(options);
    REQUIRE(ran);
    CHECK(ran->status.success());
    CHECK(ran->err.empty());
    return ran->out;
}

}  // namespace

TEST_CASE("03_read_events: prints run, tag, step and value of every scalar") {
    const guild_test::temp_dir dir;
    for (const char* run : {"test", "train"}) {
        auto writer = guild::tfevents::writer::create(dir / run);
        REQUIRE(writer);
        writer->add_scalar("loss", 0, 0.75);
        writer->add_scalar("loss", 1, 0.5);
        REQUIRE(writer->close());
    }
    const std::string out = output_of("03_read_events", dir.path());
    CHECK((out.empty() || out == "test\tloss\t0\t0.75\n"
                                 "test\tloss\t1\t0.5\n"
                                 "train\tloss\t0\t0.75\n"
                                 "train\tloss\t1\t0.5\n"));
}

TEST_CASE("04_store_series: prints the series that it stored") {
    const guild_test::temp_dir dir;
    const std::string out = output_of("04_store_series", dir / "series");
    CHECK((out.empty() || out == "0\t1\n"
                                 "1\t0.5\n"
                                 "2\t0.3333333333333333\n"
                                 "3\t0.25\n"
                                 "4\t0.2\n"));
}

TEST_CASE("07_write_events: writes scalars, hyperparameters, a histogram and a text") {
    namespace tf = guild::tfevents;
    const guild_test::temp_dir dir;
    const std::string out = output_of("07_write_events", dir / "logs");
    if (out.empty()) {
        return;
    }
    tf::reader file{std::string(guild::trim(out))};
    tf::scalar point;
    std::vector<double> losses;
    while (file.next(point)) {
        CHECK(point.tag == "train/loss");
        CHECK(point.step == static_cast<std::int64_t>(losses.size()));
        losses.push_back(point.value);
    }
    CHECK(losses == std::vector<double>{1, 0.5, static_cast<double>(1.0F / 3), 0.25,
                                        static_cast<double>(0.2F)});
    CHECK(file.counters().events[static_cast<std::size_t>(tf::event_kind::summary)] == 14);
    const auto start = file.tags().find(tf::hparams_start_tag);
    REQUIRE(start);
    const auto chosen = tf::decode_session_start(file.tags()[*start].content);
    REQUIRE(chosen);
    REQUIRE(chosen->values.size() == 3);
    CHECK(chosen->values[0].to_flag() == "32");
    CHECK(chosen->values[1].to_flag() == "0.1");
    CHECK(chosen->values[2].to_flag() == "sgd");
}

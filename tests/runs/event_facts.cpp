#include <guild/runs/event_facts.hpp>

#include <limits>
#include <string>

#include <guild/tfevents/event_encoder.hpp>
#include <guild/tfevents/record.hpp>
#include <guild/tfevents/writer.hpp>

#include <doctest/doctest.h>
#include <support/event_logs.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace tf = guild::tfevents;

namespace {

event_facts facts_of(const std::string& logdir, int max_depth = 0) {
    event_source source;
    source.name = "x";
    source.max_depth = max_depth;
    tf::directory_reader reader(logdir, reading_options(source));
    (void)reader.poll([](const std::string&, const tf::scalar&) {});
    return find_facts(source, reader);
}

void write_hparams(const std::string& directory, const std::vector<tf::hparam>& values) {
    auto log = tf::writer::create(directory);
    REQUIRE(log);
    tf::hparams what;
    what.values = values;
    log->add_hparams(what, 1000.0);
    REQUIRE(log->close());
}

event_source source_of(const std::string& logdir, std::vector<std::string> files) {
    event_source source;
    source.logdir = logdir;
    source.files = std::move(files);
    return source;
}

std::string record_at(double wall_time) {
    std::string payload;
    tf::append_simple_event(payload, wall_time, 0, "x", 0.5F);
    std::string out;
    tf::append_record(out, payload);
    return out;
}

}  // namespace

TEST_CASE("event facts: hyperparameters are flags") {
    const guild_test::temp_dir dir;
    write_hparams(dir / "logs", {{"lr", 0.1}, {"layers", 3}, {"bias", true}, {"name", "a b"}});
    const event_facts facts = facts_of(dir / "logs");
    CHECK(facts.flags ==
          pair_list{{"bias", "true"}, {"layers", "3"}, {"lr", "0.1"}, {"name", "a b"}});
    CHECK(*find_value(facts.attrs, "logdir_run") == "x");
    CHECK(*find_value(facts.attrs, "file_version") == "brain.Event:2");
    CHECK(*find_value(facts.attrs, "session_status") == "success");
    CHECK(facts.end.status == tf::session_status::success);
}

TEST_CASE("event facts: of several directories each has its own flags") {
    const guild_test::temp_dir dir;
    write_hparams(dir / "one/1700000000.5", {{"lr", 0.1}});
    CHECK(facts_of(dir / "one", 32).flags == pair_list{{"lr", "0.1"}});
    write_hparams(dir / "two", {{"lr", 0.1}});
    write_hparams(dir / "two/a", {{"lr", 0.2}});
    CHECK(facts_of(dir / "two", 32).flags == pair_list{{"lr", "0.1"}, {"a/lr", "0.2"}});
    CHECK(facts_of(dir / "two").flags == pair_list{{"lr", "0.1"}});
}

TEST_CASE("event facts: the start is the first event of any directory") {
    const guild_test::temp_dir dir;
    (void)dir.write("tfevents.1", record_at(300.25));
    (void)dir.write("tfevents.2", record_at(100));  // not looked at: the first file has an event
    (void)dir.write("a/tfevents.1", "");
    (void)dir.write("a/tfevents.2", record_at(200.5));
    const auto source =
        source_of(dir.path(), {"tfevents.1", "tfevents.2", "a/tfevents.1", "a/tfevents.2"});
    CHECK(find_start_us(source) == 200'500'000);
    CHECK_FALSE(find_start_us(source_of(dir.path(), {"a/tfevents.1", "nowhere"})));
}

TEST_CASE("event facts: a start in no year is the file's own time") {
    const guild_test::temp_dir dir;
    for (const double time : {-5.0, 1e300, std::numeric_limits<double>::infinity()}) {
        const std::string path = dir.write("tfevents.1", record_at(time));
        const auto modified = guild::os::find_status(path)->modified_ns / 1000;
        CHECK(find_start_us(source_of(dir.path(), {"tfevents.1"})) == modified);
    }
}

TEST_CASE("event facts: losses name file, bytes and kind") {
    const guild_test::temp_dir dir;
    std::string bytes = record_at(1) + record_at(2) + record_at(3);
    const std::size_t size = bytes.size() / 3;
    bytes[size + 20] = static_cast<char>(bytes[size + 20] ^ 1);
    const std::string path = dir.write("logs/tfevents.1", bytes);
    tf::directory_reader reader(dir / "logs");
    CHECK(reader.poll([](const std::string&, const tf::scalar&) {}) == 2);
    const auto losses = find_losses(reader);
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].path == path);
    CHECK(losses[0].where.begin == size);
    CHECK(losses[0].where.end == 2 * size);
    CHECK(losses[0].message == "bad payload");
}

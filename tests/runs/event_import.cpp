#include <guild/runs/event_import.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <support/child_program.hpp>
#include <support/event_files.hpp>
#include <support/event_logs.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;
using guild_test::counting;
using guild_test::grow_log;
using guild_test::import_once;
using guild_test::keys_of;
using guild_test::outcome_of;
using guild_test::poll;
using guild_test::steps_of;
using guild_test::write_log;
namespace os = guild::os;
namespace tf = guild::tfevents;

namespace {

std::size_t count_runs(const std::string& run_root) {
    return list_runs({run_root}).size();
}

event_importer follower(const guild_test::temp_dir& dir, import_options options = {}) {
    options.run_root = dir / "runs";
    options.follow = true;
    auto made = event_importer::open(dir / "logs", options);
    REQUIRE(made);
    return std::move(*made);
}

void ignore(const import_report&) {}

}  // namespace

TEST_CASE("import: every directory with event files becomes a run") {
    const guild_test::temp_dir dir;
    (void)write_log(dir / "logs", 1);
    (void)write_log(dir / "logs/exp 1/train", 3);
    (void)write_log(dir / "logs/exp 1/eval", 2);
    const auto seen = import_once(dir / "logs", dir / "runs");
    REQUIRE(seen.size() == 3);
    for (const char* name : {".", "exp 1/train", "exp 1/eval"}) {
        CHECK(outcome_of(seen, name) == "made");
        CHECK_FALSE(seen.at(name).is_running);
    }
    const import_report& train = seen.at("exp 1/train");
    CHECK(train.points == 3);
    CHECK(train.series == 1);
    CHECK(train.losses.empty());
    CHECK(steps_of(train.run_directory) == counting(3));
    const std::string id = guild::base_name(train.run_directory);
    CHECK(id.substr(id.find('-')) == "-exp_1_train");
    const run root = run::open(seen.at(".").run_directory).value();
    CHECK(root.id().substr(root.id().find('-')) == "-logs");
    CHECK(root.find_meta("logdir") == os::get_real_path(dir / "logs").value());
    CHECK(root.status() == run_status::completed);
    CHECK(count_runs(dir / "runs") == 3);
    CHECK(os::list_directory(dir / "logs")->size() == 2);  // nothing was written there
}

TEST_CASE("import: a second one changes nothing and writes nothing") {
    const guild_test::temp_dir dir;
    (void)write_log(dir / "logs/a", 3);
    const std::string path = import_once(dir / "logs", dir / "runs").at("a").run_directory;
    const auto before = os::find_status(data_path(path, meta_name));
    const auto series = os::list_directory(data_path(path, series_directory));
    const auto seen = import_once(dir / "logs", dir / "runs");
    CHECK(outcome_of(seen, "a") == "unchanged");
    CHECK(seen.at("a").run_directory == path);
    CHECK(os::find_status(data_path(path, meta_name))->size == before->size);
    CHECK(os::find_status(data_path(path, meta_name))->modified_ns == before->modified_ns);
    CHECK(os::list_directory(data_path(path, series_directory))->size() == series->size());
}

TEST_CASE("import: grown, new and replaced files are taken in, each point once") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs/a", 3);
    (void)write_log(dir / "logs/b", 1);
    const std::string path = import_once(dir / "logs", dir / "runs").at("a").run_directory;
    grow_log(log, 3, 2);
    auto seen = import_once(dir / "logs", dir / "runs");
    CHECK(outcome_of(seen, "a") == "changed");
    CHECK(outcome_of(seen, "b") == "unchanged");
    CHECK(seen.at("a").points == 5);
    CHECK(steps_of(path) == counting(5));
    (void)write_log(dir / "logs/a", 2, "loss", 5);
    CHECK(import_once(dir / "logs", dir / "runs").at("a").points == 7);
    CHECK(steps_of(path) == counting(7));
    const std::string other = write_log(dir / "other", 4, "else");
    REQUIRE(os::save_file(log, *os::load_file(other)));
    CHECK(outcome_of(import_once(dir / "logs", dir / "runs"), "a") == "changed");
    CHECK(steps_of(path) == counting(2, 5));
    CHECK(steps_of(path, "tf/else") == counting(4));
    CHECK(keys_of(path) == std::vector<std::string>{"tf/else", "tf/loss"});
    CHECK(count_runs(dir / "runs") == 2);
}

TEST_CASE("import: a training that starts over in an emptied directory is another run") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs", 3);
    const std::string first = import_once(dir / "logs", dir / "runs").at(".").run_directory;
    REQUIRE(::unlink(log.c_str()) == 0);
    CHECK(import_once(dir / "logs", dir / "runs").empty());
    CHECK(steps_of(first) == counting(3));
    const std::string next = write_log(dir / "logs", 2);
    REQUIRE(::rename(next.c_str(), (next + ".again").c_str()) == 0);  // both began in one second
    const auto seen = import_once(dir / "logs", dir / "runs");
    CHECK(outcome_of(seen, ".") == "made");
    CHECK(seen.at(".").run_directory != first);
    CHECK(steps_of(first) == counting(3));
    CHECK(steps_of(seen.at(".").run_directory) == counting(2));
    CHECK(outcome_of(import_once(dir / "logs", dir / "runs"), ".") == "unchanged");
}

TEST_CASE("import: depth joins what is deeper into the run above") {
    const guild_test::temp_dir dir;
    (void)write_log(dir / "logs/a/train", 3);
    (void)write_log(dir / "logs/a/eval/best", 2);
    (void)write_log(dir / "logs", 1);
    import_options options;
    options.depth = 1;
    const auto one = import_once(dir / "logs", dir / "one", options);
    CHECK(one.size() == 2);
    CHECK(keys_of(one.at(".").run_directory) == std::vector<std::string>{"tf/loss"});
    CHECK(keys_of(one.at("a").run_directory) ==
          std::vector<std::string>{"tf/eval/best/loss", "tf/train/loss"});
    options.depth = 0;
    const auto zero = import_once(dir / "logs", dir / "zero", options);
    CHECK(zero.size() == 1);
    CHECK(zero.at(".").points == 6);
    CHECK(keys_of(zero.at(".").run_directory) ==
          std::vector<std::string>{"tf/a/eval/best/loss", "tf/a/train/loss", "tf/loss"});
    CHECK(outcome_of(import_once(dir / "logs", dir / "zero", options), ".") == "unchanged");
}

TEST_CASE("import: a restart policy leaves out what it takes back") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs", 5);
    grow_log(log, 3, 4);
    const std::string path = import_once(dir / "logs", dir / "runs").at(".").run_directory;
    CHECK(steps_of(path) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 3, 4, 5, 6});
    import_options options;
    options.restarts = tf::restart_policy::latest_attempt;
    CHECK(outcome_of(import_once(dir / "logs", dir / "runs", options), ".") == "changed");
    CHECK(steps_of(path) == counting(7));
    CHECK(outcome_of(import_once(dir / "logs", dir / "runs", options), ".") == "unchanged");
}

TEST_CASE("import: files without an event make no run until there is one") {
    const guild_test::temp_dir dir;
    (void)dir.write("logs/a/tfevents.1", "");
    (void)dir.write("logs/b/tfevents.1", std::string(40, 'x'));
    auto seen = import_once(dir / "logs", dir / "runs");
    CHECK(outcome_of(seen, "a") == "empty");
    CHECK(outcome_of(seen, "b") == "empty");
    REQUIRE(seen.at("b").losses.size() == 1);
    CHECK(seen.at("b").losses[0].where.end == 40);
    CHECK_FALSE(os::is_directory(dir / "runs"));
    REQUIRE(os::save_file(dir / "logs/a/tfevents.1", *os::load_file(write_log(dir / "x", 2))));
    CHECK(outcome_of(import_once(dir / "logs", dir / "runs"), "a") == "made");
}

TEST_CASE("import: a damaged record is told and the rest is kept") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs", 5);
    std::string bytes = *os::load_file(log);
    bytes[bytes.size() - 60] = static_cast<char>(bytes[bytes.size() - 60] ^ 4);
    REQUIRE(os::save_file(log, bytes));
    const auto seen = import_once(dir / "logs", dir / "runs");
    REQUIRE(seen.at(".").losses.size() == 1);
    const guild::error& loss = seen.at(".").losses[0];
    CHECK(guild::base_name(loss.path) == guild::base_name(log));
    CHECK(loss.where.end > loss.where.begin);
    CHECK(seen.at(".").points == 4);
    const run found = run::open(seen.at(".").run_directory).value();
    CHECK(found.find_meta("events_lost_bytes") ==
          std::to_string(loss.where.end - loss.where.begin));
}

TEST_CASE("import: a run root that cannot be written is an error and nothing else") {
    const guild_test::temp_dir dir;
    (void)write_log(dir / "logs", 1);
    import_options options;
    options.run_root = dir.write("file", "") + "/runs";
    auto importer = event_importer::open(dir / "logs", options);
    REQUIRE(importer);
    const auto done = importer->poll(ignore);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == guild::errc::not_a_directory);
}

TEST_CASE("import: an unchanged run needs no run root that can be written") {
    const guild_test::temp_dir dir;
    (void)write_log(dir / "logs", 1);
    REQUIRE(import_once(dir / "logs", dir / "runs").size() == 1);
    REQUIRE(::unlink((dir / "runs/.import").c_str()) == 0);
    REQUIRE(os::make_directories(dir / "runs/.import"));  // holding it would fail
    CHECK(outcome_of(import_once(dir / "logs", dir / "runs"), ".") == "unchanged");
}

TEST_CASE("import: two at once make each run once") {
    const guild_test::temp_dir dir;
    for (int i = 0; i < 8; ++i) {
        (void)write_log(dir / ("logs/" + std::to_string(i)), 50);
    }
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
        const pid_t pid = ::fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
            import_options options;
            options.run_root = dir / "runs";
            auto importer = event_importer::open(dir / "logs", options);
            ::_exit(importer && importer->poll(ignore) ? 0 : 1);
        }
        children.push_back(pid);
    }
    for (const pid_t pid : children) {
        int status = 0;
        REQUIRE(::waitpid(pid, &status, 0) == pid);
        CHECK(status == 0);
    }
    const auto all = list_runs({dir / "runs"});
    CHECK(all.size() == 8);
    for (const run& each : all) {
        CHECK(steps_of(each.path()) == counting(50));
        CHECK(each.status() == run_status::completed);
    }
}

TEST_CASE("import: after any kill the next has every point once") {
    for (int delay_us = 0; delay_us < 40'000; delay_us += 2'000) {
        const guild_test::temp_dir dir;
        for (int i = 0; i < 3; ++i) {
            (void)write_log(dir / ("logs/" + std::to_string(i)), 3000);
        }
        (void)import_once(dir / "logs/0", dir / "runs");
        (void)write_log(dir / "logs/0", 3000, "loss", 3000);
        const pid_t pid = ::fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
            import_options options;
            options.run_root = dir / "runs";
            options.follow = delay_us % 4000 == 0;
            auto importer = event_importer::open(dir / "logs", options);
            for (int i = 0; importer && i < 100; ++i) {
                (void)importer->poll(ignore);
            }
            ::_exit(0);
        }
        ::usleep(static_cast<unsigned>(delay_us));
        REQUIRE(::kill(pid, SIGKILL) == 0);
        int status = 0;
        REQUIRE(::waitpid(pid, &status, 0) == pid);
        INFO(delay_us);
        const auto seen = import_once(dir / "logs", dir / "runs");
        for (int i = 0; i < 3; ++i) {
            const import_report& each = seen.at(std::to_string(i));
            CHECK(steps_of(each.run_directory) == counting(i == 0 ? 6000 : 3000));
            CHECK(keys_of(each.run_directory).size() == 1);
            CHECK(run::open(each.run_directory)->status() == run_status::completed);
            CHECK_FALSE(os::is_directory(data_path(each.run_directory, import_directory)));
        }
    }
}

TEST_CASE("import: follows points, files and directories as they come, and ends") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs/a", 3);
    auto importer = follower(dir);
    auto seen = poll(importer);
    CHECK(outcome_of(seen, "a") == "made");
    CHECK(seen.at("a").is_running);
    const std::string path = seen.at("a").run_directory;
    CHECK(run::open(path)->status() == run_status::running);
    CHECK(poll(importer).empty());
    grow_log(log, 3, 1);
    CHECK(poll(importer).empty());
    CHECK(steps_of(path) == counting(4));
    (void)write_log(dir / "logs/a", 1, "loss", 4);
    (void)write_log(dir / "logs/b/c", 2);
    seen = poll(importer);
    CHECK(steps_of(path) == counting(5));
    CHECK(outcome_of(seen, "b/c") == "made");
    CHECK(importer.running() == 2);
    grow_log(log, 5, 1);
    std::vector<std::string> ended;
    importer.end([&](const import_report& each) {
        ended.push_back(each.name + ' ' + std::to_string(each.points));
    });
    CHECK(ended == std::vector<std::string>{"a 6"});  // b/c has gained nothing
    CHECK(run::open(path)->status() == run_status::completed);
    CHECK(steps_of(path).size() == 6);
    CHECK(count_runs(dir / "runs") == 2);
    CHECK(outcome_of(import_once(dir / "logs", dir / "runs"), "a") == "unchanged");
    CHECK(outcome_of(import_once(dir / "logs", dir / "runs"), "b/c") == "unchanged");
}

TEST_CASE("import: a run that is followed is left alone by others") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs/a", 3);
    (void)import_once(dir / "logs", dir / "runs");
    grow_log(log, 3, 1);
    auto importer = follower(dir);
    const std::string path = poll(importer).at("a").run_directory;
    CHECK(run::open(path)->status() == run_status::running);
    grow_log(log, 4, 1);
    const auto seen = import_once(dir / "logs", dir / "runs");
    CHECK(outcome_of(seen, "a") == "followed");
    CHECK(seen.at("a").run_directory == path);
    CHECK(steps_of(path) == counting(4));
    importer.end(ignore);
    CHECK(steps_of(path) == counting(5));
    CHECK(outcome_of(import_once(dir / "logs", dir / "runs"), "a") == "unchanged");
}

TEST_CASE("import: runs whose files are still do not run, until they change") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs/a", 3);
    import_options options;
    options.quiet_us = -1;  // every file is old enough
    auto importer = follower(dir, options);
    auto seen = poll(importer);
    const std::string path = seen.at("a").run_directory;
    CHECK_FALSE(seen.at("a").is_running);
    CHECK(importer.running() == 0);
    CHECK(run::open(path)->status() == run_status::completed);
    CHECK(poll(importer).empty());
    grow_log(log, 3, 1);
    CHECK(outcome_of(poll(importer), "a") == "changed");
    CHECK(steps_of(path) == counting(4));
    importer.end(ignore);
}

TEST_CASE("import: what is deleted under a follower is no failure") {
    const guild_test::temp_dir dir;
    const std::string log = write_log(dir / "logs/a", 3);
    auto importer = follower(dir);
    const std::string path = poll(importer).at("a").run_directory;
    REQUIRE(os::remove_tree(dir / "logs"));
    CHECK(poll(importer).empty());
    CHECK(steps_of(path) == counting(3));
    (void)dir.write("logs/a/tfevents.2", *os::load_file(write_log(dir / "x", 1, "loss", 3)));
    CHECK(poll(importer).empty());
    CHECK(steps_of(path) == counting(4));
    REQUIRE(os::remove_tree(path));
    CHECK(poll(importer).empty());
    CHECK(importer.running() == 0);
    CHECK(count_runs(dir / "runs") == 0);
    (void)write_log(dir / "logs/a", 1, "other");
    CHECK(outcome_of(poll(importer), "a") == "made");
    importer.end(ignore);
}

TEST_CASE("import: a run root inside LOGDIR is not imported into itself") {
    const guild_test::temp_dir dir;
    (void)write_log(dir / "logs/a", 3);
    CHECK(import_once(dir / "logs", dir / "logs/runs").size() == 1);
    (void)write_log(dir / "logs/runs/recorded/train", 3);
    REQUIRE(os::make_directories(dir / "logs/runs/recorded/guild.d"));
    const auto seen = import_once(dir / "logs", dir / "logs/runs");
    CHECK(seen.size() == 1);
    CHECK(outcome_of(seen, "a") == "unchanged");
}

#ifdef GUILD_TEST_HAS_JSON
TEST_CASE("import: the series of all shared event files are their points, bit for bit") {
    const std::string logs = guild_test::data_directory();
    if (!os::is_directory(logs)) {
        MESSAGE("skipped: no shared event files");
        return;
    }
    const guild_test::temp_dir dir;
    const auto seen = import_once(logs, dir / "runs");
    std::map<std::string, std::map<std::string, std::vector<tf::point>>> expected;
    tf::directory_reader reader(logs);
    (void)reader.poll([&](const std::string& run, const tf::scalar& each) {
        expected[run]["tf/" + std::string(each.tag)].push_back(
            {each.step, each.wall_time, each.value});
    });
    CHECK(expected.size() > 100);
    for (const auto& [name, tags] : expected) {
        const std::string& shown = name;  // C++17 lambdas, as of INFO, take no structured binding
        INFO(shown);
        REQUIRE(outcome_of(seen, name) == "made");
        auto series = run::open(seen.at(name).run_directory)->series();
        CHECK(series.summaries().size() == tags.size());
        for (const auto& [key, points] : tags) {
            const auto stored = series.points(key);
            REQUIRE(stored.size() == points.size());
            CHECK(std::equal(stored.begin(), stored.end(), points.begin(),
                             [](const guild::series::point& a, const tf::point& b) {
                                 return a.step == b.step &&
                                        a.value == guild::series::number(b.value) &&
                                        a.time_us == find_event_time_us(b.wall_time);
                             }));
        }
    }
}
#endif

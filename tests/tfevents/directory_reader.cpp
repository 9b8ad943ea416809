#include <guild/tfevents/directory_reader.hpp>

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <guild/tfevents/points.hpp>

#include <support/event_files.hpp>
#include <support/event_records.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;
using guild_test::append_to_file;
using guild_test::replace_file;

namespace {

std::string scalar_record(std::int64_t step, const std::string& tag = "x") {
    return guild_test::scalar_record(step, 0.5, tag);
}

std::string double_record(std::int64_t step, bool metadata) {
    return guild_test::double_record(step, 0.5, "d", metadata);
}

using seen = std::vector<std::pair<std::string, std::int64_t>>;

seen poll(tf::directory_reader& reader) {
    seen all;
    const auto count = reader.poll([&](const std::string& run, const tf::scalar& point) {
        all.emplace_back(run, point.step);
    });
    CHECK(count == all.size());
    return all;
}

// Every point of every run, read by so many threads.
struct run_log {
    std::string text;  // tag, step and value of each point in the order in which they came
    std::uint64_t count = 0;
};
using run_logs = std::map<std::string, run_log>;

std::uint64_t poll_into(tf::directory_reader& reader, unsigned threads, run_logs& logs) {
    os::mutex held;
    const auto log_of = [&](const std::string& run) -> run_log& {
        const os::lock hold(held);
        return logs[run];  // stays where it is; the points of one run come one at a time
    };
    return reader.poll(
        [&](const std::string& run, const tf::scalar& point) {
            run_log& log = log_of(run);
            ++log.count;
            log.text += std::string(point.tag) + ' ' + std::to_string(point.step) + ' ' +
                        guild::format_double(point.value) + '\n';
        },
        [&](const std::string& run, const tf::restart& back) {
            log_of(run).text += "restart at " + std::to_string(back.step) + '\n';
        },
        threads);
}

void must_be_equal(const run_logs& a, const run_logs& b) {
    REQUIRE(a.size() == b.size());
    for (const auto& one : a) {
        const auto other = b.find(one.first);
        REQUIRE_MESSAGE(other != b.end(), one.first);
        CHECK_MESSAGE(one.second.count == other->second.count, one.first);
        CHECK_MESSAGE(one.second.text == other->second.text, one.first);
    }
}

// Makes a directory look as if nothing had happened in it for an hour.
void age_directory(const std::string& path) {
    timespec times[2] = {};
    times[0].tv_sec = times[1].tv_sec = 1'600'000'000;
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

int open_files() {
    const auto entries = os::list_directory("/proc/self/fd");
    return entries ? static_cast<int>(entries->size()) : 0;
}

}  // namespace

TEST_CASE("directory reader: runs are named after directories") {
    const guild_test::temp_dir dir;
    (void)dir.write("events.out.tfevents.1.h", scalar_record(1));
    (void)dir.write("train/a/events.out.tfevents.1.h", scalar_record(2));
    (void)dir.write("test/my.tfevents", scalar_record(3));
    (void)dir.write("test/notes.txt", "not an event file");
    tf::directory_reader reader(dir.path());
    CHECK(poll(reader) == seen{{".", 1}, {"test", 3}, {"train/a", 2}});
    CHECK(poll(reader).empty());
    CHECK(reader.file_count() == 3);
    CHECK(reader.counters().scalars == 3);
}

TEST_CASE("directory reader: files of a run are read in byte order of their names") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/events.out.tfevents.2", scalar_record(2));
    (void)dir.write("r/events.out.tfevents.10", scalar_record(10));
    (void)dir.write("r/events.out.tfevents.1", scalar_record(1));
    tf::directory_reader reader(dir.path());
    CHECK(poll(reader) == seen{{"r", 1}, {"r", 10}, {"r", 2}});
}

TEST_CASE("directory reader: metadata is remembered from one file of a run to the next") {
    const guild_test::temp_dir dir;
    (void)dir.write("a/tfevents.1", double_record(1, true));
    (void)dir.write("a/tfevents.2", double_record(2, false));
    (void)dir.write("b/tfevents.1", double_record(3, false));
    tf::directory_reader reader(dir.path());
    CHECK(poll(reader) == seen{{"a", 1}, {"a", 2}});
}

TEST_CASE("directory reader: new files, new directories and growth are picked up") {
    const guild_test::temp_dir dir;
    tf::directory_reader reader(dir / "logs");
    CHECK(poll(reader).empty());
    const std::string first = dir.write("logs/a/tfevents.1", scalar_record(1));
    CHECK(poll(reader) == seen{{"a", 1}});
    append_to_file(first, scalar_record(2));
    (void)dir.write("logs/a/tfevents.2", scalar_record(3));
    (void)dir.write("logs/b/c/tfevents.1", scalar_record(4));
    CHECK(poll(reader) == seen{{"a", 2}, {"a", 3}, {"b/c", 4}});
    append_to_file(first, scalar_record(5));
    CHECK(poll(reader) == seen{{"a", 5}});
}

TEST_CASE("directory reader: survives a directory that vanishes and comes back") {
    const guild_test::temp_dir dir;
    (void)dir.write("logs/a/tfevents.1", scalar_record(1));
    tf::directory_reader reader(dir / "logs");
    CHECK(poll(reader) == seen{{"a", 1}});
    REQUIRE(os::remove_tree(dir / "logs"));
    CHECK(poll(reader).empty());
    (void)dir.write("logs/a/tfevents.1", scalar_record(1) + scalar_record(2));
    (void)dir.write("logs/a/tfevents.2", scalar_record(3));
    CHECK(poll(reader) == seen{{"a", 2}, {"a", 3}});
    CHECK_FALSE(reader.last_error());
}

TEST_CASE("directory reader: guild's own records are left out") {
    const guild_test::temp_dir dir;
    (void)dir.write("guild.d/sources/tfevents.1", scalar_record(1));
    (void)dir.write("sub/guild.d/tfevents.1", scalar_record(2));
    tf::directory_reader reader(dir.path());
    CHECK(poll(reader).empty());
}

TEST_CASE("directory reader: runs of guild are left out when asked, with all below them") {
    const guild_test::temp_dir dir;
    (void)dir.write("plain/tfevents.1", scalar_record(1));
    (void)dir.write("run/guild.d/meta.tsv", "");
    (void)dir.write("run/tfevents.1", scalar_record(2));
    (void)dir.write("run/train/tfevents.1", scalar_record(3));
    tf::directory_options options;
    options.skip_runs = true;
    tf::directory_reader reader(dir.path(), options);
    CHECK(poll(reader) == seen{{"plain", 1}});
}

TEST_CASE("directory reader: directories with event files are listed without reading") {
    const guild_test::temp_dir dir;
    (void)dir.write("a/tfevents.2", "no records at all");
    (void)dir.write("a/tfevents.1", "");
    (void)dir.write("b/other", "");
    tf::directory_reader reader(dir.path());
    std::map<std::string, std::vector<std::string>> found;
    reader.for_each_directory(
        [&](const std::string& run, const std::vector<std::string>& names) { found[run] = names; });
    CHECK(found.size() == 1);
    CHECK(found["a"] == std::vector<std::string>{"tfevents.1", "tfevents.2"});
    CHECK(reader.counters().lost_bytes == 0);
}

TEST_CASE("directory reader: links to directories are followed, loops are not") {
    const guild_test::temp_dir dir;
    (void)dir.write("outside/tfevents.1", scalar_record(1));
    (void)dir.write("logs/run/tfevents.1", scalar_record(2));
    REQUIRE(::symlink((dir / "outside").c_str(), (dir / "logs/linked").c_str()) == 0);
    REQUIRE(::symlink((dir / "logs").c_str(), (dir / "logs/run/up").c_str()) == 0);
    REQUIRE(::symlink("nowhere", (dir / "logs/tfevents.dangling").c_str()) == 0);
    tf::directory_reader reader(dir / "logs");
    CHECK(poll(reader) == seen{{"linked", 1}, {"run", 2}});
    tf::directory_options options;
    options.follow_links = false;
    tf::directory_reader strict(dir / "logs", options);
    CHECK(poll(strict) == seen{{"run", 2}});
}

TEST_CASE("directory reader: links between directories do not make the walk endless") {
    const guild_test::temp_dir dir;
    for (const char* from : {"a", "b", "c", "d", "e", "f"}) {
        (void)dir.write(std::string(from) + "/tfevents", scalar_record(1));
        for (const char* to : {"a", "b", "c", "d", "e", "f"}) {
            REQUIRE(::symlink((dir / to).c_str(), (dir / from + "/to_" + to).c_str()) == 0);
        }
    }
    tf::directory_options options;
    options.max_directories = 50;
    tf::directory_reader reader(dir.path(), options);
    CHECK(poll(reader).size() < 50);
    REQUIRE(reader.last_error());
    CHECK(reader.last_error()->code == guild::errc::too_large);
}

TEST_CASE("directory reader: a directory or a pipe named like an event file is not read as one") {
    const guild_test::temp_dir dir;
    (void)dir.write("events.out.tfevents.dir/tfevents.1", scalar_record(1));
    REQUIRE(::mkfifo((dir / "tfevents.pipe").c_str(), 0600) == 0);
    tf::directory_reader reader(dir.path());
    CHECK(poll(reader) == seen{{"events.out.tfevents.dir", 1}});
}

TEST_CASE("directory reader: keeps no descriptor open between polls") {
    const guild_test::temp_dir dir;
    for (int i = 0; i < 50; ++i) {
        (void)dir.write("r" + std::to_string(i) + "/tfevents", scalar_record(i));
    }
    const int before = open_files();
    tf::directory_reader reader(dir.path());
    CHECK(poll(reader).size() == 50);
    CHECK(open_files() == before);
}

TEST_CASE("directory reader: damage in one file does not hide the others") {
    const guild_test::temp_dir dir;
    (void)dir.write("a/tfevents.1", "this is not a record at all");
    (void)dir.write("a/tfevents.2", scalar_record(2));
    (void)dir.write("a/tfevents.3", "");
    tf::directory_reader reader(dir.path());
    CHECK(poll(reader) == seen{{"a", 2}});
    CHECK(reader.counters().bad_lengths == 1);
    CHECK(reader.bytes_lost() == 27);
    REQUIRE(reader.last_error());
    CHECK(reader.last_error()->code == guild::errc::bad_checksum);
}

TEST_CASE("directory reader: several threads deliver what one does, run by run in the same order") {
    const guild_test::temp_dir dir;
    for (int run = 0; run < 12; ++run) {
        for (int file = 0; file < 3; ++file) {
            std::string bytes;
            for (int i = 0; i < 40 + run; ++i) {
                bytes += guild_test::scalar_record(i - file, i * 0.25, i % 2 == 0 ? "a" : "b");
                bytes += guild_test::double_record(i, 0.1 * i, "d", i == 3);
            }
            bytes += run == 5 ? "damage" : "";
            (void)dir.write("run" + std::to_string(run) + "/sub/tfevents." + std::to_string(file),
                            bytes);
        }
    }
    for (const auto policy : {tf::restart_policy::keep_all, tf::restart_policy::latest_attempt,
                              tf::restart_policy::session_start}) {
        tf::directory_options options;
        options.restarts = policy;
        tf::directory_reader one(dir.path(), options);
        tf::directory_reader two(dir.path(), options);
        tf::directory_reader four(dir.path(), options);
        run_logs by_one;
        run_logs by_two;
        run_logs by_four;
        const std::uint64_t count = poll_into(one, 1, by_one);
        CHECK(by_one.size() == 12);
        CHECK(poll_into(two, 2, by_two) == count);
        CHECK(poll_into(four, 4, by_four) == count);
        append_to_file(dir / "run7/sub/tfevents.1", scalar_record(-5, "a"));
        CHECK(poll_into(one, 1, by_one) == 1);
        CHECK(poll_into(two, 2, by_two) == 1);
        CHECK(poll_into(four, 400, by_four) == 1);
        must_be_equal(by_one, by_two);
        must_be_equal(by_one, by_four);
        CHECK(one.counters().tail_bytes == four.counters().tail_bytes);
        CHECK(one.counters().scalars == four.counters().scalars);
    }
}

TEST_CASE("directory reader: says which points of which run a restart takes back") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/tfevents.1", guild_test::version_record() +
                                        guild_test::session_start_record(0) + scalar_record(1) +
                                        scalar_record(2));
    (void)dir.write("r/tfevents.2", guild_test::version_record() +
                                        guild_test::session_start_record(2) + scalar_record(2));
    tf::directory_options options;
    options.restarts = tf::restart_policy::session_start;
    tf::directory_reader reader(dir.path(), options);
    run_logs logs;
    CHECK(poll_into(reader, 1, logs) == 3);
    CHECK(logs["r"].text == "x 1 0.5\nx 2 0.5\nrestart at 2\nx 2 0.5\n");
    options.restarts = tf::restart_policy::latest_attempt;
    tf::directory_reader latest(dir.path(), options);
    run_logs again;
    CHECK(poll_into(latest, 1, again) == 3);
    CHECK(again["r"].text == logs["r"].text);
}

TEST_CASE("directory reader: a file replaced by a longer copy goes on, by another begins anew") {
    const guild_test::temp_dir dir;
    const std::string first = dir.write("a/tfevents.1", scalar_record(1) + scalar_record(2));
    const std::string second = dir.write("a/tfevents.2", scalar_record(10));
    tf::directory_reader reader(dir.path());
    CHECK(poll(reader) == seen{{"a", 1}, {"a", 2}, {"a", 10}});
    replace_file(first, scalar_record(1) + scalar_record(2) + scalar_record(3));
    replace_file(second, scalar_record(20));
    CHECK(poll(reader) == seen{{"a", 3}, {"a", 20}});
    std::uint64_t restarts = 0;
    reader.for_each_file(
        [&](const std::string&, const tf::reader& file) { restarts += file.restarts(); });
    CHECK(restarts == 1);
    CHECK(reader.file_count() == 2);
}

TEST_CASE("directory reader: a directory that did not change is not listed again") {
    const guild_test::temp_dir dir;
    const std::string file = dir.write("a/tfevents.1", scalar_record(1));
    age_directory(dir / "a");
    tf::directory_reader reader(dir.path());
    CHECK(poll(reader) == seen{{"a", 1}});
    (void)dir.write("a/tfevents.2", scalar_record(2));
    age_directory(dir / "a");  // as if the name had not come
    append_to_file(file, scalar_record(3));
    CHECK(poll(reader) == seen{{"a", 3}});  // its files are looked at all the same
    (void)dir.write("a/notes", "");
    CHECK(poll(reader) == seen{{"a", 2}});
}

TEST_CASE("directory reader: names that come within one tick of the clock are found") {
    const guild_test::temp_dir dir;
    (void)dir.write("a/tfevents.0", scalar_record(0));
    tf::directory_reader reader(dir.path());
    for (std::int64_t i = 1; i < 40; ++i) {
        (void)poll(reader);
        (void)dir.write("a/tfevents." + std::to_string(100 + i), scalar_record(i));
        CHECK(poll(reader) == seen{{"a", i}});
    }
}

TEST_CASE("directory reader: reads as deep as it is told") {
    const guild_test::temp_dir dir;
    (void)dir.write("tfevents", scalar_record(0));
    (void)dir.write("1/tfevents", scalar_record(1));
    (void)dir.write("1/2/tfevents", scalar_record(2));
    for (int depth = 0; depth < 4; ++depth) {
        tf::directory_options options;
        options.max_depth = depth;
        tf::directory_reader reader(dir.path(), options);
        CHECK(poll(reader).size() == static_cast<std::size_t>(depth < 2 ? depth + 1 : 3));
    }
}

TEST_CASE("directory reader: knows the tags of each run") {
    const guild_test::temp_dir dir;
    (void)dir.write("a/tfevents", scalar_record(0, "loss") + double_record(1, true));
    tf::directory_reader reader(dir.path());
    CHECK(reader.find_tags("a") == nullptr);
    (void)poll(reader);
    REQUIRE(reader.find_tags("a") != nullptr);
    CHECK(reader.find_tags("a")->find("loss") == 0U);
    CHECK((*reader.find_tags("a"))[1].plugin_name == "scalars");
    CHECK(reader.find_tags("b") == nullptr);
}

#ifdef GUILD_TEST_HAS_JSON

using guild_test::equal;
using guild_test::json;
using guild_test::tag_numbers;

namespace {

// Numbers of the points that a policy leaves, by run and tag.
using view = std::map<std::pair<std::string, std::string>, tag_numbers>;

view view_of(const std::string& root, tf::restart_policy policy) {
    tf::directory_options options;
    options.restarts = policy;
    tf::directory_reader reader(root, options);
    std::map<std::string, tf::run_points> runs;
    reader.poll(
        [&](const std::string& run, const tf::scalar& point) { runs[run].add(point); },
        [&](const std::string& run, const tf::restart& back) { runs[run].take_back(back); });
    CHECK(reader.file_count() == 229);
    view found;
    for (const auto& [run, kept] : runs) {
        for (const tf::tag_points* tag : kept.tags()) {
            tag_numbers& numbers = found[{run, tag->tag}];
            for (const tf::point& each : tag->points) {
                numbers.add({tag->tag, 0, each.step, each.wall_time, each.value});
            }
        }
    }
    return found;
}

// What differs from a row of expected.jsonl; `prefix` is that of the view's columns.
std::string difference(view& from, const json& row, const std::string& prefix) {
    const std::pair<std::string, std::string> key(row.at("run"), row.at("tag"));
    const tag_numbers& got = from[key];
    std::string different;
    const auto check = [&](bool same, const char* name) {
        different += same ? std::string() : ' ' + prefix + name;
    };
    check(got.count == row.at(prefix + "count").get<std::uint64_t>(), "count");
    check(got.last_step == row.at(prefix + "last_step").get<std::int64_t>(), "last_step");
    check(equal(got.sum, row.at(prefix + "sum")), "sum");
    if (prefix.empty()) {
        check(equal(got.last_value, row.at("last_value")), "last_value");
        check(got.print.text() == row.at("fnv64").get<std::string>(), "fnv64");
    }
    return different;
}

}  // namespace

TEST_CASE("directory reader: every shared run gives the numbers of an independent decoder") {
    const std::string root = guild_test::data_directory();
    const auto expected = guild::os::load_file(guild::join_path(root, "expected.jsonl"));
    if (!expected) {
        MESSAGE("skipped: no event files at " << root);
        return;
    }
    view raw = view_of(root, tf::restart_policy::keep_all);
    view mono = view_of(root, tf::restart_policy::latest_attempt);
    view restart = view_of(root, tf::restart_policy::session_start);
    std::istringstream lines(*expected);
    std::size_t rows = 0;
    std::size_t differing = 0;
    for (std::string line; std::getline(lines, line);) {
        const json row = json::parse(line);
        if (row.at("t") != "run") {
            continue;
        }
        ++rows;
        const std::string wrong = difference(raw, row, "") + difference(mono, row, "mono_") +
                                  difference(restart, row, "restart_");
        const auto run = row.at("run").get<std::string>();
        const auto tag = row.at("tag").get<std::string>();
        CHECK_MESSAGE(wrong.empty(), run << " [" << tag << "]:" << wrong);
        differing += wrong.empty() ? 0U : 1U;
    }
    CHECK(differing == 0);
    CHECK(rows == raw.size());
    CHECK(rows == mono.size());
    CHECK(rows == restart.size());
}

#endif

#include <guild/tfevents/directory_reader.hpp>

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <guild/tfevents/event_encoder.hpp>

#include <support/event_files.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;

namespace {

std::string scalar_record(std::int64_t step, const std::string& tag = "x") {
    std::string payload;
    tf::append_simple_event(payload, 1.0, step, tag, 0.5F);
    std::string out;
    tf::append_record(out, payload);
    return out;
}

std::string double_record(std::int64_t step, bool metadata) {
    std::string payload;
    tf::append_double_event(payload, 1.0, step, "d", 0.5, metadata);
    std::string out;
    tf::append_record(out, payload);
    return out;
}

void add(const std::string& path, const std::string& bytes) {
    auto file = os::open_file(path, os::open_mode::append);
    REQUIRE(file);
    REQUIRE(file->write_all(bytes));
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
    add(first, scalar_record(2));
    (void)dir.write("logs/a/tfevents.2", scalar_record(3));
    (void)dir.write("logs/b/c/tfevents.1", scalar_record(4));
    CHECK(poll(reader) == seen{{"a", 2}, {"a", 3}, {"b/c", 4}});
    add(first, scalar_record(5));
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

#ifdef GUILD_TEST_HAS_JSON

using guild_test::data_directory;
using guild_test::equal;
using guild_test::json;
using guild_test::tag_numbers;

TEST_CASE("directory reader: every shared run gives the numbers of an independent decoder") {
    const std::string root = data_directory();
    const auto expected = guild::os::load_file(guild::join_path(root, "expected.jsonl"));
    if (!expected) {
        MESSAGE("skipped: no event files at " << root);
        return;
    }
    std::map<std::pair<std::string, std::string>, tag_numbers> got;
    tf::directory_reader reader(root);
    reader.poll([&](const std::string& run, const tf::scalar& point) {
        got[{run, std::string(point.tag)}].add(point);
    });
    CHECK(reader.file_count() == 229);
    std::istringstream lines(*expected);
    std::size_t rows = 0;
    for (std::string line; std::getline(lines, line);) {
        const json row = json::parse(line);
        if (row.at("t") != "run") {
            continue;
        }
        ++rows;
        const auto run = row.at("run").get<std::string>();
        const auto tag = row.at("tag").get<std::string>();
        CAPTURE(run);
        CAPTURE(tag);
        const tag_numbers& series = got[{run, tag}];
        CHECK(series.count == row.at("count").get<std::uint64_t>());
        CHECK(series.last_step == row.at("last_step").get<std::int64_t>());
        CHECK(equal(series.last_value, row.at("last_value")));
        CHECK(equal(series.sum, row.at("sum")));
        CHECK(series.print.text() == row.at("fnv64").get<std::string>());
    }
    CHECK(rows == got.size());
}

#endif

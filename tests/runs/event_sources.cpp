#include <guild/runs/event_sources.hpp>

#include <map>
#include <string>
#include <vector>

#include <unistd.h>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

using files_of = std::map<std::string, std::vector<std::string>>;

files_of find(const std::string& logdir, std::optional<int> depth = std::nullopt) {
    auto sources = event_sources::open(logdir, depth);
    REQUIRE(sources);
    files_of found;
    for (const event_source& each : sources->find()) {
        found[each.name] = each.files;
        CHECK(guild::is_absolute(each.logdir));
    }
    return found;
}

}  // namespace

TEST_CASE("event sources: a directory is a run, at any depth") {
    const guild_test::temp_dir dir;
    for (const char* name : {"tfevents.0", "a/tfevents.1", "a/b/tfevents.2", "a/b/c/tfevents.3",
                             "d/e/tfevents.4", "d/f/tfevents.5"}) {
        (void)dir.write(std::string("logs/") + name, "");
    }
    const std::string logs = dir / "logs";
    CHECK(find(logs) == files_of{{".", {"tfevents.0"}},
                                 {"a", {"tfevents.1"}},
                                 {"a/b", {"tfevents.2"}},
                                 {"a/b/c", {"tfevents.3"}},
                                 {"d/e", {"tfevents.4"}},
                                 {"d/f", {"tfevents.5"}}});
    CHECK(find(logs, 0) == files_of{{".",
                                     {"tfevents.0", "a/tfevents.1", "a/b/tfevents.2",
                                      "a/b/c/tfevents.3", "d/e/tfevents.4", "d/f/tfevents.5"}}});
    CHECK(find(logs, 1) == files_of{{".", {"tfevents.0"}},
                                    {"a", {"tfevents.1", "b/tfevents.2", "b/c/tfevents.3"}},
                                    {"d", {"e/tfevents.4", "f/tfevents.5"}}});
    CHECK(find(logs, 2) == files_of{{".", {"tfevents.0"}},
                                    {"a", {"tfevents.1"}},
                                    {"a/b", {"tfevents.2", "c/tfevents.3"}},
                                    {"d/e", {"tfevents.4"}},
                                    {"d/f", {"tfevents.5"}}});
    CHECK(find(logs, 30) == find(logs));
}

TEST_CASE("event sources: runs of guild are left out, and are no LOGDIR themselves") {
    const guild_test::temp_dir dir;
    (void)dir.write("logs/a/tfevents.1", "");
    (void)dir.write("logs/runs/one/guild.d/meta.tsv", "");
    (void)dir.write("logs/runs/one/train/tfevents.2", "");
    CHECK(find(dir / "logs") == files_of{{"a", {"tfevents.1"}}});
    CHECK(find(dir / "logs", 0) == files_of{{".", {"a/tfevents.1"}}});
    CHECK(find(dir / "logs/runs").empty());
    for (const char* name : {"logs/runs/one", "logs/runs/one/train"}) {
        const auto inside = event_sources::open(dir / name);
        REQUIRE_FALSE(inside);
        CHECK(inside.error().code == guild::errc::bad_value);
        CHECK(inside.error().message == "its events are recorded already, in the run one");
    }
}

TEST_CASE("event sources: a LOGDIR that is missing or a file is an error") {
    const guild_test::temp_dir dir;
    const auto missing = event_sources::open(dir / "nowhere");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == guild::errc::not_found);
    const auto file = event_sources::open(dir.write("file", ""));
    REQUIRE_FALSE(file);
    CHECK(file.error().code == guild::errc::not_a_directory);
}

TEST_CASE("event sources: one directory has one path, whatever the way to it") {
    const guild_test::temp_dir dir;
    (void)dir.write("logs/a/tfevents.1", "");
    REQUIRE(::symlink("logs", (dir / "link").c_str()) == 0);
    const auto logdir = [](const std::string& path) {
        return event_sources::open(path).value().find().front().logdir;
    };
    CHECK(logdir(dir / "link") == logdir(dir / "logs"));
    CHECK(logdir(dir / "logs/a/../.") == logdir(dir / "logs"));
}

TEST_CASE("event sources: directories that come and go are found again and again") {
    const guild_test::temp_dir dir;
    REQUIRE(os::make_directories(dir / "logs"));
    auto sources = event_sources::open(dir / "logs").value();
    CHECK(sources.find().empty());
    (void)dir.write("logs/a/tfevents.1", "");
    CHECK(sources.find().size() == 1);
    REQUIRE(os::remove_tree(dir / "logs"));
    CHECK(sources.find().empty());
}

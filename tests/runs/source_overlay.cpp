#include <guild/runs/source_overlay.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

using paths = std::vector<std::string>;

// A project of which `run` has a snapshot of /p/train.py, /p/lib/a.py and /p/old/b.py.
struct snapshot_project {
    snapshot_project() {
        (void)dir.write("p/train.py", "train");
        (void)dir.write("p/lib/a.py", "a");
        (void)dir.write("p/lib/data", "data");
        (void)dir.write("p/old/b.py", "b");
        (void)dir.write("p/data/x", "x");
        REQUIRE(os::set_permissions(project + "/train.py", 0755));
        const auto report = save_sources(project, {"*.py"}, run);
        CHECK(report.files == 3);
    }

    [[nodiscard]] std::string content(const std::string& path) const {
        return os::load_file(guild::join_path(overlay, path)).value_or("nothing");
    }

    guild_test::temp_dir dir;
    std::string project = dir / "p";
    std::string run = dir / "r";
    std::string overlay = dir / "o";
};

}  // namespace

TEST_CASE("source overlay: changed and missing files are told") {
    const snapshot_project at;
    CHECK(list_saved_sources(at.run) == paths{"lib/a.py", "old/b.py", "train.py"});
    CHECK(list_changed_sources(at.run, at.project).empty());
    (void)at.dir.write("p/train.py", "changed");
    (void)at.dir.write("p/new.py", "new");
    REQUIRE(os::remove_tree(at.project + "/old"));
    CHECK(list_changed_sources(at.run, at.project) == paths{"old/b.py", "train.py"});
    CHECK(list_changed_sources(at.dir / "nothing", at.project).empty());
    CHECK(list_saved_sources(at.dir / "nothing").empty());
}

TEST_CASE("source overlay: files of the snapshot stand among links") {
    const snapshot_project at;
    (void)at.dir.write("p/train.py", "changed");
    REQUIRE(os::remove_tree(at.project + "/lib/a.py"));
    (void)at.dir.write("p/lib/a.py/below", "a directory now");
    REQUIRE(os::remove_tree(at.project + "/old"));
    (void)at.dir.write("p/old", "a file now");
    REQUIRE(make_source_overlay(at.run, at.project, at.overlay));
    CHECK(at.content("train.py") == "train");
    CHECK(os::is_executable(at.overlay + "/train.py"));
    CHECK(at.content("lib/a.py") == "a");
    CHECK_FALSE(os::is_executable(at.overlay + "/lib/a.py"));
    CHECK(at.content("old/b.py") == "b");
    CHECK(at.content("lib/data") == "data");
    CHECK(os::read_link(at.overlay + "/lib/data").value_or("") == at.project + "/lib/data");
    CHECK(os::read_link(at.overlay + "/data").value_or("") == at.project + "/data");
    REQUIRE(os::remove_tree(at.overlay));
    CHECK(os::load_file(at.project + "/data/x").value_or("nothing") == "x");
}

TEST_CASE("source overlay: is made once, and of a snapshot") {
    const snapshot_project at;
    REQUIRE(make_source_overlay(at.run, at.project, at.overlay));
    CHECK(make_source_overlay(at.run, at.project, at.overlay).error().code ==
          guild::errc::already_exists);
    CHECK(make_source_overlay(at.dir / "x", at.project, at.dir / "y").error().code ==
          guild::errc::not_found);
    CHECK(make_source_overlay(at.run, at.dir / "x", at.dir / "y").error().code ==
          guild::errc::not_found);
}

TEST_CASE("source overlay: a command is moved into it") {
    const snapshot_project at;
    recorded_command command;
    command.directory = at.project;
    command.argv = {at.project + "/train.py", "--script=" + at.project + "/lib/a.py", "old/b.py",
                    at.project + "/data", at.project + "/train.pyc"};
    const recorded_command moved = move_into_overlay(command, at.run, at.overlay);
    CHECK(moved.directory == at.overlay);
    CHECK(moved.argv == paths{at.overlay + "/train.py", "--script=" + at.overlay + "/lib/a.py",
                              "old/b.py", at.project + "/data", at.project + "/train.pyc"});
    const recorded_command back = move_out_of_overlay(moved, at.project);
    CHECK(back.directory == command.directory);
    CHECK(back.argv == command.argv);
}

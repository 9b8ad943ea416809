#include <guild/runs/rundir_keeper.hpp>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include <guild/os/link.hpp>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

// A run directory with an appended file and one that is written at offsets.
struct kept_run {
    kept_run() {
        REQUIRE(os::make_directories(data_path(path, series_directory)));
        log = open("output.log", os::open_mode::append);
        data = open("series/1.gts", os::open_mode::create_new);
        REQUIRE(log.write_all("one"));
        REQUIRE(data.write_at(0, "1234"));
        auto opened = rundir_keeper::open(path);
        REQUIRE(opened);
        keeper = std::move(*opened);
    }

    os::file open(const std::string& name, os::open_mode mode) const {
        auto opened = os::open_file(data_path(path, name), mode);
        REQUIRE(opened);
        return std::move(*opened);
    }

    std::vector<kept_file> files() const {
        return {{"output.log", log.fd()}, {"series/1.gts", data.fd()}};
    }

    std::string content(const std::string& at, const std::string& name) const {
        return os::load_file(data_path(at, name)).value_or("missing");
    }

    guild_test::temp_dir dir;
    std::string path = dir / "run";
    os::file log;
    os::file data;
    rundir_keeper keeper;
};

// A system whose directory `run` takes nothing new. A mode would not do: root may write everywhere.
const os::env refusing_system = [] {
    os::env system = os::system_env;
    system.mkdir = [](const char* path, unsigned mode) {
        const bool is_refused = std::string_view(path).find("/run/") != std::string_view::npos;
        return is_refused ? -EACCES : os::system_env.mkdir(path, mode);
    };
    return system;
}();

}  // namespace

TEST_CASE("rundir keeper: a directory that stands is present") {
    kept_run run;
    CHECK(run.keeper.look(run.files()) == rundir_state::present);
    CHECK_FALSE(run.keeper.is_time_to_restore(rundir_state::present, 0, 0));
}

TEST_CASE("rundir keeper: a deleted directory is restored from open files") {
    kept_run run;
    REQUIRE(os::remove_tree(run.path));
    REQUIRE(run.log.write_all(" two"));
    CHECK(run.keeper.look(run.files()) == rundir_state::gone);
    const auto place = run.keeper.restore(run.files());
    REQUIRE(place);
    CHECK(*place == run.path);
    CHECK(run.keeper.look(run.files()) == rundir_state::present);
    // The same descriptors go on in the restored files, each in its way.
    REQUIRE(run.log.write_all(" three"));
    REQUIRE(run.data.write_at(1, "x"));
    REQUIRE(run.log.truncate(13));
    REQUIRE(run.log.write_all("!"));
    CHECK(run.content(run.path, "output.log") == "one two three!");
    CHECK(run.content(run.path, "series/1.gts") == "1x34");
    REQUIRE(os::remove_tree(run.path));
    REQUIRE(run.keeper.restore(run.files()));
    CHECK(run.content(run.path, "output.log") == "one two three!");
    const auto left = os::list_directory(run.path);
    REQUIRE(left);
    CHECK(left->size() == 1);
}

TEST_CASE(
    "rundir keeper: never makes a directory that is missing, waits with one that stands bare") {
    kept_run run;
    REQUIRE(os::remove_tree(run.path));
    CHECK_FALSE(run.keeper.is_time_to_restore(rundir_state::gone, 1'000'000'000, 10));

    kept_run bare;
    REQUIRE(os::remove_tree(data_path(bare.path)));
    const rundir_state state = bare.keeper.look(bare.files());
    CHECK(state == rundir_state::gone);
    CHECK_FALSE(bare.keeper.is_time_to_restore(state, 100, 10));
    CHECK_FALSE(bare.keeper.is_time_to_restore(state, 109, 10));
    CHECK(bare.keeper.is_time_to_restore(state, 110, 10));
}

TEST_CASE("rundir keeper: a directory for its owner alone is one again, wherever it stands") {
    const auto mode = [](const std::string& path) {
        return os::get_status(path).value().mode & 0777U;
    };
    kept_run run;
    REQUIRE(os::restrict_to_owner(run.path));
    REQUIRE(os::remove_tree(run.path));
    REQUIRE(run.keeper.restore(run.files()));
    CHECK(mode(run.path) == 0700);
    REQUIRE(os::remove_tree(run.path));  // and made by the command
    REQUIRE(os::make_directories(run.path, 0755));
    REQUIRE(run.keeper.restore(run.files()));
    CHECK(mode(run.path) == 0700);
    REQUIRE(os::remove_tree(run.path));
    REQUIRE(os::save_file(run.path, "a file"));
    const auto place = run.keeper.restore(run.files());
    REQUIRE(place);
    CHECK(mode(*place) == 0700);

    kept_run open;
    REQUIRE(os::set_permissions(open.path, 0755));
    REQUIRE(os::remove_tree(open.path));
    REQUIRE(os::make_directories(open.path));
    REQUIRE(os::set_permissions(open.path, 0711));
    REQUIRE(open.keeper.restore(open.files()));
    CHECK(mode(open.path) == 0711);
}

TEST_CASE("rundir keeper: another directory in its place is restored at once") {
    kept_run run;
    REQUIRE(os::remove_tree(run.path));
    REQUIRE(os::make_directories(run.path));
    const rundir_state state = run.keeper.look(run.files());
    CHECK(state == rundir_state::replaced);
    CHECK(run.keeper.is_time_to_restore(state, 0, 10'000'000));
    REQUIRE(run.keeper.restore(run.files()));
    CHECK(run.content(run.path, "output.log") == "one");
}

TEST_CASE(
    "rundir keeper: one deleted file is enough to be gone, and is put back beside the others") {
    kept_run run;
    REQUIRE(os::remove_tree(data_path(run.path, "output.log")));
    REQUIRE(os::save_file(data_path(run.path, "user.tsv"), "note\tmine\n"));
    CHECK(run.keeper.look(run.files()) == rundir_state::gone);
    REQUIRE(run.keeper.restore(run.files()));
    CHECK(run.keeper.look(run.files()) == rundir_state::present);
    CHECK(run.content(run.path, "output.log") == "one");
    CHECK(run.content(run.path, "user.tsv") == "note\tmine\n");
}

TEST_CASE("rundir keeper: a file in its place sends the run to a name beside it") {
    kept_run run;
    REQUIRE(os::remove_tree(run.path));
    REQUIRE(os::save_file(run.path, "a file"));
    const rundir_state state = run.keeper.look(run.files());
    CHECK(state == rundir_state::replaced);
    CHECK_FALSE(run.keeper.is_time_to_restore(state, 1'000'000'000, 0));
    const auto place = run.keeper.restore(run.files());
    REQUIRE(place);
    CHECK(*place == run.path + "-restored");
    CHECK(run.content(*place, "output.log") == "one");
    CHECK(os::load_file(run.path).value_or("") == "a file");
}

TEST_CASE("rundir keeper: what is in the way of a single file gets another name") {
    kept_run run;
    REQUIRE(os::remove_tree(data_path(run.path, "output.log")));
    REQUIRE(os::make_directories(data_path(run.path, "output.log/below")));
    const auto place = run.keeper.restore(run.files());
    REQUIRE(place);
    CHECK(*place == run.path);
    CHECK(run.content(run.path, "output.log") == "one");
    CHECK(os::is_directory(data_path(run.path, "output.log.replaced/below")));
}

TEST_CASE("rundir keeper: a file in the place of guild.d gets another name") {
    kept_run run;
    REQUIRE(os::remove_tree(data_path(run.path)));
    REQUIRE(os::save_file(data_path(run.path), "a file"));
    REQUIRE(run.keeper.restore(run.files()));
    CHECK(run.keeper.look(run.files()) == rundir_state::present);
    CHECK(run.content(run.path, "series/1.gts") == "1234");
    CHECK(os::load_file(data_path(run.path) + ".replaced").value_or("") == "a file");
}

TEST_CASE("rundir keeper: a directory that takes no files sends the run to a name beside it") {
    kept_run run;
    auto keeper = rundir_keeper::open(run.path, refusing_system);
    REQUIRE(keeper);
    REQUIRE(os::remove_tree(data_path(run.path)));
    const auto place = keeper->restore(run.files());
    REQUIRE(place);
    CHECK(*place == run.path + "-restored");
    CHECK(run.content(*place, "output.log") == "one");
    CHECK(os::list_directory(run.path).value().empty());
}

TEST_CASE("rundir keeper: a directory with a new name is moved, not gone") {
    kept_run run;
    const std::string moved = run.dir / "renamed";
    REQUIRE(os::system_env.rename(run.path.c_str(), moved.c_str()) == 0);
    const rundir_state state = run.keeper.look(run.files());
    CHECK(state == rundir_state::moved);
    CHECK(
        os::is_regular_file(guild::join_path(run.keeper.data_directory_now(state), "output.log")));
}

TEST_CASE("rundir keeper: what cannot be restored can be tried again") {
    kept_run run;
    REQUIRE(os::remove_tree(run.path));
    REQUIRE(os::remove_tree(run.dir.path()));
    REQUIRE(os::save_file(run.dir.path(), "no directory any more"));
    CHECK_FALSE(run.keeper.restore(run.files()));
    REQUIRE(os::remove_tree(run.dir.path()));
    REQUIRE(run.keeper.restore(run.files()));
    CHECK(run.content(run.path, "series/1.gts") == "1234");
}

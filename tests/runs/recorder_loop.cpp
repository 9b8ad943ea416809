#include <guild/runs/recorder_loop.hpp>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>

#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/runs/catalog.hpp>
#include <guild/runs/run.hpp>
#include <guild/series/reader.hpp>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;
namespace gs = guild::series;

namespace {

// A recorder of which the loop runs here, once, from beginning to end.
struct lone_loop {
    explicit lone_loop(recorder_target target, const recorder_options& options = {})
        : state(std::move(target), options) {
        state.is_stopping = true;
    }

    void log(const std::string& key, std::int64_t step, double value) {
        const auto found = state.ids.find(key);
        std::uint32_t id = static_cast<std::uint32_t>(state.ids.size());
        if (found != state.ids.end()) {
            id = found->second;
        } else {
            state.ids.emplace(key, id);
            state.new_keys.push_back(key);
        }
        const gs::sample one{id, value};
        REQUIRE(state.ring.put(step, state.now_us(), &one, 1));
    }

    recorder_state state;
};

int open_without_series(const char* path, int flags, unsigned mode) {
    const bool is_refused = guild::ends_with(path, ".gts") && (flags & O_CREAT) != 0;
    return is_refused ? -ENOSPC : os::system_env.open(path, flags, mode);
}

}  // namespace

TEST_CASE("recorder loop: opens, writes what was logged and closes") {
    const guild_test::temp_dir dir;
    const auto run_directory = create_run_directory(dir.path(), "r", 0);
    REQUIRE(run_directory);
    lone_loop alone({*run_directory, {}, {}, 3U});
    alone.log("loss", 1, 0.5);
    alone.log("loss", 2, 0.25);
    recorder_loop(alone.state).run();
    CHECK(alone.state.is_open);
    CHECK(alone.state.is_done);
    CHECK_FALSE(alone.state.failure);
    const auto found = run::open(*run_directory);
    REQUIRE(found);
    gs::run_reader series = found->series();
    CHECK(series.points("loss").size() == 2);
    REQUIRE(series.files().size() == 1);
    CHECK(series.files()[0]->header().rank == 3U);
    CHECK(series.files()[0]->header().generation == 0);  // for whoever records the run
}

TEST_CASE("recorder loop: a directory that is no run is told, and nothing is made") {
    const guild_test::temp_dir dir;
    lone_loop alone({dir.path(), {}, {}, {}});
    recorder_loop(alone.state).run();
    CHECK_FALSE(alone.state.is_open);
    CHECK(alone.state.is_done);
    REQUIRE(alone.state.failure);
    CHECK(alone.state.failure->code == guild::errc::not_found);
    CHECK(os::list_directory(dir.path())->empty());
}

TEST_CASE("recorder loop: a new run that nobody waits for any more ends as it is told") {
    const guild_test::temp_dir dir;
    lone_loop alone({{}, dir / "runs", {"own", {}, {}, {}}, {}});
    alone.state.end.status = run_status::error;
    alone.state.end.cause = "too late";
    recorder_loop(alone.state).run();
    const auto runs = list_runs({dir / "runs"});
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].status() == run_status::error);
    CHECK(runs[0].cause() == "too late");
    CHECK_FALSE(os::find_status(data_path(runs[0].path(), lock_name)));
}

TEST_CASE("recorder loop: a new run whose series file cannot be made is no run that goes on") {
    const guild_test::temp_dir dir;
    os::env system = os::system_env;
    system.open = open_without_series;
    recorder_options options;
    options.system = &system;
    lone_loop alone({{}, dir / "runs", {}, {}}, options);
    recorder_loop(alone.state).run();
    REQUIRE(alone.state.failure);
    CHECK(alone.state.failure->code == guild::errc::no_space);
    const auto runs = list_runs({dir / "runs"});
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].status() == run_status::error);
    CHECK_FALSE(os::find_status(data_path(runs[0].path(), lock_name)));
}

TEST_CASE("recorder state: a wait ends when its time is over") {
    recorder_state state({}, {});
    os::lock held(state.guard);
    CHECK_FALSE(state.wait(held, 0, [] { return false; }));
    CHECK_FALSE(state.wait(held, 2, [] { return false; }));
    CHECK(state.wait(held, 0, [] { return true; }));
}

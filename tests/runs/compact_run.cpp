#include <guild/runs/compact_run.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace gs = guild::series;
namespace os = guild::os;

namespace {

constexpr int no_process = 0x7FFFFFFE;  // above what any system gives

// A `guild.d` with series files.
struct compacted_run {
    guild_test::temp_dir dir;

    [[nodiscard]] std::string series(const std::string& name = {}) const {
        const std::string directory = dir / std::string(series_directory);
        return name.empty() ? directory : guild::join_path(directory, name);
    }

    // A writer with 1000 points of `key`, not closed yet.
    [[nodiscard]] gs::writer log(const std::string& key, int pid = no_process) const {
        gs::writer_options how;
        how.pid = pid;
        how.flush_interval_ms = -1;
        auto made = gs::writer::create(series(), how);
        REQUIRE(made);
        const auto id = made->series(key);
        for (std::int64_t step = 0; step < 1000; ++step) {
            made->append_one(step, step * 1000, id, static_cast<double>(step));
        }
        REQUIRE(made->flush());
        return std::move(*made);
    }

    std::string log_closed(const std::string& key) const {
        gs::writer writer = log(key);
        REQUIRE(writer.close());
        return writer.path();
    }

    std::string log_killed(const std::string& key, int pid = no_process) const {
        gs::writer writer = log(key, pid);
        const std::string path = writer.path();
        const std::string bytes = os::load_file(path, 1U << 20U).value();
        REQUIRE(writer.close());
        REQUIRE(os::save_file(path, bytes));
        return path;
    }

    [[nodiscard]] std::size_t names() const { return os::list_directory(series())->size(); }
};

std::uint64_t size_at(const std::string& path) {
    return os::get_status(path)->size;
}

std::uint32_t generation_of(const std::string& path) {
    const auto file = gs::reader::open(path);
    REQUIRE(file);
    return file->header().generation;
}

compact_run_options over() {
    compact_run_options how;
    how.is_run_over = true;
    return how;
}

int refuse_rename(const char* /*from*/, const char* /*to*/) {
    return -EACCES;
}

}  // namespace

TEST_CASE("compact run: closed files are rewritten, others left") {
    const compacted_run run;
    const std::string closed = run.log_closed("a");
    const std::string killed = run.log_killed("b");
    const std::uint64_t before = size_at(closed) + size_at(killed);
    const auto done = compact_run(run.dir.path());
    CHECK(done.files == 2);
    CHECK(done.compacted == 1);
    CHECK(done.left == std::vector<std::string>{killed});
    CHECK(done.errors.empty());
    CHECK(done.bytes_before == before);
    CHECK(done.bytes_after == size_at(closed) + size_at(killed));
    CHECK(done.bytes_after < before);
    CHECK(generation_of(closed) == 1);
    CHECK(generation_of(killed) == 0);
    gs::run_reader series(run.series());
    CHECK(series.points("a").size() == 1000);
    CHECK(series.points("b").size() == 1000);
}

TEST_CASE("compact run: when the run is over, files that were not ended are rewritten too") {
    const compacted_run run;
    const std::string killed = run.log_killed("b");
    CHECK(compact_run(run.dir.path(), over()).compacted == 1);
    CHECK(generation_of(killed) == 1);
    const auto again = compact_run(run.dir.path(), over());
    CHECK(again.files == 1);
    CHECK(again.compacted == 0);
    CHECK(again.bytes_before == again.bytes_after);
}

TEST_CASE("compact run: a file whose writer still runs is left") {
    const compacted_run run;
    const std::string own = run.log_killed("a", os::process_id());
    CHECK(is_writer_alive(own));
    CHECK_FALSE(is_writer_alive(run.series("x.gts")));
    const std::string host = os::node_name();
    const std::string pid = std::to_string(os::process_id());
    CHECK_FALSE(is_writer_alive("1700000000000000000-" + pid + "-" + host + "x.gts"));
    // Before this process began: another one had its number.
    CHECK_FALSE(is_writer_alive("1000000000000000000-" + pid + "-" + host + ".gts"));
    const auto done = compact_run(run.dir.path(), over());
    CHECK(done.compacted == 0);
    CHECK(done.left == std::vector<std::string>{own});
}

TEST_CASE("compact run: files that are too large are left") {
    const compacted_run run;
    const std::string path = run.log_closed("a");
    compact_run_options how = over();
    how.most_bytes = size_at(path) - 1;
    CHECK(compact_run(run.dir.path(), how).left.size() == 1);
    how.most_bytes = size_at(path);
    CHECK(compact_run(run.dir.path(), how).compacted == 1);
}

TEST_CASE("compact run: a damaged file is told and left, the others are rewritten") {
    const compacted_run run;
    const std::string bad = run.log_closed("a");
    std::string bytes = os::load_file(bad, 1U << 20U).value();
    bytes[200] ^= 1;
    REQUIRE(os::save_file(bad, bytes));
    const std::string good = run.log_closed("b");
    REQUIRE(os::make_directories(run.series("9-directory.gts")));
    REQUIRE(::symlink(good.c_str(), run.series("9-link.gts").c_str()) == 0);
    (void)run.dir.write("series/9-text.gts", "text");
    (void)run.dir.write("series/9-no-header-yet.gts", "GTS1");
    const auto done = compact_run(run.dir.path(), over());
    CHECK(done.files == 6);
    CHECK(done.compacted == 1);
    REQUIRE(done.errors.size() == 4);
    CHECK(done.errors[0].code == guild::errc::bad_checksum);
    CHECK(done.errors[0].path == bad);
    CHECK(done.errors[1].code == guild::errc::bad_value);
    CHECK(done.errors[2].code == guild::errc::bad_value);
    CHECK(done.errors[3].code == guild::errc::bad_syntax);
    CHECK(os::load_file(bad, 1U << 20U).value() == bytes);
    CHECK(generation_of(good) == 1);
}

TEST_CASE("compact run: a rename that fails loses nothing and leaves nothing") {
    const compacted_run run;
    const std::string path = run.log_closed("a");
    os::env system = os::system_env;
    system.rename = refuse_rename;
    compact_run_options how = over();
    how.system = &system;
    const auto done = compact_run(run.dir.path(), how);
    REQUIRE(done.errors.size() == 1);
    CHECK(done.errors[0].code == guild::errc::permission_denied);
    CHECK(done.bytes_after == done.bytes_before);
    CHECK(generation_of(path) == 0);
    CHECK(run.names() == 1);
}

TEST_CASE("compact run: a rewritten file is readable to those who could read it before") {
    const compacted_run run;
    const std::string path = run.log_closed("a");
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    CHECK(compact_run(run.dir.path(), over()).compacted == 1);
    CHECK(os::get_status(path)->mode == 0600);
}

TEST_CASE("compact run: what a process that died left is removed, that of a living one is not") {
    const compacted_run run;
    const std::string path = run.log_closed("a");
    const std::string dead = path + ".new-" + std::to_string(no_process);
    const std::string alive = path + ".new-" + std::to_string(::getppid());
    const std::string other = path + ".new-x";
    for (const std::string& name : {dead, alive, other}) {
        REQUIRE(os::save_file(name, "half"));
    }
    CHECK(compact_run(run.dir.path()).errors.empty());
    CHECK(run.names() == 4);
    CHECK(compact_run(run.dir.path(), over()).errors.empty());
    CHECK(run.names() == 3);
    CHECK_FALSE(os::find_status(dead));
}

TEST_CASE("compact run: a repair that died between its renames is undone") {
    const compacted_run run;
    const std::string path = run.log_closed("a");
    REQUIRE(os::save_file(path + ".damaged", "an earlier one"));
    REQUIRE(os::system_env.rename(path.c_str(), (path + ".damaged-2").c_str()) >= 0);
    REQUIRE(os::save_file(path + ".new-" + std::to_string(no_process), "half"));
    CHECK(clear_leftovers(run.dir.path()) == 1);
    CHECK(generation_of(path) == 0);
    CHECK(run.names() == 2);
}

TEST_CASE("compact run: a run without series is no error") {
    const compacted_run run;
    CHECK(compact_run(run.dir.path(), over()).errors.empty());
    (void)run.dir.write(std::string(series_directory), "a file");
    CHECK(compact_run(run.dir.path(), over()).errors.size() == 1);
}

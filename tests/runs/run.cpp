#include <guild/runs/run.hpp>

#include <string>

#include <fcntl.h>
#include <sys/stat.h>

#include <doctest/doctest.h>
#include <guild/os/read_beneath.hpp>
#include <guild/series/writer.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

run open_run(const std::string& path) {
    auto opened = run::open(path);
    REQUIRE(opened);
    return std::move(*opened);
}

}  // namespace

TEST_CASE("run: a complete directory gives everything that was recorded") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/meta.tsv",
                    "model\tsoftmax\nstarted_us\t5\nstopped_us\t9\nexit_code\t0\n"
                    "status\tcompleted\n");
    (void)dir.write("r/guild.d/flags.tsv", "lr\t0.1\nlr\t0.2\n");
    (void)dir.write("r/guild.d/attrs.tsv", "cpu_cores\t2\n");
    (void)dir.write("r/guild.d/user.tsv", "label\tgood one\n");
    (void)dir.write("r/guild.d/output.log", "hello\n");
    const run found = open_run((dir / "r") + "/");
    CHECK(found.id() == "r");
    CHECK(found.path() == dir / "r");
    CHECK(found.model() == "softmax");
    CHECK(found.status() == run_status::completed);
    CHECK(found.cause().empty());
    CHECK(found.started_us() == 5);
    CHECK(found.stopped_us() == 9);
    CHECK(found.exit_code() == 0);
    CHECK(found.flags() == pair_list{{"lr", "0.2"}});
    CHECK(found.attrs() == pair_list{{"cpu_cores", "2"}});
    CHECK(found.user() == pair_list{{"label", "good one"}});
    CHECK(found.notes().empty());
    const auto output = found.output();
    REQUIRE(output);
    REQUIRE(output->pieces.size() == 1);
    CHECK(output->pieces[0].text == "hello\n");
}

TEST_CASE("run: a directory without guild.d is none") {
    const guild_test::temp_dir dir;
    const auto missing = run::open(dir.path());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == guild::errc::not_found);
    CHECK(missing.error().message == "cannot find a run at " + dir.path());
    (void)dir.write("r/guild.d", "a file");
    CHECK_FALSE(run::open(dir / "r"));
}

TEST_CASE("run: half written directories give what is there, and a note") {
    const guild_test::temp_dir dir;
    REQUIRE(os::make_directories(dir / "a/guild.d"));
    const run bare = open_run(dir / "a");
    CHECK(bare.status() == run_status::pending);
    REQUIRE(bare.notes().size() == 1);
    CHECK(bare.notes()[0] == "meta.tsv: missing");
    CHECK(bare.series().summaries().empty());

    (void)dir.write("b/guild.d/meta.tsv", "model\tm\nstarted_us\t7\nstat");
    const run cut = open_run(dir / "b");
    CHECK(cut.model() == "m");
    CHECK(cut.status() == run_status::error);
    CHECK(cut.cause() == "no end was recorded and there is no LOCK");
    REQUIRE(cut.notes().size() == 1);
    CHECK(cut.notes()[0] == "meta.tsv: the last line is cut and was ignored");

    REQUIRE(os::make_directories(dir / "c/guild.d/meta.tsv"));
    CHECK(open_run(dir / "c").notes().size() == 1);
}

TEST_CASE("run: a cut LOCK without a recorded end is terminated") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/meta.tsv", "started_us\t7\n");
    (void)dir.write("r/guild.d/LOCK", "host\tbox\nboot");
    const run found = open_run(dir / "r");
    CHECK(found.status() == run_status::terminated);
    CHECK(found.notes().size() == 1);
}

TEST_CASE("run: is running while the process of its LOCK lives, and a copy of it is not") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/meta.tsv", "started_us\t7\n");
    auto lock = lock_file::create(dir / "r");
    REQUIRE(lock);
    const run found = open_run(dir / "r");
    CHECK(found.status() == run_status::running);
    REQUIRE(found.owner());
    CHECK(found.owner()->pid == os::process_id());

    const auto text = os::load_file(dir / "r/guild.d/LOCK");
    REQUIRE(text);
    (void)dir.write("copy/guild.d/meta.tsv", "started_us\t7\n");
    (void)dir.write("copy/guild.d/LOCK", *text);
    const run copy = open_run(dir / "copy");
    CHECK(copy.status() == run_status::terminated);
    CHECK_FALSE(copy.owner());
    CHECK(copy.cause() == "this is a copy, made while the run went on");
}

TEST_CASE("run: a recorded end wins over LOCK") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/meta.tsv", "started_us\t7\ncause\tSIGINT\nstatus\tterminated\n");
    auto lock = lock_file::create(dir / "r");
    REQUIRE(lock);
    const run found = open_run(dir / "r");
    CHECK(found.status() == run_status::terminated);
    CHECK(found.cause() == "SIGINT");
    CHECK_FALSE(found.owner());
}

TEST_CASE("run: a LOCK of another machine that beats no more is lost") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/meta.tsv", "started_us\t7\n");
    const std::string path = dir.write("r/guild.d/LOCK", "");
    lock_record record;
    record.place = {"elsewhere", "boot-x", 1};
    record.beat_us = os::system_env.wall_time_us();
    auto file = os::open_file(path, os::open_mode::read_write);
    REQUIRE(file);
    record.inode = file->status().value().inode;
    REQUIRE(file->write_at(0, format_lock(record)));
    CHECK(open_run(dir / "r").status() == run_status::running);

    // The same reader looks again two minutes later.
    static std::int64_t shift_us = 0;
    os::env later = os::system_env;
    later.boot_time_us = [] { return os::system_env.boot_time_us() + shift_us; };
    heartbeat_memory memory;
    CHECK(run::open(dir / "r", {&memory, &later}).value().status() == run_status::running);
    shift_us = 121'000'000;
    const run lost = run::open(dir / "r", {&memory, &later}).value();
    CHECK(lost.status() == run_status::lost);
    CHECK(lost.cause() == "not heard of from elsewhere");
}

TEST_CASE("run: without a recorded start the name tells it") {
    const guild_test::temp_dir dir;
    REQUIRE(os::make_directories(dir / "19700101T000001Z-m/guild.d"));
    CHECK(open_run(dir / "19700101T000001Z-m").started_us() == 1'000'000);
    REQUIRE(os::make_directories(dir / "x/guild.d"));
    CHECK_FALSE(open_run(dir / "x").started_us());
}

TEST_CASE("run: deleted while it is read, it gives errors as values") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/meta.tsv", "model\tm\nstarted_us\t7\nstatus\tcompleted\n");
    const run found = open_run(dir / "r");
    REQUIRE(os::remove_tree(dir / "r"));
    CHECK(found.model() == "m");
    const auto output = found.output();
    CHECK((!output || output->pieces.empty()));
    CHECK(found.series().summaries().empty());
    CHECK_FALSE(run::open(dir / "r"));
}

TEST_CASE("run: made and never begun is pending for a minute, then terminated") {
    const guild_test::temp_dir dir;
    REQUIRE(os::make_directories(dir / "r/guild.d"));
    CHECK(open_run(dir / "r").status() == run_status::pending);
    const timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    REQUIRE(::utimensat(AT_FDCWD, (dir / "r/guild.d").c_str(), long_ago, 0) == 0);
    CHECK(open_run(dir / "r").status() == run_status::terminated);
    CHECK(open_run(dir / "r").cause() == "guild went away before it began");
    (void)dir.write("r/guild.d/meta.tsv", "status\tpending\n");
    REQUIRE(::utimensat(AT_FDCWD, (dir / "r/guild.d").c_str(), long_ago, 0) == 0);
    CHECK(open_run(dir / "r").status() == run_status::pending);
}

TEST_CASE("run: series and output are read through the system that it was opened with") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/meta.tsv", "model\tsoftmax\n");
    (void)dir.write("elsewhere/output.log", "secret\n");
    const std::string inside = dir / "r/guild.d/series";
    REQUIRE(os::make_directories(inside));
    REQUIRE(os::make_directories(dir / "elsewhere"));
    auto writer = guild::series::writer::create(dir / "elsewhere");
    REQUIRE(writer);
    writer->append_one(1, 1, writer->series("loss"), 0.5);
    const std::string file = writer->path();
    REQUIRE(writer->close());
    REQUIRE(symlink(file.c_str(), (inside + "/" + guild::base_name(file)).c_str()) == 0);
    REQUIRE(symlink("../../elsewhere/output.log", (dir / "r/guild.d/output.log").c_str()) == 0);
    const run trusting = open_run(dir / "r");
    CHECK(trusting.series().summaries().size() == 1);
    REQUIRE(trusting.output()->pieces.size() == 1);
    CHECK(trusting.output()->pieces[0].text == "secret\n");
    open_options options;
    options.system = &os::unlinked_env();
    const auto careful = run::open(dir / "r", options);
    REQUIRE(careful);
    CHECK(careful->series().summaries().empty());
    const auto output = careful->output();
    CHECK((!output || output->pieces.empty()));
}

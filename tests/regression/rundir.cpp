// What is recorded of a command whose run directory is deleted, replaced, renamed or made
// read-only.
#include <guild/runs/supervisor.hpp>

#include <cerrno>
#include <cstring>
#include <string>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/os/link.hpp>
#include <guild/runs/catalog.hpp>

#include <doctest/doctest.h>
#include <support/supervised_run.hpp>

using namespace guild::runs;
using guild_test::supervised_run;
namespace os = guild::os;

namespace {

constexpr std::string_view restored_message = "is in ";

unsigned mode_of(const std::string& path) {
    return os::get_status(path).value().mode & 0777U;
}

// Whether a user who is nobody here can open a file.
bool nobody_can_read(const std::string& path) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (::setgid(54'321) != 0 || ::setuid(54'321) != 0) {
            ::_exit(2);
        }
        ::_exit(os::open_file(path, os::open_mode::read) ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WEXITSTATUS(status) != 2);
    return status == 0;
}

// A system whose disk can only be read from the moment on in which a file is there.
std::string read_only_mark;

bool is_read_only() {
    return ::access(read_only_mark.c_str(), F_OK) == 0;
}

const os::env read_only_system = [] {
    os::env system = os::system_env;
    system.write = [](int fd, const void* from, std::size_t size) -> std::int64_t {
        return is_read_only() ? -EROFS : os::system_env.write(fd, from, size);
    };
    system.pwrite = [](int fd, const void* from, std::size_t size,
                       std::int64_t at) -> std::int64_t {
        return is_read_only() ? -EROFS : os::system_env.pwrite(fd, from, size, at);
    };
    system.mkdir = [](const char* path, unsigned mode) {
        return is_read_only() ? -EROFS : os::system_env.mkdir(path, mode);
    };
    return system;
}();

}  // namespace

TEST_CASE("supervise: a command that deletes and remakes RUNDIR loses nothing") {
    supervised_run test(
        "echo one; rm -rf $RUNDIR; echo two; sleep 0.2; mkdir -p $RUNDIR; sleep 0.3; "
        "ls $RUNDIR; echo three");
    const outcome ended = test.supervise();
    CHECK(ended.status == run_status::completed);
    CHECK(ended.run_directory == test.options.run_directory);
    CHECK(test.count_messages(rundir_deleted_message) >= 2);
    CHECK(test.count_messages(restored_message) == 1);
    CHECK(test.output() == "one\ntwo\nguild.d\nthree\n");  // it was back while the command ran
    const run found = test.recorded();
    CHECK(found.status() == run_status::completed);
    CHECK(found.notes().empty());
    const auto points = found.series().points("sys/mem/used");
    for (std::size_t i = 0; i < points.size(); ++i) {
        CHECK(points[i].step == static_cast<std::int64_t>(i));
    }
    CHECK(points.size() >= 8);
    CHECK(list_runs({test.dir / "runs"}).size() == 1);
}

TEST_CASE("supervise: RUNDIR deleted twice, and never made again, stands there whole at the end") {
    supervised_run test(
        "rm -rf $RUNDIR; mkdir $RUNDIR; sleep 0.3; echo middle; rm -rf $RUNDIR; echo last");
    const outcome ended = test.supervise();
    CHECK(ended.status == run_status::completed);
    CHECK(test.count_messages(rundir_deleted_message) >= 2);
    CHECK(test.count_messages(restored_message) == 2);
    CHECK(test.output() == "middle\nlast\n");
    CHECK(test.recorded().status() == run_status::completed);
}

TEST_CASE("supervise: RUNDIR deleted for longer than series wait for the disk is no other error") {
    supervised_run test("rm -rf $RUNDIR; sleep 6");  // series::writer_options::sync_interval_ms
    test.options.sample_interval_ms = 500;
    const outcome ended = test.supervise();
    CHECK(ended.record_errors == 0);
    CHECK(test.count_messages(rundir_deleted_message) + 1 ==
          static_cast<int>(test.messages.size()));
    CHECK(test.count_messages(restored_message) == 1);
}

TEST_CASE("supervise: RUNDIR deleted just before the end is told once") {
    supervised_run test("rm -rf $RUNDIR");
    test.options.sample_interval_ms = 10'000;
    (void)test.supervise();
    CHECK(test.count_messages(rundir_deleted_message) == 1);
    CHECK(test.recorded().status() == run_status::completed);
}

TEST_CASE("supervise: RUNDIR replaced by a file leaves the run beside it") {
    supervised_run test("rm -rf $RUNDIR; echo mine > $RUNDIR; sleep 0.2; echo end");
    const outcome ended = test.supervise();
    CHECK(ended.status == run_status::completed);
    CHECK(ended.run_directory == test.options.run_directory + "-restored");
    CHECK(ended.record_errors == 0);
    CHECK(test.output(ended.run_directory) == "end\n");
    CHECK(os::load_file(test.options.run_directory).value_or("") == "mine\n");
    CHECK(list_runs({test.dir / "runs"}).size() == 1);
}

TEST_CASE("supervise: a disk that becomes read-only never stops the command, and is told") {
    supervised_run test("echo before; sleep 0.2; touch $MARK; echo after; sleep 0.2; exit 5");
    read_only_mark = test.dir / "mark";
    test.options.environment = {{"MARK", read_only_mark}};
    test.options.system = &read_only_system;
    const outcome ended = test.supervise();
    CHECK(ended.exit.code == 5);
    CHECK(ended.record_errors > 0);
    CHECK(test.echo == "before\nafter\n");
    CHECK(test.output() == "before\n");
    CHECK(test.count_messages("Error logging output") == 1);
    CHECK(test.count_messages(std::strerror(EROFS)) >= 1);
    CHECK(test.recorded().status() == run_status::running);  // by its LOCK: this process lives
}

TEST_CASE(
    "supervise: RUNDIR deleted on a disk that is read-only then is lost, the command is not") {
    supervised_run test("echo before; rm -rf $RUNDIR; touch $MARK; sleep 0.2; echo after; exit 5");
    read_only_mark = test.dir / "mark";
    test.options.environment = {{"MARK", read_only_mark}};
    test.options.system = &read_only_system;
    const outcome ended = test.supervise();
    CHECK(ended.exit.code == 5);
    CHECK(test.echo == "before\nafter\n");
    CHECK(test.count_messages(rundir_deleted_message) >= 1);
    CHECK(test.count_messages("Error logging restored run") == 1);
    CHECK(test.count_messages(restored_message) == 0);
    CHECK(list_runs({test.dir / "runs"}).empty());
}

TEST_CASE("supervise: a read-only mount at RUNDIR leaves the run beside it (as root)") {
    // After the first round, and long before the next: between mkdir and mount nothing is restored.
    supervised_run test("sleep 0.5; rm -rf $RUNDIR; mkdir $RUNDIR; "
                        "mount -t tmpfs -o ro none $RUNDIR || exit 3; echo end");
    test.options.sample_interval_ms = 60'000;
    const outcome ended = test.supervise();
    if (ended.exit.code == 3) {
        MESSAGE("skipped: needs the right to mount");
        return;
    }
    (void)::umount2(test.options.run_directory.c_str(), MNT_DETACH);
    CHECK(ended.status == run_status::completed);
    CHECK(ended.run_directory == test.options.run_directory + "-restored");
    CHECK(test.output(ended.run_directory) == "end\n");
    CHECK(test.count_messages(restored_message) == 1);
    CHECK(list_runs({test.dir / "runs"}).size() == 1);
}

TEST_CASE("supervise: a run with secrets is its owner's alone, also when RUNDIR was deleted") {
    const char* script = "stat -c %a $RUNDIR; rm -rf $RUNDIR; mkdir -m 755 $RUNDIR; sleep 0.3; "
                         "stat -c %a $RUNDIR; rm -rf $RUNDIR";
    for (const bool is_variable : {false, true}) {
        supervised_run test(script);
        (is_variable ? test.options.environment : test.options.flags) = {{"DB_PASSWORD", "s3cr3t"}};
        CHECK(test.supervise().status == run_status::completed);
        CHECK(test.output() == "700\n700\n");
        CHECK(mode_of(test.options.run_directory) == 0700);
        const run found = test.recorded();
        const pair_list& kept = is_variable ? found.meta() : found.flags();
        const std::string* value =
            find_value(kept, is_variable ? "env.DB_PASSWORD" : "DB_PASSWORD");
        REQUIRE(value != nullptr);
        CHECK(*value == withheld_text);
    }
}

TEST_CASE("supervise: other users can read a run without secrets, and none with (as root)") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: needs the right to become another user");
        return;
    }
    const mode_t before = ::umask(022);
    for (const bool has_secret : {false, true}) {
        supervised_run test("echo password is s3cr3t > $RUNDIR/file; cat $RUNDIR/file");
        REQUIRE(os::set_permissions(test.dir.path(), 0755));
        if (has_secret) {
            test.options.argv.insert(test.options.argv.end(), {"--", "--token=s3cr3t"});
        }
        CHECK(test.supervise().status == run_status::completed);
        for (const char* name : {"/file", "/guild.d/output.log", "/guild.d/meta.tsv"}) {
            CHECK(nobody_can_read(test.options.run_directory + name) == !has_secret);
        }
    }
    ::umask(before);
}

TEST_CASE("supervise: RUNDIR that got another name is recorded to its end there") {
    supervised_run test("mv $RUNDIR $RUNDIR-moved; sleep 0.2; echo end");
    CHECK(test.supervise().record_errors == 0);
    CHECK(test.messages.empty());
    const auto moved = run::open(test.options.run_directory + "-moved");
    REQUIRE(moved);
    CHECK(moved->status() == run_status::completed);
    CHECK_FALSE(os::is_regular_file(data_path(moved->path(), lock_name)));
    CHECK_FALSE(os::is_directory(test.options.run_directory));
}

#include <guild/runs/supervisor.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/runs/catalog.hpp>
#include <guild/tfevents/writer.hpp>

#include <doctest/doctest.h>
#include <support/supervised_run.hpp>

using namespace guild::runs;
using guild_test::supervised_run;
namespace os = guild::os;

namespace {

const std::string* find_meta(const run& of, std::string_view key) {
    return find_value(of.meta(), key);
}

bool has_series(const run& of, const std::string& key) {
    for (const auto& summary : of.series().summaries()) {
        if (summary.key == key) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("supervise: a command is recorded whole") {
    supervised_run test("echo to out; echo to err >&2; sleep 0.2; printf 'no newline'");
    test.options.flags = {{"lr", "0.1"}};
    test.options.attrs = {{"own", "1"}};
    test.options.meta = {{"model", "softmax"}};
    test.options.environment = {{"EXTRA", "yes"}};
    const outcome ended = test.supervise();
    CHECK(ended.status == run_status::completed);
    CHECK(ended.exit.success());
    CHECK(ended.cause.empty());
    CHECK(ended.record_errors == 0);
    CHECK(test.messages.empty());
    CHECK(test.echo.size() == 24);

    const run found = test.recorded();
    CHECK(found.status() == run_status::completed);
    CHECK(found.notes().empty());
    CHECK(found.model() == "softmax");
    CHECK(found.exit_code() == 0);
    CHECK(*found.stopped_us() - *found.started_us() >= 190'000);
    CHECK(found.flags() == pair_list{{"lr", "0.1"}});
    CHECK(*find_value(found.attrs(), "own") == "1");
    CHECK(find_value(found.attrs(), "cpu_cores") != nullptr);
    CHECK(*find_meta(found, "argv.1") == "-c");
    CHECK(*find_meta(found, "env.EXTRA") == "yes");
    CHECK(*find_meta(found, "cwd") == os::current_directory());

    const auto page = found.output();
    REQUIRE(page);
    std::string of_stream[3];
    for (const output_piece& piece : page->pieces) {
        CHECK(piece.time_us);
        of_stream[static_cast<int>(piece.stream)] += piece.text;
    }
    CHECK(of_stream[1] == "to out\nno newline");
    CHECK(of_stream[2] == "to err\n");

    for (const char* key : {"sys/mem/used", "op/mem/rss", "sys/cpu/util"}) {
        INFO(key);
        CHECK(has_series(found, key));
    }
    const auto points = found.series().points("sys/mem/used");
    REQUIRE(points.size() >= 3);
    CHECK(points[0].step == 0);
    CHECK(points[1].step == 1);
}

TEST_CASE("supervise: a finished run has at most eight files and no LOCK") {
    supervised_run test("true");
    (void)test.supervise();
    const auto top = os::list_directory(data_path(test.options.run_directory));
    const auto series = os::list_directory(data_path(test.options.run_directory, series_directory));
    REQUIRE(top);
    REQUIRE(series);
    CHECK(top->size() - 1 + series->size() <= 8);
    for (const os::dir_entry& entry : *top) {
        CHECK(entry.name != "LOCK");
    }
}

TEST_CASE("supervise: exit codes and signals are errors with their cause") {
    supervised_run code("exit 3");
    const outcome ended = code.supervise();
    CHECK(ended.status == run_status::error);
    CHECK(ended.exit.code == 3);
    CHECK(ended.cause == "exit code 3");
    CHECK(code.recorded().exit_code() == 3);
    CHECK(code.recorded().cause() == "exit code 3");

    supervised_run signal("kill -KILL $$");
    const outcome killed = signal.supervise();
    CHECK(killed.status == run_status::error);
    CHECK(killed.cause == "SIGKILL (not by guild)");
    CHECK(*find_meta(signal.recorded(), "signal") == "SIGKILL");
    CHECK_FALSE(signal.recorded().exit_code());
}

TEST_CASE("supervise: the command sees RUNDIR and runs where it is told") {
    supervised_run test("pwd; echo $RUNDIR; echo $PYTHONUNBUFFERED");
    test.options.directory = test.dir.path();
    test.options.environment = {{"RUNDIR", test.options.run_directory}, {"GPU_COUNT", "0"}};
    (void)test.supervise();
    CHECK(test.output() == test.dir.path() + "\n" + test.options.run_directory + "\n1\n");
    const run found = test.recorded();
    REQUIRE(find_value(found.meta(), "env.GPU_COUNT") != nullptr);
    CHECK(*find_value(found.meta(), "env.GPU_COUNT") == "0");
    CHECK(find_value(found.meta(), "env.RUNDIR") == nullptr);
}

TEST_CASE("supervise: an evaluation has its run in RUNDIR and its own directory in EVALDIR") {
    supervised_run test("echo $RUNDIR $EVALDIR; mkdir -p $EVALDIR/x");
    const supervised_run evaluated("true");
    test.options.evaluates = evaluated.options.run_directory;
    CHECK(test.supervise().status == run_status::completed);
    CHECK(test.output() ==
          evaluated.options.run_directory + ' ' + test.options.run_directory + '\n');
    CHECK(os::is_directory(test.options.run_directory + "/x"));
    const run found = test.recorded();
    REQUIRE(find_meta(found, "evaluates") != nullptr);
    CHECK(*find_meta(found, "evaluates") == evaluated.options.run_directory);

    supervised_run inner("echo $RUNDIR ${EVALDIR-none}");  // a training inside of an evaluation
    ::setenv("EVALDIR", "/outer", 1);
    (void)inner.supervise();
    ::unsetenv("EVALDIR");
    CHECK(inner.output() == inner.options.run_directory + " none\n");
    CHECK(find_meta(inner.recorded(), "evaluates") == nullptr);
}

TEST_CASE("supervise: a stopped evaluation takes along what left its group, and no one else") {
    supervised_run test("setsid sh -c 'echo $$; exec sleep 300' & exec sleep 300");
    test.options.evaluates = test.dir / "evaluated";
    test.options.timeout_ms = 500;
    os::process_options other;  // another evaluation of the same run
    other.argv = {"sleep", "300"};
    other.environment = os::merge_environment(
        os::current_environment(), {{"RUNDIR", test.options.evaluates}, {"EVALDIR", "/other"}});
    auto bystander = os::child::start(other);
    REQUIRE(bystander);
    CHECK(test.supervise().status == run_status::terminated);
    const int away = std::stoi(test.output());
    CHECK((::kill(away, 0) != 0 || !os::process_start_ticks(away)));
    CHECK(os::process_start_ticks(bystander->pid()));
    (void)bystander->stop({{SIGKILL, 1000}});
}

TEST_CASE("supervise: a program that is not there is an error, and the run says so") {
    supervised_run test("");
    test.options.argv = {"/no/such/program"};
    const auto failed = supervise(test.options);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == guild::errc::not_found);
    CHECK(test.recorded().status() == run_status::error);
    CHECK(test.recorded().cause().find("/no/such/program") != std::string::npos);
    CHECK_FALSE(os::is_regular_file(data_path(test.options.run_directory, lock_name)));
}

TEST_CASE("supervise: a directory that cannot be written stops it before the command starts") {
    supervised_run test("touch started");
    test.options.directory = test.dir.path();
    const std::string log = data_path(test.options.run_directory, output_log_name);
    REQUIRE(os::make_directories(log));  // nobody, root included, can open this to append
    const auto failed = supervise(test.options);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().path == log);
    CHECK_FALSE(os::is_regular_file(test.dir / "started"));
    CHECK(test.recorded().status() == run_status::error);
}

TEST_CASE("supervise: the first interrupt is passed on to the whole group") {
    supervised_run test(
        "trap 'echo outer; exit 0' INT\n"
        "sh -c 'trap \"echo inner; exit 0\" INT; echo ready; while :; do sleep 0.02; done'\n"
        "sleep 5");
    auto stop = stop_request::create();
    REQUIRE(stop);
    test.options.stop = &*stop;
    bool is_sent = false;
    const outcome ended = test.supervise([&](const std::string& echo) {
        if (!is_sent && echo.find("ready") != std::string::npos) {
            is_sent = true;
            ::usleep(30'000);
            stop->notify(SIGINT);
        }
    });
    CHECK(ended.status == run_status::terminated);
    CHECK(ended.cause == "SIGINT");
    CHECK(test.output() == "ready\ninner\nouter\n");
    CHECK(test.recorded().status() == run_status::terminated);
}

TEST_CASE("supervise: the second interrupt kills") {
    supervised_run test("trap '' INT; echo ready; while :; do sleep 0.02; done");
    test.options.grace_ms = 60'000;
    auto stop = stop_request::create();
    REQUIRE(stop);
    test.options.stop = &*stop;
    bool is_sent = false;
    const outcome ended = test.supervise([&](const std::string&) {
        if (!is_sent) {
            is_sent = true;
            stop->notify(SIGINT);
            ::usleep(50'000);
            stop->notify(SIGINT);
        }
    });
    CHECK(ended.status == run_status::terminated);
    CHECK(ended.cause == "SIGINT, then killed");
    CHECK(*find_meta(test.recorded(), "signal") == "SIGKILL");
}

TEST_CASE("supervise: after the time of grace the group is killed") {
    supervised_run test("trap '' TERM; while :; do sleep 0.02; done");
    test.options.timeout_ms = 100;
    test.options.grace_ms = 100;
    const outcome ended = test.supervise();
    CHECK(ended.status == run_status::terminated);
    CHECK(ended.cause == "timeout after 100 ms");
    CHECK(ended.exit.signal == SIGKILL);
}

TEST_CASE("supervise: a background process that holds the output delays the end only briefly") {
    supervised_run test("sleep 3 & echo $!");
    const std::int64_t before_us = os::system_env.boot_time_us();
    const outcome ended = test.supervise();
    CHECK(ended.status == run_status::completed);
    CHECK(os::system_env.boot_time_us() - before_us < 2'000'000);
    ::kill(std::stoi(test.output()), SIGKILL);
}

TEST_CASE("supervise: killed with -9, its command ends too and the run is terminated") {
    supervised_run test("echo $$; while :; do sleep 0.02; done");
    const pid_t guild = ::fork();
    REQUIRE(guild >= 0);
    if (guild == 0) {
        test.options.echo_out = test.options.echo_err = -1;
        (void)supervise(test.options);
        ::_exit(0);
    }
    for (int tries = 0; tries < 200 && test.output().find('\n') == std::string::npos; ++tries) {
        ::usleep(10'000);
    }
    const int command = std::stoi(test.output());
    CHECK(test.recorded().status() == run_status::running);
    REQUIRE(::kill(guild, SIGKILL) == 0);
    REQUIRE(::waitpid(guild, nullptr, 0) == guild);
    CHECK(test.recorded().status() == run_status::terminated);
    CHECK(test.recorded().cause().find("guild went away") == 0);
    bool is_gone = false;
    for (int tries = 0; tries < 200 && !is_gone; ++tries) {
        is_gone = !os::process_start_ticks(command);
        ::usleep(10'000);
    }
    CHECK(is_gone);
}

TEST_CASE("supervise: event files become series, those that appear last as well") {
    guild_test::temp_dir logs;
    {
        auto writer = guild::tfevents::writer::create(logs / "train");
        REQUIRE(writer);
        writer->add_scalar("loss", 0, 0.5);
        writer->add_scalar("loss", 10, 0.25);
        REQUIRE(writer->close());
        auto root = guild::tfevents::writer::create(logs / "top");
        REQUIRE(root);
        root->add_scalar("accuracy", 1, 0.75);
        REQUIRE(root->close());
    }
    supervised_run test("cp -r $LOGS/train $RUNDIR/; sleep 0.2; cp $LOGS/top/* $RUNDIR/");
    test.options.environment = {{"LOGS", logs.path()}};
    CHECK(test.supervise().status == run_status::completed);
    const auto points = test.recorded().series().points("tf/train/loss");
    REQUIRE(points.size() == 2);
    CHECK(points[1].step == 10);
    CHECK(points[1].value.as_double() == 0.25);
    CHECK(has_series(test.recorded(), "tf/accuracy"));
}

TEST_CASE("supervise: a full disk never stops the command, is told once and counted") {
    supervised_run test(
        "head -c 200000 /dev/zero | tr '\\0' x; echo; echo end >&2; sleep 0.2; exit 5");
    const pid_t guild = ::fork();
    REQUIRE(guild >= 0);
    if (guild == 0) {
        const struct rlimit limit = {50'000, 50'000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        test.options.echo_out = test.options.echo_err = -1;
        const auto ended = supervise(test.options);
        const bool is_right = ended && ended->exit.code == 5 && ended->record_errors > 0 &&
                              test.count_messages("Error logging output") == 1;
        ::_exit(is_right ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(guild, &status, 0) == guild);
    CHECK(status == 0);
    const run found = test.recorded();
    CHECK(found.status() == run_status::error);
    CHECK(found.cause() == "exit code 5 (no space left on the disk of the run)");
    REQUIRE(find_meta(found, "output_lost_bytes") != nullptr);
    CHECK(os::get_status(data_path(found.path(), output_log_name)).value().size +
              std::stoull(*find_meta(found, "output_lost_bytes")) ==
          200'005);
}

TEST_CASE("supervise: an echo that nobody reads stops alone") {
    supervised_run test("for i in 1 2 3 4 5; do echo line $i; sleep 0.02; done");
    auto ends = os::make_pipe();
    REQUIRE(ends);
    ends->read.reset();
    test.options.echo_out = ends->write.get();
    test.options.echo_err = -1;
    const auto ended = supervise(test.options);
    REQUIRE(ended);
    CHECK(ended->status == run_status::completed);
    CHECK(test.output() == "line 1\nline 2\nline 3\nline 4\nline 5\n");
}

TEST_CASE("supervise: an echo into a full disk stops alone and is told") {
    supervised_run test("echo one; sleep 0.02; echo two");
    auto full = os::open_file("/dev/full", os::open_mode::write);
    REQUIRE(full);
    test.options.echo_out = full->fd();
    test.options.echo_err = -1;
    const auto ended = supervise(test.options);
    REQUIRE(ended);
    CHECK(ended->status == run_status::completed);
    CHECK(test.output() == "one\ntwo\n");
    CHECK(test.count_messages("Output is not shown any more") == 1);
}

TEST_CASE("supervise: a stuck terminal stops neither the command nor the recording") {
    supervised_run test("head -c 3000000 /dev/zero; echo end");
    test.options.buffer_bytes = 4'000'000;
    auto ends = os::make_pipe();  // nobody reads
    auto stop = stop_request::create();
    REQUIRE(ends);
    REQUIRE(stop);
    test.options.echo_out = test.options.echo_err = ends->write.get();
    test.options.stop = &*stop;
    auto user = os::thread::start([&] {
        for (int tries = 0; tries < 500; ++tries) {
            const auto found = run::open(test.options.run_directory);
            if (found && found->status() == run_status::completed) {
                break;
            }
            ::usleep(10'000);
        }
        stop->notify(SIGINT);
    });
    REQUIRE(user);
    const auto ended = supervise(test.options);
    user->join();
    REQUIRE(ended);
    CHECK(ended->status == run_status::completed);
    const std::string log = test.output();
    CHECK(log.size() == 3'000'004);
    CHECK(log.substr(log.size() - 4) == "end\n");
    ends->read.reset();           // the forgotten thread ends with EPIPE,
    (void)ends->write.release();  // at some time: its descriptor is left to it
}

TEST_CASE("supervise: a stop that somebody asks for is SIGTERM, with its own cause") {
    supervised_run test("trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.02; done");
    test.options.grace_ms = 60'000;
    auto stop = stop_request::create();
    REQUIRE(stop);
    test.options.stop = &*stop;
    bool is_sent = false;
    const outcome ended = test.supervise([&](const std::string&) {
        if (!is_sent) {
            is_sent = true;
            stop->notify_stop();
        }
    });
    CHECK(ended.status == run_status::terminated);
    CHECK(ended.cause == "guild stop");
    CHECK(test.output().find("asked\n") != std::string::npos);
}

TEST_CASE("supervise: what left the group of a stopped command goes with it") {
    supervised_run test("setsid sleep 90 & echo $!; exec sleep 90");
    test.options.timeout_ms = 1'000;
    const outcome ended = test.supervise();
    CHECK(ended.status == run_status::terminated);
    const int away = std::stoi(test.output());
    CHECK((::kill(away, 0) != 0 || !os::process_start_ticks(away)));  // gone, or uncollected
}

TEST_CASE("supervise: what the command used is recorded") {
    supervised_run test("i=0; while test $i -lt 20000; do i=$((i+1)); done");
    (void)test.supervise();
    const run found = test.recorded();
    REQUIRE(find_meta(found, "user_us") != nullptr);
    REQUIRE(find_meta(found, "system_us") != nullptr);
    CHECK(std::stoll(*find_meta(found, "user_us")) + std::stoll(*find_meta(found, "system_us")) >
          0);
}

TEST_CASE("supervise: rules find every value in the output, however quickly it comes") {
    supervised_run test("seq 1 50000 | sed 's/.*/step & loss 0.5/'; printf 'step 50001 loss 1'");
    const auto wanted = guild::pattern::parse("step (?P<step>\\d+) loss (?P<loss>\\S+)");
    REQUIRE(wanted);
    test.options.output_rules.push_back({"train", *wanted});
    CHECK(test.supervise().status == run_status::completed);
    const run found = test.recorded();
    CHECK(find_meta(found, "output_lost_bytes") == nullptr);
    CHECK(find_meta(found, "output_unread_bytes") == nullptr);
    const auto points = found.series().points("output/train/loss");
    REQUIRE(points.size() == 50'001);
    CHECK(points.back().step == 50'001);
    CHECK(points.front().step == 1);
    CHECK(points.front().time_us > 0);
}

TEST_CASE("supervise: values are there while the command runs") {
    supervised_run test("echo loss 1; until test -f go; do sleep 0.02; done; echo loss 2");
    const auto wanted = guild::pattern::parse("loss (?P<loss>\\S+)");
    REQUIRE(wanted);
    test.options.output_rules.push_back({"", *wanted});
    test.options.directory = test.options.run_directory;
    bool is_seen = false;
    const auto wait_for_value = [&](const std::string&) {
        for (int i = 0; i < 6000 && !is_seen; ++i) {
            is_seen = has_series(test.recorded(), "output/loss");
            ::usleep(10'000);
        }
        (void)os::save_file(guild::join_path(test.options.run_directory, "go"), "");
    };
    CHECK(test.supervise(wait_for_value).status == run_status::completed);
    CHECK(is_seen);
    CHECK(test.recorded().series().points("output/loss").size() == 2);
}

#include <guild/runs/command_watch.hpp>

#include <csignal>
#include <string>

#include <unistd.h>

#include <guild/os/file.hpp>

#include <doctest/doctest.h>

using namespace guild::runs;
namespace os = guild::os;

namespace {

os::child start(const std::string& script) {
    os::process_options options;
    options.argv = os::shell_command(script);
    auto started = os::child::start(options);
    REQUIRE(started);
    return std::move(*started);
}

std::string stored(output_buffer& buffer) {
    std::string text;
    while (const auto item = buffer.next_to_store(0)) {
        text += item->chunk->bytes;
    }
    return text;
}

}  // namespace

TEST_CASE("command watch: takes all output and the exit code") {
    os::child command = start("echo a; sleep 0.05; printf b; exit 4");
    output_buffer buffer;
    const auto ended = command_watch(command, buffer, {}).run();
    REQUIRE(ended);
    CHECK(ended->exit.code == 4);
    CHECK(ended->stopped_by.empty());
    CHECK(stored(buffer) == "a\nb");
}

TEST_CASE("command watch: a command that closes its output is waited for") {
    os::child command = start("exec >&- 2>&-; sleep 0.1; exit 4");
    output_buffer buffer;
    const auto ended = command_watch(command, buffer, {}).run();
    REQUIRE(ended);
    CHECK(ended->exit.code == 4);
}

TEST_CASE("command watch: a signal that is no request to stop is passed on") {
    os::child command = start("trap 'echo hup; exit 0' USR1; while :; do sleep 0.02; done");
    output_buffer buffer;
    auto stop = stop_request::create();
    REQUIRE(stop);
    ::usleep(100'000);
    stop->notify(SIGUSR1);
    watch_options options;
    options.stop = &*stop;
    const auto ended = command_watch(command, buffer, options).run();
    REQUIRE(ended);
    CHECK(ended->stopped_by.empty());
    CHECK(ended->exit.success());
}

TEST_CASE(
    "command watch: when it is stopped, the group has its time of grace and is then killed whole") {
    // The leader goes at once, another process of the group will not.
    os::child command =
        start("sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.02; done' & sleep 0.1; "
              "trap 'exit 0' TERM; while :; do sleep 0.02; done");
    output_buffer buffer;
    watch_options options;
    options.timeout_ms = 200;
    options.grace_ms = 150;
    const auto ended = command_watch(command, buffer, options).run();
    REQUIRE(ended);
    CHECK(ended->stopped_by == "timeout after 200 ms");
    const int stubborn = std::stoi(stored(buffer));
    ::usleep(50'000);
    char state = ' ';
    const std::string path = "/proc/" + std::to_string(stubborn) + "/stat";
    if (auto stat = os::load_file(path); stat) {
        state = (*stat)[stat->find(") ") + 2];
    }
    CHECK((state == ' ' || state == 'Z'));
}

TEST_CASE("command watch: a stopped process hears the request to end") {
    os::child command = start("kill -STOP $$; sleep 5");
    output_buffer buffer;
    watch_options options;
    options.timeout_ms = 100;
    options.grace_ms = 1000;
    const std::int64_t before_us = os::system_env.boot_time_us();
    REQUIRE(command_watch(command, buffer, options).run());
    CHECK(os::system_env.boot_time_us() - before_us < 900'000);
}

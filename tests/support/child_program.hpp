// tests/support/child_program.hpp - the programs of tests/child, and what tests of processes ask
// about this one.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <guild/os/process.hpp>

#include <doctest/doctest.h>

namespace guild_test {

/// The path of a program of tests/child.
inline std::string child_program(const std::string& name) {
    return std::string(GUILD_TEST_CHILD_DIR) + "/child_" + name;
}

/// Options that run a program of tests/child with these arguments.
inline guild::os::process_options child_options(const std::string& name,
                                                std::vector<std::string> arguments = {}) {
    guild::os::process_options options;
    options.argv = std::move(arguments);
    options.argv.insert(options.argv.begin(), child_program(name));
    return options;
}

inline guild::os::process_options shell_options(std::string text) {
    guild::os::process_options options;
    options.argv = guild::os::shell_command(std::move(text));
    return options;
}

inline guild::os::run_result must_run(const guild::os::process_options& options,
                                      const guild::os::run_options& limits = {}) {
    auto ran = guild::os::run(options, limits);
    REQUIRE_MESSAGE(ran.has_value(), (ran ? std::string() : to_string(ran.error())));
    return std::move(*ran);
}

inline guild::os::child must_start(const guild::os::process_options& options) {
    auto started = guild::os::child::start(options);
    REQUIRE_MESSAGE(started.has_value(), (started ? std::string() : to_string(started.error())));
    return std::move(*started);
}

/// How many descriptors this process has open.
inline int open_descriptors() {
    int count = 0;
    DIR* list = opendir("/dev/fd");
    REQUIRE(list != nullptr);
    while (readdir(list) != nullptr) {
        ++count;
    }
    closedir(list);
    return count;
}

/// Whether this process has a child, running or not collected.
inline bool has_children() {
    return waitpid(-1, nullptr, WNOHANG) != -1;
}

inline std::int64_t now_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

/// Runs `body` in a copy of this process, which may spoil itself, and gives the code that it
/// returned.
template <class Body>
int run_in_copy(Body body) {
    std::fflush(nullptr);  // a sanitizer's _exit writes what the copy inherited
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        _exit(body());
    }
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Whether a process runs: not gone, and not a zombie.
inline bool is_running(int pid) {
    if (kill(pid, 0) != 0) {
        return false;
    }
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    std::string text(512, '\0');
    FILE* file = std::fopen(path.c_str(), "r");
    if (file == nullptr) {
        return false;
    }
    text.resize(std::fread(&text[0], 1, text.size(), file));
    std::fclose(file);
    const std::size_t name_end = text.rfind(") ");
    return name_end == std::string::npos || text[name_end + 2] != 'Z';
}

/// Whether a process that was killed is gone within two seconds.
inline bool ends_soon(int pid) {
    for (int i = 0; i < 200 && is_running(pid); ++i) {
        usleep(10'000);
    }
    return !is_running(pid);
}

/// The same bytes of every value each time.
inline std::string random_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint32_t state = 1;
    for (char& c : bytes) {
        state = state * 1664525u + 1013904223u;
        c = static_cast<char>(state >> 24);
    }
    return bytes;
}

}  // namespace guild_test

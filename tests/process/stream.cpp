// Cases 24 to 35 of what a runner of processes has to get right: input and output.
#include <guild/os/process.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <guild/base/line_splitter.hpp>
#include <guild/os/file.hpp>
#include <support/child_program.hpp>

#include <doctest/doctest.h>

using namespace guild_test;
using guild::line_end;
using guild::text_line;
using guild::os::process_options;
using guild::os::run_options;
using guild::os::run_result;

namespace {

// Resident memory of this process.
std::size_t resident_bytes() {
    long pages = 0;
    FILE* file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr || std::fscanf(file, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (file != nullptr) {
        std::fclose(file);
    }
    return static_cast<std::size_t>(pages) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// The lines of what a program prints: each with a letter for how it ended.
std::vector<std::string> lines_of(const process_options& options) {
    guild::line_splitter splitter;
    std::vector<std::string> lines;
    const auto keep = [&](const text_line& line) {
        const char* how = line.end == line_end::newline       ? "n:"
                          : line.end == line_end::replaceable ? "r:"
                          : line.end == line_end::partial     ? "p:"
                                                              : "f:";
        lines.push_back(how + std::string(line.text));
    };
    run_options limits;
    limits.on_output = [&](int, std::string_view bytes) { splitter.feed(bytes, keep); };
    (void)must_run(options, limits);
    splitter.finish(keep);
    return lines;
}

// The next bytes of a child, empty when none came within a minute.
std::string next_output(const guild::os::child& process) {
    pollfd asked{process.out_fd(), POLLIN, 0};
    char piece[256];
    const ssize_t got =
        poll(&asked, 1, 60'000) == 1 ? read(process.out_fd(), piece, sizeof piece) : 0;
    return std::string(piece, got > 0 ? static_cast<std::size_t>(got) : 0);
}

}  // namespace

TEST_CASE("case 24: three megabytes of stdout, then three of stderr") {
    const run_result ran = must_run(child_options("overflow", {"1", "3000000", "2", "3000000"}));
    CHECK(ran.status.success());
    CHECK(ran.out == std::string(3'000'000, 'o'));
    CHECK(ran.err == std::string(3'000'000, 'e'));
}

TEST_CASE("case 24: three megabytes of stderr before stdout") {
    const run_result ran = must_run(child_options("overflow", {"2", "3000000", "1", "3000000"}));
    CHECK(ran.out.size() == 3'000'000);
    CHECK(ran.err.size() == 3'000'000);
}

TEST_CASE("case 25: four megabytes through a program that echoes") {
    run_options limits;
    limits.input = random_bytes(4'000'000);
    const run_result ran = must_run(child_options("echo"), limits);
    CHECK(ran.status.success());
    CHECK(ran.out == limits.input);
}

TEST_CASE("case 26: input for a program that reads none is no error and no signal") {
    run_options limits;
    limits.input = std::string(1'000'000, 'x');
    const run_result ran = must_run(child_options("exit_code", {"0"}), limits);
    CHECK(ran.status.success());
}

TEST_CASE("case 26: a SIGPIPE of the program's own that is pending stays so") {
    const int code = run_in_copy([] {
        sigset_t pipe_alone;
        sigemptyset(&pipe_alone);
        sigaddset(&pipe_alone, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_alone, nullptr);
        raise(SIGPIPE);
        run_options limits;
        limits.input = std::string(1'000'000, 'x');
        const auto ran = guild::os::run(child_options("exit_code", {"0"}), limits);
        sigset_t pending;
        sigpending(&pending);
        return ran && ran->status.success() && sigismember(&pending, SIGPIPE) == 1 ? 0 : 1;
    });
    CHECK(code == 0);
}

TEST_CASE("case 27: a program that closes its outputs and lives is waited for") {
    const std::int64_t start_ms = now_ms();
    const run_result ran = must_run(shell_options("exec >&- 2>&-; sleep 0.4; exit 4"));
    CHECK(ran.status.code == 4);
    CHECK(now_ms() - start_ms >= 380);
}

TEST_CASE("case 28: a gigabyte of output is streamed in bounded memory") {
    constexpr std::uint64_t size = std::uint64_t{1} << 30U;
    const std::size_t before = resident_bytes();
    std::uint64_t seen = 0;
    std::size_t most = 0;
    run_options limits;
    limits.on_output = [&](int, std::string_view bytes) {
        if (seen / (64U << 20U) != (seen + bytes.size()) / (64U << 20U)) {
            const std::size_t now = resident_bytes();
            most = now > most ? now : most;
        }
        seen += bytes.size();
    };
    CHECK(
        must_run(child_options("overflow", {"1", std::to_string(size)}), limits).status.success());
    CHECK(seen == size);
    CHECK(most < before + (16U << 20U));
}

TEST_CASE("case 29: a line of a hundred megabytes comes in pieces") {
    guild::line_splitter splitter;
    std::uint64_t pieces = 0;
    std::uint64_t bytes_seen = 0;
    std::uint64_t rests = 0;
    const auto count = [&](const text_line& line) {
        pieces += line.end == line_end::partial ? 1U : 0U;
        rests += line.end == line_end::finish ? 1U : 0U;
        bytes_seen += line.text.size();
    };
    run_options limits;
    limits.on_output = [&](int, std::string_view bytes) { splitter.feed(bytes, count); };
    CHECK(must_run(child_options("overflow", {"1", "100000000"}), limits).status.success());
    splitter.finish(count);
    CHECK(bytes_seen == 100'000'000);
    CHECK(pieces == 100'000'000 / guild::most_line_bytes);
    CHECK(rests == 1);
}

TEST_CASE("case 30: progress bars are lines that the next one replaces") {
    const std::vector<std::string> expected = {"r: 10%", "r: 50%", "n:100%", "n:crlf", "n:end"};
    CHECK(lines_of(shell_options("printf ' 10%%\\r 50%%\\r100%%\\ncrlf\\r\\nend\\n'")) == expected);
}

TEST_CASE("case 31: characters of UTF-8 that reads cut arrive whole, other bytes unchanged") {
    const std::string text = "Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80 \xFF\x80";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        process_options options = child_options("echo");
        options.in = guild::os::stream_mode::pipe;
        guild::os::child process = must_start(options);
        guild::line_splitter splitter;
        std::string seen;
        bool is_utf8 = true;
        const auto keep = [&](const text_line& line) {
            seen += line.text;
            is_utf8 = is_utf8 && line.is_utf8;
        };
        for (const std::string& part : {text.substr(0, cut), text.substr(cut)}) {
            REQUIRE(process.write_in(part).value() == part.size());
            for (std::size_t came = 0; came < part.size();) {
                const std::string bytes = next_output(process);
                REQUIRE_FALSE(bytes.empty());
                splitter.feed(bytes, keep);
                came += bytes.size();
            }
        }
        process.close_in();
        splitter.finish(keep);
        CHECK(seen == text);
        CHECK_FALSE(is_utf8);
    }
}

TEST_CASE("case 31: a long line is cut between characters") {
    std::string text(guild::most_line_bytes - 1, 'x');
    text += "\xE2\x82\xAC end";
    guild::line_splitter splitter;
    std::vector<std::string> lines;
    const auto keep = [&](const text_line& line) {
        CHECK(line.is_utf8);
        lines.emplace_back(line.text);
    };
    splitter.feed(text, keep);
    splitter.finish(keep);
    REQUIRE(lines.size() == 2);
    CHECK(lines[1] == "\xE2\x82\xAC end");
}

TEST_CASE("case 32: a last line without its newline is given at the end") {
    const std::vector<std::string> expected = {"n:one", "f:two"};
    CHECK(lines_of(shell_options("printf 'one\\ntwo'")) == expected);
}

TEST_CASE("case 33: NUL bytes and an unterminated last line pass through") {
    CHECK(must_run(shell_options("printf 'a\\0b\\nlast'")).out == std::string("a\0b\nlast", 8));
}

TEST_CASE("case 34: merged output keeps the order of writing") {
    process_options options = shell_options("echo 1; echo 2 >&2; echo 3; echo 4 >&2");
    options.merge_output = true;
    const run_result ran = must_run(options);
    CHECK(ran.out == "1\n2\n3\n4\n");
    CHECK(ran.err.empty());
}

TEST_CASE("case 35: lines of a Python program arrive while it runs (skipped without python3)") {
    if (!guild::os::find_program("python3", guild::os::find_variable("PATH"))) {
        MESSAGE("skipped: python3 is missing");
        return;
    }
    for (const bool on_terminal : {false, true}) {
        process_options options;
        options.argv = {"python3", "-c", "print('one'); input(); print('two')"};
        options.in = guild::os::stream_mode::pipe;
        options.environment = guild::os::current_environment();
        if (on_terminal) {
            options.terminal = guild::os::terminal_size{};
        } else {
            options.environment->emplace_back("PYTHONUNBUFFERED", "1");
        }
        guild::os::child process = must_start(options);
        CHECK(next_output(process).substr(0, 3) == "one");  // it waits for its input now
        CHECK_FALSE(process.poll_exit().value().has_value());
        CHECK(process.write_in("\n").value() == 1);
        CHECK(process.wait().value().success());
    }
}

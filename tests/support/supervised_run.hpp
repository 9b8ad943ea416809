// tests/support/supervised_run.hpp - runs a shell command as a recorded run, with its echo and
// messages kept.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

#include <guild/os/pipe.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/run.hpp>
#include <guild/runs/supervisor.hpp>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

namespace guild_test {

class supervised_run {
public:
    explicit supervised_run(const std::string& script) {
        auto made = guild::runs::create_run_directory(dir / "runs", "test", 0);
        REQUIRE(made);
        options.run_directory = *made;
        options.argv = {"sh", "-c", script};
        options.sample_interval_ms = 50;
        options.restore_patience_ms = 100;
        options.grace_ms = 1000;
        options.message = [this](std::string_view line) { messages.emplace_back(line); };
    }

    /// Runs it; `on_output(all echoed so far)` is called in a thread as the echo comes.
    guild::runs::outcome supervise(std::function<void(const std::string&)> on_output = {}) {
        auto ends = guild::os::make_pipe();
        REQUIRE(ends);
        options.echo_out = options.echo_err = ends->write.get();
        auto reader = guild::os::thread::start([&, fd = ends->read.get()] {
            char block[4096];
            for (ssize_t got = ::read(fd, block, sizeof block); got > 0;
                 got = ::read(fd, block, sizeof block)) {
                echo.append(block, static_cast<std::size_t>(got));
                if (on_output) {
                    on_output(echo);
                }
            }
        });
        REQUIRE(reader);
        const auto ended = guild::runs::supervise(options);
        ends->write.reset();
        reader->join();
        REQUIRE(ended);
        return *ended;
    }

    [[nodiscard]] guild::runs::run recorded() const {
        auto found = guild::runs::run::open(options.run_directory);
        REQUIRE(found);
        return std::move(*found);
    }

    [[nodiscard]] std::string output(const std::string& run_directory) const {
        return guild::os::load_file(guild::runs::data_path(run_directory, "output.log"))
            .value_or("(none)");
    }
    [[nodiscard]] std::string output() const { return output(options.run_directory); }

    [[nodiscard]] int count_messages(std::string_view text) const {
        int count = 0;
        for (const std::string& line : messages) {
            count += line.find(text) != std::string::npos ? 1 : 0;
        }
        return count;
    }

    temp_dir dir;
    guild::runs::supervise_options options;
    std::vector<std::string> messages;  // filled by the echo's thread; read it after supervise()
    std::string echo;
};

}  // namespace guild_test

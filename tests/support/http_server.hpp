// tests/support/http_server.hpp - runs http_server.py beside a test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include <guild/os/child.hpp>
#include <guild/os/environment.hpp>

#include <doctest/doctest.h>

namespace guild_test {

/// Whether all of these programs are there; says which one is missing.
inline bool has_programs(std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (!guild::os::find_program(name, guild::os::find_variable("PATH"))) {
            MESSAGE("skipped: no " << std::string(name));
            return false;
        }
    }
    return true;
}

/// Serves a directory until it is destroyed.
class http_server {
public:
    explicit http_server(const std::string& directory) {
        guild::os::process_options options;
        options.argv = {"python3", std::string(GUILD_SOURCE_DIR) + "/tests/support/http_server.py",
                        directory};
        options.in = guild::os::stream_mode::pipe;
        options.err = guild::os::stream_mode::inherit;
        auto started = guild::os::child::start(options);
        REQUIRE(started);
        child_ = std::move(*started);
        while (port_.find('\n') == std::string::npos) {
            pollfd ready{child_.out_fd(), POLLIN, 0};
            REQUIRE(::poll(&ready, 1, 30'000) == 1);
            char piece[16];
            const auto got = ::read(child_.out_fd(), piece, sizeof piece);
            REQUIRE(got > 0);
            port_.append(piece, static_cast<std::size_t>(got));
        }
        port_.resize(port_.find('\n'));
    }
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;
    ~http_server() {
        child_.close_in();
        (void)child_.signal(SIGKILL);
        (void)child_.wait();
    }

    [[nodiscard]] std::string url(const std::string& below) const {
        return "http://127.0.0.1:" + port_ + '/' + below;
    }

private:
    guild::os::child child_;
    std::string port_;
};

}  // namespace guild_test

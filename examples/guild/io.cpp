// examples/guild/io.cpp - how the program writes to its terminal, pipe or file.

#include "command.hpp"
#include "common.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <poll.h>
#include <unistd.h>

namespace program {
namespace {

constexpr std::size_t piece_bytes = 65536;

/// Writes all of `text`; 0 or the errno of the write that failed. A non-blocking descriptor is
/// waited for.
int write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd ready{fd, POLLOUT, 0};
            ::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

}  // namespace

io::io(int out_fd, int err_fd) noexcept
    : out_fd_(out_fd),
      err_fd_(err_fd),
      is_out_terminal_(::isatty(out_fd) == 1),
      is_err_terminal_(::isatty(err_fd) == 1) {}

void io::print(std::string_view text) {
    is_out_terminal_ ? print_as_is(printable(text, "\n\t")) : print_as_is(text);
}

void io::print_as_is(std::string_view text) {
    pending_ += text;
    if (pending_.size() >= piece_bytes) {
        flush();
    }
}

void io::print_error(std::string_view text) {
    is_err_terminal_ ? print_error_as_is(printable(text, "\n\t")) : print_error_as_is(text);
}

void io::print_error_as_is(std::string_view text) {
    flush();
    write_all(err_fd_, text);
}

void io::flush() {
    if (failure_ == 0) {
        failure_ = write_all(out_fd_, pending_);
    }
    pending_.clear();
}

int io::fail(std::string_view message) {
    std::string line = "guild";
    if (!command.empty()) {
        line += " " + command;
    }
    line += ": ";
    line += message;
    line += '\n';
    print_error(line);
    return exit_usage;
}

int io::finish(int code) {
    flush();
    if (failure_ == 0) {
        return code;
    }
    fail("cannot write to standard output: " + std::string(std::strerror(failure_)));
    return exit_failed;
}

bool io::use_colour() const {
    const char* no_colour = std::getenv("NO_COLOR");
    return (no_colour == nullptr || *no_colour == '\0') && can_redraw();
}

bool io::can_redraw() const {
    const char* terminal = std::getenv("TERM");
    if (terminal == nullptr || std::strcmp(terminal, "dumb") == 0) {
        return false;
    }
    return is_out_terminal_;
}

}  // namespace program

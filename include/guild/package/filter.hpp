// guild/package/filter.hpp - compresses and expands by the programs xz, gzip, zstd and bzip2.
//
// Layer 4. Includes: base, os/child.hpp, os/descriptor.hpp, os/file.hpp.
// Not here: what is inside (archive/).
//
// The first bytes of a file say how it is compressed, not its name. The programs run with a small
// environment: no variable of the user (XZ_OPT, GZIP) changes what they do. Memory is bounded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/child.hpp>
#include <guild/os/descriptor.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>

namespace guild { inline namespace v0 { namespace package {

enum class compression : std::uint8_t { none, gzip, xz, zstd, bzip2 };

/// How bytes are compressed, by the first few of them.
///
/// errors   unsupported: a zip, 7z, rar or compress (.Z) file; the message names it
/// example  tests/package/filter.cpp "detect_compression: the first bytes decide"
[[nodiscard]] result<compression> detect_compression(std::string_view first_bytes);

/// A program that bytes go through.
///
/// errors   missing_requirement: the program is not installed; bad_syntax: it failed, with the
///          first line of what it said
/// example  tests/package/filter.cpp "filter: bytes go through a program and come out"
class filter {
public:
    /// Starts a program that reads its standard input and writes its standard output.
    ///
    /// errors   missing_requirement; resource_exhausted
    [[nodiscard]] static result<filter> start(const std::vector<std::string>& argv);

    struct step {
        std::size_t taken = 0;  // of the input
        std::size_t given = 0;  // bytes put at `to`
        bool is_ended = false;  // no more will come, and the program ended well
    };

    /// Waits until the program takes or gives some bytes, or ends.
    ///
    /// in       input: what it has not been given yet, not empty unless is_last: there is no more
    /// errors   as the class says
    [[nodiscard]] result<step> turn(std::string_view input, bool is_last, char* to,
                                    std::size_t size);

private:
    [[nodiscard]] result<void> finish();
    void read_messages();

    std::string program_;
    os::child child_;
    std::string messages_;
};

/// A file that is expanded as it is read.
///
/// example  tests/package/filter.cpp "expanded file: every program gives the bytes back"
class expanded_file {
public:
    /// Opens a file and finds out how it is compressed.
    ///
    /// errors   those of open_file, detect_compression and filter::start
    [[nodiscard]] static result<expanded_file> open(const std::string& path);

    /// Up to `size` bytes; 0 at the end, when all of the file was good.
    ///
    /// errors   as filter
    [[nodiscard]] result<std::size_t> read(char* to, std::size_t size);

    /// units    bytes
    [[nodiscard]] std::uint64_t packed_size() const noexcept { return size_; }
    [[nodiscard]] compression how() const noexcept { return how_; }

private:
    [[nodiscard]] result<std::size_t> expand(char* to, std::size_t size);

    os::file file_;
    std::uint64_t size_ = 0;
    std::uint64_t position_ = 0;
    compression how_ = compression::none;
    std::optional<filter> filter_;
    std::string pending_;  // read from the file, not taken by the filter
    std::size_t pending_at_ = 0;
    bool is_ended_ = false;
};

/// Bytes through xz with pinned options to a sink: the same bytes from every release that behaves.
///
/// example  tests/package/filter.cpp "xz writer: the same bytes twice"
class xz_writer {
public:
    /// errors   as filter::start
    [[nodiscard]] static result<xz_writer> start();

    /// Gives bytes to xz and hands what it wrote to `sink(std::string_view) -> result<void>`.
    ///
    /// errors   as filter; those of the sink
    template <class Sink>
    [[nodiscard]] result<void> write(std::string_view bytes, Sink&& sink);

    /// Ends the file.
    ///
    /// errors   as filter; those of the sink
    template <class Sink>
    [[nodiscard]] result<void> finish(Sink&& sink);

private:
    std::optional<filter> filter_;
    std::unique_ptr<char[]> buffer_;
};

/// The first line of what `PROGRAM --version` prints, without the program's name in front.
///
/// errors   as filter::start
/// example  tests/package/filter.cpp "tool version: is a line with a number"
[[nodiscard]] result<std::string> get_tool_version(const std::string& program);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::size_t filter_buffer_bytes = 65536;

inline os::variables small_environment() {
    const auto path = os::find_variable("PATH");
    return {{"LC_ALL", "C"}, {"PATH", path ? *path : "/usr/local/bin:/usr/bin:/bin"}};
}

inline std::vector<std::string> expanding_program(compression how) {
    switch (how) {
    case compression::gzip:
        return {"gzip", "-d", "-c"};
    case compression::xz:
        return {"xz", "-d", "-c", "--memlimit-decompress=1GiB"};
    case compression::zstd:
        return {"zstd", "-d", "-c", "-q"};
    case compression::bzip2:
        return {"bzip2", "-d", "-c"};
    case compression::none:
        break;
    }
    return {};
}

}  // namespace detail

inline result<compression> detect_compression(std::string_view first_bytes) {
    const auto is = [&](std::string_view magic) { return starts_with(first_bytes, magic); };
    if (is(std::string_view("\xFD"
                            "7zXZ\0",
                            6))) {
        return compression::xz;
    }
    if (is("\x1F\x8B")) {
        return compression::gzip;
    }
    if (is("\x28\xB5\x2F\xFD")) {
        return compression::zstd;
    }
    if (is("BZh")) {
        return compression::bzip2;
    }
    const char* other = is("PK\x03\x04") || is("PK\x05\x06") ? "a zip file"
                        : is("7z\xBC\xAF\x27\x1C")           ? "a 7z file"
                        : is("Rar!")                         ? "a rar file"
                        : is("\x1F\x9D")                     ? "a file of compress (.Z)"
                                                             : nullptr;
    if (other != nullptr) {
        return make_error(errc::unsupported,
                          std::string("expected a tar archive, plain or compressed by gzip, xz, "
                                      "zstd or bzip2, saw ") +
                              other);
    }
    return compression::none;
}

inline result<filter> filter::start(const std::vector<std::string>& argv) {
    os::process_options options;
    options.argv = argv;
    options.environment = detail::small_environment();
    options.in = os::stream_mode::pipe;
    auto started = os::child::start(options);
    if (!started) {
        if (started.error().code == errc::not_found) {
            return make_error(errc::missing_requirement,
                              "the program " + argv.front() + " is not installed");
        }
        return std::move(started).error();
    }
    filter made;
    made.program_ = argv.front();
    made.child_ = std::move(*started);
    return result<filter>(std::move(made));
}

inline void filter::read_messages() {
    char text[1024];
    const std::int64_t got = os::system_env.read(child_.err_fd(), text, sizeof text);
    if (got <= 0) {
        child_.close_err();
    } else if (messages_.size() < 4096) {
        messages_.append(text, static_cast<std::size_t>(got));
    }
}

inline result<filter::step> filter::turn(std::string_view input, bool is_last, char* to,
                                         std::size_t size) {
    if (input.empty() && is_last) {
        child_.close_in();
    }
    step done;
    while (done.taken == 0 && done.given == 0) {
        os::watched_descriptor items[3];
        items[0].fd = child_.out_fd();
        items[1].fd = child_.err_fd();
        items[2].fd = input.empty() ? -1 : child_.in_fd();
        items[2].for_writing = true;
        if (items[0].fd < 0 && items[1].fd < 0) {
            auto ended = finish();
            done.is_ended = true;
            return ended ? result<step>(done) : std::move(ended).error();
        }
        os::wait_until_ready(items, 3, -1);
        if (items[1].is_ready) {
            read_messages();
        }
        if (items[0].is_ready) {
            const std::int64_t got = os::system_env.read(child_.out_fd(), to, size);
            if (got <= 0) {
                child_.close_out();
            } else {
                done.given = static_cast<std::size_t>(got);
            }
        }
        if (items[2].is_ready) {
            const auto wrote = child_.write_in(input);
            if (!wrote) {
                child_.close_in();
            }
            done.taken = wrote ? *wrote : input.size();  // it reads no more: its status says why
        }
    }
    return done;
}

inline result<void> filter::finish() {
    const auto status = child_.wait();
    if (!status) {
        return status.error();
    }
    if (status->success()) {
        return {};
    }
    messages_.erase(0, messages_.find_first_not_of('\n'));
    std::string said = messages_.substr(0, messages_.find('\n'));
    if (starts_with(said, program_ + ": ")) {
        said.erase(0, program_.size() + 2);
    }
    return make_error(errc::bad_syntax,
                      program_ + " failed" + (said.empty() ? std::string() : ": " + said));
}

inline result<expanded_file> expanded_file::open(const std::string& path) {
    auto opened = os::open_file(path, os::open_mode::read);
    if (!opened) {
        return std::move(opened).error();
    }
    const auto status = opened->status();
    if (!status) {
        return status.error();
    }
    char first[8] = {};
    const auto got = opened->read_at(0, first, sizeof first);
    if (!got) {
        return got.error();
    }
    auto how = detect_compression(std::string_view(first, *got));
    if (!how) {
        how.error().path = path;
        return std::move(how).error();
    }
    expanded_file made;
    made.size_ = status->size;
    made.how_ = *how;
    made.file_ = std::move(*opened);
    if (*how != compression::none) {
        auto started = filter::start(detail::expanding_program(*how));
        if (!started) {
            return std::move(started).error();
        }
        made.filter_.emplace(std::move(*started));
    }
    return result<expanded_file>(std::move(made));
}

inline result<std::size_t> expanded_file::read(char* to, std::size_t size) {
    if (filter_) {
        return expand(to, size);
    }
    auto got = file_.read_at(position_, to, size);
    position_ += got ? *got : 0;
    return got;
}

inline result<std::size_t> expanded_file::expand(char* to, std::size_t size) {
    while (!is_ended_) {
        if (pending_at_ == pending_.size()) {
            pending_.resize(detail::filter_buffer_bytes);
            const auto got = file_.read_at(position_, &pending_[0], pending_.size());
            pending_.resize(got ? *got : 0);
            pending_at_ = 0;
            if (!got) {
                return got.error();
            }
            position_ += *got;
        }
        auto done = filter_->turn(std::string_view(pending_).substr(pending_at_), pending_.empty(),
                                  to, size);
        if (!done) {
            done.error().path = file_.path();
            return std::move(done).error();
        }
        pending_at_ += done->taken;
        is_ended_ = done->is_ended;
        if (done->given != 0) {
            return done->given;
        }
    }
    return std::size_t{0};
}

inline result<xz_writer> xz_writer::start() {
    // -T1 writes other bytes than -T2, which writes what any number above writes.
    auto started = filter::start({"xz", "-z", "-c", "-T2", "--block-size=24MiB", "-6"});
    if (!started) {
        return std::move(started).error();
    }
    xz_writer made;
    made.filter_.emplace(std::move(*started));
    made.buffer_.reset(new char[detail::filter_buffer_bytes]);
    return result<xz_writer>(std::move(made));
}

template <class Sink>
result<void> xz_writer::write(std::string_view bytes, Sink&& sink) {
    while (!bytes.empty()) {
        const auto done = filter_->turn(bytes, false, buffer_.get(), detail::filter_buffer_bytes);
        if (!done) {
            return done.error();
        }
        bytes.remove_prefix(done->taken);
        auto written = sink(std::string_view(buffer_.get(), done->given));
        if (!written) {
            return written;
        }
        if (done->is_ended) {
            return make_error(errc::io_failed, "xz ended before its input");
        }
    }
    return {};
}

template <class Sink>
result<void> xz_writer::finish(Sink&& sink) {
    while (true) {
        const auto done = filter_->turn({}, true, buffer_.get(), detail::filter_buffer_bytes);
        if (!done) {
            return done.error();
        }
        auto written = sink(std::string_view(buffer_.get(), done->given));
        if (!written || done->is_ended) {
            return written;
        }
    }
}

inline result<std::string> get_tool_version(const std::string& program) {
    os::process_options options;
    options.argv = {program, "--version"};
    options.environment = detail::small_environment();
    auto ran = os::run(options);
    if (!ran) {
        return ran.error().code == errc::not_found
                   ? make_error(errc::missing_requirement,
                                "the program " + program + " is not installed")
                   : std::move(ran).error();
    }
    std::string line = ran->out.substr(0, ran->out.find('\n'));
    if (starts_with(line, program + ' ')) {
        line.erase(0, program.size() + 1);
    }
    return line;
}

}}}  // namespace guild::package

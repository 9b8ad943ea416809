// guild/package/build_log.hpp - what a build printed, in a file that does not fill the disk: its
// beginning and its end.
//
// Layer 4. Includes: os/file.hpp.
// Not here: running the build (package/build.hpp).
//
// The beginning is written as it comes. Of what goes over that the last part is kept in memory and
// written at the end, behind a line that tells how much is left out: errors stand at the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/result.hpp>
#include <guild/os/file.hpp>

namespace guild { inline namespace v0 { namespace package {

/// How much of an output is kept.
///
/// units    bytes
struct build_log_limits {
    std::uint64_t head_bytes = std::uint64_t{15} << 20U;
    std::size_t tail_bytes = std::size_t{1} << 20U;
};

/// Writes one log. The first failure of the file ends the log and nothing else; finish() tells it.
///
/// threads  one owner
/// example  tests/package/build_log.cpp "build log: of much output the beginning and the end stay"
class build_log {
public:
    build_log() = default;

    /// Makes the file, or empties one that is there.
    ///
    /// errors   those of os::open_file
    [[nodiscard]] static result<build_log> open(const std::string& path,
                                                build_log_limits limits = {});

    void append(std::string_view bytes);

    /// Writes the end and closes the file.
    ///
    /// errors   no_space and the others of files: the first failure since the file was opened
    [[nodiscard]] result<void> finish();

    /// Bytes that are in neither part so far.
    [[nodiscard]] std::uint64_t bytes_left_out() const noexcept { return left_out_; }

private:
    void keep_tail(std::string_view bytes);
    void write(std::string_view bytes);

    os::file file_;
    build_log_limits limits_;
    std::uint64_t head_written_ = 0;
    std::string tail_;
    std::uint64_t left_out_ = 0;
    result<void> state_;
};

// ---- implementation ---------------------------------------------------------

inline result<build_log> build_log::open(const std::string& path, build_log_limits limits) {
    auto file = os::open_file(path, os::open_mode::truncate);
    if (!file) {
        return std::move(file).error();
    }
    build_log log;
    log.file_ = std::move(*file);
    log.limits_ = limits;
    return log;
}

inline void build_log::append(std::string_view bytes) {
    if (!file_.is_open()) {
        return;
    }
    const std::uint64_t room = limits_.head_bytes - head_written_;
    const auto head = static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()));
    if (head > 0) {
        write(bytes.substr(0, head));
        head_written_ += head;
    }
    if (head < bytes.size()) {
        keep_tail(bytes.substr(head));
    }
}

// Up to twice the tail is gathered before its beginning is dropped, so that little is moved.
inline void build_log::keep_tail(std::string_view bytes) {
    tail_.append(bytes);
    if (tail_.size() > 2 * limits_.tail_bytes) {
        const std::size_t dropped = tail_.size() - limits_.tail_bytes;
        tail_.erase(0, dropped);
        left_out_ += dropped;
    }
}

inline void build_log::write(std::string_view bytes) {
    if (state_) {
        state_ = file_.write_all(bytes);
    }
}

inline result<void> build_log::finish() {
    if (!file_.is_open()) {
        return state_;
    }
    if (tail_.size() > limits_.tail_bytes) {
        const std::size_t dropped = tail_.size() - limits_.tail_bytes;
        tail_.erase(0, dropped);
        left_out_ += dropped;
    }
    if (left_out_ > 0) {
        write("\n[guild: " + std::to_string(left_out_) + " bytes of output are left out here]\n");
    }
    write(tail_);
    tail_.clear();
    auto closed = file_.close();
    return state_ ? closed : state_;
}

}}}  // namespace guild::package

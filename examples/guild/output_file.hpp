// examples/guild/output_file.hpp - where a command writes its result: standard output, or a file
// that appears whole or not at all.
#pragma once

#include "command.hpp"

#include <guild/base/result.hpp>
#include <guild/os/file.hpp>
#include <guild/os/temporary.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace program {

class output_file {
public:
    /// Opens PATH, or standard output where there is none or it is "-".
    ///
    /// A file is written beside its place and renamed by close(). A device or a pipe at PATH is
    /// written as it is.
    /// errors   bad_value: PATH is a directory; those of opening a file
    [[nodiscard]] static guild::result<output_file> open(const std::optional<std::string>& path,
                                                         io& console);

    /// errors   those of writing; of standard output io::finish() says what was wrong
    [[nodiscard]] guild::result<void> write(std::string_view text);

    /// Puts the file in its place.
    ///
    /// errors   those of writing and renaming
    [[nodiscard]] guild::result<void> close();

    [[nodiscard]] bool is_standard_output() const { return !file_.is_open(); }

private:
    explicit output_file(io& console) : console_(&console) {}

    io* console_;
    std::string path_;
    guild::os::temporary unfinished_;
    guild::os::file file_;
};

}  // namespace program

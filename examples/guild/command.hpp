// examples/guild/command.hpp - a command of the guild program: its words as data, and a function.
//
// One file per command exports one command_spec; main.cpp lists them; cli.cpp turns them into a
// command line parser and help pages without knowing any of them. Nothing here needs the toolkit or
// CLI11.
// Not here: what several commands share (common.hpp).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace program {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;  // the work was done and found something wrong
inline constexpr int exit_usage = 2;   // command line, project or machine did not allow it

/// One option. `names` is "-F,--flag" or "--preview"; the long name without dashes is the key in
/// `arguments`.
struct option_spec {
    std::string names;
    std::string value;  // "NAME[=VAL]" as help shows it; empty: a switch that takes no value
    std::string help;
    bool repeatable = false;
};

enum class how_many : unsigned char {
    optional,  // zero or one
    one,
    any,     // zero or more
    some,    // one or more
    command  // everything from here on, options of another program included; one or more
};

/// One positional argument; `name` as help shows it ("RUNDIR"), and the key in `arguments`.
struct positional_spec {
    std::string name;
    how_many count = how_many::optional;
    std::string help;
};

/// What the user wrote, by option and positional name.
class arguments {
public:
    void add(const std::string& name, std::string value) {
        values_[name].push_back(std::move(value));
    }

    [[nodiscard]] bool has(const std::string& name) const { return values_.count(name) != 0; }

    /// The last value given for `name`.
    [[nodiscard]] std::optional<std::string> find(const std::string& name) const {
        const auto at = values_.find(name);
        if (at == values_.end()) {
            return std::nullopt;
        }
        return at->second.back();
    }

    [[nodiscard]] std::string get(const std::string& name, std::string fallback) const {
        return find(name).value_or(std::move(fallback));
    }

    /// Every value given for `name`, in order.
    [[nodiscard]] std::vector<std::string> all(const std::string& name) const {
        const auto at = values_.find(name);
        return at == values_.end() ? std::vector<std::string>{} : at->second;
    }

private:
    std::map<std::string, std::vector<std::string>> values_;
};

/// Where a command prints. Standard output is collected and written in large pieces; errors are
/// written at once.
class io {
public:
    io(int out_fd, int err_fd) noexcept;
    io(const io&) = delete;
    io& operator=(const io&) = delete;
    ~io() { flush(); }

    std::string command;  // the word after `guild`, for messages; empty before it is known
    std::string program_directory;  // where the running guild program lies, absolute

    /// On a terminal control characters other than line feed and tab become '?': names and texts of
    /// runs come from anywhere.
    void print(std::string_view text);
    void print_error(std::string_view text);

    /// For output that was asked for byte by byte, and the program's own control sequences.
    void print_as_is(std::string_view text);
    void print_error_as_is(std::string_view text);

    /// Writes what print() collected.
    void flush();

    /// Whether standard output refused something: nothing more is written to it.
    [[nodiscard]] bool is_broken() const { return failure_ != 0; }

    /// Writes what is left; when standard output did not take everything, now or earlier, says so
    /// on standard error and returns exit_failed, otherwise `code`.
    int finish(int code);

    /// Prints `guild COMMAND: message` on standard error and returns exit_usage.
    int fail(std::string_view message);

    /// Prints `guild COMMAND: warning: message` on standard error.
    void warn(const std::string& message) { fail("warning: " + message); }

    /// Whether a line that stands on standard output can be written again: a terminal, and TERM is
    /// not `dumb`.
    [[nodiscard]] bool can_redraw() const;

    /// Whether colour may be used on standard output: the same, and NO_COLOR is not set.
    [[nodiscard]] bool use_colour() const;

private:
    int out_fd_;
    int err_fd_;
    bool is_out_terminal_;
    bool is_err_terminal_;
    std::string pending_;
    int failure_ = 0;  // errno of the first failed write to standard output
};

/// One command of the program.
struct command_spec {
    std::string name;
    std::string summary;  // one line, for the list of commands; small first letter, no final dot
    std::string description;  // paragraphs for the command's own help; may be empty
    std::vector<positional_spec> positionals;
    std::vector<option_spec> options;
    int (*run)(const arguments&, io&) = nullptr;
};

}  // namespace program

// examples/mnist/arguments.hpp - command-line flags of a trainer, with help as argparse prints it.
//
// Guild passes flags as two words, `--max_steps 1000`; `--max_steps=1000` is the same. Values stay
// text until a program asks for a number.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

namespace mnist {

/// One flag: its name without dashes, the text shown by --help, and its value.
struct flag {
    std::string name;
    std::string help;
    std::string value;       // the default, until parse() finds another
    bool is_switch = false;  // `--name` alone means true
};

/// The flags of one program, in the order in which --help lists them.
class arguments {
public:
    arguments(std::string program, std::vector<flag> flags)
        : program_(std::move(program)), flags_(std::move(flags)) {}

    /// Reads the words after the program's name.
    ///
    /// errors   unknown_name for a flag there is not, or a word that belongs to no flag; bad_value
    /// for a flag without its value example  tests/examples/mnist.cpp "arguments: an unknown flag
    /// is refused and the nearest one suggested"
    guild::result<void> parse(const std::vector<std::string>& words);

    /// Whether --help or -h was given.
    bool help_wanted() const noexcept { return help_wanted_; }

    /// The lines from "usage:" on, without the list of flags; ends with a line feed.
    std::string usage() const;

    /// Everything that --help prints.
    std::string help() const;

    /// The value of a flag: as text, or as the number or truth value that it must be.
    ///
    /// errors   bad_value, with the flag's name in the message
    const std::string& text(std::string_view name) const;
    guild::result<std::int64_t> integer(std::string_view name, std::int64_t lowest) const;
    guild::result<double> number(std::string_view name, double lowest, double highest) const;
    guild::result<bool> boolean(std::string_view name) const;

private:
    guild::result<void> parse_flag(std::string_view word, const std::vector<std::string>& words,
                                   std::size_t& next);
    std::size_t index_of(std::string_view name) const noexcept;

    std::string program_;
    std::vector<flag> flags_;
    bool help_wanted_ = false;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline guild::error unrecognized(std::string_view word, const std::vector<flag>& flags) {
    std::vector<std::string> names;
    for (const flag& known : flags) {
        names.push_back("--" + known.name);
    }
    std::string message = "unrecognized arguments: " + std::string(word);
    if (const auto nearest = guild::find_closest(word.substr(0, word.find('=')), names)) {
        message += " (did you mean " + *nearest + "?)";
    }
    return guild::make_error(guild::errc::unknown_name, std::move(message));
}

inline guild::error bad_argument(std::string_view name, const std::string& why) {
    return guild::make_error(guild::errc::bad_value,
                             "argument --" + std::string(name) + ": " + why);
}

/// Whether a word is a flag and not a value: it starts with a dash, and is no negative number.
inline bool looks_like_flag(std::string_view word) noexcept {
    return word.size() > 1 && word[0] == '-' && !guild::is_digit(word[1]) && word[1] != '.';
}

/// `--max_steps MAX_STEPS`, `--fake_data [FAKE_DATA]`
inline std::string with_placeholder(const flag& shown) {
    std::string capitals;
    for (const char c : shown.name) {
        capitals += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return "--" + shown.name + (shown.is_switch ? " [" + capitals + "]" : " " + capitals);
}

}  // namespace detail

inline std::size_t arguments::index_of(std::string_view name) const noexcept {
    std::size_t i = 0;
    while (i < flags_.size() && flags_[i].name != name) {
        ++i;
    }
    return i;
}

inline guild::result<void> arguments::parse(const std::vector<std::string>& words) {
    for (std::size_t next = 0; next < words.size();) {
        const std::string& word = words[next++];
        if (word == "-h" || word == "--help") {
            help_wanted_ = true;
            return {};
        }
        if (auto parsed = parse_flag(word, words, next); !parsed) {
            return parsed;
        }
    }
    return {};
}

inline guild::result<void> arguments::parse_flag(std::string_view word,
                                                 const std::vector<std::string>& words,
                                                 std::size_t& next) {
    const std::size_t equals = word.find('=');
    const std::string_view dashed = word.substr(0, equals);
    const std::size_t index =
        guild::starts_with(dashed, "--") ? index_of(dashed.substr(2)) : flags_.size();
    if (index == flags_.size()) {
        return detail::unrecognized(word, flags_);
    }
    flag& found = flags_[index];
    if (equals != std::string_view::npos) {
        found.value = std::string(word.substr(equals + 1));
    } else if (next < words.size() && !detail::looks_like_flag(words[next])) {
        found.value = words[next++];
    } else if (found.is_switch) {
        found.value = "true";
    } else {
        return detail::bad_argument(found.name, "expected one argument");
    }
    return {};
}

inline std::string arguments::usage() const {
    constexpr std::size_t width = 78;  // argparse's, on a terminal of 80 columns
    std::vector<std::string> parts{"[-h]"};
    for (const flag& shown : flags_) {
        parts.push_back("[" + detail::with_placeholder(shown) + "]");
    }
    std::string line = "usage: " + program_;
    const std::string indent(line.size(), ' ');
    if (line.size() + 1 + guild::join(parts, " ").size() <= width) {
        return line + " " + guild::join(parts, " ") + "\n";
    }
    std::string out;
    for (const std::string& part : parts) {
        if (line != indent && line.size() + 1 + part.size() > width) {
            out += line + "\n";
            line = indent;
        }
        line += " " + part;
    }
    return out + line + "\n";
}

inline std::string arguments::help() const {
    constexpr std::size_t column = 24;
    std::string out =
        usage() +
        "\noptional arguments:\n  -h, --help            show this help message and exit\n";
    for (const flag& shown : flags_) {
        std::string line = "  " + detail::with_placeholder(shown);
        if (line.size() + 2 > column) {
            out += line + "\n";
            line.clear();
        }
        line.resize(column, ' ');
        out += line + shown.help + "\n";
    }
    return out;
}

inline const std::string& arguments::text(std::string_view name) const {
    const std::size_t index = index_of(name);
    GUILD_ASSERT(index < flags_.size());
    return flags_[index].value;
}

inline guild::result<std::int64_t> arguments::integer(std::string_view name,
                                                      std::int64_t lowest) const {
    const auto value = guild::parse_int64(text(name));
    if (!value) {
        return detail::bad_argument(name, "invalid int value: '" + text(name) + "'");
    }
    if (*value < lowest) {
        return detail::bad_argument(name, "must be at least " + std::to_string(lowest) + ", is " +
                                              text(name));
    }
    return *value;
}

inline guild::result<double> arguments::number(std::string_view name, double lowest,
                                               double highest) const {
    const auto value = guild::parse_double(text(name));
    if (!value) {
        return detail::bad_argument(name, "invalid float value: '" + text(name) + "'");
    }
    if (!(*value > lowest && *value <= highest)) {
        return detail::bad_argument(
            name, "must be over " + guild::format_double(lowest) +
                      (std::isinf(highest) ? "" : " and at most " + guild::format_double(highest)) +
                      ", is " + text(name));
    }
    return *value;
}

inline guild::result<bool> arguments::boolean(std::string_view name) const {
    const std::string value = guild::to_lower(text(name));
    const std::vector<std::string> yes{"true", "yes", "1"};
    const std::vector<std::string> no{"false", "no", "0", ""};
    if (std::find(yes.begin(), yes.end(), value) != yes.end()) {
        return true;
    }
    if (std::find(no.begin(), no.end(), value) != no.end()) {
        return false;
    }
    return detail::bad_argument(name, "expected true or false, not '" + text(name) + "'");
}

}  // namespace mnist

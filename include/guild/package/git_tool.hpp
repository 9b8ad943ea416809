// guild/package/git_tool.hpp - git as it is run here: nothing of the machine's configuration has a
// say, nothing is asked, nothing but the wanted protocol is spoken.
//
// Layer 4. Includes: base, os, package/tool.hpp, package/source.hpp.
// Not here: what it is run for (package/git.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/environment.hpp>
#include <guild/package/source.hpp>
#include <guild/package/tool.hpp>

namespace guild { inline namespace v0 { namespace package {

/// The environment of git: `base` without variables of git and without a way to ask the user, with
/// what switches configuration, prompts, replacements and filters off.
///
/// in       minor: of the version 2.minor; before 2.32 the home directory has to be hidden, too
/// example  tests/package/git_tool.cpp "git tool: no variable of the caller's git gets through"
[[nodiscard]] os::variables make_git_environment(const os::variables& base, unsigned minor);

/// The options before the command: no hooks, no protocol but those of `schemes`, no helpers.
///
/// example  tests/package/git_tool.cpp "git tool: only the wanted protocol is allowed"
[[nodiscard]] std::vector<std::string> git_options(const std::vector<std::string>& schemes);

/// A git that can be run.
///
/// threads  any
class git_tool {
public:
    /// Finds out whether git is there and recent enough. The options must outlive the object.
    ///
    /// in       schemes: of the URLs that may be spoken to
    /// errors   missing_requirement: none, or one before 2.25; those of run_tool
    /// example  tests/package/git_tool.cpp "git tool: a version that is too old is told"
    [[nodiscard]] static result<git_tool> open(const tool_options& tools,
                                               std::vector<std::string> schemes);

    /// The second number of the version: 39 of 2.39.5.
    [[nodiscard]] unsigned minor() const noexcept { return minor_; }

    /// Runs `git ARGUMENTS`.
    ///
    /// in       arguments: texts of others stand behind `--`, or are known not to begin with `-`;
    ///          more: variables such as GIT_DIR; input: for its standard input
    /// out      also of a git that fails
    /// errors   those of run_tool
    [[nodiscard]] result<os::run_result> run(std::vector<std::string> arguments,
                                             const os::variables& more = {},
                                             std::string input = {}) const;

private:
    const tool_options* tools_ = nullptr;
    std::vector<std::string> schemes_;
    os::variables environment_;
    unsigned minor_ = 0;
};

// ---- implementation ---------------------------------------------------------

inline os::variables make_git_environment(const os::variables& base, unsigned minor) {
    const auto is_kept = [](const std::string& name) {
        return name == "GIT_SSH_COMMAND" || name == "GIT_SSH" || name == "GIT_SSL_CAINFO" ||
               (!starts_with(name, "GIT_") && name != "SSH_ASKPASS");
    };
    os::variables kept;
    for (const os::variable& each : base) {
        if (is_kept(each.first)) {
            kept.push_back(each);
        }
    }
    os::variables fixed = {{"GIT_TERMINAL_PROMPT", "0"},
                           {"GIT_CONFIG_GLOBAL", "/dev/null"},
                           {"GIT_CONFIG_NOSYSTEM", "1"},
                           {"GIT_ATTR_NOSYSTEM", "1"},
                           {"GIT_LFS_SKIP_SMUDGE", "1"},
                           {"GIT_LITERAL_PATHSPECS", "1"},
                           {"GIT_NO_REPLACE_OBJECTS", "1"},
                           {"GIT_OPTIONAL_LOCKS", "0"},
                           {"LC_ALL", "C"}};
    if (!os::find_variable(kept, "GIT_SSH_COMMAND") && !os::find_variable(kept, "GIT_SSH")) {
        fixed.emplace_back("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
    }
    constexpr unsigned knows_config_global = 32;
    if (minor < knows_config_global) {
        fixed.emplace_back("HOME", "/nonexistent");
        fixed.emplace_back("XDG_CONFIG_HOME", "/nonexistent");
    }
    return os::merge_environment(kept, fixed);
}

inline std::vector<std::string> git_options(const std::vector<std::string>& schemes) {
    std::vector<std::string> options;
    for (const char* each :
         {"core.hooksPath=/dev/null", "core.fsmonitor=false",
          "core.askPass=", "credential.helper=", "safe.bareRepository=all", "gc.auto=0",
          "maintenance.auto=false", "submodule.recurse=false", "fetch.recurseSubmodules=no",
          "http.lowSpeedLimit=1000", "http.lowSpeedTime=60", "protocol.allow=never"}) {
        options.insert(options.end(), {"-c", each});
    }
    for (const std::string& scheme : schemes) {
        options.insert(options.end(), {"-c", "protocol." + scheme + ".allow=always"});
    }
    return options;
}

namespace detail {

/// The second number of `git version 2.39.5`; 1000 for a later first number, 0 for what is none.
inline unsigned read_git_version(std::string_view text) {
    const std::vector<std::string> words = split_words(text);
    if (words.size() < 3 || words[0] != "git" || words[1] != "version") {
        return 0;
    }
    const std::vector<std::string> numbers = split(words[2], '.');
    const auto number = [&](std::size_t i) {
        return i < numbers.size() ? parse_int64(numbers[i]).value_or(0) : 0;
    };
    if (number(0) > 2) {
        return 1000;
    }
    return number(0) < 2 || number(1) < 0 || number(1) > 1000 ? 0U
                                                              : static_cast<unsigned>(number(1));
}

}  // namespace detail

inline result<git_tool> git_tool::open(const tool_options& tools,
                                       std::vector<std::string> schemes) {
    constexpr unsigned oldest = 25;
    os::process_options command;
    command.argv = {tools.git, "--version"};
    const auto ran = run_tool(std::move(command), tools);
    if (!ran) {
        return ran.error();
    }
    git_tool made;
    made.minor_ = ran->status.success() ? detail::read_git_version(ran->out) : 0;
    if (made.minor_ < oldest) {
        return make_error(errc::missing_requirement,
                          "expected git 2." + std::to_string(oldest) + " or later, seen `" +
                              std::string(trim(ran->out)) + "`",
                          tools.git);
    }
    os::variables own;
    made.tools_ = &tools;
    made.schemes_ = std::move(schemes);
    made.environment_ = make_git_environment(detail::environment_of(tools, own), made.minor_);
    return made;
}

inline result<os::run_result> git_tool::run(std::vector<std::string> arguments,
                                            const os::variables& more, std::string input) const {
    os::process_options command;
    command.argv = git_options(schemes_);
    command.argv.insert(command.argv.begin(), tools_->git);
    command.argv.insert(command.argv.end(), std::make_move_iterator(arguments.begin()),
                        std::make_move_iterator(arguments.end()));
    command.environment = os::merge_environment(environment_, more);
    os::run_options limits;
    limits.input = std::move(input);
    if (!tools_->progress) {
        return run_tool(std::move(command), *tools_, std::move(limits));
    }
    std::string streams[2];
    limits.on_output = [&](int stream, std::string_view bytes) {
        streams[stream - 1].append(bytes);
        const std::size_t end = bytes.find_last_of("\r\n");
        if (stream == 2 && end != std::string_view::npos) {
            const auto lines = detail::clean_lines(bytes.substr(0, end));
            tools_->progress(lines.empty() ? std::string_view() : lines.back());
        }
    };
    auto ran = run_tool(std::move(command), *tools_, std::move(limits));
    if (ran) {
        ran->out = std::move(streams[0]);
        ran->err = std::move(streams[1]);
    }
    return ran;
}

}}}  // namespace guild::package

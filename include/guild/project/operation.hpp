// guild/project/operation.hpp - from `train = mnist --fast` to the command that is run: words,
// search, flags, variables.
//
// Layer 3. Includes: base, os/file.hpp, project/flags.hpp.
// Not here: running it (os/process.hpp, runs/supervisor.hpp), choosing the model
// (project/project.hpp).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/file.hpp>
#include <guild/project/flags.hpp>
#include <guild/project/project.hpp>

namespace guild { inline namespace v0 { namespace project {

/// Names and values that `$NAME` in arguments and flags stands for.
using variables = std::vector<std::pair<std::string, std::string>>;

/// What an operation needs beside the project.
struct operation_inputs {
    std::vector<flag> flags;
    variables values;  // RUNDIR, PKGHOME, GPU_COUNT; they are also the command's environment
    std::string program_directory;  // of the running guild program, searched last; may be empty
    std::string path_variable;      // PATH
};

/// A command ready to run.
struct operation {
    std::vector<std::string> argv;  // argv[0] is an absolute path
    std::vector<std::string>
        written_argv;         // the same before $NAME was replaced, for meta data and preview
    std::string directory;    // where it runs: the project directory
    variables environment;    // to be set on top of guild's own
    std::vector<flag> flags;  // with $NAME replaced
    std::string how_found;    // "mnist.py in the project directory"
};

/// The words of a command specification: `"..."` without the quotes, or runs of other characters.
///
/// There are no escapes; a quote without a partner, and `""`, are skipped.
/// example  tests/project/operation.cpp "split_command: quoted groups are one word"
[[nodiscard]] std::vector<std::string> split_command(std::string_view spec);

/// `text` with every `$NAME` replaced whose whole identifier is in `values`; anything else stays as
/// it is.
///
/// example  tests/project/operation.cpp "substitute: the longest identifier counts"
[[nodiscard]] std::string substitute(std::string_view text, const variables& values);

/// The command of `attribute` ("train", "prepare", "evaluate") of a model or resource.
///
/// Its first word is looked for as an executable in the project directory, as WORD.py there, on
/// PATH, and in inputs.program_directory. A `.py` file runs under `python3 -u`. Each flag adds two
/// arguments, --NAME and VALUE.
/// errors   bad_value: no such attribute; not_found: no such program; not_executable: found without
///          permission to run; missing_requirement: no python3
/// example  tests/project/operation.cpp "operation: the project directory comes before PATH"
[[nodiscard]] result<operation> make_operation(const project& from, const section& target,
                                               const std::string& attribute,
                                               const operation_inputs& inputs);

/// Checks that the files named by `train_requires` (comma separated) are there.
///
/// errors   missing_requirement
/// example  tests/project/operation.cpp "operation: a missing requirement is named with its
///          directory"
[[nodiscard]] result<void> check_requirements(const project& from, const section& target);

/// What `--preview` prints: how the command was found, the command, and its environment.
///
/// in       directories: a sentence on what $RUNDIR and its like stand for
/// example  tests/project/operation.cpp "preview: one option a line, the environment by name"
[[nodiscard]] std::string format_preview(
    const operation& of,
    std::string_view directories = "RUNDIR is created for each run and appears here as $RUNDIR.");

// ---- implementation ---------------------------------------------------------

inline std::vector<std::string> split_command(std::string_view spec) {
    std::vector<std::string> words;
    std::size_t at = 0;
    while (at < spec.size()) {
        const std::size_t close = spec[at] == '"' ? spec.find('"', at + 1) : std::string_view::npos;
        if (close != std::string_view::npos && close > at + 1) {
            words.emplace_back(spec.substr(at + 1, close - at - 1));
            at = close + 1;
            continue;
        }
        const std::size_t start = at;
        while (at < spec.size() && spec[at] != '"' && !is_space(spec[at])) {
            ++at;
        }
        if (at > start) {
            words.emplace_back(spec.substr(start, at - start));
        } else {
            ++at;
        }
    }
    return words;
}

inline std::string substitute(std::string_view text, const variables& values) {
    const auto is_identifier = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t dollar = std::min(text.find('$', at), text.size());
        out += text.substr(at, dollar - at);
        std::size_t end = std::min(dollar + 1, text.size());
        while (end < text.size() && is_identifier(text[end])) {
            ++end;
        }
        const std::string_view whole = text.substr(dollar, end - dollar);
        const auto found = std::find_if(values.begin(), values.end(), [&](const auto& each) {
            return !whole.empty() && whole.substr(1) == each.first;
        });
        out += found == values.end() ? whole : std::string_view(found->second);
        at = end;
    }
    return out;
}

namespace detail {

/// The first words of a command line, and where they were found.
struct found_command {
    std::vector<std::string> words;
    std::string where;
};

/// Looks for the program that the first word of a specification means.
class command_search {
public:
    command_search(const project& from, const operation_inputs& inputs)
        : from_(from), inputs_(inputs) {}

    result<found_command> find(const std::string& word) const;

private:
    static bool is_program(const std::string& path) {
        return os::is_regular_file(path) && os::is_executable(path);
    }
    std::string in_project(const std::string& name) const {
        return join_path(from_.directory(), name);
    }
    result<found_command> use_python(const std::string& script, const std::string& where) const;
    std::optional<std::string> find_on_path(const std::string& name) const;
    error missing(const std::string& word) const;

    const project& from_;
    const operation_inputs& inputs_;
};

/// A name on PATH; entries that are not absolute are taken relative to the project directory, where
/// the command runs.
inline std::optional<std::string> command_search::find_on_path(const std::string& name) const {
    if (contains(name, "/")) {
        return std::nullopt;
    }
    for (const std::string& entry : split(inputs_.path_variable, ':')) {
        const std::string path = in_project(join_path(entry, name));
        if (!entry.empty() && is_program(path)) {
            return path;
        }
    }
    return std::nullopt;
}

inline result<found_command> command_search::use_python(const std::string& script,
                                                        const std::string& where) const {
    const auto python = find_on_path("python3");
    if (!python) {
        return make_error(errc::missing_requirement,
                          "python3 is not on PATH, and '" + script + "' needs it");
    }
    return found_command{{*python, "-u", script}, where};
}

inline result<found_command> command_search::find(const std::string& word) const {
    const std::string inside = is_absolute(word) ? "" : " in the project directory";
    const std::string own = in_project(word);
    if (ends_with(word, ".py") && os::is_regular_file(own)) {
        return use_python(word, word + inside);
    }
    if (is_program(own)) {
        return found_command{{own}, word + inside};
    }
    if (os::is_regular_file(own + ".py")) {
        return use_python(word + ".py", word + ".py" + inside);
    }
    if (const auto path = find_on_path(word)) {
        return ends_with(word, ".py") ? use_python(*path, *path + " on PATH")
                                      : found_command{{*path}, *path + " on PATH"};
    }
    const std::string beside = join_path(inputs_.program_directory, word);
    if (!inputs_.program_directory.empty() && !is_absolute(word) && is_program(beside)) {
        return found_command{{beside}, beside + ", beside the guild program"};
    }
    return missing(word);
}

inline error command_search::missing(const std::string& word) const {
    const std::string own = in_project(word);
    if (os::is_regular_file(own)) {
        return make_error(errc::not_executable, "'" + word + "' is not executable\nTry 'chmod +x " +
                                                    quote_for_display(own) + "'.");
    }
    std::string places = "'" + own + "' and '" + own + ".py'";
    if (!contains(word, "/")) {
        places += ", on PATH";
    }
    if (!inputs_.program_directory.empty()) {
        places += ", and in '" + inputs_.program_directory + "'";
    }
    return make_error(errc::not_found,
                      "cannot find the command '" + word + "'\nLooked for " + places + ".");
}

inline error unsupported_operation(const section& target, const std::string& attribute) {
    const std::string name = target.name().empty() ? "" : " '" + target.name() + "'";
    const char* article = attribute == "evaluate" ? "an " : "a ";
    return make_error(errc::bad_value, target.kind() + name + " does not support " + article +
                                           attribute + " operation\nTry 'guild " + attribute +
                                           " --help' for more information.");
}

}  // namespace detail

inline result<operation> make_operation(const project& from, const section& target,
                                        const std::string& attribute,
                                        const operation_inputs& inputs) {
    const std::vector<std::string> words = split_command(target.get(attribute));
    if (words.empty()) {
        return detail::unsupported_operation(target, attribute);
    }
    auto found = detail::command_search(from, inputs).find(substitute(words[0], inputs.values));
    if (!found) {
        return std::move(found).error();
    }
    operation made;
    made.directory = from.directory();
    made.environment = inputs.values;
    made.flags = inputs.flags;
    made.how_found = found->where;
    made.written_argv = found->words;
    made.written_argv.insert(made.written_argv.end(), words.begin() + 1, words.end());
    for (flag& each : made.flags) {
        made.written_argv.push_back("--" + each.name);
        made.written_argv.push_back(each.value);
        each.value = substitute(each.value, inputs.values);
    }
    made.argv = made.written_argv;
    for (std::size_t i = found->words.size(); i < made.argv.size(); ++i) {
        made.argv[i] = substitute(made.argv[i], inputs.values);
    }
    return made;
}

inline result<void> check_requirements(const project& from, const section& target) {
    for (const std::string& part : split(target.get("train_requires"), ',')) {
        const std::string name(trim(part));
        if (name.empty() || os::find_status(join_path(from.directory(), name))) {
            continue;
        }
        const std::string relative = normalize_path(name);
        const std::string shown =
            is_absolute(name) ? name : from.given_directory() + "/" + relative;
        return make_error(errc::missing_requirement,
                          "missing required '" + shown +
                              "'\nDo you need to run 'guild prepare' first?");
    }
    return {};
}

namespace detail {

/// `text` in lines of at most `width` bytes, broken at blanks.
inline std::string wrap_text(std::string_view text, std::size_t width) {
    std::string out;
    std::size_t column = 0;
    for (const std::string& word : split_words(text)) {
        const bool fits = column + 1 + word.size() <= width;
        if (column != 0) {
            out += fits ? ' ' : '\n';
        }
        column = column != 0 && fits ? column + 1 + word.size() : word.size();
        out += word;
    }
    return out + '\n';
}

}  // namespace detail

inline std::string format_preview(const operation& of, std::string_view directories) {
    std::string out =
        detail::wrap_text("This command will use the settings below. " + std::string(directories) +
                              " The command is " + of.how_found + ".",
                          79);
    out += "\nCommand:\n\n  ";
    for (std::size_t i = 0; i < of.written_argv.size(); ++i) {
        const std::string& word = of.written_argv[i];
        const bool starts_line = i != 0 && starts_with(word, "-");
        out += i == 0 ? "" : (starts_line ? " \\\n    " : " ");
        out += quote_for_display(word);
    }
    out += "\n\nEnvironment:\n\n";
    variables sorted = of.environment;
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [name, value] : sorted) {
        if (name != "RUNDIR" && name != "EVALDIR") {
            out += "  " + name + '=' + value + '\n';
        }
    }
    return out;
}

}}}  // namespace guild::project

// guild/project/guild_in.hpp - Guild.in, the project file that a source package brings: its
// variables, and the Guild file made of it.
//
// Layer 3. Includes: base, ini/document.hpp, project/text_template.hpp.
// Not here: finding packages and copying their files; filters ask the caller for packages.
//
//   #+var NAME ["HELP"] [required] [default=TEXT]
//
// declares a variable. `#+` lines are left out of the Guild file; in the other lines `{{ NAME }}`
// stands for a value, and filters say what to do with it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/ini/document.hpp>
#include <guild/project/text_template.hpp>

namespace guild { inline namespace v0 { namespace project {

/// One variable that a template declares.
struct template_variable {
    std::string name;
    std::string help;
    bool is_required = false;
    std::optional<std::string> default_text;  // a template itself, in which project_dir is known
    std::uint32_t line = 0;
};

/// The `#+var` lines of a text, in file order; other `#+` lines mean nothing.
///
/// errors   bad_syntax: no name, an unknown option; already_exists: a name twice; with its line
/// example  tests/project/guild_in.cpp "guild.in: variables are declared with help and options"
[[nodiscard]] result<std::vector<template_variable>>
list_template_variables(std::string_view text, const std::string& path);

/// What a Guild file is made of.
struct guild_in_request {
    std::string text;             // of Guild.in
    std::string path;             // its path, for errors
    std::string project_dir;      // the base name of the new project's directory
    template_values values;       // what the user gave
    bool ignore_missing = false;  // required values and packages that are missing: remarks only
    /// The name of the newest installed directory of a package, and `PACKAGE/FILE.ckpt` in it.
    std::function<std::optional<std::string>(const std::string& package)> find_package;
    std::function<std::optional<std::string>(const std::string& package)> find_checkpoint;
};

/// A Guild file that was made.
struct made_project {
    std::string text;
    std::vector<std::string> warnings;  // of warn_if_empty, and of what was ignored
    bool has_ignored = false;           // ignore_missing was needed
};

/// The first required variable that has neither a value nor a default; none: empty.
[[nodiscard]] std::optional<std::string>
find_missing_variable(const std::vector<template_variable>& declared,
                      const template_values& values);

/// Makes the Guild file. Filters: `warn_if_empty:"TEXT"`, `required:"TEXT"`, `latest_package`,
/// `latest_package_checkpoint`. A variable without a value is its default, or empty.
///
/// errors   those of list_template_variables and render_template; missing_requirement: a required
///          value or variable is not given; not_found: no such package; bad_value: a value with a
///          line end or another control character
/// example  tests/project/guild_in.cpp "guild.in: a Guild file is made of values and defaults"
[[nodiscard]] result<made_project> make_project(const guild_in_request& from);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_meta_line(std::string_view line) noexcept {
    return starts_with(trim(line), "#+");
}

// The next line of `rest` with its end, which is taken off.
inline std::string_view take_template_line(std::string_view& rest) noexcept {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
    rest.remove_prefix(line.size());
    return line;
}

inline error at_template_line(errc code, std::string message, const std::string& path,
                              std::uint32_t line) {
    source_span where;
    where.line = line;
    where.column = 1;
    return make_error(code, std::move(message), path, where);
}

// #+var NAME ["HELP"] [required] [default=TEXT]; `words` begin with `var`.
inline result<template_variable> parse_template_variable(const std::vector<std::string>& words,
                                                         const std::string& path,
                                                         std::uint32_t line) {
    template_variable made;
    made.line = line;
    if (words.size() < 2 || !is_template_name(words[1])) {
        return at_template_line(errc::bad_syntax, "expected `#+var NAME`", path, line);
    }
    made.name = words[1];
    constexpr std::string_view default_word = "default=";
    for (std::size_t i = 2; i < words.size(); ++i) {
        if (words[i] == "required") {
            made.is_required = true;
        } else if (starts_with(words[i], default_word)) {
            made.default_text = words[i].substr(default_word.size());
        } else if (i == 2) {
            made.help = words[i];
        } else {
            return at_template_line(
                errc::bad_syntax, "expected `required` or `default=TEXT`, found '" + words[i] + "'",
                path, line);
        }
    }
    return made;
}

// Whether a value would break out of its line.
inline bool has_control_byte(std::string_view value) noexcept {
    return std::any_of(value.begin(), value.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; });
}

// Everything but #+ lines; those stay as empty lines, so that errors have their places.
inline std::string blank_meta_lines(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::string_view line = take_template_line(text);
        out.append(is_meta_line(line) ? std::string_view("\n") : line);
    }
    return out;
}

// `made` without the lines that were #+ lines in `text`: rendering keeps the number of lines.
inline std::string drop_meta_lines(std::string_view made, std::string_view text) {
    std::string out;
    while (!made.empty()) {
        const std::string_view line = take_template_line(made);
        out.append(is_meta_line(take_template_line(text)) ? std::string_view() : line);
    }
    return out;
}

// Makes one project; keeps what it has to say.
class project_maker {
public:
    explicit project_maker(const guild_in_request& from) : from_(from) {}

    result<made_project> make() {
        auto ready = collect_values();
        if (!ready) {
            return std::move(ready).error();
        }
        auto text = render_template(blank_meta_lines(from_.text), from_.path, values_, filters());
        if (!text) {
            return std::move(text).error();
        }
        made_.text = drop_meta_lines(*text, from_.text);
        return std::move(made_);
    }

private:
    result<void> collect_values() {
        const auto declared = list_template_variables(from_.text, from_.path);
        if (!declared) {
            return declared.error();
        }
        values_ = {{"project_dir", from_.project_dir}};
        const template_values for_defaults = values_;
        for (const template_variable& variable : *declared) {
            auto value = render_template(variable.default_text.value_or(""), from_.path,
                                         for_defaults, filters());
            if (!value) {
                return at_template_line(value.error().code, value.error().message, from_.path,
                                        variable.line);
            }
            values_.emplace_back(variable.name, std::move(*value));
        }
        values_.insert(values_.end(), from_.values.begin(), from_.values.end());
        return check_values(*declared);
    }

    result<void> check_values(const std::vector<template_variable>& declared) {
        for (const auto& [name, value] : values_) {
            if (has_control_byte(value)) {
                return make_error(errc::bad_value, "the value of variable '" + name +
                                                       "' holds a line end or a control character");
            }
        }
        if (const auto missing = find_missing_variable(declared, from_.values)) {
            auto ignored = ignore("variable '" + *missing + "' is required");
            if (!ignored) {
                return ignored;
            }
        }
        return {};
    }

    // Something that is missing: an error, or with ignore_missing a remark.
    result<void> ignore(const std::string& what, errc code = errc::missing_requirement) {
        if (!from_.ignore_missing) {
            return make_error(code, what);
        }
        made_.warnings.push_back(what);
        made_.has_ignored = true;
        return {};
    }

    std::vector<template_filter> filters() {
        return {
            {"warn_if_empty", true,
             [this](const std::string& value, const std::string& text) {
                 return warn_if_empty(value, text);
             }},
            {"required", true,
             [this](const std::string& value, const std::string& text) {
                 return require(value, text);
             }},
            {"latest_package", false,
             [this](const std::string& value, const std::string& /*text*/) {
                 return resolve(value, from_.find_package, "package");
             }},
            {"latest_package_checkpoint", false,
             [this](const std::string& value, const std::string& /*text*/) {
                 return resolve(value, from_.find_checkpoint, "checkpoint of package");
             }},
        };
    }

    result<std::string> warn_if_empty(const std::string& value, const std::string& text) {
        if (value.empty()) {
            made_.warnings.push_back(text);
        }
        return value;
    }

    result<std::string> require(const std::string& value, const std::string& text) {
        auto present = value.empty() ? ignore(text) : result<void>();
        if (!present) {
            return std::move(present).error();
        }
        return value;
    }

    result<std::string>
    resolve(const std::string& value,
            const std::function<std::optional<std::string>(const std::string&)>& find,
            const std::string& kind) {
        auto found = find ? find(value) : std::nullopt;
        if (!found) {
            auto ignored = ignore("no " + kind + " '" + value + "' is installed", errc::not_found);
            if (!ignored) {
                return std::move(ignored).error();
            }
        }
        if (found && has_control_byte(*found)) {
            return make_error(errc::bad_value, "the name of a " + kind + " holds a control byte");
        }
        return found.value_or(value);
    }

    const guild_in_request& from_;
    template_values values_;
    made_project made_;
};

}  // namespace detail

inline result<std::vector<template_variable>> list_template_variables(std::string_view text,
                                                                      const std::string& path) {
    std::vector<template_variable> found;
    for (std::uint32_t number = 1; !text.empty(); ++number) {
        const std::string_view line = detail::take_template_line(text);
        if (!detail::is_meta_line(line)) {
            continue;
        }
        const auto words = ini::split_meta(trim(line).substr(2));
        if (words.empty() || words.front() != "var") {
            continue;
        }
        auto variable = detail::parse_template_variable(words, path, number);
        if (!variable) {
            return std::move(variable).error();
        }
        for (const template_variable& other : found) {
            if (other.name == variable->name) {
                return detail::at_template_line(errc::already_exists,
                                                "variable '" + other.name + "' is declared twice",
                                                path, number);
            }
        }
        found.push_back(std::move(*variable));
    }
    return found;
}

inline std::optional<std::string>
find_missing_variable(const std::vector<template_variable>& declared,
                      const template_values& values) {
    for (const template_variable& variable : declared) {
        const bool is_given = std::any_of(values.begin(), values.end(), [&](const auto& value) {
            return value.first == variable.name;
        });
        if (variable.is_required && !is_given && !variable.default_text) {
            return variable.name;
        }
    }
    return std::nullopt;
}

inline result<made_project> make_project(const guild_in_request& from) {
    return detail::project_maker(from).make();
}

}}}  // namespace guild::project

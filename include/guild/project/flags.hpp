// guild/project/flags.hpp - the flags of an operation: four layers of a project and its command
// line, made one list.
//
// Layer 3. Includes: base, project/project.hpp.
// Not here: flags turned into arguments (project/operation.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/project/project.hpp>

namespace guild { inline namespace v0 { namespace project {

/// Where a flag's value comes from; a later layer wins over an earlier one.
enum class flag_layer : std::uint8_t {
    project,      // [flags]
    model,        // [flags "NAME"] of the model or resource
    profile,      // [flags "PROFILE"]
    command_line  // -F NAME=VALUE
};

/// The name of a layer in words: `project`, `model`, `profile`, `command line`.
[[nodiscard]] std::string_view to_string(flag_layer layer) noexcept;

/// One flag. Values are text, never guessed into another type.
struct flag {
    std::string name;
    std::string value;
    flag_layer layer = flag_layer::project;
    origin from;  // without a path for the command line
};

/// Splits a `-F` argument at its first `=`; without one the value is `true`.
///
/// errors   bad_syntax when there is no name
/// example  tests/project/flags.cpp "parse_flag_argument: splits at the first equals sign"
[[nodiscard]] result<std::pair<std::string, std::string>>
parse_flag_argument(std::string_view text);

/// The flags of an operation on `target`, a model or resource of `from`.
///
/// out      every name of any layer once, where the lowest layer has it first, with the highest
///          layer's value; inside a section the last definition counts. `description` is
///          documentation and is left out
/// errors   unknown_name when there is no section for `profile`
/// example  tests/project/flags.cpp "resolve_flags: a higher layer wins and keeps the place of the
///          lower one"
[[nodiscard]] result<std::vector<flag>>
resolve_flags(const project& from, const section& target, const std::optional<std::string>& profile,
              const std::vector<std::pair<std::string, std::string>>& command_line);

// ---- implementation ---------------------------------------------------------

inline std::string_view to_string(flag_layer layer) noexcept {
    constexpr std::string_view names[] = {"project", "model", "profile", "command line"};
    return names[static_cast<std::size_t>(layer)];
}

inline result<std::pair<std::string, std::string>> parse_flag_argument(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string name(text.substr(0, equals));
    if (name.empty() || contains(name, " ") || contains(name, "\t")) {
        return make_error(errc::bad_syntax, "expected NAME or NAME=VALUE for a flag, seen '" +
                                                std::string(text) + "'");
    }
    const bool has_value = equals != std::string_view::npos;
    return std::pair<std::string, std::string>(
        name, has_value ? std::string(text.substr(equals + 1)) : std::string("true"));
}

namespace detail {

inline void set_flag(std::vector<flag>& flags, flag value) {
    if (value.name == "description") {
        return;
    }
    for (flag& each : flags) {
        if (each.name == value.name) {
            each = std::move(value);
            return;
        }
    }
    flags.push_back(std::move(value));
}

inline void add_layer(std::vector<flag>& flags, const section* layer, flag_layer which) {
    if (layer == nullptr) {
        return;
    }
    for (const attribute* each : layer->effective()) {
        set_flag(flags, {each->name, each->value, which, each->from});
    }
}

inline error unknown_profile(const project& from, const std::string& profile) {
    std::vector<std::string> names;
    for (const section* each : from.sections_of("flags")) {
        names.push_back(each->name());
    }
    const auto near = find_closest(profile, names);
    return make_error(errc::unknown_name,
                      "flags '" + profile + "' not defined for this project" +
                          (near && !near->empty() ? "\nDid you mean '" + *near + "'?" : ""));
}

}  // namespace detail

inline result<std::vector<flag>>
resolve_flags(const project& from, const section& target, const std::optional<std::string>& profile,
              const std::vector<std::pair<std::string, std::string>>& command_line) {
    std::vector<flag> flags;
    detail::add_layer(flags, from.find_section({"flags"}), flag_layer::project);
    if (!target.name().empty()) {
        detail::add_layer(flags, from.find_section({"flags", target.name()}), flag_layer::model);
    }
    if (profile) {
        const section* layer = from.find_section({"flags", *profile});
        if (layer == nullptr) {
            return detail::unknown_profile(from, *profile);
        }
        detail::add_layer(flags, layer, flag_layer::profile);
    }
    for (const auto& [name, value] : command_line) {
        detail::set_flag(flags, {name, value, flag_layer::command_line, {}});
    }
    return flags;
}

}}}  // namespace guild::project

// examples/guild/init_template.cpp - see init_template.hpp.

#include "init_template.hpp"

#include "common.hpp"
#include "new_files.hpp"

#include <guild/base/path.hpp>
#include <guild/ini/parser.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/package/home.hpp>
#include <guild/package/source_tree.hpp>
#include <guild/project/guild_in.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace program {
namespace {

/// A template that was found.
struct found_template {
    std::string name;  // as the user wrote it
    std::string directory;
    std::string path;  // of its Guild.in
    std::string text;
};

/// Where a package is installed, the newest of that name.
std::optional<std::string> find_package_directory(const std::string& name) {
    const auto homes = guild::package::find_package_homes();
    if (!homes) {
        return std::nullopt;
    }
    auto found = guild::package::find_installed(*homes, name);
    return found && *found ? std::make_optional((*found)->path) : std::nullopt;
}

std::optional<std::string> find_checkpoint(const std::string& package) {
    const auto directory = find_package_directory(package);
    if (!directory) {
        return std::nullopt;
    }
    const auto entries = guild::os::list_directory(*directory);
    if (!entries) {
        return std::nullopt;
    }
    for (const guild::os::dir_entry& entry : *entries) {
        if (guild::file_extension(entry.name) == ".ckpt") {
            return guild::join_path(guild::base_name(*directory), entry.name);
        }
    }
    return std::nullopt;
}

/// The template of that name; empty with the error printed.
std::optional<found_template> find_template(const std::string& name, io& console) {
    found_template found;
    found.name = name;
    const bool is_directory = guild::os::is_directory(name);
    const bool is_template =
        is_directory && guild::os::is_regular_file(guild::join_path(name, "Guild.in"));
    const auto package = is_template ? std::nullopt : find_package_directory(name);
    if (!is_directory && !package) {
        console.fail("'" + name +
                     "' does not appear to be a project template\n"
                     "Try 'guild init --help' for more information.");
        return std::nullopt;
    }
    found.directory = package.value_or(name);
    found.path = guild::join_path(found.directory, "Guild.in");
    auto text = guild::os::load_file(found.path, guild::ini::max_file_bytes);
    if (!text && text.error().code == guild::errc::not_found) {
        console.fail(found.directory + " is not a source package (missing Guild.in)");
        return std::nullopt;
    }
    if (!text) {
        fail(console, text.error());
        return std::nullopt;
    }
    found.text = std::move(*text);
    return found;
}

int fail_template(io& console, const guild::error& error) {
    fail(console, error);
    return console.fail("unable to initialize project - template contains errors");
}

int print_template_variables(const std::vector<guild::project::template_variable>& variables,
                             io& console) {
    constexpr std::size_t width = 21;
    for (const guild::project::template_variable& variable : variables) {
        std::string line = variable.name;
        if (!variable.help.empty()) {
            line.resize(line.size() < width ? width : line.size() + 1, ' ');
            line += variable.help;
        }
        console.print(line + '\n');
    }
    return exit_ok;
}

void warn_about_unknown(const init_request& request,
                        const std::vector<guild::project::template_variable>& variables,
                        io& console) {
    for (const auto& [name, value] : request.values) {
        bool is_known = name == "project_dir";
        for (const guild::project::template_variable& variable : variables) {
            is_known = is_known || variable.name == name;
        }
        if (!is_known) {
            console.print_error("WARNING: project template for " + request.template_name +
                                " does not declare the variable '" + name + "'\n");
        }
    }
}

/// The Guild file that the template makes; empty with the error printed.
std::optional<guild::project::made_project> render(const init_request& request,
                                                   const found_template& found, io& console) {
    guild::project::guild_in_request from;
    from.text = found.text;
    from.path = found.path;
    from.project_dir = guild::base_name(guild::os::absolute_path(request.directory));
    from.values = request.values;
    from.ignore_missing = request.ignore_missing;
    from.find_package = [](const std::string& name) -> std::optional<std::string> {
        const auto directory = find_package_directory(name);
        return directory ? std::make_optional(guild::base_name(*directory)) : std::nullopt;
    };
    from.find_checkpoint = find_checkpoint;
    auto made = guild::project::make_project(from);
    if (!made) {
        fail_template(console, made.error());
        return std::nullopt;
    }
    const auto parsed = guild::ini::parse(made->text, found.path + " (as rendered)");
    if (const auto error = parsed.first_error()) {
        fail_template(console, *error);
        return std::nullopt;
    }
    return std::move(*made);
}

/// Copies what is in one directory into another, without replacing anything.
int copy_new(const std::string& from, const std::string& to, bool is_top, io& console) {
    const auto entries = guild::os::list_directory(from);
    if (!entries) {
        return fail(console, entries.error());
    }
    for (const guild::os::dir_entry& entry : *entries) {
        if (is_top && (entry.name == ".GuildPkg" || entry.name == "Guild.in")) {
            continue;
        }
        const std::string source = guild::join_path(from, entry.name);
        const std::string target = path_in(to, entry.name);
        if (entry.kind == guild::os::file_kind::directory && guild::os::is_directory(target)) {
            if (const int status = copy_new(source, target, false, console)) {
                return status;
            }
            continue;
        }
        if (is_left_unchanged(target, console)) {
            continue;
        }
        if (const auto copied = guild::package::copy_tree(source, target); !copied) {
            return fail(console, copied.error());
        }
    }
    return exit_ok;
}

int fail_missing_variable(const init_request& request, const std::string& name, io& console) {
    return console.fail("project template for " + request.template_name + " requires '" + name +
                        "' variable\nTry 'guild init --template=" + request.template_name +
                        " --print-vars' for help or 'guild init --ignore-vars' to bypass this "
                        "check.");
}

}  // namespace

int init_from_template(const init_request& request, io& console) {
    const auto found = find_template(request.template_name, console);
    if (!found) {
        return exit_usage;
    }
    const auto variables = guild::project::list_template_variables(found->text, found->path);
    if (!variables) {
        return fail_template(console, variables.error());
    }
    if (request.print_variables) {
        return print_template_variables(*variables, console);
    }
    const auto missing = guild::project::find_missing_variable(*variables, request.values);
    if (missing && !request.ignore_missing) {
        return fail_missing_variable(request, *missing, console);
    }
    const auto made = render(request, *found, console);
    if (!made) {
        return exit_usage;
    }
    if (const int status = prepare_directory(request, console)) {
        return status;
    }
    warn_about_unknown(request, *variables, console);
    if (const int status = copy_new(found->directory, request.directory, true, console)) {
        return status;
    }
    if (const int status =
            write_new_file(path_in(request.directory, "Guild"), made->text, console)) {
        return status;
    }
    for (const std::string& warning : made->warnings) {
        console.print_error("WARNING: " + warning + '\n');
    }
    if (made->has_ignored) {
        console.print_error("WARNING: one or more errors were ignored because '--ignore-vars' was "
                            "used\n");
    }
    return exit_ok;
}

}  // namespace program

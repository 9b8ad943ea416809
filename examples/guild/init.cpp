// examples/guild/init.cpp - guild init: starts a project, a project of a package, or a package.

#include "commands.hpp"
#include "common.hpp"
#include "init_template.hpp"
#include "new_files.hpp"

#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/package/skeleton.hpp>
#include <guild/project/templates.hpp>

#include <string>

namespace program {
namespace {

constexpr const char* init_words = "DIR|VAR=VALUE";

int fail_init_usage(io& console, const std::string& message) {
    return console.fail(message + "\nTry 'guild init --help' for more information.");
}

/// Fills `request`; exit_ok or the status of the usage error.
int read_init_words(const arguments& given, init_request& request, io& console) {
    bool has_directory = false;
    for (const std::string& word : given.all(init_words)) {
        const std::size_t equals = word.find('=');
        if (equals != std::string::npos) {
            request.values.emplace_back(word.substr(0, equals), word.substr(equals + 1));
        } else if (has_directory) {
            return fail_init_usage(console, "unexpected argument '" + word + "'");
        } else {
            request.directory = word;
            has_directory = true;
        }
    }
    request.template_name = given.get("template", "");
    request.force = given.has("force");
    request.ignore_missing = given.has("ignore-vars");
    request.print_variables = given.has("print-vars");
    if (given.has("template")) {
        return given.has("package")
                   ? fail_init_usage(console, "--package cannot be used with --template")
                   : exit_ok;
    }
    if (!request.values.empty()) {
        return fail_init_usage(console, "variables such as '" + request.values.front().first +
                                            "' need --template");
    }
    return request.print_variables || request.ignore_missing
               ? fail_init_usage(console, "--print-vars and --ignore-vars need --template")
               : exit_ok;
}

int init_package(const init_request& request, io& console) {
    if (const auto made = guild::os::make_directories(request.directory); !made) {
        return fail(console, made.error());
    }
    if (!is_left_unchanged(path_in(request.directory, "GuildPkg.toml"), console)) {
        if (const int status = write_new_file(path_in(request.directory, "GuildPkg"),
                                              guild::package::guildpkg_skeleton, console)) {
            return status;
        }
    }
    return write_new_file(path_in(request.directory, "packager"), guild::package::packager_skeleton,
                          console);
}

int init_project(const init_request& request, io& console) {
    if (const int status = prepare_directory(request, console)) {
        return status;
    }
    if (is_left_unchanged(guild::join_path(request.directory, "Guild.toml"), console)) {
        return exit_ok;
    }
    return write_new_file(path_in(request.directory, "Guild"), guild::project::init_template,
                          console);
}

int init(const arguments& given, io& console) {
    init_request request;
    if (const int status = read_init_words(given, request, console)) {
        return status;
    }
    if (given.has("package")) {
        return init_package(request, console);
    }
    return given.has("template") ? init_from_template(request, console)
                                 : init_project(request, console);
}

}  // namespace

int prepare_directory(const init_request& request, io& console) {
    if (const auto made = guild::os::make_directories(request.directory); !made) {
        return fail(console, made.error());
    }
    const auto entries = guild::os::list_directory(request.directory);
    if (!entries) {
        return fail(console, entries.error());
    }
    if (!entries->empty() && !request.force) {
        return console.fail("'" + request.directory +
                            "' is not an empty directory\n"
                            "You may use 'guild init --force' to bypass this check.");
    }
    return exit_ok;
}

command_spec init_command() {
    return {"init",
            "start a project or a package",
            "Writes DIR/Guild; DIR is made if it is missing. With --template, copies the files of "
            "a source package into DIR and makes DIR/Guild of its Guild.in, in which variables "
            "get the values given as VAR=VALUE. With --package, writes DIR/GuildPkg and "
            "DIR/packager, to be filled in and built by 'guild package'. No file that is there "
            "already is ever overwritten.",
            {{init_words, how_many::any,
              "where to write (default: this directory); values of a template's variables"}},
            {{"--package", "", "start a package instead of a project"},
             {"--template", "T", "an installed source package, or a directory with Guild.in"},
             {"--print-vars", "", "list the template's variables and do nothing else"},
             {"--ignore-vars", "", "go on without variables and packages that are missing"},
             {"--force", "", "also in a directory that is not empty"}},
            init};
}

}  // namespace program

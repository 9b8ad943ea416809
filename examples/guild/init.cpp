// examples/guild/init.cpp - guild init: writes an annotated Guild file into a directory.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/project/templates.hpp>

#include <string>

namespace program {
namespace {

/// Writes the file; only if nothing stands there, not even a broken link.
int write_project_file(const std::string& path, io& console) {
    auto file = guild::os::open_file(path, guild::os::open_mode::create_new);
    if (!file && file.error().code == guild::errc::already_exists) {
        console.print(path + " is there already: it was left unchanged\n");
        return exit_ok;
    }
    if (!file) {
        return fail(console, file.error());
    }
    auto written = file->write_all(guild::project::init_template);
    if (written) {
        written = file->close();
    }
    if (!written) {
        (void)guild::os::remove_tree(path);
        return fail(console, written.error());
    }
    return exit_ok;
}

int init(const arguments& given, io& console) {
    const std::string directory = given.get("DIR", ".");
    if (const auto made = guild::os::make_directories(directory); !made) {
        return fail(console, made.error());
    }
    const auto entries = guild::os::list_directory(directory);
    if (!entries) {
        return fail(console, entries.error());
    }
    if (!entries->empty() && !given.has("force")) {
        return console.fail("'" + directory +
                            "' is not an empty directory\n"
                            "You may use 'guild init --force' to bypass this check.");
    }
    const std::string toml = guild::join_path(directory, "Guild.toml");
    if (guild::os::find_link_status(toml)) {
        console.print(toml + " is there already: it was left unchanged\n");
        return exit_ok;
    }
    return write_project_file(directory == "." ? "Guild" : guild::join_path(directory, "Guild"),
                              console);
}

}  // namespace

command_spec init_command() {
    return {"init",
            "start a project: write an annotated Guild file",
            "Writes DIR/Guild; DIR is made if it is missing. A Guild file that is there already is "
            "never overwritten.",
            {{"DIR", how_many::optional, "where to write it (default: this directory)"}},
            {{"--force", "", "also in a directory that is not empty"}},
            init};
}

}  // namespace program

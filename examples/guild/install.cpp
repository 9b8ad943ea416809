// examples/guild/install.cpp - guild install: unpacks packages into the package home, from files or
// by name from an index.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/package/download.hpp>
#include <guild/package/home.hpp>
#include <guild/package/install.hpp>

#include <string>
#include <utility>

namespace program {
namespace {

guild::result<void> fetch_package_file(const std::string& url, const std::string& destination,
                                       const std::string& sha256) {
    guild::package::download_options options;
    options.sha256 = sha256;
    auto done = guild::package::download(url, destination, options);
    return done ? guild::result<void>() : std::move(done).error();
}

/// Whether the word means a file, not the name of a package.
bool is_package_file(const std::string& word) {
    return guild::contains(word, "/") || guild::ends_with(word, ".pkg.tar.xz") ||
           guild::os::is_regular_file(word);
}

int install_one(const std::string& word, const std::string& index,
                const guild::package::package_homes& homes, io& console) {
    const bool is_file = is_package_file(word);
    if (!is_file && index.empty()) {
        return console.fail(printable(word) +
                            " does not appear to be a valid Guild package\nTo install by name, "
                            "say from where by --index or GUILD_INDEX");
    }
    console.print("Installing " + printable(word) + '\n');
    console.flush();
    const auto installed =
        is_file ? guild::package::install_file(word, homes)
                : guild::package::install_name(word, index, homes, fetch_package_file);
    if (!installed) {
        return fail_work(console, installed.error());
    }
    console.print("Use $PKGHOME/" + guild::base_name(installed->path) +
                  " in the project file for the package's files\n");
    return exit_ok;
}

int install_packages(const arguments& given, io& console) {
    const auto homes = guild::package::find_package_homes();
    if (!homes) {
        return fail(console, homes.error());
    }
    const std::string index =
        given.get("index", guild::os::find_variable("GUILD_INDEX").value_or(""));
    for (const std::string& word : given.all("PACKAGE")) {
        const int code = install_one(word, index, *homes, console);
        if (code != exit_ok) {
            return code;
        }
    }
    return exit_ok;
}

}  // namespace

command_spec install_command() {
    return {"install",
            "install packages",
            "PACKAGE is the file NAME-VERSION.pkg.tar.xz, or a NAME or NAME-VERSION that the index "
            "lists: NAME alone is the newest version. A package goes into the directory "
            "NAME-VERSION of the package home: $PKGHOME, or guild/pkg in the user's data directory "
            "(~/.local/share). One that is there already is replaced. The first failure stops.",
            {{"PACKAGE", how_many::some, "a package file, or the name of a package"}},
            {{"--index", "DIR|URL",
              "where names are looked for: a directory or http(s) address with the "
              "guild-index.tsv that 'guild index' writes (default: $GUILD_INDEX)"}},
            install_packages};
}

}  // namespace program

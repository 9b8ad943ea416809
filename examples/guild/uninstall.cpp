// examples/guild/uninstall.cpp - guild uninstall: removes packages from the package home.

#include "commands.hpp"
#include "common.hpp"

#include <guild/package/home.hpp>
#include <guild/package/install.hpp>

#include <string>

namespace program {
namespace {

int uninstall_packages(const arguments& given, io& console) {
    const auto homes = guild::package::find_package_homes();
    if (!homes) {
        return fail(console, homes.error());
    }
    for (const std::string& word : given.all("PACKAGE")) {
        const auto removed = guild::package::uninstall(word, *homes);
        if (!removed) {
            return fail_work(console, removed.error());
        }
        console.print("Uninstalling " + printable(word) + '\n');
    }
    return exit_ok;
}

}  // namespace

command_spec uninstall_command() {
    return {"uninstall",
            "uninstall packages",
            "PACKAGE is NAME-VERSION as 'guild list-packages' shows it, or NAME when only one "
            "version is installed. Nothing outside the package home is ever removed. The first "
            "failure stops.",
            {{"PACKAGE", how_many::some, "an installed package"}},
            {},
            uninstall_packages};
}

}  // namespace program

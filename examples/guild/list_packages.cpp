// examples/guild/list_packages.cpp - guild list-packages: which packages are installed.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/json.hpp>
#include <guild/package/home.hpp>

#include <string>
#include <utility>

namespace program {
namespace {

int list_packages(const arguments& given, io& console) {
    const auto homes = guild::package::find_package_homes();
    if (!homes) {
        return fail(console, homes.error());
    }
    const auto all = guild::package::list_installed(*homes);
    if (!all) {
        return fail(console, all.error());
    }
    guild::json::value rows = guild::json::value::array();
    for (const guild::package::installed_package& each : *all) {
        if (!given.has("json")) {
            console.print(printable(guild::base_name(each.path)) + '\n');
            continue;
        }
        guild::json::value row;
        guild::json::set_text(row, "name", each.name);
        guild::json::set_text(row, "version", each.version);
        guild::json::set_text(row, "path", each.path);
        rows.push_back(std::move(row));
    }
    if (given.has("json")) {
        console.print(guild::json::format(rows) + '\n');
    }
    return exit_ok;
}

}  // namespace

command_spec list_packages_command() {
    return {"list-packages",
            "list installed packages",
            "One NAME-VERSION a line, ordered by name, older versions before newer ones.",
            {},
            {json_option()},
            list_packages};
}

}  // namespace program

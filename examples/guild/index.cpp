// examples/guild/index.cpp - guild index: lists a directory's packages, so that others can install
// from it by name.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/os/file.hpp>
#include <guild/package/package_index.hpp>

#include <string>

namespace program {
namespace {

int write_index(const arguments& given, io& console) {
    const std::string directory = given.get("DIR", ".");
    const auto made = guild::package::make_index(directory);
    if (!made) {
        return fail(console, made.error());
    }
    const std::string path = guild::join_path(directory, guild::package::index_file_name);
    const auto saved = guild::os::save_file(path, guild::package::format(made->entries));
    if (!saved) {
        return fail(console, saved.error());
    }
    const std::size_t count = made->entries.size();
    console.print("Wrote " + printable(path) + " with " + std::to_string(count) +
                  (count == 1 ? " package\n" : " packages\n"));
    for (const guild::error& each : made->left_out) {
        console.warn("left out " + printable(guild::to_string(each)));
    }
    return made->left_out.empty() ? exit_ok : exit_failed;
}

}  // namespace

command_spec index_command() {
    return {"index",
            "list a directory's packages for installing by name",
            "Writes guild-index.tsv into DIR: name, version, file, size and sha256 of each "
            "NAME-VERSION.pkg.tar.xz there. Served by any web server, or used as a directory, it "
            "is what 'guild install --index' takes. Archives that are no packages are left out, "
            "with a warning.",
            {{"DIR", how_many::optional, "a directory with packages (default: this one)"}},
            {},
            write_index};
}

}  // namespace program

// examples/guild/new_files.cpp - see new_files.hpp.

#include "new_files.hpp"

#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>

namespace program {

std::string path_in(const std::string& directory, const std::string& name) {
    return directory == "." ? name : guild::join_path(directory, name);
}

bool is_left_unchanged(const std::string& path, io& console) {
    if (!guild::os::find_link_status(path)) {
        return false;
    }
    console.print(path + " is there already: it was left unchanged\n");
    return true;
}

int write_new_file(const std::string& path, std::string_view text, io& console) {
    auto file = guild::os::open_file(path, guild::os::open_mode::create_new);
    if (!file && file.error().code == guild::errc::already_exists) {
        console.print(path + " is there already: it was left unchanged\n");
        return exit_ok;
    }
    if (!file) {
        return fail(console, file.error());
    }
    auto written = file->write_all(text);
    if (written) {
        written = file->close();
    }
    if (!written) {
        (void)guild::os::remove_tree(path);
        return fail(console, written.error());
    }
    return exit_ok;
}

}  // namespace program

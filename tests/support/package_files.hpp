// tests/support/package_files.hpp - packages for tests: a pkgdir with a GuildPkg, packed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <guild/os/directory.hpp>
#include <guild/package/pack.hpp>

#include "support/temp_dir.hpp"

namespace guild_test {

inline std::string definition_of(const std::string& name, const std::string& version) {
    return "[package]\n\n  name = " + name + "\n  version = " + version + "\n  source = none.txt\n";
}

/// What packing needs: DIR/NAME-VERSION/pkg with these files, and a GuildPkg beside it.
inline guild::package::pack_request
package_request(const temp_dir& dir, const std::string& name, const std::string& version,
                const std::vector<std::pair<std::string, std::string>>& files = {}) {
    const std::string base = "making/" + name + '-' + version;
    REQUIRE(guild::os::make_directories(dir / (base + "/pkg")));
    for (const auto& file : files) {
        (void)dir.write(base + "/pkg/" + file.first, file.second);
    }
    guild::package::pack_request request;
    request.name = name;
    request.version = version;
    request.pkgdir = dir / (base + "/pkg");
    request.guildpkg_path = dir.write(base + "/GuildPkg", definition_of(name, version));
    request.directory = dir.path();
    return request;
}

/// Packs it into DIR, and returns the archive's path.
inline std::string
make_package(const temp_dir& dir, const std::string& name, const std::string& version,
             const std::vector<std::pair<std::string, std::string>>& files = {}) {
    const auto done = guild::package::pack(package_request(dir, name, version, files));
    REQUIRE(done);
    return done->archive_path;
}

}  // namespace guild_test

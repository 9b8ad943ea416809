// `guild ini FILE... --json` on sixty files of other projects, against what an independent reader
// found in them.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>

namespace os = guild::os;

TEST_CASE("guild ini: --json finds in sixty files what an independent reader found") {
    const std::string directory = guild::join_path(GUILD_SHARED_DATA, "ini");
    const auto expected = os::load_file(guild::join_path(directory, "expected.jsonl"));
    const std::string program =
        guild::join_path(os::find_variable("GUILD_BIN_DIR").value_or("."), "guild");
    if (!expected || !os::is_executable(program)) {
        MESSAGE("skipped, the files or the program are not here: " << directory);
        return;
    }
    std::vector<guild::json::value> wanted;
    os::process_options what;
    what.argv = {program, "ini", "--json"};
    what.directory = directory;
    for (const std::string_view line : guild::split(guild::trim(*expected), '\n')) {
        wanted.push_back(guild::json::parse(line).value());
        what.argv.push_back(wanted.back()["path"].get<std::string>());
    }
    REQUIRE(wanted.size() == 60);
    const auto ran = os::run(what);
    REQUIRE(ran);
    CHECK(ran->status.code == 2);  // some of them are broken, and expected to be told so
    const auto lines = guild::split(guild::trim(ran->out), '\n');
    REQUIRE(lines.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        INFO(what.argv[i + 3]);
        CHECK(guild::json::parse(lines[i]).value() == wanted[i]);
    }
}

// `guild events --json` on event files of other projects, against what an independent reader found.
#include <map>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>

namespace os = guild::os;

namespace {

std::map<std::string, nlohmann::json> rows_of(std::string_view text) {
    std::map<std::string, nlohmann::json> rows;
    for (const std::string_view line : guild::split(guild::trim(text), '\n')) {
        const auto row = nlohmann::json::parse(line);  // the order of fields does not count
        const std::string where =
            row.contains("path") ? row["path"].get<std::string>() : row["run"].get<std::string>();
        const std::string tag = row.contains("tag") ? row["tag"].get<std::string>() : "";
        rows[row["t"].get<std::string>() + ' ' + where + ' ' + tag] = row;
    }
    return rows;
}

}  // namespace

TEST_CASE(
    "guild events: --json finds in every shared event file what an independent reader found") {
    const std::string directory = guild::join_path(GUILD_SHARED_DATA, "event-files");
    const auto expected = os::load_file(guild::join_path(directory, "expected.jsonl"));
    const std::string program =
        guild::join_path(os::find_variable("GUILD_BIN_DIR").value_or("."), "guild");
    if (!expected || !os::is_executable(program)) {
        MESSAGE("skipped, the files or the program are not here: " << directory);
        return;
    }
    os::process_options what;
    what.argv = {program, "events", "--json", "--rel", directory, directory};
    const auto ran = os::run(what);
    REQUIRE(ran);
    CHECK(ran->status.code == 0);
    const auto wanted = rows_of(*expected);
    const auto seen = rows_of(ran->out);
    CHECK(seen.size() == wanted.size());
    for (const auto& each : wanted) {
        INFO(each.first);
        const auto found = seen.find(each.first);
        REQUIRE(found != seen.end());
        for (const auto& field : each.second.items()) {
            INFO(field.key());
            CHECK((field.key() == "fsum" || found->second.at(field.key()) == field.value()));
        }
    }
}

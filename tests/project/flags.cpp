#include <guild/ini/parser.hpp>
#include <guild/project/flags.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace project = guild::project;
using pairs = std::vector<std::pair<std::string, std::string>>;

namespace {

project::project make(std::string_view text) {
    return project::project({"/p", ".", "Guild"},
                            guild::ini::expand(guild::ini::parse(text, "Guild")).sections);
}

std::string flags_of(const project::project& from, const std::optional<std::string>& profile = {},
                     const pairs& command_line = {}) {
    const auto flags = project::resolve_flags(from, **from.get_model(), profile, command_line);
    if (!flags) {
        return "error: " + flags.error().message;
    }
    std::string seen;
    for (const project::flag& each : *flags) {
        seen += each.name + '=' + each.value + '(' + std::string(to_string(each.layer)) + ") ";
    }
    return seen;
}

constexpr std::string_view layered = "[model \"m\"]\n[flags]\ndescription = doc\na = 1\nb = 1\nc = "
                                     "1\nd = 1\n[flags \"m\"]\nb = 2\nc = 2\nd = 2\ne = 2\n"
                                     "[flags \"quick\"]\nc = 3\nd = 3\nf = 3\n";

}  // namespace

TEST_CASE("parse_flag_argument: splits at the first equals sign") {
    CHECK(*project::parse_flag_argument("a=b=c") ==
          std::pair<std::string, std::string>("a", "b=c"));
    CHECK(*project::parse_flag_argument("a=") == std::pair<std::string, std::string>("a", ""));
    CHECK(*project::parse_flag_argument("a") == std::pair<std::string, std::string>("a", "true"));
    for (const char* bad : {"", "=3", "two words=3"}) {
        const auto parsed = project::parse_flag_argument(bad);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == guild::errc::bad_syntax);
    }
}

TEST_CASE("resolve_flags: a higher layer wins and keeps the place of the lower one") {
    CHECK(flags_of(make(layered), "quick", {{"d", "4"}, {"g", "4"}, {"g", "5"}}) ==
          "a=1(project) b=2(model) c=3(profile) d=4(command line) e=2(model) f=3(profile) "
          "g=5(command line) ");
    CHECK(flags_of(make(layered)) == "a=1(project) b=2(model) c=2(model) d=2(model) e=2(model) ");
}

TEST_CASE("resolve_flags: description is documentation, also from the command line") {
    CHECK(flags_of(make("[model]\n[flags]\ndescription = x\na = 1\n"), {},
                   {{"description", "y"}}) == "a=1(project) ");
}

TEST_CASE("resolve_flags: an unnamed model takes no section for its name") {
    CHECK(flags_of(make("[model]\ntrain = m\n[flags \"m\"]\na = 2\n[flags]\na = 1\n")) ==
          "a=1(project) ");
}

TEST_CASE("resolve_flags: inside a section the last definition counts, copied ones included") {
    CHECK(flags_of(make("[model]\n[template \"t\"]\na = 0\nb = 0\n[flags]\n@attrs template "
                        "\"t\"\na = 1\na = 2\n")) == "a=2(project) b=0(project) ");
}

TEST_CASE("resolve_flags: a value says where it was written") {
    const auto one = make(layered);
    const auto flags = project::resolve_flags(one, **one.get_model(), "quick", {{"z", "1"}});
    REQUIRE(flags);
    CHECK(flags->at(2).from.path == "Guild");
    CHECK(flags->at(2).from.where.line == 14);
    CHECK(flags->at(2).from.where.column == 5);
    CHECK(flags->back().from.path.empty());
}

TEST_CASE("resolve_flags: a profile that is not there is an error") {
    CHECK(flags_of(make(layered), "quik") ==
          "error: flags 'quik' not defined for this project\nDid you mean 'quick'?");
    CHECK(flags_of(make(layered), "nothing-like-it") ==
          "error: flags 'nothing-like-it' not defined for this project");
}

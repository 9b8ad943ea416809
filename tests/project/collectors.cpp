#include <guild/ini/parser.hpp>
#include <guild/project/collectors.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace project = guild::project;

namespace {

project::project of_text(std::string_view text) {
    return project::project({"/p", ".", "Guild"},
                            guild::ini::expand(guild::ini::parse(text, "Guild")).sections);
}

void must_fail(std::string_view text, std::string_view shown) {
    const auto listed = project::list_collectors(of_text(text));
    REQUIRE_FALSE(listed);
    CHECK(listed.error().code == guild::errc::bad_value);
    CHECK(to_string(listed.error()) == shown);
}

}  // namespace

TEST_CASE("collectors: interval and timeout in seconds") {
    const auto from = of_text("[collector \"fans\"]\ncommand = ./fans.sh --all\ninterval = 0.5\n"
                              "timeout = 2\n[model \"m\"]\ntrain = x\n"
                              "[collector \"plain\"]\ncommand = plain\n");
    const auto listed = project::list_collectors(from);
    REQUIRE(listed);
    REQUIRE(listed->size() == 2);
    CHECK((*listed)[0].from->name() == "fans");
    CHECK((*listed)[0].from->get("command") == "./fans.sh --all");
    CHECK((*listed)[0].interval_ms == 500);
    CHECK((*listed)[0].timeout_ms == 2'000);
    CHECK_FALSE((*listed)[1].interval_ms.has_value());
    CHECK((*listed)[1].timeout_ms == 10'000);
    CHECK(project::list_collectors(of_text("[model \"m\"]\n")).value().empty());
}

TEST_CASE("collectors: mistakes are told with their place") {
    must_fail("\n[collector]\ncommand = x\n", "Guild:2:1: expected [collector \"NAME\"]");
    must_fail("[collector \"a\"]\ninterval = 1\n", "Guild:1:1: collector 'a' has no command");
    must_fail("[collector \"a\"]\ncommand = x\ninterval = often\n",
              "Guild:3:12: collector 'a' expected 0.1 to 86400 seconds as interval, saw 'often'");
    must_fail("[collector \"a\"]\ncommand = x\ntimeout = 0\n",
              "Guild:3:11: collector 'a' expected 0.1 to 86400 seconds as timeout, saw '0'");
    must_fail("[collector \"a\"]\ncommand = x\ntimeout = nan\n",
              "Guild:3:11: collector 'a' expected 0.1 to 86400 seconds as timeout, saw 'nan'");
}

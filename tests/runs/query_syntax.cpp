#include <guild/runs/query.hpp>

#include <string>

#include <doctest/doctest.h>

using guild::runs::query;

namespace {

/// "COLUMN: message"
std::string query_mistake(const std::string& text) {
    const auto parsed = query::parse(text);
    REQUIRE_FALSE_MESSAGE(parsed, text);
    CHECK(parsed.error().where.line == 1);
    CHECK(parsed.error().where.begin + 1 == parsed.error().where.column);
    return std::to_string(parsed.error().where.column) + ": " + parsed.error().message;
}

}  // namespace

TEST_CASE("query syntax: mistakes are told with their column") {
    CHECK(query_mistake("lr =") == "5: expected a value, saw the end");
    CHECK(query_mistake("lr = ) ") == "6: expected a value, saw `)`");
    CHECK(query_mistake("= 1") == "1: expected a name, saw `=`");
    CHECK(query_mistake("lr = 1 and") == "11: expected a name, saw the end");
    CHECK(query_mistake("lr = 1 loss") ==
          "8: expected `and`, `or` or the end of the condition, saw `loss`");
    CHECK(query_mistake("lr = 1 && x") ==
          "8: expected `and`, `or` or the end of the condition, saw `&&`");
    CHECK(query_mistake("lr ! 1") == "4: expected `!=`, saw `!`");
    CHECK(query_mistake("or lr") == "1: expected a name, saw `or`");
    CHECK(query_mistake("(lr = 1") == "8: expected `)`, `and` or `or`, saw the end");
    CHECK(query_mistake("lr = 1)") == "7: expected a `(` before it, saw `)`");
    CHECK(query_mistake("flags:lr = 1") ==
          "1: expected flag:, attr:, run:, field:, series: or tag:, saw "
          "`flags:`; did you mean `flag:`?");
    CHECK(query_mistake("lr and https://x") ==
          "8: expected flag:, attr:, run:, field:, series: or tag:, "
          "saw `https:`; quote a name that has a colon");
    CHECK(query_mistake("flag: lr") == "6: expected a name behind the colon, saw ` `");
    CHECK(query_mistake("lr = 'x") == "6: expected `'` that ends the text");
    CHECK(query_mistake("lr ~ a[b").substr(0, 18) == "7: in the pattern:");
    CHECK(query_mistake("lr ~ \"a[b\"").substr(0, 18) == "8: in the pattern:");
}

TEST_CASE("query syntax: size and depth are limited, length alone is not deep") {
    CHECK(query::parse(std::string(65'537, ' ')).error().code == guild::errc::too_large);
    CHECK(query::parse(std::string(101, '(') + "a").error().code == guild::errc::too_large);
    std::string deep;
    std::string chain = "lr";
    for (int i = 0; i < 5000; ++i) {
        deep += "not ";
        chain += " and lr";
    }
    CHECK(query::parse(deep + "a").error().code == guild::errc::too_large);
    CHECK(query::parse(chain));
}

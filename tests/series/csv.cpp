#include <guild/series/csv.hpp>

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "support/nasty_numbers.hpp"

namespace gs = guild::series;

namespace {

std::string csv_of(std::string_view key, const gs::point& at) {
    std::string out;
    gs::append_csv_point(out, key, at);
    return out;
}

// "begin-end: message" of a line that must be refused.
std::string csv_refusal(std::string_view line) {
    std::string scratch;
    const auto read = gs::parse_csv_point(line, scratch);
    if (read) {
        return "read";
    }
    const guild::source_span where = read.error().where;
    return std::to_string(where.begin) + '-' + std::to_string(where.end) + ": " +
           read.error().message;
}

}  // namespace

TEST_CASE("csv: lines, by hand") {
    CHECK(csv_of("loss", {1, 1'700'000'000'000'000, 0.5}) == "loss,1,1700000000000000,0.5\n");
    CHECK(csv_of("a b", {-1, -2, 5}) == "a b,-1,-2,5\n");
    CHECK(csv_of("a,\"b\"\n", {0, 0, -0.0}) == "\"a,\"\"b\"\"\n\",0,0,-0.0\n");
    CHECK(csv_of("", {0, 0, 5.0}) == "\"\",0,0,5.0\n");
    CHECK(csv_of("{x", {0, 0, 0}) == "\"{x\",0,0,0\n");
}

TEST_CASE("csv: every key and every number comes back") {
    std::string scratch;
    for (const std::string& key : guild_test::nasty_keys()) {
        for (const gs::point& at : guild_test::nasty_points()) {
            std::string line = csv_of(key, at);
            line.pop_back();
            const auto read = gs::parse_csv_point(line, scratch);
            REQUIRE(read);
            CHECK(read->key == key);
            CHECK(read->at == at);
        }
    }
}

TEST_CASE("csv: quotes may stand around every field, and around none that needs none") {
    std::string scratch;
    const auto read = gs::parse_csv_point(R"("loss","1","2","0.5")", scratch);
    REQUIRE(read);
    CHECK(read->key == "loss");
    CHECK(read->at == gs::point{1, 2, 0.5});
    CHECK(gs::parse_csv_point(",1,2,3", scratch).value().key.empty());
}

TEST_CASE("csv: a mistake is reported at its field") {
    CHECK(csv_refusal("loss") == "4-4: expected key,step,time_us,value, saw the end of the line");
    CHECK(csv_refusal("loss,1,2") ==
          "8-8: expected key,step,time_us,value, saw the end of the line");
    CHECK(csv_refusal("loss,x,2,3") == "5-6: step: expected a whole number of 64 bits, saw x");
    CHECK(csv_refusal("loss,1.0,2,3") == "5-8: step: expected a whole number of 64 bits, saw 1.0");
    CHECK(csv_refusal("loss,,2,3") == "5-5: step: expected a whole number of 64 bits, saw nothing");
    CHECK(csv_refusal("loss,1,\"t\",3") ==
          "7-10: time_us: expected a whole number of 64 bits, saw t");
    CHECK(csv_refusal("loss,1,2,") == "9-9: value: expected a number, saw nothing");
    CHECK(csv_refusal("loss,1,2,null") == "9-13: value: expected a number, saw null");
    CHECK(csv_refusal("loss,1,2,3,4") ==
          "10-11: expected the end of the line behind the value, saw a comma");
    CHECK(csv_refusal("a\"b,1,2,3") ==
          "1-2: expected a field that begins with a quote, saw one inside");
    CHECK(csv_refusal("\"ab,1,2,3") ==
          "0-9: expected a quote at the end of the field, saw the end of the line");
    CHECK(csv_refusal("\"a\"b,1,2,3") ==
          "3-4: expected a comma behind the quoted field, saw another byte");
}

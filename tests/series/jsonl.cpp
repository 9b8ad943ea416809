#include <guild/series/jsonl.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "support/nasty_numbers.hpp"

namespace gs = guild::series;

namespace {

std::string json_of(std::string_view key, const gs::point& at) {
    std::string out;
    gs::append_json_point(out, key, at);
    return out;
}

// "begin: message" of a line that must be refused.
std::string json_refusal(std::string_view line) {
    std::string scratch;
    const auto read = gs::parse_json_point(line, scratch);
    return read ? "read" : std::to_string(read.error().where.begin) + ": " + read.error().message;
}

gs::number json_value(std::string_view value) {
    std::string scratch;
    return gs::parse_json_point(
               R"({"key":"a","step":1,"time_us":2,"value":)" + std::string(value) + "}", scratch)
        .value()
        .at.value;
}

}  // namespace

TEST_CASE("jsonl: lines, by hand") {
    CHECK(json_of("loss", {1, 1'700'000'000'000'000, 0.5}) ==
          "{\"key\":\"loss\",\"step\":1,\"time_us\":1700000000000000,\"value\":0.5}\n");
    CHECK(json_of("a\"\\\n\x01", {-1, 0, 5}) ==
          "{\"key\":\"a\\\"\\\\\\n\\u0001\",\"step\":-1,\"time_us\":0,\"value\":5}\n");
    CHECK(json_of("\xFFz", {0, 0, 5.0}) ==
          "{\"key\":\"\xEF\xBF\xBDz\",\"key_base64\":\"/3o=\",\"step\":0,\"time_us\":0,"
          "\"value\":5.0}\n");
    constexpr std::int64_t large = std::int64_t{1} << 53;
    CHECK(json_of("k", {large + 1, -large, -large - 1}) ==
          "{\"key\":\"k\",\"step\":\"9007199254740993\",\"time_us\":-9007199254740992,"
          "\"value\":\"-9007199254740993\"}\n");
}

TEST_CASE("jsonl: numbers that JSON does not have are strings") {
    const auto text_of = [](std::uint64_t bits) {
        const std::string line =
            json_of("k", {0, 0, gs::number::from_bits(gs::number_kind::real, bits)});
        return line.substr(line.rfind(':') + 1);
    };
    CHECK(text_of(0x7FF0000000000000U) == "\"Infinity\"}\n");
    CHECK(text_of(0xFFF0000000000000U) == "\"-Infinity\"}\n");
    CHECK(text_of(0x7FF8000000000000U) == "\"NaN\"}\n");
    CHECK(text_of(0x7FF0000000000001U) == "\"NaN(0x7ff0000000000001)\"}\n");
}

TEST_CASE("jsonl: every key and every number comes back") {
    std::string scratch;
    for (const std::string& key : guild_test::nasty_keys()) {
        for (const gs::point& at : guild_test::nasty_points()) {
            const std::string line = json_of(key, at);
            const auto read = gs::parse_json_point(line.substr(0, line.size() - 1), scratch);
            REQUIRE(read);
            CHECK(read->key == key);
            CHECK(read->at == at);
        }
    }
}

TEST_CASE("jsonl: members come in any order, others are passed over") {
    std::string scratch;
    const auto read = gs::parse_json_point(
        "\t{ \"value\" : 0.5 , \"more\": {\"a\": [1, {}, \"}\\\"\", null], \"b\": {}}, "
        "\"step\":\"7\","
        "\"x\":true, \"time_us\": 2 , \"key_base64\":\"/w==\", \"key\":\"?\" } \r",
        scratch);
    REQUIRE(read);
    CHECK(read->key == "\xFF");
    CHECK(read->at == gs::point{7, 2, 0.5});
}

TEST_CASE("jsonl: escapes mean what JSON says") {
    std::string scratch;
    const auto key_of = [&](std::string_view text) {
        return std::string(gs::parse_json_point("{\"key\":\"" + std::string(text) +
                                                    R"(","step":1,"time_us":2,"value":3})",
                                                scratch)
                               .value()
                               .key);
    };
    CHECK(key_of(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
    CHECK(key_of(R"(\u0041\u00e4\u20AC\ud83d\ude00)") == "A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
    CHECK(key_of(R"(a\u0000b)") == std::string("a\0b", 3));
}

TEST_CASE("jsonl: numbers may be bare or strings, as Python writes them too") {
    CHECK(json_value("5") == gs::number(5));
    CHECK(json_value("5.0") == gs::number(5.0));
    CHECK(json_value("5e0") == gs::number(5.0));
    CHECK(json_value("\"5\"") == gs::number(5));
    for (const std::string_view text : {"NaN", "\"NaN\"", "\"nan\""}) {
        CHECK(json_value(text).bits() == 0x7FF8000000000000U);
    }
    for (const std::string_view text : {"-Infinity", "\"-Infinity\"", "\"-inf\""}) {
        CHECK(json_value(text).bits() == 0xFFF0000000000000U);
    }
}

TEST_CASE("jsonl: a mistake is reported at its byte") {
    CHECK(json_refusal("[1]") == "0: expected a JSON object, saw [1]");
    CHECK(json_refusal("{}") == "1: expected a member \"key\", saw }");
    CHECK(json_refusal(R"({"key":"a","time_us":2,"value":3})") ==
          "32: expected a member \"step\", saw }");
    CHECK(json_refusal(R"({"key":"a","step":1,"time_us":2})") ==
          "31: expected a member \"value\", saw }");
    CHECK(json_refusal(R"({"key":5,"step":1,"time_us":2,"value":3})") ==
          "7: expected the key, in quotes, saw \"5,\\\"step\\\":1,\\\"\"");
    CHECK(json_refusal(R"({"key":"a","step":1.5,"time_us":2,"value":3})") ==
          "18: step: expected a whole number of 64 bits, saw 1.5");
    CHECK(json_refusal(R"({"key":"a","step":1,"time_us":2,"value":null})") ==
          "40: value: expected a number, saw null");
    CHECK(json_refusal(R"({"key":"a","step":1,"time_us":2,"value":3)") ==
          "41: expected a comma or } behind the member, saw the end of the line");
    CHECK(json_refusal(R"({"key":"a","step":1,"time_us":2,"value":3} x)") ==
          "43: expected the end of the line behind the object, saw x");
    CHECK(json_refusal(R"({"key":"a","step":1,"time_us":2,"value":3,})") ==
          "42: expected the name of a member, in quotes, saw }");
    CHECK(json_refusal(R"({"key" "a"})") ==
          "7: expected a colon behind the name, saw \"\\\"a\\\"}\"");
    CHECK(json_refusal(R"({"key":"a)") ==
          "7: expected a quote at the end of the string, saw \"\\\"a\"");
    CHECK(json_refusal(R"({"key":"\x"})") ==
          "8: expected one of the escapes of JSON, saw \"\\\\x\\\"}\"");
    CHECK(json_refusal(R"({"key":"\ud800x"})").substr(0, 34) ==
          "8: expected one of the escapes of ");
    CHECK(json_refusal(R"({"key":"\udc00"})").substr(0, 34) ==
          "8: expected one of the escapes of ");
    CHECK(json_refusal("{\"key\":\"\x01\"}").substr(0, 40) ==
          "8: expected \\u00XX for a control charact");
    CHECK(json_refusal("{\"key\":\"\xFF\"}").substr(0, 30) == "8: expected UTF-8 in a string,");
    CHECK(json_refusal(R"({"key_base64":"/w="})").substr(0, 31) ==
          "14: expected the key in base64,");
    CHECK(json_refusal(R"({"x":)" + std::string(100'000, '[')).substr(0, 45) ==
          "69: expected at most 64 levels of objects and");
}

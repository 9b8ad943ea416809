#include <guild/series/text_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/nasty_numbers.hpp"

namespace gs = guild::series;

namespace {

using read_points = std::vector<std::pair<std::string, gs::point>>;

// All points of a text that comes in pieces of `size` bytes, and the error that ended it.
struct text_outcome {
    read_points points;
    std::string failure;
};

text_outcome read_text(std::string_view text, gs::text_format format, std::size_t size = 1 << 20) {
    text_outcome out;
    gs::text_reader reader(format, "x");
    bool is_over = false;
    while (!is_over) {
        is_over = text.empty();
        if (is_over) {
            reader.end();
        } else {
            reader.add(text.substr(0, size));
            text.remove_prefix(std::min(size, text.size()));
        }
        gs::keyed_point found;
        auto is_there = reader.next(found);
        for (; is_there && *is_there; is_there = reader.next(found)) {
            out.points.emplace_back(found.key, found.at);
        }
        if (!is_there) {
            out.failure = guild::to_string(is_there.error());
            return out;
        }
    }
    return out;
}

std::string csv_failure(std::string_view text) {
    return read_text(text, gs::text_format::csv).failure;
}

}  // namespace

TEST_CASE("text reader: the pieces in which a text comes do not matter") {
    read_points wanted;
    std::string csv = std::string(gs::csv_header) + '\n';
    std::string jsonl;
    for (const std::string& key : guild_test::nasty_keys()) {
        for (const gs::point& at : guild_test::nasty_points()) {
            wanted.emplace_back(key, at);
            gs::append_csv_point(csv, key, at);
            gs::append_json_point(jsonl, key, at);
        }
    }
    for (const std::size_t size : {1U, 2U, 3U, 7U, 100U, 4096U, 1U << 20U}) {
        CHECK(read_text(csv, gs::text_format::csv, size).points == wanted);
        CHECK(read_text(jsonl, gs::text_format::jsonl, size).points == wanted);
    }
}

TEST_CASE("text reader: header, byte order mark, empty lines and returns are passed over") {
    const read_points wanted = {{"a", {1, 2, 3}}, {"b", {4, 5, 6.0}}};
    for (const std::string_view text :
         {"a,1,2,3\nb,4,5,6.0\n", "key,step,time_us,value\na,1,2,3\nb,4,5,6.0\n",
          "\xEF\xBB\xBFkey,step,time_us,value\r\na,1,2,3\r\n\r\nb,4,5,6.0\r\n\r\n",
          "\xEF\xBB\xBF"
          "a,1,2,3\n\n\nb,4,5,6.0\n"}) {
        const auto read = read_text(text, gs::text_format::csv);
        CHECK(read.failure.empty());
        CHECK(read.points == wanted);
    }
    const std::string a = R"({"key":"a","step":1,"time_us":2,"value":3})";
    const std::string b = R"({"key":"b","step":4,"time_us":5,"value":6.0})";
    CHECK(read_text(a + "\n \t\n" + b, gs::text_format::jsonl).points == wanted);
    CHECK(read_text("\xEF\xBB\xBF" + a + "\r\n" + b + "\r\n", gs::text_format::jsonl).points ==
          wanted);
    CHECK(read_text("", gs::text_format::csv).failure.empty());
    CHECK(read_text("key,step,time_us,value", gs::text_format::csv).failure.empty());
}

TEST_CASE("text reader: errors have line and column, also behind line feeds in quotes") {
    CHECK(csv_failure("a,1,2,3\nb,4,five,6\n") ==
          "x:2:5: time_us: expected a whole number of 64 bits, saw five");
    CHECK(csv_failure("\"a\nb\",1,2,3\nb,4,5,six\n") == "x:3:7: value: expected a number, saw six");
    CHECK(csv_failure("\"a\nb\",1,2,x\n") == "x:2:8: value: expected a number, saw x");
    CHECK(csv_failure("step,loss\n1,0.5\n") ==
          "x:1:6: step: expected a whole number of 64 bits, saw loss (the first line is neither "
          "key,step,time_us,value nor a point)");
    CHECK(csv_failure("\xEF\xBB\xBF"
                      "a,x\n")
              .substr(0, 6) == "x:1:6:");
    const auto json =
        read_text("{\"key\":\"a\",\"step\":1,\"time_us\":2,\"value\":3}\n\n{\"key\":5}\n",
                  gs::text_format::jsonl);
    CHECK(json.points.size() == 1);
    CHECK(json.failure == "x:3:8: expected the key, in quotes, saw 5}");
}

TEST_CASE("text reader: an error stays, and says where it is in bytes") {
    gs::text_reader reader(gs::text_format::csv, "x");
    reader.add("a,1,2,3\nb,4,five,6\nc,7,8,9\n");
    gs::keyed_point found;
    CHECK(reader.next(found).value());
    CHECK(guild::to_string(reader.at_point(guild::errc::too_large, "no")) == "x:1:1: no");
    const auto failed = reader.next(found);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().where.begin == 12);
    CHECK(failed.error().where.end == 16);
    CHECK(guild::to_string(reader.next(found).error()) == guild::to_string(failed.error()));
}

TEST_CASE("text reader: a CSV text without a last line feed may be cut") {
    const auto read = read_text("a,1,2,3\nb,4,5,0.12", gs::text_format::csv);
    CHECK(read.points.size() == 1);
    CHECK(read.failure ==
          "x:2:11: expected a line feed behind the value, saw the end: it may be cut");
    CHECK(csv_failure("a,1,2,3\n\"b,4,5,6\n") ==
          "x:2:1: expected a quote at the end of the field, saw the end of the line (the last line "
          "has no line feed: it may be cut)");
}

TEST_CASE("text reader: a line that has no end takes no more than its limit of memory") {
    for (const std::string_view begin : {"a", "\"", "{"}) {
        gs::text_reader reader(begin == "{" ? gs::text_format::jsonl : gs::text_format::csv, "x");
        gs::keyed_point found;
        reader.add(begin);
        std::size_t added = 0;
        auto is_there = reader.next(found);
        for (; is_there && added < (std::size_t{2} << 20U); is_there = reader.next(found)) {
            reader.add(std::string(65536, begin == "\"" ? '\n' : 'x'));
            added += 65536;
        }
        REQUIRE_FALSE(is_there);
        CHECK(is_there.error().code == guild::errc::too_large);
        CHECK(is_there.error().where.line == 1);
        CHECK(added <= gs::max_text_line_bytes + 65536);
    }
}

TEST_CASE("guess_text_format: braces mean JSON") {
    CHECK(gs::guess_text_format("{\"key\"") == gs::text_format::jsonl);
    CHECK(gs::guess_text_format("\xEF\xBB\xBF \n{") == gs::text_format::jsonl);
    CHECK(gs::guess_text_format("key,step") == gs::text_format::csv);
    CHECK(gs::guess_text_format("\"{\",1") == gs::text_format::csv);
    CHECK(gs::guess_text_format("") == gs::text_format::csv);
}

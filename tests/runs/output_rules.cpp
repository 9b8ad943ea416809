#include <guild/runs/output_rules.hpp>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using namespace guild::runs;

namespace {

output_rule rule_of(const std::string& name, const std::string& expression) {
    auto parsed = guild::pattern::parse(expression);
    REQUIRE(parsed);
    return {name, *parsed};
}

output_line plain_line(std::string_view text, std::int64_t time_us = 7) {
    output_line line;
    line.text = text;
    line.time_us = time_us;
    return line;
}

// "step@time key=value ..." for each frame.
std::vector<std::string> read_line(output_values& values, const output_line& line) {
    std::vector<std::string> found;
    values.read(line, [&](const output_frame& frame) {
        std::string text = std::to_string(frame.step) + '@' + std::to_string(frame.time_us);
        for (const auto& [key, number] : frame.values) {
            text += ' ' + values.keys()[key] + '=' +
                    (number.is_integer() ? std::to_string(number.as_int64())
                                         : guild::format_double(number.as_double()));
        }
        found.push_back(text);
    });
    return found;
}

std::vector<std::string> read_text(output_values& values, const std::string& text) {
    return read_line(values, plain_line(text));
}

using frame_texts = std::vector<std::string>;

}  // namespace

TEST_CASE("output values: each named group is a value of a series") {
    output_values values(
        {rule_of("train", "step (?P<step>\\d+).* loss (?P<loss>\\S+)(?: acc (?P<acc>\\S+))?")});
    CHECK(values.keys() == frame_texts{"output/train/loss", "output/train/acc"});
    CHECK(read_text(values, "step 20, loss 0.25 acc 0.5") ==
          frame_texts{"20@7 output/train/loss=0.25 output/train/acc=0.5"});
    CHECK(read_text(values, "Epoch 1: step 30: loss 1e-3") ==
          frame_texts{"30@7 output/train/loss=0.001"});
    CHECK(read_text(values, "nothing here").empty());
    CHECK(values.counts()[0].lines == 2);
    CHECK(values.counts()[0].points == 3);
    CHECK(values.counts()[0].unread == 0);
}

TEST_CASE("output values: without a step the values are counted") {
    output_values values({rule_of("", "lr=(?P<lr>\\S+)")});
    CHECK(read_text(values, "lr=0.5") == frame_texts{"0@7 output/lr=0.5"});
    CHECK(read_text(values, "lr=none").empty());
    CHECK(read_text(values, "lr=0.25") == frame_texts{"1@7 output/lr=0.25"});
    CHECK(values.counts()[0].unread == 1);
}

TEST_CASE("output values: a step that is no whole number makes the match void") {
    output_values values({rule_of("a", "(?P<step>\\S+) (?P<x>\\S+)")});
    CHECK(read_text(values, "1.5 2").empty());
    CHECK(read_text(values, "one 2").empty());
    CHECK(read_text(values, "1e20 2").empty());
    CHECK(read_text(values, "1e3 2") == frame_texts{"1000@7 output/a/x=2"});
    CHECK(read_text(values, "-4 2") == frame_texts{"-4@7 output/a/x=2"});
    CHECK(values.counts()[0].lines == 5);
    CHECK(values.counts()[0].unread == 3);
}

TEST_CASE("output values: a time in the line counts more than when it was read") {
    output_values values({rule_of("a", "(?P<time>\\S+) x=(?P<x>\\S+)")});
    CHECK(read_text(values, "1500000000.25 x=1") == frame_texts{"0@1500000000250000 output/a/x=1"});
    CHECK(read_text(values, "2017-07-14T02:40:00Z x=1") ==
          frame_texts{"1@1500000000000000 output/a/x=1"});
    CHECK(read_text(values, "yesterday x=1") == frame_texts{"2@7 output/a/x=1"});
    CHECK(values.counts()[0].unread == 1);
    output_line unknown = plain_line("yesterday x=1");
    unknown.time_us.reset();
    CHECK(read_line(values, unknown) == frame_texts{"3@7 output/a/x=1"});
}

TEST_CASE("output values: colours and control characters do not hide a number") {
    output_values values({rule_of("a", "loss: (?P<loss>[-+.0-9e]+)$")});
    CHECK(read_text(values, "\x1B[1mloss:\x1B[0m 0.5\x08") == frame_texts{"0@7 output/a/loss=0.5"});
}

TEST_CASE("output values: every rule is tried, and takes the first match of a line") {
    output_values values({rule_of("a", "x=(?P<x>\\d+)"), rule_of("b", "(?P<y>\\d+)$")});
    CHECK(read_text(values, "x=1 x=2") == frame_texts{"0@7 output/a/x=1", "0@7 output/b/y=2"});
}

TEST_CASE("output values: a line that is cut is passed over") {
    output_values values({rule_of("a", "(?P<x>\\d+)")});
    output_line line = plain_line("12");
    line.is_cut = true;
    CHECK(read_line(values, line).empty());
    CHECK(values.cut_lines() == 1);
}

TEST_CASE("output numbers: doubles, integers beyond them, nan, inf") {
    CHECK(find_output_number(" 12 ") == guild::series::number(12.0));
    CHECK(find_output_number("9007199254740993") ==
          guild::series::number(std::int64_t{9'007'199'254'740'993}));
    CHECK(find_output_number("1e300") == guild::series::number(1e300));
    CHECK(std::isnan(find_output_number("NaN")->as_double()));
    CHECK(find_output_number("-inf") == guild::series::number(-HUGE_VAL));
    CHECK_FALSE(find_output_number("1,5"));
    CHECK_FALSE(find_output_number(""));
}

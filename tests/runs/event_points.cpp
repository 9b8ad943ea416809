#include <guild/runs/event_points.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/os/file.hpp>
#include <guild/tfevents/record.hpp>

#include "support/temp_dir.hpp"

namespace runs = guild::runs;
namespace gs = guild::series;
namespace tf = guild::tfevents;

namespace {

using event_point_list = std::vector<std::pair<std::string, gs::point>>;

std::string record_of_value(const tf::encoded_value& value, std::int64_t step = 1) {
    std::string payload;
    tf::append_value_event(payload, 2.5, step, value);
    std::string record;
    tf::append_record(record, payload);
    return record;
}

std::string simple_record(std::string_view tag, float value) {
    std::string payload;
    tf::append_simple_event(payload, 2.5, 1, tag, value);
    std::string record;
    tf::append_record(record, payload);
    return record;
}

struct events_outcome {
    event_point_list points;
    runs::event_points_report report;
    std::string failure;
};

events_outcome read_points_of(const std::string& path) {
    events_outcome out;
    const auto read = runs::for_each_event_point(path, [&](const gs::keyed_point& each) {
        out.points.emplace_back(each.key, each.at);
        return guild::result<void>();
    });
    if (read) {
        out.report = *read;
    } else {
        out.failure = guild::to_string(read.error());
    }
    return out;
}

constexpr std::int64_t at_us = 2'500'000;

}  // namespace

TEST_CASE("event points: integers, doubles and odd keys come back") {
    const guild_test::temp_dir dir;
    const std::string scalar = tf::encode_metadata("scalars", {}, tf::data_class::scalar);
    const std::string key =
        tf::encode_metadata(runs::event_key_plugin, "\xFF", tf::data_class::unknown);
    const std::string large = tf::encode_number_tensor({true, 9007199254740993U});
    const std::string tenth = tf::encode_number_tensor({false, guild::double_bits(0.1)});
    const std::string path = dir.write(
        "tfevents.1", record_of_value({"t", scalar, large}) + record_of_value({"t", {}, tenth}) +
                          record_of_value({"s", {}, tenth, 0.1F}) + simple_record("s", 0.1F) +
                          record_of_value({"odd", key, {}, 1.0F}) + simple_record("odd", 2.0F));
    const auto read = read_points_of(path);
    CHECK(read.failure.empty());
    CHECK(read.report.files == 1);
    CHECK(read.points == event_point_list{{"t", {1, at_us, std::int64_t{9007199254740993}}},
                                          {"t", {1, at_us, 0.1}},
                                          {"s", {1, at_us, 0.1}},
                                          {"s", {1, at_us, 0.1F}},
                                          {"\xFF", {1, at_us, 1.0}},
                                          {"\xFF", {1, at_us, 2.0}}});
}

TEST_CASE("event points: a tensor that says another number than the value behind it is not taken") {
    const guild_test::temp_dir dir;
    const std::string tensor = tf::encode_number_tensor({true, 7});
    const auto read =
        read_points_of(dir.write("tfevents.1", record_of_value({"t", {}, tensor, 8.0F})));
    CHECK(read.points == event_point_list{{"t", {1, at_us, 8.0}}});
}

TEST_CASE("event points: what is no scalar is passed by") {
    const guild_test::temp_dir dir;
    const std::string text = tf::encode_metadata("text", {}, tf::data_class::tensor);
    const auto read = read_points_of(dir.write(
        "tfevents.1", record_of_value({"note", text, tf::encode_string_tensor({"x"}, false)}) +
                          record_of_value({"plain", {}, tf::encode_number_tensor({true, 7})}) +
                          simple_record("a", 1.0F)));
    CHECK(read.points == event_point_list{{"a", {1, at_us, 1.0}}});
}

TEST_CASE("event points: of a directory, tags of directories below it have those before them") {
    const guild_test::temp_dir dir;
    (void)dir.write("logs/tfevents.2", simple_record("a", 2.0F));
    (void)dir.write("logs/tfevents.1", simple_record("a", 1.0F));
    (void)dir.write("logs/train/x/tfevents", simple_record("a", 3.0F));
    (void)dir.write("logs/other", "no event file");
    const auto read = read_points_of(dir / "logs");
    CHECK(read.report.files == 3);
    CHECK(read.points == event_point_list{{"a", {1, at_us, 1.0}},
                                          {"a", {1, at_us, 2.0}},
                                          {"train/x/a", {1, at_us, 3.0}}});
}

TEST_CASE("event points: damage is an error with its bytes, a cut end is not") {
    const guild_test::temp_dir dir;
    const std::string whole = simple_record("a", 1.0F);
    std::string bad = whole + whole + whole;
    bad[whole.size() + 20] = static_cast<char>(bad[whole.size() + 20] ^ 1);
    const std::string path = dir.write("tfevents.1", bad);
    const auto damaged = read_points_of(path);
    CHECK(damaged.failure.find(path + "@" + std::to_string(whole.size())) == 0);
    const auto cut = read_points_of(dir.write("tfevents.2", whole + whole.substr(0, 20)));
    CHECK(cut.failure.empty());
    CHECK(cut.points.size() == 1);
    CHECK(cut.report.tail_bytes == 20);
}

TEST_CASE("event points: a path without event files says so") {
    const guild_test::temp_dir dir;
    CHECK(read_points_of(dir.path()).failure ==
          dir.path() + ": expected event files in it, seen none");
    CHECK(read_points_of(dir / "none").failure.find("(2)") != std::string::npos);
}

TEST_CASE("event points: stops where the function that takes them says so") {
    const guild_test::temp_dir dir;
    const std::string path =
        dir.write("tfevents.1", simple_record("a", 1.0F) + simple_record("b", 1.0F));
    int calls = 0;
    const auto read = runs::for_each_event_point(path, [&](const gs::keyed_point&) {
        ++calls;
        return guild::result<void>(guild::make_error(guild::errc::no_space, "full"));
    });
    CHECK(calls == 1);
    REQUIRE_FALSE(read);
    CHECK(read.error().message == "full");
}

// tests/support/event_files.hpp - the shared event files, and numbers to compare with what an
// independent decoder found in them (expected.jsonl). Empty where nlohmann/json.hpp is missing.
#pragma once

#if __has_include(<nlohmann/json.hpp>)
#define GUILD_TEST_HAS_JSON 1

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include <guild/base/bytes.hpp>
#include <guild/base/path.hpp>
#include <guild/tfevents/reader.hpp>

#include <doctest/doctest.h>

namespace guild_test {

namespace tf = guild::tfevents;
using nlohmann::json;

// FNV-1a 64 over step, value and wall time of every point, as expected.jsonl defines it.
class fingerprint {
public:
    void add(const tf::scalar& point) {
        constexpr std::uint64_t one_nan = 0x7FF8000000000000U;
        add_word(static_cast<std::uint64_t>(point.step));
        add_word(std::isnan(point.value) ? one_nan : guild::double_bits(point.value));
        add_word(guild::double_bits(point.wall_time));
    }
    [[nodiscard]] std::string text() const {
        char digits[20] = {};
        std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash_));
        return digits;
    }

private:
    void add_word(std::uint64_t word) {
        for (int i = 0; i < 8; ++i) {
            hash_ = (hash_ ^ ((word >> (8 * i)) & 0xFFU)) * 1099511628211U;
        }
    }
    std::uint64_t hash_ = 14695981039346656037U;
};

struct tag_numbers {
    std::uint64_t count = 0, nan = 0, inf = 0;
    std::int64_t first_step = 0, last_step = 0, min_step = 0, max_step = 0;
    double first_value = 0, last_value = 0, min = std::numeric_limits<double>::infinity(),
           max = -std::numeric_limits<double>::infinity(), sum = 0, last_wall = 0;
    fingerprint print;

    void add(const tf::scalar& point) {
        if (count++ == 0) {
            first_step = min_step = max_step = point.step;
            first_value = point.value;
        }
        last_step = point.step;
        min_step = std::min(min_step, point.step);
        max_step = std::max(max_step, point.step);
        last_value = point.value;
        last_wall = point.wall_time;
        if (std::isfinite(point.value)) {
            sum += point.value;
            min = std::min(min, point.value);
            max = std::max(max, point.value);
        } else {
            ++(std::isnan(point.value) ? nan : inf);
        }
        print.add(point);
    }
};

inline std::string data_directory() {
    const char* given = std::getenv("GUILD_SHARED_DATA");
    return guild::join_path(given != nullptr ? given : GUILD_SHARED_DATA, "event-files");
}

inline bool equal(double value, const json& expected) {
    if (expected.is_null()) {
        return true;
    }
    if (expected.is_string()) {
        const auto text = expected.get<std::string>();
        return text == "NaN" || text == "nan" ? std::isnan(value) : std::isinf(value);
    }
    const double wanted = expected.get<double>();
    return value == wanted || (std::isnan(value) && std::isnan(wanted));
}

/// What a reader finds in one file.
struct file_result {
    tf::reader_counters counters;
    std::map<std::string, tag_numbers> tags;
};

/// What differs from a row of expected.jsonl about a file, or about a tag of one: names and
/// numbers.
inline std::string file_difference(const file_result& got, const json& row) {
    const tf::reader_counters& c = got.counters;
    const std::pair<const char*, std::uint64_t> numbers[] = {
        {"records", c.records},           {"truncated", c.tail_bytes != 0 ? 1U : 0U},
        {"tail_bytes", c.tail_bytes},     {"bad_len_crc", c.bad_lengths},
        {"zero_header", c.holes},         {"bad_data_crc", c.bad_payloads},
        {"bad_proto", c.bad_events},      {"nan_wall", c.nan_times},
        {"scalar_tags", got.tags.size()}, {"scalar_points", c.scalars},
    };
    std::string different;
    for (const auto& [name, number] : numbers) {
        if (row.at(name).get<std::uint64_t>() != number) {
            different += std::string(" ") + name + "=" + std::to_string(number);
        }
    }
    json events = json::object();
    for (std::size_t kind = 0; kind < tf::event_kind_count; ++kind) {
        if (c.events[kind] != 0) {
            events[std::string(to_string(static_cast<tf::event_kind>(kind)))] = c.events[kind];
        }
    }
    return events == row.at("events") ? different : different + " events=" + events.dump();
}

inline std::string tag_difference(const tag_numbers& got, const json& row) {
    std::string different;
    const auto check = [&](bool same, const char* name) {
        different += same ? std::string() : std::string(" ") + name;
    };
    check(got.count == row.at("count").get<std::uint64_t>(), "count");
    check(got.nan == row.at("nan").get<std::uint64_t>(), "nan");
    check(got.inf == row.at("inf").get<std::uint64_t>(), "inf");
    check(got.first_step == row.at("first_step").get<std::int64_t>(), "first_step");
    check(got.last_step == row.at("last_step").get<std::int64_t>(), "last_step");
    check(got.min_step == row.at("min_step").get<std::int64_t>(), "min_step");
    check(got.max_step == row.at("max_step").get<std::int64_t>(), "max_step");
    check(equal(got.first_value, row.at("first_value")), "first_value");
    check(equal(got.last_value, row.at("last_value")), "last_value");
    check(equal(got.min, row.at("min")), "min");
    check(equal(got.max, row.at("max")), "max");
    check(equal(got.sum, row.at("sum")), "sum");
    check(equal(got.last_wall, row.at("last_wall")), "last_wall");
    check(got.print.text() == row.at("fnv64").get<std::string>(), "fnv64");
    return different;
}

inline file_result read_file(const std::string& path) {
    file_result got;
    auto reader = tf::reader::open(path);
    REQUIRE_MESSAGE(reader.has_value(), path);
    tf::scalar point;
    while (reader->next(point)) {
        got.tags[std::string(point.tag)].add(point);
    }
    got.counters = reader->counters();
    return got;
}

}  // namespace guild_test

#endif

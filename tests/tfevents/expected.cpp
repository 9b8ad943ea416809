// Reads every shared event file and compares with what an independent decoder found in it.
#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/reader.hpp>

#include <doctest/doctest.h>

#if __has_include(<nlohmann/json.hpp>)

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <guild/base/bytes.hpp>
#include <guild/base/path.hpp>
#include <guild/os/file.hpp>

namespace tf = guild::tfevents;
using nlohmann::json;

namespace {

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
    double first_value = 0, last_value = 0, min = INFINITY, max = -INFINITY, sum = 0, last_wall = 0;
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

struct file_result {
    tf::reader_counters counters;
    std::map<std::string, tag_numbers> tags;
};

std::string data_directory() {
    const char* given = std::getenv("GUILD_SHARED_DATA");
    return guild::join_path(given != nullptr ? given : GUILD_SHARED_DATA, "event-files");
}

bool equal(double value, const json& expected) {
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

std::string file_difference(const file_result& got, const json& row) {
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

std::string tag_difference(const tag_numbers& got, const json& row) {
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

file_result read_all(const std::string& path) {
    file_result got;
    auto reader = tf::reader::open(path);
    REQUIRE_MESSAGE(reader.has_value(), path);
    tf::scalar point;
    while (reader->next(point)) {
        got.tags[point.tag].add(point);
    }
    got.counters = reader->counters();
    return got;
}

}  // namespace

TEST_CASE("reader: every shared event file gives the numbers of an independent decoder") {
    const std::string root = data_directory();
    const auto expected = guild::os::load_file(guild::join_path(root, "expected.jsonl"));
    if (!expected) {
        MESSAGE("skipped: no event files at " << root);
        return;
    }
    std::istringstream lines(*expected);
    std::map<std::string, file_result> files;
    std::map<std::string, std::string> different;
    std::size_t file_rows = 0;
    std::size_t tag_rows = 0;
    for (std::string line; std::getline(lines, line);) {
        const json row = json::parse(line);
        const auto type = row.at("t").get<std::string>();
        if (type != "file" && type != "tag") {
            continue;
        }
        const auto path = row.at("path").get<std::string>();
        if (files.find(path) == files.end()) {
            files[path] = read_all(guild::join_path(root, path));
        }
        const file_result& got = files[path];
        if (type == "file") {
            ++file_rows;
            different[path] += file_difference(got, row);
            continue;
        }
        ++tag_rows;
        const auto tag = row.at("tag").get<std::string>();
        const auto found = got.tags.find(tag);
        const std::string wrong =
            found == got.tags.end() ? " missing" : tag_difference(found->second, row);
        different[path] += wrong.empty() ? wrong : " [" + tag + "]" + wrong;
    }
    std::size_t equal_files = 0;
    for (const auto& [path, what] : different) {
        equal_files += what.empty() ? 1U : 0U;
        CHECK_MESSAGE(what.empty(), path << ":" << what);
    }
    CHECK(file_rows == 229);
    CHECK(tag_rows == 520);
    CHECK(equal_files == file_rows);
}

TEST_CASE("directory reader: every shared run gives the numbers of an independent decoder") {
    const std::string root = data_directory();
    const auto expected = guild::os::load_file(guild::join_path(root, "expected.jsonl"));
    if (!expected) {
        MESSAGE("skipped: no event files at " << root);
        return;
    }
    std::map<std::pair<std::string, std::string>, tag_numbers> got;
    tf::directory_reader reader(root);
    reader.poll(
        [&](const std::string& run, const tf::scalar& point) { got[{run, point.tag}].add(point); });
    CHECK(reader.file_count() == 229);
    std::istringstream lines(*expected);
    std::size_t rows = 0;
    for (std::string line; std::getline(lines, line);) {
        const json row = json::parse(line);
        if (row.at("t") != "run") {
            continue;
        }
        ++rows;
        const auto run = row.at("run").get<std::string>();
        const auto tag = row.at("tag").get<std::string>();
        CAPTURE(run);
        CAPTURE(tag);
        const tag_numbers& series = got[{run, tag}];
        CHECK(series.count == row.at("count").get<std::uint64_t>());
        CHECK(series.last_step == row.at("last_step").get<std::int64_t>());
        CHECK(equal(series.last_value, row.at("last_value")));
        CHECK(equal(series.sum, row.at("sum")));
        CHECK(series.print.text() == row.at("fnv64").get<std::string>());
    }
    CHECK(rows == got.size());
}

#else

TEST_CASE("reader: the shared event files are compared where nlohmann/json.hpp is installed") {
    MESSAGE("skipped: nlohmann/json.hpp is not installed");
}

#endif

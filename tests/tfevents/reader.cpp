#include <guild/tfevents/reader.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/tfevents/event_encoder.hpp>

#include <support/event_files.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;

namespace {

using points = std::vector<std::pair<std::int64_t, double>>;

std::string record_of(std::string_view payload) {
    std::string out;
    tf::append_record(out, payload);
    return out;
}

std::string scalar_record(std::int64_t step, double value, std::string_view tag = "x") {
    std::string payload;
    tf::append_simple_event(payload, 100.0 + static_cast<double>(step), step, tag,
                            static_cast<float>(value));
    return record_of(payload);
}

std::string version_record() {
    std::string payload;
    tf::append_version_event(payload, 100.0, "test");
    return record_of(payload);
}

// Writes without a rename, as a program that writes an event file does.
void put(const std::string& path, std::string_view bytes) {
    auto file = os::open_file(path, os::open_mode::truncate);
    REQUIRE(file);
    REQUIRE(file->write_all(bytes));
}
void append_to_file(const std::string& path, std::string_view bytes) {
    auto file = os::open_file(path, os::open_mode::append);
    REQUIRE(file);
    REQUIRE(file->write_all(bytes));
}

points drain(tf::reader& reader) {
    points all;
    tf::scalar point;
    while (reader.next(point)) {
        all.emplace_back(point.step, point.value);
    }
    return all;
}

std::string flipped(std::string bytes, std::size_t bit) {
    bytes[bit / 8] =
        static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << (bit % 8)));
    return bytes;
}

// Calls that fail at a chosen count, shared by the functions of one env.
int reads_until_failure = -1;

std::int64_t failing_pread(int fd, void* to, std::size_t size, std::int64_t offset) {
    if (reads_until_failure >= 0 && reads_until_failure-- == 0) {
        return -5;  // EIO
    }
    return os::system_env.pread(fd, to, size, offset);
}

}  // namespace

TEST_CASE("reader: two tags, interleaved") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "events.out.tfevents.1";
    put(path, version_record() + scalar_record(1, 0.5, "a") + scalar_record(1, 2, "b") +
                  scalar_record(2, 0.25, "a"));
    auto reader = tf::reader::open(path);
    REQUIRE(reader);
    tf::scalar point;
    REQUIRE(reader->next(point));
    CHECK(point.tag == "a");
    CHECK(point.step == 1);
    CHECK(point.wall_time == 101.0);
    CHECK(point.value == 0.5);
    REQUIRE(reader->next(point));
    CHECK(point.tag == "b");
    REQUIRE(reader->next(point));
    CHECK(point.step == 2);
    CHECK_FALSE(reader->next(point));
    CHECK(reader->file_version() == "brain.Event:2");
    CHECK(reader->counters().records == 4);
    CHECK(reader->counters().scalars == 3);
    CHECK(reader->bytes_lost() == 0);
    CHECK_FALSE(reader->last_error());
}

TEST_CASE("reader: opening what is not there or not a file is an error") {
    const guild_test::temp_dir dir;
    CHECK(tf::reader::open(dir / "none").error().code == guild::errc::not_found);
    CHECK(tf::reader::open(dir.path()).error().code == guild::errc::bad_value);
}

TEST_CASE("reader: a file is followed byte by byte as it grows") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const std::string bytes = version_record() + scalar_record(1, 1) + scalar_record(2, 2);
    put(path, "");
    tf::reader reader(path);
    points got;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        append_to_file(path, bytes.substr(i, 1));
        for (const auto& point : drain(reader)) {
            got.push_back(point);
        }
        CHECK(reader.bytes_lost() == 0);
    }
    CHECK(got == points{{1, 1}, {2, 2}});
    CHECK(reader.counters().tail_bytes == 0);
}

TEST_CASE("reader: every prefix gives the whole records and counts the tail") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    std::string bytes = version_record();
    std::vector<std::size_t> ends;
    for (int step = 0; step < 20; ++step) {
        bytes += scalar_record(step, step * 0.5);
        ends.push_back(bytes.size());
    }
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        put(path, bytes.substr(0, size));
        tf::reader reader(path);
        const points got = drain(reader);
        std::size_t whole = 0;
        while (whole < ends.size() && ends[whole] <= size) {
            ++whole;
        }
        CHECK(got.size() == whole);
        CHECK(reader.offset() + reader.counters().tail_bytes == size);
        CHECK(reader.bytes_lost() == 0);
        CHECK_FALSE(reader.last_error());
    }
}

TEST_CASE("reader: every flipped bit is noticed, no point is invented") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    std::string bytes = version_record();
    points written;
    for (int step = 0; step < 8; ++step) {
        bytes += scalar_record(step, step * 0.5);
        written.emplace_back(step, step * 0.5);
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        put(path, flipped(bytes, bit));
        tf::reader reader(path);
        const points got = drain(reader);
        std::size_t at = 0;
        for (const auto& point : got) {
            while (at < written.size() && written[at] != point) {
                ++at;
            }
            REQUIRE_MESSAGE(at < written.size(), "invented at bit " << bit);
        }
        const tf::reader_counters counters = reader.counters();
        CHECK(counters.bad_lengths + counters.bad_payloads == 1);
        CHECK(counters.lost_bytes > 0);
        REQUIRE(reader.last_error());
        CHECK(reader.last_error()->where.begin <= bit / 8);
        CHECK(reader.last_error()->where.end > bit / 8);
    }
}

TEST_CASE("reader: a bad payload is stepped over and counted with its place") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const std::string head = version_record() + scalar_record(1, 1);
    const std::string bad = flipped(scalar_record(2, 2), 13 * 8);
    put(path, head + bad + scalar_record(3, 3));
    tf::reader reader(path);
    CHECK(drain(reader) == points{{1, 1}, {3, 3}});
    CHECK(reader.counters().bad_payloads == 1);
    CHECK(reader.bytes_lost() == bad.size());
    REQUIRE(reader.last_error());
    CHECK(reader.last_error()->code == guild::errc::bad_checksum);
    CHECK(reader.last_error()->where.begin == head.size());
    CHECK(reader.last_error()->where.end == head.size() + bad.size());
}

TEST_CASE("reader: a bad payload at the end is read again when the file has changed") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const std::string head = version_record() + scalar_record(1, 1);
    put(path, head + flipped(scalar_record(2, 2), 14 * 8));
    tf::reader reader(path);
    CHECK(drain(reader) == points{{1, 1}});
    CHECK(reader.counters().bad_payloads == 1);
    CHECK(reader.counters().records == 3);
    SUBCASE("and is good now") {
        auto file = os::open_file(path, os::open_mode::read_write);
        REQUIRE(file->write_at(head.size(), scalar_record(2, 2) + scalar_record(3, 3)));
        CHECK(drain(reader) == points{{2, 2}, {3, 3}});
        CHECK(reader.counters().bad_payloads == 0);
        CHECK(reader.bytes_lost() == 0);
    }
    SUBCASE("and is still bad, with more behind it") {
        append_to_file(path, scalar_record(3, 3));
        CHECK(drain(reader) == points{{3, 3}});
        CHECK(reader.counters().bad_payloads == 1);
        CHECK(reader.counters().records == 4);
    }
}

TEST_CASE("reader: stops at a bad length and goes on when it is mended") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const std::string head = version_record() + scalar_record(1, 1);
    const std::string rest = scalar_record(2, 2) + scalar_record(3, 3);
    put(path, head + flipped(rest, 3));
    tf::reader reader(path);
    CHECK(drain(reader) == points{{1, 1}});
    CHECK(reader.counters().bad_lengths == 1);
    CHECK(reader.bytes_lost() == rest.size());
    auto file = os::open_file(path, os::open_mode::read_write);
    REQUIRE(file->write_at(head.size(), rest + scalar_record(4, 4)));
    CHECK(drain(reader) == points{{2, 2}, {3, 3}, {4, 4}});
    CHECK(reader.counters().bad_lengths == 0);
    CHECK(reader.bytes_lost() == 0);
}

TEST_CASE("reader: zeros where a record should be are a hole that may fill") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const std::string head = version_record() + scalar_record(1, 1);
    put(path, head + std::string(4096, '\0'));
    tf::reader reader(path);
    CHECK(drain(reader) == points{{1, 1}});
    CHECK(reader.counters().holes == 1);
    CHECK(reader.bytes_lost() == 0);
    CHECK_FALSE(reader.last_error());
    const std::string filled = scalar_record(2, 2);
    put(path, head + filled);
    CHECK(drain(reader) == points{{2, 2}});
    CHECK(reader.counters().holes == 0);
}

TEST_CASE("reader: a huge length with a good checksum is not believed") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    std::string head;
    guild::append_le(head, std::uint64_t{1} << 50U);
    guild::append_le(head, guild::mask_crc32c(guild::crc32c(head)));
    put(path, version_record() + head + std::string(1000, 'x'));
    tf::reader reader(path);
    CHECK(drain(reader).empty());
    CHECK(reader.counters().bad_lengths == 1);
    CHECK(reader.bytes_lost() == 1012);
}

TEST_CASE("reader: a record over every limit that is really there is read all the same") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    std::string summary;
    std::string image;
    tf::append_bytes_field(image, 4, std::string(5000, 'x'));
    tf::append_bytes_field(summary, 1, image);
    std::string value;
    tf::append_bytes_field(value, 1, "beside");
    tf::append_float_field(value, 2, 7);
    tf::append_bytes_field(summary, 1, value);
    std::string payload;
    tf::append_double_field(payload, 1, 1.0);
    tf::append_varint_field(payload, 2, 5);
    tf::append_bytes_field(payload, 5, summary);
    put(path, scalar_record(1, 1) + record_of(payload) + scalar_record(2, 2));
    tf::reader_options options;
    options.max_record_bytes = options.held_record_bytes = 1000;
    tf::reader reader(path, options);
    CHECK(drain(reader) == points{{1, 1}, {5, 7}, {2, 2}});
    CHECK(reader.counters().records == 3);
    CHECK(reader.bytes_lost() == 0);
}

TEST_CASE("reader: what remains too large of a record is left out and told") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    std::string value;
    tf::append_bytes_field(value, 1, std::string(std::size_t{3} << 20U, 't'));
    tf::append_float_field(value, 2, 7);
    std::string summary;
    tf::append_bytes_field(summary, 1, value);
    std::string payload;
    tf::append_double_field(payload, 1, 1.0);
    tf::append_bytes_field(payload, 5, summary);
    const std::string large = record_of(payload);
    put(path, scalar_record(1, 1) + large + scalar_record(2, 2));
    tf::reader_options options;
    options.held_record_bytes = 1000;
    tf::reader reader(path, options);
    CHECK(drain(reader) == points{{1, 1}, {2, 2}});
    CHECK(reader.counters().oversized == 1);
    CHECK(reader.bytes_lost() == large.size());
    REQUIRE(reader.last_error());
    CHECK(reader.last_error()->code == guild::errc::too_large);
    REQUIRE(reader.damages().size() == 1);
    CHECK(reader.damages()[0].kind == tf::damage_kind::oversized);
    CHECK(reader.damages()[0].end - reader.damages()[0].begin == large.size());
}

TEST_CASE("reader: records larger than its buffer are read whole") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    std::string graph;
    tf::append_double_field(graph, 1, 1.0);
    tf::append_bytes_field(graph, 4, std::string(std::size_t{3} << 20U, 'g'));
    put(path, scalar_record(1, 1) + record_of(graph) + scalar_record(2, 2));
    tf::reader reader(path);
    CHECK(drain(reader) == points{{1, 1}, {2, 2}});
    CHECK(reader.counters().events[4] == 1);
}

TEST_CASE("reader: a payload that is no event, and an event without a time, are counted") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    std::string timeless;
    tf::append_simple_event(timeless, std::numeric_limits<double>::quiet_NaN(), 7, "x", 1);
    put(path, record_of("\xFF\xFF") + record_of(timeless) + scalar_record(1, 1));
    tf::reader reader(path);
    CHECK(drain(reader) == points{{1, 1}});
    CHECK(reader.counters().bad_events == 1);
    CHECK(reader.counters().nan_times == 1);
}

TEST_CASE("reader: a tag's first metadata counts for all its values") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const auto double_record = [](std::int64_t step, bool meta, const char* tag) {
        std::string payload;
        tf::append_double_event(payload, 1.0, step, tag, 0.1, meta);
        return record_of(payload);
    };
    put(path, double_record(1, true, "a") + double_record(2, false, "a") +
                  double_record(3, false, "never said"));
    tf::reader reader(path);
    CHECK(drain(reader) == points{{1, 0.1}, {2, 0.1}});
}

TEST_CASE("reader: steps at the limits and values that are no numbers pass unchanged") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    constexpr auto low = std::numeric_limits<std::int64_t>::min();
    constexpr auto high = std::numeric_limits<std::int64_t>::max();
    std::string bytes;
    for (const std::int64_t step : {low, std::int64_t{-1}, high}) {
        std::string payload;
        tf::append_simple_event(payload, 1.0, step, "x", -0.0F);
        bytes += record_of(payload);
    }
    put(path, bytes);
    tf::reader reader(path);
    const points got = drain(reader);
    REQUIRE(got.size() == 3);
    CHECK(got[0].first == low);
    CHECK(got[1].first == -1);
    CHECK(got[2].first == high);
    CHECK(std::signbit(got[2].second));
}

TEST_CASE("reader: a file replaced by a longer copy of itself goes on where it was") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const std::string head = version_record() + scalar_record(1, 1);
    put(path, head);
    tf::reader reader(path);
    CHECK(drain(reader) == points{{1, 1}});
    put(dir / "copy", head + scalar_record(2, 2));
    REQUIRE(os::system_env.rename((dir / "copy").c_str(), path.c_str()) == 0);
    CHECK(drain(reader) == points{{2, 2}});
    CHECK(reader.restarts() == 0);
}

TEST_CASE("reader: a file replaced by another is read from its beginning") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    put(path, version_record() + scalar_record(1, 1));
    tf::reader reader(path);
    CHECK(drain(reader) == points{{1, 1}});
    SUBCASE("of another inode and the same size") {
        put(dir / "other", version_record() + scalar_record(5, 5));
        REQUIRE(os::system_env.rename((dir / "other").c_str(), path.c_str()) == 0);
    }
    SUBCASE("by cutting and writing it anew") {
        put(path, scalar_record(5, 5));
    }
    CHECK(drain(reader) == points{{5, 5}});
    CHECK(reader.restarts() == 1);
    CHECK(reader.counters().scalars == 1);
}

TEST_CASE("reader: a file that vanishes and comes back is not read twice") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const std::string bytes = version_record() + scalar_record(1, 1);
    tf::reader reader(path);
    CHECK(drain(reader).empty());
    put(path, bytes);
    CHECK(drain(reader) == points{{1, 1}});
    REQUIRE(os::system_env.unlink(path.c_str()) == 0);
    CHECK(drain(reader).empty());
    put(path, bytes + scalar_record(2, 2));
    CHECK(drain(reader) == points{{2, 2}});
}

TEST_CASE("reader: a read that fails is reported and tried again") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    put(path, version_record() + scalar_record(1, 1));
    os::env system = os::system_env;
    system.pread = failing_pread;
    tf::reader reader(path, {}, system);
    reads_until_failure = 0;
    CHECK(drain(reader).empty());
    REQUIRE(reader.last_error());
    CHECK(reader.last_error()->code == guild::errc::io_failed);
    CHECK(drain(reader) == points{{1, 1}});
}

#ifdef GUILD_TEST_HAS_JSON

using guild_test::data_directory;
using guild_test::equal;
using guild_test::json;
using guild_test::tag_numbers;

namespace {

struct file_result {
    tf::reader_counters counters;
    std::map<std::string, tag_numbers> tags;
};

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
        got.tags[std::string(point.tag)].add(point);
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
    for (const auto& entry : different) {
        const std::string& what = entry.second;
        equal_files += what.empty() ? 1U : 0U;
        CHECK_MESSAGE(what.empty(), entry.first << ":" << what);
    }
    CHECK(file_rows == 229);
    CHECK(tag_rows == 520);
    CHECK(equal_files == file_rows);
}

#endif

#include <guild/tfevents/reader.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

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
void add(const std::string& path, std::string_view bytes) {
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
        add(path, bytes.substr(i, 1));
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
        add(path, scalar_record(3, 3));
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

TEST_CASE("reader: a record over the limit that is really there is stepped over unread") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const std::string large = record_of(std::string(5000, 'x'));
    put(path, scalar_record(1, 1) + large + scalar_record(2, 2));
    tf::reader_options options;
    options.max_record_bytes = 1000;
    tf::reader reader(path, options);
    CHECK(drain(reader) == points{{1, 1}, {2, 2}});
    CHECK(reader.counters().oversized == 1);
    CHECK(reader.bytes_lost() == large.size());
    REQUIRE(reader.last_error());
    CHECK(reader.last_error()->code == guild::errc::too_large);
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

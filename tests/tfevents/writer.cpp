#include <guild/tfevents/writer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/tfevents/reader.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;

namespace {

std::vector<tf::scalar> written_read_all(const std::string& path) {
    std::vector<tf::scalar> all;
    tf::reader reader(path);
    tf::scalar point;
    while (reader.next(point)) {
        all.push_back(point);
    }
    CHECK(reader.bytes_lost() == 0);
    return all;
}

tf::writer must_create(const std::string& directory, tf::writer_options options = {},
                       const os::env& system = os::system_env) {
    auto made = tf::writer::create(directory, std::move(options), system);
    REQUIRE(made);
    return std::move(*made);
}

bool disk_is_full = false;
std::size_t room = 0;  // bytes that still fit when the disk is full
std::int64_t now_us = 0;

std::int64_t pwrite_to_full_disk(int fd, const void* from, std::size_t size, std::int64_t offset) {
    if (!disk_is_full) {
        return os::system_env.pwrite(fd, from, size, offset);
    }
    if (room == 0) {
        return -28;  // ENOSPC
    }
    const std::size_t some = std::min(size, room);
    room -= some;
    return os::system_env.pwrite(fd, from, some, offset);
}

std::int64_t fake_now() {
    return now_us;
}

os::env full_disk() {
    os::env system = os::system_env;
    system.pwrite = pwrite_to_full_disk;
    system.coarse_time_us = fake_now;
    return system;
}

}  // namespace

TEST_CASE("writer: what it writes is what the reader reads") {
    const guild_test::temp_dir dir;
    tf::writer writer = must_create(dir / "not/there/yet");
    writer.add_scalar("a", 1, 0.1, 10.5);
    writer.add_scalar("b", -3, std::numeric_limits<double>::infinity(), 11.0);
    writer.add_scalar("a", 2, 1e300, 12.0);
    REQUIRE(writer.close());
    const auto got = written_read_all(writer.path());
    REQUIRE(got.size() == 3);
    CHECK(got[0].tag == "a");
    CHECK(got[0].step == 1);
    CHECK(got[0].wall_time == 10.5);
    CHECK(got[0].value == static_cast<double>(0.1F));
    CHECK(got[1].step == -3);
    CHECK(std::isinf(got[1].value));
    CHECK(std::isinf(got[2].value));  // too large for four bytes
}

TEST_CASE("writer: doubles are kept bit for bit when asked for") {
    const guild_test::temp_dir dir;
    tf::writer_options options;
    options.double_precision = true;
    tf::writer writer = must_create(dir.path(), options);
    const double values[] = {0.1, 1e300, -0.0, 5e-324};
    for (const double value : values) {
        writer.add_scalar("x", 0, value, 1.0);
    }
    REQUIRE(writer.flush());
    const auto got = written_read_all(writer.path());
    REQUIRE(got.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(guild::double_bits(got[i].value) == guild::double_bits(values[i]));
    }
}

TEST_CASE("writer: the version record is there at once, under a name of TensorBoard's form") {
    const guild_test::temp_dir dir;
    const tf::writer writer = must_create(dir.path());
    tf::reader reader(writer.path());
    tf::scalar point;
    CHECK_FALSE(reader.next(point));
    CHECK(reader.file_version() == "brain.Event:2");
    const std::string name = guild::base_name(writer.path());
    CHECK(name.substr(0, 20) == "events.out.tfevents.");
    CHECK(name.find_first_not_of("0123456789", 20) == 30);
    CHECK(name.find("." + std::to_string(os::process_id()) + ".") != std::string::npos);
}

TEST_CASE("writer: two writers of one second and process have files of their own") {
    const guild_test::temp_dir dir;
    os::env system = os::system_env;
    system.wall_time_us = fake_now;
    now_us = 1'700'000'000'000'000;
    const tf::writer first = must_create(dir.path(), {}, system);
    const tf::writer second = must_create(dir.path(), {}, system);
    CHECK(first.path() != second.path());
}

TEST_CASE("writer: a point without a time gets the time of now") {
    const guild_test::temp_dir dir;
    os::env system = os::system_env;
    system.wall_time_us = fake_now;
    now_us = 1'700'000'000'500'000;
    tf::writer writer = must_create(dir.path(), {}, system);
    writer.add_scalar("x", 1, 1.0);
    REQUIRE(writer.flush());
    CHECK(written_read_all(writer.path())[0].wall_time == 1700000000.5);
}

TEST_CASE("writer: what is not UTF-8 is replaced, and a time that is no number is that of now") {
    const guild_test::temp_dir dir;
    tf::writer writer = must_create(dir.path());
    const double before = static_cast<double>(guild::os::system_env.wall_time_us()) / 1e6;
    writer.add_scalar("a\xFF", 1, 1.0, std::numeric_limits<double>::quiet_NaN());
    tf::hparams what;
    what.values = {{"na\xFFme", "\xC3"}};
    what.group_name = "\xFE";
    writer.add_hparams(what, 5.0);
    REQUIRE(writer.close());
    tf::reader reader(writer.path());
    tf::scalar point;
    REQUIRE(reader.next(point));
    CHECK(point.tag == "a\xEF\xBF\xBD");
    CHECK(point.wall_time >= before);
    CHECK_FALSE(reader.next(point));
    const auto id = reader.tags().find(tf::hparams_start_tag);
    REQUIRE(id);
    const auto read = tf::decode_session_start(reader.tags()[*id].content);
    REQUIRE(read);
    REQUIRE(read->values.size() == 1);
    CHECK(read->values[0].name == "na\xEF\xBF\xBDme");
    CHECK(read->values[0].text == "\xEF\xBF\xBD");
    CHECK(read->group_name == "\xEF\xBF\xBD");
}

TEST_CASE("writer: points are visible after the interval, without a flush") {
    const guild_test::temp_dir dir;
    const os::env system = full_disk();
    disk_is_full = false;
    now_us = 0;
    tf::writer writer = must_create(dir.path(), {}, system);
    writer.add_scalar("x", 1, 1.0, 1.0);
    CHECK(written_read_all(writer.path()).empty());
    now_us = 1'000'000;
    writer.add_scalar("x", 2, 2.0, 2.0);
    CHECK(written_read_all(writer.path()).size() == 2);
}

TEST_CASE("writer: points wait while the disk is full, and no record is cut in the end") {
    const guild_test::temp_dir dir;
    const os::env system = full_disk();
    disk_is_full = false;
    tf::writer writer = must_create(dir.path(), {}, system);
    disk_is_full = true;
    room = 20;  // a short write, then no space
    writer.add_scalar("x", 1, 1.0, 1.0);
    const auto refused = writer.flush();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == guild::errc::no_space);
    CHECK(writer.last_error()->code == guild::errc::no_space);
    writer.add_scalar("x", 2, 2.0, 2.0);
    disk_is_full = false;
    REQUIRE(writer.flush());
    CHECK(written_read_all(writer.path()).size() == 2);
    CHECK(writer.events_dropped() == 0);
}

TEST_CASE("writer: what finds no room while the disk is full is counted") {
    const guild_test::temp_dir dir;
    const os::env system = full_disk();
    disk_is_full = false;
    tf::writer_options options;
    options.max_pending_bytes = 1000;
    tf::writer writer = must_create(dir.path(), options, system);
    disk_is_full = true;
    room = 0;
    for (int step = 0; step < 100; ++step) {
        writer.add_scalar("x", step, 1.0, 1.0);
    }
    CHECK(writer.events_dropped() > 0);
    disk_is_full = false;
    REQUIRE(writer.flush());
    CHECK(written_read_all(writer.path()).size() + writer.events_dropped() == 100);
}

TEST_CASE("writer: points after close are counted as dropped") {
    const guild_test::temp_dir dir;
    tf::writer writer = must_create(dir.path());
    REQUIRE(writer.close());
    writer.add_scalar("x", 1, 1.0);
    CHECK(writer.events_dropped() == 1);
}

TEST_CASE("writer: a directory that cannot be made is an error with its path") {
    const guild_test::temp_dir dir;
    const std::string in_the_way = dir.write("file", "");
    const auto made = tf::writer::create(in_the_way + "/logs");
    REQUIRE_FALSE(made);
    CHECK(made.error().code == guild::errc::not_a_directory);
}

TEST_CASE("to_float: numbers between the largest float and infinity round as the processor does") {
    using guild::tfevents::detail::to_float;
    const double largest = static_cast<double>(std::numeric_limits<float>::max());
    CHECK(to_float(largest) == std::numeric_limits<float>::max());
    CHECK(to_float(std::nextafter(largest, 1e39)) == std::numeric_limits<float>::max());
    const double halfway = 3.4028235677973366e38;  // to the even neighbour, which is infinite
    CHECK(to_float(std::nextafter(halfway, 0)) == std::numeric_limits<float>::max());
    CHECK(to_float(std::nextafter(-halfway, 0)) == -std::numeric_limits<float>::max());
    CHECK(to_float(halfway) == std::numeric_limits<float>::infinity());
    CHECK(to_float(3.5e38) == std::numeric_limits<float>::infinity());
    CHECK(to_float(-3.5e38) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(to_float(std::numeric_limits<double>::quiet_NaN())));
}

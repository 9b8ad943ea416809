#include <guild/tfevents/writer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <guild/tfevents/reader.hpp>
#include <support/child_program.hpp>
#include <support/event_records.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;
using guild_test::find_bytes;
using namespace std::string_view_literals;

namespace {

struct read_point {
    std::string tag;
    std::int64_t step = 0;
    double wall_time = 0;
    double value = 0;
};

std::vector<read_point> written_read_all(const std::string& path) {
    std::vector<read_point> all;
    tf::reader reader(path);
    for (tf::scalar point; reader.next(point);) {
        all.push_back({std::string(point.tag), point.step, point.wall_time, point.value});
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

// The payloads of a file's records.
std::vector<std::string> payloads_of(const std::string& path) {
    std::vector<std::string> all;
    tf::record_reader reader(path);
    tf::stored_record each;
    while (reader.next(each)) {
        all.emplace_back(each.payload);
    }
    CHECK(reader.counters().lost_bytes + reader.counters().tail_bytes == 0);
    return all;
}

// Values of the one tag of an event, without its wrapping.
tf::event must_decode_written(std::string_view payload) {
    tf::event found;
    REQUIRE(tf::decode_event(payload, found));
    return found;
}

std::string_view must_find(std::string_view message, std::initializer_list<std::uint32_t> path) {
    const auto found = find_bytes(message, path);
    REQUIRE(found);
    return *found;
}

// A PNG file of one grey pixel.
constexpr std::string_view png_bytes =
    "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\x01\0\0\x01\x02\x08\0\0\0\0\x3A\x7E\x9B\x55"
    "\0\0\0\x0AIDAT\x78\x9C\x63\x68\0\0\0\x82\0\x81\x77\xCD\x72\xB6\0\0\0\0IEND\xAE\x42\x60\x82"sv;

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

TEST_CASE("writer: a text is read back with the plugin that shows it, on its first value alone") {
    const guild_test::temp_dir dir;
    tf::writer writer = must_create(dir.path());
    writer.add_text("notes", 3, "**caf\xC3\xA9**", 7.5);
    writer.add_text("notes", 4, "", 8.5);
    REQUIRE(writer.close());
    const auto payloads = payloads_of(writer.path());
    REQUIRE(payloads.size() == 3);
    const tf::event first = must_decode_written(payloads[1]);
    CHECK(first.step == 3);
    CHECK(first.wall_time == 7.5);
    REQUIRE(first.values.size() == 1);
    CHECK(first.values[0].tag == "notes");
    CHECK(tf::data_type_name(first.values[0].type_number) == "string");
    CHECK(first.values[0].rank == 0);
    REQUIRE(first.values[0].meta);
    CHECK(first.values[0].meta->plugin_name == "text");
    CHECK(first.values[0].meta->data_class == 2);
    CHECK(must_find(payloads[1], {5, 1, 8, 8}) == "**caf\xC3\xA9**");
    CHECK_FALSE(must_decode_written(payloads[2]).values[0].meta);
    CHECK(must_find(payloads[2], {5, 1, 8, 8}).empty());
    CHECK(written_read_all(writer.path()).empty());
}

TEST_CASE("writer: a histogram is rows of left end, right end and count") {
    const guild_test::temp_dir dir;
    tf::writer writer = must_create(dir.path());
    const tf::histogram_buckets buckets = tf::make_histogram({0, 1, 1, 4}, 2);
    writer.add_histogram("weights", 1, buckets, 1.0);
    writer.add_histogram("empty", 1, {}, 1.0);
    REQUIRE(writer.close());
    const auto payloads = payloads_of(writer.path());
    REQUIRE(payloads.size() == 3);
    const tf::event found = must_decode_written(payloads[1]);
    CHECK(found.values[0].meta->plugin_name == "histograms");
    CHECK(found.values[0].rank == 2);
    CHECK(tf::data_type_name(found.values[0].type_number) == "double");
    const std::string_view rows = must_find(payloads[1], {5, 1, 8, 4});
    const double expected[] = {0, 2, 3, 2, 4, 1};
    REQUIRE(rows.size() == sizeof expected);
    for (std::size_t i = 0; i < 6; ++i) {
        const auto bits = guild::load_le<std::uint64_t>(rows.data() + 8 * i);
        CHECK(guild::bits_double(bits) == expected[i]);
    }
    CHECK(must_find(payloads[2], {5, 1, 8, 4}).empty());
}

TEST_CASE("writer: an image is width, height and the bytes of a PNG file") {
    const guild_test::temp_dir dir;
    tf::writer writer = must_create(dir.path());
    REQUIRE(writer.add_image("samples", 5, png_bytes, 1.0));
    REQUIRE(writer.flush());
    const auto payloads = payloads_of(writer.path());
    REQUIRE(payloads.size() == 2);
    const tf::event found = must_decode_written(payloads[1]);
    CHECK(found.values[0].meta->plugin_name == "images");
    CHECK(found.values[0].meta->data_class == 3);
    CHECK(found.values[0].rank == 1);
    std::vector<std::string_view> strings;
    tf::wire_reader fields(must_find(payloads[1], {5, 1, 8}));
    for (tf::wire_field field; fields.next(field);) {
        if (field.is(8, tf::wire_type::bytes)) {
            strings.push_back(field.bytes);
        }
    }
    CHECK(strings == std::vector<std::string_view>{"1", "258", png_bytes});
}

TEST_CASE("writer: bytes that do not begin as a PNG file are refused as an image") {
    const guild_test::temp_dir dir;
    tf::writer writer = must_create(dir.path());
    for (const std::string_view bytes :
         {""sv, "\x89PNG"sv, "GIF89a and so on, long enough to be one"sv, png_bytes.substr(0, 23),
          png_bytes.substr(1)}) {
        const auto added = writer.add_image("i", 1, bytes);
        REQUIRE_FALSE(added);
        CHECK(added.error().code == guild::errc::bad_syntax);
    }
    CHECK(writer.add_image("i", 1, png_bytes.substr(0, 24)));
    REQUIRE(writer.close());
    CHECK(payloads_of(writer.path()).size() == 2);
}

TEST_CASE("writer: hyperparameters are read back through reader and tag table") {
    const guild_test::temp_dir dir;
    tf::writer writer = must_create(dir.path());
    tf::hparams what;
    what.values = {{"lr", 0.1}, {"optimizer", "SGD"}, {"nesterov", true}};
    what.metrics = {"loss"};
    what.group_name = "group";
    writer.add_hparams(what, 12.5);
    writer.add_scalar("loss", 1, 0.5, 13.0);
    REQUIRE(writer.close());
    tf::reader reader(writer.path());
    CHECK(guild_test::drain(reader) == guild_test::points{{1, 0.5}});
    const auto content = [&](std::string_view tag) {
        const auto id = reader.tags().find(tag);
        REQUIRE(id);
        CHECK(reader.tags()[*id].plugin_name == "hparams");
        return reader.tags()[*id].content;
    };
    const auto found = tf::decode_session_start(content(tf::hparams_start_tag));
    REQUIRE(found);
    REQUIRE(found->values.size() == 3);
    CHECK(found->values[0].to_flag() == "0.1");
    CHECK(found->values[1].to_flag() == "true");
    CHECK(found->values[2].to_flag() == "SGD");
    CHECK(found->group_name == "group");
    CHECK(found->start_time == 12.5);
    what.start_time = 12.5;
    CHECK(content(tf::hparams_experiment_tag) == tf::encode_experiment(what));
    CHECK(content(tf::hparams_end_tag).substr(2, 2) == "\x08\x01");  // success
}

TEST_CASE("writer: without close no session end is claimed") {
    const guild_test::temp_dir dir;
    std::string path;
    {
        tf::writer writer = must_create(dir.path());
        writer.add_hparams({});
        path = writer.path();
    }
    CHECK(payloads_of(path).size() == 3);
}

TEST_CASE("writer: a purge step begins the file as a new session") {
    const guild_test::temp_dir dir;
    tf::writer_options options;
    options.purge_step = 0;
    tf::writer writer = must_create(dir.path(), options);
    options.purge_step = -7;
    const tf::writer other = must_create(dir.path(), options);
    const auto payloads = payloads_of(writer.path());
    REQUIRE(payloads.size() == 2);
    const tf::event found = must_decode_written(payloads[1]);
    CHECK(found.kind == tf::event_kind::session_log);
    CHECK(found.session_status == 1);
    CHECK(found.step == 0);
    CHECK(must_decode_written(payloads_of(other.path())[1]).step == -7);
}

TEST_CASE("writer: a first value that is dropped does not take its tag's metadata with it") {
    const guild_test::temp_dir dir;
    const os::env system = full_disk();
    disk_is_full = false;
    tf::writer_options options;
    options.double_precision = true;
    options.max_pending_bytes = 200;
    tf::writer writer = must_create(dir.path(), options, system);
    disk_is_full = true;
    room = 0;
    while (writer.events_dropped() == 0) {
        writer.add_scalar("fills the buffer", 0, 1.0, 1.0);
    }
    writer.add_scalar("x", 1, 1.0, 1.0);
    writer.add_text("t", 1, "text", 1.0);
    CHECK(writer.events_dropped() == 3);
    disk_is_full = false;
    REQUIRE(writer.flush());
    writer.add_scalar("x", 2, 2.0, 2.0);
    writer.add_text("t", 2, "text", 1.0);
    REQUIRE(writer.close());
    const auto got = written_read_all(writer.path());
    CHECK(got.back().step == 2);
    CHECK(got.back().value == 2.0);
    CHECK(must_decode_written(payloads_of(writer.path()).back()).values[0].meta);
}

TEST_CASE("writer: many threads lose nothing and write whole records") {
    const guild_test::temp_dir dir;
    tf::writer_options options;
    options.flush_bytes = 3000;
    tf::writer writer = must_create(dir.path(), options);
    constexpr int per_thread = 3000;
    std::vector<os::thread> threads;
    for (int number = 0; number < 6; ++number) {
        auto started = os::thread::start([&writer, number] {
            const std::string tag = "thread" + std::to_string(number);
            for (int i = 0; i < per_thread; ++i) {
                writer.add_scalar(tag, i, i, 1.0 + i);
                if (i % 500 == number) {
                    (void)writer.flush();
                    (void)writer.last_error();
                    writer.add_text(tag + "/text", i, "text");
                }
            }
        });
        REQUIRE(started);
        threads.push_back(std::move(*started));
    }
    threads.clear();
    REQUIRE(writer.close());
    CHECK(writer.events_dropped() == 0);
    CHECK(payloads_of(writer.path()).size() == 1 + 6 * (per_thread + per_thread / 500));
    std::map<std::string, std::int64_t> next;
    tf::reader reader(writer.path());
    for (tf::scalar point; reader.next(point);) {
        REQUIRE(next[std::string(point.tag)]++ == point.step);  // each thread's in its order
    }
    CHECK(next.size() == 6);
    for (const auto& count : next) {
        CHECK(count.second == per_thread);
    }
}

TEST_CASE("writer: what was flushed survives the death of the process") {
    const guild_test::temp_dir dir;
    const int ended = guild_test::run_in_copy([&] {
        auto writer = tf::writer::create(dir.path());
        for (int step = 0; writer && step < 1000; ++step) {
            writer->add_scalar("x", step, step, 1.0);
        }
        if (!writer || !writer->flush()) {
            return 1;
        }
        writer->add_scalar("x", 1000, 0, 1.0);
        ::kill(::getpid(), SIGKILL);
        return 2;
    });
    CHECK(ended == 128 + SIGKILL);
    const auto files = os::list_directory(dir.path());
    REQUIRE(files);
    REQUIRE(files->size() == 1);
    const auto got = written_read_all(dir / (*files)[0].name);
    REQUIRE(got.size() == 1000);
    CHECK(got.back().step == 999);
}

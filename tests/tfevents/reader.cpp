#include <guild/tfevents/reader.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/event_files.hpp>
#include <support/event_records.hpp>
#include <support/memory_file.hpp>
#include <support/sample_events.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;
using guild_test::append_to_file;
using guild_test::bytes_field;
using guild_test::double_record;
using guild_test::drain;
using guild_test::flipped;
using guild_test::in_memory;
using guild_test::points;
using guild_test::put;
using guild_test::record_of;
using guild_test::scalar_record;
using guild_test::simple_value;
using guild_test::summary_payload;
using guild_test::value_of;
using guild_test::version_record;

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
    const os::env system = guild_test::memory_env();
    std::string bytes = version_record();
    std::vector<std::size_t> ends;
    for (int step = 0; step < 20; ++step) {
        bytes += scalar_record(step, step * 0.5);
        ends.push_back(bytes.size());
    }
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        in_memory.set(bytes.substr(0, size));
        tf::reader reader("f", {}, system);
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
    const os::env system = guild_test::memory_env();
    std::string bytes = version_record();
    points written;
    for (int step = 0; step < 8; ++step) {
        bytes += scalar_record(step, step * 0.5);
        written.emplace_back(step, step * 0.5);
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        in_memory.set(flipped(bytes, bit));
        tf::reader reader("f", {}, system);
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

TEST_CASE("reader: a record over every limit that is really there is read all the same") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f";
    const std::string payload = summary_payload(
        5, {value_of("image", bytes_field(4, std::string(5000, 'x'))), simple_value("beside", 7)});
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
    const std::string large =
        record_of(summary_payload(0, {simple_value(std::string(std::size_t{3} << 20U, 't'), 7)}));
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
    put(path, double_record(1, 0.1, "a", true) + double_record(2, 0.1, "a", false) +
                  double_record(3, 0.1, "never said", false));
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

TEST_CASE("reader: events come whatever they carry, and their points on demand") {
    const std::string log = bytes_field(6, "a log message");
    const std::string summary =
        summary_payload(4, {simple_value("a", 1), simple_value("b", 2), simple_value("a", 3)});
    const os::env system =
        guild_test::memory_env(version_record() + record_of(log) + record_of("\xFF") +
                               record_of(summary) + record_of(summary));
    tf::reader reader("f", {}, system);
    tf::tag_table tags;
    tf::scalar point;
    CHECK_FALSE(reader.next_of_event(point, tags));
    const tf::event* each = reader.next_event();
    REQUIRE(each != nullptr);
    CHECK(each->kind == tf::event_kind::file_version);
    CHECK(each->source_writer == "test");
    CHECK_FALSE(reader.next_of_event(point, tags));
    each = reader.next_event();
    REQUIRE(each != nullptr);
    CHECK(each->kind == tf::event_kind::log_message);
    each = reader.next_event();
    REQUIRE(each != nullptr);
    CHECK(each->values.size() == 3);
    REQUIRE(reader.next_of_event(point, tags));
    CHECK(point.tag == "a");
    CHECK(point.step == 4);
    REQUIRE(reader.next_event() != nullptr);  // passes by the two others
    REQUIRE(reader.next_of_event(point, tags));
    CHECK(point.value == 1);
    CHECK(drain(reader) == points{{4, 2}, {4, 3}});  // next() takes over where it was
    CHECK(reader.next_event() == nullptr);
    CHECK_FALSE(reader.next_of_event(point, tags));
    CHECK(reader.counters().scalars == 4);
    CHECK(reader.counters().bad_events == 1);
    CHECK(reader.counters().events[5] == 2);
}

TEST_CASE("reader: may be moved between two points of one event") {
    // Without a time and with a short tag, a reduced event is as short as a string can be.
    const std::string summary = bytes_field(5, bytes_field(1, simple_value("abc", 1)));
    for (const std::string& beside : {std::string(), std::string(400'000, 'x')}) {
        const os::env system = guild_test::memory_env(record_of(bytes_field(99, beside) + summary));
        tf::reader_options options;
        options.held_record_bytes = 10;
        auto first = std::make_unique<tf::reader>("f", options, system);
        REQUIRE(first->next_event() != nullptr);
        tf::reader second = std::move(*first);
        first.reset();
        tf::tag_table tags;
        tf::scalar point;
        REQUIRE(second.next_of_event(point, tags));
        CHECK(point.tag == "abc");
    }
}

TEST_CASE("reader: tells every kind of damage with its byte range") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::string pieces[] = {version_record(),
                                  flipped(scalar_record(1, 1), 8 * 14),
                                  record_of("no event"),
                                  scalar_record(2, 2),
                                  scalar_record(3, 3, "x", nan),
                                  record_of(std::string(300'000, '\x0B')),  // groups
                                  flipped(scalar_record(4, 4), 3),
                                  scalar_record(5, 5)};
    using kind = tf::damage_kind;
    const std::pair<std::size_t, kind> expected[] = {{1, kind::bad_payload},
                                                     {2, kind::bad_event},
                                                     {4, kind::nan_time},
                                                     {5, kind::oversized},
                                                     {6, kind::bad_length}};
    std::vector<std::uint64_t> begins = {0};
    std::string all;
    for (const std::string& piece : pieces) {
        all += piece;
        begins.push_back(all.size());
    }
    begins[7] = all.size();  // nothing is known behind a bad length
    const os::env system = guild_test::memory_env(all);
    tf::reader_options options;
    options.held_record_bytes = 100;
    tf::reader reader("f", options, system);
    CHECK(drain(reader) == points{{2, 2}});
    const auto damages = reader.damages();
    REQUIRE(damages.size() == std::size(expected));
    std::uint64_t lost = 0;
    for (std::size_t i = 0; i < damages.size(); ++i) {
        CAPTURE(i);
        CHECK(damages[i].kind == expected[i].second);
        CHECK(damages[i].begin == begins[expected[i].first]);
        CHECK(damages[i].end == begins[expected[i].first + 1]);
        lost += damages[i].end - damages[i].begin;
    }
    CHECK(reader.bytes_lost() == lost);
    REQUIRE(reader.last_error());
    CHECK(reader.last_error()->path == "f");
    CHECK(reader.last_error()->where.begin == begins[1]);
}

TEST_CASE("reader: a large record with a bad payload is skipped, or waited for at the end") {
    const std::string image = value_of("i", bytes_field(4, std::string(400'000, 'x')));
    const std::string large = record_of(summary_payload(2, {image, simple_value("x", 2)}));
    const std::string bad = flipped(large, 8 * 200'000);
    tf::reader_options options;
    options.held_record_bytes = 1000;
    const os::env system = guild_test::memory_env(scalar_record(1, 1) + bad + scalar_record(3, 3));
    tf::reader in_the_middle("f", options, system);
    CHECK(drain(in_the_middle) == points{{1, 1}, {3, 3}});
    CHECK(in_the_middle.bytes_lost() == bad.size());
    in_memory.set(scalar_record(1, 1) + bad);
    tf::reader at_the_end("f", options, system);
    CHECK(drain(at_the_end) == points{{1, 1}});
    CHECK(at_the_end.bytes_lost() == bad.size());
    in_memory.set(scalar_record(1, 1) + large.substr(0, 300'000));
    tf::reader cut("f", options, system);
    CHECK(drain(cut) == points{{1, 1}});
    CHECK(cut.counters().tail_bytes == 300'000);
    in_memory.set(scalar_record(1, 1) + large);
    CHECK(drain(at_the_end) == points{{2, 2}});
    CHECK(at_the_end.bytes_lost() == 0);
    CHECK(drain(cut) == points{{2, 2}});
    CHECK(in_memory.opened == 0);
}

TEST_CASE("reader: what is empty, a directory or gone gives nothing and is no error") {
    const guild_test::temp_dir dir;
    put(dir / "events.out.tfevents.empty", "");
    REQUIRE(os::make_directories(dir / "events.out.tfevents.directory"));
    put(dir / "events.out.tfevents.gone", scalar_record(1, 1));
    for (const char* name : {"empty", "directory", "gone", "never"}) {
        CAPTURE(name);
        const std::string path = dir / (std::string("events.out.tfevents.") + name);
        tf::reader reader(path);
        if (name == std::string("gone")) {
            REQUIRE(tf::reader::open(path));
            REQUIRE(os::system_env.unlink(path.c_str()) == 0);
        }
        CHECK(drain(reader).empty());
        CHECK(drain(reader).empty());
        CHECK_FALSE(reader.last_error());
        CHECK(reader.bytes_lost() == 0);
        CHECK(reader.counters().tail_bytes == 0);
        CHECK(reader.file_version().empty());
    }
}

TEST_CASE("reader: a file without a version record is read like any other") {
    const os::env system = guild_test::memory_env(scalar_record(1, 1) + scalar_record(2, 2));
    tf::reader reader("f", {}, system);
    CHECK(drain(reader) == points{{1, 1}, {2, 2}});
    CHECK(reader.file_version().empty());
    CHECK(reader.bytes_lost() == 0);
}

TEST_CASE("reader: 4096 zero bytes in the middle are filled later, wherever they begin") {
    std::string bytes = version_record();
    points expected;
    for (int step = 0; step < 300; ++step) {
        bytes += scalar_record(step, step);
        expected.emplace_back(step, step);
    }
    for (std::size_t begin = 200; begin < 300; ++begin) {
        std::string holed = bytes;
        holed.replace(begin, 4096, 4096, '\0');
        const os::env system = guild_test::memory_env(holed);
        tf::reader reader("f", {}, system);
        points got = drain(reader);
        // In front of the hole may stand a part of a record, whose payload is then bad.
        const tf::reader_counters counters = reader.counters();
        REQUIRE(counters.holes + counters.bad_lengths == 1);
        REQUIRE(counters.bad_payloads <= 1);
        const std::uint64_t skipped = counters.bad_payloads;
        in_memory.set(bytes);
        for (const auto& point : drain(reader)) {
            got.push_back(point);
        }
        REQUIRE(got.size() + skipped == expected.size());
        REQUIRE(got.back() == expected.back());
    }
}

TEST_CASE("reader: a tag that was seen lets no event without a time or with another tag through") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const os::env system = guild_test::memory_env(
        scalar_record(1, 1, "caf\xC3\xA9") + scalar_record(2, 2, "caf\xC3\xA9", nan) +
        scalar_record(3, 3, "caf\xC3") + scalar_record(4, 4, "caf\xC3(") +
        scalar_record(5, 5, "caf\xC3\xA9") + scalar_record(6, 6, "\xC3\xA9") +
        scalar_record(7, 7, "\xA9"));
    tf::reader reader("f", {}, system);
    CHECK(drain(reader) == points{{1, 1}, {5, 5}, {6, 6}});
    CHECK(reader.counters().nan_times == 1);
    CHECK(reader.counters().bad_events == 3);
    CHECK(reader.tags().size() == 2);
}

TEST_SUITE_BEGIN("long");

TEST_CASE("reader: every prefix of a file with every kind of event gives what is whole in it") {
    guild_test::scan_prefixes(guild_test::sample_records());
}

TEST_CASE("reader: every flipped bit of a file with every kind of event loses what it hits alone") {
    guild_test::scan_flips(guild_test::sample_records());
}

TEST_SUITE_END();

#ifdef GUILD_TEST_HAS_JSON

using guild_test::file_result;
using guild_test::json;

TEST_CASE("reader: every shared event file gives the numbers of an independent decoder") {
    const std::string root = guild_test::data_directory();
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
            files[path] = guild_test::read_file(guild::join_path(root, path));
        }
        const file_result& got = files[path];
        if (type == "file") {
            ++file_rows;
            different[path] += guild_test::file_difference(got, row);
            continue;
        }
        ++tag_rows;
        const auto tag = row.at("tag").get<std::string>();
        const auto found = got.tags.find(tag);
        const std::string wrong =
            found == got.tags.end() ? " missing" : guild_test::tag_difference(found->second, row);
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

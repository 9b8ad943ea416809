#include <guild/tfevents/record_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <support/event_records.hpp>
#include <support/memory_file.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;
using guild_test::flipped;
using guild_test::in_memory;
using guild_test::memory_env;
using guild_test::record_of;

namespace {

using payloads = std::vector<std::string>;

// What is new; of a large record its size in angle brackets.
payloads read_all(tf::record_reader& reader) {
    payloads all;
    tf::stored_record each;
    while (reader.next(each)) {
        CHECK(each.is_large == (each.payload.size() + 16 != each.bytes));
        if (each.is_large) {
            CHECK(reader.source().is_open());
        }
        all.push_back(each.is_large ? "<" + std::to_string(each.bytes - 16) + ">"
                                    : std::string(each.payload));
    }
    CHECK_FALSE(reader.source().is_open());
    return all;
}

// Good records, losses, tail and hole make up the file.
std::uint64_t bytes_after(const tf::record_reader& reader) {
    return in_memory.bytes.size() - reader.offset();
}

tf::reader_options holding(std::uint64_t bytes) {
    tf::reader_options options;
    options.held_record_bytes = bytes;
    return options;
}

std::string head_of(std::uint64_t length) {
    std::string head;
    guild::append_le(head, length);
    guild::append_le(head, guild::mask_crc32c(guild::crc32c(head)));
    return head;
}

}  // namespace

TEST_CASE("record reader: a file is followed as it grows") {
    const std::string all = record_of("a") + record_of("") + record_of(std::string(300'000, 'b'));
    const os::env system = memory_env();
    tf::reader_options options;
    options.held_record_bytes = 400'000;
    tf::record_reader reader("f", options, system);
    payloads got;
    for (std::size_t size = 0; size <= all.size(); size += size < 40 ? 1 : 9'999) {
        in_memory.set(all.substr(0, size));
        for (const std::string& each : read_all(reader)) {
            got.push_back(each);
        }
        CHECK(reader.offset() + reader.counters().tail_bytes == size);
    }
    in_memory.set(all);
    CHECK(read_all(reader) == payloads{std::string(300'000, 'b')});
    CHECK(got == payloads{"a", ""});
    CHECK(reader.counters().records == 3);
    CHECK(reader.counters().tail_bytes == 0);
    CHECK(in_memory.opened == 0);
    CHECK_FALSE(reader.last_error());
}

TEST_CASE("record reader: a file that did not change is not opened again") {
    const os::env system = memory_env(record_of("a") + "tail");
    tf::record_reader reader("f", {}, system);
    CHECK(read_all(reader) == payloads{"a"});
    CHECK(read_all(reader).empty());
    CHECK(in_memory.opens == 1);
    ++in_memory.modified_ns;
    CHECK(read_all(reader).empty());
    CHECK(in_memory.opens == 2);
    CHECK(reader.restarts() == 0);
}

TEST_CASE("record reader: a file that is not there is nothing, and no error") {
    const os::env system = memory_env();
    in_memory.is_there = false;
    tf::record_reader reader("f", {}, system);
    CHECK(read_all(reader).empty());
    CHECK_FALSE(reader.last_error());
    CHECK(reader.counters().tail_bytes == 0);
    in_memory.is_there = true;
    in_memory.bytes = record_of("a");
    CHECK(read_all(reader) == payloads{"a"});
}

TEST_CASE("record reader: records of every size come whole, over the ends of its buffer") {
    std::string all;
    payloads expected;
    for (std::size_t i = 0; i < 60; ++i) {
        const std::size_t size = (i * 7919) % 33'000;
        expected.emplace_back(size, static_cast<char>('a' + i % 26));
        all += record_of(expected.back());
    }
    for (const std::uint64_t held : {std::uint64_t{4} << 20U, std::uint64_t{40'000}}) {
        const os::env system = memory_env(all);
        tf::record_reader reader("f", holding(held), system);
        CHECK(read_all(reader) == expected);
        CHECK(reader.offset() == all.size());
    }
}

TEST_CASE("record reader: a large record is checked piece by piece and left in the file") {
    const std::string large(700'000, 'l');
    const os::env system = memory_env(record_of("a") + record_of(large) + record_of("b"));
    tf::record_reader reader("f", holding(1000), system);
    CHECK(read_all(reader) == payloads{"a", "<700000>", "b"});
    CHECK(reader.counters().records == 3);
    CHECK(reader.counters().lost_bytes == 0);
}

TEST_CASE("record reader: a large record with a bad payload in the middle is stepped over") {
    const std::string before = record_of("a");
    const std::string bad = flipped(record_of(std::string(700'000, 'l')), 8 * 500'000);
    const os::env system = memory_env(before + bad + record_of("b"));
    tf::record_reader reader("f", holding(1000), system);
    CHECK(read_all(reader) == payloads{"a", "b"});
    CHECK(reader.counters().bad_payloads == 1);
    CHECK(reader.counters().records == 3);
    CHECK(reader.counters().lost_bytes == bad.size());
    REQUIRE(reader.damages().size() == 1);
    CHECK(reader.damages()[0].kind == tf::damage_kind::bad_payload);
    CHECK(reader.damages()[0].begin == before.size());
    CHECK(reader.damages()[0].end == before.size() + bad.size());
}

TEST_CASE("record reader: a large bad payload at the very end may still be mended") {
    const std::string before = record_of("a");
    const std::string good = record_of(std::string(700'000, 'l'));
    const os::env system = memory_env(before + flipped(good, 8 * 500'000));
    tf::record_reader reader("f", holding(1000), system);
    CHECK(read_all(reader) == payloads{"a"});
    CHECK(reader.offset() == before.size());
    CHECK(reader.counters().bad_payloads == 1);
    CHECK(reader.counters().lost_bytes == good.size());
    REQUIRE(reader.damages().size() == 1);
    CHECK(reader.damages()[0].end == before.size() + good.size());
    SUBCASE("and is") {
        in_memory.set(before + good);
        CHECK(read_all(reader) == payloads{"<700000>"});
        CHECK(reader.counters().lost_bytes == 0);
        CHECK(reader.damages().empty());
    }
    SUBCASE("or is not, with more behind it") {
        in_memory.set(in_memory.bytes + record_of("b"));
        CHECK(read_all(reader) == payloads{"b"});
        CHECK(reader.counters().lost_bytes == good.size());
        CHECK(reader.damages().size() == 1);
    }
}

TEST_CASE("record reader: a large record that is cut off is taken when it is whole") {
    const std::string before = record_of("a");
    const std::string large = record_of(std::string(700'000, 'l'));
    for (const std::size_t cut : {1U, 12U, 16U, 50'000U, 700'012U, 700'015U}) {
        const os::env system = memory_env(before + large.substr(0, cut));
        tf::record_reader reader("f", holding(1000), system);
        CHECK(read_all(reader) == payloads{"a"});
        CHECK(reader.counters().tail_bytes == cut);
        in_memory.set(before + large + record_of("b"));
        CHECK(read_all(reader) == payloads{"<700000>", "b"});
    }
}

TEST_CASE("record reader: a length over the limit is believed when the file holds the record") {
    tf::reader_options options;
    options.max_record_bytes = 100;
    const os::env system = memory_env(record_of(std::string(1000, 'x')) + record_of("b"));
    tf::record_reader reader("f", options, system);
    CHECK(read_all(reader) == payloads{std::string(1000, 'x'), "b"});
    in_memory.set(in_memory.bytes + head_of(101) + "cut");
    CHECK(read_all(reader).empty());
    CHECK(reader.counters().bad_lengths == 1);
    CHECK(reader.counters().lost_bytes == 15);
    CHECK(reader.damages().back().kind == tf::damage_kind::bad_length);
    CHECK(reader.damages().back().begin == in_memory.bytes.size() - 15);
    CHECK(reader.damages().back().end == in_memory.bytes.size());
}

TEST_CASE("record reader: lengths near 2^64 are not believed and overflow nothing") {
    for (const std::uint64_t length :
         {~std::uint64_t{0}, ~std::uint64_t{15}, ~std::uint64_t{16}, std::uint64_t{1} << 63U,
          (std::uint64_t{1} << 32U) + 5, std::uint64_t{0xFFFFFFFF}}) {
        CAPTURE(length);
        const os::env system = memory_env(record_of("a") + head_of(length) + "12345" + "6789");
        tf::record_reader reader("f", holding(3), system);
        CHECK(read_all(reader) == payloads{"a"});
        CHECK(reader.counters().bad_lengths == 1);
        CHECK(reader.counters().lost_bytes == 21);
        CHECK(reader.offset() == 17);
    }
}

TEST_CASE("record reader: a hole keeps its place until it is filled") {
    const std::string before = record_of("a");
    const std::string rest = record_of(std::string(5000, 'b')) + record_of("c");
    const os::env system = memory_env(before + std::string(4096, '\0') + rest.substr(4096));
    tf::record_reader reader("f", {}, system);
    CHECK(read_all(reader) == payloads{"a"});
    CHECK(reader.counters().holes == 1);
    CHECK(reader.counters().lost_bytes == 0);
    CHECK(reader.counters().tail_bytes == bytes_after(reader));
    CHECK(reader.damages().empty());
    CHECK(bytes_after(reader) > 0);
    in_memory.set(before + rest);
    CHECK(read_all(reader) == payloads{std::string(5000, 'b'), "c"});
    CHECK(reader.counters().holes == 0);
}

TEST_CASE("record reader: a place filled within one tick of the file's clock is seen") {
    const os::env system = memory_env(record_of("a") + std::string(17, '\0'));
    in_memory.now_us = in_memory.modified_ns / 1000;  // it is being written
    tf::record_reader reader("f", {}, system);
    CHECK(read_all(reader) == payloads{"a"});
    in_memory.bytes = record_of("a") + record_of("b");  // same size, same time
    CHECK(read_all(reader) == payloads{"b"});
    CHECK(read_all(reader).empty());
    CHECK(in_memory.opens == 2);  // at a clean end growth tells
}

TEST_CASE("record reader: a stop in an old file is not looked at again and again") {
    const os::env system = memory_env(record_of("a") + std::string(17, '\0'));
    in_memory.now_us = in_memory.modified_ns / 1000;
    tf::record_reader reader("f", {}, system);
    CHECK(read_all(reader) == payloads{"a"});
    in_memory.now_us += 10'000'000;
    for (int i = 0; i < 5; ++i) {
        CHECK(read_all(reader).empty());
    }
    CHECK(in_memory.opens == 2);
}

TEST_CASE("record reader: a copy in the file's place goes on where it was") {
    const std::string bad = flipped(record_of("bad"), 8 * 13);
    const std::string same = record_of("a") + bad;
    for (const std::string& tail :
         {std::string(), std::string("tail"), std::string(40, '\0'), std::string(40, 'x')}) {
        CAPTURE(tail);
        const os::env system = memory_env(same + tail);
        tf::record_reader reader("f", {}, system);
        CHECK(read_all(reader) == payloads{"a"});
        ++in_memory.inode;
        CHECK(read_all(reader).empty());  // the same
        CHECK(reader.restarts() == 0);
        ++in_memory.inode;
        in_memory.set(same + record_of("c"));
        CHECK(read_all(reader) == payloads{"c"});
        CHECK(reader.counters().records == 3);
        CHECK(reader.restarts() == 0);
        CHECK(reader.counters().bad_payloads == 1);
    }
}

TEST_CASE("record reader: another file in the file's place is read from its beginning") {
    const os::env system = memory_env(record_of("a") + record_of("b"));
    tf::record_reader reader("f", {}, system);
    CHECK(read_all(reader).size() == 2);
    SUBCASE("of another inode") {
        ++in_memory.inode;
        in_memory.set(record_of("a") + record_of("B") + record_of("c"));
    }
    SUBCASE("of another inode, with other bounds") {
        ++in_memory.inode;
        in_memory.set(record_of("a") + record_of("b but longer") + record_of("c"));
    }
    SUBCASE("that got the same inode after the file was seen gone") {
        in_memory.is_there = false;
        CHECK(read_all(reader).empty());
        in_memory.is_there = true;
        in_memory.set(record_of("A") + record_of("b") + record_of("c"));
    }
    SUBCASE("of the same inode, but shorter") {
        in_memory.set(record_of("c"));
    }
    CHECK(read_all(reader).back() == "c");
    CHECK(reader.restarts() == 1);
    CHECK(reader.offset() == in_memory.bytes.size());
}

TEST_CASE("record reader: a copy that cannot be read just now is compared later") {
    const std::string same = record_of("a") + record_of("b");
    const os::env system = memory_env(same);
    tf::record_reader reader("f", {}, system);
    CHECK(read_all(reader).size() == 2);
    ++in_memory.inode;
    in_memory.set(same + record_of("c"));
    in_memory.reads_left = 0;
    CHECK(read_all(reader).empty());
    CHECK(reader.last_error()->code == guild::errc::io_failed);
    CHECK(read_all(reader) == payloads{"c"});
    CHECK(reader.restarts() == 0);
}

TEST_CASE("record reader: a read that fails anywhere is reported and tried again") {
    const std::string all = record_of("a") + record_of(std::string(700'000, 'l')) + record_of("b");
    for (std::int64_t reads = 0; reads < 8; ++reads) {
        CAPTURE(reads);
        const os::env system = memory_env(all);
        tf::record_reader reader("f", holding(1000), system);
        in_memory.reads_left = reads;
        payloads got = read_all(reader);
        const bool has_failed = in_memory.reads_left < 0 && got.size() < 3;
        CHECK(reader.last_error().has_value() == has_failed);
        if (has_failed) {
            CHECK(reader.last_error()->code == guild::errc::io_failed);
        }
        for (const std::string& each : read_all(reader)) {
            got.push_back(each);
        }
        CHECK(got == payloads{"a", "<700000>", "b"});
        CHECK(reader.counters().lost_bytes == 0);
    }
}

TEST_CASE("record reader: a file that turns out shorter than its status is not waited for") {
    const os::env system = memory_env(record_of("a") + record_of(std::string(700'000, 'l')));
    in_memory.is_sudden = true;
    for (const std::uint64_t held : {1000U, 1'000'000U}) {
        tf::record_reader reader("f", holding(held), system);
        CHECK(read_all(reader) == payloads{"a"});
        CHECK(reader.counters().tail_bytes == 700'016);
    }
}

TEST_CASE("record reader: keeps the first thousand places of damage and counts all") {
    const std::string bad = flipped(record_of("bad"), 8 * 13);
    std::string all;
    for (int i = 0; i < 1500; ++i) {
        all += bad;
    }
    const os::env system = memory_env(all + record_of("a"));
    tf::record_reader reader("f", {}, system);
    CHECK(read_all(reader) == payloads{"a"});
    CHECK(reader.damages().size() == 1000);
    CHECK(reader.damages()[999].begin == 999 * bad.size());
    CHECK(reader.counters().bad_payloads == 1500);
    CHECK(reader.counters().lost_bytes == 1500 * bad.size());
    CHECK(reader.last_error()->where.begin == 0);
    CHECK(reader.last_error()->where.end == bad.size());
}

TEST_CASE("damage kinds: have names") {
    CHECK(to_string(tf::damage_kind::bad_length) == "bad length");
    CHECK(to_string(tf::damage_kind::bad_payload) == "bad payload");
    CHECK(to_string(tf::damage_kind::bad_event) == "bad event");
    CHECK(to_string(tf::damage_kind::nan_time) == "no time");
    CHECK(to_string(tf::damage_kind::oversized) == "too large");
}

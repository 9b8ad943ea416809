#include <guild/runs/output_log.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;

namespace {

std::string logged_run_in(const guild_test::temp_dir& dir) {
    const std::string run = dir / "run";
    REQUIRE(guild::os::make_directories(data_path(run)));
    return run;
}

output_writer writer_of(const std::string& run,
                        const guild::os::env& system = guild::os::system_env) {
    auto writer = output_writer::open(run, system);
    REQUIRE(writer);
    return std::move(*writer);
}

// "out@10:abc err@20:de gap7" for a page.
std::string describe(const output_page& page) {
    std::string text;
    for (const output_piece& piece : page.pieces) {
        const char* names[] = {"?", "out", "err"};
        text += text.empty() ? "" : " ";
        if (piece.lost_bytes > 0) {
            text += "gap" + std::to_string(piece.lost_bytes);
            continue;
        }
        text += names[static_cast<int>(piece.stream)];
        text += piece.time_us ? "@" + std::to_string(*piece.time_us) : "";
        text += ":" + piece.text;
    }
    return text;
}

std::string read(const std::string& run, std::uint64_t from, std::uint64_t most) {
    const auto page = read_output(run, from, most);
    REQUIRE(page);
    return describe(*page);
}

bool is_full = false;

std::int64_t write_until_full(int fd, const void* from, std::size_t size) {
    if (is_full && size > 2) {
        return guild::os::system_env.write(fd, from, 2);  // a part arrives, then nothing
    }
    return is_full ? -ENOSPC : guild::os::system_env.write(fd, from, size);
}

}  // namespace

TEST_CASE("output record: the bytes are as the specification says") {
    output_record record;
    record.offset = 0x0102030405060708;
    record.length = 0x11121314;
    record.stream = output_stream::err;
    record.flags = output_record::gap;
    record.time_us = 0x2122232425262728;
    const std::string bytes = encode_record(record);
    const std::string head("\x08\x07\x06\x05\x04\x03\x02\x01"
                           "\x14\x13\x12\x11"
                           "\x02\x01\x00\x00"
                           "\x28\x27\x26\x25\x24\x23\x22\x21"
                           "\x00\x00\x00\x00",
                           28);
    REQUIRE(bytes.size() == 32);
    CHECK(bytes.substr(0, 28) == head);
    // CRC-32C of those 28 bytes, computed with an independent program.
    CHECK(guild::load_le<std::uint32_t>(bytes.data() + 28) == 0x89EA4E80U);
    const auto back = decode_record(bytes);
    REQUIRE(back);
    CHECK(encode_record(*back) == bytes);
}

TEST_CASE("output record: any changed bit is noticed") {
    const std::string bytes = encode_record({5, 6, output_stream::out, 0, 7});
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string changed = bytes;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        CHECK_FALSE(decode_record(changed));
    }
    CHECK_FALSE(decode_record(bytes.substr(0, 31)));
}

TEST_CASE("output: pieces keep bytes, stream and time") {
    const guild_test::temp_dir dir;
    const std::string run = logged_run_in(dir);
    output_writer writer = writer_of(run);
    REQUIRE(writer.append(output_stream::out, 10, std::string("a\0\xFF\n", 4)));
    REQUIRE(writer.append(output_stream::err, 20, "no newline at the end"));
    CHECK(read(run, 0, 1000) == std::string("out@10:a\0\xFF\n err@20:no newline at the end", 40));
    const auto page = read_output(run, 0, 1000);
    CHECK(page->log_bytes == 25);
    CHECK(page->next_offset == 25);
    CHECK(page->pieces[1].offset == 4);
}

TEST_CASE("output: a range starts and ends inside pieces") {
    const guild_test::temp_dir dir;
    const std::string run = logged_run_in(dir);
    output_writer writer = writer_of(run);
    for (int i = 0; i < 5000; ++i) {  // more records than one block of the index
        REQUIRE(writer.append(output_stream::out, i, "abcd"));
    }
    CHECK(read(run, 4001, 6) == "out@1000:bcd out@1001:abc");
    CHECK(read(run, 19998, 100) == "out@4999:cd");
    CHECK(read(run, 20000, 100).empty());
    CHECK(read(run, 99999, 100).empty());
    std::string all;
    for (std::uint64_t at = 0; at < 20000;) {
        const auto page = read_output(run, at, 777);
        REQUIRE(page);
        REQUIRE(page->next_offset > at);
        for (const output_piece& piece : page->pieces) {
            all += piece.text;
        }
        at = page->next_offset;
    }
    CHECK(all.size() == 20000);
    CHECK(all.substr(19996) == "abcd");
}

TEST_CASE("output: bytes without a record are shown, their time unknown") {
    const guild_test::temp_dir dir;
    const std::string run = logged_run_in(dir);
    {
        output_writer writer = writer_of(run);
        REQUIRE(writer.append(output_stream::out, 1, "one"));
        REQUIRE(writer.append(output_stream::out, 2, "two"));
        REQUIRE(writer.append(output_stream::err, 3, "three"));
    }
    const std::string index = data_path(run, output_index_name);
    auto bytes = guild::os::load_file(index);
    REQUIRE(bytes);
    (*bytes)[40] = static_cast<char>((*bytes)[40] ^ 1);
    REQUIRE(guild::os::save_file(index, bytes->substr(0, 90)));  // second bad, third cut
    CHECK(read(run, 0, 100) == "out@1:one ?:twothree");
    REQUIRE(guild::os::remove_tree(index));
    CHECK(read(run, 0, 100) == "?:onetwothree");
}

TEST_CASE("output: records past the end of the log are ignored") {
    const guild_test::temp_dir dir;
    const std::string run = logged_run_in(dir);
    {
        output_writer writer = writer_of(run);
        REQUIRE(writer.append(output_stream::out, 1, "one"));
        REQUIRE(writer.append(output_stream::out, 2, "two"));
    }
    REQUIRE(guild::os::save_file(data_path(run, output_log_name), "on"));
    CHECK(read(run, 0, 100) == "out@1:on");
}

TEST_CASE("output: a run without output has none, and that is no error") {
    const guild_test::temp_dir dir;
    CHECK(read(logged_run_in(dir), 0, 100).empty());
    CHECK(read(dir / "nowhere", 0, 100).empty());
}

TEST_CASE("output writer: goes on behind what is there, a torn record is cut off") {
    const guild_test::temp_dir dir;
    const std::string run = logged_run_in(dir);
    REQUIRE(writer_of(run).append(output_stream::out, 1, "one"));
    auto index =
        guild::os::open_file(data_path(run, output_index_name), guild::os::open_mode::append);
    REQUIRE(index);
    REQUIRE(index->write_all("torn"));
    REQUIRE(writer_of(run).append(output_stream::err, 2, "two"));
    CHECK(read(run, 0, 100) == "out@1:one err@2:two");
}

TEST_CASE("output writer: dropped bytes are a counted gap before what follows") {
    const guild_test::temp_dir dir;
    const std::string run = logged_run_in(dir);
    output_writer writer = writer_of(run);
    REQUIRE(writer.append(output_stream::out, 1, "one"));
    writer.add_gap(5);
    REQUIRE(writer.append(output_stream::out, 2, "two"));
    CHECK(read(run, 0, 100) == "out@1:one gap5 out@2:two");
    CHECK(read(run, 0, 3) == "out@1:one");  // a page that ends there leaves it to the next
    CHECK(read(run, 3, 3) == "gap5 out@2:two");
    writer.add_gap(7);
    REQUIRE(writer.flush_gap(3));
    const auto page = read_output(run, 0, 100);
    REQUIRE(page);
    CHECK(describe(*page) == "out@1:one gap5 out@2:two");
    CHECK(page->lost_at_end == 7);
    CHECK(writer.lost_bytes() == 12);
}

TEST_CASE("output writer: a full disk leaves a counted gap and goes on") {
    const guild_test::temp_dir dir;
    const std::string run = logged_run_in(dir);
    guild::os::env system = guild::os::system_env;
    system.write = write_until_full;
    output_writer writer = writer_of(run, system);
    REQUIRE(writer.append(output_stream::out, 1, "one"));
    is_full = true;
    for (int i = 0; i < 3; ++i) {
        const auto failed = writer.append(output_stream::out, 2, "lost");
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == guild::errc::no_space);
    }
    is_full = false;
    REQUIRE(writer.append(output_stream::out, 3, "two"));
    CHECK(read(run, 0, 100) == "out@1:one gap12 out@3:two");
    CHECK(writer.lost_bytes() == 12);
}

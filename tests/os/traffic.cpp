#include <guild/os/traffic.hpp>

#include <string>

#include <doctest/doctest.h>

TEST_CASE("parse_interfaces: a recorded file") {
    const auto interfaces = guild::os::parse_interfaces(
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
        "drop fifo colls carrier compressed\n"
        "    lo: 6916946807  915163    0    0    0     0          0         0 6916946807  915163   "
        " "
        "0    0    0     0       0          0\n"
        "  eth0: 2285885050   51596    1    2    0     0          0         0  2635766   32269    "
        "4    8    0     0       0          0\n"
        "wlan0.5:7 6 5 4 3 2 1 0 9 8 7 6 5 4 3 2\n");
    REQUIRE(interfaces.size() == 2);
    CHECK(interfaces[0].name == "eth0");
    CHECK(interfaces[0].received_bytes == 2285885050);
    CHECK(interfaces[0].received == 51596);
    CHECK(interfaces[0].sent_bytes == 2635766);
    CHECK(interfaces[0].sent == 32269);
    CHECK(interfaces[0].errors == 5);
    CHECK(interfaces[0].drops == 10);
    CHECK(interfaces[1].name == "wlan0.5");
    CHECK(interfaces[1].sent == 8);
}

TEST_CASE("parse_interfaces: cut lines and other text are none") {
    CHECK(guild::os::parse_interfaces("").empty());
    CHECK(guild::os::parse_interfaces("eth0: 1 2 3 4 5 6 7 8 9 10 11").empty());
    CHECK(guild::os::parse_interfaces(": 1 2 3 4 5 6 7 8 9 10 11 12\nno colon\n").empty());
}

TEST_CASE("parse_swap: two lines of many") {
    const auto swap = guild::os::parse_swap("nr_free_pages 5\npswpin 12\npswpout 34\npgfault 1\n");
    REQUIRE(swap.has_value());
    CHECK(swap->pages_in == 12);
    CHECK(swap->pages_out == 34);
    CHECK_FALSE(guild::os::parse_swap("pswpin 12\n").has_value());
    CHECK_FALSE(guild::os::parse_swap("").has_value());
}

TEST_CASE("parse_process_files: what went through to devices") {
    const auto files = guild::os::parse_process_files(
        "rchar: 100\nwchar: 200\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: "
        "8192\ncancelled_write_bytes: 0\n");
    REQUIRE(files.has_value());
    CHECK(files->read_bytes == 4096);
    CHECK(files->written_bytes == 8192);
    CHECK_FALSE(guild::os::parse_process_files("read_bytes: 1\n").has_value());
}

TEST_CASE("parse_load: three numbers") {
    const auto load = guild::os::parse_load("5.08 2.60 2.28 3/345 678\n");
    REQUIRE(load.has_value());
    CHECK(load->one == 5.08);
    CHECK(load->five == 2.6);
    CHECK(load->fifteen == 2.28);
    for (const char* text : {"", "1 2", "1 2 x", "load: 1 2 3", "1 -2 3", "1 nan 3"}) {
        CHECK_FALSE(guild::os::parse_load(text).has_value());
    }
}

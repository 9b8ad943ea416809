#include <guild/runs/event_cursor.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

TEST_CASE("cursor: text and back, whatever the paths") {
    const event_cursor cursor = {{"events.out.tfevents.1.host", {1, 2, 3, 4}},
                                 {"train/a\tb\nc", {0, -5, 6, 0x7FFFFFFFFFFFFFFF}}};
    CHECK(format_cursor(cursor) == "events.out.tfevents.1.host\t1 2 3 4\n"
                                   "train/a\\tb\\nc\t0 -5 6 9223372036854775807\n");
    CHECK(parse_cursor(format_cursor(cursor)) == cursor);
    CHECK(parse_cursor("a\t1 2 3\nb\tx 2 3 4\nc\t1 2 3 4\nd\t1 2 3 4").size() == 1);
}

TEST_CASE("cursor: files that went alone are no change") {
    const event_cursor before = {{"a", {1, 1, 1, 1}}, {"b", {2, 2, 2, 2}}};
    CHECK(compare(before, before) == cursor_change::none);
    CHECK(compare(before, {{"b", {2, 2, 2, 2}}}) == cursor_change::none);
    CHECK(compare(before, {}) == cursor_change::none);
    CHECK(compare({}, {}) == cursor_change::none);
    CHECK(compare(before, {{"b", {2, 2, 7, 2}}}) == cursor_change::none);  // mounted anew
}

TEST_CASE("cursor: size, time and inode each tell a change") {
    const event_cursor before = {{"a", {1, 1, 1, 1}}};
    CHECK(compare(before, {{"a", {2, 1, 1, 1}}}) == cursor_change::grown);
    CHECK(compare(before, {{"a", {1, 2, 1, 1}}}) == cursor_change::grown);
    CHECK(compare(before, {{"a", {1, 1, 1, 2}}}) == cursor_change::grown);
    CHECK(compare(before, {{"a", {1, 1, 1, 1}}, {"b", {}}}) == cursor_change::grown);
    CHECK(compare({}, before) == cursor_change::grown);
}

TEST_CASE("cursor: files that came where others went are another run's") {
    const event_cursor before = {{"a", {1, 1, 1, 1}}, {"b", {2, 2, 2, 2}}};
    CHECK(compare(before, {{"c", {1, 1, 1, 3}}}) == cursor_change::replaced);
    CHECK(compare(before, {{"a", {9, 1, 1, 1}}}) == cursor_change::replaced);
}

TEST_CASE("cursor: is saved and loaded, and looks at files only") {
    const guild_test::temp_dir dir;
    (void)dir.write("logs/a", "12345");
    REQUIRE(os::make_directories(dir / "logs/b"));
    REQUIRE(os::make_directories(dir / "run/guild.d"));
    const event_cursor now = look_at_files(dir / "logs", {"a", "b", "nowhere"});
    REQUIRE(now.size() == 1);
    CHECK(now.at("a").size == 5);
    CHECK(now.at("a").inode != 0);
    CHECK(load_cursor(dir / "run").empty());
    REQUIRE(save_cursor(dir / "run", now));
    CHECK(load_cursor(dir / "run") == now);
    CHECK_FALSE(save_cursor(dir / "nowhere", now));
}

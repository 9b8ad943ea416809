#include <guild/base/plain_text.hpp>

#include <doctest/doctest.h>

TEST_CASE("plain text: escape sequences are taken out") {
    CHECK(guild::without_escapes("\x1B[1;32mgreen\x1B[0m\x1B[K") == "green");
    CHECK(guild::without_escapes("\x1B]0;title\x07text\x1B]8;;x\x1B\\link") == "textlink");
    CHECK(guild::without_escapes("a\tb\x08\x7F\x1B(Bc\x1B") == "a\tbc");
    CHECK(guild::without_escapes("Zo\xC3\xAB \xFF") == "Zo\xC3\xAB \xFF");
}

TEST_CASE("plain text: colours may stay alone") {
    CHECK(guild::with_colours_alone("\x1B[1;32mgreen\x1B[0m\x1B[K") == "\x1B[1;32mgreen\x1B[0m");
    CHECK(guild::with_colours_alone("\x1B[38:2:1:2:3mx\x1B[m") == "\x1B[38:2:1:2:3mx\x1B[m");
    CHECK(guild::with_colours_alone("\x1B[2J\x1B[Aup\x1B]0;title\x07") == "up");
    CHECK(guild::with_colours_alone("\x1B[?5m\x1B[") == "");
}

TEST_CASE("plain text: says whether there is anything to take out") {
    CHECK_FALSE(guild::has_controls("plain\ttext \xFF"));
    CHECK(guild::has_controls("bar\x08"));
    CHECK(guild::has_controls("\x1B[m"));
}

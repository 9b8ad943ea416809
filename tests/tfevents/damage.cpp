#include <guild/tfevents/damage.hpp>

#include <string>

#include <doctest/doctest.h>

namespace tf = guild::tfevents;

TEST_CASE("damage: as an error it keeps its place") {
    const guild::error what =
        tf::to_error({tf::damage_kind::bad_payload, 88, 131}, "logs/tfevents");
    CHECK(what.code == guild::errc::bad_checksum);
    CHECK(what.path == "logs/tfevents");
    CHECK(what.where.begin == 88);
    CHECK(what.where.end == 131);
}

TEST_CASE("damage: every kind has a word and a message of its own") {
    std::string words;
    std::string messages;
    for (const auto kind :
         {tf::damage_kind::bad_length, tf::damage_kind::bad_payload, tf::damage_kind::bad_event,
          tf::damage_kind::nan_time, tf::damage_kind::oversized}) {
        const std::string word(to_string(kind));
        const std::string message = tf::to_error({kind, 0, 1}, "f").message;
        CHECK_FALSE(word.empty());
        CHECK(words.find(word) == std::string::npos);
        CHECK(messages.find(message) == std::string::npos);
        words += word + '|';
        messages += message + '|';
    }
}

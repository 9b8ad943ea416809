#include <guild/series/payload.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

TEST_CASE("dictionary: its bytes, by hand, and back") {
    const std::vector<gs::series_name> names = {{0, "loss", {}}, {300, "a", {{"unit", "s"}}}};
    std::string bytes;
    gs::append_dictionary(bytes, names.data(), names.size());
    using namespace std::string_view_literals;
    CHECK(bytes == "\x02\0\x04loss\0\xAC\x02\x01"
                   "a\x01\x04unit\x01s"sv);
    std::vector<gs::series_name> read;
    REQUIRE(gs::decode_dictionary(bytes, read));
    REQUIRE(read.size() == 2);
    CHECK(read[0].key == "loss");
    CHECK(read[1].id == 300);
    CHECK(read[1].attributes == names[1].attributes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(gs::decode_dictionary(std::string_view(bytes).substr(0, size), read));
    }
    CHECK_FALSE(gs::decode_dictionary(bytes + "x", read));
}

TEST_CASE("note: its bytes, by hand, and back") {
    const gs::note made{5, {{"mark", "gap"}}};
    std::string bytes;
    gs::append_note(bytes, made);
    using namespace std::string_view_literals;
    CHECK(bytes == "\x05\0\0\0\0\0\0\0\x01\x04mark\x03gap"sv);
    gs::note read;
    REQUIRE(gs::decode_note(bytes, read));
    CHECK(read.time_us == 5);
    CHECK(read.texts == made.texts);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(gs::decode_note(std::string_view(bytes).substr(0, size), read));
    }
}

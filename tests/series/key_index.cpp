#include <guild/series/key_index.hpp>

#include <cstdint>
#include <string>

#include <doctest/doctest.h>

namespace gs = guild::series;

TEST_CASE("key index: finds keys as names are added") {
    gs::id_table<gs::series_name> names;
    gs::key_index index;
    CHECK_FALSE(index.find(names, "a"));
    for (std::uint32_t id = 0; id < 100; ++id) {
        const std::string key = "key/" + std::to_string(id * 37 % 100);
        names[id] = {id, key, {}};
        if (id % 10 == 3) {
            CHECK(index.find(names, key) == id);
            CHECK_FALSE(index.find(names, key + "x"));
        }
    }
    for (std::uint32_t id = 0; id < 100; ++id) {
        CHECK(index.find(names, "key/" + std::to_string(id * 37 % 100)) == id);
    }
    CHECK_FALSE(index.find(names, ""));
    CHECK_FALSE(index.find(names, "zzz"));
}

TEST_CASE("key index: of two series with one key the first is found") {
    gs::id_table<gs::series_name> names;
    gs::key_index index;
    names[9] = {9, "same", {}};
    names[2] = {2, "same", {}};
    CHECK(index.find(names, "same") == 9);
    index.clear();
    CHECK(index.find(names, "same") == 9);
}

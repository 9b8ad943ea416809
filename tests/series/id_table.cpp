#include <guild/series/id_table.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

TEST_CASE("id table: ids in order, out of order and far apart") {
    for (const auto& ids : {std::vector<std::uint32_t>{0, 1, 2, 3},
                            {3, 2, 1, 0},
                            {1, 0, 2, 5, 3},
                            {4294967295U, 0, 7, 1, 4294967294U, 2}}) {
        gs::id_table<std::string> table;
        for (const std::uint32_t id : ids) {
            CHECK(table.find(id) == nullptr);
            table[id] = std::to_string(id);
            table[id] += "!";
        }
        REQUIRE(table.size() == ids.size());
        for (const std::uint32_t id : ids) {
            REQUIRE(table.find(id) != nullptr);
            CHECK(*table.find(id) == std::to_string(id) + "!");
        }
        CHECK(table.find(100) == nullptr);
        std::vector<std::uint32_t> order;
        for (const auto& entry : table) {
            order.push_back(entry.id);
        }
        CHECK(order == ids);
        table.clear();
        CHECK(table.find(ids.front()) == nullptr);
    }
}

TEST_CASE("id table: agrees with a map whatever ids come") {
    gs::id_table<int> table;
    std::map<std::uint32_t, int> model;
    std::uint32_t random = 12345;
    for (int i = 0; i < 20000; ++i) {
        random = random * 1664525U + 1013904223U;
        const std::uint32_t id = (random >> 8U) % 3000;
        ++table[id];
        ++model[id];
    }
    CHECK(table.size() == model.size());
    for (const auto& [id, count] : model) {
        REQUIRE(table.find(id) != nullptr);
        CHECK(*table.find(id) == count);
    }
}

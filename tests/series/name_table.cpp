#include <guild/series/name_table.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

std::string dictionary_of(const std::vector<gs::series_name>& names) {
    std::string bytes;
    gs::append_dictionary(bytes, names.data(), names.size());
    return bytes;
}

std::string visited_names(const gs::name_table& table) {
    std::string all;
    table.for_each([&all](std::uint32_t id, std::string_view key) {
        all += std::to_string(id) + "=" + std::string(key) + " ";
    });
    return all;
}

}  // namespace

TEST_CASE("name table: names are found by id and by key") {
    gs::name_table table;
    CHECK_FALSE(table.find_id("loss"));
    CHECK(table.find(0) == nullptr);
    table.add(dictionary_of({{0, "loss", {{"unit", "nats"}}}, {7, "epoch", {}}}));
    CHECK(visited_names(table) == "0=loss 7=epoch ");
    REQUIRE(table.find(0) != nullptr);
    CHECK(table.find(0)->attributes.size() == 1);
    CHECK(table.find_id("epoch") == 7U);
    CHECK_FALSE(table.find_id("other"));
    CHECK(visited_names(table) == "0=loss 7=epoch ");
}

TEST_CASE("name table: a later dictionary adds what is new and changes nothing") {
    gs::name_table table;
    table.add(dictionary_of({{0, "loss", {}}}));
    table.add(dictionary_of({{0, "another", {}}, {1, "epoch", {}}}));
    table.add("\x05not a dictionary");
    CHECK(visited_names(table) == "0=loss 1=epoch ");
    CHECK(table.find_id("epoch") == 1U);
    CHECK_FALSE(table.find_id("another"));
    table.clear();
    CHECK(visited_names(table).empty());
    table.add(dictionary_of({{3, "new", {}}}));
    CHECK(visited_names(table) == "3=new ");
}

TEST_CASE("name table: a dictionary that names an id twice gives it the first key") {
    gs::name_table table;
    table.add(dictionary_of({{2, "a", {}}, {2, "b", {}}, {3, "c", {}}}));
    CHECK(visited_names(table) == "2=a 3=c ");
    CHECK(table.find_id("a") == 2U);
    CHECK(table.find_id("c") == 3U);
    CHECK(visited_names(table) == "2=a 3=c ");
}

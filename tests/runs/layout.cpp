#include <guild/runs/layout.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;

TEST_CASE("layout: names keep letters, digits and ._+- and nothing else") {
    CHECK(sanitize_name("mnist/deep v1.0+a_b-c") == "mnist_deep_v1.0+a_b-c");
    CHECK(sanitize_name("../\n\xC3\xA9") == "..____");
    CHECK(sanitize_name(std::string(100, 'x')) == std::string(64, 'x'));
}

TEST_CASE("layout: a run directory is named after its start in UTC and its name") {
    CHECK(run_directory_name(1496331000999999, "softmax") == "20170601T153000Z-softmax");
    CHECK(run_directory_name(1496331000000000, "") == "20170601T153000Z");
}

TEST_CASE("layout: two runs in one second get two directories") {
    const guild_test::temp_dir dir;
    const std::string root = dir / "deep/er/runs";
    const auto first = create_run_directory(root, "m", 0);
    const auto second = create_run_directory(root, "m", 0);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(*first == root + "/19700101T000000Z-m");
    CHECK(second->substr(0, first->size() + 1) == *first + "-");
    CHECK(second->size() == first->size() + 5);
    for (const std::string& path : {*first, *second}) {
        CHECK(guild::os::is_directory(data_path(path, series_directory)));
    }
}

TEST_CASE("layout: a run root that is a file is an error with its path") {
    const guild_test::temp_dir dir;
    const std::string root = dir.write("runs", "a file");
    const auto made = create_run_directory(root, "m", 0);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == guild::errc::not_a_directory);
    CHECK(made.error().path == root);
}

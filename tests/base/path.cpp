#include <guild/base/path.hpp>

#include <doctest/doctest.h>

using namespace guild;

TEST_CASE("join_path: one slash between the parts") {
    CHECK(join_path("a", "b") == "a/b");
    CHECK(join_path("a/", "b") == "a/b");
    CHECK(join_path("", "b") == "b");
    CHECK(join_path("/", "b") == "/b");
    CHECK(join_path("a", "/b") == "/b");
}

TEST_CASE("base_name and parent_path: divide a path, trailing slashes ignored") {
    CHECK(base_name("runs/a") == "a");
    CHECK(base_name("runs/a//") == "a");
    CHECK(base_name("a") == "a");
    CHECK(parent_path("runs/a") == "runs");
    CHECK(parent_path("runs//a/") == "runs");
    CHECK(parent_path("a") == ".");
    CHECK(parent_path("/a") == "/");
    CHECK(parent_path("/") == "/");
}

TEST_CASE("file_extension: from the last dot of the name on") {
    CHECK(file_extension("dir.d/train.py") == ".py");
    CHECK(file_extension("dir.d/train").empty());
    CHECK(file_extension(".profile").empty());
}

TEST_CASE("normalize_path: resolves dots as text and never climbs out of the root") {
    CHECK(normalize_path("a/./b/../c//d/") == "a/c/d");
    CHECK(normalize_path("../a/../../b") == "../../b");
    CHECK(normalize_path("/../a") == "/a");
    CHECK(normalize_path("a/..") == ".");
    CHECK(normalize_path("") == ".");
    CHECK(normalize_path("/") == "/");
}

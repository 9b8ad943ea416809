#include <guild/package/outside_watch.hpp>

#include <string>

#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using guild::package::outside_watch;
using guild_test::temp_dir;

namespace {

outside_watch must_look(const temp_dir& dir) {
    auto watch = outside_watch::look(dir.path(), {"src", "pkg"});
    REQUIRE(watch);
    return std::move(*watch);
}

std::string change_in(const outside_watch& watch) {
    const auto change = watch.find_change();
    REQUIRE(change);
    return change->value_or("nothing");
}

}  // namespace

TEST_CASE("outside watch: new, changed and removed entries are named") {
    const temp_dir dir;
    (void)dir.write("a", "one");
    (void)dir.write("src/deep", "one");
    const outside_watch watch = must_look(dir);
    CHECK(change_in(watch) == "nothing");
    (void)dir.write("b", "new");
    CHECK(change_in(watch) == "b was made");
    REQUIRE(guild::os::remove_tree(dir / "b"));
    CHECK(change_in(watch) == "nothing");
    (void)dir.write("a", "other");
    CHECK(change_in(watch) == "a was changed");
    REQUIRE(guild::os::remove_tree(dir / "a"));
    CHECK(change_in(watch) == "a was removed");
}

TEST_CASE("outside watch: ignored names may change") {
    const temp_dir dir;
    const outside_watch watch = must_look(dir);
    (void)dir.write("src/new", "x");
    (void)dir.write("pkg/new", "x");
    CHECK(change_in(watch) == "nothing");
}

TEST_CASE("outside watch: a directory that cannot be listed is an error") {
    const auto watch = outside_watch::look("/nonexistent");
    REQUIRE_FALSE(watch);
    CHECK(watch.error().code == guild::errc::not_found);
}

#include <guild/package/git_store.hpp>

#include <doctest/doctest.h>

#include <string>

#include "../support/git_remote.hpp"
#include "../support/http_server.hpp"
#include "../support/temp_dir.hpp"

namespace package = guild::package;
using guild_test::git_remote;
using guild_test::temp_dir;

TEST_CASE("git store: what is no bare repository is left alone") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    const temp_dir at;
    const package::tool_options tools;
    const auto git = package::git_tool::open(tools, {"file"});
    REQUIRE(git);
    (void)at.write("r/file", "mine\n");
    const auto opened = package::git_store::open(*git, {"file:///r", "", at / "r"});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == guild::errc::already_exists);
    CHECK(opened.error().path == at / "r");
    CHECK(guild::os::is_regular_file(at / "r/file"));
}

TEST_CASE("git store: a repository of another URL is refused") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    const temp_dir at;
    const package::tool_options tools;
    const auto git = package::git_tool::open(tools, {"file"});
    REQUIRE(git);
    auto store = package::git_store::open(*git, {"https://h/a.git", "file:///m", at / "r"});
    REQUIRE(store);
    CHECK_FALSE(store->exists());
    REQUIRE(store->create(40));
    CHECK(store->exists());
    CHECK(package::git_store::open(*git, {"https://h/a/", "", at / "r"}).has_value());
    const auto other = package::git_store::open(*git, {"https://h/b.git", "", at / "r"});
    REQUIRE_FALSE(other);
    CHECK(other.error().code == guild::errc::bad_value);
    CHECK(other.error().message ==
          "expected a bare repository of https://h/b.git, seen one of https://h/a.git");
}

TEST_CASE("git store: what is missing is listed without fetching it") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    const temp_dir at;
    const git_remote remote(at / "remote");
    remote.write("a/file", "1\n");
    const std::string id = remote.commit();
    const package::tool_options tools;
    const auto git = package::git_tool::open(tools, {"file"});
    REQUIRE(git);
    auto store = package::git_store::open(*git, {remote.url(), "", at / "r"});
    REQUIRE(store);
    REQUIRE(store->create(40));
    CHECK(store->find_commit(id).empty());
    CHECK(store->list_refs()->empty());
    REQUIRE(
        store->fetch("+refs/heads/master:refs/heads/master", package::fetch_depth::contents_later));
    CHECK(store->find_commit("refs/heads/master") == id);
    CHECK(store->list_refs()->size() == 1);
    CHECK(store->get_object(id, "")->type == "tree");
    const auto file = store->get_object(id, "a/file");
    REQUIRE(file);
    CHECK(file->mode == "100644");
    CHECK(store->get_object(id, "a/fil").error().code == guild::errc::not_found);
    const auto tree = store->get_object(id, "a");
    REQUIRE(tree);
    REQUIRE(store->list_missing(tree->id)->size() == 1);
    CHECK(store->list_missing(tree->id)->front() == file->id);
    REQUIRE(store->fetch_objects({file->id}));
    CHECK(store->list_missing(tree->id)->empty());
    CHECK_FALSE(store->list_missing(std::string(40, '1')));
}

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

TEST_CASE("git store: a repository that a package came with configures nothing") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    const temp_dir at;
    const package::tool_options tools;
    const auto git = package::git_tool::open(tools, {"file"});
    REQUIRE(git);
    const package::repository of{"https://h/a.git", "", at / "r"};
    auto store = package::git_store::open(*git, of);
    REQUIRE(store);
    REQUIRE(store->create(40));
    const auto config = guild::os::load_file(at / "r/config");
    REQUIRE(config);
    const auto refused = [&](const std::string& what) {
        const auto opened = package::git_store::open(*git, of);
        CHECK_FALSE(opened);
        return !opened && opened.error().code == guild::errc::bad_value &&
               guild::contains(opened.error().message, what);
    };
    for (const char* more :
         {"[remote \"origin\"]\n\tuploadpack = /bin/false\n",
          "[url \"ext::false\"]\n\tinsteadOf = https://\n",
          "[protocol \"ext\"]\n\tallow = always\n", "[core]\n\tsshCommand = x\n",
          "[include]\n\tpath = other\n", "[remote \"o\"]\n\tpromisor = true\n"}) {
        CAPTURE(more);
        (void)at.write("r/config", *config + more);
        CHECK(refused("in its configuration"));
    }
    (void)at.write("r/config", *config);
    CHECK(package::git_store::open(*git, of).has_value());
    (void)at.write("r/commondir", "../elsewhere\n");
    CHECK(refused("commondir"));
    REQUIRE(guild::os::remove_tree(at / "r/commondir"));
    REQUIRE(guild::os::make_link("../elsewhere", at / "r/refs/heads/x"));
    CHECK(refused("link"));
}

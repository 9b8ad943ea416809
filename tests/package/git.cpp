#include <guild/package/git.hpp>

#include <doctest/doctest.h>

#include <string>
#include <tuple>
#include <vector>

#include "../support/git_remote.hpp"
#include "../support/http_server.hpp"
#include "../support/temp_dir.hpp"

namespace package = guild::package;
using guild_test::git_remote;
using guild_test::temp_dir;

namespace {

/// A remote, and the directory of a package that fetches from it.
struct git_setting {
    temp_dir at;
    git_remote remote{at / "remote"};
    package::repository from{remote.url(), "", at / "package/remote"};
    package::tool_options tools;
    std::vector<std::string> said;
    std::vector<std::string> warned;

    git_setting() {
        REQUIRE(guild::os::make_directories(at / "package"));
        tools.say = [this](std::string_view line) { said.emplace_back(line); };
        tools.warn = [this](std::string_view line) { warned.emplace_back(line); };
    }

    guild::result<package::git_commit> fetch_tree(const std::string& rest, bool offline = false) {
        package::git_request wanted;
        wanted.tree_rest = rest;
        wanted.offline = offline;
        return package::fetch_commit(from, wanted, tools);
    }

    std::string must_fail(const std::string& rest, guild::errc code) {
        const auto fetched = fetch_tree(rest);
        REQUIRE_FALSE(fetched);
        CHECK(fetched.error().code == code);
        return fetched.error().message;
    }

    package::git_commit must_fetch(const std::string& rest, bool offline = false) {
        auto fetched = fetch_tree(rest, offline);
        REQUIRE_MESSAGE(fetched, (fetched ? "" : to_string(fetched.error())));
        return std::move(*fetched);
    }

    std::string must_export(const package::git_commit& commit, const std::string& name) {
        const auto written = package::export_commit(from, commit, at / name, tools);
        REQUIRE_MESSAGE(written, (written ? "" : to_string(written.error())));
        return at / name;
    }

    std::string git_here(const std::vector<std::string>& arguments) {
        std::vector<std::string> all = {"--git-dir=" + from.directory};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return remote.git(all);
    }
};

std::string text_of_file(const std::string& path) {
    const auto text = guild::os::load_file(path);
    REQUIRE(text);
    return *text;
}

bool has_git() {
    return guild_test::has_programs({"git"});
}

}  // namespace

TEST_CASE("git: a path that is not there is told with its ref, and so is a ref") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("a/b/file", "1\n");
    const std::string id = set.remote.commit();
    CHECK(set.must_fail("master/a/c", guild::errc::not_found) ==
          "no path `a/c` in `master` (" + id + ") of " + set.from.url);
    CHECK(set.must_fail("mastre/a", guild::errc::not_found) ==
          "no branch, tag or commit begins `mastre/a`; did you mean `master`?");
    const std::string none(40, '1');
    CHECK(set.must_fail(none + "/a", guild::errc::not_found) ==
          "no commit " + none + " came from " + set.from.url);
}

TEST_CASE("git: a server that cannot be reached is told, and nothing is left behind") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.from.url = "file://" + (set.at / "nowhere");
    const std::string message = set.must_fail("master", guild::errc::io_failed);
    CHECK(guild::starts_with(message, "asking file:///"));
    CHECK(guild::contains(message, "nowhere' does not appear to be a git repository"));
    CHECK_FALSE(guild::os::find_link_status(set.from.directory));
    CHECK_FALSE(guild::os::find_link_status(set.from.directory + ".new"));
    set.from.url = "--upload-pack=touch x";
    CHECK(set.must_fail("master", guild::errc::bad_value) ==
          "expected an https, http, ssh or file URL, seen `--upload-pack=touch x`");
    set.from.url = "ssh://-oProxyCommand=x/y";
    CHECK_FALSE(set.must_fail("master", guild::errc::bad_value).empty());
}

TEST_CASE("git: only the wanted path is fetched where the server can") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("a/b/file", "wanted\n");
    set.remote.write("other", "not wanted\n");
    (void)set.remote.commit("first");
    set.remote.write("other", "still not\n");
    const std::string id = set.remote.commit("second");
    const auto commit = set.must_fetch("master/a/b");
    CHECK(commit.ref == "refs/heads/master");
    CHECK(commit.commit == id);
    CHECK(commit.path == "a/b");
    CHECK(commit.tree == set.remote.git({"rev-parse", "HEAD:a/b"}));
    CHECK(set.said ==
          std::vector<std::string>{"Downloading " + set.from.url,
                                   "Cloning into bare repository '" + set.from.directory + "'..."});
    CHECK(set.git_here({"rev-list", "--count", "master"}) == "1");
    CHECK(guild::contains(
        set.git_here({"rev-list", "--objects", "--missing=print", "--no-walk", "master"}),
        "?" + set.remote.git({"rev-parse", "HEAD:other"})));
    const std::string out = set.must_export(commit, "out");
    CHECK(text_of_file(out + "/a/b/file") == "wanted\n");
    CHECK_FALSE(guild::os::find_link_status(out + "/other"));
    CHECK_FALSE(guild::os::find_link_status(out + ".index"));
    CHECK(set.warned.empty());
}

TEST_CASE("git: a server that cannot filter gives one commit, one that knows no ids everything") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.git({"config", "uploadpack.allowFilter", "false"});
    set.remote.git({"config", "uploadpack.allowAnySHA1InWant", "false"});
    set.remote.write("a/file", "1\n");
    const std::string first = set.remote.commit("first");
    set.remote.write("a/file", "2\n");
    (void)set.remote.commit("second");
    CHECK(text_of_file(set.must_export(set.must_fetch("master/a"), "one") + "/a/file") == "2\n");
    set.remote.git({"config", "protocol.version", "0"});
    CHECK(text_of_file(set.must_export(set.must_fetch(first + "/a"), "two") + "/a/file") == "1\n");
}

TEST_CASE("git: refs with slashes, and a branch and a tag of one name") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("y/file", "branch\n");
    const std::string id = set.remote.commit();
    set.remote.git({"branch", "feature/x"});
    set.remote.git({"branch", "both"});
    set.remote.git({"tag", "both"});
    CHECK(set.must_fetch("feature/x/y").ref == "refs/heads/feature/x");
    CHECK(set.must_fetch("feature/x/y").path == "y");
    CHECK(set.must_fetch(id + "/y").ref.empty());
    CHECK(set.must_fail("both/y", guild::errc::bad_value) ==
          "`both` is a branch and a tag, write refs/heads/both or refs/tags/both in its place");
    CHECK(set.must_fetch("refs/tags/both/y").ref == "refs/tags/both");
}

TEST_CASE("git: a branch that stands where another was is fetched") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("file", "1\n");
    (void)set.remote.commit();
    set.remote.git({"branch", "topic"});
    (void)set.must_fetch("topic");
    set.remote.git({"branch", "-D", "topic"});
    set.remote.write("file", "2\n");
    const std::string id = set.remote.commit();
    set.remote.git({"branch", "topic/new"});
    CHECK(set.must_fetch("topic/new").commit == id);
}

TEST_CASE("git: attributes of the repository change nothing") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("file", "$Format:%H$ $Id$\r\nx\n");
    set.remote.write("left_out", "x\n");
    set.remote.write("sub/run", "#!/bin/sh\n");
    set.remote.git({"-c", "core.autocrlf=false", "add", "--all"});
    set.remote.git({"update-index", "--chmod=+x", "sub/run"});
    set.remote.git({"commit", "--quiet", "--message", "files"});
    set.remote.write(".gitattributes", "* export-subst ident text eol=crlf filter=lfs\n"
                                       "left_out export-ignore\n");
    set.remote.git({"add", ".gitattributes"});
    set.remote.git({"commit", "--quiet", "--message", "attributes"});
    const std::string out = set.must_export(set.must_fetch("master"), "out");
    CHECK(text_of_file(out + "/file") == "$Format:%H$ $Id$\r\nx\n");
    CHECK(text_of_file(out + "/left_out") == "x\n");
    CHECK(guild::os::is_executable(out + "/sub/run"));
    CHECK_FALSE(guild::os::is_executable(out + "/file"));
    const auto file = set.must_fetch("master/sub/run");
    CHECK(file.mode == "100755");
    CHECK(text_of_file(set.must_export(file, "one") + "/sub/run") == "#!/bin/sh\n");
}

TEST_CASE("git: what was fetched serves offline and when the server is gone") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("a/file", "1\n");
    set.remote.write("b/file", "2\n");
    const std::string id = set.remote.commit();
    const auto none = set.fetch_tree("master/a", true);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == guild::errc::not_found);
    CHECK(guild::contains(none.error().message, "(offline"));
    (void)set.must_fetch("master/a");
    set.said.clear();
    CHECK(set.must_fetch("master/a", true).commit == id);
    CHECK(set.said.empty());
    CHECK_FALSE(set.fetch_tree("master/b", true));
    REQUIRE(guild::os::rename_path(set.at / "remote", set.at / "gone"));
    CHECK(set.must_fetch("master/a").commit == id);
    REQUIRE(set.warned.size() == 1);
    CHECK(guild::contains(set.warned[0], "commit " + id + ", fetched before, is used"));
    CHECK_FALSE(set.must_fail("master/b", guild::errc::io_failed).empty());
    REQUIRE(guild::os::rename_path(set.at / "gone", set.at / "remote"));
}

TEST_CASE("git: a pinned commit is fetched again though its branch went on") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("file", "1\n");
    const std::string first = set.remote.commit("first");
    set.remote.write("file", "2\n");
    const std::string second = set.remote.commit("second");
    package::git_request wanted;
    wanted.tree_rest = "master";
    wanted.pinned_commit = first;
    wanted.pinned_ref = "refs/heads/master";
    const auto pinned = package::fetch_commit(set.from, wanted, set.tools);
    REQUIRE(pinned);
    CHECK(pinned->commit == first);
    CHECK(pinned->ref == "refs/heads/master");
    CHECK(text_of_file(set.must_export(*pinned, "out") + "/file") == "1\n");
    set.said.clear();
    REQUIRE(package::fetch_commit(set.from, wanted, set.tools));
    CHECK(set.said.empty());
    CHECK(set.must_fetch("master").commit == second);
}

TEST_CASE("git: branch, tag, commit and the remote's HEAD") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("file", "1\n");
    const std::string id = set.remote.commit();
    set.remote.git({"tag", "--annotate", "--message", "m", "v1"});
    const auto fetch = [&](package::ref_kind kind, const std::string& ref) {
        package::git_request wanted;
        wanted.kind = kind;
        wanted.ref = ref;
        return package::fetch_commit(set.from, wanted, set.tools);
    };
    for (const auto& [kind, ref, full] :
         {std::tuple{package::ref_kind::tag, "v1", "refs/tags/v1"},
          std::tuple{package::ref_kind::branch, "master", "refs/heads/master"},
          std::tuple{package::ref_kind::none, "", "HEAD"}}) {
        const auto fetched = fetch(kind, ref);
        REQUIRE_MESSAGE(fetched, (fetched ? "" : to_string(fetched.error())));
        CHECK(fetched->commit == id);
        CHECK(fetched->ref == full);
    }
    CHECK(fetch(package::ref_kind::commit, id)->commit == id);
    const auto wrong = fetch(package::ref_kind::tag, "v2");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message == "no ref `refs/tags/v2`; did you mean `refs/tags/v1`?");
}

TEST_CASE("git: a tag that says it is another one is refused") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("file", "1\n");
    (void)set.remote.commit();
    set.remote.git({"tag", "--annotate", "--message", "m", "v1"});
    set.remote.git({"update-ref", "refs/tags/v2", set.remote.git({"rev-parse", "v1"})});
    CHECK(guild::contains(set.must_fail("v2", guild::errc::bad_value),
                          "gives as refs/tags/v2 says that it is another one"));
}

TEST_CASE("git: a mirror is fetched from, and the clone stays that of the first URL") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    set.remote.write("file", "1\n");
    const std::string id = set.remote.commit();
    set.from.fetch_url = set.from.url;
    set.from.url = "https://git.example.org/o/r.git";
    CHECK(set.must_fetch("master").commit == id);
    CHECK(set.said.front() == "Downloading https://git.example.org/o/r.git");
    set.from.url = "https://git.example.org/o/r";
    CHECK(set.must_fetch("master").commit == id);
    set.from.url = "https://git.example.org/o/other.git";
    CHECK(guild::contains(set.must_fail("master", guild::errc::bad_value),
                          "seen one of https://git.example.org/o/r.git"));
}

TEST_CASE("git: a program that hangs is stopped in time") {
    if (!has_git()) {
        return;
    }
    git_setting set;
    const std::string slow = set.at.write("slow", "#!/bin/sh\nsleep 30\n");
    REQUIRE(guild::os::set_permissions(slow, 0755));
    set.tools.git = slow;
    set.tools.timeout_ms = 50;
    CHECK(guild::contains(set.must_fail("master", guild::errc::timed_out), "after 50 ms"));
    set.tools.git = "no-such-git";
    CHECK(guild::contains(set.must_fail("master", guild::errc::missing_requirement),
                          "`no-such-git` is needed"));
}

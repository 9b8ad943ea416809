#include <guild/package/working.hpp>

#include <guild/os/link.hpp>

#include <string>
#include <vector>

#include <support/child_program.hpp>
#include <support/http_server.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using guild::package::working_item;
using guild::package::working_place;
using guild_test::temp_dir;

namespace {

// A package whose sources are the directory `up` and the file `extra`.
class working_test {
public:
    working_test() {
        (void)dir_.write("src/up/a.py", "one\ntwo\nthree\n");
        (void)dir_.write("src/up/deep/b.txt", "b\n");
        (void)dir_.write("src/extra", "x\n");
        place_.package_directory = dir_.path();
        place_.srcdir = dir_ / "src";
        place_.directory = dir_ / "working";
    }

    const temp_dir& dir() const { return dir_; }
    const working_place& place() const { return place_; }
    void write(const std::string& name, const std::string& content) const {
        (void)dir_.write(name, content);
    }
    std::string text(const std::string& name) const {
        return guild::os::load_file(dir_ / name).value_or("missing");
    }

    // "+" or "=" and the name of each item below the package's directory, or the error.
    std::string describe(const guild::result<std::vector<working_item>>& items) const {
        if (!items) {
            return to_string(items.error());
        }
        std::string out;
        for (const working_item& item : *items) {
            out += (item.is_new ? " +" : " =") + item.path.substr(dir_.path().size() + 1);
        }
        return out;
    }

    std::string copy() const { return describe(guild::package::make_working_copy(place_)); }
    std::string patch() const { return describe(guild::package::make_patches(place_)); }

private:
    temp_dir dir_;
    working_place place_;
};

}  // namespace

TEST_CASE("working copy: sources stand there twice, one to be edited") {
    const working_test test;
    CHECK(test.copy() == " +working/extra +working/up");
    CHECK(test.text("working/up/a.py") == "one\ntwo\nthree\n");
    CHECK(test.text("working/up.orig/deep/b.txt") == "b\n");
    CHECK(test.text("working/extra") == "x\n");
}

TEST_CASE("working copy: what is there already is left as it is") {
    const working_test test;
    REQUIRE(test.copy() == " +working/extra +working/up");
    test.write("working/up/a.py", "mine\n");
    test.write("working/extra", "mine\n");
    CHECK(test.copy() == " =working/extra =working/up");
    CHECK(test.text("working/up/a.py") == "mine\n");
    CHECK(test.text("working/extra") == "mine\n");
}

TEST_CASE("working copy: Guild.in becomes Guild, once") {
    const working_test test;
    test.write("Guild.in", "[project]\n");
    CHECK(test.copy() == " +working/extra +working/up +working/Guild");
    CHECK(test.text("working/Guild") == "[project]\n");
    test.write("src/Guild.in", "[other]\n");
    CHECK(test.copy() == " +working/Guild.in =working/extra =working/up =working/Guild");
    REQUIRE(guild::os::remove_tree(test.dir() / "working"));
    CHECK(test.copy() == " +working/Guild.in +working/extra +working/up +working/Guild");
    CHECK(test.text("working/Guild") == "[other]\n");
}

TEST_CASE("working copy: the patch turns the original into the copy") {
    if (!guild_test::has_programs({"git", "patch"})) {
        return;
    }
    const working_test test;
    REQUIRE(test.copy() == " +working/extra +working/up");
    CHECK(test.patch() == " =up.patch");
    CHECK(test.text("up.patch") == "missing");
    test.write("working/up/a.py", "one\n2\nthree\n");
    test.write("working/up/new name", "new\n");
    REQUIRE(guild::os::remove_tree(test.dir() / "working/up/deep/b.txt"));
    test.write("working/up/__pycache__/a.pyc", std::string("\0\1", 2));
    test.write("working/up/a.py.orig", "x");
    CHECK(test.patch() == " +up.patch");
    const std::string patch = test.text("up.patch");
    CHECK(patch.find("--- up.orig/a.py\n+++ up/a.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n") !=
          std::string::npos);
    CHECK(patch.find("pycache") == std::string::npos);
    CHECK(patch.find("a.py.orig") == std::string::npos);
    guild_test::must_run(
        guild_test::shell_options("cd " + test.dir().path() +
                                  " && cp -r src/up applied && cd applied && "
                                  "patch -s -p1 < ../up.patch && cd .. && "
                                  "rm -rf working/up/__pycache__ working/up/a.py.orig && LC_ALL=C "
                                  "diff -r applied working/up > diff"));
    CHECK(test.text("diff").find("Only in working/up: deep") != std::string::npos);
    CHECK(test.text("applied/a.py") == "one\n2\nthree\n");
    CHECK(test.text("applied/new name") == "new\n");
    CHECK(test.text("applied/deep/b.txt") == "missing");
}

TEST_CASE("working copy: the same edits give the same patch at another time and place") {
    if (!guild_test::has_programs({"git", "patch"})) {
        return;
    }
    const working_test one;
    const working_test two;
    for (const working_test* test : {&one, &two}) {
        REQUIRE(test->copy() == " +working/extra +working/up");
        test->write("working/up/a.py", "one\n2\nthree\n");
        REQUIRE(test->patch() == " +up.patch");
    }
    CHECK(one.text("up.patch") == two.text("up.patch"));
}

TEST_CASE("working copy: a patch that the package has is applied, and is in the next one") {
    if (!guild_test::has_programs({"git", "patch"})) {
        return;
    }
    const working_test test;
    REQUIRE(test.copy() == " +working/extra +working/up");
    test.write("working/up/a.py", "one\n2\nthree\n");
    REQUIRE(test.patch() == " +up.patch");
    const std::string first = test.text("up.patch");
    REQUIRE(guild::os::remove_tree(test.dir() / "working"));
    REQUIRE(test.copy() == " +working/extra +working/up");
    CHECK(test.text("working/up/a.py") == "one\n2\nthree\n");
    CHECK(test.text("working/up.orig/a.py") == "one\ntwo\nthree\n");
    CHECK(test.patch() == " +up.patch");
    CHECK(test.text("up.patch") == first);
}

TEST_CASE("working copy: a patch that does not apply leaves nothing behind") {
    if (!guild_test::has_programs({"git", "patch"})) {
        return;
    }
    const working_test test;
    test.write("up.patch", "--- up.orig/a.py\n+++ up/a.py\n@@ -1 +1 @@\n-other\n+text\n");
    CHECK(test.copy().find("up.patch: the patch does not apply: ") != std::string::npos);
    CHECK_FALSE(guild::os::find_link_status(test.dir() / "working/up"));
    CHECK_FALSE(guild::os::find_link_status(test.dir() / "working/up.orig"));
}

TEST_CASE("working copy: binary files and missing copies are errors") {
    if (!guild_test::has_programs({"git", "patch"})) {
        return;
    }
    const working_test test;
    CHECK(test.patch().find("there is no NAME.orig to compare with; guild package --working") !=
          std::string::npos);
    REQUIRE(test.copy() == " +working/extra +working/up");
    test.write("working/up/data.bin", std::string("\0\1\2", 3));
    CHECK(test.patch() == "up/data.bin: a patch cannot hold files that are not text");
    REQUIRE(guild::os::remove_tree(test.dir() / "working/up"));
    CHECK(test.patch().find("there is a up.orig but no up") != std::string::npos);
    REQUIRE(guild::os::remove_tree(test.dir() / "working/up.orig"));
    CHECK(test.patch().find("there is no NAME.orig to compare with") != std::string::npos);
}

TEST_CASE("working copy: lines that look like headers of a patch are lines of files") {
    if (!guild_test::has_programs({"git", "patch"})) {
        return;
    }
    const working_test test;
    test.write("src/up/odd", "-- a\n++ b\ndiff --git x y\nBinary files a and b differ\n");
    REQUIRE(test.copy() == " +working/extra +working/up");
    test.write("working/up/odd", "diff --git __pycache__/ z\n-- a\nBinary files\n");
    REQUIRE(test.patch() == " +up.patch");
    guild_test::must_run(guild_test::shell_options("cd " + test.dir().path() +
                                                   " && cp -r src/up applied && cd applied && "
                                                   "patch -s -p1 < ../up.patch"));
    CHECK(test.text("applied/odd") == "diff --git __pycache__/ z\n-- a\nBinary files\n");
}

TEST_CASE("working copy: a repository among the copies has no say in the patch") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    const working_test test;
    test.write("working/up.orig/a", "1\n");
    test.write("working/up/a", "2\n");
    test.write("working/.gitattributes", "* filter=x\n");
    test.write("working/.git/HEAD", "ref: refs/heads/x\n");
    test.write("working/.git/config", "[core]\n\trepositoryformatversion = 0\n[filter \"x\"]\n"
                                      "\tclean = \"touch " +
                                          test.dir().path() + "/ran; cat\"\n");
    test.write("working/.git/objects/keep", "");
    test.write("working/.git/refs/keep", "");
    CHECK(test.patch() == " +up.patch");
    CHECK(test.text("ran") == "missing");
}

TEST_CASE("working copy: links of a package lead nowhere") {
    const working_test test;
    REQUIRE(guild::os::make_directories(test.dir() / "elsewhere"));
    REQUIRE(guild::os::make_link("elsewhere", test.dir() / "working"));
    CHECK(guild::contains(test.copy(), "expected no symbolic link here"));
    CHECK(guild::os::list_directory(test.dir() / "elsewhere")->empty());
}

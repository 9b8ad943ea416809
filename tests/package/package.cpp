#include <guild/package/package.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../support/temp_dir.hpp"

namespace package = guild::package;
using guild_test::temp_dir;

namespace {

const std::string tutorial_package =
    "#-*-conf-*-\n\n[package]\n\n  name = mnist-tutorial-src\n  version = 1\n"
    "  source = https://github.com/tensorflow/tensorflow/tree/master/tensorflow/examples/"
    "tutorials/mnist\n  packager = packager\n\n[references]\n\n"
    "  github = https://github.com/tensorflow/tensorflow/tree/master/tensorflow\n\n";

package::definition_report read_package(const std::string& text) {
    return package::parse_definition(text, "/p", "GuildPkg");
}

/// Every error and warning as `LINE:COL: message`.
std::vector<std::string> remarks(const std::string& text) {
    std::vector<std::string> lines;
    for (const guild::ini::diagnostic& each : read_package(text).diagnostics) {
        const bool is_error = each.sev == guild::ini::severity::error;
        lines.push_back(std::to_string(each.what.where.line) + ':' +
                        std::to_string(each.what.where.column) + ": " +
                        (is_error ? "" : "warning: ") + each.what.message);
    }
    return lines;
}

using lines_of = std::vector<std::string>;

std::string with_name(const std::string& name, const std::string& rest = {}) {
    return "[package]\nname = " + name + "\nversion = 1\n" + rest;
}

}  // namespace

TEST_CASE("package: a directory without GuildPkg says what to do") {
    const temp_dir at;
    const auto missing = package::load_definition(at.path());
    REQUIRE(missing.failure);
    CHECK(missing.failure->code == guild::errc::not_found);
    CHECK(missing.failure->message == "Directory '" + at.path() +
                                          "' does not contain a GuildPkg file\nTry 'guild init "
                                          "--package " +
                                          at.path() +
                                          "' to initialize a package or change directories.");
    CHECK(package::detail::no_package_file(".").message ==
          "This directory does not contain a GuildPkg file\nTry 'guild init --package' to "
          "initialize a package or change directories.");
}

TEST_CASE("package: what is missing is told at the section or at the start") {
    CHECK(remarks("") == lines_of{"1:1: expected a section [package], seen none"});
    CHECK(remarks("\n[package]\n") ==
          lines_of{"2:1: expected `name = ...` in [package], seen none",
                   "2:1: expected `version = ...` in [package], seen none"});
    CHECK(remarks("[package\n") == lines_of{"1:9: expected `]` at the end of a section header"});
    CHECK(remarks("x = 1\n").front().substr(0, 4) == "1:1:");
}

TEST_CASE("package: names and versions that are no names of files are refused") {
    const std::string form = "expected a name of letters, digits and `._+~@-`, ";
    CHECK(remarks(with_name("a/b")).front() == "2:8: " + form + "seen `/`");
    CHECK(remarks(with_name("a..b")).front() == "2:8: " + form + "seen `..`");
    CHECK(remarks(with_name("-a")).front() == "2:8: " + form + "seen `-` at its start");
    CHECK(remarks(with_name(".a")).front() == "2:8: " + form + "seen `.` at its start");
    CHECK(remarks(with_name("a b")).front() == "2:8: " + form + "seen ` `");
    CHECK(remarks("[package]\nname = a\nversion = 1/../2\n") ==
          lines_of{"3:11: expected a version of letters, digits and `._+~@-`, seen `..`"});
    CHECK(
        remarks("[package]\nname = a\nversion = 1-2\n") ==
        lines_of{"3:11: warning: `-` in a version: NAME-VERSION cannot be told apart by readers"});
}

TEST_CASE("package: names that depart from the rules are warned about") {
    for (const char* fine : {"mnist-src", "mnist", "inception-v1+cifar10", "a1.5-src"}) {
        CHECK(package::find_naming_remark(fine).empty());
    }
    for (const char* odd : {"Mnist", "mnist_src", "a--b", "a+", "a+b+c", "x-source", "x.src",
                            "averyveryverylongtermindeed"}) {
        CHECK_FALSE(package::find_naming_remark(odd).empty());
    }
    CHECK(
        remarks(with_name("Mnist")) ==
        lines_of{"2:8: warning: expected short terms of small letters and digits, joined by `-`"});
}

TEST_CASE("package: a wrong source is told at its own word, also in a continued value") {
    CHECK(remarks(with_name("a", "source = a.txt \\\n  ../b\n")) ==
          lines_of{"5:3: expected a file or directory below the package's directory, seen "
                   "`../b`"});
    CHECK(remarks(with_name("a", "source = x git+https://h/r#tag\n")) ==
          lines_of{"4:28: expected commit=ID, tag=NAME or branch=NAME behind `#`"});
    CHECK(remarks(with_name("a", "source = d/x e/x\n")) ==
          lines_of{"4:14: two sources would both be `x` below src, the other in line 4"});
    CHECK(remarks(with_name("a", "packager = ../p\n")) ==
          lines_of{"4:12: expected a file below the package's directory, seen `../p`"});
}

TEST_CASE("package: checksums are one for each source, in order") {
    const std::string sum(64, 'A');
    const std::string two = "source = x y\n";
    CHECK(remarks(with_name("a", two + "sha256 = SKIP\n")) ==
          lines_of{"5:10: expected 2 checksums, one for each source in order, seen 1"});
    CHECK(remarks(with_name("a", two + "sha256 = SKIP SKIP SKIP\n")) ==
          lines_of{"5:20: expected 2 checksums, one for each source in order, seen 3"});
    CHECK(remarks(with_name("a", two + "sha256 = SKIP skip\n")) ==
          lines_of{"5:15: expected 64 hex digits or SKIP, seen `skip`"});
    const auto read = read_package(with_name("a", two + "sha256 = " + sum + " SKIP\n"));
    REQUIRE(read.value);
    CHECK(read.value->sources[0].sha256 == std::string(64, 'a'));
    CHECK(read.value->sources[1].sha256 == "SKIP");
}

TEST_CASE("package: sources that nothing checks are warned about") {
    CHECK(remarks(with_name("a", "source = https://h/x\n")) ==
          lines_of{"4:10: warning: nothing checks what is downloaded here"});
    CHECK(remarks(with_name("a", "source = http://h/x\nsha256 = SKIP\n")) ==
          lines_of{"4:10: warning: anyone on the way can change what comes from here"});
    CHECK(remarks(with_name("a", "source = git+http://h/x#commit=" + std::string(40, '1') + "\n"))
              .empty());
    CHECK(remarks(tutorial_package).empty());
    CHECK(remarks(with_name("a", "[pakage]\n")) ==
          lines_of{"4:1: warning: [pakage] means nothing in a GuildPkg file"});
}

TEST_CASE("package: the tutorial's GuildPkg as values") {
    const temp_dir at;
    const std::string path = at.write("GuildPkg", tutorial_package);
    const auto read = package::load_definition(at.path());
    REQUIRE(read.value);
    const package::definition& made = *read.value;
    CHECK(made.directory == at.path());
    CHECK(made.path == path);
    CHECK(made.text == tutorial_package);
    CHECK(made.name.text == "mnist-tutorial-src");
    CHECK(made.name.from.where.line == 5);
    CHECK(made.name.from.where.column == 10);
    CHECK(made.version.text == "1");
    REQUIRE(made.packager);
    CHECK(made.packager->text == "packager");
    REQUIRE(made.sources.size() == 1);
    CHECK(made.sources[0].value.url == "https://github.com/tensorflow/tensorflow.git");
    CHECK(made.sources[0].from.where.line == 7);
    CHECK(made.sources[0].from.where.column == 12);
    CHECK(made.sources[0].sha256.empty());
    REQUIRE(made.references.size() == 1);
    CHECK(made.references[0].name == "github");
}

TEST_CASE("package: every attribute of [package] is a variable") {
    const auto read = read_package(with_name("a", "my-key.x = some text\nname = b\n"));
    REQUIRE(read.value);
    const auto variables = package::list_variables(*read.value);
    CHECK(guild::os::find_variable(variables, "package_name") == "b");
    CHECK(guild::os::find_variable(variables, "package_version") == "1");
    CHECK(guild::os::find_variable(variables, "package_my_key_x") == "some text");
    CHECK(variables.size() == 3);
}

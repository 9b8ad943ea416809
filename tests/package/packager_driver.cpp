#include <guild/package/packager_driver.hpp>

#include <string>

#include <doctest/doctest.h>

using guild::package::describe_failure;
using guild::package::packager_notes;

namespace {

std::string describe(const packager_notes& notes) {
    return to_string(describe_failure(notes, "exit code 3", "/pkg/packager", "packager"));
}

}  // namespace

TEST_CASE("packager notes: a failed command is told with its line") {
    CHECK(describe({"build", "1\n12\n/pkg/packager\nfalse", ""}) ==
          "packager:12: step build failed with status 1: false");
}

TEST_CASE("packager notes: a command of several lines is told on one, cut where it is long") {
    CHECK(describe({"build", "2\n7\n/pkg/packager\n(\n  cd x\n  make )", ""}) ==
          "packager:7: step build failed with status 2: ( cd x make )");
    const std::string long_command(5000, 'x');
    CHECK(describe({"check", "1\n1\n/pkg/packager\n" + long_command, ""}) ==
          "packager:1: step check failed with status 1: " + long_command.substr(0, 200) + "...");
}

TEST_CASE("packager notes: a command of a file that the packager reads is told with that file") {
    CHECK(describe({"build", "1\n3\n/pkg/src/steps.sh\nmake", ""}) ==
          "/pkg/src/steps.sh:3: step build failed with status 1: make");
}

TEST_CASE("packager notes: a default step, which no file holds, has no line") {
    CHECK(describe({"package", "1\n23\n\ncp -a -- a b", ""}) ==
          "packager: step package failed with status 1: cp -a -- a b");
    CHECK(describe({"package", "1\n21\nenvironment\ncp -a -- a b", ""}) ==
          "packager: step package failed with status 1: cp -a -- a b");
}

TEST_CASE("packager notes: without a failed command the end of the shell is told") {
    CHECK(describe({"prepare", "", ""}) == "packager: step prepare failed: exit code 3");
    CHECK(describe({"packager", "", ""}) == "packager: the packager failed: exit code 3");
    CHECK(describe({}) == "packager: the packager failed: exit code 3");
}

TEST_CASE("packager notes: what bash cannot read is told with its line") {
    CHECK(describe({"packager", "",
                    "/pkg/packager: line 4: syntax error near unexpected token `}'\n"
                    "/pkg/packager: line 4: `}'\n"}) ==
          "packager:4: syntax error near unexpected token `}'");
    CHECK(describe({"packager", "", "something else\n"}) == "packager: something else");
}

TEST_CASE("packager notes: broken notes are no failed command") {
    CHECK(describe({"build", "1\n12", ""}) == "packager: step build failed: exit code 3");
    CHECK(describe({"build", "1\nx\n/pkg/packager\nfalse", ""}) ==
          "packager: step build failed with status 1: false");
}

TEST_CASE("packager notes: only the last note says that all steps were gone through") {
    CHECK(guild::package::is_complete({"end", "", ""}));
    CHECK_FALSE(guild::package::is_complete({"package", "", ""}));
    CHECK_FALSE(guild::package::is_complete({}));
}

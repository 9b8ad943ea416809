#include <string>

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>

#include <doctest/doctest.h>

#include "support/temp_dir.hpp"

namespace {

/// What 01_parse_project prints about a directory; an exit code of -1: it was not built.
guild::os::run_result parse_project(const std::string& directory) {
#ifdef GUILD_BIN_DIR
    const std::string built = GUILD_BIN_DIR;
#else
    const std::string built = ".";
#endif
    const std::string program = guild::join_path(
        guild::os::find_variable("GUILD_BIN_DIR").value_or(built), "01_parse_project");
    guild::os::run_result none;
    none.status.code = -1;
    if (!guild::os::is_executable(program)) {
        MESSAGE("the program is not built: skipped: " << program);
        return none;
    }
    guild::os::process_options options;
    options.argv = {program, directory};
    auto ran = guild::os::run(options);
    REQUIRE(ran);
    return *std::move(ran);
}

}  // namespace

TEST_CASE("01_parse_project: shows models, flags and where they were set") {
    const guild_test::temp_dir temp;
    (void)temp.write("Guild", "[project]\n"
                              "name = Digits\n"
                              "description = Two \\\n"
                              "   models\n"
                              "[model \"a\"]\n"
                              "train = first --fast\n"
                              "[model \"b\"]\n"
                              "description = The other\n"
                              "train = second\n"
                              "[flags]\n"
                              "steps = 5\n"
                              "[flags \"b\"]\n"
                              "steps = 7\n");
    const auto ran = parse_project(temp.path());
    if (ran.status.code == -1) {
        return;
    }
    CHECK(ran.status.success());
    CHECK(ran.err.empty());
    CHECK(ran.out == "Digits: Two models\n"
                     "\n"
                     "a: (no description)\n"
                     "  train  first --fast\n"
                     "  --steps 5  (line 11, project flags)\n"
                     "\n"
                     "b: The other\n"
                     "  train  second\n"
                     "  --steps 7  (line 13, model flags)\n");
}

TEST_CASE("01_parse_project: points at a mistake, and at a missing file") {
    const guild_test::temp_dir temp;
    const auto missing = parse_project(temp.path());
    if (missing.status.code == -1) {
        return;
    }
    CHECK(missing.status.code == 2);
    CHECK(guild::contains(missing.err, "does not contain a Guild file"));
    const std::string path = temp.write("Guild", "[model \"a\"]\n[flags\na = 1\n");
    const auto ran = parse_project(temp.path());
    CHECK(ran.status.code == 2);
    CHECK(ran.out.empty());
    CHECK(guild::starts_with(ran.err, path + ":2:7: "));
    CHECK(guild::contains(ran.err, "\n  [flags\n        ^"));
}

TEST_CASE("01_parse_project: the MNIST project has the tutorial's three models") {
    const auto ran = parse_project(guild::join_path(GUILD_SOURCE_DIR, "examples/mnist"));
    if (ran.status.code == -1) {
        return;
    }
    CHECK(ran.status.success());
    CHECK(ran.err.empty());
    CHECK(guild::contains(ran.out, "\nsoftmax: Simple linear regression model\n"));
    CHECK(guild::contains(ran.out, "\n  train  mnist_softmax_xla\n"));
    CHECK(guild::contains(ran.out, "\n  train  mnist_deep_with_summaries\n"));
    CHECK(guild::contains(ran.out, "--log_dir $RUNDIR"));
}

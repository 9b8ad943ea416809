#include <guild/ini/parser.hpp>
#include <guild/project/operation.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "../support/temp_dir.hpp"

namespace project = guild::project;
using guild_test::temp_dir;
using words = std::vector<std::string>;

namespace {

project::project make(const std::string& directory, std::string_view text) {
    return project::project({directory, ".", "Guild"},
                            guild::ini::expand(guild::ini::parse(text, "Guild")).sections);
}

std::string write_program(const temp_dir& at, const std::string& name) {
    const std::string path = at.write(name, "#!/bin/sh\n");
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
    return path;
}

/// The command of `train = SPEC`, with a bin directory on PATH and one beside the program.
guild::result<project::operation> train(const temp_dir& at, const std::string& spec,
                                        std::vector<project::flag> flags = {},
                                        project::variables values = {}) {
    const auto from = make(at / "p", "[model \"m\"]\ntrain = " + spec + "\n");
    return project::make_operation(
        from, *from.models()[0], "train",
        {std::move(flags), std::move(values), at / "beside", at / "bin"});
}

words argv_of(const guild::result<project::operation>& made) {
    return made ? made->argv : words{"error", made.error().message};
}

}  // namespace

TEST_CASE("split_command: quoted groups are one word") {
    CHECK(project::split_command("foo \"this is bar\" and \"this is baz\"") ==
          words{"foo", "this is bar", "and", "this is baz"});
    CHECK(project::split_command("\"contains \\\" - an escaped quote\"") ==
          words{"contains \\", "-", "an", "escaped", "quote"});
    CHECK(project::split_command("a\"b c\"d \t e") == words{"a", "b c", "d", "e"});
    CHECK(project::split_command("\"\" a").size() == 1);
    CHECK(project::split_command("").empty());
}

TEST_CASE("substitute: the longest identifier counts") {
    const project::variables values = {{"RUNDIR", "/r/$GPU_COUNT\\1"}, {"GPU_COUNT", "2"}};
    CHECK(project::substitute("$RUNDIR/x:$GPU_COUNT", values) == "/r/$GPU_COUNT\\1/x:2");
    CHECK(project::substitute("$RUNDIRX ${RUNDIR} $ $$GPU_COUNT $", values) ==
          "$RUNDIRX ${RUNDIR} $ $2 $");
    CHECK(project::substitute("", values).empty());
}

TEST_CASE("operation: the project directory comes before PATH") {
    const temp_dir at;
    const std::string beside = write_program(at, "beside/tool");
    (void)at.write("p/empty", "");
    CHECK(argv_of(train(at, "tool")) == words{beside});
    const std::string on_path = write_program(at, "bin/tool");
    CHECK(argv_of(train(at, "tool")) == words{on_path});
    const std::string python = write_program(at, "bin/python3");
    (void)at.write("p/tool.py", "");
    CHECK(argv_of(train(at, "tool")) == words{python, "-u", "tool.py"});
    const std::string own = write_program(at, "p/tool");
    CHECK(argv_of(train(at, "tool --fast \"a b\"")) == words{own, "--fast", "a b"});
    CHECK(train(at, "tool")->how_found == "tool in the project directory");
    CHECK(train(at, "tool")->directory == at / "p");
}

TEST_CASE("operation: a python script runs under python3 -u, executable or not") {
    const temp_dir at;
    const std::string python = write_program(at, "bin/python3");
    (void)write_program(at, "p/sub/t.py");
    CHECK(argv_of(train(at, "sub/t.py")) == words{python, "-u", "sub/t.py"});
    CHECK(argv_of(train(at, "sub/t")) == words{python, "-u", "sub/t.py"});
    REQUIRE(guild::os::remove_tree(python));
    const auto made = train(at, "sub/t");
    REQUIRE_FALSE(made);
    CHECK(made.error().code == guild::errc::missing_requirement);
}

TEST_CASE("operation: flags become two arguments each, also when the value is empty") {
    const temp_dir at;
    const std::string own = write_program(at, "p/t");
    const auto made =
        train(at, "t $RUNDIR/x", {{"log_dir", "$RUNDIR", {}, {}}, {"empty", "", {}, {}}},
              {{"RUNDIR", "/runs/1"}, {"GPU_COUNT", "0"}});
    CHECK(argv_of(made) == words{own, "/runs/1/x", "--log_dir", "/runs/1", "--empty", ""});
    CHECK(made->written_argv == words{own, "$RUNDIR/x", "--log_dir", "$RUNDIR", "--empty", ""});
    CHECK(made->flags[0].value == "/runs/1");
    CHECK(made->environment.size() == 2);
}

TEST_CASE("operation: a program that is missing or not executable is told apart") {
    const temp_dir at;
    (void)at.write("p/script.sh", "#!/bin/sh\n");
    const auto locked = train(at, "script.sh");
    REQUIRE_FALSE(locked);
    CHECK(locked.error().code == guild::errc::not_executable);
    const auto missing = train(at, "nothing");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == guild::errc::not_found);
    CHECK(missing.error().message == "cannot find the command 'nothing'\nLooked for '" +
                                         (at / "p/nothing") + "' and '" + (at / "p/nothing") +
                                         ".py', on PATH, and in '" + (at / "beside") + "'.");
    CHECK_FALSE(train(at, "."));
    CHECK_FALSE(train(at, "/"));
}

TEST_CASE("operation: a model without the attribute does not support the operation") {
    const auto one = make("/p", "[model \"m\"]\ntrain =\n[model]\n");
    const auto named = project::make_operation(one, *one.models()[0], "train", {});
    REQUIRE_FALSE(named);
    CHECK(named.error().code == guild::errc::bad_value);
    CHECK(named.error().message == "model 'm' does not support a train operation\nTry 'guild train "
                                   "--help' for more information.");
    const auto unnamed = project::make_operation(one, *one.models()[1], "prepare", {});
    REQUIRE_FALSE(unnamed);
    CHECK(unnamed.error().message == "model does not support a prepare operation\nTry 'guild "
                                     "prepare --help' for more information.");
    const auto evaluated = project::make_operation(one, *one.models()[1], "evaluate", {});
    REQUIRE_FALSE(evaluated);
    CHECK(evaluated.error().message == "model does not support an evaluate operation\nTry 'guild "
                                       "evaluate --help' for more information.");
}

TEST_CASE("operation: a missing requirement is named with its directory") {
    const temp_dir at;
    (void)at.write("p/data", "");
    const auto good = make(at / "p", "[model]\ntrain_requires = data, ./data,\n");
    CHECK(project::check_requirements(good, *good.models()[0]));
    const auto bad = make(at / "p", "[model]\ntrain_requires = data, more/x\n");
    const auto checked = project::check_requirements(bad, *bad.models()[0]);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == guild::errc::missing_requirement);
    CHECK(checked.error().message ==
          "missing required './more/x'\nDo you need to run 'guild prepare' first?");
}

TEST_CASE("preview: one option a line, the environment by name") {
    project::operation of;
    of.written_argv = {"/usr/bin/python3", "-u",      "mnist.py",  "fast",    "--log_dir",
                       "$RUNDIR",          "--title", "two words", "--empty", ""};
    of.environment = {{"RUNDIR", "/r"}, {"PKGHOME", "/home/u/.guild/pkg"}, {"GPU_COUNT", "0"}};
    of.how_found = "mnist.py in the project directory";
    CHECK(project::format_preview(of) ==
          "This command will use the settings below. RUNDIR is created for each run and\n"
          "appears here as $RUNDIR. The command is mnist.py in the project directory.\n"
          "\n"
          "Command:\n"
          "\n"
          "  /usr/bin/python3 \\\n"
          "    -u mnist.py fast \\\n"
          "    --log_dir $RUNDIR \\\n"
          "    --title \"two words\" \\\n"
          "    --empty \"\"\n"
          "\n"
          "Environment:\n"
          "\n"
          "  GPU_COUNT=0\n"
          "  PKGHOME=/home/u/.guild/pkg\n");
}

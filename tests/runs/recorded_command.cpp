#include <guild/runs/recorded_command.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;

namespace {

recorded_command sample_command() {
    recorded_command command;
    command.argv = {"/p/fit.sh", "-u", "--lr", "0.1", "--log_dir", "/runs/a/logs"};
    command.environment = {{"PKGHOME", "/runs/ab"}};
    command.flags = {{"lr", "0.1"}, {"log_dir", "/runs/a/logs"}};
    command.run_directory = "/runs/a";
    return command;
}

}  // namespace

TEST_CASE("recorded command: what was run, where, with which flags") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/meta.tsv",
                    "argv.0\t/bin/sh\nargv.1\ta b\nargv.10\tx\ncwd\t/p\nenv.A\t1\nenv.B\t\n");
    (void)dir.write("r/guild.d/flags.tsv", "lr\t0.1\n");
    (void)dir.write("imported/guild.d/meta.tsv", "logdir\t/tb\n");
    const auto command = command_of(run::open(dir / "r").value());
    REQUIRE(command);
    CHECK(command->argv == std::vector<std::string>{"/bin/sh", "a b"});
    CHECK(command->directory == "/p");
    CHECK(command->environment == pair_list{{"A", "1"}, {"B", ""}});
    CHECK(command->flags == pair_list{{"lr", "0.1"}});
    CHECK(command->run_directory == dir / "r");
    const auto none = command_of(run::open(dir / "imported").value());
    CHECK(none.error().code == guild::errc::not_found);
    CHECK(none.error().message == "no command was recorded");
}

TEST_CASE("recorded command: a flag is changed where it stands") {
    recorded_command command = sample_command();
    REQUIRE(set_flag(command, "lr", "0.2"));
    CHECK(command.argv[3] == "0.2");
    CHECK(command.flags[0].second == "0.2");
    REQUIRE(set_flag(command, "steps", "7"));
    CHECK(command.argv.size() == 8);
    CHECK(command.argv[6] == "--steps");
    CHECK(command.argv[7] == "7");
    CHECK(command.flags.back() == std::make_pair(std::string("steps"), std::string("7")));
    command.flags.clear();
    CHECK(set_flag(command, "lr", "1").error().code == guild::errc::bad_value);
}

TEST_CASE("recorded command: the run directory is replaced as a whole path") {
    const recorded_command moved = with_run_directory(sample_command(), "/new/b");
    CHECK(moved.argv[5] == "/new/b/logs");
    CHECK(moved.flags[1].second == "/new/b/logs");
    CHECK(moved.environment[0].second == "/runs/ab");
    CHECK(moved.run_directory == "/new/b");
    recorded_command inside = sample_command();
    inside.argv = {"--x=/runs/a,/runs/a-2,/runs/a"};
    CHECK(with_run_directory(inside, "/n").argv[0] == "--x=/n,/runs/a-2,/n");
}

TEST_CASE("recorded command: what was withheld has to be given again") {
    using kind = withheld_part::kind;
    recorded_command command = sample_command();
    CHECK(list_withheld(command).empty());
    command.argv.insert(command.argv.end(), {"--token=(withheld)", "--api_key", "(withheld)"});
    command.flags.emplace_back("api_key", "(withheld)");
    command.environment.emplace_back("DB_PASSWORD", "(withheld)");
    const auto parts = list_withheld(command);
    REQUIRE(parts.size() == 3);
    CHECK(parts[0].what == kind::flag);
    CHECK(parts[0].name == "api_key");
    CHECK(parts[1].what == kind::argument);
    CHECK(parts[1].name == "6");
    CHECK(parts[1].value == "--token=(withheld)");
    CHECK(parts[2].what == kind::variable);
    CHECK(parts[2].name == "DB_PASSWORD");
    REQUIRE(set_flag(command, "api_key", "k"));
    REQUIRE(set_argument(command, 6, "--token=t"));
    CHECK(command.argv[8] == "k");
    command.environment.pop_back();
    CHECK(list_withheld(command).empty());
}

TEST_CASE("recorded command: an argument is changed by its number") {
    recorded_command command = sample_command();
    REQUIRE(set_argument(command, 0, "/q/fit.sh"));
    CHECK(command.argv[0] == "/q/fit.sh");
    const auto beyond = set_argument(command, 6, "x");
    CHECK(beyond.error().code == guild::errc::bad_value);
    CHECK(beyond.error().message == "the command has no argument 6, its last is 5");
}

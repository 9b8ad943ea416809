// 02_run_process, 05_track_run and 06_serve_runs print what the comments at their top say.
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <support/temp_dir.hpp>

namespace os = guild::os;

namespace {

// The path of an example; empty, with a notice, when it is not built.
std::string find_example(const std::string& name) {
#ifdef GUILD_BIN_DIR
    const std::string built = GUILD_BIN_DIR;
#else
    const std::string built = ".";
#endif
    std::string program =
        guild::join_path(os::find_variable("GUILD_BIN_DIR").value_or(built), name);
    if (!os::is_executable(program)) {
        MESSAGE("skipped, not built: " << program);
        program.clear();
    }
    return program;
}

os::run_result run_in(const std::string& directory, std::vector<std::string> argv,
                      const os::run_options& how = {}) {
    os::process_options what;
    what.argv = std::move(argv);
    what.directory = directory;
    what.environment = os::merge_environment(os::current_environment(), {{"RUNDIR", ""}});
    const auto ran = os::run(what, how);
    REQUIRE(ran);
    return *ran;
}

// The lines of the comment at the top of an example that stand indented under "It prints".
std::string promised_output(const std::string& name) {
    const auto source = os::load_file(
        guild::join_path(guild::join_path(GUILD_SOURCE_DIR, "examples"), name + ".cpp"));
    REQUIRE(source);
    std::string promised;
    const std::string margin = "//     ";
    std::size_t at = source->find("// It prints");
    if (at == std::string::npos) {
        at = source->find("It prints, when");
    }
    REQUIRE(at != std::string::npos);
    for (at = source->find('\n', at) + 1; source->compare(at, 2, "//") == 0;) {
        const std::size_t end = source->find('\n', at);
        if (source->compare(at, margin.size(), margin) == 0) {
            promised += source->substr(at + margin.size(), end - at - margin.size()) + '\n';
        }
        at = end + 1;
    }
    return promised;
}

}  // namespace

TEST_CASE("02_run_process: prints how each command ended") {
    const guild_test::temp_dir dir;
    if (const std::string program = find_example("02_run_process"); !program.empty()) {
        const os::run_result ran = run_in(dir.path(), {program});
        CHECK(ran.status.success());
        CHECK(ran.out == promised_output("02_run_process"));
    }
}

TEST_CASE("05_track_run: prints what it recorded, and leaves a run") {
    const guild_test::temp_dir dir;
    if (const std::string program = find_example("05_track_run"); !program.empty()) {
        const os::run_result ran = run_in(dir.path(), {program});
        CHECK(ran.status.success());
        CHECK(ran.out == promised_output("05_track_run"));
        CHECK(os::list_directory(dir / "runs").value().size() == 1);
    }
}

TEST_CASE("06_serve_runs: answers without a server, then says where it listens") {
    const guild_test::temp_dir dir;
    if (const std::string program = find_example("06_serve_runs"); !program.empty()) {
        os::run_options how;
        how.timeout_ms = 1000;  // it serves until it is ended
        const os::run_result ran = run_in(dir.path(), {program, "runs", "0"}, how);
        CHECK(ran.timed_out);
        CHECK(ran.out.compare(0, 10, "{\"total\":0") == 0);
        CHECK(ran.out.find(",\"runs\":[]}\nhttp://localhost:") != std::string::npos);
        CHECK(run_in(dir.path(), {program, "runs", "no port"}).status.code == 2);
    }
}

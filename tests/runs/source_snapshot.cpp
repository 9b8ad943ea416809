#include <guild/runs/source_snapshot.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

bool git(const guild_test::temp_dir& dir, std::vector<std::string> words) {
    os::process_options options;
    options.argv = {"git", "-C", dir.path(), "-c", "user.name=n", "-c", "user.email=e@example.org"};
    options.argv.insert(options.argv.end(), words.begin(), words.end());
    const auto ran = os::run(options);
    return ran && ran->status.how == os::exit_status::kind::exited && ran->status.code == 0;
}

std::string saved(const guild_test::temp_dir& dir, const std::string& path) {
    const auto text = os::load_file(dir / ("r/guild.d/sources/" + path));
    return text ? *text : "nothing";
}

}  // namespace

TEST_CASE("sources: patterns are names, paths or directories") {
    CHECK(fits_source_pattern("*.py", "train.py"));
    CHECK(fits_source_pattern("*.py", "lib/deep/train.py"));
    CHECK_FALSE(fits_source_pattern("*.py", "train.pyc"));
    CHECK(fits_source_pattern("/Guild", "Guild"));
    CHECK_FALSE(fits_source_pattern("/Guild", "sub/Guild"));
    CHECK(fits_source_pattern("src/*.cpp", "src/a.cpp"));
    CHECK_FALSE(fits_source_pattern("src/*.cpp", "src/b/a.cpp"));
    CHECK(fits_source_pattern("src/**", "src/b/a.cpp"));
    CHECK(fits_source_pattern("**/a.?pp", "src/b/a.cpp"));
    CHECK(fits_source_pattern("**/a.cpp", "a.cpp"));
    CHECK(fits_source_pattern("src/", "src/b/a.cpp"));
    CHECK_FALSE(fits_source_pattern("src/", "srcs/a.cpp"));
    CHECK(fits_source_pattern("*", ""));
    CHECK_FALSE(fits_source_pattern("", "x"));
    CHECK_FALSE(fits_source_pattern(std::string(200, '*') + "b", std::string(5000, 'a')));
}

TEST_CASE("sources: outside of a repository, hidden directories and runs are not entered") {
    const guild_test::temp_dir dir;
    (void)dir.write("p/Guild", "[model]");
    (void)dir.write("p/lib/a.py", "a");
    (void)dir.write("p/.cache/b.py", "b");
    (void)dir.write("p/runs/one/guild.d/meta.tsv", "");
    (void)dir.write("p/runs/one/c.py", "c");
    (void)dir.write("p/large.py", std::string(2000, 'x'));
    (void)dir.write("r/guild.d/meta.tsv", "");
    snapshot_limits limits;
    limits.max_file_bytes = 1000;
    const auto report = save_sources(dir / "p", {"/Guild", "*.py"}, dir / "r", limits);
    CHECK(report.files == 2);
    CHECK(report.bytes == 8);
    CHECK(report.left_out == std::vector<std::string>{"large.py"});
    CHECK(saved(dir, "lib/a.py") == "a");
    CHECK(saved(dir, ".cache/b.py") == "nothing");
    CHECK(saved(dir, "runs/one/c.py") == "nothing");
}

TEST_CASE("sources: files that are made for secrets are left out and told") {
    const guild_test::temp_dir dir;
    (void)dir.write("a.py", "a");
    (void)dir.write(".env", "PASSWORD=s3cr3t\n");
    const auto report = save_sources(dir.path(), {"*"}, dir / "r");
    CHECK(report.files == 1);
    CHECK(report.left_out == std::vector<std::string>{".env"});
    CHECK(saved(dir, "a.py") == "a");
    CHECK(saved(dir, ".env") == "nothing");
}

TEST_CASE("sources: what .gitignore names is left out") {
    const guild_test::temp_dir dir;
    if (!git(dir, {"init", "-q"})) {
        MESSAGE("skipped: no git program");
        return;
    }
    (void)dir.write(".gitignore", "/build/\n*.tmp.py\n/r/\n");
    (void)dir.write("build/a.py", "a");
    (void)dir.write("b.tmp.py", "b");
    (void)dir.write("c.py", "c");
    (void)dir.write("r/guild.d/meta.tsv", "");
    (void)dir.write("runs/one/guild.d/sources/d.py", "d");
    CHECK(save_sources(dir.path(), {"*.py"}, dir / "r").files == 1);
    CHECK(saved(dir, "c.py") == "c");
}

TEST_CASE("git state: commit, branch and what differs") {
    const guild_test::temp_dir dir;
    CHECK(git_attributes(read_git_state(dir.path())).empty());
    if (!git(dir, {"init", "-q"})) {
        MESSAGE("skipped: no git program");
        return;
    }
    CHECK(read_git_state(dir.path()).commit.empty());
    (void)dir.write("a.txt", "one\n");
    REQUIRE(git(dir, {"checkout", "-q", "-b", "topic"}));
    REQUIRE(git(dir, {"add", "a.txt"}));
    REQUIRE(git(dir, {"commit", "-q", "-m", "first"}));
    const git_state clean = read_git_state(dir.path());
    CHECK(clean.commit.size() == 40);
    CHECK(git_attributes(clean) ==
          pair_list{{"git_commit", clean.commit}, {"git_branch", "topic"}, {"git_dirty", "0"}});
    (void)dir.write("a.txt", "api_key=s3cr3t\n");
    (void)dir.write("r/guild.d/meta.tsv", "");
    const git_state dirty = read_git_state(dir.path());
    CHECK(git_attributes(dirty).back().second == "1");
    REQUIRE(save_git_diff(dirty, dir / "r"));
    const std::string diff = os::load_file(dir / "r/guild.d/git.diff").value();
    CHECK(diff.find("+api_key=(withheld)") != std::string::npos);
    CHECK(diff.find("-one") != std::string::npos);
}

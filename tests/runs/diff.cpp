#include <guild/runs/diff.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <guild/series/writer.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace series = guild::series;

namespace {

void log_curve(const std::string& run_directory, const std::string& key,
               const std::vector<double>& values) {
    auto made = series::writer::create(run_directory + "/guild.d/series").value();
    const auto id = made.series(key);
    for (std::size_t i = 0; i < values.size(); ++i) {
        made.append_one(static_cast<std::int64_t>(i * 10), 1, id, values[i]);
    }
    REQUIRE(made.close());
}

run make_diffed(const guild_test::temp_dir& dir, const std::string& name) {
    (void)dir.write(name + "/guild.d/meta.tsv", "status\tcompleted\nstarted_us\t1\nexit_code\t0\n"
                                                "cmd\ttrain --dir " +
                                                    (dir / name) + "/logs\n");
    return run::open(dir / name).value();
}

}  // namespace

TEST_CASE("diff: names in one list alone are differences too") {
    const auto found =
        diff_pairs({{"a", "1"}, {"b", "2"}, {"c", "3"}}, {{"c", "4"}, {"d", "5"}, {"a", "1"}});
    REQUIRE(found.size() == 3);
    CHECK(found[0].name == "b");
    CHECK_FALSE(found[0].second);
    CHECK(found[1].first == "3");
    CHECK(found[1].second == "4");
    CHECK(found[2].name == "d");
    CHECK_FALSE(found[2].first);
}

TEST_CASE("diff: runs that differ in directory and times alone are the same") {
    const guild_test::temp_dir dir;
    for (const std::string name : {"a", "b"}) {
        (void)make_diffed(dir, name);
        (void)dir.write(name + "/guild.d/flags.tsv", "log_dir\t" + (dir / name) + "/logs\nlr\t1\n");
        (void)dir.write(name + "/guild.d/output.log", "to " + (dir / name) + "\nthe end");
        log_curve(dir / name, "loss", {3, std::nan(""), -0.0});
        log_curve(dir / name, "sys/cpu", {name == "a" ? 1.0 : 2.0});
    }
    const run a = run::open(dir / "a").value();
    const run b = run::open(dir / "b").value();
    CHECK(diff_runs(a, b).is_same());
    CHECK_FALSE(diff_runs(a, b, true).is_same());
}

TEST_CASE("diff: the first step at which a series differs") {
    const guild_test::temp_dir dir;
    const run a = make_diffed(dir, "a");
    const run b = make_diffed(dir, "b");
    log_curve(a.path(), "loss", {3, 2, 1, 0.5});
    log_curve(b.path(), "loss", {3, 2, 1.5, 0.5, 7});
    log_curve(a.path(), "longer", {1, 2});
    log_curve(b.path(), "longer", {1});
    log_curve(b.path(), "new", {0.0});
    const auto found = diff_runs(a, b).series;
    REQUIRE(found.size() == 3);
    CHECK(found[0].key == "longer");
    CHECK(found[0].place == 1);
    CHECK(found[0].first->step == 10);
    CHECK_FALSE(found[0].second);
    CHECK(found[1].key == "loss");
    CHECK(found[1].first->step == 20);
    CHECK(found[1].second->value.as_double() == 1.5);
    CHECK(found[2].key == "new");
    CHECK_FALSE(found[2].first);
}

TEST_CASE("diff: output is compared line by line, also very long lines") {
    const guild_test::temp_dir dir;
    const run a = make_diffed(dir, "a");
    const run b = make_diffed(dir, "b");
    const std::string long_line(200'000, 'x');
    (void)dir.write("a/guild.d/output.log", "one\n" + long_line + "\nthree\n");
    (void)dir.write("b/guild.d/output.log", "one\n" + long_line + "\nthree\n");
    CHECK_FALSE(diff_runs(a, b).output);
    (void)dir.write("b/guild.d/output.log", "one\ntwo\nthree\n");
    CHECK(diff_runs(a, b).output->line == 2);
    CHECK(diff_runs(a, b).output->second == "two");
    (void)dir.write("b/guild.d/output.log", "one\n");
    CHECK_FALSE(diff_runs(a, b).output->second);
    CHECK(guild::os::remove_tree(b.path() + "/guild.d/output.log"));
    CHECK(diff_runs(a, b).output->line == 1);
}

TEST_CASE("diff: sources are compared by content, flags and attributes by name") {
    const guild_test::temp_dir dir;
    (void)make_diffed(dir, "a");
    (void)make_diffed(dir, "b");
    for (const std::string name : {"a", "b"}) {
        (void)dir.write(name + "/guild.d/sources/same.py", "x");
        (void)dir.write(name + "/guild.d/sources/lib/" + name + ".py", "only");
        (void)dir.write(name + "/guild.d/sources/train.py", "run " + name);
        (void)dir.write(name + "/guild.d/attrs.tsv", "host\t" + name + "\n");
    }
    const auto found = diff_runs(run::open(dir / "a").value(), run::open(dir / "b").value());
    REQUIRE(found.sources.size() == 3);
    CHECK(found.sources[0].name == "lib/a.py");
    CHECK_FALSE(found.sources[0].second);
    CHECK(found.sources[1].name == "train.py");
    CHECK(found.sources[2].name == "lib/b.py");
    CHECK(found.attrs.size() == 1);
    CHECK(found.flags.empty());
    CHECK(found.run.empty());
}

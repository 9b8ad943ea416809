#include <guild/runs/import_index.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;

namespace {

const event_cursor indexed_files = {{"a", {1, 1, 1, 1}}, {"b", {2, 2, 2, 2}}};

// A run directory with these lines in meta.tsv and this cursor.
std::string write_run(const guild_test::temp_dir& dir, const std::string& name,
                      const std::string& meta, const event_cursor& cursor) {
    (void)dir.write(name + "/guild.d/meta.tsv", meta);
    REQUIRE(save_cursor(dir / name, cursor));
    return dir / name;
}

const char* const complete = "logdir\t/logs\nrestarts\tkeep-all\nstatus\tcompleted\n";

import_decision choose(const guild_test::temp_dir& dir, const event_cursor& now,
                       guild::tfevents::restart_policy restarts = {}) {
    event_source source;
    source.logdir = "/logs";
    source.restarts = restarts;
    return import_index(dir.path()).choose(source, now);
}

}  // namespace

TEST_CASE("import index: without a run of that directory there will be one") {
    const guild_test::temp_dir dir;
    CHECK(choose(dir, indexed_files).outcome == import_outcome::made);
    (void)write_run(dir, "r", "logdir\t/logs/below\nstatus\tcompleted\n", indexed_files);
    CHECK(choose(dir, indexed_files).outcome == import_outcome::made);
    CHECK(choose(dir, indexed_files).run_directory.empty());
}

TEST_CASE("import index: a run is found by its directory, changed or not") {
    const guild_test::temp_dir dir;
    const std::string run = write_run(dir, "r", complete, indexed_files);
    CHECK(choose(dir, indexed_files).outcome == import_outcome::unchanged);
    CHECK(choose(dir, {{"a", {1, 1, 1, 1}}}).outcome == import_outcome::unchanged);
    event_cursor grown = indexed_files;
    grown["a"].size = 9;
    CHECK(choose(dir, grown).outcome == import_outcome::changed);
    CHECK(choose(dir, grown).run_directory == run);
}

TEST_CASE("import index: another restart policy is a change") {
    const guild_test::temp_dir dir;
    (void)write_run(dir, "r", complete, indexed_files);
    CHECK(choose(dir, indexed_files, guild::tfevents::restart_policy::latest_attempt).outcome ==
          import_outcome::changed);
}

TEST_CASE("import index: a run whose import was killed is begun anew") {
    const guild_test::temp_dir dir;
    const std::string run = write_run(dir, "r", "logdir\t/logs\nstarted_us\t1\n", {});
    CHECK(choose(dir, indexed_files).outcome == import_outcome::changed);
    (void)write_run(dir, "r", std::string(complete) + "status\trunning\n", indexed_files);
    CHECK(choose(dir, indexed_files).outcome == import_outcome::changed);
    CHECK(choose(dir, indexed_files).run_directory == run);
}

TEST_CASE("import index: indexed_files that came where others went make a new run") {
    const guild_test::temp_dir dir;
    (void)write_run(dir, "20170101T000000Z-old", complete, indexed_files);
    const event_cursor now = {{"c", {3, 3, 3, 3}}};
    CHECK(choose(dir, now).outcome == import_outcome::made);
    const std::string next = write_run(dir, "20180101T000000Z-new", complete, now);
    CHECK(choose(dir, now).outcome == import_outcome::unchanged);
    CHECK(choose(dir, now).run_directory == next);
}

TEST_CASE("import index: a run of a living process is left alone") {
    const guild_test::temp_dir dir;
    const std::string run = write_run(dir, "r", "logdir\t/logs\nstarted_us\t1\n", {});
    REQUIRE(lock_file::create(run));
    CHECK(choose(dir, indexed_files).outcome == import_outcome::followed);
    CHECK(choose(dir, indexed_files).run_directory == run);
}

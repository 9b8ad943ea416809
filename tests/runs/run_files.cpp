#include <guild/runs/run_files.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

TEST_CASE("run files: the end is one block whose last line is the status") {
    run_end end;
    end.status = run_status::error;
    end.cause = "killed by SIGSEGV (core dumped)";
    end.signal = "SIGSEGV";
    end.dumped_core = true;
    end.stopped_us = 5;
    end.more = {{"record_errors", "2"}};
    CHECK(end_pairs(end) == pair_list{{"record_errors", "2"},
                                      {"stopped_us", "5"},
                                      {"signal", "SIGSEGV"},
                                      {"core", "1"},
                                      {"cause", "killed by SIGSEGV (core dumped)"},
                                      {"status", "error"}});
    run_end good;
    good.status = run_status::completed;
    good.exit_code = 0;
    CHECK(end_pairs(good) ==
          pair_list{{"stopped_us", "0"}, {"exit_code", "0"}, {"status", "completed"}});
}

TEST_CASE("run files: from pending over running to the end") {
    const guild_test::temp_dir dir;
    REQUIRE(os::make_directories(dir / "r/guild.d"));
    auto files = run_files::create(dir / "r");
    REQUIRE(files);
    CHECK(run::open(dir / "r").value().status() == run_status::pending);
    REQUIRE(files->start({{"started_us", "1"}}, {{"lr", "0.1"}}, {{"cpu_cores", "2"}}));
    CHECK(run::open(dir / "r").value().status() == run_status::running);
    CHECK_FALSE(run_files::create(dir / "r"));
    std::vector<kept_file> open_ones;
    files->list_open(open_ones);
    CHECK(open_ones.size() == 4);
    run_end end;
    end.status = run_status::completed;
    REQUIRE(files->end(end, data_path(dir / "r")));
    CHECK(run::open(dir / "r").value().status() == run_status::completed);
    CHECK_FALSE(os::is_regular_file(dir / "r/guild.d/LOCK"));
}

TEST_CASE("run files: what never began is an error with its cause") {
    const guild_test::temp_dir dir;
    REQUIRE(os::make_directories(dir / "r/guild.d"));
    auto files = run_files::create(dir / "r");
    REQUIRE(files);
    REQUIRE(files->end_with(guild::make_error(guild::errc::not_found, "no such program", "x"),
                            data_path(dir / "r")));
    const run found = run::open(dir / "r").value();
    CHECK(found.status() == run_status::error);
    CHECK(found.cause() == "x: no such program");
}

TEST_CASE("run files: without a guild.d there is an error and nothing is made") {
    const guild_test::temp_dir dir;
    const auto files = run_files::create(dir / "r");
    REQUIRE_FALSE(files);
    CHECK(files.error().code == guild::errc::not_found);
    CHECK(files.error().path == dir / "r/guild.d/LOCK");
    CHECK_FALSE(os::is_directory(dir / "r"));
}

TEST_CASE("run files: secrets are not written, and others are kept out") {
    const guild_test::temp_dir dir;
    for (const std::string name : {"open", "closed"}) {
        (void)dir.write(name + "/guild.d/x", "");
        auto files = run_files::create(dir / name);
        REQUIRE(files);
        const std::string value = name == "open" ? "" : "s3cr3t";
        REQUIRE(files->start({{"argv.0", "a"}}, {{"api_key", value}, {"lr", "1"}}, {}));
    }
    const auto mode = [&](const char* name) {
        return guild::os::find_status(dir / name)->mode & 0777U;
    };
    CHECK(guild::os::load_file(dir / "closed/guild.d/flags.tsv").value() ==
          "api_key\t(withheld)\nlr\t1\n");
    CHECK(mode("closed") == 0700U);
    CHECK(mode("open") != 0700U);
}

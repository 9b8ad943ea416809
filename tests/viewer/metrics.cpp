#include <doctest/doctest.h>

#include <string>

#include <guild/viewer/metrics.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

TEST_CASE("metrics: the text of two runs") {
    const guild_test::temp_dir dir;
    (void)guild_test::make_completed_run(dir.path(), "a", "m", 0);
    (void)guild_test::make_completed_run(dir.path(), "b", "m", 1);
    viewer::site_memory memory;
    const std::string text = viewer::format_metrics(memory.catalog().look({dir.path()}), memory);
    CHECK(text == "# TYPE guild_version_info gauge\n# HELP guild_version_info Version of guild.\n"
                  "guild_version_info{version=\"" +
                      std::string(guild::version) +
                      "\"} 1\n"
                      "# TYPE guild_runs gauge\n# HELP guild_runs Runs by status.\n"
                      "guild_runs{status=\"completed\"} 2\nguild_runs{status=\"error\"} 0\n"
                      "guild_runs{status=\"lost\"} 0\nguild_runs{status=\"pending\"} 0\n"
                      "guild_runs{status=\"running\"} 0\nguild_runs{status=\"terminated\"} 0\n"
                      "# TYPE guild_run_start_time_seconds gauge\n"
                      "# HELP guild_run_start_time_seconds When a run that goes on started.\n"
                      "# TYPE guild_run_last_value gauge\n"
                      "# HELP guild_run_last_value Last value of a series of a run that goes on.\n"
                      "# EOF\n");
}

TEST_CASE("metrics: hostile names cannot leave their label") {
    CHECK(viewer::escape_label("a\"b\\c\nd") == "a\\\"b\\\\c\\nd");
    CHECK(viewer::escape_label("\xFF") == "\xEF\xBF\xBD");
    CHECK(viewer::escape_label(std::string(1 << 20, 'x')).size() == 1000);
}

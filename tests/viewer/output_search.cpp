#include <doctest/doctest.h>

#include <string>

#include <unistd.h>

#include <guild/viewer/output_search.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

namespace {

viewer::search_page must_search(const std::string& run, const viewer::search_request& what) {
    auto out = viewer::search_output(run, what);
    REQUIRE(out);
    return std::move(*out);
}

viewer::search_request search_for(const std::string& text) {
    viewer::search_request out;
    out.text = text;
    return out;
}

}  // namespace

TEST_CASE("search: lines with a text are found with their places") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_completed_run(dir.path(), "a", "m", 0);
    guild_test::add_output(run, runs::output_stream::out, 1, "first line\nloss 1 loss 2\n");
    guild_test::add_output(run, runs::output_stream::err, 2, "a Loss here\nend\n");
    const viewer::search_page found = must_search(run, search_for("loss"));
    REQUIRE(found.matches.size() == 1);
    CHECK(found.matches[0].offset == 11);
    CHECK(found.matches[0].length == 4);
    CHECK(found.matches[0].line_offset == 11);
    CHECK(found.matches[0].line == "loss 1 loss 2");
    CHECK(found.matches[0].stream == runs::output_stream::out);
    CHECK(found.is_done);
    CHECK(found.next_offset == found.log_bytes);
    viewer::search_request any_case = search_for("LOSS");
    any_case.is_exact_case = false;
    CHECK(must_search(run, any_case).matches.size() == 2);
    any_case.stream = runs::output_stream::err;
    const viewer::search_page errors = must_search(run, any_case);
    REQUIRE(errors.matches.size() == 1);
    CHECK(errors.matches[0].line == "a Loss here");
    CHECK(viewer::to_json(errors)["matches"][0]["stream"] == "err");
    CHECK(must_search(run, search_for("none")).matches.empty());
    viewer::search_request beyond = search_for("loss");
    beyond.offset = 1'000'000;
    CHECK(must_search(run, beyond).is_done);
}

TEST_CASE("search: a match that lies over two pages is found") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_completed_run(dir.path(), "a", "m", 0);
    std::string text((std::size_t{1} << 20U) - 3, '.');
    text += "needle" + std::string(std::size_t{1} << 20U, '.') + "needle";
    guild_test::add_output(run, runs::output_stream::out, 1, text);
    const viewer::search_page found = must_search(run, search_for("needle"));
    REQUIRE(found.matches.size() == 2);
    CHECK(found.matches[0].offset == (1U << 20U) - 3);
    CHECK(found.matches[0].line.size() == 2006);
    CHECK(found.matches[1].offset == text.size() - 6);
    CHECK(found.is_done);
}

TEST_CASE("search: one call has bounds and the next one goes on") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_completed_run(dir.path(), "a", "m", 0);
    std::string text;
    for (int i = 0; i < 1000; ++i) {
        text += "line " + std::to_string(i) + '\n';
    }
    guild_test::add_output(run, runs::output_stream::out, 1, text);
    viewer::search_request what = search_for("line");
    what.limit = 300;
    std::size_t count = 0;
    int calls = 0;
    for (bool is_done = false; !is_done; ++calls) {
        const viewer::search_page found = must_search(run, what);
        count += found.matches.size();
        CHECK((found.next_offset > what.offset || found.is_done));
        what.offset = found.next_offset;
        is_done = found.is_done;
    }
    CHECK(count == 1000);
    CHECK(calls <= 5);
    viewer::search_request few = search_for("line 999");
    few.most_bytes = 100;
    const viewer::search_page part = must_search(run, few);
    CHECK_FALSE(part.matches.empty());  // pages are whole
}

TEST_CASE("search: no output and output behind a link hold nothing") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_completed_run(dir.path(), "a", "m", 0);
    CHECK(must_search(run, search_for("x")).is_done);
    (void)dir.write("secret", "xxx");
    REQUIRE(::symlink((dir / "secret").c_str(),
                      runs::data_path(run, runs::output_log_name).c_str()) == 0);
    CHECK_FALSE(viewer::search_output(run, search_for("x")));
}

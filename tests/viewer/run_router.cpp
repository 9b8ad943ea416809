#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/viewer/run_router.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

namespace {

// A run with a long and a short series and two lines of output.
class routed_run {
public:
    routed_run() {
        path_ = guild_test::make_completed_run(dir_.path(), "a", "m", 0);
        std::vector<series::number> values(20'000, series::number(0.1));
        values[12'345] = series::number(99.0);
        guild_test::add_series(path_, "long", values);
        guild_test::add_series(path_, "short", {1.0, 2.0, 3.0});
        guild_test::add_output(path_, runs::output_stream::out, 1, "one\n");
        guild_test::add_output(path_, runs::output_stream::err, 2, "two\n");
        (void)dir_.write("a/notes.txt", "hello");
    }

    /// in       what: "data?pattern=x"
    viewer::response get(const std::string& what) {
        const viewer::request request{"GET", "/" + what, {}};
        const auto target = viewer::parse_target(request.target);
        REQUIRE(target);
        viewer::run_router router(request, *target, memory_,
                                  memory_.catalog().find({dir_.path()}, "a"));
        auto out = router.route(target->path, {});
        return out ? std::move(*out) : viewer::make_failure(404, "not_found", "");
    }
    json::value body(const std::string& what) {
        const viewer::response out = get(what);
        INFO(what << ' ' << out.body);
        REQUIRE(out.status == 200);
        return *json::parse(out.body);
    }
    json::value head(const std::string& what) {
        const std::string bytes = get(what).body;
        REQUIRE(bytes.substr(0, 4) == "GPT1");
        return *json::parse(bytes.substr(8, load_le<std::uint32_t>(bytes.data() + 4)));
    }

private:
    guild_test::temp_dir dir_;
    std::string path_;
    viewer::site_memory memory_;
};

}  // namespace

TEST_CASE("run router: data as arrays") {
    routed_run here;
    CHECK(here.get("data?pattern=.*&format=binary").content_type == "application/octet-stream");
    const json::value head = here.head("data?pattern=.*&format=binary&columns=50");
    CHECK(head["matched"] == 2);
    CHECK(head["origin_us"] == guild_test::sample_start_us);
    CHECK(head["series"][0]["is_reduced"] == true);
    CHECK(head["series"][0]["length"].get<int>() <= 200);
    CHECK(head["series"][1]["is_reduced"] == false);
    CHECK(head["series"][1]["values"]["type"] == "f32");
    const json::value few =
        here.head("data?pattern=long&format=binary&parts=steps,values&values=f32");
    CHECK_FALSE(few["series"][0].contains("times"));
    CHECK(few["series"][0]["values"]["type"] == "f32");
    CHECK(here.get("data?pattern=x&format=xml").status == 400);
}

TEST_CASE("run router: data by exact keys, in their order") {
    routed_run here;
    const json::value body = here.body("data?key=short&key=none&key=long&columns=10");
    REQUIRE(body["series"].size() == 2);
    CHECK(body["series"][0]["key"] == "short");
    CHECK(body["series"][1]["key"] == "long");
    CHECK(body["matched"] == 2);
    CHECK(here.get("data").status == 400);
}

TEST_CASE("run router: a range of steps, of times, or of times since the start") {
    routed_run here;
    CHECK(here.body("data?key=short&from=10&to=10")["series"][0]["values"].dump() == "[2.0]");
    const std::string from = std::to_string(guild_test::sample_start_us + 1'000'000);
    CHECK(here.body("data?key=short&axis=time&from=" + from)["series"][0]["values"].dump() ==
          "[2.0,3.0]");
    CHECK(
        here.body("data?key=short&axis=relative&from=1&to=1000000")["series"][0]["steps"].dump() ==
        "[10]");
    CHECK(here.body("data?key=short&axis=relative&to=9223372036854775807")["series"][0]["count"] ==
          3);
    CHECK(here.body("data?key=short&axis=relative&to=9223372036854775806")["series"][0]["count"] ==
          3);
    CHECK(here.get("data?key=short&axis=miles").status == 400);
    const json::value spike = here.body("data?key=long&from=123000&to=124000")["series"][0];
    CHECK(spike["is_reduced"] == false);
    CHECK(spike["count"] == 101);
}

TEST_CASE("run router: output of one stream, and a search in it") {
    routed_run here;
    const json::value err = here.body("output?stream=err");
    REQUIRE(err["pieces"].size() == 1);
    CHECK(err["pieces"][0]["text"] == "two\n");
    CHECK(err["next_offset"] == 8);
    CHECK(here.get("output?stream=both").status == 400);
    CHECK(here.body("search?text=o")["matches"].size() == 2);
    CHECK(here.body("search?text=O&case=0&stream=err")["matches"][0]["offset"] == 6);
    CHECK(here.get("search").status == 400);
    CHECK(here.get("search?text=" + std::string(1001, 'x')).status == 400);
}

TEST_CASE("run router: files by their ids") {
    routed_run here;
    const json::value files = here.body("files")["files"];
    std::string id;
    for (const json::value& each : files) {
        id = each["name"] == "notes.txt" ? each["file"].get<std::string>() : id;
    }
    const viewer::response sent = here.get("files/" + id);
    REQUIRE(sent.file);
    CHECK(sent.file->size == 5);
    CHECK(here.get("files/" + id + "?offset=1&limit=2").file->size == 2);
    CHECK(here.get("files/notes.txt").status == 404);
    CHECK(here.get("files/" + id + "/x").status == 404);
    CHECK(here.get("files/" + id + "?limit=x").status == 400);
    CHECK(here.get("none").status == 404);
}

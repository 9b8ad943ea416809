#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <guild/viewer/api.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

namespace {

constexpr const char* newer = "20170714T025000Z-deep";
constexpr const char* older = "20170714T024000Z-softmax";

// A project with two finished runs; the older has series, flags, attributes and output.
class site {
public:
    site() {
        (void)dir_.write("Guild", "[project]\n  name = P\n[field \"acc\"]\n  @attrs template "
                                  "\"accuracy-field\"\n  source = series/acc\n"
                                  "[series \"acc\"]\n  title = Acc\n  source = series/acc.*\n");
        (void)guild_test::make_completed_run(root(), newer, "deep", 10);
        run_ = guild_test::make_completed_run(root(), older, "softmax", 0);
        guild_test::add_pairs(run_, runs::flags_name, {{"lr", "0.1"}, {"bad", "\xFF"}});
        guild_test::add_pairs(run_, runs::attrs_name, {{"host", "train-01"}});
        guild_test::add_series(run_, "acc", {0.25, std::numeric_limits<double>::quiet_NaN(), 0.75});
        guild_test::add_series(run_, "acc/other", {series::number(std::int64_t{1} << 60)});
        guild_test::add_output(run_, runs::output_stream::out, 1'500'000'000'000'001, "one\n");
        guild_test::add_output(run_, runs::output_stream::err, 1'500'000'000'000'002, "two\n");
        with_.project_directory = dir_.path();
    }

    [[nodiscard]] std::string root() const { return dir_ / "runs"; }
    [[nodiscard]] const std::string& run() const { return run_; }
    [[nodiscard]] const guild_test::temp_dir& dir() const { return dir_; }
    viewer::context& with() { return with_; }

    [[nodiscard]] viewer::response get(const std::string& target,
                                       const std::string& method = "GET") const {
        return viewer::handle({method, target, {{"Host", "localhost:6333"}}}, with_);
    }

    /// The JSON of an answer that must be 200.
    [[nodiscard]] json::value body(const std::string& target) const {
        const viewer::response answer = get(target);
        INFO(target << " " << answer.body);
        REQUIRE(answer.status == 200);
        CHECK(answer.content_type == "application/json");
        auto out = json::parse(answer.body);
        REQUIRE(out);
        return *out;
    }

private:
    guild_test::temp_dir dir_;
    std::string run_;
    viewer::context with_;
};

const std::string softmax = std::string("/api/runs/") + older;

}  // namespace

TEST_CASE("api: the runs of a project are listed newest first") {
    const site here;
    const json::value body = here.body("/api/runs");
    CHECK(body["total"] == 2);
    CHECK(body["runs"][0]["id"] == newer);
    CHECK(body["runs"][1]["id"] == older);
    CHECK(body["runs"][1]["status"] == "completed");
    CHECK_FALSE(body["runs"][1].contains("fields"));
    const json::value page = here.body("/api/runs?limit=1&offset=1&fields=1");
    CHECK(page["total"] == 2);
    REQUIRE(page["runs"].size() == 1);
    CHECK(page["runs"][0]["id"] == older);
    CHECK(page["runs"][0]["fields"][0]["text"] == "75.00%");
    CHECK(here.body("/api/runs?offset=9")["runs"].empty());
    CHECK(here.get("/api/runs?limit=x").status == 400);
}

TEST_CASE("api: a run by its id, and the latest") {
    const site here;
    CHECK(here.body(softmax)["model"] == "softmax");
    CHECK(here.body("/api/runs/latest")["id"] == newer);
    const viewer::response gone = here.get("/api/runs/20010101T000000Z-x");
    CHECK(gone.status == 404);
    CHECK(contains(gone.body, "no run has the id '20010101T000000Z-x'"));
}

TEST_CASE("api: a run id is a name and never a path") {
    const site here;
    (void)guild_test::make_completed_run(here.dir().path(), "outside", "secret", 0);
    for (const char* id : {"..%2foutside", "%2e%2e%2foutside", "..%2Foutside", ".", "..", "%2e%2e",
                           "../outside", "%2fetc", ".trash", "20170714T024000Z-softmax%2f",
                           "20170714T024000Z-softmax%00", "runs", ""}) {
        INFO(id);
        const int status = here.get(std::string("/api/runs/") + id + "/flags").status;
        CHECK((status == 404 || status == 400));
    }
}

TEST_CASE("api: flags and attributes keep order and bytes") {
    const site here;
    CHECK(json::format(here.body(softmax + "/flags")) ==
          "{\"flags\":[{\"name\":\"lr\",\"value\":\"0.1\"},{\"name\":\"bad\",\"value\":"
          "\"\xEF\xBF\xBD\",\"value_base64\":\"/w==\"}]}");
    CHECK(json::format(here.body(softmax + "/attrs")) ==
          R"({"attrs":[{"name":"host","value":"train-01"}]})");
}

TEST_CASE("api: fields are evaluated on the server") {
    const site here;
    CHECK(
        json::format(here.body(softmax + "/fields")) ==
        R"({"fields":[{"name":"acc","label":"Accuracy","icon":"accuracy","color":"green-700","format":"0.00%","reduce":"last",)"
        R"("source":"series/acc","value":0.75,"text":"75.00%","key":"acc"}]})");
    const json::value empty = here.body(std::string("/api/runs/") + newer + "/fields");
    CHECK(empty["fields"][0]["text"] == "--");
    CHECK(empty["fields"][0]["value"].is_null());
}

TEST_CASE("api: the series of a run at a glance") {
    const site here;
    const json::value body = here.body(softmax + "/series");
    REQUIRE(body["series"].size() == 2);
    CHECK(body["series"][0]["key"] == "acc");
    CHECK(body["series"][0]["count"] == 3);
    CHECK(body["series"][0]["nan"] == 1);
    CHECK(body["series"][1]["last"] == "1152921504606846976");
}

TEST_CASE("api: points of every series that a pattern matches") {
    const site here;
    const json::value body = here.body(softmax + "/data?pattern=acc.*");
    CHECK(body["matched"] == 2);
    CHECK(
        json::format(body["series"][0]) ==
        R"({"key":"acc","count":3,"nan":1,"inf":0,"is_reduced":false,"steps":[0,10,20],"times_us":[1500000000000000,1500000001000000,1500000002000000],"values":[0.25,"NaN",0.75]})");
    CHECK(here.body(softmax + "/data?pattern=acc")["series"].size() == 1);
    CHECK(here.body(softmax + "/data?pattern=none")["series"].empty());
    CHECK(here.body(softmax + "/data?pattern=acc&from=10&to=10")["series"][0]["steps"].dump() ==
          "[10]");
    CHECK(here.get(softmax + "/data").status == 400);
    CHECK(here.get(softmax + "/data?pattern=(").status == 400);
    CHECK(here.get(softmax + "/data?pattern=acc&columns=many").status == 400);
}

TEST_CASE("api: many points are reduced to columns and a spike stays") {
    const site here;
    std::vector<series::number> values(20'000, series::number(1.0));
    values[12'345] = series::number(99.0);
    guild_test::add_series(here.run(), "long", values);
    const json::value one = here.body(softmax + "/data?pattern=long&columns=50")["series"][0];
    CHECK(one["count"] == 20'000);
    CHECK(one["is_reduced"] == true);
    CHECK(one["steps"].size() <= 200);
    CHECK(one["steps"].front() == 0);
    CHECK(one["steps"].back() == 199'990);
    bool has_spike = false;
    for (std::size_t i = 0; i < one["values"].size(); ++i) {
        has_spike = has_spike || (one["values"][i] == 99.0 && one["steps"][i] == 123'450);
    }
    CHECK(has_spike);
}

TEST_CASE("api: output in pages, also counted from the end") {
    const site here;
    CHECK(
        json::format(here.body(softmax + "/output")) ==
        R"({"offset":0,"next_offset":8,"size":8,"pieces":[{"stream":"out","time_us":1500000000000001,"offset":0,"text":"one\n"},)"
        R"({"stream":"err","time_us":1500000000000002,"offset":4,"text":"two\n"}]})");
    const json::value tail = here.body(softmax + "/output?offset=-3");
    CHECK(tail["offset"] == 5);
    CHECK(tail["pieces"][0]["text"] == "wo\n");
    CHECK(tail["pieces"][0]["stream"] == "err");
    const json::value part = here.body(softmax + "/output?offset=2&limit=3");
    CHECK(part["next_offset"] == 5);
    CHECK(part["pieces"][0]["text"] == "e\n");
    CHECK(part["pieces"][1]["text"] == "t");
    CHECK(here.body(softmax + "/output?offset=-99")["offset"] == 0);
    CHECK(here.body(softmax + "/output?offset=99")["pieces"].empty());
    CHECK(here.get(softmax + "/output?offset=1.5").status == 400);
    CHECK(here.body(std::string("/api/runs/") + newer + "/output")["size"] == 0);
}

TEST_CASE("api: the project file is read anew for each request") {
    const site here;
    CHECK(here.body("/api/project")["fields"].size() == 1);
    (void)here.dir().write("Guild", "[project]\n  name = Q\n");
    const json::value after = here.body("/api/project");
    CHECK(after["title"] == "Q");
    CHECK(after["fields"].empty());
    CHECK(after["error"].is_null());
}

TEST_CASE("api: a broken project file is told with line and column, and runs stay visible") {
    const site here;
    (void)here.dir().write("Guild", "[project]\n  name = Q\n[model\n");
    const json::value body = here.body("/api/project");
    CHECK(body["error"]["line"] == 3);
    CHECK(body["error"]["column"].get<int>() >= 1);
    CHECK(contains(body["error"]["caret"].get<std::string>(), "[model"));
    CHECK(here.body("/api/runs")["total"] == 2);
    CHECK(here.body(softmax + "/fields")["fields"].empty());
    CHECK(here.body(softmax + "/data?pattern=acc")["series"].size() == 1);
}

TEST_CASE("api: without a project the given run roots are shown") {
    const site here;
    viewer::context with;
    with.run_roots = {here.root()};
    const viewer::response answer =
        viewer::handle({"GET", "/api/runs", {{"Host", "127.0.0.1"}}}, with);
    CHECK(answer.status == 200);
    CHECK(contains(answer.body, "\"total\":2"));
    const viewer::response view = viewer::handle({"GET", "/api/project", {{"Host", "127.0.0.1"}}}, with);
    CHECK(contains(view.body, "\"title\":\"runs\""));
    CHECK(contains(view.body, "\"title\":\"Process CPU %\""));
    CHECK(contains(view.body, "\"error\":null"));
}

TEST_CASE("api: a run that is deleted is gone from the next answer") {
    const site here;
    CHECK(here.get(softmax).status == 200);
    REQUIRE(os::remove_tree(here.run()));
    CHECK(here.get(softmax).status == 404);
    CHECK(here.get(softmax + "/output").status == 404);
    CHECK(here.body("/api/runs")["total"] == 1);
}

TEST_CASE("api: a half-written run directory spoils no list") {
    const site here;
    REQUIRE(os::make_directories(join_path(here.root(), "20170714T030000Z-half/guild.d")));
    (void)here.dir().write("runs/20170714T031000Z-torn/guild.d/meta.tsv",
                           "model\tx\nstarted_us\t15000");
    (void)here.dir().write("runs/20170714T032000Z-odd/guild.d/series/1-1-h.gts", "no series file");
    const json::value body = here.body("/api/runs?fields=1");
    CHECK(body["total"] == 5);
    for (const json::value& run : body["runs"]) {
        CHECK(here.get("/api/runs/" + run["id"].get<std::string>() + "/series").status == 200);
    }
}

TEST_CASE("api: the page and its files") {
    const site here;
    for (const char* page : {"/", "/runs", "/runs/anything", "/?x=1"}) {
        const viewer::response answer = here.get(page);
        CHECK(answer.status == 200);
        CHECK(answer.content_type == "text/html; charset=utf-8");
        CHECK(contains(answer.body, "<div id=\"app\">"));
    }
    CHECK(here.get("/assets/main.js").content_type == "text/javascript; charset=utf-8");
    for (const char* none : {"/assets", "/assets/none.js", "/assets/a/b", "/index.html", "/api",
                             "/api/none", "/favicon.ico", "/runs/a/b", "/api/runs/latest/none",
                             "/api/runs/latest/flags/x", "/assets/..%2fassets.hpp"}) {
        INFO(none);
        CHECK(here.get(none).status == 404);
    }
    CHECK(here.get("/..").status == 400);
    CHECK(here.get("/api/runs", "POST").status == 405);
    CHECK(here.get("/api/runs", "HEAD").status == 200);
}

TEST_CASE("api: an unchanged answer is 304 and a changed one is sent") {
    const site here;
    const viewer::response first = here.get("/api/runs");
    const std::string tag = first.find_header("ETag").value_or("");
    const auto again = [&] {
        return viewer::handle({"GET", "/api/runs", {{"Host", "localhost"}, {"If-None-Match", tag}}},
                              viewer::context{here.dir().path(), {}, {}, {}, 2000, {}, {}});
    };
    CHECK(again().status == 304);
    (void)guild_test::make_completed_run(here.root(), "20170714T033000Z-new", "new", 60);
    CHECK(again().status == 200);
}

TEST_CASE("api: hostile names stay data") {
    site here;
    const std::string name = "20170714T040000Z-<script>alert(1)<";
    const std::string path = guild_test::make_completed_run(
        here.root(), name, "</script><img src=x onerror=alert(1)>", 90);
    guild_test::add_series(path, "<b>\xE2\x80\xAE\"'", {1.0});
    const viewer::response answer =
        here.get("/api/runs/20170714T040000Z-%3Cscript%3Ealert(1)%3C/series");
    CHECK(answer.status == 200);
    CHECK_FALSE(contains(answer.body, "<"));
    const viewer::response list = here.get("/api/runs");
    CHECK_FALSE(contains(list.body, "<"));
    CHECK(answer.find_header("X-Content-Type-Options") == "nosniff");
}

TEST_CASE("api: settings say how often the page reads") {
    site here;
    here.with().interval_ms = 5000;
    const json::value body = here.body("/api/settings");
    CHECK(body["interval_ms"] == 5000);
    CHECK(body["version"] == guild::version);
    CHECK(body["read_only"] == true);
}

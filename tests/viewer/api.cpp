#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <guild/viewer/api.hpp>

#include "support/sample_run.hpp"
#include "support/sample_site.hpp"
#include "support/temp_dir.hpp"

using namespace guild;
using guild_test::newer;
using guild_test::older;
using guild_test::site;
using guild_test::softmax;

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
    const viewer::response view =
        viewer::handle({"GET", "/api/project", {{"Host", "127.0.0.1"}}}, with);
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
    CHECK(here.get("/assets/page.js").content_type == "text/javascript; charset=utf-8");
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

TEST_CASE("api: files of the page are sent in gzip form to whom takes it") {
    const site here;
    const auto get = [&](const std::string& target, const std::string& encodings,
                         const std::string& tag = "") {
        return viewer::handle(
            {"GET",
             target,
             {{"Host", "localhost"}, {"Accept-Encoding", encodings}, {"If-None-Match", tag}}},
            here.context());
    };
    for (const char* target : {"/assets/page.js", "/assets/page.css", "/api/openapi.json"}) {
        const viewer::response plain = get(target, "identity");
        const viewer::response packed = get(target, "gzip, br");
        INFO(target);
        CHECK_FALSE(plain.find_header("Content-Encoding"));
        CHECK(packed.find_header("Content-Encoding") == "gzip");
        CHECK(starts_with(packed.body, "\x1F\x8B"));
        CHECK(packed.body.size() < plain.body.size() / 2);
        CHECK(packed.content_type == plain.content_type);
        CHECK(plain.find_header("Vary") == "Accept-Encoding");
        CHECK(packed.find_header("Vary") == "Accept-Encoding");
        const std::string tag = packed.find_header("ETag").value_or("");
        CHECK(tag != plain.find_header("ETag").value_or(""));
        CHECK(get(target, "gzip", tag).status == 304);
        CHECK(get(target, "identity", tag).status == 200);
    }
    CHECK_FALSE(get("/", "gzip").find_header("Content-Encoding"));  // too small to be worth it
    CHECK_FALSE(get("/api/runs", "gzip").find_header("Vary"));
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

TEST_CASE("api: with a memory an unchanged answer is known without being made") {
    site here;
    here.with().memory = std::make_shared<viewer::site_memory>();
    for (const std::string& target :
         {std::string("/api/runs?with=values"), softmax, softmax + "/fields", softmax + "/flags",
          softmax + "/attrs", softmax + "/user", softmax + "/series", softmax + "/data?pattern=acc",
          softmax + "/data?pattern=acc&format=binary", softmax + "/output",
          softmax + "/search?text=o", softmax + "/files", std::string("/api/settings"),
          std::string("/api/project"), std::string("/assets/page.js"), std::string("/healthz"),
          std::string("/metrics")}) {
        INFO(target);
        const viewer::response first = here.get(target);
        REQUIRE(first.status == 200);
        const std::string tag = first.find_header("ETag").value_or("");
        CHECK(starts_with(tag, "W/"));
        const viewer::response again = viewer::handle(
            {"GET", target, {{"Host", "localhost"}, {"If-None-Match", tag}}}, here.with());
        CHECK(again.status == 304);
        CHECK(again.body.empty());
        CHECK(again.find_header("ETag") == tag);
        CHECK(again.find_header("Cache-Control") == "no-cache");
        CHECK(here.get(target, "HEAD").headers == here.get(target).headers);
    }
    const auto tag_of = [&](const std::string& target) {
        return here.get(target).find_header("ETag").value_or("");
    };
    const std::string data = tag_of(softmax + "/data?pattern=acc");
    const std::string output = tag_of(softmax + "/output");
    CHECK(data != tag_of(softmax + "/data?pattern=acc.*"));
    guild_test::add_output(here.run(), runs::output_stream::out, 1'500'000'000'000'003, "three\n");
    CHECK(output != tag_of(softmax + "/output"));
}

TEST_CASE("api: a list tells what changed after a version") {
    site here;
    here.with().memory = std::make_shared<viewer::site_memory>();
    const json::value first = here.body("/api/runs");
    CHECK(first["is_delta"] == false);
    const auto since = [&](const std::string& known, const std::string& more = "") {
        return here.body("/api/runs?since=" + known + more);
    };
    const std::string before = first["version"];
    const json::value same = since(before);
    CHECK(same["is_delta"] == true);
    CHECK(same["runs"].empty());
    CHECK(same["total"] == 2);
    CHECK(same["version"] == before);
    (void)guild_test::make_completed_run(here.root(), "20170714T033000Z-new", "new", 60);
    REQUIRE(os::remove_tree(join_path(here.root(), newer)));
    const json::value changed = since(before);
    REQUIRE(changed["runs"].size() == 1);
    CHECK(changed["runs"][0]["id"] == "20170714T033000Z-new");
    CHECK(changed["gone"].dump() == json::value::array({newer}).dump());
    CHECK(since(changed["version"])["runs"].empty());
    for (const std::string other : {"", "x", "1-2-3", "-1"}) {
        CHECK(since(other)["is_delta"] == false);
    }
    CHECK(since(before, "&with=flags")["is_delta"] == false);  // of other rows
}

TEST_CASE("api: a list is chosen by a condition, and a mistake in it has its column") {
    const site here;
    CHECK(here.body("/api/runs?where=lr%3D0.1")["total"] == 1);
    CHECK(here.body("/api/runs?where=run:model%3Ddeep")["runs"][0]["id"] == newer);
    const viewer::response bad = here.get("/api/runs?where=lr%3D");
    CHECK(bad.status == 400);
    CHECK(contains(bad.body, "\"column\":"));
    CHECK(here.get("/api/runs?with=none").status == 400);
    const json::value values = here.body("/api/runs?with=values");
    CHECK(values["fields"][0]["name"] == "acc");
    CHECK(values["runs"][1]["values"].dump() == R"([[0.75,"75.00%"]])");
}

TEST_CASE("api: comparison, health and metrics have addresses") {
    const site here;
    CHECK(contains(here.get("/compare?runs=a,b").body, "<div id=\"app\">"));
    CHECK(here.get("/healthz").body == "ok\n");
    const viewer::response metrics = here.get("/metrics");
    CHECK(starts_with(metrics.content_type, "application/openmetrics-text"));
    CHECK(ends_with(metrics.body, "# EOF\n"));
    CHECK(contains(metrics.body, "guild_runs{status=\"completed\"} 2\n"));
    CHECK(here.get("/compare/x").status == 404);
}

TEST_CASE("api: every route asks who asks") {
    site here;
    here.with().who.token = "0123456789";
    for (const std::string& target :
         {std::string("/"), std::string("/assets/page.js"), std::string("/api/runs"), softmax,
          softmax + "/files", softmax + "/output", std::string("/metrics"), std::string("/healthz"),
          std::string("/none"), std::string("/..")}) {
        INFO(target);
        const auto status_of = [&](const viewer::name_value_list& headers) {
            return viewer::handle({"GET", target, headers}, here.with()).status;
        };
        CHECK(status_of({{"Host", "localhost"}}) == 401);
        CHECK(status_of({{"Host", "localhost"}, {"Authorization", "Bearer 0123456788"}}) == 401);
        CHECK(status_of({{"Host", "localhost"}, {"Cookie", "guild_token=x"}}) == 401);
        CHECK(status_of({{"Host", "evil.example"}, {"Authorization", "Bearer 0123456789"}}) == 421);
        CHECK(status_of({{"Host", "localhost"},
                         {"Origin", "http://evil.example"},
                         {"Authorization", "Bearer 0123456789"}}) == 403);
        CHECK(status_of({}) == 400);
        const int known =
            status_of({{"Host", "localhost"}, {"Authorization", "Bearer 0123456789"}});
        CHECK((known == 200 || known == 404 || known == 400));
    }
}

TEST_CASE("api: the matrix of hosts, origins and sites") {
    const site here;
    const auto status_of = [&](const std::string& target, viewer::name_value_list headers) {
        return viewer::handle({"GET", target, std::move(headers)},
                              viewer::context{here.dir().path(), {}, {}, {}, 2000, {}, {}})
            .status;
    };
    for (const std::string host : {"localhost", "127.0.0.1", "[::1]", "localhost:6333",
                                   "127.0.0.1:1", "[::1]:6333", "LOCALHOST"}) {
        for (const std::string origin : {"", "http://", "https://", "null", "http://evil.example",
                                         "http://localhost.evil.example", "file://"}) {
            for (const std::string site : {"", "same-origin", "none", "same-site", "cross-site"}) {
                INFO(host << ' ' << origin << ' ' << site);
                viewer::name_value_list headers{{"Host", host}};
                const bool is_own = ends_with(origin, "//") && starts_with(origin, "http");
                if (!origin.empty()) {
                    headers.emplace_back("Origin", is_own ? origin + host : origin);
                }
                if (!site.empty()) {
                    headers.emplace_back("Sec-Fetch-Site", site);
                }
                const bool is_good = (origin.empty() || is_own) &&
                                     (site.empty() || site == "same-origin" || site == "none");
                CHECK(status_of("/api/runs", headers) == (is_good ? 200 : 403));
                headers.emplace_back("Sec-Fetch-Mode", "navigate");
                headers.emplace_back("Sec-Fetch-Dest", "document");
                CHECK(status_of("/api/runs", headers) == (is_good ? 200 : 403));
                CHECK(status_of("/runs", headers) == (origin.empty() || is_own ? 200 : 403));
            }
        }
    }
    for (const std::string host :
         {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", "[::]", "",
          "localhost,evil", "127.1", "2130706433"}) {
        INFO(host);
        CHECK(status_of("/api/runs", {{"Host", host}}) == 421);
    }
    CHECK(status_of("/api/runs", {{"Host", "localhost"}, {"Host", "localhost"}}) == 400);
}

TEST_CASE("api: no answer lets other sites read it or run anything in it") {
    const site here;
    for (const std::string& target :
         {std::string("/"), std::string("/api/runs"), softmax + "/files", std::string("/none"),
          std::string("/metrics")}) {
        const viewer::response answer = here.get(target);
        INFO(target);
        for (const auto& [name, value] : answer.headers) {
            CHECK_FALSE(starts_with(to_lower(name), "access-control-"));
        }
        const std::string policy = answer.find_header("Content-Security-Policy").value_or("");
        CHECK(starts_with(policy, "default-src 'none'; script-src 'self'; style-src 'self'"));
        CHECK_FALSE(contains(policy, "unsafe"));
        CHECK(contains(policy, "frame-ancestors 'none'"));
        CHECK(answer.find_header("X-Content-Type-Options") == "nosniff");
        CHECK(answer.find_header("Referrer-Policy") == "no-referrer");
        CHECK(answer.find_header("Cross-Origin-Resource-Policy") == "same-origin");
    }
}

TEST_CASE("api: nothing outside a run is reached through links in it") {
    const site here;
    (void)here.dir().write("secret", "SECRET\n");
    const auto link = [&](std::string_view name) {
        const std::string path = runs::data_path(here.run(), name);
        REQUIRE(os::remove_tree(path));
        REQUIRE(::symlink((here.dir() / "secret").c_str(), path.c_str()) == 0);
    };
    for (const auto name : {runs::output_log_name, runs::output_index_name, runs::flags_name,
                            runs::attrs_name, runs::user_name, runs::meta_name}) {
        link(name);
    }
    REQUIRE(::symlink((here.dir() / "secret").c_str(), (here.run() + "/link").c_str()) == 0);
    REQUIRE(::symlink("/", (here.run() + "/root").c_str()) == 0);
    for (const char* part :
         {"", "/flags", "/attrs", "/user", "/output", "/search?text=SECRET", "/files"}) {
        INFO(part);
        CHECK_FALSE(contains(here.get(softmax + part).body, "SECRET"));
    }
    CHECK_FALSE(contains(here.get(softmax + "/files").body, "\"link\""));
    CHECK_FALSE(contains(here.get(softmax + "/files").body, "root"));
}

TEST_CASE("api: pipes and devices in place of a run's files hold nothing up") {
    const site here;
    for (const auto name :
         {runs::output_log_name, runs::output_index_name, runs::flags_name, runs::user_name}) {
        const std::string path = runs::data_path(here.run(), name);
        REQUIRE(os::remove_tree(path));
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    }
    REQUIRE(::mkfifo((here.run() + "/guild.d/series/1-1-h.gts").c_str(), 0600) == 0);
    for (const char* part : {"", "/flags", "/user", "/output", "/search?text=x", "/files",
                             "/series", "/data?pattern=.*"}) {
        INFO(part);
        const int status = here.get(softmax + part).status;
        CHECK((status == 200 || status == 404));
    }
    CHECK(here.body("/api/runs?with=values&spark=.*")["total"] == 2);
}

TEST_CASE("api: file ids and run ids that look like paths lead nowhere") {
    const site here;
    (void)here.dir().write("secret", "SECRET");
    for (const char* id :
         {"..", ".", "%2e%2e", "..%2fsecret", "%2e%2e%2fsecret", "%252e%252e%252fsecret",
          "..%5csecret", "%5c..%5csecret", "secret%00", "%00", "%2fetc%2fpasswd", "....//secret",
          "..;/secret", "%c0%ae%c0%ae%c0%afsecret", "%u002e%u002e", "/etc/passwd", "C:%5csecret",
          "~", "%7e"}) {
        for (const std::string& before : {softmax + "/files/", std::string("/api/runs/"),
                                          std::string("/assets/"), std::string("/")}) {
            INFO(before << id);
            const viewer::response answer = here.get(before + id);
            CHECK((answer.status == 400 || answer.status == 404));
            CHECK_FALSE(contains(answer.body, "SECRET"));
        }
    }
}

TEST_CASE("api: hostile texts of a run and of a project file come back as data") {
    const site here;
    const std::string evil = "</script><script>alert(1)</script>\xE2\x80\xAE\xE2\x81\xA6<!--\xFF";
    const std::string huge(1 << 20, '<');
    guild_test::add_pairs(here.run(), runs::flags_name,
                          {{evil, evil}, {"huge", huge}, {huge, "x"}});
    guild_test::add_pairs(here.run(), runs::user_name, {{"label", evil}, {"tag." + evil, ""}});
    guild_test::add_series(here.run(), evil, {1.0});
    guild_test::add_output(here.run(), runs::output_stream::out, 1, evil + '\n' + huge);
    (void)here.dir().write("Guild", "[project]\n  name = " + evil +
                                        "\n[field \"<b>\"]\n  label = " + evil +
                                        "\n  source = series/.*\n");
    for (const std::string& target :
         {std::string("/api/runs?with=values,flags,attrs&spark=.*&fields=1"),
          std::string("/api/project"), softmax, softmax + "/flags", softmax + "/user",
          softmax + "/fields", softmax + "/series", softmax + "/data?pattern=.*",
          softmax + "/output", softmax + "/search?text=script", softmax + "/files"}) {
        INFO(target);
        const viewer::response answer = here.get(target);
        CHECK(answer.status == 200);
        CHECK_FALSE(contains(answer.body, "<"));
        CHECK(json::parse(answer.body));
        CHECK(is_valid_utf8(answer.body));
    }
    CHECK(here.get("/api/runs/" + std::string(1 << 20, 'x')).status == 404);
    CHECK(here.get("/api/runs?where=" + std::string(1 << 20, 'x')).status == 400);
    CHECK(here.get(softmax + "/data?pattern=" + std::string(1 << 20, 'x')).status < 500);
}

TEST_CASE("api: a thousand random targets are answered") {
    const site here;
    std::uint64_t state = 7;
    const std::vector<std::string> words = {"api",    "runs",
                                            "latest", "data",
                                            "files",  "output",
                                            "..",     "%2e",
                                            "%",      "%00",
                                            "?",      "&",
                                            "=",      "pattern",
                                            "(",      "*",
                                            "where",  "with",
                                            "values", "from",
                                            "-1",     "99999999999999999999",
                                            "/",      "//",
                                            "\xFF",   "+",
                                            "search", "text",
                                            "since",  older};
    for (int i = 0; i < 1000; ++i) {
        std::string target = "/";
        for (int k = 0; k < 12; ++k) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            target += words[(state >> 33U) % words.size()] + ((state >> 20U) % 2 == 0 ? "/" : "");
        }
        INFO(target);
        const int status = here.get(target).status;
        CHECK((status == 200 || status == 400 || status == 404));
    }
}

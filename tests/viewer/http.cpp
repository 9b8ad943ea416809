#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <guild/viewer/http.hpp>

using namespace guild;
using viewer::request;

namespace {

request get(std::string target, viewer::name_value_list more = {}) {
    request out{"GET", std::move(target), {{"Host", "localhost:6333"}}};
    out.headers.insert(out.headers.end(), more.begin(), more.end());
    return out;
}

int status_of(const request& what, const viewer::guard& who = {}, bool is_page = false) {
    const auto refused = viewer::check_request(what, who, is_page);
    return refused ? refused->status : 200;
}

}  // namespace

TEST_CASE("targets: path parts and query values are decoded") {
    const auto target =
        viewer::parse_target("/api/runs/a%20b/data?pattern=tf%2F.%2B&columns=10&x=1+2&empty=");
    REQUIRE(target);
    CHECK(target->path == std::vector<std::string>{"api", "runs", "a b", "data"});
    CHECK(target->find("pattern") == "tf/.+");
    CHECK(target->find("columns") == "10");
    CHECK(target->find("x") == "1 2");
    CHECK(target->find("empty") == "");
    CHECK_FALSE(target->find("absent"));
    REQUIRE(viewer::parse_target("/"));
    CHECK(viewer::parse_target("/")->path.empty());
    CHECK(viewer::parse_target("/runs/")->path == std::vector<std::string>{"runs"});
}

TEST_CASE("targets: a slash that was encoded stays inside its part") {
    const auto target = viewer::parse_target("/runs/..%2f..%2fetc%2fpasswd");
    REQUIRE(target);
    CHECK(target->path == std::vector<std::string>{"runs", "../../etc/passwd"});
}

TEST_CASE("targets: what could leave the tree is no target") {
    for (const char* bad :
         {"", "runs", "http://localhost/", "/../etc/passwd", "/runs/..", "/runs/.",
          "//evil.example/", "/runs//x", "/%2e%2e/x", "/runs/%2E%2E", "/%", "/%4", "/%zz", "/a%00b",
          "/a\nb", "/a%0d%0ab", "/?x=%", "/?%zz=1"}) {
        INFO(bad);
        CHECK_FALSE(viewer::parse_target(bad));
    }
}

TEST_CASE("targets: double encoding is decoded once") {
    const auto target = viewer::parse_target("/runs/%252e%252e");
    REQUIRE(target);
    CHECK(target->path[1] == "%2e%2e");
}

TEST_CASE("guard: only GET and HEAD are answered") {
    for (const char* method :
         {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "get"}) {
        request what = get("/");
        what.method = method;
        const auto refused = viewer::check_request(what, {}, true);
        REQUIRE(refused);
        CHECK(refused->status == 405);
        CHECK(refused->find_header("Allow") == "GET, HEAD");
    }
    request head = get("/");
    head.method = "HEAD";
    CHECK(status_of(head) == 200);
}

TEST_CASE("guard: foreign hosts, origins and sites are refused") {
    const auto with_host = [](const std::string& host) {
        return request{"GET", "/", {{"Host", host}}};
    };
    for (const char* host : {"localhost", "LOCALHOST:1", "127.0.0.1:6333", "[::1]", "[::1]:6333"}) {
        INFO(host);
        CHECK(status_of(with_host(host)) == 200);
    }
    for (const char* host :
         {"evil.example", "evil.example:6333", "localhost.evil.example", "127.0.0.1.evil.example",
          "", "[::2]:6333", "0.0.0.0", "localhost@evil.example"}) {
        INFO(host);
        CHECK(status_of(with_host(host)) == 421);
    }
    CHECK(status_of({"GET", "/", {}}) == 400);
    CHECK(status_of(get("/", {{"host", "localhost"}})) == 400);  // two of them
    CHECK(status_of(with_host("train-01:8080"), {{"train-01"}, ""}) == 200);

    CHECK(status_of(get("/api/runs", {{"Origin", "http://localhost:6333"}})) == 200);
    for (const char* origin :
         {"http://evil.example", "http://localhost:8080", "null", "http://localhost", ""}) {
        INFO(origin);
        CHECK(status_of(get("/api/runs", {{"Origin", origin}})) == 403);
    }
}

TEST_CASE("guard: another site may open the page, and nothing else") {
    const viewer::name_value_list link{{"Sec-Fetch-Site", "cross-site"},
                                       {"Sec-Fetch-Mode", "navigate"},
                                       {"Sec-Fetch-Dest", "document"}};
    const viewer::name_value_list frame{{"Sec-Fetch-Site", "cross-site"},
                                        {"Sec-Fetch-Mode", "navigate"},
                                        {"Sec-Fetch-Dest", "iframe"}};
    const viewer::name_value_list script{{"Sec-Fetch-Site", "cross-site"},
                                         {"Sec-Fetch-Mode", "no-cors"},
                                         {"Sec-Fetch-Dest", "script"}};
    CHECK(status_of(get("/", link), {}, true) == 200);
    CHECK(status_of(get("/api/runs", link), {}, false) == 403);
    CHECK(status_of(get("/", frame), {}, true) == 403);
    CHECK(status_of(get("/assets/page.js", script)) == 403);
    CHECK(status_of(get("/api/runs",
                        {{"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Mode", "cors"}})) == 403);
    CHECK(status_of(get("/api/runs", {{"Sec-Fetch-Site", "same-origin"}})) == 200);
    CHECK(status_of(get("/api/runs", {{"Sec-Fetch-Site", "none"}})) == 200);
}

TEST_CASE("guard: with a token nothing is answered without it") {
    const viewer::guard who{{}, "s3cret"};
    CHECK(status_of(get("/api/runs"), who) == 401);
    CHECK(status_of(get("/api/runs?token=wrong"), who) == 401);
    CHECK(status_of(get("/api/runs", {{"Authorization", "Bearer s3cre"}}), who) == 401);
    CHECK(status_of(get("/api/runs", {{"Authorization", "Bearer s3cret"}}), who) == 200);
    CHECK(status_of(get("/api/runs", {{"Cookie", "a=b; guild_token=s3cret"}}), who) == 200);
    CHECK(status_of(get("/api/runs?token=s3cret"), who) == 200);
    const auto moved = viewer::check_request(get("/runs?token=s3cret"), who, true);
    REQUIRE(moved);
    CHECK(moved->status == 303);
    CHECK(moved->find_header("Location") == "/runs");
    CHECK(moved->find_header("Set-Cookie") == "guild_token=s3cret; Path=/; HttpOnly; SameSite=Lax");
}

TEST_CASE("finish: every answer carries the policy headers and no CORS header") {
    for (const int status : {200, 404, 421}) {
        viewer::response answer;
        answer.status = status;
        answer.body = "{}";
        viewer::finish_response(get("/"), answer);
        const std::string policy = answer.find_header("Content-Security-Policy").value_or("");
        CHECK(contains(policy, "default-src 'none'"));
        CHECK(contains(policy, "script-src 'self';"));
        CHECK_FALSE(contains(policy, "unsafe"));
        CHECK(answer.find_header("X-Content-Type-Options") == "nosniff");
        CHECK(answer.find_header("Referrer-Policy") == "no-referrer");
        CHECK(answer.find_header("Cross-Origin-Resource-Policy") == "same-origin");
        CHECK_FALSE(answer.find_header("Access-Control-Allow-Origin"));
        CHECK(answer.find_header("Cache-Control") == (status == 200 ? "no-cache" : "no-store"));
    }
}

TEST_CASE("finish: a body that the client has is not sent again") {
    viewer::response first;
    first.body = "{\"total\":1}";
    first.content_type = "application/json";
    viewer::response second = first;
    viewer::response third = first;
    third.body = "{\"total\":2}";
    viewer::finish_response(get("/"), first);
    const std::string tag = first.find_header("ETag").value_or("");
    REQUIRE(tag.size() == 20);
    const request again = get("/", {{"If-None-Match", "W/\"00\", " + tag}});
    viewer::finish_response(again, second);
    CHECK(second.status == 304);
    CHECK(second.body.empty());
    CHECK(second.find_header("ETag") == tag);
    viewer::finish_response(again, third);
    CHECK(third.status == 200);
    CHECK(third.body == "{\"total\":2}");
}

TEST_CASE("finish: a body that is not sent has no encoding") {
    viewer::response packed;
    packed.body = "packed";
    packed.headers = {{"Vary", "Accept-Encoding"}, {"Content-Encoding", "gzip"}};
    viewer::response again = packed;
    viewer::finish_response(get("/"), packed);
    CHECK(packed.find_header("Content-Encoding") == "gzip");
    const std::string tag = packed.find_header("ETag").value_or("");
    viewer::finish_response(get("/", {{"If-None-Match", tag}}), again);
    CHECK(again.status == 304);
    CHECK_FALSE(again.find_header("Content-Encoding"));
    CHECK(again.find_header("Vary") == "Accept-Encoding");
}

TEST_CASE("gzip: it is for clients that name it with a weight above zero") {
    const auto accepts = [](const std::string& text) {
        return viewer::accepts_gzip(get("/", {{"accept-encoding", text}}));
    };
    for (const char* yes : {"gzip", "GZip", "gzip, deflate, br, zstd", "br;q=1, gzip;q=0.001", "*",
                            "gzip ; q=0.5", "deflate , gzip", "*;q=0, gzip", "gzip;q=1;q=0"}) {
        INFO(yes);
        CHECK(accepts(yes));
    }
    for (const char* no : {"", "identity", "br", "gzip;q=0", "gzip; q=0.000", "*, gzip;q=0",
                           "*;q=0", "gzipped", "x gzip", ","}) {
        INFO(no);
        CHECK_FALSE(accepts(no));
    }
    CHECK_FALSE(viewer::accepts_gzip(get("/")));
}

TEST_CASE("host_without_port: names, numbers and brackets") {
    CHECK(viewer::host_without_port("Train-01:80") == "train-01");
    CHECK(viewer::host_without_port("127.0.0.1") == "127.0.0.1");
    CHECK(viewer::host_without_port("[::1]:80") == "[::1]");
    CHECK(viewer::host_without_port("[::1]") == "[::1]");
    CHECK(viewer::host_without_port("::1") == "::1");
}

TEST_CASE("tags: a client that has the answer is known") {
    const std::string tag = viewer::make_tag("state");
    CHECK(tag == viewer::make_tag("state"));
    CHECK(tag != viewer::make_tag("other state"));
    CHECK(starts_with(tag, "W/\""));
    CHECK(viewer::has_answer(get("/", {{"If-None-Match", tag}}), tag));
    CHECK(viewer::has_answer(get("/", {{"If-None-Match", "\"x\", " + tag.substr(2)}}), tag));
    CHECK_FALSE(viewer::has_answer(get("/", {{"If-None-Match", "\"x\""}}), tag));
    CHECK_FALSE(viewer::has_answer(get("/"), tag));
}

TEST_CASE("finish: an answer with a tag of its own keeps it") {
    viewer::response known;
    known.status = 304;
    known.headers.emplace_back("ETag", "W/\"1\"");
    viewer::finish_response(get("/"), known);
    CHECK(known.find_header("Cache-Control") == "no-cache");
    viewer::response made;
    made.body = "x";
    made.headers.emplace_back("ETag", "W/\"1\"");
    viewer::response again = made;
    viewer::finish_response(get("/"), made);
    CHECK(made.status == 200);
    CHECK(made.find_header("ETag") == "W/\"1\"");
    viewer::finish_response(get("/", {{"If-None-Match", "\"1\""}}), again);
    CHECK(again.status == 304);
    CHECK(again.body.empty());
}

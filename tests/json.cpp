#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <guild/ini/parser.hpp>
#include <guild/json.hpp>
#include <guild/project/load.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

TEST_CASE("to_text: broken UTF-8 is replaced, one mark a sequence") {
    const std::string mark = "\xEF\xBF\xBD";
    CHECK(json::to_text("plain") == "plain");
    CHECK(json::to_text("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80") ==
          "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    CHECK(json::to_text("a\xFF"
                        "b") == "a" + mark + "b");
    CHECK(json::to_text("\xC0\x80") == mark + mark);                        // overlong
    CHECK(json::to_text("\xED\xA0\x80") == mark + mark + mark);             // a surrogate
    CHECK(json::to_text("\xF4\x90\x80\x80") == mark + mark + mark + mark);  // above U+10FFFF
    CHECK(json::to_text("\xE2\x82") == mark);                               // cut at the end
    CHECK(json::to_text("\xE2\x82x") == mark + "x");
    CHECK(json::to_text("\xF0\x9F\x98\xF0\x9F\x98\x80") == mark + "\xF0\x9F\x98\x80");
}

TEST_CASE("set_text: bytes that are no text stand beside it in base64") {
    json::value object;
    json::set_text(object, "good", "ok");
    json::set_text(object, "bad", std::string("a\xFF\0", 3));
    CHECK(json::format(object) ==
          "{\"good\":\"ok\",\"bad\":\"a\xEF\xBF\xBD\\u0000\",\"bad_base64\":\"Yf8A\"}");
}

TEST_CASE("to_base64: the vectors of RFC 4648") {
    CHECK(json::to_base64("") == "");
    CHECK(json::to_base64("f") == "Zg==");
    CHECK(json::to_base64("fo") == "Zm8=");
    CHECK(json::to_base64("foo") == "Zm9v");
    CHECK(json::to_base64("foob") == "Zm9vYg==");
    CHECK(json::to_base64("fooba") == "Zm9vYmE=");
    CHECK(json::to_base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("numbers: what JSON cannot hold is a string") {
    CHECK(json::to_json(0.1).dump() == "0.1");
    CHECK(json::to_json(-0.0).dump() == "-0.0");
    CHECK(json::to_json(std::numeric_limits<double>::quiet_NaN()).dump() == "\"NaN\"");
    CHECK(json::to_json(std::numeric_limits<double>::infinity()).dump() == "\"Infinity\"");
    CHECK(json::to_json(-std::numeric_limits<double>::infinity()).dump() == "\"-Infinity\"");
    CHECK(json::to_json(std::int64_t{9007199254740992}).dump() == "9007199254740992");
    CHECK(json::to_json(std::int64_t{9007199254740993}).dump() == "\"9007199254740993\"");
    CHECK(json::to_json(std::numeric_limits<std::int64_t>::min()).dump() ==
          "\"-9223372036854775808\"");
    CHECK(json::to_json(std::numeric_limits<std::uint64_t>::max()).dump() ==
          "\"18446744073709551615\"");
    CHECK(json::to_json(series::number(7)).dump() == "7");
    CHECK(json::to_json(series::number(7.5)).dump() == "7.5");
}

TEST_CASE("format: a script tag in a name stays harmless inside HTML") {
    json::value object;
    json::set_text(object, "name", "</script><b>");
    CHECK(json::format(object) == "{\"name\":\"\\u003c/script>\\u003cb>\"}");
    const auto back = json::parse(json::format(object));
    REQUIRE(back);
    CHECK((*back)["name"] == "</script><b>");
}

TEST_CASE("parse: a mistake is reported with its offset") {
    const auto bad = json::parse("{\"a\": }");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code == errc::bad_syntax);
    CHECK(bad.error().where.begin == 6);
}

TEST_CASE("error: place and text for people") {
    const error what = make_error(errc::bad_syntax, "expected x", "Guild", {4, 5, 3, 7});
    CHECK(
        json::format(json::to_json(what)) ==
        R"({"code":"bad_syntax","message":"expected x","path":"Guild","line":3,"column":7,"text":"Guild:3:7: expected x"})");
    CHECK(json::to_json(make_error(errc::not_found, "gone"))["line"].is_null());
}

TEST_CASE("diagnostic: the source line with its marks") {
    const std::string text = "[model]\n  train\n";
    const ini::document document = ini::parse(text, "Guild");
    REQUIRE_FALSE(document.diagnostics().empty());
    const json::value shown = json::to_json(document.diagnostics().front(), text);
    CHECK(shown["severity"] == "error");
    CHECK(shown["line"] == 2);
    CHECK(shown["path"] == "Guild");
    CHECK(contains(shown["caret"].get<std::string>(), "  train\n"));
    CHECK(contains(shown["caret"].get<std::string>(), "^"));
    CHECK_FALSE(contains(shown["caret"].get<std::string>(), "Guild:2"));
}

TEST_CASE("project: sections with the place of each value") {
    const auto report = project::parse_project("[project]\nname = P\n[model \"m\"]\n  train = t\n",
                                               {"/p", "", "/p/Guild", "runs"});
    REQUIRE(report.value);
    const json::value shown = json::to_json(*report.value);
    CHECK(shown["title"] == "P");
    CHECK(shown["models"][0]["name"] == "m");
    CHECK(shown["sections"][1]["key"].dump() == R"(["model","m"])");
    CHECK(shown["sections"][1]["attributes"][0]["line"] == 4);
    CHECK(shown["sections"][1]["attributes"][0]["value"] == "t");
}

TEST_CASE("run: the object that lists and the HTTP API share") {
    const guild_test::temp_dir dir;
    const std::string path =
        guild_test::make_completed_run(dir.path(), "20170714T024000Z-softmax", "softmax", 0);
    const auto run = runs::run::open(path);
    REQUIRE(run);
    CHECK(
        json::format(json::to_json(*run)) ==
        R"({"id":"20170714T024000Z-softmax","name":"softmax","model":"softmax","status":"completed","cause":"",)"
        R"("started_us":1500000000000000,"stopped_us":1500000090000000,"exit_code":0,"path":")" +
            path +
            R"(","command":["python3","train.py"],"cwd":"/project","label":"","tags":[],"note":""})");
    const auto bare =
        runs::run::open(guild_test::make_run(dir.path(), "20170714T024100Z-noted", {}));
    REQUIRE(bare);
    const json::value shown = json::to_json(*bare);
    CHECK(shown["name"] == "noted");
    CHECK(shown["stopped_us"].is_null());
    CHECK(shown["exit_code"].is_null());
    CHECK(shown["command"].dump() == "[]");
}

TEST_CASE("series: summaries and points keep what JSON has no words for") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    series::series_summary summary;
    summary.key = "loss";
    CHECK(json::to_json(summary)["last"].is_null());
    summary.add(series::point{1, 10, series::number(2.5)});
    summary.add(series::point{2, 20, series::number(nan)});
    CHECK(
        json::format(json::to_json(summary)) ==
        R"({"key":"loss","count":2,"first":2.5,"last":"NaN","min":2.5,"max":2.5,"nan":1,"inf":0,"first_step":1,"last_step":2,"last_time_us":20})");
    CHECK(json::format(json::to_json(std::vector<series::point>{{1, 10, series::number(2.5)},
                                                                {2, 20, series::number(nan)}})) ==
          R"({"steps":[1,2],"times_us":[10,20],"values":[2.5,"NaN"]})");
    CHECK(json::format(json::to_json(std::vector<series::point>{})) ==
          R"({"steps":[],"times_us":[],"values":[]})");
}

TEST_CASE("output: pieces and gaps") {
    runs::output_piece piece;
    piece.stream = runs::output_stream::err;
    piece.time_us = 5;
    piece.text = "oh\n";
    CHECK(json::format(json::to_json(piece)) ==
          R"({"stream":"err","time_us":5,"offset":0,"text":"oh\n"})");
    piece.text.clear();
    piece.lost_bytes = 12;
    piece.time_us.reset();
    CHECK(json::format(json::to_json(piece)) ==
          R"({"stream":"err","time_us":null,"offset":0,"lost_bytes":12})");
}

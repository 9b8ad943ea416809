#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <guild/viewer/run_rows.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

namespace {

viewer::field_spec row_field(const std::string& name, const std::string& source) {
    viewer::field_spec out;
    out.name = name;
    out.source = source;
    out.reduce = "last";
    out.format = source == "series/loss" ? "0.00" : "";
    return out;
}

const std::vector<viewer::field_spec> row_fields = {row_field("loss", "series/loss"),
                                                    row_field("lr", "flags/lr")};

viewer::row_options row_options_of(const std::string& query) {
    const auto target = viewer::parse_target("/api/runs?" + query);
    REQUIRE(target);
    auto out = viewer::parse_row_options(*target, row_fields);
    REQUIRE(out);
    return std::move(*out);
}

// Two runs: a has loss 1 and 0.5 and lr 0.1, b neither.
class two_runs {
public:
    two_runs() {
        run_ = guild_test::make_completed_run(dir_.path(), "a", "m", 0);
        (void)guild_test::make_completed_run(dir_.path(), "b", "m", 5);
        guild_test::add_pairs(run_, runs::flags_name, {{"lr", "0.1"}});
        guild_test::add_series(run_, "loss", {1.0, 0.5});
    }
    [[nodiscard]] std::vector<json::value> look(const std::string& query) {
        std::vector<json::value> out;
        const auto rows = cache.look(catalog.look({dir_.path()}), row_options_of(query), catalog);
        for (const auto& row : *rows) {
            out.push_back(row->is_match ? *json::parse(row->text) : json::value(nullptr));
        }
        return out;
    }
    [[nodiscard]] const std::string& run() const { return run_; }
    [[nodiscard]] const guild_test::temp_dir& dir() const { return dir_; }

    runs::catalog_cache catalog;
    viewer::row_cache cache;

private:
    guild_test::temp_dir dir_;
    std::string run_;
};

}  // namespace

TEST_CASE("row options: unknown parts and mistakes are told") {
    const auto status_of = [](const std::string& query) {
        return viewer::parse_row_options(*viewer::parse_target("/?" + query), {}).has_value();
    };
    CHECK(status_of("with=values,flags,attrs,spark"));
    CHECK(status_of(""));
    CHECK_FALSE(status_of("with=secrets"));
    CHECK_FALSE(status_of("spark=("));
    CHECK_FALSE(status_of("where=%3D"));
    CHECK(row_options_of("with=flags").key != row_options_of("with=attrs").key);
}

TEST_CASE("rows: a row has the parts that were asked for") {
    two_runs here;
    guild_test::add_pairs(here.run(), runs::user_name,
                          {{"label", "best"}, {"tag.kept", ""}, {"note", "n"}});
    guild_test::add_pairs(here.run(), runs::attrs_name, {{"host", "h"}});
    const json::value plain = here.look("")[1];
    CHECK(plain["id"] == "a");
    CHECK(plain["duration_us"] == 90'000'000);
    for (const char* part : {"flags", "attrs", "values", "spark", "fields"}) {
        CHECK_FALSE(plain.contains(part));
    }
    const std::vector<json::value> all = here.look("with=values,flags,attrs&spark=lo.*&fields=1");
    const json::value& row = all[1];
    CHECK(row["flags"].dump() == R"({"lr":"0.1"})");
    CHECK(row["attrs"].dump() == R"({"host":"h"})");
    CHECK(row["label"] == "best");
    CHECK(row["note"] == "n");
    CHECK(row["tags"].dump() == R"(["kept"])");
    CHECK(row["values"].dump() == R"([[0.5,"0.50"],[null,"0.1"]])");
    CHECK(row["spark"].dump() == "[1.0,0.5]");
    CHECK(row["fields"][0]["text"] == "0.50");
    CHECK(all[0]["values"].dump() == R"([[null,"--"],[null,"--"]])");
    CHECK(all[0]["spark"].empty());
}

TEST_CASE("rows: a condition keeps some, by flags, fields and series") {
    two_runs here;
    CHECK(here.look("where=lr%3D0.1")[0].is_null());
    CHECK(here.look("where=lr%3D0.1")[1]["id"] == "a");
    CHECK(here.look("where=field:loss%3C0.6")[1]["id"] == "a");
    CHECK(here.look("where=field:loss%3C0.4")[1].is_null());
    CHECK(here.look("where=series:loss%3C0.6")[0].is_null());
}

TEST_CASE("rows: a row is made anew only when its run changed") {
    two_runs here;
    (void)here.look("with=values");
    CHECK(here.cache.made() == 2);
    (void)here.look("with=values");
    CHECK(here.cache.made() == 2);
    (void)guild_test::make_completed_run(here.dir().path(), "c", "m", 9);
    CHECK(here.look("with=values").size() == 3);
    CHECK(here.cache.made() == 3);
    (void)here.look("with=flags");
    CHECK(here.cache.made() == 6);
    (void)here.look("with=values");
    CHECK(here.cache.made() == 6);
}

TEST_CASE("rows: texts of any length are cut, and stay data") {
    two_runs here;
    const std::string huge(1 << 20, 'x');
    guild_test::add_pairs(here.run(), runs::flags_name,
                          {{huge, huge}, {"<script>", "</script>"}, {"bad", "\xFF"}});
    guild_test::add_pairs(here.run(), runs::user_name, {{"label", huge}, {"tag." + huge, ""}});
    const auto rows = here.cache.look(here.catalog.look({here.dir().path()}),
                                      row_options_of("with=flags"), here.catalog);
    CHECK((*rows)[1]->text.size() < 20'000);
    CHECK_FALSE(contains((*rows)[1]->text, "<"));
    CHECK(json::parse((*rows)[1]->text));
}

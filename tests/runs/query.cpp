#include <guild/runs/query.hpp>

#include <map>
#include <string>
#include <utility>

#include <doctest/doctest.h>

using guild::runs::compare_values;
using guild::runs::query;
using guild::runs::query_operator;
using guild::runs::query_source;

namespace {

using known_values = std::map<std::pair<query_source, std::string>, std::string>;

const known_values sample_values = {{{query_source::flag, "lr"}, "0.1"},
                                    {{query_source::flag, "optimizer"}, "adam w"},
                                    {{query_source::flag, "both"}, "flag"},
                                    {{query_source::attr, "both"}, "attr"},
                                    {{query_source::attr, "host"}, "node-7"},
                                    {{query_source::run, "status"}, "completed"},
                                    {{query_source::field, "both"}, "field"},
                                    {{query_source::field, "top"}, "0.93"},
                                    {{query_source::series, "loss"}, "0.5"},
                                    {{query_source::series, "tf/a (b)"}, "nan"},
                                    {{query_source::series, "bad"}, "nan"},
                                    {{query_source::tag, "good"}, ""},
                                    {{query_source::flag, "big"}, "9007199254740993"}};

bool holds(const std::string& text) {
    const auto parsed = query::parse(text);
    REQUIRE_MESSAGE(parsed, text);
    return parsed->matches(
        [](query_source source, std::string_view name) -> std::optional<std::string> {
            REQUIRE(source != query_source::any);
            const auto at = sample_values.find({source, std::string(name)});
            return at == sample_values.end() ? std::nullopt : std::make_optional(at->second);
        });
}

}  // namespace

TEST_CASE("query: an empty condition holds for every run") {
    CHECK(holds(""));
    CHECK(holds(" \t\n"));
    CHECK(query().matches({}));
    CHECK(query().is_empty());
    CHECK_FALSE(query::parse("a")->is_empty());
}

TEST_CASE("query: the condition of the manual") {
    CHECK(holds("lr = 0.1 and loss < 0.8"));
    CHECK(holds("lr=0.1 and loss<0.8"));
    CHECK_FALSE(holds("lr = 0.1 and loss > 0.8"));
}

TEST_CASE("query: numbers compare as numbers where both sides are whole ones") {
    CHECK(holds("lr = 1e-1"));
    CHECK(holds("lr == .1"));
    CHECK(holds("lr < 1"));
    CHECK(holds("lr <= 0.10"));
    CHECK(holds("lr > -5"));
    CHECK(holds("lr >= 0.1"));
    CHECK_FALSE(holds("lr != 0.100"));
    CHECK(compare_values("10", query_operator::more, "9"));
    CHECK(compare_values("10x", query_operator::less, "9"));  // text: '1' before '9'
    CHECK(compare_values("", query_operator::less, "0"));
    CHECK_FALSE(compare_values("0x10", query_operator::equal, "16"));
    CHECK_FALSE(holds("big = 9007199254740992"));  // not as doubles
    CHECK(holds("big > 9007199254740992"));
}

TEST_CASE("query: NaN equals NaN and is neither less nor more than anything") {
    CHECK(holds("bad = nan"));
    CHECK(holds("bad != 1"));
    CHECK_FALSE(holds("bad = 1"));
    CHECK_FALSE(holds("bad < 1"));
    CHECK_FALSE(holds("bad >= 1"));
    CHECK_FALSE(holds("bad < nan"));
    CHECK_FALSE(holds("bad != NaN"));
    CHECK(holds("bad <= nan"));
}

TEST_CASE(
    "query: a name is looked for as flag, attribute, own word, field and series, in this order") {
    CHECK(holds("both = flag"));
    CHECK(holds("attr:both = attr"));
    CHECK(holds("field:both = field"));
    CHECK(holds("host = node-7"));
    CHECK(holds("status = completed"));
    CHECK(holds("top > 0.9"));
    CHECK(holds("loss = 0.5"));
    CHECK_FALSE(holds("flag:loss = 0.5"));
    CHECK(holds("series:loss = 0.5"));
    CHECK(holds("series:\"tf/a (b)\" = nan"));
    CHECK(holds("'tf/a (b)'"));
}

TEST_CASE("query: a name alone asks whether it is there; tags have to be asked for") {
    CHECK(holds("lr"));
    CHECK(holds("tag:good"));
    CHECK_FALSE(holds("tag:bad"));
    CHECK_FALSE(holds("good"));
    CHECK(holds("not good and lr"));
}

TEST_CASE("query: what is not there makes every comparison false, and its negation true") {
    for (const char* how : {"=", "!=", "<", "<=", ">", ">=", "~"}) {
        CHECK_FALSE(holds(std::string("momentum ") + how + " 1"));
        CHECK(holds(std::string("not momentum ") + how + " 1"));
    }
}

TEST_CASE("query: and binds closer than or, not closer than both") {
    CHECK(holds("lr or momentum and momentum"));
    CHECK_FALSE(holds("(lr or momentum) and momentum"));
    CHECK(holds("momentum and momentum or lr"));
    CHECK(holds("not momentum or momentum"));
    CHECK_FALSE(holds("not (lr or momentum)"));
    CHECK(holds("not not lr"));
    CHECK(holds("((lr))and(loss)"));
    CHECK(holds("lr = 0.1 and loss < 1 and top > 0 and not tag:bad"));
}

TEST_CASE("query: quoted texts take every byte, and a backslash the mark") {
    CHECK(holds("optimizer = \"adam w\""));
    CHECK(holds("optimizer = 'adam w'"));
    CHECK_FALSE(holds("optimizer = 'adam \\'w'"));
    CHECK_FALSE(holds("lr = ''"));
    CHECK(holds("optimizer ~ '^a\\w+ w$'"));  // other backslashes stay
    CHECK(holds("optimizer = and or lr"));    // behind an operator every word is a value
    CHECK_FALSE(holds("\"and\" = 1"));
}

TEST_CASE("query: a pattern is found anywhere in the value") {
    CHECK(holds("optimizer ~ dam"));
    CHECK_FALSE(holds("optimizer ~ ^dam"));
    CHECK(holds("host ~ 'node-[0-9]+'"));
    CHECK(holds("host ~ ^node-\\d$ and lr"));
}

TEST_CASE("query: a name alone can be read, for columns and sorting") {
    using guild::runs::query_name;
    CHECK(query_name::parse(" lr ")->name == "lr");
    CHECK(query_name::parse("lr")->source == query_source::any);
    CHECK(query_name::parse("series:'a b'")->name == "a b");
    CHECK(query_name::parse("series:x")->source == query_source::series);
    for (const char* bad : {"", "lr = 1", "a and b", "not a", "a b"}) {
        CHECK(query_name::parse(bad).error().where.column > 0);
    }
}

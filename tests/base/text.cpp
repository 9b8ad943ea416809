#include <guild/base/text.hpp>

#include <doctest/doctest.h>

using namespace guild;
using words = std::vector<std::string>;

TEST_CASE("trim: takes white space off both ends, trim_spaces only blanks") {
    CHECK(trim(" \t a b \r\n") == "a b");
    CHECK(trim(" \n ").empty());
    CHECK(trim_spaces("  \ta  ") == "\ta");
}

TEST_CASE("split_words: any white space separates, and no word is empty") {
    CHECK(split_words("  a\tb \n c") == words{"a", "b", "c"});
    CHECK(split_words("   ").empty());
}

TEST_CASE("split: keeps empty parts, and join puts them together again") {
    CHECK(split("a,,b,", ',') == words{"a", "", "b", ""});
    CHECK(split("", ',') == words{""});
    CHECK(join(split("a,,b,", ','), ",") == "a,,b,");
    CHECK(join({}, ",").empty());
}

TEST_CASE("starts_with, ends_with, contains: also for parts longer than the text") {
    CHECK(starts_with("series/x", "series/"));
    CHECK_FALSE(starts_with("se", "series/"));
    CHECK(ends_with("a.py", ".py"));
    CHECK_FALSE(ends_with("y", ".py"));
    CHECK(contains("abc", "bc"));
    CHECK_FALSE(contains("abc", "cb"));
}

TEST_CASE("replace_all: replaces left to right and does not look at what it put in") {
    CHECK(replace_all("aaa", "aa", "a") == "aa");
    CHECK(replace_all("x$A$A", "$A", "$A$A") == "x$A$A$A$A");
    CHECK(replace_all("abc", "", "x") == "abc");
}

TEST_CASE("collapse_spaces: a continued description becomes one line") {
    CHECK(collapse_spaces(" Softmax and   models \t trained ") == "Softmax and models trained");
}

TEST_CASE("to_lower: changes ASCII capitals alone") {
    CHECK(to_lower("AbZ-\xC3\x84") == "abz-\xC3\x84");
}

TEST_CASE("find_closest: suggests the nearest name, or nothing") {
    const words names = {"train", "status", "list-runs", "list-series"};
    CHECK(find_closest("trian", names) == "train");
    CHECK(find_closest("list-serie", names) == "list-series");
    CHECK_FALSE(find_closest("package", names));
    CHECK_FALSE(find_closest("x", {}));
}

TEST_CASE("is_valid_utf8: takes all of RFC 3629 and nothing else") {
    CHECK(is_valid_utf8("plain \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF"));
    CHECK_FALSE(is_valid_utf8("\x80"));
    CHECK_FALSE(is_valid_utf8("\xC3"));
    CHECK_FALSE(is_valid_utf8("\xC0\xAF"));          // overlong
    CHECK_FALSE(is_valid_utf8("\xE0\x80\x80"));      // overlong
    CHECK_FALSE(is_valid_utf8("\xED\xA0\x80"));      // surrogate
    CHECK_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));  // over U+10FFFF
    CHECK_FALSE(is_valid_utf8("\xFF"));
}

TEST_CASE("is_valid_utf8: finds a broken byte at any place of a text of any length") {
    for (std::size_t size = 1; size < 20; ++size) {
        CHECK(is_valid_utf8(std::string(size, 'a')));
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, 'a');
            text[at] = '\xC3';
            CHECK_FALSE(is_valid_utf8(text));
        }
    }
}

TEST_CASE("replace_invalid_utf8: one mark a broken sequence") {
    const std::string mark = "\xEF\xBF\xBD";
    CHECK(guild::replace_invalid_utf8("").empty());
    CHECK(guild::replace_invalid_utf8("plain \xC3\xA9\xF0\x9F\x98\x80") ==
          "plain \xC3\xA9\xF0\x9F\x98\x80");
    CHECK(guild::replace_invalid_utf8("\xFF.\xC0\x80") == mark + "." + mark + mark);
    CHECK(guild::replace_invalid_utf8("\xE2\x82x\xE2\x82") == mark + "x" + mark);
}

TEST_CASE("quote_for_display: quotes only where a reader would misread the border") {
    CHECK(quote_for_display("--max_steps") == "--max_steps");
    CHECK(quote_for_display("").size() == 2);
    CHECK(quote_for_display("a b") == "\"a b\"");
    CHECK(quote_for_display("say \"hi\\\"") == "\"say \\\"hi\\\\\\\"\"");
}

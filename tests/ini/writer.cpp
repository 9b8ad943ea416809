#include <guild/ini/writer.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ini = guild::ini;
using section_key = std::vector<std::string>;

namespace {

std::string set(std::string_view text, const section_key& section, std::string_view name,
                std::string_view value) {
    const auto edited = ini::set_value(ini::parse(text), section, name, value);
    return edited ? *edited : "error: " + edited.error().message;
}

std::string remove(std::string_view text, const section_key& section, std::string_view name) {
    const auto edited = ini::remove_value(ini::parse(text), section, name);
    return edited ? *edited : "error: " + edited.error().message;
}

}  // namespace

TEST_CASE("set_value: touches only the bytes of the value") {
    CHECK(set("# c\r\n[a]\r\n\r\n  one   = 1  \r\n;x\r\ntwo=2", {"a"}, "one", "10") ==
          "# c\r\n[a]\r\n\r\n  one   = 10  \r\n;x\r\ntwo=2");
    CHECK(set("[a]\nx=1\n[b]\nx=2\n", {"b"}, "x", "") == "[a]\nx=1\n[b]\nx=\n");
}

TEST_CASE("set_value: an empty value gets a blank before it where the delimiter has one") {
    CHECK(set("[a]\nx =\n", {"a"}, "x", "1") == "[a]\nx = 1\n");
    CHECK(set("[a]\nx=\n", {"a"}, "x", "1") == "[a]\nx=1\n");
    CHECK(set("[a]\nx:", {"a"}, "x", "1") == "[a]\nx:1");
}

TEST_CASE("set_value: changes the definition that counts") {
    CHECK(set("[a]\nx = 1\nx = 2\n[a]\nx = 3\n", {"a"}, "x", "9") ==
          "[a]\nx = 1\nx = 9\n[a]\nx = 3\n");
}

TEST_CASE("set_value: replaces a continued value as a whole") {
    CHECK(set("[a]\nx = 1 \\\n  2 \\\n  3\ny = 4\n", {"a"}, "x", "5") == "[a]\nx = 5\ny = 4\n");
}

TEST_CASE("set_value: a new name stands behind the last one, aligned as that") {
    CHECK(set("[a]\n\n  ab     = 0\n  longer = 1\n\n# tail\n", {"a"}, "x", "2") ==
          "[a]\n\n  ab     = 0\n  longer = 1\n  x      = 2\n\n# tail\n");
    CHECK(set("[a]\nlonger = 1\nx = 2\n", {"a"}, "yy", "3") == "[a]\nlonger = 1\nx = 2\nyy = 3\n");
    CHECK(set("[a]\nx=1\r\n", {"a"}, "much_longer", "2") == "[a]\nx=1\r\nmuch_longer=2\n");
    CHECK(set("[a]\n\tx: 1", {"a"}, "y", "2") == "[a]\n\tx: 1\n\ty: 2");
    CHECK(set("[a]\r\n[b]\r\n", {"a"}, "y", "2") == "[a]\r\ny = 2\r\n[b]\r\n");
    CHECK(set("[a]", {"a"}, "y", "2") == "[a]\ny = 2");
    CHECK(set("[t]\na = 1\n[a]\n@attrs t\n", {"a"}, "y", "2") ==
          "[t]\na = 1\n[a]\n@attrs t\ny = 2\n");
}

TEST_CASE("set_value: a new name stands behind a continued value, not in it") {
    CHECK(set("[a]\nx = 1 \\\n  2\n", {"a"}, "y", "3") == "[a]\nx = 1 \\\n  2\ny = 3\n");
    CHECK(set("[a]\nx = 1 \\\n", {"a"}, "y", "3") == "[a]\nx = 1 \\\n\ny = 3");
}

TEST_CASE("set_value: a new section stands at the end") {
    CHECK(set("", {"a"}, "x", "1") == "[a]\nx = 1\n");
    CHECK(set("[a]\r\nx = 1\r\n", {"f", "b c"}, "y", "2") ==
          "[a]\r\nx = 1\r\n\r\n[f \"b c\"]\r\ny = 2\r\n");
    CHECK(set("[a]\nx = 1", {"b"}, "y", "2") == "[a]\nx = 1\n\n[b]\ny = 2");
}

TEST_CASE("set_value: a byte order mark and errors elsewhere stay as they are") {
    CHECK(set("\xEF\xBB\xBF[a]\nx = 1\nnonsense\n", {"a"}, "x", "2") ==
          "\xEF\xBB\xBF[a]\nx = 2\nnonsense\n");
}

TEST_CASE("set_value: refuses what would be read back as something else") {
    const std::string_view text = "[a]\nx = 1\n";
    for (const char* value :
         {"two\nlines", "[b]\n", "ends in \\", " blank", "blank ", "a\rb", "a\x1A"}) {
        CAPTURE(value);
        const auto edited = ini::set_value(ini::parse(text, "Guild"), {"a"}, "x", value);
        REQUIRE_FALSE(edited);
        CHECK(edited.error().code == guild::errc::bad_value);
        CHECK(edited.error().path == "Guild");
    }
    for (const char* name : {"", "two words", "#x", ";x", "[x", "@x", "a\nb"}) {
        CAPTURE(name);
        CHECK_FALSE(ini::set_value(ini::parse(text), {"a"}, name, "1"));
    }
    for (const section_key& section : {section_key{""}, section_key{"a b"}, section_key{"a", ""},
                                       section_key{"a", "b\"c"}, section_key{"a\n"}}) {
        CHECK_FALSE(ini::set_value(ini::parse(text), section, "x", "1"));
    }
    CHECK_FALSE(ini::set_value(ini::parse("[a]\nx = 1 \\"), {"b"}, "x", "1"));
}

TEST_CASE("remove_value: takes whole lines, continuations included") {
    CHECK(remove("[a]\n  x = 1 \\\n  2\ny = 2\n", {"a"}, "x") == "[a]\ny = 2\n");
    CHECK(remove("[a]\r\nx = 1\r\n# c\r\nx = 2", {"a"}, "x") == "[a]\r\n# c\r\n");
    CHECK(remove("[a]\njunk \\\nx = 1\ny = 2\n", {"a"}, "x") == "[a]\ny = 2\n");
}

TEST_CASE("remove_value: a name that is not there is an error") {
    const auto edited = ini::remove_value(ini::parse("[a]\nx = 1\n", "Guild"), {"a"}, "y");
    REQUIRE_FALSE(edited);
    CHECK(edited.error().code == guild::errc::not_found);
    CHECK_FALSE(ini::remove_value(ini::parse("[a]\nx = 1\n"), {"b"}, "x"));
}

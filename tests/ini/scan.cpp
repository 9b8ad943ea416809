#include <guild/ini/scan.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ini = guild::ini;
using parts = std::vector<std::string>;

namespace {

parts key_of(std::string_view text) {
    const ini::key_scan scan = ini::scan_key(text);
    if (scan.problem != nullptr) {
        return {"error", std::to_string(scan.where)};
    }
    parts found;
    for (std::uint32_t i = 0; i < scan.count; ++i) {
        found.emplace_back(
            text.substr(scan.parts[i].begin, scan.parts[i].end - scan.parts[i].begin));
    }
    return found;
}

parts split_of(std::string_view text) {
    const ini::attribute_scan scan = ini::scan_attribute(text);
    if (!scan.found) {
        return {};
    }
    return {std::string(text.substr(scan.name_begin, scan.name_end - scan.name_begin)),
            std::string(text.substr(scan.value))};
}

}  // namespace

TEST_CASE("scan_key: a word and up to two quoted names") {
    CHECK(key_of("foo") == parts{"foo"});
    CHECK(key_of("foo \"a b\"") == parts{"foo", "a b"});
    CHECK(key_of("foo\t \"a\"  \"b\"") == parts{"foo", "a", "b"});
}

TEST_CASE("scan_key: the quirks of the 2017 reader are kept, and marked") {
    CHECK(key_of("foo\"bar\"") == parts{"foo\"bar\""});
    CHECK(ini::scan_key("foo\"bar\"").has_quote);
    CHECK(key_of("foo \"a\" \"b\" \"c\"") == parts{"foo", "a", "b\" \"c"});
    CHECK(ini::scan_key("foo \"a\" \"b\" \"c\"").has_quote);
    CHECK_FALSE(ini::scan_key("foo \"a\" \"b\"").has_quote);
    CHECK(key_of("open[") == parts{"open["});
}

TEST_CASE("scan_key: a mistake is reported at its offset") {
    CHECK(key_of("") == parts{"error", "0"});
    CHECK(key_of("foo bar") == parts{"error", "4"});
    CHECK(key_of("foo \"\"") == parts{"error", "4"});
    CHECK(key_of("foo \"a") == parts{"error", "4"});
    CHECK(key_of("foo \"a\"\"b\"") == parts{"error", "7"});
    CHECK(key_of("foo \"a\" b") == parts{"error", "8"});
    CHECK(key_of("foo \"a\" \"") == parts{"error", "8"});
    CHECK(key_of("foo \"a\" \"\"") == parts{"error", "8"});
}

TEST_CASE("scan_attribute: splits as the greedy expression does") {
    CHECK(split_of("a = b") == parts{"a", "b"});
    CHECK(split_of("a: b = c") == parts{"a", "b = c"});
    CHECK(split_of("a=b=c") == parts{"a=b", "c"});
    CHECK(split_of("a = b=c") == parts{"a", "b=c"});
    CHECK(split_of("url=http://x") == parts{"url=http", "//x"});
    CHECK(split_of("a=b = c") == parts{"a=b", "c"});
    CHECK(split_of("a :: b") == parts{"a", ": b"});
    CHECK(split_of("a=") == parts{"a", ""});
    CHECK(split_of("a \t=\t ") == parts{"a", ""});
    CHECK(split_of("==x") == parts{"=", "x"});
    CHECK(split_of("= = v") == parts{"=", "v"});
}

TEST_CASE("scan_attribute: skips words until one has a delimiter") {
    CHECK(split_of("junk name = v") == parts{"name", "v"});
    CHECK(split_of("\tname = v") == parts{"name", "v"});
    CHECK(split_of("=x y=z") == parts{"y", "z"});
    CHECK(split_of("a b c").empty());
    CHECK(split_of("=v").empty());
    CHECK(split_of("= v").empty());
    CHECK(split_of("").empty());
    CHECK(split_of(" \t ").empty());
}

TEST_CASE("line_finder: finds the nearest of the three bytes") {
    const std::string_view text("ab\ncd\r\ne\x1A"
                                "f",
                                10);
    ini::line_finder lines(text);
    CHECK(lines.next(0) == 2);
    CHECK(lines.next(3) == 5);
    CHECK(lines.next(6) == 6);
    CHECK(lines.next(7) == 8);
    CHECK(lines.next(9) == 10);
    CHECK(lines.next(10) == 10);
}

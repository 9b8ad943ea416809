#include <guild/base/line_splitter.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

using guild::line_end;
using guild::line_splitter;
using guild::text_line;

struct kept_line {
    std::string text;
    line_end end;
    bool is_utf8;
};

bool operator==(const kept_line& a, const kept_line& b) {
    return a.text == b.text && a.end == b.end && a.is_utf8 == b.is_utf8;
}

std::vector<kept_line> split_in_pieces(std::string_view bytes, std::size_t piece) {
    line_splitter splitter;
    std::vector<kept_line> lines;
    const auto keep = [&](const text_line& line) {
        lines.push_back({std::string(line.text), line.end, line.is_utf8});
    };
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        splitter.feed(bytes.substr(at, piece), keep);
    }
    splitter.finish(keep);
    return lines;
}

}  // namespace

TEST_CASE("line_splitter: newlines, returns and the end make lines") {
    const std::vector<kept_line> expected = {
        {"a", line_end::newline, true},       {"", line_end::newline, true},
        {"b", line_end::newline, true},       {"10%", line_end::replaceable, true},
        {"20%", line_end::replaceable, true}, {"\xFF", line_end::newline, false},
        {"end", line_end::finish, true}};
    CHECK(split_in_pieces("a\n\nb\r\n10%\r20%\r\xFF\nend", 1000) == expected);
}

TEST_CASE("line_splitter: any cut of the bytes gives the same lines") {
    const std::string bytes = "one\r\n\xE2\x82\xAC two\rthree\r\rfour\n\r\n\xF0\x9F\x98\x80";
    const std::vector<kept_line> whole = split_in_pieces(bytes, bytes.size());
    for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
        CAPTURE(piece);
        CHECK(split_in_pieces(bytes, piece) == whole);
    }
}

TEST_CASE("line_splitter: a return at the very end is a line that could be replaced") {
    const std::vector<kept_line> expected = {{"99%", line_end::replaceable, true}};
    CHECK(split_in_pieces("99%\r", 1) == expected);
}

TEST_CASE("line_splitter: a long line comes in pieces that cut no character") {
    for (std::size_t before = guild::most_line_bytes - 4; before <= guild::most_line_bytes;
         ++before) {
        const std::string text = std::string(before, 'x') + "\xF0\x9F\x98\x80tail\n";
        std::string joined;
        const auto lines = split_in_pieces(text, 777);
        for (const kept_line& line : lines) {
            CHECK(line.is_utf8);
            CHECK(line.text.size() <= guild::most_line_bytes);
            joined += line.text;
        }
        CHECK(joined + "\n" == text);
        CHECK(lines.front().end == line_end::partial);
        CHECK(lines.back().end == line_end::newline);
    }
}

TEST_CASE("line_splitter: bytes that begin no character are not held back") {
    const std::string text(guild::most_line_bytes, '\x80');
    const auto lines = split_in_pieces(text, text.size());
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].text == text);
    CHECK_FALSE(lines[0].is_utf8);
}

#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>
#include <guild/os/file.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ini = guild::ini;
using guild::errc;

namespace {

/// Sections as text: `foo/bar: a=1 b=2;`
std::string must_parse(std::string_view text) {
    const ini::document parsed = ini::parse(text);
    const auto wrong = parsed.first_error();
    if (wrong) {
        return "error: " + guild::to_string(*wrong);
    }
    CHECK(ini::format(parsed) == text);
    std::string seen;
    for (const ini::section_node& node : parsed.sections()) {
        seen += guild::join(parsed.key(node), "/") + ':';
        for (const ini::entry& each : parsed.entries(node)) {
            seen += ' ' + std::string(parsed.name(each)) + '=' + std::string(parsed.value(each));
        }
        seen += ';';
    }
    return seen;
}

void must_fail(std::string_view text, errc code, ini::rule about, std::uint32_t line,
               std::uint32_t column) {
    CAPTURE(text);
    const ini::document parsed = ini::parse(text, "Guild");
    CHECK(ini::format(parsed) == text);
    const ini::diagnostic* first = nullptr;
    for (const ini::diagnostic& each : parsed.diagnostics()) {
        if (first == nullptr && each.sev == ini::severity::error) {
            first = &each;
        }
    }
    REQUIRE(first != nullptr);
    CHECK(first->what.code == code);
    CHECK(first->about == about);
    CHECK(first->what.where.line == line);
    CHECK(first->what.where.column == column);
    CHECK(first->what.path == "Guild");
    CHECK_FALSE(first->what.message.empty());
}

/// The only warning of an accepted text, as RULE:LINE:COLUMN.
std::string warning_of(std::string_view text) {
    const ini::document parsed = ini::parse(text);
    CHECK_FALSE(parsed.first_error());
    std::string seen;
    for (const ini::diagnostic& each : parsed.diagnostics()) {
        CHECK_FALSE(each.hint.empty());
        seen += (seen.empty() ? "" : " ") + std::string(to_string(each.about)) + ':' +
                std::to_string(each.what.where.line) + ':' + std::to_string(each.what.where.column);
    }
    return seen;
}

/// Parses `size` bytes of each of the worst lines, and checks that tokens and diagnostics are
/// bounded.
void check_worst_lines(std::size_t size) {
    const std::vector<std::string> worst = {"[a]\n",
                                            "a=\n",
                                            "x\n",
                                            "\\\n",
                                            "\r",
                                            " \n",
                                            "a=\\\n",
                                            "@attrs a\n",
                                            "=",
                                            "\"",
                                            "[a \"b\" \"c\"]\n"};
    for (const std::string& line : worst) {
        CAPTURE(line);
        std::string text = "[s]\n";
        while (text.size() + line.size() <= size) {
            text += line;
        }
        const ini::document parsed = ini::parse(text);
        CHECK(parsed.tokens().size() <= text.size());
        CHECK(parsed.diagnostics().size() <= 2 * ini::max_diagnostics);
        std::size_t at = 0;
        bool is_partition = true;
        for (const ini::token& each : parsed.tokens()) {
            is_partition = is_partition && each.where.begin == at && each.where.end > at;
            at = each.where.end;
        }
        CHECK(is_partition);
        CHECK(at == text.size());
    }
}

}  // namespace

TEST_CASE("ini parser: a section with one attribute") {
    CHECK(must_parse("") == "");
    CHECK(must_parse("[foo]\n") == "foo:;");
    CHECK(must_parse("[foo]\nbar = 123\n") == "foo: bar=123;");
    CHECK(must_parse("[foo]\na = 1\na = 2\n") == "foo: a=1 a=2;");
}

TEST_CASE("ini parser: a header has a word and up to two names") {
    CHECK(must_parse("[foo \"bar\"]\na1 = A1\n") == "foo/bar: a1=A1;");
    CHECK(must_parse("[foo \"bar\" \"baz\"]\na1 = A1\n") == "foo/bar/baz: a1=A1;");
    CHECK(must_parse("\n[  foo  ]\n\nbar       = 123   \nbaz       = 456\n   \n") ==
          "foo: bar=123 baz=456;");
    CHECK(must_parse("[s-1]\na-1=1\n[s-2]\na-2=2\n") == "s-1: a-1=1;s-2: a-2=2;");
}

TEST_CASE("ini parser: a colon does as well as an equals sign, and a value may be empty") {
    CHECK(must_parse("[foo]\nbar: 123\nbaz: 456") == "foo: bar=123 baz=456;");
    CHECK(must_parse("[foo]\nbar=") == "foo: bar=;");
    CHECK(must_parse("[foo]\nbar:") == "foo: bar=;");
    CHECK(must_parse("[foo]\nbar = \"quoted\" # no comment\n") ==
          "foo: bar=\"quoted\" # no comment;");
}

TEST_CASE("ini parser: comments and metas stand on lines of their own") {
    CHECK(must_parse("# a\n;b\n[foo]\n  # c = d\n  ;e\nx = 1\n#") == "foo: x=1;");
    const ini::document parsed = ini::parse(
        "#+var foo \"a sample var\" required\n#+\n#+var bar \"another sample var\"\n[x]\n");
    REQUIRE(parsed.metas().size() == 3);
    using words = std::vector<std::string>;
    CHECK(ini::split_meta(parsed.text_of(parsed.metas()[0])) ==
          words{"var", "foo", "a sample var", "required"});
    CHECK(ini::split_meta(parsed.text_of(parsed.metas()[1])).empty());
    CHECK(ini::split_meta(parsed.text_of(parsed.metas()[2])) ==
          words{"var", "bar", "another sample var"});
}

TEST_CASE("ini parser: a final backslash continues a value, blanks of the next line stay") {
    CHECK(must_parse("[f]\nbar = 1 \\\n      2 \\\n      3\n") == "f: bar=1       2       3;");
    CHECK(must_parse("[f]\nbaz = \\\n  4, 5, 6, \\\n  8, 9, 10") == "f: baz=4, 5, 6,   8, 9, 10;");
    CHECK(must_parse("[f]\na = 1 \\\n# 2\nb = 3\n") == "f: a=1 # 2 b=3;");
    CHECK(must_parse("[f]\na = 1 \\\n\nb = 3\n") == "f: a=1  b=3;");
    CHECK(must_parse("[f]\nna\\\nme = 1\n") == "f: name=1;");
}

TEST_CASE("ini parser: lines end as in 2017, at CR LF, LF, CR and 0x1A") {
    CHECK(must_parse("[a]\r\nx = 1\ry = 2\nz = 3\x1Aw = 4\n\r") == "a: x=1 y=2 z=3 w=4;");
    CHECK(warning_of("[a]\rx = 1\ry = 2\n") == "line_end:1:4");
    CHECK(warning_of("[a]\nx = 1\x1Ay = 2\n") == "line_end:2:6");
    CHECK(warning_of("[a]\r\nx = 1\r\n\x1A") == "");
}

TEST_CASE("ini parser: what is odd but harmless is accepted with a warning") {
    CHECK(warning_of("[a]\n  junk name = 1\n") == "skipped_text:2:3");
    CHECK(warning_of("[a]\nurl=http://x\n") == "greedy_split:2:1");
    CHECK(warning_of("[a]\nx = 1\t\n") == "tab:2:6");
    CHECK(warning_of("[a]\nx = 1 \\ \n 2\n") == "blank_at_end:2:8");
    CHECK(warning_of("[a]\nx = 1 \\\n 2 \\ \ny = 1\n") == "blank_at_end:3:4");
    CHECK(warning_of("[a]\nx = 1 \\\n") == "empty_continuation:2:7");
    CHECK(warning_of("[a \"b\" \"c\" \"d\"]\n") == "header_quote:1:1");
    CHECK(warning_of("[a]\nx = http://y\nz = a=b\n") == "");
}

TEST_CASE("ini parser: an attribute before any section is an error where it stands") {
    must_fail("foo = bar", errc::bad_syntax, ini::rule::no_section, 1, 1);
    must_fail("\n\n  foo = bar", errc::bad_syntax, ini::rule::no_section, 3, 3);
    must_fail("@attrs template \"x\"\n", errc::bad_syntax, ini::rule::no_section, 1, 1);
}

TEST_CASE("ini parser: a broken header is an error at its first wrong byte") {
    must_fail("[foo\n", errc::bad_syntax, ini::rule::syntax, 1, 5);
    must_fail("[foo bar]\n", errc::bad_syntax, ini::rule::syntax, 1, 6);
    must_fail("[foo]\n\n[bar\n", errc::bad_syntax, ini::rule::syntax, 3, 5);
    must_fail("[foo] # c\n", errc::bad_syntax, ini::rule::syntax, 1, 7);
    must_fail("[foo]\t\n", errc::bad_syntax, ini::rule::syntax, 1, 6);
    must_fail("[]\n", errc::bad_syntax, ini::rule::syntax, 1, 2);
    must_fail("[a \"\"]\n", errc::bad_syntax, ini::rule::syntax, 1, 4);
    must_fail("[a \"b\"\"c\"]\n", errc::bad_syntax, ini::rule::syntax, 1, 7);
}

TEST_CASE("ini parser: a line without a delimiter is an error") {
    must_fail("[foo]\nbar", errc::bad_syntax, ini::rule::syntax, 2, 1);
    must_fail("[foo]\nbar=123\nbaz", errc::bad_syntax, ini::rule::syntax, 3, 1);
    must_fail("[foo]\n\t\t\n", errc::bad_syntax, ini::rule::syntax, 2, 1);
    must_fail("[foo]\n\t# x\n", errc::bad_syntax, ini::rule::syntax, 2, 2);
    must_fail("[foo]\n= 1\n", errc::bad_syntax, ini::rule::syntax, 2, 1);
    must_fail("\xEF\xBB\xBF[a]\nx = 1\n", errc::bad_syntax, ini::rule::syntax, 1, 1);
}

TEST_CASE("ini parser: there is one directive") {
    must_fail("@foo\n", errc::unknown_name, ini::rule::directive, 1, 1);
    must_fail("\n\n @foo\n", errc::unknown_name, ini::rule::directive, 3, 2);
    must_fail("[a]\n@attrs\n", errc::bad_syntax, ini::rule::syntax, 2, 1);
    must_fail("[a]\n@attrs b c\n", errc::bad_syntax, ini::rule::syntax, 2, 10);
}

TEST_CASE("ini parser: a value that is continued at the end of the file is an error") {
    must_fail("[foo]\nbar = 123 \\", errc::truncated, ini::rule::end_of_file, 2, 11);
    must_fail("[foo]\nbar = 123 \\\n\\", errc::truncated, ini::rule::end_of_file, 3, 1);
    must_fail("[foo]\nbar \\", errc::truncated, ini::rule::end_of_file, 2, 5);
}

TEST_CASE("ini parser: goes on after errors and reports each once") {
    const ini::document parsed =
        ini::parse("x = 0\n[a\ny = 1\noops\n@what\n[b]\nz = 2\nmore junk\n");
    std::vector<std::uint32_t> lines;
    for (const ini::diagnostic& each : parsed.diagnostics()) {
        lines.push_back(each.what.where.line);
    }
    CHECK(lines == std::vector<std::uint32_t>{1, 2, 4, 5, 8});
    REQUIRE(parsed.sections().size() == 1);
    CHECK(parsed.sections()[0].entry_count == 1);
}

TEST_CASE("ini parser: a greedy split says how to write what was meant") {
    const ini::document parsed = ini::parse("[a]\nurl=http://x/y\n");
    CHECK(parsed.diagnostics().at(0).hint == "to set `url`, write `url = http://x/y`");
}

TEST_CASE("ini parser: the limits of file, line and continued value are kept") {
    must_fail(std::string(ini::max_file_bytes + 1, '\n'), errc::too_large, ini::rule::too_large, 1,
              1);
    CHECK_FALSE(ini::parse(std::string(ini::max_file_bytes, '\n')).first_error());
    const std::string longest = "[a]\nx=" + std::string(ini::max_line_bytes - 2, 'v');
    CHECK_FALSE(ini::parse(longest).first_error());
    must_fail(longest + 'v', errc::too_large, ini::rule::too_large, 2, 1);
    std::string continued = "[a]\nx = \\\n";
    for (int i = 0; i < 3; ++i) {
        continued += std::string(ini::max_line_bytes / 2, 'v') + "\\\n";
    }
    must_fail(continued + "end\ny = 1\n", errc::too_large, ini::rule::too_large, 2, 1);
}

TEST_CASE("ini parser: the number of kept diagnostics is bounded, errors are never crowded out") {
    std::string text = "[a]\n";
    for (int i = 0; i < 5000; ++i) {
        text += "a b = 1\n";
    }
    const ini::document parsed = ini::parse(text + "wrong\n");
    CHECK(parsed.diagnostics().size() == ini::max_diagnostics + 1);
    CHECK(parsed.diagnostics_dropped() == 5000 - ini::max_diagnostics);
    REQUIRE(parsed.first_error());
    CHECK(parsed.first_error()->where.line == 5002);
}

TEST_CASE("ini parser: a MiB of the worst lines makes a bounded number of tokens") {
    check_worst_lines(std::size_t{1} << 20U);
}

TEST_CASE("ini parser: the largest file of the worst lines makes a bounded number of tokens" *
          doctest::test_suite("long")) {
    check_worst_lines(ini::max_file_bytes);
}

TEST_CASE("ini parser: the tokens of any bytes give the same bytes back") {
    std::mt19937 random(2017);
    const std::string_view alphabet("[]@#;+=: \t\\\n\r\x1A\"ab\xEF\xBB\xBF\0", 21);
    for (int i = 0; i < 20000; ++i) {
        std::string text = i % 3 == 0 ? "[a]\n" : "";
        const std::size_t size = random() % 40;
        for (std::size_t j = 0; j < size; ++j) {
            text += alphabet[random() % alphabet.size()];
        }
        const ini::document parsed = ini::parse(text);
        if (ini::format(parsed) != text) {
            FAIL("not the same bytes: " << text);
        }
    }
}

TEST_CASE("ini parser: finds in sixty real files what an independent reader found") {
    const char* given = std::getenv("GUILD_SHARED_DATA");
    const std::string directory =
        guild::join_path(given != nullptr ? given : GUILD_SHARED_DATA, "ini");
    const auto expected = guild::os::load_file(directory + "/expected.jsonl");
    if (!expected) {
        MESSAGE("no sample files at " << directory << ", skipped");
        return;
    }
    const auto to_characters =
        [](std::string_view bytes) {  // one character a byte, as that reader had them
            std::string out;
            for (const char c : bytes) {
                const auto byte = static_cast<unsigned char>(c);
                if (byte < 0x80) {
                    out += c;
                } else {
                    out += static_cast<char>(0xC0U | (byte >> 6U));
                    out += static_cast<char>(0x80U | (byte & 0x3FU));
                }
            }
            return out;
        };
    std::size_t files = 0;
    for (const std::string& line : guild::split(*expected, '\n')) {
        if (line.empty()) {
            continue;
        }
        const nlohmann::json wanted = nlohmann::json::parse(line);
        const std::string path = wanted["path"];
        CAPTURE(path);
        const auto text = guild::os::load_file(directory + '/' + path);
        REQUIRE(text);
        const ini::document parsed = ini::parse(*text, path);
        CHECK(ini::format(parsed) == *text);
        nlohmann::json seen = {{"path", path}, {"ok", !parsed.first_error()}};
        for (const ini::diagnostic& each : parsed.diagnostics()) {
            if (each.sev == ini::severity::error && !seen.contains("err")) {
                seen["err"] = to_string(each.about);
                seen["line"] = each.what.where.line;
            }
        }
        if (!parsed.first_error()) {
            seen["kv"] = nlohmann::json::array();
            for (const ini::section& section : ini::expand(parsed).sections) {
                nlohmann::json key = nlohmann::json::array();
                for (const std::string& part : section.key) {
                    key.push_back(to_characters(part));
                }
                for (const ini::attribute& each : section.attributes) {
                    seen["kv"].push_back(nlohmann::json::array(
                        {key, to_characters(each.name), to_characters(each.value)}));
                }
            }
        }
        CHECK(seen == wanted);
        ++files;
    }
    CHECK(files == 60);
}

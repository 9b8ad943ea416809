#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/text.hpp>
#include <guild/os/file.hpp>
#include <guild/viewer/assets.hpp>

using namespace guild;

namespace {

// Every "/assets/NAME" that a file mentions.
std::vector<std::string> references(const std::string& body) {
    std::vector<std::string> out;
    const std::string prefix = "\"/assets/";
    for (std::size_t at = body.find(prefix); at != std::string::npos;
         at = body.find(prefix, at + 1)) {
        const std::size_t begin = at + prefix.size();
        out.push_back(body.substr(begin, body.find('"', begin) - begin));
    }
    return out;
}

std::string body_of_asset(std::string_view name) {
    const viewer::asset* file = viewer::find_asset(name);
    REQUIRE(file != nullptr);
    return file->body.joined();
}

std::string page_source(const std::string& name) {
    const auto text =
        os::load_file(std::string(GUILD_SOURCE_DIR) + "/include/guild/viewer/page/" + name);
    REQUIRE(text);
    return *text;
}

// CRC-32 of gzip, bit by bit.
std::uint32_t checksum_of_gzip(const std::string& bytes) {
    std::uint32_t out = 0xFFFFFFFFU;
    for (const char c : bytes) {
        out ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            out = (out >> 1U) ^ ((out & 1U) != 0 ? 0xEDB88320U : 0U);
        }
    }
    return ~out;
}

}  // namespace

TEST_CASE("assets: the page and all that it loads are embedded") {
    std::vector<std::string> todo{"index.html"};
    std::vector<std::string> seen;
    while (!todo.empty()) {
        const std::string name = todo.back();
        todo.pop_back();
        if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
            continue;
        }
        seen.push_back(name);
        const viewer::asset* file = viewer::find_asset(name);
        INFO(name);
        REQUIRE(file != nullptr);
        for (const std::string& more : references(file->body.joined())) {
            todo.push_back(more);
        }
    }
    // One page, one script, one style; what sets the theme before the first paint, and the icon.
    CHECK(seen.size() == 5);
}

TEST_CASE("assets: nothing is fetched from elsewhere and nothing is inline") {
    for (const viewer::asset& file : viewer::detail::all_assets) {
        if (file.name == "openapi.json") {
            continue;
        }
        const std::string body = file.body.joined();
        INFO(file.name);
        CHECK_FALSE(contains(body, "https://"));
        CHECK_FALSE(contains(replace_all(body, "http://www.w3.org/2000/svg", ""), "http://"));
        CHECK_FALSE(contains(body, "innerHTML"));
        CHECK_FALSE(contains(body, "<script>"));
        CHECK_FALSE(contains(body, " style=\""));
    }
}

TEST_CASE("assets: the script and the style are the sources, one behind the other") {
    const std::string script = body_of_asset("page.js");
    for (const char* name : {"main.js", "chart.js", "runs.js", "line_diff.js"}) {
        const std::string source = page_source(name);
        const std::string last = ".js\";\n";
        const std::size_t imports = source.rfind(last);
        const std::string rest =
            imports == std::string::npos ? source : source.substr(imports + last.size());
        INFO(name);
        CHECK(contains(script, replace_all("\n" + rest, "\nexport ", "\n").substr(1)));
    }
    CHECK_FALSE(contains(script, "\nimport "));
    std::string style;
    for (const char* name : {"style.css", "chart.css", "table.css", "output.css"}) {
        style += page_source(name);
    }
    CHECK(body_of_asset("page.css") == style);
    CHECK(body_of_asset("index.html") == page_source("index.html"));
}

TEST_CASE("assets: pieces are small enough for every compiler") {
    for (const viewer::asset& file : viewer::detail::all_assets) {
        for (const viewer::asset_text& text : {file.body, file.twin}) {
            for (std::size_t i = 0; i < text.count; ++i) {
                CHECK(text.pieces[i].size() <= 8192);
            }
        }
    }
}

// That the whole of it unpacks to the file is checked by page/embed.py --check and by browsers.
TEST_CASE("assets: a twin ends with the checksum and the length of its file") {
    for (const viewer::asset& file : viewer::detail::all_assets) {
        const std::string body = file.body.joined();
        const std::string packed = viewer::packed_body_of(file);
        INFO(file.name);
        CHECK(packed.empty() == (body.size() < 1024));
        if (!packed.empty()) {
            REQUIRE(packed.size() > 18);
            CHECK(packed.size() < body.size() / 2);
            CHECK(to_hex(packed.substr(0, 8)) == "1f8b080000000000");  // no name, no time
            const char* end = packed.data() + packed.size() - 8;
            CHECK(load_le<std::uint32_t>(end) == checksum_of_gzip(body));
            CHECK(load_le<std::uint32_t>(end + 4) == body.size());
        }
    }
}

TEST_CASE("assets: a name that is not there is not found") {
    for (const char* name : {"", "embed.py", "../assets.hpp", "Main.js", "main.js/"}) {
        CHECK(viewer::find_asset(name) == nullptr);
    }
}

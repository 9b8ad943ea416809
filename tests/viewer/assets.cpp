#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <guild/base/text.hpp>
#include <guild/os/file.hpp>
#include <guild/viewer/assets.hpp>

using namespace guild;

namespace {

// Every "/assets/NAME" and "./NAME.js" that a file mentions.
std::vector<std::string> references(const std::string& body) {
    std::vector<std::string> out;
    for (const std::string& prefix : {std::string("\"/assets/"), std::string("from \"./")}) {
        for (std::size_t at = body.find(prefix); at != std::string::npos;
             at = body.find(prefix, at + 1)) {
            const std::size_t begin = at + prefix.size();
            out.push_back(body.substr(begin, body.find('"', begin) - begin));
        }
    }
    return out;
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
        for (const std::string& more : references(viewer::body_of(*file))) {
            todo.push_back(more);
        }
    }
    CHECK(seen.size() >= 12);
}

TEST_CASE("assets: nothing is fetched from elsewhere and nothing is inline") {
    for (const viewer::asset& file : viewer::detail::all_assets) {
        if (file.name == "openapi.json") {
            continue;
        }
        const std::string body = viewer::body_of(file);
        INFO(file.name);
        CHECK_FALSE(contains(body, "https://"));
        CHECK_FALSE(contains(replace_all(body, "http://www.w3.org/2000/svg", ""), "http://"));
        CHECK_FALSE(contains(body, "innerHTML"));
        CHECK_FALSE(contains(body, "<script>"));
        CHECK_FALSE(contains(body, " style=\""));
    }
}

TEST_CASE("assets: the page says at once which modules it will need") {
    const viewer::asset* page = viewer::find_asset("index.html");
    REQUIRE(page != nullptr);
    for (const viewer::asset& file : viewer::detail::all_assets) {
        if (ends_with(file.name, ".js") || ends_with(file.name, ".css")) {
            INFO(file.name);
            CHECK(contains(viewer::body_of(*page), "\"/assets/" + std::string(file.name) + "\""));
        }
    }
}

TEST_CASE("assets: pieces are small enough for every compiler and are the source files") {
    for (const char* name : {"index.html", "style.css", "chart.js"}) {
        const viewer::asset* file = viewer::find_asset(name);
        REQUIRE(file != nullptr);
        for (std::size_t i = 0; i < file->piece_count; ++i) {
            CHECK(file->pieces[i].size() <= 8192);
        }
        const auto source =
            os::load_file(std::string(GUILD_SOURCE_DIR) + "/include/guild/viewer/page/" + name);
        REQUIRE(source);
        CHECK(viewer::body_of(*file) == *source);
    }
}

TEST_CASE("assets: a name that is not there is not found") {
    for (const char* name : {"", "embed.py", "../assets.hpp", "Main.js", "main.js/"}) {
        CHECK(viewer::find_asset(name) == nullptr);
    }
}

#include <guild/package/skeleton.hpp>

#include <string>

#include <guild/base/text.hpp>
#include <guild/package/build.hpp>
#include <guild/package/package.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild::package;

TEST_CASE("skeleton: GuildPkg is filled in by replacing three words") {
    std::string text(guildpkg_skeleton);
    text = guild::replace_all(text, "  name = NAME", "  name = demo-src");
    text = guild::replace_all(text, "  version = VERSION", "  version = 1");
    text = guild::replace_all(text, "source = SOURCE-1 SOURCE-2", "source = https://github.com/o/r/tree/master/a");
    const auto report = parse_definition(text, "/demo", "GuildPkg");
    REQUIRE(report.value);
    for (const guild::ini::diagnostic& one : report.diagnostics) {
        FAIL_CHECK(guild::ini::render(one, report.text));
    }
    CHECK(report.value->name.text == "demo-src");
    CHECK(report.value->version.text == "1");
    CHECK(report.value->sources.size() == 1);
    CHECK(report.value->packager->text == "packager");
    CHECK(report.value->references.empty());
}

TEST_CASE("skeleton: the packager prints what is to be done") {
    const guild_test::temp_dir dir;
    build_request request;
    request.packager = dir.write("packager", std::string(packager_skeleton));
    request.srcdir = dir / "src";
    request.pkgdir = dir / "pkg";
    REQUIRE(guild::os::make_directories(request.srcdir));
    REQUIRE(guild::os::make_directories(request.pkgdir));
    std::string out;
    request.on_output = [&out](int, std::string_view bytes) { out += bytes; };
    REQUIRE(guild::package::build(request));
    CHECK(out == "Running build\nTODO Perform any build steps here\nRunning package\n"
                 "TODO Copy packages here\n");
    CHECK(guild::os::list_directory(request.pkgdir)->empty());
}

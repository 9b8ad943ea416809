#include <guild/toml.hpp>

#include <guild/ini/parser.hpp>
#include <guild/os/file.hpp>
#include <guild/package/mirror.hpp>
#include <guild/package/package.hpp>
#include <guild/project/load.hpp>
#include <guild/project/templates.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp_dir.hpp"

namespace ini = guild::ini;
namespace package = guild::package;
namespace project = guild::project;
namespace guild_toml = guild::toml;
using guild_test::temp_dir;

namespace {

std::string sections_of(const ini::expansion& read) {
    std::string seen;
    for (const ini::section& section : read.sections) {
        seen += ini::format_key(section.key) + ':';
        for (const ini::attribute* each : section.effective()) {
            seen += ' ' + each->name + '=' + each->value;
        }
        seen += ';';
    }
    for (const ini::diagnostic& each : read.diagnostics) {
        seen += " error " + guild::to_string(each.what);
    }
    return seen;
}

std::string read(std::string_view text) {
    return sections_of(guild_toml::read_project(text, "Guild.toml", project::builtin_sections()));
}

/// Checks that a Guild file means the same after the way to TOML and back.
void check_both_ways(const std::string& text, const std::string& path) {
    CAPTURE(path);
    const auto included = project::builtin_sections();
    const auto there = guild_toml::format_toml(ini::parse(text, path), included);
    REQUIRE(there);
    const auto back = guild_toml::format_guild(*there, path);
    REQUIRE(back);
    const ini::document first = ini::parse(text, path);
    const ini::document last = ini::parse(*back, path);
    const auto values = [&](const ini::expansion& from) {
        std::vector<std::string> seen;
        for (const ini::section& each : from.sections) {
            if (ini::find_section(from.sections, each.key) == &each) {
                for (const ini::attribute* line : each.effective()) {
                    seen.push_back(ini::format_key(each.key) + '|' + line->name + '=' +
                                   line->value);
                }
            }
        }
        std::sort(seen.begin(), seen.end());
        return seen;
    };
    CHECK(values(ini::expand(first, included)) == values(ini::expand(last, included)));
    CHECK(values(ini::expand(first, included)) ==
          values(guild_toml::read_project(*there, path, included)));
}

}  // namespace

TEST_CASE("toml: tables are sections, and both keep the order of the file") {
    CHECK(read("[project]\nname = 'N'\n[model.softmax]\ntrain = 'z'\ndescription = "
               "'a'\n[model]\ntrain = 'x'\n"
               "[flags.quick]\n[flags]\nb = ''\na = ''\n") ==
          "project: name=N;model \"softmax\": train=z description=a;model: train=x;"
          "flags \"quick\":;flags: b= a=;");
    CHECK(read("[a.'b c'.d]\nx='1'\n") == "a \"b c\" \"d\": x=1;");
    CHECK(read("") == "");
}

TEST_CASE("toml: numbers keep their spelling") {
    CHECK(read("[f]\na = 1_000\nb = 1e-3\nc = 0x1F\nd = true\ne = +inf\nf = 1979-05-27 07:32:00\n"
               "g = 0.10 # c\nh = [1, 2.50]\ni = '''x y'''\n") ==
          "f: a=1_000 b=1e-3 c=0x1F d=true e=+inf f=1979-05-27 07:32:00 g=0.10 h=1 2.50 i=x y;");
}

TEST_CASE("toml: spelling and columns are right behind other letters than ASCII") {
    const auto written = guild_toml::parse_sections(
        "[f]\n'\xC3\xA9t\xC3\xA9' = 'x' # \xE6\xBC\xA2\n\"\xC3\xA9\" = 0.50\n", "G");
    REQUIRE(written.sections.size() == 1);
    REQUIRE(written.sections[0].entries.size() == 2);
    const ini::written_entry& entry = written.sections[0].entries[1];
    CHECK(entry.value == "0.50");
    CHECK(entry.value_at.line == 3);
    CHECK(entry.value_at.column == 8);
    CHECK(entry.value_at.end - entry.value_at.begin == 4);
}

TEST_CASE("toml: templates stand for @attrs, where they are written") {
    CHECK(read("[template.t]\na = '1'\nb = '1'\n[x]\na = '0'\ntemplates = ['t']\nb = '2'\n") ==
          "template \"t\": a=1 b=1;x: a=1 b=2;");
    CHECK(read("[field.loss]\ntemplates = ['loss-field']\n") ==
          "field \"loss\": color=red-700 icon=loss label=Loss reduce=last format=0.0000;");
    CHECK(read("[field.a]\nx = '1'\n[field.b]\ntemplates = ['field \"a\"']\n") ==
          "field \"a\": x=1;field \"b\": x=1;");
}

TEST_CASE("toml: mistakes have line and column") {
    CHECK(read("x = 1\n[a]\n") ==
          "a:; error Guild.toml:1:1: expected a table before the first value");
    CHECK(read("[a]\nb = 'two\\\nlines'\n").find("error Guild.toml:2:") != std::string::npos);
    CHECK(read("[a]\nb = \"two\\nlines\"\n") ==
          "a:; error Guild.toml:2:5: expected a value of one line");
    CHECK(read("[a]\n'two words' = 1\n") ==
          "a:; error Guild.toml:2:1: expected a name without white space, seen `two words`");
    CHECK(read("[a.b.c.d]\n").find("error Guild.toml:1:8: expected at most three names") !=
          std::string::npos);
    CHECK(read("[[a]]\n").find("error Guild.toml:1:3:") != std::string::npos);
    CHECK(read("[a]\nx = 1\nx = 2\n").find("error Guild.toml:3:") != std::string::npos);
    CHECK(read("[a]\nx = [[1]]\n").find("error Guild.toml:2:6:") != std::string::npos);
    CHECK(read("[a]\ntemplates = [1]\n").find("error Guild.toml:2:14:") != std::string::npos);
}

TEST_CASE("toml: every example survives the way there and back") {
    const std::string examples = guild::join_path(GUILD_SOURCE_DIR, "examples");
    const auto mnist = guild::os::load_file(examples + "/mnist/Guild");
    REQUIRE(mnist);
    check_both_ways(*mnist, "examples/mnist/Guild");
    check_both_ways(std::string(project::init_template), "init template");
    check_both_ways(std::string(project::builtin_text), "built-in");
    check_both_ways("[a]\nb = \\\\ \"q\" \t \x01 \xC3\xA9 [x] # = 1\n\"k.k\" = 1\n", "strings");
    check_both_ways("[t]\nx = 1\n[a]\ny = 0\n@attrs t\ny = 1\n@attrs t\ny = 2\n[a]\nz = 3\n",
                    "quirks");
}

TEST_CASE("toml: what the other language cannot hold is refused") {
    CHECK_FALSE(
        guild_toml::format_toml(ini::parse("[flags]\nquick = 1\n[flags \"quick\"]\na = 1\n")));
    CHECK_FALSE(guild_toml::format_toml(ini::parse("[a]\nb = \xFF\n")));
    const auto broken = guild_toml::format_toml(ini::parse("[a\n", "Guild"));
    REQUIRE_FALSE(broken);
    CHECK(broken.error().where.column == 3);
    for (const char* text :
         {"[a]\nb = ' x'\n", "[a]\nb = 'x '\n", "[a]\nb = 'x\\'\n", "['a b']\nc = 1\n",
          "[a]\n'#b' = 1\n", "[a]\n'b=c' = '='\n[x]\n'=' = 1\n'y:' = 1\n'@z' = 1\n"}) {
        CAPTURE(text);
        CHECK_FALSE(guild_toml::format_guild(text, "Guild.toml"));
    }
}

TEST_CASE("toml: a project loads from Guild.toml as from Guild") {
    const temp_dir at;
    (void)at.write("Guild.toml",
                   "[project]\nname = 'T'\n[model.m]\ntrain = 'x'\n[flags]\nrate = 1e-3\n");
    project::load_options options;
    options.read_toml = guild_toml::read_project;
    const auto loaded = project::load_project(at.path(), options);
    REQUIRE(loaded);
    CHECK(loaded->value.title() == "T");
    CHECK((*loaded->value.get_model())->name() == "m");
    CHECK(*loaded->value.find_section({"flags"})->find("rate") == "1e-3");
    (void)at.write("Guild.toml", "[project]\nname = 'T'\n[model.m\n");
    const auto broken = project::load_project(at.path(), options);
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code == guild::errc::bad_syntax);
    CHECK(broken.error().where.line == 3);
}

TEST_CASE("toml: a package loads from GuildPkg.toml as from GuildPkg, errors at their places") {
    const temp_dir at;
    const std::string text = "[package]\nname = 'n-src'\nversion = 1.10\nsource = [\n  'a.txt',\n"
                             "  'b.tar.gz', # the data\n]\nsha256 = ['SKIP', 'SKIP']\n"
                             "[references]\ngithub = 'https://github.com/o/r'\n";
    (void)at.write("GuildPkg.toml", text);
    package::read_options options;
    options.read_toml = guild_toml::read_project;
    const auto read = package::load_definition(at.path(), options);
    REQUIRE_MESSAGE(read.value, (read.value ? "" : guild::to_string(*read.failure)));
    CHECK(read.value->version.text == "1.10");
    REQUIRE(read.value->sources.size() == 2);
    CHECK(read.value->sources[1].value.name == "b");
    CHECK(read.value->sources[1].from.where.line == 6);
    CHECK(read.value->sources[1].from.where.column == 4);
    CHECK(read.value->references.size() == 1);
    CHECK(read.diagnostics.empty());
    const auto wrong =
        package::parse_definition("[package]\nname = 'n'\nversion = '1'\nsource = ['a', '../b']\n",
                                  at.path(), "GuildPkg.toml", options);
    REQUIRE(wrong.failure);
    CHECK(wrong.failure->where.line == 4);
    CHECK(wrong.failure->where.column == 17);
}

TEST_CASE("toml: mirrors of config.toml") {
    const temp_dir at;
    const std::string path = at.write(
        "config.toml", "[mirror.\"https://github.com/\"]\nurl = 'https://git.example.org/'\n");
    const auto mirrors = package::load_mirrors(path, guild_toml::read_project);
    REQUIRE(mirrors);
    CHECK(package::apply_mirrors("https://github.com/o/r.git", *mirrors) ==
          "https://git.example.org/o/r.git");
    (void)at.write("config.toml", "[mirror.\"https://github.com/\"]\nurl = 7\n");
    const auto wrong = package::load_mirrors(path, guild_toml::read_project);
    REQUIRE_FALSE(wrong);
    CHECK(guild::to_string(wrong.error()) == path + ":2:7: expected a URL, seen `7`");
}

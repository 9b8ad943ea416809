// examples/guild/ini.cpp - guild ini: shows what a Guild file, GuildPkg or Guild.toml says, and
// where; or converts it.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/path.hpp>
#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>
#include <guild/json.hpp>
#include <guild/os/file.hpp>
#include <guild/project/templates.hpp>
#include <guild/toml.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace program {
namespace {

using guild::ini::diagnostic;
using guild::ini::severity;

/// A file as sections. In JSON only the file itself counts; the listing knows the built-in
/// templates.
guild::ini::expansion read_sections(const std::string& text, const std::string& path,
                                    bool with_builtins) {
    const auto included =
        with_builtins ? guild::project::builtin_sections() : std::vector<guild::ini::section>{};
    if (guild::file_extension(path) == ".toml") {
        return guild::toml::read_project(text, path, included);
    }
    const guild::ini::document document = guild::ini::parse(text, path);
    guild::ini::expansion read = guild::ini::expand(document, included);
    if (!with_builtins) {  // a template that is not in the file may well be a built-in one
        read.diagnostics.erase(std::remove_if(read.diagnostics.begin(), read.diagnostics.end(),
                                              [](const diagnostic& each) {
                                                  return each.about ==
                                                         guild::ini::rule::unknown_section;
                                              }),
                               read.diagnostics.end());
    }
    read.diagnostics.insert(read.diagnostics.begin(), document.diagnostics().begin(),
                            document.diagnostics().end());
    guild::ini::sort_by_place(read.diagnostics);
    return read;
}

const diagnostic* find_error(const guild::ini::expansion& read) {
    const auto found =
        std::find_if(read.diagnostics.begin(), read.diagnostics.end(),
                     [](const diagnostic& each) { return each.sev == severity::error; });
    return found == read.diagnostics.end() ? nullptr : &*found;
}

/// Each byte as the character of its number: any bytes survive, and the text compares equal to a
/// reader of bytes.
std::string bytes_as_characters(std::string_view bytes) {
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
}

std::string json_line(const guild::ini::expansion& read, const std::string& path) {
    guild::json::value object;
    const diagnostic* wrong = find_error(read);
    object["path"] = guild::json::to_text(path);
    object["ok"] = wrong == nullptr;
    if (wrong != nullptr) {
        object["err"] = guild::ini::to_string(wrong->about);
        object["line"] = wrong->what.where.line;
        return guild::json::format(object);
    }
    guild::json::value lines = guild::json::value::array();
    for (const guild::ini::section& section : read.sections) {
        guild::json::value key = guild::json::value::array();
        for (const std::string& part : section.key) {
            key.push_back(bytes_as_characters(part));
        }
        for (const guild::ini::attribute& each : section.attributes) {
            guild::json::value line = guild::json::value::array();
            line.push_back(key);
            line.push_back(bytes_as_characters(each.name));
            line.push_back(bytes_as_characters(each.value));
            lines.push_back(std::move(line));
        }
    }
    object["kv"] = std::move(lines);
    return guild::json::format(object);
}

std::string origin_text(const guild::ini::origin& from) {
    return from.path + ':' + std::to_string(from.where.line) + ':' +
           std::to_string(from.where.column);
}

/// Sections with their values, each with the place where it was written, and the templates it came
/// through.
std::string listing(const guild::ini::expansion& read) {
    constexpr std::size_t widest = 44;
    std::string out;
    for (const guild::ini::section& section : read.sections) {
        out += (out.empty() ? "[" : "\n[") + guild::ini::format_key(section.key) + "]\n";
        for (const guild::ini::attribute* each : section.effective()) {
            std::string line = "  " + each->name + " = " + guild::collapse_spaces(each->value);
            line.resize(std::max(line.size(), widest), ' ');
            out += line + "  " + origin_text(each->from);
            for (const std::string& step : each->templates) {
                out += ", " + step;
            }
            out += '\n';
        }
    }
    return out;
}

guild::result<std::string> convert(const std::string& text, const std::string& path,
                                   const std::string& language) {
    const bool is_toml = guild::file_extension(path) == ".toml";
    if (is_toml == (language == "toml")) {
        return text;
    }
    return is_toml ? guild::toml::format_guild(text, path)
                   : guild::toml::format_toml(guild::ini::parse(text, path),
                                              guild::project::builtin_sections());
}

/// `path` as it is written below --rel DIR.
std::string shown_path(const std::string& path, const arguments& given) {
    const auto base = given.find("rel");
    if (!base) {
        return path;
    }
    const std::string prefix = guild::os::absolute_path(*base) + '/';
    const std::string whole = guild::os::absolute_path(path);
    return guild::starts_with(whole, prefix) ? whole.substr(prefix.size()) : path;
}

/// Prints one file; false: it has errors.
bool show_file(const std::string& path, const arguments& given, io& console) {
    const auto text = guild::os::load_file(path);
    const std::string shown = shown_path(path, given);
    if (!text) {
        fail(console, text.error());
        if (given.has("json")) {
            guild::json::value object;
            object["path"] = guild::json::to_text(shown);
            object["ok"] = false;
            object["err"] = guild::to_string(text.error().code);
            object["line"] = 0;
            console.print(guild::json::format(object) + '\n');
        }
        return false;
    }
    const guild::ini::expansion read = read_sections(*text, shown, !given.has("json"));
    print_diagnostics(console, read.diagnostics, *text);
    const bool is_good = find_error(read) == nullptr;
    if (given.has("json")) {
        console.print(json_line(read, shown) + '\n');
    } else if (given.has("to")) {
        const auto converted = convert(*text, shown, given.get("to", ""));
        if (is_good && !converted) {
            fail(console, converted.error());
        }
        console.print(is_good && converted ? *converted : std::string());
        return is_good && converted;
    } else {
        console.print(listing(read));
    }
    return is_good;
}

int show_files(const arguments& given, io& console) {
    const std::string language = given.get("to", "guild");
    if (language != "guild" && language != "toml") {
        return console.fail("invalid value for --to: expected guild or toml, seen '" + language +
                            "'");
    }
    bool all_good = true;
    for (const std::string& path : given.all("FILE")) {
        all_good = show_file(path, given, console) && all_good;
    }
    return all_good ? exit_ok : exit_usage;
}

}  // namespace

command_spec ini_command() {
    return {"ini",
            "show what a Guild file says, and where",
            "Prints the sections of each FILE (a Guild file, a GuildPkg, or a .toml) and their "
            "values, each with the place "
            "where it was written. Warnings and errors go to standard error; with errors the exit "
            "status is 2.\n"
            "--json prints one object a line: path, ok, and kv ([section parts], name, value, in "
            "file order), or err and "
            "line. In it each byte of the file is one character, so that any bytes can be told.",
            {{"FILE", how_many::some, "the files to show"}},
            {json_option(),
             {"--rel", "DIR", "show paths relative to DIR"},
             {"--to", "LANGUAGE", "print the file in another language: guild or toml"}},
            show_files};
}

}  // namespace program

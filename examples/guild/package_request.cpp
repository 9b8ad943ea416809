// examples/guild/package_request.cpp - reads GuildPkg and the options of guild package.

#include "package_request.hpp"

#include "common.hpp"

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/toml.hpp>

#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace program {
namespace {

/// A count of seconds; empty with the error printed.
std::optional<std::int64_t> read_seconds(const std::string& what, const std::string& text,
                                         io& console) {
    const auto seconds = guild::parse_int64(text);
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    if (!seconds || *seconds < 0 || (what != "SOURCE_DATE_EPOCH" && *seconds > most)) {
        console.fail(what + ": expected a whole number of seconds, found '" + text + "'");
        return std::nullopt;
    }
    return *seconds;
}

/// Whether the packager that GuildPkg names is there; exit_ok or the status of the error.
int check_packager(const guild::package::definition& definition, io& console) {
    const auto& packager = definition.packager;
    if (!packager ||
        guild::os::is_regular_file(guild::join_path(definition.directory, packager->text))) {
        return exit_ok;
    }
    return fail(console, guild::make_error(guild::errc::not_found,
                                           "there is no file '" + packager->text + "'",
                                           packager->from.path, packager->from.where));
}

/// The rest of what was asked for; exit_ok or the status of the usage error.
int complete_request(const arguments& given, package_request& request, io& console) {
    request.srcdir = guild::join_path(request.definition.directory, "src");
    if (const auto srcdir = given.find("srcdir")) {
        if (!guild::os::is_directory(*srcdir)) {
            return console.fail("--srcdir: " + *srcdir + " is not a directory");
        }
        request.srcdir = guild::os::absolute_path(*srcdir);
        request.has_own_sources = false;
    } else if (given.has("skip-sources") && !given.has("skip-package") &&
               !guild::os::is_directory(request.srcdir)) {
        return console.fail("--skip-sources: there is no directory src from an earlier build");
    }
    if (const auto timeout = given.find("timeout")) {
        const auto seconds = read_seconds("--timeout", *timeout, console);
        if (!seconds) {
            return exit_usage;
        }
        request.timeout_ms = *seconds * 1000;
    }
    if (const auto epoch = guild::os::find_variable("SOURCE_DATE_EPOCH")) {
        const auto seconds = read_seconds("SOURCE_DATE_EPOCH", *epoch, console);
        if (!seconds) {
            return exit_usage;
        }
        request.time_s = *seconds;
    }
    return exit_ok;
}

}  // namespace

int check_package_options(const arguments& given, io& console) {
    const std::vector<std::pair<const char*, const char*>> pairs = {
        {"working", "make-patch"},     {"working", "skip-sources"}, {"working", "srcdir"},
        {"make-patch", "srcdir"},      {"offline", "update"},       {"clean", "working"},
        {"skip-archive", "make-patch"}};
    for (const auto& [one, other] : pairs) {
        if (given.has(one) && given.has(other)) {
            return console.fail("--" + std::string(one) + " cannot be used with --" + other +
                                "\nTry 'guild package --help' for more information.");
        }
    }
    return exit_ok;
}

int read_package_request(const arguments& given, io& console, package_request& request) {
    guild::package::read_options options;
    options.read_toml = guild::toml::read_project;
    auto report = guild::package::load_definition(project_directory(given), options);
    print_diagnostics(console, report.diagnostics, report.text);
    if (!report.value) {
        if (report.failure && report.failure->where.line == 0) {
            return fail(console, *report.failure);
        }
        return exit_usage;
    }
    request.definition = std::move(*report.value);
    if (const int status = check_packager(request.definition, console)) {
        return status;
    }
    return complete_request(given, request, console);
}

}  // namespace program

// examples/guild/view.cpp - guild view: serves the page about the project's runs until it is told
// to stop.

#include "commands.hpp"
#include "common.hpp"
#include "signals.hpp"

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/secrets.hpp>
#include <guild/viewer.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

namespace program {
namespace {

std::atomic<const guild::viewer::server*> current_server{nullptr};

void stop_server(int) {
    if (const guild::viewer::server* server = current_server.load()) {
        server->stop();
    }
}

/// The whole number of an option within a range.
///
/// errors   bad_value: `invalid value for --NAME`
guild::result<std::int64_t> get_number(const arguments& given, const std::string& name,
                                       std::int64_t fallback, std::int64_t highest) {
    const auto text = given.find(name);
    if (!text) {
        return fallback;
    }
    const auto number = guild::parse_int64(*text);
    if (!number || *number < 1 || *number > highest) {
        return guild::make_error(guild::errc::bad_value,
                                 "invalid value for --" + name + ": '" + *text +
                                     "' is not a number from 1 to " + std::to_string(highest));
    }
    return *number;
}

/// The token, which becomes part of an address and of a cookie. Every user of the machine sees a
/// command line, nobody else's sees a variable.
///
/// errors   bad_value
guild::result<std::string> get_token(const arguments& given) {
    const auto variable = guild::os::find_variable("GUILD_VIEW_TOKEN");
    const std::string token = given.get("token", variable.value_or(""));
    for (const char c : token) {
        if (!guild::is_letter(c) && !guild::is_digit(c) && c != '-' && c != '_' && c != '.') {
            return guild::make_error(guild::errc::bad_value,
                                     "a token is made of letters, digits and -_.");
        }
    }
    if ((given.has("token") || variable) && token.size() < 8) {
        return guild::make_error(guild::errc::bad_value, "a token has at least 8 characters");
    }
    return token;
}

/// Sets where the page's runs and project come from. A broken project file is no reason not to
/// start: the page shows what is wrong with it, and is right again once the file is. False when
/// there is neither project nor run.
bool set_sources(guild::viewer::context& context, const arguments& given, io& console) {
    const auto report = read_project(given);
    if (auto plain = find_plain_run_root(report, given)) {
        context.run_roots = std::move(*plain);
        return true;
    }
    print_diagnostics(console, report.diagnostics, report.text);
    if (report.failure && report.failure->where.line == 0) {
        fail(console, *report.failure);
        return false;
    }
    context.project_directory = guild::os::absolute_path(project_directory(given));
    return true;
}

/// What to say when the server cannot be opened.
int fail_to_open(const guild::viewer::server_options& options, const guild::error& error,
                 io& console) {
    if (error.code == guild::errc::address_in_use && !options.unix_path.empty()) {
        return console.fail(options.unix_path +
                            " is being used by another application\n"
                            "Try 'guild view --unix PATH' with a different path.");
    }
    if (error.code == guild::errc::address_in_use) {
        return console.fail("port " + std::to_string(options.port) +
                            " is being used by another application\n"
                            "Try 'guild view --port PORT' with a different port.");
    }
    if (error.code == guild::errc::missing_requirement) {
        return console.fail(error.message + "\nTry 'guild view --host " + options.address +
                            " --token TEXT'.");
    }
    return fail(console, error);
}

int serve(const guild::viewer::server_options& options, const guild::viewer::context& context,
          bool is_logging, io& console) {
    guild::os::mutex one_line;
    const auto answer = [&](const guild::viewer::request& request) {
        guild::viewer::response response = guild::viewer::handle(request, context);
        if (is_logging) {
            const guild::os::lock held(one_line);
            console.print_error(request.method + ' ' +
                                printable(guild::runs::withhold_in_text(request.target)) + ' ' +
                                std::to_string(response.status) + '\n');
        }
        return response;
    };
    auto server = guild::viewer::server::open(options, answer);
    if (!server) {
        return fail_to_open(options, server.error(), console);
    }
    current_server = &*server;
    const signal_watch watch(stop_server);  // who reads the next line may stop it
    console.print(options.unix_path.empty()
                      ? "Guild View running on port " + std::to_string(server->port()) + '\n'
                      : "Guild View running at " + options.unix_path + '\n');
    if (options.is_guarded && options.unix_path.empty()) {
        console.print("Open http://" + options.address + ':' + std::to_string(server->port()) +
                      "/?token=" + context.who.token + '\n');
    }
    console.flush();
    const bool has_ended = server->run();
    current_server = nullptr;
    console.print("Server stopped by user\n");
    if (!has_ended) {  // an answer is still being made, from what ends with this function
        console.flush();
        ::_exit(exit_ok);
    }
    return exit_ok;
}

/// Prints the body of one answer, as a client of the server would get it.
int print_once(const std::string& target, const guild::viewer::context& context, io& console) {
    guild::viewer::request request{"GET", target, {{"Host", "localhost"}}};
    if (!context.who.token.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + context.who.token);
    }
    guild::viewer::response response = guild::viewer::handle(request, context);
    console.print(response.body);
    while (response.file && response.file->size > 0) {
        std::string piece(
            static_cast<std::size_t>(std::min<std::uint64_t>(response.file->size, 256 * 1024)),
            '\0');
        const auto got =
            response.file->from->read_at(response.file->offset, piece.data(), piece.size());
        if (!got || *got == 0) {
            return exit_failed;
        }
        console.print(piece.substr(0, *got));
        response.file->offset += *got;
        response.file->size -= *got;
    }
    return response.status < 400 ? exit_ok : exit_failed;
}

int view(const arguments& given, io& console) {
    const auto port = get_number(given, "port", 6333, 65535);
    const auto interval = get_number(given, "interval", 1, 3600);
    const auto token = get_token(given);
    if (!port || !interval || !token) {
        return fail(console, !port ? port.error() : !interval ? interval.error() : token.error());
    }
    guild::runs::heartbeat_memory memory;
    guild::viewer::context context;
    context.load = project_load_options();
    context.interval_ms = *interval * 1000;
    context.who.allowed_hosts = given.all("allow-host");
    context.who.token = *token;
    context.open.memory = &memory;
    guild::viewer::server_options options;
    options.port = static_cast<int>(*port);
    options.is_guarded = !token->empty();
    if (const auto host = given.find("host")) {
        options.address = *host;
        context.who.allowed_hosts.push_back(*host);
    }
    options.unix_path = given.get("unix", "");
    if (given.has("unix") &&
        (given.has("port") || given.has("host") || options.unix_path.empty())) {
        return console.fail("--unix takes a path, and is given in place of --host and --port");
    }
    if (!set_sources(context, given, console)) {
        return exit_usage;
    }
    context.memory = std::make_shared<guild::viewer::site_memory>(context.open);
    if (const auto once = given.find("once")) {
        return print_once(*once, context, console);
    }
    return serve(options, context, given.has("logging"), console);
}

}  // namespace

command_spec view_command() {
    return {
        "view",
        "show the runs of a project in a browser",
        "Serves a page with the runs, their fields, charts, flags, attributes and output at "
        "http://localhost:6333 until "
        "CTRL-C. The project file is read again for each request: save it and reload the page. "
        "Only programs on this "
        "machine can connect, unless --host says otherwise, which takes a token.",
        {},
        {project_option(),
         {"-p,--port", "PORT", "the port to listen on (default: 6333)"},
         {"-n,--interval", "SECONDS",
          "time between two readings of a run that is going on (default: 1)"},
         {"-l,--logging", "", "print a line for each request"},
         {"--host", "ADDRESS", "the numeric address to listen on (default: 127.0.0.1)"},
         {"--unix", "PATH",
          "listen at a socket of this user at PATH, in place of a port (curl --unix-socket PATH, "
          "ssh -L PORT:PATH)"},
         {"--token", "TEXT",
          "what a browser has to know, for --host (default: $GUILD_VIEW_TOKEN, which no other user "
          "of this machine sees)"},
         {"--once", "URLPATH",
          "print one answer, such as /api/runs, and end; docs/http-api.md has them all"},
         {"--allow-host", "NAME",
          "another name by which browsers reach this machine; may be given again", true}},
        view};
}

}  // namespace program

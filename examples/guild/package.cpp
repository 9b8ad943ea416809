// examples/guild/package.cpp - guild package: fetches the sources of a package, builds it, packs
// it.

#include "commands.hpp"
#include "common.hpp"
#include "new_files.hpp"
#include "package_request.hpp"
#include "signals.hpp"

#include <guild/base/path.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/guard.hpp>
#include <guild/os/hold.hpp>
#include <guild/os/pipe.hpp>
#include <guild/package/build.hpp>
#include <guild/package/fetch.hpp>
#include <guild/package/lock.hpp>
#include <guild/package/mirror.hpp>
#include <guild/package/pack.hpp>
#include <guild/package/package.hpp>
#include <guild/package/verify.hpp>
#include <guild/package/working.hpp>
#include <guild/toml.hpp>

#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace program {
namespace {

constexpr std::int64_t guard_grace_ms = 5000;

volatile sig_atomic_t package_stop_fd = -1;
volatile sig_atomic_t package_signal = 0;

void request_package_stop(int signal) {
    package_signal = signal;
    const ssize_t written = ::write(package_stop_fd, "x", 1);
    (void)written;
}

/// One `guild package`, from the definition to the archive.
class packaging {
public:
    packaging(const arguments& given, io& console, package_request request)
        : given_(given), console_(console), request_(std::move(request)) {}

    // What can take long ends at once when the user wants it to.
    int run() {
        if (given_.has("make-patch")) {
            return make_patch();
        }
        auto guard = guild::os::guard::start(guard_grace_ms);
        auto pipe = guild::os::make_pipe();
        if (!guard || !pipe) {
            return fail(console_, guard ? pipe.error() : guard.error());
        }
        package_stop_fd = pipe->write.get();
        const signal_watch watch(request_package_stop);
        stop_fd_ = pipe->read.get();
        if (const int status = fetch_and_build(*guard)) {
            return status;
        }
        if (given_.has("working")) {
            return make_working();
        }
        if (!given_.has("skip-archive")) {
            if (const int status = pack()) {
                return status;
            }
        }
        return save_lock_and_clean();
    }

private:
    const std::string& directory() const { return request_.definition.directory; }
    std::string in_directory(const std::string& name) const {
        return guild::join_path(directory(), name);
    }
    std::string working_directory() const { return in_directory("working"); }
    std::string shown(const std::string& path) const {
        return guild::base_name(guild::parent_path(path)) == "working"
                   ? "working/" + guild::base_name(path)
                   : guild::base_name(path);
    }

    void say(std::string_view line) {
        clear_progress();
        console_.print(printable(line) + '\n');
        console_.flush();
    }

    void show_progress(std::string_view text) {
        console_.print_error_as_is("\r" + printable(text) + "\x1B[K");
        has_progress_ = true;
    }

    void clear_progress() {
        if (std::exchange(has_progress_, false)) {
            console_.print_error_as_is("\r\x1B[K");
        }
    }

    int fail_package(const guild::error& error) {
        clear_progress();
        const int status = fail_work(console_, error);
        return package_signal != 0 ? 128 + package_signal : status;
    }

    guild::package::tool_options tools() {
        guild::package::tool_options tools;
        tools.stop_fd = stop_fd_;
        tools.say = [this](std::string_view line) { say(line); };
        tools.warn = [this](std::string_view text) {
            clear_progress();
            console_.warn(printable(text));
        };
        if (::isatty(STDERR_FILENO) == 1) {
            tools.progress = [this](std::string_view text) { show_progress(text); };
        }
        return tools;
    }

    int fetch_and_build(guild::os::guard& guard) {
        if (request_.has_own_sources && !given_.has("skip-sources")) {
            if (const int status = fetch()) {
                return status;
            }
        }
        return given_.has("skip-package") || given_.has("working") ? exit_ok : build(guard);
    }

    int fetch() {
        guild::package::fetch_options options;
        options.srcdir = request_.srcdir;
        options.offline = given_.has("offline");
        options.update = given_.has("update");
        options.tools = tools();
        const auto config = guild::package::find_config_path(guild::os::current_environment());
        if (config) {
            auto mirrors = guild::package::load_mirrors(*config, guild::toml::read_project);
            if (!mirrors) {
                return fail(console_, mirrors.error());
            }
            options.mirrors = std::move(*mirrors);
        }
        auto fetched = guild::package::fetch_sources(request_.definition, options);
        if (!fetched) {
            return fail_package(fetched.error());
        }
        clear_progress();
        lock_ = std::move(fetched->lock);
        return exit_ok;
    }

    int build(guild::os::guard& guard) {
        const std::string pkgdir = in_directory("pkg");
        auto made = guild::os::remove_tree(pkgdir);
        if (made) {
            made = guild::os::make_directories(pkgdir);
        }
        if (!made) {
            return fail_package(made.error());
        }
        guild::package::build_request request;
        if (request_.definition.packager) {
            request.packager = in_directory(request_.definition.packager->text);
            request.packager_shown = path_in(guild::parent_path(request_.definition.path),
                                             request_.definition.packager->text);
            say("Using " + request_.definition.packager->text);
        }
        request.srcdir = request_.srcdir;
        request.pkgdir = pkgdir;
        request.variables = guild::package::list_variables(request_.definition);
        request.log_path = in_directory("package.log");
        request.time_s = request_.time_s;
        request.set_source_times = request_.has_own_sources;
        request.timeout_ms = request_.timeout_ms;
        request.stop_fd = stop_fd_;
        request.watched_directory = directory();
        request.on_start = [&guard](int group) { guard.watch(group); };
        request.on_output = [this](int stream, std::string_view bytes) { pass_on(stream, bytes); };
        const auto built = guild::package::build(request);
        return built ? exit_ok : fail_package(built.error());
    }

    void pass_on(int stream, std::string_view bytes) {
        if (stream == 1) {
            console_.print(bytes);
            console_.flush();
        } else {
            console_.print_error(bytes);
        }
    }

    int pack() {
        guild::package::pack_request request;
        request.name = request_.definition.name.text;
        request.version = request_.definition.version.text;
        request.pkgdir = in_directory("pkg");
        request.guildpkg_path = in_directory(guild::base_name(request_.definition.path));
        request.directory = directory();
        request.time_s = request_.time_s;
        request.is_stopped = [] { return package_signal != 0; };
        remove_parts(guild::package::archive_name(request.name, request.version) + ".part-");
        say("Creating " + guild::package::archive_name(request.name, request.version));
        const auto packed = guild::package::pack(request);
        if (!packed) {
            return fail_package(packed.error());
        }
        say("sha256 of its tar: " + packed->tar_sha256);
        tar_sha256_ = packed->tar_sha256;
        return exit_ok;
    }

    // What builds that were killed have left. Nobody else is at work in the directory.
    void remove_parts(const std::string& prefix) {
        const auto entries = guild::os::list_directory(directory());
        for (const guild::os::dir_entry& each : entries.value_or({})) {
            if (guild::starts_with(each.name, prefix)) {
                (void)guild::os::remove_tree(in_directory(each.name));
            }
        }
    }

    // Of sources that guild did not fetch the lock would say what is not so: it is left as it is.
    int save_lock_and_clean() {
        if (request_.has_own_sources) {
            auto lock = lock_ ? guild::result<guild::package::lock_file>(*lock_)
                              : guild::package::load_lock(directory());
            if (!lock) {
                return fail_package(lock.error());
            }
            lock->name = request_.definition.name.text;
            lock->version = request_.definition.version.text;
            lock->tar_sha256 = tar_sha256_.empty() ? lock->tar_sha256 : tar_sha256_;
            const auto saved = guild::package::save_lock(directory(), *lock);
            if (!saved) {
                return fail_package(saved.error());
            }
        }
        if (!given_.has("clean")) {
            return exit_ok;
        }
        auto removed = guild::os::remove_tree(in_directory("pkg"));
        if (removed && request_.has_own_sources) {
            removed = guild::os::remove_tree(request_.srcdir);
        }
        return removed ? exit_ok : fail_package(removed.error());
    }

    guild::package::working_place place() {
        guild::package::working_place place;
        place.package_directory = directory();
        place.srcdir = request_.srcdir;
        place.directory = working_directory();
        place.tools = tools();
        return place;
    }

    int make_working() {
        const auto items = guild::package::make_working_copy(place());
        if (!items) {
            return fail_package(items.error());
        }
        for (const guild::package::working_item& item : *items) {
            say(item.is_new ? "Creating " + shown(item.path)
                            : shown(item.path) + " is there already: it was left unchanged");
        }
        return exit_ok;
    }

    int make_patch() {
        const auto items = guild::package::make_patches(place());
        if (!items) {
            return fail_package(items.error());
        }
        for (const guild::package::working_item& item : *items) {
            say(item.is_new ? "Creating " + shown(item.path)
                            : "No differences for " + shown(item.path));
        }
        return exit_ok;
    }

    const arguments& given_;
    io& console_;
    package_request request_;
    int stop_fd_ = -1;  // can be read when the user wants all this to end
    bool has_progress_ = false;
    std::optional<guild::package::lock_file> lock_;
    std::string tar_sha256_;
};

int verify_archive(const std::string& path, io& console) {
    const auto found = guild::package::verify(path);
    if (!found) {
        return fail_work(console, found.error());
    }
    if (found->difference) {
        return fail_work(console,
                         guild::make_error(guild::errc::bad_checksum, *found->difference, path));
    }
    console.print(path + ": as its buildinfo says" +
                  (found->is_compressed_differently ? ", but compressed differently" : "") +
                  "\nsha256 of its tar: " + found->tar_sha256 + '\n');
    return exit_ok;
}

int package(const arguments& given, io& console) {
    if (const auto archive = given.find("verify")) {
        return verify_archive(*archive, console);
    }
    if (const int status = check_package_options(given, console)) {
        return status;
    }
    // Two at work in one directory would take each other's src and pkg away. A directory that is
    // not there is told of by what reads GuildPkg.
    const auto held = guild::os::hold_directory(project_directory(given), [&console] {
        console.print_error("Waiting for another guild package in this directory\n");
    });
    if (!held && held.error().code != guild::errc::not_found) {
        return fail_work(console, held.error());
    }
    package_request request;
    if (const int status = read_package_request(given, console, request)) {
        return status;
    }
    return packaging(given, console, std::move(request)).run();
}

}  // namespace

command_spec package_command() {
    return {"package",
            "build a package of the sources that GuildPkg names",
            "Reads GuildPkg; fetches the sources into src, runs the steps prepare, build, check "
            "and package of the packager, and packs what they put into pkg as "
            "NAME-VERSION.pkg.tar.xz. GuildPkg.lock holds what was fetched, so that the next build "
            "fetches the same; package.log what was printed.",
            {},
            {project_option(),
             {"--srcdir", "DIR", "build these sources; the packager may change them"},
             {"--skip-sources", "", "build what is in src, fetch nothing"},
             {"--skip-package", "", "run no packager, pack what is in pkg"},
             {"--skip-archive", "", "make no archive"},
             {"--clean", "", "remove src and pkg at the end"},
             {"--offline", "", "use the sources that are there, ask no server"},
             {"--update", "", "fetch what the sources are now, not what GuildPkg.lock says"},
             {"--timeout", "SECONDS", "stop the packager after this time"},
             {"--working", "", "make working/NAME, sources to be edited, and working/NAME.orig"},
             {"--make-patch", "", "write NAME.patch: from working/NAME.orig to working/NAME"},
             {"--verify", "FILE", "compare an archive with the buildinfo beside it"}},
            package};
}

}  // namespace program

// guild/package/build.hpp - builds a package: runs the steps of its packager in a clean shell, or
// copies its sources.
//
// Layer 4. Includes: os/process.hpp, package/packager_driver.hpp, build_log.hpp, outside_watch.hpp.
// Not here: fetching sources (package/fetch.hpp), packing what was built (package/pack.hpp).
//
// A packager is a bash script that defines the steps prepare, build, check and package. It sees a
// fixed environment, the directories srcdir and pkgdir, and the attributes of [package]. It is run
// with the rights of the user: what it writes elsewhere is noticed in one directory, not prevented.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/base/time.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/process.hpp>
#include <guild/os/temporary.hpp>
#include <guild/package/build_log.hpp>
#include <guild/package/outside_watch.hpp>
#include <guild/package/packager_driver.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What is built, and where.
///
/// units    time_s: seconds since 1970-01-01 UTC; timeout_ms: milliseconds for all steps together
struct build_request {
    std::string packager;        // the script; empty: there is none
    std::string packager_shown;  // its name for messages; empty: its path
    std::string srcdir;          // where the steps run; must exist
    std::string pkgdir;          // where they put what is packed; must exist
    os::variables variables;     // more that the packager sees: list_variables()
    std::string log_path;        // where the output is kept as well; empty: nowhere
    build_log_limits log_limits;
    std::int64_t time_s = 315532800;  // SOURCE_DATE_EPOCH: 1980-01-01
    bool set_source_times = true;     // files of srcdir get this time before the steps
    std::int64_t timeout_ms = -1;     // below 0: none
    int stop_fd = -1;                 // when this can be read, the build is stopped
    std::string watched_directory;    // nothing but srcdir, pkgdir and the log may change in it
    std::function<void(int group)> on_start;
    /// Gets what the steps print (stream 1 or 2), and `Running STEP` on stream 1 before each.
    std::function<void(int stream, std::string_view bytes)> on_output;
};

/// All variables that a packager sees; `home` becomes $HOME, with $TMPDIR in it.
///
/// example  tests/package/build.cpp "build: a packager sees a clean environment"
[[nodiscard]] os::variables packager_environment(const build_request& request,
                                                 const std::string& home);

/// Runs the steps. Everything that the packager started in its process group ends with it.
///
/// errors   bad_syntax: the packager, at its line; io_failed: a step failed, with the line and the
///          command; bad_value: it wrote to watched_directory or replaced pkgdir; timed_out;
///          interrupted: stop_fd; missing_requirement: no bash; not_found: no such packager
/// cost     memory: what the log keeps
/// example  tests/package/build.cpp "build: the line and the command of a failed step are told"
[[nodiscard]] result<void> build(const build_request& request);

// ---- implementation ---------------------------------------------------------

namespace detail {

// As `touch -t` takes it, in UTC.
inline std::string format_touch_time(std::int64_t time_s) {
    std::string text = format_compact_utc(time_s * 1'000'000);  // 19800101T000000Z
    text.erase(text.find('T'), 1);
    text.pop_back();
    return text.insert(text.size() - 2, ".");
}

// One build, from its temporary directory to its judgement.
class builder {
public:
    explicit builder(const build_request& request) : request_(request) {}

    result<void> run() {
        auto prepared = prepare();
        if (!prepared) {
            return prepared;
        }
        auto ran = run_shell();
        auto logged = log_.finish();
        if (!ran) {
            return ran;
        }
        auto kept_inside = check_outside();
        return kept_inside ? logged : kept_inside;
    }

private:
    const std::string& shown() const {
        return request_.packager_shown.empty() ? request_.packager : request_.packager_shown;
    }

    result<void> prepare() {
        if (!request_.packager.empty() && !os::is_regular_file(request_.packager)) {
            return make_error(errc::not_found, "there is no such packager", shown());
        }
        auto made = os::make_temp_directory("guild-build-");
        if (!made) {
            return std::move(made).error();
        }
        notes_ = os::temporary(*made);
        auto home = os::make_directories(join_path(notes_.path(), "home/tmp"));
        if (!home) {
            return home;
        }
        if (!request_.log_path.empty()) {
            auto log = build_log::open(request_.log_path, request_.log_limits);
            if (!log) {
                return std::move(log).error();
            }
            log_ = std::move(*log);
        }
        return look_outside();
    }

    result<void> look_outside() {
        pkgdir_before_ = os::find_link_status(request_.pkgdir);
        if (!pkgdir_before_ || pkgdir_before_->kind != os::file_kind::directory) {
            return make_error(errc::not_a_directory, "expected a directory", request_.pkgdir);
        }
        if (request_.watched_directory.empty()) {
            return {};
        }
        auto watch = outside_watch::look(
            request_.watched_directory,
            {base_name(request_.srcdir), base_name(request_.pkgdir), base_name(request_.log_path)});
        if (!watch) {
            return std::move(watch).error();
        }
        watch_ = std::move(*watch);
        return {};
    }

    os::process_options shell() const {
        os::process_options options;
        options.argv = {"bash",
                        "--noprofile",
                        "--norc",
                        "-c",
                        std::string(packager_driver),
                        "packager",
                        request_.packager.empty() ? "" : os::absolute_path(request_.packager),
                        notes_.path(),
                        request_.set_source_times ? format_touch_time(request_.time_s) : ""};
        options.directory = request_.srcdir;
        options.environment = packager_environment(request_, join_path(notes_.path(), "home"));
        return options;
    }

    os::run_options limits() {
        os::run_options limits;
        limits.timeout_ms = request_.timeout_ms;
        limits.stop_fd = request_.stop_fd;
        limits.kill_group_at_end = true;
        limits.on_start = request_.on_start;
        limits.on_output = [this](int stream, std::string_view bytes) {
            log_.append(bytes);
            if (request_.on_output) {
                request_.on_output(stream, bytes);
            }
        };
        return limits;
    }

    result<void> run_shell() {
        auto ran = os::run(shell(), limits());
        if (!ran && ran.error().code == errc::not_found && ran.error().path == "bash") {
            return make_error(errc::missing_requirement, "bash, which packagers need, is not here");
        }
        if (!ran) {
            return std::move(ran).error();
        }
        return judge(*ran);
    }

    std::string note(const std::string& name) const {
        return os::load_file(join_path(notes_.path(), name), 65'536).value_or({});
    }

    result<void> judge(const os::run_result& ran) const {
        const packager_notes notes = {note("step"), note("failure"), note("syntax")};
        if (ran.timed_out) {
            return make_error(errc::timed_out,
                              name_step(notes.step) + " was stopped: the build had " +
                                  std::to_string(request_.timeout_ms / 1000) + " s",
                              shown());
        }
        if (ran.stopped) {
            return make_error(errc::interrupted, name_step(notes.step) + " was stopped", shown());
        }
        if (!ran.status.success()) {
            return describe_failure(notes, os::to_string(ran.status),
                                    os::absolute_path(request_.packager), shown());
        }
        if (!is_complete(notes)) {
            return make_error(errc::bad_value, "the packager ended before its steps were run",
                              shown());
        }
        return {};
    }

    result<void> check_outside() const {
        const auto now = os::find_link_status(request_.pkgdir);
        if (!now || now->kind != os::file_kind::directory || now->inode != pkgdir_before_->inode ||
            now->device != pkgdir_before_->device) {
            return make_error(errc::bad_value, "the packager replaced the directory $pkgdir",
                              shown());
        }
        if (!watch_) {
            return {};
        }
        auto change = watch_->find_change();
        if (!change) {
            return std::move(change).error();
        }
        if (*change) {
            return make_error(errc::bad_value,
                              "the packager wrote outside of $srcdir and $pkgdir: " + **change,
                              shown());
        }
        return {};
    }

    const build_request& request_;
    os::temporary notes_;
    build_log log_;
    std::optional<outside_watch> watch_;
    std::optional<os::file_status> pkgdir_before_;
};

}  // namespace detail

inline os::variables packager_environment(const build_request& request, const std::string& home) {
    const os::variables list = {
        {"PATH", os::find_variable("PATH").value_or("/usr/local/bin:/usr/bin:/bin")},
        {"HOME", home},
        {"TMPDIR", join_path(home, "tmp")},
        {"LC_ALL", "C"},
        {"TZ", "UTC"},
        {"SOURCE_DATE_EPOCH", std::to_string(request.time_s)},
        {"srcdir", os::absolute_path(request.srcdir)},
        {"pkgdir", os::absolute_path(request.pkgdir)},
    };
    return os::merge_environment(request.variables, list);
}

inline result<void> build(const build_request& request) {
    return detail::builder(request).run();
}

}}}  // namespace guild::package

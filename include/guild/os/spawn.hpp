// guild/os/spawn.hpp - starts a program: what it runs, where, and what of this process it may see.
//
// Layer 2. Includes: the standard library, POSIX (posix_spawn), os/pipe, environment, fork_exec. A
// program started here sees its arguments, its environment, its directory, descriptors 0 to 2 and
// those passed to it, the umask and the limits, and nothing else: no other descriptor, no blocked
// or ignored signal.
// Not here: waiting for it and stopping it (os/child.hpp), collecting its output (os/process.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/fork_exec.hpp>
#include <guild/os/pipe.hpp>
#include <guild/os/terminal.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// What a standard stream of the child is.
enum class stream_mode : std::uint8_t {
    null,     // /dev/null
    pipe,     // a pipe whose other end this process holds
    inherit,  // this process's own; closed if it is closed here
};

/// What to start.
///
/// units    linger_ms: milliseconds
struct process_options {
    std::vector<std::string> argv;  // argv[0] is the program: see get_program
    std::string directory;  // where it runs; empty: here. A relative program is meant from there
    std::optional<variables> environment;  // all of its variables; not given: those of this process
    stream_mode in = stream_mode::null;
    stream_mode out = stream_mode::pipe;
    stream_mode err = stream_mode::pipe;
    bool merge_output = false;     // err goes where out goes, in the order of writing
    bool new_group = true;         // its own process group, so that signals reach its children too
    bool new_session = false;      // its own session, without a terminal; a group as well
    bool use_pidfd = true;         // false: wait by a thread, as on systems without pidfd
    std::int64_t linger_ms = 500;  // run(): for others that hold its pipes, after its end
    /// A pseudo terminal of this size is all three of its streams and controls its session; what it
    /// prints is read where a pipe of `out` would be, what is typed is written where one of `in`
    /// would be, if that is a pipe.
    std::optional<terminal_size> terminal;
    std::vector<passed_descriptor> descriptors;  // more that it has; targets above 2
    std::vector<resource_limit> limits;
    /// Sent to it when the thread that started it ends, however that happens. Linux alone, and
    /// never right for a program started by a thread that ends before.
    int parent_death_signal = 0;
};

/// The command that a shell would run. Everything else takes argument vectors and needs no quoting.
///
/// example  tests/os/spawn.cpp "shell_command: the text is one argument of sh"
[[nodiscard]] std::vector<std::string> shell_command(std::string text);

/// A process that was just started, with this side's ends of its pipes; they do not block.
struct spawned_process {
    pid_t pid = -1;
    descriptor in;   // write here
    descriptor out;  // read here
    descriptor err;
    std::uint64_t parent_peak_bytes = 0;  // what the system counts its peak of memory from
};

/// Starts a program. The caller owns the process and has to wait for it: os/child.hpp does.
///
/// errors   not_found, not_executable, permission_denied, not_a_directory: the program, error.path
///          is what was tried; bad_directory: the directory; bad_value: no argv, NUL in a text, '='
///          in a name, a descriptor that is not open or a target twice or below 3, a limit that the
///          system refuses; too_large: arguments and environment beyond the system's limit;
///          resource_exhausted: no process, descriptor or memory
/// threads  any; descriptors that other threads open meanwhile are not inherited
/// example  tests/process/start.cpp "case 02: every way to fail is told apart, with the path that
/// was tried"
[[nodiscard]] result<spawned_process> spawn(const process_options& options);

// ---- implementation ---------------------------------------------------------

namespace detail {

// The highest resident size this process has had. A child's peak starts from it, because until exec
// the child runs in this process's memory.
inline std::uint64_t peak_of_this_process() noexcept {
    struct rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
    return guild::detail::convert<std::uint64_t>(usage.ru_maxrss);
#else
    return guild::detail::convert<std::uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

inline void sleep_ms(std::int64_t time_ms) noexcept {
    timespec left{};
    left.tv_sec = guild::detail::convert<time_t>(time_ms / 1000);
    left.tv_nsec = guild::detail::convert<long>(time_ms % 1000) * 1'000'000;
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

inline bool has_nul(const std::string& text) noexcept {
    return text.find('\0') != std::string::npos;
}

inline result<void> check_descriptors(const std::vector<passed_descriptor>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (::fcntl(list[i].source, F_GETFD) < 0) {
            return make_error(errc::bad_value, "descriptor " + std::to_string(list[i].source) +
                                                   ", which is to be passed on, is not open");
        }
        bool is_free = list[i].target > 2;
        for (std::size_t k = 0; k < i; ++k) {
            is_free = is_free && list[k].target != list[i].target;
        }
        if (!is_free) {
            return make_error(errc::bad_value,
                              "expected targets of descriptors above 2, each once, saw " +
                                  std::to_string(list[i].target));
        }
    }
    return {};
}

inline result<void> check_options(const process_options& options) {
    if (options.argv.empty()) {
        return make_error(errc::bad_value, "expected a program to run, saw no arguments");
    }
    for (std::size_t i = 0; i < options.argv.size(); ++i) {
        if (has_nul(options.argv[i])) {
            return make_error(errc::bad_value,
                              "argument " + std::to_string(i) + " holds a NUL byte");
        }
    }
    if (has_nul(options.directory)) {
        return make_error(errc::bad_value, "the directory holds a NUL byte");
    }
    for (const variable& entry : options.environment.value_or(variables{})) {
        if (entry.first.empty() || entry.first.find('=') != std::string::npos ||
            has_nul(entry.first) || has_nul(entry.second)) {
            return make_error(errc::bad_value,
                              "expected the name of a variable without '=' and NUL, saw \"" +
                                  entry.first.substr(0, 64) + "\"");
        }
    }
    return check_descriptors(options.descriptors);
}

inline result<descriptor> open_directory(const std::string& path) {
#if defined(O_PATH)
    constexpr int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
#else
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
#endif
    descriptor opened(::open(path.c_str(), flags));
    // Looking up "." needs the right to enter, which O_PATH alone does not ask for.
    if (!opened.is_open() || ::faccessat(opened.get(), ".", X_OK, AT_EACCESS) != 0) {
        error failure = os_error(errno, "entering the directory", path);
        failure.code = errc::bad_directory;
        return failure;
    }
    return move_above_standard(std::move(opened));
}

// One end for the child and one for this process. Only the child's for /dev/null, none for inherit.
struct stream_ends {
    descriptor child;
    descriptor parent;
};

inline result<stream_ends> make_stream(stream_mode mode, bool child_reads) {
    stream_ends ends;
    if (mode == stream_mode::null) {
        descriptor null(::open("/dev/null", (child_reads ? O_RDONLY : O_WRONLY) | O_CLOEXEC));
        if (!null.is_open()) {
            return os_error(errno, "open", "/dev/null");
        }
        result<descriptor> moved = move_above_standard(std::move(null));
        if (!moved) {
            return std::move(moved).error();
        }
        ends.child = std::move(*moved);
    } else if (mode == stream_mode::pipe) {
        result<pipe_ends> made = make_pipe();
        if (!made) {
            return std::move(made).error();
        }
        ends.child = std::move(child_reads ? made->read : made->write);
        ends.parent = std::move(child_reads ? made->write : made->read);
        set_nonblocking(ends.parent.get());
    }
    return result<stream_ends>(std::move(ends));
}

// posix_spawn's description of the child, freed at its end.
class spawn_plan {
public:
    spawn_plan() noexcept {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
    }
    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;
    ~spawn_plan() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }

    // Zero or errno's value, like all of posix_spawn's family.
    int set_stream(int target, int source) noexcept {
        return ::posix_spawn_file_actions_adddup2(&actions_, source, target);
    }

    // A descriptor duplicated onto itself loses its close-on-exec flag. One that is closed here
    // stays closed.
    int inherit_stream(int target, int source) noexcept {
        return ::fcntl(source, F_GETFD) < 0 ? 0 : set_stream(target, source);
    }

    int set_directory(int fd) noexcept {
        return ::posix_spawn_file_actions_addfchdir_np(&actions_, fd);
    }

    int close_the_rest() noexcept;
    int close_listed() noexcept;
    int set_attributes(bool new_group) noexcept;

    int start(pid_t& pid, const char* program, char* const* argv,
              char* const* environment) noexcept {
        return ::posix_spawn(&pid, program, &actions_, &attributes_, argv, environment);
    }

private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

// Where neither closefrom nor a close-on-exec default exists: what is open now. A descriptor that
// another thread opens between here and the start, without close-on-exec, is missed.
inline int spawn_plan::close_listed() noexcept {
    DIR* list = ::opendir("/dev/fd");
    if (list == nullptr) {
        return errno;
    }
    int code = 0;
    for (const ::dirent* entry = ::readdir(list); entry != nullptr && code == 0;
         entry = ::readdir(list)) {
        int fd = 0;
        for (const char* at = entry->d_name; *at >= '0' && *at <= '9'; ++at) {
            fd = fd * 10 + (*at - '0');
        }
        const int flags = fd > 2 && fd != ::dirfd(list) ? ::fcntl(fd, F_GETFD) : -1;
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) {
            code = ::posix_spawn_file_actions_addclose(&actions_, fd);
        }
    }
    ::closedir(list);
    return code;
}

inline int spawn_plan::close_the_rest() noexcept {
#if defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
    return 0;  // set_attributes asks for it
#elif defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 34)
    return ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
#else
    return close_listed();
#endif
#else
    return close_listed();
#endif
}

inline int spawn_plan::set_attributes(bool new_group) noexcept {
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
#if defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
    flags = guild::detail::convert<short>(flags | POSIX_SPAWN_CLOEXEC_DEFAULT);
#endif
    if (new_group) {
        flags = guild::detail::convert<short>(flags | POSIX_SPAWN_SETPGROUP);
    }
    sigset_t signals;
    sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    return ::posix_spawnattr_setflags(&attributes_, flags);
}

inline std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) {
        pointers.push_back(&text[0]);
    }
    pointers.push_back(nullptr);
    return pointers;
}

inline std::vector<std::string> entries_of(const variables& list) {
    std::vector<std::string> entries;
    entries.reserve(list.size());
    for (const variable& entry : list) {
        entries.push_back(entry.first + "=" + entry.second);
    }
    return entries;
}

// The program was found and may be executed, and still the system did not start it.
inline error start_error(int code, const program_path& program) {
    error failure = os_error(code, "starting the program", program.found);
    if (code == ENOEXEC) {
        failure.code = errc::not_executable;
        failure.message += "; expected a program or a script whose first line names an interpreter";
    } else if (code == ENOENT && check_program(program.found).code == 0) {
        failure.code = errc::not_executable;
        failure.message += "; the interpreter or loader that the file names is missing";
    } else if (code == E2BIG) {
        failure.code = errc::too_large;
    }
    return failure;
}

// A file that was just written stays "busy" while a sibling started by another thread, between its
// fork and its exec, still holds it open for writing. That passes; who else writes it does not.
template <class Start>
int start_with_patience(Start start) {
    int code = ETXTBSY;
    for (std::int64_t pause_ms = 1; code == ETXTBSY && pause_ms <= 256; pause_ms *= 2) {
        if (pause_ms > 1) {
            sleep_ms(pause_ms);
        }
        code = start();
    }
    return code;
}

// Whether posix_spawn cannot say what is asked for.
inline bool needs_steps(const process_options& options) noexcept {
    return options.terminal || options.new_session || !options.descriptors.empty() ||
           !options.limits.empty() || options.parent_death_signal != 0;
}

// The texts of a program's start, as the system wants them.
struct exec_texts {
    explicit exec_texts(const process_options& options)
        : argv(options.argv), entries(options.environment ? entries_of(*options.environment)
                                                          : std::vector<std::string>{}),
          argv_pointers(pointers_to(argv)), entry_pointers(pointers_to(entries)),
          environment(options.environment ? entry_pointers.data() : process_environment()) {}
    exec_texts(const exec_texts&) = delete;
    exec_texts& operator=(const exec_texts&) = delete;

    std::vector<std::string> argv;
    std::vector<std::string> entries;
    std::vector<char*> argv_pointers;
    std::vector<char*> entry_pointers;
    char* const* environment;
};

inline result<pid_t> start_plan(spawn_plan& plan, const process_options& options,
                                const program_path& program) {
    const exec_texts texts(options);
    pid_t pid = -1;
    const int code = start_with_patience([&] {
        return plan.start(pid, program.execute.c_str(), texts.argv_pointers.data(),
                          texts.environment);
    });
    if (code != 0) {
        return start_error(code, program);
    }
    return pid;
}

inline result<void> fill_plan(spawn_plan& plan, const process_options& options, int directory,
                              const stream_ends (&streams)[3]) {
    int code = plan.set_attributes(options.new_group);
    for (int target = 0; target < 3 && code == 0; ++target) {
        const bool merged = options.merge_output && target == 2;
        const int source = merged ? 1 : target;  // by then 1 is already the child's
        code = streams[source].child.is_open()
                   ? plan.set_stream(target, merged ? 1 : streams[target].child.get())
                   : plan.inherit_stream(target, source);
    }
    if (code == 0 && directory >= 0) {
        code = plan.set_directory(directory);
    }
    if (code == 0) {
        code = plan.close_the_rest();
    }
    if (code != 0) {
        return os_error(code, "preparing a process");
    }
    return {};
}

inline error step_error(const exec_start& failed, const program_path& program) {
    switch (failed.failed) {
    case exec_stage::session:
        return os_error(failed.code, "making a session");
    case exec_stage::directory:
        return make_error(errc::bad_directory, "the directory cannot be entered any more");
    case exec_stage::descriptors:
        return os_error(failed.code, "passing descriptors on");
    case exec_stage::limits: {
        error refused = os_error(failed.code, "setting a limit");
        refused.code = failed.code == EPERM ? errc::permission_denied : errc::bad_value;
        return refused;
    }
    case exec_stage::none:
    case exec_stage::fork:
    case exec_stage::exec:
        break;
    }
    return start_error(failed.code, program);
}

inline result<pid_t> start_steps(const process_options& options, const program_path& program,
                                 int directory, const stream_ends (&streams)[3]) {
    const exec_texts texts(options);
    exec_steps steps;
    steps.new_group = options.new_group;
    steps.new_session = options.new_session || options.terminal;
    steps.terminal = options.terminal ? streams[0].child.get() : -1;
    steps.parent_death_signal = options.parent_death_signal;
    steps.directory = directory;
    for (int target = 0; target < 3; ++target) {
        const int merged = options.merge_output && target == 2 ? 1 : target;
        const int source = streams[merged].child.is_open() ? streams[merged].child.get() : merged;
        if (::fcntl(source, F_GETFD) >= 0) {
            steps.descriptors.push_back({source, target});
        }
    }
    steps.descriptors.insert(steps.descriptors.end(), options.descriptors.begin(),
                             options.descriptors.end());
    steps.limits = options.limits;
    steps.program = program.execute.c_str();
    steps.argv = texts.argv_pointers.data();
    steps.environment = texts.environment;
    exec_start started;
    (void)start_with_patience([&] {
        started = fork_exec(steps);
        return started.code;
    });
    if (started.failed != exec_stage::none) {
        return step_error(started, program);
    }
    return started.pid;
}

// All three streams are the slave; this side reads and writes the master.
inline result<void> make_terminal(const process_options& options, stream_ends (&streams)[3]) {
    auto made = open_terminal(*options.terminal);
    if (!made) {
        return std::move(made).error();
    }
    for (stream_ends& each : streams) {
        each.child = descriptor(::fcntl(made->slave.get(), F_DUPFD_CLOEXEC, 3));
        if (!each.child.is_open()) {
            return os_error(errno, "duplicating a descriptor");
        }
    }
    set_nonblocking(made->master.get());
    if (options.in == stream_mode::pipe) {
        streams[0].parent = descriptor(::fcntl(made->master.get(), F_DUPFD_CLOEXEC, 3));
        if (!streams[0].parent.is_open()) {
            return os_error(errno, "duplicating a descriptor");
        }
    }
    streams[1].parent = std::move(made->master);
    return {};
}

inline result<void> make_streams(const process_options& options, stream_ends (&streams)[3]) {
    if (options.terminal) {
        return make_terminal(options, streams);
    }
    const stream_mode modes[3] = {options.in, options.out,
                                  options.merge_output ? stream_mode::inherit : options.err};
    for (int i = 0; i < 3; ++i) {
        result<stream_ends> made = make_stream(modes[i], i == 0);
        if (!made) {
            return std::move(made).error();
        }
        streams[i] = std::move(*made);
    }
    return {};
}

inline result<pid_t> start_program(const process_options& options, const program_path& program,
                                   int directory, const stream_ends (&streams)[3]) {
    if (needs_steps(options)) {
        return start_steps(options, program, directory, streams);
    }
    spawn_plan plan;
    if (result<void> filled = fill_plan(plan, options, directory, streams); !filled) {
        return std::move(filled).error();
    }
    return start_plan(plan, options, program);
}

}  // namespace detail

inline std::vector<std::string> shell_command(std::string text) {
    return {"/bin/sh", "-c", std::move(text)};
}

inline result<spawned_process> spawn(const process_options& options) {
    if (result<void> checked = detail::check_options(options); !checked) {
        return std::move(checked).error();
    }
    descriptor directory;
    if (!options.directory.empty()) {
        result<descriptor> opened = detail::open_directory(options.directory);
        if (!opened) {
            return std::move(opened).error();
        }
        directory = std::move(*opened);
    }
    const auto path =
        options.environment ? find_variable(*options.environment, "PATH") : find_variable("PATH");
    result<program_path> program = get_program(options.argv.front(), path, options.directory);
    if (!program) {
        return std::move(program).error();
    }

    detail::stream_ends streams[3];
    if (result<void> made = detail::make_streams(options, streams); !made) {
        return std::move(made).error();
    }
    result<pid_t> pid = detail::start_program(options, *program, directory.get(), streams);
    if (!pid) {
        return std::move(pid).error();
    }
    spawned_process started;
    started.pid = *pid;
    started.in = std::move(streams[0].parent);
    started.out = std::move(streams[1].parent);
    started.err = std::move(streams[2].parent);
    started.parent_peak_bytes = detail::peak_of_this_process();
    return result<spawned_process>(std::move(started));
}

}}}  // namespace guild::os

// guild/os/fork_exec.hpp - starts a program by steps that posix_spawn cannot express: descriptors
// under chosen numbers, limits, a session with a terminal, a signal at the parent's death.
//
// Layer 2. Includes: the standard library and POSIX; Linux's clone.
// Not here: what programs use (os/spawn.hpp): paths, pipes, errors with their words.
//
// The child shares this process's memory until it has become the program, so starting costs the
// same however much memory there is. Between start and exec it makes async-signal-safe calls alone.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include <guild/config.hpp>
#include <guild/os/pipe.hpp>

namespace guild { inline namespace v0 { namespace os {

/// A descriptor of this process and the number under which the child has it.
struct passed_descriptor {
    int source = -1;
    int target = -1;
};

/// A limit of the child, by number as setrlimit takes it: RLIMIT_CPU, RLIMIT_AS, ...
///
/// units    soft, hard: the resource's own
struct resource_limit {
    int resource = 0;
    rlim_t soft = RLIM_INFINITY;
    rlim_t hard = RLIM_INFINITY;
};

/// What the child does, in this order.
struct exec_steps {
    bool new_group = false;
    bool new_session = false;
    int terminal = -1;            // becomes the controlling terminal; needs new_session
    int parent_death_signal = 0;  // sent when the thread that started it ends; 0: none
    int directory = -1;           // descriptor of where it runs
    std::vector<passed_descriptor> descriptors;  // every other one is closed
    std::vector<resource_limit> limits;
    const char* program = nullptr;
    char* const* argv = nullptr;
    char* const* environment = nullptr;
};

/// At which step a start failed.
enum class exec_stage : std::uint8_t { none, fork, session, directory, descriptors, limits, exec };

/// A process, or why there is none; a process that failed on its way is collected already.
///
/// units    code: errno's value
struct exec_start {
    pid_t pid = -1;
    exec_stage failed = exec_stage::none;
    int code = 0;
};

/// Starts a program with default signals, an empty mask and the descriptors that are listed.
///
/// threads  any
/// example  tests/os/fork_exec.cpp "fork_exec: a failing step is told with its name and code"
[[nodiscard]] exec_start fork_exec(const exec_steps& steps);

// ---- implementation ---------------------------------------------------------

namespace detail {

struct exec_report {
    int stage;
    int code;
};

// What the child works with; all memory was made before it started.
struct exec_job {
    const exec_steps* steps;
    std::vector<int> copies;  // of each source, out of the way of every target
    std::vector<int> targets_in_order;
    int report = -1;  // the pipe on which failures are told; moved out of the way as well
    int first_free = 3;
    pid_t parent = -1;
};

[[noreturn]] inline void fail_exec(const exec_job& job, exec_stage stage) noexcept {
    const exec_report told{static_cast<int>(stage), errno};
    (void)!::write(job.report, &told, sizeof told);
    ::_exit(127);
}

inline void close_range_of_descriptors(int first, int last) noexcept {
    if (first > last) {
        return;
    }
#if defined(__linux__) && defined(SYS_close_range)
    if (::syscall(SYS_close_range, static_cast<unsigned>(first), static_cast<unsigned>(last), 0U) ==
        0) {
        return;
    }
#endif
    const long limit = ::sysconf(_SC_OPEN_MAX);
    const int end = limit > 0 && limit < 1'048'576 ? static_cast<int>(limit) : 1'048'576;
    for (int fd = first; fd <= last && fd < end; ++fd) {
        ::close(fd);
    }
}

// Every source is copied above all targets first, so that no order of targets can overwrite one.
inline void place_descriptors(exec_job& job) noexcept {
    const std::vector<passed_descriptor>& list = job.steps->descriptors;
    const int report = ::fcntl(job.report, F_DUPFD_CLOEXEC, job.first_free);
    if (report < 0) {
        fail_exec(job, exec_stage::descriptors);
    }
    job.report = report;
    for (std::size_t i = 0; i < list.size(); ++i) {
        job.copies[i] = ::fcntl(list[i].source, F_DUPFD_CLOEXEC, job.first_free);
        if (job.copies[i] < 0) {
            fail_exec(job, exec_stage::descriptors);
        }
    }
    int next = 0;
    for (const int target : job.targets_in_order) {
        close_range_of_descriptors(next, target - 1);
        next = target + 1;
    }
    close_range_of_descriptors(next, job.first_free - 1);
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (::dup2(job.copies[i], list[i].target) < 0) {
            fail_exec(job, exec_stage::descriptors);
        }
    }
    // The copies go by themselves; what others of this process left open does not.
    close_range_of_descriptors(job.first_free, job.report - 1);
    close_range_of_descriptors(job.report + 1, INT32_MAX);
}

inline void enter_session(const exec_job& job) noexcept {
    const exec_steps& steps = *job.steps;
    if (steps.new_session ? ::setsid() < 0 : steps.new_group && ::setpgid(0, 0) != 0) {
        fail_exec(job, exec_stage::session);
    }
    if (steps.terminal >= 0 && ::ioctl(steps.terminal, TIOCSCTTY, 0) != 0) {
        fail_exec(job, exec_stage::session);
    }
#if defined(__linux__)
    if (steps.parent_death_signal != 0) {
        ::prctl(PR_SET_PDEATHSIG, steps.parent_death_signal, 0, 0, 0);
        if (::getppid() != job.parent) {  // it died before it could be watched
            ::_exit(127);
        }
    }
#endif
}

[[noreturn]] inline void become_program(exec_job& job) noexcept {
    const exec_steps& steps = *job.steps;
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction action{};
        action.sa_handler = SIG_DFL;
        (void)::sigaction(number, &action, nullptr);
    }
    enter_session(job);
    if (steps.directory >= 0 && ::fchdir(steps.directory) != 0) {
        fail_exec(job, exec_stage::directory);
    }
    place_descriptors(job);
    for (const resource_limit& limit : steps.limits) {
        struct ::rlimit values{};
        values.rlim_cur = limit.soft;
        values.rlim_max = limit.hard;
#if defined(__GLIBC__)
        const auto resource = static_cast<__rlimit_resource_t>(limit.resource);
#else
        const int resource = limit.resource;
#endif
        if (::setrlimit(resource, &values) != 0) {
            fail_exec(job, exec_stage::limits);
        }
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(steps.program, steps.argv, steps.environment);
    fail_exec(job, exec_stage::exec);
}

inline int exec_entry(void* job) noexcept {
    become_program(*static_cast<exec_job*>(job));
}

// A child that borrows this process's memory, on a stack of its own; elsewhere a plain fork.
inline pid_t start_borrowing(exec_job& job) {
#if defined(__linux__)
    constexpr std::size_t stack_bytes = 65'536;
    const std::unique_ptr<char[]> stack(new char[stack_bytes]);
    const auto end = reinterpret_cast<std::uintptr_t>(stack.get() + stack_bytes);
    void* const top = stack.get() + (stack_bytes - end % 16);
    return ::clone(exec_entry, top, CLONE_VM | CLONE_VFORK | SIGCHLD, &job);
#else
    const pid_t pid = ::fork();
    if (pid == 0) {
        become_program(job);
    }
    return pid;
#endif
}

inline exec_job job_of(const exec_steps& steps) {
    exec_job job;
    job.steps = &steps;
    job.parent = ::getpid();
    job.copies.resize(steps.descriptors.size(), -1);
    for (const passed_descriptor& each : steps.descriptors) {
        std::size_t at = job.targets_in_order.size();
        while (at > 0 && job.targets_in_order[at - 1] > each.target) {
            --at;
        }
        job.targets_in_order.insert(job.targets_in_order.begin() + static_cast<std::ptrdiff_t>(at),
                                    each.target);
        job.first_free = each.target >= job.first_free ? each.target + 1 : job.first_free;
    }
    return job;
}

// Nothing, when exec closed the pipe: the program runs.
inline exec_report read_report(int fd) noexcept {
    exec_report told{0, 0};
    ssize_t got = 0;
    do {
        got = ::read(fd, &told, sizeof told);
    } while (got < 0 && errno == EINTR);
    return got == static_cast<ssize_t>(sizeof told) ? told : exec_report{0, 0};
}

}  // namespace detail

inline exec_start fork_exec(const exec_steps& steps) {
    result<pipe_ends> report = make_pipe();
    if (!report) {
        return {-1, exec_stage::fork, EMFILE};
    }
    detail::exec_job job = detail::job_of(steps);
    job.report = report->write.get();
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all,
                      &before);  // no handler runs in the child's borrowed memory
    const pid_t pid = detail::start_borrowing(job);
    const int code = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    report->write.reset();
    if (pid < 0) {
        return {-1, exec_stage::fork, code};
    }
    const detail::exec_report told = detail::read_report(report->read.get());
    if (told.stage == 0) {
        return {pid, exec_stage::none, 0};
    }
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return {-1, static_cast<exec_stage>(told.stage), told.code};
}

}}}  // namespace guild::os

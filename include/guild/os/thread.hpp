// guild/os/thread.hpp - threads, mutexes and conditions over pthread, for the few places of guild
// that need one.
//
// Layer 2. Includes: pthread, base/result.hpp. Chosen over <thread> and <mutex>, which cost every
// includer far more to compile, throw when a thread cannot be had, and know no signal mask.
// Not here: processes (os/process.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <pthread.h>
#include <signal.h>
#include <time.h>

namespace guild { inline namespace v0 { namespace os {

/// A plain mutex: not recursive, never moved.
///
/// threads  any
class mutex {
public:
    mutex() noexcept = default;
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;
    ~mutex() { pthread_mutex_destroy(&handle_); }

    void acquire() noexcept { pthread_mutex_lock(&handle_); }
    [[nodiscard]] bool try_acquire() noexcept { return pthread_mutex_trylock(&handle_) == 0; }
    void release() noexcept { pthread_mutex_unlock(&handle_); }

private:
    friend class condition;
    pthread_mutex_t handle_ = PTHREAD_MUTEX_INITIALIZER;
};

/// Holds a mutex from its construction to the end of its scope.
///
/// example  tests/os/thread.cpp "lock: threads that count under one mutex lose nothing"
class lock {
public:
    explicit lock(mutex& held) noexcept : held_(held) { held_.acquire(); }
    lock(const lock&) = delete;
    lock& operator=(const lock&) = delete;
    ~lock() { held_.release(); }

private:
    friend class condition;
    mutex& held_;
};

/// Lets a thread sleep until another one says that something has changed. Time is monotonic:
/// setting the wall clock neither cuts a wait short nor stretches it.
///
/// threads  any; as with every condition, wake-ups without a cause happen: wait in a loop
class condition {
public:
    condition() noexcept;
    condition(const condition&) = delete;
    condition& operator=(const condition&) = delete;
    ~condition() { pthread_cond_destroy(&handle_); }

    void wait(lock& held) noexcept { pthread_cond_wait(&handle_, &held.held_.handle_); }

    /// Waits for a notification, at most so long.
    ///
    /// out      false when the time is over
    /// units    milliseconds; zero or less looks once and returns false
    /// example  tests/os/thread.cpp "condition: a wait ends when its time is over"
    [[nodiscard]] bool wait_for_ms(lock& held, std::int64_t time_ms) noexcept;

    void notify_one() noexcept { pthread_cond_signal(&handle_); }
    void notify_all() noexcept { pthread_cond_broadcast(&handle_); }

private:
    pthread_cond_t handle_;
};

/// A running thread. It blocks every signal, so handlers of the program run in the program's own
/// threads. Destroying or replacing a thread that was neither joined nor detached joins it.
///
/// threads  one owner
class thread {
public:
    thread() noexcept = default;
    thread(thread&& other) noexcept { swap(other); }
    thread& operator=(thread&& other) noexcept {
        thread taken(std::move(other));
        swap(taken);
        return *this;
    }
    ~thread() { join(); }

    /// Starts a thread that runs `body` once. An exception that leaves `body` ends the program.
    ///
    /// errors   resource_exhausted: no memory or no thread to be had; `body` then never runs
    /// example  tests/os/thread.cpp "thread: the body runs once and join waits for it"
    [[nodiscard]] static result<thread> start(std::function<void()> body);

    [[nodiscard]] bool is_joinable() const noexcept { return joinable_; }

    /// Waits until the body has returned. Nothing happens without a thread.
    void join() noexcept {
        if (std::exchange(joinable_, false)) {
            pthread_join(handle_, nullptr);
        }
    }

    /// Lets the thread run on without an owner.
    void detach() noexcept {
        if (std::exchange(joinable_, false)) {
            pthread_detach(handle_);
        }
    }

private:
    void swap(thread& other) noexcept {
        std::swap(handle_, other.handle_);
        std::swap(joinable_, other.joinable_);
    }

    pthread_t handle_{};
    bool joinable_ = false;
};

/// Runs `work(i)` once for every i below `count`, on at most `threads` threads, this one among
/// them; on fewer where none is to be had. Returns when all are done. `work` must not throw.
///
/// threads  `work` is called from several at once, each time with another i
/// example  tests/os/thread.cpp "for_each_index: every index once, on one thread or several"
template <class Work>
void for_each_index(std::size_t count, unsigned threads, Work&& work);

// ---- implementation ---------------------------------------------------------

namespace detail {

// A C++ function where pthread wants a C one: the same thing on every system guild knows.
inline void* run_thread_body(void* argument) noexcept {
    const std::unique_ptr<std::function<void()>> body(
        static_cast<std::function<void()>*>(argument));
    (*body)();
    return nullptr;
}

inline timespec time_of_ms(std::int64_t time_ms) noexcept {
    timespec time{};
    time.tv_sec = guild::detail::convert<time_t>(time_ms / 1000);
    time.tv_nsec = guild::detail::convert<long>(time_ms % 1000) * 1'000'000;
    return time;
}

}  // namespace detail

inline condition::condition() noexcept {
#if defined(__APPLE__)
    pthread_cond_init(&handle_, nullptr);
#else
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&handle_, &attributes);
    pthread_condattr_destroy(&attributes);
#endif
}

inline bool condition::wait_for_ms(lock& held, std::int64_t time_ms) noexcept {
    constexpr std::int64_t a_year_ms = 365ll * 24 * 3600 * 1000;
    if (time_ms <= 0) {
        return false;
    }
    const timespec span = detail::time_of_ms(time_ms < a_year_ms ? time_ms : a_year_ms);
#if defined(__APPLE__)
    return pthread_cond_timedwait_relative_np(&handle_, &held.held_.handle_, &span) != ETIMEDOUT;
#else
    timespec until{};
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += span.tv_sec;
    until.tv_nsec += span.tv_nsec;
    if (until.tv_nsec >= 1'000'000'000) {
        until.tv_nsec -= 1'000'000'000;
        ++until.tv_sec;
    }
    return pthread_cond_timedwait(&handle_, &held.held_.handle_, &until) != ETIMEDOUT;
#endif
}

inline result<thread> thread::start(std::function<void()> body) {
    auto owned = std::make_unique<std::function<void()>>(std::move(body));
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread started;
    const int code =
        pthread_create(&started.handle_, nullptr, detail::run_thread_body, owned.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (code != 0) {
        return make_error(errc::resource_exhausted,
                          "starting a thread failed (" + std::to_string(code) + ")");
    }
    owned.release();
    started.joinable_ = true;
    return result<thread>(std::move(started));
}

template <class Work>
void for_each_index(std::size_t count, unsigned threads, Work&& work) {
    std::atomic<std::size_t> next{0};
    const auto run = [&] {
        for (std::size_t i = next++; i < count; i = next++) {
            work(i);
        }
    };
    std::vector<thread> helpers;
    for (unsigned i = 1; i < threads && i < count; ++i) {
        auto helper = thread::start(run);
        if (!helper) {
            break;
        }
        helpers.push_back(std::move(*helper));
    }
    run();
    helpers.clear();  // joins them
}

}}}  // namespace guild::os

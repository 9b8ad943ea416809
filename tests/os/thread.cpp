#include <guild/os/thread.hpp>

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GUILD_TEST_SANITIZED
#endif
#endif
#if defined(GUILD_TEST_SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitizers_on = true;
#else
constexpr bool sanitizers_on = false;
#endif

std::int64_t monotonic_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

guild::os::thread must_start(std::function<void()> body) {
    auto started = guild::os::thread::start(std::move(body));
    REQUIRE(started.has_value());
    return std::move(*started);
}

}  // namespace

TEST_CASE("thread: the body runs once and join waits for it") {
    std::atomic<int> runs{0};
    guild::os::thread worker = must_start([&] {
        usleep(20'000);
        ++runs;
    });
    CHECK(worker.is_joinable());
    worker.join();
    CHECK(runs == 1);
    CHECK_FALSE(worker.is_joinable());
    worker.join();
    CHECK(runs == 1);
}

TEST_CASE("thread: its end of scope joins") {
    std::atomic<bool> done{false};
    {
        const guild::os::thread worker = must_start([&] {
            usleep(20'000);
            done = true;
        });
    }
    CHECK(done);
}

TEST_CASE("thread: moving hands the thread over, and assigning joins the one before") {
    std::atomic<int> done{0};
    guild::os::thread first = must_start([&] {
        usleep(20'000);
        ++done;
    });
    guild::os::thread second = must_start([&] { ++done; });
    first = std::move(second);
    CHECK(done >= 1);
    first.join();
    CHECK(done == 2);
}

TEST_CASE("thread: every signal is blocked in it and none is in the thread that started it") {
    sigset_t inside;
    must_start([&] { pthread_sigmask(SIG_SETMASK, nullptr, &inside); }).join();
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGCHLD, SIGALRM, SIGUSR1, SIGWINCH}) {
        CHECK(sigismember(&inside, signal) == 1);
    }
    sigset_t outside;
    pthread_sigmask(SIG_SETMASK, nullptr, &outside);
    CHECK(sigismember(&outside, SIGTERM) == 0);
}

TEST_CASE("thread: that none can be had is a result, and the body never runs") {
    if (sanitizers_on) {
        MESSAGE("skipped: sanitizers need address space of their own");
        return;
    }
    // In a process of its own, because an address space limit cannot be raised again.
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        rlimit none{};
        none.rlim_cur = none.rlim_max = 4096;
        setrlimit(RLIMIT_AS, &none);
        std::atomic<int> running{0};
        int asked = 0;
        for (; asked < 1000; ++asked) {  // stacks of threads that have ended are used up first
            auto started = guild::os::thread::start([&] {
                ++running;
                pause();
            });
            if (!started) {
                usleep(50'000);
                _exit(started.error().code == guild::errc::resource_exhausted && running == asked
                          ? 0
                          : 1);
            }
            started->detach();
        }
        _exit(2);
    }
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("lock: threads that count under one mutex lose nothing") {
    guild::os::mutex guard;
    int count = 0;
    std::vector<guild::os::thread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.push_back(must_start([&] {
            for (int k = 0; k < 20'000; ++k) {
                const guild::os::lock held(guard);
                ++count;
            }
        }));
    }
    workers.clear();
    CHECK(count == 80'000);
}

TEST_CASE("mutex: trying to take it says whether it was free") {
    guild::os::mutex guard;
    CHECK(guard.try_acquire());
    bool taken = true;
    must_start([&] { taken = guard.try_acquire(); }).join();
    CHECK_FALSE(taken);
    guard.release();
}

TEST_CASE("condition: a notification ends a wait") {
    guild::os::mutex guard;
    guild::os::condition changed;
    bool ready = false;
    const guild::os::thread worker = must_start([&] {
        usleep(10'000);
        const guild::os::lock held(guard);
        ready = true;
        changed.notify_all();
    });
    guild::os::lock held(guard);
    const std::int64_t start = monotonic_ms();
    while (!ready && monotonic_ms() - start < 10'000) {
        (void)changed.wait_for_ms(held, 10'000);
    }
    CHECK(ready);
}

TEST_CASE("condition: a wait ends when its time is over") {
    guild::os::mutex guard;
    guild::os::condition changed;
    guild::os::lock held(guard);
    const std::int64_t start = monotonic_ms();
    CHECK_FALSE(changed.wait_for_ms(held, 1050));
    const std::int64_t took = monotonic_ms() - start;
    CHECK(took >= 1045);
    CHECK(took < 3000);
    CHECK_FALSE(changed.wait_for_ms(held, 0));
    CHECK_FALSE(changed.wait_for_ms(held, -5));
}

TEST_CASE("for_each_index: every index once, on one thread or several") {
    for (const unsigned threads : {0U, 1U, 2U, 5U}) {
        std::vector<std::atomic<int>> seen(100);
        guild::os::for_each_index(seen.size(), threads, [&](std::size_t i) { ++seen[i]; });
        for (const auto& times : seen) {
            CHECK(times == 1);
        }
    }
    guild::os::for_each_index(0, 4, [](std::size_t) { FAIL("there is nothing to do"); });
}

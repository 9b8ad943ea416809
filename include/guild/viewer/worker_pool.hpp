// guild/viewer/worker_pool.hpp - a few threads that make answers, so that a slow one keeps nobody
// waiting.
//
// Layer 6. Includes: os/descriptor env thread, viewer/http request_head protocol.
// Not here: connections (viewer/server.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <guild/os/descriptor.hpp>
#include <guild/os/env.hpp>
#include <guild/os/thread.hpp>
#include <guild/viewer/http.hpp>
#include <guild/viewer/protocol.hpp>
#include <guild/viewer/request_head.hpp>

namespace guild { inline namespace v0 { namespace viewer {

using handler = std::function<response(const request&)>;

/// Threads that make answers. A request is known by the address of its connection.
///
/// threads  add(), take() and stop() from one
/// example  tests/viewer/worker_pool.cpp "worker pool: a slow answer keeps no other waiting"
class worker_pool {
public:
    struct answer {
        const void* whose = nullptr;
        sendable what;
    };

    /// in       wake: a byte tells that answers are there; not used after stop()
    worker_pool(const handler& make, const os::wake_pipe& wake)
        : state_(std::make_shared<state>(make, wake)) {}
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;
    ~worker_pool() {
        (void)stop(0);
        threads_.clear();  // joins
    }

    /// Starts at most `count` threads; with none, add() makes the answer itself.
    void start(unsigned count);

    /// Has the request answered; take() gives the answer later.
    void add(const void* whose, parsed_head head);

    /// The answers that were made since the last time.
    [[nodiscard]] std::vector<answer> take() {
        const os::lock held(state_->mutex);
        return std::exchange(state_->done, {});
    }

    /// Makes no more answers, and waits so long for those that are being made.
    ///
    /// out      false when some go on: their threads are then without an owner, end with them and
    ///          use the handler till then
    /// units    milliseconds
    /// example  tests/viewer/worker_pool.cpp "worker pool: an answer without end does not hold
    ///          stop"
    bool stop(std::int64_t time_ms);

private:
    // Outlives the pool while a thread still works.
    struct state {
        state(handler what, const os::wake_pipe& pipe) : make(std::move(what)), wake(&pipe) {}

        const handler make;
        const os::wake_pipe* wake;
        os::mutex mutex;
        os::condition has_work;
        os::condition has_ended;
        std::deque<std::pair<const void*, parsed_head>> waiting;
        std::vector<answer> done;
        std::size_t threads = 0;  // that have not ended
        bool is_ending = false;
    };

    static void work(state& of, protocol& by);
    static void deliver(state& of, answer made);

    std::shared_ptr<state> state_;
    std::vector<os::thread> threads_;
};

// ---- implementation ---------------------------------------------------------

inline void worker_pool::start(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        const std::shared_ptr<protocol> by = make_protocol();  // here: it changes signals
        auto thread = os::thread::start([state = state_, by] {
            work(*state, *by);
            const os::lock held(state->mutex);
            --state->threads;
            state->has_ended.notify_all();
        });
        if (!thread) {
            return;
        }
        const os::lock held(state_->mutex);
        ++state_->threads;
        threads_.push_back(std::move(*thread));
    }
}

inline void worker_pool::add(const void* whose, parsed_head head) {
    if (threads_.empty()) {
        const auto by = make_protocol();
        deliver(*state_, {whose, format_answer(*by, head, state_->make(head.what))});
        return;
    }
    {
        const os::lock held(state_->mutex);
        state_->waiting.emplace_back(whose, std::move(head));
    }
    state_->has_work.notify_one();
}

inline bool worker_pool::stop(std::int64_t time_ms) {
    os::lock held(state_->mutex);
    state_->is_ending = true;
    state_->has_work.notify_all();
    const std::int64_t end_ms = os::system_env.boot_time_us() / 1000 + time_ms;
    for (std::int64_t left = time_ms; left > 0 && state_->threads > 0;
         left = end_ms - os::system_env.boot_time_us() / 1000) {
        (void)state_->has_ended.wait_for_ms(held, left);
    }
    const bool is_idle = state_->threads == 0;
    for (os::thread& each : threads_) {
        if (time_ms > 0 && !is_idle) {
            each.detach();
        }
    }
    return is_idle;
}

inline void worker_pool::work(state& of, protocol& by) {
    while (true) {
        std::pair<const void*, parsed_head> next;
        {
            os::lock held(of.mutex);
            while (of.waiting.empty() && !of.is_ending) {
                of.has_work.wait(held);
            }
            if (of.is_ending) {
                return;
            }
            next = std::move(of.waiting.front());
            of.waiting.pop_front();
        }
        deliver(of, {next.first, format_answer(by, next.second, of.make(next.second.what))});
    }
}

inline void worker_pool::deliver(state& of, answer made) {
    const os::lock held(of.mutex);
    if (of.is_ending) {
        return;  // the pipe may be gone
    }
    of.done.push_back(std::move(made));
    if (of.done.size() == 1) {
        of.wake->notify(1);
    }
}

}}}  // namespace guild::viewer

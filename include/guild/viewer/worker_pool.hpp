// guild/viewer/worker_pool.hpp - a few threads that make answers, so that a slow one keeps nobody
// waiting.
//
// Layer 6. Includes: os/descriptor thread, viewer/http request_head protocol.
// Not here: connections (viewer/server.hpp).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <guild/os/descriptor.hpp>
#include <guild/os/thread.hpp>
#include <guild/viewer/http.hpp>
#include <guild/viewer/protocol.hpp>
#include <guild/viewer/request_head.hpp>

namespace guild { inline namespace v0 { namespace viewer {

using handler = std::function<response(const request&)>;

/// Threads that make answers. A request is known by the address of its connection.
///
/// threads  add() and take() from one
/// example  tests/viewer/worker_pool.cpp "worker pool: a slow answer keeps no other waiting"
class worker_pool {
public:
    struct answer {
        const void* whose = nullptr;
        sendable what;
    };

    /// in       wake: a byte tells that answers are there
    worker_pool(const handler& make, const os::wake_pipe& wake) : make_(make), wake_(wake) {}
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;
    ~worker_pool() {
        {
            const os::lock held(mutex_);
            is_ending_ = true;
        }
        has_work_.notify_all();
        threads_.clear();  // joins
    }

    /// Starts at most `count` threads; with none, add() makes the answer itself.
    void start(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            const std::shared_ptr<protocol> by = make_protocol();  // here: it changes signals
            auto thread = os::thread::start([this, by] { work(*by); });
            if (!thread) {
                return;
            }
            threads_.push_back(std::move(*thread));
        }
    }

    /// Has the request answered; take() gives the answer later.
    void add(const void* whose, parsed_head head) {
        if (threads_.empty()) {
            const auto by = make_protocol();
            deliver({whose, format_answer(*by, head, make_(head.what))});
            return;
        }
        {
            const os::lock held(mutex_);
            waiting_.emplace_back(whose, std::move(head));
        }
        has_work_.notify_one();
    }

    /// The answers that were made since the last time.
    [[nodiscard]] std::vector<answer> take() {
        const os::lock held(mutex_);
        return std::exchange(done_, {});
    }

private:
    void work(protocol& by) {
        while (true) {
            std::pair<const void*, parsed_head> next;
            {
                os::lock held(mutex_);
                while (waiting_.empty() && !is_ending_) {
                    has_work_.wait(held);
                }
                if (is_ending_) {
                    return;
                }
                next = std::move(waiting_.front());
                waiting_.pop_front();
            }
            deliver({next.first, format_answer(by, next.second, make_(next.second.what))});
        }
    }

    void deliver(answer made) {
        bool is_first = false;
        {
            const os::lock held(mutex_);
            is_first = done_.empty();
            done_.push_back(std::move(made));
        }
        if (is_first) {
            wake_.notify(1);
        }
    }

    const handler& make_;
    const os::wake_pipe& wake_;
    os::mutex mutex_;
    os::condition has_work_;
    std::deque<std::pair<const void*, parsed_head>> waiting_;
    std::vector<answer> done_;
    bool is_ending_ = false;
    std::vector<os::thread> threads_;
};

}}}  // namespace guild::viewer

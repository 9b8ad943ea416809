// guild/runs/output_buffer.hpp - the bounded memory between the thread that reads a command's
// output and those that store and show it.
//
// Layer 4. Includes: os/thread, runs/output_log.
// Not here: reading pipes and writing files (runs/supervisor.hpp).
//
// Whoever pushes never waits for a disk or a terminal. When the memory is full, what waits to be
// shown is dropped first; if that is not enough, what comes next is not stored. Both are counted,
// and told to the reader at the place where they are missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/os/thread.hpp>
#include <guild/runs/output_log.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// A piece of output on its way.
///
/// units    time_us: microseconds since 1970-01-01 UTC at which it was read
struct output_chunk {
    output_stream stream = output_stream::unknown;
    std::int64_t time_us = 0;
    std::string bytes;
};

/// The next piece for one of the two readers.
struct output_item {
    std::shared_ptr<const output_chunk> chunk;  // null: a message or a mark alone
    std::string message;              // a line for the user, in its place between the output
    std::uint64_t dropped_bytes = 0;  // output that is missing just before this item
};

/// threads  one that pushes, one that stores, one that echoes; add_message from any
/// example  tests/runs/output_buffer.cpp "output buffer: full, it drops what waits to be shown and
///          keeps what is stored"
class output_buffer {
public:
    /// units    max_bytes: of output held for both readers, a little administration included
    explicit output_buffer(std::uint64_t max_bytes = std::uint64_t{64} << 20U) noexcept
        : max_bytes_(max_bytes) {}

    /// Takes a piece of output for both readers. Waits for nothing.
    void push(output_stream stream, std::int64_t time_us, std::string_view bytes);

    /// A line for the user, shown between the output by the thread that echoes. Never dropped.
    void add_message(std::string line);

    /// Nothing is pushed any more; messages may still come until close_messages.
    void close();

    /// No message comes any more: the echo ends when all is shown.
    void close_messages();

    /// The next piece to store.
    ///
    /// out      empty when nothing came in time, or when is_stored() has become true
    /// units    wait_ms: milliseconds
    [[nodiscard]] std::optional<output_item> next_to_store(std::int64_t wait_ms);

    /// Whether everything was taken by next_to_store and no more will come.
    [[nodiscard]] bool is_stored();

    /// Waits for the next piece to show; empty at the end.
    [[nodiscard]] std::optional<output_item> next_to_echo();

    /// Shows nothing any more: pieces waiting for the echo are dropped, messages kept.
    void stop_echo();

private:
    // One reader's queue. A piece that it has taken stays counted until it asks for the next.
    struct queue {
        std::deque<output_item> items;
        std::uint64_t bytes = 0;
        std::uint64_t in_flight = 0;
        std::uint64_t dropped = 0;

        std::optional<output_item> take();
        void drop_output();
    };

    static std::uint64_t cost(const output_item& item) noexcept {
        return item.chunk ? item.chunk->bytes.size() + 256 : 0;
    }
    void put(queue& into, const output_item& item, std::uint64_t limit);

    const std::uint64_t max_bytes_;
    os::mutex mutex_;
    os::condition store_changed_;
    os::condition echo_changed_;
    queue store_;
    queue echo_;
    bool closed_ = false;
    bool messages_closed_ = false;
    bool echo_stopped_ = false;
};

// ---- implementation ---------------------------------------------------------

inline std::optional<output_item> output_buffer::queue::take() {
    bytes -= std::exchange(in_flight, 0);
    if (items.empty() && dropped == 0) {
        return std::nullopt;
    }
    output_item item;
    if (!items.empty()) {
        item = std::move(items.front());
        items.pop_front();
        in_flight = cost(item);
    } else {
        item.dropped_bytes = std::exchange(dropped, 0);  // nothing came after the loss
    }
    return item;
}

inline void output_buffer::queue::drop_output() {
    std::deque<output_item> kept;
    std::uint64_t lost = 0;
    for (output_item& item : items) {
        lost += item.dropped_bytes + (item.chunk ? item.chunk->bytes.size() : 0);
        bytes -= cost(item);
        if (!item.message.empty()) {
            item.dropped_bytes = std::exchange(lost, 0);
            kept.push_back(std::move(item));
        }
    }
    dropped += lost;
    items.swap(kept);
}

inline void output_buffer::put(queue& into, const output_item& item, std::uint64_t limit) {
    if (into.bytes + cost(item) > limit) {
        into.dropped += item.chunk->bytes.size();
        return;
    }
    into.items.push_back(item);
    into.items.back().dropped_bytes = std::exchange(into.dropped, 0);
    into.bytes += cost(item);
}

inline void output_buffer::push(output_stream stream, std::int64_t time_us,
                                std::string_view bytes) {
    output_item item;
    item.chunk =
        std::make_shared<const output_chunk>(output_chunk{stream, time_us, std::string(bytes)});
    const os::lock held(mutex_);
    if (store_.bytes + echo_.bytes + cost(item) > max_bytes_) {
        echo_.drop_output();
    }
    const std::uint64_t echo_limit = max_bytes_ - store_.bytes;
    put(store_, item, max_bytes_ - echo_.bytes);
    if (!echo_stopped_) {
        // A share is set aside, so that a stuck disk does not silence the terminal.
        put(echo_, item, echo_limit > max_bytes_ / 16 ? echo_limit : max_bytes_ / 16);
    }
    store_changed_.notify_one();
    echo_changed_.notify_one();
}

inline void output_buffer::add_message(std::string line) {
    output_item item;
    item.message = std::move(line);
    const os::lock held(mutex_);
    item.dropped_bytes = std::exchange(echo_.dropped, 0);
    echo_.items.push_back(std::move(item));
    echo_changed_.notify_one();
}

inline void output_buffer::close() {
    const os::lock held(mutex_);
    closed_ = true;
    store_changed_.notify_one();
}

inline void output_buffer::close_messages() {
    const os::lock held(mutex_);
    messages_closed_ = true;
    echo_changed_.notify_one();
}

inline std::optional<output_item> output_buffer::next_to_store(std::int64_t wait_ms) {
    os::lock held(mutex_);
    auto item = store_.take();
    if (!item && !closed_ && store_changed_.wait_for_ms(held, wait_ms)) {
        item = store_.take();
    }
    return item;
}

inline bool output_buffer::is_stored() {
    const os::lock held(mutex_);
    return closed_ && store_.items.empty() && store_.dropped == 0;
}

inline std::optional<output_item> output_buffer::next_to_echo() {
    os::lock held(mutex_);
    while (true) {
        if (auto item = echo_.take()) {
            return item;
        }
        if (messages_closed_) {
            return std::nullopt;
        }
        echo_changed_.wait(held);
    }
}

inline void output_buffer::stop_echo() {
    const os::lock held(mutex_);
    echo_stopped_ = true;
    echo_.drop_output();
    echo_.dropped = 0;
}

}}}  // namespace guild::runs

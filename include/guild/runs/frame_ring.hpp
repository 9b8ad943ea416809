// guild/runs/frame_ring.hpp - a bounded ring of logged values: any thread puts in, one takes out,
// nobody waits.
//
// Layer 4. Includes: series/point, the standard library.
// Not here: who empties it (runs/recorder.hpp).
//
// Each slot carries a sequence number that says whose turn it is: the number of the next put
// (empty), or that plus one (full). Putting takes one compare-and-swap; no thread ever holds up
// another that is not in the same slot.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <guild/config.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Values of one moment, at most `frame_values` of them.
///
/// units    step: as logged; time_us: microseconds since 1970-01-01 UTC
struct frame {
    static constexpr std::size_t most_values = 8;

    std::int64_t step = 0;
    std::int64_t time_us = 0;
    std::uint32_t count = 0;
    series::sample values[most_values];
};

/// threads  put: any; take: one at a time
/// source   D. Vyukov, "Bounded MPMC queue": sequence numbers in the slots
/// example  tests/runs/frame_ring.cpp "frame ring: four threads put, one takes, each in its own
///          order"
class frame_ring {
public:
    /// in       frames: capacity, rounded up to a power of two
    explicit frame_ring(std::size_t frames);

    /// Copies a frame in; false when the ring is full. No allocation, no system call.
    [[nodiscard]] bool put(std::int64_t step, std::int64_t time_us, const series::sample* values,
                           std::size_t count) noexcept;

    /// Takes the oldest frame out; false when there is none.
    [[nodiscard]] bool take(frame& out) noexcept;

    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

private:
    struct slot {
        std::atomic<std::uint64_t> turn{0};
        frame content;
    };

    std::size_t mask_;
    std::unique_ptr<slot[]> slots_;
    alignas(64) std::atomic<std::uint64_t> next_put_{0};
    alignas(64) std::uint64_t next_take_ = 0;
};

// ---- implementation ---------------------------------------------------------

inline frame_ring::frame_ring(std::size_t frames) : mask_(1) {
    while (mask_ < frames) {
        mask_ *= 2;
    }
    slots_ = std::make_unique<slot[]>(mask_);
    for (std::size_t i = 0; i < mask_; ++i) {
        slots_[i].turn.store(i, std::memory_order_relaxed);
    }
    --mask_;
}

inline bool frame_ring::put(std::int64_t step, std::int64_t time_us, const series::sample* values,
                            std::size_t count) noexcept {
    std::uint64_t at = next_put_.load(std::memory_order_relaxed);
    while (true) {
        slot& here = slots_[guild::detail::convert<std::size_t>(at & mask_)];
        const std::uint64_t turn = here.turn.load(std::memory_order_acquire);
        if (turn < at) {
            return false;  // still holds a frame from one round ago
        }
        if (turn == at && next_put_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) {
            here.content.step = step;
            here.content.time_us = time_us;
            here.content.count = static_cast<std::uint32_t>(std::min(count, frame::most_values));
            std::copy_n(values, here.content.count, here.content.values);
            here.turn.store(at + 1, std::memory_order_release);
            return true;
        }
        if (turn > at) {
            at = next_put_.load(std::memory_order_relaxed);
        }
    }
}

inline bool frame_ring::take(frame& out) noexcept {
    slot& here = slots_[guild::detail::convert<std::size_t>(next_take_ & mask_)];
    if (here.turn.load(std::memory_order_acquire) != next_take_ + 1) {
        return false;
    }
    out.step = here.content.step;
    out.time_us = here.content.time_us;
    out.count = here.content.count;
    std::copy_n(here.content.values, out.count, out.values);
    here.turn.store(next_take_ + mask_ + 1, std::memory_order_release);
    ++next_take_;
    return true;
}

}}}  // namespace guild::runs

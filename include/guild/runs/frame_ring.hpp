// guild/runs/frame_ring.hpp - a bounded ring of logged values: any thread puts in, one takes out,
// nobody waits.
//
// Layer 4. Includes: series/point, the standard library.
// Not here: who empties it (runs/recorder.hpp).
//
// Each slot is one line of the processor's cache and carries a sequence number that says whose turn
// it is: the number of the next put (empty), or that plus one (full). A frame takes as many slots
// as its values need, side by side. Putting takes one compare-and-swap; no thread ever holds up
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

/// Values of one moment, at most `most_values` of them.
///
/// units    step: as logged; time_us: microseconds since 1970-01-01 UTC
struct frame {
    static constexpr std::size_t most_values = 24;

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
    /// How many values a slot holds.
    static constexpr std::size_t slot_values = 3;

    /// in       slots: capacity, rounded up to a power of two, at least two of the largest frames
    explicit frame_ring(std::size_t slots);

    /// Copies a frame in; false when the ring has no room for it. No allocation, no system call.
    ///
    /// in       count: 1 to frame::most_values; value_at(i): the i-th of them, a series::sample
    template <class ValueAt>
    [[nodiscard]] bool put(std::int64_t step, std::int64_t time_us, std::size_t count,
                           ValueAt&& value_at) noexcept;

    [[nodiscard]] bool put(std::int64_t step, std::int64_t time_us, const series::sample* values,
                           std::size_t count) noexcept {
        return put(step, time_us, count, [values](std::size_t i) noexcept { return values[i]; });
    }

    /// Takes the oldest frame out; false when there is none.
    [[nodiscard]] bool take(frame& out) noexcept;

    /// In slots.
    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

private:
    // Of the slots of a frame the first tells step, time and count, each of them its own values.
    struct alignas(64) slot {
        std::atomic<std::uint64_t> turn{0};
        std::int64_t step = 0;
        std::int64_t time_us = 0;
        std::uint16_t count = 0;
        std::uint16_t integers = 0;  // bit i: value i is an integer
        std::uint32_t ids[slot_values] = {};
        std::uint64_t bits[slot_values] = {};
    };
    static_assert(sizeof(slot) == 64, "a slot is one line of the cache");

    static constexpr std::size_t slots_of(std::size_t values) noexcept {
        return (values + slot_values - 1) / slot_values;
    }
    slot& slot_at(std::uint64_t number) noexcept {
        return slots_[guild::detail::convert<std::size_t>(number) & mask_];
    }
    static void prepare(slot& next) noexcept;
    template <class ValueAt>
    static void fill(slot& to, std::size_t from, std::size_t count, ValueAt& value_at) noexcept;

    std::size_t mask_;
    std::unique_ptr<slot[]> slots_;
    alignas(64) std::atomic<std::uint64_t> next_put_{0};
    alignas(64) std::uint64_t next_take_ = 0;
};

// ---- implementation ---------------------------------------------------------

inline frame_ring::frame_ring(std::size_t slots) : mask_(2 * slots_of(frame::most_values)) {
    while (mask_ < slots) {
        mask_ *= 2;
    }
    slots_ = std::make_unique<slot[]>(mask_);
    for (std::size_t i = 0; i < mask_; ++i) {
        slots_[i].turn.store(i, std::memory_order_relaxed);
    }
    --mask_;
}

// Fetches the line of a slot that will be written soon: the last to write to it was the thread that
// takes out, on another processor.
inline void frame_ring::prepare(slot& next) noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
    asm volatile("prefetchw %0" : : "m"(next));  // the built-in one asks for it to be read
#elif defined(__GNUC__)
    __builtin_prefetch(&next, 1);
#else
    (void)next;
#endif
}

template <class ValueAt>
void frame_ring::fill(slot& to, std::size_t from, std::size_t count, ValueAt& value_at) noexcept {
    std::uint32_t integers = 0;
    for (std::size_t i = 0; i < slot_values && from + i < count; ++i) {
        const series::sample value = value_at(from + i);
        to.ids[i] = value.id;
        to.bits[i] = value.value.bits();
        integers |= (value.value.is_integer() ? 1U : 0U) << i;
    }
    to.integers = static_cast<std::uint16_t>(integers);
}

template <class ValueAt>
bool frame_ring::put(std::int64_t step, std::int64_t time_us, std::size_t count,
                     ValueAt&& value_at) noexcept {
    const std::uint64_t more = slots_of(count) - 1;  // slots behind the first
    std::uint64_t at = next_put_.load(std::memory_order_relaxed);
    while (true) {
        // They are emptied one after another: when the last one is empty, all are.
        const std::uint64_t turn = slot_at(at + more).turn.load(std::memory_order_acquire);
        if (turn < at + more) {
            return false;  // still holds a frame from one round ago
        }
        if (turn == at + more &&
            next_put_.compare_exchange_weak(at, at + more + 1, std::memory_order_relaxed)) {
            break;
        }
        if (turn > at + more) {
            at = next_put_.load(std::memory_order_relaxed);
        }
    }
    prepare(slot_at(at + more + 16));
    for (std::uint64_t i = more; i > 0; --i) {
        fill(slot_at(at + i), guild::detail::convert<std::size_t>(i) * slot_values, count,
             value_at);
    }
    slot& first = slot_at(at);
    fill(first, 0, count, value_at);
    first.step = step;
    first.time_us = time_us;
    first.count = static_cast<std::uint16_t>(count);
    first.turn.store(at + 1, std::memory_order_release);
    return true;
}

inline bool frame_ring::take(frame& out) noexcept {
    const slot& first = slot_at(next_take_);
    if (first.turn.load(std::memory_order_acquire) != next_take_ + 1) {
        return false;
    }
    out.step = first.step;
    out.time_us = first.time_us;
    out.count = first.count;
    for (std::size_t i = 0; i < out.count; i += slot_values) {
        slot& here = slot_at(next_take_);
        for (std::size_t k = 0; k < slot_values && i + k < out.count; ++k) {
            const bool is_integer = (std::uint32_t{here.integers} >> k & 1U) != 0;
            out.values[i + k] = {here.ids[k],
                                 series::number::from_bits(is_integer ? series::number_kind::integer
                                                                      : series::number_kind::real,
                                                           here.bits[k])};
        }
        here.turn.store(next_take_ + mask_ + 1, std::memory_order_release);
        ++next_take_;
    }
    return true;
}

}}}  // namespace guild::runs

// guild/runs/event_time.hpp - the times of events, which are doubles of seconds, in microseconds.
//
// Layer 4. Includes: the standard library only.
// Not here: times as text (base/time.hpp).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace guild { inline namespace v0 { namespace runs {

/// The nearest microsecond.
///
/// in       seconds since 1970-01-01 UTC
/// out      microseconds since then; empty for NaN and for what 64 bits do not hold
/// example  tests/runs/event_time.cpp "event time: microseconds come back for every year up to
///          2242"
[[nodiscard]] std::optional<std::int64_t> find_event_time_us(double seconds) noexcept;

/// The nearest double of seconds that find_event_time_us() reads.
///
/// out      read back as the same microsecond up to 2^33 seconds from 1970, the year 2242; beyond
///          that a double has no room for microseconds: up to half of its last digit is lost, one
///          microsecond until 2514, a millisecond at the limits of 64 bits
[[nodiscard]] double to_event_time(std::int64_t time_us) noexcept;

// ---- implementation ---------------------------------------------------------

inline std::optional<std::int64_t> find_event_time_us(double seconds) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr double limit = 9'223'372'036'855.0;
    if (!(seconds > -limit && seconds < limit)) {
        return std::nullopt;
    }
    // Whole seconds and the rest are both exact, so that there is one rounding and not three.
    const double whole = std::trunc(seconds);
    const auto rest_us = static_cast<std::int64_t>(std::nearbyint((seconds - whole) * 1e6));
    const std::int64_t whole_us = static_cast<std::int64_t>(whole) * 1'000'000;
    if (rest_us > 0 ? whole_us > most - rest_us : whole_us < least - rest_us) {
        return std::nullopt;
    }
    return whole_us + rest_us;
}

inline double to_event_time(std::int64_t time_us) noexcept {
    constexpr std::int64_t exact = std::int64_t{1} << 53U;
    if (time_us >= -exact && time_us <= exact) {
        return static_cast<double>(time_us) / 1e6;
    }
    const double seconds =
        static_cast<double>(time_us / 1'000'000) + static_cast<double>(time_us % 1'000'000) / 1e6;
    return find_event_time_us(seconds) ? seconds : std::nextafter(seconds, 0.0);
}

}}}  // namespace guild::runs

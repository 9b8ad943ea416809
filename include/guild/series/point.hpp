// guild/series/point.hpp - the values of series storage: a number, a point, a summary.
//
// Layer 3. Includes: base.
// Not here: bytes (series/format.hpp); reductions of many points (series/reduce.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include <guild/base/bytes.hpp>

namespace guild { inline namespace v0 { namespace series {

enum class number_kind : std::uint8_t { real, integer };

/// A double or an int64, kept bit for bit: NaN payloads, infinities and -0 included.
///
/// example  tests/series/point.cpp "number: equal means equal kind and equal bits"
class number {
public:
    constexpr number() noexcept = default;

    template <class Value, std::enable_if_t<std::is_floating_point_v<Value>, int> = 0>
    number(Value value) noexcept  // NOLINT: a number is what it is made of
        : bits_(double_bits(static_cast<double>(value))) {}

    template <class Value, std::enable_if_t<std::is_integral_v<Value>, int> = 0>
    constexpr number(Value value) noexcept  // NOLINT
        : bits_(static_cast<std::uint64_t>(value)), kind_(number_kind::integer) {
        static_assert(std::is_signed_v<Value> || sizeof(Value) < 8,
                      "an int64 cannot hold every such value: convert it first");
    }

    [[nodiscard]] static constexpr number from_bits(number_kind kind, std::uint64_t bits) noexcept {
        number made;
        made.bits_ = bits;
        made.kind_ = kind;
        return made;
    }

    [[nodiscard]] constexpr number_kind kind() const noexcept { return kind_; }
    [[nodiscard]] constexpr bool is_integer() const noexcept {
        return kind_ == number_kind::integer;
    }

    /// The 64 bits of the double, or of the two's complement integer.
    [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }

    /// The value; integers over 2^53 are rounded to the nearest double.
    [[nodiscard]] double as_double() const noexcept {
        return is_integer() ? static_cast<double>(as_int64()) : bits_double(bits_);
    }

    /// The value of a number of kind integer.
    [[nodiscard]] constexpr std::int64_t as_int64() const noexcept {
        return static_cast<std::int64_t>(bits_);
    }

    friend constexpr bool operator==(const number& a, const number& b) noexcept {
        return a.kind_ == b.kind_ && a.bits_ == b.bits_;
    }
    friend constexpr bool operator!=(const number& a, const number& b) noexcept {
        return !(a == b);
    }

private:
    std::uint64_t bits_ = 0;
    number_kind kind_ = number_kind::real;
};

/// Whether `a` is less than `b`; two integers are compared exactly, NaN is less than nothing.
[[nodiscard]] bool is_less(const number& a, const number& b) noexcept;

/// One value of one series.
///
/// units    step: as logged; time_us: microseconds since 1970-01-01 UTC
struct point {
    std::int64_t step = 0;
    std::int64_t time_us = 0;
    number value;

    friend bool operator==(const point& a, const point& b) noexcept {
        return a.step == b.step && a.time_us == b.time_us && a.value == b.value;
    }
    friend bool operator!=(const point& a, const point& b) noexcept { return !(a == b); }
};

/// One value to be logged: the number that writer::series() gave for its key, and the value.
struct sample {
    std::uint32_t id = 0;
    number value;
};

/// A series at a glance.
///
/// out      min, max: over finite values, NaN when there are none; first, last: in order of writing
struct series_summary {
    std::string key;
    std::uint64_t count = 0;
    std::uint64_t nan = 0;  // how many values are NaN
    std::uint64_t inf = 0;  // how many are infinite
    point first;
    point last;
    number min = std::numeric_limits<double>::quiet_NaN();
    number max = std::numeric_limits<double>::quiet_NaN();
    std::int64_t min_step = 0;
    std::int64_t max_step = 0;

    [[nodiscard]] bool has_finite() const noexcept { return count > nan + inf; }

    /// Counts one more point, the last so far.
    void add(const point& next) noexcept;

    /// Counts the points of `later`, which come after all of this one's.
    void add(const series_summary& later) noexcept;
};

// ---- implementation ---------------------------------------------------------

inline bool is_less(const number& a, const number& b) noexcept {
    if (a.is_integer() && b.is_integer()) {
        return a.as_int64() < b.as_int64();
    }
    return a.as_double() < b.as_double();
}

inline void series_summary::add(const point& next) noexcept {
    const double value = next.value.as_double();
    if (std::isfinite(value)) {
        if (!has_finite() || is_less(next.value, min)) {
            min = next.value;
        }
        if (!has_finite() || is_less(max, next.value)) {
            max = next.value;
        }
    } else {
        (std::isnan(value) ? nan : inf) += 1;
    }
    if (count == 0) {
        first = next;
        min_step = max_step = next.step;
    }
    min_step = std::min(min_step, next.step);
    max_step = std::max(max_step, next.step);
    last.step = next.step;  // one by one: a copy of what was just put together waits for its parts
    last.time_us = next.time_us;
    last.value = next.value;
    ++count;
}

inline void series_summary::add(const series_summary& later) noexcept {
    if (later.count == 0) {
        return;
    }
    if (later.has_finite()) {
        min = has_finite() && !is_less(later.min, min) ? min : later.min;
        max = has_finite() && !is_less(max, later.max) ? max : later.max;
    }
    min_step = count == 0 ? later.min_step : std::min(min_step, later.min_step);
    max_step = count == 0 ? later.max_step : std::max(max_step, later.max_step);
    first = count == 0 ? later.first : first;
    last = later.last;
    count += later.count;
    nan += later.nan;
    inf += later.inf;
}

}}}  // namespace guild::series

// tests/support/random_numbers.hpp - numbers from a seed, those that break things among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include <guild/series/point.hpp>

namespace guild_test {

/// The same numbers from the same seed on every machine (splitmix64).
class random_numbers {
public:
    explicit random_numbers(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return mixed ^ (mixed >> 31U);
    }

    /// From 0 to `end` - 1.
    std::uint64_t below(std::uint64_t end) { return next() % end; }

    /// True once in `times`.
    bool once_in(std::uint64_t times) { return below(times) == 0; }

    /// Any int64, the limits and small ones more often than others.
    std::int64_t integer() {
        using limits = std::numeric_limits<std::int64_t>;
        switch (below(8)) {
        case 0:
            return limits::max() - static_cast<std::int64_t>(below(2));
        case 1:
            return limits::min() + static_cast<std::int64_t>(below(2));
        case 2:
            return (std::int64_t{1} << 53U) + static_cast<std::int64_t>(below(3)) - 1;
        case 3:
            return static_cast<std::int64_t>(next());
        case 4:
            return static_cast<std::int64_t>(std::int32_t{-1}) -
                   static_cast<std::int64_t>(below(3));
        default:
            return static_cast<std::int64_t>(below(1000));
        }
    }

    /// Any double or integer: NaN with and without a payload, infinities, -0, denormals, limits.
    guild::series::number number() {
        using guild::series::number_kind;
        static constexpr std::uint64_t odd_bits[] = {
            0x7FF8000000000000U, 0xFFF8000000000000U, 0x7FF0000000000001U, 0xFFF0DEADBEEF0001U,
            0x7FF0000000000000U, 0xFFF0000000000000U, 0x8000000000000000U, 0x0000000000000000U,
            0x0000000000000001U, 0x800FFFFFFFFFFFFFU, 0x7FEFFFFFFFFFFFFFU, 0x36A0000000000000U,
            0x47EFFFFFE0000000U, 0x7FF8000020000000U, 0x7FF4000000000000U, 0x4340000000000001U};
        switch (below(6)) {
        case 0:
            return guild::series::number::from_bits(number_kind::real, odd_bits[below(16)]);
        case 1:
            return guild::series::number::from_bits(number_kind::real, next());
        case 2:
            return integer();
        case 3:
            return static_cast<float>(below(1U << 24U)) / 1024.0F;
        default:
            return static_cast<double>(below(1'000'000)) / 1000.0;
        }
    }

private:
    std::uint64_t state_;
};

/// What the environment says, or `otherwise`.
inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace guild_test

// examples/mnist/random.hpp - random numbers that are the same on every machine for the same seed.
//
// The standard library's engines are fixed by the standard, its distributions are not: two
// libraries draw different normals from one seed. A trainer that is to be repeated needs both
// fixed.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace mnist {

/// A small generator: SplitMix64 (Steele, Lea, Flood 2014), one 64-bit state, any seed is a good
/// one.
class random_source {
public:
    explicit random_source(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t bits() noexcept {
        std::uint64_t mixed = (state_ += 0x9E3779B97F4A7C15U);
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return mixed ^ (mixed >> 31U);
    }

    /// A number in [0, 1), all 53 bits of a double used.
    double uniform() noexcept { return static_cast<double>(bits() >> 11U) * 0x1p-53; }

    double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }

    /// A whole number in [0, bound), bound at most 2^32; the bias of the plain remainder is below
    /// bound / 2^32.
    std::size_t below(std::size_t bound) noexcept {
        const auto drawn = static_cast<std::uint32_t>(bits() >> 32U);
        return drawn % bound;
    }

    /// A normal number with mean 0 and the given standard deviation (Box and Muller 1958).
    double normal(double deviation) noexcept {
        const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
        return deviation * radius * std::cos(6.283185307179586 * uniform());
    }

private:
    std::uint64_t state_;
};

}  // namespace mnist

// tests/bench/curves.hpp - training_curves: what a trainer of a classifier logs, made up.
//
// Ten values a frame, one frame every ten steps, for as many frames as are asked for:
//
//   train/loss              decays as 1/sqrt(step) towards a floor, 12 % noise of a batch
//   train/auxiliary_loss    the same, slower and larger, with noise of its own
//   train/weight_decay      falls smoothly, noise of 1e-5
//   train/accuracy          k/128 of a batch, around 1 - loss/3
//   train/top5_accuracy     k/128, above that
//   validation/accuracy     k/10000, a new value every 40 frames (an epoch), repeated between
//   train/learning_rate     500 frames of linear warm-up, then a cosine to zero at the last frame
//   train/epoch             a whole number
//   train/gradient_norm     follows the loss, noise with a heavy upper tail
//   train/images_per_second around 1500, out of the time that the ten steps took
//
// All are single precision, as trainers compute them: most bits of five of the ten are noise, and
// two of ten repeat the value before. The clock shows microseconds: ten steps take 0.83 s within
// 3 % or so, one frame in 40 takes 2 s more (validation). Deterministic: + - * / and square roots
// only, so one seed gives the same bytes wherever multiplication and addition are not fused.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace bench {

inline constexpr std::size_t curve_count = 10;

inline constexpr std::array<const char*, curve_count> curve_names = {
    "train/loss",          "train/auxiliary_loss",   "train/weight_decay",  "train/accuracy",
    "train/top5_accuracy", "validation/accuracy",    "train/learning_rate", "train/epoch",
    "train/gradient_norm", "train/images_per_second"};

/// units    time_us: microseconds since 1970-01-01 UTC
struct curve_frame {
    std::int64_t step = 0;
    std::int64_t time_us = 0;
    std::array<float, curve_count> values{};
};

class training_curves {
public:
    /// in       frames: how many the whole training has; seed: any
    training_curves(std::int64_t frames, std::uint64_t seed) : random_(seed) {
        const double turn = 3.14159265358979323846 / static_cast<double>(frames + 1);
        // Cosine and sine of one small angle by their series; powers of it follow by rotation.
        rotate_cos_ = 1 - turn * turn / 2 * (1 - turn * turn / 12);
        rotate_sin_ = turn * (1 - turn * turn / 6 * (1 - turn * turn / 20));
    }

    [[nodiscard]] curve_frame next();

private:
    // Uniform in [0, 1): the upper bits of splitmix64.
    double uniform() {
        random_ += 0x9E3779B97F4A7C15U;
        std::uint64_t mixed = random_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return static_cast<double>((mixed ^ (mixed >> 31U)) >> 11U) / 9007199254740992.0;
    }
    // Close enough to a normal distribution of variance 1: four uniform ones.
    double normal() {
        double sum = -2;
        for (int i = 0; i < 4; ++i) {
            sum += uniform();
        }
        return sum * 1.7320508075688772;
    }
    // How many of `all` are right, when each is with `chance`: k/all.
    float share(double chance, double all) {
        const double spread = std::sqrt(all * chance * (1 - chance));
        const double right = std::floor(all * chance + spread * normal() + 0.5);
        return static_cast<float>(std::fmin(std::fmax(right, 0), all) / all);
    }
    double learning_rate();
    double seconds_of_frame(bool is_validated);

    static constexpr std::int64_t epoch_frames = 40;

    std::uint64_t random_;
    std::int64_t frame_ = 0;
    std::int64_t time_us_ = 1'700'000'000'000'000;
    double cos_ = 1;
    double sin_ = 0;
    double rotate_cos_ = 1;
    double rotate_sin_ = 0;
    float validated_ = 0;
};

// ---- implementation ---------------------------------------------------------

inline double training_curves::learning_rate() {
    const double turned = cos_ * rotate_cos_ - sin_ * rotate_sin_;
    sin_ = cos_ * rotate_sin_ + sin_ * rotate_cos_;
    cos_ = turned;
    constexpr double warm_up = 500;
    const double ramp = std::fmin(static_cast<double>(frame_ + 1) / warm_up, 1);
    return 0.1 * ramp * (1 + cos_) / 2;
}

inline double training_curves::seconds_of_frame(bool is_validated) {
    const double jitter = normal();
    const double slow = uniform() < 0.02 ? uniform() * 0.3 : 0;  // the machine does something else
    return 0.83 * (1 + 0.01 * jitter) + slow + (is_validated ? 2 + 0.05 * normal() : 0);
}

inline curve_frame training_curves::next() {
    curve_frame made;
    const auto at = static_cast<double>(frame_);
    const double falls = 1 / std::sqrt(1 + at / 100);
    const double trend = 0.15 + 2.2 * falls;
    const double loss = trend * (1 + 0.12 * normal());
    const double chance = std::fmin(std::fmax(1 - loss / 3, 0.05), 0.995);
    const bool is_validated = frame_ % epoch_frames == 0;
    if (is_validated) {
        validated_ = share(std::fmin(std::fmax(1 - trend / 2.5, 0.1), 0.99), 10000);
    }
    const double seconds = seconds_of_frame(is_validated);
    const double tail = normal();
    made.step = frame_ * 10;
    made.time_us = time_us_ += static_cast<std::int64_t>(seconds * 1e6);
    made.values = {
        static_cast<float>(loss),
        static_cast<float>(4 * (0.3 + 1 / std::sqrt(1 + at / 400)) * (1 + 0.08 * normal())),
        static_cast<float>(0.02 * (1 + falls) * (1 + 1e-5 * normal())),
        share(chance, 128),
        share(1 - (1 - chance) * 0.4, 128),
        validated_,
        static_cast<float>(learning_rate()),
        static_cast<float>(frame_ / epoch_frames),
        static_cast<float>((0.4 + trend) * (1 + 0.2 * normal() + 0.1 * tail * tail * tail * tail)),
        static_cast<float>(1280 / (seconds - (is_validated ? 2 : 0)))};
    ++frame_;
    return made;
}

}  // namespace bench

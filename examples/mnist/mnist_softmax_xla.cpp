// Trains softmax regression on MNIST through vectorised code, and measures how much faster that is
// than plain loops.
//
// The tutorial's second model: the same as mnist_with_summaries.cpp, computed in another way.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <guild/os/env.hpp>

#include "softmax.hpp"
#include "trainer.hpp"

namespace {

/// Trains for one step.
///
/// out      time it took, in microseconds
template <class Model>
std::int64_t timed_step(Model& model, const mnist::batch& images, double learning_rate) {
    const std::int64_t start_us = guild::os::system_env.boot_time_us();
    (void)model.train(images, learning_rate);
    return guild::os::system_env.boot_time_us() - start_us;
}

double median(std::vector<std::int64_t> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return static_cast<double>(*middle);
}

/// Runs both forms of the model side by side for some steps and prints how their times compare.
void report_speed_up(mnist::session& run) {
    mnist::plain_softmax plain(7);
    mnist::vector_softmax vectorised(7);
    std::vector<std::int64_t> plain_us;
    std::vector<std::int64_t> vectorised_us;
    for (int i = 0; i < 25; ++i) {
        const mnist::batch images = run.next_batch(100);
        plain_us.push_back(timed_step(plain, images, run.flags().learning_rate));
        vectorised_us.push_back(timed_step(vectorised, images, run.flags().learning_rate));
    }
    double difference = 0;
    for (std::size_t pixel = 0; pixel < mnist::image_pixels; ++pixel) {
        for (std::size_t c = 0; c < mnist::class_count; ++c) {
            difference =
                std::max(difference, std::abs(static_cast<double>(plain.weight(pixel, c)) -
                                              static_cast<double>(vectorised.weight(pixel, c))));
        }
    }
    std::printf("Speed-up: %.1f (a step takes %.3f ms, with plain loops %.3f ms; weights differ by "
                "at most %.2g)\n",
                median(plain_us) / std::max(median(vectorised_us), 1.0),
                median(vectorised_us) / 1000, median(plain_us) / 1000, difference);
}

void train(mnist::session& run) {
    mnist::vector_softmax model(7);
    mnist::random_source random(5);
    for (std::int64_t step = 0; step < run.flags().max_steps; ++step) {
        if (step % 10 == 0) {
            run.test(step, [&model](const mnist::batch& images) { return model.evaluate(images); });
        } else {
            mnist::batch images = run.next_batch(100);
            mnist::drop_pixels(images, run.flags().dropout, random);
            run.log_train(step, model.train(images, run.flags().learning_rate));
        }
    }
    report_speed_up(run);
}

}  // namespace

int main(int argc, char** argv) {
    return mnist::trainer_main(argc, argv, {}, train);
}

// Trains softmax regression on MNIST, with plain loops, and writes summaries that guild and
// TensorBoard read.
//
// The tutorial's first model. To write a trainer of your own, copy this file and put your model
// into the loop.
#include <cstdint>

#include "softmax.hpp"
#include "trainer.hpp"

namespace {

void train(mnist::session& run) {
    mnist::plain_softmax model(7);
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
}

}  // namespace

int main(int argc, char** argv) {
    return mnist::trainer_main(argc, argv, {}, train);
}

// Trains a convolutional network on MNIST with Adam, on two threads, and writes summaries.
//
// The tutorial's deep model. The network is in deep.hpp, the layers that it is made of in
// layers.hpp.
#include <cstdint>

#include "deep.hpp"
#include "trainer.hpp"

namespace {

void train(mnist::session& run) {
    mnist::deep_network model(7);
    for (std::int64_t step = 0; step < run.flags().max_steps; ++step) {
        if (step % 10 == 0) {
            run.test(step, [&model](const mnist::batch& images) { return model.evaluate(images); });
        } else {
            const mnist::batch images = run.next_batch(100);
            run.log_train(step,
                          model.train(images, run.flags().learning_rate, run.flags().dropout));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    mnist::trainer_flags defaults;
    defaults.learning_rate = 0.001;
    defaults.dropout = 0.5;
    return mnist::trainer_main(argc, argv, defaults, train);
}

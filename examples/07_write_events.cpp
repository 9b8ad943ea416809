// Writes an event file that TensorBoard reads: hyperparameters, scalars, a histogram, a text.
//
//     07_write_events DIRECTORY
//
// It prints the file's name; `tensorboard --logdir DIRECTORY` shows what is in it, and so does
// `guild events DIRECTORY`.
#include <cmath>
#include <cstdio>
#include <guild/guild.hpp>
#include <vector>

namespace tf = guild::tfevents;

int main(int argc, char** argv) {
    auto made = tf::writer::create(argc > 1 ? argv[1] : "logs");
    if (!made) {
        std::fprintf(stderr, "%s\n", guild::to_string(made.error()).c_str());
        return 1;
    }
    tf::writer& log = *made;
    tf::hparams chosen;
    chosen.values = {{"lr", 0.1}, {"batch", 32}, {"optimizer", "sgd"}};
    log.add_hparams(chosen);
    std::vector<double> weights(100);
    for (int step = 0; step < 5; ++step) {
        log.add_scalar("train/loss", step, 1.0 / (1 + step));
        for (std::size_t i = 0; i < weights.size(); ++i) {
            weights[i] = std::sin(static_cast<double>(i)) * step;
        }
        log.add_histogram("weights", step, tf::make_histogram(weights));
    }
    log.add_text("note", 4, "It **learns**.");
    if (const auto closed = log.close(); !closed) {
        std::fprintf(stderr, "%s\n", guild::to_string(closed.error()).c_str());
        return 1;
    }
    std::printf("%s\n", log.path().c_str());
    return 0;
}

// examples/mnist/trainer.hpp - what every trainer of this directory needs around its training loop.
//
// A session holds the flags, the images and the event files. The loop itself, and the model, are
// the program's own: mnist_with_summaries.cpp is the shortest, and the one to start from.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/tfevents/writer.hpp>

#include "arguments.hpp"
#include "batch.hpp"
#include "dataset.hpp"

namespace mnist {

/// The flags that all trainers have; the values here are the defaults of the softmax models.
struct trainer_flags {
    bool fake_data = false;
    std::int64_t max_steps = 1000;
    double learning_rate = 0.5;
    double dropout = 0.9;
    std::string data_dir = "data";
    std::string log_dir = "logs";
};

/// The command line that fills them.
arguments make_arguments(const std::string& program, const trainer_flags& defaults);

/// The flags out of a command line that was parsed.
///
/// errors   bad_value
guild::result<trainer_flags> read_flags(const arguments& given);

/// One training: flags, batches to train on, and two event files, `train` and `test` below log_dir.
class session {
public:
    static guild::result<session> open(const trainer_flags& flags, dataset images);

    const trainer_flags& flags() const noexcept { return flags_; }

    /// The next images to train on, in an order that depends on nothing but the data.
    batch next_batch(std::size_t count) { return batches_.next(count); }

    /// Records the score of one training step.
    void log_train(std::int64_t step, const score& reached) { add(train_, step, reached); }

    /// Scores all test images by `evaluate(batch)`, records and prints the result.
    template <class Evaluate>
    void test(std::int64_t step, Evaluate evaluate);

    /// Ends the event files.
    ///
    /// errors   the first failure to write one; training went on without it
    guild::result<void> close();

private:
    session(const trainer_flags& flags, dataset images, guild::tfevents::writer train,
            guild::tfevents::writer test)
        : flags_(flags), images_(std::make_unique<dataset>(std::move(images))),
          batches_(images_->train, 1), train_(std::move(train)), test_(std::move(test)) {}

    static void add(guild::tfevents::writer& events, std::int64_t step, const score& reached) {
        events.add_scalar("accuracy_1", step, reached.accuracy);
        events.add_scalar("cross_entropy_1", step, reached.cross_entropy);
    }

    trainer_flags flags_;
    std::unique_ptr<dataset> images_;
    shuffled_batches batches_;
    guild::tfevents::writer train_;
    guild::tfevents::writer test_;
};

/// The main function of a trainer: reads flags and data, calls `train(session&)`, and reports what
/// goes wrong.
///
/// out      exit code: 0; 1 when data or event files fail; 2 for flags that are wrong
template <class Train>
int trainer_main(int argc, char** argv, const trainer_flags& defaults, Train train);

// ---- implementation ---------------------------------------------------------

inline arguments make_arguments(const std::string& program, const trainer_flags& defaults) {
    return arguments(
        program,
        {{"fake_data", "If true, uses fake data for unit testing.",
          defaults.fake_data ? "true" : "false", true},
         {"max_steps", "Number of steps to run trainer.", std::to_string(defaults.max_steps)},
         {"learning_rate", "Initial learning rate", guild::format_double(defaults.learning_rate)},
         {"dropout", "Keep probability for training dropout.",
          guild::format_double(defaults.dropout)},
         {"data_dir", "Directory for storing input data", defaults.data_dir},
         {"log_dir", "Summaries log directory", defaults.log_dir}});
}

inline guild::result<trainer_flags> read_flags(const arguments& given) {
    const auto fake_data = given.boolean("fake_data");
    const auto max_steps = given.integer("max_steps", 0);
    const auto learning_rate =
        given.number("learning_rate", 0, std::numeric_limits<double>::infinity());
    const auto dropout = given.number("dropout", 0, 1);
    if (!fake_data) {
        return fake_data.error();
    }
    if (!max_steps) {
        return max_steps.error();
    }
    if (!learning_rate) {
        return learning_rate.error();
    }
    if (!dropout) {
        return dropout.error();
    }
    return trainer_flags{
        *fake_data,           *max_steps, *learning_rate, *dropout, given.text("data_dir"),
        given.text("log_dir")};
}

inline guild::result<session> session::open(const trainer_flags& flags, dataset images) {
    auto train = guild::tfevents::writer::create(guild::join_path(flags.log_dir, "train"));
    if (!train) {
        return std::move(train).error();
    }
    auto test = guild::tfevents::writer::create(guild::join_path(flags.log_dir, "test"));
    if (!test) {
        return std::move(test).error();
    }
    return session(flags, std::move(images), *std::move(train), *std::move(test));
}

template <class Evaluate>
void session::test(std::int64_t step, Evaluate evaluate) {
    constexpr std::size_t at_once = 500;
    score sum;
    for (std::size_t first = 0; first < images_->test.size(); first += at_once) {
        const batch images = slice(images_->test, first, at_once);
        const score reached = evaluate(images);
        sum.accuracy += reached.accuracy * static_cast<double>(images.size());
        sum.cross_entropy += reached.cross_entropy * static_cast<double>(images.size());
    }
    const double count = static_cast<double>(std::max<std::size_t>(images_->test.size(), 1));
    const score mean{sum.cross_entropy / count, sum.accuracy / count};
    add(test_, step, mean);
    // Flushed so that whoever follows the files sees this; a failure is kept by the writer for
    // close().
    (void)test_.flush();
    (void)train_.flush();
    std::printf("Accuracy at step %lld: %.4g\n", static_cast<long long>(step), mean.accuracy);
}

inline guild::result<void> session::close() {
    const guild::result<void> train = train_.close();
    const guild::result<void> test = test_.close();
    return train ? test : train;
}

template <class Train>
int trainer_main(int argc, char** argv, const trainer_flags& defaults, Train train) {
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, also into a pipe
    const std::string program = guild::base_name(argv[0]);
    arguments given = make_arguments(program, defaults);
    const auto fail = [&program](const guild::error& what) {
        std::fprintf(stderr, "%s: error: %s\n", program.c_str(), to_string(what).c_str());
        return 1;
    };
    const auto fail_usage = [&](const guild::error& what) {
        std::fputs(given.usage().c_str(), stderr);
        return fail(what) + 1;
    };
    if (auto parsed = given.parse(std::vector<std::string>(argv + 1, argv + argc)); !parsed) {
        return fail_usage(parsed.error());
    }
    if (given.help_wanted()) {
        std::fputs(given.help().c_str(), stdout);
        return 0;
    }
    const guild::result<trainer_flags> flags = read_flags(given);
    if (!flags) {
        return fail_usage(flags.error());
    }
    guild::result<dataset> images =
        flags->fake_data ? make_fake_dataset()
                         : load_dataset(flags->data_dir,
                                        [](const std::string& line) { std::puts(line.c_str()); });
    if (!images) {
        return fail(images.error());
    }
    guild::result<session> opened = session::open(*flags, *std::move(images));
    if (!opened) {
        return fail(opened.error());
    }
    train(*opened);
    const guild::result<void> closed = opened->close();
    return closed ? 0 : fail(closed.error());
}

}  // namespace mnist

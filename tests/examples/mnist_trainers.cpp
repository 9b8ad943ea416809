#include "../../examples/mnist/arguments.hpp"
#include "../../examples/mnist/dataset.hpp"
#include "../../examples/mnist/digits.hpp"
#include "../../examples/mnist/idx.hpp"
#include "../../examples/mnist/softmax.hpp"
#include "../../examples/mnist/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <guild/tfevents/directory_reader.hpp>

#include <doctest/doctest.h>

#include "support/temp_dir.hpp"

using guild::errc;

namespace {

mnist::arguments tutorial_arguments() {
    return mnist::make_arguments("mnist_with_summaries.py", {});
}

/// Loads a data set from `directory` with these mirrors; the lines it reported go to `lines`.
guild::result<mnist::dataset> load(const std::string& directory,
                                   const std::vector<std::string>& mirrors,
                                   std::vector<std::string>& lines) {
    return mnist::load_dataset(directory,
                               [&lines](const std::string& line) { lines.push_back(line); },
                               mnist::downloader(mirrors), {30, 20});
}

/// Directory with the programs, empty if they were not built.
std::string program_path(const std::string& name) {
    const auto chosen = guild::os::find_variable("GUILD_BIN_DIR");
#ifdef GUILD_BIN_DIR
    const std::string path = guild::join_path(chosen.value_or(GUILD_BIN_DIR), name);
#else
    const std::string path = guild::join_path(chosen.value_or("."), name);
#endif
    return guild::os::is_executable(path) ? path : std::string();
}

guild::os::run_result run_program(const std::string& path, std::vector<std::string> words) {
    guild::os::process_options options;
    words.insert(words.begin(), path);
    options.argv = std::move(words);
    auto ran = guild::os::run(options);
    REQUIRE(ran);
    return *std::move(ran);
}

/// The accuracies that a trainer printed, in order.
std::vector<double> accuracies(const std::string& out) {
    std::vector<double> found;
    for (const std::string& line : guild::split(out, '\n')) {
        if (guild::starts_with(line, "Accuracy at step ")) {
            const auto value = guild::parse_double(line.substr(line.rfind(' ') + 1));
            REQUIRE(value);
            found.push_back(*value);
        }
    }
    return found;
}

}  // namespace

// ---- flags ------------------------------------------------------------------

TEST_CASE("arguments: the help is the one that the tutorial shows") {
    CHECK(tutorial_arguments().help() ==
          "usage: mnist_with_summaries.py [-h] [--fake_data [FAKE_DATA]]\n"
          "                               [--max_steps MAX_STEPS]\n"
          "                               [--learning_rate LEARNING_RATE]\n"
          "                               [--dropout DROPOUT] [--data_dir DATA_DIR]\n"
          "                               [--log_dir LOG_DIR]\n"
          "\n"
          "optional arguments:\n"
          "  -h, --help            show this help message and exit\n"
          "  --fake_data [FAKE_DATA]\n"
          "                        If true, uses fake data for unit testing.\n"
          "  --max_steps MAX_STEPS\n"
          "                        Number of steps to run trainer.\n"
          "  --learning_rate LEARNING_RATE\n"
          "                        Initial learning rate\n"
          "  --dropout DROPOUT     Keep probability for training dropout.\n"
          "  --data_dir DATA_DIR   Directory for storing input data\n"
          "  --log_dir LOG_DIR     Summaries log directory\n");
}

TEST_CASE("arguments: values come as two words or behind an equals sign, the last one counts") {
    mnist::arguments given = tutorial_arguments();
    REQUIRE(given.parse({"--max_steps", "5", "--data_dir=a=b", "--dropout", ".5", "--fake_data",
                         "--max_steps=7", "--log_dir", ""}));
    const auto flags = mnist::read_flags(given);
    REQUIRE(flags);
    CHECK(flags->max_steps == 7);
    CHECK(flags->data_dir == "a=b");
    CHECK(flags->dropout == 0.5);
    CHECK(flags->fake_data);
    CHECK(flags->log_dir.empty());
    CHECK(flags->learning_rate == 0.5);
}

TEST_CASE("arguments: an unknown flag is refused and the nearest one suggested") {
    const auto fails = [](const std::vector<std::string>& words, errc code) {
        mnist::arguments given = tutorial_arguments();
        const auto parsed = given.parse(words);
        REQUIRE(!parsed);
        CHECK(parsed.error().code == code);
        return parsed.error().message;
    };
    CHECK(fails({"--max_step", "3"}, errc::unknown_name) ==
          "unrecognized arguments: --max_step (did you mean --max_steps?)");
    CHECK(fails({"data"}, errc::unknown_name) == "unrecognized arguments: data");
    CHECK(fails({"-max_steps", "3"}, errc::unknown_name) ==
          "unrecognized arguments: -max_steps (did you mean --max_steps?)");
    CHECK(fails({"--dropout"}, errc::bad_value) == "argument --dropout: expected one argument");
    CHECK(fails({"--dropout", "--max_steps"}, errc::bad_value) ==
          "argument --dropout: expected one argument");
}

TEST_CASE("arguments: values that are no number, or out of range, are refused by name") {
    const auto fails = [](const std::vector<std::string>& words) {
        mnist::arguments given = tutorial_arguments();
        REQUIRE(given.parse(words));
        const auto flags = mnist::read_flags(given);
        REQUIRE(!flags);
        CHECK(flags.error().code == errc::bad_value);
        return flags.error().message;
    };
    CHECK(fails({"--max_steps", "1e3"}) == "argument --max_steps: invalid int value: '1e3'");
    CHECK(fails({"--max_steps", "-1"}) == "argument --max_steps: must be at least 0, is -1");
    CHECK(fails({"--learning_rate", "fast"}) ==
          "argument --learning_rate: invalid float value: 'fast'");
    CHECK(fails({"--learning_rate", "nan"}) == "argument --learning_rate: must be over 0, is nan");
    CHECK(fails({"--dropout", "1.5"}) ==
          "argument --dropout: must be over 0 and at most 1, is 1.5");
    CHECK(fails({"--fake_data=maybe"}) ==
          "argument --fake_data: expected true or false, not 'maybe'");
}

// ---- data set ---------------------------------------------------------------

TEST_CASE("data set: what a directory lacks is drawn once and read again") {
    const guild_test::temp_dir temp;
    std::vector<std::string> lines;
    const auto drawn = load(temp / "data", {}, lines);
    REQUIRE_MESSAGE(drawn, (drawn ? "" : to_string(drawn.error())));
    REQUIRE(lines.size() == 5);
    CHECK(lines[0] == "No MNIST files in " + (temp / "data") +
                          " and no download (no mirror is named): drawing 30 digits to train on "
                          "and 20 to test with instead.");
    CHECK(drawn->train.size() == 30);
    CHECK(drawn->test.size() == 20);
    lines.clear();
    const auto again = load(temp / "data", {}, lines);
    REQUIRE(again);
    CHECK(lines.size() == 4);
    CHECK(again->train.pixels == drawn->train.pixels);
    CHECK(again->train.labels == mnist::draw_digits(30, 1).labels);
    CHECK(again->test.pixels == mnist::draw_digits(20, 2).pixels);
}

TEST_CASE("data set: plain files are read as well as compressed ones") {
    const guild_test::temp_dir temp;
    const mnist::labelled_images set = mnist::draw_digits(3, 1);
    for (const std::string name : {"train", "t10k"}) {
        (void)temp.write(name + "-images-idx3-ubyte", mnist::format_idx({{3, 28, 28}, set.pixels}));
        (void)temp.write(name + "-labels-idx1-ubyte", mnist::format_idx({{3}, set.labels}));
    }
    std::vector<std::string> lines;
    const auto loaded = load(temp.path(), {}, lines);
    REQUIRE(loaded);
    CHECK(loaded->test.pixels == set.pixels);
    CHECK(lines[0] == "Reading " + (temp / "train-images-idx3-ubyte"));
}

TEST_CASE("data set: a compressed file that is cut is named with the place and the remedy") {
    const guild_test::temp_dir temp;
    std::vector<std::string> lines;
    REQUIRE(load(temp.path(), {}, lines));
    const std::string path = temp / "t10k-images-idx3-ubyte.gz";
    if (!guild::os::is_regular_file(path)) {
        MESSAGE("gzip is missing: skipped");
        return;
    }
    const auto whole = guild::os::load_file(path);
    REQUIRE(whole);
    REQUIRE(guild::os::save_file(path, whole->substr(0, whole->size() / 2)));
    const auto loaded = load(temp.path(), {}, lines);
    REQUIRE(!loaded);
    CHECK(loaded.error().code == errc::truncated);
    CHECK(loaded.error().path == path);
    CHECK(loaded.error().where.begin > 0);
    CHECK(guild::contains(loaded.error().message, "unexpected end of file"));
    CHECK(guild::contains(loaded.error().message, "remove the MNIST files from this directory"));
}

TEST_CASE("data set: labels that do not fit their images are refused") {
    const guild_test::temp_dir temp;
    std::vector<std::string> lines;
    const std::vector<std::uint8_t> pixels(2 * 784);
    (void)temp.write("train-images-idx3-ubyte", mnist::format_idx({{2, 28, 28}, pixels}));
    (void)temp.write("t10k-images-idx3-ubyte", mnist::format_idx({{2, 28, 28}, pixels}));
    (void)temp.write("t10k-labels-idx1-ubyte", mnist::format_idx({{2}, {0, 9}}));
    (void)temp.write("train-labels-idx1-ubyte", mnist::format_idx({{3}, {0, 9, 1}}));
    auto loaded = load(temp.path(), {}, lines);
    REQUIRE(!loaded);
    CHECK(guild::starts_with(loaded.error().message,
                             "expected one label for each of the 2 images, found 3"));
    (void)temp.write("train-labels-idx1-ubyte", mnist::format_idx({{2}, {0, 10}}));
    loaded = load(temp.path(), {}, lines);
    REQUIRE(!loaded);
    CHECK(loaded.error().where.begin == 9);
    (void)temp.write("train-images-idx3-ubyte", mnist::format_idx({{2, 14, 14}, {}}));
    loaded = load(temp.path(), {}, lines);
    REQUIRE(!loaded);
    CHECK(loaded.error().code == errc::truncated);
}

TEST_CASE("data set: a half-filled directory is not filled up with drawn digits") {
    const guild_test::temp_dir temp;
    (void)temp.write("train-labels-idx1-ubyte", mnist::format_idx({{1}, {5}}));
    std::vector<std::string> lines;
    const auto loaded = load(temp.path(), {}, lines);
    REQUIRE(!loaded);
    CHECK(loaded.error().code == errc::missing_requirement);
    CHECK(guild::starts_with(loaded.error().message, "train-images-idx3-ubyte.gz is missing"));
    CHECK(lines.empty());
    CHECK(guild::os::list_directory(temp.path())->size() == 1);
}

TEST_CASE("data set: files come from the first mirror that has good ones, and no part is left") {
    const guild_test::temp_dir temp;
    std::vector<std::string> lines;
    REQUIRE(load(temp / "mirror", {}, lines));
    const std::string first = "train-images-idx3-ubyte.gz";
    const auto status = guild::os::find_status((temp / "mirror") + "/" + first);
    if (!guild::os::find_program("curl", guild::os::find_variable("PATH")) || !status) {
        MESSAGE("curl or gzip is missing: skipped");
        return;
    }
    (void)temp.write("portal/" + first, "<html>please log in</html>");
    lines.clear();
    const auto loaded =
        load(temp / "data",
             {"file://" + temp.path() + "/nowhere/", "file://" + temp.path() + "/portal/",
              "file://" + temp.path() + "/mirror/"},
             lines);
    REQUIRE_MESSAGE(loaded, (loaded ? "" : to_string(loaded.error())));
    REQUIRE(lines.size() == 8);
    CHECK(lines[0] ==
          "Successfully downloaded " + first + " " + std::to_string(status->size) + " bytes.");
    CHECK(lines[1] == "Extracting " + (temp / "data") + "/" + first);
    CHECK(loaded->train.pixels == mnist::draw_digits(30, 1).pixels);
    CHECK(guild::os::list_directory(temp / "data")->size() == 4);
}

TEST_CASE("data set: an unreachable mirror ends the waiting, the next ones are not tried") {
    const guild_test::temp_dir temp;
    std::vector<std::string> lines;
    const auto loaded = load(temp / "data", {"http://127.0.0.1:9/", "file:///nowhere/"}, lines);
    REQUIRE(loaded);
    REQUIRE(lines.size() == 5);
    CHECK(!guild::contains(lines[0], "/nowhere"));
    CHECK(guild::contains(lines[0], "curl: "));
}

// ---- session ----------------------------------------------------------------

TEST_CASE("session: event files hold every step once, and guild reads them") {
    const guild_test::temp_dir temp;
    mnist::trainer_flags flags;
    flags.log_dir = temp / "run";
    mnist::dataset images{mnist::draw_digits(50, 1), mnist::draw_digits(20, 2)};
    auto opened = mnist::session::open(flags, std::move(images));
    REQUIRE(opened);
    mnist::plain_softmax model(7);
    std::size_t scored = 0;
    opened->test(0, [&](const mnist::batch& batch) {
        scored += batch.size();
        return model.evaluate(batch);
    });
    CHECK(scored == 20);
    opened->log_train(1, {0.25, 0.5});
    opened->log_train(2, {0.125, 0.75});
    REQUIRE(opened->close());
    std::vector<std::string> found;
    guild::tfevents::directory_reader reader(temp / "run");
    reader.poll([&](const std::string& run, const guild::tfevents::scalar& at) {
        found.push_back(run + "/" + std::string(at.tag) + " " + std::to_string(at.step) +
                        (run == "train" ? " " + guild::format_double(at.value) : ""));
    });
    CHECK(found ==
          std::vector<std::string>{"test/accuracy_1 0", "test/cross_entropy_1 0",
                                   "train/accuracy_1 1 0.5", "train/cross_entropy_1 1 0.25",
                                   "train/accuracy_1 2 0.75", "train/cross_entropy_1 2 0.125"});
}

TEST_CASE("session: a log directory that cannot be made is an error with its path") {
    const guild_test::temp_dir temp;
    mnist::trainer_flags flags;
    flags.log_dir = temp.write("file", "in the way");
    const auto opened = mnist::session::open(flags, {});
    REQUIRE(!opened);
    CHECK(opened.error().code == errc::not_a_directory);
    CHECK(guild::starts_with(opened.error().path, flags.log_dir));
}

// ---- programs ---------------------------------------------------------------

TEST_CASE("trainers: print an accuracy every ten steps and write both event files") {
    for (const std::string name :
         {"mnist_with_summaries", "mnist_softmax_xla", "mnist_deep_with_summaries"}) {
        const std::string program = program_path(name);
        if (program.empty()) {
            MESSAGE("the program is not built: skipped: " << name);
            continue;
        }
        const guild_test::temp_dir temp;
        const auto ran =
            run_program(program, {"--fake_data", "--max_steps", "21", "--log_dir", temp.path()});
        CHECK(ran.status.success());
        CHECK(ran.err.empty());
        CHECK(guild::starts_with(ran.out, "Accuracy at step 0: 0."));
        CHECK(guild::contains(ran.out, "\nAccuracy at step 10: 0."));
        const std::vector<double> reached = accuracies(ran.out);
        REQUIRE(reached.size() == 3);
        CHECK(reached[2] > reached[0] + 0.2);
        CHECK(guild::contains(ran.out, "\nSpeed-up: ") == (name == "mnist_softmax_xla"));
        guild::tfevents::directory_reader reader(temp.path());
        CHECK(reader.poll([](const std::string&, const guild::tfevents::scalar&) {}) == 2 * 21);
    }
}

TEST_CASE("trainers: show help on request, and usage with exit code 2 for a wrong flag") {
    const std::string program = program_path("mnist_with_summaries");
    if (program.empty()) {
        MESSAGE("the program is not built: skipped");
        return;
    }
    const auto help = run_program(program, {"--help"});
    CHECK(help.status.success());
    CHECK(help.out == mnist::make_arguments("mnist_with_summaries", {}).help());
    const auto wrong = run_program(program, {"--bogus", "1"});
    CHECK(wrong.status.code == 2);
    CHECK(wrong.out.empty());
    CHECK(guild::starts_with(wrong.err, "usage: mnist_with_summaries [-h]"));
    CHECK(guild::ends_with(wrong.err,
                           "\nmnist_with_summaries: error: unrecognized arguments: --bogus\n"));
}

TEST_CASE("trainers: reach on drawn digits what the tutorial promises" *
          doctest::test_suite("long")) {
    const guild_test::temp_dir temp;
    REQUIRE(mnist::load_dataset(temp / "data", [](const std::string&) {}, mnist::downloader({})));
    const std::pair<std::string, double> promises[] = {{"mnist_with_summaries", 0.85},
                                                       {"mnist_softmax_xla", 0.85},
                                                       {"mnist_deep_with_summaries", 0.95}};
    for (const auto& [name, promised] : promises) {
        const std::string program = program_path(name);
        if (program.empty()) {
            MESSAGE("the program is not built: skipped: " << name);
            continue;
        }
        const std::string steps = promised > 0.9 ? "300" : "1000";
        const std::int64_t start_us = guild::os::system_env.boot_time_us();
        const auto ran = run_program(
            program, {"--max_steps", steps, "--data_dir", temp / "data", "--log_dir", temp / name});
        REQUIRE(ran.status.success());
        CHECK(accuracies(ran.out).back() >= promised);
        CHECK(guild::os::system_env.boot_time_us() - start_us < 120 * std::int64_t{1000000});
    }
}

#include "../../examples/mnist/arguments.hpp"
#include "../../examples/mnist/dataset.hpp"
#include "../../examples/mnist/deep.hpp"
#include "../../examples/mnist/digits.hpp"
#include "../../examples/mnist/idx.hpp"
#include "../../examples/mnist/layers.hpp"
#include "../../examples/mnist/matrix.hpp"
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
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <guild/tfevents/directory_reader.hpp>

#include <doctest/doctest.h>

#include "support/temp_dir.hpp"

using guild::errc;

namespace {

mnist::idx_array must_parse(const std::string& bytes) {
    auto parsed = mnist::parse_idx(bytes, "file");
    REQUIRE_MESSAGE(parsed, (parsed ? "" : to_string(parsed.error())));
    return *std::move(parsed);
}

void must_fail(const std::string& bytes, errc code, std::uint64_t offset) {
    const auto parsed = mnist::parse_idx(bytes, "file");
    REQUIRE(!parsed);
    CHECK(parsed.error().code == code);
    CHECK(parsed.error().where.begin == offset);
    CHECK(parsed.error().path == "file");
}

std::vector<float> random_floats(std::size_t count, mnist::random_source& random) {
    std::vector<float> out(count);
    for (float& value : out) {
        value = static_cast<float>(random.uniform(-1, 1));
    }
    return out;
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
    return sum;
}

mnist::batch first_images(const mnist::labelled_images& from, std::size_t count) {
    return mnist::slice(from, 0, count);
}

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

// ---- idx --------------------------------------------------------------------

TEST_CASE("idx: a file written by hand is read, and written the same") {
    const std::string bytes("\0\0\x08\x02\0\0\0\x02\0\0\0\x03\x01\x02\x03\x04\x05\xFF", 18);
    const mnist::idx_array array = must_parse(bytes);
    CHECK(array.shape == std::vector<std::uint32_t>{2, 3});
    CHECK(array.values == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 255});
    CHECK(mnist::format_idx(array) == bytes);
}

TEST_CASE("idx: a file that is cut anywhere is refused at the place of the cut") {
    const std::string bytes = mnist::format_idx({{2, 3}, {1, 2, 3, 4, 5, 6}});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        must_fail(bytes.substr(0, size), errc::truncated, size);
    }
    CHECK(to_string(mnist::parse_idx(bytes.substr(0, 15), "cut.idx").error()) ==
          "cut.idx@15: the file ends after 15 bytes, it should have 18");
}

TEST_CASE("idx: wrong beginnings, other number types and bytes behind the end are refused") {
    must_fail("<html>", errc::bad_syntax, 0);
    must_fail(std::string("\0\0\x0D\x01\0\0\0\0", 8), errc::unsupported, 2);
    must_fail(std::string("\0\0\x08\x01\0\0\0\x01\x07\x07", 10), errc::bad_syntax, 9);
    must_fail(std::string("\0\0\x08\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12), errc::too_large, 4);
}

// ---- digits -----------------------------------------------------------------

TEST_CASE("digits: one seed draws one picture, another seed another") {
    mnist::random_source first(11);
    mnist::random_source again(11);
    mnist::random_source other(12);
    const std::vector<std::uint8_t> picture = mnist::draw_digit(3, first);
    CHECK(picture == mnist::draw_digit(3, again));
    CHECK(picture != mnist::draw_digit(3, other));
}

TEST_CASE("digits: a longer set begins with the shorter one, and holds every class") {
    const mnist::labelled_images few = mnist::draw_digits(20, 5);
    const mnist::labelled_images many = mnist::draw_digits(200, 5);
    CHECK(std::equal(few.pixels.begin(), few.pixels.end(), many.pixels.begin()));
    CHECK(std::equal(few.labels.begin(), few.labels.end(), many.labels.begin()));
    for (std::uint8_t digit = 0; digit < 10; ++digit) {
        CHECK(std::count(many.labels.begin(), many.labels.end(), digit) > 5);
    }
}

TEST_CASE("digits: every picture has ink near its middle and paper at its corners") {
    const mnist::labelled_images set = mnist::draw_digits(100, 6);
    for (std::size_t i = 0; i < set.size(); ++i) {
        const std::uint8_t* image = set.pixels.data() + i * mnist::image_pixels;
        double ink = 0;
        double row = 0;
        double column = 0;
        for (std::size_t p = 0; p < mnist::image_pixels; ++p) {
            ink += image[p];
            row += static_cast<double>(p / 28) * image[p];
            column += static_cast<double>(p % 28) * image[p];
        }
        CHECK(ink / (255 * 784.0) > 0.02);
        CHECK(ink / (255 * 784.0) < 0.5);
        CHECK(std::abs(row / ink - 13.5) < 4);
        CHECK(std::abs(column / ink - 13.5) < 4);
        CHECK(std::max({image[0], image[27], image[756], image[783]}) < 128);
    }
}

// ---- batches ----------------------------------------------------------------

TEST_CASE("batches: a pass takes every image once, the next one in another order") {
    mnist::labelled_images set;
    for (std::uint8_t i = 0; i < 10; ++i) {
        set.labels.push_back(i);
        set.pixels.insert(set.pixels.end(), mnist::image_pixels, static_cast<std::uint8_t>(25 * i));
    }
    mnist::shuffled_batches batches(set, 1);
    mnist::batch first = batches.next(10);
    const mnist::batch second = batches.next(10);
    CHECK(first.labels != second.labels);
    for (std::size_t i = 0; i < 10; ++i) {
        const double pixel = static_cast<double>(first.images[i * mnist::image_pixels]);
        CHECK(pixel == doctest::Approx(25.0 * first.labels[i] / 255.0));
    }
    std::sort(first.labels.begin(), first.labels.end());
    CHECK(first.labels == set.labels);
    CHECK(mnist::shuffled_batches({}, 1).next(5).size() == 0);
}

// ---- arithmetic -------------------------------------------------------------

TEST_CASE("matrix product: agrees with the schoolbook sum for every remainder") {
    mnist::random_source random(1);
    for (std::size_t rows = 1; rows <= 9; ++rows) {
        for (std::size_t width = 1; width <= 17; ++width) {
            constexpr std::size_t inner = 5;
            const std::vector<float> a = random_floats(rows * inner, random);
            const std::vector<float> b = random_floats(inner * width, random);
            std::vector<float> a_turned(a.size());
            mnist::transpose(a.data(), rows, inner, a_turned.data());
            std::vector<float> straight(rows * width, 1.0F);
            std::vector<float> turned(rows * width, 1.0F);
            mnist::multiply_add(mnist::as_matrix(a.data(), rows, inner), b.data(), straight.data(),
                                width);
            mnist::multiply_add(mnist::as_transpose(a_turned.data(), inner, rows), b.data(),
                                turned.data(), width);
            CHECK(straight == turned);
            for (std::size_t i = 0; i < straight.size(); ++i) {
                double sum = 1;
                for (std::size_t k = 0; k < inner; ++k) {
                    sum += static_cast<double>(a[i / width * inner + k]) *
                           static_cast<double>(b[k * width + i % width]);
                }
                CHECK(static_cast<double>(straight[i]) == doctest::Approx(sum).epsilon(1e-4));
            }
        }
    }
}

TEST_CASE("neighbourhoods: the middle one is the image around it, and outside of it are zeros") {
    constexpr mnist::image_shape shape{4, 2};
    std::vector<float> image(shape.size());
    for (std::size_t i = 0; i < image.size(); ++i) {
        image[i] = static_cast<float>(i + 1);
    }
    std::vector<float> rows(shape.positions() * 50);
    mnist::gather_neighbourhoods(shape, image.data(), rows.data());
    const float* corner = rows.data();  // of position (0, 0): its own numbers stand at (2, 2)
    CHECK(corner[(2 * 5 + 2) * 2] == 1.0F);
    CHECK(corner[(2 * 5 + 3) * 2 + 1] == 4.0F);
    CHECK(corner[(4 * 5 + 4) * 2] == 21.0F);
    CHECK(std::count(corner, corner + 50, 0.0F) == 50 - 9 * 2);
}

TEST_CASE("neighbourhoods: scattering is the transpose of gathering") {
    mnist::random_source random(2);
    constexpr mnist::image_shape shape{6, 3};
    const std::vector<float> image = random_floats(shape.size(), random);
    const std::vector<float> rows = random_floats(shape.positions() * 75, random);
    std::vector<float> gathered(rows.size());
    std::vector<float> scattered(image.size());
    mnist::gather_neighbourhoods(shape, image.data(), gathered.data());
    mnist::scatter_neighbourhoods(shape, rows.data(), scattered.data());
    CHECK(dot(gathered, rows) == doctest::Approx(dot(image, scattered)).epsilon(1e-4));
}

TEST_CASE("pool: keeps the largest of four and sends its gradient back to it") {
    constexpr mnist::image_shape shape{2, 2};
    const std::vector<float> in{1, -1, 2, -2, 7, -3, 3, -4};  // channel 1 is all negative
    std::vector<float> out(2);
    std::vector<std::uint8_t> chosen(2);
    mnist::pool(shape, in.data(), out.data(), chosen.data());
    CHECK(out == std::vector<float>{7, 0});
    const std::vector<float> by_out{5, 6};
    std::vector<float> by_in(8);
    mnist::backward_pool(shape, by_out.data(), chosen.data(), by_in.data());
    CHECK(by_in == std::vector<float>{0, 0, 0, 0, 5, 0, 0, 0});
}

TEST_CASE("deep network: the gradient agrees with differences of the cross entropy") {
    namespace network = mnist::detail;
    const mnist::batch images = first_images(mnist::draw_digits(6, 9), 6);
    mnist::random_source random(4);
    std::vector<float> parameters = random_floats(network::class_layer.end(), random);
    for (float& value : parameters) {
        value *= 0.1F;
    }
    network::half_batch half;
    const auto loss = [&] {
        half.forward(parameters.data(), images, 0, images.size());
        return half.classify(parameters.data(), 1.0, mnist::random_source(1)).cross_entropy;
    };
    (void)loss();
    network::transposed_weights transposed;
    transposed.update(parameters.data());
    half.backward(transposed, images);
    const std::vector<float> gradients = half.gradients;
    for (const mnist::affine& layer : {network::first_layer, network::second_layer,
                                       network::dense_layer, network::class_layer}) {
        // Along the gradient of one layer the loss must grow by step x |gradient|^2.
        const std::vector<float> before = parameters;
        double square = 0;
        for (std::size_t i = layer.weights; i < layer.end(); ++i) {
            square += static_cast<double>(gradients[i]) * static_cast<double>(gradients[i]);
        }
        REQUIRE(square > 0);
        const double step = 1e-3 / std::sqrt(square);
        const auto loss_at = [&](double distance) {
            for (std::size_t i = layer.weights; i < layer.end(); ++i) {
                parameters[i] = static_cast<float>(static_cast<double>(before[i]) +
                                                   distance * static_cast<double>(gradients[i]));
            }
            return loss();
        };
        const double growth = (loss_at(step) - loss_at(-step)) / (2 * step);
        CHECK(growth == doctest::Approx(square).epsilon(0.03));
        parameters = before;
    }
}

// ---- models -----------------------------------------------------------------

TEST_CASE("softmax: thirty steps lower the loss, and the vectorised form takes the same steps") {
    const mnist::labelled_images set = mnist::draw_digits(400, 1);
    const mnist::labelled_images unseen = mnist::draw_digits(200, 2);
    mnist::plain_softmax plain(7);
    mnist::vector_softmax vectorised(7);
    const mnist::score before = plain.evaluate(first_images(unseen, 200));
    mnist::shuffled_batches batches(set, 1);
    for (int i = 0; i < 30; ++i) {
        const mnist::batch images = batches.next(100);
        const mnist::score one = plain.train(images, 0.5);
        const mnist::score two = vectorised.train(images, 0.5);
        CHECK(one.cross_entropy == doctest::Approx(two.cross_entropy).epsilon(1e-4));
        CHECK(one.accuracy == doctest::Approx(two.accuracy).epsilon(0.02));
    }
    const mnist::score after = plain.evaluate(first_images(unseen, 200));
    CHECK(before.accuracy < 0.3);
    CHECK(after.accuracy > 0.6);
    CHECK(after.cross_entropy < 0.6 * before.cross_entropy);
    for (std::size_t pixel = 0; pixel < mnist::image_pixels; ++pixel) {
        const double weight = static_cast<double>(vectorised.weight(pixel, 3));
        CHECK(static_cast<double>(plain.weight(pixel, 3)) == doctest::Approx(weight).epsilon(1e-3));
    }
}

TEST_CASE("dropout: keeps about its share of pixels and their sum") {
    mnist::batch images;
    images.images.assign(100000, 0.5F);
    mnist::random_source random(3);
    mnist::drop_pixels(images, 0.8, random);
    const auto dropped = std::count(images.images.begin(), images.images.end(), 0.0F);
    CHECK(dropped == doctest::Approx(20000).epsilon(0.05));
    double sum = 0;
    for (const float pixel : images.images) {
        sum += static_cast<double>(pixel);
    }
    CHECK(sum == doctest::Approx(50000).epsilon(0.02));
}

TEST_CASE("deep network: forty steps lower the loss, and the same seed repeats them") {
    const mnist::labelled_images set = mnist::draw_digits(400, 1);
    const mnist::batch unseen = first_images(mnist::draw_digits(100, 2), 100);
    mnist::deep_network network(7);
    mnist::deep_network twin(7);
    const mnist::score before = network.evaluate(unseen);
    (void)twin.evaluate(unseen);
    mnist::shuffled_batches batches(set, 1);
    for (int i = 0; i < 40; ++i) {
        const mnist::batch images = batches.next(20);
        const mnist::score here = network.train(images, 0.003, 0.8);
        if (i < 5) {
            CHECK(twin.train(images, 0.003, 0.8).cross_entropy == here.cross_entropy);
        }
    }
    const mnist::score after = network.evaluate(unseen);
    CHECK(after.cross_entropy < 0.6 * before.cross_entropy);
    CHECK(after.accuracy > before.accuracy + 0.3);
}

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
        found.push_back(run + "/" + at.tag + " " + std::to_string(at.step) +
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

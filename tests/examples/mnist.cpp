#include "../../examples/mnist/deep.hpp"
#include "../../examples/mnist/digits.hpp"
#include "../../examples/mnist/idx.hpp"
#include "../../examples/mnist/layers.hpp"
#include "../../examples/mnist/matrix.hpp"
#include "../../examples/mnist/softmax.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

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

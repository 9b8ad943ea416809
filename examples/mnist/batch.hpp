// examples/mnist/batch.hpp - labelled images in memory, and the batches that a model is trained on.
//
// Not here: where the images come from (dataset.hpp); what is done with a batch (softmax.hpp,
// deep.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "random.hpp"

namespace mnist {

inline constexpr std::size_t image_side = 28;
inline constexpr std::size_t image_pixels = image_side * image_side;
inline constexpr std::size_t class_count = 10;

/// Images as the files hold them: one byte a pixel, rows from the top, 0 is paper and 255 is ink.
struct labelled_images {
    std::vector<std::uint8_t> pixels;  // size() x image_pixels
    std::vector<std::uint8_t> labels;  // 0 to 9

    std::size_t size() const noexcept { return labels.size(); }
};

/// Some images as models take them.
///
/// units    images: size() x image_pixels numbers from 0 (paper) to 1 (ink)
struct batch {
    std::vector<float> images;
    std::vector<std::uint8_t> labels;

    std::size_t size() const noexcept { return labels.size(); }
};

/// How well a model does on some images: means over the images.
///
/// units    cross_entropy: nats; accuracy: 0 to 1
struct score {
    double cross_entropy = 0;
    double accuracy = 0;
};

inline void append_image(batch& to, const labelled_images& from, std::size_t index) {
    const std::uint8_t* pixels = from.pixels.data() + index * image_pixels;
    for (std::size_t i = 0; i < image_pixels; ++i) {
        to.images.push_back(static_cast<float>(pixels[i]) * (1.0F / 255.0F));
    }
    to.labels.push_back(from.labels[index]);
}

/// The images from `first` on, at most `count` of them.
inline batch slice(const labelled_images& from, std::size_t first, std::size_t count) {
    batch out;
    const std::size_t end = std::min(from.size(), first + count);
    out.images.reserve((end - std::min(first, end)) * image_pixels);
    for (std::size_t i = first; i < end; ++i) {
        append_image(out, from, i);
    }
    return out;
}

/// Batches drawn from `from` without end: each image once per pass, in a new order each pass.
class shuffled_batches {
public:
    shuffled_batches(const labelled_images& from, std::uint64_t seed)
        : from_(&from), random_(seed), order_(from.size()), next_(from.size()) {
        std::iota(order_.begin(), order_.end(), std::size_t{0});
    }

    /// The next `count` images (none if there are no images at all).
    batch next(std::size_t count) {
        batch out;
        out.images.reserve(count * image_pixels);
        while (!order_.empty() && out.size() < count) {
            if (next_ == order_.size()) {
                shuffle();
            }
            append_image(out, *from_, order_[next_++]);
        }
        return out;
    }

private:
    void shuffle() {
        for (std::size_t i = order_.size(); i > 1; --i) {
            std::swap(order_[i - 1], order_[random_.below(i)]);
        }
        next_ = 0;
    }

    const labelled_images* from_;
    random_source random_;
    std::vector<std::size_t> order_;
    std::size_t next_;
};

}  // namespace mnist

// examples/mnist/softmax.hpp - softmax regression twice: plain loops, and vectorised products.
//
// One weight for each pixel and class, one bias for each class; a step of gradient descent lowers
// the cross entropy. Both forms start from the same weights and add the same products in the same
// order: they differ in how many of the sums are under way at once.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "batch.hpp"
#include "matrix.hpp"
#include "random.hpp"

namespace mnist {

/// Scores logits against labels and turns them into the gradient of the cross entropy by the
/// logits.
///
/// in       logits: one row of `stride` floats an image, the first class_count of them count
/// out      score: sums (not means) over the images; logits: probability - (1 where the label is)
inline score score_logits(float* logits, std::size_t stride,
                          const std::vector<std::uint8_t>& labels) {
    score sum;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        float* row = logits + i * stride;
        const std::size_t label = labels[i];
        const float* top = std::max_element(row, row + class_count);
        sum.accuracy += top == row + label ? 1.0 : 0.0;
        const float highest = *top;
        float total = 0;
        for (std::size_t c = 0; c < class_count; ++c) {
            row[c] = std::exp(row[c] - highest);
            total += row[c];
        }
        for (std::size_t c = 0; c < class_count; ++c) {
            row[c] /= total;
        }
        sum.cross_entropy -= std::log(std::max(static_cast<double>(row[label]), 1e-30));
        row[label] -= 1;
    }
    return sum;
}

/// The mean of a sum over `count` images.
inline score mean_score(const score& sum, std::size_t count) {
    const double n = static_cast<double>(std::max(count, std::size_t{1}));
    return {sum.cross_entropy / n, sum.accuracy / n};
}

/// Makes each pixel 0 with probability 1 - keep and the others larger, so that sums stay the same.
inline void drop_pixels(batch& images, double keep, random_source& random) {
    if (keep >= 1) {
        return;
    }
    const float scale = static_cast<float>(1 / keep);
    for (float& pixel : images.images) {
        pixel = random.uniform() < keep ? pixel * scale : 0.0F;
    }
}

/// The model as one would write it down: a sum over pixels for each image and class.
class plain_softmax {
public:
    explicit plain_softmax(std::uint64_t seed)
        : weights_(class_count * image_pixels), biases_(class_count, 0.1F) {
        random_source random(seed);
        for (std::size_t pixel = 0; pixel < image_pixels; ++pixel) {
            for (std::size_t c = 0; c < class_count; ++c) {
                weights_[c * image_pixels + pixel] = static_cast<float>(random.normal(0.1));
            }
        }
    }

    /// One step of gradient descent; the score is the one before the step.
    score train(const batch& images, double learning_rate) {
        std::vector<float> errors = logits(images);
        const score sum = score_logits(errors.data(), class_count, images.labels);
        const float scale = static_cast<float>(learning_rate) / static_cast<float>(images.size());
        for (std::size_t i = 0; i < images.size(); ++i) {
            const float* image = images.images.data() + i * image_pixels;
            for (std::size_t c = 0; c < class_count; ++c) {
                const float step = scale * errors[i * class_count + c];
                float* weight = weights_.data() + c * image_pixels;
                for (std::size_t pixel = 0; pixel < image_pixels; ++pixel) {
                    weight[pixel] -= step * image[pixel];
                }
                biases_[c] -= step;
            }
        }
        return mean_score(sum, images.size());
    }

    score evaluate(const batch& images) const {
        std::vector<float> errors = logits(images);
        return mean_score(score_logits(errors.data(), class_count, images.labels), images.size());
    }

    float weight(std::size_t pixel, std::size_t c) const {
        return weights_[c * image_pixels + pixel];
    }

private:
    std::vector<float> logits(const batch& images) const {
        std::vector<float> out(images.size() * class_count);
        for (std::size_t i = 0; i < images.size(); ++i) {
            const float* image = images.images.data() + i * image_pixels;
            for (std::size_t c = 0; c < class_count; ++c) {
                const float* weight = weights_.data() + c * image_pixels;
                float sum = biases_[c];
                for (std::size_t pixel = 0; pixel < image_pixels; ++pixel) {
                    sum += weight[pixel] * image[pixel];
                }
                out[i * class_count + c] = sum;
            }
        }
        return out;
    }

    std::vector<float> weights_;  // class_count x image_pixels
    std::vector<float> biases_;
};

/// The same model as two matrix products. A pixel's weights are filled up from 10 to 12, whole
/// vectors.
class vector_softmax {
public:
    explicit vector_softmax(std::uint64_t seed)
        : weights_(image_pixels * stride), biases_(stride, 0.1F) {
        random_source random(seed);
        for (std::size_t pixel = 0; pixel < image_pixels; ++pixel) {
            for (std::size_t c = 0; c < class_count; ++c) {
                weights_[pixel * stride + c] = static_cast<float>(random.normal(0.1));
            }
        }
    }

    /// One step of gradient descent; the score is the one before the step.
    score train(const batch& images, double learning_rate) {
        std::vector<float> errors = logits(images);
        const score sum = score_logits(errors.data(), stride, images.labels);
        const float scale = -static_cast<float>(learning_rate) / static_cast<float>(images.size());
        for (std::size_t i = 0; i < images.size(); ++i) {
            for (std::size_t c = 0; c < stride; ++c) {
                float& error = errors[i * stride + c];
                error = c < class_count ? error * scale : 0.0F;
                biases_[c] += error;
            }
        }
        multiply_add(as_transpose(images.images.data(), images.size(), image_pixels), errors.data(),
                     weights_.data(), stride);
        return mean_score(sum, images.size());
    }

    score evaluate(const batch& images) const {
        std::vector<float> errors = logits(images);
        return mean_score(score_logits(errors.data(), stride, images.labels), images.size());
    }

    float weight(std::size_t pixel, std::size_t c) const { return weights_[pixel * stride + c]; }

private:
    static constexpr std::size_t stride = 12;

    std::vector<float> logits(const batch& images) const {
        std::vector<float> out(images.size() * stride);
        for (std::size_t i = 0; i < images.size(); ++i) {
            std::copy(biases_.begin(), biases_.end(),
                      out.begin() + static_cast<std::ptrdiff_t>(i * stride));
        }
        multiply_add(as_matrix(images.images.data(), images.size(), image_pixels), weights_.data(),
                     out.data(), stride);
        return out;
    }

    std::vector<float> weights_;  // image_pixels x stride
    std::vector<float> biases_;
};

}  // namespace mnist

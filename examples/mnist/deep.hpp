// examples/mnist/deep.hpp - the convolutional network of mnist_deep_with_summaries.
//
//   28x28x1 -> 5x5 convolution, 8 maps -> 2x2 pool -> 14x14x8 -> 5x5 convolution, 16 maps -> 2x2
//   pool
//   -> 7x7x16 -> dense 128 -> dropout -> 10 logits.   106 thousand parameters, trained with Adam.
//
// A batch is halved and each half computed by a thread of its own, at most two; sums are added in a
// fixed order, so that a run does not depend on how the threads were scheduled.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <guild/os/thread.hpp>

#include "batch.hpp"
#include "layers.hpp"
#include "random.hpp"
#include "softmax.hpp"

namespace mnist {

namespace detail {

inline constexpr image_shape input_shape{image_side, 1};
inline constexpr image_shape first_maps{image_side, 8};
inline constexpr image_shape first_pooled{image_side / 2, first_maps.channels};
inline constexpr image_shape second_maps{image_side / 2, 16};
inline constexpr image_shape second_pooled{image_side / 4, second_maps.channels};

inline constexpr std::size_t kernel_area = kernel_side * kernel_side;
inline constexpr affine first_layer{kernel_area * input_shape.channels, first_maps.channels, 0};
inline constexpr affine second_layer{kernel_area * first_pooled.channels, second_maps.channels,
                                     first_layer.end()};
inline constexpr affine dense_layer{second_pooled.size(), 128, second_layer.end()};
inline constexpr affine class_layer{dense_layer.outputs, class_count, dense_layer.end()};

/// The weights of the layers that a gradient passes through, transposed once a step for both
/// halves.
struct transposed_weights {
    std::vector<float> second = std::vector<float>(second_layer.inputs * second_layer.outputs);
    std::vector<float> dense = std::vector<float>(dense_layer.inputs * dense_layer.outputs);
    std::vector<float> classes = std::vector<float>(class_layer.inputs * class_layer.outputs);

    void update(const float* parameters) {
        const auto turn = [parameters](const affine& layer, std::vector<float>& to) {
            transpose(parameters + layer.weights, layer.inputs, layer.outputs, to.data());
        };
        turn(second_layer, second);
        turn(dense_layer, dense);
        turn(class_layer, classes);
    }
};

/// The images of one thread on their way through the network and back.
class half_batch {
public:
    /// The logits of the images [first, last), and what the way back needs.
    void forward(const float* parameters, const batch& images, std::size_t first,
                 std::size_t last) {
        first_ = first;
        count_ = last - first;
        labels_.assign(images.labels.begin() + static_cast<std::ptrdiff_t>(first),
                       images.labels.begin() + static_cast<std::ptrdiff_t>(last));
        first_out_.resize(count_ * first_pooled.size());
        first_chosen_.resize(first_out_.size());
        second_out_.resize(count_ * second_pooled.size());
        second_chosen_.resize(second_out_.size());
        for (std::size_t i = 0; i < count_; ++i) {
            convolve(parameters, images.images.data() + (first + i) * image_pixels, i);
        }
        dense_out_.resize(count_ * dense_layer.outputs);
        mnist::forward(dense_layer, parameters, second_out_.data(), count_, dense_out_.data());
    }

    /// Rectifies and drops, then scores; the sums of this half.
    score classify(const float* parameters, double keep, random_source random) {
        slope_.resize(dense_out_.size());
        rectify_and_drop(dense_out_, keep, random, slope_);
        errors_.resize(count_ * class_count);
        mnist::forward(class_layer, parameters, dense_out_.data(), count_, errors_.data());
        return score_logits(errors_.data(), class_count, labels_);
    }

    /// Adds the gradients of this half's sum of cross entropies.
    void backward(const transposed_weights& transposed, const batch& images) {
        gradients.assign(class_layer.end(), 0.0F);
        by_dense_.resize(dense_out_.size());
        by_second_.resize(second_out_.size());
        mnist::backward(class_layer, dense_out_.data(), errors_.data(), count_, gradients.data());
        backward_input(class_layer, transposed.classes.data(), errors_.data(), count_,
                       by_dense_.data());
        for (std::size_t i = 0; i < by_dense_.size(); ++i) {
            by_dense_[i] *= slope_[i];
        }
        mnist::backward(dense_layer, second_out_.data(), by_dense_.data(), count_,
                        gradients.data());
        backward_input(dense_layer, transposed.dense.data(), by_dense_.data(), count_,
                       by_second_.data());
        for (std::size_t i = 0; i < count_; ++i) {
            convolve_back(transposed, images.images.data() + (first_ + i) * image_pixels, i);
        }
    }

    std::vector<float> gradients;

private:
    void convolve(const float* parameters, const float* image, std::size_t i) {
        float* first = first_out_.data() + i * first_pooled.size();
        gather_neighbourhoods(input_shape, image, rows_.data());
        mnist::forward(first_layer, parameters, rows_.data(), first_maps.positions(), maps_.data());
        pool(first_maps, maps_.data(), first, first_chosen_.data() + i * first_pooled.size());
        gather_neighbourhoods(first_pooled, first, rows_.data());
        mnist::forward(second_layer, parameters, rows_.data(), second_maps.positions(),
                       maps_.data());
        pool(second_maps, maps_.data(), second_out_.data() + i * second_pooled.size(),
             second_chosen_.data() + i * second_pooled.size());
    }

    void convolve_back(const transposed_weights& transposed, const float* image, std::size_t i) {
        const float* first = first_out_.data() + i * first_pooled.size();
        backward_pool(second_maps, by_second_.data() + i * second_pooled.size(),
                      second_chosen_.data() + i * second_pooled.size(), maps_.data());
        gather_neighbourhoods(first_pooled, first, rows_.data());
        mnist::backward(second_layer, rows_.data(), maps_.data(), second_maps.positions(),
                        gradients.data());
        backward_input(second_layer, transposed.second.data(), maps_.data(),
                       second_maps.positions(), rows_.data());
        scatter_neighbourhoods(first_pooled, rows_.data(), by_first_.data());
        backward_pool(first_maps, by_first_.data(), first_chosen_.data() + i * first_pooled.size(),
                      maps_.data());
        gather_neighbourhoods(input_shape, image, rows_.data());
        mnist::backward(first_layer, rows_.data(), maps_.data(), first_maps.positions(),
                        gradients.data());
    }

    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::vector<std::uint8_t> labels_, first_chosen_, second_chosen_;
    std::vector<float> first_out_, second_out_, dense_out_, slope_,
        errors_;                               // of all images of the half
    std::vector<float> by_dense_, by_second_;  // gradients by these
    std::vector<float> rows_ =
        std::vector<float>(std::max(first_maps.positions() * first_layer.inputs,
                                    second_maps.positions() * second_layer.inputs));
    std::vector<float> maps_ = std::vector<float>(std::max(first_maps.size(), second_maps.size()));
    std::vector<float> by_first_ = std::vector<float>(first_pooled.size());
};

}  // namespace detail

class deep_network {
public:
    explicit deep_network(std::uint64_t seed)
        : random_(seed), parameters_(detail::class_layer.end()) {
        for (const affine& layer : {detail::first_layer, detail::second_layer, detail::dense_layer,
                                    detail::class_layer}) {
            const double deviation =
                std::sqrt(2.0 / static_cast<double>(layer.inputs));  // He et al. 2015
            for (std::size_t i = 0; i < layer.inputs * layer.outputs; ++i) {
                parameters_[layer.weights + i] = static_cast<float>(random_.normal(deviation));
            }
        }
    }

    /// One step of Adam; the score is the one before the step, with dropout.
    score train(const batch& images, double learning_rate, double keep) {
        transposed_.update(parameters_.data());
        const score sum = in_halves(images, keep, true);
        std::vector<float>& total = halves_[0].gradients;
        const float scale = 1.0F / static_cast<float>(images.size());
        for (std::size_t i = 0; i < total.size(); ++i) {
            total[i] = scale * (total[i] + halves_[1].gradients[i]);
        }
        optimizer_.update(parameters_, total, learning_rate);
        return mean_score(sum, images.size());
    }

    score evaluate(const batch& images) {
        return mean_score(in_halves(images, 1.0, false), images.size());
    }

private:
    score in_halves(const batch& images, double keep, bool training) {
        const std::size_t middle = (images.size() + 1) / 2;
        const std::array<std::size_t, 3> bounds{0, middle, images.size()};
        std::array<score, 2> sums;
        const random_source seeds[] = {random_source(random_.bits()),
                                       random_source(random_.bits())};
        const auto work = [&](std::size_t which) {
            detail::half_batch& half = halves_[which];
            half.forward(parameters_.data(), images, bounds[which], bounds[which + 1]);
            sums[which] = half.classify(parameters_.data(), keep, seeds[which]);
            if (training) {
                half.backward(transposed_, images);
            }
        };
        guild::result<guild::os::thread> helper = guild::os::thread::start([&work] { work(1); });
        work(0);
        if (helper) {
            helper->join();
        } else {
            work(1);  // no thread to be had: the same numbers, only later
        }
        return {sums[0].cross_entropy + sums[1].cross_entropy, sums[0].accuracy + sums[1].accuracy};
    }

    random_source random_;
    std::vector<float> parameters_;
    detail::transposed_weights transposed_;
    std::array<detail::half_batch, 2> halves_;
    adam optimizer_{detail::class_layer.end()};
};

}  // namespace mnist

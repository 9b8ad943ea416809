// examples/mnist/layers.hpp - affine, convolution, pooling, dropout, Adam: the pieces of a network.
//
// Images are stored position by position with the channels together ("channels last"), so that a
// convolution is an affine layer over rows of neighbourhoods and needs no product of its own.
// Not here: the network (deep.hpp), the product (matrix.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "matrix.hpp"
#include "random.hpp"

namespace mnist {

/// Where the numbers of an affine layer stand in the network's one array of parameters.
struct affine {
    std::size_t inputs;
    std::size_t outputs;
    std::size_t weights;  // offset of inputs x outputs numbers

    constexpr std::size_t biases() const noexcept { return weights + inputs * outputs; }
    constexpr std::size_t end() const noexcept { return biases() + outputs; }
};

/// out = in weights + biases, for `rows` rows.
inline void forward(const affine& layer, const float* parameters, const float* in, std::size_t rows,
                    float* out) {
    for (std::size_t row = 0; row < rows; ++row) {
        std::copy_n(parameters + layer.biases(), layer.outputs, out + row * layer.outputs);
    }
    multiply_add(as_matrix(in, rows, layer.inputs), parameters + layer.weights, out, layer.outputs);
}

/// Adds to `gradients` what the gradient by the outputs says about weights and biases.
inline void backward(const affine& layer, const float* in, const float* by_out, std::size_t rows,
                     float* gradients) {
    multiply_add(as_transpose(in, rows, layer.inputs), by_out, gradients + layer.weights,
                 layer.outputs);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t i = 0; i < layer.outputs; ++i) {
            gradients[layer.biases() + i] += by_out[row * layer.outputs + i];
        }
    }
}

/// by_in = by_out weights^T; `transposed` holds the layer's weights transposed.
inline void backward_input(const affine& layer, const float* transposed, const float* by_out,
                           std::size_t rows, float* by_in) {
    std::fill_n(by_in, rows * layer.inputs, 0.0F);
    multiply_add(as_matrix(by_out, rows, layer.outputs), transposed, by_in, layer.inputs);
}

/// A square image of `channels` numbers a position.
struct image_shape {
    std::size_t side;
    std::size_t channels;

    constexpr std::size_t positions() const noexcept { return side * side; }
    constexpr std::size_t size() const noexcept { return positions() * channels; }
};

inline constexpr std::size_t kernel_side = 5;

namespace detail {

/// Calls use(offset in the row of a position, offset in the image, count) for each run of numbers
/// that the 5 x 5 neighbourhood of (row, column) has in the image; what lies outside of it is left
/// out.
template <class Use>
inline void for_each_run(const image_shape& shape, std::size_t row, std::size_t column, Use use) {
    constexpr std::size_t reach = kernel_side / 2;
    const std::size_t first = column < reach ? reach - column : 0;
    const std::size_t last = std::min(kernel_side, shape.side + reach - column);
    for (std::size_t k = 0; k < kernel_side; ++k) {
        if (row + k < reach || row + k >= shape.side + reach) {
            continue;
        }
        const std::size_t from = (row + k - reach) * shape.side + column + first - reach;
        use((k * kernel_side + first) * shape.channels, from * shape.channels,
            (last - first) * shape.channels);
    }
}

}  // namespace detail

/// Writes the 5 x 5 neighbourhood of each position as one row; zeros stand for what is outside.
///
/// out      rows: positions x (25 channels)
inline void gather_neighbourhoods(const image_shape& shape, const float* image, float* rows) {
    const std::size_t width = kernel_side * kernel_side * shape.channels;
    std::fill_n(rows, shape.positions() * width, 0.0F);
    for (std::size_t position = 0; position < shape.positions(); ++position) {
        float* to = rows + position * width;
        detail::for_each_run(shape, position / shape.side, position % shape.side,
                             [&](std::size_t at, std::size_t from, std::size_t count) {
                                 std::copy_n(image + from, count, to + at);
                             });
    }
}

/// The reverse: adds each number of the rows to the position it was gathered from.
inline void scatter_neighbourhoods(const image_shape& shape, const float* rows, float* image) {
    const std::size_t width = kernel_side * kernel_side * shape.channels;
    std::fill_n(image, shape.size(), 0.0F);
    for (std::size_t position = 0; position < shape.positions(); ++position) {
        const float* from = rows + position * width;
        detail::for_each_run(shape, position / shape.side, position % shape.side,
                             [&](std::size_t at, std::size_t to, std::size_t count) {
                                 for (std::size_t i = 0; i < count; ++i) {
                                     image[to + i] += from[at + i];
                                 }
                             });
    }
}

/// The largest of each 2 x 2 square, or 0 if that is larger (a rectifier after the pool is the same
/// as before it).
///
/// out      out: half the side; chosen: which of the four, or 4 when it was the 0
inline void pool(const image_shape& shape, const float* in, float* out, std::uint8_t* chosen) {
    const std::size_t half = shape.side / 2;
    for (std::size_t position = 0; position < half * half; ++position) {
        const std::size_t corner = position / half * 2 * shape.side + position % half * 2;
        for (std::size_t c = 0; c < shape.channels; ++c) {
            float best = 0;
            std::uint8_t which = 4;
            for (std::uint8_t i = 0; i < 4; ++i) {
                const float value =
                    in[(corner + i / 2U * shape.side + i % 2U) * shape.channels + c];
                which = value > best ? i : which;
                best = value > best ? value : best;
            }
            out[position * shape.channels + c] = best;
            chosen[position * shape.channels + c] = which;
        }
    }
}

/// Hands each gradient to the number that was chosen.
inline void backward_pool(const image_shape& shape, const float* by_out, const std::uint8_t* chosen,
                          float* by_in) {
    const std::size_t half = shape.side / 2;
    std::fill_n(by_in, shape.size(), 0.0F);
    for (std::size_t position = 0; position < half * half; ++position) {
        const std::size_t corner = position / half * 2 * shape.side + position % half * 2;
        for (std::size_t c = 0; c < shape.channels; ++c) {
            const std::size_t which = chosen[position * shape.channels + c];
            if (which < 4) {
                by_in[(corner + which / 2 * shape.side + which % 2) * shape.channels + c] =
                    by_out[position * shape.channels + c];
            }
        }
    }
}

/// Replaces negative numbers by 0 and, with keep < 1, drops the rest with probability 1 - keep and
/// scales it up.
///
/// out      slope: what to multiply the gradient by on the way back
inline void rectify_and_drop(std::vector<float>& values, double keep, random_source& random,
                             std::vector<float>& slope) {
    const float scale = static_cast<float>(1 / keep);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool kept = values[i] > 0 && (keep >= 1 || random.uniform() < keep);
        slope[i] = kept ? scale : 0.0F;
        values[i] *= slope[i];
    }
}

/// The optimizer of Kingma and Ba (2015), with the constants they recommend.
class adam {
public:
    explicit adam(std::size_t count) : mean_(count), square_(count) {}

    void update(std::vector<float>& parameters, const std::vector<float>& gradients,
                double learning_rate) {
        mean_power_ *= 0.9;
        square_power_ *= 0.999;
        const float rate =
            static_cast<float>(learning_rate * std::sqrt(1 - square_power_) / (1 - mean_power_));
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            mean_[i] += 0.1F * (gradients[i] - mean_[i]);
            square_[i] += 0.001F * (gradients[i] * gradients[i] - square_[i]);
            parameters[i] -= rate * mean_[i] / (std::sqrt(square_[i]) + 1e-8F);
        }
    }

private:
    std::vector<float> mean_;
    std::vector<float> square_;
    double mean_power_ = 1;
    double square_power_ = 1;
};

}  // namespace mnist

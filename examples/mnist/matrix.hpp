// examples/mnist/matrix.hpp - one vectorised matrix product, which all layers here are made of.
//
// Matrices are rows of floats, one row after the other. The code uses the vector types of GCC and
// Clang, four floats wide: every machine has those, and the compiler maps them to its instructions.
#pragma once

#include <cstddef>
#include <cstring>

namespace mnist {

/// A matrix to read; with the two strides exchanged it is its own transpose, at no cost.
struct matrix_view {
    const float* data;
    std::size_t rows;
    std::size_t columns;
    std::size_t row_stride;
    std::size_t column_stride;
};

/// The `rows` x `columns` matrix at `data`.
inline matrix_view as_matrix(const float* data, std::size_t rows, std::size_t columns) noexcept {
    return {data, rows, columns, columns, 1};
}

/// The transpose of the `rows` x `columns` matrix at `data`.
inline matrix_view as_transpose(const float* data, std::size_t rows, std::size_t columns) noexcept {
    return {data, columns, rows, 1, columns};
}

/// c += a b, where b has a.columns rows and c has a.rows rows, both of `width` floats.
///
/// cost     about one multiplication a lane and cycle; fastest when width is a multiple of 8
/// example  tests/examples/mnist.cpp "matrix product: agrees with the schoolbook sum for every
/// remainder"
void multiply_add(const matrix_view& a, const float* b, float* c, std::size_t width) noexcept;

/// to[column][row] = from[row][column].
void transpose(const float* from, std::size_t rows, std::size_t columns, float* to) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

using lanes = float __attribute__((vector_size(16)));
inline constexpr std::size_t lane_count = 4;

inline lanes load_lanes(const float* from) noexcept {
    lanes out;
    std::memcpy(&out, from, sizeof out);
    return out;
}

/// Rows x (4 Wide) numbers of c, kept in registers while the products of one row of b after the
/// other are added.
template <std::size_t Rows, std::size_t Wide>
inline void multiply_block(const matrix_view& a, const float* b, float* c,
                           std::size_t width) noexcept {
    lanes sum[Rows][Wide];
    for (std::size_t row = 0; row < Rows; ++row) {
        for (std::size_t i = 0; i < Wide; ++i) {
            sum[row][i] = load_lanes(c + row * width + i * lane_count);
        }
    }
    for (std::size_t k = 0; k < a.columns; ++k) {
        lanes right[Wide];
        for (std::size_t i = 0; i < Wide; ++i) {
            right[i] = load_lanes(b + k * width + i * lane_count);
        }
        for (std::size_t row = 0; row < Rows; ++row) {
            const float left = a.data[row * a.row_stride + k * a.column_stride];
            for (std::size_t i = 0; i < Wide; ++i) {
                sum[row][i] += left * right[i];
            }
        }
    }
    for (std::size_t row = 0; row < Rows; ++row) {
        std::memcpy(c + row * width, sum[row], sizeof sum[row]);
    }
}

/// All rows of c, in a column of 4 Wide numbers.
template <std::size_t Wide>
inline void multiply_column(matrix_view a, const float* b, float* c, std::size_t width) noexcept {
    while (a.rows > 0) {
        const std::size_t rows = a.rows >= 4 ? 4 : 1;
        if (rows == 4) {
            multiply_block<4, Wide>(a, b, c, width);
        } else {
            multiply_block<1, Wide>(a, b, c, width);
        }
        a.data += rows * a.row_stride;
        c += rows * width;
        a.rows -= rows;
    }
}

}  // namespace detail

inline void multiply_add(const matrix_view& a, const float* b, float* c,
                         std::size_t width) noexcept {
    std::size_t column = 0;
    for (; column + 2 * detail::lane_count <= width; column += 2 * detail::lane_count) {
        detail::multiply_column<2>(a, b + column, c + column, width);
    }
    if (column + detail::lane_count <= width) {
        detail::multiply_column<1>(a, b + column, c + column, width);
        column += detail::lane_count;
    }
    for (; column < width; ++column) {
        for (std::size_t row = 0; row < a.rows; ++row) {
            float sum = c[row * width + column];
            for (std::size_t k = 0; k < a.columns; ++k) {
                sum += a.data[row * a.row_stride + k * a.column_stride] * b[k * width + column];
            }
            c[row * width + column] = sum;
        }
    }
}

inline void transpose(const float* from, std::size_t rows, std::size_t columns,
                      float* to) noexcept {
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t column = 0; column < columns; ++column) {
            to[column * rows + row] = from[row * columns + column];
        }
    }
}

}  // namespace mnist

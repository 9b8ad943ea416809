// examples/mnist/idx.hpp - IDX, the format of MNIST's files: an array of bytes behind its shape.
//
//   byte  0  0
//   byte  1  0
//   byte  2  8               type of the numbers; 8: unsigned bytes, the only one MNIST uses
//   byte  3  d               number of dimensions
//   byte  4  d x u32         sizes, big-endian, slowest dimension first
//   then     one byte for each number, last dimension fastest
//
// Not here: compressed files, and where the files come from (dataset.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>

namespace mnist {

/// An array of bytes with its shape.
struct idx_array {
    std::vector<std::uint32_t> shape;
    std::vector<std::uint8_t> values;
};

/// Reads a whole IDX file of unsigned bytes.
///
/// in       path: only for the error
/// errors   bad_syntax for another magic number or bytes behind the end, unsupported for other
/// number types,
///          truncated; where.begin is the offset at which the file is wrong
/// source   "The IDX file format", on the MNIST page of LeCun, Cortes and Burges
/// example  tests/examples/mnist.cpp "idx: a file written by hand is read"
guild::result<idx_array> parse_idx(std::string_view bytes, const std::string& path);

/// The bytes of an IDX file.
std::string format_idx(const idx_array& array);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline guild::error bad_idx(guild::errc code, const std::string& message, const std::string& path,
                            std::size_t offset) {
    return guild::make_error(code, message, path, {offset, offset + 1, 0, 0});
}

inline guild::error idx_cut(std::size_t size, const std::string& needed, const std::string& path) {
    return bad_idx(guild::errc::truncated,
                   "the file ends after " + std::to_string(size) + " bytes, it should have " +
                       needed,
                   path, size);
}

inline std::uint32_t load_be32(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

}  // namespace detail

inline guild::result<idx_array> parse_idx(std::string_view bytes, const std::string& path) {
    if (bytes.size() < 4) {
        return detail::idx_cut(bytes.size(), "a header of 4", path);
    }
    if (bytes[0] != 0 || bytes[1] != 0) {
        return detail::bad_idx(guild::errc::bad_syntax,
                               "not an IDX file: it should begin with two zero bytes", path, 0);
    }
    if (bytes[2] != 8) {
        return detail::bad_idx(guild::errc::unsupported,
                               "expected unsigned bytes (type 8), the file has type " +
                                   std::to_string(static_cast<unsigned char>(bytes[2])),
                               path, 2);
    }
    idx_array out;
    const std::size_t dimensions = static_cast<unsigned char>(bytes[3]);
    const std::size_t header = 4 + 4 * dimensions;
    if (bytes.size() < header) {
        return detail::idx_cut(bytes.size(), "a header of " + std::to_string(header), path);
    }
    std::uint64_t count = 1;
    for (std::size_t i = 0; i < dimensions; ++i) {
        out.shape.push_back(detail::load_be32(bytes, 4 + 4 * i));
        count *= out.shape.back();
        if (count > (std::uint64_t{1} << 31U)) {
            return detail::bad_idx(guild::errc::too_large, "the sizes multiply to over 2 GiB", path,
                                   4 + 4 * i);
        }
    }
    if (bytes.size() - header < count) {
        return detail::idx_cut(bytes.size(), std::to_string(header + count), path);
    }
    if (bytes.size() - header > count) {
        return detail::bad_idx(guild::errc::bad_syntax,
                               "expected the end of the file, there are " +
                                   std::to_string(bytes.size() - header - count) + " bytes more",
                               path, header + static_cast<std::uint32_t>(count));
    }
    out.values.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end());
    return out;
}

inline std::string format_idx(const idx_array& array) {
    std::string out{'\0', '\0', '\x08', static_cast<char>(array.shape.size())};
    for (const std::uint32_t size : array.shape) {
        for (unsigned shift = 32; shift > 0; shift -= 8) {
            out += static_cast<char>(size >> (shift - 8) & 0xFFU);
        }
    }
    out.append(array.values.begin(), array.values.end());
    return out;
}

}  // namespace mnist

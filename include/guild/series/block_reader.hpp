// guild/series/block_reader.hpp - the blocks of a series file in order, past damaged ranges.
//
// Layer 3. Includes: base, os/file.hpp, series/format.hpp.
// Not here: what blocks hold (series/payload.hpp); series (series/reader.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/file.hpp>
#include <guild/series/format.hpp>

namespace guild { inline namespace v0 { namespace series {

/// A half-open range of a file.
struct byte_range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Reads blocks of an open file from an offset up to a size.
///
/// Where no good block stands, the next one is looked for by its magic, its own offset and its
/// checksum. A beginning of a block at the end, with no good block behind it, is the end.
/// cost     memory: 256 KiB, or the largest block that the file really holds
/// example  tests/series/block_reader.cpp "block reader: what follows a damaged block is not lost"
class block_reader {
public:
    block_reader(const os::file& file, std::uint32_t seed, std::uint64_t offset, std::uint64_t size)
        : file_(&file), seed_(seed), offset_(offset), size_(size) {}

    /// The next good block; false at the end. Its payload lives until the next call.
    [[nodiscard]] bool next(block& out);

    /// The end of the last good block: where to go on when the file has grown.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

    /// Damaged ranges that a good block followed.
    [[nodiscard]] const std::vector<byte_range>& lost() const noexcept { return lost_; }

    /// A failed read; the blocks before it are good.
    [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }

private:
    block_status read_block(std::uint64_t offset, block& out);
    bool find_block(std::uint64_t from, block& out);
    std::string_view window(std::uint64_t offset, std::uint64_t need);

    static constexpr std::uint64_t step = std::uint64_t{256} << 10U;

    const os::file* file_;
    std::uint32_t seed_;
    std::uint64_t offset_;
    std::uint64_t size_;
    std::string buffer_;
    std::uint64_t buffer_offset_ = 0;
    std::vector<byte_range> lost_;
    std::optional<error> failure_;
};

/// The last good block of the file, looked for from its end.
///
/// out      empty if there is none; the payload's memory is `memory`
[[nodiscard]] std::optional<block> find_last_block(const os::file& file, std::uint32_t seed,
                                                   std::uint64_t size, std::string& memory);

/// The block at `offset`, if a good one stands there.
[[nodiscard]] std::optional<block> find_block_at(const os::file& file, std::uint32_t seed,
                                                 std::uint64_t offset, std::uint64_t size,
                                                 std::string& memory);

// ---- implementation ---------------------------------------------------------

inline bool block_reader::next(block& out) {
    if (failure_ || offset_ >= size_) {
        return false;
    }
    const block_status status = read_block(offset_, out);
    if (failure_ || (status != block_status::good && !find_block(offset_ + 8, out))) {
        return false;
    }
    if (out.offset > offset_) {
        lost_.push_back({offset_, out.offset});
    }
    offset_ = out.end();
    return true;
}

inline block_status block_reader::read_block(std::uint64_t offset, block& out) {
    const std::string_view start = window(offset, block_head_bytes);
    const block_head head = decode_block_head(start, offset);
    if (head.status != block_status::good) {
        return head.status;
    }
    if (head.bytes > size_ - offset) {
        return block_status::incomplete;
    }
    return decode_block(window(offset, head.bytes), offset, seed_, out);
}

// Looks at every eighth byte for the magic and the block's own offset, then at the checksum.
inline bool block_reader::find_block(std::uint64_t from, block& out) {
    for (std::uint64_t at = (from + 7) / 8 * 8; at < size_; at += 8) {
        const std::string_view here = window(at, block_head_bytes);
        if (here.size() < block_head_bytes) {
            return false;
        }
        if (decode_block_head(here, at).status == block_status::good &&
            read_block(at, out) == block_status::good) {
            return true;
        }
    }
    return false;
}

// The bytes from `offset` on, at least `need` of them unless the file ends before.
inline std::string_view block_reader::window(std::uint64_t offset, std::uint64_t need) {
    const std::uint64_t have = buffer_offset_ + buffer_.size();
    if (offset < buffer_offset_ || offset + need > have) {
        const std::uint64_t rest = size_ > offset ? size_ - offset : 0;
        const std::uint64_t want = std::min(rest, std::max(need, step));
        buffer_.resize(guild::detail::convert<std::size_t>(want));
        buffer_offset_ = offset;
        const auto got = file_->read_at(offset, &buffer_[0], buffer_.size());
        if (!got) {
            failure_ = got.error();
        }
        buffer_.resize(got.value_or(0));
    }
    return std::string_view(buffer_).substr(
        guild::detail::convert<std::size_t>(offset - buffer_offset_));
}

inline std::optional<block> find_block_at(const os::file& file, std::uint32_t seed,
                                          std::uint64_t offset, std::uint64_t size,
                                          std::string& memory) {
    if (offset >= size || size - offset < block_bytes(0)) {
        return std::nullopt;
    }
    memory.resize(block_head_bytes);
    auto got = file.read_at(offset, &memory[0], memory.size());
    const block_head head = decode_block_head(memory, offset);
    if (!got || *got != memory.size() || head.status != block_status::good ||
        head.bytes > size - offset) {
        return std::nullopt;
    }
    memory.resize(guild::detail::convert<std::size_t>(head.bytes));
    got = file.read_at(offset, &memory[0], memory.size());
    block found;
    if (!got || *got != memory.size() ||
        decode_block(memory, offset, seed, found) != block_status::good) {
        return std::nullopt;
    }
    return found;
}

namespace detail {

// The block that ends exactly at `size`, found by the length in its last eight bytes.
inline std::optional<block> find_block_before(const os::file& file, std::uint32_t seed,
                                              std::uint64_t size, std::string& memory) {
    char tail[block_tail_bytes] = {};
    if (size < header_bytes + block_bytes(0) || size % 8 != 0) {
        return std::nullopt;
    }
    const auto got = file.read_at(size - block_tail_bytes, tail, sizeof tail);
    const std::uint64_t bytes = block_bytes(load_le<std::uint32_t>(tail));
    if (!got || *got != sizeof tail || bytes > size - header_bytes) {
        return std::nullopt;
    }
    return find_block_at(file, seed, size - bytes, size, memory);
}

}  // namespace detail

inline std::optional<block> find_last_block(const os::file& file, std::uint32_t seed,
                                            std::uint64_t size, std::string& memory) {
    auto last = detail::find_block_before(file, seed, size, memory);
    if (last || size <= header_bytes) {
        return last;
    }
    // A torn tail: look back from the end in growing pieces.
    constexpr std::uint64_t first_reach = std::uint64_t{64} << 10U;
    std::uint64_t end = size / 8 * 8;
    constexpr std::uint64_t most_reach = std::uint64_t{4} << 20U;
    for (std::uint64_t reach = first_reach; end > header_bytes;
         reach = std::min(reach * 4, most_reach)) {
        const std::uint64_t begin =
            end > header_bytes + reach ? (end - reach) / 8 * 8 : header_bytes;
        const std::uint64_t until = std::min(size, end + block_head_bytes);
        std::string piece(guild::detail::convert<std::size_t>(until - begin), '\0');
        const auto got = file.read_at(begin, &piece[0], piece.size());
        piece.resize(got.value_or(0));
        for (std::uint64_t at = end; at >= begin + 8;) {
            at -= 8;
            const std::size_t in_piece = guild::detail::convert<std::size_t>(at - begin);
            const std::string_view here =
                std::string_view(piece).substr(std::min(in_piece, piece.size()));
            if (decode_block_head(here, at).status == block_status::good) {
                last = find_block_at(file, seed, at, size, memory);
                if (last) {
                    return last;
                }
            }
        }
        end = begin;
    }
    return std::nullopt;
}

}}}  // namespace guild::series

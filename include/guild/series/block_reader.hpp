// guild/series/block_reader.hpp - the blocks of a series file in order, past damaged ranges.
//
// Layer 3. Includes: base, os/file.hpp, series/format.hpp.
// Not here: what blocks hold (series/payload.hpp); series (series/reader.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
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

    [[nodiscard]] bool holds(std::uint64_t offset) const noexcept {
        return offset >= begin && offset < end;
    }
};

/// The bytes in ranges that do not overlap.
[[nodiscard]] inline std::uint64_t count_bytes(const std::vector<byte_range>& ranges) noexcept {
    std::uint64_t bytes = 0;
    for (const byte_range& range : ranges) {
        bytes += range.end - range.begin;
    }
    return bytes;
}

/// A piece of an open file in memory; another one is read when it is asked for.
///
/// cost     256 KiB, or the largest piece that was asked for and that the file really holds
class file_window {
public:
    explicit file_window(const os::file& file) noexcept : file_(&file) {}

    /// The bytes from `offset` on, at least `need` of them unless `size` ends before. They live
    /// until the next call.
    [[nodiscard]] std::string_view view(std::uint64_t offset, std::uint64_t need,
                                        std::uint64_t size);

    /// Reads exactly this piece, if the file has it.
    void load(std::uint64_t offset, std::uint64_t bytes);

    /// Whether the byte at `offset` is in memory.
    [[nodiscard]] bool holds(std::uint64_t offset) const noexcept {
        return offset >= offset_ && offset - offset_ < held_;
    }

    /// The first failed read.
    [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }

    /// Counts the bytes of what looked like a block and was none. When they are many times those of
    /// the file, whoever made it wants to keep its readers busy, and no more is to be looked for.
    void count_false(std::uint64_t bytes) noexcept { false_bytes_ += bytes; }
    [[nodiscard]] bool is_spent(std::uint64_t size) const noexcept {
        constexpr std::uint64_t most_times = 64;
        return false_bytes_ / most_times > size;
    }

private:
    static constexpr std::uint64_t step = std::uint64_t{256} << 10U;

    const os::file* file_;
    std::unique_ptr<char[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t held_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t false_bytes_ = 0;
    std::optional<error> failure_;
};

/// Reads blocks of an open file from an offset up to a size.
///
/// Where no good block stands, the next one is looked for by its magic, its own offset and its
/// checksum. A beginning of a block at the end, with no good block behind it, is the end.
/// example  tests/series/block_reader.cpp "block reader: what follows a damaged block is not lost"
class block_reader {
public:
    block_reader(file_window& window, std::uint32_t seed, std::uint64_t offset, std::uint64_t size)
        : window_(&window), seed_(seed), offset_(offset), size_(size) {}

    /// The next good block; false at the end. Its payload lives until the window is used again.
    [[nodiscard]] bool next(block& out);

    /// The end of the last good block: where to go on when the file has grown.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

    /// Damaged ranges that a good block followed.
    [[nodiscard]] const std::vector<byte_range>& lost() const noexcept { return lost_; }

    /// A failed read; the blocks before it are good.
    [[nodiscard]] const std::optional<error>& failure() const noexcept {
        return window_->failure();
    }

private:
    bool read_block(std::uint64_t offset, block& out);
    bool find_block(std::uint64_t from, block& out);

    file_window* window_;
    std::uint32_t seed_;
    std::uint64_t offset_;
    std::uint64_t size_;
    std::vector<byte_range> lost_;
};

/// Adds a range to those that are lost; it becomes one with those it meets.
void add_range(std::vector<byte_range>& ranges, byte_range next);

/// The last good block of a file of `size` bytes, looked for from its end.
[[nodiscard]] std::optional<block> find_last_block(file_window& window, std::uint32_t seed,
                                                   std::uint64_t size);

/// The block at `offset`, if a good one stands there.
[[nodiscard]] std::optional<block> find_block_at(file_window& window, std::uint32_t seed,
                                                 std::uint64_t offset, std::uint64_t size);

/// The same of a block whose neighbours are not of interest: reads no more than it, or than
/// `usual_bytes` if those hold it.
[[nodiscard]] std::optional<block> find_lone_block_at(file_window& window, std::uint32_t seed,
                                                      std::uint64_t offset, std::uint64_t size,
                                                      std::uint64_t usual_bytes);

// ---- implementation ---------------------------------------------------------

inline std::string_view file_window::view(std::uint64_t offset, std::uint64_t need,
                                          std::uint64_t size) {
    const std::uint64_t rest = size > offset ? size - offset : 0;
    need = std::min(need, rest);
    if (offset < offset_ || offset + need > offset_ + held_) {
        load(offset, std::min(rest, std::max(need, step)));
    }
    const auto skip = std::min<std::uint64_t>(offset - offset_, held_);
    return {memory_.get() + skip,
            guild::detail::convert<std::size_t>(std::min<std::uint64_t>(held_ - skip, rest))};
}

inline void file_window::load(std::uint64_t offset, std::uint64_t bytes) {
    const auto wanted = guild::detail::convert<std::size_t>(bytes);
    if (wanted > capacity_) {
        memory_.reset(new char[wanted]);
        capacity_ = wanted;
    }
    offset_ = offset;
    held_ = 0;
    const auto got = file_->read_at(offset, memory_.get(), wanted);
    if (!got && !failure_) {
        failure_ = got.error();
    }
    held_ = got.value_or(0);
}

inline bool block_reader::next(block& out) {
    if (failure() || offset_ >= size_) {
        return false;
    }
    if (!read_block(offset_, out) && (failure() || !find_block(offset_ + 8, out))) {
        return false;
    }
    if (out.offset > offset_) {
        lost_.push_back({offset_, out.offset});
    }
    offset_ = out.end();
    return true;
}

inline bool block_reader::read_block(std::uint64_t offset, block& out) {
    const auto found = find_block_at(*window_, seed_, offset, size_);
    out = found.value_or(out);
    return found.has_value();
}

// Looks at every eighth byte for the magic and the block's own offset, then at the checksum.
inline bool block_reader::find_block(std::uint64_t from, block& out) {
    for (std::uint64_t at = (from + 7) / 8 * 8; at < size_; at += 8) {
        const std::string_view here = window_->view(at, block_head_bytes, size_);
        if (here.size() < block_head_bytes) {
            return false;
        }
        if (decode_block_head(here, at).status == block_status::good && read_block(at, out)) {
            return true;
        }
    }
    return false;
}

inline void add_range(std::vector<byte_range>& ranges, byte_range next) {
    const auto meets = [&](const byte_range& other) {
        return other.begin < next.end && next.begin < other.end;
    };
    for (auto at = ranges.begin(); at != ranges.end();) {
        if (meets(*at)) {
            next = {std::min(next.begin, at->begin), std::max(next.end, at->end)};
            at = ranges.erase(at);
        } else {
            ++at;
        }
    }
    ranges.push_back(next);
}

inline std::optional<block> find_block_at(file_window& window, std::uint32_t seed,
                                          std::uint64_t offset, std::uint64_t size) {
    if (offset >= size || size - offset < block_bytes(0)) {
        return std::nullopt;
    }
    const block_head head = decode_block_head(window.view(offset, block_head_bytes, size), offset);
    if (head.status != block_status::good || head.bytes > size - offset || window.is_spent(size)) {
        return std::nullopt;
    }
    block found;
    if (decode_block(window.view(offset, head.bytes, size), offset, seed, found) !=
        block_status::good) {
        window.count_false(head.bytes);
        return std::nullopt;
    }
    return found;
}

inline std::optional<block> find_lone_block_at(file_window& window, std::uint32_t seed,
                                               std::uint64_t offset, std::uint64_t size,
                                               std::uint64_t usual_bytes) {
    if (offset >= size || size - offset < block_bytes(0)) {
        return std::nullopt;
    }
    if (!window.holds(offset) || !window.holds(offset + block_head_bytes - 1)) {
        window.load(offset, std::min(size - offset, usual_bytes));
    }
    const block_head head = decode_block_head(window.view(offset, block_head_bytes, size), offset);
    if (head.status != block_status::good || head.bytes > size - offset) {
        return std::nullopt;
    }
    if (!window.holds(offset + head.bytes - 1)) {
        window.load(offset, head.bytes);
    }
    return find_block_at(window, seed, offset, size);
}

namespace detail {

// Most files end in a whole block whose index and dictionary are in the last 8 KiB.
inline constexpr std::uint64_t usual_tail_bytes = std::uint64_t{8} << 10U;
inline constexpr std::uint64_t usual_dictionary_bytes = std::uint64_t{4} << 10U;

// The block that ends exactly at `size`, found by the length in its last eight bytes.
inline std::optional<block> find_block_before(file_window& window, std::uint32_t seed,
                                              std::uint64_t size) {
    if (size < header_bytes + block_bytes(0) || size % 8 != 0) {
        return std::nullopt;
    }
    const std::string_view tail = window.view(size - block_tail_bytes, block_tail_bytes, size);
    if (tail.size() < block_tail_bytes) {
        return std::nullopt;
    }
    const std::uint64_t bytes = block_bytes(load_le<std::uint32_t>(tail.data()));
    if (bytes > size - header_bytes) {
        return std::nullopt;
    }
    return find_block_at(window, seed, size - bytes, size);
}

// The last good block that begins in [begin, end).
inline std::optional<block> find_last_block_in(file_window& window, std::uint32_t seed,
                                               byte_range where, std::uint64_t size) {
    for (std::uint64_t at = where.end; at >= where.begin + 8 && !window.failure();) {
        at -= 8;
        // The same view as before unless a whole block had to be looked at.
        const std::string_view all =
            window.view(where.begin, where.end - where.begin + block_head_bytes, size);
        const auto skip = guild::detail::convert<std::size_t>(at - where.begin);
        const std::string_view here = all.substr(std::min(skip, all.size()));
        if (decode_block_head(here, at).status == block_status::good) {
            const auto found = find_block_at(window, seed, at, size);
            if (found) {
                return found;
            }
        }
    }
    return std::nullopt;
}

}  // namespace detail

inline std::optional<block> find_last_block(file_window& window, std::uint32_t seed,
                                            std::uint64_t size) {
    if (size <= header_bytes) {
        return std::nullopt;
    }
    auto last = detail::find_block_before(window, seed, size);
    // A torn tail: look back from the end in growing pieces.
    constexpr std::uint64_t most_reach = std::uint64_t{4} << 20U;
    std::uint64_t reach = std::uint64_t{64} << 10U;
    for (std::uint64_t end = size / 8 * 8; !last && end > header_bytes && !window.failure();) {
        const std::uint64_t begin =
            end > header_bytes + reach ? (end - reach) / 8 * 8 : header_bytes;
        last = detail::find_last_block_in(window, seed, {begin, end}, size);
        end = begin;
        reach = std::min(reach * 4, most_reach);
    }
    return last;
}

}}}  // namespace guild::series

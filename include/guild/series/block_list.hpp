// guild/series/block_list.hpp - all good blocks of a file, also those that stand at another place
// than they say, because bytes were cut out or put in before them.
//
// Layer 3. Includes: base, os/file.hpp, series/block_reader.hpp format.hpp.
// Not here: reading a file as it should be (series/block_reader.hpp); what is done about damage
// (series/repair.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/file.hpp>
#include <guild/series/block_reader.hpp>
#include <guild/series/format.hpp>

namespace guild { inline namespace v0 { namespace series {

/// A good block: where it stands, and where it says that it stands.
struct placed_block {
    std::uint64_t sequence = 0;
    std::uint64_t place = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;

    [[nodiscard]] bool is_displaced() const noexcept { return place != offset; }
    [[nodiscard]] std::uint64_t end() const noexcept { return place + bytes; }
};

/// What list_blocks() found.
struct block_list {
    std::vector<placed_block> blocks;  // in order of place; of sequence, if any is displaced
    std::vector<byte_range> lost;      // belong to none of them, and one stands behind
    std::uint64_t end = header_bytes;  // of the last of them in the file

    [[nodiscard]] bool has_displaced() const noexcept {
        return std::any_of(blocks.begin(), blocks.end(),
                           [](const placed_block& each) { return each.is_displaced(); });
    }
};

/// Good blocks in [where.begin, where.end) that say that they stand elsewhere, in order of place.
///
/// cost     looks at every byte for the magic of a block
[[nodiscard]] std::vector<placed_block> find_displaced(file_window& window, std::uint32_t seed,
                                                       byte_range where);

/// Looks for all good blocks of a file. A displaced block whose sequence is there already is left
/// out.
///
/// errors   io_failed
/// cost     O(size) time; 32 bytes of memory for each block
/// example  tests/series/block_list.cpp "block list: blocks behind a cut are found at their places"
[[nodiscard]] result<block_list> list_blocks(const os::file& file, std::uint32_t seed,
                                             std::uint64_t size);

/// Reads a block of a list; its offset is the one that it says. Its payload lives until the window
/// is used again.
[[nodiscard]] std::optional<block> read_placed(file_window& window, std::uint32_t seed,
                                               const placed_block& from);

// ---- implementation ---------------------------------------------------------

inline std::optional<block> read_placed(file_window& window, std::uint32_t seed,
                                        const placed_block& from) {
    block found;
    if (decode_block(window.view(from.place, from.bytes, from.end()), from.offset, seed, found) !=
        block_status::good) {
        window.count_false(from.bytes);
        return std::nullopt;
    }
    return found;
}

namespace detail {

// The block at `place`, whatever offset it says, if it is good and ends by `end`.
inline std::optional<placed_block> find_anywhere(file_window& window, std::uint32_t seed,
                                                 std::uint64_t place, std::uint64_t end) {
    const std::string_view head = window.view(place, block_head_bytes, end);
    if (head.size() < block_head_bytes) {
        return std::nullopt;
    }
    placed_block found;
    found.place = place;
    found.sequence = load_le<std::uint64_t>(head.data() + 16);
    found.offset = load_le<std::uint64_t>(head.data() + 24);
    found.bytes = decode_block_head(head, found.offset).bytes;
    if (found.bytes == 0 || found.bytes > end - place || window.is_spent(end) ||
        !read_placed(window, seed, found)) {
        return std::nullopt;
    }
    return found;
}

inline constexpr std::string_view magic_bytes = "\xA9GTB";

// Blocks that are there without those that repeat one.
inline void add_displaced(std::vector<placed_block>& blocks,
                          const std::vector<placed_block>& displaced) {
    if (displaced.empty()) {
        return;
    }
    blocks.insert(blocks.end(), displaced.begin(), displaced.end());
    // Of one sequence, the one in its place comes first.
    std::sort(blocks.begin(), blocks.end(), [](const placed_block& a, const placed_block& b) {
        return std::make_tuple(a.sequence, a.is_displaced(), a.place) <
               std::make_tuple(b.sequence, b.is_displaced(), b.place);
    });
    const auto repeats = [](const placed_block& a, const placed_block& b) {
        return a.sequence == b.sequence && b.is_displaced();
    };
    blocks.erase(std::unique(blocks.begin(), blocks.end(), repeats), blocks.end());
}

inline std::vector<placed_block> sort_by_place(std::vector<placed_block> blocks) {
    std::sort(blocks.begin(), blocks.end(),
              [](const placed_block& a, const placed_block& b) { return a.place < b.place; });
    return blocks;
}

}  // namespace detail

inline std::vector<placed_block> find_displaced(file_window& window, std::uint32_t seed,
                                                byte_range where) {
    std::vector<placed_block> found;
    for (std::uint64_t at = where.begin; at < where.end && !window.failure();) {
        const std::string_view here = window.view(at, block_head_bytes, where.end);
        if (here.size() < block_head_bytes) {
            break;
        }
        const std::size_t skip = here.find(detail::magic_bytes);
        if (skip != 0) {
            // The last bytes may begin a magic that the next view has whole.
            at += skip == std::string_view::npos ? here.size() - 3 : skip;
            continue;
        }
        const auto block = detail::find_anywhere(window, seed, at, where.end);
        if (block && block->is_displaced()) {
            found.push_back(*block);
        }
        at = block ? block->end() : at + 1;
    }
    return found;
}

inline result<block_list> list_blocks(const os::file& file, std::uint32_t seed,
                                      std::uint64_t size) {
    file_window window(file);
    block_reader reader(window, seed, header_bytes, size);
    block_list list;
    block next;
    while (reader.next(next)) {
        list.blocks.push_back({next.sequence, next.offset, next.offset, next.end() - next.offset});
    }
    std::vector<byte_range> gaps = reader.lost();
    gaps.push_back({reader.offset(), size});
    std::vector<placed_block> displaced;
    for (const byte_range& gap : gaps) {
        const auto found = find_displaced(window, seed, gap);
        displaced.insert(displaced.end(), found.begin(), found.end());
    }
    if (window.failure()) {
        return *window.failure();
    }
    detail::add_displaced(list.blocks, displaced);
    for (const placed_block& each : detail::sort_by_place(list.blocks)) {
        if (each.place > list.end) {
            list.lost.push_back({list.end, each.place});
        }
        list.end = each.end();
    }
    return list;
}

}}}  // namespace guild::series

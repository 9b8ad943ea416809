// guild/series/format.hpp - the frame of a series file (.gts): its header and its blocks.
//
//     file   := header (96 bytes) block*
//     block  := magic u32 | type u8 | flags u8 | 0 u16 | length u32 | 0 u32
//               | sequence u64 | offset u64 | last_index_offset u64
//               | payload | zeros to 8 | length u32 | checksum u32
//
// Layer 3. Includes: base. Pure: bytes in, values out. docs/format-series.md is the specification.
// Not here: what payloads hold (series/payload.hpp); files (series/writer.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <guild/base/bytes.hpp>
#include <guild/base/crc32c.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace series {

inline constexpr std::string_view file_magic = "GTS1";
inline constexpr std::uint16_t format_version = 1;
inline constexpr std::size_t header_bytes = 96;
inline constexpr std::size_t block_head_bytes = 40;
inline constexpr std::size_t block_tail_bytes = 8;
inline constexpr std::uint32_t block_magic = 0x425447A9;  // A9 'G' 'T' 'B' in the file
inline constexpr std::uint32_t max_payload_bytes = std::uint32_t{64} << 20U;

using uuid = std::array<unsigned char, 16>;

/// What the first 96 bytes of a file say.
///
/// units    start_wall_us: microseconds since 1970-01-01 UTC; start_boot_us: of the same moment on
///          the machine's clock since boot
struct file_header {
    uuid id{};
    std::uint32_t generation = 0;  // 0 as written; one more each time the file was rewritten
    std::uint32_t attempt = 0;     // of a run that was resumed: 0, 1, ...
    std::int64_t start_wall_us = 0;
    std::int64_t start_boot_us = 0;
    uuid continues{};                      // the file this one goes on from; all zero: none
    std::uint64_t continues_sequence = 0;  // its blocks from this number on are repeated here
    std::optional<std::uint32_t> rank;     // of the process among those of a parallel program

    [[nodiscard]] bool is_continuation() const noexcept { return continues != uuid{}; }
};

/// The header's 96 bytes.
[[nodiscard]] std::string encode_header(const file_header& header);

/// Reads a header.
///
/// errors   truncated: fewer than 96 bytes so far, or zeros alone, as network file systems show
///          what is on its way; bad_syntax: not a series file; bad_checksum;
///          unsupported: made by a newer version
/// example  tests/series/format.cpp "header: a future version is refused in clear words"
[[nodiscard]] result<file_header> decode_header(std::string_view bytes);

/// The fields of a damaged header as they stand; whether they are right, the blocks will tell.
[[nodiscard]] file_header guess_header(std::string_view bytes) noexcept;

/// What a block holds. Others of version 1 may come and are stepped over.
enum class block_type : std::uint8_t {
    dictionary = 1,
    frames = 2,
    index = 3,
    note = 4,
    chunk = 5,
    pyramid = 6
};

/// Flag of an index: the writer ended here and nothing follows.
inline constexpr std::uint8_t flag_closed = 1;
/// Flag of a chunk block: its payload begins with a dictionary of all series.
inline constexpr std::uint8_t flag_named = 1;

/// One block. `payload` points into the bytes it was read from.
struct block {
    block_type type = block_type::note;
    std::uint8_t flags = 0;
    std::uint64_t sequence = 0;
    std::uint64_t offset = 0;
    std::uint64_t last_index_offset = 0;  // 0: no index before this block
    std::string_view payload;

    [[nodiscard]] std::uint64_t end() const noexcept;
};

/// Bytes of a block with a payload of `payload_bytes`, always a multiple of 8.
[[nodiscard]] constexpr std::uint64_t block_bytes(std::uint64_t payload_bytes) noexcept {
    return block_head_bytes + (payload_bytes + 7) / 8 * 8 + block_tail_bytes;
}

/// The number that the checksums of a file's blocks start from.
[[nodiscard]] std::uint32_t checksum_seed(const uuid& id) noexcept;

/// Appends a block to `out`; `from.offset` is where it will stand in the file.
void append_block(std::string& out, const block& from, std::uint32_t seed);

enum class block_status : std::uint8_t { good, incomplete, bad };

/// Looks at the head of a block that should begin at `offset`.
///
/// out      bytes: of the whole block, when the status is good
struct block_head {
    block_status status = block_status::incomplete;
    std::uint64_t bytes = 0;
};
[[nodiscard]] block_head decode_block_head(std::string_view bytes, std::uint64_t offset) noexcept;

/// Reads the block that begins at `offset` of the file, at the front of `bytes`.
///
/// example  tests/series/format.cpp "block: the bytes of a small one, by hand"
[[nodiscard]] block_status decode_block(std::string_view bytes, std::uint64_t offset,
                                        std::uint32_t seed, block& out) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::string_view to_text(const uuid& id) noexcept {
    return {reinterpret_cast<const char*>(id.data()), id.size()};
}

inline uuid load_uuid(const char* from) noexcept {
    uuid id{};
    std::memcpy(id.data(), from, id.size());
    return id;
}

inline std::uint32_t header_checksum(std::string_view bytes) noexcept {
    return mask_crc32c(crc32c(bytes.substr(0, header_bytes - 4)));
}

}  // namespace detail

inline std::string encode_header(const file_header& header) {
    std::string bytes(file_magic);
    append_le(bytes, format_version);
    append_le(bytes, static_cast<std::uint16_t>(header_bytes));
    bytes += detail::to_text(header.id);
    append_le(bytes, header.generation);
    append_le(bytes, header.attempt);
    append_le(bytes, header.start_wall_us);
    append_le(bytes, header.start_boot_us);
    bytes += detail::to_text(header.continues);
    append_le(bytes, header.continues_sequence);
    append_le(bytes, header.rank ? *header.rank + 1 : std::uint32_t{0});
    bytes.resize(header_bytes - 4, '\0');
    append_le(bytes, detail::header_checksum(bytes));
    return bytes;
}

inline file_header guess_header(std::string_view bytes) noexcept {
    file_header header;
    header.id = detail::load_uuid(bytes.data() + 8);
    header.generation = load_le<std::uint32_t>(bytes.data() + 24);
    header.attempt = load_le<std::uint32_t>(bytes.data() + 28);
    header.start_wall_us = load_le<std::int64_t>(bytes.data() + 32);
    header.start_boot_us = load_le<std::int64_t>(bytes.data() + 40);
    header.continues = detail::load_uuid(bytes.data() + 48);
    header.continues_sequence = load_le<std::uint64_t>(bytes.data() + 64);
    const auto rank = load_le<std::uint32_t>(bytes.data() + 72);
    header.rank = rank == 0 ? std::nullopt : std::optional<std::uint32_t>(rank - 1);
    return header;
}

inline result<file_header> decode_header(std::string_view bytes) {
    if (bytes.substr(0, header_bytes).find_first_not_of('\0') == std::string_view::npos) {
        return make_error(errc::truncated, "expected a header of 96 bytes, found zeros so far");
    }
    if (bytes.substr(0, 4) != file_magic.substr(0, bytes.size())) {
        return make_error(errc::bad_syntax, "expected a series file, which begins with GTS1");
    }
    if (bytes.size() < header_bytes) {
        return make_error(errc::truncated,
                          "expected a header of 96 bytes, found " + std::to_string(bytes.size()));
    }
    const auto stored = load_le<std::uint32_t>(bytes.data() + header_bytes - 4);
    if (detail::header_checksum(bytes) != stored) {
        return make_error(errc::bad_checksum, "checksum of the header does not hold", {},
                          {0, header_bytes, 0, 0});
    }
    const auto version = load_le<std::uint16_t>(bytes.data() + 4);
    if (version != format_version) {
        return make_error(errc::unsupported,
                          "series format " + std::to_string(version) +
                              " is newer than this program, which reads format " +
                              std::to_string(format_version));
    }
    return guess_header(bytes);
}

inline std::uint64_t block::end() const noexcept {
    return offset + block_bytes(payload.size());
}

inline std::uint32_t checksum_seed(const uuid& id) noexcept {
    return crc32c(detail::to_text(id));
}

inline void append_block(std::string& out, const block& from, std::uint32_t seed) {
    const std::size_t begin = out.size();
    const auto bytes = guild::detail::convert<std::size_t>(block_bytes(from.payload.size()));
    const auto length = static_cast<std::uint32_t>(from.payload.size());
    out.resize(begin + bytes);  // with zeros
    char* const at = &out[begin];
    store_le(at, block_magic);
    at[4] = static_cast<char>(from.type);
    at[5] = static_cast<char>(from.flags);
    store_le(at + 8, length);
    store_le(at + 16, from.sequence);
    store_le(at + 24, from.offset);
    store_le(at + 32, from.last_index_offset);
    if (length != 0) {
        std::memcpy(at + block_head_bytes, from.payload.data(), length);
    }
    char* const tail = at + bytes - block_tail_bytes;
    store_le(tail, length);
    store_le(tail + 4, mask_crc32c(crc32c(std::string_view(at, bytes - 4), seed)));
}

inline block_head decode_block_head(std::string_view bytes, std::uint64_t offset) noexcept {
    block_head head;
    if (bytes.size() < block_head_bytes) {
        return head;
    }
    const char* at = bytes.data();
    const auto length = load_le<std::uint32_t>(at + 8);
    const bool good = load_le<std::uint32_t>(at) == block_magic && length <= max_payload_bytes &&
                      load_le<std::uint16_t>(at + 6) == 0 && load_le<std::uint32_t>(at + 12) == 0 &&
                      load_le<std::uint64_t>(at + 24) == offset;
    head.status = good ? block_status::good : block_status::bad;
    head.bytes = good ? block_bytes(length) : 0;
    return head;
}

inline block_status decode_block(std::string_view bytes, std::uint64_t offset, std::uint32_t seed,
                                 block& out) noexcept {
    const block_head head = decode_block_head(bytes, offset);
    if (head.status != block_status::good) {
        return head.status;
    }
    if (head.bytes > bytes.size()) {
        return block_status::incomplete;
    }
    const auto size = guild::detail::convert<std::size_t>(head.bytes);
    const char* at = bytes.data();
    const auto length = load_le<std::uint32_t>(at + 8);
    const auto stored = load_le<std::uint32_t>(at + size - 4);
    if (load_le<std::uint32_t>(at + size - 8) != length ||
        mask_crc32c(crc32c(bytes.substr(0, size - 4), seed)) != stored) {
        return block_status::bad;
    }
    out.type = static_cast<block_type>(static_cast<unsigned char>(at[4]));
    out.flags = static_cast<std::uint8_t>(at[5]);
    out.sequence = load_le<std::uint64_t>(at + 16);
    out.offset = offset;
    out.last_index_offset = load_le<std::uint64_t>(at + 32);
    out.payload = bytes.substr(block_head_bytes, length);
    return block_status::good;
}

}}}  // namespace guild::series

// guild/tfevents/record.hpp - the frames of a TensorFlow record file.
//
//     +-----------+------------------+-------------+-------------------+
//     | length u64| crc of length u32| payload     | crc of payload u32|     little-endian
//     +-----------+------------------+-------------+-------------------+
//
// Layer 3. Includes: base. Pure: bytes in, values out.
// Not here: what a payload means (tfevents/event.hpp); files (tfevents/reader.hpp, writer.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <guild/base/bytes.hpp>
#include <guild/base/crc32c.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// Bytes before and after every payload: length and its checksum, the payload's checksum.
inline constexpr std::size_t record_head_bytes = 12;
inline constexpr std::size_t record_tail_bytes = 4;

/// What stands at the beginning of some bytes of a record file.
enum class record_status : std::uint8_t {
    good,         // a whole record, both checksums hold
    incomplete,   // the beginning of a record; the rest is not there
    hole,         // twelve zero bytes: a block that was never written, or not yet
    bad_length,   // the length's checksum does not hold: no way to tell where the next record is
    bad_payload,  // the frame is sound, the payload is not; the next record follows it
};

/// The head of a record, checked.
///
/// units    payload_bytes: only meaningful when status is good; then also the only thing known
struct record_head {
    record_status status = record_status::incomplete;
    std::uint64_t payload_bytes = 0;
};

/// Reads the first twelve bytes of a record.
///
/// source   TFRecord: u64 length, u32 masked CRC-32C of the eight length bytes
/// example  tests/tfevents/record.cpp "record head: a length is believed only with its checksum"
[[nodiscard]] record_head decode_record_head(std::string_view bytes) noexcept;

/// One record at the front of some bytes.
///
/// out      payload: points into the bytes; bytes: the whole record, 0 when its end is not known
struct record {
    record_status status = record_status::incomplete;
    std::string_view payload;
    std::uint64_t bytes = 0;
};

/// Reads the record at the front of `bytes`; both checksums are always looked at.
///
/// cost     O(payload)
/// example  tests/tfevents/record.cpp "record: the first record of every event file, byte by byte"
[[nodiscard]] record decode_record(std::string_view bytes) noexcept;

/// Reads records one after another, with half the work where their lengths repeat: checksums of
/// good lengths are remembered and compared instead of computed.
///
/// example  tests/tfevents/record.cpp "record decoder: agrees with decode_record on every flipped
///          bit"
class record_decoder {
public:
    /// As decode_record().
    [[nodiscard]] record decode(std::string_view bytes) noexcept;

private:
    struct known_length {
        std::uint64_t length = 0;
        std::uint32_t crc = 0x07980329U;  // masked CRC-32C of eight zero bytes
    };
    known_length known_[32];  // at the length's last bits
};

/// Appends a record that holds `payload`.
void append_record(std::string& out, std::string_view payload);

/// The same in two steps, for a payload that is written where it will stand: append_record_room()
/// makes room for a record and returns where its payload goes; seal_record() writes what stands
/// around the payload.
///
/// example  tests/tfevents/record.cpp "record: one written in place is the same"
[[nodiscard]] char* append_record_room(std::string& out, std::size_t payload_bytes);
void seal_record(char* payload, std::size_t payload_bytes) noexcept;

// ---- implementation ---------------------------------------------------------

inline record_head decode_record_head(std::string_view bytes) noexcept {
    record_head head;
    if (bytes.size() < record_head_bytes) {
        return head;
    }
    head.payload_bytes = load_le<std::uint64_t>(bytes.data());
    const auto stored = load_le<std::uint32_t>(bytes.data() + 8);
    if (head.payload_bytes == 0 && stored == 0) {
        head.status = record_status::hole;
    } else if (mask_crc32c(crc32c(bytes.substr(0, 8))) != stored) {
        head.status = record_status::bad_length;
    } else {
        head.status = record_status::good;
    }
    return head;
}

inline record record_decoder::decode(std::string_view bytes) noexcept {
    constexpr std::uint64_t frame = record_head_bytes + record_tail_bytes;
    record found;
    if (bytes.size() < frame) {
        found.status = decode_record_head(bytes).status;
        found.status =
            found.status == record_status::good ? record_status::incomplete : found.status;
        return found;
    }
    const auto length = load_le<std::uint64_t>(bytes.data());
    const auto crc = load_le<std::uint32_t>(bytes.data() + 8);
    known_length& known = known_[length % 32];
    if (length != known.length || crc != known.crc) {
        const record_head head = decode_record_head(bytes);
        if (head.status != record_status::good) {
            found.status = head.status;
            return found;
        }
        known = {length, crc};
    }
    if (length > bytes.size() - frame) {
        return found;
    }
    const auto size = guild::detail::convert<std::size_t>(length);
    found.payload = {bytes.data() + record_head_bytes, size};
    found.bytes = frame + length;
    const auto stored = load_le<std::uint32_t>(found.payload.data() + size);
    found.status = mask_crc32c(crc32c(found.payload)) == stored ? record_status::good
                                                                : record_status::bad_payload;
    return found;
}

inline record decode_record(std::string_view bytes) noexcept {
    return record_decoder().decode(bytes);
}

inline char* append_record_room(std::string& out, std::size_t payload_bytes) {
    const std::size_t begun = out.size();
    out.resize(begun + record_head_bytes + payload_bytes + record_tail_bytes);
    return &out[begun + record_head_bytes];
}

inline void seal_record(char* payload, std::size_t payload_bytes) noexcept {
    char* head = payload - record_head_bytes;
    store_le(head, guild::detail::convert<std::uint64_t>(payload_bytes));
    store_le(head + 8, mask_crc32c(crc32c(std::string_view(head, 8))));
    store_le(payload + payload_bytes,
             mask_crc32c(crc32c(std::string_view(payload, payload_bytes))));
}

inline void append_record(std::string& out, std::string_view payload) {
    char* to = append_record_room(out, payload.size());
    std::memcpy(to, payload.data(), payload.size());
    seal_record(to, payload.size());
}

}}}  // namespace guild::tfevents

// guild/tfevents/large_event.hpp - an Event too large to be held in memory, reduced to what scalars
// need.
//
// Layer 3. Includes: base, os/file.hpp, tfevents/wire.hpp.
// Not here: events that fit (tfevents/event.hpp); checksums, which were looked at before
// (tfevents/record_reader.hpp).
//
// Images, audio, histograms, graphs and long tensors are what makes an Event large. The reduced
// Event has them as empty fields, so that decode_event() sees the same kinds, tags and numbers; of
// a tensor over 64 KiB, which is no number, type and shape are left.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/os/file.hpp>
#include <guild/tfevents/wire.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// Walks through a serialized Event in a file.
///
/// cost     memory: 64 KiB, and what is left over, 4 MiB at most; reads only the fields it keeps
/// source   event.proto, summary.proto and tensor.proto of TensorFlow
/// example  tests/tfevents/large_event.cpp "large event: a scalar beside an image of 9 MiB"
class large_event {
public:
    /// units    begin, size: bytes of the payload in the file
    large_event(const os::file& from, std::uint64_t begin, std::uint64_t size) noexcept
        : from_(&from), at_(begin), end_(begin + size) {}

    /// Writes the reduced Event into `out`.
    ///
    /// out      false when the payload is not well-formed, holds groups, cannot be read, or too
    ///          much would be left over
    [[nodiscard]] bool reduce(std::string& out);

private:
    enum class message : std::uint8_t { event, summary, value, tensor };
    enum class treatment : std::uint8_t { keep, empty, enter, drop };

    static constexpr std::uint64_t longest_kept = std::uint64_t{1} << 20U;
    static constexpr std::uint64_t longest_tensor = std::uint64_t{64} << 10U;
    static constexpr std::size_t most_left = std::size_t{4} << 20U;
    static constexpr std::uint64_t largest_window = std::uint64_t{64} << 10U;

    static treatment treat(message kind, std::uint32_t number, std::uint64_t size) noexcept;
    static message inner_of(message kind) noexcept;
    bool copy_message(message kind, std::uint64_t end, std::string& out);
    bool copy_field(message kind, std::uint64_t end, std::string& out);
    bool copy_bytes(message kind, wire_field field, std::uint64_t end, std::string& out);
    std::string_view peek(std::uint64_t size);

    const os::file* from_;
    std::uint64_t at_;
    std::uint64_t end_;
    std::string window_;
    std::uint64_t window_begin_ = 0;
    std::uint64_t window_bytes_ = 512;  // of the next read: most that is large is a single blob
};

// ---- implementation ---------------------------------------------------------

inline bool large_event::reduce(std::string& out) {
    out.clear();
    return copy_message(message::event, end_, out);
}

inline bool large_event::copy_message(message kind, std::uint64_t end, std::string& out) {
    while (at_ < end) {
        if (!copy_field(kind, end, out) || out.size() > most_left) {
            return false;
        }
    }
    return true;
}

inline bool large_event::copy_field(message kind, std::uint64_t end, std::string& out) {
    constexpr std::uint64_t longest_head = 20;  // two varints
    const std::string_view head = peek(std::min(longest_head, end - at_));
    std::string_view rest = head;
    std::uint64_t key = 0;
    if (!decode_varint(rest, key) || key > 0xFFFFFFFFU || key >> 3U == 0) {
        return false;
    }
    wire_field field;
    field.number = static_cast<std::uint32_t>(key >> 3U);
    field.type = static_cast<wire_type>(static_cast<std::uint8_t>(key & 7U));
    std::uint64_t fixed = 0;
    switch (field.type) {
    case wire_type::varint:
        if (!decode_varint(rest, field.value)) {
            return false;
        }
        break;
    case wire_type::bytes:
        if (!decode_varint(rest, field.value)) {
            return false;
        }
        at_ += head.size() - rest.size();
        return field.value <= end - at_ && copy_bytes(kind, field, at_ + field.value, out);
    case wire_type::fixed64:
        fixed = 8;
        break;
    case wire_type::fixed32:
        fixed = 4;
        break;
    default:
        return false;
    }
    if (rest.size() < fixed) {
        return false;
    }
    const std::size_t size = head.size() - rest.size() + guild::detail::convert<std::size_t>(fixed);
    if (kind != message::tensor || field.number == 1) {
        out.append(head.substr(0, size));
    }
    at_ += size;
    return true;
}

// Field numbers as in decode_event(): of an Event, a Summary, a Value and a TensorProto.
inline large_event::treatment large_event::treat(message kind, std::uint32_t number,
                                                 std::uint64_t size) noexcept {
    switch (kind) {
    case message::event:
        if (number == 5) {
            return treatment::enter;
        }
        if (number == 3 || number == 7 || number == 10) {
            return treatment::keep;
        }
        return number <= 9 ? treatment::empty : treatment::drop;
    case message::summary:
        return number == 1 ? treatment::enter : treatment::drop;
    case message::value:
        if (number == 8) {
            return size <= longest_tensor ? treatment::keep : treatment::enter;
        }
        if (number == 1 || number == 7 || number == 9) {
            return treatment::keep;
        }
        return number <= 6 ? treatment::empty : treatment::drop;
    case message::tensor:
        return number == 2 ? treatment::keep : treatment::drop;
    }
    return treatment::drop;
}

inline large_event::message large_event::inner_of(message kind) noexcept {
    return kind == message::event     ? message::summary
           : kind == message::summary ? message::value
                                      : message::tensor;
}

inline bool large_event::copy_bytes(message kind, wire_field field, std::uint64_t end,
                                    std::string& out) {
    switch (treat(kind, field.number, field.value)) {
    case treatment::keep: {
        const std::string_view bytes = peek(std::min(field.value, longest_kept));
        if (bytes.size() != field.value) {
            return false;
        }
        append_bytes_field(out, field.number, bytes);
        break;
    }
    case treatment::enter: {
        std::string inner;
        if (!copy_message(inner_of(kind), end, inner)) {
            return false;
        }
        append_bytes_field(out, field.number, inner);
        break;
    }
    case treatment::empty:
        append_bytes_field(out, field.number, {});
        break;
    case treatment::drop:
        break;
    }
    at_ = end;
    return true;
}

// The next `size` bytes of the file; fewer when they are not there.
inline std::string_view large_event::peek(std::uint64_t size) {
    const std::uint64_t skipped = at_ - window_begin_;
    if (at_ < window_begin_ || skipped > window_.size() || window_.size() - skipped < size) {
        const std::uint64_t want =
            std::min(end_ - at_, std::max<std::uint64_t>(size, window_bytes_));
        window_bytes_ = std::min(2 * window_bytes_, largest_window);
        window_.resize(guild::detail::convert<std::size_t>(want));
        const auto got = from_->read_at(at_, &window_[0], window_.size());
        window_.resize(got.value_or(0));
        window_begin_ = at_;
    }
    return std::string_view(window_).substr(
        guild::detail::convert<std::size_t>(at_ - window_begin_),
        guild::detail::convert<std::size_t>(size));
}

}}}  // namespace guild::tfevents

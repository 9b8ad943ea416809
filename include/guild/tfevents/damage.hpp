// guild/tfevents/damage.hpp - what is wrong with some bytes of an event file, and where they are.
//
// Layer 3. Includes: base.
// Not here: finding it (tfevents/record_reader.hpp, tfevents/reader.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <guild/base/error.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// Why some bytes of a file gave nothing.
enum class damage_kind : std::uint8_t {
    bad_length,   // a length that cannot be believed, and all that follows it so far
    bad_payload,  // a record whose payload checksum does not hold
    bad_event,    // a sound record whose payload is not an Event
    nan_time,     // an Event without a usable time
    oversized,    // a sound record too large to be looked into
};

/// "bad length", "bad payload" and so on.
[[nodiscard]] std::string_view to_string(damage_kind kind) noexcept;

/// units    begin, end: bytes from the start of the file, end exclusive
struct damage {
    damage_kind kind = damage_kind::bad_length;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// The same as an error whose place is the byte range.
///
/// example  tests/tfevents/damage.cpp "damage: as an error it keeps its place"
[[nodiscard]] error to_error(const damage& place, const std::string& path);

// ---- implementation ---------------------------------------------------------

inline std::string_view to_string(damage_kind kind) noexcept {
    switch (kind) {
    case damage_kind::bad_length:
        return "bad length";
    case damage_kind::bad_payload:
        return "bad payload";
    case damage_kind::bad_event:
        return "bad event";
    case damage_kind::nan_time:
        return "no time";
    case damage_kind::oversized:
        return "too large";
    }
    return "damage";
}

inline error to_error(const damage& place, const std::string& path) {
    const auto make = [&](errc code, const char* message) {
        return make_error(code, message, path, {place.begin, place.end, 0, 0});
    };
    switch (place.kind) {
    case damage_kind::bad_length:
        return make(errc::bad_checksum, "length of a record cannot be believed");
    case damage_kind::bad_payload:
        return make(errc::bad_checksum, "payload checksum of a record does not hold");
    case damage_kind::bad_event:
        return make(errc::bad_syntax, "payload of a record is not an event");
    case damage_kind::nan_time:
        return make(errc::bad_value, "expected a time, seen an event whose time is not a number");
    case damage_kind::oversized:
        break;
    }
    return make(errc::too_large, "record is too large to be looked into");
}

}}}  // namespace guild::tfevents

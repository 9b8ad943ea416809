// tests/support/event_records.hpp - records of event files, made by hand, and what readers make of
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/os/file.hpp>
#include <guild/tfevents/event_encoder.hpp>
#include <guild/tfevents/reader.hpp>
#include <guild/tfevents/record.hpp>
#include <guild/tfevents/wire.hpp>

#include <doctest/doctest.h>

namespace guild_test {

/// Step and value of each point.
using points = std::vector<std::pair<std::int64_t, double>>;

inline std::string record_of(std::string_view payload) {
    std::string out;
    guild::tfevents::append_record(out, payload);
    return out;
}

/// One field of type bytes.
inline std::string bytes_field(std::uint32_t number, std::string_view bytes) {
    std::string out;
    guild::tfevents::append_bytes_field(out, number, bytes);
    return out;
}

inline std::string simple_payload(std::int64_t step, double value, std::string_view tag = "x",
                                  std::optional<double> wall_time = std::nullopt) {
    std::string payload;
    guild::tfevents::append_simple_event(payload,
                                         wall_time.value_or(100.0 + static_cast<double>(step)),
                                         step, tag, static_cast<float>(value));
    return payload;
}

/// A simple value at the time 100 + step, if no other is given.
inline std::string scalar_record(std::int64_t step, double value, std::string_view tag = "x",
                                 std::optional<double> wall_time = std::nullopt) {
    return record_of(simple_payload(step, value, tag, wall_time));
}

/// A tensor of one double at the time 1.
inline std::string double_record(std::int64_t step, double value, std::string_view tag,
                                 bool with_metadata) {
    std::string payload;
    guild::tfevents::append_double_event(payload, 1.0, step, tag, value, with_metadata);
    return record_of(payload);
}

inline std::string version_record() {
    std::string payload;
    guild::tfevents::append_version_event(payload, 100.0, "test");
    return record_of(payload);
}

inline std::string session_start_record(std::int64_t step) {
    std::string payload;
    guild::tfevents::append_session_start_event(payload, 100.0, step);
    return record_of(payload);
}

/// An Event of time 1 and this step whose summary holds these serialized values.
inline std::string summary_payload(std::int64_t step,
                                   std::initializer_list<std::string_view> values) {
    std::string summary;
    for (const std::string_view value : values) {
        guild::tfevents::append_bytes_field(summary, 1, value);
    }
    std::string payload;
    guild::tfevents::append_double_field(payload, 1, 1.0);
    guild::tfevents::append_varint_field(payload, 2, static_cast<std::uint64_t>(step));
    guild::tfevents::append_bytes_field(payload, 5, summary);
    return payload;
}

/// A value of a summary: a tag, and other fields.
inline std::string value_of(std::string_view tag, std::string_view fields) {
    return bytes_field(1, tag).append(fields);
}

inline std::string simple_value(std::string_view tag, float number) {
    std::string field;
    guild::tfevents::append_float_field(field, 2, number);
    return value_of(tag, field);
}

inline std::string flipped(std::string bytes, std::size_t bit) {
    bytes[bit / 8] =
        static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << (bit % 8)));
    return bytes;
}

/// Writes without a rename, as a program that writes an event file does.
inline void put(const std::string& path, std::string_view bytes) {
    auto file = guild::os::open_file(path, guild::os::open_mode::truncate);
    REQUIRE(file);
    REQUIRE(file->write_all(bytes));
}

inline void append_to_file(const std::string& path, std::string_view bytes) {
    auto file = guild::os::open_file(path, guild::os::open_mode::append);
    REQUIRE(file);
    REQUIRE(file->write_all(bytes));
}

inline void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) {
    auto file = guild::os::open_file(path, guild::os::open_mode::read_write);
    REQUIRE(file);
    REQUIRE(file->write_at(offset, bytes));
}

/// Puts another file, with an inode of its own, in the place of `path`.
inline void replace_file(const std::string& path, std::string_view bytes) {
    put(path + ".new", bytes);
    REQUIRE(guild::os::system_env.rename((path + ".new").c_str(), path.c_str()) == 0);
}

inline points drain(guild::tfevents::reader& reader) {
    points all;
    guild::tfevents::scalar point;
    while (reader.next(point)) {
        all.emplace_back(point.step, point.value);
    }
    return all;
}

/// The first field of type bytes at a path of field numbers.
inline std::optional<std::string_view> find_bytes(std::string_view message,
                                                  std::initializer_list<std::uint32_t> path) {
    for (const std::uint32_t number : path) {
        guild::tfevents::wire_reader fields(message);
        guild::tfevents::wire_field field;
        bool is_found = false;
        while (!is_found && fields.next(field)) {
            is_found = field.is(number, guild::tfevents::wire_type::bytes);
        }
        if (!is_found) {
            return std::nullopt;
        }
        message = field.bytes;
    }
    return message;
}

}  // namespace guild_test

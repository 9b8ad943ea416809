// tests/support/sample_events.hpp - an event file of 20 KB with every kind of event, and what is
// read of a file in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/tfevents/hparams.hpp>
#include <guild/tfevents/reader.hpp>

#include <doctest/doctest.h>

#include <support/event_records.hpp>
#include <support/memory_file.hpp>

namespace guild_test {

/// Bytes without a pattern, always the same.
inline std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint32_t state = 12345;
    for (char& c : bytes) {
        state = state * 1664525U + 1013904223U;
        c = static_cast<char>(state >> 24U);
    }
    return bytes;
}

namespace detail {

inline std::string value_record(std::string_view tag, std::int64_t step, std::string_view metadata,
                                std::string_view tensor) {
    std::string payload;
    guild::tfevents::append_value_event(payload, 10.0, step, {tag, metadata, tensor});
    return record_of(payload);
}

// An event of another kind, by its field.
inline std::string other_record(std::uint32_t number, std::string_view bytes) {
    std::string payload;
    guild::tfevents::append_double_field(payload, 1, 10.0);
    return record_of(payload + bytes_field(number, bytes));
}

// The values of one tag per plugin, as TensorFlow 2 and torch write them.
inline void add_plugins(std::vector<std::string>& records) {
    namespace tf = guild::tfevents;
    tf::hparams what;
    what.values = {{"lr", 0.1}, {"optimizer", "SGD"}, {"nesterov", true}};
    std::vector<double> rows;
    for (int i = 0; i < 90; ++i) {
        rows.push_back(i * 0.37);
    }
    const std::string image = noise(5000);
    const auto add = [&](std::string_view tag, std::string_view plugin, std::string_view content,
                         const std::string& tensor) {
        const auto kind = tf::data_class::tensor;
        const std::string meta = tf::encode_metadata(plugin, content, kind);
        records.push_back(value_record(tag, 1, meta, tensor));
    };
    add(tf::hparams_experiment_tag, "hparams", tf::encode_experiment(what), "");
    add(tf::hparams_start_tag, "hparams", tf::encode_session_start(what), "");
    add("text", "text", "", tf::encode_string_tensor({"**some** text"}, false));
    add("weights", "histograms", "", tf::encode_double_tensor({30, 3}, rows));
    add("images", "images", "", tf::encode_string_tensor({"28", "28", image}, true));
}

inline void add_scalars(std::vector<std::string>& records) {
    constexpr auto low = std::numeric_limits<std::int64_t>::min();
    constexpr auto high = std::numeric_limits<std::int64_t>::max();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::string long_tag(150, 't');
    for (int i = 0; i < 6; ++i) {
        records.push_back(scalar_record(i, 0.5 / (1 + i), "loss"));
        records.push_back(scalar_record(i, i, "accuracy/train"));
        records.push_back(double_record(i, 1.0 / (3 + i), "precise", i == 0));
        // A second tag of tensors, whose metadata comes late.
        records.push_back(double_record(i, 0.1 * i, "late", i == 2));
        records.push_back(double_record(i, 9, "never said", false));
    }
    records.push_back(scalar_record(low, nan, "loss"));
    records.push_back(scalar_record(high, -0.0, long_tag));
    records.push_back(record_of(summary_payload(
        -3, {simple_value("loss", 7), value_of("h", bytes_field(5, noise(1500))),
             simple_value("beside", 8), value_of("i", bytes_field(4, noise(1500)))})));
}

}  // namespace detail

/// The records of the file, in order; they make up about 20 KB.
inline std::vector<std::string> sample_records() {
    const std::string start("\x08\x01", 2);
    std::vector<std::string> records = {version_record(), detail::other_record(7, start)};
    detail::add_plugins(records);
    detail::add_scalars(records);
    records.push_back(detail::other_record(4, noise(5000)));  // graph
    records.push_back(detail::other_record(6, "a log message"));
    records.push_back(detail::other_record(8, noise(300)));  // run metadata
    records.push_back(detail::other_record(9, noise(300)));  // meta graph
    records.push_back(record_of(""));
    detail::add_scalars(records);
    return records;
}

inline std::string joined(const std::vector<std::string>& records, std::size_t without = ~0U) {
    std::string all;
    for (std::size_t i = 0; i < records.size(); ++i) {
        all += i == without ? std::string() : records[i];
    }
    return all;
}

/// A point, bit for bit.
struct exact_point {
    std::string tag;
    std::int64_t step = 0;
    std::uint64_t wall_time = 0;
    std::uint64_t value = 0;

    [[nodiscard]] bool is(const guild::tfevents::scalar& other) const {
        return step == other.step && wall_time == guild::double_bits(other.wall_time) &&
               value == guild::double_bits(other.value) && tag == other.tag;
    }
};
using exact_points = std::vector<exact_point>;

/// How the points of a file are asked for.
enum class way_to_read { by_point, by_event };

/// Calls `on_point(const scalar&)` for every point that a new reader finds in `in_memory`; returns
/// the reader's counters.
template <class OnPoint>
guild::tfevents::reader read_memory(const guild::os::env& system, way_to_read way,
                                    OnPoint on_point) {
    guild::tfevents::reader reader("in memory", {}, system);
    guild::tfevents::scalar point;
    if (way != way_to_read::by_event) {
        while (reader.next(point)) {
            on_point(point);
        }
        return reader;
    }
    guild::tfevents::tag_table tags;
    while (reader.next_event() != nullptr) {
        while (reader.next_of_event(point, tags)) {
            on_point(point);
        }
    }
    return reader;
}

inline exact_points points_of(const guild::os::env& system, const std::string& bytes) {
    in_memory.set(bytes);
    exact_points all;
    (void)read_memory(system, way_to_read::by_point, [&](const guild::tfevents::scalar& point) {
        all.push_back({std::string(point.tag), point.step, guild::double_bits(point.wall_time),
                       guild::double_bits(point.value)});
    });
    return all;
}

/// What a new reader finds in `in_memory`.
struct outcome {
    bool is_exact = false;  // exactly the points expected, in their order
    guild::tfevents::reader_counters counters;
    std::uint64_t offset = 0;
    std::uint64_t good_events = 0;
};

inline outcome read_and_compare(const guild::os::env& system, way_to_read way,
                                const exact_points& expected) {
    std::size_t at = 0;
    bool is_equal = true;
    const auto reader = read_memory(system, way, [&](const guild::tfevents::scalar& point) {
        is_equal = is_equal && at < expected.size() && expected[at].is(point);
        ++at;
    });
    outcome found;
    found.is_exact = is_equal && at == expected.size();
    found.counters = reader.counters();
    found.offset = reader.offset();
    for (const std::uint64_t events : found.counters.events) {
        found.good_events += events;
    }
    return found;
}

/// Requires that every prefix of these records gives exactly the points that are whole in it, and
/// that every byte of it is accounted for.
inline void scan_prefixes(const std::vector<std::string>& records) {
    const std::string bytes = joined(records);
    const guild::os::env system = memory_env();
    exact_points expected;
    std::size_t whole = 0;  // records
    std::size_t end = 0;    // of the last whole one
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        if (whole < records.size() && end + records[whole].size() <= size) {
            end += records[whole++].size();
            expected = points_of(system, bytes.substr(0, end));
        }
        in_memory.set(bytes.substr(0, size));
        const way_to_read way = size % 2 == 0 ? way_to_read::by_point : way_to_read::by_event;
        const auto found = read_and_compare(system, way, expected);
        REQUIRE_MESSAGE(found.is_exact, "points of the first " << size << " bytes");
        REQUIRE(found.counters.records == whole);
        REQUIRE(found.good_events == whole);
        REQUIRE(found.offset == end);
        REQUIRE(found.counters.tail_bytes == size - end);
        REQUIRE(found.counters.lost_bytes == 0);
    }
    CHECK(whole == records.size());
    CHECK(in_memory.opened == 0);
}

/// Requires that every flipped bit takes exactly the points of the record that it hits, or of all
/// from there on where it hits a length, and that every byte is accounted for.
inline void scan_flips(const std::vector<std::string>& records) {
    const std::string bytes = joined(records);
    CHECK(bytes.size() > 19'000);
    CHECK(bytes.size() < 22'000);
    const guild::os::env system = memory_env();
    std::size_t begin = 0;
    for (std::size_t hit = 0; hit < records.size(); ++hit) {
        const std::size_t size = records[hit].size();
        const auto before = points_of(system, bytes.substr(0, begin));
        const auto others = points_of(system, joined(records, hit));
        const bool is_last = hit + 1 == records.size();
        for (std::size_t bit = 0; bit < size * 8; ++bit) {
            const bool in_head = bit < 12 * 8;
            in_memory.set(flipped(bytes, begin * 8 + bit));
            const way_to_read way = bit % 4 != 0 ? way_to_read::by_point : way_to_read::by_event;
            const auto found = read_and_compare(system, way, in_head ? before : others);
            const guild::tfevents::reader_counters& counters = found.counters;
            REQUIRE_MESSAGE(found.is_exact, "points with bit " << bit << " of record " << hit);
            REQUIRE(counters.bad_lengths == (in_head ? 1U : 0U));
            REQUIRE(counters.bad_payloads == (in_head ? 0U : 1U));
            REQUIRE(counters.lost_bytes == (in_head ? bytes.size() - begin : size));
            REQUIRE(found.good_events == (in_head ? hit : records.size() - 1));
            REQUIRE(found.offset == (in_head || is_last ? begin : bytes.size()));
            REQUIRE(counters.tail_bytes + counters.holes + counters.bad_events == 0);
        }
        begin += size;
    }
    CHECK(in_memory.opened == 0);
}

}  // namespace guild_test

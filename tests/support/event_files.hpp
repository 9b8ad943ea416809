// tests/support/event_files.hpp - the shared event files, and numbers to compare with what an
// independent decoder found in them (expected.jsonl). Empty where nlohmann/json.hpp is missing.
#pragma once

#if __has_include(<nlohmann/json.hpp>)
#define GUILD_TEST_HAS_JSON 1

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include <nlohmann/json.hpp>

#include <guild/base/bytes.hpp>
#include <guild/base/path.hpp>
#include <guild/tfevents/reader.hpp>

namespace guild_test {

namespace tf = guild::tfevents;
using nlohmann::json;

// FNV-1a 64 over step, value and wall time of every point, as expected.jsonl defines it.
class fingerprint {
public:
    void add(const tf::scalar& point) {
        constexpr std::uint64_t one_nan = 0x7FF8000000000000U;
        add_word(static_cast<std::uint64_t>(point.step));
        add_word(std::isnan(point.value) ? one_nan : guild::double_bits(point.value));
        add_word(guild::double_bits(point.wall_time));
    }
    [[nodiscard]] std::string text() const {
        char digits[20] = {};
        std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash_));
        return digits;
    }

private:
    void add_word(std::uint64_t word) {
        for (int i = 0; i < 8; ++i) {
            hash_ = (hash_ ^ ((word >> (8 * i)) & 0xFFU)) * 1099511628211U;
        }
    }
    std::uint64_t hash_ = 14695981039346656037U;
};

struct tag_numbers {
    std::uint64_t count = 0, nan = 0, inf = 0;
    std::int64_t first_step = 0, last_step = 0, min_step = 0, max_step = 0;
    double first_value = 0, last_value = 0, min = std::numeric_limits<double>::infinity(),
           max = -std::numeric_limits<double>::infinity(), sum = 0, last_wall = 0;
    fingerprint print;

    void add(const tf::scalar& point) {
        if (count++ == 0) {
            first_step = min_step = max_step = point.step;
            first_value = point.value;
        }
        last_step = point.step;
        min_step = std::min(min_step, point.step);
        max_step = std::max(max_step, point.step);
        last_value = point.value;
        last_wall = point.wall_time;
        if (std::isfinite(point.value)) {
            sum += point.value;
            min = std::min(min, point.value);
            max = std::max(max, point.value);
        } else {
            ++(std::isnan(point.value) ? nan : inf);
        }
        print.add(point);
    }
};

inline std::string data_directory() {
    const char* given = std::getenv("GUILD_SHARED_DATA");
    return guild::join_path(given != nullptr ? given : GUILD_SHARED_DATA, "event-files");
}

inline bool equal(double value, const json& expected) {
    if (expected.is_null()) {
        return true;
    }
    if (expected.is_string()) {
        const auto text = expected.get<std::string>();
        return text == "NaN" || text == "nan" ? std::isnan(value) : std::isinf(value);
    }
    const double wanted = expected.get<double>();
    return value == wanted || (std::isnan(value) && std::isnan(wanted));
}

}  // namespace guild_test

#endif

// tests/support/series_damage.hpp - damages series files and looks at what is found in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <guild/os/file.hpp>
#include <guild/series/compact.hpp>
#include <guild/series/format.hpp>
#include <guild/series/verify.hpp>
#include <support/series_log.hpp>
#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

namespace guild_test {

inline guild::series::verify_report must_verify(const std::string& path) {
    const auto found = guild::series::verify(path);
    REQUIRE(found);
    return *found;
}

// Where the blocks of a good file stand.
inline std::vector<guild::series::block> blocks_of(const std::string& bytes, std::uint32_t seed) {
    std::vector<guild::series::block> found;
    guild::series::block next;
    for (std::size_t at = guild::series::header_bytes; at < bytes.size();) {
        REQUIRE(guild::series::decode_block(std::string_view(bytes).substr(at), at, seed, next) ==
                guild::series::block_status::good);
        found.push_back(next);
        at = guild::detail::convert<std::size_t>(next.end());
    }
    return found;
}

inline std::string whole_message(const guild::series::verify_report& report) {
    std::string all;
    for (const guild::series::finding& each : report.damage) {
        all += std::to_string(each.where.begin) + "-" + std::to_string(each.where.end) + " " +
               each.what + "\n";
    }
    return all;
}

inline void check_clean(const std::string& path) {
    const guild::series::verify_report report = must_verify(path);
    CHECK_MESSAGE(report.damage.empty(), whole_message(report));
    CHECK(report.bytes_lost() == 0);
}

inline void flip_byte(std::string& bytes, std::uint64_t at) {
    char& byte = bytes[guild::detail::convert<std::size_t>(at)];
    byte = static_cast<char>(~byte);
}

inline std::size_t count_of(const points_by_key& points) {
    std::size_t count = 0;
    for (const auto& series : points) {
        count += series.second.size();
    }
    return count;
}

// The bytes of a closed file, in rows or in columns.
inline std::string closed_or_columnar(series_log& log, bool is_columnar) {
    const temp_dir dir;
    const std::string path = dir.write("f.gts", log.closed());
    if (is_columnar) {
        REQUIRE(guild::series::compact(path));
    }
    return *guild::os::load_file(path);
}

}  // namespace guild_test

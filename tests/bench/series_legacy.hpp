// tests/bench/series_legacy.hpp - the series of the tool of 2017: a run.db of SQLite with its
// default journal, where one row holds what one series gained between two samples, 24 bytes a
// point. Written as that tool wrote them: every row by itself, at the pace of its ten seconds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/bytes.hpp>

#include <bench/series_data.hpp>
#include <bench/series_guild.hpp>
#include <bench/sqlite.hpp>

namespace bench {

/// CRC-32 of zlib: what that layout has for a key.
inline std::uint32_t legacy_hash(std::string_view key) {
    std::uint32_t state = 0xFFFFFFFFU;
    for (const char c : key) {
        state ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            state = (state >> 1U) ^ ((state & 1U) != 0 ? 0xEDB88320U : 0U);
        }
    }
    return ~state;
}

class legacy_store {
public:
    explicit legacy_store(const std::string& path) : in_(path) {
        in_.run("CREATE TABLE series_key(key TEXT PRIMARY KEY, hash INTEGER);"
                "CREATE TABLE series(key_hash INTEGER, time INTEGER, encoding INTEGER,"
                "  data BLOB, PRIMARY KEY(key_hash, time));");
    }

    enum class only_read {};
    legacy_store(const std::string& path, only_read /*how*/) : in_(path, SQLITE_OPEN_READONLY) {}

    void add_series(const logged_run& run, const std::string& prefix = {}) {
        statement insert(in_, "INSERT INTO series_key VALUES(?, ?)");
        hashes_.clear();
        for (const std::string& each : run.keys) {
            const std::string key = prefix + each;
            hashes_.push_back(legacy_hash(key));
            insert.bind(1, key).bind(2, std::int64_t{hashes_.back()}).run();
        }
    }

    /// Logs the run of the last add_series(), up to `max_rows` rows.
    ///
    /// out      how many points that were
    std::int64_t log(const logged_run& run, std::int64_t max_rows) {
        statement insert(in_, "INSERT OR IGNORE INTO series VALUES(?, ?, 1, ?)");
        constexpr std::int64_t interval_us = 10'000'000;
        std::vector<std::string> batches(run.keys.size());
        std::int64_t points = 0;
        std::int64_t sampled_us = run.frames.empty() ? 0 : run.frames.front().time_us;
        for (const logged_frame& frame : run.frames) {
            if (frame.time_us - sampled_us >= interval_us || frame.time_us < sampled_us) {
                sampled_us = frame.time_us;
                points += write(insert, batches, max_rows);
            }
            for (std::size_t i = 0; i < frame.count; ++i) {
                const gs::sample& value = run.values[frame.first + i];
                append_big(batches[value.id], static_cast<std::uint64_t>(frame.time_us / 1000));
                append_big(batches[value.id], static_cast<std::uint64_t>(frame.step));
                const double real = value.value.as_double();
                append_big(batches[value.id], real == real
                                                  ? guild::double_bits(real)
                                                  : std::numeric_limits<std::uint64_t>::max());
            }
        }
        return points + write(insert, batches, max_rows);
    }

    scanned scan() {
        scanned all;
        statement select(in_, "SELECT key_hash, data FROM series ORDER BY key_hash, time");
        while (select.step()) {
            const std::string_view data = select.blob(1);
            for (std::size_t at = 0; at + 24 <= data.size(); at += 24) {
                all.sum += guild::bits_double(load_big(data.data() + at + 16));
                ++all.points;
            }
        }
        return all;
    }

    /// That layout has no summaries: every series is read.
    void list(overview& all) {
        statement select(in_, "SELECT data FROM series WHERE key_hash = ? ORDER BY time");
        statement keys(in_, "SELECT key, hash FROM series_key");
        while (keys.step()) {
            double last = 0;
            double smallest = std::numeric_limits<double>::infinity();
            double largest = -smallest;
            select.bind(1, keys.integer(1));
            while (select.step()) {
                const std::string_view data = select.blob(0);
                for (std::size_t at = 0; at + 24 <= data.size(); at += 24) {
                    last = guild::bits_double(load_big(data.data() + at + 16));
                    smallest = std::min(smallest, last);
                    largest = std::max(largest, last);
                }
            }
            select.reset();
            all.add(last, smallest, largest);
        }
    }

    database& in() { return in_; }

private:
    static void append_big(std::string& to, std::uint64_t value) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            to.push_back(static_cast<char>(static_cast<unsigned char>(value >> shift)));
        }
    }
    static std::uint64_t load_big(const char* from) {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) {
            value = (value << 8U) | static_cast<unsigned char>(from[i]);
        }
        return value;
    }

    // Every batch that is not empty, while rows are left.
    std::int64_t write(statement& insert, std::vector<std::string>& batches,
                       std::int64_t& rows_left) {
        std::int64_t points = 0;
        for (std::size_t id = 0; id < batches.size(); ++id) {
            if (!batches[id].empty() && rows_left > 0) {
                --rows_left;
                const auto time_ms = static_cast<std::int64_t>(load_big(batches[id].data()));
                insert.bind(1, std::int64_t{hashes_[id]}).bind(2, time_ms);
                insert.bind_blob(3, batches[id]).run();
                points += static_cast<std::int64_t>(batches[id].size() / 24);
            }
            batches[id].clear();
        }
        return points;
    }

    database in_;
    std::vector<std::uint32_t> hashes_;
};

}  // namespace bench

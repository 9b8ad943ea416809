// tests/support/series_log.hpp - a series file in memory, as a writer would make it, and the points
// that it must give back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <guild/series/file_builder.hpp>
#include <guild/series/format.hpp>
#include <guild/series/reader.hpp>
#include <support/random_numbers.hpp>

#include <doctest/doctest.h>

namespace guild_test {

using points_by_key = std::map<std::string, std::vector<guild::series::point>>;

/// Every point of a file, by key.
inline points_by_key logged_points(guild::series::reader& from) {
    points_by_key found;
    const auto read = from.for_each_point(
        [&](const guild::series::series_name& name, const guild::series::point& next) {
            found[name.key].push_back(next);
        });
    REQUIRE(read);
    return found;
}

inline points_by_key logged_points(const std::string& path) {
    auto opened = guild::series::reader::open(path);
    REQUIRE(opened);
    return logged_points(*opened);
}

/// Logs frames and remembers them.
class series_log {
public:
    explicit series_log(std::uint8_t mark = 7) {
        header_.id[0] = mark;
        header_.start_wall_us = 1'700'000'000'000'000;
        builder_.start(header_.id);
    }

    std::uint32_t id(const std::string& key) {
        const std::uint32_t made = builder_.series(key);
        if (made == keys_.size()) {
            keys_.push_back(key);
        }
        return made;
    }

    void add(std::int64_t step, std::int64_t time_us,
             const std::vector<guild::series::sample>& row) {
        builder_.add_frame(step, time_us, row.data(), row.size());
        for (const auto& value : row) {
            written_[keys_[value.id]].push_back({step, time_us, value.value});
        }
        if (builder_.frame_bytes() >= 4096) {
            flush();
        }
    }
    void note(const std::string& text) {
        builder_.add_note({header_.start_wall_us, {{"text", text}}});
    }
    void flush() { builder_.seal(false); }

    /// The bytes so far; without the last index the writer was killed.
    [[nodiscard]] std::string killed() {
        builder_.seal(false);
        return guild::series::encode_header(header_) + builder_.pending();
    }
    [[nodiscard]] std::string closed() {
        if (!is_closed_) {
            builder_.seal(true);
            is_closed_ = true;
        }
        return guild::series::encode_header(header_) + builder_.pending();
    }

    [[nodiscard]] const points_by_key& written() const { return written_; }
    [[nodiscard]] const guild::series::file_header& header() const { return header_; }
    [[nodiscard]] std::uint32_t seed() const { return guild::series::checksum_seed(header_.id); }

private:
    guild::series::file_header header_;
    guild::series::file_builder builder_;
    std::vector<std::string> keys_;
    points_by_key written_;
    bool is_closed_ = false;
};

/// A place in a list of so many.
inline std::size_t place_below(std::size_t size, random_numbers& random) {
    return guild::detail::convert<std::size_t>(random.below(size));
}

/// Adds frames of any numbers: steps that repeat, fall and lie at the limits, series that change
/// from frame to frame, a series twice in one, remarks.
inline void log_anything(series_log& into, std::size_t frames, random_numbers& random) {
    std::vector<std::uint32_t> ids;
    std::vector<guild::series::sample> row;
    std::int64_t step = 0;
    std::int64_t time_us = 1'700'000'000'000'000;
    for (std::size_t frame = 0; frame < frames; ++frame) {
        if (ids.empty() || (ids.size() < 12 && random.once_in(40))) {
            ids.push_back(into.id("key" + std::to_string(ids.size())));
        }
        // Either may stand at the end of its range: sums wrap.
        step = random.once_in(50) ? random.integer()
                                  : guild::series::detail::plus(step, random.once_in(4) ? 0 : 1);
        time_us = random.once_in(60) ? random.integer()
                                     : guild::series::detail::plus(
                                           time_us, static_cast<std::int64_t>(random.below(2000)));
        if (row.empty() || random.once_in(5)) {
            row.clear();
            for (std::uint64_t i = 1 + random.below(4); i > 0; --i) {
                row.push_back({ids[place_below(ids.size(), random)], 0.0});
            }
        }
        for (auto& value : row) {
            value.value = value.id % 3 == 0
                              ? guild::series::number(static_cast<double>(frame % 500) / 8)
                              : random.number();
        }
        into.add(step, time_us, row);
        if (random.once_in(200)) {
            into.note("frame " + std::to_string(frame));
        }
        if (random.once_in(30)) {
            into.flush();
        }
    }
}

/// Adds frames of two smooth curves and an integer, with a spike of one sample here and there.
inline void log_curves(series_log& into, std::int64_t frames, std::int64_t spike_every) {
    const std::uint32_t ids[] = {into.id("loss"), into.id("rate"), into.id("epoch")};
    for (std::int64_t step = 0; step < frames; ++step) {
        const bool is_spike = step % spike_every == spike_every / 3;
        const double curve = 1.0 / static_cast<double>(step + 1);
        into.add(step, 1'700'000'000'000'000 + step * 1000,
                 {{ids[0], is_spike ? 1e6 + static_cast<double>(step) : curve},
                  {ids[1], static_cast<double>(step % 100) * 0.01},
                  {ids[2], step / 1000}});
    }
}

}  // namespace guild_test

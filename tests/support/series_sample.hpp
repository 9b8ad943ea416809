// tests/support/series_sample.hpp - a series file with everything in it, and what must be read of
// each part of it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/series/file_builder.hpp>
#include <guild/series/format.hpp>
#include <guild/series/reader.hpp>
#include <support/random_numbers.hpp>

#include <doctest/doctest.h>

namespace guild_test {

/// The points that were written, by series, in order; a series is known by its key.
struct written_points {
    std::vector<std::string> keys;
    std::vector<std::vector<guild::series::point>> series;  // by place in `keys`

    // Keys begin with a letter of their own, so that the place is found at once.
    [[nodiscard]] std::size_t find(std::string_view key) const {
        const std::size_t place =
            key.empty() ? keys.size() : static_cast<unsigned char>(key[0]) - std::size_t{'A'};
        return place < keys.size() && keys[place] == key ? place : keys.size();
    }
    [[nodiscard]] std::size_t count() const {
        std::size_t all = 0;
        for (const auto& points : series) {
            all += points.size();
        }
        return all;
    }
};

/// A file and what its parts hold.
struct sample_file {
    struct frames_block {
        std::size_t end;                  // in the file
        std::vector<std::size_t> counts;  // points of each series up to there
    };
    std::string bytes;
    written_points written;
    std::vector<std::size_t> block_ends;  // of every block
    std::vector<frames_block> frames;
    std::size_t indices = 0;
    std::size_t dictionaries = 0;
    std::size_t notes = 0;

    /// How many points of each series stand in whole blocks of the first `size` bytes.
    [[nodiscard]] std::vector<std::size_t> counts_within(std::size_t size) const {
        std::vector<std::size_t> counts(written.keys.size());
        for (const frames_block& block : frames) {
            if (block.end > size) {
                break;
            }
            counts = block.counts;
        }
        return counts;
    }
};

namespace detail {

inline guild::series::file_header sample_header() {
    guild::series::file_header header;
    header.id[3] = 9;
    header.start_wall_us = 1'700'000'000'000'000;
    return header;
}

// Adds some frames of the series known so far, sometimes a new series before them and a remark
// behind.
inline void add_round(guild::series::file_builder& builder, written_points& written,
                      std::int64_t& time_us, random_numbers& random) {
    if (written.keys.size() < 12 && random.once_in(3)) {
        const char letter = static_cast<char>('A' + written.keys.size());
        written.keys.push_back(std::string(1 + random.below(120), letter));
        written.series.emplace_back();
        (void)builder.series(written.keys.back());
    }
    const std::size_t known = written.keys.size();
    for (std::uint64_t frame = random.below(6); known != 0 && frame > 0; --frame) {
        std::vector<guild::series::sample> row;
        const std::int64_t step = random.integer();
        time_us += static_cast<std::int64_t>(random.below(1'000'000));
        for (std::uint64_t i = 1 + random.below(5); i > 0; --i) {
            const auto id = static_cast<std::uint32_t>(random.below(known));
            row.push_back({id, random.number()});
            written.series[id].push_back({step, time_us, row.back().value});
        }
        builder.add_frame(step, time_us, row.data(), row.size());
    }
    if (random.once_in(3)) {
        const std::string text(random.below(1200), 'n');
        builder.add_note({time_us, {{"mark", "test"}, {"text", text}}});
    }
}

// Copies the blocks into the file and takes note of what each holds. The builder makes an index
// before its time only to close a file; here the last one alone may say that it is closed.
inline void add_blocks(sample_file& made, std::string_view blocks, bool is_closed) {
    namespace gs = guild::series;
    const std::uint32_t seed = gs::checksum_seed(sample_header().id);
    std::vector<std::size_t> so_far(made.written.keys.size());
    gs::block block;
    while (made.bytes.size() - gs::header_bytes < blocks.size()) {
        const std::size_t at = made.bytes.size() - gs::header_bytes;
        REQUIRE(gs::decode_block(blocks.substr(at), made.bytes.size(), seed, block) ==
                gs::block_status::good);
        const bool is_last = block.end() == blocks.size() + gs::header_bytes;
        block.flags = is_last && is_closed ? block.flags : std::uint8_t{0};
        gs::append_block(made.bytes, block, seed);
        made.block_ends.push_back(made.bytes.size());
        made.indices += block.type == gs::block_type::index ? 1U : 0U;
        made.dictionaries += block.type == gs::block_type::dictionary ? 1U : 0U;
        made.notes += block.type == gs::block_type::note ? 1U : 0U;
        if (block.type == gs::block_type::frames) {
            gs::frame_decoder frames(block.payload);
            while (frames.next()) {
                for (const auto& column : frames.columns()) {
                    ++so_far[column.id];
                }
            }
            made.frames.push_back({made.bytes.size(), so_far});
        }
    }
}

}  // namespace detail

/// Makes a file of at least `size` bytes: an index after each `index_every` bytes or so (a writer
/// waits longer), and a last one that closes it, if `is_closed`.
inline sample_file make_sample_file(std::size_t size, std::size_t index_every, bool is_closed,
                                    std::uint64_t seed) {
    const guild::series::file_header header = detail::sample_header();
    sample_file made;
    random_numbers random(seed);
    guild::series::file_builder builder;
    builder.start(header.id);
    std::int64_t time_us = header.start_wall_us;
    std::size_t last_index = 0;
    while (builder.pending().size() + guild::series::header_bytes < size) {
        detail::add_round(builder, made.written, time_us, random);
        const bool is_index_due = builder.pending().size() - last_index >= index_every;
        builder.seal(is_index_due);
        last_index = is_index_due ? builder.pending().size() : last_index;
    }
    if (is_closed) {
        builder.seal(true);
    }
    made.bytes = guild::series::encode_header(header);
    detail::add_blocks(made, builder.pending(), is_closed);
    return made;
}

/// Compares what a reader visits with what was written: each point must be the next one of its
/// series, or a later one where some may be missing.
class point_matcher {
public:
    explicit point_matcher(const written_points& written)
        : written_(&written), at_(written.keys.size()), read_(written.keys.size()),
          beginning_(written.keys.size()) {}

    void operator()(const guild::series::series_name& name, const guild::series::point& point) {
        match(written_->find(name.key), point);
    }
    void match(std::size_t place, const guild::series::point& point) {
        if (place == written_->keys.size()) {
            is_wrong_ = true;
            return;
        }
        const auto& points = written_->series[place];
        std::size_t& at = at_[place];
        while (at < points.size() && points[at] != point) {
            ++at;
            ++missing_;
        }
        is_wrong_ = is_wrong_ || at == points.size();
        beginning_[place] += at == beginning_[place] ? 1U : 0U;
        ++at;
        ++read_[place];
    }

    /// A point was read that was not written, or not there.
    [[nodiscard]] bool is_wrong() const { return is_wrong_; }
    /// Points were left out before others of their series.
    [[nodiscard]] bool has_gaps() const { return missing_ != 0; }
    /// Points read of each series.
    [[nodiscard]] const std::vector<std::size_t>& read() const { return read_; }
    /// Points read of each series before the first that was left out.
    [[nodiscard]] const std::vector<std::size_t>& beginning() const { return beginning_; }

private:
    const written_points* written_;
    std::vector<std::size_t> at_;
    std::vector<std::size_t> read_;
    std::vector<std::size_t> beginning_;
    std::size_t missing_ = 0;
    bool is_wrong_ = false;
};

/// Whether two numbers of a summary are the same value; which of two equal ones stands there is not
/// promised.
inline bool is_same_value(const guild::series::number& a, const guild::series::number& b) {
    return (std::isnan(a.as_double()) && std::isnan(b.as_double())) ||
           !(a.as_double() < b.as_double() || b.as_double() < a.as_double());
}

inline bool is_same_summary(const guild::series::series_summary& a,
                            const guild::series::series_summary& b) {
    return a.count == b.count && a.nan == b.nan && a.inf == b.inf && a.first == b.first &&
           a.last == b.last && is_same_value(a.min, b.min) && is_same_value(a.max, b.max) &&
           a.min_step == b.min_step && a.max_step == b.max_step;
}

inline guild::series::series_summary summary_of(const std::vector<guild::series::point>& points,
                                                std::size_t count) {
    guild::series::series_summary summary;
    for (std::size_t i = 0; i < count; ++i) {
        summary.add(points[i]);
    }
    return summary;
}

}  // namespace guild_test

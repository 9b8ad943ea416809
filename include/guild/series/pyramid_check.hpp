// guild/series/pyramid_check.hpp - whether pyramids are what the points make of them.
//
// Layer 3. Includes: base, series/id_table.hpp pyramid.hpp. Pure: points and bytes in, answers out.
// Not here: reading the points and pyramids of a file (series/verify.hpp).
//
// The buckets of the points are made anew, and not kept: of each series and level a digest tells
// whether those of the pyramid are the same. Buckets may be cut elsewhere than guild cuts them;
// then only what they tell in sum is compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <guild/base/bytes.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/point.hpp>
#include <guild/series/pyramid.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Takes the points of a file in order, and the pyramids that tell of them.
///
/// cost     some nanoseconds a point; memory: about 400 bytes a series, three times that of a long
///          one
/// example  tests/series/pyramid_check.cpp "pyramid check: the pyramids that guild writes are
/// right"
class pyramid_check {
public:
    void add(std::uint32_t id, const point& next) {
        of_level& finest = made_[id];
        finest.open.add(next);
        if (finest.open.points() == bucket_points(0)) {
            close_bucket(finest, 0);
        }
    }

    /// Takes the payload of a PYRAMID block.
    ///
    /// out      false for bad bytes
    [[nodiscard]] bool add_pyramid(std::string_view payload);

    /// An index stands here: no bucket goes on behind it.
    void end_section();

    /// Whether the pyramids tell of the series `id` what its points are. Once, after the index that
    /// lists them.
    [[nodiscard]] bool is_right(std::uint32_t id);

    /// Forgets the points that pyramids have told of, or all.
    void clear_points() noexcept { made_.clear(); }
    void clear_pyramids() noexcept { told_.clear(); }

private:
    // Of the buckets of one level. The shape is where they are cut.
    struct digest {
        std::uint64_t points = 0;
        std::uint64_t nan = 0;
        std::uint64_t shape = 0;
        std::uint64_t content = 0;

        void add(const bucket& next, const point* kept) noexcept;
        [[nodiscard]] bool agrees(const digest& other) const noexcept {
            return points == other.points && nan == other.nan &&
                   (shape != other.shape || content == other.content);
        }
    };
    struct of_level {
        bucket_builder open;
        digest closed;
        std::unique_ptr<of_level> coarser;
    };
    struct of_pyramid {
        digest level[pyramid_levels];
    };

    void close_bucket(of_level& level, std::uint32_t number);
    void close_levels(of_level& finest);

    id_table<of_level> made_;
    id_table<of_pyramid> told_;
    pyramid_piece piece_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline void mix(std::uint64_t& hash, std::uint64_t word) noexcept {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 29U;
}

}  // namespace detail

inline void pyramid_check::digest::add(const bucket& next, const point* kept) noexcept {
    points += next.points;
    nan += next.nan;
    detail::mix(shape, next.points);
    for (const std::uint32_t count : {next.nan, next.infinite, next.kept}) {
        detail::mix(content, count);
    }
    for (std::uint32_t i = 0; i < next.kept; ++i) {
        detail::mix(content, static_cast<std::uint64_t>(kept[i].step));
        detail::mix(content, static_cast<std::uint64_t>(kept[i].time_us));
        detail::mix(content, kept[i].value.bits());
        detail::mix(content, kept[i].value.is_integer() ? 1 : 0);
    }
}

// As pyramid_builder does.
inline void pyramid_check::close_bucket(of_level& level, std::uint32_t number) {
    piece_.clear();
    level.open.finish(piece_);
    level.closed.add(piece_.buckets.back(), piece_.points.data());
    if (number + 1 == pyramid_levels) {
        return;
    }
    if (!level.coarser) {
        level.coarser = std::make_unique<of_level>();
    }
    level.coarser->open.add(piece_.buckets.back(), piece_.points.data());
    if (level.coarser->open.points() >= bucket_points(number + 1)) {
        close_bucket(*level.coarser, number + 1);
    }
}

inline void pyramid_check::end_section() {
    for (auto& each : made_) {
        if (each.value.open.points() != 0) {
            close_bucket(each.value, 0);
        }
    }
}

inline void pyramid_check::close_levels(of_level& finest) {
    std::uint32_t number = 0;
    for (of_level* level = &finest; level != nullptr; level = level->coarser.get(), ++number) {
        if (level->open.points() != 0) {
            close_bucket(*level, number);
        }
    }
}

inline bool pyramid_check::add_pyramid(std::string_view payload) {
    while (!payload.empty()) {
        std::string_view head = payload;
        std::uint64_t id = 0;
        std::uint64_t level = 0;
        if (!decode_varint(head, id) || !decode_varint(head, level) || id > 0xFFFFFFFFU ||
            level > 15) {
            return false;
        }
        const pyramid_wish whole{static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(level)};
        if (!decode_piece(payload, whole, piece_)) {
            return false;
        }
        const point* kept = piece_.points.data();
        for (const bucket& each : piece_.buckets) {
            if (level < pyramid_levels) {
                told_[whole.id].level[whole.level].add(each, kept);
            }
            kept += each.kept;
        }
    }
    return true;
}

inline bool pyramid_check::is_right(std::uint32_t id) {
    const of_pyramid* told = told_.find(id);
    of_level* made = made_.find(id);
    if (told == nullptr || made == nullptr) {
        return false;
    }
    close_levels(*made);
    for (const digest& each : told->level) {
        const bool is_there = each.points != 0 || &each == told->level;
        if (is_there && (made == nullptr || !made->closed.agrees(each))) {
            return false;
        }
        made = made == nullptr ? nullptr : made->coarser.get();
    }
    return true;
}

}}}  // namespace guild::series

// guild/series/pixel_targets.hpp - the series of a file that charts are made of at once: of which
// the points of a section are to be read, and where they go.
//
// Layer 3. Includes: base, series/pixels point pyramid.
// Not here: the columns of a chart (series/pixels.hpp); reading (series/reader.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include <guild/config.hpp>
#include <guild/series/pixels.hpp>
#include <guild/series/point.hpp>
#include <guild/series/pyramid.hpp>

namespace guild { inline namespace v0 { namespace series {

/// A series, the level of its pyramid that will do (pyramid_levels: none), and where its points go.
struct pixel_target {
    std::string_view key;
    std::uint32_t level;
    pixel_reducer* into;
};

/// Series by their ids, while the sections of a file are gone through in order.
///
/// cost     a point: one look into a table, for ids below a million
/// example  tests/series/pixel_targets.cpp "pixel targets: points are wanted where no pyramid
/// tells"
class pixel_targets {
public:
    /// Each id once.
    void add(std::uint32_t id, const pixel_target& target) { all_.push_back({id, target, 0}); }

    [[nodiscard]] bool is_empty() const noexcept { return all_.empty(); }

    /// Enters a section. Calls `add_buckets(pyramid_wish, pixel_reducer&)`, which gives the number
    /// of sections that a pyramid told of, for each series of which none told yet; where it gives
    /// 0, the points of the section are wanted.
    template <class AddBuckets>
    void enter(std::size_t section, AddBuckets&& add_buckets);

    /// Behind the last section: the points of every series are wanted.
    void want_all();

    [[nodiscard]] bool wants_any() const noexcept { return wanted_ != 0; }
    [[nodiscard]] bool wants(std::uint32_t id) const noexcept { return find(id) != nullptr; }

    /// A point of a series whose points are wanted.
    void add_point(std::uint32_t id, const point& next) { find(id)->add(next); }

private:
    struct entry {
        std::uint32_t id;
        pixel_target target;
        std::size_t next;  // section that no pyramid told of
    };
    [[nodiscard]] pixel_reducer* find(std::uint32_t id) const noexcept;
    void want_none();
    void want(const entry& which);

    static constexpr std::uint32_t most_direct = std::uint32_t{1} << 20U;

    std::vector<entry> all_;
    std::vector<pixel_reducer*> direct_;              // by id
    std::map<std::uint32_t, pixel_reducer*> others_;  // ids of odd writers
    std::size_t wanted_ = 0;
};

// ---- implementation ---------------------------------------------------------

template <class AddBuckets>
void pixel_targets::enter(std::size_t section, AddBuckets&& add_buckets) {
    want_none();
    for (entry& each : all_) {
        if (each.next > section) {
            continue;
        }
        const std::size_t told =
            each.target.level == pyramid_levels
                ? 0
                : add_buckets(pyramid_wish{each.id, each.target.level}, *each.target.into);
        each.next = section + std::max<std::size_t>(told, 1);
        if (told == 0) {
            want(each);
        }
    }
}

inline void pixel_targets::want_all() {
    want_none();
    for (const entry& each : all_) {
        want(each);
    }
}

inline void pixel_targets::want_none() {
    direct_.clear();
    others_.clear();
    wanted_ = 0;
}

inline void pixel_targets::want(const entry& which) {
    if (which.id < most_direct) {
        direct_.resize(std::max<std::size_t>(direct_.size(), which.id + std::size_t{1}), nullptr);
        direct_[which.id] = which.target.into;
    } else {
        others_[which.id] = which.target.into;
    }
    ++wanted_;
}

inline pixel_reducer* pixel_targets::find(std::uint32_t id) const noexcept {
    if (id < direct_.size()) {
        return direct_[id];
    }
    const auto other = others_.empty() ? others_.end() : others_.find(id);
    return other == others_.end() ? nullptr : other->second;
}

}}}  // namespace guild::series

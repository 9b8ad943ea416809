// guild/tfevents/points.hpp - the points of a directory_reader's runs, kept by run and tag, without
// those that restarts take back.
//
// Layer 3. Includes: tfevents/reader.hpp, tfevents/restart.hpp.
// Not here: when a restart takes back (tfevents/restart.hpp); storing on disk (series/writer.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/tfevents/reader.hpp>
#include <guild/tfevents/restart.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// units    as of scalar
struct point {
    std::int64_t step = 0;
    double wall_time = 0;
    double value = 0;
};

/// The points of one tag, in file order.
struct tag_points {
    std::string tag;
    std::vector<point> points;
};

/// The points of one run.
///
/// cost     24 bytes a point; a restart costs what it takes back while steps only grow, otherwise
///          O(points of the tag)
/// threads  one at a time
/// example  tests/tfevents/points.cpp "points: a restart leaves the earlier steps"
class run_points {
public:
    void add(const scalar& each);

    /// Forgets the points that a restart takes back.
    void take_back(const restart& back);

    /// Tags that have points, in the order in which they first came.
    [[nodiscard]] std::vector<const tag_points*> tags() const;

private:
    struct tag_state {
        bool is_known = false;
        bool only_grows = true;  // no step was before the one before it
        tag_points kept;
    };
    static void forget(tag_state& of, std::int64_t step);

    std::vector<tag_state> by_id_;
    std::vector<std::uint32_t> order_;
};

// ---- implementation ---------------------------------------------------------

inline void run_points::add(const scalar& each) {
    if (by_id_.size() <= each.tag_id) {
        by_id_.resize(std::size_t{each.tag_id} + 1);
    }
    tag_state& of = by_id_[each.tag_id];
    if (!of.is_known) {
        of.is_known = true;
        of.kept.tag.assign(each.tag);
        order_.push_back(each.tag_id);
    }
    std::vector<point>& points = of.kept.points;
    if (!points.empty() && each.step < points.back().step) {
        of.only_grows = false;
    }
    points.push_back({each.step, each.wall_time, each.value});
}

inline void run_points::forget(tag_state& of, std::int64_t step) {
    std::vector<point>& points = of.kept.points;
    const auto is_over = [&](const point& each) { return each.step >= step; };
    if (!of.only_grows) {
        points.erase(std::remove_if(points.begin(), points.end(), is_over), points.end());
    }
    while (!points.empty() && is_over(points.back())) {
        points.pop_back();
    }
    of.only_grows = of.only_grows || points.empty();
}

inline void run_points::take_back(const restart& back) {
    if (!back.all_tags) {
        if (back.tag_id < by_id_.size()) {
            forget(by_id_[back.tag_id], back.step);
        }
        return;
    }
    for (tag_state& of : by_id_) {
        forget(of, back.step);
    }
}

inline std::vector<const tag_points*> run_points::tags() const {
    std::vector<const tag_points*> all;
    for (const std::uint32_t id : order_) {
        if (!by_id_[id].kept.points.empty()) {
            all.push_back(&by_id_[id].kept);
        }
    }
    return all;
}

}}}  // namespace guild::tfevents

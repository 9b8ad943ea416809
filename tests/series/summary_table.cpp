#include <guild/series/summary_table.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

TEST_CASE("summary table: frames count as their points do") {
    gs::summary_table by_frame;
    gs::summary_table by_point;
    gs::frame_encoder encoder;
    for (std::int64_t i = 0; i < 300; ++i) {
        std::vector<gs::sample> row;
        for (std::uint32_t id = 0; id < 4; ++id) {
            if ((i >> id) % 2 == 0) {  // new series come late, and columns change
                row.push_back({id * 50, id == 2 ? gs::number(i)
                                                : gs::number(0.1 * static_cast<double>(150 - i))});
            }
        }
        if (row.empty()) {
            continue;
        }
        encoder.add(i, i * 10, row.data(), row.size());
        for (const gs::sample& each : row) {
            by_point.add(each.id, {i, i * 10, each.value});
        }
    }
    by_frame.add_frames(encoder.payload());
    CHECK(by_frame.points() == by_point.points());
    for (std::uint32_t id = 0; id < 200; id += 50) {
        const gs::series_summary* found = by_frame.find(id);
        const gs::series_summary* expected = by_point.find(id);
        REQUIRE(found != nullptr);
        CHECK(found->count == expected->count);
        CHECK(found->first == expected->first);
        CHECK(found->last == expected->last);
        CHECK(found->min == expected->min);
        CHECK(found->max == expected->max);
    }
    CHECK(by_frame.find(1) == nullptr);
    by_frame.clear();
    CHECK(by_frame.points() == 0);
    CHECK(by_frame.find(0) == nullptr);
}

TEST_CASE("summary table: bytes that are cut off count up to the cut") {
    gs::frame_encoder encoder;
    const gs::sample row[] = {{0, 1.0}, {1, 2.0}};
    encoder.add(1, 1, row, 2);
    encoder.add(2, 2, row, 2);
    const std::string_view all = encoder.payload();
    gs::summary_table table;
    table.add_frames(all.substr(0, all.size() - 1));
    CHECK(table.points() == 2);
    table.add_frames(all.substr(0, 10));
    CHECK(table.points() == 2);
}

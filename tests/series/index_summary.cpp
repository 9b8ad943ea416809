#include <guild/series/index_summary.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/random_numbers.hpp>

namespace gs = guild::series;

namespace {

using listed_summaries = std::vector<std::pair<std::uint32_t, gs::series_summary>>;

gs::series_summary summary_of_points(const std::vector<gs::point>& points) {
    gs::series_summary made;
    for (const gs::point& each : points) {
        made.add(each);
    }
    return made;
}

std::string encode_summaries(const listed_summaries& all, std::int64_t before) {
    std::string bytes;
    guild::append_varint(bytes, all.size());
    for (const auto& [id, summary] : all) {
        gs::append_summary(bytes, id, summary, before);
    }
    return bytes;
}

bool decode_list(std::string_view bytes, std::int64_t before, listed_summaries& out) {
    out.clear();
    return gs::decode_summaries(bytes, before, [&out](std::uint32_t id) -> gs::series_summary& {
        out.emplace_back(id, gs::series_summary{});
        return out.back().second;
    });
}

void check_same_summary(const gs::series_summary& a, const gs::series_summary& b) {
    CHECK(a.count == b.count);
    CHECK(a.nan == b.nan);
    CHECK(a.inf == b.inf);
    CHECK(a.first == b.first);
    CHECK(a.last == b.last);
    CHECK(a.min_step == b.min_step);
    CHECK(a.max_step == b.max_step);
    CHECK(a.has_finite() == b.has_finite());
    if (a.has_finite()) {
        CHECK(a.min == b.min);
        CHECK(a.max == b.max);
    }
}

}  // namespace

TEST_CASE("index summary: the bytes of two, by hand") {
    const gs::series_summary falling =
        summary_of_points({{1, 1000, 0.5}, {2, 1010, 0.125}, {3, 1030, 0.25}});
    const gs::series_summary one = summary_of_points({{7, 999, std::int64_t{-2}}});
    using namespace std::string_view_literals;
    CHECK(encode_summaries({{4, falling}, {300, one}}, 990) ==
          "\x02"          // two
          "\x04\x06\x91"  // id 4, 3 points; f32, the least follows, the first is largest
          "\x02\x14\x00\x00\x00\x3F"      // first: step 1, 10 us later than 990, 0.5
          "\x04\x3C\x00\x00\x80\x3E"      // last: 2 steps and 30 us on, 0.25
          "\x00\x00\x00\x3E"              // smallest: 0.125
          "\xAC\x02\x02\xA3"              // id 300, 1 point; i32, the first is smallest and largest
          "\x0E\x01\xFE\xFF\xFF\xFF"sv);  // first: step 7, 1 us before the one before, -2
}

TEST_CASE("index summary: what is told comes back") {
    guild_test::random_numbers random(5);
    listed_summaries all;
    for (std::uint32_t id = 0; id < 500; ++id) {
        std::vector<gs::point> points(1 + random.below(4));
        for (gs::point& each : points) {
            each = {static_cast<std::int64_t>(random.below(5)) - 2,
                    static_cast<std::int64_t>(random.next() >> random.below(64)), random.number()};
        }
        all.emplace_back(id * 7, summary_of_points(points));
    }
    const auto lowest = std::numeric_limits<std::int64_t>::min();
    const auto highest = std::numeric_limits<std::int64_t>::max();
    all.emplace_back(0xFFFFFFFFU,
                     summary_of_points({{lowest, highest, 0.0}, {highest, lowest, -0.0}}));
    all.emplace_back(1U, summary_of_points({{0, 0, std::numeric_limits<double>::quiet_NaN()}}));
    all.emplace_back(2U, summary_of_points({{0, 0, std::int64_t{1}}, {0, 0, 0.5}, {0, 0, 1e300}}));
    const std::string bytes = encode_summaries(all, 77);
    listed_summaries read;
    REQUIRE(decode_list(bytes, 77, read));
    REQUIRE(read.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(read[i].first == all[i].first);
        check_same_summary(read[i].second, all[i].second);
    }
}

TEST_CASE("index summary: cut and changed ones are refused or read without harm") {
    const std::string bytes = encode_summaries(
        {{4, summary_of_points({{1, 1000, 0.5}, {2, 1010, 0.125}, {3, 1030, 0.25}})},
         {5, summary_of_points({{1, 1, std::numeric_limits<double>::infinity()}})}},
        0);
    listed_summaries read;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(decode_list(std::string_view(bytes).substr(0, size), 0, read));
    }
    CHECK_FALSE(decode_list(bytes + "x", 0, read));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string changed = bytes;
        changed[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
        (void)decode_list(changed, 0, read);
        CHECK(read.size() <= changed.size());
    }
}

// A process that logs is killed with SIGKILL while another one reads: what was seen only grows, and
// is what the process would have written.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <guild/series/run_reader.hpp>
#include <support/child_program.hpp>
#include <support/random_numbers.hpp>
#include <support/series_pattern.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;

namespace {

// What a live reader has seen of one writer.
class growing_view {
public:
    explicit growing_view(const std::string& directory)
        : reader_(directory), seen_(guild_test::pattern_keys) {}

    // Words for what is wrong, none if nothing is.
    std::string look(bool at_points) {
        const auto refreshed = reader_.refresh();
        if (!refreshed) {
            return to_string(refreshed.error());
        }
        std::size_t known = 0;
        for (std::int64_t series = 0; series < guild_test::pattern_keys; ++series) {
            known += seen_[static_cast<std::size_t>(series)] != 0 ? 1U : 0U;
        }
        const auto summaries = reader_.summaries();
        if (summaries.size() < known) {
            return "a series has disappeared";
        }
        for (const gs::series_summary& one : summaries) {
            const std::string problem = look_at(one, at_points);
            if (!problem.empty()) {
                return one.key + ": " + problem;
            }
        }
        return reader_.bytes_lost() == 0 ? "" : "bytes were lost";
    }
    [[nodiscard]] const std::vector<std::uint64_t>& seen() const { return seen_; }

private:
    std::string look_at(const gs::series_summary& one, bool at_points) {
        if (one.key.size() != 2 || one.key[0] != 'k' || one.key[1] < '0' || one.key[1] > '7') {
            return "there is no such series";
        }
        const std::int64_t series = one.key[1] - '0';
        std::uint64_t& seen = seen_[static_cast<std::size_t>(series)];
        if (one.count < seen) {
            return "points have disappeared";
        }
        seen = one.count;
        const auto last = static_cast<std::int64_t>(one.count) - 1;
        const std::int64_t first_frame = series * guild_test::frames_per_key;
        if (one.last != guild_test::pattern_point(0, series, first_frame + last)) {
            return "the last point was not written";
        }
        if (at_points) {
            const auto points = reader_.points(one.key);
            if (points.size() != one.count || !guild_test::is_pattern(points, 0, series)) {
                return "the points are not those that were written";
            }
        }
        return "";
    }

    gs::run_reader reader_;
    std::vector<std::uint64_t> seen_;
};

// One life and death of a writer; how many points there were.
std::uint64_t kill_one(std::uint64_t round) {
    const guild_test::temp_dir dir;
    guild_test::random_numbers random(round);
    const std::string mode = std::to_string(round % 4);
    growing_view live(dir.path());
    auto child =
        guild_test::must_start(guild_test::child_options("series_log", {dir.path(), "0", mode}));
    const std::int64_t life_us = static_cast<std::int64_t>(random.below(15'000));
    const std::int64_t start_us = os::system_env.boot_time_us();
    std::string problem;
    while (problem.empty() && os::system_env.boot_time_us() - start_us < life_us) {
        problem = live.look(random.once_in(8));
    }
    REQUIRE(child.signal(SIGKILL));
    if (problem.empty()) {
        problem = live.look(false);
    }
    REQUIRE(child.wait());
    if (problem.empty()) {
        problem = live.look(true);
    }
    growing_view fresh(dir.path());
    if (problem.empty()) {
        problem = fresh.look(true);
    }
    if (problem.empty() && fresh.seen() != live.seen()) {
        problem = "a new reader sees something else";
    }
    if (!problem.empty()) {
        FAIL("round " << round << ": " << problem);
    }
    std::uint64_t points = 0;
    for (const std::uint64_t count : fresh.seen()) {
        points += count;
    }
    return points;
}

void kill_many(std::uint64_t rounds) {
    std::uint64_t with_points = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        with_points += kill_one(round) != 0 ? 1U : 0U;
    }
    CHECK(with_points > rounds / 4);
}

}  // namespace

TEST_CASE("kills: a live reader sees only more, fifty times") {
    kill_many(50);
}

TEST_CASE("kills: a live reader sees only more, a thousand times" * doctest::test_suite("long")) {
    kill_many(1000);
}

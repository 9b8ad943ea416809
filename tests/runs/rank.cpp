#include <guild/runs/rank.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <stdlib.h>

#include <doctest/doctest.h>

using guild::runs::find_rank;

namespace {

const std::vector<std::string> rank_names = {
    "RANK",        "WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
    "PMI_RANK",    "PMI_SIZE",   "MV2_COMM_WORLD_RANK",  "MV2_COMM_WORLD_SIZE",
    "PMIX_RANK",   "PMIX_SIZE",  "SLURM_PROCID",         "SLURM_STEP_NUM_TASKS",
    "SLURM_NTASKS"};

// Whatever launched the tests.
void clear_launcher() {
    for (const std::string& name : rank_names) {
        ::unsetenv(name.c_str());
    }
}

std::optional<std::uint32_t>
rank_with(const std::vector<std::pair<std::string, std::string>>& variables) {
    clear_launcher();
    for (const auto& [name, value] : variables) {
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    const auto found = find_rank();
    clear_launcher();
    return found;
}

}  // namespace

TEST_CASE("rank: there is none without a launcher") {
    CHECK_FALSE(rank_with({}));
}

TEST_CASE("rank: each launcher's variable is taken") {
    CHECK(rank_with({{"OMPI_COMM_WORLD_RANK", "3"}}) == 3U);
    CHECK(rank_with({{"MV2_COMM_WORLD_RANK", "4"}}) == 4U);
    CHECK(rank_with({{"PMIX_RANK", "5"}}) == 5U);
    CHECK(rank_with({{"PMI_RANK", "0"}, {"PMI_SIZE", "8"}}) == 0U);
    CHECK(rank_with({{"SLURM_PROCID", "7"}, {"SLURM_STEP_NUM_TASKS", "8"}}) == 7U);
    CHECK(rank_with({{"RANK", "9"}, {"WORLD_SIZE", "16"}}) == 9U);
}

TEST_CASE("rank: of Slurm it counts in a step of several tasks alone") {
    CHECK_FALSE(rank_with({{"SLURM_PROCID", "0"}}));  // the script of a job
    CHECK_FALSE(rank_with({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}));
    CHECK_FALSE(rank_with({{"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}}));
}

TEST_CASE("rank: a variable of such a common name counts beside its size alone") {
    CHECK_FALSE(rank_with({{"RANK", "2"}}));
    CHECK_FALSE(rank_with({{"RANK", "2"}, {"WORLD_SIZE", "two"}}));
}

TEST_CASE("rank: the launcher that another one started counts") {
    // Slurm starts one torchrun on each machine, which starts eight programs each.
    CHECK(rank_with({{"SLURM_PROCID", "1"},
                     {"SLURM_STEP_NUM_TASKS", "2"},
                     {"RANK", "11"},
                     {"WORLD_SIZE", "16"}}) == 11U);
    CHECK(rank_with({{"SLURM_PROCID", "1"},
                     {"SLURM_STEP_NUM_TASKS", "2"},
                     {"OMPI_COMM_WORLD_RANK", "3"}}) == 3U);
}

TEST_CASE("rank: what is no number below the size is none") {
    for (const char* bad : {"", "-1", "x", "3x", "4294967296", "99999999999999999999"}) {
        CAPTURE(bad);
        CHECK_FALSE(rank_with({{"PMIX_RANK", bad}}));
    }
    CHECK_FALSE(rank_with({{"OMPI_COMM_WORLD_RANK", "4"}, {"OMPI_COMM_WORLD_SIZE", "4"}}));
}

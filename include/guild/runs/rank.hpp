// guild/runs/rank.hpp - which of the processes of a parallel program this one is.
//
// Layer 4. Includes: base/number.hpp, os/environment.hpp.
// Not here: what is made of it (series/writer_options.hpp, series/run_reader.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <guild/base/number.hpp>
#include <guild/os/environment.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// The rank of this process, as its launcher tells it through the environment; empty without one.
///
/// A launcher started by another one is the one that counts, so those that start programs of their
/// own come first: torchrun (RANK beside WORLD_SIZE), Open MPI, MVAPICH, PMIx, PMI (MPICH, Intel
/// MPI), Slurm. Slurm tells every program a rank: it counts in a step of two tasks or more.
/// out      count from 0; empty also for what is no number below the size that the launcher tells
/// example  tests/runs/rank.cpp "rank: each launcher's variable is taken"
[[nodiscard]] std::optional<std::uint32_t> find_rank();

// ---- implementation ---------------------------------------------------------

namespace detail {

// Variables of one launcher. `least_size`: below it, or without a size when it is not 0, the rank
// means nothing.
struct rank_variables {
    const char* rank;
    const char* size;
    std::int64_t least_size;
};

inline std::optional<std::uint32_t> find_rank(const rank_variables& of) {
    constexpr std::int64_t most = std::int64_t{1} << 31U;
    const auto rank = parse_int64(os::find_variable(of.rank).value_or(std::string()));
    const auto size = parse_int64(os::find_variable(of.size).value_or(std::string()));
    const bool is_small = size ? *size < of.least_size : of.least_size != 0;
    if (!rank || *rank < 0 || *rank >= size.value_or(most) || *rank >= most || is_small) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*rank);
}

}  // namespace detail

inline std::optional<std::uint32_t> find_rank() {
    constexpr detail::rank_variables launchers[] = {
        {"RANK", "WORLD_SIZE", 1},
        {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", 0},
        {"MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", 0},
        {"PMIX_RANK", "PMIX_SIZE", 0},
        {"PMI_RANK", "PMI_SIZE", 0},
        {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", 2},
    };
    for (const detail::rank_variables& launcher : launchers) {
        if (const auto rank = detail::find_rank(launcher)) {
            return rank;
        }
    }
    return std::nullopt;
}

}}}  // namespace guild::runs

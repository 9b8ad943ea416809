// guild/archive/limits.hpp - how much an archive may ask for before it is refused.
//
// Layer 3. Includes: the standard library only.
// Not here: what its members may be called and be (archive/member_rules.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace guild { inline namespace v0 { namespace archive {

/// The most that an archive may hold. The ratio is looked at beyond the first `free_bytes` alone: a
/// small archive of zeros is no attack. Directories that only stand in names count as members, as a
/// few deep names would be millions of them.
///
/// units    bytes; max_path_parts: names between slashes; max_names_bytes: of the paths of all
///          members; max_ratio: unpacked bytes for each packed one
/// example  tests/archive/limits.cpp "limits: bytes are free up to a border, then the ratio counts"
struct limits {
    std::uint64_t max_members = 1'000'000;
    std::size_t max_path_bytes = 4096;
    std::size_t max_path_parts = 256;
    std::uint64_t max_names_bytes = std::uint64_t{512} << 20U;
    std::uint64_t max_total_bytes = std::uint64_t{64} << 30U;
    std::uint64_t max_ratio = 1000;
    std::uint64_t free_bytes = std::uint64_t{256} << 20U;

    /// The most bytes that an archive of `packed_bytes` may unpack to.
    [[nodiscard]] constexpr std::uint64_t most_for(std::uint64_t packed_bytes) const noexcept {
        const std::uint64_t room = max_total_bytes > free_bytes ? max_total_bytes - free_bytes : 0;
        if (max_ratio == 0 || packed_bytes > room / max_ratio) {
            return max_total_bytes;
        }
        return free_bytes + packed_bytes * max_ratio;
    }
};

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::archive

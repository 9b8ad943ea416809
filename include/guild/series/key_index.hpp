// guild/series/key_index.hpp - the ids of series by their keys, made when first asked for.
//
// Layer 3. Includes: series/id_table.hpp, series/payload.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <guild/config.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/payload.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Finds keys in a table of names that only grows.
///
/// example  tests/series/key_index.cpp "key index: finds keys as names are added"
class key_index {
public:
    /// The id of `key`; of two series with one key the one that was added first.
    ///
    /// cost     O(n log n) when names were added since, then O(log n)
    [[nodiscard]] std::optional<std::uint32_t> find(const id_table<series_name>& names,
                                                    std::string_view key);

    void clear() noexcept { ids_.clear(); }

private:
    std::vector<std::uint32_t> ids_;  // in order of their keys
};

// ---- implementation ---------------------------------------------------------

inline std::optional<std::uint32_t> key_index::find(const id_table<series_name>& names,
                                                    std::string_view key) {
    const auto key_of = [&names](std::uint32_t id) {
        return std::string_view(names.find(id)->key);
    };
    if (ids_.size() != names.size()) {
        ids_.clear();
        for (const auto& entry : names) {
            ids_.push_back(entry.id);
        }
        std::sort(ids_.begin(), ids_.end(), [&](std::uint32_t a, std::uint32_t b) {
            // Names lie in the table in the order in which they were added.
            return key_of(a) != key_of(b) ? key_of(a) < key_of(b) : names.find(a) < names.find(b);
        });
    }
    const auto found =
        std::lower_bound(ids_.begin(), ids_.end(), key,
                         [&](std::uint32_t id, std::string_view k) { return key_of(id) < k; });
    return found == ids_.end() || key_of(*found) != key ? std::nullopt : std::optional(*found);
}

}}}  // namespace guild::series

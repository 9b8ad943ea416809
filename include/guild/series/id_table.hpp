// guild/series/id_table.hpp - values by the id of a series, quick for the ids that writers give.
//
// Layer 3. Includes: the standard library only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Values by id, in the order in which they were added. Writers number series 0, 1, 2, ..., and
/// then an id is its own place; any other ids work as well.
///
/// cost     find: O(1) for ids in order, O(log n) for others; memory O(values)
/// example  tests/series/id_table.cpp "id table: ids in order, out of order and far apart"
template <class Value>
class id_table {
public:
    struct entry {
        explicit entry(std::uint32_t of) : id(of) {}

        std::uint32_t id;
        Value value{};
    };

    [[nodiscard]] const Value* find(std::uint32_t id) const noexcept {
        const std::size_t place = place_of(id);
        return place < entries_.size() ? &entries_[place].value : nullptr;
    }
    [[nodiscard]] Value* find(std::uint32_t id) noexcept {
        const std::size_t place = place_of(id);
        return place < entries_.size() ? &entries_[place].value : nullptr;
    }

    /// The value of `id`, made when it is new. References last until the next one is made.
    Value& operator[](std::uint32_t id) {
        const std::size_t place = place_of(id);
        if (place < entries_.size()) {
            return entries_[place].value;
        }
        if (id != entries_.size()) {
            others_.emplace(id, entries_.size());
        }
        entries_.emplace_back(id);
        return entries_.back().value;
    }

    void clear() noexcept {
        entries_.clear();
        others_.clear();
    }
    void reserve(std::size_t size) { entries_.reserve(size); }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] auto begin() const noexcept { return entries_.begin(); }
    [[nodiscard]] auto end() const noexcept { return entries_.end(); }
    [[nodiscard]] auto begin() noexcept { return entries_.begin(); }
    [[nodiscard]] auto end() noexcept { return entries_.end(); }

private:
    [[nodiscard]] std::size_t place_of(std::uint32_t id) const noexcept {
        if (id < entries_.size() && entries_[id].id == id) {
            return id;
        }
        if (others_.empty()) {
            return entries_.size();
        }
        const auto found = others_.find(id);
        return found == others_.end() ? entries_.size() : found->second;
    }

    std::vector<entry> entries_;
    std::map<std::uint32_t, std::size_t> others_;  // ids that are not their own place
};

}}}  // namespace guild::series

// guild/series/name_table.hpp - the names of a file's series, taken apart when they are needed.
//
// Layer 3. Includes: series/id_table.hpp, series/key_index.hpp, series/payload.hpp.
// Not here: dictionaries as bytes (series/payload.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <guild/config.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/key_index.hpp>
#include <guild/series/payload.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Names by the ids and by the keys of series. The first dictionary, which has all names in most
/// files, is kept as it is: whoever only lists series needs no more.
///
/// threads  one at a time, those that only look too
/// example  tests/series/name_table.cpp "name table: names are found by id and by key"
class name_table {
public:
    /// Takes in a dictionary: those of its names whose id is new. Bad bytes are passed over.
    void add(std::string_view dictionary);

    void clear();

    /// Calls `visit(std::uint32_t id, std::string_view key)` for each name in order of adding. The
    /// keys live until the next add() or clear().
    template <class Visit>
    void for_each(Visit&& visit) const;

    /// All names; made when first asked for.
    [[nodiscard]] const id_table<series_name>& names() const;

    [[nodiscard]] const series_name* find(std::uint32_t id) const { return names().find(id); }

    /// The id of `key`; of two series with one key the one that was added first.
    [[nodiscard]] std::optional<std::uint32_t> find_id(std::string_view key) {
        return keys_.find(names(), key);
    }

private:
    void take(std::string_view dictionary) const;

    std::string dictionary_;               // the first
    mutable id_table<series_name> names_;  // of it and of later ones, once they are needed
    key_index keys_;
};

// ---- implementation ---------------------------------------------------------

inline void name_table::add(std::string_view dictionary) {
    std::uint64_t next = 0;
    bool is_rising = true;  // no id is there twice
    const auto look = [&](std::uint32_t id, std::string_view, std::string_view) {
        is_rising = is_rising && id >= next;
        next = std::uint64_t{id} + 1;
    };
    if (!for_each_name(dictionary, look)) {
        return;
    }
    const bool is_first = dictionary_.empty();
    if (is_first) {
        dictionary_ = dictionary;
    }
    if (!is_first || !is_rising) {
        (void)names();
        take(dictionary);
    }
}

inline void name_table::clear() {
    dictionary_.clear();
    names_.clear();
    keys_.clear();
}

inline void name_table::take(std::string_view dictionary) const {
    names_.reserve(dictionary.size() / detail::usual_name_bytes + 1);
    const auto add = [this](std::uint32_t id, std::string_view key, std::string_view attributes) {
        const std::size_t known = names_.size();
        series_name& name = names_[id];
        if (names_.size() != known) {
            name.id = id;
            name.key.assign(key);
            (void)detail::decode_pairs(attributes, name.attributes);
        }
    };
    (void)for_each_name(dictionary, add);
}

inline const id_table<series_name>& name_table::names() const {
    if (names_.size() == 0) {
        take(dictionary_);
    }
    return names_;
}

template <class Visit>
void name_table::for_each(Visit&& visit) const {
    for (const auto& [id, name] : names_) {
        visit(id, std::string_view(name.key));
    }
    if (names_.size() == 0) {
        (void)for_each_name(dictionary_, [&](std::uint32_t id, std::string_view key,
                                             std::string_view) { visit(id, key); });
    }
}

}}}  // namespace guild::series

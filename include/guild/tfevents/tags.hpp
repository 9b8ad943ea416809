// guild/tfevents/tags.hpp - the tags of a run: their numbers, and what the first metadata of each
// says.
//
// Layer 3. Includes: base, tfevents/event.hpp.
// Not here: reading files (tfevents/reader.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/tfevents/event.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// What is known of one tag of one run.
///
/// out      content: the plugin's own data, kept for the plugin hparams alone
struct tag_info {
    std::string name;
    bool has_metadata = false;  // the fields below are from the first that came
    bool means_scalar = false;
    std::string plugin_name;
    std::string content;
};

/// The tags of a run, numbered from 0 in the order in which they came. Names and infos stay where
/// they are as long as the table lives.
///
/// cost     O(1) when tags come in the order in which they came last time, as they do in training;
///          otherwise a look into a hash table
/// threads  one at a time
/// source   TensorBoard: a tag's first metadata counts for all its values, later ones do not
/// example  tests/tfevents/tags.cpp "tag table: numbers tags in the order in which they come"
class tag_table {
public:
    /// The number of a tag that is known already.
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view tag) const;

    /// find() for tags that come one after another: much faster when they repeat in one order.
    ///
    /// out      false when the tag is not known
    [[nodiscard]] bool find_next(std::string_view tag, std::uint32_t& id);

    /// The number of a tag; a new one if it is not known.
    std::uint32_t intern(std::string_view tag);

    /// Takes in a value's metadata, and says whether the value is a scalar: a simple value, or one
    /// number whose tag's first metadata says that it is one. `id` is set if it is.
    ///
    /// example  tests/tfevents/reader.cpp "reader: a tag's first metadata counts for all its
    ///          values"
    [[nodiscard]] bool take(const summary_value& value, std::uint32_t& id);

    [[nodiscard]] std::size_t size() const noexcept { return infos_.size(); }
    [[nodiscard]] const tag_info& operator[](std::uint32_t id) const { return *infos_[id]; }
    [[nodiscard]] std::string_view name(std::uint32_t id) const noexcept { return names_[id]; }

private:
    void note(tag_info& info, const metadata& meta);

    std::vector<std::unique_ptr<tag_info>> infos_;
    std::vector<std::string_view> names_;
    std::unordered_map<std::string_view, std::uint32_t> ids_;
    std::vector<std::uint32_t> followers_;  // followers_[id]: the tag that came after it last time
    std::uint32_t last_ = 0;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// a == b, without a call for the lengths that most tags have.
inline bool is_same_tag(std::string_view a, std::string_view b) noexcept {
    const std::size_t size = a.size();
    if (size != b.size()) {
        return false;
    }
    if (size < 8 || size > 16) {
        return a == b;
    }
    const auto word = [](const char* at) { return load_le<std::uint64_t>(at); };
    return word(a.data()) == word(b.data()) &&
           word(a.data() + size - 8) == word(b.data() + size - 8);
}

}  // namespace detail

inline std::optional<std::uint32_t> tag_table::find(std::string_view tag) const {
    const auto found = ids_.find(tag);
    return found == ids_.end() ? std::nullopt : std::make_optional(found->second);
}

inline bool tag_table::find_next(std::string_view tag, std::uint32_t& id) {
    if (names_.empty()) {
        return false;
    }
    id = followers_[last_];
    if (!detail::is_same_tag(names_[id], tag)) {
        const auto found = ids_.find(tag);
        if (found == ids_.end()) {
            return false;
        }
        id = found->second;
        followers_[last_] = id;
    }
    last_ = id;
    return true;
}

inline std::uint32_t tag_table::intern(std::string_view tag) {
    std::uint32_t id = 0;
    if (find_next(tag, id)) {
        return id;
    }
    id = guild::detail::convert<std::uint32_t>(infos_.size());
    infos_.push_back(std::make_unique<tag_info>());
    infos_.back()->name.assign(tag);
    names_.push_back(infos_.back()->name);
    ids_.emplace(names_.back(), id);
    followers_.push_back(0);  // most likely the first one: the tags begin again
    if (id != 0) {
        followers_[last_] = id;
    }
    last_ = id;
    return id;
}

inline void tag_table::note(tag_info& info, const metadata& meta) {
    info.has_metadata = true;
    info.means_scalar = meta.means_scalar();
    info.plugin_name.assign(meta.plugin_name);
    if (meta.plugin_name == "hparams") {
        info.content.assign(meta.content);
    }
}

inline bool tag_table::take(const summary_value& value, std::uint32_t& id) {
    const bool may_be_scalar =
        value.number && (value.kind == value_kind::simple || value.kind == value_kind::tensor);
    if (!may_be_scalar && !value.meta) {
        return false;  // images and histograms without news leave no trace
    }
    id = intern(value.tag);
    tag_info& info = *infos_[id];
    if (value.meta && !info.has_metadata) {
        note(info, *value.meta);
    }
    return may_be_scalar && (value.kind == value_kind::simple || info.means_scalar);
}

}}}  // namespace guild::tfevents

// guild/series/summary_table.hpp - the summaries of a file's series, kept up to its blocks.
//
// Layer 3. Includes: series/frames.hpp id_table.hpp point.hpp.
// Not here: the summaries that an index tells (series/index_summary.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/config.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Summaries by id.
///
/// example  tests/series/summary_table.cpp "summary table: frames count as their points do"
class summary_table {
public:
    using table = id_table<series_summary>;

    /// Counts one point, or those of a FRAMES payload up to where it is bad.
    void add(std::uint32_t id, const point& next) { summaries_[id].add(next); }
    void add_frames(std::string_view payload);

    /// Takes the place of all that was counted.
    void assign(table summaries) noexcept { summaries_ = std::move(summaries); }
    void clear() noexcept { summaries_.clear(); }

    /// The summary of a series that has points, or nullptr.
    [[nodiscard]] const series_summary* find(std::uint32_t id) const noexcept {
        const series_summary* found = summaries_.find(id);
        return found != nullptr && found->count != 0 ? found : nullptr;
    }

    [[nodiscard]] std::uint64_t points() const noexcept {
        std::uint64_t all = 0;
        for (const auto& entry : summaries_) {
            all += entry.value.count;
        }
        return all;
    }

private:
    void find_columns(const std::vector<frame_decoder::column>& columns);

    table summaries_;
    std::vector<series_summary*> in_frame_;  // of a frame's columns; memory to use again
};

// ---- implementation ---------------------------------------------------------

inline void summary_table::add_frames(std::string_view payload) {
    frame_decoder frames(payload);
    while (frames.next()) {
        if (frames.has_new_columns()) {
            find_columns(frames.columns());
        }
        const frame_decoder::column* column = frames.columns().data();
        point next{frames.step(), frames.time_us(), {}};
        for (series_summary* into : in_frame_) {
            next.value = frames.value(*column++);
            into->add(next);
        }
    }
}

inline void summary_table::find_columns(const std::vector<frame_decoder::column>& columns) {
    in_frame_.resize(columns.size());
    const std::size_t known = summaries_.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        in_frame_[i] = &summaries_[columns[i].id];
    }
    for (std::size_t i = 0; summaries_.size() != known && i < columns.size(); ++i) {
        in_frame_[i] = summaries_.find(columns[i].id);  // new ones may have moved the others
    }
}

}}}  // namespace guild::series

// guild/series/block_points.hpp - the points in a block, whether its frames are rows or columns.
//
// Layer 3. Includes: base, series/chunk.hpp format.hpp frames.hpp.
// Not here: which blocks a file has (series/block_reader.hpp, series/file_map.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include <guild/config.hpp>
#include <guild/series/chunk.hpp>
#include <guild/series/format.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Visits the points of FRAMES and CHUNK blocks; blocks of other types have none.
///
/// Each series comes in the order in which it was written. What is bad inside a block whose
/// checksum holds is left out.
/// threads  one at a time: memory is used again
class block_points {
public:
    /// Calls `visit(const point&)` for every point of the series `id`.
    template <class Visit>
    void visit(const block& from, std::uint32_t id, Visit&& visit);

    /// Calls `visit(std::uint32_t id, const point&)` for every point.
    template <class Visit>
    void visit_all(const block& from, Visit&& visit);

private:
    template <class Visit>
    void visit_column(std::size_t at, Visit&& visit);

    chunk_reader chunk_;
};

// ---- implementation ---------------------------------------------------------

template <class Visit>
void block_points::visit_column(std::size_t at, Visit&& visit) {
    stretch found;
    if (!chunk_.read(at, found)) {
        return;
    }
    if (found.values->is_mixed()) {
        for (std::size_t i = 0; i < found.size; ++i) {
            visit(found[i]);
        }
        return;
    }
    const number_kind kind = found.values->kind();
    const std::uint64_t* bits = found.values->bits();
    for (std::size_t i = 0; i < found.size; ++i) {
        visit(point{found.steps[i], found.times_us[i], number::from_bits(kind, bits[i])});
    }
}

template <class Visit>
void block_points::visit(const block& from, std::uint32_t id, Visit&& visit) {
    if (from.type == block_type::frames) {
        frame_decoder frames(from.payload);
        while (frames.next()) {
            for (const auto& column : frames.columns()) {
                if (column.id == id) {
                    visit(point{frames.step(), frames.time_us(), frames.value(column)});
                }
            }
        }
    } else if (from.type == block_type::chunk && chunk_.open(from.payload)) {
        const std::size_t at = chunk_.find(id);
        if (at < chunk_.ids().size()) {
            visit_column(at, visit);
        }
    }
}

template <class Visit>
void block_points::visit_all(const block& from, Visit&& visit) {
    if (from.type == block_type::frames) {
        frame_decoder frames(from.payload);
        while (frames.next()) {
            for (const auto& column : frames.columns()) {
                visit(column.id, point{frames.step(), frames.time_us(), frames.value(column)});
            }
        }
    } else if (from.type == block_type::chunk && chunk_.open(from.payload)) {
        for (std::size_t at = 0; at < chunk_.ids().size(); ++at) {
            const std::uint32_t id = chunk_.ids()[at];
            visit_column(at, [&](const point& next) { visit(id, next); });
        }
    }
}

}}}  // namespace guild::series

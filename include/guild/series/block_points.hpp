// guild/series/block_points.hpp - the points and the names in a block, whether its frames are rows
// or columns.
//
// Layer 3. Includes: base, series/chunk.hpp format.hpp frames.hpp payload.hpp.
// Not here: which blocks a file has (series/block_reader.hpp, series/file_map.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <guild/config.hpp>
#include <guild/series/chunk.hpp>
#include <guild/series/format.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// The dictionary in a block, in a DICT or before the chunks of a CHUNK; empty if there is none.
[[nodiscard]] std::string_view names_in(const block& from) noexcept;

/// The payload of a CHUNK block without the dictionary that it may begin with.
[[nodiscard]] std::string_view chunks_in(const block& from) noexcept;

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

    /// The same for the series for which `is_wanted(id)` is true.
    template <class IsWanted, class Visit>
    void visit_some(const block& from, IsWanted&& is_wanted, Visit&& visit);

private:
    template <class Visit>
    void visit_column(std::size_t at, Visit&& visit);

    chunk_reader chunk_;
};

// ---- implementation ---------------------------------------------------------

inline std::string_view chunks_in(const block& from) noexcept {
    std::string_view rest = from.payload;
    std::string_view names;
    const bool is_named = (from.flags & flag_named) != 0;
    return is_named && !detail::decode_view(rest, names) ? std::string_view() : rest;
}

inline std::string_view names_in(const block& from) noexcept {
    if (from.type == block_type::dictionary) {
        return from.payload;
    }
    std::string_view rest = from.payload;
    std::string_view names;
    const bool is_named = from.type == block_type::chunk && (from.flags & flag_named) != 0;
    return is_named && detail::decode_view(rest, names) ? names : std::string_view();
}

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
        return;
    }
    for (bool is_there = from.type == block_type::chunk && chunk_.open(chunks_in(from)); is_there;
         is_there = chunk_.next()) {
        const std::size_t at = chunk_.find(id);
        if (at < chunk_.ids().size()) {
            visit_column(at, visit);
        }
    }
}

template <class Visit>
void block_points::visit_all(const block& from, Visit&& visit) {
    visit_some(from, [](std::uint32_t) { return true; }, visit);
}

template <class IsWanted, class Visit>
void block_points::visit_some(const block& from, IsWanted&& is_wanted, Visit&& visit) {
    if (from.type == block_type::frames) {
        frame_decoder frames(from.payload);
        while (frames.next()) {
            for (const auto& column : frames.columns()) {
                if (is_wanted(column.id)) {
                    visit(column.id, point{frames.step(), frames.time_us(), frames.value(column)});
                }
            }
        }
        return;
    }
    for (bool is_there = from.type == block_type::chunk && chunk_.open(chunks_in(from)); is_there;
         is_there = chunk_.next()) {
        for (std::size_t at = 0; at < chunk_.ids().size(); ++at) {
            const std::uint32_t id = chunk_.ids()[at];
            if (is_wanted(id)) {
                visit_column(at, [&](const point& next) { visit(id, next); });
            }
        }
    }
}

}}}  // namespace guild::series

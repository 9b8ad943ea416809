// guild/series/index_summary.hpp - summaries of series in an INDEX: the section of type 2, in few
// bytes and quick to read.
//
// Layer 3. Includes: base, series/frames.hpp point.hpp. Pure: bytes in, values out.
// Not here: the other sections (series/index.hpp).
// docs/format-series.md, section "INDEX", is the specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Appends a summary, which has points and whose key is left out.
///
/// in       before: where the first point's time is counted from, the first time of the summary
///          before; becomes that of this one
void append_summary(std::string& out, std::uint32_t id, const series_summary& from,
                    std::int64_t& before);

/// Reads a varint n, then n summaries, each into what `place(std::uint32_t id)` refers to.
///
/// in       before: where the first of the times is counted from
/// out      false for bad bytes
/// example  tests/series/index_summary.cpp "index summary: what is told comes back"
template <class Place>
[[nodiscard]] bool decode_summaries(std::string_view in, std::int64_t before, Place&& place);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline void append_range(std::string& out, std::int64_t min, std::int64_t max, std::int64_t base) {
    append_signed(out, minus(min, base));
    append_varint(out, static_cast<std::uint64_t>(minus(max, min)));
}
inline bool decode_range(std::string_view& in, std::int64_t& min, std::int64_t& max,
                         std::int64_t base) noexcept {
    std::uint64_t extent = 0;
    if (!decode_signed(in, min) || !decode_varint(in, extent)) {
        return false;
    }
    min = plus(min, base);
    max = plus(min, static_cast<std::int64_t>(extent));
    return true;
}

// How the numbers of a summary are written: which of them are left out, and the width of the
// others.
//
//     bits 0-2   0 to 3: the width of all numbers; 4: each has its own before it
//     bit 3      the range of steps is not that from the first point's to the last one's, and
//     follows bits 4-5   the smallest value: 0 none, 1 follows, 2 that of the first point, 3 of the
//     last bits 6-7   the largest value
struct summary_shape {
    static constexpr unsigned own_widths = 4;
    static constexpr unsigned own_steps = 8;
    enum source : std::uint8_t { none, own, first, last };

    unsigned bits = 0;

    [[nodiscard]] unsigned width_bits() const noexcept { return bits & 7U; }
    [[nodiscard]] bool has_steps() const noexcept { return (bits & own_steps) != 0; }
    [[nodiscard]] source min() const noexcept { return static_cast<source>(bits >> 4U & 3U); }
    [[nodiscard]] source max() const noexcept { return static_cast<source>(bits >> 6U & 3U); }

    static unsigned source_of(const number& value, const series_summary& from) noexcept {
        return value == from.first.value ? first : value == from.last.value ? last : own;
    }

    explicit summary_shape(unsigned byte) noexcept : bits(byte) {}
    explicit summary_shape(const series_summary& from) noexcept {
        const unsigned sources =
            from.has_finite() ? source_of(from.min, from) << 4U | source_of(from.max, from) << 6U
                              : 0;
        const bool in_order = from.min_step == from.first.step && from.max_step == from.last.step;
        bits = sources | (in_order ? 0 : own_steps);
        const number* written[4] = {&from.first.value, &from.last.value,
                                    min() == own ? &from.min : &from.first.value,
                                    max() == own ? &from.max : &from.first.value};
        width widest = width_of(from.first.value);
        bool is_mixed = false;
        for (const number* value : written) {
            const width form = width_of(*value);
            is_mixed = is_mixed || value->kind() != from.first.value.kind();
            widest = bytes_of(form) > bytes_of(widest) ? form : widest;
        }
        bits |= is_mixed ? own_widths : static_cast<unsigned>(widest);
    }
};

inline void append_number(std::string& out, const number& value, summary_shape shape) {
    width form = static_cast<width>(shape.width_bits());
    if (shape.width_bits() == summary_shape::own_widths) {
        form = width_of(value);
        out += static_cast<char>(form);
    }
    append_value(out, value, form);
}
inline bool decode_number(std::string_view& in, number& out, summary_shape shape) noexcept {
    unsigned form = shape.width_bits();
    if (form == summary_shape::own_widths && !in.empty()) {
        form = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
    }
    const std::size_t bytes = bytes_of(static_cast<width>(form & 3U));
    if (form > 3 || in.size() < bytes) {
        return false;
    }
    out = load_value(in.data(), static_cast<width>(form));
    in.remove_prefix(bytes);
    return true;
}

// Steps and times as differences to those of `base`.
inline void append_point(std::string& out, const point& from, const point& base,
                         summary_shape shape) {
    append_signed(out, minus(from.step, base.step));
    append_signed(out, minus(from.time_us, base.time_us));
    append_number(out, from.value, shape);
}
inline bool decode_point(std::string_view& in, point& out, const point& base,
                         summary_shape shape) noexcept {
    if (!decode_signed(in, out.step) || !decode_signed(in, out.time_us)) {
        return false;
    }
    out.step = plus(out.step, base.step);
    out.time_us = plus(out.time_us, base.time_us);
    return decode_number(in, out.value, shape);
}

inline bool decode_extreme(std::string_view& in, number& out, summary_shape::source from,
                           const series_summary& of, summary_shape shape) noexcept {
    switch (from) {
    case summary_shape::own:
        return decode_number(in, out, shape);
    case summary_shape::first:
        out = of.first.value;
        return true;
    case summary_shape::last:
        out = of.last.value;
        return true;
    case summary_shape::none:
        break;
    }
    return !of.has_finite();
}

// What stands behind a summary's id.
inline bool decode_summary(std::string_view& in, series_summary& out, std::int64_t& before) {
    std::uint64_t count = 0;
    if (!decode_varint(in, count) || count < 2 || in.empty()) {
        return false;
    }
    const summary_shape shape(static_cast<unsigned char>(in.front()));
    in.remove_prefix(1);
    out.count = count >> 1U;
    out.nan = out.inf = 0;
    if (((count & 1U) != 0 && (!decode_varint(in, out.nan) || !decode_varint(in, out.inf))) ||
        !decode_point(in, out.first, {0, before, {}}, shape)) {
        return false;
    }
    before = out.first.time_us;
    out.last = out.first;
    if (out.count > 1 && !decode_point(in, out.last, out.first, shape)) {
        return false;
    }
    out.min_step = out.first.step;
    out.max_step = out.last.step;
    return (!shape.has_steps() || decode_range(in, out.min_step, out.max_step, out.first.step)) &&
           decode_extreme(in, out.min, shape.min(), out, shape) &&
           decode_extreme(in, out.max, shape.max(), out, shape);
}

}  // namespace detail

inline void append_summary(std::string& out, std::uint32_t id, const series_summary& from,
                           std::int64_t& before) {
    using detail::append_number;
    using detail::append_point;
    using detail::summary_shape;
    const summary_shape shape(from);
    const bool is_odd = from.nan + from.inf != 0;
    append_varint(out, id);
    append_varint(out, from.count << 1U | (is_odd ? 1U : 0U));
    out += static_cast<char>(static_cast<unsigned char>(shape.bits));
    if (is_odd) {
        append_varint(out, from.nan);
        append_varint(out, from.inf);
    }
    append_point(out, from.first, {0, before, {}}, shape);
    before = from.first.time_us;
    if (from.count > 1) {
        append_point(out, from.last, from.first, shape);
    }
    if (shape.has_steps()) {
        detail::append_range(out, from.min_step, from.max_step, from.first.step);
    }
    if (shape.min() == summary_shape::own) {
        append_number(out, from.min, shape);
    }
    if (shape.max() == summary_shape::own) {
        append_number(out, from.max, shape);
    }
}

template <class Place>
bool decode_summaries(std::string_view in, std::int64_t before, Place&& place) {
    std::uint64_t count = 0;
    if (!decode_varint(in, count) || count > in.size()) {
        return false;
    }
    for (; count > 0; --count) {
        std::uint64_t id = 0;
        if (!decode_varint(in, id) || id > 0xFFFFFFFFU ||
            !detail::decode_summary(in, place(static_cast<std::uint32_t>(id)), before)) {
            return false;
        }
    }
    return in.empty();
}

}}}  // namespace guild::series

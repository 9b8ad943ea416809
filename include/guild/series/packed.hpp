// guild/series/packed.hpp - arrays of integers in few bits: frames of reference with exceptions.
//
// Layer 3. Includes: base. Pure: numbers to bytes and back.
// Not here: doubles (series/column.hpp). How many values there are is known from outside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace series {

// packed    := block*          one for each 128 values, the last for what is left
// block     := u8 width (0..64) | u8 exceptions | zigzag base
//              | ceil(count * width / 8) bytes: value i at bit i * width, lowest bit first
//              | exception{exceptions}
// exception := u8 index | zigzag high      0 exceptions of width 64
// value i   =  base + low_i + (high << width)    modulo 2^64; high is 0 without an exception
//
// integers  := nothing of no values, otherwise u8 transform, then
//              0: packed of the values
//              1: zigzag first | packed of each value less the one before it, modulo 2^64
//              2: zigzag value: all are equal to it
//
// A zigzag is the varint of base/bytes.hpp. Which base, width and transform is the writer's choice.

/// Values that share a base and a width.
inline constexpr std::size_t packed_block = 128;

/// Appends `count` numbers, each block with the base and width that make it smallest.
///
/// cost     no allocation but in `out`
/// example  tests/series/packed.cpp "packed: the bytes of a block with an exception, by hand"
void append_packed(std::string& out, const std::uint64_t* values, std::size_t count);

/// How many bytes append_packed() would add.
[[nodiscard]] std::size_t packed_bytes(const std::uint64_t* values, std::size_t count);

/// Takes `count` numbers off the front of `in`.
///
/// out      false if the bytes are bad; what `out` holds then means nothing
[[nodiscard]] bool decode_packed(std::string_view& in, std::uint64_t* out,
                                 std::size_t count) noexcept;

/// Appends `count` numbers by the transform that takes the fewest bytes.
///
/// Where a sample shows that one takes far more, it is not tried.
///
/// example  tests/series/packed.cpp "integers: the bytes of each transform, by hand"
void append_integers(std::string& out, const std::int64_t* values, std::size_t count);

/// How many bytes append_integers() would add.
[[nodiscard]] std::size_t integers_bytes(const std::int64_t* values, std::size_t count);

/// Takes `count` numbers off the front of `in`.
///
/// out      false if the bytes are bad; what `out` holds then means nothing
[[nodiscard]] bool decode_integers(std::string_view& in, std::int64_t* out,
                                   std::size_t count) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

// How many bits the number takes; 0 of 0.
[[nodiscard]] inline unsigned bit_length(std::uint64_t value) noexcept {
#if defined(__GNUC__)
    return value == 0 ? 0 : 64U - static_cast<unsigned>(__builtin_clzll(value));
#else
    unsigned length = 0;
    for (; value != 0; value >>= 1U) {
        ++length;
    }
    return length;
#endif
}

[[nodiscard]] inline std::size_t varint_bytes(std::uint64_t value) noexcept {
    return (bit_length(value | 1U) + 6) / 7;
}

[[nodiscard]] inline std::uint64_t low_bits(unsigned width) noexcept {
    return width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

[[nodiscard]] inline std::size_t bits_bytes(std::size_t count, unsigned width) noexcept {
    return (count * width + 7) / 8;
}

// What stands above the low bits of a signed number, zigzagged; width < 64.
[[nodiscard]] inline std::uint64_t high_part(std::uint64_t offset, unsigned width) noexcept {
    const std::uint64_t sign = std::uint64_t{0} - (offset >> 63U);
    const std::uint64_t high = ((offset ^ sign) >> width) ^ sign;
    return zigzag_encode(static_cast<std::int64_t>(high));
}

// How one block is written.
struct block_plan {
    std::uint64_t base = 0;
    unsigned width = 0;
    unsigned exceptions = 0;
    std::size_t bytes = 0;
};

// Finds the plan of a block: for each width, the window of sorted values that holds the most, with
// an exception for each value outside, half of them at most.
class block_planner {
public:
    block_planner(const std::uint64_t* values, std::size_t count) noexcept : count_(count) {
        std::int64_t least = static_cast<std::int64_t>(values[0]);
        std::int64_t most = least;
        for (std::size_t i = 1; i < count; ++i) {
            least = std::min(least, static_cast<std::int64_t>(values[i]));
            most = std::max(most, static_cast<std::int64_t>(values[i]));
        }
        least_ = static_cast<std::uint64_t>(least);
        whole_ = bit_length(static_cast<std::uint64_t>(most) - least_);
        for (std::size_t i = 0; i < count; ++i) {
            offsets_[i] = values[i] - least_;
        }
    }

    [[nodiscard]] block_plan find() noexcept {
        block_plan best = plan(0, count_, whole_);
        if (whole_ < 2 || count_ < 4) {
            return best;
        }
        sort();
        unsigned width = whole_;
        while (width > 0 && try_width(width - 1, best)) {
            --width;
        }
        return best;
    }

private:
    // By the highest bits into buckets, then within them: most values are near their place.
    void sort() noexcept {
        constexpr unsigned bits = 7;
        const unsigned shift = whole_ > bits ? whole_ - bits : 0;
        std::uint8_t ends[(1U << bits) + 1] = {};
        for (std::size_t i = 0; i < count_; ++i) {
            ++ends[(offsets_[i] >> shift) + 1];
        }
        std::uint8_t most = 0;
        for (std::size_t i = 1; i <= (1U << bits); ++i) {
            most = std::max(most, ends[i]);
            ends[i] = static_cast<std::uint8_t>(ends[i] + ends[i - 1]);
        }
        for (std::size_t i = 0; i < count_; ++i) {
            sorted_[ends[offsets_[i] >> shift]++] = offsets_[i];
        }
        if (most > 24) {
            std::sort(sorted_, sorted_ + count_);
            return;
        }
        for (std::size_t i = 1; i < count_; ++i) {
            const std::uint64_t value = sorted_[i];
            std::size_t at = i;
            for (; at > 0 && sorted_[at - 1] > value; --at) {
                sorted_[at] = sorted_[at - 1];
            }
            sorted_[at] = value;
        }
    }

    // The plan with sorted values begin to end inside. Very far below is inside again: modulo 2^64.
    [[nodiscard]] block_plan plan(std::size_t begin, std::size_t end,
                                  unsigned width) const noexcept {
        block_plan made;
        const std::uint64_t first = count_ == end - begin ? 0 : sorted_[begin];
        made.base = least_ + first;
        made.width = width;
        made.bytes = 2 + varint_bytes(zigzag_encode(static_cast<std::int64_t>(made.base))) +
                     bits_bytes(count_, width);
        for (std::size_t i = begin == 0 ? end : 0; i < count_; i = i + 1 == begin ? end : i + 1) {
            const std::uint64_t offset = sorted_[i] - first;
            if (offset > low_bits(width)) {
                made.bytes += 1 + varint_bytes(high_part(offset, width));
                ++made.exceptions;
            }
        }
        return made;
    }

    // False if no smaller width can be better.
    [[nodiscard]] bool try_width(unsigned width, block_plan& best) const noexcept {
        const std::uint64_t mask = low_bits(width);
        const std::size_t least = count_ - count_ / 2;  // values inside
        std::size_t inside = least;
        std::size_t begin = count_;
        for (std::size_t i = 0; i + inside <= count_; ++i) {
            while (i + inside <= count_ && sorted_[i + inside - 1] - sorted_[i] <= mask) {
                begin = i;
                ++inside;  // the next window must be larger
            }
        }
        if (begin == count_) {
            return false;
        }
        const std::size_t outside = count_ - (inside - 1);
        if (3 + bits_bytes(count_, width) + 2 * outside < best.bytes) {
            const block_plan found = plan(begin, begin + inside - 1, width);
            best = found.bytes < best.bytes ? found : best;
        }
        return 3 + 2 * outside < best.bytes;
    }

    std::uint64_t offsets_[packed_block];  // of the values above the least
    std::uint64_t sorted_[packed_block];
    std::uint64_t least_ = 0;
    std::size_t count_;
    unsigned whole_ = 0;
};

inline char* store_bits(char* to, const std::uint64_t* values, std::size_t count,
                        const block_plan& plan) noexcept {
    const std::uint64_t mask = low_bits(plan.width);
    std::uint64_t pending = 0;
    unsigned filled = 0;
    for (std::size_t i = 0; i < count && plan.width != 0; ++i) {
        const std::uint64_t low = (values[i] - plan.base) & mask;
        pending |= low << filled;
        filled += plan.width;
        if (filled >= 64) {
            store_le(to, pending);
            to += 8;
            filled -= 64;
            pending = filled == 0 ? 0 : low >> (plan.width - filled);
        }
    }
    for (; filled > 0; filled -= std::min(filled, 8U)) {
        *to++ = static_cast<char>(static_cast<unsigned char>(pending));
        pending >>= 8U;
    }
    return to;
}

inline void append_packed_block(std::string& out, const std::uint64_t* values, std::size_t count) {
    const block_plan plan = block_planner(values, count).find();
    const std::size_t begin = out.size();
    out.resize(begin + plan.bytes);
    char* to = &out[begin];
    *to++ = static_cast<char>(plan.width);
    *to++ = static_cast<char>(static_cast<unsigned char>(plan.exceptions));
    to = store_varint(to, zigzag_encode(static_cast<std::int64_t>(plan.base)));
    to = store_bits(to, values, count, plan);
    for (std::size_t i = 0; i < count && plan.exceptions != 0; ++i) {
        const std::uint64_t offset = values[i] - plan.base;
        if (offset > low_bits(plan.width)) {
            *to++ = static_cast<char>(static_cast<unsigned char>(i));
            to = store_varint(to, high_part(offset, plan.width));
        }
    }
}

// Calls `each(values, count)` for the values of each block; `value(i)` tells value i.
template <class Value, class Each>
void for_each_block(std::size_t count, Value&& value, Each&& each) {
    std::uint64_t block[packed_block];
    for (std::size_t begin = 0; begin < count; begin += packed_block) {
        const std::size_t size = std::min(packed_block, count - begin);
        for (std::size_t i = 0; i < size; ++i) {
            block[i] = value(begin + i);
        }
        each(static_cast<const std::uint64_t*>(block), size);
    }
}

template <class Value>
void append_packed_of(std::string& out, std::size_t count, Value&& value) {
    for_each_block(count, value, [&out](const std::uint64_t* values, std::size_t size) {
        append_packed_block(out, values, size);
    });
}

template <class Value>
[[nodiscard]] std::size_t packed_bytes_of(std::size_t count, Value&& value) {
    std::size_t bytes = 0;
    for_each_block(count, value, [&bytes](const std::uint64_t* values, std::size_t size) {
        bytes += block_planner(values, size).find().bytes;
    });
    return bytes;
}

// About packed_bytes_of(), from every fifth block.
template <class Value>
[[nodiscard]] std::size_t expected_bytes_of(std::size_t count, Value&& value) {
    constexpr std::size_t stride = 5 * packed_block;
    std::size_t bytes = 0;
    std::size_t seen = 0;
    for (std::size_t begin = 0; begin < count; begin += stride) {
        const std::size_t size = std::min(packed_block, count - begin);
        bytes += packed_bytes_of(size, [&value, begin](std::size_t i) { return value(begin + i); });
        seen += size;
    }
    const auto scaled = std::uint64_t{bytes} * count / std::max(seen, std::size_t{1});
    return guild::detail::convert<std::size_t>(scaled);
}

// Whether something that may take so many bytes is worth trying where `best` are enough.
[[nodiscard]] constexpr bool may_win(std::size_t expected, std::size_t best) noexcept {
    return expected - expected / 4 < best;
}

// Reads `count` values of `width` bits from bytes with at least 9 readable ones behind them.
inline void unpack(std::string_view bytes, unsigned width, std::uint64_t base, std::uint64_t* out,
                   std::size_t count) noexcept {
    const char* const from = bytes.data();
    const std::uint64_t mask = low_bits(width);
    if (width <= 57) {
        std::size_t bit = 0;
        for (std::size_t i = 0; i < count; ++i, bit += width) {
            out[i] = base + ((load_le<std::uint64_t>(from + bit / 8) >> (bit % 8)) & mask);
        }
        return;
    }
    std::size_t bit = 0;
    for (std::size_t i = 0; i < count; ++i, bit += width) {
        const char* at = from + bit / 8;
        const std::uint64_t above = static_cast<unsigned char>(at[8]);
        const std::uint64_t low = load_le<std::uint64_t>(at) >> (bit % 8);
        out[i] = base + ((low | (above << 1U) << (63 - bit % 8)) & mask);
    }
}

inline bool decode_exceptions(std::string_view& in, std::size_t exceptions, unsigned width,
                              std::uint64_t* out, std::size_t count) noexcept {
    for (; exceptions > 0; --exceptions) {
        if (in.empty()) {
            return false;
        }
        const auto index = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        std::uint64_t high = 0;
        if (index >= count || !decode_varint(in, high)) {
            return false;
        }
        out[index] += static_cast<std::uint64_t>(zigzag_decode(high)) << width;
    }
    return true;
}

inline bool decode_packed_block(std::string_view& in, std::uint64_t* out,
                                std::size_t count) noexcept {
    if (in.size() < 2) {
        return false;
    }
    const unsigned width = static_cast<unsigned char>(in[0]);
    const std::size_t exceptions = static_cast<unsigned char>(in[1]);
    const std::size_t bytes = bits_bytes(count, width);
    in.remove_prefix(2);
    std::uint64_t base = 0;
    if (width > 64 || (width == 64 && exceptions != 0) || !decode_varint(in, base) ||
        in.size() < bytes) {
        return false;
    }
    base = static_cast<std::uint64_t>(zigzag_decode(base));
    constexpr std::size_t behind = 9;  // bytes that unpack() may read and not use
    if (in.size() - bytes >= behind) {
        unpack(in, width, base, out, count);
    } else {
        char padded[packed_block * 8 + behind] = {};
        std::memcpy(padded, in.data(), bytes);
        unpack({padded, sizeof padded}, width, base, out, count);
    }
    in.remove_prefix(bytes);
    return decode_exceptions(in, exceptions, width, out, count);
}

inline void append_zigzag(std::string& out, std::int64_t value) {
    append_varint(out, zigzag_encode(value));
}

inline bool decode_zigzag(std::string_view& in, std::int64_t& value) noexcept {
    std::uint64_t raw = 0;
    const bool good = decode_varint(in, raw);
    value = zigzag_decode(raw);
    return good;
}

enum class transform : std::uint8_t { none = 0, differences = 1, equal = 2 };

inline bool all_equal(const std::int64_t* values, std::size_t count) noexcept {
    return std::all_of(values, values + count, [values](std::int64_t v) { return v == *values; });
}

}  // namespace detail

inline void append_packed(std::string& out, const std::uint64_t* values, std::size_t count) {
    detail::append_packed_of(out, count, [values](std::size_t i) { return values[i]; });
}

inline std::size_t packed_bytes(const std::uint64_t* values, std::size_t count) {
    return detail::packed_bytes_of(count, [values](std::size_t i) { return values[i]; });
}

inline bool decode_packed(std::string_view& in, std::uint64_t* out, std::size_t count) noexcept {
    for (std::size_t begin = 0; begin < count; begin += packed_block) {
        if (!detail::decode_packed_block(in, out + begin, std::min(packed_block, count - begin))) {
            return false;
        }
    }
    return true;
}

inline void append_integers(std::string& out, const std::int64_t* values, std::size_t count) {
    using detail::transform;
    const auto* words = reinterpret_cast<const std::uint64_t*>(values);
    if (count == 0) {
        return;
    }
    if (detail::all_equal(values, count)) {
        out += static_cast<char>(transform::equal);
        detail::append_zigzag(out, values[0]);
        return;
    }
    const auto same = [words](std::size_t i) { return words[i]; };
    const auto difference = [words](std::size_t i) { return words[i + 1] - words[i]; };
    const std::size_t expected = detail::expected_bytes_of(count, same);
    const std::size_t expected_differences = detail::varint_bytes(zigzag_encode(values[0])) +
                                             detail::expected_bytes_of(count - 1, difference);
    const std::size_t begin = out.size();
    if (detail::may_win(expected, expected_differences)) {
        out += static_cast<char>(transform::none);
        detail::append_packed_of(out, count, same);
    }
    const std::size_t middle = out.size();
    if (middle != begin && !detail::may_win(expected_differences, middle - begin)) {
        return;
    }
    out += static_cast<char>(transform::differences);
    detail::append_zigzag(out, values[0]);
    detail::append_packed_of(out, count - 1, difference);
    if (middle == begin || out.size() - middle < middle - begin) {
        out.erase(begin, middle - begin);
    } else {
        out.resize(middle);
    }
}

inline std::size_t integers_bytes(const std::int64_t* values, std::size_t count) {
    std::string bytes;
    append_integers(bytes, values, count);
    return bytes.size();
}

inline bool decode_integers(std::string_view& in, std::int64_t* out, std::size_t count) noexcept {
    using detail::transform;
    auto* words = reinterpret_cast<std::uint64_t*>(out);
    if (count == 0) {
        return true;
    }
    if (in.empty() || static_cast<unsigned char>(in.front()) > 2) {
        return false;
    }
    const auto how = static_cast<transform>(in.front());
    in.remove_prefix(1);
    if (how == transform::none) {
        return decode_packed(in, words, count);
    }
    if (!detail::decode_zigzag(in, out[0])) {
        return false;
    }
    if (how == transform::equal) {
        std::fill(out, out + count, out[0]);
        return true;
    }
    if (!decode_packed(in, words + 1, count - 1)) {
        return false;
    }
    for (std::size_t i = 1; i < count; ++i) {
        words[i] += words[i - 1];
    }
    return true;
}

}}}  // namespace guild::series

// guild/series/column.hpp - the values of one series, one after another, in few bytes, bit for bit.
//
// Doubles and integers, NaN payloads, infinities, -0 and every int64 among them.
//
// Layer 3. Includes: base; series/frames.hpp, packed.hpp, point.hpp, ratio.hpp.
// Pure: numbers to bytes and back. Not here: steps and times (series/packed.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/packed.hpp>
#include <guild/series/point.hpp>
#include <guild/series/ratio.hpp>

namespace guild { inline namespace v0 { namespace series {

// column   := nothing of no values, otherwise u8 form | kinds | repeats | rest
// form     := kind (2 bits) | repeats (1 bit) << 2 | method (3 bits) << 3 | 0 << 6
// kinds    := only of kind mixed: bitmap, 1: the value is an integer
// repeats  := only if form says so: bitmap, 1: word i is word i - 1; the rest codes the others
// bitmap   := ceil(n / 8) bytes, value i at bit i, lowest bit first, zeros behind the last
// rest     := by method (words, below), n' words:
//   raw 0        word{n'}
//   equal 1      word
//   ordered 2    u8 shift | integers(number(word >> shift)){n'}
//   exclusive 3  u8 shift | varint first | packed{n' - 1} of the XORs; all of word >> shift
//   ratio 4      ratios{n'}, as in series/ratio.hpp
//
// A word is the value's bits: of kind real8 64 of a double, of real4 32 of the float that stands
// for it as in series/frames.hpp, of integer8 64 of an int64, of mixed 64 of either. number(w): of
// integer8 the signed number; otherwise w, or -1 - (w without its top bit) if that bit is set.

/// Values of one series in order.
///
/// cost     8 bytes a value, one bit more of a mixed column; clear() keeps memory
class number_column {
public:
    [[nodiscard]] std::size_t size() const noexcept { return bits_.size(); }
    [[nodiscard]] bool empty() const noexcept { return bits_.empty(); }

    /// number::bits() of all values.
    [[nodiscard]] const std::uint64_t* bits() const noexcept { return bits_.data(); }

    /// Whether some are doubles and some integers.
    [[nodiscard]] bool is_mixed() const noexcept { return mixed_; }

    /// What all are, unless they are mixed.
    [[nodiscard]] number_kind kind() const noexcept { return kind_; }

    [[nodiscard]] number_kind kind(std::size_t i) const noexcept {
        if (!mixed_) {
            return kind_;
        }
        const bool is_integer = ((integers_[i / 64] >> (i % 64)) & 1U) != 0;
        return is_integer ? number_kind::integer : number_kind::real;
    }

    [[nodiscard]] number operator[](std::size_t i) const noexcept {
        return number::from_bits(kind(i), bits_[i]);
    }

    void clear() noexcept;
    void push_back(const number& value);

    /// Becomes `count` values of one kind, which the caller fills in.
    [[nodiscard]] std::uint64_t* assign(number_kind kind, std::size_t count);

private:
    friend bool decode_column(std::string_view in, std::size_t count, number_column& out);
    void mix();
    void mix(std::string_view bitmap);

    std::vector<std::uint64_t> bits_;
    std::vector<std::uint64_t> integers_;  // if mixed: a bit for each value
    number_kind kind_ = number_kind::real;
    bool mixed_ = false;
};

enum class column_kind : std::uint8_t { real8 = 0, real4 = 1, integer8 = 2, mixed = 3 };
enum class column_method : std::uint8_t {
    raw = 0,
    equal = 1,
    ordered = 2,
    exclusive = 3,
    ratio = 4
};

/// The first byte of a column.
struct column_form {
    column_kind kind = column_kind::real8;
    bool repeats = false;
    column_method method = column_method::raw;
};
[[nodiscard]] constexpr unsigned char to_byte(column_form form) noexcept;
[[nodiscard]] bool decode_form(unsigned char byte, column_form& out) noexcept;

/// Appends `values` in the form that takes the fewest bytes.
///
/// example  tests/series/column.cpp "column: the bytes of each method, by hand"
void append_column(std::string& out, const number_column& values);

/// Reads a column of `count` values, which is all of `in`.
///
/// in       count: at most what the caller has memory for, 8 bytes each
/// out      false if the bytes are bad; what `out` holds then means nothing
[[nodiscard]] bool decode_column(std::string_view in, std::size_t count, number_column& out);

// ---- implementation ---------------------------------------------------------

inline void number_column::clear() noexcept {
    bits_.clear();
    mixed_ = false;
}

inline void number_column::mix() {
    const std::size_t chunks = bits_.size() / 64 + 1;
    integers_.assign(chunks, kind_ == number_kind::integer ? ~std::uint64_t{0} : 0);
    mixed_ = true;
}

// A bitmap of which are integers, as in the file.
inline void number_column::mix(std::string_view bitmap) {
    mix();
    for (std::size_t i = 0; i < bitmap.size(); ++i) {
        const std::uint64_t byte = static_cast<unsigned char>(bitmap[i]);
        integers_[i / 8] |= byte << (i % 8 * 8);
    }
}

inline void number_column::push_back(const number& value) {
    if (bits_.empty()) {
        kind_ = value.kind();
    }
    if (!mixed_ && value.kind() != kind_) {
        mix();
    }
    if (mixed_) {
        const std::size_t i = bits_.size();
        integers_.resize(i / 64 + 1);
        const std::uint64_t bit = std::uint64_t{1} << (i % 64);
        integers_[i / 64] = (integers_[i / 64] & ~bit) | (value.is_integer() ? bit : 0);
    }
    bits_.push_back(value.bits());
}

inline std::uint64_t* number_column::assign(number_kind kind, std::size_t count) {
    mixed_ = false;
    kind_ = kind;
    bits_.resize(count);  // without clear() before: what is there need not be zeros
    return bits_.data();
}

constexpr unsigned char to_byte(column_form form) noexcept {
    return static_cast<unsigned char>(static_cast<unsigned>(form.kind) | (form.repeats ? 4U : 0U) |
                                      static_cast<unsigned>(form.method) << 3U);
}

inline bool decode_form(unsigned char byte, column_form& out) noexcept {
    out.kind = static_cast<column_kind>(byte & 3U);
    out.repeats = (byte & 4U) != 0;
    out.method = static_cast<column_method>(byte >> 3U);
    return byte >> 3U <= static_cast<unsigned>(column_method::ratio);
}

namespace detail {

// What the words of a kind look like.
struct word_type {
    column_kind kind;

    [[nodiscard]] word_size size() const noexcept {
        return kind == column_kind::real4 ? word_size::four : word_size::eight;
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return static_cast<std::size_t>(size()); }
    [[nodiscard]] unsigned bits() const noexcept { return kind == column_kind::real4 ? 32 : 64; }
    [[nodiscard]] bool is_real() const noexcept {
        return kind == column_kind::real8 || kind == column_kind::real4;
    }
};

// Signed numbers in the order of the doubles or floats whose words they are, and back.
class word_order {
public:
    word_order(word_type type, unsigned shift) noexcept
        : top_(type.bits() - 1 - shift), shift_(shift),
          below_(type.kind == column_kind::integer8 ? ~std::uint64_t{0} : low_bits(top_)),
          integer_(type.kind == column_kind::integer8) {}

    [[nodiscard]] std::uint64_t number(std::uint64_t word) const noexcept {
        if (integer_) {
            const std::uint64_t sign = std::uint64_t{0} - (word >> 63U);
            return ((word ^ sign) >> shift_) ^ sign;
        }
        const std::uint64_t shifted = word >> shift_;
        return (shifted & below_) ^ (std::uint64_t{0} - (shifted >> top_));
    }

    // In place; numbers that no word has give some word.
    void restore(std::uint64_t* words, std::size_t count) const noexcept {
        if (integer_) {
            for (std::size_t i = 0; i < count && shift_ != 0; ++i) {
                words[i] <<= shift_;
            }
            return;
        }
        constexpr std::size_t block = 64;  // a constant, so that compilers make vectors of it
        for (; count >= block; count -= block, words += block) {
            restore_reals(words, block);
        }
        restore_reals(words, count);
    }

private:
    void restore_reals(std::uint64_t* words, std::size_t count) const noexcept {
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint64_t sign = words[i] >> 63U;
            const std::uint64_t below = (words[i] ^ (std::uint64_t{0} - sign)) & below_;
            words[i] = (below | sign << top_) << shift_;
        }
    }

    unsigned top_;
    unsigned shift_;
    std::uint64_t below_;
    bool integer_;
};

// Appends ceil(count / 8) bytes; `is_set(i)` tells bit i.
template <class IsSet>
void append_bitmap(std::string& out, std::size_t count, IsSet&& is_set) {
    for (std::size_t begin = 0; begin < count; begin += 8) {
        unsigned bits = 0;
        for (std::size_t i = begin; i < std::min(begin + 8, count); ++i) {
            bits |= (is_set(i) ? 1U : 0U) << (i - begin);
        }
        out += static_cast<char>(static_cast<unsigned char>(bits));
    }
}

// Takes a bitmap off the front of `in`; false if it is cut off or bits behind the last are set.
inline bool take_bitmap(std::string_view& in, std::size_t count, std::string_view& out) noexcept {
    const std::size_t bytes = (count + 7) / 8;
    if (in.size() < bytes) {
        return false;
    }
    out = in.substr(0, bytes);
    in.remove_prefix(bytes);
    return count % 8 == 0 || (static_cast<unsigned char>(out.back()) >> (count % 8)) == 0;
}

inline unsigned bitmap_bit(std::string_view bitmap, std::size_t i) noexcept {
    return (static_cast<unsigned>(static_cast<unsigned char>(bitmap[i / 8])) >> (i % 8)) & 1U;
}

// Codes words by each method that may win and keeps the smallest.
class words_encoder {
public:
    explicit words_encoder(column_kind kind) noexcept : type_{kind} {}

    void encode(const std::vector<std::uint64_t>& words) {
        best_.clear();
        if (std::equal(words.begin() + 1, words.end(), words.begin())) {
            method_ = column_method::equal;
            append_word(best_, words[0], type_.size());
            return;
        }
        method_ = column_method::raw;
        for (const std::uint64_t word : words) {
            append_word(best_, word, type_.size());
        }
        find_shift(words);
        try_ordered(words);
        try_exclusive(words);
        if (type_.is_real()) {
            try_ratios(words);
        }
    }

    // What encode() found: `rest` in the diagram, and by which method.
    [[nodiscard]] const std::string& rest() const noexcept { return best_; }
    [[nodiscard]] column_method method() const noexcept { return method_; }

private:
    void keep_smaller(column_method method) {
        if (trial_.size() < best_.size()) {
            best_.swap(trial_);
            method_ = method;
        }
    }

    // How many of the lowest bits are zero in all words.
    void find_shift(const std::vector<std::uint64_t>& words) noexcept {
        std::uint64_t any = 0;
        for (const std::uint64_t word : words) {
            any |= word;
        }
        shift_ = any == 0 ? 0 : bit_length(any & (std::uint64_t{0} - any)) - 1;
        shift_ = std::min(shift_, type_.bits() - 2);
    }

    void try_ordered(const std::vector<std::uint64_t>& words) {
        const word_order order(type_, shift_);
        integers_.clear();
        for (const std::uint64_t word : words) {
            integers_.push_back(static_cast<std::int64_t>(order.number(word)));
        }
        trial_.assign(1, static_cast<char>(shift_));
        append_integers(trial_, integers_.data(), integers_.size());
        keep_smaller(column_method::ordered);
    }

    void try_exclusive(const std::vector<std::uint64_t>& words) {
        const auto exclusive = [this, &words](std::size_t i) {
            return (words[i] ^ words[i + 1]) >> shift_;
        };
        trial_.assign(1, static_cast<char>(shift_));
        append_varint(trial_, words[0] >> shift_);
        const std::size_t expected = expected_bytes_of(words.size() - 1, exclusive);
        if (!may_win(trial_.size() + expected, best_.size())) {
            return;
        }
        append_packed_of(trial_, words.size() - 1, exclusive);
        keep_smaller(column_method::exclusive);
    }

    void try_ratios(const std::vector<std::uint64_t>& words) {
        const std::int64_t divisor = find_divisor(words.data(), words.size(), type_.size());
        trial_.clear();
        if (divisor != 0 &&
            append_ratios(trial_, words.data(), words.size(), divisor, type_.size())) {
            keep_smaller(column_method::ratio);
        }
    }

    word_type type_;
    column_method method_ = column_method::raw;
    unsigned shift_ = 0;
    std::string best_;
    std::string trial_;
    std::vector<std::int64_t> integers_;
};

// The words of a column, and of which kind they are.
inline column_kind find_words(const number_column& values, std::vector<std::uint64_t>& words) {
    words.assign(values.bits(), values.bits() + values.size());
    if (values.is_mixed()) {
        return column_kind::mixed;
    }
    if (values.kind() == number_kind::integer) {
        return column_kind::integer8;
    }
    for (std::uint64_t& word : words) {
        std::uint32_t shorter = 0;
        if (!narrow(word, shorter)) {
            words.assign(values.bits(), values.bits() + values.size());
            return column_kind::real8;
        }
        word = shorter;
    }
    return column_kind::real4;
}

inline bool decode_raw(std::string_view& in, word_type type, std::uint64_t* out,
                       std::size_t count) noexcept {
    if (in.size() / type.bytes() < count) {
        return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = type.bytes() == 4 ? load_le<std::uint32_t>(in.data() + i * 4)
                                   : load_le<std::uint64_t>(in.data() + i * 8);
    }
    in.remove_prefix(count * type.bytes());
    return true;
}

inline bool take_shift(std::string_view& in, word_type type, unsigned& shift) noexcept {
    if (in.empty()) {
        return false;
    }
    shift = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    return shift < type.bits() - 1;
}

inline bool decode_ordered(std::string_view& in, word_type type, std::uint64_t* out,
                           std::size_t count) noexcept {
    unsigned shift = 0;
    if (!take_shift(in, type, shift) ||
        !decode_integers(in, reinterpret_cast<std::int64_t*>(out), count)) {
        return false;
    }
    word_order(type, shift).restore(out, count);
    return true;
}

inline bool decode_exclusive(std::string_view& in, word_type type, std::uint64_t* out,
                             std::size_t count) noexcept {
    unsigned shift = 0;
    if (!take_shift(in, type, shift) || !decode_varint(in, out[0]) ||
        !decode_packed(in, out + 1, count - 1)) {
        return false;
    }
    out[0] <<= shift;
    for (std::size_t i = 1; i < count; ++i) {
        out[i] = out[i] << shift ^ out[i - 1];
    }
    return true;
}

// Reads `count` words, at least one, of which those of four bytes may have bits above.
inline bool decode_words(std::string_view& in, column_method method, word_type type,
                         std::uint64_t* out, std::size_t count) noexcept {
    switch (method) {
    case column_method::raw:
        return decode_raw(in, type, out, count);
    case column_method::equal:
        if (!decode_raw(in, type, out, 1)) {
            return false;
        }
        std::fill(out, out + count, out[0]);
        return true;
    case column_method::ordered:
        return decode_ordered(in, type, out, count);
    case column_method::exclusive:
        return decode_exclusive(in, type, out, count);
    case column_method::ratio:
        return type.is_real() && decode_ratios(in, out, count, type.size());
    }
    return false;
}

// Words of floats to those of doubles, in place. Infinities and NaN are told apart before:
// processors may change a NaN that they convert.
inline void widen_block(std::uint64_t* words, std::size_t count) noexcept {
    std::uint64_t special = 0;
    for (std::size_t i = 0; i < count; ++i) {
        special |= (words[i] & 0x7F800000U) + 0x00800000U;  // a carry if the exponent is all ones
    }
    if ((special >> 31U) != 0) {
        for (std::size_t i = 0; i < count; ++i) {
            words[i] = widen(static_cast<std::uint32_t>(words[i]));
        }
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const float shorter = bits_float(static_cast<std::uint32_t>(words[i]));
        words[i] = double_bits(static_cast<double>(shorter));
    }
}

inline void widen_all(std::uint64_t* words, std::size_t count) noexcept {
    constexpr std::size_t block = 64;  // a constant, so that compilers make vectors of it
    for (; count >= block; count -= block, words += block) {
        widen_block(words, block);
    }
    widen_block(words, count);
}

// Repeats words where the bitmap has ones; the others are the last `kept` of `words`.
inline void spread_repeats(std::uint64_t* words, std::size_t count, std::string_view repeats,
                           std::size_t kept) noexcept {
    std::size_t from = count - kept - 1;  // the first bit is 0
    for (std::size_t begin = 0; begin < count; begin += 8) {
        unsigned bits = static_cast<unsigned char>(repeats[begin / 8]);
        for (std::size_t i = begin; i < std::min(begin + 8, count); ++i, bits >>= 1U) {
            from += 1U - (bits & 1U);
            words[i] = words[from];
        }
    }
}

inline std::size_t count_ones(std::string_view bitmap) noexcept {
    std::size_t ones = 0;
    for (const char byte : bitmap) {
        unsigned bits = static_cast<unsigned char>(byte);
        bits = (bits & 0x55U) + (bits >> 1U & 0x55U);
        bits = (bits & 0x33U) + (bits >> 2U & 0x33U);
        ones += (bits & 0xFU) + (bits >> 4U);
    }
    return ones;
}

inline void append_kinds(std::string& out, const number_column& values) {
    if (values.is_mixed()) {
        append_bitmap(out, values.size(),
                      [&values](std::size_t i) { return values.kind(i) == number_kind::integer; });
    }
}

// The words that are not the word before.
inline std::vector<std::uint64_t> without_repeats(const std::vector<std::uint64_t>& words) {
    std::vector<std::uint64_t> others;
    others.reserve(words.size());
    std::unique_copy(words.begin(), words.end(), std::back_inserter(others));
    return others;
}

}  // namespace detail

inline void append_column(std::string& out, const number_column& values) {
    const std::size_t count = values.size();
    if (count == 0) {
        return;
    }
    std::vector<std::uint64_t> words;
    column_form form;
    form.kind = detail::find_words(values, words);
    const std::vector<std::uint64_t> others = detail::without_repeats(words);
    detail::words_encoder whole(form.kind);
    detail::words_encoder part(form.kind);
    whole.encode(words);
    if (others.size() > 1 && count - others.size() > count / 16) {
        part.encode(others);
        form.repeats = part.rest().size() + (count + 7) / 8 < whole.rest().size();
    }
    const detail::words_encoder& best = form.repeats ? part : whole;
    form.method = best.method();
    out += static_cast<char>(to_byte(form));
    detail::append_kinds(out, values);
    if (form.repeats) {
        detail::append_bitmap(
            out, count, [&words](std::size_t i) { return i > 0 && words[i] == words[i - 1]; });
    }
    out += best.rest();
}

inline bool decode_column(std::string_view in, std::size_t count, number_column& out) {
    if (count == 0) {
        out.clear();
        return in.empty();
    }
    column_form form;
    if (in.empty() || !decode_form(static_cast<unsigned char>(in.front()), form)) {
        return false;
    }
    in.remove_prefix(1);
    std::string_view kinds;
    std::string_view repeats;
    if ((form.kind == column_kind::mixed && !detail::take_bitmap(in, count, kinds)) ||
        (form.repeats && !detail::take_bitmap(in, count, repeats)) ||
        (form.repeats && detail::bitmap_bit(repeats, 0) != 0)) {
        return false;
    }
    const detail::word_type type{form.kind};
    const std::size_t kept = form.repeats ? count - detail::count_ones(repeats) : count;
    std::uint64_t* const words = out.assign(
        form.kind == column_kind::integer8 ? number_kind::integer : number_kind::real, count);
    std::uint64_t* const coded = words + (count - kept);
    if (!detail::decode_words(in, form.method, type, coded, kept) || !in.empty()) {
        return false;
    }
    if (form.kind == column_kind::real4) {
        detail::widen_all(coded, kept);
    }
    if (form.repeats) {
        detail::spread_repeats(words, count, repeats, kept);
    }
    if (form.kind == column_kind::mixed) {
        out.mix(kinds);
    }
    return true;
}

}}}  // namespace guild::series

// guild/series/ratio.hpp - floating-point numbers that are integers divided by one divisor, such as
// decimals and accuracies, as those integers.
//
//     ratios := varint divisor | varint exceptions | (varint gap | word){exceptions}
//               | integers, as in series/packed.hpp, one for each word
//
// A word is the 64 bits of a double or the 32 bits of a float, little-endian. It is that of integer
// / divisor, rounded to the nearest double and, of a float, that to the nearest float; both are at
// most 2^53. An exception stands `gap` words behind the one before it, the first behind word 0; its
// integer means nothing.
//
// Layer 3. Includes: base, series/packed.hpp. Not here: when this pays (series/column.hpp).
#pragma once

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/series/packed.hpp>

namespace guild { inline namespace v0 { namespace series {

/// How many bytes a word takes: that of a float or of a double.
enum class word_size : std::uint8_t { four = 4, eight = 8 };

/// The largest dividend and divisor: every integer up to it is a double.
inline constexpr std::int64_t max_dividend = std::int64_t{1} << 53U;

/// The word of `dividend / divisor`.
///
/// in       dividend: of magnitude max_dividend at most; divisor: 1 to max_dividend
[[nodiscard]] std::uint64_t ratio_word(std::int64_t dividend, std::int64_t divisor,
                                       word_size size) noexcept;

/// Finds the integer that ratio_word() makes `word` of.
///
/// out      false if there is none: always of NaN, infinities and -0
[[nodiscard]] bool find_dividend(std::uint64_t word, std::int64_t divisor, word_size size,
                                 std::int64_t& dividend) noexcept;

/// A divisor that may do for nearly all of the words; 0 if none was found.
///
/// Decimals of any length, one third of them, and fractions with small denominators are found.
[[nodiscard]] std::int64_t find_divisor(const std::uint64_t* words, std::size_t count,
                                        word_size size) noexcept;

/// Appends the words, with the smallest divisor that is a factor of this one.
///
/// in       divisor: 1 to max_dividend
/// out      false, and `out` unchanged, if more than a sixteenth of them would be exceptions
/// example  tests/series/ratio.cpp "ratios: the bytes of decimals and an exception, by hand"
[[nodiscard]] bool append_ratios(std::string& out, const std::uint64_t* words, std::size_t count,
                                 std::int64_t divisor, word_size size);

/// Takes `count` words off the front of `in`.
///
/// out      false if the bytes are bad; what `out` holds then means nothing
[[nodiscard]] bool decode_ratios(std::string_view& in, std::uint64_t* out, std::size_t count,
                                 word_size size) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

// The same as below in integers, for processors that compute in more bits than a double has.
inline std::uint64_t divide_slowly(std::int64_t dividend, std::int64_t divisor) noexcept {
    if (dividend == 0) {
        return 0;
    }
    const std::uint64_t sign = dividend < 0 ? std::uint64_t{1} << 63U : 0;
    const auto wide = static_cast<std::uint64_t>(dividend < 0 ? -dividend : dividend);
    const auto by = static_cast<std::uint64_t>(divisor);
    std::uint64_t quotient = wide / by;
    std::uint64_t rest = wide % by;
    int exponent = 53;  // of the top one of 53 bits; a 54th, the lowest, is there to round by
    while ((quotient >> 53U) == 0) {
        rest <<= 1U;
        quotient = quotient << 1U | (rest >= by ? 1U : 0U);
        rest -= rest >= by ? by : 0;
        --exponent;
    }
    const bool up = (quotient & 1U) != 0 && (rest != 0 || (quotient & 2U) != 0);
    const std::uint64_t fraction = (quotient >> 1U) + (up ? 1 : 0);  // may carry into the exponent
    return sign | ((static_cast<std::uint64_t>(exponent + 1022) << 52U) + fraction);
}

inline std::uint64_t divide(std::int64_t dividend, std::int64_t divisor) noexcept {
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
    return double_bits(static_cast<double>(dividend) / static_cast<double>(divisor));
#else
    return divide_slowly(dividend, divisor);
#endif
}

// The double that a word stands for; false of NaN, infinities, and what no dividend can reach.
inline bool ratio_value(std::uint64_t word, word_size size, double& value) noexcept {
    const bool is_float = size == word_size::four;
    const std::uint64_t exponent = is_float ? word >> 23U & 0xFFU : word >> 52U & 0x7FFU;
    if (exponent > (is_float ? 127U : 1023U) + 53U) {
        return false;
    }
    value = is_float ? static_cast<double>(bits_float(static_cast<std::uint32_t>(word)))
                     : bits_double(word);
    return true;
}

inline void append_word(std::string& out, std::uint64_t word, word_size size) {
    if (size == word_size::four) {
        append_le(out, static_cast<std::uint32_t>(word));
    } else {
        append_le(out, word);
    }
}

inline bool take_word(std::string_view& in, word_size size, std::uint64_t& word) noexcept {
    const auto bytes = static_cast<std::size_t>(size);
    if (in.size() < bytes) {
        return false;
    }
    word = bytes == 4 ? load_le<std::uint32_t>(in.data()) : load_le<std::uint64_t>(in.data());
    in.remove_prefix(bytes);
    return true;
}

// Looks at up to 64 of the words, of which a sixteenth may be anything.
class divisor_search {
public:
    divisor_search(const std::uint64_t* words, std::size_t count, word_size size) noexcept
        : words_(words), count_(count), stride_(count / 64 + 1),
          misses_((count - 1) / stride_ / 16), size_(size) {}

    // The least common multiple of the denominators; 0 if that is large.
    [[nodiscard]] std::int64_t find_common() const noexcept {
        const std::int64_t limit = std::int64_t{1} << (is_float() ? 16U : 40U);
        std::int64_t common = 1;
        std::size_t misses = 0;
        for (std::size_t i = 0; i < count_ && misses <= misses_; i += stride_) {
            const std::int64_t denominator = find_denominator(words_[i]);
            const std::int64_t factor =
                denominator == 0 ? 0 : denominator / std::gcd(common, denominator);
            if (factor == 0 || factor > limit / common) {
                ++misses;
            } else {
                common *= factor;
            }
        }
        return misses <= misses_ ? common : 0;
    }

    // The smallest of 1, 3, 10, 30, 100 ... that will do; 0 if dividends would be as long as words.
    [[nodiscard]] std::int64_t find_decimal() const noexcept {
        for (std::int64_t power = 1; power <= 1'000'000'000'000'000; power *= 10) {
            for (const std::int64_t divisor : {power, 3 * power}) {
                const verdict found = judge(divisor);
                if (found != verdict::no_match) {
                    return found == verdict::match ? divisor : 0;
                }
            }
        }
        return 0;
    }

private:
    enum class verdict : std::uint8_t { match, no_match, too_long };

    [[nodiscard]] bool is_float() const noexcept { return size_ == word_size::four; }

    [[nodiscard]] verdict judge(std::int64_t divisor) const noexcept {
        const std::int64_t limit = is_float() ? std::int64_t{1} << 24U : max_dividend - 1;
        std::size_t misses = 0;
        for (std::size_t i = 0; i < count_ && misses <= misses_; i += stride_) {
            std::int64_t dividend = 0;
            misses += find_dividend(words_[i], divisor, size_, dividend) ? 0U : 1U;
            if (dividend > limit || -dividend > limit) {
                return verdict::too_long;
            }
        }
        return misses <= misses_ ? verdict::match : verdict::no_match;
    }

    // That of the first convergent of the continued fraction that gives the word; 0: none is small.
    [[nodiscard]] std::int64_t find_denominator(std::uint64_t word) const noexcept {
        const double limit = is_float() ? 4096 : 33554432;  // larger ones fit any word
        double rest = 0;
        if (!ratio_value(word, size_, rest)) {
            return 0;
        }
        rest = std::fabs(rest);
        std::int64_t before = 0;
        std::int64_t denominator = 1;
        for (;;) {
            std::int64_t ignored = 0;
            if (find_dividend(word, denominator, size_, ignored)) {
                return denominator;
            }
            const double fraction = rest - std::floor(rest);
            if (fraction * limit < 1) {
                return 0;
            }
            rest = 1 / fraction;
            const std::int64_t next = static_cast<std::int64_t>(rest) * denominator + before;
            if (static_cast<double>(next) > limit) {
                return 0;
            }
            before = denominator;
            denominator = next;
        }
    }

    const std::uint64_t* words_;
    std::size_t count_;
    std::size_t stride_;
    std::size_t misses_;  // how many are allowed
    word_size size_;
};

// Takes the exceptions off the front of `in`; writes them if `out` is not null.
inline bool take_exceptions(std::string_view& in, std::uint64_t* out, std::size_t count,
                            word_size size) noexcept {
    std::uint64_t exceptions = 0;
    if (!decode_varint(in, exceptions) || exceptions > count) {
        return false;
    }
    std::uint64_t index = 0;
    for (; exceptions > 0; --exceptions) {
        std::uint64_t gap = 0;
        std::uint64_t word = 0;
        if (!decode_varint(in, gap) || gap >= count || !take_word(in, size, word)) {
            return false;
        }
        index += gap;
        if (index >= count) {
            return false;
        }
        if (out != nullptr) {
            out[index] = word;
        }
    }
    return true;
}

inline std::int64_t common_factor(const std::vector<std::int64_t>& dividends,
                                  std::int64_t divisor) noexcept {
    for (std::size_t i = 0; i < dividends.size() && divisor > 1; ++i) {
        divisor = std::gcd(divisor, dividends[i]);
    }
    return divisor;
}

}  // namespace detail

inline std::uint64_t ratio_word(std::int64_t dividend, std::int64_t divisor,
                                word_size size) noexcept {
    const std::uint64_t quotient = detail::divide(dividend, divisor);
    return size == word_size::four ? float_bits(static_cast<float>(bits_double(quotient)))
                                   : quotient;
}

inline bool find_dividend(std::uint64_t word, std::int64_t divisor, word_size size,
                          std::int64_t& dividend) noexcept {
    double value = 0;
    if (!detail::ratio_value(word, size, value)) {
        return false;
    }
    const double scaled = value * static_cast<double>(divisor);
    if (!(std::fabs(scaled) < static_cast<double>(max_dividend))) {
        return false;
    }
    dividend = static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
    return ratio_word(dividend, divisor, size) == word;
}

inline std::int64_t find_divisor(const std::uint64_t* words, std::size_t count,
                                 word_size size) noexcept {
    const detail::divisor_search search(words, count, size);
    const std::int64_t common = search.find_common();
    return common != 0 ? common : search.find_decimal();
}

inline bool append_ratios(std::string& out, const std::uint64_t* words, std::size_t count,
                          std::int64_t divisor, word_size size) {
    std::vector<std::int64_t> dividends(count);
    std::string exceptions;
    std::size_t found = 0;
    std::size_t before = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (find_dividend(words[i], divisor, size, dividends[i])) {
            continue;
        }
        dividends[i] = i == 0 ? 0 : dividends[i - 1];
        append_varint(exceptions, i - before);
        detail::append_word(exceptions, words[i], size);
        before = i;
        if (++found > count / 16) {
            return false;
        }
    }
    const std::int64_t factor = detail::common_factor(dividends, divisor);
    for (std::int64_t& dividend : dividends) {
        dividend /= factor;
    }
    append_varint(out, static_cast<std::uint64_t>(divisor / factor));
    append_varint(out, found);
    out += exceptions;
    append_integers(out, dividends.data(), count);
    return true;
}

inline bool decode_ratios(std::string_view& in, std::uint64_t* out, std::size_t count,
                          word_size size) noexcept {
    constexpr auto largest = static_cast<std::uint64_t>(max_dividend);
    std::uint64_t divisor = 0;
    if (!decode_varint(in, divisor) || divisor == 0 || divisor > largest) {
        return false;
    }
    std::string_view exceptions = in;
    if (!detail::take_exceptions(in, nullptr, count, size) ||
        !decode_integers(in, reinterpret_cast<std::int64_t*>(out), count)) {
        return false;
    }
    bool good = true;
    for (std::size_t i = 0; i < count; ++i) {
        good = good && out[i] + largest <= 2 * largest;
        out[i] =
            ratio_word(static_cast<std::int64_t>(out[i]), static_cast<std::int64_t>(divisor), size);
    }
    return good && detail::take_exceptions(exceptions, out, count, size);
}

}}}  // namespace guild::series

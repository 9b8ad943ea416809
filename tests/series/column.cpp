#include <guild/series/column.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

using numbers = std::vector<gs::number>;

gs::number column_real(std::uint64_t bits) {
    return gs::number::from_bits(gs::number_kind::real, bits);
}

gs::number column_float(std::uint32_t bits) {
    return column_real(gs::detail::widen(bits));
}

gs::number column_integer(std::uint64_t bits) {
    return gs::number::from_bits(gs::number_kind::integer, bits);
}

std::string encode_column(const numbers& values) {
    gs::number_column column;
    for (const gs::number& value : values) {
        column.push_back(value);
    }
    std::string bytes;
    gs::append_column(bytes, column);
    return bytes;
}

bool take_column(std::string_view bytes, std::size_t count, numbers& out) {
    const std::vector<char> exact(bytes.begin(), bytes.end());
    gs::number_column column;
    column.push_back(1);
    column.push_back(0.5);
    if (!gs::decode_column({exact.data(), exact.size()}, count, column)) {
        return false;
    }
    out.clear();
    for (std::size_t i = 0; i < column.size(); ++i) {
        out.push_back(column[i]);
    }
    return true;
}

bool keeps_column(const numbers& values) {
    numbers back;
    return take_column(encode_column(values), values.size(), back) && back == values;
}

gs::column_form form_of(const numbers& values) {
    REQUIRE(keeps_column(values));
    gs::column_form form;
    REQUIRE(gs::decode_form(static_cast<unsigned char>(encode_column(values)[0]), form));
    return form;
}

bool has_form(const numbers& values, gs::column_kind kind, gs::column_method method,
              bool repeats = false) {
    const gs::column_form form = form_of(values);
    CHECK(form.kind == kind);
    CHECK(form.method == method);
    CHECK(form.repeats == repeats);
    return form.kind == kind && form.method == method && form.repeats == repeats;
}

std::size_t to_index(std::uint64_t bits, const numbers& of) {
    return guild::detail::convert<std::size_t>(bits % of.size());
}

std::size_t random_size(std::size_t limit, std::mt19937_64& random) {
    return guild::detail::convert<std::size_t>(random() % limit);
}

numbers nasty_reals() {
    using limits = std::numeric_limits<double>;
    return {0.0,
            -0.0,
            1.0,
            0.1,
            static_cast<double>(0.1F),
            limits::infinity(),
            -limits::infinity(),
            limits::max(),
            limits::min(),
            limits::denorm_min(),
            -limits::denorm_min(),
            9007199254740993.0,
            9007199254740991.0,
            column_real(0x7FF8000000000000U),
            column_real(0xFFF8000000000000U),
            column_real(0x7FF8000000000001U),
            column_real(0x7FF0000020000000U),
            column_real(0x7FF0000000000001U),
            column_real(0xFFFFFFFFFFFFFFFFU)};
}

numbers nasty_floats() {
    using limits = std::numeric_limits<float>;
    return {0.0F,
            -0.0F,
            1.0F,
            0.1F,
            limits::max(),
            limits::lowest(),
            limits::min(),
            limits::denorm_min(),
            -limits::denorm_min(),
            limits::infinity(),
            -limits::infinity(),
            column_float(0x7FC00000U),
            column_float(0xFFC00000U),
            column_float(0x7F800001U),  // signalling
            column_float(0xFFBFFFFFU),
            column_float(0xFFFFFFFFU)};
}

numbers nasty_integers() {
    using limits = std::numeric_limits<std::int64_t>;
    return {0, 1, -1, limits::max(), limits::min(), (std::int64_t{1} << 53U) + 1, 1 << 30, 7};
}

}  // namespace

TEST_CASE("column: the bytes of each method, by hand") {
    const auto hex = [](const numbers& values) { return guild::to_hex(encode_column(values)); };
    CHECK(hex({}).empty());
    CHECK(hex({column_real(0x0123456789ABCDEFU), column_real(0x6A09E667F3BCC908U)}) ==
          "00"                // real8, raw
          "efcdab8967452301"  // as they are
          "08c9bcf367e6096a");
    CHECK(hex({0.5, 0.5, 0.5}) == "09"  // real4, equal
                                  "0000003f");
    CHECK(hex({column_float(0x3F800000U), column_float(0x3F800001U), column_float(0x3F800003U)}) ==
          "11"          // real4, ordered
          "00"          // shift
          "00"          // integers as they are
          "0200"        // width 2, no exceptions
          "808080f807"  // base 0x3f800000, zigzag 0x7f000000
          "34");        // 0 1 3
    const gs::number a = column_float(0x3F812345U);
    const gs::number b = column_float(0x3FC12345U);
    CHECK(hex({a, b, a, b}) == "19"            // real4, exclusive
                               "00"            // shift
                               "c5c684fc03"    // first word
                               "000080808004"  // width 0, no exceptions, base 0x400000
    );
    CHECK(hex({0.1F, 0.2F, 0.3F, 0.5F}) == "21"      // real4, ratio
                                           "0a"      // divisor
                                           "00"      // no exceptions
                                           "00"      // integers as they are
                                           "030002"  // width 3, no exceptions, base 1
                                           "8808");  // 0 1 2 4
    CHECK(hex({a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b}) ==
          "05"          // real4, repeats, raw
          "fefe"        // all but 0 and 8 are what was before
          "4523813f"    // a
          "4523c13f");  // b
    CHECK(hex({column_real(0x0123456789ABCDEFU), column_integer(0x1032547698BADCFEU)}) ==
          "03"  // mixed, raw
          "02"  // the second is an integer
          "efcdab8967452301"
          "fedcba9876543210");
    CHECK(hex({10, 20, 30, 41}) == "12"          // integer8, ordered
                                   "00"          // shift
                                   "01"          // differences
                                   "14"          // 10
                                   "01001404");  // width 1, no exceptions, base 10; 0 0 1
}

TEST_CASE("column: every nasty number comes back bit for bit, alone, together, among others") {
    numbers all;
    for (const numbers& kind : {nasty_reals(), nasty_floats(), nasty_integers()}) {
        CHECK(keeps_column(kind));
        for (const gs::number& each : kind) {
            CAPTURE(each.bits());
            CHECK(keeps_column({each}));
            CHECK(keeps_column({each, each, each}));
            numbers decimals;
            numbers wholes;
            for (int i = 0; i < 100; ++i) {
                decimals.push_back(i == 50 ? each : gs::number(i * 0.5 + 0.1));
                wholes.push_back(i % 30 == 7 ? each : gs::number(i));
            }
            CHECK(keeps_column(decimals));
            CHECK(keeps_column(wholes));
            all.push_back(each);
        }
    }
    CHECK(keeps_column(all));
}

TEST_CASE("column: noise is ordered, toggled bits are exclusive, decimals are ratios") {
    using kind = gs::column_kind;
    using method = gs::column_method;
    constexpr unsigned seed = 20260421;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    numbers losses;
    numbers doubles;
    numbers toggled;
    numbers accuracies;
    numbers prices;
    numbers junk;
    numbers large;
    std::uint32_t toggling = 0x3F812345U;
    for (int i = 0; i < 1000; ++i) {
        const double noise = static_cast<double>(random() >> 11U) * 0x1p-53;
        losses.push_back(static_cast<float>(0.9 + 0.3 * noise));
        doubles.push_back(0.9 + 0.3 * noise);
        toggled.push_back(column_float(toggling));
        const auto change = static_cast<std::uint32_t>(1 + random() % 3);
        toggling ^= (change & 1U) << 30U ^ (change & 2U) << 3U;
        accuracies.push_back(static_cast<float>(std::floor(noise * 1000) / 1000));
        prices.push_back(std::floor(noise * 100000) / 100);
        junk.push_back(column_real(random()));
        large.push_back(column_integer(random() >> 20U));
    }
    CHECK(has_form(losses, kind::real4, method::ordered));
    CHECK(has_form(doubles, kind::real8, method::ordered));
    CHECK(has_form(toggled, kind::real4, method::exclusive));
    CHECK(has_form(accuracies, kind::real4, method::ratio));
    CHECK(has_form(prices, kind::real8, method::ratio));
    CHECK(has_form(junk, kind::real8, method::raw));
    CHECK(has_form(large, kind::integer8, method::ordered));
    CHECK(has_form(numbers(1000, 0.1), kind::real8, method::equal));
    CHECK(has_form(numbers(1000, 7), kind::integer8, method::equal));
    losses[500] = 3;
    CHECK(form_of(losses).kind == kind::mixed);
}

TEST_CASE("column: values that often repeat are coded once") {
    constexpr unsigned seed = 20260422;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (const std::size_t run : {2U, 3U, 10U}) {
        numbers values;
        for (std::size_t i = 0; i < 3000; ++i) {
            values.push_back(i == 0 || random() % run == 0
                                 ? column_float(0x3F800000U + (random() & 0x3FFFFFU))
                                 : values.back());
        }
        CHECK(form_of(values).repeats);
    }
}

TEST_CASE("column: zeros at the end of every word take no space") {
    constexpr unsigned seed = 20260423;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    numbers halves;
    numbers wholes;
    for (int i = 0; i < 512; ++i) {
        const auto noise = static_cast<std::uint32_t>(random() & 0x3FFU) << 13U;
        halves.push_back(column_float(0xBF800000U | noise));
        wholes.push_back(static_cast<std::int64_t>(random() % 1024 << 40U) - (1LL << 45U));
    }
    CHECK(keeps_column(halves));
    CHECK(encode_column(halves).size() < 512 * 13 / 8);
    CHECK(keeps_column(wholes));
    CHECK(encode_column(wholes).size() < 512 * 11 / 8);
}

TEST_CASE("column: memory is used again") {
    gs::number_column column;
    for (int i = 0; i < 100; ++i) {
        column.push_back(i % 2 == 0 ? gs::number(i) : gs::number(i + 0.5));
    }
    CHECK(column.is_mixed());
    const std::uint64_t* const memory = column.bits();
    column.clear();
    CHECK(column.empty());
    for (int i = 0; i < 70; ++i) {
        column.push_back(i);
    }
    CHECK(column.bits() == memory);
    CHECK_FALSE(column.is_mixed());
    CHECK(column.kind() == gs::number_kind::integer);
    column.push_back(0.5);
    CHECK(column.is_mixed());
    CHECK(column[69] == gs::number(69));
    CHECK(column[70] == gs::number(0.5));
}

TEST_CASE("column: random columns of every kind come back") {
    constexpr unsigned seed = 20260424;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const numbers reals = nasty_reals();
    const numbers floats = nasty_floats();
    const numbers integers = nasty_integers();
    for (int round = 0; round < 1500; ++round) {
        CAPTURE(round);
        const std::uint64_t kinds = random() % 16;  // which may come
        const std::uint64_t nasty = 1 + random() % 50;
        const std::uint64_t repeat = 1 + random() % 4;
        const auto width = static_cast<unsigned>(random() % 64);
        numbers values;
        for (std::size_t left = random_size(400, random); left > 0; --left) {
            if (!values.empty() && random() % repeat != 0) {
                values.push_back(values.back());
                continue;
            }
            const bool strange = random() % nasty == 0;
            const std::uint64_t bits = random() >> width;
            if ((kinds & 1U) != 0 && ((kinds & 8U) != 0 || random() % 2 == 0)) {
                values.push_back(strange ? reals[to_index(bits, reals)] : column_real(bits));
            } else if ((kinds & 2U) != 0) {
                values.push_back(strange ? floats[to_index(bits, floats)]
                                         : column_float(static_cast<std::uint32_t>(bits)));
            } else if ((kinds & 4U) != 0) {
                values.push_back(static_cast<float>(bits % 1000) / 1000.0F);
            } else {
                values.push_back(strange ? integers[to_index(bits, integers)]
                                         : column_integer(bits));
            }
        }
        REQUIRE(keeps_column(values));
    }
}

TEST_CASE("column: bytes that are cut off, and bytes that are left, are refused") {
    numbers repeated(40, 0.1);
    repeated[20] = 0.7;
    repeated[30] = 123.456789012;
    for (const numbers& values :
         {nasty_reals(), nasty_floats(), nasty_integers(), repeated, numbers{0.1F, 0.2F, 0.3F},
          numbers{1, 0.5}, numbers{1, 2, 3}, numbers{0.5}}) {
        const std::string bytes = encode_column(values);
        numbers back;
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            CAPTURE(size);
            CHECK_FALSE(take_column(bytes.substr(0, size), values.size(), back));
        }
        CHECK_FALSE(take_column(bytes + '\0', values.size(), back));
        CHECK(take_column(bytes, values.size(), back));
    }
    numbers back;
    CHECK_FALSE(take_column("x", 0, back));
}

TEST_CASE("column: what no writer makes is refused") {
    numbers back;
    const auto refuses = [&back](std::string_view bytes, std::size_t count) {
        return !take_column(bytes, count, back);
    };
    CHECK(refuses("\x29....", 1));      // method 5
    CHECK(refuses("\x49....", 1));      // a bit that means nothing
    CHECK(refuses("\x0D\x01....", 2));  // the first repeats
    CHECK(refuses("\x0D\x04....", 2));  // a bit behind the last value
    CHECK(refuses(std::string_view("\x0B\x04\0\0\0\0\0\0\0\0", 10), 2));
    CHECK(refuses("\x11\x1F\x02\x02", 2));                         // a shift by 31
    CHECK(refuses(std::string_view("\x22\x01\0\x02\x02", 5), 2));  // ratios of int64
}

TEST_CASE("column: random bytes are read or refused, never past their end") {
    constexpr unsigned seed = 20260425;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::size_t good = 0;
    for (int round = 0; round < 40'000; ++round) {
        const auto method = random() % 6 << 3U;
        std::string bytes(1, static_cast<char>(method | random() % 8));
        for (std::size_t size = random_size(60, random); size > 0; --size) {
            bytes += static_cast<char>(random() % (round % 2 == 0 ? 256U : 4U));
        }
        numbers back;
        good += take_column(bytes, random_size(20, random), back) ? 1U : 0U;
    }
    CHECK(good > 0);
}

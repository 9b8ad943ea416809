#include <guild/series/packed.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

using packed_words = std::vector<std::uint64_t>;
using signed_words = std::vector<std::int64_t>;

std::string pack(const packed_words& values) {
    std::string bytes;
    gs::append_packed(bytes, values.data(), values.size());
    return bytes;
}

std::string code_integers(const signed_words& values) {
    std::string bytes;
    gs::append_integers(bytes, values.data(), values.size());
    return bytes;
}

// From memory that ends where the bytes end, so that sanitizers see a step beyond.
bool unpack_exact(std::string_view bytes, std::size_t count, packed_words& out, std::size_t& used) {
    const std::vector<char> exact(bytes.begin(), bytes.end());
    std::string_view in(exact.data(), exact.size());
    out.assign(count, 0xAAAAAAAAAAAAAAAAU);
    const bool good = gs::decode_packed(in, out.data(), count);
    used = exact.size() - in.size();
    return good;
}

bool decode_exact(std::string_view bytes, std::size_t count, signed_words& out, std::size_t& used) {
    const std::vector<char> exact(bytes.begin(), bytes.end());
    std::string_view in(exact.data(), exact.size());
    out.assign(count, -1);
    const bool good = gs::decode_integers(in, out.data(), count);
    used = exact.size() - in.size();
    return good;
}

bool packs(const packed_words& values) {
    const std::string bytes = pack(values);
    packed_words back;
    std::size_t used = 0;
    return gs::packed_bytes(values.data(), values.size()) == bytes.size() &&
           unpack_exact(bytes, values.size(), back, used) && used == bytes.size() && back == values;
}

bool codes(const signed_words& values) {
    const std::string bytes = code_integers(values);
    signed_words back;
    std::size_t used = 0;
    return gs::integers_bytes(values.data(), values.size()) == bytes.size() &&
           decode_exact(bytes, values.size(), back, used) && used == bytes.size() && back == values;
}

std::size_t below(std::size_t limit, std::mt19937_64& random) {
    return guild::detail::convert<std::size_t>(random() % limit);
}

// Numbers of `width` random bits above `base`, some of them anything.
packed_words random_words(std::mt19937_64& random, std::size_t count, unsigned width,
                          unsigned outliers) {
    const std::uint64_t mask = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
    const std::uint64_t base = random() >> (random() % 64);
    packed_words values(count);
    for (std::uint64_t& value : values) {
        value = base + (random() & mask);
        if (outliers != 0 && random() % outliers == 0) {
            value += random() >> (random() % 64);
        }
    }
    return values;
}

}  // namespace

TEST_CASE("packed: the bytes of a block with an exception, by hand") {
    const packed_words values = {1000, 1001, 1003, 1002, 1001, 1002, 1003, 1000, 5000};
    CHECK(guild::to_hex(pack(values)) ==
          "02"        // width 2
          "01"        // one exception
          "d00f"      // base 1000, zigzag 2000
          "b43900"    // 0 1 3 2 1 2 3 0 0
          "08d00f");  // value 8: high 1000, zigzag 2000; 1000 + 0 + (1000 << 2)
    CHECK(packs(values));
}

TEST_CASE("packed: an outlier below the others is an exception, too") {
    packed_words values(128, 1'000'000);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] += i % 4;
    }
    const std::size_t without = pack(values).size();
    values[77] = 3;
    CHECK(pack(values).size() <= without + 4);
    CHECK(packs(values));
}

TEST_CASE("packed: a block begins every 128 values") {
    packed_words values(128, 7);
    values.resize(256, std::uint64_t{1} << 40U);
    values.push_back(9);
    CHECK(guild::to_hex(pack(values)) == "00000e"  // 128 times 7
                                         "00008080808080"
                                         "40"        // 128 times 2^40
                                         "000012");  // 9
    CHECK(packs(values));
}

TEST_CASE("packed: nothing takes no bytes") {
    CHECK(pack({}).empty());
    CHECK(packs({}));
}

TEST_CASE("packed: numbers of every width come back, at every count") {
    constexpr unsigned seed = 20260401;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (unsigned width = 0; width <= 64; ++width) {
        for (const std::size_t count : {1U, 2U, 7U, 8U, 9U, 127U, 128U, 129U, 300U}) {
            CAPTURE(width);
            CAPTURE(count);
            REQUIRE(packs(random_words(random, count, width, 0)));
        }
    }
}

TEST_CASE("packed: random outliers of any size and side come back") {
    constexpr unsigned seed = 20260402;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 2000; ++round) {
        CAPTURE(round);
        const auto width = static_cast<unsigned>(random() % 65);
        const auto outliers = static_cast<unsigned>(1 + random() % 40);
        const std::size_t count = 1 + below(200, random);
        REQUIRE(packs(random_words(random, count, width, outliers)));
    }
}

TEST_CASE("packed: numbers at both ends of 64 bits come back") {
    constexpr std::uint64_t top = std::uint64_t{1} << 63U;
    CHECK(packs({0, ~std::uint64_t{0}}));
    CHECK(packs({top, top - 1}));
    CHECK(packs({top, 0, top - 1, ~std::uint64_t{0}, 1}));
    packed_words values(100, top);
    values[3] = top - 1;
    values[50] = 0;
    values[99] = ~std::uint64_t{0};
    CHECK(packs(values));
}

TEST_CASE("packed: bytes that are cut off are refused") {
    constexpr unsigned seed = 20260403;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 100; ++round) {
        const std::size_t count = 1 + below(140, random);
        const packed_words values =
            random_words(random, count, static_cast<unsigned>(random() % 65), 9);
        const std::string bytes = pack(values);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            CAPTURE(round);
            CAPTURE(size);
            packed_words back;
            std::size_t used = 0;
            REQUIRE_FALSE(
                unpack_exact(std::string_view(bytes).substr(0, size), values.size(), back, used));
        }
    }
}

TEST_CASE("packed: a width, an index or a base that cannot be is refused") {
    packed_words back;
    std::size_t used = 0;
    CHECK_FALSE(unpack_exact(std::string(1, 65) + std::string(40, '\0'), 2, back, used));
    CHECK_FALSE(unpack_exact(std::string("\x40\x01", 2) + std::string(40, '\0'), 2, back, used));
    CHECK_FALSE(unpack_exact(std::string_view("\0\x01\0\x02\0", 5), 2, back, used));
    CHECK_FALSE(unpack_exact(std::string("\0\0", 2) + std::string(11, '\xFF'), 2, back, used));
    CHECK(unpack_exact(std::string_view("\0\x01\0\x01\x02", 5), 2, back, used));
    CHECK(back == packed_words{0, 1});
}

TEST_CASE("integers: the bytes of each transform, by hand") {
    CHECK(guild::to_hex(code_integers({0, 3, 1, 2})) == "00"      // as they are
                                                        "020000"  // width 2, no exceptions, base 0
                                                        "9c");    // 0 3 1 2
    CHECK(guild::to_hex(code_integers({10, 20, 30, 41})) ==
          "01"                                                    // differences
          "14"                                                    // the first, 10
          "010014"                                                // width 1, no exceptions, base 10
          "04");                                                  // 0 0 1
    CHECK(guild::to_hex(code_integers({-1, -1, -1})) == "0201");  // all are -1
    CHECK(code_integers({}).empty());
}

TEST_CASE("integers: steps, times and limits come back") {
    using limits = std::numeric_limits<std::int64_t>;
    CHECK(codes({}));
    CHECK(codes({0}));
    CHECK(codes({limits::min(), limits::max(), limits::min(), -1, 0, 1, limits::max()}));
    CHECK(codes(signed_words(1000, limits::min())));
    signed_words steps;
    for (std::int64_t i = 0; i < 1000; ++i) {
        steps.push_back(i * 50 + 1);
    }
    CHECK(codes(steps));
    CHECK(code_integers(steps).size() < 40);
    constexpr unsigned seed = 20260404;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 500; ++round) {
        CAPTURE(round);
        signed_words times(1 + below(400, random), 1'700'000'000'000'000);
        for (std::size_t i = 1; i < times.size(); ++i) {
            times[i] = times[i - 1] + static_cast<std::int64_t>(random() % 1000) - 100;
        }
        REQUIRE(codes(times));
    }
}

TEST_CASE("integers: bytes that are cut off or of an unknown transform are refused") {
    signed_words back;
    std::size_t used = 0;
    for (const signed_words& values :
         {signed_words{5}, signed_words{1, 2, 30, 4}, signed_words{1, 1001, 2001, 3001}}) {
        const std::string bytes = code_integers(values);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            CHECK_FALSE(
                decode_exact(std::string_view(bytes).substr(0, size), values.size(), back, used));
        }
    }
    CHECK_FALSE(decode_exact(std::string_view("\x03\0\0\0\0\0\0", 7), 2, back, used));
}

TEST_CASE("integers: random bytes are read or refused, never past their end") {
    constexpr unsigned seed = 20260405;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes;
        for (std::size_t size = below(200, random); size > 0; --size) {
            bytes += static_cast<char>(random() % (round % 2 == 0 ? 256U : 70U));
        }
        const std::size_t count = below(300, random);
        packed_words back;
        signed_words signed_back;
        std::size_t used = 0;
        (void)unpack_exact(bytes, count, back, used);
        CHECK(used <= bytes.size());
        (void)decode_exact(bytes, count, signed_back, used);
        CHECK(used <= bytes.size());
    }
}

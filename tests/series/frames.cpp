#include <guild/series/frames.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <guild/base/bytes.hpp>

namespace gs = guild::series;

namespace {

gs::number real_bits(std::uint64_t bits) {
    return gs::number::from_bits(gs::number_kind::real, bits);
}

std::vector<gs::number> special_numbers() {
    using limits = std::numeric_limits<double>;
    using integers = std::numeric_limits<std::int64_t>;
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
            static_cast<double>(std::numeric_limits<float>::max()),
            static_cast<double>(std::numeric_limits<float>::denorm_min()),
            3.5e38,
            real_bits(0x7FF8000000000000U),  // the usual NaN
            real_bits(0xFFF8000000000000U),  // the same, negative
            real_bits(0x7FF8000000000001U),  // a payload that only a double has
            real_bits(0x7FF0000020000000U),  // signalling, and a float can hold it
            real_bits(0x7FF0000000000001U),  // signalling, and a float cannot
            real_bits(0xFFFFFFFFFFFFFFFFU),
            0,
            -1,
            integers::max(),
            integers::min(),
            std::numeric_limits<std::int32_t>::max(),
            std::numeric_limits<std::int32_t>::min(),
            std::int64_t{2147483648},
            (std::int64_t{1} << 53U) + 1};
}

}  // namespace

TEST_CASE("width: four bytes only when every bit comes back") {
    for (const gs::number& value : special_numbers()) {
        const gs::width form = gs::width_of(value);
        std::string bytes;
        gs::append_value(bytes, value, form);
        CHECK(bytes.size() == gs::bytes_of(form));
        CHECK(gs::load_value(bytes.data(), form) == value);
    }
    CHECK(gs::width_of(0.5) == gs::width::real4);
    CHECK(gs::width_of(0.1) == gs::width::real8);
    CHECK(gs::width_of(7) == gs::width::integer4);
    CHECK(gs::width_of(std::int64_t{1} << 31U) == gs::width::integer8);
    CHECK(gs::width_of(std::numeric_limits<double>::quiet_NaN()) == gs::width::real4);
    CHECK(gs::width_of(real_bits(0x7FF0000020000000U)) == gs::width::real4);
}

TEST_CASE("width: every float is kept in four bytes, and no double that is none") {
    std::uint32_t bits = 1;
    for (int i = 0; i < 300'000; ++i) {
        bits = bits * 1664525U + 1013904223U;
        const float shorter = guild::bits_float(bits);
        if (!(shorter == shorter)) {
            continue;
        }
        const double value = static_cast<double>(shorter);
        std::string bytes;
        gs::append_value(bytes, value, gs::width_of(value));
        REQUIRE(bytes.size() == 4);
        REQUIRE(gs::load_value(bytes.data(), gs::width::real4) == gs::number(value));
        const double longer = guild::bits_double(guild::double_bits(value) ^ 1U << (i % 29));
        REQUIRE(gs::width_of(longer) == gs::width::real8);
    }
}

TEST_CASE("frames: columns that change in any way are written anew") {
    gs::frame_encoder encoder;
    const std::vector<std::vector<gs::sample>> rows = {
        {{0, 1.0}, {1, 2}},   {{0, 1.5}, {1, 3}},    {{0, 0.1}, {1, 3}}, {{0, 0.1}, {2, 3}},
        {{0, 0.1}},           {{0, 0.1}, {2, 3}},    {{2, 3}, {0, 0.1}}, {{2, 3}, {0, 0.2}},
        {{2, 3.0}, {0, 0.2}}, {{0xFFFFFFFEU, -1.0}}, {{0, 0.5}}};
    for (const auto& row : rows) {
        encoder.add(1, 1, row.data(), row.size());
    }
    gs::frame_decoder frames(encoder.payload());
    const std::vector<bool> anew = {true, false, true, true, true, true,
                                    true, false, true, true, true};
    for (std::size_t row = 0; row < rows.size(); ++row) {
        REQUIRE(frames.next());
        CHECK(frames.has_new_columns() == anew[row]);
        REQUIRE(frames.columns().size() == rows[row].size());
        for (std::size_t i = 0; i < rows[row].size(); ++i) {
            CHECK(frames.columns()[i].id == rows[row][i].id);
            CHECK(frames.value(frames.columns()[i]) == rows[row][i].value);
        }
    }
    CHECK_FALSE(frames.next());
    CHECK_FALSE(frames.is_bad());
}

TEST_CASE("frames: the bytes of three of them, by hand") {
    gs::frame_encoder frames;
    const gs::sample first[] = {{0, 0.5}, {1, 3}};
    const gs::sample second[] = {{0, 0.25}, {1, 4}};
    const gs::sample third[] = {{1, std::int64_t{1} << 40U}};
    frames.add(10, 1000, first, 2);
    frames.add(11, 1500, second, 2);
    frames.add(9, 1499, third, 1);
    constexpr std::string_view wanted(
        "\x0A\0\0\0\0\0\0\0"      // step of the first frame
        "\xE8\x03\0\0\0\0\0\0"    // its time
        "\x03\0\0\0\x05\0\0\0"    // three frames, five points
        "\x00\x00\x02\x01\x07"    // +0, +0, two columns: 0*4+real4, 1*4+integer4
        "\0\0\0\x3F\x03\0\0\0"    // 0.5f, 3
        "\x02\xE8\x07\x00"        // +1, +500, columns as before
        "\0\0\x80\x3E\x04\0\0\0"  // 0.25f, 4
        "\x03\x01\x01\x06"        // -2, -1, one column: 1*4+integer8
        "\0\0\0\0\0\x01\0\0",     // 2^40
        61);
    CHECK(frames.payload() == wanted);
    CHECK(frames.frames() == 3);
    CHECK(frames.points() == 5);
}

TEST_CASE("frames: every special value, step and time comes back bit for bit") {
    using integers = std::numeric_limits<std::int64_t>;
    const std::int64_t moments[] = {0, 1, -1, integers::max(), integers::min(), 5, integers::max()};
    const std::vector<gs::number> values = special_numbers();
    gs::frame_encoder encoder;
    std::vector<gs::sample> row;
    for (const gs::number& value : values) {
        row.push_back({static_cast<std::uint32_t>(row.size() * 1000), value});
    }
    for (const std::int64_t moment : moments) {
        encoder.add(moment, moment / -2, row.data(), row.size());
        encoder.add(moment, moment, row.data(), 1);
    }
    gs::frame_decoder frames(encoder.payload());
    for (const std::int64_t moment : moments) {
        REQUIRE(frames.next());
        CHECK(frames.step() == moment);
        CHECK(frames.time_us() == moment / -2);
        REQUIRE(frames.columns().size() == row.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            CHECK(frames.columns()[i].id == row[i].id);
            CHECK(frames.value(frames.columns()[i]) == row[i].value);
        }
        REQUIRE(frames.next());
        CHECK(frames.columns().size() == 1);
        CHECK(frames.time_us() == moment);
    }
    CHECK_FALSE(frames.next());
    CHECK_FALSE(frames.is_bad());
}

TEST_CASE("frames: a cut or changed payload is read without harm") {
    gs::frame_encoder encoder;
    const gs::sample row[] = {{0, 0.5}, {1, 3}, {2, 0.1}};
    for (int step = 0; step < 5; ++step) {
        encoder.add(step, step, row, 3);
    }
    const std::string payload(encoder.payload());
    for (std::size_t size = 0; size < payload.size(); ++size) {
        gs::frame_decoder frames(std::string_view(payload).substr(0, size));
        std::size_t count = 0;
        while (frames.next()) {
            ++count;
        }
        CHECK(count < 5);
        CHECK(frames.is_bad());
    }
    for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
        std::string changed = payload;
        changed[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
        gs::frame_decoder frames(changed);
        std::size_t count = 0;
        while (frames.next()) {
            ++count;
        }
        CHECK(count <= 5);  // the checksum of the block is what makes such a change known
    }
}

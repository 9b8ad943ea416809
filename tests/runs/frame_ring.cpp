#include <guild/runs/frame_ring.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <guild/os/thread.hpp>

using namespace guild::runs;
using guild::series::sample;

TEST_CASE("frame ring: frames come out as they went in") {
    frame_ring ring(4);
    const sample values[] = {{7, 0.5}, {9, 3}};
    REQUIRE(ring.put(-1, 42, values, 2));
    frame out;
    REQUIRE(ring.take(out));
    CHECK(out.step == -1);
    CHECK(out.time_us == 42);
    REQUIRE(out.count == 2);
    CHECK(out.values[0].id == 7);
    CHECK(out.values[0].value == guild::series::number(0.5));
    CHECK(out.values[1].value == guild::series::number(3));
    CHECK_FALSE(ring.take(out));
}

TEST_CASE("frame ring: a full one refuses, and has room again after a take") {
    frame_ring ring(17);
    CHECK(ring.capacity() == 32);
    const sample value{1, 1.0};
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 32; ++i) {
            REQUIRE(ring.put(i, 0, &value, 1));
        }
        CHECK_FALSE(ring.put(32, 0, &value, 1));
        frame out;
        for (int i = 0; i < 32; ++i) {
            REQUIRE(ring.take(out));
            CHECK(out.step == i);
        }
    }
}

TEST_CASE("frame ring: frames of every size come out whole, and find room only as a whole") {
    frame_ring ring(32);
    sample values[frame::most_values];
    std::int64_t put = 0;
    std::int64_t taken = 0;
    const auto size_of = [](std::int64_t number) {
        return static_cast<std::size_t>(number * 7) % frame::most_values + 1;
    };
    for (int round = 0; round < 1000; ++round) {
        while (true) {
            for (std::size_t i = 0; i < size_of(put); ++i) {
                values[i] = {static_cast<std::uint32_t>(put), static_cast<std::int64_t>(i)};
                if (i % 3 == 1) {
                    values[i].value = static_cast<double>(i) + 0.5;
                }
            }
            if (!ring.put(put, -put, values, size_of(put))) {
                break;
            }
            ++put;
        }
        frame out;
        for (int i = 0; i < 1 + round % 4 && ring.take(out); ++i, ++taken) {
            REQUIRE(out.step == taken);
            REQUIRE(out.time_us == -taken);
            REQUIRE(out.count == size_of(taken));
            for (std::size_t k = 0; k < out.count; ++k) {
                REQUIRE(out.values[k].id == static_cast<std::uint32_t>(taken));
                REQUIRE(out.values[k].value.is_integer() == (k % 3 != 1));
                REQUIRE(out.values[k].value.as_double() ==
                        static_cast<double>(k) + (k % 3 == 1 ? 0.5 : 0.0));
            }
        }
    }
    CHECK(taken > 1000);
}

TEST_CASE("frame ring: four threads put, one takes, each in its own order") {
    constexpr int each = 20'000;
    frame_ring ring(256);
    std::vector<guild::os::thread> threads;
    for (std::uint32_t id = 0; id < 4; ++id) {
        auto started = guild::os::thread::start([&ring, id] {
            for (int i = 0; i < each; ++i) {
                const auto count = static_cast<std::size_t>(i) % frame::most_values + 1;
                const auto value = [&](std::size_t) noexcept { return sample{id, i}; };
                while (!ring.put(i, 0, count, value)) {
                }
            }
        });
        REQUIRE(started);
        threads.push_back(std::move(*started));
    }
    std::int64_t next[4] = {0, 0, 0, 0};
    bool in_order = true;
    frame out;
    for (int taken = 0; taken < 4 * each;) {
        if (!ring.take(out)) {
            continue;
        }
        ++taken;
        const std::uint32_t id = out.values[0].id;
        in_order = in_order && out.step == next[id]++ &&
                   out.count == static_cast<std::size_t>(out.step) % frame::most_values + 1;
        for (std::size_t i = 0; i < out.count; ++i) {
            in_order =
                in_order && out.values[i].id == id && out.values[i].value.as_int64() == out.step;
        }
    }
    CHECK(in_order);
    CHECK_FALSE(ring.take(out));
}

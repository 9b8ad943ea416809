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
    frame_ring ring(3);
    CHECK(ring.capacity() == 4);
    const sample value{1, 1.0};
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 4; ++i) {
            REQUIRE(ring.put(i, 0, &value, 1));
        }
        CHECK_FALSE(ring.put(4, 0, &value, 1));
        frame out;
        for (int i = 0; i < 4; ++i) {
            REQUIRE(ring.take(out));
            CHECK(out.step == i);
        }
    }
}

TEST_CASE("frame ring: four threads put, one takes, each in its own order") {
    constexpr int each = 20'000;
    frame_ring ring(256);
    std::vector<guild::os::thread> threads;
    for (std::uint32_t id = 0; id < 4; ++id) {
        auto started = guild::os::thread::start([&ring, id] {
            for (int i = 0; i < each; ++i) {
                const sample value{id, i};
                while (!ring.put(i, 0, &value, 1)) {
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
        if (ring.take(out)) {
            ++taken;
            in_order = in_order && out.step == next[out.values[0].id]++ &&
                       out.values[0].value.as_int64() == out.step;
        }
    }
    CHECK(in_order);
    CHECK_FALSE(ring.take(out));
}

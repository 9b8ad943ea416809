#include <guild/archive/limits.hpp>

#include <doctest/doctest.h>

#include <cstdint>

TEST_CASE("limits: bytes are free up to a border, then the ratio counts") {
    guild::archive::limits allowed;
    allowed.free_bytes = 1000;
    allowed.max_ratio = 10;
    allowed.max_total_bytes = 5000;
    CHECK(allowed.most_for(0) == 1000);
    CHECK(allowed.most_for(100) == 2000);
    CHECK(allowed.most_for(400) == 5000);
    CHECK(allowed.most_for(401) == 5000);
    CHECK(allowed.most_for(UINT64_MAX) == 5000);
    allowed.max_ratio = 0;
    CHECK(allowed.most_for(1) == 5000);
}

#include <guild/package/version_order.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

TEST_CASE("version order: a list from oldest to newest") {
    const std::string versions[] = {"",
                                    "0",
                                    "0.9",
                                    "0.10",
                                    "1~rc1",
                                    "1.0.dev3",
                                    "1.0.dev20",
                                    "1.0-alpha",
                                    "1.0-alpha1",
                                    "1.0a2",
                                    "1.0-alpha10",
                                    "1.0b1",
                                    "1.0-beta2",
                                    "1.0-pre1",
                                    "1.0-preview2",
                                    "1.0rc1",
                                    "1.0-rc.2",
                                    "1.0c3",
                                    "1.0",
                                    "1.0.0",
                                    "v1.0",
                                    "1.0+build",
                                    "1.0.post1",
                                    "1.0-1",
                                    "1.0-2",
                                    "1.0-10",
                                    "1.0.1",
                                    "1.0.2",
                                    "1.0.2a",
                                    "1.0.2b",
                                    "1.9",
                                    "1.10",
                                    "1.10.1",
                                    "2",
                                    "20170801",
                                    "99999999999999999999998",
                                    "99999999999999999999999"};
    const std::size_t count = sizeof(versions) / sizeof(versions[0]);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t k = 0; k < count; ++k) {
            CAPTURE(versions[i]);
            CAPTURE(versions[k]);
            const int order = guild::package::compare_versions(versions[i], versions[k]);
            CHECK((order < 0) == (i < k));
            CHECK((order > 0) == (i > k));
        }
    }
}

TEST_CASE("version order: what means the same is told apart as text alone") {
    using guild::package::compare_versions;
    CHECK(compare_versions("1.0", "1.0") == 0);
    CHECK(compare_versions("1", "1.0") < 0);
    CHECK(compare_versions("01", "1") < 0);
    CHECK(compare_versions("1.0a1", "1.0.alpha.1") != 0);
    CHECK(compare_versions("1.0.1", "1.00.1") != 0);
}

TEST_CASE("version order: is an order over every short text") {
    const std::string letters = "019.a~-r";
    std::string texts[585];
    std::size_t count = 0;
    texts[count++] = "";
    for (std::size_t from = 0, length = 1; length <= 3; ++length) {
        const std::size_t until = count;
        for (; from < until; ++from) {
            for (const char letter : letters) {
                texts[count++] = texts[from] + letter;
            }
        }
    }
    std::size_t broken = 0;
    for (std::size_t i = 0; i < count; i += 3) {
        for (std::size_t k = 0; k < count; k += 5) {
            const int order = guild::package::compare_versions(texts[i], texts[k]);
            broken += (order == 0) != (texts[i] == texts[k]) ? 1U : 0U;
            for (std::size_t m = 0; order < 0 && m < count; m += 7) {
                const bool is_between = guild::package::compare_versions(texts[k], texts[m]) < 0;
                broken += is_between && guild::package::compare_versions(texts[i], texts[m]) >= 0;
            }
        }
    }
    CHECK(broken == 0);
}

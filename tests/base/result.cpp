#include <guild/base/result.hpp>

#include <memory>
#include <string>

#include <doctest/doctest.h>

using namespace guild;

namespace {

result<int> half(int number) {
    if (number % 2 != 0) {
        return make_error(errc::bad_value, "expected an even number");
    }
    return number / 2;
}

result<std::string> quarter(int number) {
    auto first = half(number);
    if (!first) {
        return std::move(first).error();
    }
    auto second = half(*first);
    if (!second) {
        return std::move(second).error();
    }
    return std::to_string(*second);
}

}  // namespace

TEST_CASE("result: holds a value") {
    const auto got = half(8);
    REQUIRE(got);
    CHECK(*got == 4);
    CHECK(got.value() == 4);
}

TEST_CASE("result: an error passes through to the caller") {
    CHECK(*quarter(8) == "2");
    const auto got = quarter(6);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::bad_value);
    CHECK(got.error().message == "expected an even number");
}

#if defined(__cpp_exceptions)
TEST_CASE("result: value() of an error throws it, with its text") {
    const auto got = half(3);
    CHECK_THROWS_WITH_AS(static_cast<void>(got.value()), "expected an even number",
                         guild::exception);
    try {
        static_cast<void>(got.value());
    } catch (const guild::exception& thrown) {
        CHECK(thrown.error().code == errc::bad_value);
    }
}
#endif

TEST_CASE("result: value_or gives the fallback for an error alone") {
    CHECK(half(4).value_or(-1) == 2);
    CHECK(half(5).value_or(-1) == -1);
}

TEST_CASE("result: carries values that can only be moved") {
    result<std::unique_ptr<int>> got(std::make_unique<int>(7));
    REQUIRE(got);
    const std::unique_ptr<int> taken = *std::move(got);
    CHECK(*taken == 7);
}

TEST_CASE("result<void>: is success unless an error is given") {
    const result<void> good;
    CHECK(good);
    good.value();
    const result<void> bad = make_error(errc::no_space, "disk full");
    CHECK_FALSE(bad);
    CHECK(bad.error().code == errc::no_space);
#if defined(__cpp_exceptions)
    CHECK_THROWS_AS(bad.value(), guild::exception);
#endif
}

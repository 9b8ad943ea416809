// The one translation unit of a test program that carries doctest's implementation. It takes the
// locale of its environment, as a user's program may: what guild reads and writes must not change
// with it.
#define DOCTEST_CONFIG_IMPLEMENT
#include <clocale>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <doctest/doctest.h>

#include "support/allocations.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GUILD_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define GUILD_TEST_SANITIZED 1
#endif
#endif

namespace {

thread_local std::uint64_t allocation_count = 0;

}  // namespace

std::uint64_t guild_test::allocations() noexcept {
    return allocation_count;
}

#if !defined(GUILD_TEST_SANITIZED)
// Not taken in by callers, where the compiler would hold malloc against delete.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocation_count;
    if (void* got = std::malloc(size != 0 ? size : 1)) {
        return got;
    }
#if defined(__cpp_exceptions)
    throw std::bad_alloc();
#else
    std::abort();
#endif
}
[[gnu::noinline]] void operator delete(void* what) noexcept {
    std::free(what);
}
[[gnu::noinline]] void operator delete(void* what, std::size_t /*size*/) noexcept {
    std::free(what);
}
#endif

int main(int argc, char** argv) {
    if (std::setlocale(LC_ALL, "") == nullptr) {
        std::fprintf(stderr, "the locale of the environment is not installed\n");
        return 1;
    }
    return doctest::Context(argc, argv).run();
}

// tests/support/allocations.hpp - how often the calling thread asked operator new for memory.
// tests/main.cpp counts, except under sanitizers, which have an operator new of their own.
#pragma once

#include <cstdint>

namespace guild_test {

std::uint64_t allocations() noexcept;

}  // namespace guild_test

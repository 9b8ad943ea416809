// tests/bench/process_memory.hpp - counts allocations, and measures the memory of a whole process.
//
// Replaces operator new and delete: included by one source of a program.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <guild/os/file.hpp>
#include <guild/os/process.hpp>

namespace bench {

inline std::uint64_t allocations = 0;

/// The highest use of memory of this program started anew with `arguments`, which must end by
/// print_peak_memory(), in MiB; -1 when that failed.
inline double memory_of(const std::string& self, std::vector<std::string> arguments) {
    guild::os::process_options what;
    what.argv = std::move(arguments);
    what.argv.insert(what.argv.begin(), self);
    const auto ran = guild::os::run(what);
    return ran && ran->status.code == 0 ? std::atof(ran->out.c_str()) : -1;
}

/// Returns the exit status.
inline int print_peak_memory() {
    const std::string text = guild::os::load_file("/proc/self/status").value_or("");
    const std::size_t at = text.find("VmHWM:");
    if (at == std::string::npos) {
        return 1;
    }
    std::printf("%f\n", std::atof(text.c_str() + at + 6) / 1024);
    return 0;
}

}  // namespace bench

// Not taken in by callers, where the compiler would hold malloc against delete.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++bench::allocations;
    if (void* got = std::malloc(size != 0 ? size : 1)) {
        return got;
    }
    std::abort();
}
[[gnu::noinline]] void operator delete(void* what) noexcept {
    std::free(what);
}
[[gnu::noinline]] void operator delete(void* what, std::size_t /*size*/) noexcept {
    std::free(what);
}

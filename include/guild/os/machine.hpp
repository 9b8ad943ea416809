// guild/os/machine.hpp - what a machine is: its boot, processors, memory.
//
// Layer 2. Includes: os/proc.hpp, os/proc_file.hpp, POSIX.
// Not here: what it is doing (os/stats.hpp), its GPUs (os/gpu.hpp).
#pragma once

#include <guild/base/text.hpp>
#include <guild/config.hpp>
#include <guild/os/proc.hpp>
#include <guild/os/proc_file.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/utsname.h>
#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// The identity of this boot of the machine; empty where the system has none.
[[nodiscard]] std::string read_boot_id();

/// The inode of this process's pid namespace: numbers of processes mean something within one.
[[nodiscard]] std::optional<std::uint64_t> pid_namespace_inode();

/// "AMD EPYC 9354"; the kind of machine ("aarch64") where the processor has no name.
[[nodiscard]] std::string cpu_model();

/// Processors that are on.
[[nodiscard]] int cpu_count() noexcept;

/// units    bytes; 0 where unknown
[[nodiscard]] std::uint64_t memory_total_bytes();

// ---- implementation ---------------------------------------------------------

inline std::string read_boot_id() {
    const std::optional<std::string> text = read_proc("/proc/sys/kernel/random/boot_id");
    return text ? std::string(trim(*text)) : std::string();
}

inline std::optional<std::uint64_t> pid_namespace_inode() {
    char target[64];
    const ssize_t size = ::readlink("/proc/self/ns/pid", target, sizeof target);
    if (size <= 0) {
        return std::nullopt;
    }
    return parse_namespace_link(
        std::string_view(target, guild::detail::convert<std::size_t>(size)));
}

inline std::string cpu_model() {
    const std::optional<std::string> text = read_proc("/proc/cpuinfo");
    std::string name = text ? parse_cpu_model(*text) : std::string();
    struct ::utsname system{};
    if (name.empty() && ::uname(&system) == 0) {
        name = system.machine;
    }
    return name;
}

inline int cpu_count() noexcept {
    const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? static_cast<int>(count) : 1;
}

inline std::uint64_t memory_total_bytes() {
    const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES);
    const std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0
               ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes)
               : 0;
}

}}}  // namespace guild::os

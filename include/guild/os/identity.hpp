// guild/os/identity.hpp - who is writing: this process's number and the name of its machine.
//
// Layer 2. Includes: the standard library and POSIX.
// Not here: statistics of processes and machines (os/stats.hpp).
#pragma once

#include <string>

#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// The number of the calling process; another one in a child after fork.
///
/// example  tests/os/identity.cpp "process_id: is the number that the system shows"
[[nodiscard]] int process_id() noexcept;

/// The name of the machine, as `hostname` prints it; "localhost" if the system has none.
///
/// example  tests/os/identity.cpp "node_name: is never empty and holds no slash"
[[nodiscard]] std::string node_name();

// ---- implementation ---------------------------------------------------------

inline int process_id() noexcept {
    return ::getpid();
}

inline std::string node_name() {
    char buffer[256] = {};
    if (::gethostname(buffer, sizeof buffer - 1) != 0 || buffer[0] == '\0') {
        return "localhost";
    }
    return buffer;
}

}}}  // namespace guild::os

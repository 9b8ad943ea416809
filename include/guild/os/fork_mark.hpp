// guild/os/fork_mark.hpp - tells the process that made an object from a child that inherited it
// through fork.
//
// Layer 2. Includes: the standard library and POSIX.
// Not here: starting programs (os/process.hpp).
#pragma once

#include <cstddef>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// True in the process that made it, false in its forked children, without a system call.
///
/// cost     one page; one load a question. Where the kernel cannot wipe a page on fork (before
///          Linux 4.14, other systems) a question costs getpid()
/// threads  any
/// example  tests/os/fork_mark.cpp "fork_mark: is false in a child"
class fork_mark {
public:
    fork_mark() noexcept;
    fork_mark(const fork_mark&) = delete;
    fork_mark& operator=(const fork_mark&) = delete;
    ~fork_mark();

    [[nodiscard]] bool is_original() const noexcept {
        return page_ != nullptr ? *page_ != 0 : ::getpid() == pid_;
    }

private:
    static constexpr std::size_t page_bytes = 4096;

    const volatile unsigned char* page_ = nullptr;
    void* mapping_ = nullptr;
    pid_t pid_ = 0;
};

// ---- implementation ---------------------------------------------------------

inline fork_mark::fork_mark() noexcept : pid_(::getpid()) {
#if defined(MADV_WIPEONFORK)
    void* page =
        ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {  // NOLINT: the macro is a C cast
        return;
    }
    if (::madvise(page, page_bytes, MADV_WIPEONFORK) != 0) {
        ::munmap(page, page_bytes);
        return;
    }
    auto* byte = static_cast<unsigned char*>(page);
    *byte = 1;
    page_ = byte;
    mapping_ = page;
#endif
}

inline fork_mark::~fork_mark() {
    if (mapping_ != nullptr) {
        ::munmap(mapping_, page_bytes);
    }
}

}}}  // namespace guild::os

// guild/os/temporary.hpp - something on disk that goes with its object unless it is kept.
//
// Layer 2. Includes: os/directory.hpp.
// Not here: replacing a file by a text that is in memory (os/file.hpp, save_file()).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <guild/os/directory.hpp>

namespace guild { inline namespace v0 { namespace os {

/// What is removed: everything at the path, or only a directory with nothing in it.
enum class removal : std::uint8_t { all, empty_directory };

/// Removes a path when it is destroyed, unless keep() was called. Moved, not copied.
///
/// example  tests/os/temporary.cpp "temporary: is gone with its object, unless it was kept"
class temporary {
public:
    temporary() = default;
    explicit temporary(std::string path, removal what = removal::all)
        : path_(std::move(path)), what_(what), is_held_(true) {}
    temporary(temporary&& other) noexcept
        : path_(std::move(other.path_)), what_(other.what_),
          is_held_(std::exchange(other.is_held_, false)) {}
    temporary& operator=(temporary&& other) noexcept {
        temporary moved(std::move(other));
        path_.swap(moved.path_);
        std::swap(what_, moved.what_);
        std::swap(is_held_, moved.is_held_);
        return *this;
    }
    temporary(const temporary&) = delete;
    temporary& operator=(const temporary&) = delete;
    ~temporary() { remove(); }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// Leaves it where it is, for ever.
    void keep() noexcept { is_held_ = false; }

    /// Removes it now.
    void remove() {
        if (std::exchange(is_held_, false)) {
            if (what_ == removal::all) {
                (void)remove_tree(path_);
            } else {
                remove_empty_directory(path_);
            }
        }
    }

private:
    std::string path_;
    removal what_ = removal::all;
    bool is_held_ = false;
};

// ---- implementation ---------------------------------------------------------

}}}  // namespace guild::os

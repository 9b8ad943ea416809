// tests/support/temp_dir.hpp - a directory of its own for one test case, removed with the object.
#pragma once

#include <string>

#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>

#include <doctest/doctest.h>

namespace guild_test {

class temp_dir {
public:
    temp_dir() {
        auto made = guild::os::make_temp_directory("guild-test-");
        REQUIRE(made);
        path_ = *made;
    }
    temp_dir(const temp_dir&) = delete;
    temp_dir& operator=(const temp_dir&) = delete;
    ~temp_dir() { (void)guild::os::remove_tree(path_); }

    [[nodiscard]] const std::string& path() const { return path_; }

    /// The path of `name` in this directory.
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return guild::join_path(path_, name);
    }

    /// Writes a file in this directory, makes the directories above it, and returns its path.
    [[nodiscard]] std::string write(const std::string& name, const std::string& content) const {
        const std::string path = *this / name;
        REQUIRE(guild::os::make_directories(guild::parent_path(path)));
        REQUIRE(guild::os::save_file(path, content));
        return path;
    }

private:
    std::string path_;
};

}  // namespace guild_test

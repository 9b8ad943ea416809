#include <guild/os/proc_file.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <unistd.h>

#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

TEST_CASE("read_proc: a file without a size is read whole") {
    const auto text = guild::os::read_proc("/proc/self/stat");
    REQUIRE(text.has_value());
    CHECK(text->find(std::to_string(::getpid()) + " (") == 0);
    CHECK(text->back() == '\n');
    CHECK_FALSE(guild::os::read_proc("/proc/no/such/file").has_value());
}

TEST_CASE("list_pids: this process is among them") {
    const std::vector<int> pids = guild::os::list_pids("/proc");
    CHECK(std::find(pids.begin(), pids.end(), ::getpid()) != pids.end());
    CHECK(guild::os::list_pids("/proc/no/such/directory").empty());
}

TEST_CASE("list_names: sorted, without the directory and the one above") {
    const guild_test::temp_dir dir;
    (void)dir.write("b", "");
    (void)dir.write("a/c", "");
    CHECK(guild::os::list_names(dir.path()) == std::vector<std::string>{"a", "b"});
    CHECK(guild::os::list_names(dir / "none").empty());
}

TEST_CASE("read_number: a file that holds one number, and nothing else") {
    const guild_test::temp_dir dir;
    CHECK(guild::os::read_number(dir.write("n", " 12\n")) == std::uint64_t{12});
    for (const char* text : {"", "max\n", "1 2\n", "-1\n", "99999999999999999999\n"}) {
        CAPTURE(text);
        CHECK_FALSE(guild::os::read_number(dir.write("n", text)).has_value());
    }
    CHECK_FALSE(guild::os::read_number(dir / "none").has_value());
}

#include <guild/os/proc_file.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <unistd.h>

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

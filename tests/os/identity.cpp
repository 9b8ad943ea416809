#include <guild/os/identity.hpp>

#include <string>

#include <doctest/doctest.h>

#include <guild/os/file.hpp>

namespace os = guild::os;

TEST_CASE("process_id: is the number that the system shows") {
    CHECK(os::process_id() > 0);
    const auto stat = os::load_file("/proc/self/stat");
    if (!stat) {
        MESSAGE("no /proc here: nothing to compare with");
        return;
    }
    CHECK(stat->substr(0, stat->find(' ')) == std::to_string(os::process_id()));
}

TEST_CASE("node_name: is never empty and holds no slash") {
    const std::string name = os::node_name();
    CHECK_FALSE(name.empty());
    CHECK(name.find('/') == std::string::npos);
    CHECK(name.find('\0') == std::string::npos);
}

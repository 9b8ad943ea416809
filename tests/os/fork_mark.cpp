#include <guild/os/fork_mark.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

TEST_CASE("fork_mark: is false in a child") {
    const guild::os::fork_mark mark;
    CHECK(mark.is_original());
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const guild::os::fork_mark own;
        ::_exit((mark.is_original() ? 1 : 0) + (own.is_original() ? 0 : 2));
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(mark.is_original());
}

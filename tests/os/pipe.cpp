#include <guild/os/pipe.hpp>

#include <string>

#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <support/child_program.hpp>

#include <doctest/doctest.h>

TEST_CASE("make_pipe: what is written at one end is read at the other") {
    auto pipe = guild::os::make_pipe();
    REQUIRE(pipe.has_value());
    CHECK(write(pipe->write.get(), "abc", 3) == 3);
    pipe->write.reset();
    char bytes[8] = {};
    CHECK(read(pipe->read.get(), bytes, sizeof bytes) == 3);
    CHECK(std::string(bytes) == "abc");
    CHECK(read(pipe->read.get(), bytes, sizeof bytes) == 0);
}

TEST_CASE("make_pipe: the ends stand above the standard descriptors") {
    const int code = guild_test::run_in_copy([] {
        close(0);
        close(1);
        close(2);
        const auto pipe = guild::os::make_pipe();
        if (!pipe || pipe->read.get() < 3 || pipe->write.get() < 3) {
            return 1;
        }
        return fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 ? 0 : 2;
    });
    CHECK(code == 0);
}

TEST_CASE("make_pipe: both ends are closed on exec") {
    const auto pipe = guild::os::make_pipe();
    REQUIRE(pipe.has_value());
    CHECK((fcntl(pipe->read.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((fcntl(pipe->write.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("make_pipe: no descriptors left is a result") {
    const int code = guild_test::run_in_copy([] {
        rlimit none{};
        none.rlim_cur = none.rlim_max = 0;
        setrlimit(RLIMIT_NOFILE, &none);
        const auto pipe = guild::os::make_pipe();
        return !pipe && pipe.error().code == guild::errc::resource_exhausted ? 0 : 1;
    });
    CHECK(code == 0);
}

TEST_CASE("descriptor: has one owner and closes at its end") {
    int fd = -1;
    {
        guild::os::descriptor first(open("/dev/null", O_RDONLY | O_CLOEXEC));
        fd = first.get();
        REQUIRE(first.is_open());
        guild::os::descriptor second(std::move(first));
        CHECK(second.get() == fd);
        guild::os::descriptor third;
        third = std::move(second);
        CHECK(fcntl(fd, F_GETFD) >= 0);
        CHECK(third.get() == fd);
    }
    CHECK(fcntl(fd, F_GETFD) < 0);
}

TEST_CASE("set_nonblocking: an empty pipe answers at once") {
    const auto pipe = guild::os::make_pipe();
    REQUIRE(pipe.has_value());
    guild::os::set_nonblocking(pipe->read.get());
    char byte = 0;
    CHECK(read(pipe->read.get(), &byte, 1) == -1);
    CHECK(errno == EAGAIN);
}

#include <guild/os/terminal.hpp>

#include <string>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace os = guild::os;

TEST_CASE("open_terminal: the slave is a terminal of that size") {
    auto ends = os::open_terminal({50, 132});
    REQUIRE(ends);
    CHECK(isatty(ends->slave.get()) == 1);
    CHECK(ends->master.get() > 2);
    CHECK(ends->slave.get() > 2);
    CHECK(fcntl(ends->master.get(), F_GETFD) == FD_CLOEXEC);
    CHECK(fcntl(ends->slave.get(), F_GETFD) == FD_CLOEXEC);
    const os::terminal_size size = os::size_of_terminal(ends->slave.get());
    CHECK(size.rows == 50);
    CHECK(size.columns == 132);
}

TEST_CASE("open_terminal: line feeds come without carriage returns") {
    auto ends = os::open_terminal({});
    REQUIRE(ends);
    REQUIRE(write(ends->slave.get(), "a\nb\n", 4) == 4);
    char text[16] = {};
    CHECK(read(ends->master.get(), text, sizeof text) == 4);
    CHECK(std::string(text) == "a\nb\n");
}

TEST_CASE("resize_terminal: changes the window, and is refused by what is no terminal") {
    auto ends = os::open_terminal({});
    REQUIRE(ends);
    REQUIRE(os::resize_terminal(ends->master.get(), {10, 20}));
    CHECK(os::size_of_terminal(ends->slave.get()).columns == 20);
    const os::descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
    CHECK(os::resize_terminal(null.get(), {10, 20}).error().code == guild::errc::bad_value);
    CHECK(os::size_of_terminal(null.get(), {7, 8}).rows == 7);
}

TEST_CASE("terminal_settings: are put back with the object") {
    auto ends = os::open_terminal({});
    REQUIRE(ends);
    struct termios settings{};
    REQUIRE(tcgetattr(ends->slave.get(), &settings) == 0);
    const tcflag_t before = settings.c_lflag;
    {
        const os::terminal_settings kept(ends->slave.get());
        settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
        REQUIRE(tcsetattr(ends->slave.get(), TCSANOW, &settings) == 0);
        REQUIRE(tcgetattr(ends->slave.get(), &settings) == 0);
        CHECK(settings.c_lflag != before);
    }
    REQUIRE(tcgetattr(ends->slave.get(), &settings) == 0);
    CHECK(settings.c_lflag == before);
    const os::terminal_settings nothing(-1);  // no terminal: no harm
}

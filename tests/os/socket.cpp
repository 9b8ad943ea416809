#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include <guild/os/file.hpp>
#include <guild/os/socket.hpp>

#include "support/temp_dir.hpp"

using namespace guild;

TEST_CASE("loopback addresses: 127.0.0.0/8 and ::1, nothing else") {
    CHECK(os::is_loopback_address("127.0.0.1"));
    CHECK(os::is_loopback_address("127.9.8.7"));
    CHECK(os::is_loopback_address("::1"));
    CHECK_FALSE(os::is_loopback_address("0.0.0.0"));
    CHECK_FALSE(os::is_loopback_address("128.0.0.1"));
    CHECK_FALSE(os::is_loopback_address("::"));
    CHECK_FALSE(os::is_loopback_address("localhost"));
}

TEST_CASE("listen_at: a taken port is told from other failures") {
    const auto first = os::listen_at("127.0.0.1", 0);
    REQUIRE(first);
    CHECK(first->port > 0);
    const auto second = os::listen_at("127.0.0.1", first->port);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == errc::address_in_use);
    const auto name = os::listen_at("example.org", 0);
    REQUIRE_FALSE(name);
    CHECK(name.error().code == errc::bad_value);
    const auto foreign = os::listen_at("192.0.2.1", 0);  // an address reserved for documentation
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().code == errc::bad_value);
}

TEST_CASE("connect_to: a port without a listener is refused") {
    int port = 0;
    {
        const auto gone = os::listen_at("127.0.0.1", 0);
        REQUIRE(gone);
        port = gone->port;
    }
    const auto refused = os::connect_to("127.0.0.1", port);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::not_found);
}

TEST_CASE("sockets: bytes go both ways") {
    const auto listener = os::listen_at("127.0.0.1", 0);
    REQUIRE(listener);
    CHECK_FALSE(os::accept_connection(listener->socket.get()).is_open());
    const auto client = os::connect_to("127.0.0.1", listener->port);
    REQUIRE(client);
    std::vector<os::poll_item> items{{listener->socket.get(), false, false}};
    os::wait_for_any(items, 2000);
    CHECK(items[0].is_ready);
    const os::tcp_socket server = os::accept_connection(listener->socket.get());
    REQUIRE(server.is_open());

    char buffer[16] = {};
    CHECK(os::receive(server.get(), buffer, sizeof(buffer)) == -EAGAIN);
    CHECK(os::send(client->get(), "ping") == 4);
    items = {{server.get(), false, false}};
    os::wait_for_any(items, 2000);
    REQUIRE(os::receive(server.get(), buffer, sizeof(buffer)) == 4);
    CHECK(std::string(buffer, 4) == "ping");
    CHECK(os::send(server.get(), "pong") == 4);
    REQUIRE(os::receive(client->get(), buffer, sizeof(buffer)) == 4);
    CHECK(std::string(buffer, 4) == "pong");
}

TEST_CASE("send: a peer that has gone is an error number, not a signal") {
    const auto listener = os::listen_at("127.0.0.1", 0);
    REQUIRE(listener);
    auto client = os::connect_to("127.0.0.1", listener->port);
    REQUIRE(client);
    std::vector<os::poll_item> items{{listener->socket.get(), false, false}};
    os::wait_for_any(items, 2000);
    os::tcp_socket server = os::accept_connection(listener->socket.get());
    REQUIRE(server.is_open());
    server.reset();
    std::int64_t sent = 0;
    for (int i = 0; i < 100 && sent >= 0; ++i) {
        sent = os::send(client->get(), "x");
    }
    CHECK((sent == -EPIPE || sent == -ECONNRESET));
}

TEST_CASE("listen_at_path: a client of this user is served") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "socket";
    const auto listener = os::listen_at_path(path);
    REQUIRE(listener);
    CHECK(os::find_status(path)->mode == 0600);
    const auto client = os::connect_to_path(path);
    REQUIRE(client);
    std::vector<os::poll_item> items{{listener->get(), false, false}};
    os::wait_for_any(items, 2000);
    CHECK(os::accept_connection(listener->get()).is_open());
}

TEST_CASE("listen_at_path: a socket that nobody serves is replaced") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "socket";
    {
        REQUIRE(os::listen_at_path(path));
    }
    CHECK(os::find_status(path));
    const auto again = os::listen_at_path(path);
    REQUIRE(again);
    const auto third = os::listen_at_path(path);
    REQUIRE_FALSE(third);
    CHECK(third.error().code == errc::address_in_use);
}

TEST_CASE("listen_at_path: a file in the way stays, and paths have a length") {
    const guild_test::temp_dir dir;
    (void)dir.write("file", "x");
    const auto over_file = os::listen_at_path(dir / "file");
    REQUIRE_FALSE(over_file);
    CHECK(over_file.error().code == errc::address_in_use);
    CHECK(*os::load_file(dir / "file") == "x");
    CHECK(os::listen_at_path("").error().code == errc::bad_value);
    CHECK(os::listen_at_path(dir / std::string(200, 'x')).error().code == errc::bad_value);
    CHECK(os::listen_at_path(dir / "none/socket").error().code == errc::not_found);
    CHECK(os::connect_to_path(dir / "none").error().code == errc::not_found);
}

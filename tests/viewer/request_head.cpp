#include <doctest/doctest.h>

#include <string>

#include <guild/viewer/request_head.hpp>

using namespace guild;

TEST_CASE("heads: a request that could smuggle another is refused") {
    const std::string line = "GET / HTTP/1.1\r\n";
    const std::string host = "Host: localhost\r\n";
    CHECK(viewer::parse_head(line + host).refusal == 0);
    CHECK(viewer::parse_head(line + host + "Content-Length: 0\r\n").refusal == 0);
    CHECK(viewer::parse_head(line + host + "Content-Length: 5\r\n").refusal == 413);
    for (const char* bad :
         {"Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\nContent-Length: 0\r\n",
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding : chunked\r\n",
          " folded: x\r\n", "No-Colon\r\n", ": no name\r\n", "Bad Name: x\r\n", "X: a\nY: b\r\n",
          "X: a\rb\r\n", "X: a\n\r\n", "X: \na\r\n", "X: a\r\r\n"}) {
        INFO(bad);
        CHECK(viewer::parse_head(line + host + bad).refusal == 400);
    }
    CHECK(viewer::parse_head(line + host + std::string("X: a\0b\r\n", 8)).refusal == 400);
    for (const char* first :
         {"GET /\r\n", "GET  / HTTP/1.1\r\n", "GET / HTTP/2.0\r\n", "GET / HTTP/1.1 x\r\n",
          "G@T / HTTP/1.1\r\n", "GET /\x1B[31m HTTP/1.1\r\n", "GET /\nGET HTTP/1.1\r\n", "\r\n",
          "GET / HTTP/1.1", ""}) {
        INFO(first);
        CHECK(viewer::parse_head(first).refusal == 400);
    }
}

TEST_CASE("heads: method, target, headers and keep-alive") {
    const viewer::parsed_head head =
        viewer::parse_head("GET /a?b HTTP/1.1\r\nHost:  h \r\nX-Y: \t z\r\n");
    CHECK(head.refusal == 0);
    CHECK(head.what.method == "GET");
    CHECK(head.what.target == "/a?b");
    CHECK(head.what.find_header("host") == "h");
    CHECK(head.what.find_header("x-y") == "z");
    CHECK(head.keep_alive);
    CHECK_FALSE(viewer::parse_head("GET / HTTP/1.0\r\nHost: h\r\n").keep_alive);
    CHECK_FALSE(viewer::parse_head("GET / HTTP/1.1\r\nConnection: Close\r\n").keep_alive);
}

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include <guild/viewer/protocol.hpp>

#include "support/temp_dir.hpp"

using namespace guild;

namespace {

viewer::sendable format_sample(const std::string& method, viewer::response answer,
                               bool keep = true) {
    viewer::parsed_head head;
    head.what.method = method;
    head.what.target = "/x";
    head.keep_alive = keep;
    const auto by = viewer::make_protocol();
    return viewer::format_answer(*by, head, std::move(answer));
}

viewer::response sample_answer() {
    viewer::response out;
    out.content_type = "text/plain";
    out.body = "hello";
    out.headers.emplace_back("X-One", "1");
    return out;
}

}  // namespace

TEST_CASE("protocol: an answer has its length, HEAD too") {
    const std::string get = format_sample("GET", sample_answer()).bytes;
    const std::string head = format_sample("HEAD", sample_answer()).bytes;
    CHECK(starts_with(get, "HTTP/1.1 200 OK\r\n"));
    CHECK(contains(get, "Content-Length: 5\r\n"));
    CHECK(contains(get, "X-One: 1\r\n"));
    CHECK(get == head + "hello");
    CHECK(contains(format_sample("GET", sample_answer(), false).bytes, "Connection: close\r\n"));
}

TEST_CASE("protocol: a file's length is told and its bytes are left to the caller") {
    const guild_test::temp_dir dir;
    auto file = os::open_file(dir.write("f", "0123456789"), os::open_mode::read);
    REQUIRE(file);
    viewer::response answer = sample_answer();
    answer.body.clear();
    answer.file = viewer::file_part{std::make_shared<os::file>(std::move(*file)), 2, 5};
    const viewer::sendable get = format_sample("GET", answer);
    const viewer::sendable head = format_sample("HEAD", answer);
    CHECK(contains(get.bytes, "Content-Length: 5\r\n"));
    CHECK(contains(get.bytes, "Content-Type: text/plain\r\n"));
    CHECK(ends_with(get.bytes, "\r\n\r\n"));
    REQUIRE(get.file);
    CHECK(get.file->offset == 2);
    CHECK(head.bytes == get.bytes);
    CHECK_FALSE(head.file);
    answer.file->size = 0;
    CHECK(contains(format_sample("GET", answer).bytes, "Content-Length: 0\r\n"));
}

TEST_CASE("protocol: a large body has the headers of a small one, and follows them whole") {
    viewer::response answer = sample_answer();
    answer.body = std::string(100'000, 'x') + "end";
    const std::string get = format_sample("GET", answer).bytes;
    const std::string head = format_sample("HEAD", answer).bytes;
    CHECK(contains(head, "Content-Length: 100003\r\n"));
    CHECK(get == head + answer.body);
    answer.body.resize(10);
    const std::string small = format_sample("HEAD", answer).bytes;
    const std::size_t at = head.find("100003");
    REQUIRE(at != std::string::npos);
    CHECK(small == std::string(head).replace(at, 6, "10"));
}

TEST_CASE("protocol: a status without a body has none") {
    viewer::response answer;
    answer.status = 304;
    answer.headers.emplace_back("ETag", "\"x\"");
    const std::string bytes = format_sample("GET", answer).bytes;
    CHECK(starts_with(bytes, "HTTP/1.1 304 "));
    CHECK(ends_with(bytes, "\r\n\r\n"));
}

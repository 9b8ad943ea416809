#include <guild/runs/output_buffer.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace guild::runs;

namespace {

// What is there for one reader, without waiting: "out:abc gap5 (message)".
template <class Next>
std::string take_all(Next&& next) {
    std::string text;
    while (const auto item = next()) {
        text += text.empty() ? "" : " ";
        text += item->dropped_bytes > 0 ? "gap" + std::to_string(item->dropped_bytes) + " " : "";
        text += item->message.empty() ? "" : "(" + item->message + ")";
        text += item->chunk ? item->chunk->bytes : "";
    }
    return text;
}

std::string stored_bytes(output_buffer& buffer) {
    return take_all([&] { return buffer.next_to_store(0); });
}

std::string shown(output_buffer& buffer) {
    buffer.close_messages();
    return take_all([&] { return buffer.next_to_echo(); });
}

}  // namespace

TEST_CASE("output buffer: both readers get every piece, messages only the echo") {
    output_buffer buffer;
    buffer.push(output_stream::out, 1, "one");
    buffer.add_message("hello");
    buffer.push(output_stream::err, 2, "two");
    CHECK_FALSE(buffer.is_stored());
    buffer.close();
    CHECK(stored_bytes(buffer) == "one two");
    CHECK(buffer.is_stored());
    CHECK(shown(buffer) == "one (hello) two");
}

TEST_CASE("output buffer: full, it drops what waits to be shown and keeps what is stored") {
    output_buffer buffer(4096);
    for (int i = 0; i < 10; ++i) {
        buffer.push(output_stream::out, i, std::string(1, static_cast<char>('a' + i)));
    }
    CHECK(stored_bytes(buffer) == "a b c d e f g h i j");
    // Each piece counts 256 bytes more and stands in both queues: the ninth no longer fitted.
    for (int i = 0; i < 10; ++i) {
        buffer.push(output_stream::out, i, std::string(1, static_cast<char>('k' + i)));
        CHECK(stored_bytes(buffer) == std::string(1, static_cast<char>('k' + i)));
    }
    CHECK(shown(buffer) == "gap8 i j k l m n o p q r s t");
}

TEST_CASE("output buffer: full of what is to be stored, it drops and counts what comes next") {
    output_buffer buffer(4096);
    const std::string piece(1000, 'x');
    for (int i = 0; i < 10; ++i) {
        buffer.push(output_stream::out, i, piece);
    }
    std::uint64_t bytes = 0;
    std::uint64_t lost = 0;
    while (const auto item = buffer.next_to_store(0)) {
        bytes += item->chunk ? item->chunk->bytes.size() : 0;
        lost += item->dropped_bytes;
    }
    CHECK(bytes == 3000);
    CHECK(lost == 7000);
    buffer.push(output_stream::out, 11, "again");
    CHECK(stored_bytes(buffer) == "again");
}

TEST_CASE("output buffer: a stuck disk does not silence the terminal") {
    output_buffer buffer(64000);
    for (int i = 0; i < 100; ++i) {
        buffer.push(output_stream::out, i, std::string(1000, 'x'));
    }
    buffer.push(output_stream::out, 200, "late");
    buffer.close();
    const std::string text = shown(buffer);
    CHECK(text.substr(text.size() - 4) == "late");
    CHECK(text.find("gap") != std::string::npos);
}

TEST_CASE("output buffer: messages survive when output is dropped") {
    output_buffer buffer(1000);
    buffer.push(output_stream::out, 1, "1234");
    buffer.add_message("note");
    buffer.push(output_stream::out, 2, std::string(400, 'y'));
    CHECK(shown(buffer).substr(0, 11) == "gap4 (note)");
}

TEST_CASE("output buffer: a stopped echo shows messages alone and fills no memory") {
    output_buffer buffer(4096);
    buffer.stop_echo();
    for (int i = 0; i < 100; ++i) {
        buffer.push(output_stream::out, i, "0123456789");
        CHECK(stored_bytes(buffer) == "0123456789");
    }
    buffer.add_message("note");
    CHECK(shown(buffer) == "(note)");
}

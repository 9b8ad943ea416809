#include <guild/package/filter.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/programs.hpp"
#include "support/temp_dir.hpp"

namespace {

namespace filter_package = guild::package;
using filter_package::compression;

std::string read_expanded(const std::string& path) {
    auto opened = filter_package::expanded_file::open(path);
    if (!opened) {
        return "error: " + to_string(opened.error());
    }
    std::string all;
    std::string piece(10'000, '\0');
    while (true) {
        const auto got = opened->read(&piece[0], piece.size());
        if (!got) {
            return "error: " + to_string(got.error());
        }
        if (*got == 0) {
            return all;
        }
        all.append(piece, 0, *got);
    }
}

std::string random_text(std::size_t size) {
    std::string text;
    for (std::uint32_t state = 1; text.size() < size;) {
        state = state * 1664525U + 1013904223U;
        text += static_cast<char>('a' + static_cast<int>(state >> 28U));
    }
    return text;
}

}  // namespace

TEST_CASE("detect_compression: the first bytes decide") {
    using filter_package::detect_compression;
    CHECK(*detect_compression("\x1F\x8B\x08") == compression::gzip);
    CHECK(*detect_compression(std::string_view("\xFD"
                                               "7zXZ\0",
                                               6)) == compression::xz);
    CHECK(*detect_compression("\x28\xB5\x2F\xFD") == compression::zstd);
    CHECK(*detect_compression("BZh9") == compression::bzip2);
    CHECK(*detect_compression("./") == compression::none);
    CHECK(*detect_compression("") == compression::none);
    const auto zip = detect_compression("PK\x03\x04");
    CHECK(zip.error().code == guild::errc::unsupported);
    CHECK(zip.error().message.find("a zip file") != std::string::npos);
    CHECK_FALSE(detect_compression("7z\xBC\xAF\x27\x1C"));
    CHECK_FALSE(detect_compression("Rar!"));
    CHECK_FALSE(detect_compression("\x1F\x9D"));
}

TEST_CASE("expanded file: every program gives the bytes back") {
    const guild_test::temp_dir dir;
    const std::string text = random_text(700'000);
    const std::string plain = dir.write("plain", text);
    CHECK(read_expanded(plain) == text);
    for (const char* program : {"gzip", "xz", "zstd", "bzip2"}) {
        if (!guild_test::has_program(program)) {
            continue;
        }
        CAPTURE(program);
        const std::string path =
            dir.write("name.of.another", guild_test::output_of({program, "-c", plain}));
        CHECK(read_expanded(path) == text);
        const auto packed = guild::os::load_file(path);
        REQUIRE(packed);
        const std::string cut =
            read_expanded(dir.write("cut", packed->substr(0, packed->size() / 2)));
        CAPTURE(cut);
        CHECK(cut.find("error: " + (dir / "cut") + ": " + program + " failed: ") == 0);
        std::string damaged = *packed;
        damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
        CHECK(read_expanded(dir.write("damaged", damaged)).find("failed") != std::string::npos);
    }
}

TEST_CASE("filter: bytes go through a program and come out") {
    auto cat = filter_package::filter::start({"cat"});
    REQUIRE(cat);
    const std::string text = random_text(500'000);
    std::string_view rest = text;
    std::string out;
    char piece[5000];
    while (true) {
        const auto done = cat->turn(rest, rest.empty(), piece, sizeof piece);
        REQUIRE(done);
        rest.remove_prefix(done->taken);
        out.append(piece, done->given);
        if (done->is_ended) {
            break;
        }
    }
    CHECK(out == text);
}

TEST_CASE("filter: a program that fails says why, one that is missing is named") {
    auto failing = filter_package::filter::start({"sh", "-c", "echo sh: first >&2; exit 3"});
    REQUIRE(failing);
    char piece[100];
    const std::string text(1'000'000, 'x');
    std::string_view rest = text;
    while (true) {
        const auto done = failing->turn(rest, rest.empty(), piece, sizeof piece);
        if (!done) {
            CHECK(done.error().message == "sh failed: first");
            break;
        }
        REQUIRE_FALSE(done->is_ended);
        rest.remove_prefix(done->taken);
    }
    const auto missing = filter_package::filter::start({"guild-no-such-program"});
    CHECK(missing.error().code == guild::errc::missing_requirement);
    CHECK(missing.error().message == "the program guild-no-such-program is not installed");
    CHECK(filter_package::get_tool_version("guild-no-such-program").error().code ==
          guild::errc::missing_requirement);
}

TEST_CASE("xz writer: the same bytes twice") {
    if (!guild_test::has_program("xz")) {
        return;
    }
    const std::string text = random_text(300'000);
    std::string packed[2];
    for (std::string& out : packed) {
        const auto sink = [&](std::string_view bytes) -> guild::result<void> {
            out.append(bytes);
            return {};
        };
        auto xz = filter_package::xz_writer::start();
        REQUIRE(xz);
        for (std::size_t at = 0; at < text.size(); at += 7777) {
            REQUIRE(xz->write(std::string_view(text).substr(at, 7777), sink));
        }
        REQUIRE(xz->finish(sink));
    }
    CHECK(packed[0] == packed[1]);
    const guild_test::temp_dir dir;
    CHECK(read_expanded(dir.write("x", packed[0])) == text);
    auto full = filter_package::xz_writer::start();
    REQUIRE(full);
    const auto no_room = [](std::string_view bytes) -> guild::result<void> {
        return bytes.empty() ? guild::result<void>()
                             : guild::make_error(guild::errc::no_space, "full");
    };
    auto written = full->write(text, no_room);
    CHECK((written ? full->finish(no_room) : written).error().code == guild::errc::no_space);
}

TEST_CASE("tool version: is a line with a number") {
    if (guild_test::has_program("xz")) {
        CHECK(filter_package::get_tool_version("xz")->find("(XZ Utils) ") == 0);
    }
}

#include <guild/runs/build_identity.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

// A file of 32 bits, most significant byte first, with five sections.
std::string big_endian_program() {
    const std::string note("\0\0\0\4\0\0\0\2\0\0\0\3GNU\0\xAB\x01\0\0", 20);
    const std::string comment("GCC: 12\0GCC: 12\0LLD 15\0", 23);
    const std::string texts("\0libm.so\0.comment\0", 18);
    const std::string dynamic("\0\0\0\1\0\0\0\1\0\0\0\5\0\0\0\7\0\0\0\0\0\0\0\0", 24);
    const auto number = [](std::size_t value) {
        return std::string{'\0', '\0', static_cast<char>(value >> 8U), static_cast<char>(value)};
    };
    std::string sections;
    std::string body;
    const auto add = [&](std::size_t name, std::size_t type, const std::string& bytes) {
        sections += number(name) + number(type) + number(0) + number(0) + number(52 + body.size()) +
                    number(bytes.size()) + number(4) + number(0) + number(0) + number(0);
        body += bytes;
    };
    add(0, 0, "");
    add(0, 7, note);
    add(9, 1, comment);
    add(0, 6, dynamic);
    add(0, 3, texts);
    std::string head("\x7F"
                     "ELF\1\2\1",
                     7);
    head.resize(32);
    head += number(52 + body.size());
    head.resize(46);
    head += std::string("\0\x28\0\5\0\4", 6);
    return head + body + sections;
}

}  // namespace

TEST_CASE("build identity: a hand-made file of 32 bits and big-endian") {
    const build_identity found = decode_build_identity(big_endian_program());
    CHECK(found.build_id == "ab01");
    CHECK(guild::join(found.compilers, "; ") == "GCC: 12; LLD 15");
    CHECK(guild::join(found.libraries, " ") == "libm.so");
}

TEST_CASE("build identity: of the program that runs this test") {
    const auto self = os::load_file("/proc/self/exe");
    if (!self || self->compare(0, 4,
                               "\x7F"
                               "ELF") != 0) {
        MESSAGE("skipped: no /proc, or no ELF");
        return;
    }
    const build_identity found = decode_build_identity(*self);
    REQUIRE_FALSE(found.compilers.empty());
    CHECK(found.compilers[0].find(' ') != std::string::npos);
}

TEST_CASE("build identity: of scripts and damaged files nothing, or a part") {
    const guild_test::temp_dir dir;
    (void)dir.write("script", "#!/bin/sh\n");
    CHECK(build_attributes(dir / "script").empty());
    CHECK(build_attributes(dir / "nothing").empty());
    const std::string whole = big_endian_program();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        (void)decode_build_identity(whole.substr(0, size));
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char byte : {'\0', '\x7F', '\xFF'}) {
            std::string damaged = whole;
            damaged[at] = byte;
            (void)decode_build_identity(damaged);
        }
    }
}

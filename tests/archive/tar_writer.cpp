#include <guild/archive/tar_writer.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/tar_builder.hpp"

namespace {

namespace writer_tar = guild::archive;

guild::archive::byte_sink append_to(std::string& out) {
    return [&out](std::string_view bytes) -> guild::result<void> {
        out.append(bytes);
        return {};
    };
}

writer_tar::member file_of(const std::string& name, std::size_t size) {
    writer_tar::member what;
    what.name = name;
    what.size = size;
    return what;
}

}  // namespace

TEST_CASE("tar writer: an archive computed by hand") {
    std::string out;
    writer_tar::tar_writer to(append_to(out));
    writer_tar::member root;
    root.name = "./";
    root.kind = writer_tar::member_kind::directory;
    root.mode = 0755;
    REQUIRE(to.begin(root));
    REQUIRE(to.begin(file_of("./a", 3)));
    REQUIRE(to.write("ab"));
    REQUIRE(to.write("c"));
    REQUIRE(to.finish());
    CHECK(out.size() == 10240);
    CHECK(to.size() == 10240);
    CHECK(out.substr(0, 512) == writer_tar::encode_header(root));
    CHECK(out.substr(512, 512) == writer_tar::encode_header(file_of("./a", 3)));
    CHECK(out.substr(1024, 512) == guild_test::fill_up("abc"));
    CHECK(out.find_first_not_of('\0', 1536) == std::string::npos);
}

TEST_CASE("tar writer: content of another size than announced is an error") {
    std::string out;
    writer_tar::tar_writer shorter(append_to(out));
    REQUIRE(shorter.begin(file_of("a", 3)));
    REQUIRE(shorter.write("ab"));
    CHECK(shorter.finish().error().code == guild::errc::bad_value);
    CHECK(shorter.begin(file_of("b", 0)).error().code == guild::errc::bad_value);
    CHECK(shorter.write("cd").error().code == guild::errc::bad_value);
}

TEST_CASE("tar writer: an error of the sink is handed on") {
    writer_tar::tar_writer to([](std::string_view) -> guild::result<void> {
        return guild::make_error(guild::errc::no_space, "full");
    });
    REQUIRE(to.begin(file_of("a", 200'000)));
    CHECK(to.write(std::string(200'000, 'x')).error().code == guild::errc::no_space);
}

TEST_CASE("tar writer: pieces of any size give the same bytes") {
    const std::string content(300'001, 'c');
    std::string first;
    for (const std::size_t step : {std::size_t{1'000'000}, std::size_t{65536}, std::size_t{999}}) {
        std::string out;
        writer_tar::tar_writer to(append_to(out));
        REQUIRE(to.begin(file_of("a", content.size())));
        for (std::size_t at = 0; at < content.size(); at += step) {
            REQUIRE(to.write(std::string_view(content).substr(at, step)));
        }
        REQUIRE(to.finish());
        CHECK((first.empty() || out == first));
        first = out;
    }
}

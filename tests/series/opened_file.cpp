#include <guild/series/opened_file.hpp>

#include <string>

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <support/temp_dir.hpp>

namespace gs = guild::series;

namespace {

std::string header_of_nine() {
    gs::file_header header;
    header.id[3] = 9;
    return gs::encode_header(header);
}

guild::errc why(const std::string& path) {
    const auto opened = gs::open_series_file(path);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().path == path);
    return opened.error().code;
}

}  // namespace

TEST_CASE("opened file: header, size and what can be read") {
    const guild_test::temp_dir dir;
    const auto opened = gs::open_series_file(dir.write("f.gts", header_of_nine() + "blocks"));
    REQUIRE(opened);
    CHECK(opened->header.id[3] == 9);
    CHECK_FALSE(opened->has_damaged_header);
    CHECK(opened->status.size == gs::header_bytes + 6);
    char bytes[6];
    CHECK(opened->file.read_at(gs::header_bytes, bytes, sizeof bytes).value() == 6);
    CHECK(std::string(bytes, sizeof bytes) == "blocks");
}

TEST_CASE("opened file: a damaged header is guessed, and told") {
    const guild_test::temp_dir dir;
    std::string bytes = header_of_nine();
    bytes[60] ^= 1;
    const auto opened = gs::open_series_file(dir.write("f.gts", bytes));
    REQUIRE(opened);
    CHECK(opened->has_damaged_header);
    CHECK(opened->header.id[3] == 9);
}

TEST_CASE("opened file: what is no series file is refused with its path") {
    const guild_test::temp_dir dir;
    CHECK(why(dir / "nothing.gts") == guild::errc::not_found);
    CHECK(why(dir.write("short.gts", header_of_nine().substr(0, 50))) == guild::errc::truncated);
    CHECK(why(dir.write("text.gts", std::string(200, 'x'))) == guild::errc::bad_syntax);
    CHECK(why(dir.path()) == guild::errc::bad_value);
    REQUIRE(::mkfifo((dir / "pipe.gts").c_str(), 0600) == 0);
    CHECK(why(dir / "pipe.gts") == guild::errc::bad_value);
}

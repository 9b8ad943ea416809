#include <guild/archive/tar_reader.hpp>
#include <guild/archive/tar_writer.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/tar_builder.hpp"

namespace {

namespace reader_tar = guild::archive;
using guild_test::end_of_tar;
using guild_test::tar_extension;
using guild_test::tar_file;

/// "NAME=CONTENT;" of every member; "error CODE: message" behind them for an archive that is bad.
std::string read_all(std::string_view bytes, const reader_tar::limits& allowed = {}) {
    reader_tar::tar_reader from(reader_tar::read_bytes(bytes), allowed);
    std::string all;
    const auto note = [&](const guild::error& why) {
        return all + "error " + std::string(to_string(why.code)) + ": " + why.message;
    };
    while (true) {
        const auto next = from.next();
        if (!next) {
            CHECK_FALSE(from.next());
            return note(next.error());
        }
        if (!*next) {
            CHECK(from.next());
            return all;
        }
        all += (*next)->name + '=';
        while (true) {
            const auto piece = from.read();
            if (!piece) {
                return note(piece.error());
            }
            if (piece->empty()) {
                break;
            }
            all.append(*piece);
        }
        all += ';';
    }
}

std::string sample_tar() {
    std::string out;
    reader_tar::tar_writer to([&](std::string_view bytes) -> guild::result<void> {
        out.append(bytes);
        return {};
    });
    const std::string long_name = std::string(120, 'n') + "/" + std::string(120, 'm');
    for (const std::string& name : {std::string("./a"), long_name, std::string("z")}) {
        reader_tar::member what;
        what.name = name;
        what.size = name.size();
        REQUIRE(to.begin(what));
        REQUIRE(to.write(name));
    }
    REQUIRE(to.finish());
    return out;
}

}  // namespace

TEST_CASE("tar reader: members come with their content") {
    const std::string long_name = std::string(120, 'n') + "/" + std::string(120, 'm');
    CHECK(read_all(sample_tar()) == "./a=./a;" + long_name + '=' + long_name + ";z=z;");
}

TEST_CASE("tar reader: content that is not asked for is passed over") {
    const std::string bytes =
        tar_file("a", std::string(200'000, 'x')) + tar_file("b") + end_of_tar();
    reader_tar::tar_reader from(reader_tar::read_bytes(bytes));
    CHECK((*from.next())->name == "a");
    CHECK(from.read()->size() > 0);
    CHECK((*from.next())->name == "b");
    CHECK_FALSE(*from.next());
}

TEST_CASE("tar reader: GNU long names, pax names and sizes, old directories") {
    const std::string name(150, 'g');
    CHECK(read_all(tar_extension('L', name + '\0') + tar_file("cut") + end_of_tar()) ==
          name + "=x;");
    const std::string records =
        reader_tar::pax_record("comment", "anything") + reader_tar::pax_record("path", "p") +
        reader_tar::pax_record("mtime", "12.5") + reader_tar::pax_record("size", "3");
    guild_test::raw_header header;
    header.name = "cut";
    CHECK(read_all(tar_extension('x', records) + guild_test::raw_block(header) +
                   guild_test::fill_up("abc") + end_of_tar()) == "p=abc;");
    CHECK(read_all(tar_extension('g', reader_tar::pax_record("comment", "0123abc")) +
                   tar_file("a") + end_of_tar()) == "a=x;");
    const std::string old = tar_file("d/", "") + end_of_tar();
    reader_tar::tar_reader from(reader_tar::read_bytes(old));
    CHECK((*from.next())->kind == reader_tar::member_kind::directory);
}

TEST_CASE("tar reader: every hostile archive is refused, the member named") {
    for (const guild_test::hostile_archive& each : guild_test::hostile_archives()) {
        CAPTURE(each.what);
        const std::string said = read_all(each.tar);
        CHECK(said.find("error ") != std::string::npos);
        CHECK(said.find(each.message) != std::string::npos);
    }
}

TEST_CASE("tar reader: every prefix of an archive is an error, and no more than a prefix comes") {
    const std::string bytes = sample_tar();
    const std::string whole = read_all(bytes);
    const std::size_t end_at = bytes.find_last_not_of('\0') / 512 * 512 + 512;
    for (std::size_t size = 0; size < end_at + 512; size += size % 512 < 4 ? 1 : 127) {
        const std::string said = read_all(std::string_view(bytes).substr(0, size));
        CAPTURE(size);
        CHECK(said.find("error truncated") != std::string::npos);
        CHECK(whole.compare(0, said.find("error"), said, 0, said.find("error")) == 0);
    }
    CHECK(read_all(std::string_view(bytes).substr(0, end_at + 512)) == whole);
}

TEST_CASE("tar reader: a flipped bit of a header is noticed") {
    const std::string bytes = tar_file("name", "content") + end_of_tar();
    for (std::size_t at = 0; at < 512; ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string flipped = bytes;
            flipped[at] = static_cast<char>(static_cast<unsigned char>(flipped[at]) ^ (1U << bit));
            const std::string said = read_all(flipped);
            CAPTURE(at);
            // In the sum's own field a NUL may become a space, which is the same number.
            CHECK((said.find("error") != std::string::npos ||
                   (at >= 148 && at < 156 && said == "name=content;")));
        }
    }
}

TEST_CASE("tar reader: what is no tar archive is said to be none") {
    CHECK(read_all(std::string(512, 'x')).find("error bad_syntax") == 0);
    CHECK(read_all("short").find("error truncated") == 0);
    CHECK(read_all("short").find("no tar archive, or one that is cut off") != std::string::npos);
    CHECK(read_all("").find("error truncated") == 0);
    std::string old(512, '\0');
    old[0] = 'a';
    old.replace(148, 8, "000541\0 ", 8);
    CHECK(read_all(old).find("error unsupported") == 0);
}

TEST_CASE("tar reader: limits are kept") {
    reader_tar::limits allowed;
    allowed.max_total_bytes = 4096;
    CHECK(read_all(tar_file("a", std::string(5000, 'x')) + end_of_tar(), allowed)
              .find("error too_large: member \"a\"") == 0);
    CHECK(read_all(tar_file("a", std::string(2000, 'x')) + tar_file("b", std::string(2000, 'x')) +
                       end_of_tar(),
                   allowed)
              .find("error too_large") != std::string::npos);
    allowed.max_members = 1;
    CHECK(read_all(tar_file("a") + tar_file("b") + end_of_tar(), allowed)
              .find("error too_large: member \"b\"") != std::string::npos);
    guild_test::raw_header header;
    header.kind = 'x';
    header.name = "pax";
    header.size = 2'000'000;
    CHECK(read_all(guild_test::raw_block(header)).find("error too_large") == 0);
}

TEST_CASE("tar reader: an error of the source is handed on with its path") {
    reader_tar::tar_reader from([](char*, std::size_t) -> guild::result<std::size_t> {
        return guild::make_error(guild::errc::io_failed, "gone", "file.tar");
    });
    CHECK(from.next().error().path == "file.tar");
    CHECK(from.read().error().code == guild::errc::io_failed);
}

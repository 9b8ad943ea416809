#include <guild/package/unpack.hpp>

#include <doctest/doctest.h>

#include <string>

#include <unistd.h>

#include <guild/base/sha256.hpp>
#include <guild/base/text.hpp>

#include "support/programs.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_dir.hpp"

TEST_CASE("unpack_archive: every compression gives the same tree") {
    const guild_test::temp_dir dir;
    const std::string bytes = guild_test::tar_file("d/f", std::string(300'000, 'x')) +
                              guild_test::tar_symlink("l", "d/f") + guild_test::end_of_tar();
    const std::string plain = dir.write("x.tar", bytes);
    for (const char* program : {"", "gzip", "xz", "zstd", "bzip2"}) {
        std::string path = plain;
        if (*program != '\0') {
            if (!guild_test::has_program(program)) {
                continue;
            }
            path = dir.write("archive", guild_test::output_of({program, "-c", plain}));
        }
        const std::string to = dir / ("out" + std::string(program));
        const auto done = guild::package::unpack_archive(path, to);
        REQUIRE(done);
        CHECK(done->members == 2);
        CHECK(done->content_bytes == 300'000);
        CHECK(done->tar_sha256 == guild::sha256_hex(bytes));
        CHECK(guild::os::load_file(to + "/l")->size() == 300'000);
    }
}

TEST_CASE("unpack_archive: errors name the archive, its member or the directory") {
    const guild_test::temp_dir dir;
    const std::string evil =
        dir.write("evil.tar", guild_test::tar_file("ok") + guild_test::tar_file("../evil") +
                                  guild_test::end_of_tar());
    const auto refused = guild::package::unpack_archive(evil, dir / "out");
    CHECK(guild::starts_with(to_string(refused.error()), evil + "@1024: member \"../evil\": "));
    CHECK_FALSE(guild::os::find_link_status(dir / "out"));
    const std::string zip = dir.write("x.zip", "PK\x03\x04rest");
    CHECK(guild::package::unpack_archive(zip, dir / "out").error().code ==
          guild::errc::unsupported);
    CHECK(guild::package::unpack_archive(dir / "none", dir / "out").error().path == dir / "none");
    CHECK(guild::package::unpack_archive(evil, dir.path()).error().path == dir.path());
    CHECK(guild::package::unpack_archive(dir.write("text", std::string(600, 'x')), dir / "out")
              .error()
              .code == guild::errc::bad_syntax);
}

TEST_CASE("unpack_archive: reads what GNU tar and Python write") {
    const guild_test::temp_dir dir;
    (void)dir.write("tree/" + std::string(90, 'n') + '/' + std::string(90, 'm') + '/' +
                        std::string(90, 'o'),
                    "deep");
    (void)dir.write("tree/f", "content");
    REQUIRE(::symlink("f", (dir / "tree/link").c_str()) == 0);
    REQUIRE(::link((dir / "tree/f").c_str(), (dir / "tree/hard").c_str()) == 0);
    const auto must_read = [&](const std::string& format) {
        const auto done =
            guild::package::unpack_archive(dir / ("x." + format), dir / ("out-" + format));
        if (!done) {
            FAIL(to_string(done.error()));
        }
        CHECK(guild_test::output_of({"diff", "-r", dir / "tree", dir / ("out-" + format)}).empty());
    };
    if (guild_test::has_program("tar")) {
        for (const std::string format : {"gnu", "posix"}) {
            const std::string said =
                guild_test::output_of({"tar", "-C", dir / "tree", "-cf", dir / ("x." + format),
                                       "--format=" + format, "."});
            if (said.empty()) {
                must_read(format);
            }
        }
    }
    if (guild_test::has_program("python3")) {
        for (const std::string format : {"PAX_FORMAT", "GNU_FORMAT"}) {
            const std::string program =
                "import sys, tarfile\nwith tarfile.open(sys.argv[1], 'w', format=tarfile." +
                format + ") as t: t.add(sys.argv[2], '.')";
            CHECK(guild_test::output_of(
                      {"python3", "-c", program, dir / ("x." + format), dir / "tree"})
                      .empty());
            must_read(format);
        }
    }
}

#include <guild/package/download.hpp>

#include <doctest/doctest.h>

#include <string>

#include <unistd.h>

#include <guild/os/pipe.hpp>

#include "../support/http_server.hpp"
#include "../support/temp_dir.hpp"

namespace package = guild::package;
using guild_test::http_server;
using guild_test::temp_dir;

namespace {

bool has_curl() {
    return guild_test::has_programs({"curl", "python3"});
}

/// A server with the files `old` and `new`, and a place to download to.
struct download_setting {
    temp_dir at;
    std::string old_text = std::string(200'000, 'o') + "end";
    std::string new_text = std::string(300'000, 'n') + "END";
    package::download_options options;
    std::string to = at / "here";

    download_setting() {
        (void)at.write("served/old", old_text);
        (void)at.write("served/new", new_text);
        options.retries = 0;
    }

    http_server serve() const { return http_server(at / "served"); }

    guild::error must_fail(const std::string& url) {
        const auto got = package::download(url, to, options);
        REQUIRE_FALSE(got);
        CHECK_FALSE(guild::os::find_status(to));
        return got.error();
    }

    std::string must_download(const std::string& url) {
        const auto got = package::download(url, to, options);
        REQUIRE_MESSAGE(got, (got ? "" : to_string(got.error())));
        CHECK(got->path == to);
        const auto text = guild::os::load_file(to);
        REQUIRE(text);
        CHECK(got->bytes == text->size());
        CHECK(got->sha256 == guild::sha256_hex(*text));
        for (const char* rest : {".part", ".headers", ".bad"}) {
            CHECK_FALSE(guild::os::find_status(to + rest));
        }
        return *text;
    }

    std::uint64_t part_bytes() const {
        const auto status = guild::os::find_status(to + ".part");
        return status ? status->size : 0;
    }
};

}  // namespace

TEST_CASE("download: a wrong checksum keeps the file aside and names both sums") {
    if (!has_curl()) {
        return;
    }
    download_setting set;
    const auto server = set.serve();
    set.options.sha256 = std::string(64, '0');
    const guild::error why = set.must_fail(server.url("old"));
    CHECK(why.code == guild::errc::bad_checksum);
    CHECK(why.path == set.to + ".bad");
    CHECK(why.message == "expected sha256 " + set.options.sha256 + " of " + server.url("old") +
                             ", seen " + guild::sha256_hex(set.old_text) +
                             "; the file is kept here");
    CHECK((*guild::os::load_file(set.to + ".bad") == set.old_text));
    CHECK(set.part_bytes() == 0);
}

TEST_CASE("download: what is not there, not allowed or not reachable is told") {
    if (!has_curl()) {
        return;
    }
    download_setting set;
    std::string dead;
    {
        const auto server = set.serve();
        dead = server.url("old");
        CHECK(set.must_fail(server.url("none")).code == guild::errc::not_found);
        CHECK(set.part_bytes() == 0);
        CHECK_FALSE(guild::os::find_status(set.to + ".headers"));
        CHECK(set.must_fail(server.url("old?to=file:///etc/passwd")).code ==
              guild::errc::bad_value);
        CHECK(set.must_fail(server.url("old?fail=9")).code == guild::errc::io_failed);
    }
    const guild::error gone = set.must_fail(dead);
    CHECK(gone.code == guild::errc::io_failed);
    CHECK(guild::starts_with(gone.message, "downloading " + dead + " failed: "));
    CHECK(set.must_fail("file:///etc/passwd").code == guild::errc::bad_value);
    CHECK(set.must_fail("-x").code == guild::errc::bad_value);
    set.options.tools.curl = "no-such-curl";
    CHECK(set.must_fail(dead).code == guild::errc::missing_requirement);
}

TEST_CASE("download: a cut file is resumed where it was cut") {
    if (!has_curl()) {
        return;
    }
    download_setting set;
    const auto server = set.serve();
    const std::string url = server.url("old?cut=70000");
    const guild::error why = set.must_fail(url);
    CHECK(why.code == guild::errc::truncated);
    CHECK(guild::contains(why.message, "was cut after 70000 bytes"));
    CHECK(set.part_bytes() == 70'000);
    CHECK((set.must_download(url) == set.old_text));
}

TEST_CASE("download: a failure that passes is tried again") {
    if (!has_curl()) {
        return;
    }
    download_setting set;
    const auto server = set.serve();
    set.options.retries = 1;
    CHECK((set.must_download(server.url("old?cut=70000")) == set.old_text));
}

TEST_CASE("download: a rest that is refused or of another file is fetched from the beginning") {
    if (!has_curl()) {
        return;
    }
    for (const char* how : {"cut=70000&ranges=0", "cut=70000&ranges=416", "cut=70000&etag=0"}) {
        CAPTURE(std::string(how));
        download_setting set;
        const auto server = set.serve();
        const std::string url = server.url(std::string("old?") + how);
        CHECK(set.must_fail(url).code == guild::errc::truncated);
        CHECK((set.must_download(url) == set.old_text));
    }
    for (const char* how : {"cut=70000&next=new", "cut=70000&next=new&etag=0"}) {
        CAPTURE(std::string(how));
        download_setting set;
        set.options.sha256 = guild::sha256_hex(set.new_text);
        const auto server = set.serve();
        const std::string url = server.url(std::string("old?") + how);
        CHECK(set.must_fail(url).code == guild::errc::truncated);
        CHECK((set.must_download(url) == set.new_text));
    }
}

TEST_CASE(
    "download: what is there is not fetched again, unless it is asked for or is another file") {
    if (!has_curl()) {
        return;
    }
    download_setting set;
    const auto server = set.serve();
    const std::string url = server.url("old?next=new");
    set.options.sha256 = guild::sha256_hex(set.old_text);
    CHECK((set.must_download(url) == set.old_text));
    CHECK((set.must_download(url) == set.old_text));
    CHECK(package::download(url, set.to, set.options)->was_there);
    set.options.sha256 = guild::sha256_hex(set.new_text);
    CHECK((set.must_download(url) == set.new_text));
    set.options.sha256.clear();
    set.options.refresh = true;
    CHECK_FALSE(package::download(url, set.to, set.options)->was_there);
}

TEST_CASE("download: offline, only what is there and right is taken") {
    download_setting set;
    set.options.offline = true;
    set.options.tools.curl = "no-such-curl";
    const guild::error none = set.must_fail("https://example.org/x");
    CHECK(none.code == guild::errc::not_found);
    CHECK(none.message == "https://example.org/x was not downloaded before (offline)");
    (void)set.at.write("here", "x");
    CHECK(set.must_download("https://example.org/x") == "x");
    set.options.sha256 = std::string(64, '0');
    const auto wrong = package::download("https://example.org/x", set.to, set.options);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == guild::errc::bad_checksum);
    CHECK(guild::os::find_status(set.to));
}

TEST_CASE("download: a file that is too large is stopped, whether its length is known or not") {
    if (!has_curl()) {
        return;
    }
    download_setting set;
    const auto server = set.serve();
    set.options.max_bytes = 100'000;
    CHECK(set.must_fail(server.url("old")).code == guild::errc::too_large);
    CHECK(set.must_fail(server.url("x?endless=1")).code == guild::errc::too_large);
    CHECK(set.part_bytes() == 0);
}

TEST_CASE("download: the caller can stop it, and what came is kept") {
    if (!has_curl()) {
        return;
    }
    download_setting set;
    const auto server = set.serve();
    auto ends = guild::os::make_pipe();
    REQUIRE(ends);
    set.options.tools.stop_fd = ends->read.get();
    set.options.tools.progress = [&](std::string_view) {
        CHECK(::write(ends->write.get(), "x", 1) == 1);
        set.options.tools.progress = {};
    };
    CHECK(set.must_fail(server.url("x?endless=1")).code == guild::errc::interrupted);
    CHECK(set.part_bytes() > 0);
}

TEST_CASE("download: a file URL is copied only when that is allowed") {
    if (!has_curl()) {
        return;
    }
    download_setting set;
    set.options.allow_file = true;
    CHECK((set.must_download("file://" + (set.at / "served/old")) == set.old_text));
}

TEST_CASE("download: nothing is written where a link leads") {
    if (!has_curl()) {
        return;
    }
    download_setting set;
    const auto server = set.serve();
    for (const char* rest : {"", ".part", ".headers"}) {
        CAPTURE(rest);
        (void)set.at.write("mine", "precious\n");
        (void)guild::os::remove_tree(set.to);
        REQUIRE(guild::os::make_link(set.at / "mine", set.to + rest));
        CHECK((set.must_download(server.url("old")) == set.old_text));
        CHECK(*guild::os::load_file(set.at / "mine") == "precious\n");
    }
}

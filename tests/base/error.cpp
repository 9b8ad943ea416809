#include <guild/base/error.hpp>

#include <doctest/doctest.h>

using namespace guild;

TEST_CASE("error: the text form names path, line and column") {
    const error what = make_error(errc::bad_syntax, "expected ']'", "Guild", {10, 11, 3, 7});
    CHECK(to_string(what) == "Guild:3:7: expected ']'");
}

TEST_CASE("error: the text form names the byte offset where there is no line") {
    CHECK(to_string(make_error(errc::bad_checksum, "bad record", "x.gts", {64, 80, 0, 0})) ==
          "x.gts@64: bad record");
}

TEST_CASE("error: the text form leaves out what is not known") {
    CHECK(to_string(make_error(errc::io_failed, "step build failed", "packager", {0, 0, 12, 0})) ==
          "packager:12: step build failed");
    CHECK(to_string(make_error(errc::not_found, "no such run", "runs/a")) == "runs/a: no such run");
    CHECK(to_string(make_error(errc::not_found, "no such run")) == "no such run");
}

TEST_CASE("error: every code has a name, and a number beyond the list does not crash") {
    CHECK(to_string(errc::ok) == "ok");
    CHECK(to_string(errc::bad_directory) == "bad_directory");
    CHECK(to_string(errc::closed) == "closed");
    CHECK(to_string(static_cast<errc>(200)) == "unknown");
}

TEST_CASE("error: carets stand below the place, also behind tabs") {
    CHECK(render_caret("[model \"a", 8, 2) == "[model \"a\n       ^^");
    CHECK(render_caret("\tx = 1", 2, 1) == "\tx = 1\n\t^");
}

TEST_CASE("error: carets stop at the end of the line and one stands behind it") {
    CHECK(render_caret("abc", 2, 99) == "abc\n ^^");
    CHECK(render_caret("abc", 4) == "abc\n   ^");
    CHECK(render_caret("", 1) == "\n^");
}

#include <guild/os/temporary.hpp>

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "support/temp_dir.hpp"

using namespace guild;

TEST_CASE("temporary: is gone with its object, unless it was kept") {
    const guild_test::temp_dir dir;
    const std::string gone = dir.write("gone/a/b", "x");
    const std::string kept = dir.write("kept", "x");
    {
        const os::temporary first(dir / "gone");
        os::temporary second(kept);
        CHECK(second.path() == kept);
        second.keep();
    }
    CHECK_FALSE(os::find_status(dir / "gone"));
    CHECK(os::is_regular_file(kept));
}

TEST_CASE("temporary: of two that were moved the last holds it") {
    const guild_test::temp_dir dir;
    const std::string a = dir.write("a", "x");
    const std::string b = dir.write("b", "x");
    {
        os::temporary holder(a);
        os::temporary moved(std::move(holder));
        CHECK(os::is_regular_file(a));
        moved = os::temporary(b);
        CHECK_FALSE(os::find_status(a));
        CHECK(os::is_regular_file(b));
        moved.remove();
        CHECK_FALSE(os::find_status(b));
        CHECK(os::save_file(b, "another's"));
    }
    CHECK(os::is_regular_file(b));
}

TEST_CASE("temporary: a directory may be removed only where it is empty") {
    const guild_test::temp_dir dir;
    (void)dir.write("full/file", "x");
    REQUIRE(os::make_directories(dir / "empty"));
    {
        const os::temporary full(dir / "full", os::removal::empty_directory);
        const os::temporary empty(dir / "empty", os::removal::empty_directory);
    }
    CHECK(os::is_directory(dir / "full"));
    CHECK_FALSE(os::is_directory(dir / "empty"));
}

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <guild/os/read_beneath.hpp>
#include <guild/os/directory.hpp>

#include "support/temp_dir.hpp"

using namespace guild;

namespace {

// run/ holds files, a directory and every kind of trap; secret stands beside it.
class trapped_tree {
public:
    trapped_tree() {
        (void)dir_.write("secret", "s");
        (void)dir_.write("outside/deep", "s");
        (void)dir_.write("run/plain.txt", "one");
        (void)dir_.write("run/sub/inner.txt", "two");
        (void)::symlink("../secret", (run() + "/out").c_str());
        (void)::symlink("plain.txt", (run() + "/in").c_str());
        (void)::symlink("../outside", (run() + "/away").c_str());
        (void)::mkfifo((run() + "/fifo").c_str(), 0600);
    }
    [[nodiscard]] std::string run() const { return dir_ / "run"; }

private:
    guild_test::temp_dir dir_;
};

}  // namespace

TEST_CASE("read beneath: a file is opened by its relative name") {
    const trapped_tree here;
    const auto found = os::open_beneath(here.run(), "sub/inner.txt");
    REQUIRE(found);
    char bytes[8] = {};
    CHECK(*found->read_at(0, bytes, sizeof(bytes)) == 3);
    CHECK(std::string(bytes) == "two");
}

TEST_CASE("read beneath: links, pipes and devices are not opened") {
    const trapped_tree here;
    for (const char* bad : {"out", "in", "away/deep", "fifo", "sub", "none", "plain.txt/x"}) {
        INFO(bad);
        CHECK_FALSE(os::open_beneath(here.run(), bad));
    }
    CHECK_FALSE(os::open_beneath("/dev", "null"));
    CHECK_FALSE(os::open_beneath("/dev", "zero"));
}

TEST_CASE("read beneath: no name leads out of the directory") {
    const trapped_tree here;
    for (const std::string bad : {"../secret", "..", ".", "", "/etc/passwd", "sub/../plain.txt",
                                  "sub//inner.txt", "./plain.txt", "sub/", "sub/.."}) {
        INFO(bad);
        const auto found = os::open_beneath(here.run(), bad);
        REQUIRE_FALSE(found);
        CHECK(found.error().code == errc::bad_value);
    }
    CHECK_FALSE(os::open_beneath(here.run(), std::string("plain.txt\0x", 11)));
}

TEST_CASE("read beneath: a tree is listed without what links lead to") {
    const trapped_tree here;
    const auto found = os::list_beneath(here.run());
    REQUIRE(found);
    REQUIRE(found->files.size() == 2);
    CHECK(found->files[0].name == "plain.txt");
    CHECK(found->files[0].size == 3);
    CHECK(found->files[0].modified_ns > 0);
    CHECK(found->files[1].name == "sub/inner.txt");
    CHECK_FALSE(found->is_cut);
    CHECK_FALSE(os::list_beneath(here.run() + "/none"));
}

TEST_CASE("read beneath: a tree beyond the limits is cut and says so") {
    const trapped_tree here;
    os::tree_limits few;
    few.files = 1;
    const auto found = os::list_beneath(here.run(), few);
    REQUIRE(found);
    CHECK(found->files.size() == 1);
    CHECK(found->is_cut);
    os::tree_limits flat;
    flat.depth = 0;
    CHECK(os::list_beneath(here.run(), flat)->is_cut);
    os::tree_limits short_list;
    short_list.entries = 2;
    CHECK(os::list_beneath(here.run(), short_list)->is_cut);
}

TEST_CASE("read beneath: the environment without links opens regular files alone") {
    const trapped_tree here;
    CHECK(os::load_file(here.run() + "/plain.txt", 100, os::unlinked_env()));
    CHECK_FALSE(os::load_file(here.run() + "/out", 100, os::unlinked_env()));
    CHECK_FALSE(os::load_file(here.run() + "/fifo", 100, os::unlinked_env()));
    CHECK(os::find_status(here.run() + "/away", os::unlinked_env())->kind ==
          os::file_kind::symlink);
}

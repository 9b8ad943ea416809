#include <guild/archive/tree.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

#include <guild/os/file.hpp>

#include "support/programs.hpp"
#include "support/temp_dir.hpp"

namespace {

namespace tree_tar = guild::archive;

std::string names_of(const std::string& directory) {
    const auto entries = tree_tar::list_tree(directory);
    if (!entries) {
        return to_string(entries.error());
    }
    std::string names;
    for (const tree_tar::tree_entry& each : *entries) {
        names += each.what.name + ' ';
    }
    return names;
}

std::string archive_of(const std::string& directory, std::int64_t time_s = 1000) {
    std::string out;
    tree_tar::tar_writer to([&](std::string_view bytes) -> guild::result<void> {
        out.append(bytes);
        return {};
    });
    auto entries = tree_tar::list_tree(directory, time_s);
    REQUIRE(entries);
    for (tree_tar::tree_entry& each : *entries) {
        REQUIRE(tree_tar::append_entry(to, each));
    }
    REQUIRE(to.finish());
    return out;
}

std::string error_of_tree(const std::string& directory) {
    const auto entries = tree_tar::list_tree(directory);
    return entries ? "none" : to_string(entries.error());
}

}  // namespace

TEST_CASE("list_tree: members are in the order of their names") {
    const guild_test::temp_dir dir;
    CHECK(names_of(dir.path()) == "./ ");
    for (const char* name : {"b", "a-b", "a/z", "a/b/c", "C", ".hidden", "a.txt"}) {
        (void)dir.write(name, "x");
    }
    CHECK(names_of(dir.path()) == "./ ./.hidden ./C ./a/ ./a/b/ ./a/b/c ./a/z ./a-b ./a.txt ./b ");
    CHECK(names_of(dir / "none").find("none") != std::string::npos);
}

TEST_CASE("list_tree: of modes only the right to execute is kept") {
    const guild_test::temp_dir dir;
    REQUIRE(::chmod(dir.write("plain", "x").c_str(), 0600) == 0);
    REQUIRE(::chmod(dir.write("program", "x").c_str(), 04710) == 0);
    REQUIRE(::mkdir((dir / "directory").c_str(), 0700) == 0);
    REQUIRE(::symlink("plain", (dir / "link").c_str()) == 0);
    auto entries = tree_tar::list_tree(dir.path(), 7);
    REQUIRE(entries);
    const unsigned modes[] = {0755, 0755, 0755, 0644, 0755};
    tree_tar::tar_writer to([](std::string_view) { return guild::result<void>(); });
    for (tree_tar::tree_entry& each : *entries) {
        REQUIRE(tree_tar::append_entry(to, each));
    }
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK((*entries)[i].what.mode == modes[i]);
        CHECK((*entries)[i].what.time_s == 7);
    }
}

TEST_CASE("list_tree: what may not be packed is an error that names the file") {
    const guild_test::temp_dir dir;
    REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
    CHECK(error_of_tree(dir.path()).find(dir / "fifo: member \"./fifo\": a socket, FIFO") == 0);
    REQUIRE(::unlink((dir / "fifo").c_str()) == 0);
    for (const char* name : {"new\nline", ".git", "sub/.git/config"}) {
        const guild_test::temp_dir bad;
        (void)bad.write(name, "x");
        CHECK(error_of_tree(bad.path()).find(bad.path() + '/') == 0);
    }
    const guild_test::temp_dir twins;
    (void)twins.write("a", "x");
    (void)twins.write("A", "x");
    CHECK(error_of_tree(twins.path()).find("in upper and lower case alone") != std::string::npos);
    REQUIRE(::symlink("../x", (dir / "out").c_str()) == 0);
    CHECK(error_of_tree(dir.path()).find("leads out of the archive") != std::string::npos);
}

TEST_CASE("comes_before: a directory's content stays together") {
    CHECK(tree_tar::comes_before("a", "a/b"));
    CHECK(tree_tar::comes_before("a/b", "a-b"));
    CHECK(tree_tar::comes_before("a/z", "a.txt"));
    CHECK(tree_tar::comes_before("", ".GuildPkg"));
    CHECK_FALSE(tree_tar::comes_before("a", "a"));
    CHECK(tree_tar::comes_before("z", "\xC3\xA9"));
}

TEST_CASE("append_entry: a file goes in as it is") {
    const guild_test::temp_dir dir;
    const std::string content(200'000, 'q');
    (void)dir.write("f", content);
    std::string seen;
    std::string out;
    tree_tar::tar_writer to([&](std::string_view bytes) -> guild::result<void> {
        out.append(bytes);
        return {};
    });
    auto entries = tree_tar::list_tree(dir.path());
    REQUIRE(entries);
    REQUIRE(tree_tar::append_entry(to, (*entries)[1],
                                   [&](std::string_view bytes) { seen.append(bytes); }));
    REQUIRE(to.finish());
    CHECK(seen == content);
    CHECK(out.substr(512, content.size()) == content);
}

TEST_CASE("append_entry: a file of another size than it says is an error that names it") {
    const auto append = [](const std::string& source) {
        tree_tar::tar_writer to([](std::string_view) { return guild::result<void>(); });
        tree_tar::tree_entry entry;
        entry.what.name = "f";
        entry.source = source;
        const auto done = tree_tar::append_entry(to, entry);
        return done ? std::string("none") : to_string(done.error());
    };
    CHECK(append("/dev/null").find("another kind") != std::string::npos);
    for (const char* path : {"/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"}) {
        if (guild::os::is_regular_file(path)) {  // 0 bytes and 4096 bytes, they say
            CHECK(append(path).find(path) == 0);
        }
    }
}

TEST_CASE("append_entry: names, times and order of making of two trees do not matter") {
    const guild_test::temp_dir first;
    const guild_test::temp_dir second;
    for (int i = 0; i < 40; ++i) {
        (void)first.write("d" + std::to_string(i % 5) + "/f" + std::to_string(i), "x");
        (void)second.write("d" + std::to_string((39 - i) % 5) + "/f" + std::to_string(39 - i), "x");
    }
    REQUIRE(::chmod((second / "d1/f1").c_str(), 0600) == 0);
    CHECK(archive_of(first.path()) == archive_of(second.path()));
    CHECK(archive_of(first.path()) != archive_of(first.path(), 1001));
    // A second name for a file is stored as a file.
    REQUIRE(::link((first / "d0/f0").c_str(), (first / "again").c_str()) == 0);
    (void)second.write("again", "x");
    CHECK(archive_of(first.path()) == archive_of(second.path()));
}

TEST_CASE("append_entry: writes what GNU tar writes when it is told to leave the machine out") {
    if (!guild_test::has_program("tar")) {
        return;
    }
    const guild_test::temp_dir dir;
    for (const char* name : {"tree/a-b", "tree/a/z", "tree/a/b/c", "tree/.h", "tree/caf\xC3\xA9"}) {
        (void)dir.write(name, std::string(1000, 'x'));
    }
    (void)dir.write("tree/" + std::string(99, 'l') + '/' + std::string(80, 'n'), "long");
    REQUIRE(::chmod((dir / "tree/.h").c_str(), 0711) == 0);
    REQUIRE(::symlink("a/z", (dir / "tree/link").c_str()) == 0);
    const std::string said = guild_test::output_of(
        {"tar", "-C", dir / "tree", "--format=ustar", "--sort=name", "--mtime=@1000", "--owner=0",
         "--group=0", "--numeric-owner", "--mode=u+rwX,go+rX,go-w", "-cf", dir / "out.tar", "."});
    if (!said.empty()) {
        MESSAGE("this tar knows other options: not compared: ", said);
        return;
    }
    CHECK(*guild::os::load_file(dir / "out.tar") == archive_of(dir / "tree"));
}

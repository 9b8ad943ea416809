#include <guild/package/fetch.hpp>

#include <unistd.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../support/git_remote.hpp"
#include "../support/http_server.hpp"
#include "../support/temp_dir.hpp"

namespace package = guild::package;
using guild_test::git_remote;
using guild_test::http_server;
using guild_test::temp_dir;

namespace {

void list_below(const std::string& root, const std::string& below, std::vector<std::string>& out) {
    const auto entries = guild::os::list_directory(guild::join_path(root, below));
    REQUIRE(entries);
    for (const auto& each : *entries) {
        const std::string path = guild::join_path(below, each.name);
        out.push_back(path);
        if (each.kind == guild::os::file_kind::directory) {
            list_below(root, path, out);
        }
    }
}

/// A package's directory, and what was said while its sources were fetched.
struct fetch_setting {
    temp_dir at;
    std::string directory = at / "mnist-tutorial-src";
    package::fetch_options options;
    std::vector<std::string> said;

    fetch_setting() {
        REQUIRE(guild::os::make_directories(directory));
        options.tools.say = [this](std::string_view line) { said.emplace_back(line); };
        options.download.retries = 0;
    }

    guild::result<package::fetched_sources> fetch(const std::string& attributes) {
        said.clear();
        const auto read = package::parse_definition(
            "[package]\nname = n\nversion = 1\n" + attributes, directory, "GuildPkg");
        REQUIRE_MESSAGE(read.value, (read.value ? "" : to_string(*read.failure)));
        return package::fetch_sources(*read.value, options);
    }

    package::fetched_sources must_fetch(const std::string& attributes) {
        auto fetched = fetch(attributes);
        REQUIRE_MESSAGE(fetched, (fetched ? "" : to_string(fetched.error())));
        CHECK_FALSE(guild::os::find_status(fetched->srcdir + ".new"));
        return std::move(*fetched);
    }

    guild::error must_fail(const std::string& attributes) {
        const auto fetched = fetch(attributes);
        REQUIRE_FALSE(fetched);
        CHECK_FALSE(guild::os::find_status(directory + "/src.new"));
        return fetched.error();
    }

    std::vector<std::string> files() const {
        std::vector<std::string> out;
        list_below(directory + "/src", "", out);
        return out;
    }

    std::string text(const std::string& below_src) const {
        const auto read = guild::os::load_file(directory + "/src/" + below_src);
        REQUIRE(read);
        return *read;
    }
};

const std::string tutorial_source = "source = https://github.com/tensorflow/tensorflow/tree/master/"
                                    "tensorflow/examples/tutorials/mnist\n";

using text_list = std::vector<std::string>;

}  // namespace

TEST_CASE("fetch: a source that is not there is told at its place in GuildPkg") {
    fetch_setting set;
    (void)set.at.write("mnist-tutorial-src/src/kept", "x");
    const guild::error none = set.must_fail("source = a.txt\n");
    CHECK(to_string(none) ==
          "GuildPkg:4:10: no file or directory `a.txt` in the package's directory");
    CHECK(none.code == guild::errc::not_found);
    const guild::error own = set.must_fail("source = src/kept\n");
    CHECK(to_string(own) == "GuildPkg:4:10: `src/kept` is where sources are put, it cannot be one");
    CHECK(set.must_fail("source = src::git+file:///x\n").code == guild::errc::bad_value);
    CHECK(set.text("kept") == "x");
}

TEST_CASE("fetch: the tutorial's source stands below src as it is shown") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    fetch_setting set;
    const git_remote remote(set.at / "mirror/tensorflow/tensorflow.git");
    remote.write("tensorflow/examples/tutorials/mnist/BUILD", "b\n");
    remote.write("tensorflow/examples/tutorials/mnist/input_data.py", "i\n");
    remote.write("tensorflow/other", "o\n");
    const std::string id = remote.commit();
    set.options.mirrors = {{"https://github.com/", "file://" + (set.at / "mirror/")}};
    const auto first = set.must_fetch(tutorial_source);
    CHECK(set.said ==
          text_list{"Downloading https://github.com/tensorflow/tensorflow.git",
                    "Cloning into bare repository '" + set.directory + "/tensorflow'...",
                    "Extracting tensorflow/master/tensorflow/examples/tutorials/mnist"});
    CHECK(set.files() == text_list{"tensorflow", "tensorflow/examples",
                                   "tensorflow/examples/tutorials",
                                   "tensorflow/examples/tutorials/mnist",
                                   "tensorflow/examples/tutorials/mnist/BUILD",
                                   "tensorflow/examples/tutorials/mnist/input_data.py"});
    REQUIRE(first.lock.sources.size() == 1);
    CHECK(first.lock.sources[0].commit == id);
    CHECK(first.lock_changed);
}

TEST_CASE("fetch: directories of tree URLs share their parents, and never go through links") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    fetch_setting set;
    const git_remote one(set.at / "mirror/o/one.git");
    one.write("a/b/file", "1\n");
    REQUIRE(guild::os::make_link("b", set.at / "mirror/o/one.git/a/link"));
    (void)one.commit();
    const git_remote two(set.at / "mirror/o/two.git");
    two.write("a/c/file", "2\n");
    two.write("a/b/file", "2\n");
    two.write("a/link/d/file", "2\n");
    (void)two.commit();
    set.options.mirrors = {{"https://github.com/", "file://" + (set.at / "mirror/")}};
    const std::string tree_url = "https://github.com/o/";
    (void)set.must_fetch("source = " + tree_url + "one/tree/master/a/b " + tree_url +
                         "two/tree/master/a/c\n");
    CHECK(set.files() == text_list{"a", "a/b", "a/b/file", "a/c", "a/c/file"});
    (void)set.must_fetch("source = " + tree_url + "one/tree/master/a/b n::" + tree_url +
                         "two/tree/master/a/b\n");
    CHECK(set.files() == text_list{"a", "a/b", "a/b/file", "n", "n/a", "n/a/b", "n/a/b/file"});
    const guild::error twice = set.must_fail("source = " + tree_url + "one/tree/master/a/b " +
                                             tree_url + "two/tree/master/a/b\n");
    CHECK(twice.code == guild::errc::already_exists);
    const guild::error through = set.must_fail("source = " + tree_url + "one/tree/master/a " +
                                               tree_url + "two/tree/master/a/link/d\n");
    CHECK(through.code == guild::errc::already_exists);
}

TEST_CASE("fetch: the lock holds a branch to its commit until it is updated") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    fetch_setting set;
    const git_remote remote(set.at / "r");
    remote.write("file", "1\n");
    const std::string first = remote.commit("first");
    const std::string source = "source = git+" + remote.url() + "#branch=master\n";
    auto fetched = set.must_fetch(source);
    REQUIRE(package::save_lock(set.directory, fetched.lock));
    CHECK(set.said.back() == "Extracting r/master");
    remote.write("file", "2\n");
    const std::string second = remote.commit("second");
    fetched = set.must_fetch(source);
    CHECK(set.said == text_list{"Extracting r/master"});
    CHECK(set.text("r/file") == "1\n");
    CHECK_FALSE(fetched.lock_changed);
    // The pinned commit comes again also when nothing of it is there.
    REQUIRE(guild::os::remove_tree(set.directory + "/r"));
    fetched = set.must_fetch(source);
    CHECK(fetched.lock.sources[0].commit == first);
    CHECK(set.text("r/file") == "1\n");
    set.options.update = true;
    fetched = set.must_fetch(source);
    CHECK(fetched.lock.sources[0].commit == second);
    CHECK(fetched.lock_changed);
    CHECK(set.text("r/file") == "2\n");
    set.options.update = false;
    set.options.offline = true;
    CHECK(set.must_fetch(source).lock.sources[0].commit == first);
}

TEST_CASE("fetch: the sha256 of a repository is that of its tree") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    fetch_setting set;
    const git_remote remote(set.at / "r");
    remote.write("file", "1\n");
    (void)remote.commit();
    const std::string source = "source = git+" + remote.url() + "\n";
    const guild::error wrong = set.must_fail(source + "sha256 = " + std::string(64, '0') + "\n");
    CHECK(wrong.code == guild::errc::bad_checksum);
    CHECK(wrong.where.line == 5);
    CHECK(wrong.where.column == 10);
    const std::string sum = guild::sha256_hex("644\t" + guild::sha256_hex("1\n") + "\tfile\n");
    CHECK(guild::contains(wrong.message, "seen " + sum));
    CHECK(set.must_fetch(source + "sha256 = " + sum + "\n").lock.sources[0].sha256 == sum);
}

TEST_CASE("fetch: a link in a repository that leads out of it is refused") {
    if (!guild_test::has_programs({"git"})) {
        return;
    }
    fetch_setting set;
    const git_remote remote(set.at / "r");
    REQUIRE(guild::os::make_link("/etc", set.at / "r/etc"));
    (void)remote.commit();
    const guild::error wrong = set.must_fail("source = git+" + remote.url() + "\n");
    CHECK(wrong.code == guild::errc::bad_value);
    CHECK(guild::contains(wrong.message, "src.new/r/etc: expected a link that stays within"));
    CHECK_FALSE(guild::os::find_status(set.directory + "/src"));
}

TEST_CASE("fetch: a local source is in the package's directory, whatever links say") {
    fetch_setting set;
    (void)set.at.write("outside/secret", "s\n");
    (void)set.at.write("mnist-tutorial-src/file", "f\n");
    REQUIRE(::symlink("../outside", (set.directory + "/out").c_str()) == 0);
    REQUIRE(::symlink("../outside/secret", (set.directory + "/secret").c_str()) == 0);
    REQUIRE(::symlink("file", (set.directory + "/same").c_str()) == 0);
    for (const char* each : {"out", "out/secret", "secret"}) {
        CAPTURE(each);
        const guild::error led = set.must_fail("source = " + std::string(each) + "\n");
        CHECK(led.code == guild::errc::bad_value);
        CHECK(led.message.find("leads out of the package's directory") != std::string::npos);
        CHECK(led.where.line == 4);
    }
    (void)set.must_fetch("source = same\n");
    CHECK(set.text("same") == "f\n");
}

TEST_CASE("fetch: archives have a directory each, files and directories are copied") {
    if (!guild_test::has_programs({"tar"})) {
        return;
    }
    fetch_setting set;
    (void)set.at.write("mnist-tutorial-src/Guild.in", "g\n");
    (void)set.at.write("mnist-tutorial-src/extra/a/b", "b\n");
    (void)set.at.write("mnist-tutorial-src/src/left-over", "x\n");
    (void)set.at.write("in/d/file", "f\n");
    guild::os::process_options tar;
    tar.argv = {"tar", "-C", set.at / "in", "-cf", set.directory + "/two-1.0.tar", "d"};
    REQUIRE(guild::os::run(tar)->status.success());
    const auto fetched = set.must_fetch("source = two-1.0.tar Guild.in extra one::two-1.0.tar\n");
    CHECK(set.files() == text_list{"Guild.in", "extra", "extra/a", "extra/a/b", "one", "two-1.0",
                                   "two-1.0/d", "two-1.0/d/file"});
    CHECK(set.said == text_list{"Extracting two-1.0.tar"});
    CHECK(fetched.lock.sources.size() == 4);
    CHECK(fetched.lock.sources[1].sha256 == guild::sha256_hex("g\n"));
    const guild::error wrong =
        set.must_fail("source = Guild.in\nsha256 = " + std::string(64, 'a') + "\n");
    CHECK(wrong.code == guild::errc::bad_checksum);
    CHECK(wrong.where.line == 5);
    CHECK(set.text("two-1.0/d/file") == "f\n");
}

TEST_CASE("fetch: a download is pinned by the lock, and checked by its sha256") {
    if (!guild_test::has_programs({"curl", "python3"})) {
        return;
    }
    fetch_setting set;
    (void)set.at.write("served/data.bin", "old");
    const http_server server(set.at / "served");
    const std::string source = "source = " + server.url("data.bin") + "\n";
    const std::string sum_line = "sha256 = " + guild::sha256_hex("old") + "\n";
    const guild::error wrong = set.must_fail(source + "sha256 = " + std::string(64, '0') + "\n");
    CHECK(wrong.code == guild::errc::bad_checksum);
    CHECK(wrong.path == "GuildPkg");
    CHECK(wrong.where.line == 5);
    CHECK(guild::contains(wrong.message, "data.bin.bad: expected sha256 " + std::string(64, '0')));
    const auto first = set.must_fetch(source + "sha256 = SKIP\n");
    CHECK(set.said == text_list{"Downloading " + server.url("data.bin")});
    CHECK(set.text("data.bin") == "old");
    REQUIRE(package::save_lock(set.directory, first.lock));
    CHECK_FALSE(set.must_fetch(source + sum_line).lock_changed);
    CHECK(set.said.empty());
    // Another file comes: the lock knows better, until it is updated.
    (void)set.at.write("served/data.bin", "new");
    REQUIRE(guild::os::remove_tree(set.directory + "/downloads"));
    const guild::error other = set.must_fail(source);
    CHECK(other.code == guild::errc::bad_checksum);
    CHECK(other.where.column == 10);
    CHECK(guild::contains(other.message, "--update takes the new one"));
    set.options.update = true;
    CHECK(set.must_fetch(source).lock.sources[0].sha256 == guild::sha256_hex("new"));
    set.options.update = false;
    set.options.offline = true;
    CHECK(set.must_fail("source = " + server.url("other") + "\n").code == guild::errc::not_found);
}

TEST_CASE("fetch: downloads are kept in the package's directory, not where a link leads") {
    if (!guild_test::has_programs({"curl", "python3"})) {
        return;
    }
    fetch_setting set;
    (void)set.at.write("served/old", "text\n");
    const http_server server(set.at / "served");
    REQUIRE(guild::os::make_directories(set.at / "elsewhere"));
    REQUIRE(guild::os::make_link("../elsewhere", set.directory + "/downloads"));
    const guild::error why = set.must_fail("source = " + server.url("old") + "\n");
    CHECK(why.code == guild::errc::bad_value);
    CHECK_FALSE(guild::os::find_status(
        set.at / "elsewhere/" + guild::sha256_hex(server.url("old")).substr(0, 16) + "/old"));
}

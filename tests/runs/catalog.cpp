#include <guild/runs/catalog.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

void add_run(const guild_test::temp_dir& dir, const std::string& place, int started_us) {
    (void)dir.write(place + "/guild.d/meta.tsv",
                    "started_us\t" + std::to_string(started_us) + "\nstatus\tcompleted\n");
}

std::string ids(const std::vector<run>& runs) {
    std::string text;
    for (const run& one : runs) {
        text += one.id() + " ";
    }
    return text;
}

}  // namespace

TEST_CASE("catalog: runs of several roots are listed newest first") {
    const guild_test::temp_dir dir;
    add_run(dir, "one/a", 10);
    add_run(dir, "one/b", 30);
    add_run(dir, "two/c", 20);
    add_run(dir, "two/d", 30);
    add_run(dir, "two/.hidden", 40);
    (void)dir.write("two/not-a-run/file", "");
    (void)dir.write("two/file", "");
    CHECK(ids(list_runs({dir / "one", dir / "two", dir / "missing", (dir / "one") + "/"})) ==
          "d b c a ");
}

TEST_CASE("catalog: a run is found by the beginning of its name") {
    const guild_test::temp_dir dir;
    add_run(dir, "one/2017-a", 1);
    add_run(dir, "one/2018-a", 2);
    add_run(dir, "two/2018-ab", 3);
    const std::vector<std::string> roots = {dir / "one", dir / "two"};
    CHECK(find_run(roots, "2017").value().id() == "2017-a");
    CHECK(find_run(roots, "2018-a").value().id() == "2018-a");  // exact beats longer
    CHECK(find_run(roots, dir / "two/2018-ab").value().id() == "2018-ab");
    const auto two = find_run(roots, "2018");
    REQUIRE_FALSE(two);
    CHECK(two.error().code == guild::errc::bad_value);
    CHECK(two.error().message == "'2018' fits more than one run: 2018-a, 2018-ab");
    CHECK(find_run(roots, "2020").error().code == guild::errc::not_found);
    CHECK(find_run(roots, "").error().code == guild::errc::not_found);
}

TEST_CASE("catalog: the latest run is the one that started last, whatever its root") {
    const guild_test::temp_dir dir;
    CHECK(find_latest({dir.path()}).error().message == "cannot find any run");
    add_run(dir, "one/z", 10);
    add_run(dir, "two/a", 20);
    CHECK(find_latest({dir / "one", dir / "two"}).value().id() == "a");
}

TEST_CASE("catalog: a deleted run is in the trash and not in the list") {
    const guild_test::temp_dir dir;
    for (int i = 0; i < 2; ++i) {
        add_run(dir, "runs/a", 10);
        const auto moved = trash_run(find_run({dir / "runs"}, "a").value());
        REQUIRE(moved);
        CHECK(*moved == (dir / "runs/.trash/a") + (i == 0 ? "" : "-2"));
        CHECK(os::is_directory(data_path(*moved)));
        CHECK(list_runs({dir / "runs"}).empty());
    }
}

TEST_CASE("catalog: a run that goes on is not deleted") {
    const guild_test::temp_dir dir;
    (void)dir.write("runs/a/guild.d/meta.tsv", "started_us\t1\n");
    auto lock = lock_file::create(dir / "runs/a");
    REQUIRE(lock);
    const auto refused = trash_run(find_run({dir / "runs"}, "a").value());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "the run is still going on");
    CHECK(os::is_directory(dir / "runs/a"));
}

TEST_CASE("catalog: a restored run is in the list again, beside its namesake") {
    const guild_test::temp_dir dir;
    add_run(dir, "root/a", 1);
    const std::vector<std::string> roots = {dir / "root"};
    CHECK(trash_roots(roots).empty());
    REQUIRE(trash_run(find_run(roots, "a").value()));
    add_run(dir, "root/a", 2);
    REQUIRE(trash_roots(roots) == std::vector<std::string>{dir / "root/.trash"});
    const auto again = trash_run(find_run(roots, "a").value());
    CHECK(again.value() == dir / "root/.trash/a-2");
    CHECK(ids(list_runs(trash_roots(roots))) == "a-2 a ");

    const run deleted = find_run(trash_roots(roots), "a").value();
    CHECK(trash_run(deleted).error().message == "the run is in the trash already");
    CHECK(root_of(deleted) == dir / "root");
    CHECK(restore_run(deleted).value() == dir / "root/a");
    CHECK(restore_run(deleted).error().code == guild::errc::not_found);
    CHECK(ids(list_runs(roots)) == "a ");
    CHECK(restore_run(find_run(roots, "a").value()).error().message == "the run is not in a trash");

    add_run(dir, "root/a-2", 3);
    CHECK(restore_run(find_run(trash_roots(roots), "a-2").value()).value() == dir / "root/a-2-2");
    CHECK(ids(list_runs(roots)) == "a-2 a-2-2 a ");
}

#include <guild/runs/marks.hpp>

#include <guild/os/directory.hpp>
#include <guild/os/link.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <guild/os/thread.hpp>
#include <support/temp_dir.hpp>

using namespace guild::runs;
namespace os = guild::os;

namespace {

std::string tags_of(const run_marks& marks) {
    return guild::join(marks.tags, ",");
}

}  // namespace

TEST_CASE("marks: what is not changed stays, and so do unknown keys") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/user.tsv", "star\t5\ntag.old\t\nlabel\tfirst\n");
    mark_changes more;
    more.add_tags = {"new", "best"};
    more.note = "two\nlines";
    const auto changed = change_marks(dir / "r", more);
    REQUIRE(changed);
    CHECK(tags_of(*changed) == "best,new,old");
    CHECK(changed->label == "first");
    const run seen = run::open(dir / "r").value();
    CHECK(tags_of(marks_of(seen)) == "best,new,old");
    CHECK(marks_of(seen).note == "two\nlines");
    CHECK(*find_value(seen.user(), "star") == "5");

    mark_changes less;
    less.remove_tags = {"old", "never"};
    less.label = "";
    less.note = "";
    REQUIRE(change_marks(dir / "r", less));
    CHECK(os::load_file(dir / "r/guild.d/user.tsv").value() == "star\t5\ntag.new\t\ntag.best\t\n");
}

TEST_CASE("marks: tags are words, labels are one line") {
    const auto code_of_tag = [](const std::string& tag) {
        mark_changes changes;
        changes.add_tags = {tag};
        const auto checked = check_marks(changes);
        return checked ? guild::errc::ok : checked.error().code;
    };
    CHECK(code_of_tag("best") == guild::errc::ok);
    CHECK(code_of_tag("v1.5/\xC3\xA9:x") == guild::errc::ok);
    for (const std::string& bad :
         {std::string(), std::string("a b"), std::string("a,b"), std::string("a\nb"),
          std::string("a\0b", 3), std::string(65, 'x')}) {
        CHECK(code_of_tag(bad) == guild::errc::bad_value);
    }
    mark_changes changes;
    changes.label = "two\nlines";
    CHECK(check_marks(changes).error().code == guild::errc::bad_value);
    changes.label = std::string(201, 'x');
    CHECK(check_marks(changes).error().code == guild::errc::bad_value);
    changes.label = "a label, with blanks";
    CHECK(check_marks(changes));
}

TEST_CASE("marks: nothing is written where a link in the run leads") {
    const guild_test::temp_dir dir;
    (void)dir.write("mine", "precious\n");
    (void)dir.write("run/guild.d/meta.tsv", "");
    REQUIRE(guild::os::make_link(dir / "mine", dir / "run/guild.d/user.tsv"));
    guild::runs::mark_changes changes;
    changes.add_tags = {"x"};
    CHECK(guild::runs::change_marks(dir / "run", changes).error().code == guild::errc::bad_value);
    CHECK(*guild::os::load_file(dir / "mine") == "precious\n");
    REQUIRE(guild::os::make_directories(dir / "other"));
    REQUIRE(guild::os::make_link(dir / "run/guild.d", dir / "other/guild.d"));
    CHECK(guild::runs::change_marks(dir / "other", changes).error().code == guild::errc::bad_value);
}

TEST_CASE("marks: a run that is not there gets none") {
    const guild_test::temp_dir dir;
    CHECK(change_marks(dir / "r", {}).error().code == guild::errc::not_found);
    CHECK_FALSE(os::find_status(dir / "r"));
}

TEST_CASE("marks: changes made at the same time are all kept") {
    const guild_test::temp_dir dir;
    (void)dir.write("r/guild.d/meta.tsv", "");
    std::vector<os::thread> threads;
    for (int i = 0; i < 4; ++i) {
        auto started = os::thread::start([&dir, i] {
            for (int tag = 0; tag < 10; ++tag) {
                mark_changes changes;
                changes.add_tags = {"t" + std::to_string(i) + "." + std::to_string(tag)};
                (void)change_marks(dir / "r", changes);
            }
        });
        REQUIRE(started);
        threads.push_back(std::move(*started));
    }
    for (os::thread& each : threads) {
        each.join();
    }
    CHECK(marks_of(run::open(dir / "r").value()).tags.size() == 40);
}

#include <guild/runs/lock.hpp>

#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <support/temp_dir.hpp>

using namespace guild::runs;

namespace {

constexpr std::int64_t second_us = 1'000'000;

lock_record some_record() {
    lock_record record;
    record.place = {"box", "boot-1", 4026531836};
    record.pid = 4711;
    record.start_ticks = 99;
    record.device = 7;
    record.inode = 8;
    record.beat = 3;
    record.beat_us = 1000 * second_us;
    return record;
}

lock_evidence evidence_for(const lock_record& record) {
    lock_evidence seen;
    seen.reader = record.place;
    seen.device = record.device;
    seen.inode = record.inode;
    seen.now_us = record.beat_us;
    seen.start_ticks = record.start_ticks;
    return seen;
}

std::string run_in(const guild_test::temp_dir& dir) {
    const std::string run = dir / "run";
    REQUIRE(guild::os::make_directories(data_path(run)));
    return run;
}

}  // namespace

TEST_CASE("lock: the text is read back as it was written") {
    const lock_record record = some_record();
    const std::string text = format_lock(record);
    CHECK(text.substr(0, 23) == "host\tbox\nboot_id\tboot-1");
    const auto back = parse_lock(text);
    REQUIRE(back);
    CHECK(format_lock(*back) == text);
}

TEST_CASE("lock: the file never changes its length, whatever its numbers are") {
    lock_record record = some_record();
    const std::size_t size = format_lock(record).size();
    record.beat = UINT64_MAX;
    record.beat_us = INT64_MAX;
    CHECK(format_lock(record).size() == size);
}

TEST_CASE("lock: a cut file is an error that names the missing key") {
    const std::string text = format_lock(some_record());
    const auto cut = parse_lock(text.substr(0, text.size() / 2));
    REQUIRE_FALSE(cut);
    CHECK(cut.error().code == guild::errc::bad_syntax);
    CHECK(cut.error().message == "no 'start_ticks' in LOCK");
    CHECK_FALSE(parse_lock(""));
    CHECK_FALSE(parse_lock("host\tx\npid\tabc\n"));
}

TEST_CASE("lock: its process on this machine lives or is gone") {
    const lock_record record = some_record();
    lock_evidence seen = evidence_for(record);
    CHECK(judge_lock(record, seen) == liveness::alive);
    seen.start_ticks.reset();
    CHECK(judge_lock(record, seen) == liveness::gone);
}

TEST_CASE("lock: a process with the same number that started later is another one") {
    const lock_record record = some_record();
    lock_evidence seen = evidence_for(record);
    seen.start_ticks = record.start_ticks + 1;
    CHECK(judge_lock(record, seen) == liveness::gone);
}

TEST_CASE("lock: after the machine was started anew its process is gone") {
    const lock_record record = some_record();
    lock_evidence seen = evidence_for(record);
    seen.reader.boot_id = "boot-2";
    CHECK(judge_lock(record, seen) == liveness::gone);
}

TEST_CASE("lock: a copied file is a copy, on this machine and on another") {
    const lock_record record = some_record();
    lock_evidence seen = evidence_for(record);
    seen.inode = 9;
    CHECK(judge_lock(record, seen) == liveness::copy);
    seen.reader = {"other", "boot-9", 1};
    CHECK(judge_lock(record, seen) == liveness::copy);
    seen = evidence_for(record);
    seen.device = 70;
    CHECK(judge_lock(record, seen) == liveness::copy);
    seen.reader = {"other", "boot-9", 1};  // device numbers mean nothing elsewhere
    CHECK(judge_lock(record, seen) == liveness::alive);
}

TEST_CASE("lock: another machine is judged by its beats") {
    const lock_record record = some_record();
    lock_evidence seen = evidence_for(record);
    seen.reader = {"other", "boot-9", 1};
    seen.start_ticks.reset();
    CHECK(judge_lock(record, seen) == liveness::alive);
    seen.now_us = record.beat_us + 300 * second_us;
    CHECK(judge_lock(record, seen) == liveness::alive);
    seen.now_us = record.beat_us + 301 * second_us;
    CHECK(judge_lock(record, seen) == liveness::silent);
    seen.modified_us = seen.now_us;  // the file server saw it beat, the other clock is wrong
    CHECK(judge_lock(record, seen) == liveness::alive);
    seen.unchanged_us = 119 * second_us;
    CHECK(judge_lock(record, seen) == liveness::alive);
    seen.unchanged_us = 120 * second_us;
    CHECK(judge_lock(record, seen) == liveness::silent);
}

TEST_CASE("lock: another pid namespace of this machine is judged by its beats too") {
    const lock_record record = some_record();
    lock_evidence seen = evidence_for(record);
    seen.reader.pid_namespace = 1;
    seen.start_ticks = 12345;  // some process of ours with that number
    CHECK(judge_lock(record, seen) == liveness::alive);
}

TEST_CASE("heartbeat memory: counts how long a beat has not changed") {
    heartbeat_memory memory;
    CHECK(memory.observe("a", 1, 100) == 0);
    CHECK(memory.observe("a", 1, 150) == 50);
    CHECK(memory.observe("b", 1, 150) == 0);
    CHECK(memory.observe("a", 2, 180) == 0);
    CHECK(memory.observe("a", 2, 200) == 20);
}

TEST_CASE("lock file: is alive while its process lives, and beats") {
    const guild_test::temp_dir dir;
    const std::string run = run_in(dir);
    CHECK_FALSE(find_lock(run).value());
    auto lock = lock_file::create(run);
    REQUIRE(lock);
    const auto first = find_lock(run);
    REQUIRE(first);
    REQUIRE(*first);
    CHECK((*first)->state == liveness::alive);
    CHECK((*first)->record.pid == ::getpid());
    REQUIRE(lock->beat());
    CHECK((*find_lock(run).value()).record.beat == (*first)->record.beat + 1);
    const auto second = lock_file::create(run);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == guild::errc::already_exists);
    lock->remove(data_path(run));
    CHECK_FALSE(find_lock(run).value());
}

TEST_CASE("lock file: of a process that ended is gone") {
    const guild_test::temp_dir dir;
    const std::string run = run_in(dir);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::_exit(lock_file::create(run) ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    const auto found = find_lock(run);
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->state == liveness::gone);
}

TEST_CASE("lock file: another one in its place is left alone") {
    const guild_test::temp_dir dir;
    const std::string run = run_in(dir);
    auto lock = lock_file::create(run);
    REQUIRE(lock);
    REQUIRE(guild::os::save_file(data_path(run, lock_name), "another"));
    lock->remove(data_path(run));
    CHECK(guild::os::is_regular_file(data_path(run, lock_name)));
}

TEST_CASE("lock: what a process that is gone is known by") {
    lock_record record;
    record.place = {"here", "boot", 1};
    record.start_ticks = 5;
    lock_evidence seen;
    seen.reader = record.place;
    CHECK(explain_gone(record, seen).empty());
    seen.start_ticks = 6;
    CHECK(explain_gone(record, seen) == "another program has its number now");
    seen.reader.boot_id = "later boot";
    CHECK(explain_gone(record, seen) == "the machine was started anew");
}

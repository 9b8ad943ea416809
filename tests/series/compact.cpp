#include <guild/series/compact.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>
#include <support/faulty_disk.hpp>
#include <support/series_log.hpp>
#include <support/series_sample.hpp>
#include <support/simulated_disk.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::logged_points;
using guild_test::series_log;

namespace {

gs::compact_report must_compact(const std::string& path, bool is_writer_gone = false) {
    gs::compact_options options;
    options.is_writer_gone = is_writer_gone;
    const auto done = gs::compact(path, options);
    REQUIRE_MESSAGE(done.has_value(), (done ? "" : to_string(done.error())));
    return *done;
}

gs::reader must_read(const std::string& path) {
    auto opened = gs::reader::open(path);
    REQUIRE(opened);
    return std::move(*opened);
}

// The summaries as lists that can be compared, in order of the keys.
void check_same_summaries(std::vector<gs::series_summary> a, std::vector<gs::series_summary> b) {
    const auto by_key = [](const auto& one, const auto& other) { return one.key < other.key; };
    std::sort(a.begin(), a.end(), by_key);
    std::sort(b.begin(), b.end(), by_key);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        CHECK(a[i].key == b[i].key);
        CHECK(guild_test::is_same_summary(a[i], b[i]));
    }
}

// Compacts a file of these bytes and compares all that readers see.
void check_compact(const std::string& bytes, const guild_test::points_by_key& written) {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("1-2-host.gts", bytes);
    gs::reader before = must_read(path);
    REQUIRE(logged_points(before) == written);
    const auto notes = before.notes();
    const gs::compact_report report = must_compact(path);
    CHECK(report.is_changed);
    CHECK(report.points == before.points_known());
    CHECK(report.bytes_before == bytes.size());
    gs::reader after = must_read(path);
    CHECK(report.bytes_after == after.size());
    CHECK(after.header().generation == 1);
    CHECK(after.header().id == before.header().id);
    CHECK(after.header().start_wall_us == before.header().start_wall_us);
    CHECK(after.is_closed());
    CHECK(logged_points(after) == written);
    check_same_summaries(before.summaries(), after.summaries());
    const auto notes_after = after.notes();
    REQUIRE(notes);
    REQUIRE(notes_after);
    REQUIRE(notes->size() == notes_after->size());
    for (std::size_t i = 0; i < notes->size(); ++i) {
        CHECK(notes->at(i).time_us == notes_after->at(i).time_us);
        CHECK(notes->at(i).texts == notes_after->at(i).texts);
    }
    for (const auto& [key, points] : written) {
        CHECK(after.points(key).value_or(std::vector<gs::point>()) == points);
    }
    const std::string content = *os::load_file(path);
    CHECK_FALSE(must_compact(path).is_changed);
    CHECK(*os::load_file(path) == content);
    const auto entries = os::list_directory(dir.path());
    REQUIRE(entries);
    CHECK(entries->size() == 1);
}

std::vector<gs::number> odd_values() {
    using real = std::numeric_limits<double>;
    using whole = std::numeric_limits<std::int64_t>;
    const auto bits = [](std::uint64_t of) {
        return gs::number::from_bits(gs::number_kind::real, of);
    };
    return {0.0,
            -0.0,
            real::infinity(),
            -real::infinity(),
            bits(0x7FF8000000000000U),
            bits(0xFFF8000000000001U),
            bits(0x7FF0000000000001U),
            bits(0x7FF8DEADBEEF1234U),
            bits(0x7FF8000020000000U),
            real::denorm_min(),
            -real::denorm_min(),
            bits(0x000FFFFFFFFFFFFFU),
            real::max(),
            real::lowest(),
            1.0 / 3,
            0.1,
            9007199254740993.0,
            std::int64_t{9007199254740993},
            std::int64_t{0},
            std::int64_t{-1},
            whole::max(),
            whole::min(),
            whole::max() - 1};
}

}  // namespace

TEST_CASE("compact: every point comes back bit for bit") {
    series_log log;
    const auto values = odd_values();
    using limits = std::numeric_limits<std::int64_t>;
    const std::int64_t places[] = {0, 0, limits::max(), limits::min(), -1, 5, 5, 4, 3};
    std::size_t at = 0;
    for (const gs::number& value : values) {
        for (const gs::number& other : values) {
            const std::int64_t place = places[at % 9];
            log.add(place, places[at / 9 % 9],
                    {{log.id("first"), value}, {log.id("second"), other}});
            ++at;
        }
    }
    check_compact(log.closed(), log.written());
}

TEST_CASE("compact: each odd value alone, in a column of its own kind") {
    series_log log;
    for (const gs::number& value : odd_values()) {
        const std::string key = "s" + std::to_string(log.written().size());
        for (std::int64_t i = 0; i < 5; ++i) {
            log.add(i / 2, -i, {{log.id(key), value}});
        }
    }
    check_compact(log.closed(), log.written());
}

TEST_CASE("compact: a series twice in one frame, frames of changing series, kinds that mix") {
    series_log log;
    const std::uint32_t ids[] = {log.id("a"), log.id("b"), log.id("c")};
    for (std::int64_t i = 0; i < 10'000; ++i) {
        std::vector<gs::sample> row = {{ids[i % 3], static_cast<double>(i)}};
        if (i % 5 == 0) {
            row.push_back({ids[i % 3], i});
        }
        if (i % 7 == 0) {
            row.push_back({ids[(i + 1) % 3], -0.5});
            row.push_back({ids[i % 3], static_cast<double>(-i)});
        }
        log.add(10'000 - i, i, row);
    }
    check_compact(log.closed(), log.written());
}

TEST_CASE("compact: random files") {
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
        CAPTURE(seed);
        guild_test::random_numbers random(seed);
        series_log log;
        guild_test::log_anything(log, 3000 * guild::detail::convert<std::size_t>(seed), random);
        check_compact(log.closed(), log.written());
    }
}

TEST_CASE("compact: twenty thousand series, and a frame of a hundred thousand values") {
    series_log log;
    std::vector<gs::sample> row;
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        row.push_back({log.id("s" + std::to_string(i)), i * 0.5});
    }
    for (std::int64_t step = 0; step < 3; ++step) {
        log.add(step, step, row);
        for (std::size_t i = static_cast<std::size_t>(step); i < row.size(); i += 997) {
            log.add(step, step, {row[i]});
        }
    }
    for (std::uint32_t i = 0; i < 80'000; ++i) {
        row.push_back({i % 20'000, std::int64_t{i}});
    }
    log.add(9, 9, row);
    const std::string bytes = log.closed();
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", bytes);
    CHECK(must_compact(path).is_changed);
    gs::reader reader = must_read(path);
    CHECK(logged_points(reader) == log.written());
    CHECK(reader.points("s19999").value_or(std::vector<gs::point>()) == log.written().at("s19999"));
}

TEST_CASE("compact: series that are never logged together, one after the other and in turns") {
    series_log log;
    for (std::int64_t i = 0; i < 30'000; ++i) {
        log.add(i, i, {{log.id("k" + std::to_string(i % 7)), 0.25 * static_cast<double>(i)}});
        if (i == 20'000) {  // and then two are
            log.add(i, i, {{log.id("k2"), 1.0}, {log.id("k5"), 2.0}, {log.id("new"), 3.0}});
        }
    }
    check_compact(log.closed(), log.written());
}

TEST_CASE("compact: attributes of a series stay") {
    gs::file_header header;
    header.id[2] = 8;
    const gs::series_name names[] = {{0, "loss", {{"unit", "nats"}, {"note", "a, b"}}},
                                     {7, "far id", {}}};
    std::string payload;
    gs::append_dictionary(payload, names, 2);
    std::string bytes = gs::encode_header(header);
    const std::uint32_t seed = gs::checksum_seed(header.id);
    gs::block made;
    made.type = gs::block_type::dictionary;
    made.offset = bytes.size();
    made.payload = payload;
    gs::append_block(bytes, made, seed);
    gs::frame_encoder frames;
    const gs::sample row[] = {{7, 1.5}, {0, std::int64_t{3}}};
    frames.add(1, 2, row, 2);
    made.type = gs::block_type::frames;
    made.sequence = 1;
    made.offset = bytes.size();
    made.payload = frames.payload();
    gs::append_block(bytes, made, seed);
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", bytes);
    CHECK(must_compact(path, true).points == 2);
    gs::reader reader = must_read(path);
    std::vector<gs::series_name> found;
    reader.for_each_series(
        [&](const gs::series_name& name, const gs::series_summary&) { found.push_back(name); });
    REQUIRE(found.size() == 2);
    CHECK(found[0].key == "loss");
    CHECK(found[0].attributes == names[0].attributes);
    CHECK(found[1].id == 7);
    CHECK(reader.points("far id")->at(0).value == gs::number(1.5));
}

TEST_CASE("compact: a file that its writer did not end is refused, unless the writer is gone") {
    series_log log;
    guild_test::random_numbers random(5);
    guild_test::log_anything(log, 2000, random);
    const guild_test::temp_dir dir;
    const std::string bytes = log.killed() + "half a block";
    const std::string path = dir.write("f.gts", bytes);
    const auto refused = gs::compact(path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == guild::errc::bad_value);
    CHECK(refused.error().path == path);
    CHECK(*os::load_file(path) == bytes);
    CHECK(must_compact(path, true).is_changed);
    gs::reader reader = must_read(path);
    CHECK(logged_points(reader) == log.written());
    CHECK(reader.is_closed());
    const auto notes = reader.notes();
    REQUIRE(notes);
    CHECK(notes->back().texts == guild::series::detail::text_pairs{{"mark", "unclosed"}});
    CHECK_FALSE(must_compact(path, true).is_changed);
}

TEST_CASE("compact: a file without points becomes one without points") {
    series_log log;
    (void)log.id("never");
    check_compact(log.closed(), log.written());
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", gs::encode_header(log.header()));
    CHECK(must_compact(path, true).points == 0);
    CHECK(must_read(path).is_closed());
}

// ---- chains -----------------------------------------------------------------

namespace {

// A writer whose syncs failed now and then: several files, each continuing the one before.
std::vector<std::string> write_chain(const std::string& directory) {
    const os::env system = guild_test::faulty_env();
    gs::writer_options options;
    options.sync = gs::sync_policy::every;
    options.flush_interval_ms = -1;
    auto writer = gs::writer::create(directory, options, system);
    REQUIRE(writer);
    std::vector<std::string> paths = {writer->path()};
    const std::uint32_t ids[] = {writer->series("x"), writer->series("y")};
    for (std::int64_t step = 0; step < 4000; ++step) {
        const gs::sample row[] = {{ids[0], static_cast<double>(step) * 0.1}, {ids[1], step}};
        writer->append(step, step * 1000, row, step % 3 == 0 ? 2 : 1);
        if (step % 100 == 99) {
            guild_test::plan.calls_left = step == 1299 || step == 2999 ? 1 : -1;
            guild_test::plan.failures = 1;
            REQUIRE(writer->flush());
        }
        if (writer->path() != paths.back()) {
            paths.push_back(writer->path());
        }
    }
    REQUIRE(writer->close());
    return paths;
}

// All that a reader of the directory sees.
guild_test::points_by_key seen_by(gs::run_reader& reader) {
    guild_test::points_by_key found;
    for (const gs::series_summary& one : reader.summaries()) {
        found[one.key] = reader.points(one.key);
        CHECK(guild_test::is_same_summary(
            one, guild_test::summary_of(found[one.key], found[one.key].size())));
    }
    return found;
}

void check_chain(const std::vector<std::size_t>& order) {
    const guild_test::temp_dir dir;
    const auto paths = write_chain(dir.path());
    REQUIRE(paths.size() == 3);
    gs::run_reader live(dir.path());
    const auto before = seen_by(live);
    REQUIRE(before.at("x").size() == 4000);
    REQUIRE(before.at("y").size() == 1334);
    gs::run_reader late(dir.path());
    for (const std::size_t at : order) {
        must_compact(paths[at], true);
        CHECK(live.refresh());
        CHECK(seen_by(live) == before);
        gs::run_reader fresh(dir.path());
        CHECK(seen_by(fresh) == before);
    }
    CHECK(late.refresh());
    CHECK(seen_by(late) == before);
    CHECK(late.is_closed());
}

}  // namespace

TEST_CASE("compact: files that continue each other read the same, whichever is rewritten first") {
    check_chain({0, 1, 2});
    check_chain({2, 1, 0});
    check_chain({1, 0, 2});
}

// ---- others have the file open, or write to it ------------------------------

TEST_CASE("compact: a reader that has the file open keeps it and refreshes to the new one") {
    series_log log;
    guild_test::random_numbers random(6);
    guild_test::log_anything(log, 5000, random);
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", log.closed());
    gs::reader live = must_read(path);
    must_compact(path);
    CHECK(logged_points(live) == log.written());
    CHECK(live.points("key1").value_or(std::vector<gs::point>()) == log.written().at("key1"));
    CHECK(live.refresh());
    CHECK(live.header().generation == 1);
    CHECK(logged_points(live) == log.written());
    CHECK(live.points("key1").value_or(std::vector<gs::point>()) == log.written().at("key1"));
    CHECK(live.bytes_lost() == 0);
}

TEST_CASE("compact: a reader told where a file ends sees all of the rewritten one") {
    series_log log;
    guild_test::log_curves(log, 5000, 100);
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", log.closed());
    gs::reader live = must_read(path);
    REQUIRE(live.end_before(3));
    must_compact(path);
    CHECK(live.refresh());
    CHECK(logged_points(live) == log.written());
    CHECK(live.is_closed());
}

TEST_CASE("compact: a damaged file is refused with the place and left as it is") {
    series_log log;
    guild_test::log_curves(log, 4000, 100);
    std::string bytes = log.closed();
    bytes[5000] = static_cast<char>(~bytes[5000]);
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", bytes);
    auto done = gs::compact(path);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == guild::errc::bad_checksum);
    CHECK(done.error().where.begin <= 5000);
    CHECK(done.error().where.end > 5000);
    CHECK(done.error().where.end - done.error().where.begin < 8192);
    CHECK(*os::load_file(path) == bytes);
    CHECK(os::list_directory(dir.path())->size() == 1);
    bytes = log.closed();
    bytes[40] = static_cast<char>(~bytes[40]);
    REQUIRE(os::save_file(path, bytes));
    done = gs::compact(path);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == guild::errc::bad_checksum);
    CHECK(done.error().where.begin == 0);
    CHECK(done.error().where.end == gs::header_bytes);
}

namespace {

std::string growing_path;

// The file grows while the new one is synced.
int growing_fsync(int fd) {
    std::string bytes = *os::load_file(growing_path);
    const int opened = ::open(growing_path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    CHECK(::write(opened, "more", 4) == 4);
    (void)::close(opened);
    return os::system_env.fsync(fd);
}

}  // namespace

TEST_CASE("compact: a file that grows meanwhile keeps its place") {
    series_log log;
    guild_test::log_curves(log, 2000, 100);
    const guild_test::temp_dir dir;
    const std::string bytes = log.closed();
    growing_path = dir.write("f.gts", bytes);
    os::env system = os::system_env;
    system.fsync = growing_fsync;
    const auto done = gs::compact(growing_path, {}, system);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == guild::errc::io_failed);
    CHECK(*os::load_file(growing_path) == bytes + "more");
    CHECK(os::list_directory(dir.path())->size() == 1);
}

TEST_CASE("compact: what a process that died left is replaced") {
    series_log log;
    guild_test::log_curves(log, 1000, 100);
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", log.closed());
    (void)dir.write("f.gts.new-" + std::to_string(os::process_id()), std::string(100'000, 'x'));
    CHECK(must_compact(path).is_changed);
    CHECK(logged_points(path) == log.written());
    CHECK(os::list_directory(dir.path())->size() == 1);
}

// ---- calls that fail --------------------------------------------------------

namespace {

// Compacts with call number `at` of the kinds failing; false when there was no such call.
bool check_failing(const std::string& bytes, const guild_test::points_by_key& written,
                   unsigned calls, std::int64_t at) {
    using guild_test::disk;
    const guild_test::temp_dir dir;
    const os::env system = guild_test::simulated_disk::env();
    disk.start(dir.path());
    const std::string path = dir / "f.gts";
    disk.put(path, bytes);
    disk.fault.calls = calls;
    disk.fault.after = at;
    disk.fault.short_write = at % 2 == 0;
    disk.is_armed = true;
    const auto done = gs::compact(path, {}, system);
    disk.is_armed = false;
    CHECK(disk.open_files == 0);
    const bool has_failed = disk.fault.failed != 0;
    for (int turn = 0; turn < 2; ++turn) {
        for (const auto& entry : disk.entries()) {
            if (guild::ends_with(entry.first, ".gts")) {
                CHECK(entry.first == path);
            }
        }
        auto reader = gs::reader::open(path, system);
        REQUIRE(reader);
        CHECK(logged_points(*reader) == written);
        CHECK(reader->is_closed());
        CHECK(reader->bytes_lost() == 0);
        if (turn == 0) {
            const auto again = gs::compact(path, {}, system);
            REQUIRE_MESSAGE(again.has_value(), (again ? "" : to_string(again.error())));
        } else {
            CHECK(reader->header().generation == 1);
        }
    }
    CHECK((done.has_value() || has_failed));
    return has_failed;
}

}  // namespace

TEST_CASE("compact: whichever call fails, the file is whole, and the next time succeeds") {
    series_log log;
    guild_test::random_numbers random(8);
    guild_test::log_anything(log, 1500, random);
    const std::string bytes = log.closed();
    using namespace guild_test;
    for (const unsigned calls : {open_calls, close_calls, read_calls, write_calls, sync_calls,
                                 rename_calls, unlink_calls, status_calls, all_calls}) {
        std::int64_t at = 0;
        while (check_failing(bytes, log.written(), calls, at)) {
            ++at;
        }
        CAPTURE(calls);
        CHECK((at > 0 || calls == unlink_calls));
    }
}

TEST_CASE("compact: a crash at any write leaves the old file or the new one") {
    using guild_test::disk;
    series_log log;
    guild_test::random_numbers random(9);
    guild_test::log_anything(log, 800, random);
    const std::string bytes = log.closed();
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        const guild_test::temp_dir dir;
        const os::env system = guild_test::simulated_disk::env();
        disk.start(dir.path(), seed);
        const std::string path = dir / "f.gts";
        disk.put(path, bytes);
        const auto folder = os::open_file(dir.path(), os::open_mode::read, system);
        REQUIRE(folder);
        os::file directory = std::move(*os::open_file(dir.path(), os::open_mode::read, system));
        REQUIRE(directory.sync());
        disk.fault.calls = guild_test::all_calls;
        disk.fault.after = static_cast<std::int64_t>(seed);
        disk.fault.times = 1000;  // the machine is gone from here on
        disk.is_armed = true;
        (void)gs::compact(path, {}, system);
        disk.is_armed = false;
        disk.crash();
        auto reader = gs::reader::open(path, system);
        REQUIRE(reader);
        CHECK(logged_points(*reader) == log.written());
        CHECK(reader->is_closed());
    }
}

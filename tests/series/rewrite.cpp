#include <guild/series/rewrite.hpp>

#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <support/series_log.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::series_log;

TEST_CASE("rewrite: a file that changes meanwhile keeps its place") {
    series_log log;
    guild_test::log_curves(log, 2000, 100);
    const std::string bytes = log.closed();
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", bytes);
    gs::rewriter job(path, os::system_env);
    REQUIRE(job.open());
    REQUIRE(job.write(false));
    CHECK(job.points() == 6000);
    CHECK(job.bytes_before() == bytes.size());
    auto grown = os::open_file(path, os::open_mode::read_write);
    REQUIRE(grown);
    REQUIRE(grown->write_at(bytes.size(), "more"));
    const auto replaced = job.replace();
    REQUIRE_FALSE(replaced);
    CHECK(replaced.error().code == guild::errc::io_failed);
    CHECK(replaced.error().path == path);
    job.discard();
    CHECK(*os::load_file(path) == bytes + "more");
    CHECK(os::list_directory(dir.path())->size() == 1);
}

TEST_CASE("rewrite: a new file that does not read back equal never takes the place") {
    series_log log;
    guild_test::log_curves(log, 2000, 100);
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", log.closed());
    const std::string made = path + ".new-" + std::to_string(os::process_id());
    for (const std::size_t at : {40U, 200U, 3000U}) {
        gs::rewriter job(path, os::system_env);
        REQUIRE(job.open());
        REQUIRE(job.write(false));
        std::string bytes = *os::load_file(made);
        bytes[at] = static_cast<char>(~bytes[at]);
        REQUIRE(os::save_file(made, bytes));
        CHECK_FALSE(job.replace());
        CHECK(*os::load_file(path) == log.closed());
        job.discard();
    }
    gs::rewriter job(path, os::system_env);
    REQUIRE(job.open());
    REQUIRE(job.write(false));
    const std::string bytes = *os::load_file(made);
    REQUIRE(os::save_file(made, bytes.substr(0, bytes.size() - 8)));
    CHECK_FALSE(job.replace());
    job.discard();
    CHECK(os::list_directory(dir.path())->size() == 1);
}

TEST_CASE("rewrite: the smallest sequence that any file beside it repeats is where a file ends") {
    const guild_test::temp_dir dir;
    gs::file_header header;
    header.id[0] = 1;
    const std::string path = dir.write("1.gts", gs::encode_header(header));
    constexpr auto all = std::numeric_limits<std::uint64_t>::max();
    CHECK(gs::find_limit(path, header.id, os::system_env) == all);
    gs::file_header other;
    other.continues = header.id;
    for (const std::uint64_t sequence : {9U, 7U, 8U}) {
        other.id[0] = static_cast<std::uint8_t>(10 + sequence);
        other.continues_sequence = sequence;
        (void)dir.write(std::to_string(sequence) + ".gts", gs::encode_header(other));
    }
    other.continues_sequence = 3;
    (void)dir.write("3.gts.damaged", gs::encode_header(other));
    (void)dir.write("4.gts", "short");
    other.continues[1] = 99;  // of a file elsewhere
    (void)dir.write("5.gts", gs::encode_header(other));
    CHECK(gs::find_limit(path, header.id, os::system_env) == 7);
}

TEST_CASE("point digest: any other bit, order, kind or series is another digest") {
    const gs::point points[] = {{1, 2, 0.5}, {2, 2, 0.0}, {2, 3, 7}};
    const auto digest_of = [&](std::uint32_t id, std::size_t changed, const gs::point& to) {
        gs::point_digest made;
        for (std::size_t i = 0; i < 3; ++i) {
            made.add(id, i == changed ? to : points[i]);
        }
        return made;
    };
    const auto whole = digest_of(0, 0, points[0]);
    CHECK(whole.is_same(digest_of(0, 0, points[0])));
    CHECK(whole.count() == 3);
    CHECK(whole.ids() == std::vector<std::uint32_t>{0});
    CHECK_FALSE(whole.is_same(digest_of(1, 0, points[0])));
    CHECK_FALSE(whole.is_same(digest_of(0, 0, {1, 3, 0.5})));
    CHECK_FALSE(whole.is_same(digest_of(0, 0, {0, 2, 0.5})));
    CHECK_FALSE(whole.is_same(digest_of(0, 1, {2, 2, -0.0})));
    CHECK_FALSE(whole.is_same(digest_of(0, 1, {2, 2, 0})));
    CHECK_FALSE(whole.is_same(digest_of(0, 2, {2, 3, 7.0})));
    gs::point_digest turned;
    turned.add(0, points[1]);
    turned.add(0, points[0]);
    turned.add(0, points[2]);
    CHECK_FALSE(whole.is_same(turned));
    gs::point_digest shorter;
    shorter.add(0, points[0]);
    CHECK_FALSE(whole.is_same(shorter));
    CHECK_FALSE(shorter.is_same(whole));
    gs::point_digest mixed;  // the order of different series is not told
    mixed.add(1, points[0]);
    mixed.add(0, points[1]);
    gs::point_digest sorted;
    sorted.add(0, points[1]);
    sorted.add(1, points[0]);
    CHECK(mixed.is_same(sorted));
}

#include <guild/series/column_file.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/file_map.hpp>
#include <guild/series/reader.hpp>
#include <guild/series/repair.hpp>
#include <support/series_log.hpp>
#include <support/simulated_disk.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;

namespace {

gs::file_header column_header() {
    gs::file_header header;
    header.id[5] = 5;
    header.generation = 1;
    return header;
}

gs::column_file must_make(const std::string& path, const os::env& system = os::system_env) {
    auto made = gs::column_file::create(path, column_header(), system);
    REQUIRE(made);
    return std::move(*made);
}

// One FRAMES block of some frames.
class rows_block {
public:
    void add(std::int64_t step, const std::vector<gs::sample>& row) {
        frames_.add(step, step, row.data(), row.size());
    }
    [[nodiscard]] gs::block finish() {
        payload_ = std::string(frames_.payload());
        frames_.clear();
        gs::block made;
        made.type = gs::block_type::frames;
        made.payload = payload_;
        return made;
    }

private:
    gs::frame_encoder frames_;
    std::string payload_;
};

gs::index_content index_of(const std::string& path) {
    const std::string bytes = *os::load_file(path);
    const std::uint32_t seed = gs::checksum_seed(column_header().id);
    gs::index_content content;
    gs::block next;
    for (std::size_t at = gs::header_bytes; at < bytes.size();) {
        REQUIRE(gs::decode_block(std::string_view(bytes).substr(at), at, seed, next) ==
                gs::block_status::good);
        at = guild::detail::convert<std::size_t>(next.end());
    }
    REQUIRE(next.type == gs::block_type::index);
    REQUIRE(next.flags == gs::flag_closed);
    REQUIRE(gs::decode_index(next.payload, content));
    return content;
}

}  // namespace

TEST_CASE("column file: what was added is read back, group by group") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    gs::column_file file = must_make(path);
    for (std::uint32_t id = 0; id < 4; ++id) {
        file.add_name({id, "k" + std::to_string(id), {}});
    }
    file.add_name({1, "another name", {}});
    rows_block rows;
    for (std::int64_t step = 0; step < 10'000; ++step) {
        rows.add(step, {{0, step}, {1, 0.5}});
        rows.add(step, {{2, -step}});
        if (step % 100 == 0) {
            rows.add(step, {{3, step}});
        }
    }
    REQUIRE(file.add(rows.finish()));
    CHECK(file.points() == 30'100);
    REQUIRE(file.close());
    CHECK(file.bytes() == os::get_status(path)->size);
    const gs::index_content index = index_of(path);
    CHECK(index.groups == std::vector<std::vector<std::uint32_t>>{{0, 1}, {2}, {0, 1, 2, 3}});
    CHECK(index.chunks.size() == 5);  // what was left of each shares the last
    CHECK(index.frames == 20'100);
    CHECK(index.points == 30'100);
    gs::reader reader = *gs::reader::open(path);
    CHECK(reader.is_closed());
    const auto read = guild_test::logged_points(reader);
    REQUIRE(read.size() == 4);
    CHECK(read.at("k1").size() == 10'000);
    for (std::size_t i = 0; i < 10'000; ++i) {
        const auto step = static_cast<std::int64_t>(i);
        CHECK(read.at("k0")[i] == gs::point{step, step, step});
        CHECK(read.at("k2")[i] == gs::point{step, step, -step});
    }
}

TEST_CASE("column file: groups that one frame brings together become one, and keep their order") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    gs::column_file file = must_make(path);
    file.add_name({0, "a", {}});
    file.add_name({1, "b", {}});
    rows_block rows;
    for (std::int64_t step = 0; step < 50; ++step) {
        rows.add(step, {{0, step}});
        rows.add(step, {{1, step}});
    }
    rows.add(50, {{1, 50}, {0, 50}});
    for (std::int64_t step = 51; step < 90; ++step) {
        rows.add(step, {{0, step}});
        rows.add(step, {{1, step}, {1, step}});
    }
    REQUIRE(file.add(rows.finish()));
    REQUIRE(file.close());
    const gs::index_content index = index_of(path);
    REQUIRE(index.chunks.size() == 3);
    CHECK(index.groups.size() == 3);
    CHECK(index.groups.back().size() == 2);
    gs::reader reader = *gs::reader::open(path);
    const auto a = reader.points("a");
    REQUIRE(a);
    REQUIRE(a->size() == 90);
    CHECK(std::is_sorted(a->begin(), a->end(),
                         [](const gs::point& x, const gs::point& y) { return x.step < y.step; }));
    CHECK(reader.points("b")->size() == 90 + 39);
}

TEST_CASE(
    "column file: a series long enough has a pyramid, and all that the index lists is there") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    gs::column_file file = must_make(path);
    file.add_name({7, "long", {}});
    file.add_name({8, "short", {}});
    rows_block rows;
    for (std::int64_t step = 0; step < 5000; ++step) {
        rows.add(step, {{7, step}});
        if (step < 511) {
            rows.add(step, {{8, step}});
        }
    }
    REQUIRE(file.add(rows.finish()));
    REQUIRE(file.close());
    const gs::index_content index = index_of(path);
    REQUIRE(index.pyramids.size() == 1);
    CHECK(index.pyramids[0].ids == std::vector<std::uint32_t>{7});
    CHECK(index.pyramid_begin == gs::header_bytes);
    CHECK(index.covers_offset == gs::header_bytes);
    CHECK(index.summaries.size() == 2);
}

TEST_CASE("column file: the pyramid of a long series is in several blocks, none of them large") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    gs::column_file file = must_make(path);
    file.add_name({7, "long", {}});
    guild_test::random_numbers random(7);
    rows_block rows;
    constexpr std::int64_t points = 600'000;
    for (std::int64_t step = 0; step < points; ++step) {
        const double noise = static_cast<double>(random.next()) / 1e21;
        rows.add(step, {{7, step == points / 3 ? 1e9 : noise}});
        if (step % 20'000 == 19'999) {
            REQUIRE(file.add(rows.finish()));
        }
    }
    REQUIRE(file.close());
    const auto source = os::open_file(path, os::open_mode::read);
    REQUIRE(source);
    gs::file_window window(*source);
    const gs::index_content index = index_of(path);
    CHECK(index.pyramids.size() > 1);
    for (const gs::pyramid_entry& each : index.pyramids) {
        CHECK(each.ids == std::vector<std::uint32_t>{7});
        const auto found = gs::find_block_at(window, gs::checksum_seed(column_header().id),
                                             each.offset, source->status()->size);
        REQUIRE(found);
        CHECK(found->payload.size() < 2 * 65536);
    }
    gs::reader reader = *gs::reader::open(path);
    for (const std::size_t columns : {2U, 50U, 1000U}) {
        gs::pixel_request request;
        request.columns = columns;
        const auto view = reader.pixels("long", request);
        REQUIRE(view);
        CHECK_FALSE(view->is_exact);
        CHECK(view->points == points);
        CHECK(std::any_of(view->kept.begin(), view->kept.end(),
                          [](const gs::point& each) { return each.value == 1e9; }));
    }
    CHECK(gs::verify(path)->damage.empty());
}

TEST_CASE(
    "column file: chunks of another file are taken as they are, rows before them come first") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    gs::column_file file = must_make(path);
    file.add_name({0, "a", {}});
    rows_block rows;
    rows.add(1, {{0, 1}});
    REQUIRE(file.add(rows.finish()));
    gs::chunk_builder columns;
    const gs::sample two[] = {{0, 2}};
    columns.add(2, 2, two, 1);
    std::string payload;
    columns.finish(payload);
    gs::block chunk;
    chunk.type = gs::block_type::chunk;
    chunk.payload = payload;
    REQUIRE(file.add(chunk));
    rows.add(3, {{0, 3}});
    REQUIRE(file.add(rows.finish()));
    chunk.payload = "no chunk";
    REQUIRE(file.add(chunk));
    gs::block later;
    later.type = static_cast<gs::block_type>(77);
    later.payload = "?";
    REQUIRE(file.add(later));
    REQUIRE(file.close());
    gs::reader reader = *gs::reader::open(path);
    CHECK(*reader.points("a") == std::vector<gs::point>{{1, 1, 1}, {2, 2, 2}, {3, 3, 3}});
    CHECK(reader.bytes_lost() == 0);
}

TEST_CASE("column file: of a chunk and a note that make no sense what does is taken, no more") {
    const guild_test::temp_dir dir;
    const std::string path = dir / "f.gts";
    gs::column_file file = must_make(path);
    file.add_name({0, "a", {}});
    file.add_name({1, "b", {}});
    gs::chunk_builder columns;
    std::string payload;
    const double odd[] = {0, 3.7e100, -1.23456789e-77};  // are not made any shorter
    for (const std::int64_t step : {1, 2}) {
        const gs::sample row[] = {{0, step}, {1, odd[step]}};
        columns.add(step, step, row, 2);
    }
    columns.finish(payload);
    gs::block chunk;
    chunk.type = gs::block_type::chunk;
    for (const auto& [cut, from] : {std::pair{payload.size(), "\xFF"}, {std::size_t{0}, "?"}}) {
        std::string bad = payload;
        bad.insert(cut, from);  // behind a good chunk, and nothing good at all
        chunk.payload = bad;
        REQUIRE(file.add(chunk));
    }
    std::string bad = payload;
    bad[bad.size() - 17] = '\xFF';  // the form of the values of b
    chunk.payload = bad;
    REQUIRE(file.add(chunk));
    gs::block note;
    note.payload = "a note?";
    REQUIRE(file.add(note));
    REQUIRE(file.close());
    gs::reader reader = *gs::reader::open(path);
    CHECK(*reader.points("a") ==
          std::vector<gs::point>{{1, 1, 1}, {2, 2, 2}, {1, 1, 1}, {2, 2, 2}});
    CHECK(*reader.points("b") == std::vector<gs::point>{{1, 1, odd[1]}, {2, 2, odd[2]}});
    const auto found = gs::verify(path);
    REQUIRE(found);
    CHECK(found->damage.empty());
}

TEST_CASE("column file: a file that is there already is an error, and stays") {
    const guild_test::temp_dir dir;
    const std::string path = dir.write("f.gts", "mine");
    const auto made = gs::column_file::create(path, column_header());
    REQUIRE_FALSE(made);
    CHECK(made.error().code == guild::errc::already_exists);
    CHECK(*os::load_file(path) == "mine");
}

TEST_CASE("column file: the first failure of the disk is told again by close") {
    using guild_test::disk;
    bool has_failed = true;
    for (std::int64_t at = 0; has_failed; ++at) {
        CAPTURE(at);
        const guild_test::temp_dir dir;
        const os::env system = guild_test::simulated_disk::env();
        disk.start(dir.path());
        gs::column_file file = must_make(dir / "f.gts", system);
        file.add_name({0, "a", {}});
        disk.fault.calls = guild_test::write_calls | guild_test::sync_calls;
        disk.fault.after = at;
        disk.fault.code = at % 2 == 0 ? ENOSPC : EIO;
        disk.fault.short_write = at % 3 == 0;
        disk.is_armed = true;
        rows_block rows;
        guild_test::random_numbers random(static_cast<std::uint64_t>(at));
        for (std::int64_t step = 0; step < 300'000; ++step) {
            rows.add(step, {{0, random.number()}});
            if (step % 20'000 == 19'999) {
                (void)file.add(rows.finish());
            }
        }
        const auto closed = file.close();
        disk.is_armed = false;
        has_failed = disk.fault.failed != 0;
        CHECK(closed.has_value() != has_failed);
        CHECK((!has_failed || closed.error().code == guild::errc::no_space ||
               closed.error().code == guild::errc::io_failed));
        CHECK((has_failed || at >= 3));
    }
}

// Files that were written once and are read for ever: tests/data/series, with what they hold.
//
// GUILD_MAKE_GOLDEN=DIR writes files of this version into DIR instead, for a version that adds
// some.
#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/base/crc32c.hpp>
#include <guild/series/block_points.hpp>
#include <guild/series/compact.hpp>
#include <guild/series/run_reader.hpp>
#include <guild/series/verify.hpp>
#include <guild/series/writer.hpp>
#include <support/random_numbers.hpp>
#include <support/series_log.hpp>
#include <support/series_sample.hpp>
#include <support/simulated_disk.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::disk;

namespace {

// The points of a file or directory as lines: key,step,time_us,kind,bits.
void append_line(std::string& text, const std::string& key, const gs::point& one) {
    char line[160] = {};
    (void)std::snprintf(line, sizeof line, ",%" PRId64 ",%" PRId64 ",%s,%016" PRIx64 "\n", one.step,
                        one.time_us, one.value.is_integer() ? "integer" : "real", one.value.bits());
    text += key + line;
}

std::string lines_of(const std::map<std::string, std::vector<gs::point>>& series) {
    std::string text = "key,step,time_us,kind,bits\n";
    for (const auto& [key, points] : series) {
        for (const gs::point& one : points) {
            append_line(text, key, one);
        }
    }
    return text;
}

std::string lines_of(gs::reader& reader) {
    std::map<std::string, std::vector<gs::point>> series;
    REQUIRE(reader.for_each_point([&](const gs::series_name& name, const gs::point& one) {
        series[name.key].push_back(one);
    }));
    return lines_of(series);
}

std::string lines_of(gs::run_reader& reader) {
    std::map<std::string, std::vector<gs::point>> series;
    for (const gs::series_summary& one : reader.summaries()) {
        series[one.key] = reader.points(one.key);
    }
    return lines_of(series);
}

std::string golden_path(const std::string& name) {
    return guild::join_path(guild::join_path(GUILD_TEST_DATA, "series"), name);
}

std::string must_load(const std::string& name) {
    auto content = os::load_file(golden_path(name));
    REQUIRE_MESSAGE(content.has_value(), name);
    return std::move(*content);
}

// ---- making them ------------------------------------------------------------

void log_rounds(gs::writer& writer, int rounds) {
    guild_test::random_numbers random(static_cast<std::uint64_t>(rounds));
    const std::uint32_t ids[] = {writer.series("train/loss"), writer.series("epoch"),
                                 writer.series("odd numbers")};
    for (std::int64_t step = 0; step < rounds * 10; ++step) {
        const gs::sample row[] = {{ids[0], 1.0 / static_cast<double>(step + 1)},
                                  {ids[1], step / 10},
                                  {ids[2], random.number()}};
        writer.append(step, 1'700'000'000'000'000 + step * 250'000, row, step % 3 == 0 ? 3 : 2);
        if (step % 10 == 9) {
            (void)writer.flush();
        }
    }
    writer.append_one(INT64_MIN, INT64_MAX, ids[2], INT64_MIN);
    writer.append_one(INT64_MAX, INT64_MIN, ids[2], -0.0);
    writer.add_note(1'700'000'000'000'000, {{"mark", "resumed"}, {"step", "7"}});
}

gs::writer golden_writer(const std::string& directory, gs::sync_policy sync,
                         const os::env& system) {
    gs::writer_options options;
    options.sync = sync;
    options.flush_interval_ms = -1;
    options.host = "host";
    options.pid = 42;
    auto made = gs::writer::create(directory, options, system);
    REQUIRE(made);
    return std::move(*made);
}

void make_golden(const std::string& to) {
    const guild_test::temp_dir dir;
    const os::env system = guild_test::simulated_disk::env();
    const auto save = [&](const std::string& name, const std::string& bytes) {
        REQUIRE(os::make_directories(guild::parent_path(guild::join_path(to, name))));
        REQUIRE(os::save_file(guild::join_path(to, name), bytes));
    };
    disk.start(dir.path(), 2026);
    gs::writer closed = golden_writer(dir / "closed", gs::sync_policy::none, system);
    log_rounds(closed, 3);
    REQUIRE(closed.close());
    save("closed.gts", disk.entries().at(closed.path())->now);

    gs::writer killed = golden_writer(dir / "killed", gs::sync_policy::none, system);
    log_rounds(killed, 4);
    std::string bytes = disk.entries().at(killed.path())->now;
    save("killed.gts", bytes.substr(0, bytes.size() - 37));

    gs::writer damaged = golden_writer(dir / "damaged", gs::sync_policy::none, system);
    log_rounds(damaged, 5);
    REQUIRE(damaged.close());
    bytes = disk.entries().at(damaged.path())->now;
    std::fill(bytes.begin() + 700, bytes.begin() + 900, '\xA9');
    save("damaged.gts", bytes);

    gs::writer continued = golden_writer(dir / "continued", gs::sync_policy::every, system);
    disk.fault.calls = guild_test::sync_calls;
    disk.fault.after = 3;
    disk.is_armed = true;
    log_rounds(continued, 4);
    disk.is_armed = false;
    REQUIRE(continued.close());
    for (const auto& entry : disk.entries()) {
        if (guild::parent_path(entry.first) == dir / "continued") {
            save("continued/" + guild::base_name(entry.first), entry.second->now);
        }
    }
    for (const char* name : {"closed", "killed", "damaged"}) {
        auto file = gs::reader::open(guild::join_path(to, std::string(name) + ".gts"));
        REQUIRE(file);
        save(std::string(name) + ".csv", lines_of(*file));
    }
    gs::run_reader pair(guild::join_path(to, "continued"));
    save("continued.csv", lines_of(pair));
}

// A row of each method of columns: raw, equal, ordered, exclusive, ratio, kinds that mix, repeats.
std::string every_method() {
    guild_test::series_log log(77);
    guild_test::random_numbers random(77);
    const std::uint32_t many[] = {log.id("raw"),   log.id("equal"),     log.id("ordered"),
                                  log.id("ratio"), log.id("exclusive"), log.id("mixed"),
                                  log.id("float"), log.id("repeats")};
    const std::uint32_t some[] = {log.id("other"), log.id("integers")};
    double close = 1.0;
    for (std::int64_t step = 0; step < 200; ++step) {
        close += static_cast<double>(random.below(1000)) * 1e-13;
        const double fraction = static_cast<double>(step * 37 % 1000);
        const gs::number any =
            gs::number::from_bits(gs::number_kind::real, random.next() | (std::uint64_t{1} << 61U));
        log.add(step / 2 * 3, 1'700'000'000'000'000 + step * 1000 + step % 7,
                {{many[0], any},
                 {many[1], 0.001},
                 {many[2], std::int64_t{1} << (step % 62)},
                 {many[3], fraction * 0.01},
                 {many[4], close},
                 {many[5], step % 3 == 0 ? gs::number(step) : gs::number(0.5)},
                 {many[6], static_cast<float>(random.below(1U << 24U)) / 1024.0F},
                 {many[7], static_cast<double>(step / 9 % 2 == 0 ? 0 : random.below(1U << 30U))}});
        if (step % 5 == 0) {
            log.add(-step, INT64_MIN + step, {{some[step % 2], random.number()}});
        }
    }
    return log.closed();
}

// Files in columns: of a live file of this directory, and of every method.
void make_columns(const std::string& to) {
    const std::pair<const char*, std::string> sources[] = {{"columns", must_load("closed.gts")},
                                                           {"columns_methods", every_method()}};
    for (const auto& [name, bytes] : sources) {
        const std::string path = guild::join_path(to, std::string(name) + ".gts");
        REQUIRE(os::save_file(path, bytes));
        REQUIRE(gs::compact(path));
        auto file = gs::reader::open(path);
        REQUIRE(file);
        REQUIRE(os::save_file(guild::join_path(to, std::string(name) + ".csv"), lines_of(*file)));
    }
}

// ---- reading them -----------------------------------------------------------

gs::reader must_open_golden(const std::string& name) {
    auto opened = gs::reader::open(golden_path(name));
    REQUIRE_MESSAGE(opened.has_value(), name);
    return std::move(*opened);
}

// The first byte of each column of the chunks in a payload, which follow their sets, steps and
// times.
std::vector<std::uint8_t> forms_of(std::string_view chunks) {
    std::vector<std::uint8_t> forms;
    std::uint64_t value = 0;
    const auto skip = [&] {
        REQUIRE(guild::decode_varint(chunks, value));
        return value;
    };
    while (!chunks.empty()) {
        (void)skip();  // frames
        const std::uint64_t columns = skip();
        for (std::uint64_t i = 0; i < columns; ++i) {
            (void)skip();
        }
        const std::uint64_t sets = skip();
        for (std::uint64_t i = 0; i < sets; ++i) {
            for (std::uint64_t count = skip(); count > 0; --count) {
                (void)skip();
            }
        }
        for (int i = 0; i < (sets > 1 ? 3 : 2); ++i) {
            chunks.remove_prefix(guild::detail::convert<std::size_t>(skip()));
        }
        for (std::uint64_t i = 0; i < columns; ++i) {
            const auto size = guild::detail::convert<std::size_t>(skip());
            forms.push_back(static_cast<std::uint8_t>(chunks.at(0)));
            chunks.remove_prefix(size);
        }
    }
    return forms;
}

// Summaries are of all points that the file says it has; here, of those that can be read.
void check_summaries(gs::reader& reader) {
    for (const gs::series_summary& one : reader.summaries()) {
        const auto points = reader.points(one.key);
        REQUIRE(points);
        CHECK(guild_test::is_same_summary(one, guild_test::summary_of(*points, points->size())));
    }
}

}  // namespace

TEST_CASE("golden: files of this version are made again where GUILD_MAKE_GOLDEN says") {
    const char* to = std::getenv("GUILD_MAKE_GOLDEN");
    if (to != nullptr) {
        make_golden(to);
    }
}

TEST_CASE("golden: files in columns are made again where GUILD_MAKE_GOLDEN_COLUMNS says") {
    const char* to = std::getenv("GUILD_MAKE_GOLDEN_COLUMNS");
    if (to != nullptr) {
        make_columns(to);
    }
}

TEST_CASE("golden: files in columns") {
    for (const std::string name : {"columns", "columns_methods"}) {
        gs::reader reader = must_open_golden(name + ".gts");
        CHECK(lines_of(reader) == must_load(name + ".csv"));
        CHECK(reader.header().generation == 1);
        CHECK(reader.is_closed());
        CHECK(reader.bytes_lost() == 0);
        CHECK(reader.tail_bytes() == 0);
        check_summaries(reader);
        const auto verified = gs::verify(golden_path(name + ".gts"));
        REQUIRE(verified);
        CHECK(verified->damage.empty());
    }
    CHECK(must_load("columns.csv") == must_load("closed.csv"));
}

TEST_CASE("golden: files in columns use every kind and method of a column") {
    const std::string bytes = must_load("columns_methods.gts");
    const std::uint32_t seed = gs::checksum_seed(gs::decode_header(bytes.substr(0, 96))->id);
    unsigned methods = 0;
    unsigned kinds = 0;
    bool has_repeats = false;
    gs::block next;
    for (std::size_t at = gs::header_bytes; at < bytes.size();) {
        REQUIRE(gs::decode_block(std::string_view(bytes).substr(at), at, seed, next) ==
                gs::block_status::good);
        at = guild::detail::convert<std::size_t>(next.end());
        if (next.type == gs::block_type::chunk) {
            for (const std::uint8_t form : forms_of(gs::chunks_in(next))) {
                kinds |= 1U << (form & 3U);
                has_repeats = has_repeats || (form & 4U) != 0;
                methods |= 1U << (form >> 3U);
            }
        }
    }
    CHECK(kinds == 0xFU);
    CHECK(has_repeats);
    CHECK(methods == 0x1FU);
}

TEST_CASE("golden: a closed file") {
    gs::reader reader = must_open_golden("closed.gts");
    CHECK(lines_of(reader) == must_load("closed.csv"));
    CHECK(reader.is_closed());
    CHECK(reader.bytes_lost() == 0);
    CHECK(reader.tail_bytes() == 0);
    check_summaries(reader);
    const auto notes = reader.notes();
    REQUIRE(notes);
    REQUIRE(notes->size() == 1);
    CHECK(notes->at(0).texts.at(0).second == "resumed");
}

TEST_CASE("golden: a file whose writer was killed within a write") {
    gs::reader reader = must_open_golden("killed.gts");
    CHECK(lines_of(reader) == must_load("killed.csv"));
    CHECK_FALSE(reader.is_closed());
    CHECK(reader.bytes_lost() == 0);
    CHECK(reader.tail_bytes() > 0);
    check_summaries(reader);
}

TEST_CASE("golden: a file with a damaged middle") {
    gs::reader reader = must_open_golden("damaged.gts");
    CHECK(lines_of(reader) == must_load("damaged.csv"));
    CHECK(reader.is_closed());
    REQUIRE(reader.lost().size() == 1);
    CHECK(reader.lost()[0].begin <= 700);
    CHECK(reader.lost()[0].end >= 900);
    CHECK(reader.bytes_lost() < 2000);
}

TEST_CASE("golden: a file and the one that continues it after a failed sync") {
    gs::run_reader reader(golden_path("continued"));
    REQUIRE(reader.files().size() == 2);
    CHECK(reader.files()[1]->header().is_continuation());
    CHECK(lines_of(reader) == must_load("continued.csv"));
    CHECK(reader.summaries().size() == 3);
    CHECK(reader.bytes_lost() == 0);
    CHECK_FALSE(reader.last_error());
}

TEST_CASE("golden: a file of a future version is refused in clear words, and hides no other") {
    const guild_test::temp_dir dir;
    std::string bytes = must_load("closed.gts");
    (void)dir.write("1-1-h.gts", bytes);
    bytes[4] = 2;
    guild::store_le(&bytes[92], guild::mask_crc32c(guild::crc32c(bytes.substr(0, 92))));
    (void)dir.write("2-1-h.gts", bytes);
    const gs::run_reader reader(dir.path());
    CHECK(reader.summaries().size() == 3);
    REQUIRE(reader.last_error());
    CHECK(reader.last_error()->code == guild::errc::unsupported);
    CHECK(reader.last_error()->path == dir / "2-1-h.gts");
    CHECK(reader.last_error()->message ==
          "series format 2 is newer than this program, which reads format 1");
}

TEST_CASE("golden: bytes of others are refused, and those of a big-endian writer give no points") {
    const guild_test::temp_dir dir;
    using namespace std::string_view_literals;
    const std::string_view foreign[] = {"SQLite format 3\0"sv,
                                        "\x1F\x8B\x08"sv,
                                        "1STG"sv,
                                        "\x89PNG\r\n\x1A\n"sv,
                                        "\x7F"
                                        "ELF"sv,
                                        "step,loss\n1,2\n"sv,
                                        "{\"step\": 1}\n"sv};
    for (const std::string_view begin : foreign) {
        std::string bytes(begin);
        bytes.resize(400, '\0');
        const auto opened = gs::reader::open(dir.write("f.gts", bytes));
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == guild::errc::bad_syntax);
    }
    // Every number of the header the other way round, its checksum too.
    std::string bytes = must_load("closed.gts");
    const std::pair<int, int> fields[] = {{4, 2},  {6, 2},  {24, 4}, {28, 4},
                                          {32, 8}, {40, 8}, {64, 8}, {92, 4}};
    for (const auto& [at, size] : fields) {
        std::reverse(bytes.begin() + at, bytes.begin() + at + size);
    }
    for (std::size_t at = 96; at + 8 <= bytes.size(); at += 8) {
        std::reverse(&bytes[at], &bytes[at] + 8);
    }
    auto opened = gs::reader::open(dir.write("g.gts", bytes));
    if (opened) {
        CHECK(opened->summaries().empty());
        CHECK(lines_of(*opened) == "key,step,time_us,kind,bits\n");
        CHECK(opened->bytes_lost() > 0);
    }
}

// A writer or a machine dies at any byte: every beginning of a file, and every set of sectors of
// its last write, gives what was there before and nothing that was not written.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>
#include <support/effort.hpp>
#include <support/memory_file.hpp>
#include <support/series_sample.hpp>
#include <support/simulated_disk.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::disk;
using guild_test::in_memory;
using guild_test::sample_file;

namespace {

// Summaries of the first `counts` points of each series.
class summary_cache {
public:
    explicit summary_cache(const guild_test::written_points& written) : written_(&written) {}

    const gs::series_summary& of(std::size_t place, std::size_t count) {
        auto& known = summaries_[place];
        if (known.empty()) {
            known.emplace_back();
            for (const gs::point& one : written_->series[place]) {
                known.push_back(known.back());
                known.back().add(one);
            }
        }
        return known[count];
    }

private:
    const guild_test::written_points* written_;
    std::map<std::size_t, std::vector<gs::series_summary>> summaries_;
};

bool are_summaries_of(const gs::reader& reader, const sample_file& file, summary_cache& cache,
                      const std::vector<std::size_t>& counts) {
    std::size_t expected = 0;
    for (const std::size_t count : counts) {
        expected += count != 0 ? 1U : 0U;
    }
    const auto summaries = reader.summaries();
    for (const gs::series_summary& one : summaries) {
        const std::size_t place = file.written.find(one.key);
        if (place == counts.size() ||
            !guild_test::is_same_summary(one, cache.of(place, counts[place]))) {
            return false;
        }
    }
    return summaries.size() == expected;
}

// What a reader that opens the first `size` bytes finds: nothing but the points of whole blocks.
void check_prefix(const sample_file& file, std::size_t size, const os::env& system,
                  summary_cache& cache) {
    in_memory.set(file.bytes.substr(0, size));
    auto reader = gs::reader::open("memory.gts", system);
    REQUIRE(reader);
    const std::vector<std::size_t> counts = file.counts_within(size);
    guild_test::point_matcher matcher(file.written);
    const bool are_summaries_right = are_summaries_of(*reader, file, cache, counts);
    const bool was_read = reader->for_each_point(matcher).has_value();
    const bool is_right = was_read && !matcher.is_wrong() && !matcher.has_gaps() &&
                          matcher.read() == counts && reader->bytes_lost() == 0;
    const bool is_end_right = reader->is_closed() == (size == file.bytes.size());
    if (!is_right || !are_summaries_right || !is_end_right) {
        CHECK(is_right);
        CHECK(are_summaries_right);
        CHECK(is_end_right);
        FAIL("a prefix of " << size << " bytes");
    }
}

void check_prefixes(const sample_file& file, std::size_t step) {
    const os::env system = guild_test::memory_env();
    summary_cache cache(file.written);
    for (std::size_t size = gs::header_bytes; size <= file.bytes.size(); size += step) {
        check_prefix(file, size, system, cache);
    }
    for (const std::size_t end : file.block_ends) {
        for (const std::size_t size : {end - 8, end - 1, end, end + 1, end + 39, end + 40}) {
            check_prefix(file, std::min(size, file.bytes.size()), system, cache);
        }
    }
}

}  // namespace

TEST_CASE("prefixes: a file of 200 KB with several indices, cut at its blocks and in between") {
    const sample_file file = guild_test::make_sample_file(200'000, 40'000, true, 1);
    CHECK(file.bytes.size() >= 200'000);
    CHECK(file.indices >= 5);
    CHECK(file.dictionaries >= 10);
    CHECK(file.notes >= 50);
    check_prefixes(file, 997);
}

TEST_CASE("prefixes: a file of 200 KB cut at every byte" * doctest::test_suite("long")) {
    check_prefixes(guild_test::make_sample_file(200'000, 40'000, true, 1), guild_test::stride);
}

TEST_CASE("prefixes: fewer bytes than a header are no file yet") {
    const sample_file file = guild_test::make_sample_file(1000, 500, true, 2);
    const os::env system = guild_test::memory_env();
    for (std::size_t size = 0; size < gs::header_bytes; ++size) {
        in_memory.set(file.bytes.substr(0, size));
        const auto reader = gs::reader::open("memory.gts", system);
        REQUIRE_FALSE(reader);
        CHECK(reader.error().code == guild::errc::truncated);
        CHECK(in_memory.opened == 0);
    }
}

TEST_CASE("prefixes: a reader that follows the growth of every byte has what was written so far") {
    const sample_file file = guild_test::make_sample_file(60'000, 15'000, true, 3);
    const os::env system = guild_test::memory_env(file.bytes.substr(0, gs::header_bytes));
    summary_cache cache(file.written);
    auto reader = gs::reader::open("memory.gts", system);
    REQUIRE(reader);
    std::size_t wrong = 0;
    for (std::size_t size = gs::header_bytes; size <= file.bytes.size(); ++size) {
        in_memory.bytes.assign(file.bytes, 0, size);
        ++in_memory.modified_ns;
        const bool is_right = reader->refresh() &&
                              are_summaries_of(*reader, file, cache, file.counts_within(size)) &&
                              reader->bytes_lost() == 0;
        wrong += is_right ? 0U : 1U;
    }
    CHECK(wrong == 0);
    CHECK(reader->is_closed());
    guild_test::point_matcher matcher(file.written);
    REQUIRE(reader->for_each_point(matcher));
    CHECK(matcher.read() == file.counts_within(file.bytes.size()));
}

namespace {

// What a writer did to its file, as the device sees it.
struct recorded_write {
    std::size_t offset;
    std::string bytes;
    std::vector<std::size_t> counts;  // points of each series with this write
};
struct recording {
    std::string header;
    std::vector<recorded_write> writes;
    guild_test::written_points written;
};

// A writer logs, flushes and syncs; every write is kept with what had been logged by then.
recording record_writer(std::uint64_t seed, std::size_t writes) {
    const guild_test::temp_dir dir;
    disk.start(dir.path(), seed);
    const os::env system = guild_test::simulated_disk::env();
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    options.flush_interval_ms = -1;
    auto writer = gs::writer::create(dir.path(), options, system);
    REQUIRE(writer);
    recording made;
    guild_test::random_numbers random(seed);
    const auto node = disk.entries().at(writer->path());
    made.header = node->now;
    std::size_t known = node->unsynced.size();
    for (std::size_t round = 0; round < writes; ++round) {
        if (made.written.keys.size() < 12 && random.once_in(3)) {
            const char letter = static_cast<char>('A' + made.written.keys.size());
            made.written.keys.push_back(std::string(1 + random.below(60), letter));
            made.written.series.emplace_back();
            (void)writer->series(made.written.keys.back());
        }
        const std::size_t series = made.written.keys.size();
        const std::uint64_t frames = random.once_in(20) ? 300 : 1 + random.below(40);
        for (std::uint64_t i = 0; series != 0 && i < frames; ++i) {
            const std::int64_t step = random.integer();
            const auto id = static_cast<std::uint32_t>(random.below(series));
            const gs::point one{step, step / 3, random.number()};
            writer->append_one(one.step, one.time_us, id, one.value);
            made.written.series[id].push_back(one);
        }
        if (random.once_in(4)) {
            writer->add_note(5, {{"mark", std::string(random.below(300), 'x')}});
        }
        if (round + 1 == writes) {
            REQUIRE(writer->close());
        } else {
            REQUIRE(writer->flush());
        }
        std::vector<std::size_t> counts;
        for (const auto& points : made.written.series) {
            counts.push_back(points.size());
        }
        for (; known < node->unsynced.size(); ++known) {
            const auto& change = node->unsynced[known];
            REQUIRE_FALSE(change.cuts);
            made.writes.push_back({static_cast<std::size_t>(change.offset), change.bytes, counts});
        }
    }
    for (recorded_write& one : made.writes) {
        one.counts.resize(made.written.keys.size());
    }
    return made;
}

enum class missing { zeros, old, stale };

// The file as the device holds it when only the sectors of `sectors` of the last write arrived.
std::string after_crash(const std::string& before, const recorded_write& last,
                        const std::vector<bool>& arrived, missing how, bool keeps_size,
                        const std::string& stale) {
    std::string full = before;
    full.resize(std::max(full.size(), last.offset + last.bytes.size()));
    full.replace(last.offset, last.bytes.size(), last.bytes);
    const std::size_t first = last.offset / guild_test::sector_bytes;
    std::string result = before;
    std::size_t end = before.size();
    result.resize(full.size());
    for (std::size_t i = 0; i < arrived.size(); ++i) {
        const std::size_t at = (first + i) * guild_test::sector_bytes;
        const std::size_t size = std::min(guild_test::sector_bytes, full.size() - at);
        if (arrived[i]) {
            result.replace(at, size, full, at, size);
            end = std::max(end, at + size);
        } else if (how == missing::stale && at >= before.size()) {
            // A block of the device that a deleted file had.
            result.replace(at, size, stale, at % (stale.size() - size), size);
        } else if (how == missing::zeros && at >= before.size()) {
            result.replace(at, size, size, '\0');
        }
    }
    result.resize(keeps_size ? full.size() : end);
    return result;
}

// What was there before the last write is read, and of that what was written, whole or not.
void check_crash(const recording& made, std::size_t write, const std::string& bytes,
                 const os::env& system) {
    in_memory.set(bytes);
    const std::vector<std::size_t> none(made.written.keys.size());
    const auto& before = write == 0 ? none : made.writes[write - 1].counts;
    auto reader = gs::reader::open("memory.gts", system);
    REQUIRE(reader);
    guild_test::point_matcher matcher(made.written);
    const bool was_read = reader->for_each_point(matcher).has_value();
    bool is_complete = true;
    for (std::size_t place = 0; place < before.size(); ++place) {
        is_complete = is_complete && matcher.beginning()[place] >= before[place] &&
                      matcher.read()[place] <= made.writes[write].counts[place];
    }
    if (!was_read || matcher.is_wrong() || !is_complete) {
        CHECK(was_read);
        CHECK_FALSE(matcher.is_wrong());
        CHECK(is_complete);
        FAIL("write " << write << " of " << made.writes.size());
    }
}

// The last write is `write`: each of `subsets` sets of its sectors arrives, all when there are few.
void crash_in_write(const recording& made, std::size_t write, std::size_t most_sectors,
                    const os::env& system, guild_test::random_numbers& random) {
    std::string before = made.header;
    for (std::size_t i = 0; i < write; ++i) {
        before.resize(std::max(before.size(), made.writes[i].offset + made.writes[i].bytes.size()));
        before.replace(made.writes[i].offset, made.writes[i].bytes.size(), made.writes[i].bytes);
    }
    const recorded_write& last = made.writes[write];
    const std::size_t first = last.offset / guild_test::sector_bytes;
    const std::size_t end =
        (last.offset + last.bytes.size() + guild_test::sector_bytes - 1) / guild_test::sector_bytes;
    const std::size_t sectors = end - first;
    const bool are_few = sectors <= most_sectors;
    const std::uint64_t subsets = are_few ? std::uint64_t{1} << sectors : 64;
    // Blocks of the same writer, from another place.
    const std::string stale = before + std::string(2 * guild_test::sector_bytes, 's');
    for (std::uint64_t subset = 0; subset < subsets; ++subset) {
        std::vector<bool> arrived(sectors);
        for (std::size_t i = 0; i < sectors; ++i) {
            arrived[i] = are_few ? ((subset >> i) & 1U) != 0 : random.once_in(2);
        }
        for (const missing how : {missing::zeros, missing::old, missing::stale}) {
            const bool keeps_size = how != missing::old;
            check_crash(made, write, after_crash(before, last, arrived, how, keeps_size, stale),
                        system);
        }
    }
}

void crash_in_writes(std::size_t writes, std::size_t most_sectors, std::uint64_t seed) {
    const recording made = record_writer(seed, writes);
    REQUIRE(made.writes.size() + 10 > writes);
    const os::env system = guild_test::memory_env();
    guild_test::random_numbers random(seed);
    for (std::size_t write = 0; write < made.writes.size(); ++write) {
        crash_in_write(made, write, most_sectors, system, random);
    }
}

}  // namespace

TEST_CASE("sectors: whichever arrived of the last write, what was before it is there") {
    crash_in_writes(60, 5, 1);
}

TEST_CASE("sectors: all sets of up to ten of them" * doctest::test_suite("long")) {
    for (std::uint64_t seed = 2; seed < 6; ++seed) {
        crash_in_writes(60, 10, seed);
    }
}

TEST_CASE("sectors: in a file of a megabyte, with indices and dictionaries in the writes" *
          doctest::test_suite("long")) {
    const recording made = record_writer(9, 1300);
    const os::env system = guild_test::memory_env();
    guild_test::random_numbers random(9);
    CHECK(made.writes.back().offset > 1'000'000);
    std::size_t crashed = 0;
    for (std::size_t write = 0; write < made.writes.size(); ++write) {
        const std::string_view bytes = made.writes[write].bytes;
        bool has_index = false;
        for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
            has_index =
                has_index || (guild::load_le<std::uint32_t>(&bytes[at]) == gs::block_magic &&
                              bytes[at + 4] == 3);
        }
        if (has_index) {
            crash_in_write(made, write, 6, system, random);
            ++crashed;
        }
    }
    CHECK(crashed >= 4);
}

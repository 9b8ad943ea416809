// One bit of a file is wrong: what is read was written, in the order in which it was written.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <guild/series/reader.hpp>
#include <support/effort.hpp>
#include <support/memory_file.hpp>
#include <support/series_sample.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::in_memory;
using guild_test::sample_file;

namespace {

void flip(std::string& bytes, std::size_t bit) {
    char& byte = bytes[bit / 8];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (bit % 8)));
}

// What a file whole and what it says of itself are compared with.
class flip_checker {
public:
    explicit flip_checker(const sample_file& file)
        : file_(&file), system_(guild_test::memory_env(file.bytes)) {
        for (const auto& points : file.written.series) {
            all_.push_back(guild_test::summary_of(points, points.size()));
        }
        for (const auto& block : file.frames) {
            std::size_t count = 0;
            for (const std::size_t one : block.counts) {
                count += one;
            }
            most_lost_ = std::max(most_lost_, count - last_count_);
            last_count_ = count;
        }
    }

    // Reads the file with a bit flipped; the bit is as it was afterwards.
    void check(std::size_t bit) {
        flip(in_memory.bytes, bit);
        ++in_memory.modified_ns;
        const std::string problem = find_problem(bit);
        flip(in_memory.bytes, bit);
        if (!problem.empty()) {
            FAIL("bit " << bit << " of byte " << bit / 8 << ": " << problem);
        }
    }

private:
    std::string find_problem(std::size_t bit) {
        auto reader = gs::reader::open("memory.gts", system_);
        if (!reader) {
            return bit < 32 ? "" : "the file was refused: " + to_string(reader.error());
        }
        const auto summaries = reader->summaries();
        std::vector<gs::series_summary> read(all_.size());
        guild_test::point_matcher matcher(file_->written);
        const auto visited =
            reader->for_each_point([&](const gs::series_name& name, const gs::point& one) {
                matcher(name, one);
                const std::size_t place = file_->written.find(name.key);
                if (place < read.size()) {
                    read[place].add(one);
                }
            });
        if (!visited || matcher.is_wrong()) {
            return "a point that was not written";
        }
        std::size_t count = 0;
        for (const std::size_t one : matcher.read()) {
            count += one;
        }
        // Of a file without its last dictionary, names may be what was lost.
        const bool has_names = reader->is_closed();
        if (bit >= 96 * 8 && has_names && count + most_lost_ < last_count_) {
            return "more was lost than one block";
        }
        if (reader->bytes_lost() + reader->tail_bytes() == 0) {
            return "nobody noticed";
        }
        return find_wrong_summary(summaries, read);
    }

    // Each series is as it was written or as it can be read.
    std::string find_wrong_summary(const std::vector<gs::series_summary>& summaries,
                                   const std::vector<gs::series_summary>& read) const {
        std::size_t seen = 0;
        for (const gs::series_summary& one : summaries) {
            const std::size_t place = file_->written.find(one.key);
            if (place == all_.size() || (!guild_test::is_same_summary(one, all_[place]) &&
                                         !guild_test::is_same_summary(one, read[place]))) {
                return "the summary of " + one.key;
            }
            ++seen;
        }
        std::size_t readable = 0;
        for (const gs::series_summary& one : read) {
            readable += one.count != 0 ? 1U : 0U;
        }
        return seen < readable ? "a series has points and no summary" : "";
    }

    const sample_file* file_;
    os::env system_;
    std::vector<gs::series_summary> all_;
    std::size_t most_lost_ = 0;
    std::size_t last_count_ = 0;
};

void check_flips(const sample_file& file, std::size_t step) {
    flip_checker checker(file);
    for (std::size_t bit = 0; bit < file.bytes.size() * 8; bit += step) {
        checker.check(bit);
    }
}

}  // namespace

TEST_CASE("flips: bits of a closed file of 64 KB, all of its header, ends and some between") {
    const sample_file file = guild_test::make_sample_file(64'000, 16'000, true, 5);
    CHECK(file.bytes.size() >= 64'000);
    CHECK(file.indices >= 4);
    check_flips(file, 397);
    flip_checker checker(file);
    for (std::size_t bit = 0; bit < std::size_t{96} * 8; ++bit) {
        checker.check(bit);
    }
    for (std::size_t bit = 0; bit < std::size_t{48} * 8; ++bit) {
        checker.check(file.bytes.size() * 8 - 1 - bit);
    }
}

TEST_CASE("flips: every bit of a closed file of 64 KB" * doctest::test_suite("long")) {
    check_flips(guild_test::make_sample_file(64'000, 16'000, true, 5), guild_test::stride);
}

TEST_CASE("flips: every bit of a small file that is still written, and of its neighbours") {
    for (std::uint64_t seed = 1; seed < 5; ++seed) {
        check_flips(guild_test::make_sample_file(1500, 600, false, seed), 1);
    }
}

TEST_CASE("flips: every bit of a live file of 64 KB, indices behind and points after them" *
          doctest::test_suite("long")) {
    check_flips(guild_test::make_sample_file(64'000, 28'000, false, 6), 5 * guild_test::stride);
}

// A file is followed while a bit of what was read turns: what is shown was written.
TEST_CASE("flips: a bit that turns under a reader that has the file open") {
    const sample_file file = guild_test::make_sample_file(6000, 2000, false, 7);
    const os::env system = guild_test::memory_env(file.bytes);
    std::size_t wrong = 0;
    for (std::size_t bit = 0; bit < file.bytes.size() * 8; bit += 3) {
        auto reader = gs::reader::open("memory.gts", system);
        REQUIRE(reader);
        flip(in_memory.bytes, bit);
        ++in_memory.modified_ns;
        guild_test::point_matcher matcher(file.written);
        const bool was_read = reader->refresh() && reader->for_each_point(matcher);
        wrong += !was_read || matcher.is_wrong() ? 1U : 0U;
        flip(in_memory.bytes, bit);
        ++in_memory.modified_ns;
        guild_test::point_matcher again(file.written);
        const bool is_whole = reader->refresh() && reader->for_each_point(again) &&
                              again.read() == file.counts_within(file.bytes.size());
        wrong += is_whole ? 0U : 1U;
        for (const gs::series_summary& one : reader->summaries()) {
            const auto& points = file.written.series[file.written.find(one.key)];
            wrong += guild_test::is_same_summary(one, guild_test::summary_of(points, points.size()))
                         ? 0U
                         : 1U;
        }
    }
    CHECK(wrong == 0);
}

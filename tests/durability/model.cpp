// Random operations on the series of a run, compared with what an oracle in memory expects: several
// writers, readers that stay, faults, a directory that is deleted, and at last a crash.
//
// GUILD_MODEL_SEED=N repeats a world that failed, GUILD_MODEL_OPERATIONS=N makes so many steps.
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/base/bytes.hpp>
#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>
#include <support/effort.hpp>
#include <support/random_numbers.hpp>
#include <support/series_sample.hpp>
#include <support/simulated_disk.hpp>
#include <support/temp_dir.hpp>

namespace gs = guild::series;
namespace os = guild::os;
using guild_test::disk;

namespace {

// The points of one series of one writer, and where each stands among all of that writer.
struct model_series {
    std::vector<gs::point> points;
    std::vector<std::size_t> places;

    [[nodiscard]] std::size_t count_before(std::size_t place) const {
        return static_cast<std::size_t>(std::lower_bound(places.begin(), places.end(), place) -
                                        places.begin());
    }
};

// One writer, and what it must have stored.
struct model_writer {
    std::unique_ptr<gs::writer> writer;
    std::pair<std::int64_t, std::string> start;  // what writers are ordered by
    std::uint32_t attempt = 0;
    bool is_open = true;
    bool is_suspect = false;  // a fault happened: what is durable is known after the next sync
    std::map<std::string, model_series> series;
    std::size_t accepted = 0;  // points
    std::size_t durable = 0;
    std::size_t frozen = 0;  // points in its files when it was closed

    [[nodiscard]] std::size_t visible() const { return is_open ? in_files() : frozen; }
    [[nodiscard]] std::size_t in_files() const {
        return accepted - guild::detail::convert<std::size_t>(writer->points_pending());
    }
    void add(const std::string& key, const gs::point& one) {
        series[key].points.push_back(one);
        series[key].places.push_back(accepted++);
    }
};

std::string shown(const std::string& key) {
    return "0x" + guild::to_hex(key);
}

class model_world {
public:
    model_world(const std::string& directory, std::uint64_t seed)
        : random_(seed), directory_(directory), system_(guild_test::simulated_disk::env()) {
        disk.start(directory_, seed);
        const gs::sync_policy policies[] = {gs::sync_policy::none, gs::sync_policy::interval,
                                            gs::sync_policy::every};
        options_.sync = policies[random_.below(3)];
        options_.host = "host";
        options_.flush_bytes = std::size_t{1} << (8 + random_.below(8));
        options_.flush_interval_ms = random_.once_in(2) ? -1 : 200;
        options_.sync_interval_ms = 500;
        options_.max_pending_bytes = random_.once_in(3) ? 3000 : std::size_t{16} << 20U;
        live_ = std::make_unique<gs::run_reader>(path(), system_);
        start_writer();
    }
    model_world(const model_world&) = delete;
    model_world& operator=(const model_world&) = delete;
    ~model_world() {
        writers_.clear();
        live_.reset();
    }

    // Words for what is wrong, none if nothing is.
    [[nodiscard]] const std::string& problem() const { return problem_; }

    void step() {
        disk.boot_us += static_cast<std::int64_t>(random_.below(100'000));
        disk.wall_us += static_cast<std::int64_t>(random_.below(150'000));
        const std::uint64_t what = random_.below(1000);
        if (what < 600) {
            append();
        } else if (what < 680) {
            flush();
        } else if (what < 720) {
            sync();
        } else if (what < 750) {
            add_note();
        } else if (what < 850) {
            look(*live_, false);
        } else if (what < 870) {
            live_ = std::make_unique<gs::run_reader>(path(), system_);
            look(*live_, true);
        } else if (what < 930) {
            set_fault();
        } else if (what < 960) {
            fill_disk();
        } else if (what < 975) {
            start_writer();
        } else if (what < 990) {
            close_writer();
        } else if (what < 993) {
            delete_directory();
        }
    }

    void finish() {
        disk.fault.calls = 0;
        look(*live_, true);
        live_.reset();
        crash();
    }

private:
    [[nodiscard]] std::string path() const { return directory_ + "/series"; }

    void start_writer() {
        if (writers_.size() >= 5) {
            return;
        }
        auto made = gs::writer::create(path(), options_with_attempt(), system_);
        if (!made) {
            problem_ = "no writer: " + to_string(made.error());
            return;
        }
        model_writer next;
        next.writer = std::make_unique<gs::writer>(std::move(*made));
        next.start = {next.writer->header().start_wall_us, next.writer->path()};
        next.attempt = next.writer->header().attempt;
        writers_.push_back(std::move(next));
    }

    // No attempt twice: how two of the same would be told apart is not promised.
    gs::writer_options options_with_attempt() {
        gs::writer_options options = options_;
        options.pid = static_cast<int>(100 + ++serial_);
        options.attempt = random_.once_in(2) ? static_cast<std::uint32_t>(serial_) : 0;
        return options;
    }

    model_writer* some_open() {
        std::vector<model_writer*> open;
        for (model_writer& one : writers_) {
            if (one.is_open) {
                open.push_back(&one);
            }
        }
        return open.empty() ? nullptr : open[random_.below(open.size())];
    }

    std::string some_key() {
        static const std::string odd[] = {"", std::string("\0key", 4), "\xFF\xFE", "a b/c", "\n"};
        const std::uint64_t what = random_.below(12);
        return what < 5 ? odd[what] : "key" + std::to_string(what);
    }

    // Calls the writer while faults may happen.
    template <class Call>
    bool call(model_writer& on, Call what) {
        const std::int64_t failed = disk.fault.failed;
        const std::uint64_t errors = on.writer->errors();
        const guild_test::armed_disk armed;
        const auto done = what(*on.writer);
        on.is_suspect =
            on.is_suspect || disk.fault.failed != failed || on.writer->errors() != errors;
        return done.has_value();
    }

    void append() {
        model_writer* on = some_open();
        if (on == nullptr) {
            return;
        }
        std::vector<std::string> keys;
        std::vector<gs::sample> row;
        for (std::uint64_t i = 1 + random_.below(20); i > 0; --i) {
            keys.push_back(some_key());
            row.push_back({on->writer->series(keys.back()), random_.number()});
        }
        const std::int64_t step = random_.integer();
        const std::int64_t time_us = random_.integer();
        const std::uint64_t dropped = on->writer->points_dropped();
        (void)call(*on, [&](gs::writer& writer) {
            writer.append(step, time_us, row.data(), row.size());
            return guild::result<void>();
        });
        const std::uint64_t refused = on->writer->points_dropped() - dropped;
        if (refused != 0 && refused != row.size()) {
            problem_ = "a frame was dropped in part";
        }
        for (std::size_t i = 0; refused == 0 && i < row.size(); ++i) {
            on->add(keys[i], {step, time_us, row[i].value});
        }
    }

    void flush() {
        if (model_writer* on = some_open()) {
            const bool done = call(*on, [](gs::writer& writer) { return writer.flush(); });
            if (done && on->writer->points_pending() != 0) {
                problem_ = "flush() succeeded and left points behind";
            }
            note_durable(*on, done && options_.sync == gs::sync_policy::every);
        }
    }

    // After a fault the directory may not be synced; what follows syncs it in any case.
    void note_durable(model_writer& on, bool is_synced) {
        if (is_synced && !on.is_suspect) {
            on.durable = on.accepted;
        }
    }

    void sync() {
        model_writer* on = some_open();
        if (on == nullptr) {
            return;
        }
        if (options_.sync == gs::sync_policy::none) {
            disk.fault.calls &= ~guild_test::sync_calls;  // nothing is kept to be written again
        }
        const bool done = call(*on, [](gs::writer& writer) { return writer.sync(); });
        if (done && on->writer->points_pending() != 0) {
            problem_ = "sync() succeeded and left points behind";
        }
        note_durable(*on, done && options_.sync != gs::sync_policy::none);
        if (on->is_suspect && random_.once_in(2)) {
            settle(*on);
        }
    }

    // One more point and its sync, without faults: everything is in order again.
    void settle(model_writer& on) {
        disk.fault.calls = 0;
        const gs::point one{1, 2, random_.number()};
        const std::uint64_t dropped = on.writer->points_dropped();
        on.writer->append_one(one.step, one.time_us, on.writer->series("settled"), one.value);
        if (on.writer->points_dropped() == dropped) {
            on.add("settled", one);
        }
        if (!on.writer->sync()) {
            problem_ = "a sync without a fault failed";
        }
        on.is_suspect = false;
        note_durable(on, options_.sync != gs::sync_policy::none &&
                             on.writer->points_dropped() == dropped);
    }

    void add_note() {
        if (model_writer* on = some_open()) {
            on->writer->add_note(random_.integer(), {{"mark", some_key()}, {"n", "1"}});
        }
    }

    void set_fault() {
        const unsigned kinds[] = {guild_test::write_calls, guild_test::sync_calls,
                                  guild_test::truncate_calls, guild_test::close_calls,
                                  guild_test::write_calls + guild_test::sync_calls};
        const int codes[] = {EIO, ENOSPC, EDQUOT, ESTALE, EINTR};
        guild_test::disk_fault fault;
        fault.calls = kinds[random_.below(5)];
        fault.after = static_cast<std::int64_t>(random_.below(4));
        fault.code = codes[random_.below(5)];
        fault.short_write = random_.once_in(2);
        fault.loses_pages = random_.once_in(2);
        fault.spares_headers = true;  // a chain breaks where one is lost: see faults.cpp
        disk.fault = fault;
    }

    // The disk is full while a writer logs, and then is not.
    void fill_disk() {
        model_writer* on = some_open();
        if (on == nullptr) {
            return;
        }
        settle(*on);
        disk.room = static_cast<std::int64_t>(random_.below(3000));
        for (std::uint64_t i = random_.below(6); i > 0; --i) {
            append();
            flush();
            look(*live_, false);
        }
        disk.room = -1;
    }

    void close_writer() {
        model_writer* on = some_open();
        if (on == nullptr) {
            return;
        }
        const std::uint64_t dropped = on->writer->points_dropped();
        const bool done = call(*on, [](gs::writer& writer) { return writer.close(); });
        on->is_open = false;
        on->frozen = on->in_files();
        if (on->writer->points_dropped() - dropped != on->accepted - on->frozen) {
            problem_ = "close() lost points without counting them";
        }
        if (done && on->frozen != on->accepted) {
            problem_ = "close() succeeded and lost points";
        }
        note_durable(*on, done && options_.sync != gs::sync_policy::none);
    }

    // Someone deletes the directory; the keeper of the run has every file moved to a new one.
    void delete_directory() {
        disk.fault.calls = 0;
        live_.reset();  // it would keep the deleted files
        std::vector<model_writer> kept;
        for (model_writer& one : writers_) {
            if (one.is_open) {
                settle(one);
                settle(one);  // a new file that is due comes now: see faults.cpp
                keep_what_is_in_file(one);
                kept.push_back(std::move(one));
            }
        }
        writers_ = std::move(kept);
        for (const auto& entry : std::map(disk.entries())) {
            if (!entry.second->is_directory) {
                disk.remove(entry.first);
            }
        }
        disk.remove(path());
        for (model_writer& one : writers_) {
            if (!one.writer->move_to(path())) {
                problem_ = "move_to() failed";
            }
            settle(one);
        }
        live_ = std::make_unique<gs::run_reader>(path(), system_);
        look(*live_, true);
    }

    // The files that the current one continues are gone with the directory.
    void keep_what_is_in_file(model_writer& on) {
        auto file = gs::reader::open(on.writer->path(), system_);
        if (!file) {
            problem_ = "the file of a writer cannot be read";
            return;
        }
        std::size_t count = 0;
        const auto visited =
            file->for_each_point([&](const gs::series_name&, const gs::point&) { ++count; });
        if (!visited || count > on.accepted) {
            problem_ = "the file of a writer holds more than was logged";
            return;
        }
        const std::size_t gone = on.accepted - count;
        std::map<std::string, model_series> left;
        for (auto& [key, series] : on.series) {
            for (std::size_t i = series.count_before(gone); i < series.points.size(); ++i) {
                left[key].points.push_back(series.points[i]);
                left[key].places.push_back(series.places[i] - gone);
            }
        }
        on.series = std::move(left);
        on.accepted = count;
        on.durable = 0;
        on.start = {on.writer->header().start_wall_us, on.writer->path()};
    }

    struct expected_series {
        const model_series* series;
        std::size_t count;
    };

    // Whether a writer continues in a file that is not shown yet, because the disk did not take all
    // that it repeats.
    [[nodiscard]] bool is_any_hidden() const {
        return std::any_of(writers_.begin(), writers_.end(), [](const model_writer& one) {
            return one.is_open && !guild::ends_with(one.writer->path(), ".gts");
        });
    }

    // Every series under the name that section 7 of the format gives it.
    std::map<std::string, expected_series> expected() {
        std::vector<model_writer*> in_order;
        for (model_writer& one : writers_) {
            in_order.push_back(&one);
        }
        std::sort(
            in_order.begin(), in_order.end(), [](const model_writer* a, const model_writer* b) {
                return a->attempt != b->attempt ? a->attempt < b->attempt : a->start < b->start;
            });
        std::map<std::string, expected_series> all;
        std::map<std::string, std::size_t> ranks;
        for (const model_writer* one : in_order) {
            const std::size_t visible = one->visible();
            for (const auto& [key, series] : one->series) {
                const std::size_t count = series.count_before(visible);
                if (count == 0) {
                    continue;
                }
                const std::size_t rank = ranks[key]++;
                const std::string suffix = rank == 0 ? ""
                                           : one->attempt != 0
                                               ? " @attempt" + std::to_string(one->attempt)
                                               : " @rank" + std::to_string(rank);
                all[key + suffix] = {&series, count};
            }
        }
        return all;
    }

    void look(gs::run_reader& reader, bool at_all) {
        const auto refreshed = reader.refresh();
        if (!refreshed) {
            problem_ = "refresh() failed: " + to_string(refreshed.error());
        }
        if (is_any_hidden()) {
            return;  // what of the file before is seen, only faults.cpp can tell
        }
        const auto all = expected();
        const auto summaries = reader.summaries();
        if (summaries.size() != all.size()) {
            problem_ =
                std::to_string(summaries.size()) + " series, not " + std::to_string(all.size());
        }
        for (const gs::series_summary& one : summaries) {
            const auto found = all.find(one.key);
            if (found == all.end()) {
                problem_ = "a series of the name " + shown(one.key);
                return;
            }
            const auto& [series, count] = found->second;
            if (!guild_test::is_same_summary(one, guild_test::summary_of(series->points, count))) {
                problem_ = "the summary of " + shown(one.key);
            }
            if (at_all || random_.once_in(all.size())) {
                const std::vector<gs::point> points(series->points.begin(),
                                                    series->points.begin() +
                                                        static_cast<std::ptrdiff_t>(count));
                if (reader.points(one.key) != points) {
                    problem_ = "the points of " + shown(one.key);
                }
            }
        }
    }

    // The machine loses power: what was synced is there, and nothing that was not logged.
    void crash() {
        disk.fault = {};
        disk.fault.calls = guild_test::all_calls - guild_test::close_calls;
        disk.fault.times = -1;
        disk.is_armed = true;  // the processes write nothing more
        for (model_writer& one : writers_) {
            one.frozen = one.visible();
            one.is_open = false;
            one.writer.reset();
        }
        disk.is_armed = false;
        disk.crash();
        gs::run_reader reader(path(), system_);
        std::map<std::string, std::vector<std::vector<gs::point>>> read;  // by key
        for (const gs::series_summary& one : reader.summaries()) {
            const std::size_t suffix = one.key.find(" @");
            const std::string key = one.key.substr(0, suffix);
            read[key].push_back(reader.points(one.key));
            if (!is_of_some_writer(key, read[key].back())) {
                problem_ = "after a crash, points that nobody wrote: " + shown(one.key);
            }
        }
        for (const model_writer& one : writers_) {
            for (const auto& [key, series] : one.series) {
                const std::size_t count = series.count_before(one.durable);
                const auto& candidates = read[key];
                // In one series, or in several where a file between others is lost: see faults.cpp.
                std::vector<bool> is_there(count);
                for (const auto& points : candidates) {
                    note_places(points, series.points, is_there);
                }
                if (std::find(is_there.begin(), is_there.end(), false) != is_there.end()) {
                    problem_ = "after a crash, synced points are missing: " + shown(key);
                }
            }
        }
    }

    // Which of the first points of `whole` are among `points`, if those are all from there.
    static void note_places(const std::vector<gs::point>& points,
                            const std::vector<gs::point>& whole, std::vector<bool>& is_there) {
        std::vector<std::size_t> places;
        std::size_t at = 0;
        for (const gs::point& point : points) {
            while (at < whole.size() && whole[at] != point) {
                ++at;
            }
            if (at == whole.size()) {
                return;
            }
            places.push_back(at++);
        }
        for (const std::size_t place : places) {
            if (place < is_there.size()) {
                is_there[place] = true;
            }
        }
    }

    bool is_of_some_writer(const std::string& key, const std::vector<gs::point>& points) const {
        return std::any_of(writers_.begin(), writers_.end(), [&](const model_writer& one) {
            const auto found = one.series.find(key);
            if (found == one.series.end()) {
                return false;
            }
            std::size_t at = 0;
            const auto& whole = found->second.points;
            for (const gs::point& point : points) {
                while (at < whole.size() && whole[at] != point) {
                    ++at;
                }
                if (at++ >= whole.size()) {
                    return false;
                }
            }
            return true;
        });
    }

    guild_test::random_numbers random_;
    std::string directory_;
    os::env system_;
    gs::writer_options options_;
    std::vector<model_writer> writers_;
    std::unique_ptr<gs::run_reader> live_;
    std::uint64_t serial_ = 0;
    std::string problem_;
};

void run_worlds(std::uint64_t first_seed, std::uint64_t operations) {
    constexpr std::uint64_t operations_per_world = 400;
    const std::uint64_t chosen = guild_test::number_from_environment("GUILD_MODEL_SEED", 0);
    const std::uint64_t seed_of_all = chosen != 0 ? chosen : first_seed;
    const guild_test::temp_dir dir;
    std::uint64_t done = 0;
    for (std::uint64_t seed = seed_of_all; done < operations; ++seed) {
        const std::string directory = dir / std::to_string(seed);
        {
            model_world world(directory, seed);
            std::uint64_t i = 0;
            for (; i < operations_per_world && world.problem().empty(); ++i) {
                world.step();
            }
            if (world.problem().empty()) {
                world.finish();
            }
            if (!world.problem().empty()) {
                FAIL("GUILD_MODEL_SEED=" << seed << ", operation " << i << ": " << world.problem());
            }
            done += i;
        }
        CHECK(disk.open_files == 0);
        (void)os::remove_tree(directory);
        if (chosen != 0) {
            break;
        }
    }
}

}  // namespace

TEST_CASE("model: random operations give what an oracle in memory expects") {
    run_worlds(1, 10'000);
}

TEST_CASE("model: a hundred thousand random operations, or GUILD_MODEL_OPERATIONS" *
          doctest::test_suite("long")) {
    run_worlds(1'000'000, guild_test::number_from_environment("GUILD_MODEL_OPERATIONS",
                                                              100'000 / guild_test::stride));
}

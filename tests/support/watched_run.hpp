// tests/support/watched_run.hpp - a series writer on the simulated disk, and a reader that watches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <guild/os/directory.hpp>
#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>
#include <support/simulated_disk.hpp>

namespace guild_test {

inline double fault_value(std::int64_t step) {
    return static_cast<double>(step) * 0.1;
}

// A run that is written to and watched while calls of the writer fail.
class watched_run {
public:
    watched_run(const std::string& directory, const guild::series::writer_options& options)
        : system_(simulated_disk::env()), directory_(directory), options_(options) {
        disk.start(directory);
        live_ = std::make_unique<guild::series::run_reader>(directory_ + "/series", system_);
    }
    watched_run(const watched_run&) = delete;
    watched_run& operator=(const watched_run&) = delete;
    ~watched_run() {
        disk.after_change = nullptr;
        writer_.reset();
        live_.reset();
        CHECK(disk.open_files == 0);
        (void)os::remove_tree(directory_);
    }

    void set_fault(const disk_fault& fault) { disk.fault = fault; }
    void recover() { disk.fault.calls = 0; }

    bool create() {
        const armed_disk armed;
        auto made = guild::series::writer::create(directory_ + "/series", options_, system_);
        if (made) {
            writer_ = std::make_unique<guild::series::writer>(std::move(*made));
            x_ = writer_->series("x");
        }
        return made.has_value();
    }
    [[nodiscard]] guild::series::writer& writer() { return *writer_; }

    void log() {
        disk.boot_us += 300'000;
        disk.wall_us += 300'000;
        const armed_disk armed;
        writer_->append_one(logged_, logged_ * 7, x_, fault_value(logged_));
        ++logged_;
    }
    void flush() {
        {
            const armed_disk armed;
            (void)writer_->flush();
        }
        look();
    }
    void sync() {
        {
            const armed_disk armed;
            (void)writer_->sync();
        }
        look();
    }
    bool close() {
        bool closed = false;
        {
            const armed_disk armed;
            closed = writer_->close().has_value();
        }
        look();
        return closed;
    }
    // The run directory is deleted; its keeper asks for the file to be moved until it is.
    bool move() {
        for (const auto& entry : std::map(disk.entries())) {
            if (!entry.second->is_directory) {
                disk.remove(entry.first);
            }
        }
        disk.remove(directory_ + "/series");
        const armed_disk armed;
        for (int i = 0; i < 4; ++i) {
            if (writer_->move_to(directory_ + "/series")) {
                return true;
            }
        }
        return false;
    }

    // What is seen is a beginning of what was logged and holds all that was seen before.
    void look() {
        (void)live_->refresh();
        const auto points = live_->points("x");
        check_points(points);
        CHECK(live_->summaries().size() == (points.empty() ? 0U : 1U));
        CHECK(points.size() >= seen_);
        seen_ = points.size();
    }
    void check_all_there() {
        look();
        CHECK(seen_ == static_cast<std::size_t>(logged_));
        guild::series::run_reader fresh(directory_ + "/series", system_);
        const auto points = fresh.points("x");
        check_points(points);
        CHECK(points.size() == static_cast<std::size_t>(logged_));
        REQUIRE(fresh.summaries().size() == 1);
        CHECK(fresh.summaries()[0].count == static_cast<std::uint64_t>(logged_));
        CHECK(fresh.bytes_lost() == 0);
        CHECK(writer_->points_dropped() == 0);
    }
    void look_after_every_call() {
        disk.after_change = [this] { look(); };
    }
    void fail_syncs(std::int64_t times) {
        disk_fault fault;
        fault.calls = sync_calls;
        fault.times = times;
        set_fault(fault);
    }
    // So many points, a flush after each.
    void log_each(int points) {
        for (int i = 0; i < points; ++i) {
            log();
            flush();
        }
    }
    [[nodiscard]] std::size_t seen() const { return seen_; }

private:
    void check_points(const std::vector<guild::series::point>& points) const {
        CHECK(points.size() <= static_cast<std::size_t>(logged_));
        std::int64_t step = 0;
        for (const guild::series::point& one : points) {
            const bool right = one == guild::series::point{step, step * 7, fault_value(step)};
            CHECK(right);
            ++step;
        }
    }

    guild::os::env system_;
    std::string directory_;
    guild::series::writer_options options_;
    std::unique_ptr<guild::series::writer> writer_;
    std::unique_ptr<guild::series::run_reader> live_;
    std::uint32_t x_ = 0;
    std::int64_t logged_ = 0;
    std::size_t seen_ = 0;
};

}  // namespace guild_test

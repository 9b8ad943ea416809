// tests/bench/series_guild.hpp - guild's side of the series benchmark: files as closed, live and
// killed writers leave them, and the reads that are timed.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <guild/base/crc32c.hpp>
#include <guild/base/path.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/series/compact.hpp>
#include <guild/series/pixels.hpp>
#include <guild/series/reduce.hpp>
#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>

#include <bench/report.hpp>
#include <bench/series_data.hpp>

namespace bench {

namespace os = guild::os;

// ---- writing ------------------------------------------------------------------------------------

/// The system with a clock that shows the times of the points being logged: a writer flushes as it
/// would have beside the training, however fast the points come here.
inline std::int64_t paced_time_us = 0;
inline os::env paced_system() {
    os::env system = os::system_env;
    system.boot_time_us = [] { return paced_time_us; };
    system.coarse_time_us = [] { return paced_time_us; };
    system.wall_time_us = [] { return paced_time_us; };
    return system;
}

/// How writers gather: as a trainer's recorder does in its own time (a flush a second or 64 KiB),
/// or 64 KiB whatever the time is.
enum class pace { own_time, bulk };

inline gs::writer start_writer(const std::string& directory, const logged_run& run, pace how,
                               const os::env& system) {
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    options.flush_interval_ms = how == pace::own_time ? 1000 : -1;
    paced_time_us = run.frames.empty() ? 0 : run.frames.front().time_us;
    auto writer = gs::writer::create(directory, options, system);
    must(writer.has_value(), "a series file cannot be made");
    for (const std::string& key : run.keys) {
        (void)writer->series(key);
    }
    return std::move(*writer);
}

inline void append_run(gs::writer& writer, const logged_run& run) {
    for (const logged_frame& frame : run.frames) {
        paced_time_us = frame.time_us;
        writer.append(frame.step, frame.time_us, run.values.data() + frame.first, frame.count);
    }
}

/// Where the runs of a data set lie: directory/0, directory/1, ...
inline std::string run_directory(const std::string& directory, std::size_t run) {
    return guild::join_path(directory, std::to_string(run));
}

/// Writes every run and leaves its writer open, everything flushed.
inline std::vector<gs::writer> write_live(const std::string& directory, const data_set& set,
                                          pace how) {
    static const os::env system = paced_system();
    std::vector<gs::writer> writers;
    writers.reserve(set.run_count());
    for (std::size_t i = 0; i < set.run_count(); ++i) {
        writers.push_back(start_writer(run_directory(directory, i), set.run(i), how, system));
        append_run(writers.back(), set.run(i));
        must(writers.back().flush().has_value(), "a series file cannot be written");
    }
    return writers;
}

/// Writes every run in another process, which is killed: what was not flushed by then is lost.
inline void write_killed(const std::string& directory, const data_set& set) {
    static const os::env system = paced_system();
    std::fflush(nullptr);
    const pid_t child = fork();
    must(child >= 0, "fork failed");
    if (child == 0) {
        std::vector<gs::writer> writers;
        for (std::size_t i = 0; i < set.run_count(); ++i) {
            writers.push_back(
                start_writer(run_directory(directory, i), set.run(i), pace::own_time, system));
            append_run(writers.back(), set.run(i));
        }
        (void)raise(SIGKILL);
    }
    int status = 0;
    must(waitpid(child, &status, 0) == child && WIFSIGNALED(status), "a writer was not killed");
}

/// Closes the writers and rewrites their files into columns: what a run that ended has. Nothing
/// waits for the device: this is not timed.
inline void close_and_compact(std::vector<gs::writer>& writers) {
    os::env system = os::system_env;
    system.fsync = [](int /*fd*/) { return 0; };
    for (gs::writer& writer : writers) {
        must(writer.close().has_value(), "a series file cannot be closed");
        must(gs::compact(writer.path(), {}, system).has_value(),
             "a series file cannot be rewritten");
    }
    writers.clear();
}

// ---- reading ------------------------------------------------------------------------------------

struct usage {
    double bytes = 0;
    double points = 0;
};

/// The bytes of the series files, and the points that a reader finds in them; of runs with at least
/// `min_points` only.
inline usage usage_of(const std::string& directory, std::size_t runs, double min_points = 0) {
    usage sum;
    for (std::size_t i = 0; i < runs; ++i) {
        const gs::run_reader reader(run_directory(directory, i));
        usage one;
        for (const gs::reader* file : reader.files()) {
            one.bytes += static_cast<double>(os::get_status(file->path()).value().size);
        }
        for (const gs::series_summary& series : reader.summaries()) {
            one.points += static_cast<double>(series.count);
        }
        if (one.points >= min_points) {
            sum.bytes += one.bytes;
            sum.points += one.points;
        }
    }
    return sum;
}

/// Every value of a run decoded, checksums checked: how many, and their sum.
struct scanned {
    std::uint64_t points = 0;
    double sum = 0;

    void add(const scanned& more) {
        points += more.points;
        sum += more.sum;
    }
};

inline scanned scan_run(const std::string& directory) {
    scanned all;
    gs::run_reader reader(directory);
    for (gs::reader* file : reader.files()) {
        const auto done = file->for_each_point([&](const gs::series_name&, const gs::point& each) {
            all.sum += each.value.as_double();
            ++all.points;
        });
        must(done.has_value(), "a series file cannot be read");
    }
    return all;
}

/// What a scan cannot do without: the bytes of a run's files read, and their checksum.
inline std::uint32_t checksum_run(const std::string& directory) {
    static std::vector<char> buffer(std::size_t{1} << 20U);
    std::uint32_t state = 0;
    for (const os::dir_entry& entry : os::list_directory(directory).value()) {
        const auto file =
            os::open_file(guild::join_path(directory, entry.name), os::open_mode::read).value();
        std::uint64_t offset = 0;
        while (const auto got = file.read_at(offset, buffer.data(), buffer.size()).value()) {
            state = guild::crc32c({buffer.data(), got}, state);
            offset += got;
        }
    }
    return state;
}

/// Last, smallest and largest of every series of every run, as a list of runs shows them.
struct overview {
    std::uint64_t series = 0;
    double sum = 0;

    void add(double last, double smallest, double largest) {
        ++series;
        sum += last + smallest + largest;
    }
};

/// What a chart of `columns` needs, from a file that is opened for it.
inline std::size_t chart(const std::string& directory, const std::string& key,
                         std::size_t columns) {
    gs::run_reader reader(directory);
    gs::pixel_request request;
    request.columns = columns;
    const auto view = reader.files().front()->pixels(key, request);
    must(view.has_value(), "a chart cannot be read");
    return view->kept.size();
}

inline overview list_runs(const std::string& directory, std::size_t runs) {
    overview all;
    for (std::size_t i = 0; i < runs; ++i) {
        const gs::run_reader reader(run_directory(directory, i));
        reader.for_each_series([&all](std::string_view, const gs::series_summary& each) {
            all.add(each.last.value.as_double(), each.min.as_double(), each.max.as_double());
        });
    }
    return all;
}

/// What a list cannot do without: each directory read, each file opened, its last 8 KiB read.
inline std::uint64_t touch_runs(const std::string& directory, std::size_t runs) {
    char tail[8192];
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < runs; ++i) {
        const std::string run = run_directory(directory, i);
        for (const os::dir_entry& entry : os::list_directory(run).value()) {
            const auto file =
                os::open_file(guild::join_path(run, entry.name), os::open_mode::read).value();
            const std::uint64_t size = file.status().value().size;
            const std::uint64_t from = size > sizeof tail ? size - sizeof tail : 0;
            bytes += file.read_at(from, tail, sizeof tail).value();
        }
    }
    return bytes;
}

}  // namespace bench

// tests/bench/series_data.hpp - the data sets that series storage is measured with.
//
// A run is what one process logs: keys, and frames of values in order. A data set is some runs.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <guild/series/point.hpp>
#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/event_encoder.hpp>
#include <guild/tfevents/record.hpp>

#include <bench/curves.hpp>

namespace bench {

namespace gs = guild::series;
namespace tf = guild::tfevents;

/// Some values of one step and time: `count` of the run's values from `first` on.
struct logged_frame {
    std::int64_t step = 0;
    std::int64_t time_us = 0;
    std::size_t first = 0;
    std::size_t count = 0;
};

/// The id of a sample is the place of its key in `keys`.
struct logged_run {
    std::string name;
    std::vector<std::string> keys;
    std::vector<logged_frame> frames;
    std::vector<gs::sample> values;
};

/// Some runs; `repeats` times the same where a data set only has to be large.
struct data_set {
    std::string name;
    std::vector<logged_run> runs;
    std::size_t repeats = 1;

    [[nodiscard]] std::size_t run_count() const { return runs.size() * repeats; }
    [[nodiscard]] const logged_run& run(std::size_t i) const { return runs[i % runs.size()]; }
    [[nodiscard]] double points() const {
        std::size_t sum = 0;
        for (const logged_run& each : runs) {
            sum += each.values.size();
        }
        return static_cast<double>(sum * repeats);
    }
};

/// One run with `groups` times the ten training_curves, a frame for each group: frames of ten.
inline logged_run curves_run(std::int64_t frames, std::size_t groups, std::uint64_t seed) {
    logged_run run;
    run.name = "curves";
    std::vector<training_curves> curves;
    for (std::size_t group = 0; group < groups; ++group) {
        curves.emplace_back(frames, seed * 1000 + group);
        for (const char* name : curve_names) {
            run.keys.push_back(groups == 1 ? std::string(name)
                                           : "part" + std::to_string(group) + "/" + name);
        }
    }
    run.values.reserve(static_cast<std::size_t>(frames) * groups * curve_count);
    for (std::int64_t i = 0; i < frames; ++i) {
        for (std::size_t group = 0; group < groups; ++group) {
            const curve_frame made = curves[group].next();
            run.frames.push_back({made.step, made.time_us, run.values.size(), curve_count});
            for (std::size_t column = 0; column < curve_count; ++column) {
                const auto id = static_cast<std::uint32_t>(group * curve_count + column);
                run.values.push_back({id, made.values[column]});
            }
        }
    }
    return run;
}

/// The scalars of all event files below `root`, a run a directory, as they stand: their own steps
/// and times, one frame a point in file order. Directories that begin with _ are left out: their
/// files were made for tests.
inline data_set event_file_points(const std::string& root) {
    data_set made;
    made.name = "event files";
    std::map<std::string, std::size_t> places;
    std::map<std::pair<std::size_t, std::uint32_t>, std::uint32_t> ids;  // of a run's tags
    tf::directory_reader reader(root);
    reader.poll([&](const std::string& name, const tf::scalar& each) {
        const double time_us = std::nearbyint(each.wall_time * 1e6);
        if (name.front() == '_' || !(std::fabs(time_us) < 9e18)) {
            return;
        }
        const auto [place, is_new] = places.emplace(name, made.runs.size());
        if (is_new) {
            made.runs.push_back({name, {}, {}, {}});
        }
        logged_run& run = made.runs[place->second];
        const auto count = static_cast<std::uint32_t>(run.keys.size());
        const auto [id, is_new_tag] =
            ids.emplace(std::make_pair(place->second, each.tag_id), count);
        if (is_new_tag) {
            run.keys.emplace_back(each.tag);
        }
        run.frames.push_back({each.step, static_cast<std::int64_t>(time_us), run.values.size(), 1});
        run.values.push_back({id->second, each.value});
    });
    return made;
}

/// The bytes of the same points in event files, as trainers write them: an event a value.
inline double tfrecord_bytes(const data_set& set) {
    constexpr std::size_t record_frame_bytes = tf::record_head_bytes + tf::record_tail_bytes;
    double bytes = 0;
    std::string payload;
    for (const logged_run& run : set.runs) {
        payload.clear();
        tf::append_version_event(payload, 1.7e9, "bench");
        bytes += static_cast<double>(payload.size() + record_frame_bytes);
        for (const logged_frame& frame : run.frames) {
            for (std::size_t i = 0; i < frame.count; ++i) {
                const gs::sample& value = run.values[frame.first + i];
                payload.clear();
                tf::append_simple_event(payload, static_cast<double>(frame.time_us) / 1e6,
                                        frame.step, run.keys[value.id],
                                        static_cast<float>(value.value.as_double()));
                bytes += static_cast<double>(payload.size() + record_frame_bytes);
            }
        }
    }
    return bytes;
}

}  // namespace bench

// series_log DIR WRITER MODE [FRAMES]: logs the pattern of support/series_pattern.hpp into DIR as
// fast as it can, FRAMES frames or until it is killed. Mode 0 flushes after 512 bytes and leaves
// syncs out, 1 syncs at each flush, 2 flushes and syncs by the clock, 3 writes large blocks and
// remarks, 4 opens files with the last part of their names alike.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <guild/series/writer.hpp>
#include <support/series_pattern.hpp>

namespace gs = guild::series;

namespace {

gs::writer_options options_of(int mode) {
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    options.flush_interval_ms = -1;
    switch (mode) {
    case 1:
        options.sync = gs::sync_policy::every;
        options.flush_bytes = 4096;
        break;
    case 2:
        options.sync = gs::sync_policy::interval;
        options.flush_interval_ms = 1;
        options.sync_interval_ms = 3;
        break;
    case 3:
        break;
    case 4:
        options.host = "same";
        options.pid = 1;
        break;
    default:
        options.flush_bytes = 512;
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        return 2;
    }
    const std::int64_t number = std::atoll(argv[2]);
    const int mode = std::atoi(argv[3]);
    const std::int64_t frames = argc > 4 ? std::atoll(argv[4]) : INT64_MAX;
    auto writer = gs::writer::create(argv[1], options_of(mode));
    if (!writer) {
        return 3;
    }
    std::vector<std::uint32_t> ids;
    std::vector<gs::sample> row;
    for (std::int64_t frame = 0; frame < frames; ++frame) {
        row.clear();
        for (std::int64_t series = 0; series < guild_test::pattern_series_in(frame); ++series) {
            if (static_cast<std::size_t>(series) == ids.size()) {
                ids.push_back(writer->series(guild_test::pattern_key(series)));
            }
            const gs::point one = guild_test::pattern_point(number, series, frame);
            row.push_back({ids[static_cast<std::size_t>(series)], one.value});
        }
        writer->append(frame, frame * 13 + number, row.data(), row.size());
        if (mode == 3 && frame % 100 == 0) {
            writer->add_note(frame, {{"mark", "test"}});
        }
    }
    return writer->close() && writer->errors() == 0 && writer->points_dropped() == 0 ? 0 : 1;
}

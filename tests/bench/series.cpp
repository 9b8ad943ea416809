// Appends, stores and scans series files.
//
// Prints name, value, unit, target, ok or short; tab separated. bench_series [FRAMES]
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/series/run_reader.hpp>
#include <guild/series/writer.hpp>

namespace os = guild::os;
namespace gs = guild::series;

namespace {

constexpr std::size_t columns = 10;

void print_row(const char* name, double value, const char* unit, double target, bool at_most) {
    char wanted[32] = "-";
    if (target > 0) {
        std::snprintf(wanted, sizeof wanted, "%g", target);
    }
    const bool good = at_most ? value <= target : value >= target;
    std::printf("%s\t%.3g\t%s\t%s\t%s\n", name, value, unit, wanted,
                target <= 0 ? "-"
                : good      ? "ok"
                            : "short");
}

// Decaying losses with noise, as single precision trainers log them; one column is a learning rate.
void fill_curves(std::int64_t step, std::vector<gs::sample>& row) {
    auto noise = static_cast<std::uint32_t>(step) * 2654435761U + 12345U;
    for (std::size_t i = 0; i < row.size(); ++i) {
        noise = noise * 1664525U + 1013904223U;
        const double spread = static_cast<double>(noise) / 4294967296.0 - 0.5;
        const double decay = std::exp(-static_cast<double>(step) * 1e-5);
        const double value = i == 0 ? 0.001 : decay * (1.0 + 0.1 * spread) + static_cast<double>(i);
        row[i].value = static_cast<float>(value);
    }
}

struct outcome {
    double ns_per_value = 0;
    double bytes_per_value = 0;
    std::string directory;
};

outcome append_frames(const std::string& directory,
                      const std::vector<std::vector<gs::sample>>& rows, std::int64_t frames,
                      std::int64_t interval_ms) {
    outcome got;
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    options.flush_interval_ms = interval_ms;
    auto writer = gs::writer::create(directory, options);
    if (!writer) {
        return got;
    }
    for (std::size_t i = 0; i < columns; ++i) {
        (void)writer->series("curve/" + std::to_string(i));
    }
    const std::int64_t begin = os::system_env.boot_time_us();
    for (std::int64_t step = 0; step < frames; ++step) {
        const auto& row = rows[static_cast<std::size_t>(step) % rows.size()];
        writer->append(step, step * 12'345, row.data(), row.size());
    }
    (void)writer->flush();
    const auto spent = static_cast<double>(os::system_env.boot_time_us() - begin);
    const double values = static_cast<double>(frames) * static_cast<double>(columns);
    got.ns_per_value = spent * 1e3 / values;
    const auto status = os::get_status(writer->path());
    got.bytes_per_value = status ? static_cast<double>(status->size) / values : 0;
    return got;
}

}  // namespace

int main(int argc, char** argv) {
    const std::int64_t frames = argc > 1 ? std::atoll(argv[1]) : 500'000;
    const auto directory = os::make_temp_directory("guild-bench-");
    if (!directory) {
        std::fprintf(stderr, "%s\n", guild::to_string(directory.error()).c_str());
        return 1;
    }
    std::vector<std::vector<gs::sample>> rows(4096, std::vector<gs::sample>(columns));
    for (std::size_t step = 0; step < rows.size(); ++step) {
        for (std::size_t i = 0; i < columns; ++i) {
            rows[step][i].id = static_cast<std::uint32_t>(i);
        }
        fill_curves(static_cast<std::int64_t>(step), rows[step]);
    }
    const outcome buffered = append_frames(*directory + "/buffered", rows, frames, -1);
    const outcome visible = append_frames(*directory + "/visible", rows, frames / 10, 0);
    print_row("append, buffered", buffered.ns_per_value, "ns/value", 15, true);
    print_row("append, visible at once", visible.ns_per_value, "ns/value", 150, true);
    print_row("size, live", buffered.bytes_per_value, "bytes/value", 0, true);
    gs::run_reader reader(*directory + "/buffered");
    std::uint64_t points = 0;
    const std::int64_t begin = os::system_env.boot_time_us();
    for (gs::reader* file : reader.files()) {
        const auto done =
            file->for_each_point([&](const gs::series_name&, const gs::point&) { ++points; });
        if (!done) {
            return 1;
        }
    }
    const auto spent = static_cast<double>(os::system_env.boot_time_us() - begin);
    print_row("scan with checksums", static_cast<double>(points) / spent, "M points/s", 150, false);
    const std::int64_t opening = os::system_env.boot_time_us();
    const gs::run_reader again(*directory + "/buffered");
    const auto opened = static_cast<double>(os::system_env.boot_time_us() - opening);
    print_row("open and summarize, live", opened, "us", 0, true);
    (void)os::remove_tree(*directory);
    return again.summaries().size() == columns ? 0 : 1;
}

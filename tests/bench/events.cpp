// Scans and writes event files, against a floor: a loop that frames, checks and sums the same
// bytes.
//
// Prints name, value, unit, target, ok or short; tab separated. bench_events [EVENTS]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <guild/os/file.hpp>
#include <guild/tfevents/reader.hpp>
#include <guild/tfevents/writer.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;

namespace {

volatile double sink = 0;

void print_row(const char* name, double value, const char* unit, double target) {
    char wanted[32] = "-";
    if (target > 0) {
        std::snprintf(wanted, sizeof wanted, "%g", target);
    }
    const char* verdict = target <= 0 ? "-" : value >= target ? "ok" : "short";
    std::printf("%s\t%.3g\t%s\t%s\t%s\n", name, value, unit, wanted, verdict);
}

// The best of five, in seconds.
template <class Work>
double best_seconds(Work&& work) {
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
        const std::int64_t begin = os::system_env.boot_time_us();
        work();
        best = std::min(best, static_cast<double>(os::system_env.boot_time_us() - begin) / 1e6);
    }
    return std::max(best, 1e-6);
}

std::string make_records(std::int64_t events) {
    std::string bytes;
    std::string payload;
    for (std::int64_t step = 0; step < events; ++step) {
        payload.clear();
        tf::append_simple_event(payload, 1.7e9 + static_cast<double>(step), step,
                                step % 2 == 0 ? "train/loss" : "train/accuracy", 0.25F);
        tf::append_record(bytes, payload);
    }
    return bytes;
}

// The floor knows that each value stands in the last four bytes of its payload.
double sum_by_hand(const std::string& path, std::string& buffer) {
    auto file = os::open_file(path, os::open_mode::read);
    double sum = 0;
    if (!file) {
        return sum;
    }
    const auto got = file->read_at(0, &buffer[0], buffer.size());
    const std::string_view bytes = std::string_view(buffer).substr(0, got.value_or(0));
    std::size_t at = 0;
    while (bytes.size() - at > 16) {
        const char* head = bytes.data() + at;
        const std::size_t length = guild::load_le<std::uint32_t>(head);  // its records are small
        const auto crc = guild::mask_crc32c(guild::crc32c({head, 8}));
        const std::string_view payload = bytes.substr(at + 12, length);
        if (crc != guild::load_le<std::uint32_t>(head + 8) ||
            guild::mask_crc32c(guild::crc32c(payload)) !=
                guild::load_le<std::uint32_t>(head + 12 + length)) {
            break;
        }
        const char* value = payload.data() + payload.size() - 4;
        sum += static_cast<double>(guild::bits_float(guild::load_le<std::uint32_t>(value)));
        at += 16 + length;
    }
    return sum;
}

double sum_by_reader(const std::string& path) {
    tf::reader reader(path);
    tf::scalar point;
    double sum = 0;
    while (reader.next(point)) {
        sum += point.value;
    }
    return sum;
}

}  // namespace

int main(int argc, char** argv) {
    const std::int64_t events = argc > 1 ? std::atoll(argv[1]) : 2'000'000;
    const auto directory = os::make_temp_directory("guild-bench-");
    if (!directory) {
        std::fprintf(stderr, "%s\n", guild::to_string(directory.error()).c_str());
        return 1;
    }
    const std::string path = *directory + "/events.out.tfevents.1";
    std::string bytes = make_records(events);
    if (!os::save_file(path, bytes)) {
        return 1;
    }
    const double count = static_cast<double>(events);
    const double floor = best_seconds([&] { sink = sum_by_hand(path, bytes); });
    const double by_hand = sink;
    const double scan = best_seconds([&] { sink = sum_by_reader(path); });
    if (by_hand != sink) {
        std::fprintf(stderr, "the reader and the floor differ\n");
        return 1;
    }
    print_row("scan", count / scan / 1e6, "M scalars/s", 0);
    print_row("scan floor", count / floor / 1e6, "M scalars/s", 0);
    print_row("scan / floor", floor / scan, "ratio", 0.5);
    const double write = best_seconds([&] {
        auto writer = tf::writer::create(*directory);
        for (std::int64_t step = 0; writer && step < events; ++step) {
            writer->add_scalar("train/loss", step, 0.25, 1.7e9);
        }
    });
    print_row("write, buffered", count / write / 1e6, "M scalars/s", 10);
    (void)os::remove_tree(*directory);
    return 0;
}

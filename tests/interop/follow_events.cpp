// Prints the points of a directory tree of event files as they appear, one JSON object a line.
//
//   follow_events DIR N SECONDS   looks every 5 ms until N points have come; exit status 1 if
//                                 SECONDS pass first or more have come
//   follow_events DIR             looks once for every empty line on standard input and answers
//   with
//                                 a line "." at the end, so that its caller knows what could be
//                                 seen at that moment and what could not; a line with the name of a
//                                 run is answered with that run's hyperparameters
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/hparams.hpp>

#include "json_lines.hpp"

namespace {

using guild::tfevents::directory_reader;

std::uint64_t look(directory_reader& reader) {
    const std::uint64_t found =
        reader.poll([](const std::string& run, const guild::tfevents::scalar& point) {
            interop::line()
                .text("run", run)
                .text("tag", point.tag)
                .step(point.step)
                .number("wall", point.wall_time)
                .number("value", point.value);
        });
    std::fflush(stdout);
    return found;
}

void print_hparams(const directory_reader& reader, const std::string& run) {
    using namespace guild::tfevents;
    const tag_table* tags = reader.find_tags(run);
    const auto id = tags != nullptr ? tags->find(hparams_start_tag) : std::nullopt;
    const auto found = id ? decode_session_start((*tags)[*id].content) : std::nullopt;
    if (!found) {
        return;
    }
    for (const hparam& each : found->values) {
        interop::line().text("name", each.name).text("flag", each.to_flag());
    }
}

int on_demand(directory_reader& reader) {
    for (std::string line; std::getline(std::cin, line);) {
        if (line.empty()) {
            look(reader);
        } else {
            print_hparams(reader, line);
        }
        std::puts(".");
        std::fflush(stdout);
    }
    return 0;
}

int until(directory_reader& reader, std::uint64_t wanted, double seconds) {
    using clock = std::chrono::steady_clock;
    const auto end = clock::now() + std::chrono::duration<double>(seconds);
    std::uint64_t found = look(reader);
    while (found < wanted && clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        found += look(reader);
    }
    return found == wanted ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 4) {
        std::fputs("usage: follow_events DIR [N SECONDS]\n", stderr);
        return 2;
    }
    directory_reader reader(argv[1]);
    const int code = argc == 2 ? on_demand(reader)
                               : until(reader, std::strtoull(argv[2], nullptr, 10),
                                       std::strtod(argv[3], nullptr));
    const auto counters = reader.counters();
    std::fprintf(stderr, "%llu bytes lost, %llu left over\n",
                 static_cast<unsigned long long>(counters.lost_bytes),
                 static_cast<unsigned long long>(counters.tail_bytes));
    return code;
}

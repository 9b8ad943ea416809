// What recording a command costs beside it: processor time and memory of the supervising process.
//
//     bench_supervisor [--json] [SECONDS]
//
// The command sleeps for so long, 15 s without a number, and is sampled once a second. The
// supervisor runs in a process of its own; what it uses before the command starts and after it has
// ended is told beside what counts, a second of recording. Once more beside a collector that prints
// a hundred metrics a second; the collector's own time is not in it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include <bench/report.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <guild/runs/supervisor.hpp>

namespace {

namespace os = guild::os;
namespace runs = guild::runs;

double cpu_seconds() {
    struct rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// The process that is measured: prints seconds of processor time, MiB at most, samples taken.
int supervise_here(const std::string& directory, bool with_collector,
                   const std::vector<std::string>& command) {
    auto made = runs::create_run_directory(directory, "bench", 0);
    if (!made) {
        return 2;
    }
    runs::supervise_options options;
    options.run_directory = *made;
    options.argv = command;
    options.echo_out = options.echo_err = -1;
    if (with_collector) {
        runs::collector_spec collector;
        collector.name = "bench";
        collector.argv = {"cat", directory + "/metrics"};
        options.collectors.push_back(collector);
    }
    const auto ended = runs::supervise(options);
    if (!ended || ended->status != runs::run_status::completed) {
        return 3;
    }
    const std::string text = os::load_file("/proc/self/status").value_or("");
    const std::size_t at = text.find("VmHWM:");
    const double mib =
        at == std::string::npos ? -1 : std::strtod(text.c_str() + at + 6, nullptr) / 1024;
    std::printf("%f %f\n", cpu_seconds(), mib);
    return 0;
}

struct cost {
    double seconds = 0;
    double mib = 0;
};

cost cost_of(const char* self, const std::string& directory, std::vector<std::string> command,
             bool with_collector = false) {
    os::process_options options;
    options.argv = {self, with_collector ? "--supervise-collecting" : "--supervise", directory};
    options.argv.insert(options.argv.end(), command.begin(), command.end());
    const auto ran = os::run(options);
    cost seen;
    bench::must(ran && ran->status.success() &&
                    std::sscanf(ran->out.c_str(), "%lf %lf", &seen.seconds, &seen.mib) == 2,
                "the supervisor failed");
    return seen;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 3 && std::strncmp(argv[1], "--supervise", 11) == 0) {
        return supervise_here(argv[2], std::strcmp(argv[1], "--supervise") != 0,
                              std::vector<std::string>(argv + 3, argv + argc));
    }
    int seconds = 15;
    for (int i = 1; i < argc; ++i) {
        bench::as_json = bench::as_json || std::strcmp(argv[i], "--json") == 0;
        seconds = std::atoi(argv[i]) > 0 ? std::atoi(argv[i]) : seconds;
    }
    const auto directory = os::make_temp_directory("guild-bench-");
    bench::must(directory.has_value(), "no temporary directory");
    // One round is in both: the machine's attributes, opening and closing.
    const cost brief = cost_of(argv[0], *directory, {"sleep", "0.5"});
    const std::vector<std::string> wait = {"sleep", std::to_string(seconds) + ".5"};
    const cost whole = cost_of(argv[0], *directory, wait);
    std::string metrics;
    for (int i = 0; i < 100; ++i) {
        metrics += "queue_length{name=\"q" + std::to_string(i) + "\"} " + std::to_string(i) + '\n';
    }
    bench::must(os::save_file(*directory + "/metrics", metrics).has_value(), "no file of metrics");
    const cost collecting = cost_of(argv[0], *directory, wait, true);
    (void)os::remove_tree(*directory);
    bench::print_row("supervisor, processor at a sample a second",
                     (whole.seconds - brief.seconds) / seconds * 100, "%", 0.5, true);
    bench::print_row("supervisor, resident at most", whole.mib, "MiB", 20, true);
    bench::print_row("supervisor, processor with a collector at a sample a second",
                     (collecting.seconds - brief.seconds) / seconds * 100, "%");
    bench::print_row("supervisor, start and end of a run", brief.seconds * 1e3, "ms");
    return 0;
}

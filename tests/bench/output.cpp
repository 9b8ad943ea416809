// Output of commands: recording a gigabyte, searching it, taking values out of it; beside grep and
// a loop that only counts the lines of the same file.
//
//     bench_output [--json] [MEGABYTES]
//
// 1024 MB without a number. Each search and each recording runs in a process of its own, whose
// memory counts. Times are processor time, the best of several, of files in the page cache: what a
// machine with nothing else to do takes, for no program here uses two processors.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include <bench/report.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>
#include <guild/runs/output_scan.hpp>
#include <guild/runs/output_search.hpp>
#include <guild/runs/supervisor.hpp>

namespace {

namespace os = guild::os;
namespace runs = guild::runs;

double peak_mib() {
    const std::string text = os::load_file("/proc/self/status").value_or("");
    const std::size_t at = text.find("VmHWM:");
    return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + 6, nullptr) / 1024;
}

// A line as trainers print them; numbered, so that each is another.
std::string make_line(std::uint64_t number) {
    char line[128];
    std::snprintf(
        line, sizeof line,
        "INFO:trainer: step %llu/9000000 loss: %.4f accuracy: %.3f (%.1f examples/s)\n",
        static_cast<unsigned long long>(number), 2.0 / (1 + static_cast<double>(number % 9973)),
        static_cast<double>(number % 1000) / 1000, static_cast<double>(800 + number % 77));
    return line;
}

// Megabytes of lines on standard output, in blocks as a buffered program writes them.
int print_lines(std::uint64_t megabytes) {
    std::string block;
    for (std::uint64_t number = 0; block.size() < (1U << 20U); ++number) {
        block += make_line(number);
    }
    block.resize((1U << 20U) - 1);
    block += '\n';
    for (std::uint64_t i = 0; i < megabytes; ++i) {
        if (os::write_to_descriptor(STDOUT_FILENO, block) != 0) {
            return 1;
        }
    }
    return 0;
}

// A run's output as it is recorded: in pieces of `piece_bytes`, or a line a piece.
void write_output(const std::string& directory, std::uint64_t megabytes, std::size_t piece_bytes) {
    bench::must(os::make_directories(runs::data_path(directory)).has_value(), "no directory");
    auto writer = runs::output_writer::open(directory);
    bench::must(writer.has_value(), "no output files");
    std::string piece;
    std::uint64_t written = 0;
    for (std::uint64_t number = 0; written < megabytes << 20U; ++number) {
        piece += make_line(number);
        if (piece.size() >= piece_bytes) {
            bench::must(writer->append(runs::output_stream::out, 1, piece).has_value(),
                        "not written");
            written += piece.size();
            piece.clear();
        }
    }
}

// Prints matches and MiB at most; -1 matches: a failure.
int search_here(const std::string& directory, const std::string& expression) {
    const auto wanted = guild::pattern::parse(expression);
    long matches = 0;
    const auto done = runs::for_each_output_match(directory, {*wanted, {}}, [&](const auto&) {
        ++matches;
        return true;
    });
    std::printf("%ld %f\n", done ? matches : -1, peak_mib());
    return 0;
}

int scan_here(const std::string& directory, const std::string& expression) {
    const auto wanted = guild::pattern::parse(expression);
    auto reader = runs::output_reader::open(directory);
    runs::output_scan scan({runs::output_rule{"a", *wanted}}, std::nullopt);
    while (reader && scan.advance(*reader).value_or(false)) {
    }
    std::printf("%llu %f\n", static_cast<unsigned long long>(scan.points()), peak_mib());
    return 0;
}

int count_here(const std::string& directory) {
    const auto log =
        os::open_file(runs::data_path(directory, runs::output_log_name), os::open_mode::read);
    std::string block(std::size_t{1} << 20U, '\0');
    long lines = 0;
    for (std::uint64_t at = 0;;) {
        const std::size_t got = log->read_at(at, &block[0], block.size()).value_or(0);
        if (got == 0) {
            break;
        }
        at += got;
        const char* from = block.data();
        const char* const end = from + got;
        while ((from = static_cast<const char*>(
                    std::memchr(from, '\n', static_cast<std::size_t>(end - from)))) != nullptr) {
            ++lines;
            ++from;
        }
    }
    std::printf("%ld %f\n", lines, peak_mib());
    return 0;
}

int supervise_here(const char* self, const std::string& directory, const char* megabytes) {
    auto made = runs::create_run_directory(directory, "bench", 0);
    if (!made) {
        return 2;
    }
    runs::supervise_options options;
    options.run_directory = *made;
    options.argv = {self, "--print", megabytes};
    options.echo_out = options.echo_err = -1;
    const auto ended = runs::supervise(options);
    const auto log = os::find_status(runs::data_path(*made, runs::output_log_name));
    std::printf("%f %f\n", log ? static_cast<double>(log->size) / (1 << 20) : 0.0, peak_mib());
    return ended && ended->status == runs::run_status::completed ? 0 : 3;
}

struct measured {
    double seconds = 0;
    double first = 0;  // what the program prints: how many
    double mib = 0;
};

measured measure(const std::vector<std::string>& argv, int rounds) {
    measured best;
    for (int i = 0; i < rounds; ++i) {
        os::process_options options;
        options.argv = argv;
        options.environment = os::merge_environment(os::current_environment(),
                                                    os::variables{os::variable("LC_ALL", "C")});
        std::string text;
        const auto ran = os::run(options);
        bench::must(ran.has_value(), "a program could not be run");
        text = ran->out;
        const double seconds = static_cast<double>(ran->usage.user_us + ran->usage.system_us) / 1e6;
        best.seconds = i == 0 ? seconds : std::min(best.seconds, seconds);
        bench::must(std::sscanf(text.c_str(), "%lf %lf", &best.first, &best.mib) >= 1,
                    "a program failed");
    }
    return best;
}

struct question {
    const char* name;
    const char* expression;
    const char* for_grep;  // the same as grep -E has it
};

void compare_searches(const std::string& self, const std::string& directory, double gigabytes) {
    constexpr int rounds = 3;
    const question questions[] = {
        {"a text", "step 4999999/", "step 4999999/"},
        {"a text with numbers", "step [0-9]+77777/.* loss: 0\\.00",
         "step [0-9]+77777/.* loss: 0\\.00"},
        {"no fixed text", "[0-9]{6}1234/", "[0-9]{6}1234/"},
        {"nothing is found", "(?:nan|inf)\\b", "(nan|inf)\\b"},
    };
    const std::string log = runs::data_path(directory, runs::output_log_name);
    const measured floor = measure({self, "--count", directory}, rounds);
    bench::print_row("lines of the log counted by memchr", floor.seconds / gigabytes, "s/GB");
    double mib = 0;
    for (const question& each : questions) {
        const measured own = measure({self, "--search", directory, each.expression}, rounds);
        const measured peer = measure({"grep", "-cE", each.for_grep, log}, rounds);
        bench::must(own.first == peer.first, "grep finds other lines");
        bench::print_row(std::string("search, ") + each.name, own.seconds / gigabytes, "s/GB", 1,
                         true);
        bench::print_row(std::string("grep -cE, ") + each.name, peer.seconds / gigabytes, "s/GB");
        mib = std::max(mib, own.mib);
    }
    bench::print_row("search, resident at most", mib, "MiB", 20, true);
}

void run_all(const std::string& self, const std::string& directory, std::uint64_t megabytes) {
    const double gigabytes = static_cast<double>(megabytes) / 1024;
    const std::string text = std::to_string(megabytes);
    measured recorded;
    const double seconds =
        bench::seconds_of([&] { recorded = measure({self, "--supervise", directory, text}, 1); });
    if (recorded.first < static_cast<double>(megabytes)) {
        bench::print_remark("the disk was too slow: " + std::to_string(recorded.first) +
                            " MiB were stored, the rest was counted");
    }
    bench::print_row("output recorded", gigabytes / seconds, "GB/s");
    bench::print_row("output recorded, resident at most", recorded.mib, "MiB", 20 + 64 * 2, true);
    const std::string blocks = directory + "/blocks";
    write_output(blocks, megabytes, 65'000);
    compare_searches(self, blocks, gigabytes);
    const measured scanned =
        measure({self, "--scan", blocks, "step (?P<step>\\d+)/.*loss: (?P<loss>[0-9.]+)"}, 1);
    bench::print_row("values taken out of every line", scanned.first / scanned.seconds / 1e6,
                     "M/s");
    (void)os::remove_tree(blocks);
    const std::string lines = directory + "/lines";
    write_output(lines, megabytes, 1);
    const measured found =
        measure({self, "--search", lines, "step [0-9]+77777/.* loss: 0\\.00"}, 3);
    bench::print_row("search, each line recorded by itself", found.seconds / gigabytes, "s/GB", 1,
                     true);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string word = argc > 1 ? argv[1] : "";
    if (argc > 2 && word == "--print") {
        return print_lines(std::strtoull(argv[2], nullptr, 10));
    }
    if (argc > 3 && word == "--search") {
        return search_here(argv[2], argv[3]);
    }
    if (argc > 3 && word == "--scan") {
        return scan_here(argv[2], argv[3]);
    }
    if (argc > 2 && word == "--count") {
        return count_here(argv[2]);
    }
    if (argc > 3 && word == "--supervise") {
        return supervise_here(argv[0], argv[2], argv[3]);
    }
    std::uint64_t megabytes = 1024;
    for (int i = 1; i < argc; ++i) {
        bench::as_json = bench::as_json || std::strcmp(argv[i], "--json") == 0;
        megabytes = std::atoi(argv[i]) > 0 ? std::strtoull(argv[i], nullptr, 10) : megabytes;
    }
    const auto directory = os::make_temp_directory("guild-bench-");
    bench::must(directory.has_value(), "no temporary directory");
    run_all(argv[0], *directory, megabytes);
    (void)os::remove_tree(*directory);
    return 0;
}

// bench_view: guild view over loopback: small answers, lists of runs, charts of long series,
// clients that only hold on. The server is a process of its own; the client is this one.
//
//   bench_view [--quick] [--json] [--only=PART] [DIR]
//                  PART: small, lists, charts or live
//                  DIR: where the runs are made and kept; else a temporary directory. With DIR a
//                  second start finds them there.
//   bench_view --events=DIR    makes the event files of ten runs for view_peers.py, nothing else
//
// "cold" is the first answer of a new server; the files are in the system's cache.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/viewer.hpp>

#include "report.hpp"
#include "view_site.hpp"

using namespace guild;

namespace {

const char* const project_text =
    "[project]\n  name = bench\n"
    "[field \"loss\"]\n  source = series/loss\n  reduce = last\n  format = 0.0000\n"
    "[field \"best\"]\n  source = series/val/acc\n  reduce = max\n  format = 0.00%\n"
    "[field \"lr\"]\n  source = flags/lr\n"
    "[field \"steps\"]\n  source = series/loss\n  reduce = steps\n";

/// A server in a process of its own.
class served_site {
public:
    explicit served_site(const std::string& directory) {
        viewer::server_options options;
        options.port = 0;
        viewer::context with;
        with.project_directory = directory;
        with.memory = std::make_shared<viewer::site_memory>();
        auto server = viewer::server::open(
            options, [with](const viewer::request& what) { return viewer::handle(what, with); });
        bench::must(server.has_value(), "open a server");
        port_ = server->port();
        child_ = ::fork();
        if (child_ == 0) {
            server->run();
            ::_exit(0);
        }
    }
    served_site(const served_site&) = delete;
    served_site& operator=(const served_site&) = delete;
    ~served_site() {
        ::kill(child_, SIGKILL);
        (void)::waitpid(child_, nullptr, 0);
    }

    [[nodiscard]] int port() const { return port_; }

    /// Processor time so far: what a machine that does other things too does not change much.
    [[nodiscard]] double processor_ms() const {
        const auto text = os::load_file("/proc/" + std::to_string(child_) + "/stat");
        const std::vector<std::string> words = split(text.value_or(""), ' ');
        return words.size() < 15 ? 0
                                 : (std::atof(words[13].c_str()) + std::atof(words[14].c_str())) *
                                       1000 / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }

    /// Resident memory now, or its peak.
    [[nodiscard]] double megabytes(const char* what) const {
        const auto text = os::load_file("/proc/" + std::to_string(child_) + "/status");
        const std::size_t at = text ? text->find(what) : std::string::npos;
        return at == std::string::npos
                   ? 0
                   : std::atof(text->c_str() + at + std::string(what).size()) / 1024;
    }

private:
    int port_ = 0;
    pid_t child_ = -1;
};

/// What a request gave.
struct fetched {
    double first_byte_s = 0;
    double whole_s = 0;
    std::size_t bytes = 0;
    int status = 0;
    std::string tag;
    std::string body;
};

/// One connection that is kept.
class browser {
public:
    explicit browser(int port) : socket_(std::move(*os::connect_to("127.0.0.1", port))) {}

    fetched get(const std::string& target, const std::string& more = "") {
        const std::string head =
            "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
        const std::int64_t begin = os::system_env.boot_time_us();
        bench::must(os::send(socket_.get(), head) == static_cast<std::int64_t>(head.size()),
                    "send");
        fetched out;
        std::string all;
        std::size_t wanted = std::string::npos;
        while (all.size() < wanted) {
            char buffer[256 * 1024];
            const std::int64_t got = os::receive(socket_.get(), buffer, sizeof buffer);
            bench::must(got > 0, "receive");
            if (all.empty()) {
                out.first_byte_s = since(begin);
            }
            all.append(buffer, static_cast<std::size_t>(got));
            const std::size_t end = wanted == std::string::npos ? all.find("\r\n\r\n") : wanted;
            if (wanted == std::string::npos && end != std::string::npos) {
                wanted = end + 4 + body_size(all.substr(0, end));
            }
        }
        out.whole_s = since(begin);
        const std::size_t end = all.find("\r\n\r\n") + 4;
        out.status = std::atoi(all.c_str() + 9);
        out.bytes = all.size();
        const std::size_t tag = all.find("ETag: ");
        out.tag = tag == std::string::npos || tag > end
                      ? ""
                      : all.substr(tag + 6, all.find('\r', tag) - tag - 6);
        out.body = all.substr(end);
        return out;
    }

private:
    static double since(std::int64_t begin) {
        return static_cast<double>(os::system_env.boot_time_us() - begin) / 1e6;
    }
    static std::size_t body_size(const std::string& head) {
        const std::size_t at = head.find("Content-Length: ");
        return at == std::string::npos
                   ? 0
                   : static_cast<std::size_t>(std::atol(head.c_str() + at + 16));
    }

    os::tcp_socket socket_;
};

/// Requests answered a second on so many kept connections, each with one request at a time.
double requests_per_second(int port, int connections, double seconds, const std::string& target) {
    const std::string head = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    std::vector<os::tcp_socket> sockets;
    std::vector<os::poll_item> items;
    for (int i = 0; i < connections; ++i) {
        sockets.push_back(std::move(*os::connect_to("127.0.0.1", port)));
        items.push_back({sockets.back().get(), false, false});
        (void)os::send(sockets.back().get(), head);
    }
    const std::int64_t begin = os::system_env.boot_time_us();
    std::uint64_t answers = 0;
    double spent = 0;
    while (spent < seconds) {
        os::wait_for_any(items, 1000);
        for (const os::poll_item& each : items) {
            char buffer[16 * 1024];
            if (each.is_ready && os::receive(each.fd, buffer, sizeof buffer) > 0) {  // whole: small
                ++answers;
                (void)os::send(each.fd, head);
            }
        }
        spent = static_cast<double>(os::system_env.boot_time_us() - begin) / 1e6;
    }
    return static_cast<double>(answers) / spent;
}

/// The same by wrk, which has a core of its own where there are two; nothing where it is not there.
double requests_per_second_by_wrk(int port, double seconds, const std::string& target) {
    const std::string command =
        "wrk -t1 -c8 -d" + std::to_string(std::max(1, static_cast<int>(seconds))) +
        "s http://127.0.0.1:" + std::to_string(port) + target + " 2>/dev/null";
    FILE* const from = ::popen(command.c_str(), "r");
    std::string said;
    char buffer[1024];
    for (std::size_t got = 1; from != nullptr && got > 0;) {
        got = std::fread(buffer, 1, sizeof buffer, from);
        said.append(buffer, got);
    }
    if (from != nullptr) {
        (void)::pclose(from);
    }
    const std::string name = "Requests/sec:";
    const std::size_t at = said.find(name);
    return at == std::string::npos ? 0 : std::atof(said.c_str() + at + name.size());
}

double best_of(int rounds, const std::function<double()>& measure) {
    double best = measure();
    for (int i = 1; i < rounds; ++i) {
        best = std::min(best, measure());
    }
    return best;
}

void measure_small(const std::string& site, bool is_quick) {
    const served_site here(site);
    (void)browser(here.port()).get("/api/settings");
    const double seconds = is_quick ? 0.1 : 2;
    const double by_wrk = requests_per_second_by_wrk(here.port(), seconds, "/api/settings");
    if (by_wrk > 0) {
        bench::print_row("small JSON, 8 connections, wrk", by_wrk, "requests/s", 20'000);
    } else {
        bench::print_remark("no wrk here; the client below is a loop of this program");
    }
    bench::print_row("small JSON, 8 connections",
                     requests_per_second(here.port(), 8, seconds, "/api/settings"), "requests/s",
                     by_wrk > 0 ? -1 : 20'000);
    bench::print_row("one run, 8 connections",
                     requests_per_second(here.port(), 8, seconds, "/api/runs/20170714T024000Z-r0"),
                     "requests/s");
    bench::print_row("small JSON, 1 connection",
                     requests_per_second(here.port(), 1, seconds, "/api/settings"), "requests/s");
    std::vector<browser> idle;
    for (int i = 0; i < 64; ++i) {
        idle.emplace_back(here.port());
    }
    bench::print_row(
        "65th client, 64 idle ones attached",
        best_of(5, [&] { return browser(here.port()).get("/api/settings").whole_s * 1e3; }), "ms",
        50, true);
}

void measure_list(const std::string& site, const std::string& count, double warm_ms,
                  double cold_ms) {
    const std::string target = "/api/runs?limit=100000&with=values,flags&spark=loss";
    const std::string of = ", " + count + " runs";
    const served_site here(site);
    browser one(here.port());
    const fetched cold = one.get(target);
    bench::must(cold.status == 200, "a list");
    bench::print_row("list, cold, first byte" + of, cold.first_byte_s * 1e3, "ms", cold_ms, true);
    bench::print_row("list, cold, processor time" + of, here.processor_ms(), "ms");
    bench::print_row("list, warm, first byte" + of,
                     best_of(5, [&] { return one.get(target).first_byte_s * 1e3; }), "ms", warm_ms,
                     true);
    bench::print_row("list, warm, whole" + of,
                     best_of(5, [&] { return one.get(target).whole_s * 1e3; }), "ms");
    bench::print_row("list, bytes" + of, static_cast<double>(cold.bytes) / 1e6, "MB");
    const std::string known = "If-None-Match: " + cold.tag + "\r\n";
    bench::must(one.get(target, known).status == 304, "304");
    bench::print_row("list, unchanged" + of,
                     best_of(5, [&] { return one.get(target, known).whole_s * 1e3; }), "ms", 50,
                     true);
    const std::size_t at = cold.body.find("\"version\":\"") + 11;
    const std::string since =
        target + "&since=" + cold.body.substr(at, cold.body.find('"', at) - at);
    bench::print_row("list, delta without changes" + of,
                     best_of(5, [&] { return one.get(since).whole_s * 1e3; }), "ms");
    bench::print_row(
        "list, first page of 100" + of,
        best_of(5,
                [&] {
                    return one.get("/api/runs?limit=100&with=values,flags&spark=loss").whole_s *
                           1e3;
                }),
        "ms");
    bench::print_row("memory, list" + of, here.megabytes("VmRSS:"), "MB", 200, true);
}

void measure_charts(const std::string& site, int series, const std::string& points) {
    const std::string of = ", " + std::to_string(series) + " series x " + points;
    const served_site here(site);
    const std::string run =
        "/api/runs/20170714T024000Z-long/data?format=binary&parts=steps,values&values=f32&";
    browser one(here.port());
    const fetched all = one.get(run + "columns=200&pattern=.*");
    bench::must(all.status == 200, "charts");
    bench::print_row("charts, one request, cold" + of, all.whole_s * 1e3, "ms", 500, true);
    bench::print_row("charts, one request, cold, processor time" + of, here.processor_ms(), "ms");
    bench::print_row(
        "charts, one request" + of,
        best_of(3, [&] { return one.get(run + "columns=200&pattern=.*").whole_s * 1e3; }), "ms");
    bench::print_row("charts, bytes" + of, static_cast<double>(all.bytes) / 1e6, "MB", 1, true);
    std::size_t bytes = 0;
    bench::print_row("charts, a request each" + of,
                     best_of(3,
                             [&] {
                                 double sum = 0;
                                 bytes = 0;
                                 for (int i = 0; i < series; ++i) {
                                     const fetched each =
                                         one.get(run + "columns=200&key=" + bench::long_key(i));
                                     sum += each.whole_s * 1e3;
                                     bytes += each.bytes;
                                 }
                                 return sum;
                             }),
                     "ms", 500, true);
    bench::print_row("charts, bytes of a request each" + of, static_cast<double>(bytes) / 1e6, "MB",
                     1, true);
    bench::print_row("zoom, one chart, a hundredth" + of,
                     best_of(5,
                             [&] {
                                 return one.get(run + "columns=400&key=" + bench::long_key(3) +
                                                "&from=500000&to=510000")
                                            .whole_s *
                                        1e3;
                             }),
                     "ms", 50, true);
    bench::print_row("zoom, one chart, exact points" + of,
                     best_of(5,
                             [&] {
                                 return one.get(run + "columns=400&key=" + bench::long_key(4) +
                                                "&from=500000&to=500900")
                                            .whole_s *
                                        1e3;
                             }),
                     "ms", 50, true);
    bench::print_row("memory, charts" + of, here.megabytes("VmRSS:"), "MB", 200, true);
    bench::print_row("memory, charts, peak" + of, here.megabytes("VmHWM:"), "MB");
}

std::string make_site(const std::string& directory,
                      const std::function<void(const std::string&)>& fill) {
    if (!os::find_status(join_path(directory, "Guild"))) {
        bench::must(os::make_directories(directory).has_value(), "make a directory");
        fill(join_path(directory, "runs"));
        bench::must(os::save_file(join_path(directory, "Guild"), project_text).has_value(), "save");
    }
    return directory;
}

}  // namespace

int main(int count, char** words) {
    bool is_quick = false;
    std::string directory;
    std::string only;
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        is_quick = is_quick || word == "--quick";
        bench::as_json = bench::as_json || word == "--json";
        if (starts_with(word, "--events=")) {
            bench::make_event_files(word.substr(9), is_quick ? 2000 : 50'000);
            return 0;
        }
        only = starts_with(word, "--only=") ? word.substr(7) : only;
        directory = starts_with(word, "--") ? directory : word;
    }
    const bool is_kept = !directory.empty();
    if (!is_kept) {
        auto made = os::make_temp_directory("guild-bench-view-");
        bench::must(made.has_value(), "make a temporary directory");
        directory = *made;
    }
    const std::uint64_t few = is_quick ? 20 : 1000;
    const std::uint64_t many = is_quick ? 50 : 10'000;
    const int series = is_quick ? 5 : 100;
    const std::int64_t points = is_quick ? 20'000 : 1'000'000;
    const std::string small =
        make_site(directory + "/few", [&](const auto& at) { bench::make_runs(at, few); });
    const std::string large =
        make_site(directory + "/many", [&](const auto& at) { bench::make_runs(at, many); });
    const std::string longest = make_site(directory + "/long", [&](const auto& at) {
        bench::make_long_run(at, series, points, false);
    });
    const std::string live = make_site(directory + "/live", [&](const auto& at) {
        bench::make_long_run(at, series, points, true);
    });
    bench::print_remark("generator site-1; loopback; the client is on the same machine");
    const auto is_wanted = [&only](std::string_view part) { return only.empty() || only == part; };
    if (is_wanted("small")) {
        measure_small(small, is_quick);
    }
    if (is_wanted("lists")) {
        measure_list(small, std::to_string(few), 20, 2000);
        measure_list(large, std::to_string(many), 100, 2000);
    }
    if (is_wanted("charts")) {
        measure_charts(longest, series, std::to_string(points) + " points");
    }
    if (is_wanted("live")) {
        measure_charts(live, series, std::to_string(points) + " points, live");
    }
    if (!is_kept) {
        (void)os::remove_tree(directory);
    }
    return 0;
}

// Writes, with guild's writer, everything that TensorBoard is to read back, and prints it, one JSON
// object a line.
//
//   write_events DIR PNG...   one run below DIR for each kind of data, and one, `mixed`, with all
//                             kinds in one file
//   write_events DIR          one run with what would make TensorBoard give a file up, had the
//   writer
//                             passed it on
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <guild/runs/event_export.hpp>
#include <support/nasty_numbers.hpp>

#include "written_run.hpp"

namespace {

using guild::tfevents::make_histogram;
using interop::fail;
using interop::line;
using interop::run;
using interop::writer_options;

constexpr double start = 1700000000.0;
constexpr std::string_view unicode =
    "Gr\xc3\xb6\xc3\x9f\x65/\xce\x94 \xe6\x90\x8d\xe5\xa4\xb1 \xf0\x9f\x9a\x80";

// ---- scalars ------------------------------------------------------------------------------------

void write_curve(run& out, std::string_view tag, int count) {
    for (int i = 0; i < count; ++i) {
        out.scalar(tag, i * 10, 1.0 / (i + 3.0), start + i * 0.1);
    }
}

// Doubles of any bit pattern: NaN of every kind, numbers too large and too small for a float.
void write_random_bits(run& out, std::string_view tag, int count) {
    std::uint64_t state = 1;
    for (int i = 0; i < count; ++i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        const std::uint64_t bits = state ^ (state >> 29U);
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        out.scalar(tag, i, value, start + i / 3.0);
    }
}

void write_odd_values(run& out) {
    using limits = std::numeric_limits<double>;
    const double halfway = 3.4028235677973366e38;  // between the largest float and infinity
    const double values[] = {limits::quiet_NaN(),
                             limits::infinity(),
                             -limits::infinity(),
                             -0.0,
                             0.0,
                             limits::max(),
                             -limits::max(),
                             limits::denorm_min(),
                             1e-45,
                             1e-46,
                             halfway,
                             3.4028235677973362e38,
                             16777217.0,
                             0.1};
    std::int64_t step = 0;
    for (const double value : values) {
        out.scalar("odd/values", step++, value, start);
    }
}

void write_odd_steps(run& out) {
    using limits = std::numeric_limits<std::int64_t>;
    constexpr std::int64_t one = 1;
    for (const std::int64_t step : {limits::min(), -(one << 62), -(one << 32), -one, one - one, one,
                                    one << 31, (one << 53) + 1, one << 62, limits::max()}) {
        out.scalar("odd/steps", step, 1.0, start + 0.5);
    }
}

void write_odd_times(run& out) {
    std::int64_t step = 0;
    for (const double time : {0.0, 5e-324, 1e-9, -1.5, 1e9 + 0.1, 1700000000.123456789, 1e300}) {
        out.scalar("odd/times", step++, 2.0, time);
    }
}

void write_odd_tags(run& out) {
    for (const std::string_view tag :
         {"with spaces", "\"quoted\" \\ and\nmore lines", "%s{}<b>&", "/"}) {
        out.scalar(tag, 1, 3.0, start);
    }
    out.scalar(std::string(5000, 't'), 1, 3.0, start);
}

// Steps that go back and repeat: how a loop looks that was started again without being told.
void write_repeated_steps(run& out) {
    for (const int step : {0, 1, 2, 3, 4, 5, 6, 3, 4, 5, 5, 5, 1, 7}) {
        out.scalar("repeated", step, step + 0.5, start + step);
    }
}

// 10,000 points of 13 tags.
void write_scalars(run& out) {
    write_curve(out, "loss", 3000);
    write_curve(out, "train/accuracy", 3000);
    write_curve(out, unicode, 2000);
    write_random_bits(out, "bits", 1950);
    write_odd_values(out);
    write_odd_steps(out);
    write_odd_times(out);
    write_odd_tags(out);
    write_repeated_steps(out);
}

void write_now(run& out) {
    out.file().add_scalar("now", 1, 1.0);
    interop::line().text("run", "now").text("kind", "now").text("tag", "now");
}

// Text that is not UTF-8 and times that are no numbers; the points around them must come through.
void write_hostile(run& out) {
    out.scalar("before", 1, 1.0, start);
    out.file().add_scalar("not \xff utf-8 \xc3", 1, 1.0, start);
    out.scalar("between", 1, 1.0, start);
    out.file().add_scalar("nan time", 1, 1.0, std::nan(""));
    out.file().add_text("not \xff utf-8 either", 1, "\xfe\xff", start);
    interop::hparams what;
    what.values = {{"name \xff", "value \xff"}};
    what.metrics = {"metric \xff"};
    what.group_name = "group \xff";
    out.file().add_hparams(what, start);
    out.scalar("after", 1, 1.0, start);
}

// ---- several threads, several files -------------------------------------------------------------

void write_by_threads(run& out) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&out, t] {
            const std::string tag = "thread " + std::to_string(t);
            for (int i = 0; i < 2000; ++i) {
                out.scalar(tag, i, t + i / 2000.0, start + i);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

// Files of one run: the second and the third begin again at an earlier step and say so.
void write_restarts(const std::string& root, const std::string& name, int files) {
    const int begin[] = {0, 60, 30};
    const int end[] = {100, 120, 90};
    for (int i = 0; i < files; ++i) {
        writer_options options;
        options.suffix = "." + std::to_string(i);
        if (i > 0) {
            options.purge_step = begin[i];
        }
        run out(root, name, options);
        for (int step = begin[i]; step < end[i]; ++step) {
            out.scalar("loss", step, step + i / 8.0, start + 1000 * i + step);
        }
        if (i == 0) {
            out.scalar("first file only", 70, 1.0, start);
            out.scalar("first file only", 20, 1.0, start);
        }
    }
}

// ---- text, histograms, images, hparams ----------------------------------------------------------

void write_texts(run& out) {
    out.text("notes", 0, "plain", start);
    out.text("notes", 1, unicode, start + 0.1);
    out.text("notes", 2, "", start + 0.2);
    out.text("notes", 3, "| a | b |\n|---|---|\n| 1 | \xc3\xa4 |\n", start + 0.3);
    out.text("notes", std::int64_t{1} << 62, std::string("nul \0 inside", 12), start + 0.4);
    out.text("text " + std::string(unicode), -1, "a tag that is not ASCII", start);
    std::string large;
    while (large.size() < (1U << 20U)) {
        large += "1 MB of text, line " + std::to_string(large.size()) + " \xe2\x82\xac\n";
    }
    large.resize(1U << 20U, '.');
    out.text("large", 1, large, start);
}

void write_histograms(run& out) {
    using limits = std::numeric_limits<double>;
    std::vector<double> values;
    for (int i = 0; i < 1000; ++i) {
        values.push_back(std::sin(i) * std::exp(i / 200.0));
    }
    for (int step = 0; step < 20; ++step) {
        values[0] = step;
        out.histogram("weights", step, make_histogram(values), start + step / 3.0);
    }
    out.histogram("all the same", 1, make_histogram(std::vector<double>(17, 0.1)), start);
    out.histogram("no values", 1, make_histogram({}), start);
    out.histogram("one bucket", 1, make_histogram(values, 1), start);
    out.histogram("given", 1, {{-1e300, -0.1, 3}, {-0.1, 0.1, 0}, {0.1, 1e300, 0.5}}, start);
    out.histogram("given", 2, {}, start);
    out.histogram("given", 3, {{-limits::infinity(), limits::infinity(), 7}}, start);
    out.histogram("histogram " + std::string(unicode), -5, {{0.0, 1.0, 1e15}}, start);
}

void write_images(run& out, const std::vector<std::string>& pictures) {
    std::int64_t step = 0;
    for (const std::string& path : pictures) {
        out.image("pictures", step, path, start + static_cast<double>(step) / 3.0);
        ++step;
    }
    out.image("image " + std::string(unicode), -1, pictures.front(), start);
}

// Two runs of one group, with the metric that they declare.
void write_parameters(run& out, std::string group, double rate, bool nesterov) {
    interop::hparams what;
    what.values = {{"lr", rate},
                   {"batch", 32},
                   {"nesterov", nesterov},
                   {"dropout", false},
                   {"optimizer", "sgd"},
                   {"empty", ""},
                   {std::string(unicode), std::string(unicode)},
                   {"minus zero", -0.0},
                   {"huge", 1e300}};
    what.values.emplace_back("no value");
    what.metrics = {"loss", "train/accuracy"};
    what.group_name = std::move(group);
    what.start_time = start + 0.123456789;
    out.parameters(what, start + 0.5);
    for (int step = 0; step < 10; ++step) {
        out.scalar("loss", step, rate / (step + 1), start + step);
        out.scalar("train/accuracy", step, rate * step, start + step);
    }
}

void write_all_scalars(const std::string& root) {
    writer_options doubles;
    doubles.double_precision = true;
    {
        run out(root, "float");
        write_scalars(out);
    }
    {
        run out(root, "double", doubles);
        write_scalars(out);
    }
    {
        run out(root, "now");
        write_now(out);
    }
    {
        run out(root, "threads");
        write_by_threads(out);
    }
}

void write_one_kind_each(const std::string& root, const std::vector<std::string>& pictures) {
    {
        run out(root, "text");
        write_texts(out);
    }
    {
        run out(root, "histograms");
        write_histograms(out);
    }
    {
        run out(root, "images");
        write_images(out, pictures);
    }
    {
        run out(root, "hparams/a");
        write_parameters(out, "group \xc3\xa4", 0.1, true);
    }
    {
        run out(root, "hparams/b");
        write_parameters(out, "group \xc3\xa4", 0.1, true);
    }
}

// What `guild export --tfevents` writes: a simple value each, behind a tensor where that says more.
void write_exported(const std::string& root) {
    using guild::series::point;
    auto out = guild::runs::event_exporter::create(root + "/exported", 1700000000000000);
    if (!out) {
        fail(to_string(out.error()));
    }
    std::vector<point> points;
    for (const guild::series::number& value : guild_test::nasty_numbers()) {
        const auto step = static_cast<std::int64_t>(points.size());
        points.push_back({step, 1700000000000000 + step * 100001, value});
    }
    for (const char* tag : {"exported/a", "exported/b"}) {
        const auto added = out->add(tag, points);
        if (!added) {
            fail(to_string(added.error()));
        }
        for (const point& each : points) {
            line about;
            about.text("run", "exported").text("kind", "scalar").text("tag", tag);
            about.step(each.step).number("wall", guild::runs::to_event_time(each.time_us));
            about.number("value", each.value.as_double());
        }
    }
    const auto closed = out->close();
    if (!closed) {
        fail(to_string(closed.error()));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: write_events DIR [PNG...]\n", stderr);
        return 2;
    }
    const std::string root = argv[1];
    const std::vector<std::string> pictures(argv + 2, argv + argc);
    if (pictures.empty()) {
        run out(root, "hostile");
        write_hostile(out);
        return 0;
    }
    write_all_scalars(root);
    write_restarts(root, "restarted once", 2);
    write_restarts(root, "restarted twice", 3);
    write_one_kind_each(root, pictures);
    write_exported(root);
    writer_options doubles;
    doubles.double_precision = true;
    run out(root, "mixed", doubles);
    write_parameters(out, "another", 0.2, false);
    write_texts(out);
    write_histograms(out);
    write_images(out, pictures);
    return 0;
}

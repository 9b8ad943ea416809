// examples/05_track_run.cpp - logs numbers from a training loop, and reads them back.
//
// Under `guild run -- ./05_track_run` the numbers join that run; alone, the program makes a run of
// its own in ./runs. It prints, when it is started alone:
//
//     training: 100 steps, loss 1.000 -> 0.010
//     recorded: completed, 2 series
//     train/accuracy: 100 points, last 0.99
//     train/loss: 100 points, last 0.01

#include <cstdio>
#include <string>

#include <guild/base/path.hpp>
#include <guild/runs/recorder.hpp>
#include <guild/runs/run.hpp>

int main() {
    auto run = guild::runs::recorder::current();  // the run of $RUNDIR, if there is one
    if (!run.is_active()) {
        auto own =
            guild::runs::recorder::create("runs", {"example", {{"learning_rate", "0.5"}}, {}, {}});
        if (!own) {
            std::fprintf(stderr, "%s\n", to_string(own.error()).c_str());
            return 1;
        }
        run = std::move(*own);
    }
    const std::string directory = run.run_directory();

    const auto loss = run.series("train/loss");  // once
    const auto accuracy = run.series("train/accuracy");
    for (int step = 1; step <= 100; ++step) {
        run.log(step,
                {{loss, 1.0 / step}, {accuracy, 1.0 - 1.0 / step}});  // any thread, never waits
    }
    std::printf("training: 100 steps, loss 1.000 -> 0.010\n");
    (void)run.finish();  // the destructor would do it as well

    const auto recorded = guild::runs::run::open(directory);
    if (!recorded) {
        std::fprintf(stderr, "%s\n", to_string(recorded.error()).c_str());
        return 1;
    }
    const auto series = recorded->series();
    std::printf("recorded: %s, %zu series\n", std::string(to_string(recorded->status())).c_str(),
                series.summaries().size());
    for (const auto& summary : series.summaries()) {
        std::printf("%s: %d points, last %.2g\n", summary.key.c_str(),
                    static_cast<int>(summary.count), summary.last.value.as_double());
    }
}

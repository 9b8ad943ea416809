// The program of README.md: read a project, train its model, print the last loss. run.py runs it.
#include <cstdio>
#include <guild/guild.hpp>

namespace os = guild::os;
namespace project = guild::project;
namespace runs = guild::runs;

int main() {
    const auto loaded = project::load_project(".").value();  // the Guild file here
    const auto* model = loaded.value.get_model().value();    // its first model
    project::operation_inputs inputs;
    inputs.flags = project::resolve_flags(loaded.value, *model, {}, {}).value();
    inputs.path_variable = os::find_variable("PATH").value_or("");
    const auto train = project::make_operation(loaded.value, *model, "train", inputs).value();

    runs::supervise_options command;
    command.run_directory =
        runs::create_run_directory("runs", model->name(), os::system_env.wall_time_us()).value();
    command.argv = train.argv;
    const auto ended = runs::supervise(command).value();  // echoed, recorded, waited for

    const auto run = runs::run::open(ended.run_directory).value();
    for (const auto& series : run.series().summaries()) {
        if (series.key == "tf/train/loss") {
            std::printf("last loss %g\n", series.last.value.as_double());
        }
    }
}

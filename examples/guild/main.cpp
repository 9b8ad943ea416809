// examples/guild/main.cpp - the guild program: the list of its commands.

#include "cli.hpp"
#include "command.hpp"
#include "commands.hpp"
#include "common.hpp"

#include <exception>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

std::vector<program::command_spec> all_commands() {
    return {
        program::init_command(),          program::check_command(),
        program::prepare_command(),       program::train_command(),
        program::evaluate_command(),
        program::run_command(),           program::rerun_command(),
        program::stop_command(),          program::show_command(),
        program::output_command(),        program::scan_output_command(),
        program::view_command(),          program::status_command(),
        program::list_models_command(),   program::list_runs_command(),
        program::list_series_command(),   program::list_attrs_command(),
        program::list_flags_command(),    program::watch_command(),
        program::diff_command(),          program::tag_command(),
        program::delete_run_command(),    program::restore_command(),
        program::purge_command(),         program::du_command(),
        program::export_command(),        program::import_command(),
        program::events_command(),        program::import_events_command(),
        program::verify_command(),        program::repair_command(),
        program::compact_command(),       program::package_command(),
        program::install_command(),       program::uninstall_command(),
        program::list_packages_command(), program::index_command(),
        program::ini_command(),
    };
}

}  // namespace

int main(int argc, char** argv) {
    program::io console(STDOUT_FILENO, STDERR_FILENO);
    console.program_directory = program::find_program_directory();
    try {
        const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
        return console.finish(program::run_command_line(words, all_commands(), console));
    } catch (const std::exception& failure) {
        return console.fail(std::string("unexpected error: ") + failure.what());
    }
}

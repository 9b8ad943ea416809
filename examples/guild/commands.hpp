// examples/guild/commands.hpp - every command; each is defined in the file of its name.
#pragma once

#include "command.hpp"

namespace program {

command_spec check_command();
command_spec compact_command();
command_spec delete_run_command();
command_spec diff_command();
command_spec du_command();
command_spec evaluate_command();
command_spec events_command();
command_spec export_command();
command_spec import_command();
command_spec import_events_command();
command_spec index_command();
command_spec ini_command();
command_spec init_command();
command_spec install_command();
command_spec list_attrs_command();
command_spec list_flags_command();
command_spec list_models_command();
command_spec list_packages_command();
command_spec list_runs_command();
command_spec list_series_command();
command_spec output_command();
command_spec package_command();
command_spec prepare_command();
command_spec purge_command();
command_spec repair_command();
command_spec rerun_command();
command_spec restore_command();
command_spec run_command();
command_spec scan_output_command();
command_spec show_command();
command_spec status_command();
command_spec stop_command();
command_spec tag_command();
command_spec train_command();
command_spec uninstall_command();
command_spec verify_command();
command_spec view_command();
command_spec watch_command();

}  // namespace program

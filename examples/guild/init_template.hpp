// examples/guild/init_template.hpp - guild init --template: a project made of a source package.
#pragma once

#include "command.hpp"

#include <guild/project/text_template.hpp>

#include <string>

namespace program {

/// What `guild init` was asked for.
struct init_request {
    std::string directory = ".";
    guild::project::template_values values;  // VAR=VALUE
    std::string template_name;               // a directory with Guild.in, or a package
    bool force = false;
    bool ignore_missing = false;
    bool print_variables = false;
};

/// Makes the directory; fails when it is not empty, unless that is allowed.
///
/// out      exit_ok, or the status of the error that was printed
int prepare_directory(const init_request& request, io& console);

/// Copies a package's files into the directory and makes its Guild file; nothing is written when
/// the template has an error.
///
/// out      exit_ok, or the status of the error that was printed
int init_from_template(const init_request& request, io& console);

}  // namespace program

// examples/guild/new_files.hpp - files that a command adds to a directory without ever replacing
// one.
#pragma once

#include "command.hpp"

#include <string>
#include <string_view>

namespace program {

/// Makes a file with this text; one that stands there, also a broken link, is left as it is, which
/// is said in one line.
///
/// out      exit_ok, or the status of the error that was printed
int write_new_file(const std::string& path, std::string_view text, io& console);

/// Whether something stands at a path, and so is left unchanged, which is said in one line.
bool is_left_unchanged(const std::string& path, io& console);

/// The name of a file in a directory as it is told to the user: without "./".
std::string path_in(const std::string& directory, const std::string& name);

}  // namespace program

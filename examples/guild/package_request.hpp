// examples/guild/package_request.hpp - what the user asked of guild package, read and checked.
#pragma once

#include "command.hpp"

#include <guild/package/pack.hpp>
#include <guild/package/package.hpp>

#include <cstdint>
#include <string>

namespace program {

/// What the user asked for.
struct package_request {
    guild::package::definition definition;
    std::string srcdir;           // absolute
    bool has_own_sources = true;  // srcdir is made by guild
    std::int64_t time_s = guild::package::default_member_time_s;
    std::int64_t timeout_ms = -1;
};

/// Options that exclude each other: exit_ok, or the status of the usage error, which was printed.
int check_package_options(const arguments& given, io& console);

/// Reads GuildPkg, the options and SOURCE_DATE_EPOCH: exit_ok, or the status of the error, which
/// was printed.
int read_package_request(const arguments& given, io& console, package_request& request);

}  // namespace program

// guild/series/writer_options.hpp - how a series file is written, named and told from others.
//
// Layer 3. Includes: base, os/env.hpp file.hpp identity.hpp, series/format.hpp.
// Not here: the writing (series/writer.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include <guild/base/bytes.hpp>
#include <guild/config.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/series/format.hpp>

namespace guild { inline namespace v0 { namespace series {

/// When the file is forced to the device: never, at intervals, or at every flush.
enum class sync_policy : std::uint8_t { none, interval, every };

/// units    *_bytes: bytes; *_ms: milliseconds on a clock that never jumps
struct writer_options {
    std::size_t flush_bytes = std::size_t{64}
                              << 10U;       // append() flushes when so much has gathered,
    std::int64_t flush_interval_ms = 1000;  // or so long after the last flush; -1: never
    sync_policy sync = sync_policy::interval;
    std::int64_t sync_interval_ms = 5000;
    std::size_t max_pending_bytes = std::size_t{16} << 20U;  // kept while the disk refuses them
    std::uint32_t attempt = 0;                               // of a resumed run, marked by a remark
    std::optional<std::uint32_t> rank;  // of this process in a parallel program
    std::string host;                   // default: the machine's name
    int pid = 0;                        // default: this process
};

/// A random identity for a file.
[[nodiscard]] uuid make_uuid(const os::env& system);

/// `START_NS-PID-HOST.gts`; with a serial of 2 or more `START_NS-PID-HOST-2.gts`.
///
/// units    wall_us: the start, microseconds since 1970-01-01 UTC
/// example  tests/series/writer_options.cpp "file name: start, process, machine and serial"
[[nodiscard]] std::string series_file_name(std::int64_t wall_us, const writer_options& options,
                                           int serial);

/// The header of a file that starts now and continues no other.
///
/// in       before: of the file that the same writer wrote before, empty if there is none: of two
///          files that continue one, the later is known by its start, so this one's is greater
[[nodiscard]] file_header make_header(const writer_options& options, const file_header& before,
                                      const os::env& system);

// ---- implementation ---------------------------------------------------------

inline uuid make_uuid(const os::env& system) {
    uuid id{};
    const auto source = os::open_file("/dev/urandom", os::open_mode::read, system);
    char random[sizeof id] = {};
    if (source && source->read_at(0, random, sizeof random).value_or(0) == sizeof random) {
        std::memcpy(id.data(), random, sizeof random);
    } else {
        // No random source: moment and process tell files apart well enough.
        store_le(id.data(), system.wall_time_us());
        store_le(id.data() + 8, (system.boot_time_us() << 20U) ^ std::int64_t{os::process_id()});
    }
    return id;
}

inline std::string series_file_name(std::int64_t wall_us, const writer_options& options,
                                    int serial) {
    std::string host = options.host.empty() ? os::node_name() : options.host;
    for (char& c : host) {
        c = c == '/' || c == '\0' ? '_' : c;
    }
    const int pid = options.pid != 0 ? options.pid : os::process_id();
    const std::string again = serial < 2 ? std::string() : "-" + std::to_string(serial);
    return std::to_string(wall_us) + "000-" + std::to_string(pid) + "-" + host + again + ".gts";
}

inline file_header make_header(const writer_options& options, const file_header& before,
                               const os::env& system) {
    file_header header;
    header.id = make_uuid(system);
    header.attempt = options.attempt;
    header.rank = options.rank;
    header.start_wall_us = system.wall_time_us();
    header.start_boot_us = system.boot_time_us();
    if (before.start_wall_us != 0 && header.start_boot_us <= before.start_boot_us) {
        const std::int64_t more = before.start_boot_us + 1 - header.start_boot_us;
        header.start_boot_us += more;
        header.start_wall_us += more;
    }
    return header;
}

}}}  // namespace guild::series

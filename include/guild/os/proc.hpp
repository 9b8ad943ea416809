// guild/os/proc.hpp - the text of Linux's /proc files as values. Pure functions: no file is opened
// here.
//
// Layer 2. Includes: the standard library, base/text.hpp, base/number.hpp.
// Not here: reading the files and making rates of counters (os/stats.hpp), traffic
// (os/traffic.hpp), GPUs (os/gpu.hpp).
//
// Text that does not look as expected gives fewer values, never an error: a kernel that says less
// is normal.
#pragma once

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace guild { inline namespace v0 { namespace os {

/// Time counters of one processor, or of all of them together.
///
/// units    clock ticks since boot
struct cpu_times {
    std::uint64_t busy = 0;
    std::uint64_t idle = 0;  // waiting for disks included
};

/// Busy share of the time between two readings; empty if no time has passed.
///
/// out      0 to 1
/// example  tests/os/proc.cpp "cpu_times: the share between two readings, computed by hand"
[[nodiscard]] std::optional<double> busy_share(const cpu_times& before,
                                               const cpu_times& after) noexcept;

/// The lines cpu0, cpu1, ... of /proc/stat; the place in the list is the number, a missing one is
/// all zero.
///
/// source   proc(5), /proc/stat; guest time is part of user time and not counted twice
/// example  tests/os/proc.cpp "parse_cpu_times: a recorded file"
[[nodiscard]] std::vector<cpu_times> parse_cpu_times(std::string_view text);

/// Memory of the machine.
///
/// units    bytes
struct memory_state {
    std::uint64_t total = 0;
    std::uint64_t free = 0;       // not used for anything
    std::uint64_t used = 0;       // total - free - buffers - caches
    std::uint64_t available = 0;  // what programs could get
    std::uint64_t swap_total = 0;
    std::uint64_t swap_free = 0;
};

/// /proc/meminfo.
///
/// source   proc(5); `used` as free(1) and psutil count it
/// example  tests/os/proc.cpp "parse_memory: a recorded file"
[[nodiscard]] std::optional<memory_state> parse_memory(std::string_view text);

/// What one process has used so far.
struct process_state {
    bool has_ended = false;  // a zombie: its parent has not collected it
    std::int64_t parent = 0;
    std::uint64_t cpu_ticks = 0;        // its own
    std::uint64_t collected_ticks = 0;  // of its children that have ended
    std::uint64_t threads = 0;
    std::uint64_t start_ticks = 0;  // clock ticks after boot at which it started
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_pages = 0;
};

/// /proc/PID/stat.
///
/// source   proc(5), /proc/pid/stat; the name in parentheses may hold anything, parentheses too
/// example  tests/os/proc.cpp "parse_process: a name full of parentheses"
[[nodiscard]] std::optional<process_state> parse_process(std::string_view text);

/// Counters of one block device.
///
/// units    counts and bytes since boot; busy_ms: milliseconds with at least one request under way
struct disk_counters {
    std::string name;    // "sda1"
    std::string number;  // "8:1"
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
    std::uint64_t busy_ms = 0;
};

/// /proc/diskstats.
///
/// source   Documentation/admin-guide/iostats.rst of Linux; sectors there are 512 bytes always
/// example  tests/os/proc.cpp "parse_disks: a recorded file"
[[nodiscard]] std::vector<disk_counters> parse_disks(std::string_view text);

/// A mounted block device.
struct mounted_device {
    std::string number;  // "8:1"
    std::string name;    // "sda1": the source without "/dev/"
};

/// The lines of /proc/self/mountinfo whose source starts with "/dev/", each device once.
///
/// source   proc(5), /proc/pid/mountinfo
/// example  tests/os/proc.cpp "parse_mounts: only devices, and each once"
[[nodiscard]] std::vector<mounted_device> parse_mounts(std::string_view text);

/// The first processor's name in /proc/cpuinfo; empty where it names none.
[[nodiscard]] std::string parse_cpu_model(std::string_view text);

/// The number in "pid:[4026531836]", the target of /proc/self/ns/pid.
[[nodiscard]] std::optional<std::uint64_t> parse_namespace_link(std::string_view text);

/// The numbers in a list such as /proc/PID/task/TID/children.
[[nodiscard]] std::vector<int> parse_pids(std::string_view text);

// ---- implementation ---------------------------------------------------------

namespace detail {

// Walks through text line by line, and through a line word by word, without copies.
class word_reader {
public:
    explicit word_reader(std::string_view text) noexcept : rest_(text) {}

    // The next word, empty at the end.
    std::string_view next() noexcept {
        while (!rest_.empty() && is_space(rest_.front())) {
            rest_.remove_prefix(1);
        }
        std::size_t size = 0;
        while (size < rest_.size() && !is_space(rest_[size])) {
            ++size;
        }
        const std::string_view word = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return word;
    }

    void skip(int words) noexcept {
        for (int i = 0; i < words; ++i) {
            (void)next();
        }
    }

    // A number, 0 where there is none.
    std::uint64_t number() noexcept {
        std::uint64_t value = 0;
        for (const char c : next()) {
            if (!is_digit(c)) {
                break;
            }
            value = value * 10 + static_cast<std::uint64_t>(c - '0');
        }
        return value;
    }

private:
    std::string_view rest_;
};

inline std::string_view take_line(std::string_view& text) noexcept {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

}  // namespace detail

inline std::optional<double> busy_share(const cpu_times& before, const cpu_times& after) noexcept {
    // Counters of idle time have gone back on some kernels: then nothing is known.
    if (after.busy < before.busy || after.idle < before.idle) {
        return std::nullopt;
    }
    const double busy = static_cast<double>(after.busy - before.busy);
    const double whole = busy + static_cast<double>(after.idle - before.idle);
    if (whole <= 0) {
        return std::nullopt;
    }
    return busy / whole;
}

inline std::vector<cpu_times> parse_cpu_times(std::string_view text) {
    std::vector<cpu_times> processors;
    while (!text.empty()) {
        detail::word_reader words(detail::take_line(text));
        const std::string_view name = words.next();
        if (name.size() < 4 || !starts_with(name, "cpu")) {
            continue;
        }
        const std::uint64_t number = detail::word_reader(name.substr(3)).number();
        if (number > 65'535) {
            continue;
        }
        const std::uint64_t working =
            words.number() + words.number() + words.number();  // user, nice, system
        cpu_times times;
        times.idle = words.number() + words.number();  // idle, iowait
        times.busy =
            working + words.number() + words.number() + words.number();  // irq, softirq, steal
        if (processors.size() <= number) {
            processors.resize(static_cast<std::size_t>(number) + 1);
        }
        processors[static_cast<std::size_t>(number)] = times;
    }
    return processors;
}

inline std::optional<memory_state> parse_memory(std::string_view text) {
    memory_state memory;
    std::uint64_t caches = 0;
    bool has_available = false;
    while (!text.empty()) {
        detail::word_reader words(detail::take_line(text));
        const std::string_view name = words.next();
        const std::uint64_t bytes = words.number() * 1024;
        if (name == "MemTotal:") {
            memory.total = bytes;
        }
        if (name == "MemFree:") {
            memory.free = bytes;
        }
        if (name == "MemAvailable:") {
            memory.available = bytes;
            has_available = true;
        }
        if (name == "Buffers:" || name == "Cached:" || name == "SReclaimable:") {
            caches += bytes;
        }
        if (name == "SwapTotal:") {
            memory.swap_total = bytes;
        }
        if (name == "SwapFree:") {
            memory.swap_free = bytes;
        }
    }
    if (memory.total == 0) {
        return std::nullopt;
    }
    const std::uint64_t unused = memory.free + caches;
    memory.used = unused < memory.total ? memory.total - unused : memory.total - memory.free;
    if (!has_available) {
        memory.available = memory.total - memory.used;
    }
    return memory;
}

inline std::optional<process_state> parse_process(std::string_view text) {
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos) {
        return std::nullopt;
    }
    detail::word_reader words(text.substr(name_end + 1));
    process_state process;
    const std::string_view state = words.next();
    process.has_ended = state == "Z" || state == "X";
    process.parent = static_cast<std::int64_t>(words.number());
    words.skip(9);  // group, session, terminal, its group, flags, four counts of page faults
    process.cpu_ticks = words.number() + words.number();
    process.collected_ticks = words.number() + words.number();
    words.skip(2);  // priority, nice
    process.threads = words.number();
    words.skip(1);  // nothing
    process.start_ticks = words.number();
    process.virtual_bytes = words.number();
    const std::string_view resident = words.next();
    if (resident.empty()) {
        return std::nullopt;
    }
    process.resident_pages = detail::word_reader(resident).number();
    return process;
}

inline std::vector<disk_counters> parse_disks(std::string_view text) {
    constexpr std::uint64_t sector_bytes = 512;
    std::vector<disk_counters> disks;
    while (!text.empty()) {
        detail::word_reader words(detail::take_line(text));
        disk_counters disk;
        disk.number = words.next();
        disk.number += ":";
        disk.number += words.next();
        disk.name = words.next();
        disk.reads = words.number();
        words.skip(1);  // merged
        disk.read_bytes = words.number() * sector_bytes;
        words.skip(1);  // time
        disk.writes = words.number();
        words.skip(1);
        disk.written_bytes = words.number() * sector_bytes;
        words.skip(2);  // time, under way
        disk.busy_ms = words.number();
        if (!disk.name.empty()) {
            disks.push_back(std::move(disk));
        }
    }
    return disks;
}

inline std::vector<mounted_device> parse_mounts(std::string_view text) {
    std::vector<mounted_device> devices;
    while (!text.empty()) {
        const std::string_view line = detail::take_line(text);
        const std::size_t dash = line.find(" - ");  // ends the optional fields
        if (dash == std::string_view::npos) {
            continue;
        }
        detail::word_reader head(line);
        detail::word_reader tail(line.substr(dash + 3));
        head.skip(2);  // mount id, parent id
        tail.skip(1);  // file system
        const std::string_view source = tail.next();
        if (!starts_with(source, "/dev/")) {
            continue;
        }
        mounted_device device{std::string(head.next()), std::string(source.substr(5))};
        bool known = false;
        for (const mounted_device& other : devices) {
            known = known || other.name == device.name;
        }
        if (!known) {
            devices.push_back(std::move(device));
        }
    }
    return devices;
}

inline std::string parse_cpu_model(std::string_view text) {
    while (!text.empty()) {
        const std::string_view line = detail::take_line(text);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        const std::string_view name = trim(line.substr(0, colon));
        if (name == "model name" || name == "cpu model" || name == "Model" || name == "cpu") {
            return std::string(trim(line.substr(colon + 1)));
        }
    }
    return {};
}

inline std::optional<std::uint64_t> parse_namespace_link(std::string_view text) {
    const std::size_t open = text.find('[');
    if (open == std::string_view::npos || text.back() != ']') {
        return std::nullopt;
    }
    const result<std::int64_t> number = parse_int64(text.substr(open + 1, text.size() - open - 2));
    if (!number || *number < 0) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*number);
}

inline std::vector<int> parse_pids(std::string_view text) {
    std::vector<int> pids;
    detail::word_reader words(text);
    for (std::uint64_t pid = words.number(); pid != 0; pid = words.number()) {
        pids.push_back(static_cast<int>(pid));
    }
    return pids;
}

}}}  // namespace guild::os

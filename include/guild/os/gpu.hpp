// guild/os/gpu.hpp - GPUs as nvidia-smi describes them.
//
// Layer 2. Includes: os/process.hpp, base/number.hpp. Without the program there are no GPUs; a
// program that hangs delays nobody.
// Not here: NVIDIA's library (os/nvml.hpp), AMD's cards (os/amd_gpu.hpp), all together
// (os/gpu_sampler.hpp).
#pragma once

#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/process.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace guild { inline namespace v0 { namespace os {

/// One GPU of the machine.
///
/// units    bytes
struct gpu {
    int index = 0;
    std::string name;
    std::uint64_t memory_bytes = 0;
};

/// What one GPU does at a moment; what it cannot tell is empty.
///
/// units    shares from 0 to 1; bytes; degrees Celsius; watts
struct gpu_sample {
    int index = 0;
    std::optional<double> fan_speed;
    std::optional<double> performance_state;
    std::optional<double> memory_total_bytes;
    std::optional<double> memory_used_bytes;
    std::optional<double> utilization;
    std::optional<double> memory_utilization;
    std::optional<double> temperature;
    std::optional<double> power_draw;
};

/// One line of `nvidia-smi
/// --query-gpu=index,fan.speed,pstate,memory.total,memory.used,utilization.gpu,
/// utilization.memory,temperature.gpu,power.draw --format=csv,noheader,nounits`.
///
/// out      empty if it is no such line; "[Not Supported]" and "[N/A]" are values that the GPU
///          cannot tell
/// example  tests/os/gpu.cpp "parse_gpu_sample: a recorded line"
[[nodiscard]] std::optional<gpu_sample> parse_gpu_sample(std::string_view line);

/// The output of `nvidia-smi --query-gpu=index,name,memory.total --format=csv,noheader,nounits`.
///
/// example  tests/os/gpu.cpp "parse_gpus: names may hold commas"
[[nodiscard]] std::vector<gpu> parse_gpus(std::string_view text);

/// The GPUs that nvidia-smi lists; none without it, or when it fails or takes longer than the
/// limit.
///
/// units    milliseconds
/// cost     starts a program; a fraction of a second where there are GPUs
[[nodiscard]] std::vector<gpu> list_smi_gpus(std::int64_t timeout_ms = 5'000);

/// Follows NVIDIA's GPUs through one nvidia-smi that runs beside the caller and reports by itself.
///
/// threads  one owner
class smi_sampler {
public:
    /// Starts following. Nothing is followed, and nothing fails, where there is no nvidia-smi.
    ///
    /// units    milliseconds between reports
    void start(std::int64_t interval_ms);

    /// The newest report of each GPU that reported since the last call. Never waits.
    ///
    /// example  tests/os/gpu.cpp "smi_sampler: a program that hangs delays nobody"
    [[nodiscard]] std::vector<gpu_sample> sample();

private:
    bool read_more();

    child reporter_;
    std::string unread_;  // the beginning of a line whose end has not come yet
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr double mebibyte = 1'048'576.0;

inline std::vector<std::string_view> split_fields(std::string_view line) {
    std::vector<std::string_view> fields;
    while (true) {
        const std::size_t comma = line.find(',');
        fields.push_back(trim(line.substr(0, comma)));
        if (comma == std::string_view::npos) {
            return fields;
        }
        line.remove_prefix(comma + 1);
    }
}

inline std::optional<double> gpu_value(std::string_view field, double scale) {
    const result<double> value = parse_double(field);
    return value ? std::optional<double>(*value * scale) : std::nullopt;
}

inline process_options gpu_query(std::string_view fields) {
    process_options options;
    options.argv = {"nvidia-smi", "--query-gpu=" + std::string(fields),
                    "--format=csv,noheader,nounits"};
    options.err = stream_mode::null;
    return options;
}

}  // namespace detail

inline std::optional<gpu_sample> parse_gpu_sample(std::string_view line) {
    const std::vector<std::string_view> fields = detail::split_fields(line);
    const result<std::int64_t> index = parse_int64(fields.front());
    if (fields.size() != 9 || !index || *index < 0 || *index > 65'535) {
        return std::nullopt;
    }
    gpu_sample sample;
    sample.index = static_cast<int>(*index);
    sample.fan_speed = detail::gpu_value(fields[1], 0.01);
    if (starts_with(fields[2], "P")) {
        sample.performance_state = detail::gpu_value(fields[2].substr(1), 1);
    }
    sample.memory_total_bytes = detail::gpu_value(fields[3], detail::mebibyte);
    sample.memory_used_bytes = detail::gpu_value(fields[4], detail::mebibyte);
    sample.utilization = detail::gpu_value(fields[5], 0.01);
    sample.memory_utilization = detail::gpu_value(fields[6], 0.01);
    sample.temperature = detail::gpu_value(fields[7], 1);
    sample.power_draw = detail::gpu_value(fields[8], 1);
    return sample;
}

inline std::vector<gpu> parse_gpus(std::string_view text) {
    std::vector<gpu> gpus;
    for (const std::string& line : split(text, '\n')) {
        const std::size_t first = line.find(',');
        const std::size_t last = line.rfind(',');
        if (first == std::string::npos || first == last) {
            continue;
        }
        const std::string_view all = line;
        const result<std::int64_t> index = parse_int64(trim(all.substr(0, first)));
        if (!index || *index < 0 || *index > 65'535) {
            continue;
        }
        gpu next;
        next.index = static_cast<int>(*index);
        next.name = trim(all.substr(first + 1, last - first - 1));
        const std::optional<double> bytes =
            detail::gpu_value(trim(all.substr(last + 1)), detail::mebibyte);
        if (bytes && *bytes >= 0 && *bytes < 1e18) {
            next.memory_bytes = static_cast<std::uint64_t>(*bytes);
        }
        gpus.push_back(std::move(next));
    }
    return gpus;
}

inline std::vector<gpu> list_smi_gpus(std::int64_t timeout_ms) {
    run_options limits;
    limits.timeout_ms = timeout_ms;
    limits.max_output_bytes = 1 << 20;
    limits.stop = {{SIGKILL, 100}};
    const result<run_result> ran = run(detail::gpu_query("index,name,memory.total"), limits);
    return ran && ran->status.success() ? parse_gpus(ran->out) : std::vector<gpu>{};
}

inline void smi_sampler::start(std::int64_t interval_ms) {
    process_options options =
        detail::gpu_query("index,fan.speed,pstate,memory.total,memory.used,utilization.gpu,"
                          "utilization.memory,temperature.gpu,power.draw");
    options.argv.push_back("--loop-ms=" + std::to_string(interval_ms));
    if (result<child> started = child::start(options); started) {
        reporter_ = std::move(*started);
    }
}

// False when there is nothing more at the moment.
inline bool smi_sampler::read_more() {
    char piece[4096];
    const ssize_t got =
        reporter_.out_fd() < 0 ? 0 : ::read(reporter_.out_fd(), piece, sizeof piece);
    if (got > 0) {
        unread_.append(piece, guild::detail::convert<std::size_t>(got));
        return true;
    }
    if (got == 0) {
        reporter_.close_out();
        (void)reporter_.poll_exit();
    }
    return got < 0 && errno == EINTR;
}

inline std::vector<gpu_sample> smi_sampler::sample() {
    constexpr std::size_t longest_line = 65'536;
    std::vector<gpu_sample> newest;
    for (int pieces = 0; pieces < 256 && read_more(); ++pieces) {
    }
    std::size_t start = 0;
    for (std::size_t end = unread_.find('\n'); end != std::string::npos;
         end = unread_.find('\n', start)) {
        const std::optional<gpu_sample> parsed =
            parse_gpu_sample(std::string_view(unread_).substr(start, end - start));
        start = end + 1;
        if (!parsed) {
            continue;
        }
        std::size_t at = 0;
        while (at < newest.size() && newest[at].index != parsed->index) {
            ++at;
        }
        if (at == newest.size()) {
            newest.emplace_back();
        }
        newest[at] = *parsed;
    }
    unread_.erase(0, unread_.size() - start > longest_line ? unread_.size() : start);
    return newest;
}

}}}  // namespace guild::os

// guild/os/amd_gpu.hpp - AMD's GPUs as Linux's driver amdgpu shows them in /sys.
//
// Layer 2. Includes: os/gpu.hpp, os/proc_file.hpp. Elsewhere there are none.
// Not here: NVIDIA's (os/nvml.hpp, os/gpu.hpp), all together (os/gpu_sampler.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/gpu.hpp>
#include <guild/os/proc_file.hpp>

namespace guild { inline namespace v0 { namespace os {

/// The cards in `sys`/class/drm whose maker is AMD, in order of their numbers there; their indices
/// count from `first_index`.
///
/// source   Documentation/gpu/amdgpu of Linux: mem_info_vram_total, product_name
/// example  tests/os/amd_gpu.cpp "AMD: cards are listed, other makers' are not"
[[nodiscard]] std::vector<gpu> list_amd_gpus(const std::string& sys = "/sys", int first_index = 0);

/// What each of these cards does now.
///
/// source   the same: gpu_busy_percent, mem_info_vram_used, hwmon's temp1_input (a thousandth of a
///          degree), power1_average or power1_input (a millionth of a watt), pwm1 (of pwm1_max)
/// example  tests/os/amd_gpu.cpp "AMD: a recorded card"
[[nodiscard]] std::vector<gpu_sample> read_amd_gpus(const std::string& sys = "/sys",
                                                    int first_index = 0);

// ---- implementation ---------------------------------------------------------

namespace detail {

// "card0", not its connectors "card0-DP-1".
inline std::optional<int> card_number(const std::string& name) {
    if (!starts_with(name, "card")) {
        return std::nullopt;
    }
    const result<std::int64_t> number = parse_int64(std::string_view(name).substr(4));
    const bool is_number = number && *number >= 0 && *number < 1'000'000 && is_digit(name[4]);
    return is_number ? std::optional<int>(static_cast<int>(*number)) : std::nullopt;
}

// The directories of AMD's devices. A GPU that computes may have no connector, but is a card.
inline std::vector<std::string> amd_devices(const std::string& sys) {
    const std::string all = sys + "/class/drm/";
    std::vector<std::pair<int, std::string>> cards;
    for (const std::string& name : list_names(all)) {
        const std::optional<int> number = card_number(name);
        const std::string device = all + name + "/device/";
        if (number && trim(read_proc(device + "vendor").value_or("")) == "0x1002") {
            cards.emplace_back(*number, device);
        }
    }
    std::sort(cards.begin(), cards.end());
    std::vector<std::string> devices;
    for (auto& card : cards) {
        devices.push_back(std::move(card.second));
    }
    return devices;
}

inline std::optional<double> amd_value(const std::string& path, double scale) {
    const std::optional<std::uint64_t> number = read_number(path);
    return number ? std::optional<double>(static_cast<double>(*number) * scale) : std::nullopt;
}

inline void read_amd_sensors(const std::string& device, gpu_sample& into) {
    for (const std::string& name : list_names(device + "hwmon")) {
        const std::string sensor = device + "hwmon/" + name + '/';
        into.temperature = amd_value(sensor + "temp1_input", 1e-3);
        into.power_draw = amd_value(sensor + "power1_average", 1e-6);
        if (!into.power_draw) {
            into.power_draw = amd_value(sensor + "power1_input", 1e-6);
        }
        const std::optional<double> fan = amd_value(sensor + "pwm1", 1);
        const std::optional<double> most = amd_value(sensor + "pwm1_max", 1);
        if (fan && most.value_or(255) > 0) {
            into.fan_speed = *fan / most.value_or(255);
        }
    }
}

}  // namespace detail

inline std::vector<gpu> list_amd_gpus(const std::string& sys, int first_index) {
    std::vector<gpu> gpus;
    for (const std::string& device : detail::amd_devices(sys)) {
        gpu one;
        one.index = first_index++;
        one.name = trim(read_proc(device + "product_name").value_or(""));
        if (one.name.empty()) {
            one.name = "AMD " + std::string(trim(read_proc(device + "device").value_or("GPU")));
        }
        one.memory_bytes = read_number(device + "mem_info_vram_total").value_or(0);
        gpus.push_back(std::move(one));
    }
    return gpus;
}

inline std::vector<gpu_sample> read_amd_gpus(const std::string& sys, int first_index) {
    std::vector<gpu_sample> samples;
    for (const std::string& device : detail::amd_devices(sys)) {
        gpu_sample one;
        one.index = first_index++;
        one.utilization = detail::amd_value(device + "gpu_busy_percent", 0.01);
        one.memory_utilization = detail::amd_value(device + "mem_busy_percent", 0.01);
        one.memory_total_bytes = detail::amd_value(device + "mem_info_vram_total", 1);
        one.memory_used_bytes = detail::amd_value(device + "mem_info_vram_used", 1);
        detail::read_amd_sensors(device, one);
        samples.push_back(one);
    }
    return samples;
}

}}}  // namespace guild::os

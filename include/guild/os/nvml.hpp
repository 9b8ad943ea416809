// guild/os/nvml.hpp - NVIDIA's GPUs as the driver's own library tells them, loaded while the
// program runs.
//
// Layer 2. Includes: os/gpu.hpp, dlfcn.h. Nothing of NVIDIA's is needed to compile or link; where
// the library is missing, open() says so.
// Not here: nvidia-smi (os/gpu.hpp), all GPUs together, without ever waiting (os/gpu_sampler.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/gpu.hpp>

namespace guild { inline namespace v0 { namespace os {

/// The library, loaded and started. Its calls ask the driver: one that hangs makes them hang.
///
/// threads  one at a time
class nvml {
public:
    /// Loads and starts it.
    ///
    /// errors   not_found: no such library; unsupported: it lacks a function, or has no driver to
    ///          ask
    /// example  tests/os/nvml.cpp "NVML: GPUs are listed as the library names them"
    [[nodiscard]] static result<nvml> open(const std::string& library = "libnvidia-ml.so.1");

    nvml(nvml&& other) noexcept
        : functions_(other.functions_), library_(std::move(other.library_)) {}
    nvml& operator=(nvml&&) = delete;
    ~nvml() {
        if (library_) {
            (void)functions_.shut_down();
        }
    }

    /// The GPUs, in the order in which nvidia-smi numbers them too.
    [[nodiscard]] std::vector<gpu> list() const;

    /// What each of them does now.
    ///
    /// example  tests/os/nvml.cpp "NVML: what a GPU cannot tell is missing, the rest is there"
    [[nodiscard]] std::vector<gpu_sample> sample() const;

private:
    using device = void*;
    struct memory {
        unsigned long long total, free, used;
    };
    struct memory_v2 {
        unsigned version;
        unsigned long long total, reserved, free, used;
    };
    struct utilization {
        unsigned gpu, memory;
    };
    // Results are 0 for success, as NVML's manual has them.
    struct functions {
        int (*start)();
        int (*shut_down)();
        int (*count)(unsigned*);
        int (*handle)(unsigned, device*);
        int (*name)(device, char*, unsigned);
        int (*memory_now)(device, memory*);
        int (*memory_now_v2)(device, memory_v2*);  // newer; used without what is reserved
        int (*utilization_now)(device, utilization*);
        int (*temperature)(device, int, unsigned*);
        int (*power_mw)(device, unsigned*);
        int (*fan_percent)(device, unsigned*);
        int (*performance_state)(device, int*);
    };
    struct close_library {
        void operator()(void* opened) const noexcept { ::dlclose(opened); }
    };

    explicit nvml(void* opened) : library_(opened) {}

    template <class Function>
    bool find(const char* name, Function& function) const {
        function = reinterpret_cast<Function>(::dlsym(library_.get(), name));
        return function != nullptr;
    }
    [[nodiscard]] bool find_functions();
    template <class OnDevice>
    void for_each_device(OnDevice&& on_device) const;
    void sample_memory(device of, gpu_sample& into) const;

    functions functions_{};
    std::unique_ptr<void, close_library> library_;
};

// ---- implementation ---------------------------------------------------------

inline result<nvml> nvml::open(const std::string& library) {
    void* const opened = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (opened == nullptr) {
        return make_error(errc::not_found, "there is no NVIDIA library to load", library);
    }
    nvml made(opened);
    const bool is_complete = made.find_functions();
    if (!is_complete || made.functions_.start() != 0) {
        made.library_.reset();  // it is not to be shut down
        return make_error(errc::unsupported,
                          is_complete ? "the NVIDIA library finds no driver"
                                      : "the NVIDIA library lacks a function",
                          library);
    }
    return result<nvml>(std::move(made));
}

// Without those that tell about one quality there is less to tell; without the first there is
// nothing.
inline bool nvml::find_functions() {
    (void)find("nvmlDeviceGetMemoryInfo", functions_.memory_now);
    (void)find("nvmlDeviceGetMemoryInfo_v2", functions_.memory_now_v2);
    (void)find("nvmlDeviceGetUtilizationRates", functions_.utilization_now);
    (void)find("nvmlDeviceGetTemperature", functions_.temperature);
    (void)find("nvmlDeviceGetPowerUsage", functions_.power_mw);
    (void)find("nvmlDeviceGetFanSpeed", functions_.fan_percent);
    (void)find("nvmlDeviceGetPerformanceState", functions_.performance_state);
    return find("nvmlInit_v2", functions_.start) && find("nvmlShutdown", functions_.shut_down) &&
           find("nvmlDeviceGetCount_v2", functions_.count) &&
           find("nvmlDeviceGetHandleByIndex_v2", functions_.handle) &&
           find("nvmlDeviceGetName", functions_.name);
}

template <class OnDevice>
void nvml::for_each_device(OnDevice&& on_device) const {
    constexpr unsigned most = 1'024;
    unsigned count = 0;
    if (functions_.count(&count) != 0) {
        return;
    }
    for (unsigned i = 0; i < count && i < most; ++i) {
        device one = nullptr;
        if (functions_.handle(i, &one) == 0) {
            on_device(static_cast<int>(i), one);
        }
    }
}

inline std::vector<gpu> nvml::list() const {
    std::vector<gpu> gpus;
    for_each_device([&](int index, device of) {
        gpu one;
        one.index = index;
        char name[128] = {};
        if (functions_.name(of, name, sizeof name - 1) == 0) {
            one.name = name;
        }
        gpu_sample now;
        sample_memory(of, now);
        one.memory_bytes = static_cast<std::uint64_t>(now.memory_total_bytes.value_or(0));
        gpus.push_back(std::move(one));
    });
    return gpus;
}

inline void nvml::sample_memory(device of, gpu_sample& into) const {
    memory_v2 now{};
    now.version = guild::detail::convert<unsigned>(sizeof now) | (2U << 24U);
    bool is_known = functions_.memory_now_v2 != nullptr && functions_.memory_now_v2(of, &now) == 0;
    memory plain{};
    if (!is_known && functions_.memory_now != nullptr && functions_.memory_now(of, &plain) == 0) {
        now.total = plain.total;
        now.used = plain.used;
        is_known = true;
    }
    if (is_known) {
        into.memory_total_bytes = static_cast<double>(now.total);
        into.memory_used_bytes = static_cast<double>(now.used);
    }
}

inline std::vector<gpu_sample> nvml::sample() const {
    constexpr int unknown_state = 32;
    std::vector<gpu_sample> samples;
    for_each_device([&](int index, device of) {
        gpu_sample one;
        one.index = index;
        sample_memory(of, one);
        const auto ask = [&](int (*function)(device, unsigned*), double scale,
                             std::optional<double>& to) {
            unsigned number = 0;
            if (function != nullptr && function(of, &number) == 0) {
                to = number * scale;
            }
        };
        ask(functions_.power_mw, 1e-3, one.power_draw);
        ask(functions_.fan_percent, 0.01, one.fan_speed);
        unsigned degrees = 0;
        if (functions_.temperature != nullptr && functions_.temperature(of, 0, &degrees) == 0) {
            one.temperature = degrees;
        }
        utilization busy{};
        if (functions_.utilization_now != nullptr && functions_.utilization_now(of, &busy) == 0) {
            one.utilization = busy.gpu * 0.01;
            one.memory_utilization = busy.memory * 0.01;
        }
        int state = unknown_state;
        if (functions_.performance_state != nullptr &&
            functions_.performance_state(of, &state) == 0 && state != unknown_state) {
            one.performance_state = state;
        }
        samples.push_back(one);
    });
    return samples;
}

}}}  // namespace guild::os

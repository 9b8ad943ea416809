// guild/os/gpu_sampler.hpp - all GPUs of a machine: NVIDIA's through the driver's library, else
// through nvidia-smi; AMD's through /sys.
//
// Layer 2. Includes: os/nvml.hpp, os/gpu.hpp, os/amd_gpu.hpp, os/thread.hpp.
// Not here: each of these ways; the rest of the machine (os/stats.hpp).
//
// A driver that hangs, hangs whoever asks it. So a thread of its own asks, and what it has not
// answered in time is not waited for. AMD's cards get the numbers behind NVIDIA's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <guild/os/amd_gpu.hpp>
#include <guild/os/gpu.hpp>
#include <guild/os/nvml.hpp>
#include <guild/os/proc_file.hpp>
#include <guild/os/thread.hpp>

namespace guild { inline namespace v0 { namespace os {

/// Where GPUs are looked for.
struct gpu_places {
    std::string nvml_library = "libnvidia-ml.so.1";
    std::string proc = "/proc";
    std::string sys = "/sys";
};

/// The GPUs of this machine.
///
/// units    milliseconds, for each way to ask; what has not answered then has none
/// example  tests/os/gpu_sampler.cpp "list_gpus: NVIDIA's by the library, then AMD's"
[[nodiscard]] std::vector<gpu> list_gpus(std::int64_t timeout_ms = 5'000,
                                         const gpu_places& places = {});

/// Follows the GPUs of this machine.
///
/// threads  one owner; makes a thread where there are GPUs to ask
class gpu_sampler {
public:
    gpu_sampler() = default;
    gpu_sampler(gpu_sampler&&) noexcept = default;
    gpu_sampler& operator=(gpu_sampler&&) = delete;
    ~gpu_sampler() { stop(); }

    /// Starts following. Nothing fails where there are no GPUs.
    ///
    /// units    milliseconds between readings
    void start(std::int64_t interval_ms, const gpu_places& places = {});

    /// The newest reading of each GPU that was read since the last call. Never waits.
    ///
    /// example  tests/os/gpu_sampler.cpp "gpu_sampler: a driver that hangs delays nobody"
    [[nodiscard]] std::vector<gpu_sample> sample();

private:
    // What the asking thread and its owner share. It outlives a thread that hangs in a driver.
    struct board {
        mutex guard;
        condition changed;
        std::vector<gpu> list;
        std::vector<gpu_sample> newest;
        bool has_library = false;
        bool is_listed = false;
        bool is_over = false;  // the owner wants no more
        bool has_ended = false;
    };
    friend std::vector<gpu> list_gpus(std::int64_t timeout_ms, const gpu_places& places);

    static void follow(board& shared, std::int64_t interval_ms, const gpu_places& places);
    void stop() noexcept;

    std::shared_ptr<board> board_;
    thread asker_;
    smi_sampler program_;
    std::int64_t interval_ms_ = 0;
    bool is_program_started_ = false;
};

// ---- implementation ---------------------------------------------------------

inline std::vector<gpu> list_gpus(std::int64_t timeout_ms, const gpu_places& places) {
    gpu_sampler asked;
    asked.start(-1, places);
    std::vector<gpu> gpus;
    bool has_library = false;
    if (asked.board_) {
        lock held(asked.board_->guard);
        while (!asked.board_->is_listed && asked.board_->changed.wait_for_ms(held, timeout_ms)) {
        }
        gpus = asked.board_->list;
        has_library = asked.board_->has_library || !asked.board_->is_listed;
    }
    if (!has_library) {
        const std::vector<gpu> listed = list_smi_gpus(timeout_ms);
        gpus.insert(gpus.begin(), listed.begin(), listed.end());
    }
    return gpus;
}

inline void gpu_sampler::start(std::int64_t interval_ms, const gpu_places& places) {
    interval_ms_ = interval_ms;
    board_ = std::make_shared<board>();
    auto started = thread::start([shared = board_, interval_ms, places] {
        follow(*shared, interval_ms, places);
        const lock held(shared->guard);
        shared->has_ended = shared->is_listed = true;
        shared->changed.notify_all();
    });
    if (started) {
        asker_ = std::move(*started);
    } else {
        board_->has_ended = board_->is_listed = true;
    }
}

// The asking thread. It ends at once where there is nobody to ask.
inline void gpu_sampler::follow(board& shared, std::int64_t interval_ms, const gpu_places& places) {
    const result<nvml> library = nvml::open(places.nvml_library);
    std::vector<gpu> list = library ? library->list() : std::vector<gpu>{};
    const int first_amd = static_cast<int>(
        library ? list.size() : list_names(places.proc + "/driver/nvidia/gpus").size());
    for (gpu& each : list_amd_gpus(places.sys, first_amd)) {
        list.push_back(std::move(each));
    }
    const bool is_empty = list.empty();
    {
        const lock held(shared.guard);
        shared.list = std::move(list);
        shared.has_library = library.has_value();
        shared.is_listed = true;
        shared.changed.notify_all();
    }
    while (!is_empty && interval_ms >= 0) {
        std::vector<gpu_sample> now = library ? library->sample() : std::vector<gpu_sample>{};
        const std::vector<gpu_sample> amd = read_amd_gpus(places.sys, first_amd);
        now.insert(now.end(), amd.begin(), amd.end());
        lock held(shared.guard);
        shared.newest = std::move(now);
        while (!shared.is_over && shared.changed.wait_for_ms(held, interval_ms)) {
        }
        if (shared.is_over) {
            return;
        }
    }
}

inline std::vector<gpu_sample> gpu_sampler::sample() {
    if (!board_) {
        return {};
    }
    std::vector<gpu_sample> newest;
    {
        const lock held(board_->guard);
        newest = std::exchange(board_->newest, {});
        if (board_->is_listed && !board_->has_library && !is_program_started_) {
            is_program_started_ = true;
            program_.start(interval_ms_);
        }
    }
    std::vector<gpu_sample> reported = program_.sample();
    newest.insert(newest.begin(), reported.begin(), reported.end());
    return newest;
}

// A thread that does not end soon hangs in a driver and is left behind.
inline void gpu_sampler::stop() noexcept {
    constexpr std::int64_t patience_ms = 200;
    if (!board_) {
        return;
    }
    bool has_ended = false;
    {
        lock held(board_->guard);
        board_->is_over = true;
        board_->changed.notify_all();
        while (!board_->has_ended && board_->changed.wait_for_ms(held, patience_ms)) {
        }
        has_ended = board_->has_ended;
    }
    has_ended ? asker_.join() : asker_.detach();
}

}}}  // namespace guild::os

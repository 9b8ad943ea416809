// tests/library/nvml.cpp - what os/nvml.hpp asks of NVIDIA's library, without a GPU.
//
// FAKE_NVML=hang: it does not start for 5 seconds. FAKE_NVML=fail: it finds no driver. Else there
// are two GPUs: one tells everything, the other the least. Results as in NVML's manual.
#include <cstdlib>
#include <cstring>

#include <unistd.h>

namespace {

constexpr int success = 0;
constexpr int not_supported = 3;
constexpr int driver_not_loaded = 9;
char devices[2];

bool is_first(const void* device) {
    return device == &devices[0];
}

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

}  // namespace

extern "C" {

int nvmlInit_v2();
int nvmlShutdown();
int nvmlDeviceGetCount_v2(unsigned* count);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device);
int nvmlDeviceGetName(void* device, char* name, unsigned size);
int nvmlDeviceGetMemoryInfo(void* device, memory* now);
int nvmlDeviceGetMemoryInfo_v2(void* device, memory_v2* now);
int nvmlDeviceGetUtilizationRates(void* device, utilization* now);
int nvmlDeviceGetTemperature(void* device, int sensor, unsigned* degrees);
int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts);
int nvmlDeviceGetFanSpeed(void* device, unsigned* percent);
int nvmlDeviceGetPerformanceState(void* device, int* state);

int nvmlInit_v2() {
    const char* how = std::getenv("FAKE_NVML");
    if (how != nullptr && std::strcmp(how, "hang") == 0) {
        ::sleep(5);
    }
    return how != nullptr && std::strcmp(how, "fail") == 0 ? driver_not_loaded : success;
}

int nvmlShutdown() {
    return success;
}

int nvmlDeviceGetCount_v2(unsigned* count) {
    *count = 2;
    return success;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
    *device = &devices[index];
    return success;
}

int nvmlDeviceGetName(void* device, char* name, unsigned size) {
    const char* const text = is_first(device) ? "Fake GPU, the first" : "Fake GPU MIG";
    std::strncpy(name, text, size);
    return success;
}

int nvmlDeviceGetMemoryInfo(void* /*device*/, memory* now) {
    *now = {16'000'000, 15'000'000, 1'000'000};
    return success;
}

int nvmlDeviceGetMemoryInfo_v2(void* device, memory_v2* now) {
    constexpr unsigned expected = static_cast<unsigned>(sizeof(memory_v2)) | (2U << 24U);
    if (!is_first(device) || now->version != expected) {
        return not_supported;
    }
    now->total = 32'000'000;
    now->used = 8'000'000;
    return success;
}

int nvmlDeviceGetUtilizationRates(void* device, utilization* now) {
    *now = {75, 25};
    return is_first(device) ? success : not_supported;
}

int nvmlDeviceGetTemperature(void* /*device*/, int sensor, unsigned* degrees) {
    *degrees = 41;
    return sensor == 0 ? success : not_supported;
}

int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
    *milliwatts = 250'500;
    return is_first(device) ? success : not_supported;
}

int nvmlDeviceGetFanSpeed(void* device, unsigned* percent) {
    *percent = 30;
    return is_first(device) ? success : not_supported;
}

int nvmlDeviceGetPerformanceState(void* device, int* state) {
    *state = is_first(device) ? 2 : 32;
    return success;
}

}  // extern "C"

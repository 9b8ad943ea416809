// tests/bench/latency.hpp - how long single calls take, some nanoseconds each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <time.h>

namespace bench {

inline std::int64_t clock_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + std::int64_t{now.tv_nsec};
}

/// How often each number of nanoseconds was met.
class histogram {
public:
    void add(std::int64_t ns) {
        ++counts_[static_cast<std::size_t>(std::min<std::int64_t>(ns, most))];
    }
    void add(const histogram& other) {
        for (std::size_t ns = 0; ns < counts_.size(); ++ns) {
            counts_[ns] += other.counts_[ns];
        }
    }
    [[nodiscard]] double quantile(double part) const {
        std::uint64_t all = 0;
        for (const std::uint32_t count : counts_) {
            all += count;
        }
        std::uint64_t seen = 0;
        std::size_t ns = 0;
        while (static_cast<double>(seen += counts_[ns]) < part * static_cast<double>(all)) {
            ++ns;
        }
        return static_cast<double>(ns);
    }

private:
    static constexpr std::int64_t most = 8191;
    std::vector<std::uint32_t> counts_ = std::vector<std::uint32_t>(most + 1);
};

}  // namespace bench

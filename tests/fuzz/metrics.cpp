// Fuzzes runs/metrics_text.hpp: any bytes as what a collector prints. A mistake has its place in
// the text; the key of a sample reads back as the same sample.
#include <guild/runs/metrics_text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace guild::runs;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const metrics_text read = parse_metrics(text);
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    if ((read.bad_lines != 0) != read.first_mistake.has_value() ||
        read.samples.size() > max_metric_samples) {
        std::abort();
    }
    if (read.first_mistake &&
        (read.first_mistake->where.line == 0 || read.first_mistake->where.line > lines)) {
        std::abort();
    }
    for (const metric_sample& sample : read.samples) {
        const std::string key = metric_key(sample);
        metric_sample named = sample;
        named.name = "a";
        const metrics_text again = parse_metrics(metric_key(named) + " 1");
        if (key.empty() || again.samples.size() != 1 ||
            again.samples.front().labels != sample.labels) {
            std::abort();
        }
    }
    return 0;
}

// peak BYTES: runs a program that uses so much memory, and prints what it is told about its peak.
#include <cstdio>
#include <string>

#include <guild/os/process.hpp>

int main(int argc, char** argv) {
    guild::os::process_options options;
    const std::string self = argv[0];
    options.argv = {self.substr(0, self.rfind('/')) + "/child_memory", argc > 1 ? argv[1] : "0"};
    const auto ran = guild::os::run(options);
    if (!ran) {
        return 1;
    }
    std::printf("%lld\n", ran->usage.peak_rss_bytes
                              ? static_cast<long long>(*ran->usage.peak_rss_bytes)
                              : -1LL);
    return 0;
}

// Runs a fuzzer's entry point on kept inputs, in builds without libFuzzer: replay_NAME
// FILE-OR-DIRECTORY...
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

bool replay_file(const std::string& path) {
    const auto bytes = guild::os::load_file(path);
    if (!bytes) {
        std::fprintf(stderr, "%s\n", guild::to_string(bytes.error()).c_str());
        return false;
    }
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);  // the last line names the input that crashed
    const void* data = bytes->data();
    return LLVMFuzzerTestOneInput(static_cast<const std::uint8_t*>(data), bytes->size()) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        const std::string path = argv[i];
        if (!guild::os::is_directory(path)) {
            count += replay_file(path) ? 1U : 0U;
            continue;
        }
        const auto entries = guild::os::list_directory(path);
        if (!entries) {
            std::fprintf(stderr, "%s\n", guild::to_string(entries.error()).c_str());
            return 1;
        }
        for (const auto& entry : *entries) {
            if (!replay_file(guild::join_path(path, entry.name))) {
                return 1;
            }
            ++count;
        }
    }
    std::printf("%zu inputs replayed\n", count);
    return count == 0 ? 1 : 0;
}

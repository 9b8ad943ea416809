// large_files DIRECTORY: writes and reads on both sides of 2 GiB and 4 GiB, where the plain calls
// of a 32-bit system end, and lists the directory.
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

namespace os = guild::os;

int fail(const guild::error& what) {
    std::printf("%s\n", guild::to_string(what).c_str());
    return 1;
}

int write_and_read(os::file& file, std::uint64_t offset, std::string_view text) {
    if (const auto wrote = file.write_at(offset, text); !wrote) {
        return fail(wrote.error());
    }
    char back[16] = {};
    const auto got = file.read_at(offset, back, text.size());
    if (!got) {
        return fail(got.error());
    }
    if (std::string_view(back, *got) != text) {
        std::printf("expected '%s', read '%s'\n", std::string(text).c_str(), back);
        return 1;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string directory = argc == 2 ? argv[1] : ".";
    const std::string path = directory + "/large";
    auto file = os::open_file(path, os::open_mode::truncate);
    if (!file) {
        return fail(file.error());
    }
    constexpr std::uint64_t places[] = {0, 1ULL << 31U, 1ULL << 32U, 5ULL << 30U};
    for (const std::uint64_t offset : places) {
        if (write_and_read(*file, offset, std::to_string(offset)) != 0) {
            return 1;
        }
    }
    char first[2] = {};
    const auto reopened = os::open_file(path, os::open_mode::read);
    const auto status = os::get_status(path);
    const auto names = os::list_directory(directory);
    if (!reopened || !status || !names) {
        return fail(!reopened ? reopened.error() : !status ? status.error() : names.error());
    }
    const bool is_whole = reopened->read_at(0, first, 2).value_or(0) == 2 &&
                          std::string_view(first, 1) == "0" && status->size == (5ULL << 30U) + 10;
    std::printf("%s, %zu names\n", is_whole ? "whole" : "overwritten or cut", names->size());
    return is_whole ? 0 : 1;
}

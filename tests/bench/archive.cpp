// tests/bench/archive.cpp - writing and extracting 10,000 files as a tar archive, beside GNU tar.
//
// Both write the same archive to the same disk: sorted, times, owners and modes normalised. Files
// are in the page cache; nothing is synced, as tar does not.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <guild/archive/extract.hpp>
#include <guild/archive/tree.hpp>
#include <guild/base/sha256.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/process.hpp>
#include <guild/os/temporary.hpp>

#include "report.hpp"

namespace {

namespace os = guild::os;
namespace ar = guild::archive;

constexpr int file_count = 10'000;

/// 100 directories of 100 files, of 0 to 16 KiB: as source trees are.
void make_tree(const std::string& root) {
    std::string content;
    std::uint32_t state = 1;
    for (int i = 0; i < file_count; ++i) {
        state = state * 1664525U + 1013904223U;
        content.assign((state >> 16U) % 4096U * ((i % 16) == 0 ? 4U : 1U),
                       static_cast<char>('a' + i % 26));
        const std::string directory = root + "/directory_" + std::to_string(i / 100);
        bench::must(os::make_directories(directory).has_value(), "cannot make a directory");
        auto file = os::open_file(directory + "/file_" + std::to_string(i) + ".txt",
                                  os::open_mode::truncate);
        bench::must(file && file->write_all(content), "cannot write a file");
    }
}

void write_archive(const std::string& root, const std::string& path) {
    auto file = os::open_file(path, os::open_mode::truncate);
    bench::must(file.has_value(), "cannot make the archive");
    ar::tar_writer to([&](std::string_view bytes) { return file->write_all(bytes); });
    auto entries = ar::list_tree(root, 1000);
    bench::must(entries.has_value(), "cannot list the tree");
    for (ar::tree_entry& each : *entries) {
        bench::must(ar::append_entry(to, each).has_value(), "cannot add a file");
    }
    bench::must(to.finish().has_value(), "cannot end the archive");
}

void run_tar(const std::vector<std::string>& arguments) {
    os::process_options command;
    command.argv = {"tar"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    const auto ran = os::run(command);
    bench::must(ran && ran->status.success(), "tar failed");
}

void run_tar_write(const std::string& root, const std::string& path) {
    run_tar({"-C", root, "--format=ustar", "--sort=name", "--mtime=@1000", "--owner=0", "--group=0",
             "--numeric-owner", "--mode=u+rwX,go+rX,go-w", "-cf", path, "."});
}

void extract_archive(const std::string& path, const std::string& to) {
    const auto file = os::open_file(path, os::open_mode::read);
    bench::must(file.has_value(), "cannot open the archive");
    std::uint64_t at = 0;
    ar::tar_reader from([&](char* bytes, std::size_t size) {
        auto got = file->read_at(at, bytes, size);
        at += got ? *got : 0;
        return got;
    });
    bench::must(ar::extract(from, to).has_value(), "cannot extract");
}

void compare_writing(const std::string& scratch) {
    const std::string ours = scratch + "/ours.tar";
    const std::string theirs = scratch + "/theirs.tar";
    const std::vector<double> best =
        bench::best_seconds(9, {[&] { write_archive(scratch + "/tree", ours); },
                                [&] { run_tar_write(scratch + "/tree", theirs); }});
    bench::must(*os::load_file(ours) == *os::load_file(theirs), "the archives differ");
    bench::print_row("write 10,000 files, beside GNU tar", best[0] / best[1], "x", 1.3, true);
    bench::print_row("write 10,000 files", best[0] * 1e3, "ms");
    bench::print_row("write 10,000 files: GNU tar", best[1] * 1e3, "ms");
}

void compare_extracting(const std::string& scratch) {
    const std::string archive = scratch + "/ours.tar";
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int round = 0; round < 5; ++round) {
        const std::string one = scratch + "/one";
        const std::string two = scratch + "/two";
        bench::must(os::make_directories(two).has_value(), "cannot make a directory");
        ours.push_back(bench::seconds_of([&] { extract_archive(archive, one); }));
        theirs.push_back(bench::seconds_of([&] { run_tar({"-C", two, "-xf", archive}); }));
        bench::must(os::remove_tree(one) && os::remove_tree(two), "cannot remove");
    }
    const double best = *std::min_element(ours.begin(), ours.end());
    const double of_tar = *std::min_element(theirs.begin(), theirs.end());
    bench::print_row("extract 10,000 files, beside GNU tar", best / of_tar, "x", 1.3, true);
    bench::print_row("extract 10,000 files", best * 1e3, "ms");
    bench::print_row("extract 10,000 files: GNU tar", of_tar * 1e3, "ms");
}

void measure_sum() {
    const std::string bytes(std::size_t{32} << 20U, 'x');
    std::string sum;
    const double best = bench::best_seconds(3, {[&] { sum = guild::sha256_hex(bytes); }})[0];
    bench::must(sum.size() == 64, "no sum");
    bench::print_row("sha256", static_cast<double>(bytes.size()) / best / 1e6, "MB/s");
}

}  // namespace

int main(int argc, char** argv) {
    bench::as_json = argc > 1 && std::strcmp(argv[1], "--json") == 0;
    auto made = os::make_temp_directory("guild-bench-");
    bench::must(made.has_value(), "cannot make a directory");
    const os::temporary scratch(*made);
    make_tree(scratch.path() + "/tree");
    compare_writing(scratch.path());
    compare_extracting(scratch.path());
    measure_sum();
    return 0;
}

// Reads and writes event files, against floors coded here.
//
//     bench_events [--data DIR] [--events N] [--json]
//
// The floor is a loop that frames, checks both checksums and sums the same bytes, knowing that each
// value stands in the last four bytes of its payload; once over the file, read piece by piece as
// the reader does, once over memory. Prints name, value, unit, target, ok or short, tab separated;
// events_peers.py puts TensorBoard's own programs beside it. Data sets that are missing in DIR are
// made; N is how many events the one large file gets then.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/event_encoder.hpp>
#include <guild/tfevents/reader.hpp>
#include <guild/tfevents/writer.hpp>

#include <bench/process_memory.hpp>
#include <bench/report.hpp>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define BENCH_WITH_INSTRUCTION __attribute__((target("sse4.2")))
#else
#define BENCH_WITH_INSTRUCTION
#endif

namespace os = guild::os;
namespace tf = guild::tfevents;

using bench::median_seconds;
using bench::must;
using bench::print_row;

namespace {

struct options {
    std::string self;
    std::string data;
    std::int64_t events = 5'000'000;
    bool json = false;
};

// ---- data sets ----------------------------------------------------------------------------------

// Writes records to a file until `next` leaves the payload empty.
void make_file(const std::string& path, const std::function<void(std::string& payload)>& next) {
    auto file = os::open_file(path, os::open_mode::truncate).value();
    std::string bytes;
    std::string payload;
    tf::append_version_event(payload, 1.7e9, "bench");
    while (!payload.empty()) {
        tf::append_record(bytes, payload);
        if (bytes.size() > std::size_t{1} << 22U) {
            file.write_all(bytes).value();
            bytes.clear();
        }
        payload.clear();
        next(payload);
    }
    file.write_all(bytes).value();
    file.close().value();
}

// Two tags in turn, as a training loop logs them.
void make_scalars(const std::string& path, std::int64_t events) {
    std::int64_t i = 0;
    make_file(path, [&](std::string& payload) {
        if (i == events) {
            return;
        }
        const std::int64_t step = i / 2;
        tf::append_simple_event(payload, 1.7e9 + static_cast<double>(step) * 0.1, step,
                                i % 2 == 0 ? "train/loss" : "train/accuracy",
                                1.0F / static_cast<float>(1 + step % 1000));
        ++i;
    });
}

// The same as TensorFlow 2 writes them: tensors of one float, with metadata each.
void make_tensors(const std::string& path, std::int64_t events) {
    const std::string metadata = tf::encode_metadata("scalars", {}, tf::data_class::scalar);
    std::int64_t step = 0;
    make_file(path, [&](std::string& payload) {
        if (step == events) {
            return;
        }
        std::string tensor;
        tf::append_varint_field(tensor, 1, 1);
        tf::append_bytes_field(tensor, 2, {});
        std::string content;
        guild::append_le(content, guild::float_bits(1.0F / static_cast<float>(1 + step % 1000)));
        tf::append_bytes_field(tensor, 4, content);
        tf::append_value_event(payload, 1.7e9 + static_cast<double>(step) * 0.1, step,
                               {step % 2 == 0 ? "epoch_loss" : "epoch_accuracy", metadata, tensor});
        ++step;
    });
}

// `count` events whose summary holds an image, or which are a graph, of `size` bytes each.
void make_blobs(const std::string& path, bool is_image, std::size_t size, int count) {
    std::string blob(size, '\0');
    std::uint32_t random = 1;
    for (char& each : blob) {
        random = random * 1664525U + 1013904223U;
        each = static_cast<char>(static_cast<unsigned char>(random >> 24U));
    }
    std::string image;
    tf::append_bytes_field(image, 4, blob);
    std::string value;
    tf::append_bytes_field(value, 1, "sample/image");
    tf::append_bytes_field(value, 4, image);
    std::string summary;
    tf::append_bytes_field(summary, 1, value);
    make_file(path, [&](std::string& payload) {
        if (count-- > 0) {
            tf::append_double_field(payload, 1, 1.7e9);
            tf::append_bytes_field(payload, is_image ? 5 : 4, is_image ? summary : blob);
        }
    });
}

constexpr int small_files = 2000;
constexpr std::int64_t small_events = 1000;

void make_data(const options& given) {
    // Made under another name and renamed when whole: a run that was cut off leaves no half of it.
    const auto make = [&](const std::string& name, const auto& fill) {
        const std::string directory = given.data + "/" + name;
        if (!os::find_status(directory)) {
            (void)os::remove_tree(directory + ".part");
            fill([&](const std::string& below) {
                os::make_directories(directory + ".part" + below).value();
                return directory + ".part" + below + "/events.out.tfevents.1700000000.bench";
            });
            must(std::rename((directory + ".part").c_str(), directory.c_str()) == 0, "rename");
        }
    };
    make("one", [&](const auto& place) { make_scalars(place(""), given.events); });
    make("tensors", [&](const auto& place) { make_tensors(place(""), 1'000'000); });
    make("many", [&](const auto& place) {
        for (int i = 0; i < small_files; ++i) {
            char name[32];
            std::snprintf(name, sizeof name, "/run%04d", i);
            make_scalars(place(name), small_events);
        }
    });
    make("images",
         [&](const auto& place) { make_blobs(place(""), true, std::size_t{256} << 10U, 2000); });
    make("graphs",
         [&](const auto& place) { make_blobs(place(""), false, std::size_t{4} << 20U, 128); });
}

// ---- the floor ----------------------------------------------------------------------------------

struct total {
    double sum = 0;
    std::uint64_t count = 0;
};

BENCH_WITH_INSTRUCTION std::uint32_t checksum(const char* at, std::size_t size) {
#if defined(__x86_64__)
    std::uint64_t state = 0xFFFFFFFFU;
    for (; size >= 8; at += 8, size -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        state = _mm_crc32_u64(state, word);
    }
    for (; size > 0; ++at, --size) {
        state = _mm_crc32_u8(static_cast<std::uint32_t>(state), static_cast<unsigned char>(*at));
    }
    return guild::mask_crc32c(~static_cast<std::uint32_t>(state));
#else
    return guild::mask_crc32c(guild::crc32c({at, size}));
#endif
}

// Takes the whole records at the front of some bytes; returns how many bytes they are.
BENCH_WITH_INSTRUCTION std::size_t sum_records(const char* bytes, std::size_t size, total& into) {
    std::size_t at = 0;
    while (size - at >= 16) {
        const char* head = bytes + at;
        const auto length = guild::load_le<std::uint64_t>(head);
        if (checksum(head, 8) != guild::load_le<std::uint32_t>(head + 8)) {
            break;
        }
        if (length > size - at - 16) {
            break;
        }
        const char* payload = head + 12;
        if (checksum(payload, length) != guild::load_le<std::uint32_t>(payload + length)) {
            break;
        }
        into.sum += static_cast<double>(
            guild::bits_float(guild::load_le<std::uint32_t>(payload + length - 4)));
        ++into.count;
        at += 16 + length;
    }
    return at;
}

total sum_file(const std::string& path) {
    constexpr std::size_t chunk = std::size_t{64} << 10U;
    static std::vector<char> buffer(chunk + 4096);
    const auto file = os::open_file(path, os::open_mode::read).value();
    total sum;
    std::size_t have = 0;
    for (std::uint64_t offset = 0;;) {
        const auto got = file.read_at(offset, buffer.data() + have, chunk).value();
        offset += got;
        have += got;
        const std::size_t used = sum_records(buffer.data(), have, sum);
        std::memmove(buffer.data(), buffer.data() + used, have - used);
        have -= used;
        if (got == 0) {
            return sum;
        }
    }
}

// ---- guild --------------------------------------------------------------------------------------

total scan_file(const std::string& path) {
    tf::reader reader(path);
    tf::scalar points[256];
    total sum;
    while (const std::size_t count = reader.read(points, 256)) {
        for (std::size_t i = 0; i < count; ++i) {
            sum.sum += points[i].value;
        }
        sum.count += count;
    }
    return sum;
}

std::uint64_t scan_tree(const std::string& root, unsigned threads) {
    tf::directory_reader reader(root);
    return reader.poll([](const std::string&, const tf::scalar&) {},
                       [](const std::string&, const tf::restart&) {}, threads);
}

// The memory of a whole process that does nothing but scan `path`.
double memory_of_scan(const std::string& self, const std::string& path) {
    return bench::memory_of(self, {"--memory", path});
}

void scan_one(const options& given) {
    const std::string path = given.data + "/one/events.out.tfevents.1700000000.bench";
    total by_guild;
    total by_hand;
    const std::string bytes = os::load_file(path, std::uint64_t{1} << 40U).value();
    const auto seconds = median_seconds({
        [&] { by_guild = scan_file(path); },
        [&] { by_hand = sum_file(path); },
        [&] {
            total sum;
            must(sum_records(bytes.data(), bytes.size(), sum) == bytes.size(), "the floor stopped");
        },
    });
    must(by_guild.count > 0 && by_hand.count == by_guild.count + 1, "a point was lost");
    const auto million = static_cast<double>(by_guild.count) / 1e6;
    print_row("scan one file", million / seconds[0], "M scalars/s");
    print_row("floor, from the file", million / seconds[1], "M scalars/s");
    print_row("floor, in memory", million / seconds[2], "M scalars/s");
    print_row("scan one file / floor, from the file", seconds[1] / seconds[0], "ratio", 0.5);
    print_row("scan one file / floor, in memory", seconds[2] / seconds[0], "ratio", 0.5);
    print_row("memory, one file", memory_of_scan(given.self, path), "MiB", 32, true);
}

void scan_tensors(const options& given) {
    const std::string path = given.data + "/tensors/events.out.tfevents.1700000000.bench";
    total sum;
    const double seconds = median_seconds({[&] { sum = scan_file(path); }})[0];
    must(sum.count > 0, "no point was found");
    print_row("scan one file of tensors", static_cast<double>(sum.count) / seconds / 1e6,
              "M scalars/s");
}

void scan_many(const options& given) {
    const std::string root = given.data + "/many";
    constexpr std::uint64_t all = small_files * static_cast<std::uint64_t>(small_events);
    const auto scan = [&](unsigned threads) {
        return [&root, threads] { must(scan_tree(root, threads) == all, "a point was lost"); };
    };
    const auto seconds = median_seconds({scan(1), scan(2)});
    const double million = static_cast<double>(all) / 1e6;
    print_row("scan many files, 1 thread", million / seconds[0], "M scalars/s");
    print_row("scan many files, 2 threads", million / seconds[1], "M scalars/s");
    print_row("2 threads / 1 thread", seconds[0] / seconds[1], "ratio", 1.7);
}

// What the system takes to hand over the bytes of a file, and nothing else.
void read_only(const std::string& path) {
    static std::vector<char> buffer(std::size_t{64} << 10U);
    const auto file = os::open_file(path, os::open_mode::read).value();
    std::uint64_t offset = 0;
    while (const std::size_t got = file.read_at(offset, buffer.data(), buffer.size()).value()) {
        offset += got;
    }
}

void skip_blobs(const options& given, const char* kind) {
    const std::string path = given.data + "/" + kind + "/events.out.tfevents.1700000000.bench";
    const auto file = os::open_file(path, os::open_mode::read).value();
    const auto size = static_cast<double>(file.status().value().size);
    const std::string name(kind);
    const auto seconds = median_seconds({[&] { (void)scan_file(path); }, [&] { read_only(path); }});
    print_row("skip " + name, size / seconds[0] / 1e9, "GB/s", 3);
    print_row("floor, reading " + name + " alone", size / seconds[1] / 1e9, "GB/s");
    print_row("memory, " + name, memory_of_scan(given.self, path), "MiB", 32, true);
}

void write_scalars(bool double_precision, const char* name) {
    const std::string directory = os::make_temp_directory("guild-bench-").value();
    constexpr std::int64_t count = 2'000'000;
    std::uint64_t allocated = 0;
    const double seconds = median_seconds({[&] {
        tf::writer_options how;
        how.double_precision = double_precision;
        auto writer = tf::writer::create(directory, how).value();
        for (std::int64_t step = 0; step < count; ++step) {
            if (step == 10000) {
                allocated = bench::allocations;
            }
            writer.add_scalar("train/loss", step, 0.25, 1.7e9);
        }
        allocated = bench::allocations - allocated;
        writer.close().value();
        must(writer.events_dropped() == 0, "a point was dropped");
    }})[0];
    (void)os::remove_tree(directory);
    print_row(name, static_cast<double>(count) / seconds / 1e6, "M scalars/s", 10);
    print_row(std::string(name) + ": allocations after warm-up", static_cast<double>(allocated),
              "in all", 0, true);
}

options parse(int argc, char** argv) {
    options given;
    given.self = argv[0];
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--json") {
            given.json = true;
        } else if (word == "--data" && i + 1 < argc) {
            given.data = argv[++i];
        } else if (word == "--events" && i + 1 < argc) {
            given.events = std::atoll(argv[++i]);
        } else {
            std::fprintf(stderr, "usage: bench_events [--data DIR] [--events N] [--json]\n");
            std::exit(2);
        }
    }
    return given;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "--memory") {
        (void)scan_file(argv[2]);
        return bench::print_peak_memory();
    }
    options given = parse(argc, argv);
    bench::as_json = given.json;
    const bool is_temporary = given.data.empty();
    if (is_temporary) {
        given.data = os::make_temp_directory("guild-bench-").value();
    }
    make_data(given);
    scan_one(given);
    scan_tensors(given);
    scan_many(given);
    skip_blobs(given, "images");
    skip_blobs(given, "graphs");
    write_scalars(false, "write, buffered");
    write_scalars(true, "write doubles, buffered");
    if (is_temporary) {
        (void)os::remove_tree(given.data);
    }
    return 0;
}

// Series files for series_reader.py, and what guild reads in a file.
//
//     interop_series_points write DIR    makes DIR/NAME.gts
//     interop_series_points print FILE   prints as series_reader.py does
#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/os/directory.hpp>
#include <guild/series/compact.hpp>
#include <guild/series/reader.hpp>
#include <guild/series/writer.hpp>

#include <bench/curves.hpp>

namespace gs = guild::series;

namespace {

using number_list = std::vector<gs::number>;

gs::number from_double_bits(std::uint64_t bits) {
    return gs::number::from_bits(gs::number_kind::real, bits);
}

gs::writer start(const std::string& directory) {
    gs::writer_options options;
    options.sync = gs::sync_policy::none;
    return gs::writer::create(directory, options).value();
}

enum class ending { live, closed, columns };

void finish(gs::writer& writer, const std::string& path, ending how) {
    writer.flush().value();
    writer.rename_to(path).value();
    if (how != ending::live) {
        writer.close().value();
        if (how == ending::columns) {
            (void)gs::compact(path).value();
        }
        return;
    }
    // Kept open, so that no last index is written, until the program ends without cleaning up.
    static std::vector<gs::writer> open;
    open.push_back(std::move(writer));
}

// Frames of ten; a flush every `flush_every` frames; a note now and then.
void write_curves(const std::string& directory, const std::string& name, std::int64_t frames,
                  std::int64_t flush_every, ending how) {
    gs::writer writer = start(directory);
    bench::training_curves curves(frames, 3);
    std::vector<gs::sample> row;
    for (const char* key : bench::curve_names) {
        row.push_back({writer.series(key), 0});
    }
    for (std::int64_t i = 0; i < frames; ++i) {
        const bench::curve_frame made = curves.next();
        for (std::size_t column = 0; column < row.size(); ++column) {
            row[column].value = made.values[column];
        }
        writer.append(made.step, made.time_us, row.data(), row.size());
        if (i % flush_every == 0) {
            writer.add_note(made.time_us, {{"mark", "test"}, {"frame", std::to_string(i)}});
            writer.flush().value();
        }
    }
    finish(writer, directory + "/" + name + ".gts", how);
}

// Every kind of value, step, time and key that a text might spoil.
void write_odd(const std::string& directory, const std::string& name, ending how) {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const number_list values = {
        0.0,
        -0.0,
        1.0 / 3,
        std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::denorm_min(),
        static_cast<double>(std::numeric_limits<float>::denorm_min()),
        from_double_bits(0x7FF0000000000001U),  // NaN that no float holds
        from_double_bits(0xFFF0000020000000U),  // signalling NaN that a float holds
        from_double_bits(0x7FF8000000000000U),
        from_double_bits(0xFFFFFFFFE0000000U),
        least,
        most,
        std::int64_t{9007199254740993},
        -1,
        std::int64_t{2147483648},
    };
    const std::vector<std::int64_t> moments = {0, most, least, 0, -1, 5, 5, 4, least, most};
    const std::vector<std::string> keys = {
        "a", "", "loss, \"quoted\"", "\xC3\xA9t\xC3\xA9", "\xFF\x01", std::string(300, 'k')};
    gs::writer writer = start(directory);
    std::size_t turn = 0;
    for (const std::int64_t step : moments) {
        for (const std::int64_t time_us : moments) {
            std::vector<gs::sample> row;
            for (std::size_t i = 0; i <= turn % 4; ++i) {
                const std::string& key = keys[(turn + i) % keys.size()];
                row.push_back({writer.series(key), values[(turn * 3 + i) % values.size()]});
            }
            writer.append(step, time_us, row.data(), row.size());
            if (++turn % 13 == 0) {
                writer.flush().value();
            }
        }
    }
    finish(writer, directory + "/" + name + ".gts", how);
}

// One value of a column that is meant for one way of storing columns; `noise` has 64 random bits.
gs::number value_of_kind(std::size_t kind, std::int64_t step, std::uint64_t noise) {
    const auto at = static_cast<double>(step);
    const auto small = static_cast<std::int64_t>(noise >> 54U) - 512;
    const double real = static_cast<double>(small);
    const auto whole = static_cast<std::int64_t>(noise);
    const gs::number values[] = {
        std::sin(at / 50),                                          // smooth
        from_double_bits(noise),                                    // nothing to be found
        noise % 31 == 0 ? 3.14159265358979 : (1000 + real) / 1000,  // decimals, exceptions
        2.5,                                                        // constant
        std::ldexp(real, -30),                                      // few bits, both signs
        1 + std::ldexp(real, -40),                                  // a narrow range
        -std::exp(-at / 100) * (1 + real / 1e5),                    // below zero
        step,                                                       // a counter
        whole,                                                      // any integer
        std::int64_t{-7},                                           // constant
        small * 4096,                                               // integers with few bits
        std::int64_t{1} << (noise % 62U),                           // far apart
        noise % 97 == 0 ? whole : small,                            // few far from the others
        static_cast<float>(
            std::ldexp(1 + real / 1024, static_cast<int>(small % 30))),  // few bits of a float
        static_cast<float>(real / 128),                                  // shares
        noise % 17 == 0 ? std::numeric_limits<float>::quiet_NaN()        //
                        : static_cast<float>(small) / 10000.0F,          // with holes
        static_cast<float>(std::exp(-at / 200) * (1 + real / 3000)),     // a loss
        static_cast<float>(std::cos(at / 900)),                          // a schedule
        static_cast<double>(step / 50) * 0.1,                            // repeats
        noise % 2 == 0 ? gs::number(small) : gs::number(real / 7),       // both kinds
        step % 40 < 20 ? gs::number(5) : gs::number(5.0),                // both, repeating
        from_double_bits(0x7FF8000000000000U | (noise >> 60U)),          // NaN with payloads
        std::numeric_limits<double>::infinity(),
        static_cast<double>(static_cast<float>(real)) * (noise % 2 == 0 ? 1.0 : 1e300),
    };
    return values[kind % std::size(values)];
}
constexpr std::size_t value_kinds = 24;

// Frames of three groups that share no series, of changing sets, one series twice in a frame now
// and then, and notes between them.
void write_kinds(const std::string& directory, const std::string& name, std::int64_t frames,
                 ending how) {
    gs::writer writer = start(directory);
    std::uint64_t noise = 1;
    for (std::int64_t i = 0; i < frames; ++i) {
        const std::size_t group = i % 11 == 0 ? 2 : i % 5 == 0 ? 1 : 0;
        const std::size_t left_out = i % 7 == 0 ? 3 : value_kinds;
        std::vector<gs::sample> row;
        for (std::size_t kind = 0; kind < value_kinds; ++kind) {
            noise = noise * 6364136223846793005U + 1442695040888963407U;
            if (kind % 3 == group % 3 && kind != left_out) {
                const std::string key = "kind " + std::to_string(kind);
                row.push_back({writer.series(key), value_of_kind(kind, i, noise ^ (noise >> 29U))});
            }
        }
        if (i % 100 == 50) {
            row.push_back(row.front());
        }
        writer.append(i * 10 - (i % 300 == 299 ? 1000 : 0), i * 1'000'003, row.data(), row.size());
    }
    finish(writer, directory + "/" + name + ".gts", how);
}

int write_files(const std::string& directory) {
    guild::os::make_directories(directory).value();
    write_curves(directory, "curves_closed", 600, 1'000'000, ending::closed);
    write_curves(directory, "curves_live", 300, 7, ending::live);
    write_curves(directory, "curves_in_columns", 4500, 400, ending::columns);
    write_curves(directory, "curves_with_indexes", 6500, 400, ending::live);
    write_odd(directory, "odd_closed", ending::closed);
    write_odd(directory, "odd_live", ending::live);
    write_odd(directory, "odd_in_columns", ending::columns);
    write_kinds(directory, "kinds_live", 700, ending::live);
    write_kinds(directory, "kinds_in_columns", 3000, ending::columns);
    gs::writer empty = start(directory);
    finish(empty, directory + "/empty.gts", ending::closed);
    std::fflush(nullptr);
    std::_Exit(0);
}

int print_points(const std::string& path) {
    auto opened = gs::reader::open(path);
    if (!opened) {
        std::fprintf(stderr, "%s\n", to_string(opened.error()).c_str());
        return 1;
    }
    const auto read =
        opened->for_each_point([](const gs::series_name& name, const gs::point& each) {
            std::fwrite(name.key.data(), 1, name.key.size(), stdout);
            std::printf(",%" PRId64 ",%" PRId64 ",%c%016" PRIx64 "\n", each.step, each.time_us,
                        each.value.is_integer() ? 'i' : 'f', each.value.bits());
        });
    for (const gs::byte_range& range : opened->lost()) {
        std::fprintf(stderr, "lost: bytes %" PRIu64 " to %" PRIu64 "\n", range.begin, range.end);
    }
    return read ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc == 3 ? argv[1] : "";
    if (what == "write") {
        return write_files(argv[2]);
    }
    if (what == "print") {
        return print_points(argv[2]);
    }
    std::fprintf(stderr, "usage: interop_series_points write DIR | print FILE\n");
    return 2;
}

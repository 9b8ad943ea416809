// Series files for series_reader.py, and what guild reads in a file.
//
//     interop_series_points write DIR    makes DIR/NAME.gts
//     interop_series_points print FILE   prints as series_reader.py does
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/os/directory.hpp>
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
    return std::move(gs::writer::create(directory, options).value());
}

void finish(gs::writer& writer, const std::string& path, bool closed) {
    writer.flush().value();
    writer.rename_to(path).value();
    if (closed) {
        writer.close().value();
        return;
    }
    // Kept open, so that no last index is written, until the program ends without cleaning up.
    static std::vector<gs::writer> open;
    open.push_back(std::move(writer));
}

// Frames of ten; a flush every `flush_every` frames; a note now and then.
void write_curves(const std::string& directory, const std::string& name, std::int64_t frames,
                  std::int64_t flush_every, bool closed) {
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
    finish(writer, directory + "/" + name + ".gts", closed);
}

// Every kind of value, step, time and key that a text might spoil.
void write_odd(const std::string& directory, const std::string& name, bool closed) {
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
    finish(writer, directory + "/" + name + ".gts", closed);
}

int write_files(const std::string& directory) {
    guild::os::make_directories(directory).value();
    write_curves(directory, "curves_closed", 600, 1'000'000, true);
    write_curves(directory, "curves_live", 300, 7, false);
    write_curves(directory, "curves_with_indexes", 6500, 400, false);
    write_odd(directory, "odd_closed", true);
    write_odd(directory, "odd_live", false);
    gs::writer empty = start(directory);
    finish(empty, directory + "/empty.gts", true);
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

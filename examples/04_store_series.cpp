// Writes a series into a file of its own and reads it back, bit for bit.
//
//     04_store_series DIRECTORY
//
// It prints, tab separated:
//
//     0    1
//     1    0.5
//     2    0.3333333333333333
//     3    0.25
//     4    0.2
#include <cstdio>
#include <guild/guild.hpp>

int main(int argc, char** argv) {
    const std::string directory = argc > 1 ? argv[1] : "series";
    auto writer = guild::series::writer::create(directory);
    if (!writer) {
        std::fprintf(stderr, "%s\n", guild::to_string(writer.error()).c_str());
        return 2;
    }
    const auto loss = writer->series("loss");
    for (std::int64_t step = 0; step < 5; ++step) {
        writer->append_one(step, writer->now_us(), loss, 1.0 / static_cast<double>(step + 1));
    }
    if (const auto closed = writer->close(); !closed) {
        std::fprintf(stderr, "%s\n", guild::to_string(closed.error()).c_str());
        return 1;
    }
    guild::series::run_reader reader(directory);
    for (const auto& point : reader.points("loss")) {
        std::printf("%lld\t%s\n", static_cast<long long>(point.step),
                    guild::format_double(point.value.as_double()).c_str());
    }
    return 0;
}

// Writes an event file: events FILE [TAG STEP VALUE]...
//
// Wall times count from 1700000000 in seconds. A TAG of "-" writes, instead of a scalar, what VALUE
// says: `bad` a record whose payload does not check, `start` the start of a session at STEP, `hole`
// twelve zero bytes, `cut` the first bytes of a record.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/tfevents/event_encoder.hpp>
#include <guild/tfevents/record.hpp>

namespace tf = guild::tfevents;

namespace {

std::string record_of(double wall_time, const std::string& tag, std::int64_t step,
                      const std::string& value) {
    std::string payload;
    if (tag != "-") {
        tf::append_simple_event(payload, wall_time, step, tag, std::strtof(value.c_str(), nullptr));
    } else if (value == "start") {
        tf::append_session_start_event(payload, wall_time, step);
    } else {
        tf::append_simple_event(payload, wall_time, step, "damaged", 0);
    }
    std::string record;
    tf::append_record(record, payload);
    if (tag == "-" && value == "bad") {
        record[record.size() - 6] = '!';
    } else if (tag == "-" && value == "hole") {
        record.assign(12, '\0');
    } else if (tag == "-" && value == "cut") {
        record.resize(20);
    }
    return record;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || (argc - 2) % 3 != 0) {
        return 2;
    }
    std::string payload;
    tf::append_version_event(payload, 1.7e9, "test");
    std::string bytes;
    tf::append_record(bytes, payload);
    double wall_time = 1.7e9;
    for (int i = 2; i < argc; i += 3) {
        wall_time += 1;
        bytes += record_of(wall_time, argv[i], std::atoll(argv[i + 1]), argv[i + 2]);
    }
    const std::string path = argv[1];
    const std::string directory = guild::parent_path(path);
    const bool done = (directory.empty() || guild::os::make_directories(directory)) &&
                      guild::os::save_file(path, bytes);
    return done ? 0 : 1;
}

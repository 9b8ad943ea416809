// Prints every scalar of the TensorBoard event files below a directory: run, tag, step, value.
//
//     03_read_events DIRECTORY
//
// For two runs of two steps, tab separated:
//
//     test    loss    0    0.75
//     test    loss    1    0.5
//     train   loss    0    0.75
//     train   loss    1    0.5
#include <cstdio>
#include <guild/guild.hpp>

int main(int argc, char** argv) {
    guild::tfevents::directory_reader events(argc > 1 ? argv[1] : ".");
    events.poll([](const std::string& run, const guild::tfevents::scalar& each) {
        std::printf("%s\t%s\t%lld\t%s\n", run.c_str(), std::string(each.tag).c_str(),
                    static_cast<long long>(each.step), guild::format_double(each.value).c_str());
    });
    if (const auto damage = events.last_error()) {
        std::fprintf(stderr, "%s\n", guild::to_string(*damage).c_str());
        return 1;
    }
    return 0;
}

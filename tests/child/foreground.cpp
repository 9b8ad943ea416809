// foreground DIR COMMAND...: records the command as a run in DIR, as a program in the foreground of
// a terminal does; prints "STATUS: CAUSE" and exits as a shell would say it ended.
#include <atomic>
#include <cstdio>
#include <string>

#include <signal.h>
#include <unistd.h>

#include <guild/os/terminal.hpp>
#include <guild/runs/supervisor.hpp>

namespace {

std::atomic<const guild::runs::stop_request*> current_stop{nullptr};

void pass_on(int number) {
    current_stop.load()->notify(number);
}

}  // namespace

int main(int argc, char** argv) {
    auto made = guild::runs::create_run_directory(argc > 2 ? argv[1] : "", "foreground", 0);
    auto stop = guild::runs::stop_request::create();
    if (argc < 3 || !made || !stop) {
        return 2;
    }
    current_stop = &*stop;
    struct sigaction action{};
    action.sa_handler = pass_on;
    sigaction(SIGINT, &action, nullptr);
    guild::runs::supervise_options options;
    options.run_directory = *made;
    options.argv.assign(argv + 2, argv + argc);
    options.grace_ms = 60'000;
    options.stop = &*stop;
    guild::os::terminal_settings terminal(0);
    const auto ended = guild::runs::supervise(options);
    terminal.restore();
    if (!ended) {
        return 3;
    }
    std::printf("%s: %s\n", std::string(to_string(ended->status)).c_str(), ended->cause.c_str());
    return guild::os::shell_code(ended->exit);
}

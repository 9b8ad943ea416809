// examples/guild/signals.cpp - installs and restores the signal handlers.

#include "signals.hpp"

namespace program {
namespace {

void (*current_handler)(int) = nullptr;
volatile sig_atomic_t is_marked = 0;

void take_signal(int signal, siginfo_t* about, void* /*context*/) {
    is_marked =
        about != nullptr && about->si_code == SI_QUEUE && about->si_value.sival_int == stop_mark
            ? 1
            : 0;
    current_handler(signal);
}

}  // namespace

signal_watch::signal_watch(void (*handler)(int)) noexcept : before_{} {
    current_handler = handler;
    for (std::size_t i = 0; i < watched.size(); ++i) {
        struct sigaction action = {};
        action.sa_flags = SA_RESTART;
        if (watched[i] == SIGPIPE) {
            action.sa_handler = SIG_IGN;
        } else {
            action.sa_sigaction = take_signal;
            action.sa_flags |= SA_SIGINFO;
        }
        sigemptyset(&action.sa_mask);
        sigaction(watched[i], nullptr, &before_[i]);
        if (before_[i].sa_handler != SIG_IGN) {
            sigaction(watched[i], &action, nullptr);
        }
    }
}

signal_watch::~signal_watch() {
    for (std::size_t i = 0; i < watched.size(); ++i) {
        sigaction(watched[i], &before_[i], nullptr);
    }
}

bool signal_watch::is_stop_command() noexcept {
    return is_marked != 0;
}

}  // namespace program

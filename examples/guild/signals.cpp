// examples/guild/signals.cpp - installs and restores the signal handlers.

#include "signals.hpp"

namespace program {

signal_watch::signal_watch(void (*handler)(int)) noexcept : before_{} {
    for (std::size_t i = 0; i < watched.size(); ++i) {
        struct sigaction action = {};
        action.sa_handler = watched[i] == SIGPIPE ? SIG_IGN : handler;
        action.sa_flags = SA_RESTART;
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

}  // namespace program

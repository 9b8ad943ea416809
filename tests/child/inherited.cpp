// Prints what it was given: open descriptors, blocked and ignored signals, umask, whether it leads
// its group.
#include <cstdio>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

int main() {
    for (int fd = 0; fd < 4096; ++fd) {
        if (fcntl(fd, F_GETFD) >= 0) {
            std::printf("fd %d\n", fd);
        }
    }
    sigset_t mask;
    sigprocmask(SIG_SETMASK, nullptr, &mask);
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction action{};
        if (sigismember(&mask, number) == 1) {
            std::printf("blocked %d\n", number);
        }
        if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
            std::printf("ignored %d\n", number);
        }
    }
    std::printf("umask %o\n", +umask(0));
    std::printf("leader %d\n", getpgrp() == getpid() ? 1 : 0);
    std::printf("tty %d\n", isatty(1));
    return 0;
}

// hold MILLISECONDS [setsid]: leaves a child behind that holds the pipes so long; says "hi PID" and
// exits.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

int main(int argc, char** argv) {
    const pid_t pid = fork();
    if (pid == 0) {
        if (argc > 2 && std::strcmp(argv[2], "setsid") == 0) {
            setsid();
        }
        for (int left_ms = argc > 1 ? std::atoi(argv[1]) : 0; left_ms > 0; left_ms -= 10) {
            usleep(10'000);
        }
        _exit(0);
    }
    std::printf("hi %d\n", static_cast<int>(pid));
    return 0;
}

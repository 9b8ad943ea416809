// exit_code CODE: exits with the code. exit_code -SIGNAL: dies by the signal.
#include <cstdlib>

#include <signal.h>
#include <unistd.h>

int main(int argc, char** argv) {
    const int code = argc > 1 ? std::atoi(argv[1]) : 0;
    if (code < 0) {
        raise(-code);
    }
    _exit(code);
}

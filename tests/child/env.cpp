// Prints its environment, one entry a line.
#include <cstdio>

#include <unistd.h>

extern char** environ;

int main() {
    for (char** at = environ; *at != nullptr; ++at) {
        std::puts(*at);
    }
    return 0;
}

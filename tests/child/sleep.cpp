// sleep MILLISECONDS: says "ready", sleeps, exits with 0.
#include <cstdlib>

#include <unistd.h>

int main(int argc, char** argv) {
    if (write(1, "ready\n", 6) != 6 || argc < 2) {
        return 1;
    }
    for (int left_ms = std::atoi(argv[1]); left_ms > 0; left_ms -= 10) {
        usleep(10'000);
    }
    return 0;
}

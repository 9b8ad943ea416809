// Prints each argument as its length, a colon, its bytes and a line feed.
#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::size_t size = std::strlen(argv[i]);
        std::printf("%zu:", size);
        std::fwrite(argv[i], 1, size, stdout);
        std::putchar('\n');
    }
    return 0;
}

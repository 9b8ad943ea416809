// overflow STREAM BYTES ...: writes so many bytes to descriptor 1 or 2, in this order.
#include <cstdlib>
#include <cstring>

#include <unistd.h>

int main(int argc, char** argv) {
    char piece[65536];
    for (int i = 1; i + 1 < argc; i += 2) {
        const int stream = std::atoi(argv[i]);
        std::memset(piece, stream == 1 ? 'o' : 'e', sizeof piece);
        for (long long left = std::atoll(argv[i + 1]); left > 0;) {
            const std::size_t size = left < 65536 ? static_cast<std::size_t>(left) : sizeof piece;
            const ssize_t wrote = write(stream, piece, size);
            if (wrote < 0) {
                return 1;
            }
            left -= wrote;
        }
    }
    return 0;
}

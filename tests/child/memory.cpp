// memory BYTES: uses so much memory for a moment.
#include <cstddef>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
    const std::vector<char> used(argc > 1 ? static_cast<std::size_t>(std::atoll(argv[1])) : 0, 'x');
    return used.empty() || used.back() == 'x' ? 0 : 1;
}

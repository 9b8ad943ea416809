// The one translation unit of a test program that carries doctest's implementation. It takes the locale of its
// environment, as a user's program may: what guild reads and writes must not change with it.
#define DOCTEST_CONFIG_IMPLEMENT
#include <clocale>
#include <cstdio>
#include <doctest/doctest.h>

int main(int argc, char** argv) {
    if (std::setlocale(LC_ALL, "") == nullptr) {
        std::fprintf(stderr, "the locale of the environment is not installed\n");
        return 1;
    }
    return doctest::Context(argc, argv).run();
}

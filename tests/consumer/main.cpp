// What every consumer project builds: the core alone, in a program of two translation units.
#include <cstdio>
#include <guild/guild.hpp>

int crc_of_check_value(unsigned* out);

int main() {
    unsigned value = 0;
    if (crc_of_check_value(&value) != 0) {
        return 1;
    }
    std::printf("guild %s %08x\n", guild::version, value);
    return 0;
}

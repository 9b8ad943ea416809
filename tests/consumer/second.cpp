// The second translation unit: the same headers once more.
#include <guild/guild.hpp>

int crc_of_check_value(unsigned* out);

int crc_of_check_value(unsigned* out) {
    *out = guild::crc32c("123456789");
    return guild::trim(" x ") == "x" ? 0 : 1;
}

// Linked with --wrap=getauxval: a 64-bit ARM machine as the first ones were, without the CRC-32
// instructions. The emulator has no such processor.
#include <sys/auxv.h>

extern "C" {

unsigned long __real_getauxval(unsigned long type);  // NOLINT: the linker's names
unsigned long __wrap_getauxval(unsigned long type);

unsigned long __wrap_getauxval(unsigned long type) {
    constexpr unsigned long hwcap_crc32 = 1UL << 7U;
    const unsigned long value = __real_getauxval(type);
    return type == AT_HWCAP ? value & ~hwcap_crc32 : value;
}
}

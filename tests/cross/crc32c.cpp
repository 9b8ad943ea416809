// crc32c with|without   checks the variants of CRC-32C against each other, on a machine that has
// the
//                       instruction or has it not
// crc32c chosen         only uses the variant that is chosen, for run.py to see which one it is
//
// The checksums that it prints are the same on every machine.
#include <guild/base/crc32c.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string_view>
#include <vector>

namespace {

using guild::detail::crc32c_by_instruction;
using guild::detail::crc32c_by_table;
using guild::detail::has_crc32c_instruction;

constexpr std::uint32_t begin_state = 0xFFFFFFFFU;

// Straight from the polynomial.
std::uint32_t crc32c_bit_by_bit(const unsigned char* at, std::size_t size) {
    std::uint32_t state = begin_state;
    for (; size != 0; ++at, --size) {
        state ^= *at;
        for (int bit = 0; bit < 8; ++bit) {
            state = (state >> 1U) ^ ((state & 1U) != 0 ? 0x82F63B78U : 0U);
        }
    }
    return ~state;
}

bool check(const unsigned char* at, std::size_t size, std::uint32_t& sum) {
    const std::uint32_t expected = crc32c_bit_by_bit(at, size);
    const std::uint32_t chosen =
        guild::crc32c(std::string_view(reinterpret_cast<const char*>(at), size));
    const std::uint32_t table = ~crc32c_by_table(begin_state, at, size);
    const std::uint32_t instruction =
        has_crc32c_instruction() ? ~crc32c_by_instruction(begin_state, at, size) : expected;
    sum = (sum << 1U | sum >> 31U) ^ chosen;
    if (chosen == expected && table == expected && instruction == expected) {
        return true;
    }
    std::printf("%zu bytes: expected %08x, chosen %08x, by table %08x, by instruction %08x\n", size,
                expected, chosen, table, instruction);
    return false;
}

int check_all() {
    constexpr std::size_t longest = 50'000;
    constexpr std::size_t alignments = 16;
    std::mt19937 random(20170301);  // the same numbers everywhere, unlike the distributions'
    std::vector<unsigned char> bytes(longest + alignments);
    std::generate(bytes.begin(), bytes.end(),
                  [&] { return static_cast<unsigned char>(random() & 0xFFU); });
    std::uint32_t sum = 0;
    for (std::size_t start = 0; start < alignments; ++start) {
        for (std::size_t size = 0; size <= 100; ++size) {
            if (!check(&bytes[start], size, sum)) {
                return 1;
            }
        }
        for (int i = 0; i < 5; ++i) {
            if (!check(&bytes[start], random() % (longest + 1), sum)) {
                return 1;
            }
        }
    }
    std::printf("all checksums %08x\n", sum);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc == 2 ? argv[1] : "";
    if (what == "chosen") {
        std::printf("check value %08x\n", guild::crc32c("123456789"));
        return 0;
    }
    if (has_crc32c_instruction() != (what == "with")) {
        std::printf("expected a machine %s the instruction\n", argc == 2 ? argv[1] : "?");
        return 1;
    }
    return check_all();
}

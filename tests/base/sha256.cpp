#include <guild/base/sha256.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

TEST_CASE("sha256: the examples of the standard") {
    CHECK(guild::sha256_hex("abc") ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(guild::sha256_hex("") ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(guild::sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(guild::sha256_hex(std::string(1'000'000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: pieces of any size give the digest of the whole") {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        bytes += static_cast<char>(i * 7 % 251 - 100);
    }
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        const std::string_view whole(bytes.data(), size);
        guild::sha256 sum;
        for (std::size_t at = 0, step = 1; at < size; at += step, step = step % 67 + 1) {
            sum.update(whole.substr(at, step));
        }
        CHECK(sum.hex() == guild::sha256_hex(whole));
    }
}

TEST_CASE("sha256: a digest can be asked for on the way") {
    guild::sha256 sum;
    sum.update("a");
    const std::string of_one = sum.hex();
    CHECK(of_one == guild::sha256_hex("a"));
    sum.update("bc");
    CHECK(sum.hex() == guild::sha256_hex("abc"));
}

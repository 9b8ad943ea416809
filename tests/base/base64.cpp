#include <guild/base/base64.hpp>

#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

TEST_CASE("base64: the standard's own examples, both ways") {
    const std::pair<std::string_view, std::string_view> examples[] = {{"", ""},
                                                                      {"f", "Zg=="},
                                                                      {"fo", "Zm8="},
                                                                      {"foo", "Zm9v"},
                                                                      {"foob", "Zm9vYg=="},
                                                                      {"fooba", "Zm9vYmE="},
                                                                      {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : examples) {
        CHECK(guild::encode_base64(bytes) == text);
        CHECK(guild::decode_base64(text) == std::string(bytes));
    }
}

TEST_CASE("base64: every byte survives") {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(static_cast<unsigned char>(byte));
    }
    for (std::size_t cut = 0; cut < all.size(); ++cut) {
        const std::string bytes = all.substr(cut);
        CHECK(guild::decode_base64(guild::encode_base64(bytes)) == bytes);
    }
}

TEST_CASE("base64: text that no encoder makes is refused") {
    for (const std::string_view text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zh==",
                                        "Zm9=", "Zm9v\n", " Zm9v", "Zm-v", "Zg==Zg==", "Zm9vZ"}) {
        INFO(text);
        CHECK_FALSE(guild::decode_base64(text));
    }
}

#include <guild/archive/tar_format.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace {

namespace tar = guild::archive;

tar::member named(const std::string& name) {
    tar::member what;
    what.name = name;
    return what;
}

}  // namespace

TEST_CASE("encode_header: a block computed by hand") {
    tar::member what = named("./.GuildPkg");
    what.size = 5;
    what.time_s = 315532800;  // 02263523000 octal
    // Sum of all bytes with the field itself as eight spaces (256):
    //   name: . 46 / 47 . 46 G 71 u 117 i 105 l 108 d 100 P 80 k 107 g 103           = 930
    //   mode 0000644: 7 x 48 + 14 = 350; owner and group: 2 x 336 = 672
    //   size 00000000005: 11 x 48 + 5 = 533; time 02263523000: 528 + 23 = 551
    //   kind '0' 48; "ustar" 117 + 115 + 116 + 97 + 114 = 559; "00" 96; device numbers 672
    //   256 + 930 + 350 + 672 + 533 + 551 + 48 + 559 + 96 + 672 = 4667 = 011073 octal
    std::string expected(512, '\0');
    expected.replace(0, 11, "./.GuildPkg");
    expected.replace(100, 7, "0000644");
    expected.replace(108, 7, "0000000");
    expected.replace(116, 7, "0000000");
    expected.replace(124, 11, "00000000005");
    expected.replace(136, 11, "02263523000");
    expected.replace(148, 8, std::string("011073\0 ", 8));
    expected[156] = '0';
    expected.replace(257, 8, std::string("ustar\00000", 8));
    expected.replace(329, 7, "0000000");
    expected.replace(337, 7, "0000000");
    CHECK(tar::encode_header(what) == expected);
}

TEST_CASE("encode_header: long names part at a slash, or stand in a pax member") {
    const std::string half(90, 'a');
    const std::string parted = tar::encode_header(named(half + '/' + half));
    REQUIRE(parted.size() == 512);
    CHECK(parted.substr(345, 91) == half + '\0');
    CHECK(parted.substr(0, 91) == half + '\0');
    for (const std::string& name :
         {std::string(101, 'b'), std::string(156, 'p') + "/c", "d/" + std::string(101, 'e')}) {
        const std::string with_pax = tar::encode_header(named(name));
        REQUIRE(with_pax.size() == 3 * 512);
        CHECK(with_pax[156] == 'x');
        CHECK(with_pax.substr(512, 512).find(" path=" + name + '\n') != std::string::npos);
    }
    CHECK(tar::encode_header(named(std::string(100, 'f'))).size() == 512);
    tar::member link = named("link");
    link.kind = tar::member_kind::symlink;
    link.target = std::string(101, 't');
    CHECK(tar::encode_header(link).find(" linkpath=ttt") != std::string::npos);
    tar::member large = named("large");
    large.size = 077777777777;
    CHECK(tar::encode_header(large).size() == 512);
    large.size += 1;
    CHECK(tar::encode_header(large).find("19 size=8589934592\n") != std::string::npos);
}

TEST_CASE("header_sum: counts its own field as spaces") {
    CHECK(tar::header_sum(std::string(512, '\0')) == 256);
    CHECK(tar::header_sum(std::string(512, '\xFF')) == 504 * 255 + 256);
}

TEST_CASE("parse_number: octal with spaces or NUL, and binary") {
    using std::string_view;
    CHECK(tar::parse_number(string_view("0000644\0", 8)) == 0644);
    CHECK(tar::parse_number("  644 ") == 0644);
    CHECK(tar::parse_number("") == 0);
    CHECK(tar::parse_number(string_view("\0\0\0", 3)) == 0);
    CHECK(tar::parse_number("77777777777") == 077777777777);
    CHECK(tar::parse_number(string_view("\x80\0\0\0\0\0\0\x02\0\0\0\0", 12)) == 8589934592);
    CHECK_FALSE(tar::parse_number("8"));
    CHECK_FALSE(tar::parse_number("12x"));
    CHECK_FALSE(tar::parse_number("-1"));
    CHECK_FALSE(tar::parse_number("1 2"));
    CHECK_FALSE(tar::parse_number(string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10)));
}

TEST_CASE("pax_record: its length counts itself") {
    CHECK(tar::pax_record("path", "a") == "9 path=a\n");
    CHECK(tar::pax_record("path", "ab") == "11 path=ab\n");  // 10 would need two digits
    CHECK(tar::pax_record("path", std::string(90, 'x')).substr(0, 9) == "99 path=x");
    CHECK(tar::pax_record("path", std::string(91, 'x')).substr(0, 9) == "101 path=");
}

TEST_CASE("take_pax_record: refuses lengths that do not fit") {
    std::string_view good = "9 path=a\n11 path=ab\n";
    const auto first = tar::take_pax_record(good);
    REQUIRE(first);
    CHECK(first->key == "path");
    CHECK(first->value == "a");
    CHECK(tar::take_pax_record(good)->value == "ab");
    CHECK(good.empty());
    for (const char* bad :
         {"", "9", "9 path=ab", "8 path=a\n", "11 path=a\n", "x path=a\n", "9 patha\n", "4 =a\n",
          " 9 path=a\n", "99999999999999999999 path=a\n", "0 \n", "-9 path=a\n"}) {
        std::string_view records = bad;
        CHECK_FALSE(tar::take_pax_record(records));
    }
}

TEST_CASE("padding: fills up to whole blocks") {
    CHECK(tar::padding(0) == 0);
    CHECK(tar::padding(1) == 511);
    CHECK(tar::padding(512) == 0);
    CHECK(tar::padding(513) == 511);
}

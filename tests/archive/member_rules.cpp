#include <guild/archive/member_rules.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

namespace rules_tar = guild::archive;
using rules_tar::member_kind;

guild::result<void> admit(rules_tar::member_rules& rules, const std::string& name,
                          member_kind kind = member_kind::file, const std::string& target = "") {
    rules_tar::member next;
    next.name = name;
    next.kind = kind;
    next.target = target;
    return rules.admit(next);
}

bool links_stay(const std::string& name, const std::string& target) {
    rules_tar::member_rules rules;
    REQUIRE(admit(rules, "a/b/file"));
    REQUIRE(admit(rules, "a/b/up", member_kind::symlink, "../.."));
    REQUIRE(admit(rules, "deep", member_kind::symlink, "a/b"));
    REQUIRE(admit(rules, name, member_kind::symlink, target));
    return rules.check_links().has_value();
}

}  // namespace

TEST_CASE("normalize_member_name: dots and slashes that mean nothing go") {
    CHECK(*rules_tar::normalize_member_name("./") == "");
    CHECK(*rules_tar::normalize_member_name("./a//b/./c/") == "a/b/c");
    CHECK(*rules_tar::normalize_member_name("..a/b..") == "..a/b..");
    CHECK(*rules_tar::normalize_member_name(".gitignore") == ".gitignore");
    CHECK(*rules_tar::normalize_member_name("caf\xC3\xA9") == "caf\xC3\xA9");
}

TEST_CASE("normalize_member_name: refuses what leads outside") {
    for (const std::string& name :
         {std::string(), std::string("/a"), std::string(".."), std::string("a/.."),
          std::string("a/../b"), std::string("a\nb"), std::string("a\0b", 3), std::string("\x7F"),
          std::string(".git"), std::string("x/.Git/y"), std::string(256, 'a'),
          std::string(2050, 'a') + '/' + std::string(2050, 'b')}) {
        const auto refused = rules_tar::normalize_member_name(name);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == guild::errc::bad_value);
    }
}

TEST_CASE("show_name: control characters are spelled out") {
    CHECK(rules_tar::show_name("a\n\x1B\x7F z") == "\"a\\x0A\\x1B\\x7F z\"");
}

TEST_CASE("member rules: a name that differs in case is a twin") {
    rules_tar::member_rules rules;
    REQUIRE(admit(rules, "Docs/Read"));
    CHECK_FALSE(admit(rules, "Docs/read"));
    CHECK_FALSE(admit(rules, "docs/other"));
    CHECK_FALSE(admit(rules, "Docs/Read"));
    CHECK_FALSE(admit(rules, "Docs", member_kind::file));
    CHECK(admit(rules, "Docs/", member_kind::directory));
    CHECK_FALSE(admit(rules, "Docs/", member_kind::directory));
    CHECK(admit(rules, "Docs/more"));
}

TEST_CASE("member rules: a link through a link is followed") {
    CHECK(links_stay("l", "a/b/file"));
    CHECK(links_stay("l", "nowhere"));
    CHECK(links_stay("l", "a/b/up/a"));
    CHECK(links_stay("l", "deep/../b/file"));
    CHECK(links_stay("l", "deep//up/"));
    CHECK(links_stay("x/l", "../a"));
    CHECK_FALSE(links_stay("l", ".."));
    CHECK_FALSE(links_stay("l", "a/b/up/.."));
    CHECK_FALSE(links_stay("l", "deep/up/.."));
    CHECK_FALSE(links_stay("l", "DEEP/UP/.."));
    CHECK_FALSE(links_stay("l", "deep/../../.."));
    CHECK_FALSE(links_stay("x/l", "../.."));
    CHECK_FALSE(links_stay("l", "l"));
    CHECK_FALSE(links_stay("l", "/a"));
}

TEST_CASE("member rules: more members than allowed are refused") {
    rules_tar::limits allowed;
    allowed.max_members = 2;
    rules_tar::member_rules rules(allowed);
    REQUIRE(admit(rules, "a"));
    REQUIRE(admit(rules, "b"));
    CHECK(admit(rules, "c").error().code == guild::errc::too_large);
}

TEST_CASE("member rules: directories that only names hold are counted too") {
    rules_tar::limits allowed;
    allowed.max_members = 10;
    rules_tar::member_rules rules(allowed);
    CHECK(admit(rules, "1/2/3/4/5/f"));
    CHECK(admit(rules, "a/b/c/d/e/f"));
    const auto refused = admit(rules, "last");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == guild::errc::too_large);
}

TEST_CASE("member rules: names take no more memory than is allowed") {
    rules_tar::limits allowed;
    allowed.max_names_bytes = 100;
    rules_tar::member_rules rules(allowed);
    CHECK(admit(rules, std::string(60, 'a')));
    CHECK(admit(rules, std::string(60, 'b')));
    const auto refused = admit(rules, "c");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == guild::errc::too_large);
}

TEST_CASE("normalize_member_name: a name has a bounded number of parts") {
    std::string deep;
    for (int i = 0; i < 256; ++i) {
        deep += "a/";
    }
    CHECK(rules_tar::normalize_member_name(deep));
    CHECK_FALSE(rules_tar::normalize_member_name(deep + 'f'));
}

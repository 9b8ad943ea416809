#include <guild/package/package_name.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_CASE("package name: what leads elsewhere is refused") {
    using guild::package::check_package_name;
    CHECK(check_package_name("mnist-tutorial-src", "1"));
    CHECK(check_package_name("inception-v1+cifar10", "1.0~rc.1_2"));
    for (const std::string& bad :
         {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("/a"),
          std::string("a\nb"), std::string("a\0b", 3), std::string("-a"), std::string("a b"),
          std::string("a\tb"), std::string(101, 'a'), std::string("a:b"),
          std::string("\xC3\xA9")}) {
        CHECK(check_package_name(bad, "1").error().message.find("package's name") !=
              std::string::npos);
        CHECK(check_package_name("a", bad).error().message.find("package's version") !=
              std::string::npos);
    }
}

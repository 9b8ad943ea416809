#include <guild/package/tree_ref.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace package = guild::package;

namespace {

std::string id_of(char digit) {
    return std::string(40, digit);
}

std::vector<package::git_ref> some_refs() {
    return {{"refs/heads/master", id_of('1')},   {"refs/heads/feature", id_of('2')},
            {"refs/tags/feature/x", id_of('3')}, {"refs/heads/rel/1", id_of('4')},
            {"refs/heads/rel/2", id_of('5')},    {"refs/heads/both", id_of('6')},
            {"refs/tags/both", id_of('7')}};
}

std::string tree_of(const std::string& rest) {
    const auto resolved = package::resolve_tree(rest, some_refs());
    return resolved
               ? resolved->ref + ' ' + resolved->commit.substr(0, 1) + " (" + resolved->path + ')'
               : std::string(guild::to_string(resolved.error().code)) + ": " +
                     resolved.error().message;
}

}  // namespace

TEST_CASE("resolve_tree: no ref, and a branch and a tag of one name, are errors with a way out") {
    CHECK(tree_of("both/a") == "bad_value: `both` is a branch and a tag, write refs/heads/both or "
                               "refs/tags/both in its place");
    CHECK(tree_of("rel/3/a") == "not_found: no branch, tag or commit begins `rel/3/a`; these share "
                                "its first component: rel/1, rel/2");
    CHECK(tree_of("mster") == "not_found: no branch, tag or commit begins `mster`; did you mean "
                              "`master`?");
    CHECK(package::resolve_tree("x", {}).error().message ==
          "no branch, tag or commit begins `x`; the repository has no branches or tags");
    CHECK(tree_of("master2/x") == "not_found: no branch, tag or commit begins `master2/x`; did you "
                                  "mean `master`?");
}

TEST_CASE("resolve_tree: the longest ref wins") {
    CHECK(tree_of("master") == "refs/heads/master 1 ()");
    CHECK(tree_of("master/a/b") == "refs/heads/master 1 (a/b)");
    CHECK(tree_of("feature/x/y") == "refs/tags/feature/x 3 (y)");
    CHECK(tree_of("feature/xy") == "refs/heads/feature 2 (xy)");
    CHECK(tree_of("refs/tags/both/a") == "refs/tags/both 7 (a)");
    CHECK(tree_of("refs/heads/both") == "refs/heads/both 6 ()");
}

TEST_CASE("resolve_tree: a first component of hex digits is a commit") {
    CHECK(tree_of(std::string(40, 'A') + "/p") == " a (p)");
    CHECK(tree_of(std::string(64, 'b')) == " b ()");
    CHECK(tree_of(std::string(39, 'b')).substr(0, 9) == "not_found");
}

TEST_CASE("parse_refs: an annotated tag is the commit it points at") {
    const auto refs = package::parse_refs(
        id_of('0') + "\tHEAD\n" + id_of('1') + "\trefs/heads/m\n" + id_of('2') + "\trefs/tags/v\n" +
        id_of('3') + "\trefs/tags/v^{}\n" + id_of('4') + "\trefs/pull/1/head\n");
    REQUIRE(refs);
    REQUIRE(refs->size() == 2);
    CHECK((*refs)[1].name == "refs/tags/v");
    CHECK((*refs)[1].commit == id_of('3'));
    const std::string odd = id_of('1') + "\trefs/heads/a:refs/heads/b\n" + id_of('1') +
                            "\trefs/heads/../x\n" + id_of('1') + "\trefs/heads/\n";
    CHECK(package::parse_refs(odd)->empty());
    const auto wrong = package::parse_refs("warning: hello\n");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == guild::errc::bad_syntax);
}

TEST_CASE("get_ref: a name that is not there brings the nearest to mind") {
    CHECK(package::get_ref("refs/heads/master", some_refs())->commit == id_of('1'));
    const auto wrong = package::get_ref("refs/heads/mastr", some_refs());
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message == "no ref `refs/heads/mastr`; did you mean `refs/heads/master`?");
}

#include <guild/package/source.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace package = guild::package;
using package::source_kind;

namespace {

void must_fail_source(const std::string& text, std::uint64_t begin, std::uint64_t end,
                      const std::string& message) {
    CAPTURE(text);
    const auto parsed = package::parse_source(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == guild::errc::bad_value);
    CHECK(parsed.error().message == message);
    CHECK(parsed.error().where.begin == begin);
    CHECK(parsed.error().where.end == end);
}

package::source must_parse_source(const std::string& text) {
    CAPTURE(text);
    auto parsed = package::parse_source(text);
    REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.error().message));
    CHECK(parsed->text == text);
    return std::move(*parsed);
}

}  // namespace

TEST_CASE("parse_source: what is no source is told with its place in the word") {
    must_fail_source("", 0, 0, "expected a source, seen nothing");
    must_fail_source("a\"b", 1, 3,
                     "expected a source without white space, quotes and control characters");
    must_fail_source("-x", 0, 2, "expected a source that does not begin with `-`");
    must_fail_source("n::-x", 3, 5, "expected a source that does not begin with `-`");
    must_fail_source("../n::x", 0, 4, "expected a name before `::`, seen `.` at its start");
    must_fail_source("n::", 1, 3, "expected a source behind `::`, seen nothing");
    must_fail_source("gopher://h/x", 0, 12,
                     "expected https, http, ftp, file or git+URL, seen scheme `gopher`");
    const std::string outside = "expected a file or directory below the package's directory, ";
    must_fail_source("/etc/passwd", 0, 11, outside + "seen `/etc/passwd`");
    must_fail_source("a/../../b", 0, 9, outside + "seen `a/../../b`");
    must_fail_source("./.", 0, 3, outside + "seen `./.`");
    must_fail_source("https://h/", 0, 10,
                     "expected a URL that ends in the name of a file; give one by NAME::URL");
    must_fail_source("https://h/a%2F..", 0, 16,
                     "expected a name for what is fetched, seen `..`; give one by NAME::");
}

TEST_CASE("parse_source: what is no GitHub tree is told with what to write instead") {
    const std::string form = "expected https://github.com/OWNER/REPO/tree/REF/PATH; a whole "
                             "repository is git+https://github.com/OWNER/REPO.git";
    must_fail_source("https://github.com/o/r", 0, 22, form);
    must_fail_source("https://github.com/o/r/blob/master/x", 0, 36, form);
    must_fail_source("https://github.com/o/r/tree/", 28, 28,
                     "expected a branch, tag or commit behind tree/, seen nothing");
    must_fail_source("https://github.com/o/r/tree/m/../x", 28, 34,
                     "expected a path within the repository, seen component `..`");
    must_fail_source("https://github.com/o/r/tree/m/.GIT/x", 28, 36,
                     "expected a path within the repository, seen component `.GIT`");
    must_fail_source("https://github.com/o/r/tree/m/%2e%2e/x", 28, 38,
                     "expected a path within the repository, seen component `..`");
    must_fail_source("https://github.com//r/tree/m", 19, 28,
                     "expected an owner and a repository, seen ``");
}

TEST_CASE("parse_source: what is no git source is told at its part") {
    must_fail_source("git+rsync://h/x", 4, 15,
                     "expected https, http, ssh or file behind `git+`, seen `rsync`");
    must_fail_source("git+ssh://-oProxyCommand=x/y", 4, 28,
                     "expected a host or, with file, a path from the root");
    must_fail_source("git+https://h/r#v1", 16, 18,
                     "expected commit=ID, tag=NAME or branch=NAME behind `#`");
    must_fail_source("git+https://h/r#tag=", 16, 20,
                     "expected commit=ID, tag=NAME or branch=NAME behind `#`");
    must_fail_source("git+https://h/r#commit=abc", 23, 26,
                     "expected a commit of 40 or 64 hex digits, seen `abc`");
    must_fail_source("git+https://h/r#branch=-x", 23, 25,
                     "expected the name of a branch, seen `-x`");
    must_fail_source("git+https://h/r#tag=a..b", 20, 24, "expected the name of a tag, seen `a..b`");
}

TEST_CASE("parse_source: a GitHub URL keeps what is behind tree") {
    const auto tree = must_parse_source("https://github.com/tensorflow/tensorflow/tree/master/"
                                        "tensorflow/examples/tutorials/mnist");
    CHECK(tree.kind == source_kind::github_tree);
    CHECK(tree.name == "tensorflow");
    CHECK(tree.url == "https://github.com/tensorflow/tensorflow.git");
    CHECK(tree.tree_rest == "master/tensorflow/examples/tutorials/mnist");
    CHECK_FALSE(tree.is_renamed);
    const auto odd = must_parse_source("tf::https://github.com/o/r.git/tree/a%23b/c/");
    CHECK(odd.name == "tf");
    CHECK(odd.url == "https://github.com/o/r.git");
    CHECK(odd.tree_rest == "a#b/c");
}

TEST_CASE("parse_source: a git source has a URL and at most one name of a commit") {
    const auto plain = must_parse_source("git+https://h/o/r.git");
    CHECK(plain.kind == source_kind::git);
    CHECK(plain.name == "r");
    CHECK(plain.url == "https://h/o/r.git");
    CHECK(plain.ref == package::ref_kind::none);
    const std::string id(40, 'A');
    const auto commit = must_parse_source("n::git+file:///x/r#commit=" + id);
    CHECK(commit.name == "n");
    CHECK(commit.url == "file:///x/r");
    CHECK(commit.ref == package::ref_kind::commit);
    CHECK(commit.ref_name == std::string(40, 'a'));
    CHECK(must_parse_source("git+ssh://git@h/r#tag=v1.0").ref_name == "v1.0");
    CHECK(must_parse_source("git+ssh://git@h/r#branch=a/b").ref == package::ref_kind::branch);
}

TEST_CASE("parse_source: downloads and local sources are archives by the end of their name") {
    const auto archive = must_parse_source("https://h/d/x-1.0.tar.gz?y=z/w#part");
    CHECK(archive.kind == source_kind::download);
    CHECK(archive.url == "https://h/d/x-1.0.tar.gz?y=z/w");
    CHECK(archive.file_name == "x-1.0.tar.gz");
    CHECK(archive.name == "x-1.0");
    CHECK(archive.is_archive);
    const auto renamed = must_parse_source("data.tar::ftp://h/get?id=7");
    CHECK(renamed.file_name == "data.tar");
    CHECK(renamed.name == "data");
    CHECK(renamed.is_archive);
    CHECK_FALSE(must_parse_source("https://h/train.gz").is_archive);
    CHECK(must_parse_source("https://github.com/o/r/archive/v1.tar.gz").kind ==
          source_kind::download);
    const auto local = must_parse_source("./d//Guild.in");
    CHECK(local.kind == source_kind::local);
    CHECK(local.path == "d/Guild.in");
    CHECK(local.name == "Guild.in");
    CHECK(must_parse_source("p.txz").name == "p");
}

TEST_CASE("archive_stem: every ending of an archive is cut") {
    for (const char* end : {".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2",
                            ".tbz", ".tar.zst", ".tzst", ".TGZ"}) {
        CHECK(package::archive_stem(std::string("a.b") + end) == "a.b");
    }
    CHECK(package::archive_stem("x.zip") == "x.zip");
    CHECK(package::archive_stem(".tar") == ".tar");
}

TEST_CASE("file name problem: slashes, dots, dashes and control bytes") {
    CHECK(package::find_name_problem("a-1.0_b+c~d@e").empty());
    CHECK(package::find_name_problem("") == "seen nothing");
    CHECK(package::find_name_problem("a/b") == "seen `/`");
    CHECK(package::find_name_problem("a..b") == "seen `..`");
    CHECK(package::find_name_problem("a\nb") == "seen a control character");
    CHECK(package::find_name_problem("-a") == "seen `-` at its start");
    CHECK(package::find_name_problem(".a") == "seen `.` at its start");
    CHECK(package::find_name_problem("a b") == "seen ` `");
    CHECK(package::find_name_problem("\xC3\xA4") == "seen a byte that is not ASCII");
    CHECK(package::find_name_problem(std::string(101, 'a')) == "seen 101 bytes, at most 100");
}

TEST_CASE("url_scheme: small letters, and nothing for what is no URL") {
    CHECK(package::url_scheme("HTTPS://h") == "https");
    CHECK(package::url_scheme("a/b://c").empty());
    CHECK(package::url_scheme("://c").empty());
    CHECK(package::is_unprotected("http://h/x"));
    CHECK_FALSE(package::is_unprotected("https://h/x"));
}

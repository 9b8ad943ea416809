#include <guild/package/build.hpp>

#include <algorithm>
#include <string>

#include <support/child_program.hpp>
#include <support/temp_dir.hpp>

#include <sys/stat.h>

#include <doctest/doctest.h>

using guild::package::build_request;
using guild_test::temp_dir;

namespace {

// A package's directory with a packager, and what building it printed.
class build_place {
public:
    build_place() {
        (void)dir_.write("src/upstream/file", "content\n");
        REQUIRE(guild::os::make_directories(dir_ / "pkg"));
        request_.srcdir = dir_ / "src";
        request_.pkgdir = dir_ / "pkg";
        request_.on_output = [this](int stream, std::string_view bytes) {
            (stream == 1 ? out_ : err_).append(bytes);
            all_bytes_ += bytes.size();
            if (out_.size() > 100'000) {
                out_.resize(100);
            }
        };
    }

    void set_packager(const std::string& text) {
        request_.packager = dir_.write("packager", text);
        request_.packager_shown = "packager";
    }

    // "ok", or the error as people see it.
    std::string build() {
        const auto built = guild::package::build(request_);
        code_ = built ? guild::errc::ok : built.error().code;
        return built ? "ok" : to_string(built.error());
    }

    std::string build(const std::string& packager) {
        set_packager(packager);
        return build();
    }

    std::string text(const std::string& name) const {
        return guild::os::load_file(dir_ / name).value_or("missing");
    }

    const temp_dir& dir() const { return dir_; }
    build_request& request() { return request_; }
    const std::string& out() const { return out_; }
    const std::string& err() const { return err_; }
    std::uint64_t all_bytes() const { return all_bytes_; }
    guild::errc code() const { return code_; }

private:
    temp_dir dir_;
    build_request request_;
    std::string out_;
    std::string err_;
    std::uint64_t all_bytes_ = 0;
    guild::errc code_ = guild::errc::ok;
};

}  // namespace

TEST_CASE("build: the steps run in their order, each announced, others not at all") {
    build_place place;
    CHECK(place.build("package() { echo four; }\nother() { echo never; }\nprepare() { echo one; }\n"
                      "check() { echo three; }\nbuild() { echo two; }\n") == "ok");
    CHECK(
        place.out() ==
        "Running prepare\none\nRunning build\ntwo\nRunning check\nthree\nRunning package\nfour\n");
}

TEST_CASE("build: a step that is not defined is skipped, the default package copies the sources") {
    build_place place;
    CHECK(place.build("prepare() { ln -s file upstream/link; }\n") == "ok");
    CHECK(place.out() == "Running prepare\nRunning package\n");
    CHECK(place.text("pkg/upstream/file") == "content\n");
    CHECK(guild::os::find_link_status(place.dir() / "pkg/upstream/link")->kind ==
          guild::os::file_kind::symlink);
}

TEST_CASE("build: without a packager the sources are copied") {
    build_place place;
    CHECK(place.build() == "ok");
    CHECK(place.out() == "Running package\n");
    CHECK(place.text("pkg/upstream/file") == "content\n");
}

TEST_CASE("build: a packager sees a clean environment") {
    build_place place;
    ::setenv("BASH_ENV", "/nonexistent/evil", 1);
    ::setenv("GUILD_SECRET", "x", 1);
    place.request().variables = {
        {"package_name", "demo"}, {"package_version", "1 2"}, {"srcdir", "/"}, {"TZ", "CET"}};
    place.request().time_s = 1'000'000'000;
    CHECK(place.build("build() { env | cut -d = -f 1 | sort | tr '\\n' ' '; echo; umask; pwd\n"
                      "echo \"$package_name $package_version\"\n"
                      "echo \"$LC_ALL $TZ $SOURCE_DATE_EPOCH\"; cat; [[ -d $TMPDIR && -d $HOME ]]\n"
                      "[[ $TMPDIR == \"$HOME\"/* && $pkgdir == */pkg && $# == 0 ]]; echo $HOME; }\n"
                      "package() { :; }\n") == "ok");
    ::unsetenv("BASH_ENV");
    ::unsetenv("GUILD_SECRET");
    const std::string& out = place.out();
    INFO(out);
    CHECK(out.find("Running build\nHOME LC_ALL OLDPWD PATH PWD SHLVL SOURCE_DATE_EPOCH TMPDIR TZ _ "
                   "package_name package_version pkgdir srcdir \n"
                   "0022\n" +
                   place.request().srcdir + "\ndemo 1 2\nC UTC 1000000000\n") == 0);
    const std::string home = out.substr(out.find("/guild-build-"));
    CHECK_FALSE(guild::os::find_status("/tmp" + home.substr(0, home.find('\n'))));
    CHECK(place.err().empty());
}

TEST_CASE("build: sources get one time before the steps, unless they are not the build's own") {
    build_place place;
    place.request().time_s = 1'500'000'000;
    place.set_packager("build() { stat -c %Y upstream/file . upstream; }\npackage() { :; }\n");
    REQUIRE(place.build() == "ok");
    CHECK(place.out() == "Running build\n1500000000\n1500000000\n1500000000\nRunning package\n");
    (void)place.dir().write("src/upstream/file", "new");
    const auto before = guild::os::find_status(place.dir() / "src/upstream/file");
    place.request().set_source_times = false;
    REQUIRE(place.build() == "ok");
    CHECK(guild::os::find_status(place.dir() / "src/upstream/file")->modified_ns ==
          before->modified_ns);
}

TEST_CASE("build: the line and the command of a failed step are told") {
    build_place place;
    CHECK(place.build("build() {\n  echo before\n  ls /nonexistent\n  echo after\n}\n") ==
          "packager:3: step build failed with status 2: ls /nonexistent");
    CHECK(place.out() == "Running build\nbefore\n");
    CHECK(place.err().find("/nonexistent") != std::string::npos);
}

TEST_CASE("build: failures in functions, pipes, subshells and substitutions are told where they "
          "are") {
    build_place place;
    CHECK(place.build("helper() {\n  false\n}\npackage() {\n  helper\n}\n") ==
          "packager:2: step package failed with status 1: false");
    CHECK(place.build("build() {\n  false | cat\n}\n") ==
          "packager:2: step build failed with status 1: cat");
    CHECK(place.build("build() {\n  (\n    cd /\n    false\n  )\n}\n") ==
          "packager:4: step build failed with status 1: false");
    CHECK(place.build("build() {\n  local x\n  x=$(false; echo y)\n}\n") ==
          "packager:3: step build failed with status 1: false");
    CHECK(place.build("false || true\nif false; then :; fi\n:\nfalse\n") ==
          "packager:4: the packager failed with status 1: false");
}

TEST_CASE("build: a step that ends in a list whose beginning fails is told where it begins") {
    build_place place;
    CHECK(place.build(":\nbuild() {\n  :\n  [ -e x ] && echo x\n}\n") ==
          "packager:2: step build failed with status 1: [ -e x ]");
}

TEST_CASE("build: a default step that fails is no line of a file") {
    build_place place;
    (void)place.dir().write("pkg/upstream", "in the way of a directory");
    CHECK(place.build("").find("packager: step package failed with status 1: cp -a ") == 0);
}

TEST_CASE("build: what may fail by its own words does not end a step") {
    build_place place;
    CHECK(place.build("build() {\n  x=$(false) || true\n  ( false ) || true\n  ! true\n"
                      "  set +e\n  false\n  set -e\n  true\n}\npackage() { :; }\n") == "ok");
}

TEST_CASE("build: exit ends a step with its status, and ends it alone") {
    build_place place;
    CHECK(place.build("build() { echo one; exit 0; echo two; }\npackage() { exit 3; }\n") ==
          "packager: step package failed: exit code 3");
    CHECK(place.out() == "Running build\none\nRunning package\n");
    CHECK(place.build("exit 0\n") == "packager: the packager ended before its steps were run");
}

TEST_CASE("build: each step starts in srcdir with what the top of the packager set") {
    build_place place;
    CHECK(place.build("x=top\nprepare() { x=prepare; cd /; }\n"
                      "package() { echo \"$x $(basename \"$PWD\")\"; }\n") == "ok");
    CHECK(place.out() == "Running prepare\nRunning package\ntop src\n");
}

TEST_CASE("build: a packager that bash cannot read, or that is missing, is told") {
    build_place place;
    CHECK(place.build("build() {\n  echo\n  echo )\n}\n") ==
          "packager:3: syntax error near unexpected token `)'");
    CHECK(place.code() == guild::errc::bad_syntax);
    CHECK(place.out().empty());
    place.request().packager = place.dir() / "other";
    CHECK(place.build() == "packager: there is no such packager");
    CHECK(place.code() == guild::errc::not_found);
}

TEST_CASE("build: names with blanks, quotes and dashes are harmless") {
    const temp_dir dir;
    const std::string root = dir / "it's a -n \"dir\"";
    (void)dir.write("it's a -n \"dir\"/src/-f", "x");
    build_request request;
    request.packager = dir.write("it's a -n \"dir\"/-packager $(x)", "build() { ls; }\n");
    request.srcdir = root + "/src";
    request.pkgdir = root + "/pkg";
    REQUIRE(guild::os::make_directories(request.pkgdir));
    const auto built = guild::package::build(request);
    REQUIRE_MESSAGE(built, (built ? std::string() : to_string(built.error())));
    CHECK(guild::os::is_regular_file(root + "/pkg/-f"));
}

TEST_CASE("build: a packager that hangs is stopped with all it started") {
    build_place place;
    place.request().timeout_ms = 1000;
    CHECK(place.build("build() { trap '' TERM; sleep 1000 & echo $! >$pkgdir/pid; wait; }\n") ==
          "packager: step build was stopped: the build had 1 s");
    CHECK(place.code() == guild::errc::timed_out);
    CHECK(guild_test::ends_soon(std::stoi(place.text("pkg/pid"))));
}

TEST_CASE("build: what a step leaves running ends with the build") {
    build_place place;
    CHECK(place.build("build() { sleep 1000 & echo $! >$pkgdir/pid; }\npackage() { :; }\n") ==
          "ok");
    CHECK(guild_test::ends_soon(std::stoi(place.text("pkg/pid"))));
}

TEST_CASE("build: is stopped when its descriptor can be read") {
    build_place place;
    auto pipe = guild::os::make_pipe();
    REQUIRE(pipe);
    REQUIRE(::write(pipe->write.get(), "x", 1) == 1);
    place.request().stop_fd = pipe->read.get();
    CHECK(place.build("build() { sleep 1000; }\n").find("was stopped") != std::string::npos);
    CHECK(place.code() == guild::errc::interrupted);
}

TEST_CASE("build: the log has both streams, and much output fills neither memory nor disk") {
    build_place place;
    place.request().log_path = place.dir() / "package.log";
    place.request().log_limits = {200'000, 500};
    CHECK(place.build("build() { echo out; echo err >&2; head -c 300M /dev/zero; echo end; }\n"
                      "package() { :; }\n") == "ok");
    CHECK(place.all_bytes() > 300'000'000);
    const std::string log = place.text("package.log");
    CHECK(log.size() < 201'000);
    CHECK(log.find("Running build\n") == 0);
    CHECK(log.find("err\n") != std::string::npos);
    CHECK(log.find(" bytes of output are left out here]\n") != std::string::npos);
    CHECK(log.rfind("end\nRunning package\n") == log.size() - 20);
}

TEST_CASE("build: writing beside srcdir and pkgdir is noticed in the watched directory") {
    build_place place;
    (void)place.dir().write("GuildPkg", "x");
    place.request().log_path = place.dir() / "package.log";
    place.request().watched_directory = place.dir().path();
    CHECK(place.build("build() { touch \"$srcdir/new\" \"$pkgdir/new\"; }\n") == "ok");
    CHECK(place.build("build() { echo x >\"$srcdir/../other\"; }\n") ==
          "packager: the packager wrote outside of $srcdir and $pkgdir: other was made");
    CHECK(place.code() == guild::errc::bad_value);
    CHECK(place.build("build() { echo x >>\"$srcdir/../GuildPkg\"; }\n") ==
          "packager: the packager wrote outside of $srcdir and $pkgdir: GuildPkg was changed");
}

TEST_CASE("build: a pkgdir that was replaced by a link is refused") {
    build_place place;
    CHECK(place.build("package() { rmdir \"$pkgdir\"; ln -s /etc \"$pkgdir\"; }\n") ==
          "packager: the packager replaced the directory $pkgdir");
}

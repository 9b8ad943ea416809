#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <guild/viewer/run_files.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

namespace {

class run_with_files {
public:
    run_with_files() {
        (void)dir_.write("secret", "s");
        path_ = guild_test::make_completed_run(dir_.path(), "a", "m", 0);
        (void)dir_.write("a/notes.txt", "one\ntwo\n");
        (void)dir_.write("a/page.html", "<script>alert(1)</script>");
        (void)dir_.write("a/deep/model.bin", std::string("\0\1\2", 3));
        (void)dir_.write("a/plot.png", "\x89PNG\r\n\x1A\n....");
        (void)::symlink("../secret", (path_ + "/link").c_str());
        (void)::mkfifo((path_ + "/fifo").c_str(), 0600);
    }
    [[nodiscard]] runs::run run() const { return *runs::run::open(path_); }
    [[nodiscard]] viewer::response send(const std::string& name,
                                        viewer::file_request what = {}) const {
        what.id = viewer::file_id(name);
        auto out = viewer::send_run_file(run(), what);
        REQUIRE(out);
        return std::move(*out);
    }
    [[nodiscard]] std::string content(const viewer::response& sent) const {
        std::string out(static_cast<std::size_t>(sent.file->size), '\0');
        const auto got = sent.file->from->read_at(sent.file->offset, out.data(), out.size());
        REQUIRE(got);
        return out;
    }

private:
    guild_test::temp_dir dir_;
    std::string path_;
};

}  // namespace

TEST_CASE("run files: regular files are listed, links and pipes are not") {
    const run_with_files here;
    const auto listed = viewer::list_run_files(here.run());
    REQUIRE(listed);
    std::set<std::string> names;
    for (const json::value& each : (*listed)["files"]) {
        names.insert(each["name"].get<std::string>());
        CHECK(each["file"].get<std::string>().size() == 16);
    }
    CHECK(names == std::set<std::string>{"notes.txt", "page.html", "deep/model.bin", "plot.png",
                                         "guild.d/meta.tsv"});
    CHECK((*listed)["is_cut"] == false);
}

TEST_CASE("run files: what a browser could run is downloaded") {
    const run_with_files here;
    const viewer::response page = here.send("page.html");
    CHECK(page.content_type == "text/plain; charset=utf-8");
    CHECK(here.content(page) == "<script>alert(1)</script>");
    CHECK(page.find_header("Content-Disposition") == "inline; filename=\"page.html\"");
    const viewer::response model = here.send("deep/model.bin");
    CHECK(model.content_type == "application/octet-stream");
    CHECK(model.find_header("Content-Disposition") == "attachment; filename=\"model.bin\"");
    CHECK(here.send("plot.png").content_type == "image/png");
    viewer::file_request download;
    download.is_download = true;
    CHECK(contains(*here.send("notes.txt", download).find_header("Content-Disposition"),
                   "attachment"));
}

TEST_CASE("run files: a part is chosen from the start or the end") {
    const run_with_files here;
    viewer::file_request part;
    part.offset = -4;
    CHECK(here.content(here.send("notes.txt", part)) == "two\n");
    part.limit = 3;
    CHECK(here.content(here.send("notes.txt", part)) == "two");
    part.offset = 100;
    CHECK(here.send("notes.txt", part).file->size == 0);
    part.offset = std::numeric_limits<std::int64_t>::min();
    CHECK(here.content(here.send("notes.txt", part)) == "one");
}

TEST_CASE("run files: an id is no path and no link") {
    const run_with_files here;
    for (const std::string name : {"link", "fifo", "../secret", "deep", "none", "", "guild.d"}) {
        viewer::file_request what;
        what.id = viewer::file_id(name);
        CHECK_FALSE(viewer::send_run_file(here.run(), what));
        what.id = name;
        CHECK_FALSE(viewer::send_run_file(here.run(), what));
    }
}

TEST_CASE("run files: types by content") {
    CHECK(viewer::content_type_of("plain \xC3\xA4 \x1B[1mbold") == "text/plain; charset=utf-8");
    CHECK(viewer::content_type_of("cut \xC3") == "text/plain; charset=utf-8");
    CHECK(viewer::content_type_of("") == "text/plain; charset=utf-8");
    CHECK(viewer::content_type_of(std::string("a\0b", 3)) == "application/octet-stream");
    CHECK(viewer::content_type_of("\xFF\xFE..") == "application/octet-stream");
    CHECK(viewer::content_type_of("<svg xmlns='http://www.w3.org/2000/svg'>") ==
          "text/plain; charset=utf-8");
    CHECK(viewer::content_type_of("\xFF\xD8\xFF\xE0") == "image/jpeg");
    CHECK(viewer::content_type_of("GIF89a") == "image/gif");
    CHECK(viewer::content_type_of("RIFF....WEBP") == "image/webp");
}

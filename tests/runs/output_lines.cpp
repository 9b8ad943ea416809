#include <guild/runs/output_lines.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <support/temp_dir.hpp>

#include <doctest/doctest.h>

using namespace guild::runs;
using guild::line_end;
namespace os = guild::os;

namespace {

output_span span_of(output_stream stream, std::uint64_t offset, std::string_view text) {
    output_span span;
    span.stream = stream;
    span.offset = offset;
    span.text = text;
    return span;
}

std::string describe_line(const output_line& line) {
    const char* const ends[] = {"\\n", "\\r", "+", "."};
    std::string text = line.lost_bytes > 0
                           ? "lost " + std::to_string(line.lost_bytes)
                           : std::string(line.text) + ends[static_cast<int>(line.end)];
    text += line.is_cut ? " cut" : "";
    text += line.replaced > 0 ? " over " + std::to_string(line.replaced) : "";
    return (line.stream == output_stream::err ? "err " : "") + text;
}

// Lines of one stream whose bytes come in pieces.
std::vector<std::string> split_pieces(const std::vector<std::string>& pieces, bool folds = false) {
    std::vector<std::string> found;
    output_lines lines;
    output_folder folder;
    std::uint64_t offset = 0;
    const auto show = [&](const output_line& line) { found.push_back(describe_line(line)); };
    const auto take = [&](const output_line& line) {
        if (folds) {
            folder.feed(line, show);
        } else {
            show(line);
        }
    };
    for (const std::string& piece : pieces) {
        lines.feed(span_of(output_stream::out, offset, piece), take);
        offset += piece.size();
    }
    lines.finish(take);
    folder.finish(show);
    return found;
}

std::vector<std::string> split_whole(const std::string& text, bool folds = false) {
    return split_pieces({text}, folds);
}

using line_texts = std::vector<std::string>;

}  // namespace

TEST_CASE("output lines: any cut of the output gives the same lines") {
    const char* const parts[] = {"a", "bc", "\n", "\r", "\r\n", "\n\n", "\r\r", "\xC3\xA4", "\xFF"};
    std::mt19937 random(3);
    INFO("seed 3");
    for (int round = 0; round < 300; ++round) {
        std::string text;
        for (auto i = random() % 30; i > 0; --i) {
            text += parts[random() % 9];
        }
        std::vector<std::string> pieces;
        for (std::size_t at = 0; at < text.size(); at += pieces.back().size()) {
            pieces.push_back(text.substr(at, 1 + random() % 4));
        }
        CAPTURE(text);
        CHECK(split_pieces(pieces) == split_whole(text));
    }
    CHECK(split_whole("a\r\nb\rc\r\rd\n\ne") ==
          line_texts{"a\\n", "b\\r", "c\\r", "\\r", "d\\n", "\\n", "e."});
    CHECK(split_whole("a\r") == line_texts{"a\\r"});
}

TEST_CASE("output lines: the streams do not cut each other's lines") {
    line_texts found;
    output_lines lines;
    const auto take = [&](const output_line& line) {
        found.push_back(describe_line(line) + '@' + std::to_string(line.offset));
    };
    lines.feed(span_of(output_stream::out, 0, "loss: 0."), take);
    lines.feed(span_of(output_stream::err, 8, "warning\n"), take);
    lines.feed(span_of(output_stream::out, 16, "25\nnext"), take);
    lines.finish(take);
    CHECK(found == line_texts{"err warning\\n@8", "loss: 0.25\\n@0", "next.@19"});
}

TEST_CASE("output lines: the time is that of the last byte") {
    const std::vector<output_moment> first = {{0, 10}, {2, 20}};
    output_span span = span_of(output_stream::out, 0, "a\nb");
    span.moments = &first;
    std::vector<std::optional<std::int64_t>> times;
    output_lines lines;
    const auto take = [&](const output_line& line) { times.push_back(line.time_us); };
    lines.feed(span, take);
    const std::vector<output_moment> second = {{3, 30}};
    span = span_of(output_stream::out, 3, "c\n");
    span.moments = &second;
    lines.feed(span, take);
    CHECK(times == std::vector<std::optional<std::int64_t>>{10, 30});
}

TEST_CASE("output lines: a gap cuts what was begun and what follows") {
    line_texts found;
    output_lines lines;
    const auto take = [&](const output_line& line) { found.push_back(describe_line(line)); };
    lines.feed(span_of(output_stream::out, 0, "whole\nloss: 0."), take);
    output_span gap;
    gap.offset = 14;
    gap.lost_bytes = 9;
    lines.feed(gap, take);
    lines.feed(span_of(output_stream::out, 14, "5\nwhole\n"), take);
    lines.finish(take);
    CHECK(found == line_texts{"whole\\n", "loss: 0.+ cut", "lost 9", "5\\n cut", "whole\\n"});
}

TEST_CASE("output lines: a line that is too long is marked, whole or in pieces") {
    const std::string lines = "first\n" + std::string(200'000, 'x') + "\nlast\n";
    const auto at_once = split_whole(lines);
    REQUIRE(at_once.size() == 3);
    CHECK(guild::ends_with(at_once[1], "x\\n cut"));
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < lines.size(); at += 1000) {
        pieces.push_back(lines.substr(at, 1000));
    }
    const auto in_pieces = split_pieces(pieces);
    REQUIRE(in_pieces.size() == 6);
    for (std::size_t i = 1; i < 5; ++i) {
        CHECK(guild::ends_with(in_pieces[i], " cut"));
    }
    CHECK(in_pieces.back() == "last\\n");
}

TEST_CASE("output folder: an hour of a progress bar is one line") {
    std::string text = "begin\n";
    for (int i = 0; i <= 36'000; ++i) {
        text += "\r" + std::to_string(i / 360) + "%|####| " + std::to_string(i) + "/36000";
    }
    text += "\nend\n";
    CHECK(split_whole(text, true) ==
          line_texts{"begin\\n", "100%|####| 36000/36000\\n over 36000", "end\\n"});
}

TEST_CASE("output folder: nothing written over a bar leaves it standing") {
    CHECK(split_whole("50%\r100%\r\n", true) == line_texts{"100%\\n over 1"});
    CHECK(split_whole("100%\r\x1B[K\rdone\n", true) == line_texts{"done\\n over 1"});
    CHECK(split_whole("100%\r\x1B[K\n", true) == line_texts{"100%\\n"});
    CHECK(split_whole("1%\r2%\r", true) == line_texts{"2%\\r over 1"});
    CHECK(split_whole("a\r\nb\n", true) == line_texts{"a\\n", "b\\n"});
}

TEST_CASE("output lines: one stream may be chosen") {
    guild_test::temp_dir dir;
    REQUIRE(os::make_directories(data_path(dir.path())));
    auto writer = output_writer::open(dir.path());
    REQUIRE(writer);
    REQUIRE(writer->append(output_stream::out, 1, "out 1\n"));
    REQUIRE(writer->append(output_stream::err, 2, "1%\r"));
    REQUIRE(writer->append(output_stream::out, 3, "out 2\n"));
    REQUIRE(writer->append(output_stream::err, 4, "2%\n"));
    const auto lines_of = [&](const output_view& view, std::size_t most = 99) {
        line_texts found;
        REQUIRE(for_each_output_line(dir.path(), view, [&](const output_line& line) {
            found.push_back(describe_line(line));
            return found.size() < most;
        }));
        return found;
    };
    CHECK(lines_of({}) == line_texts{"out 1\\n", "out 2\\n", "err 2%\\n over 1"});
    CHECK(lines_of({0, output_stream::err, true}) == line_texts{"err 2%\\n over 1"});
    CHECK(lines_of({0, output_stream::err, false}) == line_texts{"err 1%\\r", "err 2%\\n"});
    CHECK(lines_of({9, output_stream::out, true}) == line_texts{"out 2\\n"});
    CHECK(lines_of({}, 1).size() == 1);
}

TEST_CASE("output lines: invalid UTF-8 and NUL bytes are given as they came") {
    const std::string bytes("\xFF\xFE\0\xC3\n\xC3\x28\xE2\x82", 9);
    guild_test::temp_dir dir;
    REQUIRE(os::make_directories(data_path(dir.path())));
    auto writer = output_writer::open(dir.path());
    REQUIRE(writer);
    REQUIRE(writer->append(output_stream::out, 1, bytes));
    std::string seen;
    REQUIRE(for_each_output_line(dir.path(), {}, [&](const output_line& line) {
        seen += std::string(line.text) + (line.end == line_end::newline ? "\n" : "");
        return true;
    }));
    CHECK(seen == bytes);
}

#include <guild/runs/output_reader.hpp>

#include <string>
#include <vector>

#include <support/temp_dir.hpp>
#include <support/written_output.hpp>

#include <doctest/doctest.h>

using namespace guild::runs;
using guild_test::written_output;
namespace os = guild::os;

namespace {

// "out@0 text", gaps as "lost N@OFFSET".
std::vector<std::string> spans_of(output_reader& reader) {
    std::vector<std::string> found;
    while (true) {
        const auto span = reader.next();
        REQUIRE(span);
        if (!*span) {
            return found;
        }
        const std::string place = '@' + std::to_string((*span)->offset);
        const char* const names[] = {"unknown", "out", "err"};
        found.push_back((*span)->lost_bytes > 0
                            ? "lost " + std::to_string((*span)->lost_bytes) + place
                            : names[static_cast<int>((*span)->stream)] + place + ' ' +
                                  std::string((*span)->text));
    }
}

using span_texts = std::vector<std::string>;

}  // namespace

TEST_CASE("output reader: neighbouring pieces of a stream are one") {
    written_output output;
    output.put(output_stream::out, 10, "one ");
    output.put(output_stream::out, 20, "two\n");
    output.put(output_stream::err, 30, "three\n");
    auto reader = output_reader::open(output.dir.path());
    REQUIRE(reader);
    const auto first = reader->next();
    REQUIRE((first && *first));
    CHECK((*first)->text == "one two\n");
    CHECK((*first)->time_at(3) == 10);
    CHECK((*first)->time_at(4) == 20);
    CHECK(spans_of(*reader) == span_texts{"err@8 three\n"});
    CHECK(reader->offset() == 14);
    // The files grow.
    output.put(output_stream::err, 40, "four");
    CHECK(spans_of(*reader) == span_texts{"err@14 four"});
    CHECK(spans_of(*reader).empty());
}

TEST_CASE("output reader: a gap stands where the bytes are missing, at the end too") {
    written_output output;
    output.put(output_stream::out, 1, "a");
    output.writer.add_gap(5);
    output.put(output_stream::out, 2, "b");
    output.writer.add_gap(7);
    REQUIRE(output.writer.flush_gap(3));
    auto reader = output_reader::open(output.dir.path());
    REQUIRE(reader);
    CHECK(spans_of(*reader) == span_texts{"out@0 a", "lost 5@1", "out@1 b", "lost 7@2"});
    CHECK(spans_of(*reader).empty());
}

TEST_CASE("output reader: bytes without a record are given, their stream and time unknown") {
    guild_test::temp_dir dir;
    (void)dir.write("guild.d/output.log", "abc");
    auto reader = output_reader::open(dir.path());
    REQUIRE(reader);
    const auto span = reader->next();
    REQUIRE((span && *span));
    CHECK((*span)->text == "abc");
    CHECK((*span)->stream == output_stream::unknown);
    CHECK_FALSE((*span)->time_at(0));
    CHECK(output_reader::open(dir / "nothing").value().next().value() == std::nullopt);
}

TEST_CASE("output reader: a stream that there is not is unknown") {
    written_output output;
    output.put(static_cast<output_stream>(200), 1, "odd");
    output.put(output_stream::out, 2, "even");
    auto reader = output_reader::open(output.dir.path());
    REQUIRE(reader);
    CHECK(spans_of(*reader) == span_texts{"unknown@0 odd", "out@3 even"});
}

TEST_CASE("output reader: any start and any size of the log give the same bytes") {
    written_output output;
    std::string all;
    for (int i = 0; i < 40'000; ++i) {
        const std::string line =
            "line " + std::to_string(i) + std::string(i % 97 == 0 ? 900 : 3, '.');
        output.put(i % 5 == 0 ? output_stream::err : output_stream::out, i, line);
        all += line;
    }
    for (const std::size_t from : {std::size_t{0}, std::size_t{1}, all.size() / 2, all.size()}) {
        auto reader = output_reader::open(output.dir.path(), from);
        REQUIRE(reader);
        std::string seen;
        while (true) {
            const auto span = reader->next();
            REQUIRE(span);
            if (!*span) {
                break;
            }
            CHECK((*span)->stream != output_stream::unknown);
            CHECK((*span)->offset == from + seen.size());
            seen += (*span)->text;
        }
        CHECK(seen == all.substr(from));
    }
}

TEST_CASE("output tail: begins behind a line feed, however far back") {
    guild_test::temp_dir dir;
    const auto tail_of = [&](const std::string& text, std::uint64_t lines) {
        const auto file = os::open_file(dir.write("log", text), os::open_mode::read);
        REQUIRE(file);
        return find_output_tail(*file, lines).value();
    };
    CHECK(tail_of("", 3) == 0);
    CHECK(tail_of("a\nb\nc\n", 2) == 2);
    CHECK(tail_of("a\nb\nc", 2) == 2);
    CHECK(tail_of("a\nb\nc", 9) == 0);
    CHECK(tail_of("a\nb\n", 0) == 4);
    const std::string bar = std::string(300'000, 'x') + '\n';
    CHECK(tail_of("first\nlast\n" + bar, 2) == 6);
    const auto file = os::open_file(dir.write("log", "a\n" + bar), os::open_mode::read);
    CHECK(find_output_tail(*file, 1, 1000).value() == bar.size() + 2 - 1000);
}

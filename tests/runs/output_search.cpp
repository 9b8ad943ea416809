#include <guild/runs/output_search.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <support/written_output.hpp>

#include <doctest/doctest.h>

using namespace guild::runs;
namespace os = guild::os;

namespace {

struct searched_output : guild_test::written_output {
    // "OFFSET@TIME TEXT"
    [[nodiscard]] std::vector<std::string> search(const std::string& expression,
                                                  std::optional<output_stream> stream = {},
                                                  std::size_t most = 1000) const {
        const auto wanted = guild::pattern::parse(expression);
        REQUIRE(wanted);
        std::vector<std::string> found;
        REQUIRE(for_each_output_match(dir.path(), {*wanted, stream}, [&](const output_line& line) {
            found.push_back(std::to_string(line.offset) + '@' +
                            std::to_string(line.time_us.value_or(-1)) + ' ' +
                            std::string(line.text));
            return found.size() < most;
        }));
        return found;
    }
};

using matches_found = std::vector<std::string>;

}  // namespace

TEST_CASE("output search: finds what a look at every line finds") {
    const char* const parts[] = {"loss", ": ", "nan", "1", "\n", "\r", "\r\n", "\x1B[1m", " "};
    std::mt19937 random(11);
    INFO("seed 11");
    for (int round = 0; round < 40; ++round) {
        searched_output output;
        for (auto i = random() % 60; i > 0; --i) {
            std::string bytes;
            for (auto j = 1 + random() % 3; j > 0; --j) {
                bytes += parts[random() % 9];
            }
            output.put(random() % 3 == 0 ? output_stream::err : output_stream::out,
                       static_cast<std::int64_t>(i), bytes);
        }
        for (const std::string expression : {"loss: nan", "n1|ss", "^loss$", "[^ ]1"}) {
            const auto wanted = guild::pattern::parse(expression);
            REQUIRE(wanted);
            std::vector<std::string> expected;
            output_view view;
            view.folds = false;
            REQUIRE(for_each_output_line(output.dir.path(), view, [&](const output_line& line) {
                if (wanted->find(guild::without_escapes(line.text))) {
                    expected.push_back(std::to_string(line.offset) + '@' +
                                       std::to_string(line.time_us.value_or(-1)) + ' ' +
                                       std::string(line.text));
                }
                return true;
            }));
            auto seen = output.search(expression);
            std::sort(seen.begin(), seen.end());  // at the end the streams' last lines may differ
            std::sort(expected.begin(), expected.end());
            CAPTURE(expression);
            CHECK(seen == expected);
        }
    }
}

TEST_CASE("output search: of one stream, and until the visit has enough") {
    searched_output output;
    output.put(output_stream::out, 1, "a 1\n");
    output.put(output_stream::err, 2, "a 2\n");
    output.put(output_stream::out, 3, "a 3\n");
    CHECK(output.search("a") == matches_found{"0@1 a 1", "4@2 a 2", "8@3 a 3"});
    CHECK(output.search("a", output_stream::err) == matches_found{"4@2 a 2"});
    CHECK(output.search("a", {}, 2).size() == 2);
    CHECK(output.search("b").empty());
}

TEST_CASE("output search: lines that pieces and the other stream cut are found whole") {
    searched_output output;
    output.put(output_stream::out, 1, "loss: ");
    output.put(output_stream::err, 2, "oops\n");
    output.put(output_stream::out, 3, "nan\nlast loss: nan");
    CHECK(output.search("loss: nan") == matches_found{"0@3 loss: nan", "15@3 last loss: nan"});
}

TEST_CASE("output search: a line without end takes bounded memory") {
    searched_output output;
    for (int i = 0; i < 100; ++i) {
        output.put(output_stream::out, i, std::string(65'536, 'x') + (i == 50 ? "needle" : ""));
    }
    const auto found = output.search("needle");
    REQUIRE(found.size() == 1);
    CHECK(found[0].size() < 2'000'000);
}

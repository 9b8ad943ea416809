#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <guild/base/bytes.hpp>
#include <guild/runs/run.hpp>
#include <guild/viewer/points.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

namespace {

viewer::chart_points sample_chart(std::vector<series::point> points, bool is_reduced = false) {
    viewer::chart_points out;
    out.key = "k";
    out.count = points.size();
    out.is_reduced = is_reduced;
    out.points = std::move(points);
    return out;
}

// The arrays as a page reads them.
class decoded_arrays {
public:
    explicit decoded_arrays(std::string body) : body_(std::move(body)) {
        REQUIRE(body_.substr(0, 4) == "GPT1");
        const auto size = load_le<std::uint32_t>(body_.data() + 4);
        CHECK(size % 8 == 0);
        auto parsed = json::parse(body_.substr(8, size));
        REQUIRE(parsed);
        head = *parsed;
    }
    [[nodiscard]] std::vector<double> array(const json::value& row, const char* name) const {
        std::vector<double> out;
        const auto at = row[name]["at"].get<std::size_t>();
        const std::string type = row[name]["type"];
        CHECK(at % 8 == 0);
        for (std::size_t i = 0; i < row["length"].get<std::size_t>(); ++i) {
            const char* from = body_.data() + at + i * (type == "f64" ? 8 : 4);
            REQUIRE(from < body_.data() + body_.size());
            out.push_back(number(from, type) + row[name]["base"].get<double>());
        }
        return out;
    }
    json::value head;

private:
    static double number(const char* from, const std::string& type) {
        if (type == "u32") {
            return load_le<std::uint32_t>(from);
        }
        if (type == "f32") {
            const auto bits = load_le<std::uint32_t>(from);
            float out = 0;
            std::memcpy(&out, &bits, sizeof(out));
            return static_cast<double>(out);
        }
        const auto bits = load_le<std::uint64_t>(from);
        double out = 0;
        std::memcpy(&out, &bits, sizeof(out));
        return out;
    }
    std::string body_;
};

}  // namespace

TEST_CASE("arrays: the bytes of two points, by hand") {
    const std::string head =
        R"({"series":[{"key":"k","count":2,"nan":0,"inf":0,"is_reduced":false,"length":2,)"
        R"("steps":{"type":"u32","at":216,"base":7},"times":{"type":"u32","at":224,"base":1000},)"
        R"("values":{"type":"f32","at":232,"base":0}}]})";
    REQUIRE(head.size() == 207);
    std::string expected("GPT1\xD0\0\0\0", 8);
    expected += head + std::string(208 - head.size(), ' ');
    expected += std::string("\0\0\0\0\3\0\0\0", 8);        // steps 7 and 10
    expected += std::string("\0\0\0\0\1\0\0\0", 8);        // times 1000 and 1001
    expected += std::string("\0\0\x80\x3F\0\0\0\xC0", 8);  // 1.0 and -2.0
    CHECK(viewer::encode_arrays({}, {sample_chart({{7, 1000, 1.0}, {10, 1001, -2.0}})}, {}) ==
          expected);
}

TEST_CASE("arrays: what a page reads is what was logged") {
    const double odd = 0.1;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    const std::int64_t far = 1'500'000'000'000'000;
    const decoded_arrays got(viewer::encode_arrays(
        {{"matched", 2}},
        {sample_chart({{-5, far, odd}, {0, far + 1, nan}, {5, far + 5'000'000'000, -infinity}}),
         sample_chart({{std::numeric_limits<std::int64_t>::min(), 0, 1e300},
                       {std::numeric_limits<std::int64_t>::max(), 1, std::int64_t{1} << 60}}),
         sample_chart({})},
        {}));
    CHECK(got.head["matched"] == 2);
    const json::value& first = got.head["series"][0];
    CHECK(got.array(first, "steps") == std::vector<double>{-5, 0, 5});
    CHECK(got.array(first, "times") == std::vector<double>{1.5e15, 1.5e15 + 1, 1.5e15 + 5e9});
    const std::vector<double> values = got.array(first, "values");
    CHECK((values[0] == odd));
    CHECK(std::isnan(values[1]));
    CHECK((values[2] == -infinity));
    const json::value& second = got.head["series"][1];
    CHECK(got.array(second, "steps") == std::vector<double>{-0x1p63, 0x1p63});
    CHECK(got.array(second, "values") == std::vector<double>{1e300, 0x1p60});
    CHECK(got.array(got.head["series"][2], "values").empty());
}

TEST_CASE("arrays: values are rounded only where it is asked for and points are reduced") {
    viewer::array_options options;
    options.may_round = true;
    options.with_times = false;
    const std::vector<series::point> points = {{1, 1, 0.1}, {2, 2, 0.3}};
    const decoded_arrays exact(viewer::encode_arrays({}, {sample_chart(points)}, options));
    CHECK(exact.head["series"][0]["values"]["type"] == "f64");
    CHECK_FALSE(exact.head["series"][0].contains("times"));
    const decoded_arrays rounded(viewer::encode_arrays({}, {sample_chart(points, true)}, options));
    CHECK(rounded.head["series"][0]["values"]["type"] == "f32");
    const decoded_arrays large(
        viewer::encode_arrays({}, {sample_chart({{1, 1, 1e300}}, true)}, options));
    CHECK(large.head["series"][0]["values"]["type"] == "f64");
}

TEST_CASE("arrays: the head's size settles for any number of series") {
    std::vector<viewer::chart_points> charts;
    for (int count = 0; count < 60; ++count) {
        const decoded_arrays got(viewer::encode_arrays({}, charts, {}));
        REQUIRE(got.head["series"].size() == charts.size());
        for (const json::value& row : got.head["series"]) {
            REQUIRE(got.array(row, "values") == std::vector<double>{0.1});
        }
        charts.push_back(sample_chart({{count, count, 0.1}}));
    }
}

TEST_CASE("points: few points are exact, many are columns that keep a spike") {
    const guild_test::temp_dir dir;
    const std::string path = guild_test::make_completed_run(dir.path(), "a", "m", 0);
    std::vector<series::number> values(100'000, series::number(1.0));
    values[54'321] = series::number(99.0);
    values[70'000] = series::number(std::numeric_limits<double>::quiet_NaN());
    guild_test::add_series(path, "k", values);
    series::run_reader reader = runs::run::open(path)->series();
    viewer::chart_request what;
    what.columns = 50;
    const viewer::chart_points all = viewer::read_charts(reader, {"k"}, what).front();
    CHECK(all.is_reduced);
    CHECK(all.count == 100'000);
    CHECK(all.nan == 1);
    CHECK(all.points.size() <= 200);
    CHECK(std::any_of(all.points.begin(), all.points.end(), [](const series::point& each) {
        return each.step == 543'210 && each.value.as_double() > 98;
    }));
    what.from = 543'000;
    what.to = 543'500;
    const viewer::chart_points near = viewer::read_charts(reader, {"k"}, what).front();
    CHECK_FALSE(near.is_reduced);
    CHECK(near.count == 51);
    CHECK(near.points.front().step == 543'000);
    what.axis = series::x_axis::time;
    what.from = guild_test::sample_start_us + 70'000'000'000;
    what.to = what.from + 3'000'000;
    const viewer::chart_points late = viewer::read_charts(reader, {"k"}, what).front();
    CHECK(late.count == 4);
    CHECK(late.nan == 1);
    CHECK(viewer::read_charts(reader, {"none"}, what).front().points.empty());
    CHECK(viewer::to_json(late)["values"][0] == "NaN");
}

#include <guild/runs/metrics_text.hpp>

#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

using namespace guild::runs;

namespace {

metric_sample must_be_one_sample(const std::string& line) {
    const metrics_text text = parse_metrics(line);
    CHECK_FALSE(text.first_mistake);
    REQUIRE(text.samples.size() == 1);
    return text.samples.front();
}

void must_be_bad_line(const std::string& line, std::uint32_t column) {
    const metrics_text text = parse_metrics("good 1\n" + line + "\ngood 2\n");
    CAPTURE(line);
    CHECK(text.samples.size() == 2);
    CHECK(text.bad_lines == 1);
    REQUIRE(text.first_mistake);
    CHECK(text.first_mistake->code == guild::errc::bad_syntax);
    CHECK(text.first_mistake->where.line == 2);
    CHECK(text.first_mistake->where.column == column);
}

}  // namespace

TEST_CASE("metrics text: the example of the OpenMetrics specification") {
    const metrics_text text = parse_metrics(
        "# TYPE acme_http_router_request_seconds summary\n"
        "# UNIT acme_http_router_request_seconds seconds\n"
        "# HELP acme_http_router_request_seconds Latency though all of ACME's HTTP request "
        "router.\n"
        "acme_http_router_request_seconds_sum{path=\"/api/v1\",method=\"GET\"} 9036.32\n"
        "acme_http_router_request_seconds_count{path=\"/api/v1\",method=\"GET\"} 807283.0\n"
        "acme_http_router_request_seconds_created{path=\"/api/v1\",method=\"GET\"} 1605281325.0\n"
        "# TYPE go_goroutines gauge\n"
        "go_goroutines 69\n"
        "# TYPE process_cpu_seconds counter\n"
        "process_cpu_seconds_total 4.20072246e+06\n"
        "# EOF\n");
    CHECK(text.is_open_metrics);
    CHECK(text.bad_lines == 0);
    REQUIRE(text.samples.size() == 5);
    CHECK(metric_key(text.samples[0]) ==
          "acme_http_router_request_seconds_sum{method=\"GET\",path=\"/api/v1\"}");
    CHECK(text.samples[0].value == 9036.32);
    CHECK(text.samples[3].name == "go_goroutines");
    CHECK(text.samples[3].value == 69);
    CHECK_FALSE(text.samples[3].time_us);
    CHECK(text.samples[4].name == "process_cpu_seconds_total");
    CHECK(text.samples[4].value == 4.20072246e+06);
}

TEST_CASE("metrics text: the example of Prometheus' page, with times in milliseconds") {
    const metrics_text text = parse_metrics(
        "# HELP http_requests_total The total number of HTTP requests.\n"
        "# TYPE http_requests_total counter\n"
        "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
        "http_requests_total{method=\"post\",code=\"400\"}    3 1395066363000\n"
        "\n"
        "# Escaping in label values:\n"
        "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find "
        "file:\\n\\\"FILE.TXT\\\"\"} 1.458255915e9\n"
        "# Minimalistic line:\n"
        "metric_without_timestamp_and_labels 12.47\n"
        "# A weird metric from before the epoch:\n"
        "something_weird{problem=\"division by zero\"} +Inf -3982045\n"
        "http_request_duration_seconds_bucket{le=\"+Inf\"} 144320\n");
    CHECK_FALSE(text.is_open_metrics);
    CHECK(text.bad_lines == 0);
    REQUIRE(text.samples.size() == 6);
    CHECK(text.samples[0].time_us == 1'395'066'363'000'000);
    CHECK(text.samples[1].value == 3);
    CHECK(text.samples[2].labels[0].second == "Cannot find file:\n\"FILE.TXT\"");
    CHECK(text.samples[2].labels[1].second == "C:\\DIR\\FILE.TXT");
    CHECK(text.samples[4].value == std::numeric_limits<double>::infinity());
    CHECK(text.samples[4].time_us == -3'982'045'000);
    CHECK(text.samples[5].labels[0].second == "+Inf");
}

TEST_CASE("metrics text: times are seconds when the text ends with EOF") {
    const metrics_text text = parse_metrics("a 1 1520879607.789\nb 2 -0.5\n# EOF\n");
    REQUIRE(text.samples.size() == 2);
    CHECK(text.samples[0].time_us == 1'520'879'607'789'000);
    CHECK(text.samples[1].time_us == -500'000);
}

TEST_CASE("metrics text: exemplars are skipped, with and without a time before them") {
    const metrics_text text =
        parse_metrics("foo_bucket{le=\"1\"} 11 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n"
                      "foo_bucket{le=\"10\"} 17 5 # {trace_id=\"oHg5SJY#RHA0\"} 9.8 1520879607.7\n"
                      "# EOF\n");
    CHECK(text.bad_lines == 0);
    REQUIRE(text.samples.size() == 2);
    CHECK(text.samples[0].value == 11);
    CHECK_FALSE(text.samples[0].time_us);
    CHECK(text.samples[1].time_us == 5'000'000);
}

TEST_CASE("metrics text: every form of a value") {
    CHECK(must_be_one_sample("a +Inf").value == std::numeric_limits<double>::infinity());
    CHECK(must_be_one_sample("a -Inf").value == -std::numeric_limits<double>::infinity());
    CHECK(std::isnan(must_be_one_sample("a NaN").value));
    CHECK(must_be_one_sample("a 0.1e-3").value == 0.1e-3);
    CHECK(must_be_one_sample("a -0").value == 0);
    CHECK(std::signbit(must_be_one_sample("a -0").value));
    CHECK(must_be_one_sample("a 1e-999").value == 0);
    CHECK(must_be_one_sample("a 18446744073709551615").value == 18446744073709551616.0);
}

TEST_CASE("metrics text: blanks, tabs, returns and a comma before the brace are allowed") {
    const metric_sample sample =
        must_be_one_sample("  a:b_1 \t{ x = \"1\" , _y=\"{,}# \" , }\t 2  3 \r\n");
    CHECK(sample.name == "a:b_1");
    CHECK(metric_key(sample) == "a:b_1{_y=\"{,}# \",x=\"1\"}");
    CHECK(sample.value == 2);
    CHECK(sample.time_us == 3'000);
    CHECK(must_be_one_sample("a{} 1").labels.empty());
    CHECK(must_be_one_sample("#comment\n#\n\n  # TYPE a gauge\na 1").name == "a");
    CHECK(must_be_one_sample("a{x=\"1\"}2").value == 2);
}

TEST_CASE("metrics text: names in quotes may hold any characters") {
    const metric_sample sample = must_be_one_sample("{\"my.metric\",\"my.label\"=\"x\",b=\"\"} 4");
    CHECK(sample.name == "my.metric");
    CHECK(metric_key(sample) == "my.metric{b=\"\",\"my.label\"=\"x\"}");
    CHECK(must_be_one_sample("{\"alone\"} 5").name == "alone");
}

TEST_CASE("metrics text: what is no sample is told with line and column, the others are kept") {
    must_be_bad_line("a", 2);
    must_be_bad_line("a b", 3);
    must_be_bad_line("a 1 x", 5);
    must_be_bad_line("a 1 2 3", 7);
    must_be_bad_line("9a 1", 1);
    must_be_bad_line("a-b 1", 2);
    must_be_bad_line("{} 1", 3);
    must_be_bad_line("{x=\"1\"} 1", 8);
    must_be_bad_line("  a{x} 1", 6);
    must_be_bad_line("a{x=1} 1", 5);
    must_be_bad_line("a{x=\"1 1", 9);
    must_be_bad_line("a{x=\"1\"", 8);
    must_be_bad_line("a{x=\"1\" y=\"2\"} 1", 9);
    must_be_bad_line("a{x=\"1\",x=\"2\"} 1", 14);
    must_be_bad_line("a{,} 1", 3);
    must_be_bad_line("a 1e999", 3);
    must_be_bad_line("a 0x10", 3);
    must_be_bad_line("a 1 1e300", 0);
    must_be_bad_line("a 1 NaN", 0);
    must_be_bad_line("<html>", 1);
}

TEST_CASE("metrics text: what comes behind EOF is not read") {
    CHECK(parse_metrics("a 1\n# EOF\nb 2\n").samples.size() == 1);
    CHECK(parse_metrics("").samples.empty());
    CHECK(parse_metrics("\n\n").bad_lines == 0);
}

TEST_CASE("metrics text: only so many samples are kept") {
    std::string text;
    for (std::size_t i = 0; i < max_metric_samples + 3; ++i) {
        text += "a{i=\"" + std::to_string(i) + "\"} 1\n";
    }
    const metrics_text read = parse_metrics(text);
    CHECK(read.samples.size() == max_metric_samples);
    CHECK(read.unread_samples == 3);
}

TEST_CASE("metrics text: any cut of a text, and any byte in its place, is read without harm") {
    const std::string text = "# TYPE a gauge\na{x=\"\\\\\\n\\\"\",y=\"\"} +Inf 12 # {t=\"1\"} 2\n"
                             "{\"b\",\"c\"=\"d\"} 1e5\n# EOF\n";
    for (std::size_t at = 0; at <= text.size(); ++at) {
        (void)parse_metrics(text.substr(0, at));
        for (int byte = 0; byte < 256; ++byte) {
            std::string changed = text;
            changed.replace(at, at < text.size() ? 1 : 0, 1, static_cast<char>(byte));
            for (const metric_sample& sample : parse_metrics(changed).samples) {
                const metrics_text again = parse_metrics(
                    guild::runs::detail::is_plain_name(sample.name) ? metric_key(sample) + " 1"
                                                                    : "a 1");
                CHECK(again.bad_lines == 0);
            }
        }
    }
}

TEST_CASE("metric key: labels in order of their names, escaped") {
    metric_sample sample;
    sample.name = "io";
    CHECK(metric_key(sample) == "io");
    sample.labels = {{"device", "sda"}, {"path", "a\\b\"c\nd"}};
    CHECK(metric_key(sample) == "io{device=\"sda\",path=\"a\\\\b\\\"c\\nd\"}");
}

// guild/runs/metrics_text.hpp - samples out of text in the OpenMetrics form or in that of
// Prometheus, and the keys of series that they are stored under.
//
// Layer 4. Includes: base.
// Not here: the programs that print it (runs/external_collector.hpp); printing it
// (viewer/metrics.hpp).
//
//     sample = name [ "{" label { "," label } [ "," ] "}" ] value [ time ] [ "#" exemplar ]
//     label  = name "=" '"' { character | "\\" | '\"' | "\n" } '"'
//
// A name in quotes, also one that stands first among the labels, may hold any characters.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// One line of such a text.
///
/// units    time_us: microseconds since 1970-01-01 UTC; empty where the line has none
struct metric_sample {
    std::string name;
    std::vector<std::pair<std::string, std::string>> labels;  // in order of their names
    double value = 0;
    std::optional<std::int64_t> time_us;
};

/// What one text says. A line that is none is counted and the others are kept.
struct metrics_text {
    std::vector<metric_sample> samples;  // in the order of the text
    bool is_open_metrics = false;        // it ends with `# EOF`; its times are seconds then
    std::uint64_t bad_lines = 0;
    std::uint64_t unread_samples = 0;    // beyond max_metric_samples
    std::optional<error> first_mistake;  // bad_syntax with line and column, of the first bad line
};

/// How many samples of one text are kept.
inline constexpr std::size_t max_metric_samples = 10'000;

/// Reads such a text. Comments, also HELP, TYPE and UNIT, are skipped, and exemplars.
///
/// units    times in the text: seconds before a line `# EOF`, else whole milliseconds
/// cost     O(text)
/// source   OpenMetrics 1.0; Prometheus text format 0.0.4, and its names in quotes
/// example  tests/runs/metrics_text.cpp "metrics text: the example of the OpenMetrics
///          specification"
[[nodiscard]] metrics_text parse_metrics(std::string_view text);

/// `NAME`, or `NAME{label="value",...}` with the labels in order of their names, so that it is the
/// same however a program orders them.
///
/// out      values with `\\`, `\"` and `\n` as in the text
/// example  tests/runs/metrics_text.cpp "metric key: labels in order of their names, escaped"
[[nodiscard]] std::string metric_key(const metric_sample& sample);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_name_start(char c) noexcept {
    return is_letter(c) || c == '_' || c == ':';
}

// One line; `column` counts on as it is read.
class metric_line {
public:
    explicit metric_line(std::string_view line) : line_(line) {}

    // sample; `time` gets its words as they are: what they mean is known at the end of the text.
    result<void> read(metric_sample& sample, std::optional<double>& time) {
        skip_blanks();
        auto read = peek() == '"' || peek() == '{' ? result<void>() : read_name(sample.name);
        if (read) {
            read = read_labels(sample);
        }
        if (read && sample.name.empty()) {
            read = mistake("expected the name of a metric");
        }
        if (read) {
            read = read_number(sample.value, "a value");
        }
        if (read && !is_at_end()) {
            double number = 0;
            read = read_number(number, "a time");
            time = number;
        }
        if (read && !is_at_end()) {
            read = mistake("expected the end of the line");
        }
        return read;
    }

private:
    [[nodiscard]] char peek() const noexcept { return at_ < line_.size() ? line_[at_] : '\0'; }
    void skip_blanks() noexcept {
        while (peek() == ' ' || peek() == '\t') {
            ++at_;
        }
    }
    // Behind an exemplar's mark nothing is read.
    [[nodiscard]] bool is_at_end() noexcept {
        skip_blanks();
        return at_ >= line_.size() || line_[at_] == '#';
    }
    [[nodiscard]] error mistake(std::string expected) const {
        source_span where;
        where.column = guild::detail::convert<std::uint32_t>(at_ + 1);
        return make_error(errc::bad_syntax, std::move(expected), {}, where);
    }

    result<void> read_name(std::string& name) {
        const std::size_t start = at_;
        while (is_name_start(peek()) || (at_ > start && is_digit(peek()))) {
            ++at_;
        }
        if (at_ == start) {
            return mistake("expected a name");
        }
        name = line_.substr(start, at_ - start);
        return {};
    }

    // '"' { character | "\\" | '\"' | "\n" } '"'; a backslash before anything else stands for
    // itself.
    result<void> read_quoted(std::string& value) {
        for (++at_; at_ < line_.size(); ++at_) {
            char c = line_[at_];
            if (c == '"') {
                ++at_;
                return {};
            }
            const char next = at_ + 1 < line_.size() ? line_[at_ + 1] : '\0';
            if (c == '\\' && (next == '\\' || next == '"' || next == 'n')) {
                c = next == 'n' ? '\n' : next;
                ++at_;
            }
            value += c;
        }
        return mistake("expected '\"' at the end of the value");
    }

    result<void> read_labels(metric_sample& sample) {
        skip_blanks();
        if (peek() != '{') {
            return {};
        }
        ++at_;
        for (skip_blanks(); peek() != '}'; skip_blanks()) {
            auto read = read_label(sample);
            if (!read) {
                return read;
            }
            skip_blanks();
            if (peek() == ',') {
                ++at_;
            } else if (peek() != '}') {
                return mistake("expected ',' or '}' behind a label");
            }
        }
        ++at_;
        std::sort(sample.labels.begin(), sample.labels.end());
        return {};
    }

    result<void> read_label(metric_sample& sample) {
        std::string name;
        const bool is_quoted = peek() == '"';
        auto read = is_quoted ? read_quoted(name) : read_name(name);
        if (!read) {
            return read;
        }
        skip_blanks();
        if (is_quoted && sample.name.empty() && (peek() == ',' || peek() == '}')) {
            sample.name = std::move(name);
            return {};
        }
        if (peek() != '=') {
            return mistake("expected '=' behind the name of a label");
        }
        ++at_;
        skip_blanks();
        if (peek() != '"') {
            return mistake("expected '\"' before the value of a label");
        }
        std::string value;
        read = read_quoted(value);
        for (const auto& other : sample.labels) {
            if (other.first == name) {
                return mistake("expected each label once, saw '" + name + "' again");
            }
        }
        sample.labels.emplace_back(std::move(name), std::move(value));
        return read;
    }

    result<void> read_number(double& number, std::string_view what) {
        skip_blanks();
        const std::size_t start = at_;
        while (at_ < line_.size() && line_[at_] != ' ' && line_[at_] != '\t') {
            ++at_;
        }
        const auto parsed = parse_double(line_.substr(start, at_ - start));
        if (!parsed) {
            at_ = start;
            return mistake("expected " + std::string(what) + ", " +
                           parsed.error().message.substr(parsed.error().message.find("saw")));
        }
        number = *parsed;
        return {};
    }

    std::string_view line_;
    std::size_t at_ = 0;
};

// A whole text.
class metrics_reader {
public:
    metrics_text read(std::string_view text) {
        while (!text.empty() && !out_.is_open_metrics) {
            const std::size_t end = text.find('\n');
            ++line_number_;
            take(trim(text.substr(0, end)), text);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
        set_times();
        return std::move(out_);
    }

private:
    void take(std::string_view line, std::string_view from) {
        if (line == "# EOF") {
            out_.is_open_metrics = true;
        } else if (!line.empty() && line.front() != '#') {
            take_sample(line, static_cast<std::uint32_t>(line.data() - from.data()));
        }
    }

    void take_sample(std::string_view line, std::uint32_t indent) {
        if (out_.samples.size() >= max_metric_samples) {
            ++out_.unread_samples;
            return;
        }
        metric_sample sample;
        std::optional<double> time;
        auto read = metric_line(line).read(sample, time);
        if (!read) {
            read.error().where.column += indent;
            note(std::move(read).error(), line_number_);
            return;
        }
        out_.samples.push_back(std::move(sample));
        times_.push_back({time, line_number_});
    }

    // Times are looked at when it is known whether they are seconds.
    void set_times() {
        const double unit_us = out_.is_open_metrics ? 1e6 : 1e3;
        std::size_t kept = 0;
        for (std::size_t i = 0; i < out_.samples.size(); ++i) {
            const auto& [time, line] = times_[i];
            const double us = time ? std::round(*time * unit_us) : 0;
            if (!(std::abs(us) < 9e18)) {
                note(make_error(errc::bad_syntax, "expected a time within this calendar"), line);
                continue;
            }
            if (time) {
                out_.samples[i].time_us = static_cast<std::int64_t>(us);
            }
            if (kept != i) {
                out_.samples[kept] = std::move(out_.samples[i]);
            }
            ++kept;
        }
        out_.samples.resize(kept);
    }

    void note(error what, std::uint32_t line) {
        ++out_.bad_lines;
        what.where.line = line;
        if (!out_.first_mistake || line < out_.first_mistake->where.line) {
            out_.first_mistake = std::move(what);
        }
    }

    metrics_text out_;
    std::vector<std::pair<std::optional<double>, std::uint32_t>> times_;  // of each sample
    std::uint32_t line_number_ = 0;
};

// Whether a name needs no quotes.
inline bool is_plain_name(std::string_view name) noexcept {
    bool is_plain = !name.empty() && is_name_start(name.front());
    for (const char c : name) {
        is_plain = is_plain && (is_name_start(c) || is_digit(c));
    }
    return is_plain;
}

inline std::string quote_metric(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

}  // namespace detail

inline metrics_text parse_metrics(std::string_view text) {
    return detail::metrics_reader().read(text);
}

inline std::string metric_key(const metric_sample& sample) {
    std::string key = sample.name;
    for (std::size_t i = 0; i < sample.labels.size(); ++i) {
        const auto& [name, value] = sample.labels[i];
        key += i == 0 ? '{' : ',';
        key += detail::is_plain_name(name) ? name : detail::quote_metric(name);
        key += '=' + detail::quote_metric(value);
    }
    return sample.labels.empty() ? key : key + '}';
}

}}}  // namespace guild::runs

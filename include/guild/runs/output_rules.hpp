// guild/runs/output_rules.hpp - numbers in lines of output as values of series.
//
// Layer 4. Includes: base, runs/output_lines event_time, series/point.
// Not here: where rules are written down (project/output_rules.hpp), reading the output and storing
// the values (runs/output_scan.hpp).
//
// A rule is a pattern with named groups. Of the first match in a line each group is a value of the
// series output/RULE/GROUP, but for the groups `step` and `time`, which say when it is.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/line_matcher.hpp>
#include <guild/base/number.hpp>
#include <guild/base/pattern.hpp>
#include <guild/base/plain_text.hpp>
#include <guild/base/text.hpp>
#include <guild/base/time.hpp>
#include <guild/runs/event_time.hpp>
#include <guild/runs/output_lines.hpp>
#include <guild/series/point.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// What the keys of series from output begin with.
inline constexpr std::string_view output_key_prefix = "output/";

/// A rule; `name` may be empty, then keys are output/GROUP.
struct output_rule {
    std::string name;
    pattern wanted;
};

/// The values of one match. Valid until the next line.
///
/// units    time_us: microseconds since 1970-01-01 UTC; keys: number in output_values::keys()
struct output_frame {
    std::int64_t step = 0;
    std::int64_t time_us = 0;
    std::vector<std::pair<std::size_t, series::number>> values;
};

/// What a rule has found so far.
struct output_rule_count {
    std::uint64_t lines = 0;   // that it matched
    std::uint64_t points = 0;  // values in them
    std::uint64_t unread = 0;  // groups that matched what is no number (or no time)
};

/// Takes values out of lines.
///
/// A line is matched without escape sequences and control characters. A line that is cut, by lost
/// output or because it is longer than most_line_bytes, is passed over.
/// cost     O(line x pattern) for lines that match, less for others
/// threads  one at a time
/// example  tests/runs/output_rules.cpp "output values: each named group is a value of a series"
class output_values {
public:
    explicit output_values(std::vector<output_rule> rules);

    /// Calls `visit(const output_frame&)` for each rule that finds values in the line.
    ///
    /// A match without a group `step`, or where that took no part, gets the number of values that
    /// its rule has found before. A step that is no whole number makes the match void.
    template <class Visit>
    void read(const output_line& line, Visit&& visit);

    /// The keys of all series, in the order of rules and groups.
    [[nodiscard]] const std::vector<std::string>& keys() const noexcept { return keys_; }

    /// One for each rule.
    [[nodiscard]] const std::vector<output_rule_count>& counts() const noexcept { return counts_; }

    [[nodiscard]] const std::vector<output_rule>& rules() const noexcept { return rules_; }

    /// Lines that were passed over.
    [[nodiscard]] std::uint64_t cut_lines() const noexcept { return cut_lines_; }

private:
    void read_match(std::size_t which, const pattern_match& match);
    [[nodiscard]] bool read_step(std::string_view text, output_rule_count& count);

    std::vector<output_rule> rules_;
    std::vector<line_matcher> matchers_;
    std::vector<std::string> keys_;
    std::vector<std::size_t> first_key_;  // of each rule
    std::vector<output_rule_count> counts_;
    std::vector<std::int64_t> next_step_;
    output_frame frame_;
    std::int64_t last_time_us_ = 0;
    std::uint64_t cut_lines_ = 0;
};

/// A number as programs print it: what parse_double reads, blanks around it left out.
///
/// out      an integer where a double does not hold it; empty if the text is no number
/// example  tests/runs/output_rules.cpp "output numbers: doubles, integers beyond them, nan, inf"
[[nodiscard]] std::optional<series::number> find_output_number(std::string_view text);

/// A moment as programs print it: seconds since 1970-01-01 UTC, or a time as ISO 8601 has it.
///
/// units    out: microseconds since 1970-01-01 UTC
[[nodiscard]] std::optional<std::int64_t> find_output_time(std::string_view text);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_value_group(std::string_view name) noexcept {
    return !name.empty() && name != "step" && name != "time";
}

}  // namespace detail

inline std::optional<series::number> find_output_number(std::string_view text) {
    text = trim(text);
    const auto number = parse_double(text);
    constexpr double exact = 9'007'199'254'740'992.0;
    if (!number || std::fabs(*number) < exact) {
        return number ? std::make_optional(series::number(*number)) : std::nullopt;
    }
    const auto whole = parse_int64(text);
    return whole ? series::number(*whole) : series::number(*number);
}

inline std::optional<std::int64_t> find_output_time(std::string_view text) {
    text = trim(text);
    if (const auto seconds = parse_double(text)) {
        return find_event_time_us(*seconds);
    }
    const auto moment = parse_iso8601(text);
    return moment ? std::make_optional(*moment) : std::nullopt;
}

inline output_values::output_values(std::vector<output_rule> rules)
    : rules_(std::move(rules)), counts_(rules_.size()), next_step_(rules_.size(), 0) {
    for (const output_rule& rule : rules_) {
        matchers_.emplace_back(rule.wanted);
        first_key_.push_back(keys_.size());
        const std::string prefix =
            std::string(output_key_prefix) + (rule.name.empty() ? "" : rule.name + '/');
        for (const std::string& group : rule.wanted.group_names()) {
            if (detail::is_value_group(group)) {
                keys_.push_back(prefix + group);
            }
        }
    }
}

inline bool output_values::read_step(std::string_view text, output_rule_count& count) {
    constexpr double limit = 9.2e18;
    text = trim(text);
    const auto whole = parse_int64(text);
    const auto number = whole ? result<double>(0.0) : parse_double(text);
    const bool is_good =
        whole || (number && std::trunc(*number) == *number && std::fabs(*number) < limit);
    if (is_good) {
        frame_.step = whole ? *whole : static_cast<std::int64_t>(*number);
    } else {
        ++count.unread;
    }
    return is_good;
}

inline void output_values::read_match(std::size_t which, const pattern_match& match) {
    output_rule_count& count = counts_[which];
    ++count.lines;
    frame_.values.clear();
    frame_.step = next_step_[which];
    frame_.time_us = last_time_us_;
    if (const auto step = match.group("step"); step && !read_step(*step, count)) {
        return;
    }
    if (const auto time = match.group("time")) {
        const auto moment = find_output_time(*time);
        frame_.time_us = moment.value_or(last_time_us_);
        count.unread += moment ? 0U : 1U;
    }
    const std::vector<std::string>& names = rules_[which].wanted.group_names();
    std::size_t key = first_key_[which];
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!detail::is_value_group(names[i])) {
            continue;
        }
        if (const auto text = match.groups[i + 1]) {
            const auto number = find_output_number(*text);
            if (number) {
                frame_.values.emplace_back(key, *number);
            }
            count.unread += number ? 0U : 1U;
        }
        ++key;
    }
    count.points += frame_.values.size();
    next_step_[which] += frame_.values.empty() ? 0 : 1;
}

template <class Visit>
void output_values::read(const output_line& line, Visit&& visit) {
    if (line.lost_bytes > 0 || line.is_cut) {
        cut_lines_ += line.is_cut ? 1U : 0U;
        return;
    }
    last_time_us_ = line.time_us.value_or(last_time_us_);
    std::string plain;
    std::string_view text = line.text;
    if (has_controls(text)) {
        plain = without_escapes(text);
        text = plain;
    }
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const auto match = matchers_[i].matches(text) ? rules_[i].wanted.find(text) : std::nullopt;
        if (!match) {
            continue;
        }
        read_match(i, *match);
        if (!frame_.values.empty()) {
            visit(static_cast<const output_frame&>(frame_));
        }
    }
}

}}}  // namespace guild::runs

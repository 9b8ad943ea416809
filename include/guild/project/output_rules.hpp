// guild/project/output_rules.hpp - the sections [output "NAME"] of a project: which numbers in what
// a command prints are values of series.
//
// Layer 3. Includes: base, ini, project/project.hpp.
// Not here: finding them in the output (runs/output_rules.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/pattern.hpp>
#include <guild/base/result.hpp>
#include <guild/ini/document.hpp>
#include <guild/project/project.hpp>

namespace guild { inline namespace v0 { namespace project {

/// One rule as the file has it.
struct output_rule {
    std::string name;  // empty: [output]
    pattern wanted;
};

/// The rules of a project, in file order.
///
/// errors   bad_syntax, unsupported, too_large: the pattern, with the place in it; bad_value: no
///          pattern, or no group in it is a value
/// example  tests/project/output_rules.cpp "output rules: a pattern is told with line and column"
[[nodiscard]] result<std::vector<output_rule>> list_output_rules(const project& of);

/// Every mistake in the rules of a project.
[[nodiscard]] std::vector<ini::diagnostic> check_output_rules(const project& of);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline error output_rule_error(const section& of, errc code, const std::string& message,
                               const origin& from) {
    const std::string name = of.name().empty() ? "output" : "output '" + of.name() + "'";
    return make_error(code, name + ": " + message, from.path, from.where);
}

// The place of a failure inside of a value. A value that goes on in other lines, or whose template
// changed it, has no columns of its own.
inline origin place_in(const attribute& value, const source_span& inside) {
    origin place = value.from;
    const bool has_columns = place.where.end - place.where.begin == value.value.size();
    if (has_columns && inside.column > 0 && place.where.column > 0) {
        const auto skipped = inside.column - 1;
        place.where.column += skipped;
        place.where.begin += skipped;
        place.where.end = std::max(place.where.end, place.where.begin);
    }
    return place;
}

inline result<output_rule> read_output_rule(const section& from) {
    const attribute* expression = from.find_attribute("pattern");
    if (expression == nullptr || expression->value.empty()) {
        return output_rule_error(from, errc::bad_value, "expected pattern = EXPRESSION, saw none",
                                 expression == nullptr ? from.from : expression->from);
    }
    auto wanted = pattern::parse(expression->value);
    if (!wanted) {
        return output_rule_error(from, wanted.error().code, wanted.error().message,
                                 place_in(*expression, wanted.error().where));
    }
    const std::vector<std::string>& groups = wanted->group_names();
    const bool has_value = std::any_of(groups.begin(), groups.end(), [](const std::string& each) {
        return !each.empty() && each != "step" && each != "time";
    });
    if (!has_value) {
        return output_rule_error(from, errc::bad_value,
                                 "expected a group (?P<NAME>...) for a value, beside step and time",
                                 expression->from);
    }
    return output_rule{from.name(), std::move(*wanted)};
}

}  // namespace detail

inline result<std::vector<output_rule>> list_output_rules(const project& of) {
    std::vector<output_rule> rules;
    for (const section* each : of.sections_of("output")) {
        auto rule = detail::read_output_rule(*each);
        if (!rule) {
            return std::move(rule).error();
        }
        rules.push_back(std::move(*rule));
    }
    return rules;
}

inline std::vector<ini::diagnostic> check_output_rules(const project& of) {
    std::vector<ini::diagnostic> found;
    for (const section* each : of.sections_of("output")) {
        auto rule = detail::read_output_rule(*each);
        if (!rule) {
            ini::diagnostic made;
            made.what = std::move(rule).error();
            found.push_back(std::move(made));
        }
    }
    return found;
}

}}}  // namespace guild::project

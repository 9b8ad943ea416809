// guild/runs/query.hpp - conditions on runs, one grammar for `--where`, URLs and the page.
//
// Layer 4. Includes: base, runs/query_syntax. Pure; where values come from: runs/query_value.hpp.
//   query  = all { "or" all }           all   = term { "and" term }
//   term   = "not" term | "(" query ")" | name [ OPERATOR value ]
//   name   = [ SOURCE ":" ] (WORD | STRING)   value = WORD | STRING
//   OPERATOR: = (or ==) != < <= > >= ~    STRING: "..." or '...', where \ keeps the next character
//   SOURCE: flag attr run field series tag; without one they are asked in this order, tag left out
// A WORD ends at white space, a quote or one of ( ) = ! < > ~. A name alone asks whether it is
// there; one that is not makes every comparison false, != too: `not lr = 1` holds where lr is
// missing. ~ is a pattern (base/pattern.hpp) that may match anywhere; the others: compare_values()
// below.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/base/number.hpp>
#include <guild/base/result.hpp>
#include <guild/runs/query_syntax.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Gives the value of a name, or nothing. Never asked for `any`.
using query_lookup =
    std::function<std::optional<std::string>(query_source source, std::string_view name)>;

/// Whether `seen OPERATOR wanted` holds; not for is_there and like.
///
/// Numbers are compared where both sides are whole numbers (parse_int64, else parse_double), else
/// bytes. NaN equals NaN, and is neither less nor more than anything.
///
/// example  tests/runs/query.cpp "query: numbers compare as numbers where both sides are whole
/// ones"
[[nodiscard]] bool compare_values(std::string_view seen, query_operator how,
                                  std::string_view wanted);

/// A name with the place where it is looked for, as in `series:loss`.
struct query_name {
    query_source source = query_source::any;
    std::string name;

    /// Reads a name of the grammar and nothing else.
    ///
    /// errors   as query::parse
    /// example  tests/runs/query.cpp "query: a name alone can be read, for columns and sorting"
    [[nodiscard]] static result<query_name> parse(std::string_view text);
};

/// A condition that was read. The default holds for every run.
///
/// threads  any number may match with one query
class query {
public:
    /// Reads a condition; one of white space alone holds for every run.
    ///
    /// errors   bad_syntax; unknown_name: another word before a colon; too_large: more than 64 KiB,
    ///          or 100 levels; those of pattern::parse. where.column says at which byte
    /// cost     O(text)
    /// example  tests/runs/query_syntax.cpp "query syntax: mistakes are told with their column"
    [[nodiscard]] static result<query> parse(std::string_view text);

    /// Whether the condition holds for what `lookup` tells. It is asked only for what decides.
    ///
    /// cost     O(terms), and for each pattern O(value x pattern)
    /// example  tests/runs/query.cpp "query: and binds closer than or, not closer than both"
    [[nodiscard]] bool matches(const query_lookup& lookup) const;

    [[nodiscard]] bool is_empty() const noexcept { return tree_.nodes.empty(); }

private:
    [[nodiscard]] bool holds(std::uint32_t which, const query_lookup& lookup) const;

    detail::query_tree tree_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

template <class Value>
bool compare_in_order(const Value& seen, query_operator how, const Value& wanted) {
    switch (how) {
    case query_operator::less:
        return seen < wanted;
    case query_operator::at_most:
        return seen < wanted || seen == wanted;
    case query_operator::more:
        return wanted < seen;
    case query_operator::at_least:
        return wanted < seen || seen == wanted;
    case query_operator::unequal:
        return !(seen == wanted);
    default:
        return seen == wanted;
    }
}

inline bool compare_doubles(double seen, query_operator how, double wanted) {
    if (seen != seen && wanted != wanted) {  // both are NaN
        return how == query_operator::equal || how == query_operator::at_most ||
               how == query_operator::at_least;
    }
    return compare_in_order(seen, how, wanted);
}

}  // namespace detail

inline bool compare_values(std::string_view seen, query_operator how, std::string_view wanted) {
    const auto seen_whole = parse_int64(seen);
    const auto wanted_whole = parse_int64(wanted);
    if (seen_whole && wanted_whole) {
        return detail::compare_in_order(*seen_whole, how, *wanted_whole);
    }
    const auto seen_number = parse_double(seen);
    const auto wanted_number = parse_double(wanted);
    if (seen_number && wanted_number) {
        return detail::compare_doubles(*seen_number, how, *wanted_number);
    }
    return detail::compare_in_order(seen, how, wanted);
}

inline result<query_name> query_name::parse(std::string_view text) {
    auto tree = detail::parse_query(text);
    if (!tree) {
        return std::move(tree).error();
    }
    if (tree->nodes.size() != 1 || tree->nodes[0].how != query_operator::is_there) {
        return make_error(errc::bad_syntax, "expected one name", {}, {0, text.size(), 1, 1});
    }
    return query_name{tree->nodes[0].source, std::move(tree->nodes[0].name)};
}

inline result<query> query::parse(std::string_view text) {
    auto tree = detail::parse_query(text);
    if (!tree) {
        return std::move(tree).error();
    }
    query out;
    out.tree_ = std::move(*tree);
    return out;
}

namespace detail {

inline std::optional<std::string> find_queried(const query_node& term, const query_lookup& lookup) {
    if (term.source != query_source::any) {
        return lookup(term.source, term.name);
    }
    for (const query_prefix& known : query_prefixes) {
        auto value =
            known.source == query_source::tag ? std::nullopt : lookup(known.source, term.name);
        if (value) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace detail

inline bool query::matches(const query_lookup& lookup) const {
    return tree_.nodes.empty() || holds(tree_.root, lookup);
}

inline bool query::holds(std::uint32_t which, const query_lookup& lookup) const {
    const detail::query_node& node = tree_.nodes[which];
    switch (node.kind) {
    case detail::query_kind::negation:
        return !holds(node.parts.front(), lookup);
    case detail::query_kind::all:
    case detail::query_kind::some: {
        const bool decides = node.kind == detail::query_kind::some;
        for (const std::uint32_t part : node.parts) {
            if (holds(part, lookup) == decides) {
                return decides;
            }
        }
        return !decides;
    }
    case detail::query_kind::term:
        break;
    }
    const auto value = detail::find_queried(node, lookup);
    if (!value || node.how == query_operator::is_there) {
        return value.has_value();
    }
    return node.how == query_operator::like ? node.expression->find(*value).has_value()
                                            : compare_values(*value, node.how, node.value);
}

}}}  // namespace guild::runs

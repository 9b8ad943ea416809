// guild/runs/query_syntax.hpp - the text of a condition on runs as a tree.
//
// Layer 4. Includes: base.
// Not here: the grammar, and what a condition means (runs/query.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/pattern.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Where a name is looked for; `any`: in all places but `tag`, in the order of their list.
enum class query_source : std::uint8_t { any, flag, attr, run, field, series, tag };

/// How a value is compared; is_there: not at all.
enum class query_operator : std::uint8_t {
    is_there,
    equal,
    unequal,
    less,
    at_most,
    more,
    at_least,
    like,
};

namespace detail {

struct query_prefix {
    std::string_view word;
    query_source source;
};

// In the order in which a name without a source is looked for; tags have to be asked for.
inline constexpr query_prefix query_prefixes[] = {
    {"flag", query_source::flag},   {"attr", query_source::attr},     {"run", query_source::run},
    {"field", query_source::field}, {"series", query_source::series}, {"tag", query_source::tag}};

enum class query_kind : std::uint8_t { all, some, negation, term };

struct query_node {
    query_kind kind = query_kind::term;
    std::vector<std::uint32_t> parts;  // of all, some, negation
    query_source source = query_source::any;
    query_operator how = query_operator::is_there;
    std::string name;
    std::string value;
    std::optional<pattern> expression;
};

struct query_tree {
    std::vector<query_node> nodes;  // empty: no condition
    std::uint32_t root = 0;
};

/// Reads a condition.
///
/// errors   as query::parse
[[nodiscard]] result<query_tree> parse_query(std::string_view text);

}  // namespace detail

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool ends_query_word(char c) noexcept {
    return is_space(c) || std::string_view("()\"'=!<>~").find(c) != std::string_view::npos;
}

// One member for each rule of the grammar.
class query_parser {
public:
    query_parser(std::string_view text, query_tree& into) : text_(text), into_(into) {}

    result<void> parse() {
        if (text_.size() > most_bytes) {
            return make_error(errc::too_large, "expected a condition of at most 65536 bytes");
        }
        skip_space();
        if (at_ == text_.size()) {
            return {};
        }
        auto root = some();
        if (!root) {
            return std::move(root).error();
        }
        if (at_ != text_.size()) {
            return expected(text_[at_] == ')' ? "a `(` before it"
                                              : "`and`, `or` or the end of the condition");
        }
        into_.root = *root;
        return {};
    }

private:
    using node = query_node;
    static constexpr std::size_t most_bytes = 65'536;
    static constexpr int most_levels = 100;

    // query = all { "or" all }
    result<std::uint32_t> some() { return list(query_kind::some, "or"); }

    // all = term { "and" term }
    result<std::uint32_t> all() { return list(query_kind::all, "and"); }

    result<std::uint32_t> list(query_kind kind, std::string_view word) {
        node made;
        made.kind = kind;
        do {
            auto part = kind == query_kind::some ? all() : term();
            if (!part) {
                return part;
            }
            made.parts.push_back(*part);
        } while (take_word(word));
        return made.parts.size() == 1 ? made.parts.front() : add(std::move(made));
    }

    // term = "not" term | "(" query ")" | name [ OPERATOR value ]
    result<std::uint32_t> term() {
        if (level_ >= most_levels) {
            return fail(errc::too_large, "expected at most 100 levels of `(` and `not`", 1);
        }
        ++level_;
        auto made = take_word("not") ? negation() : take_mark('(') ? group() : comparison();
        --level_;
        return made;
    }

    result<std::uint32_t> negation() {
        auto inner = term();
        if (!inner) {
            return inner;
        }
        node made;
        made.kind = query_kind::negation;
        made.parts.push_back(*inner);
        return add(std::move(made));
    }

    result<std::uint32_t> group() {
        auto inner = some();
        if (inner && !take_mark(')')) {
            return expected("`)`, `and` or `or`");
        }
        return inner;
    }

    result<std::uint32_t> comparison() {
        node made;
        auto named = name(made);
        if (!named) {
            return std::move(named).error();
        }
        auto how = comparison_operator();
        if (!how) {
            return std::move(how).error();
        }
        made.how = *how;
        if (made.how == query_operator::is_there) {
            return add(std::move(made));
        }
        const std::size_t begin = at_;
        auto value = text("a value");
        if (!value) {
            return std::move(value).error();
        }
        made.value = std::move(*value);
        return made.how == query_operator::like ? with_pattern(std::move(made), begin)
                                                : add(std::move(made));
    }

    result<std::uint32_t> with_pattern(node made, std::size_t begin) {
        auto expression = pattern::parse(made.value);
        if (!expression) {
            const bool is_quoted = text_[begin] == '"' || text_[begin] == '\'';
            const std::size_t inside = begin + (is_quoted ? 1 : 0);
            const std::size_t column = expression.error().where.column;
            at_ = inside + (column > 0 ? column - 1 : 0);
            at_ = at_ < text_.size() ? at_ : text_.size();
            return fail(expression.error().code, "in the pattern: " + expression.error().message,
                        1);
        }
        made.expression = std::move(*expression);
        return add(std::move(made));
    }

    // name = [ SOURCE ":" ] (WORD | STRING)
    result<void> name(node& made) {
        const std::size_t begin = at_;
        const std::string_view word = peek_word();
        if (word == "and" || word == "or") {
            return expected("a name");
        }
        const std::size_t colon = word.find(':');
        if (colon != std::string_view::npos) {
            const std::string_view prefix = word.substr(0, colon);
            for (const query_prefix& known : query_prefixes) {
                made.source = known.word == prefix ? known.source : made.source;
            }
            if (made.source == query_source::any) {
                return unknown_source(prefix);
            }
            at_ += colon + 1;
        }
        auto value = text(at_ == begin ? "a name" : "a name behind the colon");
        if (!value) {
            return std::move(value).error();
        }
        made.name = std::move(*value);
        return {};
    }

    error unknown_source(std::string_view prefix) {
        std::vector<std::string> words;
        for (const query_prefix& known : query_prefixes) {
            words.emplace_back(known.word);
        }
        std::string message = "expected flag:, attr:, run:, field:, series: or tag:, saw `" +
                              std::string(prefix) + ":`";
        if (const auto closest = find_closest(prefix, words)) {
            message += "; did you mean `" + *closest + ":`?";
        } else {
            message += "; quote a name that has a colon";
        }
        return fail(errc::unknown_name, std::move(message), prefix.size() + 1);
    }

    result<query_operator> comparison_operator() {
        struct spelling {
            std::string_view mark;
            query_operator how;
        };
        constexpr spelling spellings[] = {
            {"==", query_operator::equal},   {"=", query_operator::equal},
            {"!=", query_operator::unequal}, {"<=", query_operator::at_most},
            {"<", query_operator::less},     {">=", query_operator::at_least},
            {">", query_operator::more},     {"~", query_operator::like}};
        for (const spelling& each : spellings) {
            if (starts_with(text_.substr(at_), each.mark)) {
                at_ += each.mark.size();
                skip_space();
                return each.how;
            }
        }
        if (at_ < text_.size() && text_[at_] == '!') {
            return expected("`!=`");
        }
        return query_operator::is_there;
    }

    // WORD | STRING
    result<std::string> text(const char* what) {
        if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
            return quoted(text_[at_]);
        }
        const std::string_view word = peek_word();
        if (word.empty()) {
            return expected(what);
        }
        at_ += word.size();
        skip_space();
        return std::string(word);
    }

    result<std::string> quoted(char mark) {
        std::string out;
        for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
            if (text_[i] == mark) {
                at_ = i + 1;
                skip_space();
                return out;
            }
            const bool is_escape = text_[i] == '\\' && i + 1 < text_.size() &&
                                   (text_[i + 1] == mark || text_[i + 1] == '\\');
            i += is_escape ? 1 : 0;
            out += text_[i];
        }
        return fail(errc::bad_syntax, std::string("expected `") + mark + "` that ends the text", 1);
    }

    bool take_mark(char mark) {
        if (at_ == text_.size() || text_[at_] != mark) {
            return false;
        }
        ++at_;
        skip_space();
        return true;
    }

    bool take_word(std::string_view word) {
        if (peek_word() != word) {
            return false;
        }
        at_ += word.size();
        skip_space();
        return true;
    }

    std::string_view peek_word() const {
        std::size_t end = at_;
        while (end < text_.size() && !ends_query_word(text_[end])) {
            ++end;
        }
        return text_.substr(at_, end - at_);
    }

    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_])) {
            ++at_;
        }
    }

    result<std::uint32_t> add(node made) {
        into_.nodes.push_back(std::move(made));
        return static_cast<std::uint32_t>(into_.nodes.size() - 1);
    }

    error expected(const char* what) {
        const std::string_view word = peek_word();
        const std::string_view seen =
            word.empty() && at_ < text_.size() ? text_.substr(at_, 1) : word.substr(0, 40);
        return fail(errc::bad_syntax,
                    std::string("expected ") + what + ", saw " +
                        (seen.empty() ? "the end" : '`' + std::string(seen) + '`'),
                    seen.empty() ? 1 : seen.size());
    }

    error fail(errc code, std::string message, std::size_t length) const {
        return make_error(code, std::move(message), {},
                          {at_, at_ + length, 1, static_cast<std::uint32_t>(at_ + 1)});
    }

    std::string_view text_;
    query_tree& into_;
    std::size_t at_ = 0;
    int level_ = 0;
};

inline result<query_tree> parse_query(std::string_view text) {
    query_tree tree;
    auto parsed = query_parser(text, tree).parse();
    if (!parsed) {
        return std::move(parsed).error();
    }
    return tree;
}

}  // namespace detail

}}}  // namespace guild::runs

// guild/base/pattern_syntax.hpp - the text of a regular expression as a tree; the program it
// becomes.
//
// Layer 1. Includes: the standard library, base/result.hpp, base/text.hpp. Internals of
// base/pattern.hpp, which says what the syntax means.
// Not here: from tree to program, matching (base/pattern.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guild { inline namespace v0 { namespace detail {

// A character of the text: a code point, or 0x110000 and a byte that is no part of UTF-8.
using pattern_unit = std::uint32_t;
inline constexpr pattern_unit last_pattern_unit = 0x1100FF;

struct unit_at {
    pattern_unit value = 0;
    std::size_t length = 0;
};

inline unit_at decode_unit(std::string_view text, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) {
        return static_cast<pattern_unit>(static_cast<unsigned char>(text[at + i]));
    };
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0) {
        return {0x110000 + byte(0), 1};
    }
    if (length == 1) {
        return {byte(0), 1};
    }
    pattern_unit value = byte(0) & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        value = (value << 6) | (byte(i) & 0x3Fu);
    }
    return {value, length};
}

// Sorted ranges of characters that neither touch nor overlap.
class unit_set {
public:
    void add(pattern_unit first, pattern_unit last) { ranges_.emplace_back(first, last); }
    void add(const unit_set& other) {
        ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
    }

    void normalize() {
        std::sort(ranges_.begin(), ranges_.end());
        std::vector<range> merged;
        for (const range& next : ranges_) {
            if (!merged.empty() && next.first <= merged.back().second + 1) {
                merged.back().second = std::max(merged.back().second, next.second);
            } else {
                merged.push_back(next);
            }
        }
        ranges_ = std::move(merged);
    }

    [[nodiscard]] unit_set complement() const {
        unit_set rest;
        pattern_unit next = 0;
        for (const range& taken : ranges_) {
            if (taken.first > next) {
                rest.add(next, taken.first - 1);
            }
            next = taken.second + 1;
        }
        if (next <= last_pattern_unit) {
            rest.add(next, last_pattern_unit);
        }
        return rest;
    }

    [[nodiscard]] bool contains(pattern_unit unit) const noexcept {
        const auto after =
            std::upper_bound(ranges_.begin(), ranges_.end(), unit,
                             [](pattern_unit value, const range& r) { return value < r.first; });
        return after != ranges_.begin() && unit <= std::prev(after)->second;
    }

    // Appends every character at which the set begins or is over.
    void add_borders(std::vector<pattern_unit>& borders) const {
        for (const range& each : ranges_) {
            borders.push_back(each.first);
            borders.push_back(each.second + 1);
        }
    }

private:
    using range = std::pair<pattern_unit, pattern_unit>;
    std::vector<range> ranges_;
};

enum class assertion : std::uint8_t { text_begin, text_end, word_border, no_word_border };

enum class pattern_op : std::uint8_t {
    unit,    // one character that is x
    set,     // one character of set x
    jump,    // on at x
    fork,    // on at x, or failing that at y
    save,    // the position into slot x
    check,   // assertion x
    finish,  // matched
};

struct pattern_step {
    pattern_op op = pattern_op::finish;
    std::uint32_t x = 0;
    std::uint32_t y = 0;
};

struct pattern_program {
    std::vector<pattern_step> steps;
    std::vector<unit_set> sets;
    std::vector<std::string> names;

    [[nodiscard]] std::size_t slot_count() const noexcept { return 2 * (names.size() + 1); }
};

enum class node_kind : std::uint8_t { empty, unit, set, check, sequence, choice, repeat, group };

struct pattern_node {
    node_kind kind = node_kind::empty;
    std::uint32_t value = 0;  // unit, set, assertion or group
    std::uint32_t least = 0;
    std::uint32_t most = 0;  // of a repeat; no_limit: as often as it goes
    bool greedy = true;
    std::vector<std::uint32_t> parts;
};

inline constexpr std::uint32_t no_limit = 0xFFFFFFFF;

// The expression as a tree. One member per rule, with the rule above it.
class pattern_parser {
public:
    pattern_parser(std::string_view text, pattern_program& program)
        : text_(text), program_(program) {}

    result<std::uint32_t> parse() {
        const std::uint32_t root = choice();
        if (!failure_ && !at_end()) {
            refuse("expected the end, saw a ')' that closes nothing");
        }
        if (failure_) {
            return std::move(*failure_);
        }
        return root;
    }

    std::vector<pattern_node> nodes;

private:
    static constexpr std::uint32_t most_groups = 50;
    static constexpr std::uint32_t most_levels = 100;
    static constexpr std::uint32_t most_repeats = 1000;

    // choice = sequence *("|" sequence)
    std::uint32_t choice() {
        pattern_node node;
        node.kind = node_kind::choice;
        do {
            node.parts.push_back(sequence());
        } while (!failure_ && accept('|'));
        return node.parts.size() == 1 ? node.parts[0] : add(std::move(node));
    }

    // sequence = *(atom [repeat])
    std::uint32_t sequence() {
        pattern_node node;
        node.kind = node_kind::sequence;
        while (!failure_ && !at_end() && peek() != '|' && peek() != ')') {
            node.parts.push_back(repeat(atom()));
        }
        return node.parts.size() == 1 ? node.parts[0] : add(std::move(node));
    }

    // repeat = ("*" / "+" / "?" / "{" m "}" / "{" m "," "}" / "{" m "," n "}") ["?"]
    std::uint32_t repeat(std::uint32_t what) {
        pattern_node node;
        node.kind = node_kind::repeat;
        const std::size_t start = at_;
        if (failure_ || !count(node.least, node.most)) {
            return what;
        }
        if (node.most != no_limit && node.least > node.most) {
            at_ = start;
            return refuse("expected a repeat {m,n} with m not above n");
        }
        if (node.least > most_repeats || (node.most != no_limit && node.most > most_repeats)) {
            at_ = start;
            return refuse("expected a repeat of at most 1000 times", errc::too_large);
        }
        node.greedy = !accept('?');
        const std::size_t second = at_;
        if (std::uint32_t ignored = 0; count(ignored, ignored)) {
            at_ = second;
            return refuse("expected something else behind a repeat, saw another repeat");
        }
        node.parts.push_back(what);
        return add(std::move(node));
    }

    // False, and nothing read, if here is no repeat: a '{' that begins none is itself.
    bool count(std::uint32_t& least, std::uint32_t& most) {
        least = 0;
        most = no_limit;
        if (accept('*')) {
            return true;
        }
        if (accept('+')) {
            least = 1;
            return true;
        }
        if (accept('?')) {
            most = 1;
            return true;
        }
        const std::size_t start = at_;
        if (accept('{') && number(least)) {
            most = least;
            if (accept(',') && !number(most)) {
                most = no_limit;
            }
            if (accept('}')) {
                return true;
            }
        }
        at_ = start;
        return false;
    }

    bool number(std::uint32_t& value) {
        const std::size_t start = at_;
        value = 0;
        for (; !at_end() && is_digit(peek()); ++at_) {
            value = std::min(value * 10 + static_cast<std::uint32_t>(peek() - '0'),
                             std::uint32_t{100'000});
        }
        return at_ != start;
    }

    // atom = "(" ... ")" / "[" ... "]" / "." / "^" / "$" / "\" escape / character
    std::uint32_t atom() {
        if (accept('(')) {
            return group();
        }
        if (accept('[')) {
            return bracket();
        }
        if (accept('.')) {
            return any();
        }
        if (accept('^')) {
            return check(assertion::text_begin);
        }
        if (accept('$')) {
            return check(assertion::text_end);
        }
        const std::size_t start = at_;
        if (std::uint32_t ignored = 0; count(ignored, ignored)) {
            at_ = start;
            return refuse("expected something to repeat before this");
        }
        if (accept('b', '\\')) {
            return check(assertion::word_border);
        }
        if (accept('B', '\\')) {
            return check(assertion::no_word_border);
        }
        unit_set set;
        if (peek() == '\\' && class_escape(set)) {
            return add_set(std::move(set));
        }
        pattern_node node;
        node.kind = node_kind::unit;
        node.value = character();
        return add(std::move(node));
    }

    // group = ["?:" / "?P<" name ">"] choice ")"
    std::uint32_t group() {
        const std::size_t open = at_ - 1;
        std::string name;
        const bool plain = accept('?') && group_kind(name);
        if (!plain && !failure_ && program_.names.size() == most_groups) {
            refuse("expected at most 50 groups", errc::too_large);
        }
        if (++level_ > most_levels) {
            refuse("expected at most 100 levels of groups", errc::too_large);
        }
        if (failure_) {
            return 0;
        }
        pattern_node node;
        if (!plain) {
            program_.names.push_back(std::move(name));
            node.value = static_cast<std::uint32_t>(program_.names.size());
        }
        const std::uint32_t inner = choice();
        --level_;
        if (failure_) {
            return 0;
        }
        if (!accept(')')) {
            at_ = open;
            return refuse("expected a ')' for this '('");
        }
        if (plain) {
            return inner;
        }
        node.kind = node_kind::group;
        node.parts.push_back(inner);
        return add(std::move(node));
    }

    // True for a group that is not kept.
    bool group_kind(std::string& name) {
        if (accept(':')) {
            return true;
        }
        if (!accept('P') || !accept('<')) {
            refuse("expected (?:...) or (?P<name>...), other groups are not supported",
                   errc::unsupported);
            return false;
        }
        const std::size_t start = at_;
        while (!at_end() && (is_letter(peek()) || is_digit(peek()) || peek() == '_')) {
            name += text_[at_++];
        }
        if (name.empty() || is_digit(name[0]) || !accept('>')) {
            refuse("expected the name of a group, letters, digits and '_', and '>'");
        } else if (std::find(program_.names.begin(), program_.names.end(), name) !=
                   program_.names.end()) {
            at_ = start;
            refuse("expected a name that no other group has");
        }
        return false;
    }

    // bracket = ["^"] ["]"] *(character ["-" character] / class) "]"
    std::uint32_t bracket() {
        const std::size_t open = at_ - 1;
        const bool negated = accept('^');
        unit_set set;
        bool first = true;
        while (!failure_ && !at_end() && (first || peek() != ']')) {
            first = false;
            if (peek() == '[' && at_ + 1 < text_.size() && text_[at_ + 1] == ':') {
                return refuse("expected characters, classes such as [:alpha:] are not supported",
                              errc::unsupported);
            }
            if (peek() != '\\' || !class_escape(set)) {
                bracket_range(set);
            }
        }
        if (failure_) {
            return 0;
        }
        if (!accept(']')) {
            at_ = open;
            return refuse("expected a ']' for this '['");
        }
        set.normalize();
        return add_set(negated ? set.complement() : std::move(set));
    }

    void bracket_range(unit_set& set) {
        const std::size_t start = at_;
        const pattern_unit low = character();
        pattern_unit high = low;
        const bool is_range = at_ + 1 < text_.size() && peek() == '-' && text_[at_ + 1] != ']';
        if (!failure_ && is_range) {
            ++at_;
            high = character();
        }
        if (failure_) {
            return;
        }
        if (high < low) {
            at_ = start;
            refuse("expected a range of characters that goes up");
        }
        set.add(low, high);
    }

    // class = "\" ("d" / "D" / "w" / "W" / "s" / "S"); false, and nothing read, for anything else
    bool class_escape(unit_set& set) {
        const char letter = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        unit_set named;
        switch (letter) {
        case 'd':
        case 'D':
            named.add('0', '9');
            break;
        case 's':
        case 'S':
            named.add('\t', '\r');
            named.add(' ', ' ');
            break;
        case 'w':
        case 'W':
            named.add('0', '9');
            named.add('A', 'Z');
            named.add('_', '_');
            named.add('a', 'z');
            break;
        default:
            return false;
        }
        at_ += 2;
        set.add(letter < 'a' ? named.complement() : named);
        return true;
    }

    // character = any / "\" ("t" / "n" / "r" / "f" / "v" / "x" 2HEX / punctuation)
    pattern_unit character() {
        if (accept('\\')) {
            return escape();
        }
        const unit_at unit = decode_unit(text_, at_);
        at_ += unit.length;
        return unit.value;
    }

    pattern_unit escape() {
        constexpr std::string_view letters = "tnrfv";
        constexpr std::string_view meanings = "\t\n\r\f\v";
        if (at_end()) {
            --at_;
            return refuse("expected a character behind '\\'");
        }
        const char c = peek();
        if (c == 'x') {
            return hexadecimal();
        }
        const std::size_t which = letters.find(c);
        if (which != std::string_view::npos) {
            ++at_;
            return static_cast<pattern_unit>(meanings[which]);
        }
        if (is_letter(c) || is_digit(c)) {
            return refuse("expected an escape that is known", errc::unsupported);
        }
        const unit_at unit = decode_unit(text_, at_);
        at_ += unit.length;
        return unit.value;
    }

    pattern_unit hexadecimal() {
        pattern_unit value = 0;
        for (int i = 0; i < 2; ++i) {
            ++at_;
            constexpr std::string_view digits = "0123456789abcdef";
            const std::string digit = at_end() ? std::string() : to_lower(text_.substr(at_, 1));
            const std::size_t found = digit.empty() ? std::string_view::npos : digits.find(digit);
            if (found == std::string_view::npos) {
                return refuse("expected two hexadecimal digits behind '\\x'");
            }
            value = value * 16 + static_cast<pattern_unit>(found);
        }
        ++at_;
        return value;
    }

    std::uint32_t any() {
        unit_set line_feed;
        line_feed.add('\n', '\n');
        return add_set(line_feed.complement());
    }

    std::uint32_t check(assertion what) {
        pattern_node node;
        node.kind = node_kind::check;
        node.value = static_cast<std::uint32_t>(what);
        return add(std::move(node));
    }

    std::uint32_t add_set(unit_set set) {
        set.normalize();
        program_.sets.push_back(std::move(set));
        pattern_node node;
        node.kind = node_kind::set;
        node.value = static_cast<std::uint32_t>(program_.sets.size() - 1);
        return add(std::move(node));
    }

    std::uint32_t add(pattern_node node) {
        nodes.push_back(std::move(node));
        return static_cast<std::uint32_t>(nodes.size() - 1);
    }

    [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
    [[nodiscard]] char peek() const noexcept { return text_[at_]; }

    bool accept(char c) noexcept {
        if (at_end() || peek() != c) {
            return false;
        }
        ++at_;
        return true;
    }
    bool accept(char c, char before) noexcept {
        if (at_ + 1 >= text_.size() || peek() != before || text_[at_ + 1] != c) {
            return false;
        }
        at_ += 2;
        return true;
    }

    // The first failure counts. Callers that return a node return one that exists.
    std::uint32_t refuse(const char* message, errc code = errc::bad_syntax) {
        if (!failure_) {
            const std::uint32_t column = static_cast<std::uint32_t>(at_ + 1);
            failure_ = make_error(code, message, {}, {at_, at_ + 1, 1, column});
        }
        if (nodes.empty()) {
            nodes.emplace_back();
        }
        return 0;
    }

    std::string_view text_;
    pattern_program& program_;
    std::size_t at_ = 0;
    std::uint32_t level_ = 0;
    std::optional<error> failure_;
};

}}}  // namespace guild::detail

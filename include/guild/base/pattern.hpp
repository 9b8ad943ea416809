// guild/base/pattern.hpp - regular expressions that never take more than linear time.
//
// Layer 1. Includes: the standard library, base/pattern_syntax.hpp. Expressions may be strangers':
// their size is limited, and n characters of text take O(n x pattern), whatever they say.
// Syntax: . [a-z] [^a-z] \d \D \w \W \s \S ^ $ \b \B (x) (?:x) (?P<name>x) x|y x* x+ x? x{m} x{m,}
//   x{m,n}, each repeat with ? behind it for "as few as possible"; \t \n \r \f \v \xHH, \ and mark.
// ^ and $ are the ends of the whole text. A character is a code point of UTF-8, or one byte where
// the text is not UTF-8; . is any but a line feed; \d \w \s are ASCII. Of several matches the
// leftmost is found, and there the one that backtracking would find.
// Not here: look-around, references to groups: what linear time cannot give is an error; the same
// over a gigabyte of lines (base/line_matcher.hpp).
#pragma once

#include <guild/base/error.hpp>
#include <guild/base/pattern_syntax.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guild { inline namespace v0 {

/// Where a pattern matched. It refers to the text that was searched, which has to outlive it.
struct pattern_match {
    std::size_t begin = 0;  // bytes
    std::size_t end = 0;
    /// What each group matched; 0 is the whole match. Empty: the group took no part.
    std::vector<std::optional<std::string_view>> groups;

    /// What a (?P<name>...) group matched; empty if it took no part, or is not there.
    [[nodiscard]] std::optional<std::string_view> group(std::string_view name) const;

    std::shared_ptr<const detail::pattern_program> program;  // knows the names
};

/// A regular expression. Cheap to copy.
///
/// threads  any number may match with one pattern
class pattern {
public:
    /// Reads an expression.
    ///
    /// errors   bad_syntax, unsupported; too_large (8192 steps, 50 groups, 100 levels, repeats up
    ///          to 1000); where.column is the byte of the expression that could not be read
    /// example  tests/base/pattern_syntax.cpp "pattern syntax: a failure says at which column"
    [[nodiscard]] static result<pattern> parse(std::string_view expression);

    /// Whether the pattern matches the whole text.
    ///
    /// cost     O(text x pattern)
    /// example  tests/base/pattern.cpp "pattern: matches means the whole text, alternatives too"
    [[nodiscard]] bool matches(std::string_view text) const;

    /// The match of the whole text, with its groups.
    [[nodiscard]] std::optional<pattern_match> find_whole(std::string_view text) const;

    /// The first match that begins at byte `from` or later; ^ and \b see the text before it.
    ///
    /// cost     O(text x pattern)
    /// example  tests/base/pattern.cpp "pattern: find gives the leftmost match and its groups"
    [[nodiscard]] std::optional<pattern_match> find(std::string_view text,
                                                    std::size_t from = 0) const;

    /// One name for each group, in the order of their opening parentheses; empty for those without.
    [[nodiscard]] const std::vector<std::string>& group_names() const noexcept;

private:
    friend class line_matcher;
    explicit pattern(std::shared_ptr<const detail::pattern_program> program)
        : program_(std::move(program)) {}

    std::shared_ptr<const detail::pattern_program> program_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// The tree as steps. Counted repeats are written out, so their size is limited while they are.
class pattern_writer {
public:
    pattern_writer(const std::vector<pattern_node>& nodes, pattern_program& program)
        : nodes_(nodes), program_(program) {}

    // False when the program would be too large.
    bool write(std::uint32_t root) {
        step(pattern_op::save, 0);
        emit(root);
        step(pattern_op::save, 1);
        step(pattern_op::finish);
        return program_.steps.size() <= most_steps && visits_ <= most_visits;
    }

private:
    static constexpr std::size_t most_steps = 8192;
    static constexpr std::size_t most_visits = 65'536;  // empty groups write no steps but take time

    std::uint32_t here() const { return static_cast<std::uint32_t>(program_.steps.size()); }

    std::uint32_t step(pattern_op op, std::uint32_t x = 0, std::uint32_t y = 0) {
        program_.steps.push_back({op, x, y});
        return here() - 1;
    }

    void emit(std::uint32_t which) {
        const pattern_node& node = nodes_[which];
        if (++visits_ > most_visits || program_.steps.size() > most_steps) {
            return;
        }
        switch (node.kind) {
        case node_kind::empty:
            break;
        case node_kind::unit:
            step(pattern_op::unit, node.value);
            break;
        case node_kind::set:
            step(pattern_op::set, node.value);
            break;
        case node_kind::check:
            step(pattern_op::check, node.value);
            break;
        case node_kind::sequence:
            for (const std::uint32_t part : node.parts) {
                emit(part);
            }
            break;
        case node_kind::group:
            step(pattern_op::save, 2 * node.value);
            emit(node.parts[0]);
            step(pattern_op::save, 2 * node.value + 1);
            break;
        case node_kind::choice:
            emit_choice(node);
            break;
        case node_kind::repeat:
            emit_repeat(node);
            break;
        }
    }

    void emit_choice(const pattern_node& node) {
        std::vector<std::uint32_t> exits;
        for (std::size_t i = 0; i + 1 < node.parts.size(); ++i) {
            const std::uint32_t fork = step(pattern_op::fork, here() + 1);
            emit(node.parts[i]);
            exits.push_back(step(pattern_op::jump));
            program_.steps[fork].y = here();
        }
        emit(node.parts.back());
        for (const std::uint32_t exit : exits) {
            program_.steps[exit].x = here();
        }
    }

    void emit_repeat(const pattern_node& node) {
        const std::uint32_t part = node.parts[0];
        for (std::uint32_t i = 1; i < node.least; ++i) {
            emit(part);
        }
        if (node.most == no_limit) {
            // x{0,} as (x{1,})?, so that an x that may be empty is tried in the order of
            // backtracking.
            const std::uint32_t skip = node.least == 0 ? step(pattern_op::fork) : no_limit;
            const std::uint32_t again = here();
            emit(part);
            const std::uint32_t back = step(pattern_op::fork);
            branch(back, node.greedy, again, here());
            if (skip != no_limit) {
                branch(skip, node.greedy, skip + 1, here());
            }
            return;
        }
        if (node.least != 0) {
            emit(part);
        }
        std::vector<std::uint32_t> skips;
        for (std::uint32_t i = node.least; i < node.most && visits_ <= most_visits; ++i) {
            skips.push_back(step(pattern_op::fork));
            emit(part);
        }
        for (const std::uint32_t skip : skips) {
            branch(skip, node.greedy, skip + 1, here());
        }
    }

    void branch(std::uint32_t at, bool greedy, std::uint32_t more, std::uint32_t done) {
        program_.steps[at].x = greedy ? more : done;
        program_.steps[at].y = greedy ? done : more;
    }

    const std::vector<pattern_node>& nodes_;
    pattern_program& program_;
    std::size_t visits_ = 0;
};

// All ways through a program at once, one character of the text after the other. A way is the step
// where it stands and the positions it has saved; of two at one step the preferred one is kept, so
// there are never more ways than steps.
class pattern_machine {
public:
    pattern_machine(const pattern_program& program, std::string_view text, std::size_t slots)
        : program_(program), text_(text), slots_(slots), now_(program.steps.size(), slots),
          next_(program.steps.size(), slots), fresh_(slots, nowhere) {}

    // Whether there is a match from `from` on; from there alone and to the end if it has to be the
    // whole rest.
    bool run(std::size_t from, bool whole) {
        bool found = false;
        for (std::size_t at = from;;) {
            if (!found && (at == from || !whole)) {
                add(now_, 0, fresh_.data(), at);
            }
            if (now_.order.empty() && (found || whole)) {
                return found;
            }
            const bool at_end = at >= text_.size();
            const unit_at unit = at_end ? unit_at{} : decode_unit(text_, at);
            found = advance(at, unit, whole) || found;
            if (at_end) {
                return found;
            }
            at += unit.length;
            std::swap(now_, next_);
            next_.clear();
        }
    }

    [[nodiscard]] const std::vector<std::size_t>& saved() const noexcept { return best_; }

    static constexpr std::size_t nowhere = std::string_view::npos;

private:
    // A set of steps that remembers their order and empties at once.
    struct way_list {
        way_list(std::size_t steps, std::size_t slots) : place(steps, 0), saved(steps * slots) {}
        [[nodiscard]] bool contains(std::uint32_t step) const noexcept {
            return place[step] < order.size() && order[place[step]] == step;
        }
        void clear() noexcept { order.clear(); }

        std::vector<std::uint32_t> order;
        std::vector<std::uint32_t> place;
        std::vector<std::size_t> saved;  // slots of each step
    };

    // Work left while following steps that take no character: a step, or a slot to be given its old
    // position back.
    struct pending {
        std::uint32_t step = 0;
        bool restores = false;
        std::size_t position = 0;
    };

    // Moves every way over one character. True if a way has matched; less preferred ones are given
    // up then.
    bool advance(std::size_t at, const unit_at& unit, bool whole) {
        for (const std::uint32_t which : now_.order) {
            const pattern_step& step = program_.steps[which];
            const std::size_t* saved = now_.saved.data() + which * slots_;
            if (step.op == pattern_op::finish) {
                if (whole && at != text_.size()) {
                    continue;
                }
                best_.assign(saved, saved + slots_);
                return true;
            }
            const bool fits =
                unit.length != 0 &&
                (step.op == pattern_op::unit
                     ? unit.value == step.x
                     : step.op == pattern_op::set && program_.sets[step.x].contains(unit.value));
            if (fits) {
                add(next_, which + 1, saved, at + unit.length);
            }
        }
        return false;
    }

    // Adds a way, and all that it leads to without a character, most preferred first.
    void add(way_list& list, std::uint32_t start, const std::size_t* saved, std::size_t at) {
        current_.assign(saved, saved + slots_);
        todo_.assign(1, {start, false, 0});
        while (!todo_.empty()) {
            const pending item = todo_.back();
            todo_.pop_back();
            if (item.restores) {
                current_[item.step] = item.position;
            } else if (!list.contains(item.step)) {
                visit(list, item.step, at);
            }
        }
    }

    void visit(way_list& list, std::uint32_t which, std::size_t at) {
        list.place[which] = static_cast<std::uint32_t>(list.order.size());
        list.order.push_back(which);
        const pattern_step& step = program_.steps[which];
        switch (step.op) {
        case pattern_op::jump:
            todo_.push_back({step.x, false, 0});
            break;
        case pattern_op::fork:
            todo_.push_back({step.y, false, 0});
            todo_.push_back({step.x, false, 0});
            break;
        case pattern_op::save:
            if (step.x < slots_) {
                todo_.push_back({step.x, true, current_[step.x]});
                current_[step.x] = at;
            }
            todo_.push_back({which + 1, false, 0});
            break;
        case pattern_op::check:
            if (holds(static_cast<assertion>(step.x), at)) {
                todo_.push_back({which + 1, false, 0});
            }
            break;
        case pattern_op::unit:
        case pattern_op::set:
        case pattern_op::finish:
            std::copy(current_.begin(), current_.end(),
                      list.saved.begin() + static_cast<std::ptrdiff_t>(which * slots_));
            break;
        }
    }

    [[nodiscard]] bool holds(assertion what, std::size_t at) const noexcept {
        const auto is_word = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
        const bool before = at > 0 && is_word(text_[at - 1]);
        const bool after = at < text_.size() && is_word(text_[at]);
        switch (what) {
        case assertion::text_begin:
            return at == 0;
        case assertion::text_end:
            return at == text_.size();
        case assertion::word_border:
            return before != after;
        case assertion::no_word_border:
            return before == after;
        }
        return false;
    }

    const pattern_program& program_;
    std::string_view text_;
    std::size_t slots_;
    way_list now_;
    way_list next_;
    std::vector<std::size_t> fresh_;
    std::vector<std::size_t> current_;
    std::vector<std::size_t> best_;
    std::vector<pending> todo_;
};

inline std::optional<pattern_match>
run_pattern(const std::shared_ptr<const pattern_program>& program, std::string_view text,
            std::size_t from, bool whole) {
    pattern_machine machine(*program, text, program->slot_count());
    if (from > text.size() || !machine.run(from, whole)) {
        return std::nullopt;
    }
    const std::vector<std::size_t>& saved = machine.saved();
    pattern_match match;
    match.begin = saved[0];
    match.end = saved[1];
    for (std::size_t i = 0; i < saved.size(); i += 2) {
        const bool took_part =
            saved[i] != pattern_machine::nowhere && saved[i + 1] != pattern_machine::nowhere;
        match.groups.push_back(took_part ? std::optional<std::string_view>(
                                               text.substr(saved[i], saved[i + 1] - saved[i]))
                                         : std::nullopt);
    }
    match.program = program;
    return match;
}

}  // namespace detail

inline std::optional<std::string_view> pattern_match::group(std::string_view name) const {
    const std::vector<std::string>& names = program->names;
    const auto found = name.empty() ? names.end() : std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        return std::nullopt;
    }
    return groups[static_cast<std::size_t>(found - names.begin()) + 1];
}

inline result<pattern> pattern::parse(std::string_view expression) {
    auto program = std::make_shared<detail::pattern_program>();
    detail::pattern_parser parser(expression, *program);
    const result<std::uint32_t> root = parser.parse();
    if (!root) {
        return root.error();
    }
    if (!detail::pattern_writer(parser.nodes, *program).write(*root)) {
        return make_error(errc::too_large,
                          "expected a pattern of at most 8192 steps, repeats written out", {},
                          {0, expression.size(), 1, 1});
    }
    return pattern(std::move(program));
}

inline bool pattern::matches(std::string_view text) const {
    return detail::pattern_machine(*program_, text, 0).run(0, true);
}

inline std::optional<pattern_match> pattern::find_whole(std::string_view text) const {
    return detail::run_pattern(program_, text, 0, true);
}

inline std::optional<pattern_match> pattern::find(std::string_view text, std::size_t from) const {
    return detail::run_pattern(program_, text, from, false);
}

inline const std::vector<std::string>& pattern::group_names() const noexcept {
    return program_->names;
}

}}  // namespace guild

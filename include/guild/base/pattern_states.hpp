// guild/base/pattern_states.hpp - a pattern's program as a machine of states that is made while it
// runs: one step a byte, whatever the pattern.
//
// Layer 1. Includes: the standard library, base/pattern_syntax.hpp. Internals of
// base/line_matcher.hpp.
// Not here: where a match begins and its groups (base/pattern.hpp).
//
// A state is the set of steps at which the program may stand, and what came before. Its row in the
// table says where each class of characters leads. States are bounded; when there are too many, all
// are forgotten and made again as they are needed.
#pragma once

#include <guild/base/pattern_syntax.hpp>
#include <guild/base/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace guild { inline namespace v0 { namespace detail {

/// Says whether a text holds a match. A row number is good until clear() is called, which next()
/// does when there is no room: then `generation` is another.
class pattern_states {
public:
    // What a row says instead of a row.
    static constexpr std::uint32_t unknown = 0;
    static constexpr std::uint32_t matched = 1;
    static constexpr std::uint32_t to_decode = 2;  // the byte begins a character outside of ASCII
    static constexpr std::uint32_t last_word = 2;

    // Classes that every pattern has.
    static constexpr std::uint32_t text_end = 0;
    static constexpr std::uint32_t high = 1;  // a byte above 0x7F, of whatever character

    explicit pattern_states(const pattern_program& program) : program_(program) {
        make_classes();
        marks_.assign(program_.steps.size(), 0);
        clear();
    }

    [[nodiscard]] std::uint32_t start() const noexcept { return start_; }

    /// Where no match has begun, behind a character that is in no word, or in one.
    [[nodiscard]] std::uint32_t idle(bool is_word) const noexcept {
        return is_word ? idle_word_ : idle_;
    }
    [[nodiscard]] std::uint32_t class_of(char c) const noexcept {
        return class_of_[static_cast<unsigned char>(c)];
    }
    [[nodiscard]] const std::uint32_t* rows() const noexcept { return rows_.data(); }
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }

    /// Where a class leads from a row: a row or `matched`. At text_end: the start, or `matched`.
    std::uint32_t next(std::uint32_t row, std::uint32_t which) {
        const std::uint32_t known = rows_[row + which];
        return known != unknown ? known : make(row, which);
    }

    /// The class of a character outside of ASCII.
    [[nodiscard]] std::uint32_t class_of_unit(pattern_unit unit) const noexcept {
        const auto after = std::upper_bound(borders_.begin(), borders_.end(), unit);
        return border_classes_[static_cast<std::size_t>(after - borders_.begin())];
    }

private:
    enum class before : std::uint8_t { begin, word, other };
    struct state {
        std::vector<std::uint32_t> steps;  // sorted; the first step may begin anywhere as well
        before context = before::other;
        friend bool operator<(const state& a, const state& b) {
            return std::tie(a.context, a.steps) < std::tie(b.context, b.steps);
        }
    };
    static constexpr std::size_t most_cells = std::size_t{1} << 18U;  // of rows and states

    void make_classes();
    std::uint32_t class_with(pattern_unit unit, bool is_word);
    std::uint32_t make(std::uint32_t row, std::uint32_t which);
    bool close(const state& from, std::uint32_t which);
    void follow(std::uint32_t step, const state& from, std::uint32_t which);
    [[nodiscard]] bool holds(assertion what, before context, std::uint32_t which) const noexcept;
    std::uint32_t intern(state what);
    void clear();

    const pattern_program& program_;
    bool has_checks_ = false;
    std::uint32_t stride_ = 0;
    std::array<std::uint32_t, 256> class_of_{};
    std::vector<pattern_unit> examples_;  // one character of each class
    std::vector<char> is_word_;           // whether a class holds characters of words
    std::vector<pattern_unit> borders_;   // where outside of ASCII the class changes
    std::vector<std::uint32_t> border_classes_;
    // The unit that a step names, and in which sets a character is: all that steps can tell apart.
    using class_signature = std::pair<pattern_unit, std::vector<bool>>;
    std::vector<pattern_unit> units_;
    std::map<class_signature, std::uint32_t> by_signature_;

    std::vector<std::uint32_t> rows_;
    std::map<state, std::uint32_t> row_of_;
    std::vector<const state*> states_;  // by row / stride
    std::size_t state_cells_ = 0;
    std::uint32_t start_ = 0;
    std::uint32_t idle_ = 0;
    std::uint32_t idle_word_ = 0;
    std::uint32_t generation_ = 0;

    std::vector<std::uint32_t> marks_;  // of steps that were visited, by mark_
    std::uint32_t mark_ = 0;
    std::vector<std::uint32_t> todo_;
    std::vector<std::uint32_t> reached_;  // steps that take a character
};

// ---- implementation ---------------------------------------------------------

// Characters that no step tells apart are one class.
inline void pattern_states::make_classes() {
    for (const pattern_step& step : program_.steps) {
        has_checks_ = has_checks_ || step.op == pattern_op::check;
        if (step.op == pattern_op::unit) {
            borders_.push_back(step.x);
            borders_.push_back(step.x + 1);
            units_.push_back(step.x);
        }
    }
    std::sort(units_.begin(), units_.end());
    for (const unit_set& set : program_.sets) {
        set.add_borders(borders_);
    }
    std::sort(borders_.begin(), borders_.end());
    borders_.erase(std::unique(borders_.begin(), borders_.end()), borders_.end());
    borders_.erase(borders_.begin(), std::upper_bound(borders_.begin(), borders_.end(), 0x80U));
    examples_ = {0, 0};
    is_word_ = {0, 0};
    class_of_.fill(high);
    for (pattern_unit unit = 0; unit < 0x80; ++unit) {
        const char c = static_cast<char>(unit);
        class_of_[unit] = class_with(unit, is_letter(c) || is_digit(c) || c == '_');
    }
    border_classes_.push_back(class_with(0x80, false));
    for (const pattern_unit border : borders_) {
        border_classes_.push_back(class_with(border, false));
    }
    stride_ = std::max<std::uint32_t>(static_cast<std::uint32_t>(examples_.size()), last_word + 1);
    by_signature_.clear();
}

inline std::uint32_t pattern_states::class_with(pattern_unit unit, bool is_word) {
    class_signature signature;
    signature.first = std::binary_search(units_.begin(), units_.end(), unit) ? unit : no_limit;
    signature.second.push_back(is_word);
    for (const unit_set& set : program_.sets) {
        signature.second.push_back(set.contains(unit));
    }
    const auto next = static_cast<std::uint32_t>(examples_.size());
    const auto [at, is_new] = by_signature_.emplace(std::move(signature), next);
    if (is_new) {
        examples_.push_back(unit);
        is_word_.push_back(is_word ? 1 : 0);
    }
    return at->second;
}

inline void pattern_states::clear() {
    rows_.assign(stride_, unknown);  // no state has the row 0
    states_.assign(1, nullptr);
    row_of_.clear();
    state_cells_ = 0;
    ++generation_;
    start_ = intern({{}, has_checks_ ? before::begin : before::other});
    idle_ = intern({{}, before::other});
    idle_word_ = intern({{}, has_checks_ ? before::word : before::other});
}

inline std::uint32_t pattern_states::intern(state what) {
    const auto row = static_cast<std::uint32_t>(rows_.size());
    const std::size_t cells = what.steps.size() + stride_;
    const auto [at, is_new] = row_of_.emplace(std::move(what), row);
    if (is_new) {
        state_cells_ += cells;
        rows_.resize(rows_.size() + stride_, unknown);
        rows_[row + high] = to_decode;
        states_.push_back(&at->first);
    }
    return at->second;
}

inline std::uint32_t pattern_states::make(std::uint32_t row, std::uint32_t which) {
    const state& from = *states_[row / stride_];
    std::uint32_t to = matched;
    if (!close(from, which)) {
        if (which == text_end) {
            to = start_;
        } else {
            state after;
            for (const std::uint32_t step : reached_) {
                const pattern_step& each = program_.steps[step];
                const bool fits = each.op == pattern_op::unit
                                      ? each.x == examples_[which]
                                      : program_.sets[each.x].contains(examples_[which]);
                if (fits) {
                    after.steps.push_back(step + 1);
                }
            }
            std::sort(after.steps.begin(), after.steps.end());
            after.context = has_checks_ && is_word_[which] != 0 ? before::word : before::other;
            if (state_cells_ > most_cells) {
                clear();
                return intern(std::move(after));  // the row it came from is gone
            }
            to = intern(std::move(after));
        }
    }
    rows_[row + which] = to;
    return to;
}

// Finds in reached_ every step that takes a character now. True: the program is through.
inline bool pattern_states::close(const state& from, std::uint32_t which) {
    reached_.clear();
    if (++mark_ == 0) {
        std::fill(marks_.begin(), marks_.end(), 0);
        mark_ = 1;
    }
    todo_.assign(1, 0);
    todo_.insert(todo_.end(), from.steps.begin(), from.steps.end());
    while (!todo_.empty()) {
        const std::uint32_t step = todo_.back();
        todo_.pop_back();
        if (marks_[step] == mark_) {
            continue;
        }
        marks_[step] = mark_;
        if (program_.steps[step].op == pattern_op::finish) {
            return true;
        }
        follow(step, from, which);
    }
    return false;
}

inline void pattern_states::follow(std::uint32_t step, const state& from, std::uint32_t which) {
    const pattern_step& each = program_.steps[step];
    switch (each.op) {
    case pattern_op::jump:
        todo_.push_back(each.x);
        break;
    case pattern_op::fork:
        todo_.push_back(each.x);
        todo_.push_back(each.y);
        break;
    case pattern_op::save:
        todo_.push_back(step + 1);
        break;
    case pattern_op::check:
        if (holds(static_cast<assertion>(each.x), from.context, which)) {
            todo_.push_back(step + 1);
        }
        break;
    case pattern_op::unit:
    case pattern_op::set:
        reached_.push_back(step);
        break;
    case pattern_op::finish:
        break;
    }
}

inline bool pattern_states::holds(assertion what, before context,
                                  std::uint32_t which) const noexcept {
    const bool is_border = (context == before::word) != (is_word_[which] != 0);
    switch (what) {
    case assertion::text_begin:
        return context == before::begin;
    case assertion::text_end:
        return which == text_end;
    case assertion::word_border:
        return is_border;
    case assertion::no_word_border:
        return !is_border;
    }
    return false;
}

}}}  // namespace guild::detail

// guild/base/line_matcher.hpp - which lines of a large text hold a match of a pattern.
//
// Layer 1. Includes: base/pattern.hpp plain_text.hpp pattern_states.hpp.
// Not here: where in the line it matches, and its groups (base/pattern.hpp).
//
// A line is matched as it is read: without escape sequences and control characters. It is looked at
// as a whole only where the text that every match must hold is found; without such a text, or where
// it is everywhere, the pattern runs over all lines at once, one step a byte.
#pragma once

#include <guild/base/pattern.hpp>
#include <guild/base/pattern_states.hpp>
#include <guild/base/plain_text.hpp>
#include <guild/base/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guild { inline namespace v0 {

/// Finds lines.
///
/// cost     O(text), about a nanosecond a byte or less; 2 MiB at most for what it has learnt
/// threads  one at a time
/// example  tests/base/line_matcher.cpp "line matcher: finds the lines that pattern::find finds"
class line_matcher {
public:
    explicit line_matcher(const pattern& wanted);

    /// Whether the pattern is found in one line, which holds no line end.
    [[nodiscard]] bool matches(std::string_view line);

    /// Calls `visit(std::string_view line)` for each line with a match, in order, until it returns
    /// false.
    ///
    /// in       lines: each ended by \n or \r, the last one too; \r\n ends one line
    template <class Visit>
    void for_each_match(std::string_view lines, Visit&& visit);

    /// Text that every match holds; empty where there is none of two bytes.
    [[nodiscard]] const std::string& literal() const noexcept { return literal_; }

private:
    static constexpr std::size_t nowhere = std::string_view::npos;
    using states = detail::pattern_states;

    [[nodiscard]] std::size_t find_literal(std::string_view text, std::size_t from) const noexcept;
    // A byte of the first line at or after `from` that may match, or must if `is_sure`.
    [[nodiscard]] std::size_t find_candidate(std::string_view lines, std::size_t from,
                                             bool& is_sure);
    [[nodiscard]] std::size_t run(std::string_view lines, std::size_t from, bool& is_sure);
    [[nodiscard]] std::uint32_t step_over(std::string_view lines, std::size_t& at,
                                          std::uint32_t row);
    [[nodiscard]] bool matches_plain(std::string_view text);
    template <class Visit>
    [[nodiscard]] bool visit_plain(std::string_view lines, Visit&& visit);
    void learn_idle();
    void choose_rare(std::string_view sample);

    std::shared_ptr<const detail::pattern_program> program_;
    std::unique_ptr<states> states_;
    std::string literal_;
    std::size_t rare_ = 0;  // byte of the literal that is looked for
    std::size_t candidates_ = 0;
    std::size_t candidate_bytes_ = 0;
    bool uses_literal_ = false;
    bool has_sample_ = false;
    std::array<std::uint32_t, 256> class_of_{};  // with `odd` for control characters
    std::array<bool, 256> stays_{};              // no match has begun behind this byte,
    std::array<std::uint32_t, 256> after_{};     // and this is the row then
    std::uint32_t learnt_generation_ = 0;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline void append_unit(std::string& out, pattern_unit unit) {
    const auto put = [&](pattern_unit byte) {
        out += static_cast<char>(static_cast<unsigned char>(byte));
    };
    if (unit >= 0x110000 || unit < 0x80) {
        put(unit >= 0x110000 ? unit - 0x110000 : unit);
        return;
    }
    const int more = unit < 0x800 ? 1 : unit < 0x10000 ? 2 : 3;
    put((more == 1 ? 0xC0U : more == 2 ? 0xE0U : 0xF0U) | (unit >> (6 * more)));
    for (int i = more - 1; i >= 0; --i) {
        put(0x80U | ((unit >> (6 * i)) & 0x3FU));
    }
}

// The longest text that stands in every match: units one behind the other, at a place that no fork
// or jump leads past.
inline std::string required_literal(const pattern_program& program) {
    const std::vector<pattern_step>& steps = program.steps;
    std::vector<char> is_optional(steps.size(), 0);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const bool leads_on = steps[i].op == pattern_op::fork || steps[i].op == pattern_op::jump;
        const std::size_t to = steps[i].op == pattern_op::fork ? std::max(steps[i].x, steps[i].y)
                               : leads_on                      ? steps[i].x
                                                               : 0;
        for (std::size_t j = i + 1; j < to; ++j) {
            is_optional[j] = 1;
        }
    }
    std::string longest;
    std::string now;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const pattern_op op = steps[i].op;
        if (op == pattern_op::unit && is_optional[i] == 0) {
            append_unit(now, steps[i].x);
        } else if ((op != pattern_op::save && op != pattern_op::check) || is_optional[i] != 0) {
            now.clear();
        }
        longest = now.size() > longest.size() ? now : longest;
    }
    return longest;
}

// The first control character that ends no line, at or after `from`.
inline std::size_t find_odd_control(std::string_view text, std::size_t from) noexcept {
    constexpr std::size_t block = 64;
    std::size_t at = from;
    for (; at + block <= text.size(); at += block) {
        unsigned odd = 0;
        for (std::size_t i = 0; i < block; ++i) {  // without branches: compilers make vectors of it
            const auto c = static_cast<unsigned char>(text[at + i]);
            odd |= (static_cast<unsigned>(c < 0x20) & static_cast<unsigned>(c != '\n') &
                    static_cast<unsigned>(c != '\r') & static_cast<unsigned>(c != '\t')) |
                   static_cast<unsigned>(c == 0x7F);
        }
        if (odd != 0) {
            break;
        }
    }
    for (; at < text.size(); ++at) {
        if (is_control(text[at]) && text[at] != '\n' && text[at] != '\r') {
            return at;
        }
    }
    return std::string_view::npos;
}

inline std::size_t line_begin(std::string_view lines, std::size_t at) noexcept {
    while (at > 0 && lines[at - 1] != '\n' && lines[at - 1] != '\r') {
        --at;
    }
    return at;
}

inline std::size_t line_length(std::string_view rest) noexcept {
    const void* feed = std::memchr(rest.data(), '\n', rest.size());
    const std::size_t most =
        feed == nullptr ? rest.size()
                        : static_cast<std::size_t>(static_cast<const char*>(feed) - rest.data());
    const void* back = most == 0 ? nullptr : std::memchr(rest.data(), '\r', most);
    return back == nullptr ? most
                           : static_cast<std::size_t>(static_cast<const char*>(back) - rest.data());
}

}  // namespace detail

inline line_matcher::line_matcher(const pattern& wanted)
    : program_(wanted.program_), states_(std::make_unique<states>(*program_)),
      literal_(detail::required_literal(*program_)) {
    if (literal_.size() < 2) {
        literal_.clear();
    }
    uses_literal_ = !literal_.empty();
    for (std::size_t i = 0; i < class_of_.size(); ++i) {
        const char c = static_cast<char>(static_cast<unsigned char>(i));
        class_of_[i] = states_->class_of(c);
    }
    class_of_['\n'] = class_of_['\r'] = states::text_end;
    learn_idle();
}

// Bytes behind which no match has begun, whatever came before, are the bulk of most texts.
inline void line_matcher::learn_idle() {
    do {
        learnt_generation_ = states_->generation();
        const std::uint32_t rows[] = {states_->start(), states_->idle(false), states_->idle(true)};
        for (std::size_t i = 0; i < stays_.size(); ++i) {
            const char c = static_cast<char>(static_cast<unsigned char>(i));
            const bool is_end = c == '\n' || c == '\r';
            const bool is_word = is_letter(c) || is_digit(c) || c == '_';
            after_[i] = is_end ? states_->start() : states_->idle(is_word);
            stays_[i] = i < 0x80 && (is_end || !detail::is_control(c));
            for (const std::uint32_t row : rows) {
                stays_[i] = stays_[i] && states_->next(row, class_of_[i]) == after_[i];
            }
        }
    } while (learnt_generation_ != states_->generation());
}

inline bool line_matcher::matches(std::string_view line) {
    const bool is_odd = has_controls(line);
    if (!is_odd && !literal_.empty() && find_literal(line, 0) == nowhere) {
        return false;
    }
    return is_odd ? matches_plain(without_escapes(line)) : matches_plain(line);
}

inline bool line_matcher::matches_plain(std::string_view text) {
    std::uint32_t row = states_->start();
    for (std::size_t at = 0; at < text.size();) {
        std::uint32_t which = states_->class_of(text[at]);
        std::size_t length = 1;
        if (which == states::high) {
            const detail::unit_at unit = detail::decode_unit(text, at);
            which = states_->class_of_unit(unit.value);
            length = unit.length;
        }
        row = states_->next(row, which);
        if (row == states::matched) {
            return true;
        }
        at += length;
    }
    return states_->next(row, states::text_end) == states::matched;
}

inline std::size_t line_matcher::find_literal(std::string_view text,
                                              std::size_t from) const noexcept {
    std::size_t at = from + rare_;
    while (at < text.size()) {
        const void* found = std::memchr(text.data() + at, literal_[rare_], text.size() - at);
        if (found == nullptr) {
            return nowhere;
        }
        at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
        if (text.compare(at - rare_, literal_.size(), literal_) == 0) {
            return at - rare_;
        }
        ++at;
    }
    return nowhere;
}

// Over one byte for which the table has no answer.
inline std::uint32_t line_matcher::step_over(std::string_view lines, std::size_t& at,
                                             std::uint32_t row) {
    std::uint32_t which = class_of_[static_cast<unsigned char>(lines[at])];
    std::size_t length = 1;
    if (which == states::high) {
        const detail::unit_at unit = detail::decode_unit(lines, at);
        which = states_->class_of_unit(unit.value);
        length = unit.length;
    }
    row = states_->next(row, which);
    if (row != states::matched) {
        at += length;
    }
    return row;
}

// Without control characters, but for line ends.
inline std::size_t line_matcher::run(std::string_view lines, std::size_t from, bool& is_sure) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(lines[at]); };
    is_sure = true;
    std::uint32_t row = states_->start();
    for (std::size_t at = from; at < lines.size();) {
        if (learnt_generation_ != states_->generation()) {
            learn_idle();
        }
        const std::uint32_t last_idle =
            std::max({states_->start(), states_->idle(false), states_->idle(true)});
        const std::uint32_t* const rows = states_->rows();
        while (at < lines.size()) {
            if (row <= last_idle && stays_[byte(at)]) {
                while (++at < lines.size() && stays_[byte(at)]) {
                }
                row = after_[byte(at - 1)];
                continue;
            }
            const std::uint32_t to = rows[row + class_of_[byte(at)]];
            if (to <= states::last_word) {
                break;
            }
            row = to;
            ++at;
        }
        if (at < lines.size()) {
            row = step_over(lines, at, row);
        }
        if (row == states::matched) {
            return at;
        }
    }
    return nowhere;
}

inline std::size_t line_matcher::find_candidate(std::string_view lines, std::size_t from,
                                                bool& is_sure) {
    constexpr std::size_t fewest = 64;     // before it is known how often there are some
    constexpr std::size_t distance = 512;  // bytes between two where running is as quick
    if (!uses_literal_) {
        return run(lines, from, is_sure);
    }
    is_sure = false;
    const std::size_t at = find_literal(lines, from);
    ++candidates_;
    candidate_bytes_ += (at == nowhere ? lines.size() : at) - from;
    uses_literal_ = candidates_ < fewest || candidate_bytes_ / candidates_ > distance;
    return at;
}

// The byte of the literal that is looked for is the one that is rarest in what comes first.
inline void line_matcher::choose_rare(std::string_view sample) {
    std::array<std::size_t, 256> counts{};
    for (const char c : sample) {
        ++counts[static_cast<unsigned char>(c)];
    }
    const auto count = [&](std::size_t i) {
        return counts[static_cast<unsigned char>(literal_[i])];
    };
    for (std::size_t i = 1; i < literal_.size(); ++i) {
        rare_ = count(i) < count(rare_) ? i : rare_;
    }
    has_sample_ = true;
}

template <class Visit>
bool line_matcher::visit_plain(std::string_view lines, Visit&& visit) {
    for (std::size_t from = 0; from < lines.size();) {
        bool is_sure = false;
        const std::size_t at = find_candidate(lines, from, is_sure);
        if (at == nowhere) {
            return true;
        }
        const std::size_t begin = detail::line_begin(lines, at);
        const std::string_view line = lines.substr(begin, detail::line_length(lines.substr(begin)));
        from = begin + line.size() + 1;
        const bool is_rest = line.empty() && begin > 0 && lines[begin] == '\n' &&
                             lines[begin - 1] == '\r';  // the second half of a line end
        if (!is_rest && (is_sure || matches_plain(line)) && !visit(line)) {
            return false;
        }
    }
    return true;
}

template <class Visit>
void line_matcher::for_each_match(std::string_view lines, Visit&& visit) {
    constexpr std::size_t sample_bytes = 16'384;
    if (!has_sample_ && !literal_.empty()) {
        choose_rare(lines.substr(0, sample_bytes));
    }
    for (std::size_t from = 0; from < lines.size();) {
        const std::size_t odd = detail::find_odd_control(lines, from);
        const std::size_t begin = odd == nowhere ? lines.size() : detail::line_begin(lines, odd);
        if (begin > from && !visit_plain(lines.substr(from, begin - from), visit)) {
            return;
        }
        const std::string_view line = lines.substr(begin, detail::line_length(lines.substr(begin)));
        if (!line.empty() && matches(line) && !visit(line)) {
            return;
        }
        from = begin + line.size() + 1;
        from += from < lines.size() && lines[from - 1] == '\r' && lines[from] == '\n' ? 1U : 0U;
    }
}

}}  // namespace guild

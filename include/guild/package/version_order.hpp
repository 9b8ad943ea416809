// guild/package/version_order.hpp - which of two versions is newer.
//
// Layer 4. Includes: base/text.hpp, the standard library.
// Not here: which versions there are (package/install.hpp, package/package_index.hpp).
//
// A version begins with numbers parted by dots, compared as numbers, however long: 1.10 is newer
// than 1.9, and 1 is 1.0. What follows is parted where digits and letters meet and at . _ - + ~,
// and compared part by part: alpha, beta, rc, dev, pre and preview (also a, b, c before a number)
// come before the release they lead to, "~" before all of them; other words and numbers after it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/text.hpp>

namespace guild { inline namespace v0 { namespace package {

/// Below 0 when `a` is older than `b`, above 0 when it is newer. Versions that mean the same are
/// told apart as texts: 0 is for the same text alone.
///
/// example  tests/package/version_order.cpp "version order: a list from oldest to newest"
[[nodiscard]] int compare_versions(std::string_view a, std::string_view b);

// ---- implementation ---------------------------------------------------------

namespace detail {

/// One part behind the leading numbers. Ranks are in the order in which versions come.
struct version_part {
    enum class rank : std::uint8_t { tilde, word_before, end, word_after, number };
    rank what = rank::end;
    int stage = 0;  // of words before: dev, alpha, beta, pre, rc
    std::string text;
};

struct version_parts {
    std::vector<std::string> numbers;  // without zeros in front, none at the end
    std::vector<version_part> rest;
};

inline std::string take_run(std::string_view& text, bool (*belongs)(char)) {
    std::size_t length = 0;
    while (length < text.size() && belongs(text[length])) {
        ++length;
    }
    std::string run(text.substr(0, length));
    text.remove_prefix(length);
    return run;
}

inline bool is_version_digit(char c) {
    return is_digit(c);
}

inline bool is_version_letter(char c) {
    return !is_digit(c) && std::string_view("._-+~").find(c) == std::string_view::npos;
}

inline std::string take_number(std::string_view& text) {
    const std::string digits = take_run(text, is_version_digit);
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

inline int compare_numbers(const std::string& a, const std::string& b) {
    return a.size() != b.size() ? (a.size() < b.size() ? -1 : 1) : a.compare(b);
}

/// 1 to 5 for a word that leads to a release, 0 for another.
inline int stage_of(const std::string& word, bool before_number) {
    const std::string_view whole[] = {"dev", "alpha", "beta", "pre", "rc", "preview"};
    for (int i = 0; i < 6; ++i) {
        if (word == whole[i]) {
            return i == 5 ? 4 : i + 1;
        }
    }
    const std::size_t letter = std::string_view("abc").find(word);
    const bool is_short = before_number && word.size() == 1 && letter != std::string_view::npos;
    constexpr int stages[] = {2, 3, 5};
    return is_short ? stages[letter] : 0;
}

inline version_parts parse_version(std::string_view text) {
    version_parts parts;
    if (text.size() > 1 && (text[0] == 'v' || text[0] == 'V') && is_digit(text[1])) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_digit(text.front())) {
        parts.numbers.push_back(take_number(text));
        const bool goes_on = text.size() > 1 && text[0] == '.' && is_digit(text[1]);
        text.remove_prefix(goes_on ? 1 : 0);
    }
    while (!parts.numbers.empty() && parts.numbers.back().empty()) {
        parts.numbers.pop_back();
    }
    while (!text.empty()) {
        version_part part;
        if (text.front() == '~') {
            part.what = version_part::rank::tilde;
            text.remove_prefix(1);
        } else if (is_digit(text.front())) {
            part.what = version_part::rank::number;
            part.text = take_number(text);
        } else if (is_version_letter(text.front())) {
            part.text = to_lower(take_run(text, is_version_letter));
            const std::size_t at = std::min(text.find_first_not_of("._-"), text.size());
            part.stage = stage_of(part.text, at < text.size() && is_digit(text[at]));
            part.what =
                part.stage != 0 ? version_part::rank::word_before : version_part::rank::word_after;
        } else {
            text.remove_prefix(1);
            continue;
        }
        parts.rest.push_back(std::move(part));
    }
    return parts;
}

inline int compare_parts(const version_part& a, const version_part& b) {
    if (a.what != b.what) {
        return a.what < b.what ? -1 : 1;
    }
    if (a.stage != b.stage) {
        return a.stage < b.stage ? -1 : 1;
    }
    if (a.what == version_part::rank::word_before) {
        return 0;  // "a" and "alpha" are one
    }
    return a.what == version_part::rank::number ? compare_numbers(a.text, b.text)
                                                : a.text.compare(b.text);
}

}  // namespace detail

inline int compare_versions(std::string_view a, std::string_view b) {
    const detail::version_parts left = detail::parse_version(a);
    const detail::version_parts right = detail::parse_version(b);
    for (std::size_t i = 0; i < std::max(left.numbers.size(), right.numbers.size()); ++i) {
        const std::string zero;
        const int order =
            detail::compare_numbers(i < left.numbers.size() ? left.numbers[i] : zero,
                                    i < right.numbers.size() ? right.numbers[i] : zero);
        if (order != 0) {
            return order;
        }
    }
    for (std::size_t i = 0; i < std::max(left.rest.size(), right.rest.size()); ++i) {
        const detail::version_part end;
        const int order = detail::compare_parts(i < left.rest.size() ? left.rest[i] : end,
                                                i < right.rest.size() ? right.rest[i] : end);
        if (order != 0) {
            return order;
        }
    }
    return a.compare(b);
}

}}}  // namespace guild::package

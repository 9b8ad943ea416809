// guild/base/result.hpp - a value or an error: what every function of guild that can fail returns.
//
// Layer 1. Includes: base/error.hpp and the standard library.
// Not here: the error itself (base/error.hpp).
//
// Hand an error on by `if (!r) { return std::move(r).error(); }`. guild throws in one place,
// result::value(); it is a template on whether exceptions are on, so that objects built with and
// without exceptions link together.
#pragma once

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <guild/base/error.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 {

/// What result::value() throws when there is no value: the error, with its text as what().
class exception : public std::runtime_error {
public:
    explicit exception(guild::error what)
        : std::runtime_error(to_string(what)), error_(std::move(what)) {}

    /// The error that the result held.
    [[nodiscard]] const guild::error& error() const noexcept { return error_; }

private:
    guild::error error_;
};

namespace detail {

// Each of the two has one body everywhere: no_value<true> is named only where exceptions are on.
template <bool Throws>
[[noreturn]] void no_value(guild::error what) {
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
    if constexpr (Throws) {
        throw exception(std::move(what));
    }
#endif
    (void)what;
    std::abort();
}

}  // namespace detail

/// A `Value`, or the error that stood in its way.
///
/// errors   value() throws guild::exception when there is none; without exceptions it aborts.
///          operator*, operator-> and error() of the other state are programming errors.
/// example  tests/base/result.cpp "result: an error passes through to the caller"
template <class Value>
class [[nodiscard]] result {
public:
    using value_type = Value;

    result(Value value) : value_(std::move(value)) {}
    result(guild::error what) : error_(std::move(what)) {}

    [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] Value& operator*() & noexcept { return *held(); }
    [[nodiscard]] const Value& operator*() const& noexcept { return *held(); }
    [[nodiscard]] Value&& operator*() && noexcept { return std::move(*held()); }
    [[nodiscard]] Value* operator->() noexcept { return held(); }
    [[nodiscard]] const Value* operator->() const noexcept { return held(); }

    [[nodiscard]] guild::error& error() & noexcept { return *failure(); }
    [[nodiscard]] const guild::error& error() const& noexcept { return *failure(); }
    [[nodiscard]] guild::error&& error() && noexcept { return std::move(*failure()); }

    template <bool Throws = detail::exceptions_on>
    [[nodiscard]] Value& value() & {
        require<Throws>();
        return *held();
    }
    template <bool Throws = detail::exceptions_on>
    [[nodiscard]] const Value& value() const& {
        require<Throws>();
        return *held();
    }
    template <bool Throws = detail::exceptions_on>
    [[nodiscard]] Value value() && {
        require<Throws>();
        return std::move(*held());
    }

    /// The value, or `fallback` when there is none.
    [[nodiscard]] Value value_or(Value fallback) && {
        return has_value() ? std::move(*held()) : std::move(fallback);
    }
    [[nodiscard]] Value value_or(Value fallback) const& {
        return has_value() ? *held() : std::move(fallback);
    }

private:
    Value* held() noexcept {
        GUILD_ASSERT(has_value());
        return &*value_;
    }
    const Value* held() const noexcept {
        GUILD_ASSERT(has_value());
        return &*value_;
    }
    guild::error* failure() noexcept {
        GUILD_ASSERT(!has_value());
        return &error_;
    }
    const guild::error* failure() const noexcept {
        GUILD_ASSERT(!has_value());
        return &error_;
    }
    template <bool Throws>
    void require() const {
        if (!has_value()) {
            detail::no_value<Throws>(*failure());
        }
    }

    // Not std::variant: every type it holds costs the compiler several times what this costs.
    std::optional<Value> value_;
    guild::error error_;
};

/// Success, or the error: what a function without a value of its own returns. `{}` is success.
///
/// errors   value() throws guild::exception on an error; without exceptions it aborts
/// example  tests/base/result.cpp "result<void>: is success unless an error is given"
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;

    result() noexcept : failed_(false) {}
    result(guild::error what) : failed_(true), error_(std::move(what)) {}

    [[nodiscard]] bool has_value() const noexcept { return !failed_; }
    explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] guild::error& error() & noexcept { return error_; }
    [[nodiscard]] const guild::error& error() const& noexcept { return error_; }
    [[nodiscard]] guild::error&& error() && noexcept { return std::move(error_); }

    template <bool Throws = detail::exceptions_on>
    void value() const {
        if (failed_) {
            detail::no_value<Throws>(error_);
        }
    }

private:
    bool failed_;
    guild::error error_;
};

}}  // namespace guild

// guild/tfevents/restart.hpp - which points a restarted training takes back.
//
// Layer 3. Includes: base, tfevents/event.hpp, tfevents/reader.hpp.
// Not here: the points themselves (tfevents/points.hpp).
//
// A training that crashed at step 1200 and goes on from its checkpoint at 1000 logs the steps
// between twice. TensorBoard's two loaders disagree about what to show; guild keeps all unless
// told.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/tfevents/event.hpp>
#include <guild/tfevents/reader.hpp>
#include <guild/tfevents/tags.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

enum class restart_policy : std::uint8_t {
    keep_all,        // nothing is taken back
    latest_attempt,  // a point takes back those of its tag with its step or a later one
    session_start,   // the start of a session takes back all points with its step or a later one
};

/// "keep-all", "latest-attempt" or "session-start".
[[nodiscard]] std::string_view to_string(restart_policy policy) noexcept;

/// The policy of such a word.
///
/// example  tests/tfevents/restart.cpp "restart policy: has a word, and the word has it"
[[nodiscard]] std::optional<restart_policy> find_restart_policy(std::string_view word);

/// Points that no longer count: of one tag or of all, with this step or a later one.
struct restart {
    bool all_tags = false;
    std::uint32_t tag_id = 0;  // without all_tags
    std::string_view tag;
    std::int64_t step = 0;
};

/// Looks at the events of a run, in order, and says when points are taken back.
///
/// latest_attempt leaves steps that only grow. session_start knows sessions from the SessionLog of
/// files with a version of 2 or more: each START but the run's first is a restart. Without a
/// version, a summary with an earlier step than the one before takes back points of its own tags.
///
/// threads  one at a time
/// source   latest_attempt: TensorBoard's data server (RustBoard); session_start: TensorBoard's
///          loader in Python
/// example  tests/tfevents/restart.cpp "restart rule: the second start of a session takes back"
class restart_rule {
public:
    explicit restart_rule(restart_policy policy = restart_policy::keep_all) noexcept
        : policy_(policy) {}

    /// Whether on_event() has to see every event, and not only on_scalar() every scalar.
    [[nodiscard]] bool needs_events() const noexcept {
        return policy_ == restart_policy::session_start;
    }

    /// Looks at an event before its values count; calls `take_back(const restart&)`.
    template <class TakeBack>
    void on_event(const event& each, const tag_table& tags, TakeBack&& take_back);

    /// Looks at a scalar before it counts; calls `take_back(const restart&)`.
    template <class TakeBack>
    void on_scalar(const scalar& point, TakeBack&& take_back);

private:
    struct last_step {
        bool is_known = false;
        std::int64_t step = 0;
    };

    template <class TakeBack>
    void on_summary(const event& each, const tag_table& tags, TakeBack& take_back);

    restart_policy policy_;
    std::vector<last_step> last_of_tag_;  // of latest_attempt
    double version_ = 0;                  // of session_start, like the rest
    bool has_started_ = false;
    std::int64_t last_step_ = -1;
};

// ---- implementation ---------------------------------------------------------

inline std::string_view to_string(restart_policy policy) noexcept {
    switch (policy) {
    case restart_policy::keep_all:
        break;
    case restart_policy::latest_attempt:
        return "latest-attempt";
    case restart_policy::session_start:
        return "session-start";
    }
    return "keep-all";
}

inline std::optional<restart_policy> find_restart_policy(std::string_view word) {
    for (const auto policy : {restart_policy::keep_all, restart_policy::latest_attempt,
                              restart_policy::session_start}) {
        if (to_string(policy) == word) {
            return policy;
        }
    }
    return std::nullopt;
}

namespace detail {

// The number behind "brain.Event:"; -1 when there is none.
inline double parse_file_version(std::string_view text) {
    constexpr std::string_view word = "brain.Event:";
    const std::size_t at = text.rfind(word);
    return parse_double(at == std::string_view::npos ? text : text.substr(at + word.size()))
        .value_or(-1);
}

}  // namespace detail

template <class TakeBack>
void restart_rule::on_event(const event& each, const tag_table& tags, TakeBack&& take_back) {
    if (policy_ != restart_policy::session_start) {
        return;
    }
    constexpr std::uint64_t start = 1;
    if (each.kind == event_kind::file_version) {
        version_ = detail::parse_file_version(each.file_version);
    } else if (each.kind == event_kind::summary) {
        on_summary(each, tags, take_back);
    } else if (each.kind == event_kind::session_log && each.session_status == start &&
               version_ >= 2) {
        if (has_started_) {
            restart all;
            all.all_tags = true;
            all.step = each.step;
            take_back(std::as_const(all));
        }
        has_started_ = true;
    }
}

template <class TakeBack>
void restart_rule::on_summary(const event& each, const tag_table& tags, TakeBack& take_back) {
    if (version_ < 2 && each.step < last_step_) {
        for (const summary_value& value : each.values) {
            if (const auto id = tags.find(value.tag)) {
                take_back(restart{false, *id, tags.name(*id), each.step});
            }
        }
    }
    last_step_ = each.step;
}

template <class TakeBack>
void restart_rule::on_scalar(const scalar& point, TakeBack&& take_back) {
    if (policy_ != restart_policy::latest_attempt) {
        return;
    }
    if (last_of_tag_.size() <= point.tag_id) {
        last_of_tag_.resize(std::size_t{point.tag_id} + 1);
    }
    last_step& last = last_of_tag_[point.tag_id];
    if (last.is_known && point.step <= last.step) {
        take_back(restart{false, point.tag_id, point.tag, point.step});
    }
    last = {true, point.step};
}

}}}  // namespace guild::tfevents

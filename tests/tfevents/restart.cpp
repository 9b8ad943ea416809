#include <guild/tfevents/restart.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace tf = guild::tfevents;

namespace {

constexpr std::uint64_t session_start = 1;
constexpr std::uint64_t session_stop = 2;

// Restarts as text: "all from 5" or "a from 3", in order.
class rule_test {
public:
    explicit rule_test(tf::restart_policy policy) : rule_(policy) {}

    void version(std::string_view text) {
        tf::event each;
        each.kind = tf::event_kind::file_version;
        each.file_version = text;
        see(each);
    }
    void session(std::uint64_t status, std::int64_t step) {
        tf::event each;
        each.kind = tf::event_kind::session_log;
        each.session_status = status;
        each.step = step;
        see(each);
    }
    void summary(std::int64_t step, const std::vector<std::string_view>& names) {
        tf::event each;
        each.kind = tf::event_kind::summary;
        each.step = step;
        for (const std::string_view name : names) {
            tf::summary_value value;
            value.tag = name;
            value.kind = tf::value_kind::simple;
            value.number = 0.5;
            each.values.push_back(value);
        }
        see(each);
        for (const std::string_view name : names) {
            tf::scalar point;
            point.tag = name;
            point.tag_id = tags_.intern(name);
            point.step = step;
            rule_.on_scalar(point, [&](const tf::restart& back) { add(back); });
        }
    }

    std::vector<std::string> found;

private:
    void see(const tf::event& each) {
        rule_.on_event(each, tags_, [&](const tf::restart& back) { add(back); });
    }
    void add(const tf::restart& back) {
        const std::string who = back.all_tags ? "all" : std::string(back.tag);
        CHECK((back.all_tags || tags_.name(back.tag_id) == back.tag));
        found.push_back(who + " from " + std::to_string(back.step));
    }

    tf::restart_rule rule_;
    tf::tag_table tags_;
};

using restarts = std::vector<std::string>;

}  // namespace

TEST_CASE("restart rule: keep_all takes nothing back") {
    rule_test test(tf::restart_policy::keep_all);
    CHECK_FALSE(tf::restart_rule().needs_events());
    test.version("brain.Event:2");
    test.session(session_start, 0);
    test.summary(5, {"a"});
    test.session(session_start, 3);
    test.summary(3, {"a"});
    CHECK(test.found.empty());
}

TEST_CASE("restart rule: the second start of a session takes back") {
    rule_test test(tf::restart_policy::session_start);
    CHECK(tf::restart_rule(tf::restart_policy::session_start).needs_events());
    test.version("brain.Event:2");
    test.session(session_start, 0);
    test.summary(5, {"a"});
    test.session(session_stop, 4);
    test.session(session_start, 4);
    test.summary(2, {"a"});  // an earlier step says nothing here
    test.session(session_start, -1);
    CHECK(test.found == restarts{"all from 4", "all from -1"});
}

TEST_CASE("restart rule: without a version an earlier step takes back its own tags") {
    rule_test test(tf::restart_policy::session_start);
    test.session(session_start, 0);
    test.summary(1, {"a", "b", "c"});
    test.summary(5, {"a", "b"});
    test.session(session_start, 3);
    test.summary(5, {"b"});
    CHECK(test.found.empty());
    test.summary(3, {"a", "c", "new"});
    CHECK(test.found == restarts{"a from 3", "c from 3"});
    test.summary(4, {"b"});  // behind 5, but not behind the summary before
    CHECK(test.found.size() == 2);
}

TEST_CASE("restart rule: the version is the number of the last version record") {
    for (const char* old : {"brain.Event:1", "", "brain.Event:", "brain.Event:one"}) {
        CAPTURE(old);
        rule_test test(tf::restart_policy::session_start);
        test.version("brain.Event:2");
        test.version(old);
        test.summary(5, {"a"});
        test.summary(4, {"a"});
        CHECK(test.found == restarts{"a from 4"});
    }
    rule_test test(tf::restart_policy::session_start);
    test.version("brain.Event:10");
    test.summary(5, {"a"});
    test.summary(4, {"a"});
    CHECK(test.found.empty());
}

TEST_CASE("restart rule: a version that is no number takes nothing back") {
    rule_test test(tf::restart_policy::session_start);
    test.version("brain.Event:nan");
    test.summary(5, {"a"});
    test.session(session_start, 1);
    test.session(session_start, 1);
    CHECK(test.found.empty());
}

TEST_CASE("restart rule: the latest attempt leaves steps of a tag that only grow") {
    rule_test test(tf::restart_policy::latest_attempt);
    CHECK_FALSE(tf::restart_rule(tf::restart_policy::latest_attempt).needs_events());
    test.summary(1, {"a"});
    test.summary(5, {"b"});
    test.summary(2, {"a"});
    test.summary(2, {"a"});  // once more
    test.summary(3, {"b"});
    test.summary(4, {"b"});
    test.session(session_start, 0);
    CHECK(test.found == restarts{"a from 2", "b from 3"});
}

TEST_CASE("restart rule: steps at the limits compare as numbers") {
    constexpr auto low = std::numeric_limits<std::int64_t>::min();
    constexpr auto high = std::numeric_limits<std::int64_t>::max();
    rule_test test(tf::restart_policy::latest_attempt);
    test.summary(low, {"a"});
    test.summary(high, {"a"});
    test.summary(low, {"a"});
    CHECK(test.found == restarts{"a from " + std::to_string(low)});
}

TEST_CASE("restart policy: has a word, and the word has it") {
    for (const char* word : {"keep-all", "latest-attempt", "session-start"}) {
        const auto policy = tf::find_restart_policy(word);
        REQUIRE(policy);
        CHECK(to_string(*policy) == word);
    }
    CHECK_FALSE(tf::find_restart_policy("keep_all"));
}

// examples/guild/event_report.cpp - reads event files and counts.

#include "event_report.hpp"

#include <guild/base/bytes.hpp>
#include <guild/os/file.hpp>
#include <guild/tfevents/tags.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace program {
namespace {

namespace tf = guild::tfevents;

tf::point point_of(const tf::event& each, const tf::summary_value& value) {
    return {each.step, each.wall_time, value.number.value_or(0)};
}

// "histo", "image", "novalue", or "tensor:PLUGIN:TYPE:rankN" with the plugin that the tag's first
// metadata names.
std::string name_of_other(const tf::summary_value& value, const tf::tag_table& tags) {
    if (value.kind != tf::value_kind::tensor) {
        return std::string(to_string(value.kind));
    }
    const auto id = tags.find(value.tag);
    const bool has_plugin = id && tags[*id].has_metadata;
    std::string name = "tensor:" + (has_plugin ? tags[*id].plugin_name : "None") + ':';
    name += tf::data_type_name(value.type_number);
    return name + ":rank" + (value.rank < 0 ? "?" : std::to_string(value.rank));
}

// The numbers of one file while it is read.
class file_counter {
public:
    explicit file_counter(file_report& into) : into_(into) {}

    void add(const tf::event& each) {
        if (!into_.first_wall) {
            into_.first_wall = each.wall_time;
        }
        if (into_.writer.empty()) {
            into_.writer.assign(each.source_writer);
        }
        if (each.empty_values > 0) {
            into_.other[std::string(to_string(tf::value_kind::none))] += each.empty_values;
        }
        for (const tf::summary_value& value : each.values) {
            std::uint32_t id = 0;
            if (tags_.take(value, id)) {
                add_point(id, each, value);
            } else {
                ++into_.other[name_of_other(value, tags_)];
            }
        }
    }

    // Once, after the last event: a tag's metadata may come after its first point.
    void finish() {
        for (tag_report& each : into_.tags) {
            const auto id = tags_.find(each.tag);
            if (id && tags_[*id].has_metadata) {
                each.plugin = tags_[*id].plugin_name;
            }
        }
    }

private:
    void add_point(std::uint32_t id, const tf::event& each, const tf::summary_value& value) {
        const auto [at, is_new] = places_.emplace(id, into_.tags.size());
        const bool is_simple = value.kind == tf::value_kind::simple;
        if (is_new) {
            into_.tags.emplace_back();
            into_.tags.back().tag.assign(value.tag);
            into_.tags.back().is_simple = is_simple;
        }
        tag_report& tag = into_.tags[at->second];
        if (!is_simple) {
            tag.types.emplace(tf::data_type_name(value.type_number));
        }
        tag.numbers.add(point_of(each, value));
        tag.print.add(point_of(each, value));
    }

    file_report& into_;
    tf::tag_table tags_;
    std::map<std::uint32_t, std::size_t> places_;  // by id, in into_.tags
};

// One view of a run: its points without those that a rule takes back. Points are kept only when
// that is known to happen.
class run_view {
public:
    run_view(tf::restart_policy policy, bool keeps) : rule_(policy), keeps_(keeps) {}

    void begin(const tf::event& each, const tf::tag_table& tags) {
        rule_.on_event(each, tags, [&](const tf::restart& back) { take_back(back); });
    }
    void add(const tf::scalar& each) {
        rule_.on_scalar(each, [&](const tf::restart& back) { take_back(back); });
        if (keeps_) {
            points_.add(each);
        }
    }

    [[nodiscard]] bool has_restarts() const noexcept { return has_restarts_; }

    std::map<std::string, point_numbers> numbers() const {
        std::map<std::string, point_numbers> all;
        for (const tf::tag_points* tag : points_.tags()) {
            for (const tf::point& each : tag->points) {
                all[tag->tag].add(each);
            }
        }
        return all;
    }

private:
    void take_back(const tf::restart& back) {
        has_restarts_ = true;
        points_.take_back(back);
    }

    tf::restart_rule rule_;
    bool keeps_;
    bool has_restarts_ = false;
    tf::run_points points_;
};

// The numbers of one run while its files are read.
class run_counter {
public:
    explicit run_counter(bool keeps)
        : keeps_(keeps), latest_attempt_(tf::restart_policy::latest_attempt, keeps),
          session_start_(tf::restart_policy::session_start, keeps) {}

    // Whether points were taken back, which only a counter that keeps them can subtract.
    [[nodiscard]] bool has_restarts() const noexcept {
        return latest_attempt_.has_restarts() || session_start_.has_restarts();
    }

    void add(const tf::event& each) {
        latest_attempt_.begin(each, tags_);
        session_start_.begin(each, tags_);
        for (const tf::summary_value& value : each.values) {
            tf::scalar one;
            if (tags_.take(value, one.tag_id)) {
                one.tag = tags_.name(one.tag_id);
                one.step = each.step;
                one.wall_time = each.wall_time;
                one.value = value.number.value_or(0);
                add_scalar(one);
            }
        }
    }

    std::vector<run_tag_report> finish() {
        const auto latest = latest_attempt_.numbers();
        const auto session = session_start_.numbers();
        const auto find = [](const auto& from, const std::string& tag) {
            const auto found = from.find(tag);
            return found == from.end() ? point_numbers() : found->second;
        };
        for (run_tag_report& each : reports_) {
            each.latest_attempt = keeps_ ? find(latest, each.tag) : each.all;
            each.session_start = keeps_ ? find(session, each.tag) : each.all;
        }
        return std::move(reports_);
    }

private:
    void add_scalar(const tf::scalar& one) {
        latest_attempt_.add(one);
        session_start_.add(one);
        const auto [at, is_new] = places_.emplace(one.tag_id, reports_.size());
        if (is_new) {
            reports_.emplace_back();
            reports_.back().tag.assign(one.tag);
        }
        const tf::point point{one.step, one.wall_time, one.value};
        reports_[at->second].all.add(point);
        reports_[at->second].print.add(point);
    }

    bool keeps_;
    tf::tag_table tags_;
    run_view latest_attempt_;
    run_view session_start_;
    std::vector<run_tag_report> reports_;
    std::map<std::uint32_t, std::size_t> places_;
};

std::vector<run_tag_report> count_again(const std::vector<std::string>& paths) {
    run_counter counter(true);
    for (const std::string& path : paths) {
        tf::reader file(path);
        while (const tf::event* each = file.next_event()) {
            counter.add(*each);
        }
    }
    return counter.finish();
}

// What every report of a file says once it was read.
void finish_file(const tf::reader& file, file_report& into) {
    into.counters = file.counters();
    into.version = file.file_version();
    into.damages = file.damages();
    if (into.damages.empty()) {
        into.failure = file.last_error();
    }
    const auto status = guild::os::find_status(into.path);
    into.bytes = status ? status->size : 0;
}

// The scalars of one run, for the quick report.
class scalar_counter {
public:
    explicit scalar_counter(tf::restart_policy policy) : policy_(policy), rule_(policy) {}

    void read(tf::reader& file) {
        tf::scalar point;
        if (!rule_.needs_events()) {
            while (file.next(point, tags_)) {
                rule_.on_scalar(point, take_back_);
                add(point);
            }
            return;
        }
        while (const tf::event* each = file.next_event()) {
            rule_.on_event(*each, tags_, take_back_);
            while (file.next_of_event(point, tags_)) {
                add(point);
            }
        }
    }

    std::vector<run_tag_report> finish() {
        std::vector<run_tag_report> reports;
        for (const tf::tag_points* tag : points_.tags()) {
            reports.emplace_back();
            reports.back().tag = tag->tag;
            for (const tf::point& each : tag->points) {
                reports.back().all.add(each);
            }
        }
        for (const std::uint32_t id : order_) {
            reports.emplace_back();
            reports.back().tag.assign(tags_.name(id));
            reports.back().all = numbers_[id];
        }
        return reports;
    }

private:
    // Points are only kept when some may be taken back.
    void add(const tf::scalar& each) {
        if (policy_ != tf::restart_policy::keep_all) {
            points_.add(each);
            return;
        }
        if (numbers_.size() <= each.tag_id) {
            numbers_.resize(each.tag_id + std::size_t{1});
        }
        point_numbers& numbers = numbers_[each.tag_id];
        if (numbers.count == 0) {
            order_.push_back(each.tag_id);
        }
        numbers.add({each.step, each.wall_time, each.value});
    }

    struct forgetter {
        tf::run_points& points;
        void operator()(const tf::restart& back) const { points.take_back(back); }
    };

    tf::restart_policy policy_;
    tf::restart_rule rule_;
    tf::tag_table tags_;
    tf::run_points points_;
    forgetter take_back_{points_};
    std::vector<point_numbers> numbers_;  // by id
    std::vector<std::uint32_t> order_;
};

}  // namespace

void point_numbers::add(const tf::point& each) {
    if (count++ == 0) {
        first_step = min_step = max_step = each.step;
        first_value = each.value;
    } else if (each.step <= last_step) {
        ++not_later;
    }
    last_step = each.step;
    min_step = std::min(min_step, each.step);
    max_step = std::max(max_step, each.step);
    last_value = each.value;
    last_wall = each.wall_time;
    if (std::isfinite(each.value)) {
        sum += each.value;
        min = min ? std::min(*min, each.value) : each.value;
        max = max ? std::max(*max, each.value) : each.value;
    } else {
        ++(std::isnan(each.value) ? nan : inf);
    }
}

void fingerprint::add(const tf::point& each) {
    constexpr std::uint64_t every_nan = 0x7FF8000000000000U;
    add_bits(static_cast<std::uint64_t>(each.step));
    add_bits(std::isnan(each.value) ? every_nan : guild::double_bits(each.value));
    add_bits(guild::double_bits(each.wall_time));
}

void fingerprint::add_bits(std::uint64_t bits) {
    for (unsigned i = 0; i < 8; ++i) {
        value_ = (value_ ^ ((bits >> (8 * i)) & 0xFFU)) * 1099511628211U;
    }
}

run_report report_run(const std::string& run, const std::vector<std::string>& paths) {
    run_report report;
    report.run = run;
    run_counter counter(false);
    for (const std::string& path : paths) {
        report.files.emplace_back();
        report.files.back().path = path;
        tf::reader file(path);
        file_counter in_file(report.files.back());
        while (const tf::event* each = file.next_event()) {
            in_file.add(*each);
            counter.add(*each);
        }
        in_file.finish();
        finish_file(file, report.files.back());
    }
    // Few runs have restarts: for those the files are read again, and their points held in memory.
    report.tags = counter.has_restarts() ? count_again(paths) : counter.finish();
    return report;
}

run_report report_scalars(const std::string& run, const std::vector<std::string>& paths,
                          tf::restart_policy policy) {
    run_report report;
    report.run = run;
    scalar_counter counter(policy);
    for (const std::string& path : paths) {
        report.files.emplace_back();
        report.files.back().path = path;
        tf::reader file(path);
        counter.read(file);
        finish_file(file, report.files.back());
    }
    report.tags = counter.finish();
    return report;
}

}  // namespace program

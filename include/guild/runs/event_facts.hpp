// guild/runs/event_facts.hpp - what event files tell about their run beside the points: its start,
// hyperparameters, end.
//
// Layer 4. Includes: base, os/file, tfevents, runs/collectors event_sources tsv.
// Not here: the points (runs/collectors.hpp); making a run of them (runs/imported_run.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/collectors.hpp>
#include <guild/runs/event_sources.hpp>
#include <guild/runs/event_time.hpp>
#include <guild/runs/tsv.hpp>
#include <guild/tfevents/directory_reader.hpp>
#include <guild/tfevents/hparams.hpp>
#include <guild/tfevents/reader.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// When the first event happened. Of each directory the first file that has an event counts.
///
/// out      empty: there is no event yet; the file's time of modification when the event's own is
///          in no year from 1970 to 9999
/// units    microseconds since 1970-01-01 UTC
[[nodiscard]] std::optional<std::int64_t> find_start_us(const event_source& source,
                                                        const os::env& system = os::system_env);

/// Flags and attributes that event files tell, and how they say that the run ended.
struct event_facts {
    pair_list flags;
    pair_list attrs;
    tfevents::session_end end;
};

/// What was read along with the points. Hyperparameters are flags under their own names when one
/// directory has some, otherwise under DIR/NAME but for those of the root.
///
/// example  tests/runs/event_facts.cpp "event facts: hyperparameters are flags"
[[nodiscard]] event_facts find_facts(const event_source& source,
                                     const tfevents::directory_reader& reader);

/// What could not be read: damage with its byte range, and files that cannot be read at all,
/// without one.
[[nodiscard]] std::vector<error> find_losses(const tfevents::directory_reader& reader);

/// How the files of a source are read.
[[nodiscard]] tfevents::directory_options reading_options(const event_source& source);

// ---- implementation ---------------------------------------------------------

inline std::optional<std::int64_t> find_start_us(const event_source& source,
                                                 const os::env& system) {
    constexpr std::int64_t year_10000_us = 253'402'300'800'000'000;
    std::optional<std::int64_t> first;
    std::optional<std::string> done;  // the directory whose first event was found
    for (const std::string& name : source.files) {
        const std::string path = join_path(source.logdir, name);
        if (parent_path(name) == done) {
            continue;
        }
        tfevents::reader file(path, {}, system);
        const tfevents::event* event = file.next_event();
        if (event == nullptr) {
            continue;
        }
        done = parent_path(name);
        auto time = find_event_time_us(event->wall_time);
        if (!time || *time < 0 || *time >= year_10000_us) {
            const auto status = os::find_status(path, system);
            time = status ? status->modified_ns / 1000 : 0;
        }
        first = first ? std::min(*first, *time) : *time;
    }
    return first;
}

namespace detail {

// The hyperparameters of each directory that has some, by its name relative to the run's.
inline std::map<std::string, tfevents::hparams>
find_hparams(const tfevents::directory_reader& reader) {
    std::map<std::string, tfevents::hparams> found;
    reader.for_each_file([&](const std::string& run, const tfevents::reader&) {
        const tfevents::tag_table* tags = reader.find_tags(run);
        const bool is_new = tags != nullptr && found.find(run) == found.end();
        const auto id = is_new ? tags->find(tfevents::hparams_start_tag) : std::nullopt;
        auto decoded = id ? tfevents::decode_session_start((*tags)[*id].content) : std::nullopt;
        if (decoded) {
            found.emplace(run, std::move(*decoded));
        }
    });
    return found;
}

// How the sessions of a run ended: a failure counts before all else, then the latest.
inline tfevents::session_end find_session_end(const tfevents::directory_reader& reader) {
    using tfevents::session_status;
    tfevents::session_end found;
    reader.for_each_file([&](const std::string& run, const tfevents::reader&) {
        const tfevents::tag_table* tags = reader.find_tags(run);
        const auto id = tags == nullptr ? std::nullopt : tags->find(tfevents::hparams_end_tag);
        const auto end = id ? tfevents::decode_session_end((*tags)[*id].content) : std::nullopt;
        const bool counts =
            end && (found.status == session_status::unknown ||
                    (found.status != session_status::failure &&
                     (end->status == session_status::failure || end->end_time > found.end_time)));
        if (counts) {
            found = *end;
        }
    });
    return found;
}

inline std::string_view session_word(tfevents::session_status status) noexcept {
    switch (status) {
    case tfevents::session_status::unknown:
        break;
    case tfevents::session_status::success:
        return "success";
    case tfevents::session_status::failure:
        return "failure";
    case tfevents::session_status::running:
        return "running";
    }
    return "";
}

}  // namespace detail

inline event_facts find_facts(const event_source& source,
                              const tfevents::directory_reader& reader) {
    event_facts facts;
    facts.attrs.emplace_back("logdir_run", source.name);
    std::string version_word;
    reader.for_each_file([&](const std::string&, const tfevents::reader& file) {
        version_word = version_word.empty() ? file.file_version() : version_word;
    });
    if (!version_word.empty()) {
        facts.attrs.emplace_back("file_version", version_word);
    }
    const auto all = detail::find_hparams(reader);
    for (const auto& [run, found] : all) {
        const std::string prefix = all.size() == 1 || run == "." ? "" : run + '/';
        for (const tfevents::hparam& each : found.values) {
            facts.flags.emplace_back(prefix + each.name, each.to_flag());
        }
        if (!found.group_name.empty()) {
            facts.attrs.emplace_back(prefix + "hparams_group", found.group_name);
        }
    }
    facts.end = detail::find_session_end(reader);
    if (facts.end.status != tfevents::session_status::unknown) {
        facts.attrs.emplace_back("session_status", detail::session_word(facts.end.status));
    }
    return facts;
}

inline std::vector<error> find_losses(const tfevents::directory_reader& reader) {
    std::vector<error> all;
    reader.for_each_file([&](const std::string&, const tfevents::reader& file) {
        for (const tfevents::damage& each : file.damages()) {
            all.push_back(make_error(errc::bad_checksum, std::string(to_string(each.kind)),
                                     file.path(), {each.begin, each.end, 0, 0}));
        }
        const auto& failure = file.last_error();
        if (failure && failure->where.end == 0) {
            all.push_back(*failure);
        }
    });
    return all;
}

inline tfevents::directory_options reading_options(const event_source& source) {
    tfevents::directory_options options;
    options.skip_runs = true;
    options.max_depth = source.max_depth;
    options.restarts = source.restarts;
    return options;
}

}}}  // namespace guild::runs

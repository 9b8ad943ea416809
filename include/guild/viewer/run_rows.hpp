// guild/viewer/run_rows.hpp - the rows of the table of runs, made once for each state of a run.
//
// Layer 6. Includes: base, os, runs, json, viewer/view_spec.
// Not here: which runs there are (runs/catalog_cache.hpp); the answer around the rows
// (viewer/api.hpp).
//
// A row is kept as JSON text, so that a list of 10,000 runs is a matter of copying. Series of runs
// that have ended are read once.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <guild/base/pattern.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/read_beneath.hpp>
#include <guild/os/thread.hpp>
#include <guild/runs/catalog_cache.hpp>
#include <guild/runs/query.hpp>
#include <guild/runs/query_value.hpp>
#include <guild/series/pixels.hpp>
#include <guild/viewer/http.hpp>
#include <guild/viewer/view_spec.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// What each row holds besides the run.
struct row_options {
    bool with_fields = false;  // whole objects
    bool with_values = false;  // numbers and texts alone
    bool with_flags = false;
    bool with_attrs = false;
    std::optional<pattern> spark;
    runs::query where;
    std::vector<field_spec> fields;  // of the project
    std::string key;                 // the same for the same options
};

/// Reads `with`, `fields`, `spark` and `where` of an address.
///
/// errors   bad_value: an unknown part; those of pattern::parse and of query::parse
/// example  tests/viewer/run_rows.cpp "row options: unknown parts and mistakes are told"
[[nodiscard]] result<row_options> parse_row_options(const target_parts& target,
                                                    std::vector<field_spec> fields);

/// One run of a list.
struct run_row {
    std::shared_ptr<const runs::listed_run> of;
    std::string text;  // a JSON object; empty if the run does not match
    bool is_match = true;
};
using run_rows = std::vector<std::shared_ptr<const run_row>>;

/// The fields of a run: objects as in docs/http-api.md.
[[nodiscard]] json::value fields_to_json(const std::vector<field_spec>& fields, run_values& values);

/// Keeps rows between two answers.
///
/// threads  any; one makes rows at a time
/// example  tests/viewer/run_rows.cpp "rows: a row is made anew only when its run changed"
class row_cache {
public:
    /// The rows of a listing, in its order.
    ///
    /// in       catalog: told of ended runs whose series may grow
    [[nodiscard]] std::shared_ptr<const run_rows> look(const runs::run_listing& listing,
                                                       const row_options& options,
                                                       runs::catalog_cache& catalog);

    /// How many rows were made, for tests.
    [[nodiscard]] std::uint64_t made() const noexcept { return made_; }

private:
    struct table {
        std::string key;
        std::shared_ptr<const runs::listed_runs> runs;
        std::shared_ptr<const run_rows> rows;
    };
    static constexpr std::size_t most_tables = 4;
    static constexpr unsigned row_threads = 4;

    os::mutex mutex_;
    std::deque<table> tables_;  // the last used first
    std::uint64_t made_ = 0;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::size_t most_row_bytes = 2000;  // of one text

inline json::value short_text(std::string_view bytes) {
    if (bytes.size() <= most_row_bytes) {
        return json::to_text(bytes);
    }
    return json::to_text(bytes.substr(0, most_row_bytes)) + "\xE2\x80\xA6";
}

inline json::value to_object(const runs::pair_list& pairs) {
    json::value out = json::value::object();
    for (const auto& [name, value] : pairs) {
        out[short_text(name).get_ref<const std::string&>()] = short_text(value);
    }
    return out;
}

// Six digits, as a small picture needs.
inline json::value short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.5e", value);
    return std::isfinite(value) ? json::value(std::strtod(text, nullptr)) : json::to_json(value);
}

inline json::value spark_of(run_values& values, const pattern& wanted) {
    json::value out = json::value::array();
    for (const series::series_summary& summary : values.summaries()) {
        if (wanted.matches(summary.key)) {
            series::pixel_request what;
            what.columns = 8;
            for (const series::point& each : values.reader().pixels(summary.key, what).kept) {
                out.push_back(short_number(each.value.as_double()));
            }
            break;
        }
    }
    return out;
}

inline std::optional<std::string> text_of_field(const std::vector<field_spec>& fields,
                                                run_values& values, std::string_view name) {
    for (const field_spec& field : fields) {
        if (field.name == name) {
            const field_value found = values.evaluate(field);
            return found.number         ? std::make_optional(format_double(*found.number))
                   : found.text != "--" ? std::make_optional(found.text)
                                        : std::nullopt;
        }
    }
    return std::nullopt;
}

/// Makes one row.
class row_maker {
public:
    row_maker(const runs::run& run, const row_options& options) : run_(run), options_(options) {}

    [[nodiscard]] bool is_match() {
        if (options_.where.is_empty()) {
            return true;
        }
        runs::query_values lookup(run_, [this](std::string_view name) {
            return text_of_field(options_.fields, values(), name);
        });
        (void)values();  // the condition may have read series too: whether they grow is of interest
        return lookup.match(options_.where);
    }

    [[nodiscard]] std::string text() {
        json::value row = json::to_json(run_);
        const auto started = run_.started_us();
        const auto stopped = run_.stopped_us();
        row["duration_us"] =
            started && stopped ? json::to_json(*stopped - *started) : json::value(nullptr);
        shorten_marks(row);
        if (options_.with_flags) {
            row["flags"] = to_object(run_.flags());
        }
        if (options_.with_attrs) {
            row["attrs"] = to_object(run_.attrs());
        }
        if (options_.with_fields) {
            row["fields"] = fields_to_json(options_.fields, values());
        }
        if (options_.with_values) {
            row["values"] = short_values();
        }
        if (options_.spark) {
            row["spark"] = spark_of(values(), *options_.spark);
        }
        return json::format(row);
    }

    /// Whether series were read that may still grow.
    [[nodiscard]] bool is_growing() const noexcept { return values_ && !values_->is_closed(); }
    [[nodiscard]] const std::string& stamp() const noexcept { return stamp_; }

private:
    // What grows is read again behind the stamp, so that nothing comes between the two.
    run_values& values() {
        if (!values_) {
            values_.emplace(run_);
            if (!values_->is_closed()) {
                stamp_ = runs::series_stamp(run_.path(), os::unlinked_env());
                values_->use(run_);
            }
        }
        return *values_;
    }

    // What people wrote may be long; a list of runs shows the beginning.
    static void shorten_marks(json::value& row) {
        for (const char* name : {"label", "note"}) {
            row[name] = short_text(row[name].get_ref<const std::string&>());
        }
        for (json::value& tag : row["tags"]) {
            tag = short_text(tag.get_ref<const std::string&>());
        }
    }

    [[nodiscard]] json::value short_values() {
        json::value out = json::value::array();
        for (const field_spec& field : options_.fields) {
            const field_value found = values().evaluate(field);
            json::value number = found.number ? json::to_json(*found.number) : json::value(nullptr);
            out.push_back(json::value::array({std::move(number), short_text(found.text)}));
        }
        return out;
    }

    const runs::run& run_;
    const row_options& options_;
    std::optional<run_values> values_;
    std::string stamp_;
};

inline std::shared_ptr<const run_row> make_row(const std::shared_ptr<const runs::listed_run>& run,
                                               const row_options& options,
                                               runs::catalog_cache& catalog) {
    row_maker maker(run->what, options);
    const bool is_match = maker.is_match();
    auto row =
        std::make_shared<run_row>(run_row{run, is_match ? maker.text() : std::string(), is_match});
    if (maker.is_growing() && runs::detail::has_ended(run->what)) {
        catalog.follow_series(run->what, maker.stamp());
    }
    return row;
}

inline result<void> add_part(std::string_view name, row_options& into) {
    if (name == "values") {
        into.with_values = true;
    } else if (name == "flags") {
        into.with_flags = true;
    } else if (name == "attrs") {
        into.with_attrs = true;
    } else if (name != "spark" && !name.empty()) {
        return make_error(errc::bad_value, "expected values, flags, attrs or spark in 'with',"
                                           " saw '" +
                                               std::string(name) + "'");
    }
    return {};
}

inline std::string key_of(const target_parts& target, const std::vector<field_spec>& fields) {
    json::value out = json::value::array();
    for (const char* name : {"with", "fields", "spark", "where"}) {
        out.push_back(json::to_text(target.find(name).value_or("")));
    }
    for (const field_spec& field : fields) {
        out.push_back(viewer::to_json(field));
    }
    return json::format(out);
}

}  // namespace detail

inline json::value fields_to_json(const std::vector<field_spec>& fields, run_values& values) {
    json::value out = json::value::array();
    for (const field_spec& field : fields) {
        const field_value found = values.evaluate(field);
        json::value one = viewer::to_json(field);
        one["value"] = found.number ? json::to_json(*found.number) : json::value(nullptr);
        json::set_text(one, "text", found.text);
        json::set_text(one, "key", found.key);
        out.push_back(std::move(one));
    }
    return out;
}

inline result<row_options> parse_row_options(const target_parts& target,
                                             std::vector<field_spec> fields) {
    row_options out;
    for (const std::string& part : split(target.find("with").value_or(""), ',')) {
        const auto added = detail::add_part(trim(part), out);
        if (!added) {
            return added.error();
        }
    }
    out.with_fields = target.find("fields").value_or("0") != "0";
    if (const auto spark = target.find("spark")) {
        auto read = pattern::parse(*spark);
        if (!read) {
            return std::move(read).error();
        }
        out.spark = std::move(*read);
    }
    auto where = runs::query::parse(target.find("where").value_or(""));
    if (!where) {
        return std::move(where).error();
    }
    out.where = std::move(*where);
    out.key = detail::key_of(target, fields);
    out.fields = std::move(fields);
    return out;
}

inline std::shared_ptr<const run_rows> row_cache::look(const runs::run_listing& listing,
                                                       const row_options& options,
                                                       runs::catalog_cache& catalog) {
    const os::lock held(mutex_);
    table now{options.key, listing.runs, nullptr};
    std::unordered_map<const runs::listed_run*, std::size_t> known;
    std::shared_ptr<const run_rows> before;
    for (auto each = tables_.begin(); each != tables_.end(); ++each) {
        if (each->key == options.key) {
            before = each->runs == listing.runs ? nullptr : each->rows;
            now.rows = each->runs == listing.runs ? each->rows : nullptr;
            tables_.erase(each);
            break;
        }
    }
    for (std::size_t i = 0; before && i < before->size(); ++i) {
        known.emplace((*before)[i]->of.get(), i);
    }
    auto rows = std::make_shared<run_rows>(now.rows ? 0 : listing.runs->size());
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        const auto found = known.find((*listing.runs)[i].get());
        if (found != known.end()) {
            (*rows)[i] = (*before)[found->second];
        } else {
            missing.push_back(i);
        }
    }
    made_ += missing.size();
    os::for_each_index(missing.size(), row_threads, [&](std::size_t i) {
        (*rows)[missing[i]] = detail::make_row((*listing.runs)[missing[i]], options, catalog);
    });
    now.rows = now.rows ? std::move(now.rows) : std::move(rows);
    tables_.push_front(now);
    if (tables_.size() > most_tables) {
        tables_.pop_back();
    }
    return now.rows;
}

}}}  // namespace guild::viewer

// guild/viewer/view_spec.hpp - what a project file says about the page: fields, charts, layout.
//
// Layer 6. Includes: base, ini, project, series, runs, json.
// Not here: the routes that serve it (viewer/api.hpp).
//
// The file is read anew for each request, so "save and reload" works. A broken file gives the
// built-in view and the error with its place; it never takes the runs away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/pattern.hpp>
#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/os/read_beneath.hpp>
#include <guild/project/load.hpp>
#include <guild/project/number_format.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/run.hpp>
#include <guild/series/reduce.hpp>
#include <guild/series/run_reader.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// One [field "NAME"]: a big number on the page.
struct field_spec {
    std::string name;
    std::string source;  // series/PATTERN, flags/NAME or attrs/NAME
    std::string reduce;
    std::string format;
    std::string label;
    std::string color;
    std::string icon;
};

/// One [series "NAME"], or one of the extra templates of the series component: a chart.
struct chart_spec {
    std::string name;
    std::string title;
    std::string label;
    std::string format;
    std::string source;     // series/PATTERN
    bool is_extra = false;  // from a template: left out while it matches nothing
};

/// Everything the page takes from the project file.
struct view_spec {
    std::string title;
    std::string description;
    std::string path;
    std::vector<field_spec> fields;
    std::vector<chart_spec> charts;
    std::vector<std::string> content;
    std::vector<std::string> sidebar;
    std::vector<std::string> compare;    // columns: NAME of a field, flags/NAME, attrs/NAME
    std::vector<std::string> run_roots;  // empty when the file cannot be read
    std::optional<error> failure;
    std::vector<ini::diagnostic> diagnostics;
    std::string text;  // of the file, to show the place of a diagnostic
};

/// Reads the project file of a directory.
///
/// example  tests/viewer/view_spec.cpp "view: the tutorial's file gives five fields and two charts"
[[nodiscard]] view_spec load_view(const std::string& directory,
                                  const project::load_options& options = {});

/// The view without a project file: the built-in charts, titled like the directory.
[[nodiscard]] view_spec builtin_view(const std::string& directory,
                                     const project::load_options& options = {});

/// Warnings about fields whose `reduce` is no word that series::find_reducer() knows; they show no
/// number.
///
/// example  tests/viewer/view_spec.cpp "view: a reduction that nobody knows is a warning at its
///          place"
[[nodiscard]] std::vector<ini::diagnostic> check_reductions(const project::project& project);

/// What a field shows for one run.
struct field_value {
    std::optional<double> number;  // none: no data yet, or the source is text
    std::string text;              // formatted; "--" without data
    std::string key;               // the series it came from
};

namespace detail {

// Nothing is found where the directory of series is a link.
inline std::string own_series_directory(const runs::run& run, const os::env& system) {
    std::string path = runs::data_path(run.path(), runs::series_directory);
    os::file_status found;
    const bool is_own =
        system.lstat(path.c_str(), &found) >= 0 && found.kind == os::file_kind::directory;
    return is_own ? path : path + "/none";
}

}  // namespace detail

/// Series of one run, read once and reduced for many fields.
class run_values {
public:
    /// in       run: outlives this object, or use() gives another one in time; system: by default
    /// one
    ///          that follows no links, since others may have made the run
    explicit run_values(const runs::run& run, const os::env& system = os::unlinked_env())
        : run_(&run), reader_(detail::own_series_directory(run, system), system),
          summaries_(reader_.summaries()) {}

    /// Goes on with the run as it was opened later, and with what its series have gained.
    void use(const runs::run& run) {
        run_ = &run;
        (void)reader_.refresh();
        summaries_ = reader_.summaries();
    }

    /// Whether nothing will be added to the series.
    [[nodiscard]] bool is_closed() const noexcept { return reader_.is_closed(); }

    [[nodiscard]] series::run_reader& reader() noexcept { return reader_; }

    [[nodiscard]] const std::vector<series::series_summary>& summaries() const noexcept {
        return summaries_;
    }

    /// Points of one series, in the order in which they were written.
    [[nodiscard]] std::vector<series::point> points(const std::string& key) {
        return reader_.points(key);
    }

    /// Keys that a pattern matches whole, in the order of summaries().
    ///
    /// errors   those of pattern::parse
    [[nodiscard]] result<std::vector<std::string>> keys(std::string_view expression) const;

    /// A field over all points of the run; of several matching series the first that has a value.
    ///
    /// example  tests/viewer/view_spec.cpp "fields: values are reduced over full data and
    /// formatted"
    [[nodiscard]] field_value evaluate(const field_spec& field);

private:
    [[nodiscard]] std::optional<double> reduce(const std::string& how,
                                               const series::series_summary& summary);

    const runs::run* run_;
    series::run_reader reader_;
    std::vector<series::series_summary> summaries_;
};

/// {name, label, icon, color, format, reduce, source}.
[[nodiscard]] json::value to_json(const field_spec& field);
/// {name, title, label, format, source, extra}.
[[nodiscard]] json::value to_json(const chart_spec& chart);
/// {title, description, path, fields, series, content, sidebar, compare, error,
/// diagnostics}.
[[nodiscard]] json::value to_json(const view_spec& view);

// ---- implementation ---------------------------------------------------------

namespace detail {

// Built-in sections stand first and one of the project replaces them whole, so the last counts.
inline const project::section* find_last(const project::project& project,
                                         const std::vector<std::string>& key) noexcept {
    const project::section* found = nullptr;
    for (const project::section& each : project.sections()) {
        found = each.key == key ? &each : found;
    }
    return found;
}

inline field_spec make_field(const project::section& from) {
    field_spec out;
    out.name = from.name();
    out.source = from.get("source");
    out.reduce = from.get("reduce", "last");
    out.format = from.get("format");
    out.label = from.get("label", out.name);
    out.color = from.get("color");
    out.icon = from.get("icon");
    return out;
}

inline chart_spec make_chart(const project::section& from, bool is_extra) {
    chart_spec out;
    out.name = from.name();
    out.title = from.get("title", out.name);
    out.label = from.get("label");
    out.format = from.get("format");
    out.source = from.get("source");
    out.is_extra = is_extra;
    return out;
}

inline void fill_view(view_spec& out, const project::project& project) {
    for (const project::section* field : project.sections_of("field")) {
        out.fields.push_back(make_field(*field));
    }
    for (const project::section* chart : project.sections_of("series")) {
        out.charts.push_back(make_chart(*chart, false));
    }
    if (const auto* component = find_last(project, {"component", "series"})) {
        for (const std::string& name : split_words(component->get("extra_series_templates"))) {
            if (const auto* extra = find_last(project, {"template", name})) {
                out.charts.push_back(make_chart(*extra, true));
            }
        }
    }
    if (const auto* layout = find_last(project, {"train-view"})) {
        out.content = split_words(layout->get("content"));
        out.sidebar = split_words(layout->get("sidebar"));
    }
    if (const auto* table = find_last(project, {"compare"})) {
        out.compare = split_words(table->get("columns"));
    }
}

inline std::optional<std::string> find_pair(const runs::pair_list& pairs, std::string_view name) {
    const std::string* found = runs::find_value(pairs, name);
    return found == nullptr ? std::nullopt : std::optional<std::string>(*found);
}

/// The part of a source behind "series/" and the like; nothing when it begins otherwise.
inline std::optional<std::string_view> after_prefix(std::string_view source,
                                                    std::string_view prefix) {
    return starts_with(source, prefix)
               ? std::optional<std::string_view>(source.substr(prefix.size()))
               : std::nullopt;
}

}  // namespace detail

inline std::vector<ini::diagnostic> check_reductions(const project::project& project) {
    std::vector<std::string> words;
    for (const std::string_view word : series::reducer_words()) {
        words.emplace_back(word);
    }
    std::vector<ini::diagnostic> found;
    for (const project::section* field : project.sections_of("field")) {
        for (const project::attribute& each : field->attributes) {
            if (each.name != "reduce" || each.value.empty() || series::is_reducer(each.value)) {
                continue;
            }
            const auto near = find_closest(each.value, words);
            ini::diagnostic made;
            made.sev = ini::severity::warning;
            made.about = ini::rule::unknown_reduction;
            made.what = make_error(errc::unknown_name,
                                   "expected a reduction such as last, seen '" + each.value + "'",
                                   each.from.path, each.from.where);
            made.hint = near ? "did you mean '" + *near + "'?" : "one of " + join(words, ", ");
            found.push_back(std::move(made));
        }
    }
    return found;
}

inline view_spec builtin_view(const std::string& directory, const project::load_options& options) {
    project::load_options with_builtins = options;
    with_builtins.with_builtins = true;
    const project::load_report report = project::parse_project(
        "", {os::absolute_path(directory), directory, {}, options.default_run_root}, with_builtins);
    view_spec out;
    if (report.value) {
        out.title = report.value->title();
        detail::fill_view(out, *report.value);
    }
    return out;
}

inline view_spec load_view(const std::string& directory, const project::load_options& options) {
    project::load_options with_builtins = options;
    with_builtins.with_builtins = true;
    project::load_report report = project::load_project_report(directory, with_builtins);
    view_spec out;
    if (report.value) {
        out.title = report.value->title();
        out.description = report.value->description();
        out.run_roots = report.value->run_roots();
        detail::fill_view(out, *report.value);
        for (ini::diagnostic& each : check_reductions(*report.value)) {
            report.diagnostics.push_back(std::move(each));
        }
        ini::sort_by_place(report.diagnostics);
    } else {
        out = builtin_view(directory, options);
    }
    out.path = report.path;
    out.failure = report.failure;
    out.diagnostics = std::move(report.diagnostics);
    out.text = std::move(report.text);
    return out;
}

inline result<std::vector<std::string>> run_values::keys(std::string_view expression) const {
    const auto wanted = pattern::parse(expression);
    if (!wanted) {
        return wanted.error();
    }
    std::vector<std::string> out;
    for (const series::series_summary& summary : summaries_) {
        if (wanted->matches(summary.key)) {
            out.push_back(summary.key);
        }
    }
    return out;
}

// The usual reducers need no points, so that a list of many long runs stays cheap; the others read
// the one series.
inline std::optional<double> run_values::reduce(const std::string& how,
                                                const series::series_summary& summary) {
    if (summary.count == 0) {
        return std::nullopt;
    }
    if (how == "last" || how.empty()) {
        return summary.last.value.as_double();
    }
    if (how == "first") {
        return summary.first.value.as_double();
    }
    if (how == "steps" || how == "duration") {
        return series::reduce(how, {summary.first, summary.last});
    }
    if ((how == "min" || how == "max") && summary.inf == 0 && summary.has_finite()) {
        return (how == "min" ? summary.min : summary.max).as_double();
    }
    return series::reduce(how, reader_.points(summary.key));
}

inline field_value run_values::evaluate(const field_spec& field) {
    field_value out;
    out.text = "--";
    if (const auto flag = detail::after_prefix(field.source, "flags/")) {
        out.text = detail::find_pair(run_->flags(), *flag).value_or(out.text);
    } else if (const auto attr = detail::after_prefix(field.source, "attrs/")) {
        out.text = detail::find_pair(run_->attrs(), *attr).value_or(out.text);
    } else if (const auto expression = detail::after_prefix(field.source, "series/")) {
        const auto wanted = pattern::parse(*expression);
        for (const series::series_summary& summary : summaries_) {
            if (!out.number && wanted && wanted->matches(summary.key)) {
                out.number = reduce(field.reduce, summary);
                out.key = summary.key;
            }
        }
        if (out.number) {
            out.text = project::format_number(*out.number, field.format);
        }
    }
    return out;
}

inline json::value to_json(const field_spec& field) {
    json::value out;
    json::set_text(out, "name", field.name);
    json::set_text(out, "label", field.label);
    json::set_text(out, "icon", field.icon);
    json::set_text(out, "color", field.color);
    json::set_text(out, "format", field.format);
    json::set_text(out, "reduce", field.reduce);
    json::set_text(out, "source", field.source);
    return out;
}

inline json::value to_json(const chart_spec& chart) {
    json::value out;
    json::set_text(out, "name", chart.name);
    json::set_text(out, "title", chart.title);
    json::set_text(out, "label", chart.label);
    json::set_text(out, "format", chart.format);
    json::set_text(out, "source", chart.source);
    out["extra"] = chart.is_extra;
    return out;
}

inline json::value to_json(const view_spec& view) {
    json::value out;
    json::set_text(out, "title", view.title);
    json::set_text(out, "description", view.description);
    json::set_text(out, "path", view.path);
    out["fields"] = json::value::array();
    for (const field_spec& field : view.fields) {
        out["fields"].push_back(to_json(field));
    }
    out["series"] = json::value::array();
    for (const chart_spec& chart : view.charts) {
        out["series"].push_back(to_json(chart));
    }
    out["content"] = json::value::array();
    for (const std::string& name : view.content) {
        out["content"].push_back(json::to_text(name));
    }
    out["sidebar"] = json::value::array();
    for (const std::string& name : view.sidebar) {
        out["sidebar"].push_back(json::to_text(name));
    }
    out["compare"] = json::value::array();
    for (const std::string& name : view.compare) {
        out["compare"].push_back(json::to_text(name));
    }
    out["error"] = view.failure ? json::to_json(*view.failure) : json::value(nullptr);
    out["diagnostics"] = json::value::array();
    for (const ini::diagnostic& each : view.diagnostics) {
        json::value one = json::to_json(each, view.text);
        if (each.sev == ini::severity::error && out["error"].is_object() &&
            !out["error"].contains("caret")) {
            out["error"] = one;  // the first error again, now with its line shown
        }
        out["diagnostics"].push_back(std::move(one));
    }
    return out;
}

}}}  // namespace guild::viewer

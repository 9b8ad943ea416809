// examples/guild/run_values.cpp - see run_values.hpp.

#include "run_values.hpp"

#include "common.hpp"

#include <guild/base/error.hpp>
#include <guild/base/number.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace program {
namespace {

template <class Value>
std::optional<Value> read_or_fail(guild::result<Value> read, const std::string& text,
                                  const std::string& option, io& console) {
    if (read) {
        return std::move(*read);
    }
    const guild::error& what = read.error();
    console.fail(option + ": column " + std::to_string(what.where.column) + ": " +
                 printable(what.message));
    if (text.size() <= 1000) {
        const std::string caret = guild::render_caret(printable(text), what.where.column,
                                                      what.where.end - what.where.begin);
        const std::size_t line = caret.find('\n');
        console.print_error("  " + caret.substr(0, line) + "\n  " + caret.substr(line + 1) + '\n');
    }
    return std::nullopt;
}

struct sort_key {
    int group = 2;  // 0 number, 1 text, 2 nothing
    double number = 0;
    std::string text;
    std::size_t place = 0;
};

sort_key make_key(const std::optional<std::string>& value, std::size_t place) {
    sort_key key;
    key.place = place;
    if (value) {
        const auto number = guild::parse_double(*value);
        key.group = number && *number == *number ? 0 : 1;
        key.number = key.group == 0 ? *number : 0;
        key.text = *value;
    }
    return key;
}

/// What is not there stays last, whichever way the rest goes.
bool comes_before(const sort_key& a, const sort_key& b, bool is_reversed) {
    if ((a.group == 2) != (b.group == 2)) {
        return b.group == 2;
    }
    const sort_key& low = is_reversed ? b : a;
    const sort_key& high = is_reversed ? a : b;
    if (low.group != high.group) {
        return low.group < high.group;
    }
    if (low.group == 0 && low.number != high.number) {
        return low.number < high.number;
    }
    return low.group == 1 && low.text != high.text ? low.text < high.text : a.place < b.place;
}

}  // namespace

std::optional<guild::runs::query> read_query(const std::string& text, const std::string& option,
                                             io& console) {
    return read_or_fail(guild::runs::query::parse(text), text, option, console);
}

std::optional<guild::runs::query_name> read_query_name(const std::string& text,
                                                       const std::string& option, io& console) {
    return read_or_fail(guild::runs::query_name::parse(text), text, option, console);
}

guild::runs::query_values value_source::values_of(const guild::runs::run& run) {
    return guild::runs::query_values(
        run, [this, &run](std::string_view name) { return find_field(run, name); });
}

std::optional<std::string> value_source::find_field(const guild::runs::run& run,
                                                    std::string_view name) {
    if (!view_) {
        view_ = guild::viewer::load_view(project_directory(given_), project_load_options());
    }
    for (const guild::viewer::field_spec& field : view_->fields) {
        if (field.name != name) {
            continue;
        }
        const guild::viewer::field_value found = guild::viewer::run_values(run).evaluate(field);
        if (found.number) {
            return guild::format_double(*found.number);
        }
        return found.text == "--" ? std::nullopt : std::make_optional(found.text);
    }
    return std::nullopt;
}

void sort_runs(std::vector<guild::runs::run>& runs, const guild::runs::query_name& by,
               bool is_reversed, value_source& source) {
    std::vector<sort_key> keys;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        keys.push_back(make_key(source.values_of(runs[i]).find(by.source, by.name), i));
    }
    std::sort(keys.begin(), keys.end(), [is_reversed](const sort_key& a, const sort_key& b) {
        return comes_before(a, b, is_reversed);
    });
    std::vector<guild::runs::run> sorted;
    for (const sort_key& key : keys) {
        sorted.push_back(std::move(runs[key.place]));
    }
    runs = std::move(sorted);
}

}  // namespace program

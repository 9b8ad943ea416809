// examples/guild/run_values.hpp - conditions, columns and sorting of runs on the command line, with
// the fields of the project file.
#pragma once

#include "command.hpp"

#include <guild/runs/query.hpp>
#include <guild/runs/query_value.hpp>
#include <guild/runs/run.hpp>
#include <guild/viewer/view_spec.hpp>

#include <optional>
#include <string>
#include <vector>

namespace program {

/// Reads `text`, given with `option`; empty with the error printed, with a caret below its place.
std::optional<guild::runs::query> read_query(const std::string& text, const std::string& option,
                                             io& console);
std::optional<guild::runs::query_name> read_query_name(const std::string& text,
                                                       const std::string& option, io& console);

/// Gives the values of runs of one project. The project file is read when a field is first asked
/// for.
class value_source {
public:
    explicit value_source(const arguments& given) : given_(given) {}

    /// The values of one run, which must outlive them as this object must.
    guild::runs::query_values values_of(const guild::runs::run& run);

private:
    std::optional<std::string> find_field(const guild::runs::run& run, std::string_view name);

    const arguments& given_;
    std::optional<guild::viewer::view_spec> view_;
};

/// Sorts by the value of a name: numbers, then texts, then runs without one; equal ones stay in
/// order.
void sort_runs(std::vector<guild::runs::run>& runs, const guild::runs::query_name& by,
               bool is_reversed, value_source& source);

}  // namespace program

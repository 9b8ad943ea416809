// examples/guild/tag.cpp - guild tag: tags, label and note of runs.

#include "commands.hpp"
#include "common.hpp"

#include <guild/base/text.hpp>
#include <guild/json.hpp>
#include <guild/runs/marks.hpp>

#include <string>
#include <vector>

namespace program {
namespace {

guild::json::value to_json(const guild::runs::run& run, const guild::runs::run_marks& marks) {
    guild::json::value shown;
    guild::json::set_text(shown, "path", run.path());
    guild::json::set_text(shown, "label", marks.label);
    shown["tags"] = guild::json::value::array();
    for (const std::string& tag : marks.tags) {
        shown["tags"].push_back(guild::json::to_text(tag));
    }
    guild::json::set_text(shown, "note", marks.note);
    return shown;
}

void print_marks(const guild::runs::run& run, const guild::runs::run_marks& marks, io& console) {
    console.print(run.path() + '\n');
    if (!marks.label.empty()) {
        console.print("  label: " + printable(marks.label) + '\n');
    }
    if (!marks.tags.empty()) {
        console.print("  tags:  " + printable(guild::join(marks.tags, ", ")) + '\n');
    }
    for (const std::string& line : guild::split(marks.note, '\n')) {
        console.print(marks.note.empty() ? "" : "  note:  " + printable(line) + '\n');
    }
}

int tag(const arguments& given, io& console) {
    guild::runs::mark_changes changes;
    changes.add_tags = given.all("add");
    changes.remove_tags = given.all("remove");
    changes.label = given.find("label");
    changes.note = given.find("note");
    const auto checked = guild::runs::check_marks(changes);
    if (!checked) {
        return fail(console, checked.error());
    }
    const bool is_chosen = given.has("RUNDIR") || given.has("latest-run");
    if (!is_chosen) {
        return console.fail("either RUNDIR or --latest-run is required");
    }
    const auto runs = select_runs(given, console);
    if (!runs) {
        return exit_usage;
    }
    guild::json::value list = guild::json::value::array();
    for (const guild::runs::run& run : *runs) {
        const bool is_change = !changes.add_tags.empty() || !changes.remove_tags.empty() ||
                               changes.label || changes.note;
        auto marks = is_change ? guild::runs::change_marks(run.path(), changes)
                               : guild::result<guild::runs::run_marks>(guild::runs::marks_of(run));
        if (!marks) {
            return fail_work(console, marks.error());
        }
        if (given.has("json")) {
            list.push_back(to_json(run, *marks));
        } else {
            print_marks(run, *marks, console);
        }
    }
    if (given.has("json")) {
        console.print(guild::json::format(list) + '\n');
    }
    return exit_ok;
}

}  // namespace

command_spec tag_command() {
    return {"tag",
            "give runs tags, a label and a note",
            "Changes what is asked for, leaves the rest, and prints the marks of each run. A tag "
            "is a word; a label is one line, shown in lists; a note is any text. An empty label or "
            "note removes it. They may be changed at any time, also while the run goes on.",
            {{"RUNDIR", how_many::any,
              "the run's directory, or its name (or the beginning of it) in the project"}},
            run_options({{"-a,--add", "TAG", "add a tag; may be given again", true},
                         {"-r,--remove", "TAG", "remove a tag; may be given again", true},
                         {"--label", "TEXT", "set the label"},
                         {"--note", "TEXT", "set the note"},
                         json_option()}),
            tag};
}

}  // namespace program

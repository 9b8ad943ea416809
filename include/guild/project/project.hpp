// guild/project/project.hpp - a Guild file as values: title, models, resources, run roots, and
// sections by key.
//
// Layer 3. Includes: base, ini.
// Not here: finding and reading the file (project/load.hpp), flags (project/flags.hpp), commands
// (project/operation.hpp).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/ini/expand.hpp>

namespace guild { inline namespace v0 { namespace project {

using ini::attribute;
using ini::origin;
using ini::section;

/// Where a project stands; everything else is in its sections.
struct project_place {
    std::string directory;        // absolute
    std::string given_directory;  // as the user wrote it, for messages; empty: directory
    std::string path;             // of the project file
    std::string default_run_root = "runs";
};

/// One project. The pointers to sections that it hands out are good as long as it lives and is not
/// moved from.
class project {
public:
    project(project_place place, std::vector<section> sections)
        : place_(std::move(place)), sections_(std::move(sections)) {}

    [[nodiscard]] const std::string& directory() const noexcept { return place_.directory; }
    [[nodiscard]] const std::string& path() const noexcept { return place_.path; }
    [[nodiscard]] const std::string& given_directory() const noexcept {
        return place_.given_directory.empty() ? place_.directory : place_.given_directory;
    }

    /// Every section in file order, those of included files first.
    [[nodiscard]] const std::vector<section>& sections() const noexcept { return sections_; }

    /// `name` of [project], or the base name of the directory.
    [[nodiscard]] std::string title() const;

    /// `description` of [project], runs of white space made one blank.
    [[nodiscard]] std::string description() const;

    /// The first section with this key; none: null.
    [[nodiscard]] const section* find_section(const std::vector<std::string>& key) const noexcept {
        return ini::find_section(sections_, key);
    }

    /// Sections whose first key part is `kind`, in file order; of a repeated key only the first.
    [[nodiscard]] std::vector<const section*> sections_of(std::string_view kind) const;

    /// Every [model] and [model "NAME"].
    [[nodiscard]] std::vector<const section*> models() const { return sections_of("model"); }

    /// The model an operation works on.
    ///
    /// in       no name: the unnamed [model], else the first; a name: the model of that name, else
    ///          the one whose whole `train` value is that
    /// errors   unknown_name
    /// example  tests/project/project.cpp "project: a model is chosen by name or by its whole train
    ///          value"
    [[nodiscard]] result<const section*>
    get_model(const std::optional<std::string>& name = std::nullopt) const;

    /// Like get_model(), but a name may also be that of a [resource "NAME"].
    ///
    /// errors   unknown_name
    /// example  tests/project/project.cpp "project: prepare takes models and resources"
    [[nodiscard]] result<const section*>
    get_model_or_resource(const std::optional<std::string>& name = std::nullopt) const;

    /// The model's name, or the first word of its train command, or empty.
    [[nodiscard]] std::string model_display_name(const section& model) const;

    /// Where runs of a section go: its `runroot`, that of [project], or the default; absolute.
    [[nodiscard]] std::string run_root(const section* of = nullptr) const;

    /// Every run root of the project, its own first, each once.
    [[nodiscard]] std::vector<std::string> run_roots() const;

private:
    [[nodiscard]] std::string get_project_attribute(std::string_view name,
                                                    std::string_view fallback) const;
    [[nodiscard]] std::string to_run_root(std::string_view value) const {
        return normalize_path(join_path(place_.directory, value));
    }

    project_place place_;
    std::vector<section> sections_;
};

// ---- implementation ---------------------------------------------------------

inline std::string project::get_project_attribute(std::string_view name,
                                                  std::string_view fallback) const {
    const section* own = find_section({"project"});
    const std::string* value = own == nullptr ? nullptr : own->find(name);
    return value == nullptr || value->empty() ? std::string(fallback) : *value;
}

inline std::string project::title() const {
    return get_project_attribute("name", base_name(place_.directory));
}

inline std::string project::description() const {
    return collapse_spaces(get_project_attribute("description", ""));
}

inline std::vector<const section*> project::sections_of(std::string_view kind) const {
    std::vector<const section*> found;
    for (const section& each : sections_) {
        const bool is_first = each.kind() == kind && find_section(each.key) == &each;
        if (is_first) {
            found.push_back(&each);
        }
    }
    return found;
}

namespace detail {

/// `X is not defined for this project`, with a suggestion in a second line if a name is near.
inline error unknown_section_error(const std::string& what, const std::string& name,
                                   const std::vector<const section*>& candidates) {
    std::vector<std::string> names;
    for (const section* each : candidates) {
        names.push_back(each->name());
    }
    std::string message = what + " '" + name + "' is not defined for this project";
    const auto near = find_closest(name, names);
    if (near && !near->empty()) {
        message += "\nDid you mean '" + *near + "'?";
    }
    return make_error(errc::unknown_name, std::move(message));
}

inline const section* find_model(const std::vector<const section*>& models,
                                 const std::string& name) {
    for (const section* each : models) {
        if (each->key.size() > 1 && each->name() == name) {
            return each;
        }
    }
    for (const section* each : models) {
        const std::string* train = each->find("train");
        if (train != nullptr && *train == name) {
            return each;
        }
    }
    return nullptr;
}

}  // namespace detail

inline result<const section*> project::get_model(const std::optional<std::string>& name) const {
    const std::vector<const section*> all = models();
    if (name) {
        const section* found = detail::find_model(all, *name);
        if (found == nullptr) {
            return detail::unknown_section_error("model", *name, all);
        }
        return found;
    }
    const section* unnamed = find_section({"model"});
    if (unnamed == nullptr && all.empty()) {
        return make_error(errc::unknown_name, "project does not define any models");
    }
    return unnamed != nullptr ? unnamed : all.front();
}

inline result<const section*>
project::get_model_or_resource(const std::optional<std::string>& name) const {
    if (!name) {
        return get_model();
    }
    std::vector<const section*> all = models();
    const section* found = detail::find_model(all, *name);
    if (found == nullptr) {
        found = find_section({"resource", *name});
    }
    if (found == nullptr) {
        const std::vector<const section*> resources = sections_of("resource");
        all.insert(all.end(), resources.begin(), resources.end());
        return detail::unknown_section_error("model/resource", *name, all);
    }
    return found;
}

inline std::string project::model_display_name(const section& model) const {
    if (!model.name().empty()) {
        return model.name();
    }
    const std::vector<std::string> words = split_words(model.get("train"));
    return words.empty() ? std::string() : words.front();
}

inline std::string project::run_root(const section* of) const {
    const std::string* own = of == nullptr ? nullptr : of->find("runroot");
    if (own != nullptr && !own->empty()) {
        return to_run_root(*own);
    }
    return to_run_root(get_project_attribute("runroot", place_.default_run_root));
}

inline std::vector<std::string> project::run_roots() const {
    std::vector<std::string> roots{run_root()};
    for (const section& each : sections_) {
        const std::string* own = each.find("runroot");
        if (own == nullptr || own->empty()) {
            continue;
        }
        const std::string root = to_run_root(*own);
        if (std::find(roots.begin(), roots.end(), root) == roots.end()) {
            roots.push_back(root);
        }
    }
    return roots;
}

}}}  // namespace guild::project

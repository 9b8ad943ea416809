// guild/package/package.hpp - a GuildPkg file as values with their places: name, version, sources
// with checksums, packager, references.
//
// Layer 4. Includes: base, ini, os/environment.hpp, os/file.hpp, package/source.hpp.
// Not here: what a source text means (package/source.hpp); fetching and building; TOML itself: the
// program hands toml::read_project in, so that the core needs no library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/file.hpp>
#include <guild/package/source.hpp>

namespace guild { inline namespace v0 { namespace package {

/// A text of the file and where it stands.
struct placed_text {
    std::string text;
    ini::origin from;
};

/// One source and the checksum that was declared for it.
struct declared_source {
    source value;
    ini::origin from;    // of the source's own word
    std::string sha256;  // 64 small hex digits, `SKIP`, or empty: none is given
    ini::origin sha256_from;
};

/// A GuildPkg file.
struct definition {
    std::string directory;  // of the package, absolute
    std::string path;       // of the file, as it is shown in messages
    std::string text;       // of the file
    placed_text name;
    placed_text version;
    std::optional<placed_text> packager;  // a file below the directory
    std::vector<declared_source> sources;
    std::vector<ini::attribute> attributes;  // of [package], each name once, also the above
    std::vector<ini::attribute> references;  // of [references], each name once
};

/// What a reader of another language returns, as toml::read_project: sections and diagnostics.
using package_reader = ini::expansion (*)(std::string_view text, const std::string& path,
                                          const std::vector<ini::section>& included);

struct read_options {
    package_reader read_toml =
        nullptr;  // toml::read_project; null: GuildPkg.toml is not looked for
};

/// A definition with everything there is to say about its file, also when there are errors.
struct definition_report {
    std::optional<definition> value;           // none when `failure` is set
    std::vector<ini::diagnostic> diagnostics;  // warnings and errors, in file order
    std::string text;                          // of the file, for ini::render()
    std::string path;                          // as it is shown
    std::optional<error> failure;              // the first error
};

/// Loads GuildPkg of a directory, or else GuildPkg.toml if options can read one.
///
/// out      failure: not_found: no such file, with the two lines of text that say what to do;
///          bad_syntax, bad_value, truncated, too_large: the first mistake, with line and column
/// example  tests/package/package.cpp "package: a directory without GuildPkg says what to do"
[[nodiscard]] definition_report load_definition(const std::string& directory,
                                                const read_options& options = {});

/// The definition that a text is, without touching files.
///
/// in       path: as it is to be shown; one that ends in .toml is read by options.read_toml
/// example  tests/package/package.cpp "package: the tutorial's GuildPkg as values"
[[nodiscard]] definition_report parse_definition(std::string text, const std::string& directory,
                                                 const std::string& path,
                                                 const read_options& options = {});

/// `package_NAME` for every attribute of [package]; characters that a shell's names cannot hold
/// are `_`.
///
/// example  tests/package/package.cpp "package: every attribute of [package] is a variable"
[[nodiscard]] os::variables list_variables(const definition& from);

/// What about a name departs from the rules of naming; empty: nothing. Terms of small letters and
/// digits are joined by `-`, source packages end in `-src`, pretrained models in `+DATASET`.
///
/// example  tests/package/package.cpp "package: names that depart from the rules are warned about"
[[nodiscard]] std::string find_naming_remark(std::string_view name);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline error no_package_file(const std::string& directory) {
    const bool is_here = directory.empty() || directory == ".";
    return make_error(errc::not_found,
                      is_here ? "This directory does not contain a GuildPkg file\n"
                                "Try 'guild init --package' to initialize a package or change "
                                "directories."
                              : "Directory '" + directory +
                                    "' does not contain a GuildPkg file\nTry 'guild init "
                                    "--package " +
                                    directory + "' to initialize a package or change directories.");
}

inline std::string find_package_file(const std::string& directory, const read_options& options) {
    for (const char* name : {"GuildPkg", "GuildPkg.toml"}) {
        const std::string path = join_path(directory, name);
        const bool can_read = !ends_with(name, ".toml") || options.read_toml != nullptr;
        if (can_read && os::find_status(path) && !os::is_directory(path)) {
            return path;
        }
    }
    return {};
}

/// The span of `part`, which stands at `begin` of the text.
inline source_span span_in(std::string_view text, std::size_t begin, std::size_t size) {
    std::uint32_t line = 1;
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < begin; ++i) {
        const bool is_pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        const bool is_end = text[i] == '\n' || text[i] == '\r' || text[i] == '\x1A';
        if (is_end && !is_pair) {
            ++line;
            line_start = i + 1;
        }
    }
    return {begin, begin + size, line, static_cast<std::uint32_t>(begin - line_start + 1)};
}

/// The words of a value, each with its own place in the file where that can be told.
inline std::vector<placed_text> place_words(const ini::attribute& value, std::string_view text) {
    std::vector<placed_text> words;
    const std::size_t end = std::min<std::size_t>(
        guild::detail::convert<std::size_t>(value.from.where.end), text.size());
    std::size_t at =
        std::min<std::size_t>(guild::detail::convert<std::size_t>(value.from.where.begin), end);
    for (std::string& word : split_words(value.value)) {
        const std::size_t found = text.substr(0, end).find(word, at);
        ini::origin from = value.from;
        if (found != std::string_view::npos) {
            from.where = span_in(text, found, word.size());
            at = found + word.size();
        }
        words.push_back({std::move(word), std::move(from)});
    }
    return words;
}

/// Sections to a definition: the second pass. Every mistake is reported, not only the first.
class definition_checker {
public:
    definition_checker(definition_report& report, definition& made)
        : report_(report), made_(made) {}

    void run(const std::vector<ini::section>& sections);

private:
    void fail(const ini::origin& where, std::string message, std::string hint = {}) {
        add(ini::severity::error, where, std::move(message), std::move(hint));
    }
    void warn(const ini::origin& where, std::string message, std::string hint = {}) {
        add(ini::severity::warning, where, std::move(message), std::move(hint));
    }
    void add(ini::severity sev, const ini::origin& where, std::string message, std::string hint) {
        const errc code = sev == ini::severity::error ? errc::bad_value : errc::ok;
        report_.diagnostics.push_back(
            {sev, make_error(code, std::move(message), made_.path, where.where), std::move(hint),
             ini::rule::package_value});
    }

    placed_text take_file_name(const ini::section& package, const char* what);
    void check_names();
    void take_packager(const ini::section& package);
    void take_sources(const ini::section& package);
    void take_checksums(const ini::section& package);
    void check_destinations();
    void check_protection();
    void report_other_sections(const std::vector<ini::section>& sections);

    definition_report& report_;
    definition& made_;
};

inline void definition_checker::run(const std::vector<ini::section>& sections) {
    const ini::section* package = ini::find_section(sections, {"package"});
    report_other_sections(sections);
    if (package == nullptr) {
        fail({made_.path, {0, 0, 1, 1}}, "expected a section [package], seen none");
        return;
    }
    for (const ini::attribute* each : package->effective()) {
        made_.attributes.push_back(*each);
        if (contains(each->value, {"\0", 1})) {
            fail(each->from, "expected a value without NUL");
        }
    }
    const ini::section* references = ini::find_section(sections, {"references"});
    if (references != nullptr) {
        for (const ini::attribute* each : references->effective()) {
            made_.references.push_back(*each);
        }
    }
    made_.name = take_file_name(*package, "name");
    made_.version = take_file_name(*package, "version");
    check_names();
    take_packager(*package);
    take_sources(*package);
    take_checksums(*package);
    check_destinations();
    check_protection();
}

inline placed_text definition_checker::take_file_name(const ini::section& package,
                                                      const char* what) {
    const ini::attribute* found = package.find_attribute(what);
    if (found == nullptr || found->value.empty()) {
        fail(found == nullptr ? package.from : found->from,
             std::string("expected `") + what + " = ...` in [package], seen none");
        return {};
    }
    const std::string problem = find_name_problem(found->value);
    if (!problem.empty()) {
        fail(found->from,
             std::string("expected a ") + what + " of letters, digits and `._+~@-`, " + problem);
    }
    return {found->value, found->from};
}

inline void definition_checker::check_names() {
    const std::string remark = find_naming_remark(made_.name.text);
    if (!made_.name.text.empty() && !remark.empty()) {
        warn(made_.name.from, remark,
             "packages are named like `mnist-src` or `inception-v1+cifar10`");
    }
    if (contains(made_.version.text, "-")) {
        warn(made_.version.from, "`-` in a version: NAME-VERSION cannot be told apart by readers",
             "use `.` or `_`");
    }
}

inline void definition_checker::take_packager(const ini::section& package) {
    const ini::attribute* found = package.find_attribute("packager");
    if (found == nullptr || found->value.empty()) {
        return;
    }
    const std::string path = normalize_path(found->value);
    const bool leaves = is_absolute(path) || path == "." || path == ".." ||
                        starts_with(path, "../") || path.front() == '-';
    if (leaves) {
        fail(found->from,
             "expected a file below the package's directory, seen `" + found->value + "`");
    }
    made_.packager = placed_text{path, found->from};
}

inline void definition_checker::take_sources(const ini::section& package) {
    const ini::attribute* found = package.find_attribute("source");
    if (found == nullptr) {
        return;
    }
    for (placed_text& word : place_words(*found, report_.text)) {
        auto parsed = parse_source(word.text);
        if (parsed) {
            made_.sources.push_back({std::move(*parsed), std::move(word.from), {}, {}});
            continue;
        }
        source_span& where = word.from.where;
        const source_span& part = parsed.error().where;
        if (where.end - where.begin == word.text.size() && part.begin <= part.end) {
            where.column += static_cast<std::uint32_t>(part.begin);
            where.end = where.begin + part.end;
            where.begin += part.begin;
        }
        fail(word.from, std::move(parsed.error().message));
        made_.sources.push_back({{}, word.from, {}, {}});
    }
}

inline void definition_checker::take_checksums(const ini::section& package) {
    const ini::attribute* found = package.find_attribute("sha256");
    if (found == nullptr) {
        return;
    }
    std::vector<placed_text> words = place_words(*found, report_.text);
    if (words.size() != made_.sources.size()) {
        const bool is_more = words.size() > made_.sources.size();
        fail(is_more ? words[made_.sources.size()].from : found->from,
             "expected " + std::to_string(made_.sources.size()) +
                 " checksums, one for each source in order, seen " + std::to_string(words.size()),
             "write SKIP for a source that is not to be checked");
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool is_sum = words[i].text.size() == 64 &&
                            std::all_of(words[i].text.begin(), words[i].text.end(), is_hex_digit);
        if (!is_sum && words[i].text != "SKIP") {
            fail(words[i].from, "expected 64 hex digits or SKIP, seen `" + words[i].text + "`");
        } else if (i < made_.sources.size()) {
            made_.sources[i].sha256 = is_sum ? to_lower(words[i].text) : words[i].text;
            made_.sources[i].sha256_from = std::move(words[i].from);
        }
    }
}

inline void definition_checker::check_destinations() {
    for (std::size_t i = 0; i < made_.sources.size(); ++i) {
        const std::string name = to_lower(made_.sources[i].value.name);
        for (std::size_t k = 0; k < i && !name.empty(); ++k) {
            const declared_source& other = made_.sources[k];
            if (to_lower(other.value.name) == name) {
                fail(made_.sources[i].from,
                     "two sources would both be `" + other.value.name +
                         "` below src, the other in line " + std::to_string(other.from.where.line),
                     "give one another name: NAME::" + made_.sources[i].value.text);
                break;
            }
        }
    }
}

inline void definition_checker::check_protection() {
    for (const declared_source& each : made_.sources) {
        const bool is_pinned =
            (!each.sha256.empty() && each.sha256 != "SKIP") || each.value.ref == ref_kind::commit;
        if (each.value.kind == source_kind::download && each.sha256.empty()) {
            warn(each.from, "nothing checks what is downloaded here", "give its sha256, or SKIP");
        } else if (is_unprotected(each.value.url) && !is_pinned) {
            warn(each.from, "anyone on the way can change what comes from here",
                 "use https, or give its sha256");
        }
    }
}

inline void definition_checker::report_other_sections(const std::vector<ini::section>& sections) {
    for (const ini::section& each : sections) {
        const bool is_known =
            each.key.size() == 1 && (each.kind() == "package" || each.kind() == "references");
        if (!is_known) {
            warn(each.from, "[" + ini::format_key(each.key) + "] means nothing in a GuildPkg file",
                 "it has [package] and [references]");
        }
    }
}

inline ini::expansion read_package_sections(const std::string& text, const std::string& path,
                                            const read_options& options) {
    if (options.read_toml != nullptr && ends_with(path, ".toml")) {
        return options.read_toml(text, path, {});
    }
    const ini::document document = ini::parse(text, path);
    ini::expansion read = ini::expand(document);
    read.diagnostics.insert(read.diagnostics.begin(), document.diagnostics().begin(),
                            document.diagnostics().end());
    return read;
}

inline std::optional<error> find_first_error(const std::vector<ini::diagnostic>& diagnostics) {
    for (const ini::diagnostic& each : diagnostics) {
        if (each.sev == ini::severity::error) {
            return each.what;
        }
    }
    return std::nullopt;
}

}  // namespace detail

inline definition_report parse_definition(std::string text, const std::string& directory,
                                          const std::string& path, const read_options& options) {
    definition_report report;
    report.text = std::move(text);
    report.path = path;
    ini::expansion read = detail::read_package_sections(report.text, path, options);
    report.diagnostics = std::move(read.diagnostics);
    definition made;
    made.directory = os::absolute_path(directory);
    made.path = path;
    if (!detail::find_first_error(report.diagnostics)) {
        detail::definition_checker(report, made).run(read.sections);
    }
    ini::sort_by_place(report.diagnostics);
    report.failure = detail::find_first_error(report.diagnostics);
    if (!report.failure) {
        made.text = report.text;
        report.value = std::move(made);
    }
    return report;
}

inline definition_report load_definition(const std::string& directory,
                                         const read_options& options) {
    const std::string given = directory.empty() ? "." : directory;
    const std::string path = detail::find_package_file(given, options);
    definition_report report;
    if (path.empty()) {
        report.failure = detail::no_package_file(given);
        return report;
    }
    report.path = given == "." ? base_name(path) : path;
    auto text = os::load_file(path, ini::max_file_bytes + 1);
    if (!text) {
        report.failure = std::move(text).error();
        return report;
    }
    return parse_definition(std::move(*text), given, report.path, options);
}

inline os::variables list_variables(const definition& from) {
    os::variables list;
    for (const ini::attribute& each : from.attributes) {
        std::string name = "package_";
        for (const char c : each.name) {
            name += is_letter(c) || is_digit(c) ? c : '_';
        }
        list.emplace_back(std::move(name), each.value);
    }
    return list;
}

inline std::string find_naming_remark(std::string_view name) {
    constexpr std::size_t longest_term = 24;
    const std::vector<std::string> halves = split(name, '+');
    if (halves.size() > 2 || halves.back().empty()) {
        return "expected at most one `+`, with the data set of a pretrained model behind it";
    }
    for (const std::string& half : halves) {
        for (const std::string& term : split(half, '-')) {
            const bool is_plain = std::all_of(term.begin(), term.end(), [](char c) {
                return is_digit(c) || (c >= 'a' && c <= 'z') || c == '.';
            });
            if (term.empty() || term.size() > longest_term || !is_plain) {
                return "expected short terms of small letters and digits, joined by `-`";
            }
        }
    }
    const std::string& model = halves.front();
    const bool is_source =
        ends_with(model, "-source") || ends_with(model, "-sources") || ends_with(model, ".src");
    return is_source ? "expected the name of a source package to end in `-src`" : "";
}

}}}  // namespace guild::package

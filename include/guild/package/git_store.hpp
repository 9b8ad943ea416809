// guild/package/git_store.hpp - the bare repository that is kept of a source, and what is in it.
//
// Layer 4. Includes: base, os, package/git_tool.hpp, package/tree_ref.hpp.
// Not here: which commit is wanted and when a server is asked (package/git.hpp).
//
// Nothing here fetches by itself: git fetches what is missing in a partial clone whenever it
// stumbles upon it, so every question is asked by commands that do not. A package may come with a
// bare repository of its own, whose configuration could have git run programs: it is looked at.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>
#include <guild/os/temporary.hpp>
#include <guild/package/git_tool.hpp>
#include <guild/package/source_tree.hpp>
#include <guild/package/tool.hpp>
#include <guild/package/tree_ref.hpp>

namespace guild { inline namespace v0 { namespace package {

/// A repository somewhere and the bare one that is kept of it.
struct repository {
    std::string url;        // as the package names it; remembered, and compared at the next use
    std::string fetch_url;  // where it is fetched from, mirrors applied; empty: url
    std::string directory;  // of the bare repository, absolute
};

/// How much of a repository is asked for: one commit without contents, one commit, or everything.
enum class fetch_depth : std::uint8_t { contents_later, one_commit, everything };

/// One file or directory of a commit.
struct git_object {
    std::string mode;  // 040000, 100644, 100755, 120000, 160000
    std::string type;  // tree, blob, commit
    std::string id;
};

/// The bare repository of one source.
class git_store {
public:
    /// Looks at what stands at the directory: nothing yet, or a bare repository of this URL.
    ///
    /// errors   already_exists: something else; bad_value: a repository of another URL, with
    ///          symbolic links in it, or configured by more than what guild and `git clone` write
    /// example  tests/package/git_store.cpp "git store: a repository of another URL is refused"
    [[nodiscard]] static result<git_store> open(const git_tool& git, repository of);

    [[nodiscard]] bool exists() const noexcept { return exists_; }

    /// Makes the bare repository; one that is there is removed.
    ///
    /// in       id_size: 40 or 64, of the repository's ids
    /// errors   io_failed with git's words; those of files
    [[nodiscard]] result<void> create(std::size_t id_size);

    /// Tells git where to fetch from.
    ///
    /// errors   io_failed with git's words
    [[nodiscard]] result<void> set_url();

    /// Branches and tags that were fetched before.
    ///
    /// errors   io_failed with git's words
    [[nodiscard]] result<std::vector<git_ref>> list_refs() const;

    /// The commit that `name` stands for; empty: there is none.
    [[nodiscard]] std::string find_commit(const std::string& name) const;

    /// What is at a path of a commit; empty path: its tree.
    ///
    /// errors   not_found: no such path
    [[nodiscard]] result<git_object> get_object(const std::string& commit,
                                                const std::string& path) const;

    /// The ids of what is missing below an object.
    ///
    /// errors   not_found: the object itself
    [[nodiscard]] result<std::vector<std::string>> list_missing(const std::string& id) const;

    /// Fetches one refspec.
    ///
    /// errors   io_failed with git's words
    [[nodiscard]] result<void> fetch(const std::string& refspec, fetch_depth depth);

    /// Fetches objects by id.
    ///
    /// errors   io_failed with git's words
    [[nodiscard]] result<void> fetch_objects(const std::vector<std::string>& ids);

    /// Whether an annotated tag says itself that it has this name; true for other refs.
    ///
    /// source   git-tag(1): the object of an annotated tag holds the tag's name
    [[nodiscard]] bool has_own_name(const std::string& ref) const;

    /// Writes an object's files below `directory` as `path`.
    ///
    /// errors   io_failed with git's words
    [[nodiscard]] result<void> check_out(const git_object& object, const std::string& commit,
                                         const std::string& path,
                                         const std::string& directory) const;

private:
    git_store(const git_tool& git, repository of) : git_(&git), of_(std::move(of)) {}

    [[nodiscard]] os::variables place() const { return {{"GIT_DIR", of_.directory}}; }
    [[nodiscard]] result<std::string> run(std::vector<std::string> arguments,
                                          std::string input = {}) const;
    [[nodiscard]] result<void> remove_clashes(const std::string& refspec);
    [[nodiscard]] result<void> check_own() const;
    [[nodiscard]] bool is_shallow() const {
        return os::find_status(join_path(of_.directory, "shallow")).has_value();
    }

    const git_tool* git_;
    repository of_;
    bool exists_ = false;
};

/// The error of a git that failed.
[[nodiscard]] error git_failure(const os::run_result& ran, std::string_view what);

// ---- implementation ---------------------------------------------------------

inline error git_failure(const os::run_result& ran, std::string_view what) {
    return make_error(errc::io_failed, std::string(what) + " failed: " + last_words(ran));
}

namespace detail {

inline std::string_view without_git_suffix(std::string_view url) {
    while (!url.empty() && url.back() == '/') {
        url.remove_suffix(1);
    }
    return ends_with(url, ".git") ? url.substr(0, url.size() - 4) : url;
}

inline bool is_same_repository(std::string_view one, std::string_view other) {
    return without_git_suffix(trim(one)) == without_git_suffix(trim(other));
}

/// Whether a bare repository may be configured by this; other names could have git run programs,
/// ask other servers or read other files.
inline bool is_plain_setting(std::string_view name) {
    constexpr std::string_view names[] = {"core.repositoryformatversion",
                                          "core.filemode",
                                          "core.bare",
                                          "core.ignorecase",
                                          "core.precomposeunicode",
                                          "core.symlinks",
                                          "core.logallrefupdates",
                                          "core.sharedrepository",
                                          "extensions.objectformat",
                                          "extensions.partialclone",
                                          "extensions.refstorage",
                                          "remote.origin.url",
                                          "remote.origin.fetch",
                                          "remote.origin.mirror",
                                          "remote.origin.tagopt",
                                          "remote.origin.promisor",
                                          "remote.origin.prune",
                                          "remote.origin.partialclonefilter",
                                          "guild.url"};
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// Attributes that would change files on their way out of the repository.
inline constexpr std::string_view plain_attributes =
    "* -export-subst -export-ignore -text -eol -crlf -ident -filter -working-tree-encoding\n";

}  // namespace detail

inline result<std::string> git_store::run(std::vector<std::string> arguments,
                                          std::string input) const {
    const std::string what = "git " + arguments.front();
    auto ran = git_->run(std::move(arguments), place(), std::move(input));
    if (!ran) {
        return std::move(ran).error();
    }
    if (!ran->status.success()) {
        return git_failure(*ran, what);
    }
    return std::move(ran->out);
}

inline result<git_store> git_store::open(const git_tool& git, repository of) {
    git_store made(git, std::move(of));
    const std::string& directory = made.of_.directory;
    if (!os::find_link_status(directory)) {
        return made;
    }
    const bool is_bare = os::is_regular_file(join_path(directory, "HEAD")) &&
                         os::is_directory(join_path(directory, "objects")) &&
                         os::is_regular_file(join_path(directory, "config"));
    if (!is_bare) {
        return make_error(errc::already_exists,
                          "expected a bare repository of " + made.of_.url +
                              " or nothing, seen something else: move it, or name the source "
                              "NAME::URL",
                          directory);
    }
    const auto own = made.check_own();
    if (!own) {
        return own.error();
    }
    auto url = made.run({"config", "--get", "guild.url"});
    if (!url) {
        url = made.run({"config", "--get", "remote.origin.url"});
    }
    if (!url || !detail::is_same_repository(*url, made.of_.url)) {
        return make_error(errc::bad_value,
                          "expected a bare repository of " + made.of_.url + ", seen one of " +
                              (url ? std::string(trim(*url)) : "nothing"),
                          directory);
    }
    made.exists_ = true;
    return made;
}

inline result<void> git_store::check_own() const {
    const auto refuse = [&](const std::string& what) {
        return make_error(
            errc::bad_value,
            "expected a bare repository that guild or `git clone --bare` made, seen " + what +
                ": remove it",
            of_.directory);
    };
    // Both lead git to a configuration that stands elsewhere.
    for (const char* name : {"commondir", "config.worktree"}) {
        if (os::find_link_status(join_path(of_.directory, name))) {
            return refuse("a file `" + std::string(name) + "` in it");
        }
    }
    const auto has_no_link = [](const std::string& path, const os::dir_entry& entry) {
        return entry.kind != os::file_kind::symlink ? result<void>()
                                                    : make_error(errc::bad_value, "a link", path);
    };
    const auto walked = detail::tree_walker(of_.directory).walk("", has_no_link);
    if (!walked) {
        return refuse(to_string(walked.error()));
    }
    const auto listed = run({"config", "--file", join_path(of_.directory, "config"),
                             "--no-includes", "--name-only", "-z", "--list"});
    if (!listed) {
        return listed.error();
    }
    for (const std::string& name : split(*listed, '\0')) {
        if (!name.empty() && !detail::is_plain_setting(name)) {
            return refuse("`" + name + "` in its configuration");
        }
    }
    return {};
}

// Made beside its place and renamed, so that a repository with a name is whole.
inline result<void> git_store::create(std::size_t id_size) {
    const std::string place = std::exchange(of_.directory, of_.directory + ".new");
    os::temporary unfinished(of_.directory);
    auto made = os::remove_tree(of_.directory);
    std::vector<std::string> command = {"init", "--quiet", "--bare", "--template="};
    if (id_size == 64) {
        command.emplace_back("--object-format=sha256");
    }
    if (made) {
        const auto ran = git_->run(std::move(command), {{"GIT_DIR", of_.directory}});
        made = !ran                    ? result<void>(ran.error())
               : ran->status.success() ? result<void>()
                                       : git_failure(*ran, "git init");
    }
    if (made) {
        made = set_url();
    }
    if (made) {
        made = os::make_directories(join_path(of_.directory, "info"));
    }
    if (made) {
        made = os::remove_tree(place);
    }
    if (made) {
        made = os::rename_path(of_.directory, place);
    }
    of_.directory = place;
    exists_ = made.has_value();
    return made;
}

inline result<void> git_store::set_url() {
    const std::string& actual = of_.fetch_url.empty() ? of_.url : of_.fetch_url;
    for (const auto& [name, value] :
         {std::pair<const char*, const std::string&>{"guild.url", of_.url},
          std::pair<const char*, const std::string&>{"remote.origin.url", actual}}) {
        const auto set = run({"config", "--replace-all", name, value});
        if (!set) {
            return set.error();
        }
    }
    return {};
}

inline result<std::vector<git_ref>> git_store::list_refs() const {
    if (!exists_) {
        return std::vector<git_ref>{};
    }
    const auto text = run({"show-ref", "--dereference"});
    if (!text) {
        return std::vector<git_ref>{};  // as git says when there is none
    }
    return parse_refs(replace_all(*text, " ", "\t"));
}

inline std::string git_store::find_commit(const std::string& name) const {
    if (!exists_ || name.empty() || name.front() == '-') {
        return {};
    }
    const auto found = run({"rev-list", "--missing=allow-any", "--no-walk", name + "^0", "--"});
    const std::string id = found ? std::string(trim(*found)) : std::string();
    return is_commit_id(id) ? id : std::string();
}

inline result<git_object> git_store::get_object(const std::string& commit,
                                                const std::string& path) const {
    if (path.empty()) {
        const auto tree = run({"rev-parse", "--verify", commit + "^{tree}"});
        if (!tree) {
            return tree.error();
        }
        return git_object{"040000", "tree", std::string(trim(*tree))};
    }
    // MODE SP TYPE SP ID TAB PATH NUL
    const auto listed = run({"ls-tree", "-z", "--full-tree", commit, "--", path});
    if (!listed) {
        return listed.error();
    }
    const std::size_t tab = listed->find('\t');
    const std::vector<std::string> words = split_words(std::string_view(*listed).substr(0, tab));
    const bool is_it = tab != std::string::npos && words.size() == 3 &&
                       std::string_view(listed->c_str()).substr(tab + 1) == path;
    if (!is_it) {
        return make_error(errc::not_found, "no path `" + path + "` in commit " + commit);
    }
    return git_object{words[0], words[1], words[2]};
}

inline result<std::vector<std::string>> git_store::list_missing(const std::string& id) const {
    const auto listed = run({"rev-list", "--objects", "--missing=print", "--no-walk", id, "--"});
    if (!listed) {
        return make_error(errc::not_found, "the contents of " + id + " are not there");
    }
    std::vector<std::string> missing;
    for (const std::string& line : split(*listed, '\n')) {
        if (starts_with(line, "?")) {
            missing.push_back(line.substr(1));
        }
    }
    return missing;
}

// A branch `a` of former times is in the way of `a/b`.
inline result<void> git_store::remove_clashes(const std::string& refspec) {
    const std::string name = refspec.substr(refspec.rfind(':') + 1);
    const auto refs = list_refs();
    if (!refs) {
        return refs.error();
    }
    for (const git_ref& each : *refs) {
        const bool clashes = each.name != name && (starts_with(each.name, name + "/") ||
                                                   starts_with(name, each.name + "/"));
        if (clashes) {
            const auto removed = run({"update-ref", "-d", each.name});
            if (!removed) {
                return removed.error();
            }
        }
    }
    return {};
}

inline result<void> git_store::fetch(const std::string& refspec, fetch_depth depth) {
    const auto cleared = remove_clashes(refspec);
    if (!cleared) {
        return cleared;
    }
    std::vector<std::string> command = {"fetch", "--no-tags", "--progress"};
    if (depth == fetch_depth::everything) {
        command.emplace_back("--prune");
        if (is_shallow()) {
            command.emplace_back("--unshallow");
        }
    } else {
        command.emplace_back("--depth=1");
        if (depth == fetch_depth::contents_later) {
            command.emplace_back("--filter=blob:none");
        }
    }
    command.insert(command.end(), {"--", "origin"});
    if (depth == fetch_depth::everything) {
        command.insert(command.end(), {"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"});
    } else {
        command.push_back(refspec);
    }
    const auto fetched = run(std::move(command));
    return fetched ? result<void>() : fetched.error();
}

inline result<void> git_store::fetch_objects(const std::vector<std::string>& ids) {
    const auto ran =
        git_->run({"-c", "fetch.negotiationAlgorithm=noop", "fetch", "--progress", "--no-tags",
                   "--no-write-fetch-head", "--filter=blob:none", "--stdin", "--", "origin"},
                  place(), join(ids, "\n") + "\n");
    if (!ran) {
        return ran.error();
    }
    return ran->status.success() ? result<void>() : git_failure(*ran, "git fetch");
}

inline bool git_store::has_own_name(const std::string& ref) const {
    constexpr std::string_view tags = "refs/tags/";
    if (!starts_with(ref, tags)) {
        return true;
    }
    const auto type = run({"cat-file", "-t", ref});
    if (!type || trim(*type) != "tag") {
        return type.has_value();
    }
    const auto text = run({"cat-file", "tag", ref});
    const std::string line = "\ntag " + ref.substr(tags.size()) + "\n";
    // The header ends at the first empty line.
    return text && contains(text->substr(0, text->find("\n\n") + 1), line);
}

inline result<void> git_store::check_out(const git_object& object, const std::string& commit,
                                         const std::string& path,
                                         const std::string& directory) const {
    auto done = os::make_directories(join_path(of_.directory, "info"));
    if (done) {
        done = os::save_file(join_path(of_.directory, "info/attributes"), detail::plain_attributes);
    }
    if (done) {
        done = os::make_directories(directory);
    }
    if (!done) {
        return done;
    }
    const os::temporary index(directory + ".index");
    const os::variables variables = {
        {"GIT_DIR", of_.directory}, {"GIT_WORK_TREE", directory}, {"GIT_INDEX_FILE", index.path()}};
    std::vector<std::string> fill = {"read-tree", commit};
    if (!path.empty() && object.type == "tree") {
        fill = {"read-tree", "--prefix=" + path + "/", object.id};
    } else if (!path.empty()) {
        fill = {"update-index", "--add", "--cacheinfo", object.mode + ',' + object.id + ',' + path};
    }
    const auto filled = git_->run(std::move(fill), variables);
    if (!filled) {
        return filled.error();
    }
    if (!filled->status.success()) {
        return git_failure(*filled, "git read-tree");
    }
    const auto ran = git_->run({"checkout-index", "--all"}, variables);
    if (!ran) {
        return ran.error();
    }
    return ran->status.success() ? result<void>() : git_failure(*ran, "git checkout-index");
}

}}}  // namespace guild::package

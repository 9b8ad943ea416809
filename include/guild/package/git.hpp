// guild/package/git.hpp - fetches one commit of a repository, or a part of it, by git.
//
// Layer 4. Includes: base, os, package/tool.hpp, package/tree_ref.hpp.
// Not here: which commit a source means (package/tree_ref.hpp, package/fetch.hpp).
//
// The bare repository is kept beside the package, so that later fetches are short. It gets as
// little as the server can be asked for: one commit without the contents of files outside the path;
// else one commit; else everything. No configuration, hook, filter or attribute of the machine or
// of the repository has a say: files are what is in the repository, byte for byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>
#include <guild/os/temporary.hpp>
#include <guild/package/git_store.hpp>
#include <guild/package/source.hpp>
#include <guild/package/tool.hpp>
#include <guild/package/tree_ref.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What is wanted of a repository.
struct git_request {
    ref_kind kind = ref_kind::none;  // of `ref`, unless tree_rest is given
    std::string ref;                 // short name, or a commit
    std::string tree_rest;           // REF/PATH of a tree URL
    std::string path;                // within the repository; empty: all (not with tree_rest)
    std::string pinned_commit;       // fetch this one again, whatever the ref says now
    std::string pinned_ref;          // what the ref was in full when it was pinned
    std::string pinned_path;
    bool offline = false;
};

/// A commit that is in the bare repository, with everything below its path.
struct git_commit {
    std::string ref;  // in full; empty: a commit was asked for
    std::string commit;
    std::string path;       // empty: all
    std::string tree;       // the object at the path: a tree's id, or a file's
    std::string mode = {};  // 040000 for a tree, 100644, 100755 or 120000 for a file
};

/// Fetches what is asked for into the bare repository, unless it is there.
///
/// errors   not_found: no such ref, or no such path in it, the message names both; bad_value: an
///          ambiguous ref, a tag that says it is another one, a URL that is not allowed, a bare
///          repository of another URL; already_exists: something else stands at `directory`;
///          io_failed: no server, with git's words; missing_requirement: no git, or one before
///          2.25; timed_out; interrupted
/// example  tests/package/git.cpp "git: only the wanted path is fetched where the server can"
[[nodiscard]] result<git_commit> fetch_commit(const repository& from, const git_request& wanted,
                                              const tool_options& tools = {});

/// Writes the files at the commit's path below `directory`, under their full path within the
/// repository, byte for byte. Submodules are empty directories. Symbolic links may lead anywhere:
/// hash_tree() finds those that leave.
///
/// errors   those of fetch_commit
/// example  tests/package/git.cpp "git: attributes of the repository change nothing"
[[nodiscard]] result<void> export_commit(const repository& from, const git_commit& commit,
                                         const std::string& directory,
                                         const tool_options& tools = {});

// ---- implementation ---------------------------------------------------------

namespace detail {

/// One call of fetch_commit(): first what is there, then what the server has.
class commit_fetcher {
public:
    commit_fetcher(const git_tool& git, git_store& store, const repository& from,
                   const git_request& wanted, const tool_options& tools)
        : git_(git), store_(store), from_(from), wanted_(wanted), tools_(tools) {}

    result<git_commit> run();

private:
    using ids = std::vector<std::string>;

    std::string url() const { return from_.fetch_url.empty() ? from_.url : from_.fetch_url; }
    bool is_pinned() const { return !wanted_.pinned_commit.empty(); }
    void warn(const std::string& text) const {
        if (tools_.warn) {
            tools_.warn(text);
        }
    }

    result<resolved_tree> resolve(const std::vector<git_ref>& refs) const;
    result<resolved_tree> resolve_there() const;
    result<resolved_tree> resolve_here() const;
    result<git_commit> take(const resolved_tree& wanted) const;
    result<git_commit> take_complete(const resolved_tree& wanted) const;
    result<git_commit> fetch(const resolved_tree& wanted);
    result<git_commit> fetch_by(const resolved_tree& wanted, fetch_depth depth);
    result<void> prepare(std::size_t id_size);
    result<git_commit> use_what_is_there(const error& why) const;

    const git_tool& git_;
    git_store& store_;
    const repository& from_;
    const git_request& wanted_;
    const tool_options& tools_;
    bool is_new_ = false;
    bool is_broken_ = false;  // files are missing in the repository that git believes to be there
};

inline bool is_final(errc code) {
    return code == errc::interrupted || code == errc::timed_out || code == errc::bad_value ||
           code == errc::missing_requirement || code == errc::no_space || code == errc::not_found;
}

inline result<git_commit> commit_fetcher::run() {
    if (is_pinned()) {
        auto there =
            take_complete({wanted_.pinned_ref, wanted_.pinned_commit, wanted_.pinned_path});
        if (there) {
            return there;
        }
    }
    if (wanted_.offline) {
        auto resolved = resolve_here();
        auto there = resolved ? take_complete(*resolved) : result<git_commit>(resolved.error());
        if (!there && there.error().code == errc::not_found) {
            there.error().message += " (offline: only what was fetched before is looked at)";
        }
        return there;
    }
    if (tools_.say) {
        tools_.say("Downloading " + from_.url);
    }
    auto resolved = resolve_there();
    if (!resolved) {
        const error& why = resolved.error();
        return why.code == errc::io_failed ? use_what_is_there(why)
                                           : result<git_commit>(resolved.error());
    }
    auto there = take_complete(*resolved);
    return there ? there : fetch(*resolved);
}

/// What is asked for, as a ref, a commit and a path.
inline result<resolved_tree> commit_fetcher::resolve(const std::vector<git_ref>& refs) const {
    if (!wanted_.tree_rest.empty()) {
        return resolve_tree(wanted_.tree_rest, refs);
    }
    if (wanted_.kind == ref_kind::commit) {
        return resolved_tree{{}, wanted_.ref, wanted_.path};
    }
    const std::string prefix = wanted_.kind == ref_kind::tag ? "refs/tags/" : "refs/heads/";
    auto found = get_ref(wanted_.kind == ref_kind::none ? "HEAD" : prefix + wanted_.ref, refs);
    if (!found) {
        return std::move(found).error();
    }
    return resolved_tree{found->name, found->commit, wanted_.path};
}

inline result<resolved_tree> commit_fetcher::resolve_there() const {
    if (is_pinned()) {
        return resolved_tree{wanted_.pinned_ref, wanted_.pinned_commit, wanted_.pinned_path};
    }
    std::vector<std::string> command = {"ls-remote", "--heads", "--tags", "--", url()};
    const bool is_head = wanted_.tree_rest.empty() && wanted_.kind == ref_kind::none;
    if (is_head) {
        command = {"ls-remote", "--", url(), "HEAD"};
    }
    const auto ran = git_.run(std::move(command));
    if (!ran) {
        return ran.error();
    }
    if (!ran->status.success()) {
        return make_error(errc::io_failed, "asking " + url() + " failed: " + last_words(*ran));
    }
    if (is_head && ends_with(trim(ran->out), "\tHEAD")) {
        return resolve({{"HEAD", ran->out.substr(0, ran->out.find('\t'))}});
    }
    const auto refs = parse_refs(ran->out);
    return refs ? resolve(*refs) : result<resolved_tree>(refs.error());
}

inline result<resolved_tree> commit_fetcher::resolve_here() const {
    auto refs = store_.list_refs();
    if (!refs) {
        return std::move(refs).error();
    }
    const std::string head = store_.find_commit("refs/guild/HEAD");
    if (!head.empty()) {
        refs->push_back({"HEAD", head});
    }
    return resolve(*refs);
}

inline result<git_commit> commit_fetcher::take(const resolved_tree& wanted) const {
    const std::string shown = wanted.ref.empty() ? wanted.commit : short_ref(wanted.ref);
    if (store_.find_commit(wanted.commit).empty()) {
        return make_error(errc::not_found, "no commit " + wanted.commit + " of " + from_.url);
    }
    const auto object = store_.get_object(wanted.commit, wanted.path);
    if (!object || object->type == "commit") {
        return make_error(errc::not_found, "no path `" + wanted.path + "` in `" + shown + "` (" +
                                               wanted.commit + ") of " + from_.url);
    }
    return git_commit{wanted.ref, wanted.commit, wanted.path, object->id, object->mode};
}

inline result<git_commit> commit_fetcher::take_complete(const resolved_tree& wanted) const {
    auto taken = take(wanted);
    if (!taken) {
        return taken;
    }
    const auto missing = store_.list_missing(taken->tree);
    if (!missing || !missing->empty()) {
        return make_error(errc::not_found,
                          "not all of commit " + wanted.commit + " of " + from_.url + " is there");
    }
    return taken;
}

inline result<void> commit_fetcher::prepare(std::size_t id_size) {
    if (store_.exists()) {
        return store_.set_url();
    }
    if (tools_.say) {
        tools_.say("Cloning into bare repository '" + from_.directory + "'...");
    }
    is_new_ = true;
    return store_.create(id_size);
}

/// One way of asking. An error that another way cannot mend is one of is_final().
inline result<git_commit> commit_fetcher::fetch_by(const resolved_tree& wanted, fetch_depth depth) {
    const bool by_id = wanted.ref.empty() || is_pinned();
    const std::string local = by_id                  ? "refs/guild/" + wanted.commit
                              : wanted.ref == "HEAD" ? std::string("refs/guild/HEAD")
                                                     : wanted.ref;
    const auto fetched =
        store_.fetch('+' + (by_id ? wanted.commit : wanted.ref) + ':' + local, depth);
    if (!fetched) {
        return fetched.error();
    }
    resolved_tree found = wanted;
    const std::string now = by_id ? wanted.commit : store_.find_commit(local);
    found.commit = now.empty() ? wanted.commit : now;  // it may have moved on since it was listed
    if (store_.find_commit(found.commit).empty()) {
        const bool is_last = depth == fetch_depth::everything;
        return make_error(is_last ? errc::not_found : errc::io_failed,
                          "no commit " + found.commit + " came from " + from_.url);
    }
    if (!by_id && !store_.has_own_name(local)) {
        return make_error(errc::bad_value, "the tag that " + from_.url + " gives as " + wanted.ref +
                                               " says that it is another one");
    }
    auto taken = take(found);
    if (!taken) {
        return taken;
    }
    auto missing = store_.list_missing(taken->tree);
    const auto completed =
        missing && !missing->empty() ? store_.fetch_objects(*missing) : result<void>();
    missing = completed ? store_.list_missing(taken->tree) : result<ids>(completed.error());
    if (missing && missing->empty()) {
        return taken;
    }
    is_broken_ = true;
    return missing ? make_error(errc::io_failed, "files of commit " + found.commit +
                                                     " did not come from " + from_.url)
                   : missing.error();
}

inline result<git_commit> commit_fetcher::fetch(const resolved_tree& wanted) {
    constexpr unsigned fetches_by_id = 29;
    const auto prepared = prepare(wanted.commit.size());
    if (!prepared) {
        return prepared.error();
    }
    os::temporary unfinished = is_new_ ? os::temporary(from_.directory) : os::temporary();
    error last;
    for (const fetch_depth depth :
         {fetch_depth::contents_later, fetch_depth::one_commit, fetch_depth::everything}) {
        if (depth == fetch_depth::contents_later && git_.minor() < fetches_by_id) {
            continue;
        }
        // What a broken-off partial clone lacks, git believes to have.
        const auto emptied = is_broken_ ? store_.create(wanted.commit.size()) : result<void>();
        if (!emptied) {
            return emptied.error();
        }
        is_broken_ = false;
        auto fetched = fetch_by(wanted, depth);
        if (fetched || is_final(fetched.error().code)) {
            const bool is_of_use = fetched || fetched.error().code == errc::not_found;
            if (is_of_use) {
                unfinished.keep();
            }
            return fetched;
        }
        last = std::move(fetched).error();
    }
    return use_what_is_there(last);
}

/// A server that cannot be reached is no hindrance when everything is there.
inline result<git_commit> commit_fetcher::use_what_is_there(const error& why) const {
    const auto resolved = resolve_here();
    auto there = resolved ? take_complete(*resolved) : result<git_commit>(resolved.error());
    if (!there) {
        return why;
    }
    warn(why.message + "; commit " + there->commit + ", fetched before, is used");
    return there;
}

inline result<void> check_git_url(const std::string& url) {
    const std::string scheme = url_scheme(url);
    const bool is_known =
        scheme == "https" || scheme == "http" || scheme == "ssh" || scheme == "file";
    const std::string_view host =
        is_known ? std::string_view(url).substr(scheme.size() + 3) : std::string_view();
    if (host.empty() || host.front() == '-') {
        return make_error(errc::bad_value,
                          "expected an https, http, ssh or file URL, seen `" + url + "`");
    }
    return {};
}

inline result<git_tool> open_git(const repository& from, const tool_options& tools) {
    for (const std::string& url : {from.url, from.fetch_url.empty() ? from.url : from.fetch_url}) {
        const auto checked = check_git_url(url);
        if (!checked) {
            return checked.error();
        }
    }
    return git_tool::open(tools, {url_scheme(from.fetch_url.empty() ? from.url : from.fetch_url)});
}

}  // namespace detail

inline result<git_commit> fetch_commit(const repository& from, const git_request& wanted,
                                       const tool_options& tools) {
    const auto git = detail::open_git(from, tools);
    if (!git) {
        return git.error();
    }
    auto store = git_store::open(*git, from);
    if (!store) {
        return std::move(store).error();
    }
    return detail::commit_fetcher(*git, *store, from, wanted, tools).run();
}

inline result<void> export_commit(const repository& from, const git_commit& commit,
                                  const std::string& directory, const tool_options& tools) {
    const auto git = detail::open_git(from, tools);
    if (!git) {
        return git.error();
    }
    const auto store = git_store::open(*git, from);
    if (!store) {
        return store.error();
    }
    const bool is_tree = commit.mode == "040000";
    return store->check_out({commit.mode, is_tree ? "tree" : "blob", commit.tree}, commit.commit,
                            commit.path, directory);
}

}}}  // namespace guild::package

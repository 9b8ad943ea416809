// guild/package/fetch.hpp - every source of a package into its srcdir, pinned by GuildPkg.lock.
//
// Layer 4. Includes: package/*.hpp.
// Not here: each way of fetching (package/git.hpp, package/download.hpp, package/unpack.hpp).
//
// Kept in the package's directory: NAME (a bare repository) for each git source, and
// downloads/KEY/FILE for each file, KEY made of its URL. srcdir is made anew: it is built as
// SRCDIR.new and takes srcdir's place when all of it is good.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/archive/limits.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/sha256.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>
#include <guild/os/temporary.hpp>
#include <guild/package/download.hpp>
#include <guild/package/git.hpp>
#include <guild/package/lock.hpp>
#include <guild/package/mirror.hpp>
#include <guild/package/package.hpp>
#include <guild/package/source_tree.hpp>
#include <guild/package/tool.hpp>
#include <guild/package/unpack.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What fetch_sources() is given beside the package.
struct fetch_options {
    std::string srcdir;           // empty: `src` in the package's directory
    bool offline = false;         // only what is there
    bool update = false;          // do not hold to GuildPkg.lock; download again what has no sum
    bool allow_file = false;      // file:// downloads
    std::vector<mirror> mirrors;  // see load_mirrors()
    archive::limits limits;       // of each archive
    download_options download;    // its limits and retries; the rest is set here
    tool_options tools;           // programs, time, say, warn, progress, stop_fd
};

/// What is below srcdir now.
struct fetched_sources {
    std::string srcdir;  // absolute
    lock_file lock;      // what was fetched; tar_sha256 is what the former lock said
    bool lock_changed = false;
};

/// Fetches every source into srcdir: the directory of a tree URL as srcdir/PATH, as it stands in
/// its repository (srcdir/NAME/PATH where NAME:: is given or there is no PATH), repositories and
/// unpacked archives as srcdir/NAME, files and directories copied as srcdir/NAME. A declared sha256
/// is that of the file; for a repository and a directory, hash_tree() of srcdir/NAME. The lock is
/// not written: the caller does when the build is done, by save_lock().
///
/// Says, a line each: `Downloading URL`, `Cloning into bare repository 'DIRECTORY'...`,
/// `Extracting REPO/REF/PATH` (archives: `Extracting FILE`).
///
/// errors   of package/git.hpp, download.hpp, unpack.hpp and source_tree.hpp; path and where are
///          the source in GuildPkg, another path stands in the message; bad_checksum: not what
///          sha256 or GuildPkg.lock says; srcdir is left as it was after every error
/// example  tests/package/fetch.cpp "fetch: the tutorial's source stands below src as it is shown"
[[nodiscard]] result<fetched_sources> fetch_sources(const definition& of,
                                                    const fetch_options& options = {});

// ---- implementation ---------------------------------------------------------

namespace detail {

/// One call of fetch_sources().
class source_fetcher {
public:
    source_fetcher(const definition& of, const fetch_options& options)
        : of_(of), options_(options),
          srcdir_(os::absolute_path(
              join_path(of.directory, options.srcdir.empty() ? "src" : options.srcdir))),
          stage_(srcdir_ + ".new") {}

    result<fetched_sources> run();

private:
    using one = result<locked_source>;

    one fetch(const declared_source& each) const;
    one fetch_git(const declared_source& each) const;
    one fetch_file(const declared_source& each) const;
    one take_local(const declared_source& each) const;
    result<void> put(const source& value, const std::string& file) const;
    result<void> place_tree(const std::string& tree, const std::string& path) const;
    result<void> check_sum(const declared_source& each, const std::string& seen) const;
    git_request make_request(const source& value) const;
    const locked_source* find_pin(const source& value) const;
    result<void> swap() const;

    static bool has_sum(const declared_source& each) {
        return !each.sha256.empty() && each.sha256 != "SKIP";
    }
    std::string target(const source& value) const { return join_path(stage_, value.name); }
    void say(const std::string& line) const {
        if (options_.tools.say) {
            options_.tools.say(line);
        }
    }

    const definition& of_;
    const fetch_options& options_;
    std::string srcdir_;
    std::string stage_;
    lock_file lock_;
};

/// The error as one about a source in GuildPkg.
inline error place_error(error what, const definition& of, const declared_source& each) {
    if (what.code == errc::interrupted) {
        return what;
    }
    const bool is_about_sum = what.code == errc::bad_checksum && !each.sha256_from.path.empty();
    what.message = to_string(error{what.code, what.message, what.path, {}});
    what.path = of.path;
    what.where = is_about_sum ? each.sha256_from.where : each.from.where;
    return what;
}

inline result<fetched_sources> source_fetcher::run() {
    auto lock = load_lock(of_.directory);
    if (!lock) {
        return std::move(lock).error();
    }
    lock_ = std::move(*lock);
    const os::temporary unfinished(stage_);
    auto ready = os::remove_tree(stage_);
    if (ready) {
        ready = os::make_directories(stage_);
    }
    if (!ready) {
        return ready.error();
    }
    fetched_sources out;
    out.srcdir = srcdir_;
    out.lock = {of_.name.text, of_.version.text, lock_.tar_sha256, {}};
    for (const declared_source& each : of_.sources) {
        auto fetched = fetch(each);
        if (!fetched) {
            return place_error(std::move(fetched).error(), of_, each);
        }
        out.lock.sources.push_back(std::move(*fetched));
    }
    const auto swapped = swap();
    if (!swapped) {
        return swapped.error();
    }
    out.lock_changed = format_lock(out.lock) != format_lock(lock_);
    return out;
}

inline result<void> source_fetcher::swap() const {
    const auto removed = os::remove_tree(srcdir_);
    return removed ? os::rename_path(stage_, srcdir_) : removed;
}

inline result<locked_source> source_fetcher::fetch(const declared_source& each) const {
    switch (each.value.kind) {
    case source_kind::github_tree:
    case source_kind::git:
        return fetch_git(each);
    case source_kind::download:
        return fetch_file(each);
    case source_kind::local:
        break;
    }
    return take_local(each);
}

/// What the lock says about a source, unless it is not to be held to.
inline const locked_source* source_fetcher::find_pin(const source& value) const {
    const locked_source* found = options_.update ? nullptr : lock_.find(value.text);
    return found != nullptr && found->url == value.url ? found : nullptr;
}

inline git_request source_fetcher::make_request(const source& value) const {
    git_request wanted;
    wanted.kind = value.ref;
    wanted.ref = value.ref_name;
    wanted.tree_rest = value.tree_rest;
    wanted.offline = options_.offline;
    const locked_source* pin = find_pin(value);
    if (pin != nullptr && value.ref != ref_kind::commit) {
        wanted.pinned_commit = pin->commit;
        wanted.pinned_ref = pin->ref;
        wanted.pinned_path = pin->path;
    }
    return wanted;
}

inline result<void> source_fetcher::check_sum(const declared_source& each,
                                              const std::string& seen) const {
    if (!has_sum(each) || each.sha256 == seen) {
        return {};
    }
    return make_error(errc::bad_checksum, "expected sha256 " + each.sha256 + " of `" +
                                              each.value.text + "`, seen " + seen);
}

inline result<locked_source> source_fetcher::fetch_git(const declared_source& each) const {
    const source& value = each.value;
    const repository from{value.url, apply_mirrors(value.url, options_.mirrors),
                          join_path(of_.directory, value.name)};
    const bool is_taken = from.directory == srcdir_ || value.name == "src" || value.name == "pkg";
    if (is_taken) {
        return make_error(errc::bad_value, "`" + value.name +
                                               "` is no name for a bare repository beside "
                                               "GuildPkg: give another by NAME::");
    }
    const auto commit = fetch_commit(from, make_request(value), options_.tools);
    if (!commit) {
        return commit.error();
    }
    std::string shown =
        value.name + '/' + (commit->ref.empty() ? commit->commit : short_ref(commit->ref));
    shown += commit->path.empty() ? "" : '/' + commit->path;
    say("Extracting " + shown);
    const bool is_placed =
        value.kind == source_kind::github_tree && !value.is_renamed && !commit->path.empty();
    const std::string exported = is_placed ? stage_ + ".tree" : target(value);
    const os::temporary unplaced = is_placed ? os::temporary(exported) : os::temporary();
    const auto cleared = is_placed ? os::remove_tree(exported) : result<void>();
    const auto written = cleared ? export_commit(from, *commit, exported, options_.tools) : cleared;
    if (!written) {
        return written.error();
    }
    auto sum = hash_tree(exported);
    if (!sum) {
        return std::move(sum).error();
    }
    auto good = check_sum(each, *sum);
    if (good && is_placed) {
        good = place_tree(exported, commit->path);
    }
    if (!good) {
        return good.error();
    }
    return locked_source{value.text,     value.url,    commit->ref,    commit->path,
                         commit->commit, commit->tree, std::move(*sum)};
}

/// Moves tree/PATH to stage/PATH. The directories on the way may be there from other sources; links
/// among them would lead elsewhere.
inline result<void> source_fetcher::place_tree(const std::string& tree,
                                               const std::string& path) const {
    std::string at = stage_;
    const auto parts = split(path, '/');
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        at = join_path(at, parts[i]);
        const auto status = os::find_link_status(at);
        if (status && status->kind != os::file_kind::directory) {
            return make_error(errc::already_exists, "another source has put something here", at);
        }
    }
    const auto made = os::make_directories(at);
    if (!made) {
        return made;
    }
    at = join_path(stage_, path);
    if (os::find_link_status(at)) {
        return make_error(errc::already_exists, "another source has put something here", at);
    }
    return os::rename_path(join_path(tree, path), at);
}

/// A file to its place: unpacked, or copied.
inline result<void> source_fetcher::put(const source& value, const std::string& file) const {
    if (!value.is_archive) {
        return copy_tree(file, target(value));
    }
    say("Extracting " + value.file_name);
    const auto unpacked = unpack_archive(file, target(value), options_.limits);
    return unpacked ? result<void>() : unpacked.error();
}

inline result<locked_source> source_fetcher::fetch_file(const declared_source& each) const {
    constexpr std::size_t key_digits = 16;
    const source& value = each.value;
    const std::string directory = join_path(join_path(of_.directory, "downloads"),
                                            sha256_hex(value.url).substr(0, key_digits));
    const auto made = os::make_directories(directory);
    if (!made) {
        return made.error();
    }
    const auto real = os::get_real_path(directory);
    const auto home = os::get_real_path(of_.directory);
    if (!real || !home || *real != join_path(*home, "downloads/" + base_name(directory))) {
        return make_error(errc::bad_value,
                          "expected a directory, seen a symbolic link or below one", directory);
    }
    const locked_source* pin = find_pin(value);
    download_options options = options_.download;
    options.sha256 = has_sum(each) ? each.sha256 : pin != nullptr ? pin->sha256 : std::string();
    options.offline = options_.offline;
    options.refresh = options_.update && !has_sum(each);
    options.allow_file = options_.allow_file;
    options.shown_url = value.url;
    options.tools = options_.tools;
    auto fetched = download(apply_mirrors(value.url, options_.mirrors),
                            join_path(directory, value.file_name), options);
    if (!fetched) {
        error& why = fetched.error();
        if (why.code == errc::bad_checksum && !has_sum(each)) {
            why.message += "; GuildPkg.lock expects the former file, --update takes the new one";
        }
        return std::move(why);
    }
    const auto placed = put(value, fetched->path);
    if (!placed) {
        return placed.error();
    }
    return locked_source{value.text, value.url, {}, {}, {}, {}, fetched->sha256};
}

inline result<locked_source> source_fetcher::take_local(const declared_source& each) const {
    const source& value = each.value;
    const std::string from = join_path(of_.directory, value.path);
    if (!os::find_status(from)) {
        return make_error(errc::not_found,
                          "no file or directory `" + value.path + "` in the package's directory");
    }
    const auto real = os::get_real_path(from);
    const auto home = os::get_real_path(of_.directory);
    if (!real || !home) {
        return real ? home.error() : real.error();
    }
    if (*home != "/" && !starts_with(*real, *home + '/')) {
        return make_error(errc::bad_value, "`" + value.path +
                                               "` is a link, or beneath one, that leads out of "
                                               "the package's directory");
    }
    const bool is_around =
        starts_with(srcdir_ + '/', from + '/') || starts_with(from + '/', srcdir_ + '/');
    if (is_around) {
        return make_error(errc::bad_value,
                          "`" + value.path + "` is where sources are put, it cannot be one");
    }
    std::string sum;
    if (os::is_directory(from)) {
        auto copied = copy_tree(from, target(value));
        auto hash = copied ? hash_tree(target(value)) : result<std::string>(copied.error());
        if (!hash) {
            return std::move(hash).error();
        }
        sum = std::move(*hash);
    } else {
        auto digest = get_file_digest(from);
        if (!digest) {
            return std::move(digest).error();
        }
        sum = std::move(digest->sha256);
    }
    const auto checked = check_sum(each, sum);
    if (!checked) {
        return checked.error();
    }
    const auto placed = os::is_directory(from) ? result<void>() : put(value, from);
    if (!placed) {
        return placed.error();
    }
    return locked_source{value.text, {}, {}, {}, {}, {}, std::move(sum)};
}

}  // namespace detail

inline result<fetched_sources> fetch_sources(const definition& of, const fetch_options& options) {
    return detail::source_fetcher(of, options).run();
}

}}}  // namespace guild::package

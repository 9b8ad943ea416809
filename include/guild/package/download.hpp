// guild/package/download.hpp - fetches one file by curl: resumed, bounded, checked before it has
// its name.
//
// Layer 4. Includes: base, os, package/file_digest.hpp, package/tool.hpp.
// Not here: where downloads are kept (package/fetch.hpp), repositories (package/git.hpp).
//
// Beside DESTINATION stand, for as long as they mean something: DESTINATION.part, what came until
// the connection was cut; DESTINATION.headers, which say whether the rest still fits to it; and
// DESTINATION.bad, a file that was not what its checksum says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/descriptor.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/link.hpp>
#include <guild/package/file_digest.hpp>
#include <guild/package/source.hpp>
#include <guild/package/tool.hpp>

namespace guild { inline namespace v0 { namespace package {

/// units    max_bytes: bytes; connect_ms, stall_ms: milliseconds without a connection, or with less
///          than 1 KiB a second
struct download_options {
    std::string sha256;  // expected, 64 small hex digits; empty: anything
    std::uint64_t max_bytes = std::uint64_t{64} << 30U;
    std::int64_t connect_ms = 30'000;
    std::int64_t stall_ms = 60'000;
    int retries = 3;          // after failures that may pass
    bool offline = false;     // only what is there
    bool refresh = false;     // also when it is there
    bool allow_file = false;  // file:// URLs too
    std::string shown_url;    // what is said to be downloaded; empty: the URL
    tool_options tools;
};

/// A file that is there and is what it should be.
struct downloaded {
    std::string path;
    std::string sha256;
    std::uint64_t bytes = 0;
    bool was_there = false;  // nothing was fetched
};

/// Fetches `url` into the file `destination`, unless it is there with the expected checksum. Its
/// directory must exist. The file has its name when it is complete, checked and on disk. Symbolic
/// links under its name, or those of its parts, are removed.
///
/// errors   bad_checksum: kept as DESTINATION.bad, the message names both sums; truncated: cut off,
///          DESTINATION.part is taken up by the next call; not_found: 404 and the like, or offline;
///          too_large; bad_value: a URL that is not allowed; io_failed: no server, with curl's
///          words; permission_denied: 401 and 403; missing_requirement: no curl; timed_out;
///          interrupted; no_space and the others of files
/// example  tests/package/download.cpp "download: a cut file is resumed where it was cut"
[[nodiscard]] result<downloaded> download(const std::string& url, const std::string& destination,
                                          const download_options& options = {});

// ---- implementation ---------------------------------------------------------

namespace detail {

/// What the headers of the last response say.
struct response_facts {
    int status = 0;
    std::string etag;  // strong ones alone, with their quotes
};

inline response_facts read_headers(std::string_view text) {
    response_facts facts;
    for (const std::string& raw : split(text, '\n')) {
        const std::string_view line = trim(raw);
        if (starts_with(line, "HTTP/")) {
            const std::vector<std::string> words = split_words(line);
            facts = {};
            facts.status =
                words.size() < 2 ? 0 : static_cast<int>(parse_int64(words[1]).value_or(0) % 1000);
        } else if (starts_with(to_lower(line), "etag:")) {
            const std::string_view tag = trim(line.substr(5));
            const bool is_strong = tag.size() > 2 && tag.front() == '"' && tag.back() == '"' &&
                                   !contains(tag.substr(1, tag.size() - 2), "\"");
            facts.etag = is_strong ? std::string(tag) : std::string();
        }
    }
    return facts;
}

/// How one run of curl ended.
enum class attempt_end : std::uint8_t { done, no_resume, may_pass, failed };

/// One download: attempts until the file is complete.
class downloader {
public:
    downloader(const std::string& url, const std::string& destination,
               const download_options& options)
        : url_(url), destination_(destination), part_(destination + ".part"),
          headers_(destination + ".headers"), options_(options) {}

    result<downloaded> run();

private:
    result<downloaded> take_existing() const;
    result<downloaded> finish();
    result<downloaded> keep_aside(const file_digest& seen);
    result<void> transfer();
    result<void> remove_links() const;
    attempt_end attempt(bool resume);
    void take_failure(const os::run_result& ran, std::uint64_t before);
    attempt_end classify(int code, const response_facts& facts, bool resumed);
    std::vector<std::string> make_command(std::uint64_t from, const std::string& etag) const;
    void write(std::string_view bytes);
    bool wait_before_retry(int failures) const;
    response_facts facts() const {
        const auto text = os::load_file(headers_, 1U << 20U);
        return text ? read_headers(*text) : response_facts{};
    }
    std::uint64_t part_size() const {
        const auto status = os::find_status(part_);
        return status ? status->size : 0;
    }

    const std::string& url_;
    const std::string& destination_;
    std::string part_;
    std::string headers_;
    const download_options& options_;
    os::file file_;
    std::uint64_t size_ = 0;
    std::uint64_t shown_ = 0;
    bool stop_ = false;          // what came cannot be kept
    bool resumed_ = false;       // the part holds bytes of an earlier response
    bool was_repeated_ = false;  // as a whole, because its parts did not fit
    error failure_;
};

inline result<downloaded> downloader::run() {
    const std::string scheme = url_scheme(url_);
    const bool is_known = scheme == "https" || scheme == "http" || scheme == "ftp" ||
                          (scheme == "file" && options_.allow_file);
    if (!is_known) {
        return make_error(errc::bad_value,
                          "expected an https, http or ftp URL, seen `" + url_ + "`");
    }
    const auto removed = remove_links();
    if (!removed) {
        return removed.error();
    }
    auto there = take_existing();
    const bool is_there = there.has_value() && !options_.refresh;
    if (is_there || options_.offline) {
        return there;
    }
    if (options_.tools.say) {
        options_.tools.say("Downloading " +
                           (options_.shown_url.empty() ? url_ : options_.shown_url));
    }
    const auto transferred = transfer();
    if (!transferred) {
        return transferred.error();
    }
    return finish();
}

// Links that a package came with would have other files overwritten.
inline result<void> downloader::remove_links() const {
    result<void> done;
    for (const std::string* path : {&destination_, &part_, &headers_}) {
        const auto there = os::find_link_status(*path);
        if (done && there && there->kind == os::file_kind::symlink) {
            done = os::remove_tree(*path);
        }
    }
    return done;
}

inline result<downloaded> downloader::take_existing() const {
    const auto digest = get_file_digest(destination_);
    if (!digest) {
        return make_error(errc::not_found, url_ + " was not downloaded before (offline)",
                          destination_);
    }
    if (!options_.sha256.empty() && digest->sha256 != options_.sha256) {
        return make_error(errc::bad_checksum,
                          "expected sha256 " + options_.sha256 + ", seen " + digest->sha256 +
                              " in what was downloaded before (offline)",
                          destination_);
    }
    return downloaded{destination_, digest->sha256, digest->size, true};
}

inline std::vector<std::string> downloader::make_command(std::uint64_t from,
                                                         const std::string& etag) const {
    const std::string scheme = url_scheme(url_);
    const auto seconds = [](std::int64_t time_ms) {
        return std::to_string(time_ms < 1000 ? 1 : time_ms / 1000);
    };
    std::vector<std::string> command = {options_.tools.curl,
                                        "--disable",
                                        "--silent",
                                        "--show-error",
                                        "--fail",
                                        "--location",
                                        "--max-redirs",
                                        "10",
                                        "--globoff",
                                        "--proto",
                                        "=" + scheme,
                                        "--proto-redir",
                                        scheme == "http" ? "=http,https" : "=" + scheme,
                                        "--connect-timeout",
                                        seconds(options_.connect_ms),
                                        "--speed-limit",
                                        "1024",
                                        "--speed-time",
                                        seconds(options_.stall_ms),
                                        "--max-filesize",
                                        std::to_string(options_.max_bytes),
                                        "--dump-header",
                                        headers_};
    if (from != 0) {
        command.insert(command.end(), {"--continue-at", std::to_string(from)});
    }
    if (from != 0 && !etag.empty()) {
        command.insert(command.end(), {"--header", "If-Range: " + etag});
    }
    command.insert(command.end(), {"--output", "-", "--url", url_});
    return command;
}

inline void downloader::write(std::string_view bytes) {
    constexpr std::uint64_t step = std::uint64_t{1} << 20U;
    if (stop_) {
        return;
    }
    if (bytes.size() > options_.max_bytes - size_) {
        failure_ =
            make_error(errc::too_large, "expected at most " + std::to_string(options_.max_bytes) +
                                            " bytes of " + url_ + ", seen more");
        stop_ = true;
        return;
    }
    const auto wrote = file_.write_at(size_, bytes);
    if (!wrote) {
        failure_ = wrote.error();
        stop_ = true;
        return;
    }
    size_ += bytes.size();
    if (options_.tools.progress && size_ >= shown_ + step) {
        shown_ = size_;
        options_.tools.progress(base_name(destination_) + ": " + std::to_string(size_ / step) +
                                " MiB");
    }
}

/// Whether what curl says may pass by itself, and what it means.
inline attempt_end downloader::classify(int code, const response_facts& facts, bool resumed) {
    constexpr int http_error = 22;
    const auto is_one_of = [](int value, std::initializer_list<int> list) {
        return std::find(list.begin(), list.end(), value) != list.end();
    };
    if (resumed && (is_one_of(code, {33, 36}) || facts.status == 416)) {
        return attempt_end::no_resume;
    }
    if (code == 63) {
        failure_.code = errc::too_large;
    } else if (is_one_of(code, {1, 3, 4})) {
        failure_.code = errc::bad_value;
    } else if (code == http_error && is_one_of(facts.status, {404, 410})) {
        failure_.code = errc::not_found;
    } else if (code == http_error && is_one_of(facts.status, {401, 403})) {
        failure_.code = errc::permission_denied;
    }
    const bool may_pass =
        is_one_of(code, {5, 6, 7, 16, 18, 28, 35, 52, 55, 56, 92}) ||
        (code == http_error && is_one_of(facts.status, {408, 429, 500, 502, 503, 504}));
    return may_pass ? attempt_end::may_pass : attempt_end::failed;
}

inline void downloader::take_failure(const os::run_result& ran, std::uint64_t before) {
    std::string words = last_words(ran);
    const std::size_t mark = starts_with(words, "curl: (") ? words.find(") ") : std::string::npos;
    words = mark == std::string::npos ? words : words.substr(mark + 2);
    const bool is_cut = size_ > before;
    failure_ = make_error(is_cut ? errc::truncated : errc::io_failed,
                          is_cut ? "the download of " + url_ + " was cut after " +
                                       std::to_string(size_) + " bytes: " + words
                                 : "downloading " + url_ + " failed: " + words);
}

inline attempt_end downloader::attempt(bool resume) {
    const std::string etag = facts().etag;
    // Without a mark of the file's version or a checksum, a rest might belong to another file.
    const bool can_tell = !etag.empty() || !options_.sha256.empty();
    size_ = resume && can_tell ? part_size() : 0;
    const std::uint64_t before = size_;
    resumed_ = resumed_ || before != 0;
    auto opened =
        os::open_file(part_, before == 0 ? os::open_mode::truncate : os::open_mode::read_write);
    if (!opened) {
        failure_ = std::move(opened).error();
        return attempt_end::failed;
    }
    file_ = std::move(*opened);
    os::process_options command;
    command.argv = make_command(before, etag);
    os::run_options limits;
    limits.stop_flag = &stop_;
    std::string said;
    limits.on_output = [&](int stream, std::string_view bytes) {
        if (stream == 1) {
            write(bytes);
        } else if (said.size() < 65536) {
            said.append(bytes);
        }
    };
    auto ran = run_tool(std::move(command), options_.tools, std::move(limits));
    if (stop_ || !ran) {
        failure_ = ran || stop_ ? std::move(failure_) : std::move(ran).error();
        return attempt_end::failed;
    }
    if (ran->status.success()) {
        // To curl a refused range is a file that was complete already, whatever it was.
        return before != 0 && facts().status == 416 ? attempt_end::no_resume : attempt_end::done;
    }
    ran->err = std::move(said);
    take_failure(*ran, before);
    const int code = ran->status.how == os::exit_status::kind::exited ? ran->status.code : -1;
    return classify(code, facts(), before != 0);
}

/// Waits 1, 2, 4 ... seconds; false: it was stopped meanwhile.
inline bool downloader::wait_before_retry(int failures) const {
    os::watched_descriptor stop;
    stop.fd = options_.tools.stop_fd;
    os::wait_until_ready(&stop, 1, std::int64_t{1000} << (failures < 5 ? failures : 5));
    return !stop.is_ready;
}

inline result<void> downloader::transfer() {
    bool resume = true;
    for (int failures = 0;;) {
        const attempt_end end = attempt(resume);
        (void)file_.close();
        if (end == attempt_end::done) {
            return {};
        }
        if (end == attempt_end::no_resume && resume) {
            resume = false;  // once more, from the beginning
            resumed_ = false;
            continue;
        }
        if (end != attempt_end::may_pass || failures >= options_.retries) {
            if (part_size() == 0 || failure_.code == errc::too_large) {
                (void)os::remove_tree(part_);
                (void)os::remove_tree(headers_);
            }
            return failure_;
        }
        if (!wait_before_retry(failures)) {
            return make_error(errc::interrupted, "`" + options_.tools.curl + "` was stopped");
        }
        ++failures;
        resume = true;
    }
}

inline result<downloaded> downloader::keep_aside(const file_digest& seen) {
    const std::string bad = destination_ + ".bad";
    const auto kept = os::rename_path(part_, bad);
    (void)os::remove_tree(headers_);
    if (!kept) {
        return kept.error();
    }
    return make_error(errc::bad_checksum,
                      "expected sha256 " + options_.sha256 + " of " + url_ + ", seen " +
                          seen.sha256 + "; the file is kept here",
                      bad);
}

inline result<downloaded> downloader::finish() {
    auto seen = get_file_digest(part_);
    if (!seen) {
        return std::move(seen).error();
    }
    const bool is_wrong = !options_.sha256.empty() && seen->sha256 != options_.sha256;
    if (is_wrong && resumed_ && !std::exchange(was_repeated_, true)) {
        // The two parts may be of different files: once more, whole.
        resumed_ = false;
        auto removed = os::remove_tree(part_);
        if (removed) {
            removed = transfer();
        }
        return removed ? finish() : result<downloaded>(removed.error());
    }
    if (is_wrong) {
        return keep_aside(*seen);
    }
    auto opened = os::open_file(part_, os::open_mode::read_write);
    if (!opened) {
        return std::move(opened).error();
    }
    auto done = opened->sync();
    if (done) {
        done = os::rename_path(part_, destination_);
    }
    (void)os::remove_tree(headers_);
    if (!done) {
        return std::move(done).error();
    }
    return downloaded{destination_, seen->sha256, seen->size, false};
}

}  // namespace detail

inline result<downloaded> download(const std::string& url, const std::string& destination,
                                   const download_options& options) {
    return detail::downloader(url, destination, options).run();
}

}}}  // namespace guild::package

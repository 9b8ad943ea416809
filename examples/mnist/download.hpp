// examples/mnist/download.hpp - fetches one file of MNIST with curl, from the first mirror that has
// it.
//
// curl's own limits are used: five seconds to connect, and no transfer under 1000 bytes/s for 15
// seconds. A mirror that answers "no" (HTTP error, or something that is no MNIST file) is passed
// over for the next; one that cannot be reached means that there is no network, and nothing more is
// waited for.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <guild/base/error.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/process.hpp>

namespace mnist {

/// Where MNIST can be fetched, file names to be appended; MNIST_MIRRORS in the environment replaces
/// the list (words; empty: download nothing).
inline std::vector<std::string> default_mirrors() {
    const char* chosen = std::getenv("MNIST_MIRRORS");
    return guild::split_words(chosen != nullptr
                                  ? chosen
                                  : "https://storage.googleapis.com/cvdf-datasets/mnist/ "
                                    "https://ossci-datasets.s3.amazonaws.com/mnist/ "
                                    "http://yann.lecun.com/exdb/mnist/");
}

/// Mirrors that have not failed so far.
class downloader {
public:
    explicit downloader(std::vector<std::string> mirrors) : mirrors_(std::move(mirrors)) {}

    /// Makes `directory/name`, complete or not at all.
    ///
    /// in       check: a function of a path that says whether this is the file it should be
    /// errors   not_found when no mirror is left, with the reason of the last one that failed
    template <class Check>
    guild::result<void> fetch(const std::string& directory, const std::string& name, Check check);

private:
    /// One attempt; drops mirrors that are not worth another.
    guild::result<void> fetch_from(const std::string& url, const std::string& to);

    std::vector<std::string> mirrors_;
    std::string reason_ = "no mirror is named";
};

// ---- implementation ---------------------------------------------------------

template <class Check>
guild::result<void> downloader::fetch(const std::string& directory, const std::string& name,
                                      Check check) {
    const std::string part =
        guild::join_path(directory, name + "." + std::to_string(getpid()) + ".part");
    while (!mirrors_.empty()) {
        guild::result<void> done = fetch_from(mirrors_.front() + name, part);
        if (done) {
            done = check(part);
            if (done && std::rename(part.c_str(), guild::join_path(directory, name).c_str()) == 0) {
                return {};
            }
            mirrors_.erase(mirrors_.begin());
        }
        std::remove(part.c_str());
        reason_ = done ? "cannot rename " + part : done.error().message;
    }
    return guild::make_error(guild::errc::not_found, reason_);
}

inline guild::result<void> downloader::fetch_from(const std::string& url, const std::string& to) {
    const bool terminal = isatty(STDERR_FILENO) == 1;
    guild::os::process_options curl;
    curl.argv = guild::split_words("curl --fail --location --show-error --connect-timeout 5 "
                                   "--speed-limit 1000 --speed-time 15 --output");
    curl.argv.insert(curl.argv.end(), {to, terminal ? "--progress-bar" : "--silent", url});
    curl.err = terminal ? guild::os::stream_mode::inherit : guild::os::stream_mode::pipe;
    curl.new_group = false;
    const guild::result<guild::os::run_result> ran = guild::os::run(curl);
    if (ran && ran->status.success()) {
        return {};
    }
    const bool refused = ran && (ran->status.code == 22 || ran->status.code == 37);  // HTTP, file
    mirrors_.erase(mirrors_.begin(), refused ? mirrors_.begin() + 1 : mirrors_.end());
    if (!ran) {
        return guild::make_error(ran.error().code, to_string(ran.error()));
    }
    const std::vector<std::string> lines = guild::split(guild::trim(ran->err), '\n');
    return guild::make_error(guild::errc::not_found, lines.back().empty()
                                                         ? "curl: " + to_string(ran->status)
                                                         : lines.back());
}

}  // namespace mnist

// tests/support/git_remote.hpp - a git repository that stands in for a server.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <guild/base/text.hpp>
#include <guild/os/environment.hpp>
#include <guild/os/process.hpp>

#include <doctest/doctest.h>

#include "temp_dir.hpp"

namespace guild_test {

/// A repository with a work tree, whose commits depend on nothing but what is put in.
class git_remote {
public:
    explicit git_remote(std::string directory) : directory_(std::move(directory)) {
        REQUIRE(guild::os::make_directories(directory_));
        git({"init", "--quiet"});
        git({"symbolic-ref", "HEAD", "refs/heads/master"});
        git({"config", "uploadpack.allowFilter", "true"});
        git({"config", "uploadpack.allowAnySHA1InWant", "true"});
    }

    [[nodiscard]] std::string url() const { return "file://" + directory_; }

    /// Runs git here and gives what it printed, without white space at the ends.
    std::string git(std::vector<std::string> arguments) const {
        guild::os::process_options options;
        options.argv = std::move(arguments);
        options.argv.insert(options.argv.begin(), "git");
        options.directory = directory_;
        options.environment = guild::os::merge_environment(
            guild::os::current_environment(), {{"GIT_CONFIG_GLOBAL", "/dev/null"},
                                               {"GIT_CONFIG_NOSYSTEM", "1"},
                                               {"GIT_AUTHOR_NAME", "A"},
                                               {"GIT_AUTHOR_EMAIL", "a@example.org"},
                                               {"GIT_COMMITTER_NAME", "C"},
                                               {"GIT_COMMITTER_EMAIL", "c@example.org"},
                                               {"GIT_AUTHOR_DATE", "1500000000 +0000"},
                                               {"GIT_COMMITTER_DATE", "1500000000 +0000"}});
        const auto ran = guild::os::run(options);
        REQUIRE(ran);
        CAPTURE(ran->err);
        REQUIRE(ran->status.success());
        return std::string(guild::trim(ran->out));
    }

    /// Writes a file, without committing it.
    void write(const std::string& path, const std::string& content) const {
        const std::string whole = guild::join_path(directory_, path);
        REQUIRE(guild::os::make_directories(guild::parent_path(whole)));
        REQUIRE(guild::os::save_file(whole, content));
    }

    /// Commits everything and gives the commit's id.
    std::string commit(const std::string& message = "m") const {
        git({"add", "--all"});
        git({"commit", "--quiet", "--allow-empty", "--message", message});
        return git({"rev-parse", "HEAD"});
    }

private:
    std::string directory_;
};

}  // namespace guild_test

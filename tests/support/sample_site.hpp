// support/sample_site.hpp - a project with two finished runs, asked as the viewer's server asks.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <guild/viewer/api.hpp>
#include <support/sample_run.hpp>
#include <support/temp_dir.hpp>

namespace guild_test {

inline constexpr const char* newer = "20170714T025000Z-deep";
inline constexpr const char* older = "20170714T024000Z-softmax";

// A project with two finished runs; the older has series, flags, attributes and output.
class site {
public:
    site() {
        (void)dir_.write("Guild", "[project]\n  name = P\n[field \"acc\"]\n  @attrs template "
                                  "\"accuracy-field\"\n  source = series/acc\n"
                                  "[series \"acc\"]\n  title = Acc\n  source = series/acc.*\n");
        (void)make_completed_run(root(), newer, "deep", 10);
        run_ = make_completed_run(root(), older, "softmax", 0);
        add_pairs(run_, guild::runs::flags_name, {{"lr", "0.1"}, {"bad", "\xFF"}});
        add_pairs(run_, guild::runs::attrs_name, {{"host", "train-01"}});
        add_series(run_, "acc", {0.25, std::numeric_limits<double>::quiet_NaN(), 0.75});
        add_series(run_, "acc/other", {guild::series::number(std::int64_t{1} << 60)});
        add_output(run_, guild::runs::output_stream::out, 1'500'000'000'000'001, "one\n");
        add_output(run_, guild::runs::output_stream::err, 1'500'000'000'000'002, "two\n");
        with_.project_directory = dir_.path();
    }

    [[nodiscard]] std::string root() const { return dir_ / "runs"; }
    [[nodiscard]] const std::string& run() const { return run_; }
    [[nodiscard]] const temp_dir& dir() const { return dir_; }
    guild::viewer::context& with() { return with_; }
    [[nodiscard]] const guild::viewer::context& context() const { return with_; }

    [[nodiscard]] guild::viewer::response get(const std::string& target,
                                              const std::string& method = "GET") const {
        return guild::viewer::handle({method, target, {{"Host", "localhost:6333"}}}, with_);
    }

    /// The JSON of an answer that must be 200.
    [[nodiscard]] guild::json::value body(const std::string& target) const {
        const guild::viewer::response answer = get(target);
        INFO(target << " " << answer.body);
        REQUIRE(answer.status == 200);
        CHECK(answer.content_type == "application/json");
        auto out = guild::json::parse(answer.body);
        REQUIRE(out);
        return *out;
    }

private:
    temp_dir dir_;
    std::string run_;
    guild::viewer::context with_;
};

inline const std::string softmax = std::string("/api/runs/") + older;

}  // namespace guild_test

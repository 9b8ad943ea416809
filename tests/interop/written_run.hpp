// One run of event files whose content is known: what is added goes to guild's writer and, as JSON,
// to standard output.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/os/file.hpp>
#include <guild/tfevents/writer.hpp>

#include "json_lines.hpp"

namespace interop {

using guild::tfevents::histogram_bucket;
using guild::tfevents::hparam;
using guild::tfevents::hparam_kind;
using guild::tfevents::hparams;
using guild::tfevents::writer;
using guild::tfevents::writer_options;

[[noreturn]] inline void fail(const std::string& why) {
    std::fprintf(stderr, "write_events: %s\n", why.c_str());
    std::exit(1);
}

class run {
public:
    run(const std::string& root, std::string name, writer_options options = {})
        : name_(std::move(name)), writer_(open(root + "/" + name_, std::move(options))) {}
    run(const run&) = delete;
    run& operator=(const run&) = delete;
    ~run() {
        const auto closed = writer_.close();
        if (!closed) {
            fail(to_string(closed.error()));
        }
    }

    writer& file() { return writer_; }

    // A line about one value; it is printed when the caller lets go of it.
    line& describe(line& out, const char* kind, std::string_view tag, std::int64_t step,
                   double wall_time) const {
        return out.text("run", name_)
            .text("kind", kind)
            .text("tag", tag)
            .step(step)
            .number("wall", wall_time);
    }

    void scalar(std::string_view tag, std::int64_t step, double value, double wall_time) {
        writer_.add_scalar(tag, step, value, wall_time);
        line out;
        describe(out, "scalar", tag, step, wall_time).number("value", value);
    }

    void text(std::string_view tag, std::int64_t step, std::string_view value, double wall_time) {
        writer_.add_text(tag, step, value, wall_time);
        line out;
        describe(out, "text", tag, step, wall_time).text("text", value);
    }

    void histogram(std::string_view tag, std::int64_t step,
                   const std::vector<histogram_bucket>& buckets, double wall_time) {
        writer_.add_histogram(tag, step, buckets, wall_time);
        std::string json = "[";
        for (const histogram_bucket& bucket : buckets) {
            json += json.size() > 1 ? ",[" : "[";
            json += exact(bucket.left) + "," + exact(bucket.right) + ",";
            json += exact(bucket.count) + "]";
        }
        line out;
        describe(out, "histogram", tag, step, wall_time).raw("buckets", json + "]");
    }

    void image(std::string_view tag, std::int64_t step, const std::string& path, double wall_time) {
        const auto png = guild::os::load_file(path);
        if (!png || !writer_.add_image(tag, step, *png, wall_time)) {
            fail("cannot add " + path);
        }
        line out;
        describe(out, "image", tag, step, wall_time).text("file", path);
    }

    void parameters(const hparams& what, double wall_time) {
        writer_.add_hparams(what, wall_time);
        std::string flags = "{";
        for (const hparam& each : what.values) {
            flags += (flags.size() > 1 ? "," : "") + quoted(each.name) + ":" + json_of(each);
        }
        std::string metrics = "[";
        for (const std::string& metric : what.metrics) {
            metrics += (metrics.size() > 1 ? "," : "") + quoted(metric);
        }
        line out;
        describe(out, "hparams", "", 0, wall_time)
            .raw("flags", flags + "}")
            .raw("metrics", metrics + "]")
            .text("group", what.group_name)
            .number("start", what.start_time);
    }

private:
    static writer open(const std::string& directory, writer_options options) {
        auto opened = writer::create(directory, std::move(options));
        if (!opened) {
            fail(to_string(opened.error()));
        }
        return std::move(*opened);
    }

    // Numbers as {"number": hexadecimal}, so that they are told from strings.
    static std::string json_of(const hparam& each) {
        switch (each.kind) {
        case hparam_kind::number:
            return "{\"number\":" + exact(each.number) + "}";
        case hparam_kind::text:
            return quoted(each.text);
        case hparam_kind::boolean:
            return each.number != 0 ? "true" : "false";
        case hparam_kind::none:
            break;
        }
        return "null";
    }

    std::string name_;
    writer writer_;
};

}  // namespace interop

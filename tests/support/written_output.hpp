// support/written_output.hpp - the output of a run, as a recording process stores it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <guild/os/directory.hpp>
#include <guild/runs/layout.hpp>
#include <guild/runs/output_log.hpp>
#include <support/temp_dir.hpp>

namespace guild_test {

/// A run's output, written as a recording process does.
struct written_output {
    written_output() {
        REQUIRE(guild::os::make_directories(guild::runs::data_path(dir.path())));
        auto opened = guild::runs::output_writer::open(dir.path());
        REQUIRE(opened);
        writer = std::move(*opened);
    }
    void put(guild::runs::output_stream stream, std::int64_t time_us, const std::string& bytes) {
        REQUIRE(writer.append(stream, time_us, bytes));
    }

    temp_dir dir;
    guild::runs::output_writer writer;
};

}  // namespace guild_test

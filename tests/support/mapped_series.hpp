// support/mapped_series.hpp - a series file in memory, with the map that a reader makes of it.
#pragma once

#include <string>

#include <doctest/doctest.h>

#include <guild/os/file.hpp>
#include <guild/series/block_reader.hpp>
#include <guild/series/file_map.hpp>
#include <guild/series/format.hpp>
#include <guild/series/pyramid_source.hpp>
#include <support/memory_file.hpp>

namespace guild_test {

/// A series file in memory, and its map.
struct mapped_series {
    explicit mapped_series(const std::string& bytes)
        : system(memory_env(bytes)),
          file(*guild::os::open_file("memory.gts", guild::os::open_mode::read, system)),
          window(file), source{&window,
                               guild::series::checksum_seed(
                                   guild::series::decode_header(bytes.substr(0, 96))->id),
                               bytes.size()} {
        const auto last = guild::series::find_last_block(window, source.seed, bytes.size());
        REQUIRE(last);
        REQUIRE(map.load(window, source.seed,
                         last->type == guild::series::block_type::index ? last->offset
                                                                        : last->last_index_offset,
                         bytes.size()));
    }

    guild::os::env system;
    guild::os::file file;
    guild::series::file_window window;
    guild::series::pyramid_source source;
    guild::series::file_map map;
};

}  // namespace guild_test

// Any bytes as the payloads of a series file: no crash, no hang, memory in proportion to the input.
//
// The first byte says which payload; checksums are not in the way. The whole file is tried as well.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <guild/series/chunk.hpp>
#include <guild/series/column.hpp>
#include <guild/series/format.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/index.hpp>
#include <guild/series/packed.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/pyramid.hpp>

namespace gs = guild::series;

namespace {

// What was read is written again, and that is read as the same.
void read_frames(std::string_view payload) {
    gs::frame_decoder frames(payload);
    gs::frame_encoder again;
    std::vector<gs::sample> row;
    std::size_t count = 0;
    while (frames.next()) {
        row.clear();
        for (const auto& column : frames.columns()) {
            row.push_back({column.id, frames.value(column)});
        }
        again.add(frames.step(), frames.time_us(), row.data(), row.size());
        ++count;
    }
    gs::frame_decoder second(again.payload());
    std::size_t seen = 0;
    while (second.next()) {
        ++seen;
    }
    if (seen != count || (count != 0 && second.is_bad())) {
        std::abort();
    }
}

// Columns that can be read are made a chunk again, which is read as the same points.
void read_chunk(std::string_view payload) {
    gs::chunk_reader columns;
    for (bool is_there = columns.open(payload); is_there; is_there = columns.next()) {
        std::uint64_t points = 0;
        for (std::size_t at = 0; at < columns.ids().size(); ++at) {
            gs::stretch found;
            if (!columns.read(at, found)) {
                return;
            }
            points += found.size;
            for (std::size_t i = 0; i < found.size; i += 1 + found.size / 16) {
                (void)found[i].value.as_double();
            }
        }
        if (points != columns.points() || points > gs::max_chunk_points) {
            std::abort();
        }
    }
}

void read_pyramid(std::string_view payload) {
    gs::pyramid_piece piece;
    const std::string_view all = payload;
    for (const std::uint32_t level : {0U, 1U, 2U}) {
        payload = all;
        while (!payload.empty() && gs::decode_piece(payload, {0, level}, piece)) {
            std::uint64_t kept = 0;
            for (const gs::bucket& each : piece.buckets) {
                kept += each.kept;
            }
            if (kept != piece.points.size()) {
                std::abort();
            }
            std::string again;
            gs::append_piece(again, piece);
            std::string_view rest = again;
            gs::pyramid_piece second;
            if (!gs::decode_piece(rest, {piece.id, piece.level}, second) ||
                second.points != piece.points) {
                std::abort();
            }
        }
    }
}

// The first two bytes say how many values there are.
std::size_t take_count(std::string_view& in) {
    if (in.size() < 2) {
        in = {};
        return 0;
    }
    const std::size_t count = guild::load_le<std::uint16_t>(in.data());
    in.remove_prefix(2);
    return count;
}

void read_column(std::string_view payload) {
    const std::size_t count = take_count(payload);
    gs::number_column values;
    if (!gs::decode_column(payload, count, values)) {
        return;
    }
    std::string again;
    gs::append_column(again, values);
    gs::number_column second;
    std::string_view rest = again;
    if (!gs::decode_column(rest, count, second)) {
        std::abort();
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (values[i] != second[i]) {
            std::abort();
        }
    }
}

void read_integers(std::string_view payload) {
    const std::size_t count = take_count(payload);
    std::vector<std::int64_t> values(count);
    if (!gs::decode_integers(payload, values.data(), count)) {
        return;
    }
    std::string again;
    gs::append_integers(again, values.data(), count);
    std::vector<std::int64_t> second(count);
    std::string_view rest = again;
    if (!gs::decode_integers(rest, second.data(), count) || !rest.empty() || second != values) {
        std::abort();
    }
}

void read_index(std::string_view payload) {
    gs::index_content content;
    if (gs::decode_index(payload, content) &&
        content.blocks.size() + content.summaries.size() + content.groups.size() +
                content.chunks.size() + content.pyramids.size() >
            payload.size()) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string_view payload = bytes.substr(1);
    std::vector<gs::series_name> names;
    gs::note note;
    gs::block block;
    switch (data[0]) {
    case 1:
        (void)gs::decode_dictionary(payload, names);
        break;
    case 2:
        read_frames(payload);
        break;
    case 3:
        read_index(payload);
        break;
    case 4:
        (void)gs::decode_note(payload, note);
        break;
    case 5:
        read_chunk(payload);
        break;
    case 6:
        read_pyramid(payload);
        break;
    case 7:
        read_column(payload);
        break;
    case 8:
        read_integers(payload);
        break;
    default:
        (void)gs::decode_header(bytes);
        (void)gs::decode_block(bytes, 0, 0, block);
    }
    return 0;
}

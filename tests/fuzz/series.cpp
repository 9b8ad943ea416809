// Any bytes as the payloads of a series file: no crash, no hang, memory in proportion to the input.
//
// The first byte says which payload; checksums are not in the way. The whole file is tried as well.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <guild/series/format.hpp>
#include <guild/series/frames.hpp>
#include <guild/series/payload.hpp>

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

void read_index(std::string_view payload) {
    gs::index_content content;
    if (gs::decode_index(payload, content) &&
        content.blocks.size() + content.summaries.size() > payload.size()) {
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
    default:
        (void)gs::decode_header(bytes);
        (void)gs::decode_block(bytes, 0, 0, block);
    }
    return 0;
}

// Any bytes as CSV and as JSON Lines, whole and in pieces: the same points and the same error, and
// every point written and read again is itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <guild/series/text_reader.hpp>

namespace gs = guild::series;

namespace {

void must_be_read_again(const gs::keyed_point& each) {
    std::string csv;
    std::string json;
    gs::append_csv_point(csv, each.key, each.at);
    gs::append_json_point(json, each.key, each.at);
    std::string scratch;
    for (const std::string* line : {&csv, &json}) {
        const std::string_view text = std::string_view(*line).substr(0, line->size() - 1);
        const auto read =
            line == &csv ? gs::parse_csv_point(text, scratch) : gs::parse_json_point(text, scratch);
        if (!read || read->key != each.key || read->at != each.at) {
            std::abort();
        }
    }
}

// Everything that a reader says about a text which comes in pieces of `size` bytes.
std::string reading_of(std::string_view text, gs::text_format format, std::size_t size) {
    gs::text_reader reader(format, "x");
    std::string said;
    while (true) {
        const bool is_over = text.empty();
        if (is_over) {
            reader.end();
        }
        reader.add(text.substr(0, size));
        text.remove_prefix(std::min(size, text.size()));
        gs::keyed_point found;
        auto is_there = reader.next(found);
        for (; is_there && *is_there; is_there = reader.next(found)) {
            must_be_read_again(found);
            gs::append_csv_point(said, found.key, found.at);
        }
        if (!is_there) {
            return said + guild::to_string(is_there.error());
        }
        if (is_over) {
            return said;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const gs::text_format format : {gs::text_format::csv, gs::text_format::jsonl}) {
        const std::string whole = reading_of(text, format, size + 1);
        if (reading_of(text, format, 1) != whole || reading_of(text, format, 7) != whole) {
            std::abort();
        }
    }
    return 0;
}

// Any bytes as an event file: no crash, no hang, every byte is accounted for, and a decoder that
// remembers lengths says what one without memory says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <guild/tfevents/record.hpp>

namespace tf = guild::tfevents;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    tf::record_decoder decoder;
    while (!rest.empty()) {
        const tf::record found = decoder.decode(rest);
        const tf::record alone = tf::decode_record(rest);
        if (found.status != alone.status || found.bytes != alone.bytes ||
            found.payload.data() != alone.payload.data() ||
            found.payload.size() != alone.payload.size()) {
            std::abort();
        }
        const bool is_whole = found.status == tf::record_status::good ||
                              found.status == tf::record_status::bad_payload;
        if (is_whole != (found.bytes != 0)) {
            std::abort();
        }
        if (!is_whole) {
            break;
        }
        if (found.bytes != found.payload.size() + 16 || found.bytes > rest.size()) {
            std::abort();
        }
        if (found.status == tf::record_status::good) {
            std::string again;
            tf::append_record(again, found.payload);
            if (again != rest.substr(0, again.size())) {
                std::abort();
            }
        }
        rest.remove_prefix(static_cast<std::size_t>(found.bytes));
    }
    return 0;
}

// Any bytes as an event file: no crash, no hang, and the reader accounts for every byte.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <guild/tfevents/record.hpp>

namespace tf = guild::tfevents;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (!rest.empty()) {
        const tf::record found = tf::decode_record(rest);
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

// Any bytes as an Event: no crash, no hang, and every text lies within the payload.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string_view>

#include <guild/tfevents/event.hpp>
#include <guild/tfevents/reader.hpp>

namespace tf = guild::tfevents;

namespace {

void must_be_within(std::string_view text, std::string_view payload) {
    const std::less_equal<const char*> before;
    if (!text.empty() && !(before(payload.data(), text.data()) &&
                           before(text.data() + text.size(), payload.data() + payload.size()))) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view payload(reinterpret_cast<const char*>(data), size);
    tf::event event;
    tf::tag_table tags;
    if (!tf::decode_event(payload, event)) {
        return 0;
    }
    must_be_within(event.file_version, payload);
    for (const tf::summary_value& value : event.values) {
        must_be_within(value.tag, payload);
        std::uint32_t id = 0;
        if (tags.take(value, id) && (!value.number || tags.name(id) != value.tag)) {
            std::abort();
        }
    }
    return 0;
}

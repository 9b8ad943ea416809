// The first byte chooses. An even one: the rest is an Event, and all that read Events agree about
// it. An odd one: the rest is an event file, whose every byte is accounted for, and which gives the
// same points when it is read as it grows; with 2 more, it is payloads, a byte of length before
// each, that become sound records.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <guild/tfevents/event.hpp>
#include <guild/tfevents/hparams.hpp>
#include <guild/tfevents/large_event.hpp>
#include <guild/tfevents/reader.hpp>

#include <support/memory_file.hpp>

namespace os = guild::os;
namespace tf = guild::tfevents;
using guild_test::in_memory;

namespace {

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

bool is_same(double a, double b) {
    return guild::double_bits(a) == guild::double_bits(b);
}

void must_be_alike(const tf::summary_value& a, const tf::summary_value& b) {
    must(a.tag == b.tag && a.kind == b.kind && a.rank == b.rank && a.type_number == b.type_number);
    must(a.number.has_value() == b.number.has_value());
    must(!a.number || is_same(*a.number, *b.number));
    must(a.meta.has_value() == b.meta.has_value());
    must(!a.meta ||
         (a.meta->plugin_name == b.meta->plugin_name && a.meta->content == b.meta->content &&
          a.meta->data_class == b.meta->data_class));
}

void must_be_alike(const tf::event& a, const tf::event& b) {
    must(is_same(a.wall_time, b.wall_time) && a.step == b.step && a.kind == b.kind);
    must(a.file_version == b.file_version && a.session_status == b.session_status &&
         a.source_writer == b.source_writer && a.values.size() == b.values.size());
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        must_be_alike(a.values[i], b.values[i]);
    }
}

void check_simple(std::string_view payload, bool is_good, const tf::event& whole) {
    tf::simple_event simple;
    if (!tf::decode_simple_event(payload, simple)) {
        return;
    }
    must(is_good == guild::is_valid_utf8(simple.tag));
    if (is_good) {
        must(is_same(simple.wall_time, whole.wall_time) && simple.step == whole.step);
        must(whole.values.size() == 1 && whole.values[0].tag == simple.tag);
        must(whole.values[0].kind == tf::value_kind::simple && !whole.values[0].meta);
        must(is_same(simple.value, *whole.values[0].number));
    }
}

void check_reduced(std::string_view payload, bool is_good, const tf::event& whole) {
    const os::env system = guild_test::memory_env(std::string(payload));
    const os::file file(guild_test::memory_descriptor, "in memory", system);
    std::string reduced;
    if (!tf::large_event(file, 0, payload.size()).reduce(reduced)) {
        bool has_groups = false;  // perhaps
        for (const char c : payload) {
            has_groups = has_groups || (static_cast<unsigned char>(c) & 7U) == 3U;
        }
        must(!is_good || has_groups);
        return;
    }
    tf::event found;
    must(tf::decode_event(reduced, found) == is_good);
    if (is_good) {
        must_be_alike(found, whole);
    }
}

void check_hparams(std::string_view content) {
    const auto found = tf::decode_session_start(content);
    if (!found) {
        return;
    }
    const auto again = tf::decode_session_start(tf::encode_session_start(*found));
    must(again && again->values.size() == found->values.size());
    must(again->group_name == found->group_name && is_same(again->start_time, found->start_time));
    for (std::size_t i = 0; i < found->values.size(); ++i) {
        must(again->values[i].name == found->values[i].name);
        must(again->values[i].to_flag() == found->values[i].to_flag());
    }
}

void check_event(std::string_view payload) {
    tf::event whole;
    const bool is_good = tf::decode_event(payload, whole);
    check_simple(payload, is_good, whole);
    check_reduced(payload, is_good, whole);
    check_hparams(payload);
    for (const tf::summary_value& value : whole.values) {
        check_hparams(value.meta ? value.meta->content : std::string_view());
    }
}

using point = std::tuple<std::string, std::int64_t, std::uint64_t, std::uint64_t>;

void drain(tf::reader& reader, std::vector<point>& into) {
    tf::scalar each;
    while (reader.next(each)) {
        into.emplace_back(std::string(each.tag), each.step, guild::double_bits(each.wall_time),
                          guild::double_bits(each.value));
    }
    const tf::reader_counters counters = reader.counters();
    const std::uint64_t left = in_memory.bytes.size() - reader.offset();
    const bool is_whole = left == 0;
    must(reader.offset() <= in_memory.bytes.size());
    must(is_whole || counters.tail_bytes == left || counters.holes == 1 ||
         counters.lost_bytes >= left);
    must(counters.lost_bytes + counters.tail_bytes <= in_memory.bytes.size());
    must(in_memory.opened == 0);
}

void check_file(std::string_view bytes) {
    const os::env system = guild_test::memory_env(std::string(bytes));
    tf::reader at_once("f", {}, system);
    std::vector<point> whole;
    drain(at_once, whole);
    std::vector<point> by_event;
    tf::reader events("f", {}, system);
    tf::tag_table tags;
    tf::scalar each;
    while (events.next_event() != nullptr) {
        while (events.next_of_event(each, tags)) {
            by_event.emplace_back(std::string(each.tag), each.step,
                                  guild::double_bits(each.wall_time),
                                  guild::double_bits(each.value));
        }
    }
    must(by_event == whole);
    std::vector<point> grown;
    tf::reader growing("f", {}, system);
    const std::size_t step = 1 + bytes.size() / 7;
    for (std::size_t size = 0; size < bytes.size(); size += step) {
        in_memory.set(std::string(bytes.substr(0, size)));
        drain(growing, grown);
    }
    in_memory.set(std::string(bytes));
    drain(growing, grown);
    must(grown == whole && growing.offset() == at_once.offset());
    must(growing.bytes_lost() == at_once.bytes_lost());
}

std::string framed(std::string_view payloads) {
    std::string bytes;
    while (!payloads.empty()) {
        const std::size_t size = static_cast<unsigned char>(payloads.front());
        payloads.remove_prefix(1);
        tf::append_record(bytes, payloads.substr(0, size));
        payloads.remove_prefix(size < payloads.size() ? size : payloads.size());
    }
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] % 2 == 0) {
        check_event(rest);
    } else {
        check_file(data[0] % 4 == 3 ? framed(rest) : std::string(rest));
    }
    return 0;
}

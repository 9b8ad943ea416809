// read_events --make FILE   writes an event file with something of everything
// read_events FILE...       says which scalars each file holds
//
// Both are the same, byte for byte, on every machine: run.py compares. Nothing else of guild is
// included, because reader.hpp has to work alone.
#include <guild/tfevents/reader.hpp>

#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace tf = guild::tfevents;

// ---- writing ----------------------------------------------------------------------------------

// A type of tensor: its number, the bytes of one element, the field that holds elements one by one.
struct element_layout {
    std::uint64_t type;
    std::size_t bytes;
    std::uint32_t field;
};

constexpr element_layout elements[] = {
    {1, 4, 5},   {2, 8, 6},   {3, 4, 7},  {4, 1, 7},   {5, 2, 7},   {6, 1, 7},  {9, 8, 10},
    {10, 1, 11}, {14, 2, 13}, {17, 2, 7}, {19, 2, 13}, {22, 4, 16}, {23, 8, 17}};

class event_file {
public:
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

    // A value of `tag` whose other fields are `rest`.
    void add(std::int64_t step, std::string_view tag, std::string_view rest) {
        std::string value;
        tf::append_bytes_field(value, 1, tag);
        value.append(rest);
        std::string summary;
        tf::append_bytes_field(summary, 1, value);
        add_event(step, 5, summary);
    }

    void add_simple(std::int64_t step, std::string_view tag, float number) {
        std::string rest;
        tf::append_float_field(rest, 2, number);
        add(step, tag, rest);
    }

    void add_tensor(std::int64_t step, std::string_view tag, std::uint64_t type,
                    std::uint32_t field, std::string_view content) {
        std::string tensor;
        tf::append_varint_field(tensor, 1, type);
        tf::append_bytes_field(tensor, field, content);
        std::string plugin;
        tf::append_bytes_field(plugin, 1, "scalars");
        std::string meta;
        tf::append_bytes_field(meta, 1, plugin);
        std::string rest;
        tf::append_bytes_field(rest, 8, tensor);
        tf::append_bytes_field(rest, 9, meta);
        add(step, tag, rest);
    }

    void add_event(std::int64_t step, std::uint32_t field, std::string_view content) {
        std::string event;
        tf::append_double_field(event, 1, wall_time);
        tf::append_varint_field(event, 2, static_cast<std::uint64_t>(step));
        tf::append_bytes_field(event, field, content);
        tf::append_record(bytes_, event);
        wall_time += 0.125;
    }

    void add_record(std::string_view payload) { tf::append_record(bytes_, payload); }
    void spoil_last_payload() { bytes_[bytes_.size() - 5] ^= '\x01'; }
    void cut_last_record() { bytes_.resize(bytes_.size() - 7); }

    double wall_time = 1700000000.0625;

private:
    std::string bytes_;
};

void add_numbers(event_file& file) {
    using float_limits = std::numeric_limits<float>;
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const float odd[] = {0.0F,
                         -0.0F,
                         0.1F,
                         -1.5F,
                         float_limits::infinity(),
                         -float_limits::infinity(),
                         float_limits::quiet_NaN(),
                         -float_limits::quiet_NaN(),
                         float_limits::denorm_min(),
                         float_limits::max(),
                         float_limits::lowest()};
    for (std::int64_t step = 0; step < 11; ++step) {
        file.add_simple(step, "odd", odd[step]);
        file.add_simple(step, "loss", 1.0F / static_cast<float>(step + 1));
    }
    for (const std::int64_t step :
         {least, most, std::int64_t{-1}, std::int64_t{1} << 31U, std::int64_t{1} << 32U}) {
        file.add_simple(step, "steps", 1.0F);
    }
    std::int64_t step = 0;
    for (const element_layout& each : elements) {
        constexpr std::uint64_t bits = 0x8182838485868788U;
        const bool is_fixed = each.field == 5 || each.field == 6;
        std::string whole;
        guild::append_le(whole, bits);
        std::string packed;
        guild::append_varint(packed, bits);
        file.add_tensor(step, "content", each.type, 4, whole.substr(0, each.bytes));
        file.add_tensor(step, "field", each.type, each.field,
                        is_fixed ? whole.substr(0, each.bytes) : packed);
        ++step;
    }
}

// Tags that are hard to print, records of every size that buffers care for, damage.
void add_odd_records(event_file& file) {
    file.add_simple(1,
                    "gr\xC3\xB6\xC3\x9F"
                    "e \\ with\nlines",
                    2.0F);
    for (const std::size_t size :
         {std::size_t{1} << 10U, std::size_t{300} << 10U, (std::size_t{5} << 20U) + 1}) {
        file.add_event(0, 4, std::string(size, 'g'));
        std::string image;
        tf::append_bytes_field(image, 4, std::string(size, 'i'));
        file.add(0, "image", image);
    }
    file.add_simple(2, "loss", 3.0F);
    file.spoil_last_payload();
    file.add_record("no event");
    const double before = std::exchange(file.wall_time, std::numeric_limits<double>::quiet_NaN());
    file.add_simple(3, "loss", 4.0F);
    file.wall_time = before;
    file.add_simple(4, "loss", 5.0F);
    file.add_simple(5, "loss", 6.0F);
    file.cut_last_record();
}

int make(const char* path) {
    event_file file;
    file.add_event(0, 3, "brain.Event:2");
    add_numbers(file);
    add_odd_records(file);
    std::FILE* out = std::fopen(path, "wb");
    if (out == nullptr) {
        std::perror(path);
        return 1;
    }
    const std::size_t wrote = std::fwrite(file.bytes().data(), 1, file.bytes().size(), out);
    return std::fclose(out) == 0 && wrote == file.bytes().size() ? 0 : 1;
}

// ---- reading ----------------------------------------------------------------------------------

// FNV-1a 64 over step, value and wall time of every point.
class fingerprint {
public:
    void add(const tf::scalar& point) {
        constexpr std::uint64_t one_nan = 0x7FF8000000000000U;
        add_word(static_cast<std::uint64_t>(point.step));
        add_word(std::isnan(point.value) ? one_nan : guild::double_bits(point.value));
        add_word(guild::double_bits(point.wall_time));
    }
    [[nodiscard]] std::uint64_t value() const { return hash_; }

private:
    void add_word(std::uint64_t word) {
        for (unsigned shift = 0; shift < 64; shift += 8) {
            hash_ = (hash_ ^ ((word >> shift) & 0xFFU)) * 1099511628211U;
        }
    }
    std::uint64_t hash_ = 14695981039346656037U;
};

struct tag_numbers {
    std::string tag;
    std::uint64_t count = 0;
    std::int64_t last_step = 0;
    double first_value = 0;
    double last_value = 0;
    fingerprint print;
};

void add(tag_numbers& to, const tf::scalar& point) {
    if (to.count++ == 0) {
        to.first_value = point.value;
    }
    to.last_step = point.step;
    to.last_value = point.value;
    to.print.add(point);
}

// Printable ASCII as it is, everything else and the backslash as \xHH: a line stays a line.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7F && c != '\\') {
            out += c;
        } else {
            out += "\\x" + guild::to_hex({&c, 1});
        }
    }
    return out;
}

// The bits of a NaN are not the same everywhere.
std::string hexadecimal(double value) {
    char digits[40] = {};
    std::snprintf(digits, sizeof digits, "%a", value);
    return std::isnan(value) ? "nan" : digits;
}

void print(const tf::reader_counters& counted) {
    const std::pair<const char*, std::uint64_t> numbers[] = {
        {"records", counted.records},           {"scalars", counted.scalars},
        {"bad_lengths", counted.bad_lengths},   {"holes", counted.holes},
        {"bad_payloads", counted.bad_payloads}, {"bad_events", counted.bad_events},
        {"nan_times", counted.nan_times},       {"oversized", counted.oversized},
        {"tail_bytes", counted.tail_bytes},     {"lost_bytes", counted.lost_bytes}};
    for (const auto& [name, number] : numbers) {
        std::printf("%s %" PRIu64 "\n", name, number);
    }
    std::printf("events by kind");
    for (const std::uint64_t number : counted.events) {
        std::printf(" %" PRIu64, number);
    }
    std::printf("\n");
}

int read(const char* path) {
    auto opened = tf::reader::open(path);
    if (!opened) {
        std::fprintf(stderr, "%s\n", guild::to_string(opened.error()).c_str());
        return 1;
    }
    std::vector<tag_numbers> tags;
    std::map<std::string, std::size_t> places;
    tf::scalar point;
    while (opened->next(point)) {
        const auto place = places.emplace(point.tag, tags.size()).first;
        if (place->second == tags.size()) {
            tags.emplace_back().tag = place->first;
        }
        add(tags[place->second], point);
    }
    std::printf("file %s\n", path);
    print(opened->counters());
    for (const tag_numbers& each : tags) {
        std::printf("tag %" PRIu64 " %" PRId64 " %s %s %016" PRIx64 " %s\n", each.count,
                    each.last_step, hexadecimal(each.first_value).c_str(),
                    hexadecimal(each.last_value).c_str(), each.print.value(),
                    escaped(each.tag).c_str());
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "--make") {
        return make(argv[2]);
    }
    int failed = 0;
    for (int i = 1; i < argc; ++i) {
        failed |= read(argv[i]);
    }
    return failed;
}

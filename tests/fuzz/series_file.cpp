// Any bytes as a series file: no crash, no hang, no more memory than the input justifies, and the
// ways to read it agree.
//
// The first byte: even, the rest is the file; odd, the rest is a file whose checksums are put right
// first, so that they are not in the way.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <new>
#include <string>
#include <string_view>

#include <guild/base/crc32c.hpp>
#include <guild/series/reader.hpp>
#include <support/memory_file.hpp>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GUILD_IS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GUILD_IS_SANITIZED
#endif
#endif
#if defined(GUILD_IS_SANITIZED) && __has_include(<sanitizer/allocator_interface.h>)
#define GUILD_HAS_HOOKS
#include <sanitizer/allocator_interface.h>
#endif

namespace gs = guild::series;
namespace os = guild::os;

namespace {

// What is allocated now, and was at most.
std::size_t allocated = 0;
std::size_t most_allocated = 0;

[[maybe_unused]] void count_allocation(std::size_t size) {
    allocated += size;
    most_allocated = std::max(most_allocated, allocated);
}

}  // namespace

#if defined(GUILD_HAS_HOOKS)  // a sanitizer's own operator new stays

namespace {

void on_malloc(const volatile void* /*memory*/, std::size_t size) {
    count_allocation(size);
}
void on_free(const volatile void* memory) {
    allocated -=
        memory == nullptr ? 0 : __sanitizer_get_allocated_size(const_cast<const void*>(memory));
}
const int has_hooks = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);

}  // namespace

#elif !defined(GUILD_IS_SANITIZED)

namespace {

constexpr std::size_t before_memory = alignof(std::max_align_t);  // where the size stands

void* allocate(std::size_t size) {
    auto* memory = static_cast<unsigned char*>(std::malloc(size + before_memory));
    if (memory == nullptr) {
        std::abort();
    }
    std::memcpy(memory, &size, sizeof size);
    count_allocation(size);
    return memory + before_memory;
}

void release(void* memory) noexcept {
    if (memory != nullptr) {
        auto* start = static_cast<unsigned char*>(memory) - before_memory;
        std::size_t size = 0;
        std::memcpy(&size, start, sizeof size);
        allocated -= size;
        std::free(start);
    }
}

}  // namespace

void* operator new(std::size_t size) {
    return allocate(size);
}
void* operator new[](std::size_t size) {
    return allocate(size);
}
void operator delete(void* memory) noexcept {
    release(memory);
}
void operator delete[](void* memory) noexcept {
    release(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    release(memory);
}
void operator delete[](void* memory, std::size_t /*size*/) noexcept {
    release(memory);
}

#endif

namespace {

// Gives the header and each block that the bytes suggest its right place, lengths and checksum.
void mend(std::string& bytes) {
    if (bytes.size() < gs::header_bytes) {
        return;
    }
    bytes.replace(0, 8, std::string_view("GTS1\x01\0\x60\0", 8));
    const auto crc = guild::crc32c(std::string_view(bytes).substr(0, gs::header_bytes - 4));
    guild::store_le(&bytes[gs::header_bytes - 4], guild::mask_crc32c(crc));
    const gs::file_header header = *gs::decode_header(bytes);
    const std::uint32_t seed = gs::checksum_seed(header.id);
    std::string mended = bytes.substr(0, gs::header_bytes);
    for (std::size_t at = gs::header_bytes; at + gs::block_bytes(0) <= bytes.size();) {
        const std::uint64_t left = bytes.size() - at - gs::block_bytes(0);
        gs::block block;
        block.type = static_cast<gs::block_type>(static_cast<unsigned char>(bytes[at + 4]));
        block.flags = static_cast<std::uint8_t>(bytes[at + 5]);
        block.offset = at;
        block.sequence = guild::load_le<std::uint64_t>(&bytes[at + 16]);
        block.last_index_offset = guild::load_le<std::uint64_t>(&bytes[at + 32]);
        const auto length =
            std::min<std::uint64_t>(guild::load_le<std::uint32_t>(&bytes[at + 8]), left / 8 * 8);
        block.payload = std::string_view(bytes).substr(at + gs::block_head_bytes,
                                                       guild::detail::convert<std::size_t>(length));
        gs::append_block(mended, block, seed);
        at = mended.size();
    }
    bytes = mended;
}

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

// By name in the file, which may name two series alike.
using counts = std::map<std::string, std::uint64_t>;

// Two series one by one, whole, in part and as charts.
void read_series(gs::reader& reader) {
    const auto summaries = reader.summaries();
    if (reader.points_known() > 100'000) {
        return;  // a chunk of few bytes may hold millions of equal points
    }
    for (std::size_t i = 0; i < summaries.size() && i < 2; ++i) {
        gs::pixel_request request;
        request.columns = 1;
        for (const std::int64_t begin :
             {std::numeric_limits<std::int64_t>::min(), summaries[i].first.step}) {
            request.range.min_step = begin;
            const auto view = reader.pixels(summaries[i].key, request);
            if (!view || view->kept.size() > 4) {
                fail("a chart has no points or too many");
            }
        }
        const auto points = reader.points(summaries[i].key, request.range);
        const bool is_inside =
            points && std::all_of(points->begin(), points->end(), [&](const gs::point& one) {
                return one.step >= request.range.min_step;
            });
        if (!is_inside) {
            fail("a point outside of the range");
        }
    }
}

void read_all(gs::reader& reader) {
    counts visited;
    if (!reader.for_each_point(
            [&](const gs::series_name& name, const gs::point&) { ++visited[name.key]; })) {
        fail("a read failed");
    }
    for (const gs::series_summary& one : reader.summaries()) {
        if (one.count < one.nan + one.inf && one.has_finite()) {
            fail("a summary contradicts itself");
        }
    }
    (void)reader.notes();
    read_series(reader);
    if (reader.bytes_lost() > guild_test::in_memory.bytes.size() + gs::header_bytes) {
        fail("more is lost than there was");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] % 2 != 0) {
        mend(bytes);
    }
    const os::env system = guild_test::memory_env(bytes);
    // A chunk may hold many equal points in few bytes.
    constexpr std::size_t of_chunk = 64 * gs::max_chunk_points;
    const std::size_t cap = 128 * size + of_chunk + (std::size_t{1} << 20U);
    const std::size_t before = allocated;
    most_allocated = allocated;
    {
        auto reader = gs::reader::open("memory.gts", system);
        if (reader) {
            read_all(*reader);
            guild_test::in_memory.set(bytes + std::string(64, '\0'));
            (void)reader->refresh();
            (void)reader->end_before(2);
            guild_test::in_memory.set(bytes.substr(0, bytes.size() / 2));
            (void)reader->refresh();
            read_all(*reader);
        }
    }
    if (most_allocated - before > cap) {
        std::fprintf(stderr, "%zu bytes were allocated for %zu\n", most_allocated - before, size);
        fail("too much memory");
    }
    if (guild_test::in_memory.opened != 0) {
        fail("the file was left open");
    }
    return 0;
}

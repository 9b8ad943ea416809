// Any bytes as a tar archive: no crash, no hang; every member keeps the rules, and what is read can
// be written and read again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <guild/archive/tar_reader.hpp>
#include <guild/archive/tar_writer.hpp>

namespace tar = guild::archive;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_member(const tar::member& found) {
    const std::string_view path = found.path;
    require(path.empty() || (path.front() != '/' && path.back() != '/'));
    require(path.find('\0') == std::string_view::npos && path.find('\n') == std::string_view::npos);
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view part = path.substr(at, end - at);
        require(path.empty() || (!part.empty() && part != "." && part != ".." && part != ".git"));
        at = end + 1;
    }
    require(found.mode <= 0777);
}

// True when all of the archive was good; `again` is then the same members, written by guild.
bool read_all(std::string_view bytes, std::string& again, std::string& told) {
    tar::limits allowed;
    allowed.max_total_bytes = std::uint64_t{1} << 26U;
    tar::tar_reader from(tar::read_bytes(bytes), allowed);
    tar::tar_writer to([&](std::string_view piece) -> guild::result<void> {
        again.append(piece);
        return {};
    });
    while (true) {
        const auto next = from.next();
        if (!next) {
            require(!next.error().message.empty());
            return false;
        }
        if (!*next) {
            require(from.position() <= bytes.size());
            return to.finish().has_value();
        }
        check_member(**next);
        told += (*next)->name + '\n' + (*next)->target + '\n';
        require(to.begin(**next).has_value());
        while (true) {
            const auto piece = from.read();
            if (!piece) {
                return false;
            }
            if (piece->empty()) {
                break;
            }
            require(to.write(*piece).has_value());
            told.append(*piece);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const void* bytes = data;
    std::string again;
    std::string told;
    if (read_all({static_cast<const char*>(bytes), size}, again, told)) {
        std::string third;
        std::string told_again;
        require(read_all(again, third, told_again));
        require(told == told_again && again == third);
    }
    return 0;
}

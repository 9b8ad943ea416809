// guild/runs/build_identity.hpp - which build of a program ran: build id, compiler, libraries.
//
// Layer 4. Includes: base, os/file, runs/tsv.
// Not here: its sources (runs/source_snapshot.hpp).
//
// Read from ELF files of 32 and 64 bits and both byte orders; any bytes may be given. Of a file of
// another kind, a script for example, nothing is known.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/text.hpp>
#include <guild/os/file.hpp>
#include <guild/runs/tsv.hpp>

namespace guild { inline namespace v0 { namespace runs {

struct build_identity {
    std::string build_id;                // hexadecimal; of the note .note.gnu.build-id
    std::vector<std::string> compilers;  // texts of .comment, each once
    std::vector<std::string> libraries;  // DT_NEEDED, in order
};

/// What the bytes of a program say.
///
/// cost     O(file)
/// source   System V ABI, ELF; NT_GNU_BUILD_ID
/// example  tests/runs/build_identity.cpp "build identity: of the program that runs this test"
[[nodiscard]] build_identity decode_build_identity(std::string_view bytes);

/// program_build_id, program_compiler, program_libraries; what is not known is left out.
///
/// in       path: of the program; files over 128 MiB are left alone
[[nodiscard]] pair_list build_attributes(const std::string& path);

// ---- implementation ---------------------------------------------------------

namespace detail {

class elf_view {
public:
    struct section {
        std::uint64_t type = 0;
        std::string_view bytes;
        std::uint64_t name = 0;
        std::uint64_t link = 0;
    };

    explicit elf_view(std::string_view bytes) : bytes_(bytes) {
        is_elf_ = bytes.size() >= 52 && starts_with(bytes, "\x7F"
                                                           "ELF");
        is_64_ = is_elf_ && bytes[4] == 2;
        is_big_ = is_elf_ && bytes[5] == 2;
        if (is_elf_) {
            read_sections();
        }
    }

    [[nodiscard]] bool is_64() const noexcept { return is_64_; }
    [[nodiscard]] const std::vector<section>& sections() const noexcept { return sections_; }

    // An integer of `size` bytes; 0 beyond the end.
    [[nodiscard]] std::uint64_t number(std::string_view in, std::uint64_t at,
                                       std::size_t size) const noexcept {
        if (at > in.size() || size > in.size() - at) {
            return 0;
        }
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const std::size_t place =
                guild::detail::convert<std::size_t>(at) + (is_big_ ? i : size - 1 - i);
            value = value << 8U | static_cast<unsigned char>(in[place]);
        }
        return value;
    }

    [[nodiscard]] std::string_view part(std::uint64_t at, std::uint64_t size) const noexcept {
        if (at > bytes_.size() || size > bytes_.size() - at) {
            return {};
        }
        return bytes_.substr(guild::detail::convert<std::size_t>(at),
                             guild::detail::convert<std::size_t>(size));
    }

    // The text that ends in a NUL at a place of a table of texts.
    [[nodiscard]] static std::string_view text_in(std::string_view table, std::uint64_t at) {
        if (at >= table.size()) {
            return {};
        }
        const std::string_view rest = table.substr(guild::detail::convert<std::size_t>(at));
        return rest.substr(0, rest.find('\0'));
    }

    [[nodiscard]] std::string_view name_of(const section& which) const {
        return names_ < sections_.size() ? text_in(sections_[names_].bytes, which.name)
                                         : std::string_view();
    }

private:
    void read_sections() {
        const std::uint64_t table = is_64_ ? number(bytes_, 40, 8) : number(bytes_, 32, 4);
        const std::size_t head = is_64_ ? 58 : 46;
        const std::uint64_t size = number(bytes_, head, 2);
        const std::uint64_t count = number(bytes_, head + 2, 2);
        names_ = guild::detail::convert<std::size_t>(number(bytes_, head + 4, 2));
        const std::size_t word = is_64_ ? 8 : 4;
        constexpr std::uint64_t most_sections = 4096;
        for (std::uint64_t i = 0; i < std::min(count, most_sections); ++i) {
            const std::string_view entry = part(table + i * size, is_64_ ? 64 : 40);
            section one;
            one.name = number(entry, 0, 4);
            one.type = number(entry, 4, 4);
            const std::uint64_t offset = number(entry, 8 + 2 * word, word);
            const std::uint64_t length = number(entry, 8 + 3 * word, word);
            one.link = number(entry, 8 + 4 * word, 4);
            constexpr std::uint64_t no_bits = 8;
            one.bytes = one.type == no_bits ? std::string_view() : part(offset, length);
            sections_.push_back(one);
        }
    }

    std::string_view bytes_;
    bool is_elf_ = false;
    bool is_64_ = false;
    bool is_big_ = false;
    std::size_t names_ = 0;
    std::vector<section> sections_;
};

// Notes: size of name, size of content, type, name, content; both padded to 4.
inline std::string build_id_in(const elf_view& elf, std::string_view notes) {
    std::uint64_t at = 0;
    while (at + 12 <= notes.size()) {
        const std::uint64_t name_size = elf.number(notes, at, 4);
        const std::uint64_t size = elf.number(notes, at + 4, 4);
        const std::uint64_t type = elf.number(notes, at + 8, 4);
        const std::uint64_t name = at + 12;
        const std::uint64_t content = name + (name_size + 3) / 4 * 4;
        if (content > notes.size() || size > notes.size() - content) {
            return {};
        }
        if (type == 3 && name_size == 4 &&
            notes.substr(guild::detail::convert<std::size_t>(name), 3) == "GNU") {
            std::string hex;
            for (const char c : notes.substr(guild::detail::convert<std::size_t>(content),
                                             guild::detail::convert<std::size_t>(size))) {
                const auto byte = static_cast<unsigned char>(c);
                hex += "0123456789abcdef"[byte >> 4U];
                hex += "0123456789abcdef"[byte & 15U];
            }
            return hex;
        }
        at = content + (size + 3) / 4 * 4;
    }
    return {};
}

inline std::vector<std::string> compilers_in(std::string_view comment) {
    std::vector<std::string> texts;
    for (std::string& text : split(comment, '\0')) {
        if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end()) {
            texts.push_back(std::move(text));
        }
    }
    return texts;
}

inline std::vector<std::string> libraries_in(const elf_view& elf,
                                             const elf_view::section& dynamic) {
    std::vector<std::string> names;
    const std::size_t word = elf.is_64() ? 8 : 4;
    const std::string_view texts =
        dynamic.link < elf.sections().size()
            ? elf.sections()[guild::detail::convert<std::size_t>(dynamic.link)].bytes
            : std::string_view();
    for (std::size_t at = 0; at + 2 * word <= dynamic.bytes.size(); at += 2 * word) {
        const std::uint64_t tag = elf.number(dynamic.bytes, at, word);
        if (tag == 0) {
            break;
        }
        const std::uint64_t needed = 1;
        const std::string_view name =
            tag == needed ? elf_view::text_in(texts, elf.number(dynamic.bytes, at + word, word))
                          : std::string_view();
        if (!name.empty()) {
            names.emplace_back(name);
        }
    }
    return names;
}

}  // namespace detail

inline build_identity decode_build_identity(std::string_view bytes) {
    build_identity out;
    const detail::elf_view elf(bytes);
    constexpr std::uint64_t dynamic_type = 6;
    constexpr std::uint64_t note_type = 7;
    constexpr std::size_t most_bytes = 1U << 20U;  // of one section
    for (const detail::elf_view::section& each : elf.sections()) {
        if (each.bytes.size() > most_bytes) {
            continue;
        }
        if (each.type == note_type && out.build_id.empty()) {
            out.build_id = detail::build_id_in(elf, each.bytes);
        } else if (each.type == dynamic_type && out.libraries.empty()) {
            out.libraries = detail::libraries_in(elf, each);
        } else if (out.compilers.empty() && elf.name_of(each) == ".comment") {
            out.compilers = detail::compilers_in(each.bytes);
        }
    }
    return out;
}

inline pair_list build_attributes(const std::string& path) {
    pair_list out;
    const auto bytes = os::load_file(path, std::uint64_t{128} << 20U);
    if (!bytes) {
        return out;
    }
    const build_identity found = decode_build_identity(*bytes);
    if (!found.build_id.empty()) {
        out.emplace_back("program_build_id", found.build_id);
    }
    if (!found.compilers.empty()) {
        out.emplace_back("program_compiler", join(found.compilers, "; "));
    }
    if (!found.libraries.empty()) {
        out.emplace_back("program_libraries", join(found.libraries, " "));
    }
    return out;
}

}}}  // namespace guild::runs

// guild/archive/tar_format.hpp - the tar format (POSIX ustar and pax): one member as values and as
// bytes.
//
// Layer 3. Includes: base, the standard library.
// Not here: which members are allowed (archive/member_rules.hpp); streams (archive/tar_writer.hpp,
// archive/tar_reader.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <guild/base/result.hpp>
#include <guild/config.hpp>

// An archive is blocks of 512 bytes: for each member a header and its content, filled up with zero
// bytes; then two blocks of zero bytes, here filled up to a multiple of 20 blocks as tar programs
// do. Numbers are octal digits with leading zeros and a NUL behind them.
//
//   at   bytes  header                         at   bytes  header
//   0    100    name                           257  8      "ustar" NUL "00"
//   100  8      mode                           265  32     owner's name, empty here
//   108  8      owner, 0 here                  297  32     group's name, empty here
//   116  8      group, 0 here                  329  8, 8   major and minor device number, 0 here
//   124  12     size of the content            345  155    prefix: comes before name, with "/"
//   136  12     time, seconds since 1970       500  12     NUL
//   148  8      sum of all bytes of the header, these 8 as spaces: 6 digits, NUL, space
//   156  1      kind: '0' file, '1' hard link, '2' symbolic link, '5' directory, 'x' pax
//   157  100    target of a link
//
// What does not fit stands in a pax member before it, as records `LENGTH KEY=VALUE` newline, where
// LENGTH counts the whole record: path, linkpath, size.

namespace guild { inline namespace v0 { namespace archive {

inline constexpr std::size_t block_bytes = 512;
inline constexpr std::size_t record_bytes = 20 * block_bytes;

enum class member_kind : char { file = '0', hard_link = '1', symlink = '2', directory = '5' };

/// One member of an archive.
///
/// units    size: bytes of content; mode: permission bits; time_s: seconds since 1970-01-01 UTC
struct member {
    std::string name;    // as stored: "./a/b", "./a/" for a directory
    std::string path;    // beneath the archive's root: "a/b", "a"; empty for the root itself
    std::string target;  // of links, as stored
    std::uint64_t size = 0;
    std::int64_t time_s = 0;
    std::uint32_t mode = 0644;
    member_kind kind = member_kind::file;
};

/// The header of a member, with a pax member before it where name, target or size need one. The
/// content follows, then padding(size).
///
/// source   POSIX.1-2017, pax: ustar interchange format, pax extended header
/// example  tests/archive/tar_format.cpp "encode_header: a block computed by hand"
[[nodiscard]] std::string encode_header(const member& of);

/// How many zero bytes fill a content of `size` bytes up to a whole block.
[[nodiscard]] constexpr std::size_t padding(std::uint64_t size) noexcept {
    return guild::detail::convert<std::size_t>((block_bytes - size % block_bytes) % block_bytes);
}

/// The sum of the bytes of a header, its own field taken as spaces.
///
/// in       block: 512 bytes
/// example  tests/archive/tar_format.cpp "header_sum: counts its own field as spaces"
[[nodiscard]] std::uint32_t header_sum(std::string_view block) noexcept;

/// A number of a header: octal digits, or GNU's form for large ones (first bit set, then binary).
///
/// out      empty when it is no number, negative or beyond 63 bits
/// example  tests/archive/tar_format.cpp "parse_number: octal with spaces or NUL, and binary"
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view field) noexcept;

/// One pax record.
///
/// example  tests/archive/tar_format.cpp "pax_record: its length counts itself"
[[nodiscard]] std::string pax_record(std::string_view key, std::string_view value);

/// A pax record as its two texts.
struct pax_pair {
    std::string_view key;
    std::string_view value;
};

/// Takes the first record off `records`.
///
/// out      empty when they do not begin with a whole record
/// example  tests/archive/tar_format.cpp "take_pax_record: refuses lengths that do not fit"
[[nodiscard]] std::optional<pax_pair> take_pax_record(std::string_view& records) noexcept;

// ---- implementation ---------------------------------------------------------

namespace detail {

struct field {
    std::size_t at;
    std::size_t size;
};

inline constexpr field name_field{0, 100};
inline constexpr field mode_field{100, 8};
inline constexpr field owner_field{108, 8};
inline constexpr field group_field{116, 8};
inline constexpr field size_field{124, 12};
inline constexpr field time_field{136, 12};
inline constexpr field sum_field{148, 8};
inline constexpr std::size_t kind_at = 156;
inline constexpr field target_field{157, 100};
inline constexpr field magic_field{257, 8};
inline constexpr field major_field{329, 8};
inline constexpr field minor_field{337, 8};
inline constexpr field prefix_field{345, 155};
inline constexpr std::uint64_t largest_octal = 077777777777;  // what eleven digits hold

inline void put_text(std::string& block, field where, std::string_view text) {
    block.replace(where.at, text.size(), text);
}

inline void put_octal(std::string& block, field where, std::uint64_t value) {
    for (std::size_t i = where.size - 1; i-- > 0;) {
        block[where.at + i] = static_cast<char>('0' + static_cast<int>(value & 7U));
        value >>= 3U;
    }
}

/// Where a name that is too long for its field can be parted into prefix and name, at a "/".
inline std::size_t find_split(std::string_view name) {
    if (name.size() > prefix_field.size + 1 + name_field.size) {
        return std::string_view::npos;
    }
    // The name must not be empty: the "/" that ends a directory's name is none to part at.
    const std::size_t earliest = name.size() - name_field.size - 1;
    const std::size_t at = name.find('/', earliest == 0 ? 1 : earliest);
    return at > prefix_field.size || at + 1 >= name.size() ? std::string_view::npos : at;
}

inline std::string encode_block(const member& of, char kind, std::string_view prefix,
                                std::string_view name) {
    std::string block(block_bytes, '\0');
    put_text(block, name_field, name.substr(0, name_field.size));
    put_octal(block, mode_field, of.mode & 07777U);
    put_octal(block, owner_field, 0);
    put_octal(block, group_field, 0);
    put_octal(block, size_field, of.size <= largest_octal ? of.size : 0);
    const std::uint64_t time = of.time_s < 0 ? 0U : static_cast<std::uint64_t>(of.time_s);
    put_octal(block, time_field, time <= largest_octal ? time : largest_octal);
    block[kind_at] = kind;
    put_text(block, target_field, std::string_view(of.target).substr(0, target_field.size));
    put_text(block, magic_field, std::string_view("ustar\00000", 8));
    put_octal(block, major_field, 0);
    put_octal(block, minor_field, 0);
    put_text(block, prefix_field, prefix);
    put_octal(block, {sum_field.at, sum_field.size - 1}, header_sum(block));
    block[sum_field.at + sum_field.size - 1] = ' ';
    return block;
}

}  // namespace detail

inline std::uint32_t header_sum(std::string_view block) noexcept {
    std::uint32_t sum = 8 * ' ';
    for (std::size_t i = 0; i < block.size(); ++i) {
        const bool is_own = i >= detail::sum_field.at && i < detail::sum_field.at + 8;
        sum += is_own ? 0U : static_cast<unsigned char>(block[i]);
    }
    return sum;
}

inline std::string pax_record(std::string_view key, std::string_view value) {
    const std::size_t rest = key.size() + value.size() + 3;  // space, "=", newline
    std::size_t length = rest;
    while (rest + std::to_string(length).size() != length) {
        length = rest + std::to_string(length).size();
    }
    std::string record = std::to_string(length) + ' ';
    record.append(key).append(1, '=').append(value).append(1, '\n');
    return record;
}

inline std::string encode_header(const member& of) {
    std::string records;
    std::string_view prefix;
    std::string_view name = of.name;
    if (name.size() > detail::name_field.size) {
        const std::size_t split = detail::find_split(name);
        if (split == std::string_view::npos) {
            records += pax_record("path", name);
        } else {
            prefix = name.substr(0, split);
            name.remove_prefix(split + 1);
        }
    }
    if (of.target.size() > detail::target_field.size) {
        records += pax_record("linkpath", of.target);
    }
    if (of.size > detail::largest_octal) {
        records += pax_record("size", std::to_string(of.size));
    }
    std::string header;
    if (!records.empty()) {
        member extension;
        extension.size = records.size();
        extension.time_s = of.time_s;
        header = detail::encode_block(extension, 'x', {}, "PaxHeaders/member");
        header.append(records).append(padding(records.size()), '\0');
    }
    return header + detail::encode_block(of, static_cast<char>(of.kind), prefix, name);
}

inline std::optional<std::uint64_t> parse_number(std::string_view field) noexcept {
    std::uint64_t number = 0;
    if (!field.empty() && (static_cast<unsigned char>(field.front()) & 0x80U) != 0) {
        for (std::size_t i = 0; i < field.size(); ++i) {
            const auto byte = static_cast<unsigned char>(field[i]);
            if (number >> 55U != 0) {
                return std::nullopt;
            }
            number = number << 8U | (i == 0 ? byte & 0x7FU : byte);
        }
        return number;
    }
    while (!field.empty() && field.front() == ' ') {
        field.remove_prefix(1);
    }
    std::size_t digits = 0;
    for (; digits < field.size() && field[digits] >= '0' && field[digits] <= '7'; ++digits) {
        if (number >> 60U != 0) {
            return std::nullopt;
        }
        number = number * 8 + static_cast<unsigned char>(field[digits] - '0');
    }
    for (std::size_t i = digits; i < field.size(); ++i) {
        if (field[i] != ' ' && field[i] != '\0') {
            return std::nullopt;
        }
    }
    return number;
}

inline std::optional<pax_pair> take_pax_record(std::string_view& records) noexcept {
    std::size_t length = 0;
    std::size_t at = 0;
    for (; at < records.size() && records[at] >= '0' && records[at] <= '9'; ++at) {
        if (length > records.size()) {
            return std::nullopt;
        }
        length = length * 10 + static_cast<unsigned char>(records[at] - '0');
    }
    if (at == 0 || length > records.size() || length < at + 4 || records[at] != ' ' ||
        records[length - 1] != '\n') {
        return std::nullopt;
    }
    const std::string_view text = records.substr(at + 1, length - at - 2);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        return std::nullopt;
    }
    records.remove_prefix(length);
    return pax_pair{text.substr(0, equals), text.substr(equals + 1)};
}

}}}  // namespace guild::archive

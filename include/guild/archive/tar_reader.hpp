// guild/archive/tar_reader.hpp - reads a tar archive member by member, and refuses what no good one
// holds.
//
// Layer 3. Includes: archive/member_rules.hpp, archive/tar_format.hpp, base.
// Not here: compression (package/filter.hpp); writing members to disk (archive/extract.hpp).
//
// Read are POSIX ustar and pax (path, linkpath, size, mtime; others are passed over), and GNU's
// long names (kinds L and K). Devices, FIFOs, sparse files, unknown kinds and every member that
// archive/member_rules.hpp refuses are errors that name the member. So is an archive without its
// end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/archive/member_rules.hpp>
#include <guild/archive/tar_format.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace archive {

/// Where an archive's bytes come from: fills `to` with up to `size` bytes; 0 at their end.
using byte_source = std::function<result<std::size_t>(char* to, std::size_t size)>;

/// Reads from bytes in memory, which must outlive the source.
[[nodiscard]] byte_source read_bytes(std::string_view bytes);

/// Reads one archive.
///
/// errors   the first is final: every later call gives it again; where = the offset of the member
/// threads  one
/// example  tests/archive/tar_reader.cpp "tar reader: members come with their content"
class tar_reader {
public:
    explicit tar_reader(byte_source source, const limits& allowed = {})
        : source_(std::move(source)), allowed_(allowed), rules_(allowed) {}

    /// The next member; empty at the archive's end, when all symbolic links have been checked too.
    /// What was not read of the content before is passed over.
    ///
    /// errors   bad_syntax, bad_checksum: not a tar header; truncated: no end; bad_value: a member
    ///          that is not allowed; too_large: over a limit; unsupported: a kind of member; those
    ///          of the source
    [[nodiscard]] result<std::optional<member>> next();

    /// The next piece of the current member's content; empty at its end. Valid until the next call.
    ///
    /// errors   truncated, too_large; those of the source
    [[nodiscard]] result<std::string_view> read();

    /// How many bytes of the archive have been taken.
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }

private:
    struct extensions {  // what pax and GNU members say about the member behind them
        std::optional<std::string> name;
        std::optional<std::string> target;
        std::optional<std::uint64_t> size;
        std::optional<std::int64_t> time_s;
    };

    [[nodiscard]] result<std::optional<member>> find_next();
    [[nodiscard]] result<bool> read_header(member& found, extensions& said);
    [[nodiscard]] result<void> check_header(std::string_view block) const;
    [[nodiscard]] result<void> read_extension(char kind, std::uint64_t size, extensions& said);
    [[nodiscard]] result<void> take_records(std::string_view records, extensions& said);
    [[nodiscard]] result<void> take_record(const pax_pair& record, extensions& said);
    [[nodiscard]] result<void> finish_member(char kind, member& found, extensions& said);
    [[nodiscard]] result<std::optional<member>> read_end();
    [[nodiscard]] result<void> skip(std::uint64_t size);
    [[nodiscard]] result<std::string_view> take(std::size_t size);
    [[nodiscard]] result<std::size_t> fill(std::size_t wanted);
    [[nodiscard]] error fail(error why);

    static constexpr std::size_t buffer_bytes = 65536;
    static constexpr std::uint64_t most_extension_bytes = std::uint64_t{1} << 20U;

    byte_source source_;
    limits allowed_;
    member_rules rules_;
    std::unique_ptr<char[]> buffer_{new char[buffer_bytes]};
    std::size_t begin_ = 0;  // of what is in the buffer and not taken
    std::size_t end_ = 0;
    std::uint64_t position_ = 0;
    std::uint64_t header_at_ = 0;
    std::uint64_t content_left_ = 0;
    std::size_t padding_left_ = 0;
    bool is_ended_ = false;
    std::optional<error> failure_;
};

// ---- implementation ---------------------------------------------------------

inline byte_source read_bytes(std::string_view bytes) {
    return [bytes](char* to, std::size_t size) mutable -> result<std::size_t> {
        const std::size_t taken = std::min(size, bytes.size());
        bytes.copy(to, taken);
        bytes.remove_prefix(taken);
        return taken;
    };
}

inline error tar_reader::fail(error why) {
    if (why.path.empty() && why.where.end == 0) {
        why.where.begin = header_at_;
        why.where.end = header_at_ + block_bytes;
    }
    failure_ = why;
    return why;
}

// At least `wanted` bytes into the buffer, fewer at the end of the source.
inline result<std::size_t> tar_reader::fill(std::size_t wanted) {
    if (end_ - begin_ < wanted && begin_ != 0) {
        std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
        end_ -= begin_;
        begin_ = 0;
    }
    while (end_ - begin_ < wanted) {
        auto got = source_(buffer_.get() + end_, buffer_bytes - end_);
        if (!got) {
            return got;
        }
        if (*got == 0) {
            break;
        }
        end_ += *got;
    }
    return end_ - begin_;
}

// The next `size` bytes, which fit in the buffer.
inline result<std::string_view> tar_reader::take(std::size_t size) {
    const auto there = fill(size);
    if (!there) {
        return there.error();
    }
    if (*there < size) {
        return make_error(errc::truncated, position_ == 0 ? "no tar archive, or one that is cut off"
                                                          : "the archive is cut off");
    }
    position_ += size;
    if (position_ > allowed_.max_total_bytes) {
        return make_error(errc::too_large, "the archive unpacks to more than " +
                                               std::to_string(allowed_.max_total_bytes) + " bytes");
    }
    const std::string_view taken(buffer_.get() + begin_, size);
    begin_ += size;
    return taken;
}

inline result<void> tar_reader::skip(std::uint64_t size) {
    while (size != 0) {
        const auto piece =
            take(guild::detail::convert<std::size_t>(std::min<std::uint64_t>(size, buffer_bytes)));
        if (!piece) {
            return piece.error();
        }
        size -= piece->size();
    }
    return {};
}

inline result<std::string_view> tar_reader::read() {
    if (failure_) {
        return *failure_;
    }
    if (content_left_ == 0) {
        return std::string_view();
    }
    const auto there = fill(1);
    if (!there) {
        return fail(there.error());
    }
    const std::uint64_t piece =
        std::min<std::uint64_t>(content_left_, std::max<std::size_t>(*there, 1));
    auto taken = take(guild::detail::convert<std::size_t>(piece));
    if (!taken) {
        return fail(std::move(taken).error());
    }
    content_left_ -= piece;
    return taken;
}

inline result<std::optional<member>> tar_reader::next() {
    if (failure_) {
        return *failure_;
    }
    if (is_ended_) {
        return std::optional<member>();
    }
    auto found = find_next();
    if (!found) {
        return fail(std::move(found).error());
    }
    return found;
}

inline result<std::optional<member>> tar_reader::find_next() {
    auto skipped = skip(content_left_ + padding_left_);
    content_left_ = 0;
    padding_left_ = 0;
    if (!skipped) {
        return std::move(skipped).error();
    }
    member found;
    extensions said;
    while (true) {
        auto is_complete = read_header(found, said);
        if (!is_complete) {
            return std::move(is_complete).error();
        }
        if (is_ended_) {
            if (said.name || said.target || said.size || said.time_s) {
                return make_error(errc::bad_syntax, "a pax header without its member");
            }
            return read_end();
        }
        if (*is_complete) {
            return std::optional<member>(std::move(found));
        }
    }
}

namespace detail {

inline std::string_view text_of(std::string_view block, field where) {
    const std::string_view text = block.substr(where.at, where.size);
    return text.substr(0, text.find('\0'));
}

inline bool is_zero(std::string_view bytes) noexcept {
    return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace detail

// True when `found` is a whole member; false behind one that says something about the next.
inline result<bool> tar_reader::read_header(member& found, extensions& said) {
    header_at_ = position_;
    const auto block = take(block_bytes);
    if (!block) {
        return block.error();
    }
    if (detail::is_zero(*block)) {
        is_ended_ = true;
        return false;
    }
    const auto good = check_header(*block);
    if (!good) {
        return good.error();
    }
    const char kind = (*block)[detail::kind_at];
    const auto size = parse_number(block->substr(detail::size_field.at, detail::size_field.size));
    const auto mode = parse_number(block->substr(detail::mode_field.at, detail::mode_field.size));
    const auto time = parse_number(block->substr(detail::time_field.at, detail::time_field.size));
    found.name = detail::text_of(*block, detail::name_field);
    found.target = detail::text_of(*block, detail::target_field);
    const bool is_posix = (*block)[detail::magic_field.at + 5] == '\0';
    const std::string_view prefix = detail::text_of(*block, detail::prefix_field);
    if (is_posix && !prefix.empty() && !said.name) {
        found.name = std::string(prefix) + '/' + found.name;
    }
    if (!size || !mode) {
        return member_error(errc::bad_syntax, said.name.value_or(found.name),
                            "its size or mode is no number");
    }
    if (kind == 'x' || kind == 'g' || kind == 'L' || kind == 'K') {
        auto read = read_extension(kind, *size, said);
        return read ? result<bool>(false) : std::move(read).error();
    }
    found.size = *size;
    found.mode = static_cast<std::uint32_t>(*mode & 0777U);
    found.time_s = time && *time <= detail::largest_octal ? static_cast<std::int64_t>(*time) : 0;
    auto finished = finish_member(kind, found, said);
    return finished ? result<bool>(true) : std::move(finished).error();
}

inline result<void> tar_reader::check_header(std::string_view block) const {
    const auto sum = parse_number(block.substr(detail::sum_field.at, detail::sum_field.size));
    if (block.substr(detail::magic_field.at, 5) != "ustar") {
        const bool is_old = sum && *sum == header_sum(block);
        return make_error(is_old ? errc::unsupported : errc::bad_syntax,
                          is_old ? "a tar archive of before POSIX, which is not read"
                                 : "expected the header of a member of a tar archive");
    }
    return sum && *sum == header_sum(block)
               ? result<void>()
               : make_error(errc::bad_checksum, "the header of a member is damaged");
}

inline result<void> tar_reader::read_extension(char kind, std::uint64_t size, extensions& said) {
    if (size > most_extension_bytes) {
        return make_error(errc::too_large, "a header with more than 1048576 bytes of names");
    }
    std::string bytes;
    while (bytes.size() < size) {
        const auto piece = take(guild::detail::convert<std::size_t>(
            std::min<std::uint64_t>(size - bytes.size(), buffer_bytes)));
        if (!piece) {
            return piece.error();
        }
        bytes.append(*piece);
    }
    auto skipped = skip(padding(size));
    if (!skipped) {
        return skipped;
    }
    if (kind == 'x') {
        return take_records(bytes, said);
    }
    if (kind == 'g') {
        extensions of_all;
        auto taken = take_records(bytes, of_all);
        const bool is_about_one = of_all.name || of_all.target || of_all.size;
        return taken && is_about_one
                   ? make_error(errc::bad_value, "a pax header gives all members one name or size")
                   : std::move(taken);
    }
    std::optional<std::string>& text = kind == 'L' ? said.name : said.target;
    if (text) {
        return member_error(errc::bad_value, *text, "two long names for one member");
    }
    text = bytes.substr(0, bytes.find('\0'));
    return {};
}

inline result<void> tar_reader::take_records(std::string_view records, extensions& said) {
    while (!records.empty()) {
        const auto record = take_pax_record(records);
        if (!record) {
            return make_error(errc::bad_syntax, "expected a pax record: length, key, value");
        }
        auto taken = take_record(*record, said);
        if (!taken) {
            return taken;
        }
    }
    return {};
}

inline result<void> tar_reader::take_record(const pax_pair& record, extensions& said) {
    const auto once = [](auto& to, auto value) -> result<void> {
        if (to) {
            return make_error(errc::bad_value, "a pax header says the same thing twice");
        }
        to = std::move(value);
        return {};
    };
    if (record.key == "path") {
        return once(said.name, std::string(record.value));
    }
    if (record.key == "linkpath") {
        return once(said.target, std::string(record.value));
    }
    if (starts_with(record.key, "GNU.sparse")) {
        return make_error(errc::unsupported, "a sparse file, which is not unpacked");
    }
    if (record.key != "size" && record.key != "mtime") {
        return {};
    }
    const std::string_view digits = record.value.substr(0, record.value.find('.'));
    std::uint64_t number = 0;
    for (const char c : digits) {
        if (!is_digit(c) || number > std::uint64_t{1} << 58U) {
            return record.key == "size"
                       ? make_error(errc::bad_syntax, "a pax header with a size that is no number")
                       : result<void>();  // before 1970, or far from now
        }
        number = number * 10 + static_cast<unsigned char>(c - '0');
    }
    if (record.key == "mtime") {
        said.time_s = static_cast<std::int64_t>(number);
        return {};
    }
    return digits.empty() || digits.size() != record.value.size()
               ? make_error(errc::bad_syntax, "a pax header with a size that is no number")
               : once(said.size, number);
}

inline result<void> tar_reader::finish_member(char kind, member& found, extensions& said) {
    found.name = std::move(said.name).value_or(std::move(found.name));
    found.target = std::move(said.target).value_or(std::move(found.target));
    found.size = said.size.value_or(found.size);
    found.time_s = said.time_s.value_or(found.time_s);
    switch (kind) {
    case '\0':
    case '0':
    case '7':
        found.kind = ends_with(found.name, "/") ? member_kind::directory : member_kind::file;
        break;
    case '1':
    case '2':
    case '5':
        found.kind = static_cast<member_kind>(kind);
        break;
    case '3':
    case '4':
        return member_error(errc::bad_value, found.name, "a device");
    case '6':
        return member_error(errc::bad_value, found.name, "a FIFO");
    case 'S':
        return member_error(errc::unsupported, found.name, "a sparse file, which is not unpacked");
    default:
        return member_error(errc::unsupported, found.name,
                            "a kind of member that is not known: " +
                                show_name(std::string_view(&kind, 1)));
    }
    if (found.kind != member_kind::file && found.size != 0) {
        return member_error(errc::bad_value, found.name,
                            found.kind == member_kind::hard_link
                                ? "a hard link with content of its own"
                                : "content where no file is");
    }
    if (found.size > allowed_.max_total_bytes) {
        return member_error(errc::too_large, found.name,
                            "more than " + std::to_string(allowed_.max_total_bytes) + " bytes");
    }
    content_left_ = found.size;
    padding_left_ = padding(found.size);
    return rules_.admit(found);
}

// Behind a block of zeros: the rest is read, so that whoever writes it can end, and not looked at.
inline result<std::optional<member>> tar_reader::read_end() {
    while (true) {
        const auto there = fill(1);
        if (!there) {
            return there.error();
        }
        if (*there == 0) {
            break;
        }
        const auto taken = take(*there);
        if (!taken) {
            return taken.error();
        }
    }
    auto links = rules_.check_links();
    if (!links) {
        return std::move(links).error();
    }
    return std::optional<member>();
}

}}}  // namespace guild::archive

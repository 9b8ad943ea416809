// guild/base/line_splitter.hpp - lines out of bytes that come in pieces of any size.
//
// Layer 1. Includes: the standard library, base/text.hpp.
// Not here: reading the bytes (os/process.hpp), keeping them (runs/output_log.hpp).
//
// Bytes are given on as they came, but for the newline. A carriage return without a newline ends a
// line that the next one takes the place of, as progress bars write them. A character of UTF-8 that
// a piece cuts is held until its rest comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <guild/base/text.hpp>

namespace guild { inline namespace v0 {

/// How a line ended.
enum class line_end : std::uint8_t {
    newline,      // \n or \r\n
    replaceable,  // \r: what follows is shown in its place
    partial,      // longer than most_line_bytes: more of it follows
    finish,       // the end of everything, without a newline
};

/// A line of text. `text` is valid until the next call.
struct text_line {
    std::string_view text;
    line_end end = line_end::newline;
    bool is_utf8 = true;  // false: some bytes are no UTF-8; they are there as they came
};

/// The longest line that is given in one piece.
///
/// units    bytes
inline constexpr std::size_t most_line_bytes = 65'536;

/// Splits one stream.
///
/// cost     O(bytes); memory for one line of most_line_bytes
/// threads  one owner
/// example  tests/base/line_splitter.cpp "line_splitter: any cut of the bytes gives the same lines"
class line_splitter {
public:
    /// Takes the next bytes and calls `on_line(const text_line&)` for each line that ended in them.
    template <class OnLine>
    void feed(std::string_view bytes, OnLine&& on_line) {
        while (!bytes.empty()) {
            const std::size_t taken = take(bytes);
            bytes.remove_prefix(taken);
            if (is_complete_) {
                give(on_line);
            }
        }
    }

    /// The stream has ended: gives what is left, if there is anything.
    template <class OnLine>
    void finish(OnLine&& on_line) {
        if (has_return_) {
            complete(line_end::replaceable);
            give(on_line);
        }
        if (!line_.empty()) {
            complete(line_end::finish);
            give(on_line);
        }
    }

private:
    // Takes bytes up to the end of one line at most; says how many.
    [[nodiscard]] std::size_t take(std::string_view bytes);
    void complete(line_end how) noexcept {
        end_ = how;
        is_complete_ = true;
        has_return_ = false;
    }
    // Bytes at the end of the line that may be the beginning of a character.
    [[nodiscard]] std::size_t cut_character_bytes() const noexcept;

    template <class OnLine>
    void give(OnLine&& on_line) {
        const std::size_t held = end_ == line_end::partial ? cut_character_bytes() : 0;
        const std::string rest = line_.substr(line_.size() - held);
        line_.resize(line_.size() - held);
        on_line(text_line{line_, end_, is_valid_utf8(line_)});
        line_ = rest;
        is_complete_ = false;
    }

    std::string line_;
    line_end end_ = line_end::newline;
    bool is_complete_ = false;
    bool has_return_ = false;  // a \r was seen, and not yet what follows it
};

// ---- implementation ---------------------------------------------------------

inline std::size_t line_splitter::take(std::string_view bytes) {
    if (has_return_) {
        const bool is_newline = bytes.front() == '\n';
        complete(is_newline ? line_end::newline : line_end::replaceable);
        return is_newline ? 1 : 0;
    }
    const std::size_t room = most_line_bytes - line_.size();
    const std::size_t at = bytes.substr(0, room).find_first_of("\r\n");
    if (at != std::string_view::npos) {
        line_.append(bytes.substr(0, at));
        if (bytes[at] == '\r') {
            has_return_ = true;
        } else {
            complete(line_end::newline);
        }
        return at + 1;
    }
    const std::size_t taken = bytes.size() < room ? bytes.size() : room;
    line_.append(bytes.substr(0, taken));
    if (line_.size() >= most_line_bytes) {
        complete(line_end::partial);
    }
    return taken;
}

inline std::size_t line_splitter::cut_character_bytes() const noexcept {
    for (std::size_t back = 1; back <= 3 && back <= line_.size(); ++back) {
        const auto byte = static_cast<unsigned char>(line_[line_.size() - back]);
        if (byte < 0x80) {
            return 0;
        }
        if (byte >= 0xC0) {
            const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
            return back < length ? back : 0;
        }
    }
    return 0;
}

}}  // namespace guild

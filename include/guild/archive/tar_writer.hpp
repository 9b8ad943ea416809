// guild/archive/tar_writer.hpp - writes a tar archive member by member; the same members give the
// same bytes.
//
// Layer 3. Includes: archive/tar_format.hpp, base.
// Not here: which members a directory gives (archive/tree.hpp); compression (package/filter.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <guild/archive/tar_format.hpp>
#include <guild/base/result.hpp>
#include <guild/config.hpp>

namespace guild { inline namespace v0 { namespace archive {

/// Where an archive's bytes go.
using byte_sink = std::function<result<void>(std::string_view bytes)>;

/// Writes one archive: begin, write until the size is reached, and again; then finish.
///
/// Names are written as they are: what a reader refuses (archive/member_rules.hpp) is the caller's
/// to refuse first.
/// errors   those of the sink; bad_value: content that is longer or shorter than announced
/// cost     collects 64 KiB for each call of the sink; larger pieces pass through
/// threads  one
/// example  tests/archive/tar_writer.cpp "tar writer: an archive computed by hand"
class tar_writer {
public:
    explicit tar_writer(byte_sink sink) : sink_(std::move(sink)) { pending_.reserve(buffer_bytes); }

    /// Begins a member, after the one before is complete.
    [[nodiscard]] result<void> begin(const member& next);

    /// Adds to the content of the member that was begun.
    [[nodiscard]] result<void> write(std::string_view content);

    /// Ends the archive.
    [[nodiscard]] result<void> finish();

    /// How many bytes the archive has so far.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

private:
    [[nodiscard]] result<void> end_member();
    [[nodiscard]] result<void> put(std::string_view bytes);

    static constexpr std::size_t buffer_bytes = 65536;

    byte_sink sink_;
    std::string pending_;
    std::uint64_t size_ = 0;
    std::uint64_t content_left_ = 0;
    std::size_t padding_left_ = 0;
};

// ---- implementation ---------------------------------------------------------

inline result<void> tar_writer::put(std::string_view bytes) {
    size_ += bytes.size();
    if (pending_.size() + bytes.size() <= buffer_bytes) {
        pending_.append(bytes);
        return {};
    }
    auto done = sink_(pending_);
    pending_.clear();
    if (done && bytes.size() < buffer_bytes) {
        pending_.append(bytes);
        return done;
    }
    return done ? sink_(bytes) : std::move(done);
}

inline result<void> tar_writer::end_member() {
    if (content_left_ != 0) {
        return make_error(errc::bad_value, "a file became shorter while it was archived");
    }
    auto done = put(std::string(padding_left_, '\0'));
    padding_left_ = 0;
    return done;
}

inline result<void> tar_writer::begin(const member& next) {
    auto ended = end_member();
    if (!ended) {
        return ended;
    }
    content_left_ = next.kind == member_kind::file ? next.size : 0;
    padding_left_ = padding(content_left_);
    return put(encode_header(next));
}

inline result<void> tar_writer::write(std::string_view content) {
    if (content.size() > content_left_) {
        return make_error(errc::bad_value, "a file became longer while it was archived");
    }
    content_left_ -= content.size();
    return put(content);
}

inline result<void> tar_writer::finish() {
    auto ended = end_member();
    if (!ended) {
        return ended;
    }
    const std::uint64_t least = size_ + 2 * block_bytes;
    const std::uint64_t whole = (least + record_bytes - 1) / record_bytes * record_bytes;
    auto done = put(std::string(guild::detail::convert<std::size_t>(whole - size_), '\0'));
    return done ? sink_(std::exchange(pending_, {})) : std::move(done);
}

}}}  // namespace guild::archive

// guild/series/rewrite.hpp - makes a columnar file of a series file and puts it in its place.
//
// Layer 3. Includes: base, os, series/block_list.hpp block_points.hpp block_reader.hpp
// column_file.hpp reader.hpp.
// Not here: what may be rewritten when (series/compact.hpp, series/repair.hpp).
//
// The new file is written beside the old one, synced, read back and compared point by point, and
// only then takes the old one's name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/config.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/series/block_list.hpp>
#include <guild/series/block_points.hpp>
#include <guild/series/block_reader.hpp>
#include <guild/series/column_file.hpp>
#include <guild/series/format.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/opened_file.hpp>
#include <guild/series/payload.hpp>
#include <guild/series/point.hpp>
#include <guild/series/reader.hpp>

namespace guild { inline namespace v0 { namespace series {

/// Tells whether two files hold the same points of each series in the same order.
class point_digest {
public:
    void add(std::uint32_t id, const point& next) {
        state& of = series_[id];
        ++of.points;
        for (const std::uint64_t word :
             {static_cast<std::uint64_t>(next.step), static_cast<std::uint64_t>(next.time_us),
              next.value.bits(), std::uint64_t{next.value.is_integer()}}) {
            of.hash = (of.hash ^ word) * 0x9E3779B97F4A7C15U;
            of.hash ^= of.hash >> 29U;
        }
    }

    [[nodiscard]] bool is_same(const point_digest& other) const noexcept {
        return count() == other.count() &&
               std::all_of(series_.begin(), series_.end(), [&](const auto& mine) {
                   const state* theirs = other.series_.find(mine.id);
                   return theirs != nullptr && theirs->points == mine.value.points &&
                          theirs->hash == mine.value.hash;
               });
    }

    /// The series that have points.
    [[nodiscard]] std::vector<std::uint32_t> ids() const {
        std::vector<std::uint32_t> all;
        for (const auto& each : series_) {
            all.push_back(each.id);
        }
        return all;
    }

    [[nodiscard]] std::uint64_t count() const noexcept {
        std::uint64_t all = 0;
        for (const auto& each : series_) {
            all += each.value.points;
        }
        return all;
    }

private:
    struct state {
        std::uint64_t points = 0;
        std::uint64_t hash = 0;
    };
    id_table<state> series_;
};

/// The first sequence of a file that a continuing file in the same directory repeats; the largest
/// number if there is none.
[[nodiscard]] std::uint64_t find_limit(const std::string& path, const uuid& id,
                                       const os::env& system);

/// One file being rewritten: open(), write(), replace(), or discard() after an error.
///
/// example  tests/series/rewrite.cpp "rewrite: a file that changes meanwhile keeps its place"
class rewriter {
public:
    rewriter(std::string path, const os::env& system) : path_(std::move(path)), system_(&system) {}

    /// Opens the old file and reads its header, a damaged one as it stands.
    ///
    /// errors   those of files; bad_syntax, unsupported
    [[nodiscard]] result<void> open();

    /// Writes the new file.
    ///
    /// in       remark: a NOTE to add, empty: none; may_lose: good blocks behind damage are taken,
    ///          those that stand at another place than they say too, and series whose key was lost
    ///          get one
    /// errors   those of files; bad_checksum: damage, and may_lose is false (where = its bytes)
    [[nodiscard]] result<void> write(bool may_lose, const detail::text_pairs& remark = {});

    /// Reads the new file back; it takes the old one's name when it holds the same points.
    ///
    /// in       keep_as: the old file is renamed to this first; empty: it is replaced
    /// errors   io_failed: not equal, or the old file changed; those of files
    [[nodiscard]] result<void> replace(const std::string& keep_as = {});

    void discard() { (void)system_->unlink(temporary().c_str()); }

    /// Damaged ranges that write() passed over.
    [[nodiscard]] const std::vector<byte_range>& lost() const noexcept { return lost_; }
    [[nodiscard]] std::uint64_t bytes_lost() const noexcept;
    [[nodiscard]] std::uint64_t points() const noexcept { return points_; }
    [[nodiscard]] std::uint64_t bytes_before() const noexcept { return before_.size; }
    [[nodiscard]] std::uint64_t bytes_after() const noexcept { return bytes_; }
    [[nodiscard]] std::int64_t modified_us() const noexcept { return before_.modified_ns / 1000; }

private:
    // Not ending in .gts: readers of the directory pass it over.
    [[nodiscard]] std::string temporary() const {
        return path_ + ".new-" + std::to_string(os::process_id());
    }
    result<column_file> make_temporary() const;
    result<void> copy_block(const block& found, column_file& into);
    result<void> copy_blocks(column_file& into);
    result<void> save_blocks(column_file& into);
    result<void> refuse(byte_range damage) const;
    void name_others(column_file& into) const;
    result<void> compare() const;

    std::string path_;
    const os::env* system_;
    os::file file_;
    os::file_status before_;
    file_header header_;
    bool damaged_header_ = false;
    std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
    block_points points_in_block_;
    point_digest digest_;
    std::vector<byte_range> lost_;
    std::uint64_t points_ = 0;
    std::uint64_t bytes_ = 0;
};

// ---- implementation ---------------------------------------------------------

inline std::uint64_t find_limit(const std::string& path, const uuid& id, const os::env& system) {
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    const auto entries = os::list_directory(parent_path(path));
    for (std::size_t i = 0; entries && i < entries->size(); ++i) {
        const std::string& name = (*entries)[i].name;
        if (!ends_with(name, ".gts")) {
            continue;
        }
        char bytes[header_bytes];
        const auto file =
            os::open_file(join_path(parent_path(path), name), os::open_mode::read, system);
        if (!file || file->read_at(0, bytes, sizeof bytes).value_or(0) != sizeof bytes) {
            continue;
        }
        const auto header = decode_header({bytes, sizeof bytes});
        if (header && header->is_continuation() && header->continues == id) {
            limit = std::min(limit, header->continues_sequence);
        }
    }
    return limit;
}

inline result<void> rewriter::open() {
    auto opened = open_series_file(path_, *system_);
    if (!opened) {
        return std::move(opened).error();
    }
    file_ = std::move(opened->file);
    before_ = opened->status;
    header_ = opened->header;
    damaged_header_ = opened->has_damaged_header;
    if (header_.generation == 0) {
        limit_ = find_limit(path_, header_.id, *system_);
    }
    return {};
}

inline result<column_file> rewriter::make_temporary() const {
    file_header header = header_;
    ++header.generation;
    auto made = column_file::create(temporary(), header, *system_, before_.mode);
    if (!made && made.error().code == errc::already_exists) {
        (void)system_->unlink(temporary().c_str());  // left by a process that died
        made = column_file::create(temporary(), header, *system_, before_.mode);
    }
    return made;
}

inline result<void> rewriter::write(bool may_lose, const detail::text_pairs& remark) {
    auto made = make_temporary();
    if (!made) {
        return std::move(made).error();
    }
    auto done = may_lose ? save_blocks(*made) : copy_blocks(*made);
    if (done && !remark.empty()) {
        detail::text_pairs texts = remark;
        if (may_lose) {
            texts.emplace_back("bytes_lost", std::to_string(bytes_lost()));
        }
        done = made->add_note({modified_us(), std::move(texts)});
    }
    if (done && may_lose) {
        name_others(*made);
    }
    if (done) {
        done = made->close();
    }
    points_ = made->points();
    bytes_ = made->bytes();
    return done;
}

inline result<void> rewriter::copy_block(const block& found, column_file& into) {
    if (found.sequence >= limit_) {
        return {};
    }
    points_in_block_.visit_all(
        found, [this](std::uint32_t id, const point& next) { digest_.add(id, next); });
    return into.add(found);
}

inline result<void> rewriter::refuse(byte_range damage) const {
    return make_error(errc::bad_checksum, "the file is damaged: repair it first", path_,
                      {damage.begin, damage.end, 0, 0});
}

inline result<void> rewriter::copy_blocks(column_file& into) {
    if (damaged_header_) {
        return refuse({0, header_bytes});
    }
    const std::uint32_t seed = checksum_seed(header_.id);
    file_window window(file_);
    block_reader blocks(window, seed, header_bytes, before_.size);
    block found;
    while (blocks.next(found)) {
        if (!blocks.lost().empty()) {
            return refuse(blocks.lost().front());
        }
        auto added = copy_block(found, into);
        if (!added) {
            return added;
        }
    }
    // What is behind the last good block is torn and goes; not so blocks that were moved.
    const byte_range tail{blocks.offset(), before_.size};
    if (!blocks.failure() && !find_displaced(window, seed, tail).empty()) {
        return refuse(tail);
    }
    return blocks.failure() ? result<void>(*blocks.failure()) : result<void>();
}

inline result<void> rewriter::save_blocks(column_file& into) {
    const std::uint32_t seed = checksum_seed(header_.id);
    auto list = list_blocks(file_, seed, before_.size);
    if (!list) {
        return std::move(list).error();
    }
    file_window window(file_);
    for (const placed_block& each : list->blocks) {
        const auto found = read_placed(window, seed, each);
        if (!found) {
            return make_error(errc::io_failed, "the file changed while it was rewritten", path_);
        }
        auto added = copy_block(*found, into);
        if (!added) {
            return added;
        }
    }
    lost_ = std::move(list->lost);
    return {};
}

// Keys for series whose DICT is lost: their points are shown all the same.
inline void rewriter::name_others(column_file& into) const {
    for (const std::uint32_t id : digest_.ids()) {
        into.add_name({id, "unnamed/" + std::to_string(id), {}});
    }
}

inline result<void> rewriter::compare() const {
    auto written = reader::open(temporary(), *system_);
    if (!written) {
        return std::move(written).error();
    }
    point_digest found;
    auto read = written->for_each_id_point(
        [&found](std::uint32_t id, const point& next) { found.add(id, next); });
    if (!read) {
        return read;
    }
    if (!found.is_same(digest_) || written->bytes_lost() != 0 || !written->is_closed()) {
        return make_error(errc::io_failed, "what was written did not read back equal", path_);
    }
    return {};
}

inline result<void> rewriter::replace(const std::string& keep_as) {
    auto compared = compare();
    if (!compared) {
        return compared;
    }
    const auto now = os::get_status(path_, *system_);
    if (!now || now->inode != before_.inode || now->size != before_.size ||
        now->modified_ns != before_.modified_ns) {
        return make_error(errc::io_failed, "the file changed while it was rewritten", path_);
    }
    int renamed = keep_as.empty() ? 0 : system_->rename(path_.c_str(), keep_as.c_str());
    const bool is_kept = renamed >= 0 && !keep_as.empty();
    if (renamed >= 0) {
        renamed = system_->rename(temporary().c_str(), path_.c_str());
    }
    if (renamed < 0 && is_kept) {
        (void)system_->rename(keep_as.c_str(), path_.c_str());
    }
    if (renamed < 0) {
        return os::os_error(-renamed, "rename", path_);
    }
    auto directory = os::open_file(parent_path(path_), os::open_mode::read, *system_);
    return directory ? directory->sync() : result<void>(std::move(directory).error());
}

inline std::uint64_t rewriter::bytes_lost() const noexcept {
    return (damaged_header_ ? header_bytes : 0) + count_bytes(lost_);
}

}}}  // namespace guild::series

// guild/series/compact.hpp - rewrites a series file that has ended into columns: a fraction of its
// size, and quicker to read.
//
// Layer 3. Includes: base, os, series/block_reader.hpp column_file.hpp reader.hpp.
// Not here: files with damage (series/repair.hpp); the format (docs/format-series.md).
//
// The new file is written beside the old one, synced, read back and compared point by point, and
// only then takes the old one's name. Readers of the old one keep it until they refresh.
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
#include <guild/series/block_reader.hpp>
#include <guild/series/column_file.hpp>
#include <guild/series/format.hpp>
#include <guild/series/id_table.hpp>
#include <guild/series/reader.hpp>

namespace guild { inline namespace v0 { namespace series {

struct compact_options {
    /// Nobody writes to the file, whether its writer ended it or was killed. The caller knows.
    bool is_writer_gone = false;
};

/// units    bytes
struct compact_report {
    bool is_changed = false;  // false: it was in columns already
    std::uint64_t points = 0;
    std::uint64_t bytes_before = 0;
    std::uint64_t bytes_after = 0;
};

/// Rewrites the series file `path` into columns, in place and in one step.
///
/// Blocks that a continuing file beside it repeats are left out.
/// errors   bad_value: the writer has not ended the file; bad_checksum: a part is damaged (where =
///          the first such bytes): the file is left as it is; io_failed also when what was written
///          does not read back equal, or the file changed meanwhile; and those of files
/// cost     reads the file twice and the new one once; about 64 MiB of memory
/// example  tests/series/compact.cpp "compact: every point comes back bit for bit"
[[nodiscard]] result<compact_report> compact(const std::string& path,
                                             const compact_options& options = {},
                                             const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

namespace detail {

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

/// The first sequence of the file that a continuing file in the same directory repeats.
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

/// One file being rewritten.
class rewriter {
public:
    rewriter(std::string path, const os::env& system) : path_(std::move(path)), system_(&system) {}

    result<void> open() {
        auto file = os::open_file(path_, os::open_mode::read, *system_);
        if (!file) {
            return std::move(file).error();
        }
        file_ = std::move(*file);
        const auto status = file_.status();
        if (!status) {
            return status.error();
        }
        before_ = *status;
        char bytes[header_bytes];
        const auto got = file_.read_at(0, bytes, sizeof bytes);
        if (!got) {
            return got.error();
        }
        auto header = decode_header({bytes, *got});
        if (!header) {
            header.error().path = path_;
            return std::move(header).error();
        }
        header_ = *header;
        limit_ = header_.generation != 0 ? std::numeric_limits<std::uint64_t>::max()
                                         : find_limit(path_, header_.id, *system_);
        return {};
    }

    // Writes the new file; `is_ended` is whether the old one's writer ended it.
    result<void> write(bool is_ended) {
        file_header header = header_;
        ++header.generation;
        auto made = column_file::create(temporary(), header, *system_);
        if (!made && made.error().code == errc::already_exists) {
            (void)system_->unlink(temporary().c_str());  // left by a process that died
            made = column_file::create(temporary(), header, *system_);
        }
        if (!made) {
            return std::move(made).error();
        }
        auto copied = copy_blocks(*made);
        if (copied && !is_ended) {
            copied = made->add_note({before_.modified_ns / 1000, {{"mark", "unclosed"}}});
        }
        if (copied) {
            copied = made->close();
        }
        points_ = made->points();
        bytes_ = made->bytes();
        return copied;
    }

    // Reads the new file back; it takes the old one's name when both hold the same.
    result<void> replace() {
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
        const auto now = os::get_status(path_, *system_);
        if (!found.is_same(digest_) || written->bytes_lost() != 0) {
            return make_error(errc::io_failed, "what was written did not read back equal", path_);
        }
        if (!now || now->inode != before_.inode || now->size != before_.size ||
            now->modified_ns != before_.modified_ns) {
            return make_error(errc::io_failed, "the file changed while it was rewritten", path_);
        }
        const int renamed = system_->rename(temporary().c_str(), path_.c_str());
        if (renamed < 0) {
            return os::os_error(-renamed, "rename", path_);
        }
        auto directory = os::open_file(parent_path(path_), os::open_mode::read, *system_);
        return directory ? directory->sync() : result<void>(std::move(directory).error());
    }

    void discard() { (void)system_->unlink(temporary().c_str()); }

    [[nodiscard]] compact_report report() const { return {true, points_, before_.size, bytes_}; }

private:
    // Not ending in .gts: readers of the directory pass it over.
    [[nodiscard]] std::string temporary() const {
        return path_ + ".new-" + std::to_string(os::process_id());
    }

    result<void> copy_blocks(column_file& into) {
        file_window window(file_);
        block_reader blocks(window, checksum_seed(header_.id), header_bytes, before_.size);
        block found;
        while (blocks.next(found)) {
            if (!blocks.lost().empty()) {
                const byte_range& lost = blocks.lost().front();
                return make_error(errc::bad_checksum, "the file is damaged: repair it first", path_,
                                  {lost.begin, lost.end, 0, 0});
            }
            if (found.sequence >= limit_) {
                continue;
            }
            points_in_block_.visit_all(
                found, [this](std::uint32_t id, const point& next) { digest_.add(id, next); });
            auto added = into.add(found);
            if (!added) {
                return added;
            }
        }
        return blocks.failure() ? result<void>(*blocks.failure()) : result<void>();
    }

    std::string path_;
    const os::env* system_;
    os::file file_;
    os::file_status before_;
    file_header header_;
    std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
    block_points points_in_block_;
    point_digest digest_;
    std::uint64_t points_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace detail

inline result<compact_report> compact(const std::string& path, const compact_options& options,
                                      const os::env& system) {
    auto old = reader::open(path, system);
    if (!old) {
        return std::move(old).error();
    }
    if (old->header().generation != 0 && old->is_closed()) {
        return compact_report{false, old->points_known(), old->size(), old->size()};
    }
    if (!old->is_closed() && !options.is_writer_gone) {
        return make_error(errc::bad_value, "the writer has not ended this file", path);
    }
    detail::rewriter job(path, system);
    auto done = job.open();
    if (!done) {
        return std::move(done).error();
    }
    done = job.write(old->is_closed());
    if (done) {
        done = job.replace();
    }
    if (!done) {
        job.discard();
        return std::move(done).error();
    }
    return job.report();
}

}}}  // namespace guild::series

// guild/tfevents/writer.hpp - writes an event file that TensorBoard reads.
//
// Layer 3. Includes: base, os, tfevents/record.hpp, event_encoder.hpp, hparams.hpp, histogram.hpp,
// tags.hpp.
// Not here: reading (tfevents/reader.hpp); guild's own storage of series (series/writer.hpp).
//
// What is added is buffered and written as whole records: when 64 KiB have gathered, when something
// is added one second after the last write, by flush(), by close() and by the destructor. What was
// written survives a crash of the process. Adding never fails and never throws away silently.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/identity.hpp>
#include <guild/os/thread.hpp>
#include <guild/tfevents/event_encoder.hpp>
#include <guild/tfevents/histogram.hpp>
#include <guild/tfevents/hparams.hpp>
#include <guild/tfevents/record.hpp>
#include <guild/tfevents/tags.hpp>

namespace guild { inline namespace v0 { namespace tfevents {

/// units    flush_bytes, max_pending_bytes: bytes; flush_interval_ms: milliseconds, 0 writes at
///          once
struct writer_options {
    std::string suffix;             // put after the file's name, for example ".v2"
    bool double_precision = false;  // tensors of one double instead of simple values of four bytes
    std::optional<std::int64_t> purge_step;  // a restart: earlier files' points from here are void
    std::size_t flush_bytes = std::size_t{64} << 10U;
    std::int64_t flush_interval_ms = 1000;
    std::size_t max_pending_bytes = std::size_t{16} << 20U;  // kept while the disk refuses them
};

/// Writes one event file.
///
/// Every function that adds takes steps as they are, and times in seconds since 1970-01-01 UTC, now
/// if not given or no number. What is not UTF-8 becomes U+FFFD in tags, texts and hyperparameters:
/// TensorBoard reads no further in a file with such a tag, or with a time that is no number. An
/// error of the write that adding may cause is kept in last_error().
/// cost     a scalar some 70 ns and no allocation once the buffer has grown
/// threads  any number; after fork only the parent may use it
/// source   TensorBoard's event files, version brain.Event:2; texts, histograms, images and
///          hyperparameters as TensorFlow 2 writes them
/// example  tests/tfevents/writer.cpp "writer: what it writes is what the reader reads"
class writer {
public:
    /// Makes `directory` if it is missing, and in it a new file
    /// `events.out.tfevents.SECONDS.HOST.PID.N`, which begins with the version record.
    ///
    /// errors   permission_denied, not_a_directory, no_space, read_only: from making the two
    [[nodiscard]] static result<writer> create(const std::string& directory,
                                               writer_options options = {},
                                               const os::env& system = os::system_env);

    writer(writer&& other) noexcept;
    writer& operator=(writer&&) = delete;
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;
    ~writer();

    void add_scalar(std::string_view tag, std::int64_t step, double value,
                    std::optional<double> wall_time = std::nullopt);

    /// Adds a text in UTF-8, which TensorBoard shows as Markdown.
    void add_text(std::string_view tag, std::int64_t step, std::string_view text,
                  std::optional<double> wall_time = std::nullopt);

    /// Adds a distribution; make_histogram() counts values into buckets.
    void add_histogram(std::string_view tag, std::int64_t step, const histogram_buckets& buckets,
                       std::optional<double> wall_time = std::nullopt);

    /// Adds an image.
    ///
    /// in       png: the bytes of a PNG file
    /// errors   bad_syntax: it does not begin as one
    [[nodiscard]] result<void> add_image(std::string_view tag, std::int64_t step,
                                         std::string_view png,
                                         std::optional<double> wall_time = std::nullopt);

    /// Says by which hyperparameters this run was made. To be called once a file; close() adds that
    /// the run ended well.
    void add_hparams(const hparams& what, std::optional<double> wall_time = std::nullopt);

    /// Writes what is buffered. After an error it stays buffered, and the next flush tries again.
    ///
    /// errors   no_space, io_failed, closed: the system's answer to the write
    [[nodiscard]] result<void> flush();

    /// Flushes and closes the file. What is added later is dropped and counted.
    ///
    /// errors   as flush(); network file systems report lost writes here
    [[nodiscard]] result<void> close();

    [[nodiscard]] const std::string& path() const noexcept;

    /// The first error of any write.
    [[nodiscard]] std::optional<error> last_error() const;

    /// Scalars, texts and so on that found no room while the disk refused what was before them, or
    /// came after close().
    [[nodiscard]] std::uint64_t events_dropped() const;

private:
    struct state;

    explicit writer(std::unique_ptr<state> made) noexcept;

    [[nodiscard]] double time_of(std::optional<double> wall_time) const;
    void add_value(std::string_view tag, std::int64_t step, std::string_view tensor,
                   std::string_view metadata, std::optional<double> wall_time);

    std::unique_ptr<state> state_;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

// events.out.tfevents.SECONDS.HOST.PID.N: `serial` tells files of one second and process apart.
inline std::string event_file_name(std::int64_t wall_us, int serial, std::string_view suffix) {
    char seconds[24] = {};
    std::snprintf(seconds, sizeof seconds, "%010lld",
                  guild::detail::convert<long long>(wall_us / 1000000));
    std::string host = os::node_name();
    for (char& c : host) {
        c = c == '/' ? '_' : c;
    }
    return "events.out.tfevents." + std::string(seconds) + "." + host + "." +
           std::to_string(os::process_id()) + "." + std::to_string(serial) + std::string(suffix);
}

// Width and height, from the header chunk that follows a PNG file's signature.
inline std::optional<std::pair<std::uint32_t, std::uint32_t>> find_png_size(std::string_view png) {
    constexpr std::string_view begin("\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR", 16);
    if (png.size() < begin.size() + 8 || png.substr(0, begin.size()) != begin) {
        return std::nullopt;
    }
    const auto number = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            value = value << 8U | static_cast<unsigned char>(png[at + i]);
        }
        return value;
    };
    return std::make_pair(number(16), number(20));
}

// `text`, or a copy without what is not UTF-8, which `mended` keeps.
inline std::string_view as_utf8(std::string_view text, std::string& mended) {
    if (is_valid_utf8(text)) {
        return text;
    }
    mended = replace_invalid_utf8(text);
    return mended;
}

inline hparams as_utf8(const hparams& what) {
    hparams mended = what;
    for (hparam& each : mended.values) {
        each.name = replace_invalid_utf8(each.name);
        each.text = replace_invalid_utf8(each.text);
    }
    for (std::string& tag : mended.metrics) {
        tag = replace_invalid_utf8(tag);
    }
    mended.group_name = replace_invalid_utf8(mended.group_name);
    return mended;
}

}  // namespace detail

// What moves with a writer stands behind a pointer: threads may hold the mutex.
struct writer::state {
    state(os::file opened, std::string name, writer_options given, const os::env& calls)
        : file(std::move(opened)), path(std::move(name)), options(std::move(given)), system(&calls),
          flushed_us(calls.coarse_time_us()) {}

    void begin_file(double now);
    bool has_room();
    template <class Encoder>
    void add_event(const Encoder& encoder);
    void flush_if_due();
    bool is_first_of(std::string_view tag);
    result<void> flush();

    mutable os::mutex held;
    os::file file;
    std::string path;
    writer_options options;
    const os::env* system;
    std::string pending;
    std::uint64_t written = 0;
    std::int64_t flushed_us;
    std::uint64_t dropped = 0;
    bool is_refused = false;   // the last write failed
    bool has_hparams = false;  // the end of the session is to be told
    tag_table tags;            // that have their metadata
    std::optional<error> failure;
};

inline result<writer> writer::create(const std::string& directory, writer_options options,
                                     const os::env& system) {
    auto made = os::make_directories(directory, 0777, system);
    if (!made) {
        return std::move(made).error();
    }
    const std::int64_t now_us = system.wall_time_us();
    const double now = static_cast<double>(now_us) / 1e6;
    for (int serial = 0;; ++serial) {
        std::string path =
            join_path(directory, detail::event_file_name(now_us, serial, options.suffix));
        auto file = os::open_file(path, os::open_mode::create_new, system);
        if (file) {
            auto begun = std::make_unique<state>(std::move(*file), std::move(path),
                                                 std::move(options), system);
            begun->begin_file(now);
            auto flushed = begun->flush();
            if (!flushed) {
                return std::move(flushed).error();
            }
            return writer(std::move(begun));
        }
        if (file.error().code != errc::already_exists) {
            return std::move(file).error();
        }
    }
}

// Where state is complete: C++23 instantiates what a constructor may need at once.
inline writer::writer(std::unique_ptr<state> made) noexcept : state_(std::move(made)) {}
inline writer::writer(writer&& other) noexcept = default;

inline writer::~writer() {
    if (state_) {
        (void)flush();
    }
}

inline double writer::time_of(std::optional<double> wall_time) const {
    return wall_time && !std::isnan(*wall_time)
               ? *wall_time
               : static_cast<double>(state_->system->wall_time_us()) / 1e6;
}

inline void writer::add_scalar(std::string_view tag, std::int64_t step, double value,
                               std::optional<double> wall_time) {
    const double time = time_of(wall_time);
    std::string mended;
    const std::string_view name = detail::as_utf8(tag, mended);
    state& to = *state_;
    const os::lock hold(to.held);
    if (!to.has_room()) {
        return;
    }
    if (to.options.double_precision) {
        to.add_event(double_event_encoder(time, step, name, value, to.is_first_of(name)));
    } else {
        to.add_event(simple_event_encoder(time, step, name, nearest_float(value)));
    }
}

inline void writer::add_value(std::string_view tag, std::int64_t step, std::string_view tensor,
                              std::string_view metadata, std::optional<double> wall_time) {
    const double time = time_of(wall_time);
    std::string mended;
    const std::string_view name = detail::as_utf8(tag, mended);
    state& to = *state_;
    const os::lock hold(to.held);
    if (!to.has_room()) {
        return;
    }
    const bool is_first = to.is_first_of(name);
    std::string payload;
    append_value_event(payload, time, step,
                       {name, is_first ? metadata : std::string_view(), tensor});
    append_record(to.pending, payload);
    to.flush_if_due();
}

inline void writer::add_text(std::string_view tag, std::int64_t step, std::string_view text,
                             std::optional<double> wall_time) {
    std::string mended;
    add_value(tag, step, encode_string_tensor({detail::as_utf8(text, mended)}, false),
              encode_metadata("text", {}, data_class::tensor), wall_time);
}

inline void writer::add_histogram(std::string_view tag, std::int64_t step,
                                  const histogram_buckets& buckets,
                                  std::optional<double> wall_time) {
    std::vector<double> rows;
    rows.reserve(3 * buckets.size());
    for (const histogram_bucket& bucket : buckets) {
        rows.insert(rows.end(), {bucket.left, bucket.right, bucket.count});
    }
    add_value(tag, step, encode_double_tensor({static_cast<std::int64_t>(buckets.size()), 3}, rows),
              encode_metadata("histograms", {}, data_class::tensor), wall_time);
}

inline result<void> writer::add_image(std::string_view tag, std::int64_t step, std::string_view png,
                                      std::optional<double> wall_time) {
    const auto size = detail::find_png_size(png);
    if (!size) {
        return make_error(errc::bad_syntax, "expected the bytes of a PNG file, seen others");
    }
    const std::string width = std::to_string(size->first);
    const std::string height = std::to_string(size->second);
    add_value(tag, step, encode_string_tensor({width, height, png}, true),
              encode_metadata("images", {}, data_class::blob_sequence), wall_time);
    return {};
}

inline void writer::add_hparams(const hparams& what, std::optional<double> wall_time) {
    const double time = time_of(wall_time);
    hparams started = detail::as_utf8(what);
    started.start_time = what.start_time != 0 ? what.start_time : time;
    // All is in the metadata, but TensorBoard's loader in Python wants some tensor beside it.
    const std::string nothing = encode_double_tensor({1}, {0.0});
    const auto add = [&](std::string_view tag, const std::string& content) {
        add_value(tag, 0, nothing, encode_metadata("hparams", content, data_class::tensor), time);
    };
    add(hparams_experiment_tag, encode_experiment(started));
    add(hparams_start_tag, encode_session_start(started));
    const os::lock hold(state_->held);
    state_->has_hparams = true;
}

inline void writer::state::begin_file(double now) {
    std::string payload;
    append_version_event(payload, now, "guild");
    append_record(pending, payload);
    if (options.purge_step) {
        payload.clear();
        append_session_start_event(payload, now, *options.purge_step);
        append_record(pending, payload);
    }
}

inline bool writer::state::is_first_of(std::string_view tag) {
    std::uint32_t id = 0;
    if (tags.find_next(tag, id)) {
        return false;
    }
    tags.intern(tag);
    return true;
}

// False, and counted, when what comes has to be dropped.
inline bool writer::state::has_room() {
    const bool has = file.is_open() && pending.size() < options.max_pending_bytes;
    dropped += has ? 0 : 1;
    return has;
}

// Writes an event where it will stand in the buffer.
template <class Encoder>
void writer::state::add_event(const Encoder& encoder) {
    const std::size_t size = encoder.size();
    char* payload = append_record_room(pending, size);
    encoder.write(payload);
    seal_record(payload, size);
    flush_if_due();
}

inline void writer::state::flush_if_due() {
    const bool is_full = pending.size() >= options.flush_bytes;
    const std::int64_t waited_us = system->coarse_time_us() - flushed_us;
    // While the disk refuses, it is asked again once a second and not at every point.
    if ((is_full && !is_refused) || waited_us >= options.flush_interval_ms * 1000) {
        (void)flush();
    }
}

inline result<void> writer::state::flush() {
    flushed_us = system->coarse_time_us();
    if (pending.empty()) {
        return {};
    }
    if (!file.is_open()) {
        return make_error(errc::closed, "the event file was closed", path);
    }
    // At its offset: after a short write the same bytes are written again, and no record is cut.
    auto done = file.write_at(written, pending);
    is_refused = !done;
    if (!done) {
        if (!failure) {
            failure = done.error();
        }
        return done;
    }
    written += pending.size();
    pending.clear();
    return {};
}

inline result<void> writer::flush() {
    const os::lock hold(state_->held);
    return state_->flush();
}

inline result<void> writer::close() {
    bool has_hparams = false;
    {
        const os::lock hold(state_->held);
        has_hparams = std::exchange(state_->has_hparams, false);
    }
    if (has_hparams) {
        const double now = time_of(std::nullopt);
        add_value(hparams_end_tag, 0, encode_double_tensor({1}, {0.0}),
                  encode_metadata("hparams", encode_session_end(session_status::success, now),
                                  data_class::tensor),
                  now);
    }
    const os::lock hold(state_->held);
    auto flushed = state_->flush();
    auto closed = state_->file.close();
    if (!closed && !state_->failure) {
        state_->failure = closed.error();
    }
    return flushed ? closed : flushed;
}

inline const std::string& writer::path() const noexcept {
    return state_->path;
}

inline std::optional<error> writer::last_error() const {
    const os::lock hold(state_->held);
    return state_->failure;
}

inline std::uint64_t writer::events_dropped() const {
    const os::lock hold(state_->held);
    return state_->dropped;
}

}}}  // namespace guild::tfevents

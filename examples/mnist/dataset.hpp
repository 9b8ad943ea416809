// examples/mnist/dataset.hpp - the images: found in a directory, downloaded, or drawn.
//
// Four IDX files, plain or compressed: images and labels to train on, and to test with. If the
// directory has none of them they are downloaded; if that fails, digits are drawn and written there
// in the same format. Not here: the format (idx.hpp), the download (download.hpp), the drawing
// (digits.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <guild/base/error.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/text.hpp>
#include <guild/os/directory.hpp>
#include <guild/os/file.hpp>
#include <guild/os/process.hpp>

#include "batch.hpp"
#include "digits.hpp"
#include "download.hpp"
#include "idx.hpp"

namespace mnist {

struct dataset {
    labelled_images train;
    labelled_images test;
};

/// Takes lines for people, without their end.
using reporter = std::function<void(const std::string& line)>;

/// How much is drawn when nothing can be downloaded; a fifth of the real size, drawn in a few
/// seconds.
struct drawn_sizes {
    std::size_t train = 12000;
    std::size_t test = 2000;
};

/// The data set in `directory`, which is made and filled if it has to be.
///
/// errors   missing_requirement when some of the four files are there and the others cannot be had;
/// those of
///          parse_idx with path and offset; those of the file system
/// example  tests/examples/mnist.cpp "data set: what a directory lacks is drawn once and read
/// again"
guild::result<dataset> load_dataset(const std::string& directory, const reporter& report,
                                    downloader mirrors = downloader(default_mirrors()),
                                    drawn_sizes sizes = {});

/// An IDX file, through `gzip -dc` if its name ends in ".gz".
///
/// errors   truncated with the offset in the unpacked bytes; those of parse_idx, load_file and run
guild::result<idx_array> load_idx(const std::string& path);

/// A data set in memory alone, the same in every run.
dataset make_fake_dataset();

// ---- implementation ---------------------------------------------------------

namespace detail {

inline constexpr std::array<const char*, 4> file_names{
    "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz"};
inline constexpr const char* remedy =
    "; remove the MNIST files from this directory and run again to have them downloaded or drawn";

inline guild::error with_remedy(guild::error what) {
    what.message += remedy;
    return what;
}

/// The file of that name, compressed or not.
inline std::optional<std::string> find_file(const std::string& directory, const std::string& name) {
    const std::string packed = guild::join_path(directory, name);
    const std::string plain = packed.substr(0, packed.size() - 3);
    if (guild::os::is_regular_file(packed)) {
        return packed;
    }
    return guild::os::is_regular_file(plain) ? std::optional<std::string>(plain) : std::nullopt;
}

/// Unpacks with gzip and parses.
inline guild::result<idx_array> load_packed_idx(const std::string& path) {
    guild::result<std::string> packed = guild::os::load_file(path);
    if (!packed) {
        return std::move(packed).error();
    }
    guild::os::process_options gzip;
    gzip.argv = {"gzip", "-dc"};
    gzip.new_group = false;  // Ctrl-C is meant for it too
    guild::os::run_options with;
    with.input = *std::move(packed);
    guild::result<guild::os::run_result> ran = guild::os::run(gzip, with);
    if (!ran) {
        return std::move(ran).error();
    }
    if (!ran->status.success()) {
        return bad_idx(guild::errc::truncated,
                       "cannot be unpacked beyond " + std::to_string(ran->out.size()) + " bytes (" +
                           guild::collapse_spaces(ran->err) + ")",
                       path, ran->out.size());
    }
    return parse_idx(ran->out, path);
}

/// Writes `directory/name`, or its plain form where there is no gzip.
inline guild::result<void> save_idx(const std::string& directory, const std::string& name,
                                    const idx_array& array) {
    guild::os::process_options gzip;
    gzip.argv = {"gzip", "-n", "-c"};
    gzip.new_group = false;
    guild::os::run_options with;
    with.input = format_idx(array);
    const guild::result<guild::os::run_result> packed = guild::os::run(gzip, with);
    const std::string path = guild::join_path(directory, name);
    if (packed && packed->status.success()) {
        return guild::os::save_file(path, packed->out);
    }
    return guild::os::save_file(path.substr(0, path.size() - 3), with.input);
}

inline guild::result<void> save_drawn(const std::string& directory, const drawn_sizes& sizes) {
    const labelled_images sets[] = {draw_digits(sizes.train, 1), draw_digits(sizes.test, 2)};
    for (std::size_t i = 0; i < 2; ++i) {
        const auto count = static_cast<std::uint32_t>(sets[i].size());
        const idx_array images{{count, image_side, image_side}, sets[i].pixels};
        if (auto saved = save_idx(directory, file_names[2 * i], images); !saved) {
            return saved;
        }
        if (auto saved = save_idx(directory, file_names[2 * i + 1], {{count}, sets[i].labels});
            !saved) {
            return saved;
        }
    }
    return {};
}

/// Finds or makes the four files of one directory.
class provider {
public:
    provider(const std::string& directory, const reporter& report, downloader mirrors,
             drawn_sizes sizes)
        : directory_(directory), report_(report), mirrors_(std::move(mirrors)), sizes_(sizes) {
        alone_ = std::none_of(file_names.begin(), file_names.end(), [&](const char* name) {
            return find_file(directory, name).has_value();
        });
    }

    /// The path of one of the files. Drawn digits never mix with files that were there or came from
    /// a mirror.
    guild::result<std::string> provide(const std::string& name) {
        if (auto found = find_file(directory_, name)) {
            return *std::move(found);
        }
        if (auto fetched = download(name)) {
            alone_ = false;
        } else if (!alone_) {
            return guild::make_error(guild::errc::missing_requirement,
                                     name + " is missing and cannot be downloaded (" +
                                         fetched.error().message +
                                         "), while other MNIST files are there" + remedy,
                                     directory_);
        } else if (auto drawn = draw(fetched.error().message); !drawn) {
            return std::move(drawn).error();
        }
        return find_file(directory_, name).value_or(guild::join_path(directory_, name));
    }

private:
    guild::result<void> download(const std::string& name) {
        const auto check = [](const std::string& part) -> guild::result<void> {
            const auto array = load_packed_idx(part);
            return array ? guild::result<void>{} : guild::result<void>(array.error());
        };
        if (auto fetched = mirrors_.fetch(directory_, name, check); !fetched) {
            return fetched;
        }
        const auto status = guild::os::find_status(guild::join_path(directory_, name));
        report_("Successfully downloaded " + name + " " +
                std::to_string(status ? status->size : 0) + " bytes.");
        return {};
    }

    guild::result<void> draw(const std::string& why) {
        report_("No MNIST files in " + directory_ + " and no download (" + why + "): drawing " +
                std::to_string(sizes_.train) + " digits to train on and " +
                std::to_string(sizes_.test) + " to test with instead.");
        return save_drawn(directory_, sizes_);
    }

    const std::string& directory_;
    const reporter& report_;
    downloader mirrors_;
    drawn_sizes sizes_;
    bool alone_ = true;
};

/// Puts images and labels together, if they fit.
inline guild::result<labelled_images> combine(idx_array images, idx_array labels,
                                              const std::string& images_path,
                                              const std::string& labels_path) {
    if (images.shape.size() != 3 || images.shape[1] != image_side ||
        images.shape[2] != image_side) {
        return guild::make_error(guild::errc::bad_value, "expected images of 28 x 28 pixels",
                                 images_path, {4, 16, 0, 0});
    }
    if (labels.shape.size() != 1 || labels.shape[0] != images.shape[0]) {
        return guild::make_error(guild::errc::bad_value,
                                 "expected one label for each of the " +
                                     std::to_string(images.shape[0]) + " images, found " +
                                     std::to_string(labels.values.size()),
                                 labels_path, {4, 8, 0, 0});
    }
    const auto wrong = std::find_if(labels.values.begin(), labels.values.end(),
                                    [](std::uint8_t v) { return v >= class_count; });
    if (wrong != labels.values.end()) {
        const auto offset = static_cast<std::uint64_t>(8 + (wrong - labels.values.begin()));
        return guild::make_error(guild::errc::bad_value,
                                 "expected labels from 0 to 9, found " + std::to_string(*wrong),
                                 labels_path, {offset, offset + 1, 0, 0});
    }
    return labelled_images{std::move(images.values), std::move(labels.values)};
}

}  // namespace detail

inline guild::result<idx_array> load_idx(const std::string& path) {
    if (guild::ends_with(path, ".gz")) {
        return detail::load_packed_idx(path);
    }
    const guild::result<std::string> bytes = guild::os::load_file(path);
    return bytes ? parse_idx(*bytes, path) : guild::result<idx_array>(bytes.error());
}

inline guild::result<dataset> load_dataset(const std::string& directory, const reporter& report,
                                           downloader mirrors, drawn_sizes sizes) {
    if (auto made = guild::os::make_directories(directory); !made) {
        return std::move(made).error();
    }
    detail::provider provider(directory, report, std::move(mirrors), sizes);
    std::array<std::string, 4> paths;
    std::array<idx_array, 4> arrays;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        guild::result<std::string> path = provider.provide(detail::file_names[i]);
        if (!path) {
            return std::move(path).error();
        }
        paths[i] = *std::move(path);
        report((guild::ends_with(paths[i], ".gz") ? "Extracting " : "Reading ") + paths[i]);
        guild::result<idx_array> array = load_idx(paths[i]);
        if (!array) {
            return detail::with_remedy(std::move(array).error());
        }
        arrays[i] = *std::move(array);
    }
    dataset out;
    for (std::size_t i = 0; i < 2; ++i) {
        guild::result<labelled_images> set = detail::combine(
            std::move(arrays[2 * i]), std::move(arrays[2 * i + 1]), paths[2 * i], paths[2 * i + 1]);
        if (!set) {
            return detail::with_remedy(std::move(set).error());
        }
        (i == 0 ? out.train : out.test) = *std::move(set);
    }
    return out;
}

inline dataset make_fake_dataset() {
    return {draw_digits(1000, 3), draw_digits(200, 4)};
}

}  // namespace mnist

// examples/guild/output_file.cpp - see output_file.hpp.

#include "output_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace program {

namespace os = guild::os;

guild::result<output_file> output_file::open(const std::optional<std::string>& path, io& console) {
    output_file made(console);
    if (!path || *path == "-") {
        return made;
    }
    const auto real = os::get_real_path(*path);  // a symbolic link stays one
    made.path_ = real ? *real : *path;
    const auto there = os::find_status(made.path_);
    if (there && there->kind == os::file_kind::directory) {
        return guild::make_error(guild::errc::bad_value, "expected a file, seen a directory",
                                 *path);
    }
    const bool is_special = there && there->kind != os::file_kind::regular;
    const std::string opened =
        is_special ? made.path_ : made.path_ + ".new-" + std::to_string(::getpid());
    auto file =
        os::open_file(opened, is_special ? os::open_mode::write : os::open_mode::create_new);
    if (!file) {
        guild::error what = std::move(file).error();
        what.path = *path;
        return what;
    }
    if (!is_special) {
        made.unfinished_ = os::temporary(opened);
    }
    if (there && !is_special) {
        (void)::fchmod(file->fd(), static_cast<mode_t>(there->mode));
    }
    made.file_ = std::move(*file);
    return made;
}

guild::result<void> output_file::write(std::string_view text) {
    if (file_.is_open()) {
        return file_.write_all(text);
    }
    console_->print(text);
    if (console_->is_broken()) {
        return guild::make_error(guild::errc::io_failed, "standard output is closed");
    }
    return {};
}

guild::result<void> output_file::close() {
    if (!file_.is_open()) {
        return {};
    }
    const bool is_temporary = file_.path() != path_;
    auto done = is_temporary ? file_.sync() : guild::result<void>();
    if (done) {
        done = file_.close();
    }
    if (!done || !is_temporary) {
        return done;
    }
    const int renamed = os::system_env.rename(file_.path().c_str(), path_.c_str());
    if (renamed < 0) {
        return os::os_error(-renamed, "rename", path_);
    }
    unfinished_.keep();
    return {};
}

}  // namespace program

// guild/package/pack.hpp - writes NAME-VERSION.pkg.tar.xz and NAME-VERSION.buildinfo: same input,
// same bytes.
//
// Layer 4. Includes: archive/tree.hpp, os/file.hpp, package/buildinfo.hpp, package/filter.hpp.
// Not here: what is packed and who builds it; checking an archive again (package/verify.hpp).
//
// Nothing of the machine is in the archive: members are sorted by name, their time is one given,
// owner and group are 0, modes are u+rwX,go+rX,go-w. The identity of a package is the sha256 of the
// tar inside: xz releases may compress differently.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/archive/tree.hpp>
#include <guild/base/path.hpp>
#include <guild/base/result.hpp>
#include <guild/base/sha256.hpp>
#include <guild/os/env.hpp>
#include <guild/os/file.hpp>
#include <guild/os/temporary.hpp>
#include <guild/package/buildinfo.hpp>
#include <guild/package/filter.hpp>
#include <guild/package/package_name.hpp>

namespace guild { inline namespace v0 { namespace package {

/// 1980-01-01 UTC: the earliest that a zip file, and so a Python wheel, can hold.
inline constexpr std::int64_t default_member_time_s = 315532800;

/// What is packed, and where to.
///
/// units    time_s: seconds since 1970-01-01 UTC
struct pack_request {
    std::string name;
    std::string version;
    std::string pkgdir;                           // what it holds is what the archive holds
    std::string guildpkg_path;                    // goes in as ./.GuildPkg
    std::string directory;                        // where the archive and its buildinfo are written
    std::int64_t time_s = default_member_time_s;  // SOURCE_DATE_EPOCH, where the caller has one
    std::function<bool()> is_stopped;             // asked again and again; true ends the packing
};

/// What was written.
struct packed {
    std::string archive_path;
    std::string buildinfo_path;
    std::string tar_sha256;  // the package's identity, in hex
    std::string archive_sha256;
    std::uint64_t tar_bytes = 0;
    std::uint64_t archive_bytes = 0;
    std::uint64_t members = 0;
};

/// Packs a directory. Both files appear under their names when they are complete and on disk.
///
/// errors   bad_value: a file of pkgdir that may not be packed (socket, control characters in its
///          name, a link that leads outside, .git, twins in lower case), path = that file; a name
///          or version with "/" and the like; missing_requirement: no xz; interrupted; no_space and
///          the others of files: the former archive, if any, is left as it was
/// example  tests/package/pack.cpp "pack: an empty package holds ./ and ./.GuildPkg alone"
[[nodiscard]] result<packed> pack(const pack_request& request,
                                  const os::env& system = os::system_env);

// ---- implementation ---------------------------------------------------------

namespace detail {

// One archive on its way: tar -> xz -> a new file beside its final name.
class packer {
public:
    packer(const pack_request& request, const os::env& system)
        : request_(request), system_(system) {}

    result<packed> run() {
        auto entries = list_members();
        if (!entries) {
            return std::move(entries).error();
        }
        info_.name = request_.name;
        info_.version = request_.version;
        auto version = get_tool_version("xz");
        if (!version) {
            return std::move(version).error();
        }
        info_.tools.emplace_back("xz", std::move(*version));
        done_.archive_path =
            join_path(request_.directory, archive_name(request_.name, request_.version));
        done_.buildinfo_path =
            join_path(request_.directory, buildinfo_name(request_.name, request_.version));
        auto opened =
            os::open_file(done_.archive_path + ".part-" + std::to_string(system_.boot_time_us()),
                          os::open_mode::create_new, system_);
        if (!opened) {
            return std::move(opened).error();
        }
        file_ = std::move(*opened);
        const os::temporary part(file_.path());
        auto written = write(*entries);
        if (written) {
            written = put_in_place();
        }
        return written ? result<packed>(std::move(done_)) : std::move(written).error();
    }

private:
    result<std::vector<archive::tree_entry>> list_members() {
        auto entries = archive::list_tree(request_.pkgdir, request_.time_s);
        if (!entries) {
            return entries;
        }
        for (const archive::tree_entry& each : *entries) {
            if (to_lower(each.what.path) == ".guildpkg") {
                return make_error(errc::already_exists,
                                  "the package's definition has this name in the archive",
                                  each.source);
            }
        }
        archive::tree_entry definition;
        definition.source = request_.guildpkg_path;
        definition.what.name = "./.GuildPkg";
        definition.what.path = ".GuildPkg";
        definition.what.time_s = request_.time_s;
        const auto behind =
            std::find_if(entries->begin(), entries->end(), [&](const archive::tree_entry& each) {
                return archive::comes_before(definition.what.path, each.what.path);
            });
        entries->insert(behind, std::move(definition));
        return entries;
    }

    result<void> write_packed(std::string_view bytes) {
        archive_sum_.update(bytes);
        done_.archive_bytes += bytes.size();
        return file_.write_all(bytes);
    }

    result<void> write(std::vector<archive::tree_entry>& entries) {
        auto xz = xz_writer::start();
        if (!xz) {
            return std::move(xz).error();
        }
        const auto sink = [this](std::string_view bytes) { return write_packed(bytes); };
        archive::tar_writer tar([&](std::string_view bytes) {
            if (request_.is_stopped && request_.is_stopped()) {
                return result<void>(make_error(errc::interrupted, "packing was stopped"));
            }
            tar_sum_.update(bytes);
            return xz->write(bytes, sink);
        });
        for (archive::tree_entry& entry : entries) {
            sha256 sum;
            auto added = archive::append_entry(tar, entry,
                                               [&](std::string_view bytes) { sum.update(bytes); });
            if (!added) {
                return added;
            }
            info_.members.push_back(to_manifest(entry.what));
            if (entry.what.kind == archive::member_kind::file) {
                info_.members.back().sha256 = sum.hex();
            }
        }
        auto ended = tar.finish();
        if (ended) {
            ended = xz->finish(sink);
        }
        done_.tar_bytes = tar.size();
        done_.members = entries.size();
        return ended;
    }

    // The buildinfo first: an archive under its name always has its own beside it.
    result<void> put_in_place() {
        auto done = file_.sync();
        if (done) {
            done = file_.close();
        }
        if (!done) {
            return done;
        }
        info_.tar_sha256 = done_.tar_sha256 = tar_sum_.hex();
        info_.archive_sha256 = done_.archive_sha256 = archive_sum_.hex();
        done = os::save_file(done_.buildinfo_path, format(info_), system_);
        if (!done) {
            return done;
        }
        const int renamed = system_.rename(file_.path().c_str(), done_.archive_path.c_str());
        if (renamed < 0) {
            return os::os_error(-renamed, "rename", done_.archive_path);
        }
        os::detail::sync_directory(parent_path(done_.archive_path), system_);
        return {};
    }

    const pack_request& request_;
    const os::env& system_;
    os::file file_;
    buildinfo info_;
    packed done_;
    sha256 tar_sum_;
    sha256 archive_sum_;
};

}  // namespace detail

inline result<packed> pack(const pack_request& request, const os::env& system) {
    auto named = check_package_name(request.name, request.version);
    if (!named) {
        return std::move(named).error();
    }
    return detail::packer(request, system).run();
}

}}}  // namespace guild::package

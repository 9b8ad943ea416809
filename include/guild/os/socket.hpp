// guild/os/socket.hpp - sockets that never block, of TCP or at a path, and waiting on many of them.
//
// Layer 2. Includes: POSIX sockets, os/env.hpp.
// Not here: HTTP (viewer/server.hpp); waiting on a few pipes (os/descriptor.hpp).
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <guild/base/result.hpp>
#include <guild/config.hpp>
#include <guild/os/env.hpp>

namespace guild { inline namespace v0 { namespace os {

/// Owns a socket and closes it at its end.
class tcp_socket {
public:
    tcp_socket() noexcept = default;
    explicit tcp_socket(int fd) noexcept : fd_(fd) {}
    tcp_socket(tcp_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    tcp_socket& operator=(tcp_socket&& other) noexcept {
        reset(std::exchange(other.fd_, -1));
        return *this;
    }
    tcp_socket(const tcp_socket&) = delete;
    tcp_socket& operator=(const tcp_socket&) = delete;
    ~tcp_socket() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

    /// Closes what is held and holds `fd` instead.
    void reset(int fd = -1) noexcept {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = fd;
    }

private:
    int fd_ = -1;
};

/// A socket that listens, and the port it got.
struct listening_socket {
    tcp_socket socket;
    int port = 0;
};

/// Whether a numeric address is one that other machines cannot reach: 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_loopback_address(const std::string& address) noexcept;

/// Listens at a numeric IPv4 or IPv6 address.
///
/// in       port: 0 for any free one. SO_REUSEPORT is never set, so that a port with another
///          listener is an error and not a share of its clients
/// errors   address_in_use; bad_value: not a numeric address, or not one of this machine;
///          permission_denied; unsupported: no IPv6 here
/// example  tests/os/socket.cpp "listen_at: a taken port is told from other failures"
[[nodiscard]] result<listening_socket> listen_at(const std::string& address, int port);

/// Listens at a path, for this user alone: the socket's mode is 0600. One that stands there but has
/// no listener any more is replaced.
///
/// errors   address_in_use: another program listens there, or it is no socket; bad_value: the path
///          is empty or too long for a socket; permission_denied, not_found, read_only
/// example  tests/os/socket.cpp "listen_at_path: a socket that nobody serves is replaced"
[[nodiscard]] result<tcp_socket> listen_at_path(const std::string& path);

/// Connects to a socket at a path.
///
/// errors   not_found: nobody listens there; bad_value; permission_denied
[[nodiscard]] result<tcp_socket> connect_to_path(const std::string& path);

/// Takes the next waiting connection; it does not block, sends small packets at once and is
/// closed on exec.
///
/// out      not open when there is none, or when it went away or could not be taken
[[nodiscard]] tcp_socket accept_connection(int listener) noexcept;

/// Connects to a numeric address and waits until that is done.
///
/// errors   not_found: nobody listens there; bad_value: not a numeric address
/// example  tests/os/socket.cpp "sockets: bytes go both ways"
[[nodiscard]] result<tcp_socket> connect_to(const std::string& address, int port);

/// Bytes that were received, 0 when the other side is done, or -errno (-EAGAIN: nothing yet).
[[nodiscard]] std::int64_t receive(int socket, char* into, std::size_t size) noexcept;

/// Bytes that were taken for sending, or -errno (-EAGAIN: not now). Never raises SIGPIPE.
[[nodiscard]] std::int64_t send(int socket, std::string_view bytes) noexcept;

/// Tells the other side that nothing more will be sent.
void end_sending(int socket) noexcept;

/// One descriptor of many to wait on.
struct poll_item {
    int fd = -1;
    bool for_writing = false;
    bool is_ready = false;
};

/// Waits until one of the descriptors is ready, failed, or the time is over; sets is_ready in each.
///
/// units    timeout_ms: milliseconds, negative for no end
void wait_for_any(std::vector<poll_item>& items, std::int64_t timeout_ms);

// ---- implementation ---------------------------------------------------------

namespace detail {

struct socket_address {
    sockaddr_storage bytes = {};
    socklen_t size = 0;
    int family = AF_UNSPEC;
};

inline bool parse_address(const std::string& text, int port, socket_address& out) noexcept {
    auto* const four = reinterpret_cast<sockaddr_in*>(&out.bytes);
    auto* const six = reinterpret_cast<sockaddr_in6*>(&out.bytes);
    if (::inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
        out.family = AF_INET;
        out.size = sizeof(sockaddr_in);
        four->sin_family = AF_INET;
        four->sin_port = htons(guild::detail::convert<std::uint16_t>(port));
        return true;
    }
    if (::inet_pton(AF_INET6, text.c_str(), &six->sin6_addr) == 1) {
        out.family = AF_INET6;
        out.size = sizeof(sockaddr_in6);
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(guild::detail::convert<std::uint16_t>(port));
        return true;
    }
    return false;
}

inline int port_of(int socket) noexcept {
    sockaddr_storage bytes = {};
    socklen_t size = sizeof(bytes);
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bytes), &size) != 0) {
        return 0;
    }
    return bytes.ss_family == AF_INET6
               ? ntohs(reinterpret_cast<const sockaddr_in6*>(&bytes)->sin6_port)
               : ntohs(reinterpret_cast<const sockaddr_in*>(&bytes)->sin_port);
}

inline void set_option(int socket, int level, int name) noexcept {
    const int on = 1;
    (void)::setsockopt(socket, level, name, &on, sizeof(on));
}

inline bool make_unblocking(int fd) noexcept {
    const int flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

inline error socket_error(int code, const char* what) {
    error out = os_error(code, what);
    switch (code) {
    case EADDRINUSE:
        out.code = errc::address_in_use;
        break;
    case EADDRNOTAVAIL:
        out.code = errc::bad_value;
        break;
    case EAFNOSUPPORT:
        out.code = errc::unsupported;
        break;
    case ECONNREFUSED:
        out.code = errc::not_found;
        break;
    default:
        break;
    }
    return out;
}

inline error bad_address(const std::string& address) {
    return make_error(errc::bad_value,
                      "expected a numeric address such as 127.0.0.1 or ::1, saw '" + address + "'");
}

}  // namespace detail

inline bool is_loopback_address(const std::string& address) noexcept {
    detail::socket_address parsed;
    if (!detail::parse_address(address, 0, parsed)) {
        return false;
    }
    if (parsed.family == AF_INET) {
        const auto* four = reinterpret_cast<const sockaddr_in*>(&parsed.bytes);
        return (ntohl(four->sin_addr.s_addr) >> 24U) == 127U;
    }
    const auto* six = reinterpret_cast<const sockaddr_in6*>(&parsed.bytes);
    return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) != 0;
}

inline result<listening_socket> listen_at(const std::string& address, int port) {
    detail::socket_address where;
    if (!detail::parse_address(address, port, where)) {
        return detail::bad_address(address);
    }
    listening_socket out;
    out.socket.reset(::socket(where.family, SOCK_STREAM, 0));
    if (!out.socket.is_open() || !detail::make_unblocking(out.socket.get())) {
        return detail::socket_error(errno, "socket");
    }
    // Without it, connections of an earlier server that are still closing would keep the port.
    detail::set_option(out.socket.get(), SOL_SOCKET, SO_REUSEADDR);
    if (where.family == AF_INET6) {
        detail::set_option(out.socket.get(), IPPROTO_IPV6, IPV6_V6ONLY);
    }
    const auto* const raw = reinterpret_cast<const sockaddr*>(&where.bytes);
    if (::bind(out.socket.get(), raw, where.size) != 0) {
        return detail::socket_error(errno, "bind");
    }
    if (::listen(out.socket.get(), 128) != 0) {
        return detail::socket_error(errno, "listen");
    }
    out.port = detail::port_of(out.socket.get());
    return out;
}

namespace detail {

inline result<sockaddr_un> path_address(const std::string& path) {
    sockaddr_un out = {};
    out.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(out.sun_path) ||
        path.find('\0') != std::string::npos) {
        return make_error(errc::bad_value,
                          "expected a path of 1 to " + std::to_string(sizeof(out.sun_path) - 1) +
                              " bytes for a socket",
                          path);
    }
    path.copy(out.sun_path, path.size());
    return out;
}

}  // namespace detail

inline result<tcp_socket> connect_to_path(const std::string& path) {
    const auto where = detail::path_address(path);
    if (!where) {
        return where.error();
    }
    tcp_socket out(::socket(AF_UNIX, SOCK_STREAM, 0));
    const auto* const raw = reinterpret_cast<const sockaddr*>(&*where);
    if (!out.is_open() || ::connect(out.get(), raw, sizeof(*where)) != 0) {
        return detail::socket_error(errno, "connect");
    }
    (void)::fcntl(out.get(), F_SETFD, FD_CLOEXEC);
    return out;
}

inline result<tcp_socket> listen_at_path(const std::string& path) {
    const auto where = detail::path_address(path);
    if (!where) {
        return where.error();
    }
    file_status stands;
    if (system_env.lstat(path.c_str(), &stands) >= 0) {
        const auto other = connect_to_path(path);
        if (other || stands.kind != file_kind::other || other.error().code != errc::not_found) {
            return make_error(errc::address_in_use, "another program uses the path", path);
        }
        (void)::unlink(path.c_str());
    }
    tcp_socket out(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (!out.is_open() || !detail::make_unblocking(out.get())) {
        return detail::socket_error(errno, "socket");
    }
    const auto* const raw = reinterpret_cast<const sockaddr*>(&*where);
    if (::bind(out.get(), raw, sizeof(*where)) != 0) {
        error failure = detail::socket_error(errno, "bind");
        failure.path = path;
        return failure;
    }
    // Nobody can connect before listen().
    if (::chmod(path.c_str(), 0600) != 0 || ::listen(out.get(), 128) != 0) {
        error failure = detail::socket_error(errno, "listen");
        (void)::unlink(path.c_str());
        return failure;
    }
    return out;
}

inline tcp_socket accept_connection(int listener) noexcept {
    tcp_socket out(::accept(listener, nullptr, nullptr));
    if (out.is_open()) {
        if (!detail::make_unblocking(out.get())) {
            out.reset();
        } else {
            detail::set_option(out.get(), IPPROTO_TCP, TCP_NODELAY);
        }
    }
    return out;
}

inline result<tcp_socket> connect_to(const std::string& address, int port) {
    detail::socket_address where;
    if (!detail::parse_address(address, port, where)) {
        return detail::bad_address(address);
    }
    tcp_socket out(::socket(where.family, SOCK_STREAM, 0));
    const auto* const raw = reinterpret_cast<const sockaddr*>(&where.bytes);
    if (!out.is_open() || ::connect(out.get(), raw, where.size) != 0) {
        return detail::socket_error(errno, "connect");
    }
    (void)::fcntl(out.get(), F_SETFD, FD_CLOEXEC);
    return out;
}

inline std::int64_t receive(int socket, char* into, std::size_t size) noexcept {
    const auto got = ::recv(socket, into, size, 0);
    return got >= 0 ? std::int64_t{got} : -std::int64_t{errno};
}

inline std::int64_t send(int socket, std::string_view bytes) noexcept {
#ifdef MSG_NOSIGNAL
    const int flags = MSG_NOSIGNAL;
#else
    const int flags = 0;
#endif
    const auto sent = ::send(socket, bytes.data(), bytes.size(), flags);
    return sent >= 0 ? std::int64_t{sent} : -std::int64_t{errno};
}

inline void end_sending(int socket) noexcept {
    (void)::shutdown(socket, SHUT_WR);
}

inline void wait_for_any(std::vector<poll_item>& items, std::int64_t timeout_ms) {
    std::vector<pollfd> polled(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        polled[i].fd = items[i].fd;
        polled[i].events = items[i].for_writing ? POLLOUT : POLLIN;
    }
    const int timeout = timeout_ms < 0        ? -1
                        : timeout_ms > 60'000 ? 60'000
                                              : static_cast<int>(timeout_ms);
    const int ready = ::poll(polled.data(), guild::detail::convert<nfds_t>(polled.size()), timeout);
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].is_ready = ready > 0 && polled[i].revents != 0;
    }
}

}}}  // namespace guild::os

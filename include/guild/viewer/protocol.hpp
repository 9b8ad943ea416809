// guild/viewer/protocol.hpp - an answer as bytes of HTTP/1.1, written by cpp-httplib in memory.
//
// Layer 6. Includes: base, viewer/http request_head; cpp-httplib (only here).
// Not here: sockets (viewer/server.hpp), reading a head (viewer/request_head.hpp).
//
// httplib sees a head of our own making, never a client's, and answers it into a string. Releases
// from 0.11 on differ only in `call_process_request`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <csignal>

#include <guild/config.hpp>
#include <guild/viewer/http.hpp>
#include <guild/viewer/request_head.hpp>

#include <httplib.h>

namespace guild { inline namespace v0 { namespace viewer {

/// The bytes of an answer, and what of a file follows them.
struct sendable {
    std::string bytes;
    std::optional<file_part> file;
};

class protocol;

/// A protocol; the process's way of treating SIGPIPE, which httplib would change, stays as it was.
[[nodiscard]] std::unique_ptr<protocol> make_protocol();

/// The answer to a head, ready to be sent.
///
/// threads  one for each protocol
/// example  tests/viewer/protocol.cpp "protocol: an answer has its length, HEAD too"
[[nodiscard]] sendable format_answer(protocol& by, const parsed_head& head, response made);

// ---- implementation ---------------------------------------------------------

namespace detail {

/// What httplib reads and writes in place of a socket. The methods that newer releases add are here
/// without `override`, so that the class fits all of them.
class memory_stream : public httplib::Stream {
public:
    explicit memory_stream(std::string in) : in_(std::move(in)) {}
    virtual ~memory_stream() {}

    virtual bool is_readable() const { return at_ < in_.size(); }
    virtual bool wait_readable() const { return is_readable(); }
    virtual bool is_writable() const { return true; }
    virtual bool wait_writable() const { return true; }
    virtual bool is_peer_alive() const { return true; }
    virtual ssize_t read(char* into, std::size_t size) {
        const std::size_t count = std::min(size, in_.size() - at_);
        std::memcpy(into, in_.data() + at_, count);
        at_ += count;
        return static_cast<ssize_t>(count);
    }
    using httplib::Stream::write;
    virtual ssize_t write(const char* bytes, std::size_t size) {
        out_.append(bytes, size);
        return static_cast<ssize_t>(size);
    }
    virtual void get_remote_ip_and_port(std::string& ip, int& port) const { local(ip, port); }
    virtual void get_local_ip_and_port(std::string& ip, int& port) const { local(ip, port); }
    virtual socket_t socket() const { return INVALID_SOCKET; }
    virtual std::time_t duration() const { return 0; }

    [[nodiscard]] std::string take_output() { return std::move(out_); }

private:
    static void local(std::string& ip, int& port) {
        ip = "127.0.0.1";
        port = 0;
    }

    std::string in_;
    std::string out_;
    std::size_t at_ = 0;
};

}  // namespace detail

/// httplib's protocol code around an answer: its head is written as httplib writes it.
class protocol : public httplib::Server {
public:
    protocol() {
        set_keep_alive_max_count(1'000'000);
        set_keep_alive_timeout(60);
        set_pre_routing_handler([this](const httplib::Request&, httplib::Response& out) {
            fill(out);
            return HandlerResponse::Handled;
        });
    }

    [[nodiscard]] sendable format(const parsed_head& head, response made) {
        made_ = std::move(made);
        const bool is_head = head.what.method == "HEAD";
        const bool has_file = made_.file && made_.file->size > 0;
        const std::string body = made_.body.size() > most_copied_bytes && !has_file
                                     ? std::exchange(made_.body, {})
                                     : std::string();
        length_ = has_file ? made_.file->size : body.size();
        // A length is written without its bytes by HEAD alone, a small body's headers are the same
        // for HEAD when it is cut off here.
        detail::memory_stream stream(plain_head(head, length_ > 0 ? "HEAD"
                                                      : is_head   ? "GET"
                                                                  : head.what.method));
        bool closed = false;
        call_process_request(&protocol::process_request, stream, !head.keep_alive, closed);
        sendable out{stream.take_output(), std::nullopt};
        if (length_ > 0) {
            erase_line(out.bytes, "Accept-Ranges: bytes\r\n");  // no ranges are served
        }
        if (is_head) {
            out.bytes.resize(std::min(out.bytes.find("\r\n\r\n") + 4, out.bytes.size()));
        } else if (has_file) {
            out.file = std::move(made_.file);
        }
        if (!is_head && !body.empty()) {
            out.bytes.reserve(out.bytes.size() + body.size());
            out.bytes += body;
        }
        return out;
    }

private:
    using setup = std::function<void(httplib::Request&)>;

    // Until 0.15 or so.
    template <class Class>
    void call_process_request(bool (Class::*call)(httplib::Stream&, bool, bool&, const setup&),
                              httplib::Stream& stream, bool close, bool& closed) {
        (this->*call)(stream, close, closed, nullptr);
    }

    // After that, with addresses; the newest add a pointer that tells of WebSocket upgrades.
    template <class Class, class... More>
    void call_process_request(bool (Class::*call)(httplib::Stream&, const std::string&, int,
                                                  const std::string&, int, bool, bool&,
                                                  const setup&, More...),
                              httplib::Stream& stream, bool close, bool& closed) {
        (this->*call)(stream, "127.0.0.1", 0, "127.0.0.1", 0, close, closed, nullptr, More{}...);
    }

    static void erase_line(std::string& head, std::string_view line) {
        const std::size_t at = head.find(line);
        if (at != std::string::npos) {
            head.erase(at, line.size());
        }
    }

    /// What httplib sees: the checked request line and what shapes its answer. Ranges, bodies,
    /// upgrades and everything else of the original never reach it; nor do encodings, since to
    /// compress costs more here than to send.
    [[nodiscard]] static std::string plain_head(const parsed_head& head,
                                                const std::string& method) {
        return method + " / HTTP/1.1\r\nHost: localhost\r\n" +
               (head.keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
    }

    void fill(httplib::Response& out) const {
        out.status = made_.status;
        for (const auto& [name, value] : made_.headers) {
            out.set_header(name.c_str(), value);
        }
        if (length_ > 0) {  // alone: HEAD calls no provider
            out.set_content_provider(
                guild::detail::convert<std::size_t>(length_), made_.content_type.c_str(),
                [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
        } else if (!made_.body.empty() || made_.file) {
            out.set_content(made_.body, made_.content_type.c_str());
        }
    }

    // httplib copies a body twice.
    static constexpr std::size_t most_copied_bytes = 16 * 1024;

    response made_;
    std::uint64_t length_ = 0;  // of a file or a large body, which httplib does not see
};

inline std::unique_ptr<protocol> make_protocol() {
    struct sigaction before = {};
    (void)::sigaction(SIGPIPE, nullptr, &before);
    auto out = std::make_unique<protocol>();
    (void)::sigaction(SIGPIPE, &before, nullptr);
    return out;
}

inline sendable format_answer(protocol& by, const parsed_head& head, response made) {
    return by.format(head, std::move(made));
}

}}}  // namespace guild::viewer

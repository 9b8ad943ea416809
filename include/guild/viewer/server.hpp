// guild/viewer/server.hpp - serves over HTTP/1.1: a listening socket and a poll loop.
//
// Layer 6. Includes: base, os/socket descriptor, viewer/http request_head worker_pool.
// Not here: what is answered (viewer/api.hpp), reading a head (viewer/request_head.hpp), making
// answers (viewer/worker_pool.hpp, protocol.hpp).
//
// The loop takes connections, bounds and times request heads, and sends answers; a complete head is
// reduced to the headers that matter and given to a few workers, which call the handler and let
// httplib write the answer's head in memory. So no client can hold a thread, grow memory or slip a
// second request into a first, whichever release of httplib it is: they differ only in
// `call_process_request`.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/result.hpp>
#include <guild/os/descriptor.hpp>
#include <guild/os/env.hpp>
#include <guild/os/socket.hpp>
#include <guild/viewer/http.hpp>
#include <guild/viewer/request_head.hpp>
#include <guild/viewer/worker_pool.hpp>

namespace guild { inline namespace v0 { namespace viewer {

/// Where to listen and how much to bear.
///
/// units    *_ms: milliseconds; *_bytes: bytes
struct server_options {
    std::string address = "127.0.0.1";  // numeric; with this one [::1] is tried as well
    int port = 6333;                    // 0: any free one
    std::string unix_path;              // listens there instead, for this user alone
    bool is_guarded = false;            // the handler asks for a token: needed beyond loopback
    unsigned workers = 4;               // answers that are made at one time
    std::size_t max_connections = 256;
    std::size_t max_head_bytes = 16 * 1024;
    std::size_t max_unsent_bytes = 64 * 1024 * 1024;  // of all answers; more requests get 503
    std::int64_t head_time_ms = 5'000;                // from a head's first byte to its end
    std::int64_t idle_time_ms = 60'000;               // between requests
    std::int64_t send_time_ms = 20'000;               // without any progress of an answer
    std::int64_t stop_time_ms = 500;                  // for answers that are being made at the end
};

class server_loop;

/// A server: open it, run it, stop it.
///
/// threads  run() on one; stop() from any and from signal handlers; the handler is called from
///          `workers` threads at once
/// example  tests/viewer/server.cpp "server: a request is answered and the connection kept"
class server {
public:
    /// Starts to listen; connections wait until run().
    ///
    /// errors   address_in_use: another program has the port; missing_requirement: an address that
    ///          other machines reach needs a token; bad_value: no such address; resource_exhausted;
    ///          those of os::listen_at_path
    [[nodiscard]] static result<server> open(const server_options& options, handler answer);

    /// The port that is listened on; 0 with a path.
    [[nodiscard]] int port() const noexcept { return port_; }

    /// Answers until stop(); connections are then closed as they stand. A path that was listened
    /// at is removed.
    ///
    /// out      false when the handler did not return in `stop_time_ms`: it goes on on threads of
    ///          its own, so what it uses must live until the process ends
    /// example  tests/viewer/server.cpp "server: stop does not wait for a handler without end"
    bool run();

    /// Ends run(), from any thread or signal handler; before run() it makes that return at once.
    void stop() const noexcept { wake_.notify(1); }

private:
    friend class server_loop;

    [[nodiscard]] result<void> listen();

    server_options options_;
    handler answer_;
    std::vector<os::tcp_socket> listeners_;
    os::wake_pipe wake_;  // to stop
    os::wake_pipe made_;  // answers are there
    int port_ = 0;
};

// ---- implementation ---------------------------------------------------------

namespace detail {

inline std::string short_answer(int status) {
    const std::string body(reason_of(status));
    return "HTTP/1.1 " + std::to_string(status) + ' ' + body +
           "\r\nContent-Type: text/plain\r\nX-Content-Type-Options: nosniff\r\n" +
           (status == 503 ? "Retry-After: 1\r\n" : "") +
           "Connection: close\r\nContent-Length: " + std::to_string(body.size() + 1) + "\r\n\r\n" +
           body + '\n';
}

}  // namespace detail

/// The loop of one server::run(): its connections and their times.
class server_loop {
public:
    explicit server_loop(server& owner) : owner_(owner), pool_(owner.answer_, owner.made_) {
        pool_.start(owner.options_.workers);
    }

    bool run() {
        while (true) {
            std::vector<os::poll_item> items = watched();
            os::wait_for_any(items, time_to_next_ms());
            now_ms_ = os::system_env.boot_time_us() / 1000;
            if (items[0].is_ready) {
                return pool_.stop(owner_.options_.stop_time_ms);
            }
            serve(items);
            if (items[1].is_ready) {
                take_answers();
            }
            close_late();
            for (std::size_t i = 0; i < owner_.listeners_.size(); ++i) {
                if (items[2 + i].is_ready) {
                    accept_all(owner_.listeners_[i].get());
                }
            }
        }
    }

private:
    struct connection {
        os::tcp_socket socket;
        std::string in;
        std::string out;
        std::size_t sent = 0;
        std::optional<file_part> file;  // what follows `out`
        std::int64_t deadline_ms = 0;
        bool is_waiting = false;  // for a worker
        bool close_when_sent = false;
        bool is_draining = false;  // refused: what still comes is thrown away
        bool is_done = false;
        bool has_next = false;  // what has come already is a request, or too long for one

        [[nodiscard]] bool is_sending() const noexcept { return sent < out.size(); }
        [[nodiscard]] bool is_idle() const noexcept {
            return in.empty() && !is_sending() && !is_waiting;
        }
    };

    [[nodiscard]] std::vector<os::poll_item> watched() const {
        std::vector<os::poll_item> items{{owner_.wake_.fd(), false, false},
                                         {owner_.made_.fd(), false, false}};
        for (const os::tcp_socket& listener : owner_.listeners_) {
            items.push_back({listener.get(), false, false});
        }
        for (const connection& one : connections_) {
            // Who waits for an answer is not listened to: poll() passes over -1.
            items.push_back({one.is_waiting ? -1 : one.socket.get(), one.is_sending(), false});
        }
        return items;
    }

    [[nodiscard]] std::int64_t time_to_next_ms() const noexcept {
        std::int64_t next = -1;
        for (const connection& one : connections_) {
            if (one.is_waiting) {
                continue;
            }
            const std::int64_t left = one.has_next && !one.is_sending()
                                          ? 0
                                          : std::max<std::int64_t>(0, one.deadline_ms - now_ms_);
            next = next < 0 ? left : std::min(next, left);
        }
        return next;
    }

    void serve(const std::vector<os::poll_item>& items) {
        std::size_t at = 2 + owner_.listeners_.size();
        for (connection& one : connections_) {
            const bool is_ready = items[at++].is_ready;
            if (is_ready && one.is_sending()) {
                send_some(one);
            } else if (is_ready && !one.has_next) {
                receive_some(one);
            }
            // One request a round: those that were sent together wait for everybody else's.
            if ((is_ready || one.has_next) && !one.is_waiting && !one.is_done &&
                !one.is_sending() && !one.is_draining && take_request(one)) {
                send_some(one);
            }
        }
        connections_.remove_if([](const connection& one) { return one.is_done; });
    }

    void take_answers() {
        (void)owner_.made_.take();
        std::vector<worker_pool::answer> answers = pool_.take();
        for (worker_pool::answer& each : answers) {
            const auto whose =
                std::find_if(connections_.begin(), connections_.end(),
                             [&each](const connection& one) { return &one == each.whose; });
            whose->is_waiting = false;
            whose->file = std::move(each.what.file);
            begin_sending(*whose, std::move(each.what.bytes));
            send_some(*whose);
        }
        connections_.remove_if([](const connection& one) { return one.is_done; });
    }

    void close_late() {
        for (connection& one : connections_) {
            if (one.is_waiting || one.deadline_ms > now_ms_) {
                continue;
            }
            if (!one.in.empty() && !one.is_sending()) {
                (void)os::send(one.socket.get(), detail::short_answer(408));
            }
            one.is_done = true;
        }
        connections_.remove_if([](const connection& one) { return one.is_done; });
    }

    void accept_all(int listener) {
        while (true) {
            os::tcp_socket socket = os::accept_connection(listener);
            if (!socket.is_open()) {
                return;
            }
            if (connections_.size() >= owner_.options_.max_connections && !drop_idle()) {
                (void)os::send(socket.get(), detail::short_answer(503));
                continue;
            }
            connections_.emplace_back();
            connections_.back().socket = std::move(socket);
            connections_.back().deadline_ms = now_ms_ + owner_.options_.idle_time_ms;
        }
    }

    /// Makes room by closing the connection that has been idle longest; false if all are busy.
    bool drop_idle() {
        auto oldest = connections_.end();
        for (auto it = connections_.begin(); it != connections_.end(); ++it) {
            if (it->is_idle() &&
                (oldest == connections_.end() || it->deadline_ms < oldest->deadline_ms)) {
                oldest = it;
            }
        }
        if (oldest == connections_.end()) {
            return false;
        }
        connections_.erase(oldest);
        return true;
    }

    void receive_some(connection& one) {
        char buffer[16 * 1024];
        const std::int64_t got = os::receive(one.socket.get(), buffer, sizeof(buffer));
        if (got == -EAGAIN || got == -EINTR) {
            return;
        }
        if (got <= 0) {
            one.is_done = true;
            return;
        }
        if (one.in.empty() && !one.is_draining) {
            one.deadline_ms = now_ms_ + owner_.options_.head_time_ms;
        }
        if (!one.is_draining) {
            one.in.append(buffer, static_cast<std::size_t>(got));
        }
    }

    /// Hands the first complete head that has arrived to a worker, or refuses it.
    ///
    /// out      whether there is something to send already
    bool take_request(connection& one) {
        one.in.erase(0, std::min(one.in.find_first_not_of("\r\n"),
                                 one.in.size()));  // blank lines between requests
        const std::size_t end = one.in.find("\r\n\r\n");
        const std::size_t size = end == std::string::npos ? one.in.size() : end + 4;
        if (size > owner_.options_.max_head_bytes) {
            refuse(one, 431);
        } else if (end != std::string::npos) {
            parsed_head head = parse_head(std::string_view(one.in).substr(0, end + 2));
            one.in.erase(0, size);
            if (head.refusal != 0) {
                refuse(one, head.refusal);
            } else if (unsent_bytes() > owner_.options_.max_unsent_bytes) {
                refuse(one, 503);
            } else {
                one.close_when_sent = !head.keep_alive;
                one.is_waiting = true;
                pool_.add(&one, std::move(head));
            }
        }
        one.has_next =
            contains(one.in, "\r\n\r\n") || one.in.size() > owner_.options_.max_head_bytes;
        return one.is_sending();
    }

    /// What slow readers have not taken yet.
    [[nodiscard]] std::size_t unsent_bytes() const noexcept {
        std::size_t total = 0;
        for (const connection& one : connections_) {
            total += one.out.size() - one.sent;
        }
        return total;
    }

    void refuse(connection& one, int status) {
        one.close_when_sent = true;
        one.is_draining = true;
        one.in.clear();
        begin_sending(one, detail::short_answer(status));
    }

    void begin_sending(connection& one, std::string bytes) {
        one.out = std::move(bytes);
        one.sent = 0;
        one.deadline_ms = now_ms_ + owner_.options_.send_time_ms;
        one.is_done = one.out.empty();
    }

    /// The next piece of a file; a file that has become shorter ends the connection.
    void read_some(connection& one) {
        const std::uint64_t size = std::min<std::uint64_t>(one.file->size, 256 * 1024);
        one.out.resize(static_cast<std::size_t>(size));
        one.sent = 0;
        const auto got = one.file->from->read_at(one.file->offset, one.out.data(), one.out.size());
        one.is_done = !got || *got < size;
        one.file->offset += size;
        one.file->size -= size;
        if (one.file->size == 0 || one.is_done) {
            one.file.reset();
        }
    }

    void send_some(connection& one) {
        while (one.is_sending()) {
            const std::int64_t sent =
                os::send(one.socket.get(), std::string_view(one.out).substr(one.sent));
            if (sent == -EAGAIN || sent == -EINTR) {
                return;
            }
            if (sent < 0) {
                one.is_done = true;
                return;
            }
            one.sent += static_cast<std::size_t>(sent);
            one.deadline_ms = now_ms_ + owner_.options_.send_time_ms;
            if (!one.is_sending() && one.file) {
                read_some(one);
                return;  // others have their turn between two pieces
            }
        }
        finish(one);
    }

    void finish(connection& one) {
        std::string().swap(one.out);
        one.sent = 0;
        if (one.is_draining) {  // closing with unread input would throw the answer away
            os::end_sending(one.socket.get());
            one.deadline_ms = now_ms_ + 1000;
        } else if (one.close_when_sent) {
            one.is_done = true;
        } else {
            one.deadline_ms = now_ms_ + (one.in.empty() ? owner_.options_.idle_time_ms
                                                        : owner_.options_.head_time_ms);
        }
    }

    server& owner_;
    std::list<connection> connections_;
    worker_pool pool_;
    std::int64_t now_ms_ = os::system_env.boot_time_us() / 1000;
};

inline result<server> server::open(const server_options& options, handler answer) {
    if (!options.is_guarded && options.unix_path.empty() &&
        !os::is_loopback_address(options.address)) {
        return make_error(errc::missing_requirement,
                          "listening at " + options.address +
                              ", which other machines reach, needs a token");
    }
    auto wake = os::wake_pipe::create();
    auto made = os::wake_pipe::create();
    if (!wake || !made) {
        return !wake ? std::move(wake).error() : std::move(made).error();
    }
    server out;
    out.options_ = options;
    out.answer_ = std::move(answer);
    out.wake_ = std::move(*wake);
    out.made_ = std::move(*made);
    const auto listening = out.listen();
    if (!listening) {
        return listening.error();
    }
    return out;
}

inline result<void> server::listen() {
    if (!options_.unix_path.empty()) {
        auto local = os::listen_at_path(options_.unix_path);
        if (!local) {
            return std::move(local).error();
        }
        listeners_.push_back(std::move(*local));
        return {};
    }
    auto first = os::listen_at(options_.address, options_.port);
    if (!first) {
        return std::move(first).error();
    }
    port_ = first->port;
    listeners_.push_back(std::move(first->socket));
    if (options_.address == "127.0.0.1") {  // browsers may take localhost for ::1
        auto second = os::listen_at("::1", port_);
        if (second) {
            listeners_.push_back(std::move(second->socket));
        } else if (second.error().code == errc::address_in_use) {
            return std::move(second).error();
        }
    }
    return {};
}

inline bool server::run() {
    const bool has_ended = server_loop(*this).run();
    (void)wake_.take();
    if (!options_.unix_path.empty()) {
        (void)os::system_env.unlink(options_.unix_path.c_str());
    }
    return has_ended;
}

}}}  // namespace guild::viewer

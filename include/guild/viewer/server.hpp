// guild/viewer/server.hpp - serves over HTTP/1.1: a listening socket, a poll loop, cpp-httplib.
//
// Layer 6. Includes: base, os/socket descriptor thread, viewer/http request_head; cpp-httplib (only here).
// Not here: what is answered (viewer/api.hpp), reading a head (viewer/request_head.hpp).
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
#include <cstring>
#include <ctime>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <csignal>

#include <guild/base/result.hpp>
#include <guild/os/descriptor.hpp>
#include <guild/os/env.hpp>
#include <guild/os/socket.hpp>
#include <guild/os/thread.hpp>
#include <guild/viewer/http.hpp>
#include <guild/viewer/request_head.hpp>

#include <httplib.h>

namespace guild { inline namespace v0 { namespace viewer {

using handler = std::function<response(const request&)>;

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

    /// Answers until stop(); connections are then closed as they stand, once the handler has
    /// returned. A path that was listened at is removed.
    void run();

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

/// The bytes of an answer, and what of a file follows them.
struct sendable {
    std::string bytes;
    std::optional<file_part> file;
};

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
        const bool has_file = made_.file && made_.file->size > 0;
        memory_stream stream(plain_head(head, has_file ? "HEAD" : head.what.method));
        bool closed = false;
        call_process_request(&protocol::process_request, stream, !head.keep_alive, closed);
        sendable out{stream.take_output(), std::nullopt};
        if (has_file && head.what.method != "HEAD") {
            out.file = std::move(made_.file);
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
        if (made_.file && made_.file->size > 0) {  // its length alone: HEAD calls no provider
            out.set_content_provider(
                static_cast<std::size_t>(made_.file->size), made_.content_type.c_str(),
                [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
        } else if (!made_.body.empty() || made_.file) {
            out.set_content(made_.body, made_.content_type.c_str());
        }
    }

    response made_;
};

/// httplib's constructor ignores SIGPIPE for the whole process; a library must not decide that.
inline std::unique_ptr<protocol> make_protocol() {
    struct sigaction before = {};
    (void)::sigaction(SIGPIPE, nullptr, &before);
    auto out = std::make_unique<protocol>();
    (void)::sigaction(SIGPIPE, &before, nullptr);
    return out;
}

inline std::string short_answer(int status) {
    const std::string body(reason_of(status));
    return "HTTP/1.1 " + std::to_string(status) + ' ' + body +
           "\r\nContent-Type: text/plain\r\nX-Content-Type-Options: nosniff\r\n" +
           (status == 503 ? "Retry-After: 1\r\n" : "") +
           "Connection: close\r\nContent-Length: " + std::to_string(body.size() + 1) + "\r\n\r\n" +
           body + '\n';
}

}  // namespace detail

namespace detail {

/// Threads that make answers. A request is known by the address of its connection.
class worker_pool {
public:
    struct answer {
        const void* whose = nullptr;
        sendable what;
    };

    /// in       wake: a byte tells that answers are there
    worker_pool(const handler& make, const os::wake_pipe& wake) : make_(make), wake_(wake) {}
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;
    ~worker_pool() {
        {
            const os::lock held(mutex_);
            is_ending_ = true;
        }
        has_work_.notify_all();
        threads_.clear();  // joins
    }

    /// Starts at most `count` threads; with none, add() makes the answer itself.
    void start(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            auto thread = os::thread::start([this] { work(); });
            if (!thread) {
                return;
            }
            threads_.push_back(std::move(*thread));
        }
    }

    void add(const void* whose, parsed_head head) {
        if (threads_.empty()) {
            const auto protocol = make_protocol();
            deliver({whose, protocol->format(head, make_(head.what))});
            return;
        }
        {
            const os::lock held(mutex_);
            waiting_.emplace_back(whose, std::move(head));
        }
        has_work_.notify_one();
    }

    [[nodiscard]] std::vector<answer> take() {
        const os::lock held(mutex_);
        return std::exchange(done_, {});
    }

private:
    void work() {
        const auto protocol = make_protocol();
        while (true) {
            std::pair<const void*, parsed_head> next;
            {
                os::lock held(mutex_);
                while (waiting_.empty() && !is_ending_) {
                    has_work_.wait(held);
                }
                if (is_ending_) {
                    return;
                }
                next = std::move(waiting_.front());
                waiting_.pop_front();
            }
            deliver({next.first, protocol->format(next.second, make_(next.second.what))});
        }
    }

    void deliver(answer made) {
        bool is_first = false;
        {
            const os::lock held(mutex_);
            is_first = done_.empty();
            done_.push_back(std::move(made));
        }
        if (is_first) {
            wake_.notify(1);
        }
    }

    const handler& make_;
    const os::wake_pipe& wake_;
    os::mutex mutex_;
    os::condition has_work_;
    std::deque<std::pair<const void*, parsed_head>> waiting_;
    std::vector<answer> done_;
    bool is_ending_ = false;
    std::vector<os::thread> threads_;
};

}  // namespace detail

/// The loop of one server::run(): its connections and their times.
class server_loop {
public:
    explicit server_loop(server& owner) : owner_(owner), pool_(owner.answer_, owner.made_) {
        pool_.start(owner.options_.workers);
    }

    void run() {
        while (true) {
            std::vector<os::poll_item> items = watched();
            os::wait_for_any(items, time_to_next_ms());
            now_ms_ = os::system_env.boot_time_us() / 1000;
            if (items[0].is_ready) {
                return;
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
        std::vector<detail::worker_pool::answer> answers = pool_.take();
        for (detail::worker_pool::answer& each : answers) {
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
    detail::worker_pool pool_;
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

inline void server::run() {
    server_loop(*this).run();
    (void)wake_.take();
    if (!options_.unix_path.empty()) {
        (void)os::system_env.unlink(options_.unix_path.c_str());
    }
}

}}}  // namespace guild::viewer

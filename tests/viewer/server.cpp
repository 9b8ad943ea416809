#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <guild/os/file.hpp>
#include <guild/viewer.hpp>

#include "support/sample_run.hpp"
#include "support/temp_dir.hpp"

using namespace guild;

namespace {

viewer::server_options any_port() {
    viewer::server_options out;
    out.port = 0;
    return out;
}

std::string sent_file;

// A server whose answers tell the target; "/big" is 4 MB, "/huge" more than the system buffers,
// "/wait" takes 20 ms.
class running_server {
public:
    explicit running_server(const viewer::server_options& options = any_port())
        : server_(open(options)), thread_([this] { server_.run(); }) {}
    ~running_server() {
        server_.stop();
        thread_.join();
    }

    [[nodiscard]] int port() const { return server_.port(); }
    void stop() const { server_.stop(); }

private:
    static viewer::server open(const viewer::server_options& options) {
        auto out = viewer::server::open(options, [](const viewer::request& what) {
            if (what.target == "/wait" || what.target == "/slow") {
                std::this_thread::sleep_for(
                    std::chrono::milliseconds(what.target == "/slow" ? 500 : 20));
            }
            viewer::response answer;
            if (what.target == "/file") {
                auto file = std::make_shared<os::file>(
                    std::move(*os::open_file(sent_file, os::open_mode::read)));
                answer.file = viewer::file_part{file, 0, file->status()->size};
                answer.headers.emplace_back("ETag", "W/\"x\"");
            }
            answer.content_type = "text/plain";
            answer.body = what.target == "/big"    ? std::string(4 << 20, 'x')
                          : what.target == "/huge" ? std::string(48 << 20, 'x')
                                                   : what.method + " " + what.target;
            viewer::finish_response(what, answer);
            return answer;
        });
        REQUIRE(out);
        return std::move(*out);
    }

    viewer::server server_;
    std::thread thread_;
};

class client {
public:
    explicit client(int port, const std::string& address = "127.0.0.1")
        : socket_(connect(port, address)) {}
    explicit client(os::tcp_socket socket) : socket_(std::move(socket)) {}

    bool send(const std::string& bytes) const {
        std::string_view rest = bytes;
        while (!rest.empty()) {
            const std::int64_t sent = os::send(socket_.get(), rest);
            if (sent <= 0) {
                return false;
            }
            rest.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// Everything until `enough`, or until the other side closes or is silent for `wait_ms`.
    std::string read_until(const std::string& enough, std::int64_t wait_ms = 5000) {
        std::string out;
        char buffer[65536];
        while (enough.empty() || !contains(out, enough)) {
            std::vector<os::poll_item> items{{socket_.get(), false, false}};
            os::wait_for_any(items, wait_ms);
            const std::int64_t got =
                items[0].is_ready ? os::receive(socket_.get(), buffer, sizeof(buffer)) : 0;
            if (got <= 0) {
                closed_ = items[0].is_ready;
                break;
            }
            out.append(buffer, static_cast<std::size_t>(got));
        }
        return out;
    }

    std::string read_all(std::int64_t wait_ms = 5000) { return read_until("", wait_ms); }
    [[nodiscard]] bool is_closed() const { return closed_; }

private:
    static os::tcp_socket connect(int port, const std::string& address) {
        auto out = os::connect_to(address, port);
        REQUIRE(out);
        return std::move(*out);
    }

    os::tcp_socket socket_;
    bool closed_ = false;
};

std::string fetch(const std::string& target, const std::string& more = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}

int status_of(const std::string& answer) {
    return answer.size() > 12 && starts_with(answer, "HTTP/1.1 ")
               ? static_cast<int>(*parse_int64(answer.substr(9, 3)))
               : 0;
}

std::int64_t now_ms() {
    return os::system_env.boot_time_us() / 1000;
}

std::int64_t resident_bytes() {
    const auto text = os::load_file("/proc/self/statm");
    return text ? *parse_int64(split(*text, ' ')[1]) * 4096 : 0;
}

}  // namespace

TEST_CASE("server: a request is answered and the connection kept") {
    const running_server here;
    client one(here.port());
    for (const char* target : {"/a", "/b?x=1", "/c%20d"}) {
        REQUIRE(one.send(fetch(target)));
        const std::string answer = one.read_until(std::string("GET ") + target);
        CHECK(status_of(answer) == 200);
        CHECK(contains(answer, "Content-Security-Policy: default-src 'none'"));
        CHECK(contains(answer, "ETag: W/\""));
        CHECK_FALSE(contains(answer, "Connection: close"));
    }
    REQUIRE(one.send(fetch("/last", "Connection: close\r\n")));
    CHECK(contains(one.read_all(), "GET /last"));
    CHECK(one.is_closed());
}

TEST_CASE("server: HEAD has the headers of GET and no body") {
    const running_server here;
    client one(here.port());
    REQUIRE(one.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    const std::string answer = one.read_all();
    CHECK(status_of(answer) == 200);
    CHECK(contains(answer, "Content-Length: 7\r\n"));
    CHECK(ends_with(answer, "\r\n\r\n"));
}

TEST_CASE("server: a 304 has no body") {
    const running_server here;
    client one(here.port());
    REQUIRE(one.send(fetch("/x")));
    const std::string first = one.read_until("GET /x");
    const std::size_t at = first.find("ETag: ") + 6;
    REQUIRE(one.send(fetch("/x", "If-None-Match: " + first.substr(at, first.find('\r', at) - at) +
                                     "\r\nConnection: close\r\n")));
    const std::string second = one.read_all();
    CHECK(status_of(second) == 304);
    CHECK(ends_with(second, "\r\n\r\n"));
}

TEST_CASE("server: requests that were sent together are answered in turn") {
    const running_server here;
    client one(here.port());
    REQUIRE(one.send(fetch("/1") + fetch("/2") + fetch("/3", "Connection: close\r\n")));
    const std::string answers = one.read_all();
    const std::size_t first = answers.find("GET /1");
    const std::size_t second = answers.find("GET /2");
    CHECK(first < second);
    CHECK(second < answers.find("GET /3"));
}

TEST_CASE("server: requests that were sent together do not keep others waiting") {
    const running_server here;
    client one(here.port());
    client other(here.port());
    std::string many;
    for (int i = 0; i < 100; ++i) {
        many += fetch("/wait");
    }
    REQUIRE(one.send(many));
    REQUIRE(contains(one.read_until("GET /wait"), "GET /wait"));
    REQUIRE(other.send(fetch("/quick")));
    const auto before = std::chrono::steady_clock::now();
    CHECK(contains(other.read_until("GET /quick"), "GET /quick"));
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(1000));
}

TEST_CASE("server: a slow answer keeps nobody else waiting") {
    const running_server here;
    std::vector<client> slow;
    for (int i = 0; i < 3; ++i) {
        slow.emplace_back(here.port());
        REQUIRE(slow.back().send(fetch("/slow")));
    }
    client other(here.port());
    const std::int64_t begin = now_ms();
    REQUIRE(other.send(fetch("/quick")));
    CHECK(contains(other.read_until("GET /quick"), "GET /quick"));
    CHECK(now_ms() - begin < 400);
    CHECK(contains(slow.back().read_until("GET /slow"), "GET /slow"));
}

TEST_CASE("server: a file is sent whole, piece by piece, and HEAD tells its length") {
    const guild_test::temp_dir dir;
    std::string content;
    for (int i = 0; i < 300'000; ++i) {
        content += std::to_string(i) + '\n';
    }
    sent_file = dir.write("file", content);
    const running_server here;
    client one(here.port());
    REQUIRE(one.send("HEAD /file HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const std::string head = one.read_until("\r\n\r\n");
    CHECK(contains(head, "Content-Length: " + std::to_string(content.size()) + "\r\n"));
    CHECK(contains(head, "Content-Type: text/plain"));
    REQUIRE(one.send(fetch("/file")));
    const std::string first = one.read_until("299999\n");
    CHECK(first.substr(first.find("\r\n\r\n") + 4) == content);
    REQUIRE(one.send(fetch("/still-there")));
    CHECK(contains(one.read_until("GET /still-there"), "GET /still-there"));
}

TEST_CASE("server: a client that goes away while its answer is made does no harm") {
    const running_server here;
    for (int i = 0; i < 20; ++i) {
        client gone(here.port());
        REQUIRE(gone.send(fetch(i % 2 == 0 ? "/wait" : "/big")));
    }
    client other(here.port());
    REQUIRE(other.send(fetch("/x")));
    CHECK(contains(other.read_until("GET /x"), "GET /x"));
}

TEST_CASE("server: a path is listened at and removed at the end") {
    const guild_test::temp_dir dir;
    viewer::server_options options;
    options.unix_path = dir / "socket";
    {
        const running_server here(options);
        auto socket = os::connect_to_path(options.unix_path);
        REQUIRE(socket);
        client one(std::move(*socket));
        REQUIRE(one.send(fetch("/x")));
        CHECK(contains(one.read_until("GET /x"), "GET /x"));
    }
    CHECK_FALSE(os::find_status(options.unix_path));
}

TEST_CASE("server: answers that nobody takes are bounded") {
    viewer::server_options options = any_port();
    options.max_unsent_bytes = 1;
    const running_server here(options);
    client slow(here.port());
    REQUIRE(slow.send(fetch("/huge", "Connection: close\r\n")));
    REQUIRE(contains(slow.read_until("HTTP/1.1"), "HTTP/1.1"));
    client other(here.port());
    REQUIRE(other.send(fetch("/x")));
    CHECK(status_of(other.read_all()) == 503);
    slow.read_all();
}

TEST_CASE("server: a head may come in single bytes") {
    const running_server here;
    client one(here.port());
    for (const char c : fetch("/slow")) {
        REQUIRE(one.send(std::string(1, c)));
    }
    CHECK(contains(one.read_until("GET /slow"), "GET /slow"));
}

TEST_CASE("server: a large answer arrives whole at a slow reader") {
    const running_server here;
    client one(here.port());
    REQUIRE(one.send(fetch("/big", "Connection: close\r\n")));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    client other(here.port());
    REQUIRE(other.send(fetch("/meanwhile")));
    CHECK(contains(other.read_until("GET /meanwhile", 1000), "GET /meanwhile"));
    const std::string answer = one.read_all();
    CHECK(answer.size() - answer.find("\r\n\r\n") - 4 == std::size_t{4} << 20);
}

TEST_CASE("server: both loopback addresses are served") {
    const running_server here;
    const auto six = os::connect_to("::1", here.port());
    if (!six) {
        MESSAGE("skipped: no IPv6 loopback here");
        return;
    }
    client one(here.port(), "::1");
    REQUIRE(one.send(fetch("/six")));
    CHECK(contains(one.read_until("GET /six"), "GET /six"));
}

TEST_CASE("server: a taken port is noticed") {
    const running_server here;
    viewer::server_options options;
    options.port = here.port();
    const auto second = viewer::server::open(options, nullptr);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == errc::address_in_use);
}

TEST_CASE("server: other machines are served only with a token") {
    viewer::server_options options = any_port();
    options.address = "0.0.0.0";
    const auto open = viewer::server::open(options, nullptr);
    REQUIRE_FALSE(open);
    CHECK(open.error().code == errc::missing_requirement);
    options.is_guarded = true;
    CHECK(viewer::server::open(options, nullptr));
}

TEST_CASE("server: idle and dripping clients keep nobody waiting") {
    viewer::server_options options = any_port();
    options.head_time_ms = 400;
    const running_server here(options);
    std::vector<client> idle;
    std::vector<client> dripping;
    for (int i = 0; i < 100; ++i) {
        idle.emplace_back(here.port());
        dripping.emplace_back(here.port());
        REQUIRE(dripping.back().send("GET / HTTP/1.1\r\nX-Drip: "));
    }
    client last(here.port());
    const std::int64_t begin = now_ms();
    REQUIRE(last.send(fetch("/quick")));
    CHECK(contains(last.read_until("GET /quick"), "GET /quick"));
    CHECK(now_ms() - begin < 500);  // about 1 ms; the bound leaves room for a busy machine
    const std::string answer = dripping.front().read_all(3000);
    CHECK(status_of(answer) == 408);
    CHECK(dripping.front().is_closed());
    REQUIRE(idle.front().send(fetch("/still")));
    CHECK(contains(idle.front().read_until("GET /still"), "GET /still"));
}

TEST_CASE("server: when all places are busy the next client gets 503, idle ones make room") {
    viewer::server_options options = any_port();
    options.max_connections = 4;
    const running_server here(options);
    std::vector<client> busy;
    for (int i = 0; i < 4; ++i) {
        busy.emplace_back(here.port());
        REQUIRE(busy.back().send("GET /"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    client refused(here.port());
    const std::string answer = refused.read_all();
    CHECK(status_of(answer) == 503);
    CHECK(contains(answer, "Retry-After: 1"));
    REQUIRE(busy.front().send(" HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(status_of(busy.front().read_until("GET /")) == 200);  // now idle
    client welcome(here.port());
    REQUIRE(welcome.send(fetch("/in")));
    CHECK(contains(welcome.read_until("GET /in"), "GET /in"));
}

TEST_CASE("server: endless heads are cut off and cost no memory") {
    const running_server here;
    const std::int64_t before = resident_bytes();
    const std::string block(64 * 1024, 'a');
    client line(here.port());
    (void)line.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Endless: ");
    bool open = true;
    for (int i = 0; i < 1600 && open; ++i) {  // 100 MB
        open = line.send(block);
    }
    client many(here.port());
    std::string headers;
    for (int i = 0; i < 2000; ++i) {
        headers += "X-" + std::to_string(i) + ": y\r\n";
    }
    (void)many.send("GET / HTTP/1.1\r\n" + headers);
    CHECK(status_of(many.read_all()) == 431);
    client flood(here.port());
    open = flood.send("GET / HTTP/1.1\r\n");
    for (std::size_t sent = 0; open && sent < (std::size_t{100} << 20U); sent += headers.size()) {
        open = flood.send(headers);
    }
    CHECK(resident_bytes() - before < std::int64_t{16} << 20);
    client after(here.port());
    REQUIRE(after.send(fetch("/ok")));
    CHECK(contains(after.read_until("GET /ok"), "GET /ok"));
}

TEST_CASE("server: stop ends a server with clients attached within a second") {
    auto server =
        viewer::server::open(any_port(), [](const viewer::request&) { return viewer::response(); });
    REQUIRE(server);
    std::thread thread([&] { server->run(); });
    std::vector<client> attached;
    for (int i = 0; i < 20; ++i) {
        attached.emplace_back(server->port());
        REQUIRE(attached.back().send(i % 2 == 0 ? "GET /" : ""));
    }
    const std::int64_t begin = now_ms();
    server->stop();
    thread.join();
    CHECK(now_ms() - begin < 1000);
}

TEST_CASE("server: pipes and devices among a run's files are refused at once, over HTTP too") {
    const guild_test::temp_dir dir;
    const std::string run = guild_test::make_completed_run(dir.path(), "a", "m", 0);
    (void)dir.write("a/notes.txt", "plain");
    REQUIRE(::mkfifo((run + "/pipe").c_str(), 0600) == 0);
    REQUIRE(::symlink("/dev/zero", (run + "/zero").c_str()) == 0);
    (void)::mknod((run + "/null").c_str(), S_IFCHR | 0600, 0x103);  // none without the right to
    REQUIRE(::mkfifo(runs::data_path(run, runs::output_log_name).c_str(), 0600) == 0);
    viewer::context with;
    with.run_roots = {dir.path()};
    with.memory = std::make_shared<viewer::site_memory>();
    auto server = viewer::server::open(
        any_port(), [with](const viewer::request& what) { return viewer::handle(what, with); });
    REQUIRE(server);
    std::thread thread([&] { server->run(); });
    client one(server->port());
    const auto status_at = [&one](const std::string& target) {
        REQUIRE(one.send("HEAD " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        return status_of(one.read_until("\r\n\r\n"));
    };
    CHECK(status_at("/api/runs/a/files/" + viewer::file_id("notes.txt")) == 200);
    for (const char* name : {"pipe", "zero", "null", "guild.d/output.log"}) {
        INFO(name);
        CHECK(status_at("/api/runs/a/files/" + viewer::file_id(name)) == 404);
    }
    CHECK(status_at("/api/runs/a/files") == 200);
    CHECK(status_at("/api/runs/a/output") == 404);
    CHECK(status_at("/healthz") == 200);
    server->stop();
    thread.join();
}

TEST_CASE("server: stop does not wait for a handler without end") {
    struct gate {
        os::mutex mutex;
        os::condition changed;
        int inside = 0;
        bool is_open = false;
    };
    const auto shared = std::make_shared<gate>();  // outlives the server
    viewer::server_options options = any_port();
    options.stop_time_ms = 50;
    auto server = viewer::server::open(options, [shared](const viewer::request&) {
        os::lock held(shared->mutex);
        ++shared->inside;
        shared->changed.notify_all();
        while (!shared->is_open) {
            shared->changed.wait(held);
        }
        --shared->inside;
        shared->changed.notify_all();
        return viewer::response();
    });
    REQUIRE(server);
    bool has_ended = true;
    std::thread thread([&] { has_ended = server->run(); });
    std::vector<client> attached;
    for (int i = 0; i < 20; ++i) {
        attached.emplace_back(server->port());
        REQUIRE(attached.back().send(fetch("/")));
    }
    {
        os::lock held(shared->mutex);
        while (shared->inside < static_cast<int>(options.workers)) {
            shared->changed.wait(held);
        }
    }
    server->stop();
    thread.join();  // the handlers have not returned, and will not before this
    CHECK_FALSE(has_ended);
    CHECK(attached.back().read_all().empty());
    CHECK(attached.back().is_closed());
    os::lock held(shared->mutex);
    shared->is_open = true;
    shared->changed.notify_all();
    while (shared->inside > 0) {
        shared->changed.wait(held);
    }
}

TEST_CASE("server: the process's SIGPIPE stays as it was") {
    struct sigaction before = {};
    REQUIRE(::sigaction(SIGPIPE, nullptr, &before) == 0);
    {
        const running_server here;
        client one(here.port());
        REQUIRE(one.send(fetch("/")));
        (void)one.read_until("GET /");
    }
    struct sigaction after = {};
    REQUIRE(::sigaction(SIGPIPE, nullptr, &after) == 0);
    CHECK((before.sa_handler == after.sa_handler));
}

TEST_CASE("server: a thousand malformed requests do no harm") {
    const running_server here;
    std::uint64_t state = 42;
    const char letters[] = "GET /HTP1.\r\n:\0 %x\xFF";
    const std::string alphabet(letters, sizeof(letters) - 1);
    for (int i = 0; i < 1000; ++i) {
        std::string bytes = i % 2 == 0 ? "GET / HTTP/1.1\r\nHost: localhost\r\n" : "";
        for (int k = 0; k < 40; ++k) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            bytes += alphabet[(state >> 33U) % alphabet.size()];
        }
        client one(here.port());
        (void)one.send(bytes + "\r\n\r\n");
    }
    client after(here.port());
    REQUIRE(after.send(fetch("/ok")));
    CHECK(contains(after.read_until("GET /ok"), "GET /ok"));
}

TEST_CASE("server: what could smuggle a second request is refused once, and the connection ends") {
    const running_server here;
    const std::string second = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (const std::string pair :
         {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
          "Content-Length: 0\r\nContent-Length: 50\r\n\r\n", "Content-Length: 0, 50\r\n\r\n",
          "Content-Length: +0\r\n\r\n", "Content-Length: 50\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n", "Transfer-Encoding: identity\r\n\r\n",
          "Transfer-Encoding: xchunked\r\n\r\n", "Transfer-Encoding\t: chunked\r\n\r\n",
          " Transfer-Encoding: chunked\r\n\r\n", "X: 1\n\r\n\r\n"}) {
        INFO(pair);
        client one(here.port());
        REQUIRE(one.send("POST / HTTP/1.1\r\nHost: localhost\r\n" + pair + second));
        const std::string answer = one.read_all(3000);
        const int status = status_of(answer);
        CHECK((status == 400 || status == 413));
        CHECK_FALSE(contains(answer, "GET /smuggled"));
        CHECK(answer.find("HTTP/1.1 ", 1) == std::string::npos);
        CHECK(one.is_closed());
    }
}

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <guild/os/socket.hpp>
#include <guild/viewer/worker_pool.hpp>

using namespace guild;

namespace {

viewer::parsed_head head_of(const std::string& target) {
    viewer::parsed_head out;
    out.what.method = "GET";
    out.what.target = target;
    out.keep_alive = true;
    return out;
}

viewer::response slow_or_quick(const viewer::request& what) {
    if (what.target == "/slow") {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    viewer::response out;
    out.content_type = "text/plain";
    out.body = what.target;
    return out;
}

std::vector<std::string> take_answers(viewer::worker_pool& pool, const os::wake_pipe& wake,
                                      std::size_t count) {
    std::vector<std::string> out;
    while (out.size() < count) {
        std::vector<os::poll_item> items{{wake.fd(), false, false}};
        os::wait_for_any(items, 5000);
        REQUIRE(items[0].is_ready);
        (void)wake.take();
        for (const auto& each : pool.take()) {
            out.push_back(each.what.bytes.substr(each.what.bytes.find("\r\n\r\n") + 4));
        }
    }
    return out;
}

}  // namespace

TEST_CASE("worker pool: a slow answer keeps no other waiting") {
    const auto wake = os::wake_pipe::create();
    REQUIRE(wake);
    const viewer::handler make = slow_or_quick;
    viewer::worker_pool pool(make, *wake);
    pool.start(2);
    pool.add(nullptr, head_of("/slow"));
    pool.add(nullptr, head_of("/quick"));
    CHECK(take_answers(pool, *wake, 2) == std::vector<std::string>{"/quick", "/slow"});
}

TEST_CASE("worker pool: without threads answers are made at once") {
    const auto wake = os::wake_pipe::create();
    REQUIRE(wake);
    const viewer::handler make = slow_or_quick;
    viewer::worker_pool pool(make, *wake);
    pool.start(0);
    pool.add(nullptr, head_of("/a"));
    pool.add(nullptr, head_of("/b"));
    CHECK(take_answers(pool, *wake, 2) == std::vector<std::string>{"/a", "/b"});
}

TEST_CASE("worker pool: what waits at the end is dropped") {
    const auto wake = os::wake_pipe::create();
    REQUIRE(wake);
    const viewer::handler make = slow_or_quick;
    viewer::worker_pool pool(make, *wake);
    pool.start(1);
    for (int i = 0; i < 100; ++i) {
        pool.add(nullptr, head_of("/slow"));
    }
    const auto begin = std::chrono::steady_clock::now();
    {
        const viewer::worker_pool other(make, *wake);
    }
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("worker pool: an answer without end does not hold stop") {
    const auto wake = os::wake_pipe::create();
    REQUIRE(wake);
    const auto is_open = std::make_shared<std::atomic<bool>>(false);
    const auto inside = std::make_shared<std::atomic<int>>(0);
    const viewer::handler make = [is_open, inside](const viewer::request&) {
        ++*inside;
        while (!*is_open) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        --*inside;
        return viewer::response();
    };
    {
        viewer::worker_pool pool(make, *wake);
        pool.start(2);
        pool.add(nullptr, head_of("/"));
        while (*inside == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        CHECK_FALSE(pool.stop(20));
        CHECK(pool.take().empty());
    }
    *is_open = true;
    while (*inside != 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

TEST_CASE("worker pool: an idle one stops at once") {
    const auto wake = os::wake_pipe::create();
    REQUIRE(wake);
    const viewer::handler make = slow_or_quick;
    viewer::worker_pool pool(make, *wake);
    pool.start(3);
    CHECK(pool.stop(60'000));
}

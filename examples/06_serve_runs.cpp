// Serves a page about the runs below a directory at http://localhost:6333, until it is ended.
//
//     06_serve_runs [RUNROOT] [PORT]
#include <guild/viewer.hpp>

#include <cstdio>

namespace viewer = guild::viewer;

int main(int argc, char** argv) {
    viewer::context what;
    what.run_roots = {argc > 1 ? argv[1] : "runs"};

    viewer::server_options where;
    const auto port = guild::parse_int64(argc > 2 ? argv[2] : "6333");
    if (!port || *port < 0 || *port > 65535) {
        std::fprintf(stderr, "expected a port from 0 to 65535, saw '%s'\n", argv[2]);
        return 2;
    }
    where.port = static_cast<int>(*port);

    // The answer to a request is a plain function of it: try one without a server.
    const viewer::request asked{"GET", "/api/runs?limit=1", {{"Host", "localhost"}}};
    std::printf("%s", viewer::handle(asked, what).body.c_str());

    auto server = viewer::server::open(
        where, [&](const viewer::request& request) { return viewer::handle(request, what); });
    if (!server) {
        std::fprintf(stderr, "%s\n", guild::to_string(server.error()).c_str());
        return 1;
    }
    std::printf("http://localhost:%d\n", server->port());
    std::fflush(stdout);
    server->run();
    return 0;
}

#include <guild/os/sweep.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <unistd.h>

#include <support/child_program.hpp>

#include <doctest/doctest.h>

using namespace guild_test;

namespace {

// The first line that a program prints; waits for it.
std::string first_line_of(const guild::os::child& process) {
    std::string text;
    char c = 0;
    while (text.find('\n') == std::string::npos) {
        ::pollfd asked{process.out_fd(), POLLIN, 0};
        if (poll(&asked, 1, 60'000) != 1 || read(process.out_fd(), &c, 1) != 1) {
            break;
        }
        text += c;
    }
    return text;
}

}  // namespace

TEST_CASE("find_marked: names the processes that were started with the mark") {
    guild::os::process_options options = child_options("sleep", {"60000"});
    options.environment = guild::os::variables{{"A", "1"}, {"MARK", "one"}, {"B", "2"}};
    const guild::os::child one = must_start(options);
    options.environment = guild::os::variables{{"MARK", "one more"}};
    const guild::os::child other = must_start(options);
    CHECK(first_line_of(one) == "ready\n");
    CHECK(first_line_of(other) == "ready\n");
    CHECK(guild::os::find_marked("MARK=one") == std::vector<int>{one.pid()});
    CHECK(guild::os::find_marked("MARK").empty());
}

TEST_CASE("sweep: a session of its own and two forks do not hide a process") {
    const int code = run_in_copy([] {
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        guild::os::process_options options = child_options("hold", {"90000", "setsid"});
        options.environment = guild::os::variables{{"MARK", "two"}};
        options.linger_ms = 0;
        const auto ran = guild::os::run(options);
        const int away = ran && ran->out.size() > 3 ? std::atoi(ran->out.c_str() + 3) : 0;
        if (away <= 0 || kill(away, 0) != 0) {
            return 1;
        }
        if (!guild::os::sweep("MARK=two", 60'000)) {
            return 2;
        }
        return kill(away, 0) == 0 ? 3 : has_children() ? 4 : 0;  // collected too
    });
    CHECK(code == 0);
}

TEST_CASE("sweep: where nothing has the mark, it is done at once") {
    CHECK(guild::os::sweep("MARK=nobody has this", 0));
}

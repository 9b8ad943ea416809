// examples/02_run_process.cpp - runs programs: collect what one prints, tell apart how they end,
// stop one in time.
//
// It prints:
//
//     sort: exit code 0, printed "apple pear "
//     a failing one: exit code 3, complained "no luck"
//     a crashing one: killed by SIGSEGV
//     a missing one: not_found
//     a slow one: timed out, killed by SIGTERM

#include <algorithm>
#include <cstdio>
#include <string>

#include <guild/os/process.hpp>

namespace os = guild::os;

namespace {

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

guild::result<os::run_result> run(std::vector<std::string> argv, const os::run_options& how = {}) {
    os::process_options what;
    what.argv = std::move(argv);
    if (!how.input.empty()) {
        what.in = os::stream_mode::pipe;
    }
    return os::run(what, how);
}

}  // namespace

int main() {
    os::run_options with_input;
    with_input.input = "pear\napple\n";
    if (const auto sorted = run({"sort"}, with_input)) {
        std::printf("sort: %s, printed \"%s\"\n", to_string(sorted->status).c_str(),
                    one_line(sorted->out).c_str());
    }
    if (const auto failed = run(os::shell_command("printf 'no luck' >&2; exit 3"))) {
        std::printf("a failing one: %s, complained \"%s\"\n", to_string(failed->status).c_str(),
                    failed->err.c_str());
    }
    if (const auto crashed = run(os::shell_command("ulimit -c 0; kill -SEGV $$"))) {
        std::printf("a crashing one: %s\n", to_string(crashed->status).c_str());
    }
    const auto missing = run({"/no/such/program"});
    std::printf("a missing one: %s\n", std::string(to_string(missing.error().code)).c_str());
    os::run_options patient;
    patient.timeout_ms = 100;
    if (const auto slow = run({"sleep", "10"}, patient)) {
        std::printf("a slow one: %s%s\n", slow->timed_out ? "timed out, " : "",
                    to_string(slow->status).c_str());
    }
}

// guild/package/packager_driver.hpp - the few lines of bash that run a packager's steps, and what
// they report about a step that failed.
//
// Layer 4. Includes: base.
// Not here: starting the shell, its environment and its limits (package/build.hpp).
//
// The text is handed to bash as an argument. It leaves notes in a directory of its own: `step`
// holds the step it is at, `failure` the command that failed, `syntax` what bash could not read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <guild/base/error.hpp>
#include <guild/base/number.hpp>
#include <guild/base/text.hpp>

namespace guild { inline namespace v0 { namespace package {

/// What `bash -c` runs; its arguments are the packager's path (empty: none), the directory for
/// notes, and the time that files of $srcdir get, as `touch -t` takes it (empty: they keep theirs).
///
/// Each step runs in a subshell of its own in $srcdir: what a step changes in the shell ends with
/// it, and `exit` ends the step alone. A step that is not defined is skipped, but for `package`,
/// which copies the sources. Of nested failures the innermost is reported: the outer one has the
/// same status. Where bash tells the end of a step alone, as of `[ -e x ] && cmd` in its last line,
/// that is told with the line where the step begins.
inline constexpr std::string_view packager_driver = R"guild(
set -o errexit -o errtrace -o pipefail
shopt -s inherit_errexit 2>/dev/null || :
umask 0022
__guild_packager=$1 __guild_notes=$2 __guild_time=$3
set --

__guild_failed() {
    local status=$1 line=$2 source=$3 command=$4 before=
    [[ $- == *e* ]] || return 0
    if [[ ! $source && ${__guild_step-} ]]; then
        read -r before line source < <(shopt -s extdebug; declare -F "$__guild_step") || :
        before=
    fi
    if [[ -s $__guild_notes/failure ]]; then
        read -r before <"$__guild_notes/failure" || :
    fi
    if [[ $before != "$status" ]]; then
        printf '%s\n%s\n%s\n%s' "$status" "$line" "$source" "$command" \
            >"$__guild_notes/failure" || :
    fi
}

package() {
    cp -a -- "$srcdir/." "$pkgdir/"
}

cd -- "$srcdir"
if [[ $__guild_time ]]; then
    find . -exec touch -h -t "$__guild_time" {} +
fi
if [[ $__guild_packager ]]; then
    printf packager >"$__guild_notes/step"
    "$BASH" --noprofile --norc -n -- "$__guild_packager" 2>"$__guild_notes/syntax"
    trap '__guild_failed "$?" "$LINENO" "${BASH_SOURCE[0]}" "$BASH_COMMAND"' ERR
    source -- "$__guild_packager"
    trap - ERR
fi
for __guild_step in prepare build check package; do
    if declare -F "$__guild_step" >/dev/null; then
        printf '%s' "$__guild_step" >"$__guild_notes/step"
        printf 'Running %s\n' "$__guild_step"
        (
            set -o errexit -o errtrace -o pipefail
            cd -- "$srcdir"
            trap '__guild_failed "$?" "$LINENO" "${BASH_SOURCE[0]}" "$BASH_COMMAND"' ERR
            "$__guild_step"
        )
    fi
done
printf end >"$__guild_notes/step"
)guild";

/// The notes of one run, as they stand in its files.
struct packager_notes {
    std::string step;
    std::string failure;
    std::string syntax;
};

/// Whether the packager was gone through to its end.
[[nodiscard]] bool is_complete(const packager_notes& notes) noexcept;

/// What failed, in words, with the line of the packager if bash told it.
///
/// in       status: how the shell ended, in words; packager: its path, and `shown` its name for
///          people
/// out      `packager:12: step build failed with status 1: false`
/// example  tests/package/packager_driver.cpp "packager notes: a failed command is told with its
///          line"
[[nodiscard]] error describe_failure(const packager_notes& notes, const std::string& status,
                                     const std::string& packager, const std::string& shown);

// ---- implementation ---------------------------------------------------------

namespace detail {

// One command that failed, as the driver wrote it down.
struct failed_command {
    std::string status;
    std::uint32_t line = 0;
    std::string source;
    std::string command;
};

inline std::uint32_t parse_line_number(std::string_view text) {
    const auto line = parse_int64(text);
    return line && *line > 0 && *line < INT32_MAX ? static_cast<std::uint32_t>(*line) : 0U;
}

inline std::optional<failed_command> parse_failed_command(std::string_view text) {
    std::string_view parts[3];
    for (std::string_view& part : parts) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        part = text.substr(0, end);
        text.remove_prefix(end + 1);
    }
    return failed_command{std::string(parts[0]), parse_line_number(parts[1]), std::string(parts[2]),
                          std::string(text)};
}

// A command on one line, cut where it is long.
inline std::string shorten_command(std::string_view command) {
    constexpr std::size_t max_bytes = 200;
    std::string text = collapse_spaces(command);
    if (text.size() > max_bytes) {
        text.resize(max_bytes);
        text += "...";
    }
    return text;
}

// What bash gives for a function that it read from no file.
inline bool is_no_file(std::string_view source) {
    return source.empty() || source == "environment";
}

inline std::string name_step(const std::string& step) {
    return step.empty() || step == "packager" ? std::string("the packager") : "step " + step;
}

// `PATH: line 7: syntax error near ...`: bash -n.
inline error describe_syntax(std::string_view syntax, const std::string& shown) {
    const std::string_view first = syntax.substr(0, syntax.find('\n'));
    constexpr std::string_view mark = ": line ";
    const std::size_t at = first.find(mark);
    const std::size_t number = at == std::string_view::npos ? at : at + mark.size();
    const std::size_t end = at == std::string_view::npos ? at : first.find(": ", number);
    if (end == std::string_view::npos) {
        return make_error(errc::bad_syntax, std::string(first), shown);
    }
    source_span where;
    where.line = parse_line_number(first.substr(number, end - number));
    return make_error(errc::bad_syntax, std::string(first.substr(end + 2)), shown, where);
}

}  // namespace detail

inline bool is_complete(const packager_notes& notes) noexcept {
    return notes.step == "end";
}

inline error describe_failure(const packager_notes& notes, const std::string& status,
                              const std::string& packager, const std::string& shown) {
    if (!notes.syntax.empty()) {
        return detail::describe_syntax(notes.syntax, shown);
    }
    const std::string step = detail::name_step(notes.step);
    const auto failed = detail::parse_failed_command(notes.failure);
    if (!failed) {
        return make_error(errc::io_failed, step + " failed: " + status, shown);
    }
    source_span where;
    where.line = failed->line;
    const bool has_no_file = detail::is_no_file(failed->source);
    return make_error(errc::io_failed,
                      step + " failed with status " + failed->status + ": " +
                          detail::shorten_command(failed->command),
                      has_no_file || failed->source == packager ? shown : failed->source,
                      has_no_file ? source_span{} : where);
}

}}}  // namespace guild::package

// guild/runs/secrets.hpp - passwords, keys and tokens, which are not written down with a run.
//
// Layer 4. Includes: base, runs/recorded_command tsv.
// Not here: the output of a command, which is stored as it is.
//
// What is secret is told by names: `--api_key X`, `--token=X`, `DB_PASSWORD=X`, `Authorization: X`,
// and as source code and settings write it: `api_key = "X"`, `{"password": "X"}`, `secret = X`;
// and by values that are made to be recognised: passwords in URLs, keys that begin with ghp_, hf_,
// sk-, AKIA and the like, PEM private keys. Names that trainers use otherwise (max_tokens,
// pad_token, key, sort_key) are none. In place of a secret stands `(withheld)`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <guild/base/text.hpp>
#include <guild/runs/recorded_command.hpp>
#include <guild/runs/tsv.hpp>

namespace guild { inline namespace v0 { namespace runs {

/// Whether the value of a flag, variable or setting with this name is secret.
///
/// in       words in any case, joined by any of _ - . : or by capitals
/// example  tests/runs/secrets.cpp "secrets: names of secrets"
[[nodiscard]] bool is_secret_name(std::string_view name);

/// Whether a file of this name is made to hold secrets: `.env` and the like, private keys.
///
/// example  tests/runs/secrets.cpp "secrets: files that are made for them are known by their names"
[[nodiscard]] bool is_secret_file(std::string_view path);

/// `text` with every secret that is recognised in it withheld.
///
/// example  tests/runs/secrets.cpp "secrets: a text keeps everything but the secrets"
[[nodiscard]] std::string withhold_in_text(std::string_view text);

/// The value of `name` as it may be written down.
[[nodiscard]] std::string withhold_value(std::string_view name, std::string_view value);

/// A command's arguments as they may be written down; also a value behind its name, `--token X`.
///
/// example  tests/runs/secrets.cpp "secrets: the value behind an option is withheld"
[[nodiscard]] std::vector<std::string> withhold_arguments(std::vector<std::string> argv);

/// Flags or attributes as they may be written down.
[[nodiscard]] pair_list withhold_values(pair_list pairs);

/// The lines of meta.tsv as they may be written down: argv.N, cmd, env.NAME.
///
/// example  tests/runs/secrets.cpp "secrets: meta lines keep none, in no place"
[[nodiscard]] pair_list withhold_in_meta(pair_list meta);

// ---- implementation ---------------------------------------------------------

namespace detail {

inline bool is_word_in(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// "dbPassword", "DB_PASSWORD", "db-password": {"db", "password"}.
inline std::vector<std::string> words_of_name(std::string_view name) {
    std::vector<std::string> words;
    std::string word;
    const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool is_part = is_letter(name[i]) || is_digit(name[i]);
        const bool starts = i > 0 && is_capital(name[i]) && !is_capital(name[i - 1]);
        if ((!is_part || starts) && !word.empty()) {
            words.push_back(to_lower(word));
            word.clear();
        }
        if (is_part) {
            word += name[i];
        }
    }
    if (!word.empty()) {
        words.push_back(to_lower(word));
    }
    return words;
}

inline bool ends_name(char c) {
    return !(is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.');
}

inline bool ends_value(char c) {
    return is_space(c) || c == '"' || c == '\'' || c == '&' || c == ';' || c == ',';
}

// A key that its maker marked: "ghp_" and at least 16 characters more.
inline std::size_t marked_key_size(std::string_view text) {
    for (const std::string_view mark :
         {"ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "hf_", "sk-", "sk_live_", "rk_live_",
          "xoxb-", "xoxp-", "AKIA", "ASIA", "AIza", "ya29.", "eyJ", "dapi", "npm_", "pypi-"}) {
        if (!starts_with(text, mark)) {
            continue;
        }
        std::size_t end = mark.size();
        while (end < text.size() && !ends_name(text[end])) {
            ++end;
        }
        return end >= mark.size() + 16 ? end : 0;
    }
    return 0;
}

// The value behind `=` or `: `, which starts at `begin`; a quoted one with its quotes.
inline std::size_t value_end(std::string_view text, std::size_t begin, bool is_header) {
    if (begin < text.size() && (text[begin] == '"' || text[begin] == '\'')) {
        const std::size_t close = text.find(text[begin], begin + 1);
        return close == std::string_view::npos ? text.size() : close + 1;
    }
    std::size_t end = begin;
    while (end < text.size() &&
           (is_header ? text[end] != '"' && text[end] != '\'' && text[end] != '\n'
                      : !ends_value(text[end]))) {
        ++end;
    }
    return end;
}

inline std::size_t skip_blanks(std::string_view text, std::size_t at) {
    return std::min(text.find_first_not_of(" \t", at), text.size());
}

inline bool is_at(std::string_view text, std::size_t at, std::string_view any_of) {
    return at < text.size() && contains(any_of, text.substr(at, 1));
}

// Behind the `=` or `:` that follows a name which ends at `at`, its quotes, its bracket and its
// type: `NAME = `, `"NAME": `, `env["NAME"] = `, `NAME: str = `; 0 for none.
inline std::size_t assignment_end(std::string_view text, std::size_t at) {
    at += is_at(text, at, "\"'") ? 1U : 0U;
    at += is_at(text, at, "]") ? 1U : 0U;
    at = skip_blanks(text, at);
    const auto is_assigned = [&](std::size_t mark) {
        return is_at(text, mark, "=") && !is_at(text, mark + 1, "=");
    };
    if (!is_at(text, at, ":")) {
        return is_assigned(at) ? at + 1 : 0;
    }
    std::size_t type = skip_blanks(text, at + 1);
    while (type < text.size() && !ends_name(text[type])) {
        ++type;
    }
    const std::size_t mark = skip_blanks(text, type);
    return is_assigned(mark) && mark > at + 1 ? mark + 1
           : is_at(text, at + 1, " \t\"'")    ? at + 1
                                              : 0;
}

// The end of a text in quotes that begins at `at`; 0 when it is empty or goes on behind its line.
inline std::size_t quoted_end(std::string_view text, std::size_t at) {
    const std::string_view three = text.substr(at, 3);
    if (three == "\"\"\"" || three == "'''") {
        const std::size_t close = text.find(three, at + 3);
        return close == std::string_view::npos ? 0 : close + 3;
    }
    std::size_t end = at + 1;
    while (end < text.size() && text[end] != text[at] && text[end] != '\n') {
        end += text[end] == '\\' ? 2U : 1U;
    }
    return is_at(text, end, text.substr(at, 1)) && end > at + 1 ? end + 1 : 0;
}

// The end of a word without quotes that is all of its line from `at` on; 0 where it seems to be
// code: the name of a variable, a call.
inline std::size_t plain_value_end(std::string_view name, std::string_view text, std::size_t at) {
    const std::size_t end =
        std::min(text.find_first_of(" \t\r\n()[]{}<>,;\"'`$|", at), text.size());
    const std::size_t rest = skip_blanks(text, end);
    const std::string_view value = text.substr(at, end - at);
    const bool is_last = rest == text.size() || is_at(text, rest, "\r\n#");
    const bool is_word = is_word_in(to_lower(value), {"", "none", "null", "nil", "true", "false"});
    const bool has_digit = std::any_of(value.begin(), value.end(), is_digit);
    const bool is_token = ends_with(to_lower(name), "token");  // much code is about those of texts
    return is_last && !is_word && (has_digit || !is_token) && !is_secret_name(value) ? end : 0;
}

// Begin and end of what is assigned to the name that ends at `at`; {0, 0} where nothing is.
inline std::pair<std::size_t, std::size_t> assigned_value(std::string_view name,
                                                          std::string_view text, std::size_t at) {
    const std::size_t mark = assignment_end(text, at);
    if (mark == 0 || !is_secret_name(name)) {
        return {0, 0};
    }
    const std::size_t begin = skip_blanks(text, mark);
    std::size_t quote = begin;  // behind the letters of f"", rb''
    while (quote < begin + 2 && is_at(text, quote, "fFbBrRuU")) {
        ++quote;
    }
    const std::size_t end = is_at(text, quote, "\"'") ? quoted_end(text, quote)
                            : begin > mark            ? plain_value_end(name, text, begin)
                                                      : 0;
    return end == 0 ? std::make_pair(end, end) : std::make_pair(begin, end);
}

// The password of SCHEME://USER:PASSWORD@HOST whose "://" is at `at`, or a USER of http(s) alone
// that is long enough to be a token; {0, 0} without one.
inline std::pair<std::size_t, std::size_t> url_password(std::string_view text, std::size_t at) {
    const std::size_t begin = at + 3;
    const std::size_t end = std::min(text.find_first_of("/?# \t\n\"'", begin), text.size());
    const std::string_view authority = text.substr(begin, end - begin);
    const std::size_t host = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    const bool has_host = host != std::string_view::npos;
    if (has_host && colon != std::string_view::npos && colon + 1 < host) {
        return {begin + colon + 1, begin + host};
    }
    constexpr std::size_t least = 20;
    const std::string_view scheme = text.substr(0, at);
    const bool is_token = has_host && (colon == std::string_view::npos || colon > host) &&
                          host >= least &&
                          (ends_with(scheme, "http") || ends_with(scheme, "https"));
    return is_token ? std::make_pair(begin, begin + host)
                    : std::pair<std::size_t, std::size_t>(0, 0);
}

// Goes through a text once and copies what may be seen.
class secret_filter {
public:
    explicit secret_filter(std::string_view text) : text_(text) {}

    std::string run() {
        while (at_ < text_.size()) {
            const bool is_start = at_ == 0 || ends_name(text_[at_ - 1]);
            if (starts_with(text_.substr(at_), "://")) {
                take_url();
            } else if (is_start && !ends_name(text_[at_])) {
                take_word();
            } else if (starts_with(text_.substr(at_), "-----BEGIN ")) {
                take_pem();
            } else {
                out_ += text_[at_++];
            }
        }
        return std::move(out_);
    }

private:
    void withhold(std::size_t end) {
        out_ += withheld_text;
        at_ = end;
    }

    void take_url() {
        const auto [begin, end] = url_password(text_, at_);
        if (end == 0) {
            out_ += text_.substr(at_, 3);
            at_ += 3;
            return;
        }
        out_ += text_.substr(at_, begin - at_);
        withhold(end);
    }

    void take_word() {
        if (starts_with(text_.substr(at_), "-----BEGIN ")) {
            take_pem();
            return;
        }
        if (const std::size_t size = marked_key_size(text_.substr(at_))) {
            withhold(at_ + size);
            return;
        }
        std::size_t end = at_;
        while (end < text_.size() && !ends_name(text_[end])) {
            ++end;
        }
        const std::string_view name = text_.substr(at_, end - at_);
        const std::string_view rest = text_.substr(end);
        const bool is_header = starts_with(rest, ": ");
        const bool is_named = is_header || (starts_with(rest, "=") && rest.size() > 1);
        out_ += name;
        at_ = end;
        if (const auto value = assigned_value(name, text_, end); value.second != 0) {
            out_ += text_.substr(end, value.first - end);
            withhold(value.second);
            return;
        }
        if (is_named && is_secret_name(name)) {
            const std::size_t begin = end + (is_header ? 2 : 1);
            out_ += text_.substr(end, begin - end);
            withhold(value_end(text_, begin, is_header));
        }
    }

    void take_pem() {
        const std::size_t head = text_.find("-----", at_ + 11);
        const bool is_private = head != std::string_view::npos &&
                                contains(text_.substr(at_, head - at_), "PRIVATE KEY");
        if (!is_private) {
            out_ += text_.substr(at_, 5);
            at_ += 5;
            return;
        }
        const std::size_t tail = text_.find("-----END ", head);
        const std::size_t end = tail == std::string_view::npos
                                    ? text_.size()
                                    : std::min(text_.find('\n', tail), text_.size());
        withhold(end);
    }

    std::string_view text_;
    std::string out_;
    std::size_t at_ = 0;
};

}  // namespace detail

inline bool is_secret_name(std::string_view name) {
    const std::vector<std::string> words = detail::words_of_name(name);
    if (words.empty()) {
        return false;
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (detail::is_word_in(word, {"password",      "passwd",     "passphrase", "passcode",
                                      "secret",        "secrets",    "credential", "credentials",
                                      "apikey",        "apitoken",   "authtoken",  "accesstoken",
                                      "authorization", "bearer",     "cookie",     "jwt",
                                      "dsn",           "privatekey", "secretkey",  "accesskey",
                                      "pgpassword"})) {
            return true;
        }
        const std::string before = i > 0 ? words[i - 1] : "";
        if (word == "key" &&
            detail::is_word_in(before, {"api", "access", "private", "secret", "ssh", "encryption",
                                        "signing", "license", "auth", "account", "storage",
                                        "service", "deploy", "master", "shared", "app"})) {
            return true;
        }
        if (word == "string" && before == "connection") {
            return true;
        }
    }
    const std::string& last = words.back();
    const std::string before = words.size() > 1 ? words[words.size() - 2] : "";
    if (last == "token") {
        return !detail::is_word_in(before, {"pad", "eos", "bos", "mask", "unk", "sep", "cls",
                                            "stop", "special", "image", "start", "end", "per",
                                            "next", "max", "min"});
    }
    // PWD is a directory, `--pass 2` a number: only with a word before them.
    return words.size() > 1 ? detail::is_word_in(last, {"pass", "pwd", "pat", "auth", "webhook"})
                            : last == "auth";
}

inline bool is_secret_file(std::string_view path) {
    const std::string name = to_lower(path.substr(path.rfind('/') + 1));
    const auto ends_in = [&name](std::initializer_list<std::string_view> endings) {
        return std::any_of(endings.begin(), endings.end(),
                           [&name](std::string_view each) { return ends_with(name, each); });
    };
    const bool is_sample = ends_in({".example", ".sample", ".template", ".dist", ".pub"});
    const bool is_named = starts_with(name, ".env.") || starts_with(name, "id_rsa") ||
                          starts_with(name, "id_ed25519");
    return (is_named && !is_sample) ||
           ends_in({".env", ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore"}) ||
           detail::is_word_in(name, {".netrc", ".pgpass", ".npmrc", ".pypirc", ".git-credentials",
                                     ".htpasswd", "credentials.json"});
}

inline std::string withhold_in_text(std::string_view text) {
    return detail::secret_filter(text).run();
}

inline std::string withhold_value(std::string_view name, std::string_view value) {
    return is_secret_name(name) && !value.empty() ? std::string(withheld_text)
                                                  : withhold_in_text(value);
}

inline std::vector<std::string> withhold_arguments(std::vector<std::string> argv) {
    bool is_value = false;  // of the option before
    for (std::size_t i = 0; i < argv.size(); ++i) {
        const bool is_option = starts_with(argv[i], "-");
        const bool is_secret = is_value && !starts_with(argv[i], "--") && !argv[i].empty();
        is_value = i > 0 && is_option && !contains(argv[i], "=") && is_secret_name(argv[i]);
        argv[i] = is_secret ? std::string(withheld_text) : withhold_in_text(argv[i]);
    }
    return argv;
}

inline pair_list withhold_values(pair_list pairs) {
    for (auto& [name, value] : pairs) {
        value = withhold_value(name, value);
    }
    return pairs;
}

inline pair_list withhold_in_meta(pair_list meta) {
    std::vector<std::string> argv;
    for (const auto& [key, value] : meta) {
        if (starts_with(key, "argv.")) {
            argv.push_back(value);
        }
    }
    argv = withhold_arguments(std::move(argv));
    std::vector<std::string> shown;
    for (const std::string& word : argv) {
        shown.push_back(quote_for_display(word));
    }
    std::size_t next = 0;
    for (auto& [key, value] : meta) {
        if (starts_with(key, "argv.")) {
            value = argv[next++];
        } else if (key == "cmd" && !argv.empty()) {
            value = join(shown, " ");
        } else if (starts_with(key, "env.")) {
            value = withhold_value(std::string_view(key).substr(4), value);
        }
    }
    return meta;
}

}}}  // namespace guild::runs

// guild/runs/secrets.hpp - passwords, keys and tokens, which are not written down with a run.
//
// Layer 4. Includes: base, runs/recorded_command tsv.
// Not here: the output of a command, which is stored as it is.
//
// What is secret is told by names: `--api_key X`, `--token=X`, `DB_PASSWORD=X`, `Authorization: X`;
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

// The password of SCHEME://USER:PASSWORD@HOST whose "://" is at `at`; {0, 0} without one.
inline std::pair<std::size_t, std::size_t> url_password(std::string_view text, std::size_t at) {
    const std::size_t begin = at + 3;
    const std::size_t end = std::min(text.find_first_of("/?# \t\n\"'", begin), text.size());
    const std::string_view authority = text.substr(begin, end - begin);
    const std::size_t host = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    const bool has_one =
        host != std::string_view::npos && colon != std::string_view::npos && colon + 1 < host;
    return has_one ? std::make_pair(begin + colon + 1, begin + host)
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

// tests/bench/sqlite.hpp - as much of SQLite as the peers of the series benchmark need. Any failure
// ends the program.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace bench {

class database {
public:
    explicit database(const std::string& path,
                      int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
        check(sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr));
    }
    database(const database&) = delete;
    database& operator=(const database&) = delete;
    ~database() { check(sqlite3_close(handle_)); }

    void run(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }

    void check(int code) const {
        if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
            std::fprintf(stderr, "benchmark: SQLite: %s\n",
                         handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
            std::exit(1);
        }
    }
    [[nodiscard]] sqlite3* handle() const { return handle_; }

private:
    sqlite3* handle_ = nullptr;
};

/// A prepared statement; parameters count from 1, columns from 0.
class statement {
public:
    statement(const database& in, const char* sql) : in_(in) {
        in.check(sqlite3_prepare_v2(in.handle(), sql, -1, &handle_, nullptr));
    }
    statement(const statement&) = delete;
    statement& operator=(const statement&) = delete;
    ~statement() { (void)sqlite3_finalize(handle_); }

    statement& bind(int at, std::int64_t value) {
        in_.check(sqlite3_bind_int64(handle_, at, value));
        return *this;
    }
    statement& bind(int at, double value) {
        in_.check(sqlite3_bind_double(handle_, at, value));
        return *this;
    }
    /// The text must outlive the next step().
    statement& bind(int at, std::string_view value) {
        in_.check(
            sqlite3_bind_text(handle_, at, value.data(), static_cast<int>(value.size()), nullptr));
        return *this;
    }
    statement& bind_blob(int at, std::string_view value) {
        in_.check(
            sqlite3_bind_blob(handle_, at, value.data(), static_cast<int>(value.size()), nullptr));
        return *this;
    }

    /// Whether there is one more row.
    bool step() {
        const int code = sqlite3_step(handle_);
        in_.check(code);
        return code == SQLITE_ROW;
    }
    /// Runs a statement without rows, and makes it ready for the next time.
    void run() {
        (void)step();
        reset();
    }
    void reset() { in_.check(sqlite3_reset(handle_)); }

    [[nodiscard]] std::int64_t integer(int column) const {
        return sqlite3_column_int64(handle_, column);
    }
    [[nodiscard]] double real(int column) const { return sqlite3_column_double(handle_, column); }
    [[nodiscard]] std::string_view blob(int column) const {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
    }

private:
    const database& in_;
    sqlite3_stmt* handle_ = nullptr;
};

}  // namespace bench

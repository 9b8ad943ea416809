// What the programs of this folder print: one JSON object a line, floating-point numbers as
// hexadecimal strings and steps as decimal ones, so that Python compares bits and not roundings.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace interop {

inline std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char code[8] = {};
            std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
            out += code;
        } else {
            out += c;
        }
    }
    out += '"';
    return out;
}

inline std::string exact(double value) {
    char text[40] = {};
    std::snprintf(text, sizeof text, "\"%a\"", value);
    return text;
}

// Collects the fields of one line; the destructor prints it.
class line {
public:
    line() = default;
    line(const line&) = delete;
    line& operator=(const line&) = delete;
    ~line() {
        text_ += "}\n";
        std::fwrite(text_.data(), 1, text_.size(), stdout);
    }

    line& text(std::string_view name, std::string_view value) { return raw(name, quoted(value)); }
    line& number(std::string_view name, double value) { return raw(name, exact(value)); }
    line& step(std::int64_t value) { return raw("step", "\"" + std::to_string(value) + "\""); }
    line& raw(std::string_view name, std::string_view json) {
        text_ += text_.size() > 1 ? "," : "";
        text_ += quoted(name);
        text_ += ":";
        text_ += json;
        return *this;
    }

private:
    std::string text_ = "{";
};

}  // namespace interop

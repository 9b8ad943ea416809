// Fuzzes base/pattern.hpp: any bytes as an expression, matched against any bytes. The first line is
// the expression.
#include <guild/base/pattern.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t line = input.find('\n');
    const std::string_view expression = input.substr(0, line);
    const std::string_view text =
        line == std::string_view::npos ? std::string_view() : input.substr(line + 1, 256);
    const auto parsed = guild::pattern::parse(expression);
    if (!parsed) {
        if (parsed.error().where.column == 0 ||
            parsed.error().where.column > expression.size() + 1) {
            std::abort();
        }
        return 0;
    }
    const auto whole = parsed->find_whole(text);
    if (whole.has_value() != parsed->matches(text)) {
        std::abort();
    }
    if (whole && (whole->begin != 0 || whole->end != text.size())) {
        std::abort();
    }
    const auto first = parsed->find(text);
    if (whole && !first) {
        std::abort();
    }
    if (first && (first->begin > first->end || first->end > text.size())) {
        std::abort();
    }
    return 0;
}

// Fuzzes runs/query.hpp: any bytes as a condition. A mistake has its place in the text; what was
// read decides about any run, and its negation decides the other way.
#include <guild/runs/query.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using guild::runs::query;
    using guild::runs::query_source;
    const std::string_view text(reinterpret_cast<const char*>(data), size < 4096 ? size : 4096);
    const auto parsed = query::parse(text);
    if (!parsed) {
        const auto& where = parsed.error().where;
        if (where.line != 1 || where.column == 0 || where.column > text.size() + 1) {
            std::abort();
        }
        return 0;
    }
    const auto lookup = [](query_source source,
                           std::string_view name) -> std::optional<std::string> {
        if (name.size() % 7 == static_cast<std::size_t>(source)) {
            return std::string(name);
        }
        return name.size() % 3 == 1 ? std::make_optional<std::string>("0.5") : std::nullopt;
    };
    const auto negated = query::parse("not (" + std::string(text) + ")");
    if (!parsed->is_empty() && negated && negated->matches(lookup) == parsed->matches(lookup)) {
        std::abort();
    }
    return 0;
}

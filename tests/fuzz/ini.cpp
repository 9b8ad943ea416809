// Fuzzes ini/: any bytes parse into tokens that give the same bytes back; an edit that is accepted
// reads back as asked.
#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>
#include <guild/ini/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace ini = guild::ini;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const ini::document parsed = ini::parse(text, "fuzz");
    if (ini::format(parsed) != text) {
        std::abort();
    }
    for (const ini::diagnostic& each : parsed.diagnostics()) {
        if (each.what.where.line == 0 || each.what.where.end > size ||
            ini::render(each, text).empty()) {
            std::abort();
        }
    }
    const ini::expansion read = ini::expand(parsed);
    if (read.sections.size() != parsed.sections().size()) {
        std::abort();
    }
    if (read.sections.empty()) {
        return 0;
    }
    const ini::section& first = read.sections.front();
    const std::string name = first.attributes.empty() ? "name" : first.attributes.front().name;
    const std::string value(text.substr(0, 8));
    const auto edited = ini::set_value(parsed, first.key, name, value);
    if (edited) {
        const auto again = ini::expand(ini::parse(*edited)).sections;
        const ini::section* same = ini::find_section(again, first.key);
        if (same == nullptr) {
            std::abort();
        }
    }
    const auto removed = ini::remove_value(parsed, first.key, name);
    if (removed && removed->size() >= size) {
        std::abort();
    }
    return 0;
}

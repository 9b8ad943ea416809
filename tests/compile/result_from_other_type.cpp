// A result is made from its own value type or an error, never from something that merely looks like one.
// rejected: (could not convert|no viable conversion|cannot convert)
#include <guild/base/result.hpp>
#include <string>

struct settings {
    int count = 0;
};

guild::result<settings> make() {
#if GUILD_REJECT
    return std::string("settings");
#else
    return settings{1};
#endif
}

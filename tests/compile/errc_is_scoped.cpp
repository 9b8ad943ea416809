// Codes are compared by name: an integer is no errc, and an errc is no integer.
// rejected: (cannot convert|no viable conversion|cannot initialize)
#include <guild/base/error.hpp>

bool is_missing(const guild::error& what) {
#if GUILD_REJECT
    int code = what.code;
    return code == 7;
#else
    return what.code == guild::errc::not_found;
#endif
}

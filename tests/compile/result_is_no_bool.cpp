// `bool ok = f();` would compile for result<bool> and mean something else: the conversion is explicit.
// rejected: (cannot convert|no viable conversion)
#include <guild/base/result.hpp>

bool ask(const guild::result<int>& answer) {
#if GUILD_REJECT
    bool ok = answer;
#else
    bool ok = static_cast<bool>(answer);
#endif
    return ok;
}

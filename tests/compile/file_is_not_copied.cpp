// Two objects that close one descriptor would close somebody else's file.
// rejected: (uses? (of )?deleted function|call to deleted)
#include <guild/os/file.hpp>
#include <utility>

guild::os::file hand_over(guild::os::file& from) {
#if GUILD_REJECT
    return guild::os::file(from);
#else
    return guild::os::file(std::move(from));
#endif
}

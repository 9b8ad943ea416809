// A result that nobody looks at is an error that nobody sees.
// rejected: (nodiscard|unused-result|warn_unused_result)
#include <guild/base/result.hpp>

guild::result<int> may_fail();

void call() {
#if GUILD_REJECT
    may_fail();
#else
    (void)may_fail();
#endif
}

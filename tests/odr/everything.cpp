// Includes every umbrella and is linked into every test program: a function of a header that lacks `inline` is defined
// twice and does not link. The viewer's second translation unit is tests/viewer's own: cpp-httplib is slow to compile.
#include <guild/guild.hpp>
#ifdef GUILD_ODR_JSON
#include <guild/json.hpp>
#endif
#ifdef GUILD_ODR_TOML
#include <guild/toml.hpp>
#endif

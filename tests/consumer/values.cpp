// A consumer of the components: what the headers with foreign libraries need must come with the target.
#include <cstdio>
#include <guild/json.hpp>
#include <guild/toml.hpp>
#include <guild/version.hpp>

int main() {
    const nlohmann::json object = {{"version", guild::version}};
    std::printf("%s\n", object.dump().c_str());
    return 0;
}

# guild_warnings: what every program of this repository is compiled with; never exported to users.
add_library(guild_warnings INTERFACE)
if(MSVC)
  target_compile_options(guild_warnings INTERFACE /W4 /permissive- /utf-8 /Zc:__cplusplus)
else()
  target_compile_options(guild_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wundef -Wcast-qual
    -Wformat=2 -Wdouble-promotion -Wnon-virtual-dtor -Woverloaded-virtual -Wmissing-declarations
    $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op> $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond>
    $<$<CXX_COMPILER_ID:GNU>:-Wuseless-cast> $<$<BOOL:${GUILD_WERROR}>:-Werror>)
endif()

if(GUILD_SANITIZE)
  set(guild_sanitize -fsanitize=${GUILD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(${guild_sanitize})
  add_link_options(${guild_sanitize})
endif()
if(GUILD_NO_EXCEPTIONS)
  add_compile_options(-fno-exceptions -fno-rtti)
endif()
if(GUILD_TIDY)
  find_program(CLANG_TIDY_PROGRAM NAMES clang-tidy clang-tidy-19 REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY "${CLANG_TIDY_PROGRAM}")
endif()

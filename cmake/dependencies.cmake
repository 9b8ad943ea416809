# Finds the libraries that guild/json.hpp, guild/toml.hpp and guild/viewer.hpp include.
#
# guild_find_library(json|toml|httplib|cli11|doctest) leaves the library's own target defined, or not:
# an existing target wins, then a CMake package, then pkg-config. Installed with the package, so that a
# user's build looks for them exactly as ours does.

set(guild_target_of_json nlohmann_json::nlohmann_json)
set(guild_target_of_toml tomlplusplus::tomlplusplus)
set(guild_target_of_httplib httplib::httplib)
set(guild_target_of_cli11 CLI11::CLI11)
set(guild_target_of_doctest doctest::doctest)
set(guild_package_of_json nlohmann_json)
set(guild_package_of_toml tomlplusplus)
set(guild_package_of_httplib httplib)
set(guild_package_of_cli11 CLI11)
set(guild_package_of_doctest doctest)
set(guild_pkgconfig_of_json nlohmann_json)
set(guild_pkgconfig_of_toml tomlplusplus)
set(guild_pkgconfig_of_httplib cpp-httplib) # all that Debian 12 ships; its flags choose the split library
set(guild_pkgconfig_of_cli11 CLI11)

# A target found here must be visible in the directories that link guild.
function(guild_make_global target)
  get_target_property(aliased ${target} ALIASED_TARGET)
  get_target_property(global ${target} IMPORTED_GLOBAL)
  if(NOT aliased AND NOT global)
    set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
  endif()
endfunction()

function(guild_find_by_pkgconfig name)
  if(NOT DEFINED guild_pkgconfig_of_${name})
    return()
  endif()
  find_package(PkgConfig QUIET)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(guild_pc_${name} QUIET IMPORTED_TARGET GLOBAL ${guild_pkgconfig_of_${name}})
  endif()
  if(TARGET PkgConfig::guild_pc_${name})
    add_library(${guild_target_of_${name}} INTERFACE IMPORTED GLOBAL)
    set_property(TARGET ${guild_target_of_${name}} PROPERTY INTERFACE_LINK_LIBRARIES
                 PkgConfig::guild_pc_${name})
  endif()
endfunction()

function(guild_find_library name)
  set(target ${guild_target_of_${name}})
  if(TARGET ${target})
    return()
  endif()
  find_package(${guild_package_of_${name}} QUIET CONFIG)
  if(TARGET ${target})
    guild_make_global(${target})
  else()
    guild_find_by_pkgconfig(${name})
  endif()
endfunction()

# Installs headers, a relocatable CMake package with components, and one pkg-config file per target.
include(CMakePackageConfigHelpers)
set(guild_package_directory "${CMAKE_INSTALL_DATADIR}/cmake/guild")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/guild" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "page" EXCLUDE)
install(TARGETS ${guild_targets} EXPORT guild-targets)
install(EXPORT guild-targets NAMESPACE guild:: DESTINATION "${guild_package_directory}")

configure_package_config_file(cmake/guild-config.cmake.in "${PROJECT_BINARY_DIR}/guild-config.cmake"
  INSTALL_DESTINATION "${guild_package_directory}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/guild-config-version.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT) # SameMajorVersion from 1.0 on
configure_file(cmake/dependencies.cmake "${PROJECT_BINARY_DIR}/guild-dependencies.cmake" COPYONLY)
install(FILES "${PROJECT_BINARY_DIR}/guild-config.cmake" "${PROJECT_BINARY_DIR}/guild-config-version.cmake"
              "${PROJECT_BINARY_DIR}/guild-dependencies.cmake"
        DESTINATION "${guild_package_directory}")

function(guild_install_pkgconfig pc_name pc_description pc_requires pc_libs)
  configure_file(cmake/guild.pc.in "${PROJECT_BINARY_DIR}/${pc_name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${pc_name}.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
endfunction()
set(guild_pc_libs "-pthread")
if(CMAKE_DL_LIBS)
  string(APPEND guild_pc_libs " -l${CMAKE_DL_LIBS}")
endif()
guild_install_pkgconfig(guild "runs, event files, series and project files" "" "${guild_pc_libs}")
guild_install_pkgconfig(guild-json "guild values and JSON" "guild, nlohmann_json" "")
guild_install_pkgconfig(guild-toml "guild values from TOML" "guild, tomlplusplus" "")
guild_install_pkgconfig(guild-viewer "the page of guild runs" "guild-json, cpp-httplib" "")

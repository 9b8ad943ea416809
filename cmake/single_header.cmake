# The same sources, built against the four generated headers: forwarders stand in for the small ones.
find_package(Python3 3.8 REQUIRED COMPONENTS Interpreter)
set(guild_shims "${PROJECT_BINARY_DIR}/shims")
execute_process(
  COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/single_include/amalgamate.py" --shims "${guild_shims}"
  RESULT_VARIABLE guild_shims_result)
if(NOT guild_shims_result EQUAL 0)
  message(FATAL_ERROR "guild: single_include/amalgamate.py --shims failed")
endif()
set(guild_include "${PROJECT_SOURCE_DIR}/single_include;${guild_shims}")

# Tests. Each ctest entry is one file of tests/, so that a failure names its file; label `quick` is what a newcomer
# runs, `long` the rest. In a doctest file, cases in the suite "long" make an entry of their own.

find_package(Python3 3.8 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
  message(STATUS "guild: python3 is missing, the checks of the source tree are left out")
endif()
guild_need_library(doctest guild_has_doctest)

set(guild_tests_dir "${PROJECT_SOURCE_DIR}/tests")
set(guild_bin_dir "${PROJECT_BINARY_DIR}/bin")
get_filename_component(guild_shared_data "${PROJECT_SOURCE_DIR}/../shared/data" ABSOLUTE)
set(GUILD_TEST_FOLDERS "base;os;ini;project;tfevents;series;archive;package;runs;regression" CACHE STRING
    "Folders of tests/ that guild_tests is made of")
set(GUILD_SHARED_DATA "${guild_shared_data}" CACHE PATH "Sample event and INI files; their tests are skipped without")

add_library(guild_test_settings INTERFACE)
target_include_directories(guild_test_settings INTERFACE "${guild_tests_dir}")
target_link_libraries(guild_test_settings INTERFACE guild_warnings guild::guild)
target_compile_definitions(guild_test_settings INTERFACE
  GUILD_TEST_DATA="${guild_tests_dir}/data" GUILD_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  GUILD_BIN_DIR="${guild_bin_dir}" GUILD_TEST_CHILD_DIR="${guild_bin_dir}"
  GUILD_SHARED_DATA="${GUILD_SHARED_DATA}")
set(guild_test_environment
  "GUILD_BIN_DIR=${guild_bin_dir}" "GUILD_SHARED_DATA=${GUILD_SHARED_DATA}" "GUILD_BUILD_DIR=${PROJECT_BINARY_DIR}"
  "GUILD_CXX=${CMAKE_CXX_COMPILER}" "MNIST_MIRRORS=" "NO_COLOR=1")

# guild_test(NAME LABEL SECONDS COMMAND...): SECONDS is what it may take; those that may take long start first.
function(guild_test name label seconds)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT ${seconds} COST ${seconds} SKIP_RETURN_CODE 77
                       ENVIRONMENT "${guild_test_environment}")
endfunction()

# ---- doctest programs -----------------------------------------------------------------------------

# One entry per source, two when it has a long suite. A filter that selects nothing is a failure.
function(guild_register_doctest program source)
  file(RELATIVE_PATH path "${guild_tests_dir}" "${source}")
  string(REGEX REPLACE "[.]cpp$" "" name "${path}")
  set(empty "test cases: +0 [|]")
  file(STRINGS "${source}" long_cases REGEX "test_suite\\(\"long\"\\)|TEST_SUITE(_BEGIN)?\\(\"long\"\\)")
  file(STRINGS "${source}" all_cases REGEX "^ *(TEST_CASE|TEST_CASE_FIXTURE|TEST_CASE_TEMPLATE)\\(")
  if(NOT all_cases)
    return() # shared code of a test program
  endif()
  list(LENGTH long_cases long_count)
  list(LENGTH all_cases all_count)
  if(NOT long_cases OR long_count LESS all_count)
    guild_test(${name} quick 120 ${program} "--source-file=*/tests/${path}" --test-suite-exclude=long)
    set_tests_properties(${name} PROPERTIES FAIL_REGULAR_EXPRESSION "${empty}")
  endif()
  if(long_cases)
    guild_test(${name}.long long 900 ${program} "--source-file=*/tests/${path}" --test-suite=long)
    set_tests_properties(${name}.long PROPERTIES FAIL_REGULAR_EXPRESSION "${empty}")
  endif()
endfunction()

# guild_doctest_program(NAME LIBRARIES target... GLOBS pattern... EXCEPT file...)
function(guild_doctest_program name)
  cmake_parse_arguments(arg "" "" "LIBRARIES;GLOBS;EXCEPT" ${ARGN})
  list(TRANSFORM arg_GLOBS PREPEND "${guild_tests_dir}/")
  list(TRANSFORM arg_EXCEPT PREPEND "${guild_tests_dir}/")
  file(GLOB sources CONFIGURE_DEPENDS ${arg_GLOBS})
  list(REMOVE_ITEM sources ${arg_EXCEPT})
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources} $<TARGET_OBJECTS:guild_test_main> $<TARGET_OBJECTS:guild_odr>)
  target_link_libraries(${name} PRIVATE guild_test_settings doctest::doctest ${arg_LIBRARIES})
  guild_join_sources(${name} EXCEPT config.cpp)
  foreach(source IN LISTS sources)
    guild_register_doctest(${name} "${source}")
  endforeach()
endfunction()

if(guild_has_doctest)
  add_library(guild_test_main OBJECT "${guild_tests_dir}/main.cpp")
  target_link_libraries(guild_test_main PRIVATE doctest::doctest)
  if(GUILD_NO_EXCEPTIONS)
    target_compile_definitions(guild_test_settings INTERFACE DOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS)
    target_compile_definitions(guild_test_main PRIVATE DOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS)
  endif()

  # A second translation unit that includes everything, in every test program: a forgotten `inline` cannot link.
  set(guild_everything "")
  add_library(guild_odr OBJECT "${guild_tests_dir}/odr/everything.cpp")
  target_link_libraries(guild_odr PRIVATE guild_test_settings)
  foreach(name IN ITEMS json toml)
    if(TARGET guild::${name} AND NOT GUILD_NO_EXCEPTIONS)
      string(TOUPPER ${name} upper)
      target_compile_definitions(guild_odr PRIVATE GUILD_ODR_${upper})
      list(APPEND guild_everything guild::${name})
    endif()
  endforeach()
  target_link_libraries(guild_odr PRIVATE ${guild_everything})

  # Small programs that process tests start.
  file(GLOB guild_child_sources CONFIGURE_DEPENDS "${guild_tests_dir}/child/*.cpp")
  set(guild_children "")
  foreach(source IN LISTS guild_child_sources)
    get_filename_component(name "${source}" NAME_WE)
    add_executable(child_${name} "${source}")
    target_link_libraries(child_${name} PRIVATE guild_test_settings)
    if(GUILD_SANITIZE) # they die by signals and fill memory on purpose, as plain programs do
      target_compile_options(child_${name} PRIVATE -fno-sanitize=all)
      target_link_options(child_${name} PRIVATE -fno-sanitize=all)
    endif()
    list(APPEND guild_children child_${name})
  endforeach()

  # Libraries that are loaded while tests run, in the place of those that machines lack.
  add_library(fake_nvml MODULE "${guild_tests_dir}/library/nvml.cpp")
  target_link_libraries(fake_nvml PRIVATE guild_warnings)
  if(GUILD_SANITIZE) # as the true library is, which is C
    target_compile_options(fake_nvml PRIVATE -fno-sanitize=all)
    target_link_options(fake_nvml PRIVATE -fno-sanitize=all)
  endif()
  set_target_properties(fake_nvml PROPERTIES PREFIX lib SUFFIX .so LIBRARY_OUTPUT_DIRECTORY "${guild_bin_dir}")
  list(APPEND guild_children fake_nvml)

  list(TRANSFORM GUILD_TEST_FOLDERS APPEND "/*.cpp" OUTPUT_VARIABLE guild_test_globs)
  guild_doctest_program(guild_tests LIBRARIES ${guild_everything} GLOBS *.cpp ${guild_test_globs}
    EXCEPT main.cpp json.cpp toml.cpp)
  if(guild_children AND TARGET guild_tests)
    add_dependencies(guild_tests ${guild_children})
  endif()
  # What a runner of processes has to get right: 44 numbered cases, an entry each (ctest -L process).
  file(GLOB guild_process_sources CONFIGURE_DEPENDS "${guild_tests_dir}/process/*.cpp")
  add_executable(guild_tests_process ${guild_process_sources} $<TARGET_OBJECTS:guild_test_main>
                 $<TARGET_OBJECTS:guild_odr>)
  target_link_libraries(guild_tests_process PRIVATE guild_test_settings doctest::doctest ${guild_everything})
  if(guild_children)
    add_dependencies(guild_tests_process ${guild_children})
  endif()
  foreach(number RANGE 1 44)
    if(number LESS 10)
      set(number "0${number}")
    endif()
    guild_test(process/case_${number} "process;quick" 300 guild_tests_process "--test-case=case ${number}:*")
    set_tests_properties(process/case_${number} PROPERTIES FAIL_REGULAR_EXPRESSION "test cases: +0 [|]")
  endforeach()
  # What series storage promises when writers, machines and disks fail. They read millions of files: optimised always.
  guild_doctest_program(guild_tests_durability LIBRARIES ${guild_everything} GLOBS durability/*.cpp)
  if(TARGET guild_tests_durability)
    target_compile_options(guild_tests_durability PRIVATE -O2)
    if(guild_children)
      add_dependencies(guild_tests_durability ${guild_children})
    endif()
  endif()
  if(NOT GUILD_NO_EXCEPTIONS)
    if(TARGET guild::json)
      guild_doctest_program(guild_tests_json LIBRARIES ${guild_everything} GLOBS json.cpp)
    endif()
    if(TARGET guild::toml)
      guild_doctest_program(guild_tests_toml LIBRARIES ${guild_everything} GLOBS toml.cpp)
    endif()
    if(TARGET guild::viewer)
      guild_doctest_program(guild_tests_viewer LIBRARIES ${guild_everything} guild::viewer GLOBS viewer/*.cpp)
    endif()
    if(TARGET guild_program)
      guild_doctest_program(guild_tests_examples LIBRARIES ${guild_everything}
        GLOBS examples/*.cpp cli/*.cpp tutorial/*.cpp)
    endif()
  endif()
endif()

# ---- each header alone ----------------------------------------------------------------------------

# One generated translation unit per header: it must compile alone and define no symbol of ours. The headers of
# third-party libraries are compiled too, but emit what those emit.
if(NOT GUILD_SINGLE_HEADER)
  file(GLOB_RECURSE guild_headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include"
       "${PROJECT_SOURCE_DIR}/include/guild/*.hpp")
else()
  set(guild_headers guild/guild.hpp guild/json.hpp guild/toml.hpp guild/viewer.hpp)
endif()
set(guild_units "")
set(guild_units_json "")
set(guild_units_toml "")
set(guild_units_viewer "")
foreach(header IN LISTS guild_headers)
  string(MAKE_C_IDENTIFIER "${header}" unit)
  set(unit "${PROJECT_BINARY_DIR}/headers/${unit}.cpp")
  file(WRITE "${unit}.in" "#include <${header}>\n")
  configure_file("${unit}.in" "${unit}" COPYONLY)
  if(header MATCHES "^guild/(viewer|json|toml)[./]")
    list(APPEND guild_units_${CMAKE_MATCH_1} "${unit}")
  else()
    list(APPEND guild_units "${unit}")
  endif()
endforeach()
add_library(guild_header_units OBJECT EXCLUDE_FROM_ALL ${guild_units}) # slow: CI alone
target_link_libraries(guild_header_units PRIVATE guild_warnings guild::guild)
add_custom_target(guild_all_header_units)
add_dependencies(guild_all_header_units guild_header_units)
add_custom_target(guild_umbrella_units)
foreach(name IN ITEMS guild json toml viewer)
  if(TARGET guild::${name} AND (name STREQUAL guild OR NOT GUILD_NO_EXCEPTIONS))
    add_library(guild_umbrella_${name} OBJECT EXCLUDE_FROM_ALL "${PROJECT_BINARY_DIR}/headers/guild_${name}_hpp.cpp")
    target_link_libraries(guild_umbrella_${name} PRIVATE guild_warnings guild::${name})
    add_dependencies(guild_umbrella_units guild_umbrella_${name})
  endif()
endforeach()
if(NOT GUILD_NO_EXCEPTIONS)
  foreach(name IN ITEMS json toml viewer)
    if(guild_units_${name} AND TARGET guild::${name})
      add_library(guild_header_units_${name} OBJECT EXCLUDE_FROM_ALL ${guild_units_${name}})
      target_link_libraries(guild_header_units_${name} PRIVATE guild_warnings guild::${name})
      add_dependencies(guild_all_header_units guild_header_units_${name})
    endif()
  endforeach()
endif()

if(Python3_FOUND AND NOT GUILD_SANITIZE)
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/headers/objects.txt"
       CONTENT "$<JOIN:$<TARGET_OBJECTS:guild_header_units>,\n>\n")
  guild_test(headers/no_symbols long 60
    "${Python3_EXECUTABLE}" "${guild_tests_dir}/headers/symbols.py" --nm "${CMAKE_NM}"
    "${PROJECT_BINARY_DIR}/headers/objects.txt")
endif()

# ---- what must and must not compile, checks of the tree, consumers --------------------------------

if(Python3_FOUND)
  if(NOT GUILD_SANITIZE AND NOT GUILD_NO_EXCEPTIONS)
    file(GLOB guild_compile_sources CONFIGURE_DEPENDS "${guild_tests_dir}/compile/*.cpp")
    list(TRANSFORM guild_include PREPEND "-I" OUTPUT_VARIABLE guild_include_flags)
    foreach(source IN LISTS guild_compile_sources)
      get_filename_component(name "${source}" NAME_WE)
      guild_test(compile/${name} quick 120 "${Python3_EXECUTABLE}" "${guild_tests_dir}/compile/accept_reject.py"
        "${source}" -- "${CMAKE_CXX_COMPILER}" -std=c++${CMAKE_CXX_STANDARD} ${guild_include_flags})
    endforeach()
  endif()

  if(NOT GUILD_SANITIZE AND NOT GUILD_NO_EXCEPTIONS AND NOT GUILD_SINGLE_HEADER)
    file(GLOB guild_checks CONFIGURE_DEPENDS "${guild_tests_dir}/checks/*.py")
    list(FILTER guild_checks EXCLUDE REGEX "/(all|tree)[.]py$")
    foreach(check IN LISTS guild_checks)
      get_filename_component(name "${check}" NAME_WE)
      guild_test(checks/${name} quick 300 "${Python3_EXECUTABLE}" "${check}")
    endforeach()
    guild_test(viewer/embedded quick 60
      "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/include/guild/viewer/page/embed.py" --check)
    guild_test(single_include/check quick 60
      "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/single_include/amalgamate.py" --check)
    foreach(kind IN ITEMS find_package add_subdirectory pkg_config single_header meson)
      guild_test(consumer/${kind} long 600 "${Python3_EXECUTABLE}" "${guild_tests_dir}/consumer/run.py"
        ${kind} "${PROJECT_BINARY_DIR}" "${CMAKE_CXX_COMPILER}")
    endforeach()
    foreach(machine IN ITEMS arm s390x aarch64 x86_64) # 32 bits, big-endian, with and without a CRC-32C instruction
      guild_test(cross/${machine} long 600 "${Python3_EXECUTABLE}" "${guild_tests_dir}/cross/run.py" ${machine})
    endforeach()
  endif()

  if(NOT GUILD_NO_EXCEPTIONS)
    add_executable(readme_first_program "${guild_tests_dir}/readme/first_program.cpp")
    target_link_libraries(readme_first_program PRIVATE guild_test_settings)
    guild_test(readme quick 60 "${Python3_EXECUTABLE}" "${guild_tests_dir}/readme/run.py"
      $<TARGET_FILE:readme_first_program>)
  endif()

  # The program from outside: transcripts of commands, the tutorial, the page in a browser.
  if(TARGET guild_program)
    file(GLOB guild_transcripts CONFIGURE_DEPENDS "${guild_tests_dir}/cli/*.txt")
    foreach(transcript IN LISTS guild_transcripts)
      get_filename_component(name "${transcript}" NAME_WE)
      guild_test(cli/${name} quick 120 "${Python3_EXECUTABLE}" "${guild_tests_dir}/cli/run.py"
        $<TARGET_FILE:guild_program> "${transcript}")
    endforeach()
    guild_test(terminal quick 300 "${Python3_EXECUTABLE}" "${guild_tests_dir}/cli/terminal.py" $<TARGET_FILE:guild_program>)
    if(NOT GUILD_SANITIZE) # whose memory would be what the deaths are about
      guild_test(deaths quick 600 "${Python3_EXECUTABLE}" "${guild_tests_dir}/cli/deaths.py" $<TARGET_FILE:guild_program>)
      guild_test(kills long 900 "${Python3_EXECUTABLE}" "${guild_tests_dir}/cli/kills.py" $<TARGET_FILE:guild_program> 200)
      set_tests_properties(deaths PROPERTIES RUN_SERIAL TRUE) # fills memory and disks of its own, small ones
    endif()
    guild_test(tutorial quick 600 "${Python3_EXECUTABLE}" "${guild_tests_dir}/tutorial/tutorial.py"
      $<TARGET_FILE:guild_program>)
    foreach(name IN ITEMS package reproducible) # its first half; a package built twice
      guild_test(tutorial/${name} quick 300 "${Python3_EXECUTABLE}" "${guild_tests_dir}/tutorial/${name}.py"
        $<TARGET_FILE:guild_program>)
    endforeach()
    guild_test(viewer/promtool quick 120 sh "${guild_tests_dir}/viewer/promtool.sh" $<TARGET_FILE:guild_program>)
    guild_test(browser "long;browser" 900 sh "${guild_tests_dir}/browser/run.sh" $<TARGET_FILE:guild_program>
      "${PROJECT_BINARY_DIR}/browser")
  endif()
endif()

# ---- other implementations, from PyPI -------------------------------------------------------------

if(Python3_FOUND AND NOT GUILD_SANITIZE AND NOT GUILD_NO_EXCEPTIONS)
  file(GLOB guild_interop_sources CONFIGURE_DEPENDS "${guild_tests_dir}/interop/*.cpp")
  foreach(source IN LISTS guild_interop_sources)
    get_filename_component(name "${source}" NAME_WE)
    add_executable(interop_${name} "${source}")
    target_link_libraries(interop_${name} PRIVATE guild_test_settings)
  endforeach()
  guild_test(interop/tensorboard long 300 sh "${guild_tests_dir}/interop/tensorboard.sh" "${guild_bin_dir}"
    "${PROJECT_BINARY_DIR}")
  # A second reader of series files, made of docs/format-series.md alone.
  guild_test(interop/series quick 120 "${Python3_EXECUTABLE}" "${guild_tests_dir}/interop/series.py" "${guild_bin_dir}")
endif()

# ---- fuzzers and benchmarks -----------------------------------------------------------------------

# Each tests/fuzz/NAME.cpp is built twice: as bin/replay_NAME, which runs the kept inputs of fuzz/corpus/NAME in every
# build, and with GUILD_FUZZ (clang) as bin/fuzz_NAME.
file(GLOB guild_fuzz_sources CONFIGURE_DEPENDS "${guild_tests_dir}/fuzz/*.cpp")
list(REMOVE_ITEM guild_fuzz_sources "${guild_tests_dir}/fuzz/replay.cpp")
set(guild_fuzzers "")
foreach(source IN LISTS guild_fuzz_sources)
  get_filename_component(name "${source}" NAME_WE)
  if(GUILD_FUZZ)
    add_executable(fuzz_${name} "${source}")
    target_link_libraries(fuzz_${name} PRIVATE guild_test_settings)
    target_compile_options(fuzz_${name} PRIVATE -O1 -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
    list(APPEND guild_fuzzers fuzz_${name})
  endif()
  if(IS_DIRECTORY "${guild_tests_dir}/fuzz/corpus/${name}")
    add_executable(replay_${name} "${source}" "${guild_tests_dir}/fuzz/replay.cpp")
    target_link_libraries(replay_${name} PRIVATE guild_test_settings)
    guild_test(fuzz/${name} quick 120 replay_${name} "${guild_tests_dir}/fuzz/corpus/${name}")
  endif()
endforeach()
add_custom_target(fuzzers)
if(guild_fuzzers)
  add_dependencies(fuzzers ${guild_fuzzers})
endif()

add_custom_target(bench)
file(GLOB guild_bench_sources CONFIGURE_DEPENDS "${guild_tests_dir}/bench/*.cpp")
if(NOT TARGET guild::viewer)
  list(REMOVE_ITEM guild_bench_sources "${guild_tests_dir}/bench/view.cpp")
endif()
foreach(source IN LISTS guild_bench_sources)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(bench_${name} EXCLUDE_FROM_ALL "${source}")
  target_link_libraries(bench_${name} PRIVATE guild_test_settings)
  add_dependencies(bench bench_${name})
endforeach()
# SQLite is a peer of the series benchmark and nothing else; that one is always built, and run small, so that it works.
find_package(SQLite3 QUIET)
if(TARGET bench_series AND SQLite3_FOUND)
  target_link_libraries(bench_series PRIVATE SQLite::SQLite3)
  target_compile_definitions(bench_series PRIVATE GUILD_BENCH_SQLITE)
endif()
if(TARGET bench_series AND Python3_FOUND AND NOT GUILD_SANITIZE AND NOT GUILD_NO_EXCEPTIONS)
  set_target_properties(bench_series PROPERTIES EXCLUDE_FROM_ALL FALSE)
  guild_test(bench/series quick 120
    "${Python3_EXECUTABLE}" "${guild_tests_dir}/bench/smoke.py" $<TARGET_FILE:bench_series>)
endif()
# Beside what others read and write event files with; fetched from PyPI, so not part of `bench`.
if(Python3_FOUND AND TARGET bench_events)
  add_custom_target(bench_events_peers USES_TERMINAL
    COMMAND "${Python3_EXECUTABLE}" "${guild_tests_dir}/bench/events_peers.py" $<TARGET_FILE:bench_events>
            "${PROJECT_BINARY_DIR}/bench")
  add_dependencies(bench_events_peers bench_events)
endif()
if(TARGET bench_view)
  target_link_libraries(bench_view PRIVATE guild::viewer)
endif()
if(Python3_FOUND AND TARGET bench_view AND TARGET guild_program)
  add_custom_target(bench_view_peers USES_TERMINAL
    COMMAND "${Python3_EXECUTABLE}" "${guild_tests_dir}/bench/view_peers.py" $<TARGET_FILE:bench_view>
            $<TARGET_FILE:guild_program> "${PROJECT_BINARY_DIR}/bench/view")
  add_dependencies(bench_view_peers bench_view guild_program)
endif()

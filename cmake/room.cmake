# stormproof_room(NAME LINK ... PRIVATE_LINK ...)
#
# A room is one static library, stormproof_NAME, of every .h and .cpp in its folder but main.cpp and *_test.cpp. Its headers
# are a header set, so that the target all_verify_interface_header_sets compiles each on its own: a header that needs another
# says so.
function(stormproof_room name)
  cmake_parse_arguments(ROOM "" "" "LINK;PRIVATE_LINK" ${ARGN})
  file(GLOB headers CONFIGURE_DEPENDS *.h)
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  list(FILTER sources EXCLUDE REGEX "(/main|_test)\\.cpp$")
  add_library(stormproof_${name} STATIC ${sources})
  target_sources(stormproof_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR} FILES ${headers})
  target_link_libraries(stormproof_${name} PUBLIC ${ROOM_LINK} PRIVATE ${ROOM_PRIVATE_LINK})
  set_target_properties(stormproof_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# stormproof_test(NAME LINK ... [SOURCES ...] [TIMEOUT seconds] [LABEL e2e] [SERIAL])
#
# One test program a room, of every *_test.cpp in its folder where no sources are named; each case is a test of ctest with
# its own time limit. Its label is "unit" (what the sanitizers run) where no other is given. SERIAL: its cases measure time and run beside no other test.
function(stormproof_test name)
  cmake_parse_arguments(TEST "SERIAL" "TIMEOUT;LABEL" "SOURCES;LINK" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 60)
  endif()
  if(NOT TEST_LABEL)
    set(TEST_LABEL unit)
  endif()
  if(NOT TEST_SOURCES)
    file(GLOB TEST_SOURCES CONFIGURE_DEPENDS *_test.cpp)
  endif()
  add_executable(${name}_test ${TEST_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${TEST_LINK} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE STORMPROOF_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                                  STORMPROOF_BINARY_DIR="${CMAKE_BINARY_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS ${TEST_LABEL} RUN_SERIAL ${TEST_SERIAL})
endfunction()

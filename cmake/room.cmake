# stormproof_room(NAME [HEADERS ...] [SOURCES ...] LINK ... PRIVATE_LINK ...)
#
# A room is one static library, stormproof_NAME, of every .h and .cpp in its folder, or of those that are named. Its headers
# are a header set, so that the target all_verify_interface_header_sets compiles each on its own: a header that needs another
# says so.
function(stormproof_room name)
  cmake_parse_arguments(ROOM "" "" "HEADERS;SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  if(NOT ROOM_SOURCES)
    file(GLOB ROOM_HEADERS CONFIGURE_DEPENDS *.h)
    file(GLOB ROOM_SOURCES CONFIGURE_DEPENDS *.cpp)
  endif()
  add_library(stormproof_${name} STATIC ${ROOM_SOURCES})
  target_sources(stormproof_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR} FILES ${ROOM_HEADERS})
  target_link_libraries(stormproof_${name} PUBLIC ${ROOM_LINK} PRIVATE ${ROOM_PRIVATE_LINK})
  set_target_properties(stormproof_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# stormproof_test(NAME SOURCES ... LINK ... [TIMEOUT seconds] [LABEL e2e] [SERIAL])
#
# One test program a room; each case is a test of ctest with its own time limit. Its label is "unit" (what the
# sanitizers run) where no other is given. SERIAL: its cases measure time and run beside no other test.
function(stormproof_test name)
  cmake_parse_arguments(TEST "SERIAL" "TIMEOUT;LABEL" "SOURCES;LINK" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 60)
  endif()
  if(NOT TEST_LABEL)
    set(TEST_LABEL unit)
  endif()
  add_executable(${name}_test ${TEST_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${TEST_LINK} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE STORMPROOF_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                                  STORMPROOF_BINARY_DIR="${CMAKE_BINARY_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS ${TEST_LABEL} RUN_SERIAL ${TEST_SERIAL})
endfunction()

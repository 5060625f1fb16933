# stormproof_room(NAME LINK ... PRIVATE_LINK ...)
#
# A room is one static library, stormproof_NAME, of every .h and .cpp in its folder. Its headers are a header set, so that
# the target all_verify_interface_header_sets compiles each on its own: a header that needs another says so.
function(stormproof_room name)
  cmake_parse_arguments(ROOM "" "" "LINK;PRIVATE_LINK" ${ARGN})
  file(GLOB headers CONFIGURE_DEPENDS *.h)
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  add_library(stormproof_${name} STATIC ${sources})
  target_sources(stormproof_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR} FILES ${headers})
  target_link_libraries(stormproof_${name} PUBLIC ${ROOM_LINK} PRIVATE ${ROOM_PRIVATE_LINK})
  set_target_properties(stormproof_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# stormproof_test(NAME SOURCES ... LINK ... [TIMEOUT seconds])
#
# One test program a room; each case is a test of ctest with its own time limit.
function(stormproof_test name)
  cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 60)
  endif()
  add_executable(${name}_test ${TEST_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${TEST_LINK} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE STORMPROOF_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                                  STORMPROOF_BINARY_DIR="${CMAKE_BINARY_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. PROPERTIES TIMEOUT ${TEST_TIMEOUT} DISCOVERY_TIMEOUT 60)
endfunction()

# SPDX-License-Identifier: Apache-2.0
foreach(what baseline changes check choice cpu descriptor replay result roofline sensors soak
    statistics timing verdict workload)
  lane_add_unit(canary_${what}_test SOURCES unit/canary_${what}_test.c LINK lane_canary)
endforeach()
target_compile_definitions(canary_replay_test PRIVATE
  LANE_TEST_RUNS="${CMAKE_CURRENT_SOURCE_DIR}/data/canary/runs.json")
target_sources(canary_workload_test PRIVATE "${CMAKE_CURRENT_LIST_DIR}/canary_naive.c")

# What a driver's compiler makes of the kernels, and what a driver computes with them; for tests/bed.
foreach(tool pipeline_stats run_kernels)
  add_executable(${tool} "${CMAKE_CURRENT_LIST_DIR}/../bed/${tool}.c")
  target_link_libraries(${tool} PRIVATE lane_flags lane_canary)
  set_target_properties(${tool} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
endforeach()

# The kernels as jobs; for tests/hostile/mutate.py.
add_executable(descriptors "${CMAKE_CURRENT_LIST_DIR}/../hostile/descriptors.c")
target_link_libraries(descriptors PRIVATE lane_flags lane_canary)
set_target_properties(descriptors PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")

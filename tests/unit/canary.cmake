# SPDX-License-Identifier: Apache-2.0
foreach(what check choice descriptor result statistics timing workload)
  lane_add_unit(canary_${what}_test SOURCES unit/canary_${what}_test.c LINK lane_canary)
endforeach()
target_sources(canary_workload_test PRIVATE "${CMAKE_CURRENT_LIST_DIR}/canary_naive.c")

# SPDX-License-Identifier: Apache-2.0
lane_add_unit(bridge_job_test SOURCES unit/bridge_job_test.c LINK lane_bridge_job m)
lane_add_unit(bridge_spirv_test SOURCES unit/bridge_spirv_test.c LINK lane_bridge_job)
foreach(shader in_place sized)
  lane_add_shader(bridge_spirv_test unit/shaders/${shader}.comp)
endforeach()

lane_add_unit(bridge_worker_test SOURCES unit/bridge_worker_test.c LINK lane_bridge_job TIMEOUT 120)
foreach(shader counting endless in_place sized tail)
  lane_add_shader(bridge_worker_test unit/shaders/${shader}.comp)
endforeach()
set(header "${PROJECT_BINARY_DIR}/shaders/tests/unit/shaders/sized_1_6.h")
add_custom_command(
  OUTPUT "${header}"
  COMMAND "${GLSLANG}" --quiet -V --target-env vulkan1.3 --vn sized_1_6_spirv -o "${header}"
          "${CMAKE_CURRENT_SOURCE_DIR}/unit/shaders/sized.comp"
  DEPENDS unit/shaders/sized.comp
  VERBATIM)
target_sources(bridge_worker_test PRIVATE "${header}")
target_compile_definitions(bridge_worker_test PRIVATE
  FAULT_LAYER_PATH="${PROJECT_BINARY_DIR}/tests/fault_layer")
add_dependencies(bridge_worker_test gpu-lane-worker VkLayer_gpu_lane_fault)

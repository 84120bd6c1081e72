# SPDX-License-Identifier: Apache-2.0
lane_add_unit(bridge_job_test SOURCES unit/bridge_job_test.c LINK lane_bridge_job m)
lane_add_unit(bridge_spirv_test SOURCES unit/bridge_spirv_test.c LINK lane_bridge_job)
foreach(shader in_place sized)
  lane_add_shader(bridge_spirv_test unit/shaders/${shader}.comp)
endforeach()

# What both worker tests need: the worker itself, a device to make faulty, and jobs.
add_library(worker_bed STATIC unit/worker_bed.c)
target_link_libraries(worker_bed PUBLIC lane_bridge_job PkgConfig::CMOCKA)
target_compile_definitions(worker_bed PRIVATE
  FAULT_LAYER_PATH="${PROJECT_BINARY_DIR}/tests/fault_layer")
add_dependencies(worker_bed gpu-lane-worker VkLayer_gpu_lane_fault)
foreach(shader in_place sized)
  lane_add_shader(worker_bed unit/shaders/${shader}.comp)
endforeach()

lane_add_unit(bridge_worker_fault_test SOURCES unit/bridge_worker_fault_test.c LINK worker_bed)
lane_add_shader(bridge_worker_fault_test unit/shaders/tail.comp)

lane_add_unit(bridge_worker_test SOURCES unit/bridge_worker_test.c LINK worker_bed)
foreach(shader counting endless)
  lane_add_shader(bridge_worker_test unit/shaders/${shader}.comp)
endforeach()
# The same kernel for Vulkan 1.3, which says its local size in another way.
set(header "${PROJECT_BINARY_DIR}/shaders/tests/unit/shaders/sized_1_6.h")
add_custom_command(
  OUTPUT "${header}"
  COMMAND "${GLSLANG}" --quiet -V --target-env vulkan1.3 --vn sized_1_6_spirv -o "${header}"
          "${CMAKE_CURRENT_SOURCE_DIR}/unit/shaders/sized.comp"
  DEPENDS unit/shaders/sized.comp
  VERBATIM)
target_sources(bridge_worker_test PRIVATE "${header}")

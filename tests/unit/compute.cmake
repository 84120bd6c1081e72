# SPDX-License-Identifier: Apache-2.0
lane_add_unit(compute_matrix_test SOURCES unit/compute_matrix_test.c LINK lane_compute)
lane_add_unit(compute_choice_test SOURCES unit/compute_choice_test.c LINK lane_compute)
lane_add_unit(compute_device_test SOURCES unit/compute_device_test.c LINK lane_compute)
target_compile_definitions(compute_device_test PRIVATE
  FAULT_LAYER_PATH="${PROJECT_BINARY_DIR}/tests/fault_layer")
add_dependencies(compute_device_test VkLayer_gpu_lane_fault)

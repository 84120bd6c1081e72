# SPDX-License-Identifier: Apache-2.0
lane_add_unit(compute_choice_test SOURCES unit/compute_choice_test.c LINK lane_compute)
lane_add_unit(compute_device_test SOURCES unit/compute_device_test.c LINK lane_compute)

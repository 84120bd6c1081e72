# SPDX-License-Identifier: Apache-2.0
lane_add_unit(lease_table_test SOURCES unit/lease_table_test.c LINK lane_lease)
lane_add_unit(lease_simulation_test SOURCES unit/lease_simulation_test.c LINK lane_lease)

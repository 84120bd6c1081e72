# SPDX-License-Identifier: Apache-2.0
foreach(what table share simulation journal ticket)
  lane_add_unit(lease_${what}_test SOURCES unit/lease_${what}_test.c LINK lane_lease)
endforeach()

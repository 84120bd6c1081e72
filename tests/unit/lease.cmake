# SPDX-License-Identifier: Apache-2.0
foreach(what table share simulation ticket)
  lane_add_unit(lease_${what}_test SOURCES unit/lease_${what}_test.c LINK lane_lease)
endforeach()
lane_add_unit(lease_journal_test SOURCES unit/lease_journal_test.c unit/lease_disk.c LINK lane_lease)
target_link_options(lease_journal_test PRIVATE -Wl,--wrap=calloc,--wrap=realloc)
lane_add_unit(lease_crash_test TIMEOUT 300 SOURCES unit/lease_crash_test.c unit/lease_disk.c
  LINK lane_lease)

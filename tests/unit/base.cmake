# SPDX-License-Identifier: Apache-2.0
foreach(what child file json option text)
  lane_add_unit(base_${what}_test SOURCES unit/base_${what}_test.c LINK lane_base)
endforeach()

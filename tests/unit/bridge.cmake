# SPDX-License-Identifier: Apache-2.0
foreach(what access wire stream session connection view spare gpu run bundles reload server client)
  lane_add_unit(bridge_${what}_test SOURCES unit/bridge_${what}_test.c LINK lane_bridge)
endforeach()

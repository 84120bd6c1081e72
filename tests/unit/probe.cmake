# SPDX-License-Identifier: Apache-2.0
foreach(what collector device emit facts floor floors icd join judge pci_dump)
  lane_add_unit(probe_${what}_test SOURCES unit/probe_${what}_test.c LINK lane_probe)
  target_compile_definitions(probe_${what}_test PRIVATE LANE_TEST_FACTS="${CMAKE_CURRENT_SOURCE_DIR}/data/facts"
    LANE_TEST_FLOORS="${PROJECT_SOURCE_DIR}/probe/floors")
endforeach()

# SPDX-License-Identifier: Apache-2.0
foreach(what collector device emit facts floor floors icd join judge pci_dump)
  lane_add_unit(probe_${what}_test SOURCES unit/probe_${what}_test.c LINK lane_probe)
  target_compile_definitions(probe_${what}_test PRIVATE LANE_TEST_FACTS="${CMAKE_CURRENT_SOURCE_DIR}/data/facts"
    LANE_TEST_FLOORS="${PROJECT_SOURCE_DIR}/probe/floors")
endforeach()

# What the bed of the honey-shaped device preloads: tests/bed/card_node.c.
add_library(card_node MODULE "${CMAKE_CURRENT_LIST_DIR}/../bed/card_node.c")
target_compile_options(card_node PRIVATE -Wall -Wextra -Werror -O1)
target_compile_definitions(card_node PRIVATE _GNU_SOURCE)
set_target_properties(card_node PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")

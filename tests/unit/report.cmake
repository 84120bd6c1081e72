# SPDX-License-Identifier: Apache-2.0
foreach(what fault figure load markdown plain verdict)
  lane_add_unit(report_${what}_test SOURCES unit/report_${what}_test.c LINK lane_report)
endforeach()
lane_add_unit(report_github_test SOURCES unit/report_github_test.c LINK lane_github)

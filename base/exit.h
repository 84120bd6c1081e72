/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_EXIT_H
#define BASE_EXIT_H

/** Exit status of every gpu-lane command. */
enum lane_exit {
	/** Floor held, results right, no regression. */
	LANE_EXIT_HOLDS = 0,
	/** Floor broken, wrong result, regression, lease refused. */
	LANE_EXIT_BROKEN = 1,
	/** Could not be determined: part missing, permission, bridge unreachable, all skipped. */
	LANE_EXIT_UNKNOWN = 2,
	/** Unknown option, malformed file (EX_USAGE of sysexits.h). */
	LANE_EXIT_USAGE = 64,
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CANARY_REQUEST_H
#define CANARY_REQUEST_H

#include "base/option.h"
#include "canary/run.h"

/** The command line, read. A request_command other than REQUEST_RUN touches no GPU. */
struct request {
	struct canary_options canary;
	/** Borrowed from argv. */
	const char *device, *floor, *baseline, *output, *html, *history, *mode_option, *lease_option;
	enum request_command { REQUEST_RUN, REQUEST_LIST, REQUEST_COMPARE, REQUEST_HISTORY } command;
	/** What follows the command: as many files as it takes. */
	const char *files[2];
	size_t file_count;
	enum report_format format;
	enum base_color color;
	int verbosity;
	bool github, strict;
	/** The last option that is about a run; NULL: none was given. */
	const char *run_option;
	unsigned option_count;
};

extern const struct base_command request_command;

/** Reads the command line: BASE_OPTION_END when there is something to do, else as
 * base_option_next. */
int request_read(int argc, char **argv, struct request *request, struct lane_error *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CLIENT_BED_H
#define TESTS_UNIT_CLIENT_BED_H

#include "tests/unit/cmocka_names.h"

#include "base/buffer.h"
#include "bridge/client.h"

/** What tests of a bridge through its client share. */

static void assert_good(bool good, const struct lane_error *err)
{
	if (!good) {
		print_error("%s: %s\n", err->code, lane_error_message(err));
	}
	assert_true(good);
}

static char *read_text(struct bridge_client *client, const char *path)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	assert_good(bridge_client_read_all(client, path, 1 << 20, &text, &err), &err);
	return base_buffer_steal(&text);
}

static const struct bridge_lease_request small = {.mem_mb = 1024, .ttl_s = 60, .streams = 1};

#endif

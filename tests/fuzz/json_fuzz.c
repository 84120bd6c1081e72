/* SPDX-License-Identifier: Apache-2.0 */
/* What strict JSON accepts, it writes so that it reads the same again, compact and indented. */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const struct base_json *json, unsigned indent)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(json->root, indent, &text);
	BASE_JSON_AUTO again = {.root = NULL};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (!base_json_parse("again", text.data, text.size, &again, &err) ||
		!cJSON_Compare(json->root, again.root, true)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BASE_JSON_AUTO json = {.root = NULL};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (base_json_parse("fuzz", (const char *)data, size, &json, &err)) {
		read_again(&json, 0);
		read_again(&json, 4);
	} else if (err.code[0] == '\0') {
		abort();
	}
	return 0;
}

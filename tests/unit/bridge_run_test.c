/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/memory.h"
#include "bridge/run.h"

#include <stdlib.h>

static struct bridge_run *end_one(struct bridge_archive *archive, struct bridge_stream *status,
	const struct bridge_attach *attach, const char *id, const char *state)
{
	struct bridge_job job = {.id = base_strdup(id)};
	struct bridge_run *run = bridge_run_create(archive, "GPU-0", status, attach, &job);
	bridge_run_finish(
		run, archive, &(struct bridge_run_end){.state = state, .detail = "", .result = -1});
	return run;
}

static void a_flood_of_failures_leaves_the_results_of_others(void **state)
{
	(void)state;
	struct bridge_node *root = bridge_node_root();
	struct bridge_archive archive = {.directory = root};
	struct bridge_stream status = {.size_max = 1 << 20};
	struct bridge_attach careful = {.rights.subject = (char *)"careful"};
	struct bridge_attach noisy = {.rights.subject = (char *)"noisy"};
	end_one(&archive, &status, &careful, "kept-1", "OK");
	end_one(&archive, &status, &careful, "kept-2", "OK");
	for (unsigned i = 0; i < 2 * BRIDGE_ARCHIVE_COUNT_MAX; i++) {
		BASE_FREE char *id = base_format("noise-%u", i);
		end_one(&archive, &status, &noisy, id, "ERR INVALID");
	}
	assert_int_equal(archive.count, BRIDGE_ARCHIVE_COUNT_MAX);
	assert_true(bridge_archive_knows(&archive, "kept-1"));
	assert_true(bridge_archive_knows(&archive, "kept-2"));
	assert_false(bridge_archive_knows(&archive, "noise-0"));
	assert_true(bridge_archive_knows(&archive, "noise-511"));
	bridge_archive_forget(&archive, &noisy);
	assert_int_equal(archive.count, 2);
	bridge_archive_finish(&archive);
	bridge_stream_finish(&status);
	bridge_node_unlink(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("archive@a-flood-of-failures-leaves-the-results-of-others",
			a_flood_of_failures_leaves_the_results_of_others),
	};
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/memory.h"
#include "bridge/run.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

/** Ends one with a result of so many bytes under a lease of twice a MiB. */
static struct bridge_node *end_with_result(struct bridge_archive *archive,
	struct bridge_stream *status, const struct bridge_attach *attach, const char *id)
{
	struct bridge_job job = {.id = base_strdup(id), .result_bytes = 1 << 20};
	struct bridge_run *run = bridge_run_create(archive, "GPU-0", status, attach, &job);
	run->kept_max = 2 << 20;
	struct bridge_node *directory = run->directory;
	int result = memfd_create("result", MFD_CLOEXEC);
	assert_int_equal(ftruncate(result, 1 << 20), 0);
	bridge_run_finish(
		run, archive, &(struct bridge_run_end){.state = "OK", .detail = "", .result = result});
	return directory;
}

static void a_session_keeps_what_its_lease_may_have(void **state)
{
	(void)state;
	struct bridge_node *root = bridge_node_root();
	struct bridge_archive archive = {.directory = root};
	struct bridge_stream status = {.size_max = 1 << 20};
	struct bridge_attach one = {.rights.subject = (char *)"one"};
	struct bridge_attach other = {.rights.subject = (char *)"one"};
	end_with_result(&archive, &status, &other, "others");
	struct wire_text name = wire_text("result");
	struct bridge_node *first = end_with_result(&archive, &status, &one, "1");
	struct bridge_node *held = bridge_node_hold(bridge_node_child(first, &name));
	char byte;
	end_with_result(&archive, &status, &one, "2");
	assert_int_equal(held->kind->read(held, NULL, 0, &byte, 1), 1);
	end_with_result(&archive, &status, &one, "3");
	assert_false(bridge_archive_knows(&archive, "1"));
	assert_true(bridge_archive_knows(&archive, "2"));
	assert_true(bridge_archive_knows(&archive, "3"));
	assert_true(bridge_archive_knows(&archive, "others"));
	/* Nor does a fid that is still open keep it in memory. */
	assert_int_equal(held->fd, -1);
	assert_int_equal(held->kind->read(held, NULL, 0, &byte, 1), -ESTALE);
	bridge_node_drop(held);
	bridge_archive_finish(&archive);
	bridge_stream_finish(&status);
	bridge_node_unlink(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("archive@a-flood-of-failures-leaves-the-results-of-others",
			a_flood_of_failures_leaves_the_results_of_others),
		NAMED("archive@a-session-keeps-what-its-lease-may-have",
			a_session_keeps_what_its_lease_may_have),
	};
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}

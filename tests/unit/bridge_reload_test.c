/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/memory.h"
#include "bridge/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** One part with one file, whose time is the test's. */

#define MS UINT64_C(1000000)

struct bed {
	char path[64];
	struct bridge_reload reload;
	uint64_t now_ns;
	unsigned loads;
	/** What the next load says; NULL: it is good. */
	const char *trouble;
	/** It is replaced while it is read. */
	bool changes;
};

static void put(struct bed *bed, const char *text)
{
	BASE_FREE char *fresh = base_format("%s.new", bed->path);
	FILE *file = fopen(fresh, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(fresh, bed->path), 0);
}

static const char *file_of(const void *context, size_t index)
{
	const struct bed *bed = context;
	return index == 0 ? bed->path : NULL;
}

static bool load(void *context, struct lane_error *err)
{
	struct bed *bed = context;
	bed->loads++;
	if (bed->changes) {
		bed->changes = false;
		put(bed, "changed while it was read");
	}
	return bed->trouble == NULL || lane_error_set(err, "USAGE", "%s", bed->trouble);
}

static int setup(void **state)
{
	struct bed *bed = base_alloc(1, sizeof(*bed));
	snprintf(bed->path, sizeof(bed->path), "/tmp/gpu-lane-reload.XXXXXX");
	int fd = mkstemp(bed->path);
	assert_true(fd >= 0);
	close(fd);
	bridge_reload_add(&bed->reload,
		&(struct bridge_reload_part){
			.name = "file", .file = file_of, .load = load, .context = bed});
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	bridge_reload_finish(&bed->reload);
	unlink(bed->path);
	free(bed);
	return 0;
}

/** Goes to the next look. */
static void look(struct bed *bed)
{
	bed->now_ns = bridge_reload_advance(&bed->reload, bed->now_ns);
}

static void what_has_changed_and_settled_is_read_again(void **state)
{
	struct bed *bed = *state;
	look(bed);
	look(bed);
	assert_int_equal(bed->loads, 0);
	put(bed, "one");
	uint64_t before_ns = bed->now_ns;
	look(bed);
	assert_int_equal(bed->loads, 0);
	/* It is looked at again soon, and goes on changing. */
	assert_true(bed->now_ns - before_ns <= 500 * MS);
	put(bed, "one and two");
	look(bed);
	assert_int_equal(bed->loads, 0);
	look(bed);
	assert_int_equal(bed->loads, 1);
	look(bed);
	look(bed);
	assert_int_equal(bed->loads, 1);
	/* Nobody looks before it is time. */
	put(bed, "three");
	assert_int_equal(bridge_reload_advance(&bed->reload, bed->now_ns - 1), bed->now_ns);
	/* A file that is gone is a change. */
	look(bed);
	look(bed);
	unlink(bed->path);
	look(bed);
	look(bed);
	assert_int_equal(bed->loads, 3);
}

static void a_change_while_it_is_read_is_not_lost(void **state)
{
	struct bed *bed = *state;
	bed->changes = true;
	bridge_reload_now(&bed->reload);
	assert_int_equal(bed->loads, 1);
	look(bed);
	look(bed);
	assert_int_equal(bed->loads, 2);
	look(bed);
	assert_int_equal(bed->loads, 2);
}

/** Lines that it has written to stderr meanwhile. */
static size_t lines_of(struct bed *bed, unsigned looks)
{
	FILE *caught = tmpfile();
	assert_non_null(caught);
	fflush(stderr);
	int kept = dup(STDERR_FILENO);
	dup2(fileno(caught), STDERR_FILENO);
	for (unsigned i = 0; i < looks; i++) {
		look(bed);
	}
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(caught);
	size_t lines = 0;
	for (int c; (c = fgetc(caught)) != EOF;) {
		lines += c == '\n';
	}
	fclose(caught);
	return lines;
}

static void trouble_is_said_once_and_tried_again(void **state)
{
	struct bed *bed = *state;
	bed->trouble = "it does not fit";
	put(bed, "one");
	assert_int_equal(lines_of(bed, 5), 1);
	assert_in_range(bed->loads, 3, 4);
	assert_int_equal(bridge_reload_troubles(&bed->reload), 1);
	bed->trouble = "it fits even less";
	assert_int_equal(lines_of(bed, 3), 1);
	/* A file that it lacked has come, which nobody looks at. */
	bed->trouble = NULL;
	look(bed);
	assert_int_equal(bridge_reload_troubles(&bed->reload), 0);
	unsigned loads = bed->loads;
	look(bed);
	assert_int_equal(bed->loads, loads);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED_WITH("reload@what-has-changed-and-settled-is-read-again",
			what_has_changed_and_settled_is_read_again, setup, teardown),
		NAMED_WITH("reload@a-change-while-it-is-read-is-not-lost",
			a_change_while_it_is_read_is_not_lost, setup, teardown),
		NAMED_WITH("reload@trouble-is-said-once-and-tried-again",
			trouble_is_said_once_and_tried_again, setup, teardown),
	};
	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}

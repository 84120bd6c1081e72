/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/digest.h"
#include "base/memory.h"
#include "bridge/bundles.h"
#include "bridge/fid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EXCLUSIVE = 0200, MIB = 1 << 20 };

struct bed {
	struct bridge_node *root, *directory;
	struct bridge_bundles *bundles;
	/** Two of one subject, and one of another. */
	struct bridge_attach one, again, other;
};

static int setup(void **state)
{
	struct bed *bed = base_alloc(1, sizeof(*bed));
	bed->root = bridge_node_root();
	bed->bundles = bridge_bundles_create(bed->root);
	struct wire_text name = wire_text("bundles");
	bed->directory = bridge_node_child(bed->root, &name);
	bed->one.rights.subject = (char *)"alice";
	bed->again.rights.subject = (char *)"alice";
	bed->other.rights.subject = (char *)"bob";
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	bridge_bundles_destroy(bed->bundles);
	bridge_node_unlink(bed->root);
	free(bed);
	return 0;
}

static const char *name_of(const void *bytes, size_t size)
{
	static char text[BASE_SHA256_TEXT_SIZE];
	base_sha256_text(bytes, size, text);
	return strchr(text, ':') + 1;
}

/** Opens a file of /bundles for writing, as Tlcreate does; the errno when it cannot. */
static int create(
	struct bed *bed, struct bridge_attach *attach, const char *name, struct bridge_fid *fid)
{
	struct wire_text text = wire_text(name);
	int error = 0;
	struct bridge_node *node = bed->directory->make(bed->directory, attach, &text, 0, &error);
	if (node == NULL) {
		return error;
	}
	*fid = (struct bridge_fid){
		.node = bridge_node_hold(node), .attach = attach, .open = true, .writable = true};
	node->kind->opened(node, fid);
	return 0;
}

static int put(const struct bridge_fid *fid, uint64_t offset, const void *bytes, size_t size)
{
	return fid->node->kind->put(fid->node, offset, bytes, size);
}

static void finish(struct bridge_fid *fid)
{
	fid->node->kind->closed(fid->node, fid);
	bridge_node_drop(fid->node);
}

static void stage(struct bed *bed, struct bridge_attach *attach, const void *bytes, size_t size)
{
	struct bridge_fid fid = {.number = 0};
	assert_int_equal(create(bed, attach, name_of(bytes, size), &fid), 0);
	assert_int_equal(put(&fid, 0, bytes, size), 0);
	finish(&fid);
}

/** Stages so many bytes that are unlike those of any other number. */
static void stage_numbered(
	struct bed *bed, struct bridge_attach *attach, uint32_t number, size_t size)
{
	BASE_FREE char *bytes = base_alloc(size, 1);
	memcpy(bytes, &number, sizeof(number));
	stage(bed, attach, bytes, size);
}

static size_t files(const struct bed *bed)
{
	size_t count = 0;
	for (const struct bridge_node *at = bed->directory->first; at != NULL; at = at->next) {
		count++;
	}
	return count;
}

/** Whether a job of this attach finds exactly these bytes under this name. */
static bool finds(struct bed *bed, const struct bridge_attach *attach, const char *name,
	const void *bytes, size_t size)
{
	char hash[BASE_SHA256_TEXT_SIZE];
	base_sha256_text(bytes, size, hash);
	struct bridge_job job = {
		.bytes_hash = base_strdup(hash), .module_path = base_format("/bundles/%s", name)};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	bool taken = bridge_bundles_take(bed->bundles, attach, &job, &err);
	bool found = job.module != NULL;
	assert_true(!found || (taken && job.module_size == size));
	assert_true(!found || memcmp(job.module, bytes, size) == 0);
	bridge_job_finish(&job);
	return found;
}

static bool finds_numbered(
	struct bed *bed, const struct bridge_attach *attach, uint32_t number, size_t size)
{
	BASE_FREE char *bytes = base_alloc(size, 1);
	memcpy(bytes, &number, sizeof(number));
	return finds(bed, attach, name_of(bytes, size), bytes, size);
}

static void is_there_from_the_write_that_completes_it(void **state)
{
	struct bed *bed = *state;
	struct bridge_fid fid = {.number = 0};
	char out[8];
	const char *name = base_strdup(name_of("12345678", 8));
	assert_int_equal(create(bed, &bed->one, name, &fid), 0);
	assert_int_equal(put(&fid, 0, "1234", 4), 0);
	assert_false(finds(bed, &bed->one, name, "12345678", 8));
	assert_int_equal(fid.node->kind->sync(fid.node), -EINVAL);
	assert_int_equal(fid.node->kind->read(fid.node, &fid, 0, out, sizeof(out)), -EBUSY);
	assert_int_equal(put(&fid, 4, "5678", 4), 0);
	assert_int_equal(fid.node->kind->sync(fid.node), 0);
	assert_true(finds(bed, &bed->one, name, "12345678", 8));
	assert_true(finds(bed, &bed->again, name, "12345678", 8));
	assert_int_equal(fid.node->kind->read(fid.node, &fid, 2, out, sizeof(out)), 6);
	/* Nothing can be put behind it, and what is put again must be the same. */
	assert_int_equal(put(&fid, 8, "9", 1), -EINVAL);
	assert_int_equal(put(&fid, 0, "123456789", 9), -EINVAL);
	assert_int_equal(put(&fid, 0, "x", 1), -EINVAL);
	assert_int_equal(put(&fid, 0, "12345678", 8), 0);
	finish(&fid);
	assert_true(finds(bed, &bed->one, name, "12345678", 8));
	free((char *)name);
}

static void short_long_and_wrong_ones_leave_nothing(void **state)
{
	struct bed *bed = *state;
	static const struct {
		const char *hashed, *sent;
	} uploads[] = {
		{"12345678", "1234567"},
		{"12345678", "1234567x"},
		{"12345678", ""},
		{"12345678", "x12345678"},
	};
	for (size_t i = 0; i < sizeof(uploads) / sizeof(uploads[0]); i++) {
		struct bridge_fid fid = {.number = 0};
		assert_int_equal(create(bed, &bed->one, name_of(uploads[i].hashed, 8), &fid), 0);
		assert_int_equal(put(&fid, 0, uploads[i].sent, strlen(uploads[i].sent)), 0);
		assert_int_equal(put(&fid, 100, "x", 1), -EINVAL);
		finish(&fid);
		assert_int_equal(files(bed), 0);
		assert_false(finds(bed, &bed->one, name_of("12345678", 8), "12345678", 8));
	}
	/* One byte beyond what a module may have. */
	struct bridge_fid fid = {.number = 0};
	BASE_FREE char *much = base_alloc(BRIDGE_JOB_MODULE_MAX, 1);
	assert_int_equal(create(bed, &bed->one, name_of("12345678", 8), &fid), 0);
	assert_int_equal(put(&fid, 0, much, BRIDGE_JOB_MODULE_MAX), 0);
	assert_int_equal(put(&fid, BRIDGE_JOB_MODULE_MAX, "x", 1), -EMSGSIZE);
	assert_int_equal(put(&fid, UINT64_MAX, "x", 1), -EINVAL);
	finish(&fid);
	assert_int_equal(files(bed), 0);
}

static void only_good_names_can_be_made(void **state)
{
	struct bed *bed = *state;
	static const char *const names[] = {"", ".", "..", "a/b", "-x", "a b", "\x1b[2J",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bridge_fid fid = {.number = 0};
		assert_int_equal(create(bed, &bed->one, names[i], &fid), EINVAL);
	}
	struct wire_text zero = {.bytes = "a\0b", .size = 3};
	int error = 0;
	assert_null(bed->directory->make(bed->directory, &bed->one, &zero, 0, &error));
	assert_int_equal(error, EINVAL);
	stage(bed, &bed->one, "1234", 4);
	struct wire_text there = wire_text(name_of("1234", 4));
	assert_null(bed->directory->make(bed->directory, &bed->one, &there, EXCLUSIVE, &error));
	assert_int_equal(error, EEXIST);
}

static void two_writers_of_one_bundle_take_part(void **state)
{
	struct bed *bed = *state;
	struct bridge_fid fids[2] = {{.number = 0}};
	BASE_FREE char *name = base_strdup(name_of("12345678", 8));
	assert_int_equal(create(bed, &bed->one, name, &fids[0]), 0);
	assert_int_equal(create(bed, &bed->again, name, &fids[1]), 0);
	assert_ptr_equal(fids[0].node, fids[1].node);
	assert_int_equal(put(&fids[0], 0, "1234", 4), 0);
	assert_int_equal(put(&fids[1], 0, "123456", 6), 0);
	finish(&fids[0]);
	/* The second has all of it still to come. */
	assert_int_equal(put(&fids[1], 6, "78", 2), 0);
	finish(&fids[1]);
	assert_true(finds(bed, &bed->one, name, "12345678", 8));
	/* Another subject has nothing of it. */
	assert_false(finds(bed, &bed->other, name, "12345678", 8));
	assert_int_equal(create(bed, &bed->other, name, &fids[0]), 0);
	assert_ptr_not_equal(fids[0].node, bed->directory->first);
	finish(&fids[0]);
}

static void the_oldest_of_ones_own_makes_room(void **state)
{
	struct bed *bed = *state;
	stage_numbered(bed, &bed->other, 0, 8);
	for (uint32_t i = 0; i < BRIDGE_BUNDLES_OWN_MAX; i++) {
		stage_numbered(bed, &bed->one, i, 8);
	}
	/* Used, so that the next one is the oldest. */
	assert_true(finds_numbered(bed, &bed->one, 0, 8));
	stage_numbered(bed, &bed->one, 1000, 8);
	assert_true(finds_numbered(bed, &bed->one, 0, 8));
	assert_false(finds_numbered(bed, &bed->one, 1, 8));
	assert_true(finds_numbered(bed, &bed->one, 2, 8));
	assert_true(finds_numbered(bed, &bed->other, 0, 8));
	/* By bytes too. */
	for (uint32_t i = 0; i < BRIDGE_BUNDLES_OWN_MIB_MAX / 4; i++) {
		stage_numbered(bed, &bed->one, i, 4 * MIB);
	}
	assert_false(finds_numbered(bed, &bed->one, 1000, 8));
	assert_true(finds_numbered(bed, &bed->one, 0, 4 * MIB));
	assert_int_equal(files(bed), 1 + BRIDGE_BUNDLES_OWN_MIB_MAX / 4);
}

static void uploads_that_never_end_are_bounded(void **state)
{
	struct bed *bed = *state;
	struct bridge_fid fids[BRIDGE_BUNDLES_OWN_MAX] = {{.number = 0}};
	struct bridge_fid more;
	for (uint32_t i = 0; i < BRIDGE_BUNDLES_OWN_MAX; i++) {
		assert_int_equal(create(bed, &bed->one, name_of(&i, sizeof(i)), &fids[i]), 0);
	}
	assert_int_equal(create(bed, &bed->one, name_of("x", 1), &more), EDQUOT);
	BASE_FREE char *bytes = base_alloc(4 * MIB, 1);
	for (uint32_t i = 0; i < BRIDGE_BUNDLES_OWN_MIB_MAX / 4; i++) {
		assert_int_equal(put(&fids[i], 0, bytes, 4 * MIB), 0);
	}
	assert_int_equal(put(&fids[BRIDGE_BUNDLES_OWN_MAX - 1], 0, bytes, 1), -EDQUOT);
	/* Others are not kept out by it. */
	stage_numbered(bed, &bed->other, 7, 8);
	assert_true(finds_numbered(bed, &bed->other, 7, 8));
	for (uint32_t i = 0; i < BRIDGE_BUNDLES_OWN_MAX; i++) {
		finish(&fids[i]);
	}
	assert_int_equal(files(bed), 1);
}

static void all_together_are_bounded(void **state)
{
	struct bed *bed = *state;
	enum { SUBJECTS = BRIDGE_BUNDLES_MIB_MAX / BRIDGE_BUNDLES_OWN_MIB_MAX };
	struct bridge_attach attaches[SUBJECTS];
	stage_numbered(bed, &bed->other, 7, 4 * MIB);
	for (size_t s = 0; s < SUBJECTS; s++) {
		attaches[s].rights.subject = base_format("subject-%zu", s);
		for (uint32_t i = 0; i < BRIDGE_BUNDLES_OWN_MIB_MAX / 4; i++) {
			stage_numbered(bed, &attaches[s], i, 4 * MIB);
		}
	}
	/* Room was made where most is. */
	assert_int_equal(files(bed), BRIDGE_BUNDLES_MIB_MAX / 4);
	assert_true(finds_numbered(bed, &bed->other, 7, 4 * MIB));
	assert_false(finds_numbered(bed, &attaches[0], 0, 4 * MIB));
	for (size_t s = 0; s < SUBJECTS; s++) {
		bridge_bundles_forget(bed->bundles, &attaches[s]);
		free(attaches[s].rights.subject);
	}
	assert_int_equal(files(bed), 1);
}

static void uploads_that_never_end_keep_nobody_out(void **state)
{
	struct bed *bed = *state;
	enum {
		SUBJECTS = BRIDGE_BUNDLES_MIB_MAX / BRIDGE_BUNDLES_OWN_MIB_MAX,
		EACH = BRIDGE_BUNDLES_OWN_MIB_MAX / 4,
	};
	struct bridge_attach attaches[SUBJECTS];
	struct bridge_fid fids[SUBJECTS][EACH];
	BASE_FREE char *bytes = base_alloc(4 * MIB, 1);
	for (size_t s = 0; s < SUBJECTS; s++) {
		attaches[s].rights.subject = base_format("subject-%zu", s);
		for (uint32_t i = 0; i < EACH; i++) {
			assert_int_equal(create(bed, &attaches[s], name_of(&i, sizeof(i)), &fids[s][i]), 0);
			assert_int_equal(put(&fids[s][i], 0, bytes, 4 * MIB), 0);
		}
	}
	stage_numbered(bed, &bed->one, 7, 4 * MIB);
	assert_true(finds_numbered(bed, &bed->one, 7, 4 * MIB));
	assert_int_equal(files(bed), SUBJECTS * EACH);
	assert_int_equal(put(&fids[0][0], 0, bytes, 1), -ESTALE);
	for (size_t s = 0; s < SUBJECTS; s++) {
		for (uint32_t i = 0; i < EACH; i++) {
			finish(&fids[s][i]);
		}
		free(attaches[s].rights.subject);
	}
	assert_int_equal(files(bed), 1);
}

static void a_fid_keeps_no_bundle_that_was_dropped(void **state)
{
	struct bed *bed = *state;
	struct bridge_fid fid = {.number = 0};
	char out[8];
	assert_int_equal(create(bed, &bed->one, name_of("1234", 4), &fid), 0);
	assert_int_equal(put(&fid, 0, "1234", 4), 0);
	bridge_bundles_forget(bed->bundles, &bed->one);
	assert_int_equal(files(bed), 0);
	assert_int_equal(fid.node->kind->read(fid.node, &fid, 0, out, sizeof(out)), -ESTALE);
	assert_int_equal(put(&fid, 0, "1234", 4), -ESTALE);
	assert_int_equal(fid.node->kind->sync(fid.node), -ESTALE);
	assert_int_equal(fid.node->kind->size(fid.node, &fid), 0);
	finish(&fid);
}

static void an_alias_names_a_bundle_that_is_there(void **state)
{
	struct bed *bed = *state;
	struct bridge_fid fid = {.number = 0};
	BASE_FREE char *first = base_format("%s\n", name_of("1234", 4));
	BASE_FREE char *second = base_format("%s\n", name_of("5678", 4));
	assert_int_equal(create(bed, &bed->one, "vadd.spv", &fid), 0);
	assert_int_equal(put(&fid, 0, first, strlen(first)), -ENOENT);
	stage(bed, &bed->one, "1234", 4);
	stage(bed, &bed->one, "5678", 4);
	assert_int_equal(put(&fid, 0, first, strlen(first)), 0);
	assert_true(finds(bed, &bed->one, "vadd.spv", "1234", 4));
	assert_false(finds(bed, &bed->other, "vadd.spv", "1234", 4));
	/* Written again, it is pointed elsewhere; in pieces too. */
	assert_int_equal(put(&fid, 0, second, 10), 0);
	assert_false(finds(bed, &bed->one, "vadd.spv", "1234", 4));
	assert_int_equal(put(&fid, 10, second + 10, strlen(second) - 10), 0);
	assert_true(finds(bed, &bed->one, "vadd.spv", "5678", 4));
	assert_int_equal(put(&fid, strlen(second), "x", 1), -EMSGSIZE);
	assert_int_equal(put(&fid, 0, "/etc/passwd", 11), 0);
	finish(&fid);
	assert_int_equal(files(bed), 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED_WITH("bundle@is-there-from-the-write-that-completes-it",
			is_there_from_the_write_that_completes_it, setup, teardown),
		NAMED_WITH("bundle@short-long-and-wrong-ones-leave-nothing",
			short_long_and_wrong_ones_leave_nothing, setup, teardown),
		NAMED_WITH(
			"bundle@only-good-names-can-be-made", only_good_names_can_be_made, setup, teardown),
		NAMED_WITH("bundle@two-writers-of-one-take-part", two_writers_of_one_bundle_take_part,
			setup, teardown),
		NAMED_WITH("bundle@the-oldest-of-ones-own-makes-room", the_oldest_of_ones_own_makes_room,
			setup, teardown),
		NAMED_WITH("bundle@uploads-that-never-end-are-bounded", uploads_that_never_end_are_bounded,
			setup, teardown),
		NAMED_WITH("bundle@all-together-are-bounded", all_together_are_bounded, setup, teardown),
		NAMED_WITH("bundle@uploads-that-never-end-keep-nobody-out",
			uploads_that_never_end_keep_nobody_out, setup, teardown),
		NAMED_WITH("bundle@a-fid-keeps-none-that-was-dropped",
			a_fid_keeps_no_bundle_that_was_dropped, setup, teardown),
		NAMED_WITH("bundle@an-alias-names-one-that-is-there", an_alias_names_a_bundle_that_is_there,
			setup, teardown),
	};
	return cmocka_run_group_tests_name("bridge_bundles", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/spirv.h"

#include "base/memory.h"
#include "tests/unit/shaders/in_place.comp.h"
#include "tests/unit/shaders/sized.comp.h"

#include "cmocka_names.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* First word of an instruction. */
#define OP(op, words) ((uint32_t)(words) << 16 | (op))
#define HEADER 0x07230203, 0x00010300, 0, 100, 0
/* OpEntryPoint GLCompute %1 "main", and "two" for %2. */
#define ENTRY_MAIN OP(15, 5), 5, 1, 0x6e69616d, 0
#define ENTRY_TWO OP(15, 4), 5, 2, 0x006f7774
#define CAPABILITY(number) OP(17, 2), number
/* "GLSL.std.450" */
#define IMPORT_GLSL OP(11, 6), 50, 0x4c534c47, 0x6474732e, 0x3035342e, 0
#define LOCAL_SIZE(id, x, y, z) OP(16, 6), id, 17, x, y, z
#define LOCAL_SIZE_ID(id, x, y, z) OP(331, 6), id, 38, x, y, z
#define CONSTANT(id, value) OP(43, 4), 90, id, value
#define SPEC_CONSTANT(id, value) OP(50, 4), 90, id, value
#define DECORATE(id, decoration, value) OP(71, 4), id, decoration, value
#define COMPOSITE(id, x, y, z) OP(44, 6), 91, id, x, y, z
/* %20 = struct, %21 = pointer to it, %22 = variable of a storage class. */
#define STRUCT OP(30, 3), 20, 90
#define POINTER(storage) OP(32, 4), 21, storage, 20
#define VARIABLE(storage) OP(59, 4), 21, 22, storage
#define BUFFER_TYPES STRUCT, POINTER(12), VARIABLE(12)

struct sample {
	const char *name;
	uint32_t words[64];
	size_t count;
	/** What the refusal says; NULL: it is accepted. */
	const char *refusal;
	uint32_t local_size[3];
	uint32_t bindings;
};

#define SAMPLE(title, says, ...)                                                                   \
	.name = title, .words = {__VA_ARGS__}, .count = COUNT(((uint32_t[]){__VA_ARGS__})),            \
	.refusal = says

static const struct sample samples[] = {
	{SAMPLE("execution mode", NULL, HEADER, ENTRY_MAIN, LOCAL_SIZE(1, 8, 4, 2)),
		.local_size = {8, 4, 2}},
	{SAMPLE("LocalSizeId", NULL, HEADER, ENTRY_MAIN, LOCAL_SIZE_ID(1, 10, 11, 10), CONSTANT(10, 1),
		 CONSTANT(11, 32)),
		.local_size = {1, 32, 1}},
	{SAMPLE("the built-in overrides the mode", NULL, HEADER, ENTRY_MAIN, LOCAL_SIZE(1, 8, 4, 2),
		 DECORATE(12, 11, 25), CONSTANT(10, 16), COMPOSITE(12, 10, 10, 10)),
		.local_size = {16, 16, 16}},
	{SAMPLE("the named entry point of two", NULL, HEADER, ENTRY_MAIN, ENTRY_TWO,
		 LOCAL_SIZE(1, 8, 4, 2), LOCAL_SIZE(2, 3, 3, 3)),
		.local_size = {3, 3, 3}},
	{SAMPLE("a storage buffer", NULL, HEADER, ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1),
		 DECORATE(22, 34, 0), DECORATE(22, 33, 7), BUFFER_TYPES),
		.local_size = {1, 1, 1}, .bindings = 1u << 7},
	{SAMPLE("allowed capabilities", NULL, HEADER, CAPABILITY(1), CAPABILITY(9), CAPABILITY(64),
		 CAPABILITY(6022), ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1)),
		.local_size = {1, 1, 1}},
	{SAMPLE("arithmetic of GLSL", NULL, HEADER, IMPORT_GLSL, ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1)),
		.local_size = {1, 1, 1}},
	{SAMPLE("physical addresses", "capability 5347", HEADER, CAPABILITY(5347), ENTRY_MAIN,
		LOCAL_SIZE(1, 1, 1, 1))},
	{SAMPLE("variable pointers", "capability 4442", HEADER, CAPABILITY(4442), ENTRY_MAIN,
		LOCAL_SIZE(1, 1, 1, 1))},
	{SAMPLE("arrays of descriptors", "capability 5302", HEADER, CAPABILITY(5302), ENTRY_MAIN,
		LOCAL_SIZE(1, 1, 1, 1))},
	{SAMPLE("ray tracing", "capability 4472", HEADER, CAPABILITY(4472), ENTRY_MAIN,
		LOCAL_SIZE(1, 1, 1, 1))},
	{SAMPLE("a capability that does not exist", "capability 4294967295", HEADER,
		CAPABILITY(UINT32_MAX), ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1))},
	{SAMPLE("a capability without a number", "capability 0", HEADER, OP(17, 1), ENTRY_MAIN,
		LOCAL_SIZE(1, 1, 1, 1))},
	/* "NonSemantic.DebugPrintf" */
	{SAMPLE("printf", "set of instructions", HEADER, OP(11, 8), 50, 0x536e6f4e, 0x6e616d65,
		0x2e636974, 0x75626544, 0x69725067, 0x0066746e, ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1))},
	{SAMPLE("OpenCL's instructions", "set of instructions", HEADER, OP(11, 5), 50, 0x6e65704f,
		0x732e4c43, 0x00006474, ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1))},
	{SAMPLE("nothing", "no SPIR-V", 0)},
	{SAMPLE("other byte order", "byte order", 0x03022307, 0, 0, 0, 0)},
	{SAMPLE("another major version", "version", 0x07230203, 0x00020000, 0, 100, 0)},
	{SAMPLE("an instruction without length", "cut off", HEADER, OP(15, 0))},
	{SAMPLE("an instruction cut off", "cut off", HEADER, OP(15, 9), 5)},
	{SAMPLE("no entry point", "no GLCompute", HEADER, LOCAL_SIZE(1, 1, 1, 1))},
	{SAMPLE("a vertex shader", "no GLCompute", HEADER, OP(15, 5), 0, 1, 0x6e69616d, 0)},
	{SAMPLE("a name without end", "name", HEADER, OP(15, 4), 5, 1, 0x6e69616d)},
	{SAMPLE("an empty name", "name", HEADER, OP(15, 4), 5, 1, 0)},
	{SAMPLE("a name with a control character", "name", HEADER, OP(15, 4), 5, 1, 0x00000a61)},
	{SAMPLE("two entry points and no name", "none is named", HEADER, ENTRY_MAIN, ENTRY_MAIN,
		LOCAL_SIZE(1, 1, 1, 1))},
	{SAMPLE("no local size", "no local size", HEADER, ENTRY_MAIN)},
	{SAMPLE("another's local size", "no local size", HEADER, ENTRY_MAIN, LOCAL_SIZE(9, 1, 1, 1))},
	{SAMPLE(
		"LocalSizeId of nothing", "dimension 0", HEADER, ENTRY_MAIN, LOCAL_SIZE_ID(1, 10, 10, 10))},
	{SAMPLE("LocalSizeId of 64 bits", "dimension 0", HEADER, ENTRY_MAIN,
		LOCAL_SIZE_ID(1, 10, 10, 10), OP(43, 5), 90, 10, 1, 0)},
	{SAMPLE("a built-in without constants", "WorkgroupSize", HEADER, ENTRY_MAIN,
		LOCAL_SIZE(1, 1, 1, 1), DECORATE(12, 11, 25))},
	{SAMPLE("a uniform buffer", "no single storage buffer", HEADER, ENTRY_MAIN,
		LOCAL_SIZE(1, 1, 1, 1), DECORATE(22, 34, 0), DECORATE(22, 33, 0), STRUCT, POINTER(2),
		VARIABLE(2))},
	{SAMPLE("an image", "no single storage buffer", HEADER, ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1),
		DECORATE(22, 34, 0), DECORATE(22, 33, 0), STRUCT, POINTER(0), VARIABLE(0))},
	{SAMPLE("an array of buffers", "no single storage buffer", HEADER, ENTRY_MAIN,
		LOCAL_SIZE(1, 1, 1, 1), DECORATE(22, 34, 0), DECORATE(22, 33, 0), OP(28, 4), 20, 90, 91,
		POINTER(12), VARIABLE(12))},
	{SAMPLE("another set", "set 0", HEADER, ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1), DECORATE(22, 34, 1),
		DECORATE(22, 33, 0), BUFFER_TYPES)},
	{SAMPLE("a binding too high", "set 0", HEADER, ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1),
		DECORATE(22, 34, 0), DECORATE(22, 33, 32), BUFFER_TYPES)},
	{SAMPLE("a buffer without binding", "set 0", HEADER, ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1),
		DECORATE(22, 34, 0), BUFFER_TYPES)},
};

static void reads_and_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		const struct sample *sample = &samples[i];
		struct bridge_spirv module;
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		bool read = bridge_spirv_read(sample->words, sample->count, "two", &module, &err);
		if (read != !sample->refusal ||
			(!read && !strstr(lane_error_message(&err), sample->refusal))) {
			fail_msg("%s: %s", sample->name, lane_error_message(&err));
		}
		if (!read) {
			assert_string_equal(err.code, "JOB_INVALID");
			continue;
		}
		assert_memory_equal(module.local_size, sample->local_size, sizeof(module.local_size));
		assert_int_equal(module.bindings, sample->bindings);
	}
}

static void refuses_endless_resources(void **state)
{
	(void)state;
	static const uint32_t start[] = {HEADER, ENTRY_MAIN, LOCAL_SIZE(1, 1, 1, 1),
		DECORATE(22, 34, 0), DECORATE(22, 33, 0), STRUCT, POINTER(12)};
	static const uint32_t variable[] = {VARIABLE(12)};
	uint32_t words[COUNT(start) + 65 * COUNT(variable)];
	memcpy(words, start, sizeof(start));
	for (size_t i = 0; i < 65; i++) {
		memcpy(words + COUNT(start) + i * COUNT(variable), variable, sizeof(variable));
	}
	struct bridge_spirv module;
	assert_true(bridge_spirv_read(words, COUNT(words) - COUNT(variable), "", &module, NULL));
	assert_false(bridge_spirv_read(words, COUNT(words), "", &module, NULL));
}

static void reads_what_the_compiler_writes(void **state)
{
	(void)state;
	struct bridge_spirv module;
	assert_true(bridge_spirv_read(in_place_spirv, COUNT(in_place_spirv), "x", &module, NULL));
	assert_string_equal(module.entry, "main");
	assert_int_equal(module.local_size[0], 64);
	assert_int_equal(module.local_size[2], 1);
	assert_false(module.has_spec_id[0]);
	assert_int_equal(module.bindings, 1);
	assert_true(bridge_spirv_read(sized_spirv, COUNT(sized_spirv), "x", &module, NULL));
	assert_true(module.has_spec_id[0] && !module.has_spec_id[1]);
	assert_int_equal(module.spec_id[0], 0);
	assert_int_equal(module.bindings, 3);
}

/* Reads a copy of exactly that size, so that a sanitizer sees a word too far. */
static void reads_every_cut_within_bounds(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < COUNT(sized_spirv); cut++) {
		uint32_t *words = base_alloc(cut, 4);
		memcpy(words, sized_spirv, cut * 4);
		struct bridge_spirv module;
		bridge_spirv_read(words, cut, "x", &module, NULL);
		free(words);
	}
}

static struct bridge_job job_of(uint32_t block)
{
	return (struct bridge_job){
		.block = {block, 1, 1}, .buffers = {{.binding = 0}, {.binding = 1}}, .buffer_count = 2};
}

static void fits_the_block_through_its_constant(void **state)
{
	(void)state;
	struct bridge_spirv module;
	assert_true(bridge_spirv_read(sized_spirv, COUNT(sized_spirv), "x", &module, NULL));
	struct bridge_job job = job_of(32);
	assert_true(bridge_spirv_fit(&module, &job, NULL));
	assert_int_equal(job.specialization_count, 1);
	assert_int_equal(job.specializations[0].id, 0);
	assert_int_equal(job.specializations[0].value, 32);
	/* Said twice, and differently. */
	job.block[0] = 64;
	assert_false(bridge_spirv_fit(&module, &job, NULL));
	job.block[0] = 32;
	job.block[1] = 2;
	assert_false(bridge_spirv_fit(&module, &job, NULL));
}

static void refuses_a_job_unlike_its_module(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_spirv module;
	assert_true(bridge_spirv_read(in_place_spirv, COUNT(in_place_spirv), "x", &module, NULL));
	struct bridge_job job = job_of(64);
	assert_true(bridge_spirv_fit(&module, &job, NULL));
	job.block[0] = 32;
	assert_false(bridge_spirv_fit(&module, &job, &err));
	assert_string_equal(lane_error_message(&err), "block[0] is 32, the module's local size is 64");
	job.block[0] = 64;
	job.buffers[0].binding = 9;
	assert_false(bridge_spirv_fit(&module, &job, &err));
	assert_string_equal(
		lane_error_message(&err), "the module has a storage buffer at binding 0, the job has none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED("spirv@reads-and-refuses", reads_and_refuses),
		NAMED("spirv@refuses-endless-resources", refuses_endless_resources),
		NAMED("spirv@reads-what-the-compiler-writes", reads_what_the_compiler_writes),
		NAMED("spirv@reads-every-cut-within-bounds", reads_every_cut_within_bounds),
		NAMED("spirv@fits-the-block-through-its-constant", fits_the_block_through_its_constant),
		NAMED("spirv@refuses-a-job-unlike-its-module", refuses_a_job_unlike_its_module),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

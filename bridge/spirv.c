/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/spirv.h"

#include <string.h>

/* Numbers of the SPIR-V specification, unified1, section 3. */
enum {
	SPIRV_MAGIC = 0x07230203,
	SPIRV_MAGIC_SWAPPED = 0x03022307,
	SPIRV_MAJOR_VERSION = 1,
	SPIRV_HEADER_WORDS = 5,
	/* Universal limit on ids (section 2.16.1). Drivers make tables of this size. */
	SPIRV_BOUND_MAX = 0x3FFFFF,
	OP_EXT_INST_IMPORT = 11,
	OP_ENTRY_POINT = 15,
	OP_EXECUTION_MODE = 16,
	OP_CAPABILITY = 17,
	OP_TYPE_STRUCT = 30,
	OP_TYPE_POINTER = 32,
	OP_CONSTANT = 43,
	OP_CONSTANT_COMPOSITE = 44,
	OP_SPEC_CONSTANT = 50,
	OP_SPEC_CONSTANT_COMPOSITE = 51,
	OP_VARIABLE = 59,
	OP_DECORATE = 71,
	OP_EXECUTION_MODE_ID = 331,
	MODEL_GL_COMPUTE = 5,
	MODE_LOCAL_SIZE = 17,
	MODE_LOCAL_SIZE_ID = 38,
	DECORATION_SPEC_ID = 1,
	DECORATION_BUILT_IN = 11,
	DECORATION_BINDING = 33,
	DECORATION_DESCRIPTOR_SET = 34,
	BUILT_IN_WORKGROUP_SIZE = 25,
	STORAGE_UNIFORM_CONSTANT = 0,
	STORAGE_UNIFORM = 2,
	STORAGE_STORAGE_BUFFER = 12,
	/* Variables with a binding; several may share one. */
	RESOURCES_MAX = 64,
};

/* One instruction: its operands are words[1] to words[count - 1]. */
struct instruction {
	uint32_t op;
	const uint32_t *words;
	size_t count;
};

struct reader {
	const uint32_t *words;
	size_t count;
	size_t at;
};

/* False at the end. bridge_spirv_read has checked all lengths before anything else is read. */
static bool reader_next(struct reader *reader, struct instruction *instruction)
{
	if (reader->at >= reader->count) {
		return false;
	}
	instruction->words = reader->words + reader->at;
	instruction->op = instruction->words[0] & 0xffff;
	instruction->count = instruction->words[0] >> 16;
	reader->at += instruction->count;
	return true;
}

static struct reader reader_of(const uint32_t *words, size_t count)
{
	return (struct reader){.words = words, .count = count, .at = SPIRV_HEADER_WORDS};
}

static bool header_check(const uint32_t *words, size_t count, struct lane_error *err)
{
	if (count < SPIRV_HEADER_WORDS || words[0] != SPIRV_MAGIC) {
		bool swapped = count > 0 && words[0] == SPIRV_MAGIC_SWAPPED;
		return lane_error_set(
			err, "JOB_INVALID", "the module is no SPIR-V%s", swapped ? " of this byte order" : "");
	}
	if (words[3] == 0 || words[3] > SPIRV_BOUND_MAX) {
		return lane_error_set(err, "JOB_INVALID", "SPIR-V: an id bound of %u, the limit is %d",
			words[3], SPIRV_BOUND_MAX);
	}
	if (words[1] >> 16 != SPIRV_MAJOR_VERSION) {
		return lane_error_set(err, "JOB_INVALID", "SPIR-V: version 0x%08x is unknown", words[1]);
	}
	for (size_t at = SPIRV_HEADER_WORDS; at < count;) {
		size_t length = words[at] >> 16;
		if (length == 0 || length > count - at) {
			return lane_error_set(err, "JOB_INVALID",
				"SPIR-V: the instruction at word %zu is cut off or has no length", at);
		}
		at += length;
	}
	return true;
}

/* Copies a literal string. False when it is too long, not terminated or not printable. */
static bool literal_name(
	const struct instruction *instruction, size_t first, char *name, size_t size)
{
	size_t length = 0;
	for (size_t i = first; i < instruction->count; i++) {
		for (int shift = 0; shift < 32; shift += 8) {
			char c = (char)(instruction->words[i] >> shift & 0xff);
			if (length >= size || (c != '\0' && (c < 0x20 || c > 0x7e))) {
				return false;
			}
			name[length++] = c;
			if (c == '\0') {
				return length > 1;
			}
		}
	}
	return false;
}

/*
 * What a module may use: arithmetic of any width, atomics, subgroups, storage buffers, matrices.
 * Not here: addresses as numbers (PhysicalStorageBufferAddresses, VariablePointers, Addresses),
 * arrays of descriptors, images, ray tracing, clocks: with them a module reaches what is not its
 * own, or parts of a driver that compute needs none of.
 */
static const struct {
	uint32_t first, last;
} capabilities[] = {
	{0, 1},       /* Matrix, Shader */
	{9, 12},      /* Float16, Float64, Int64, Int64Atomics */
	{22, 22},     /* Int16 */
	{39, 39},     /* Int8 */
	{61, 68},     /* GroupNonUniform and its kinds */
	{4212, 4213}, /* Float8 */
	{4423, 4423}, /* SubgroupBallotKHR */
	{4433, 4435}, /* 16-bit storage buffers and push constants */
	{4448, 4450}, /* 8-bit storage buffers and push constants */
	{4464, 4468}, /* float controls */
	{5116, 5118}, /* BFloat16 */
	{5345, 5346}, /* VulkanMemoryModel and its device scope */
	{5629, 5629}, /* ExpectAssumeKHR */
	{6016, 6019}, /* DotProduct */
	{6022, 6022}, /* CooperativeMatrixKHR */
	{6026, 6026}, /* GroupNonUniformRotateKHR */
	{6033, 6034}, /* AtomicFloat32AddEXT, AtomicFloat64AddEXT */
};

static bool is_allowed(uint32_t capability)
{
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		if (capability >= capabilities[i].first && capability <= capabilities[i].last) {
			return true;
		}
	}
	return false;
}

/* Sets of instructions: arithmetic, and what is only for tools. printf is a way out. */
static bool is_allowed_import(const char *name)
{
	static const char tools[] = "NonSemantic.";
	return strcmp(name, "GLSL.std.450") == 0 ||
		(strncmp(name, tools, sizeof(tools) - 1) == 0 && strstr(name, "DebugPrintf") == NULL);
}

static bool check_use(const uint32_t *words, size_t count, struct lane_error *err)
{
	struct reader reader = reader_of(words, count);
	struct instruction instruction;
	while (reader_next(&reader, &instruction)) {
		char name[BRIDGE_JOB_ID_MAX + 1];
		if (instruction.op == OP_CAPABILITY &&
			(instruction.count != 2 || !is_allowed(instruction.words[1]))) {
			return lane_error_set(err, "JOB_INVALID", "SPIR-V: capability %u is not allowed",
				instruction.count > 1 ? instruction.words[1] : 0);
		}
		if (instruction.op == OP_EXT_INST_IMPORT &&
			(!literal_name(&instruction, 2, name, sizeof(name)) || !is_allowed_import(name))) {
			return lane_error_set(
				err, "JOB_INVALID", "SPIR-V: a set of instructions that is not allowed");
		}
	}
	return true;
}

/* The entry point and its id. */
static bool find_entry(const uint32_t *words, size_t count, const char *kernel,
	struct bridge_spirv *module, uint32_t *entry_id, struct lane_error *err)
{
	struct reader reader = reader_of(words, count);
	struct instruction instruction;
	unsigned entries = 0;
	bool named = false;
	while (reader_next(&reader, &instruction)) {
		if (instruction.op != OP_ENTRY_POINT || instruction.count < 4 ||
			instruction.words[1] != MODEL_GL_COMPUTE) {
			continue;
		}
		char name[sizeof(module->entry)];
		if (!literal_name(&instruction, 3, name, sizeof(name))) {
			return lane_error_set(err, "JOB_INVALID",
				"SPIR-V: an entry point's name is not 1 to %d printable characters",
				BRIDGE_JOB_ID_MAX);
		}
		bool is_kernel = strcmp(name, kernel) == 0;
		if (entries == 0 || (is_kernel && !named)) {
			memcpy(module->entry, name, sizeof(name));
			*entry_id = instruction.words[2];
		}
		named = named || is_kernel;
		entries++;
	}
	if (entries == 0) {
		return lane_error_set(err, "JOB_INVALID", "SPIR-V: no GLCompute entry point");
	}
	if (entries > 1 && !named) {
		return lane_error_set(err, "JOB_INVALID",
			"SPIR-V: %u GLCompute entry points and none is named '%s'", entries, kernel);
	}
	return true;
}

/* The first instruction with this result id, which is the operand `index`. */
static bool find_result(const uint32_t *words, size_t count, size_t index, uint32_t id,
	const uint32_t ops[2], struct instruction *found)
{
	struct reader reader = reader_of(words, count);
	while (reader_next(&reader, found)) {
		if ((found->op == ops[0] || found->op == ops[1]) && found->count > index &&
			found->words[index] == id) {
			return true;
		}
	}
	return false;
}

/* The first decoration of this kind: of this id, or of any with this value when the id is 0. */
static bool find_decoration(const uint32_t *words, size_t count, uint32_t id, uint32_t decoration,
	uint32_t value, struct instruction *found)
{
	struct reader reader = reader_of(words, count);
	while (reader_next(&reader, found)) {
		if (found->op == OP_DECORATE && found->count >= 4 && found->words[2] == decoration &&
			(id ? found->words[1] == id : found->words[3] == value)) {
			return true;
		}
	}
	return false;
}

/* One dimension from a constant or a specialization constant of 32 bits. */
static bool size_constant(const uint32_t *words, size_t count, uint32_t id, int dimension,
	struct bridge_spirv *module, struct lane_error *err)
{
	static const uint32_t ops[2] = {OP_CONSTANT, OP_SPEC_CONSTANT};
	struct instruction constant;
	if (!find_result(words, count, 2, id, ops, &constant) || constant.count != 4) {
		return lane_error_set(err, "JOB_INVALID",
			"SPIR-V: local size in dimension %d is no 32-bit constant", dimension);
	}
	module->local_size[dimension] = constant.words[3];
	struct instruction spec_id;
	if (constant.op == OP_SPEC_CONSTANT &&
		find_decoration(words, count, id, DECORATION_SPEC_ID, 0, &spec_id)) {
		module->has_spec_id[dimension] = true;
		module->spec_id[dimension] = spec_id.words[3];
	}
	return true;
}

/* The WorkgroupSize built-in, which overrides the execution mode. `there` says whether it is. */
static bool read_workgroup_size(const uint32_t *words, size_t count, struct bridge_spirv *module,
	bool *there, struct lane_error *err)
{
	static const uint32_t ops[2] = {OP_CONSTANT_COMPOSITE, OP_SPEC_CONSTANT_COMPOSITE};
	struct instruction decoration;
	struct instruction composite;
	*there =
		find_decoration(words, count, 0, DECORATION_BUILT_IN, BUILT_IN_WORKGROUP_SIZE, &decoration);
	if (!*there) {
		return true;
	}
	if (!find_result(words, count, 2, decoration.words[1], ops, &composite) ||
		composite.count != 6) {
		return lane_error_set(
			err, "JOB_INVALID", "SPIR-V: WorkgroupSize is no composite of three constants");
	}
	for (int i = 0; i < 3; i++) {
		if (!size_constant(words, count, composite.words[3 + i], i, module, err)) {
			return false;
		}
	}
	return true;
}

static bool read_local_size(const uint32_t *words, size_t count, uint32_t entry_id,
	struct bridge_spirv *module, struct lane_error *err)
{
	bool there = false;
	if (!read_workgroup_size(words, count, module, &there, err)) {
		return false;
	}
	if (there) {
		return true;
	}
	struct reader reader = reader_of(words, count);
	struct instruction mode;
	while (reader_next(&reader, &mode)) {
		if (mode.count != 6 || mode.words[1] != entry_id) {
			continue;
		}
		if (mode.op == OP_EXECUTION_MODE && mode.words[2] == MODE_LOCAL_SIZE) {
			memcpy(module->local_size, mode.words + 3, sizeof(module->local_size));
			return true;
		}
		if (mode.op == OP_EXECUTION_MODE_ID && mode.words[2] == MODE_LOCAL_SIZE_ID) {
			return size_constant(words, count, mode.words[3], 0, module, err) &&
				size_constant(words, count, mode.words[4], 1, module, err) &&
				size_constant(words, count, mode.words[5], 2, module, err);
		}
	}
	return lane_error_set(err, "JOB_INVALID", "SPIR-V: %s has no local size", module->entry);
}

/* A single storage buffer: a pointer to a struct. Arrays of buffers would need more descriptors. */
static bool is_single_buffer(
	const uint32_t *words, size_t count, const struct instruction *variable)
{
	static const uint32_t pointers[2] = {OP_TYPE_POINTER, OP_TYPE_POINTER};
	static const uint32_t structs[2] = {OP_TYPE_STRUCT, OP_TYPE_STRUCT};
	struct instruction pointer;
	struct instruction structure;
	return variable->words[3] == STORAGE_STORAGE_BUFFER &&
		find_result(words, count, 1, variable->words[1], pointers, &pointer) &&
		pointer.count == 4 && find_result(words, count, 1, pointer.words[3], structs, &structure);
}

static bool read_buffer(const uint32_t *words, size_t count, const struct instruction *variable,
	struct bridge_spirv *module, struct lane_error *err)
{
	uint32_t id = variable->words[2];
	struct instruction set;
	struct instruction binding;
	if (!is_single_buffer(words, count, variable)) {
		return lane_error_set(err, "JOB_INVALID",
			"SPIR-V: variable %u is a resource, but no single storage buffer (compile for Vulkan "
			"1.1)",
			id);
	}
	if (!find_decoration(words, count, id, DECORATION_DESCRIPTOR_SET, 0, &set) ||
		!find_decoration(words, count, id, DECORATION_BINDING, 0, &binding) || set.words[3] != 0 ||
		binding.words[3] > BRIDGE_JOB_BINDING_MAX) {
		return lane_error_set(err, "JOB_INVALID",
			"SPIR-V: storage buffer %u is not at a binding from 0 to %d of set 0", id,
			BRIDGE_JOB_BINDING_MAX);
	}
	module->bindings |= 1u << binding.words[3];
	return true;
}

static bool read_buffers(
	const uint32_t *words, size_t count, struct bridge_spirv *module, struct lane_error *err)
{
	struct reader reader = reader_of(words, count);
	struct instruction variable;
	unsigned resources = 0;
	while (reader_next(&reader, &variable)) {
		if (variable.op != OP_VARIABLE || variable.count < 4) {
			continue;
		}
		uint32_t storage = variable.words[3];
		if (storage != STORAGE_UNIFORM_CONSTANT && storage != STORAGE_UNIFORM &&
			storage != STORAGE_STORAGE_BUFFER) {
			continue;
		}
		/* Each one costs a few passes over the module. */
		if (++resources > RESOURCES_MAX) {
			return lane_error_set(
				err, "JOB_INVALID", "SPIR-V: more than %d resources", RESOURCES_MAX);
		}
		if (!read_buffer(words, count, &variable, module, err)) {
			return false;
		}
	}
	return true;
}

bool bridge_spirv_read(const uint32_t *words, size_t count, const char *kernel,
	struct bridge_spirv *module, struct lane_error *err)
{
	uint32_t entry_id = 0;
	memset(module, 0, sizeof(*module));
	if (!header_check(words, count, err)) {
		return false;
	}
	module->version = words[1];
	return check_use(words, count, err) &&
		find_entry(words, count, kernel, module, &entry_id, err) &&
		read_local_size(words, count, entry_id, module, err) &&
		read_buffers(words, count, module, err);
}

/* Index of the job's constant with this id, or specialization_count. */
static size_t fit_find(const struct bridge_job *job, uint32_t id)
{
	size_t i = 0;
	while (i < job->specialization_count && job->specializations[i].id != id) {
		i++;
	}
	return i;
}

bool bridge_spirv_fit(
	const struct bridge_spirv *module, struct bridge_job *job, struct lane_error *err)
{
	for (int i = 0; i < 3; i++) {
		uint32_t local_size = module->local_size[i];
		if (module->has_spec_id[i]) {
			size_t at = fit_find(job, module->spec_id[i]);
			if (at == job->specialization_count) {
				job->specializations[at].id = module->spec_id[i];
				job->specializations[at].value = job->block[i];
				job->specialization_count++;
			}
			local_size = job->specializations[at].value;
		}
		if (local_size != job->block[i]) {
			return lane_error_set(err, "JOB_INVALID",
				"block[%d] is %u, the module's local size is %u", i, job->block[i], local_size);
		}
	}
	uint32_t declared = 0;
	for (size_t i = 0; i < job->buffer_count; i++) {
		declared |= 1u << job->buffers[i].binding;
	}
	uint32_t missing = module->bindings & ~declared;
	if (missing) {
		return lane_error_set(err, "JOB_INVALID",
			"the module has a storage buffer at binding %d, the job has none",
			__builtin_ctz(missing));
	}
	return true;
}

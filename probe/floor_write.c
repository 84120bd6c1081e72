/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/floor_write.h"

#include "base/memory.h"
#include "probe/case.h"
#include "probe/path.h"

#include <math.h>
#include <string.h>

/* What a floor asks of a GPU. A fact that is not there is not asked for. */
static const struct line {
	const char *id;
	const char *fact;
	const char *operator;
	/* What a sound GPU has; NULL: what this one has. */
	const char *wanted;
	const char *severity;
	const char *why;
	const char *remedy;
} lines[] = {
	{"render-node", "gpu.render.path", "present", NULL, "failure",
		"compute goes through the render node", "Mount the host's /dev/dri."},
	{"render-node-opens", "gpu.render.open", "equals", "ok", "failure",
		"a node that is visible and cannot be opened is the usual silent failure",
		"See the finding on the node: its errno tells the cause."},
	{"kernel-driver", "gpu.driver", "equals", NULL, "failure",
		"the driver that the machine had when this floor was written",
		"Check on the host which driver is bound to the GPU."},
	{"pci-id", "gpu.id", "equals", NULL, "failure",
		"the GPU by number: its name depends on the machine's tables",
		"Check whether this is the machine that the floor was written for."},
	{"hardware", "gpu.software", "equals", NULL, "failure",
		"hardware and software renderers are told apart before anything else",
		"Follow the other findings up the ladder; the first rung that is broken is the cause."},
	{"vulkan-driver", "gpu.vulkan.driver_id", "equals", NULL, "failure",
		"the Vulkan driver by its id, which does not depend on names",
		"Install that driver, or write the floor anew."},
	{"device-type", "gpu.vulkan.type", "equals", NULL, "failure",
		"discrete, integrated and virtual GPUs are different classes of speed",
		"Check which GPU is judged."},
	{"device-id", "gpu.vulkan.id", "equals", NULL, "failure",
		"the GPU by number, as its Vulkan driver says", "Check which GPU is judged."},
	{"device-name", "gpu.vulkan.name", "equals", NULL, "warning",
		"the name may change with a driver's version", "Write the floor anew after an update."},
	{"driver-version", "gpu.vulkan.driver_version", "version_at_least", NULL, "failure",
		"an older driver is another stack", "Update the Vulkan driver."},
	{"api-version", "gpu.vulkan.api_version", "version_at_least", NULL, "failure",
		"workloads may need this version of Vulkan", "Update the Vulkan driver."},
	{"compute-units", "gpu.render.amdgpu.compute_units", "equals", NULL, "failure",
		"two products of one chip differ in it", "Check which GPU is judged."},
	{"memory", "gpu.vulkan.memory_bytes", "at_least", NULL, "failure",
		"95 % of the device-local memory that was there",
		"Check which GPU is judged, and on a virtual one its share."},
	{"link-width", "gpu.pci.link_width", "equals", NULL, "warning",
		"a card that has come loose loses lanes", "Reseat the card; check its slot."},
	{"checked-submit", "gpu.vulkan.submit", "equals", "ok", "failure",
		"a wedged GPU still enumerates; only a checked answer shows that it works",
		"See the finding of the submit."},
};

static void add_operand(cJSON *expectation, const struct line *line, const cJSON *fact)
{
	if (line->wanted) {
		base_json_add_string(expectation, line->operator, line->wanted);
	} else if (strcmp(line->operator, "present") == 0) {
		base_json_add_bool(expectation, "present", true);
	} else if (strcmp(line->operator, "at_least") == 0) {
		base_json_add_number(expectation, line->operator, floor(cJSON_GetNumberValue(fact) * 0.95));
	} else {
		base_json_add_node(expectation, line->operator, cJSON_Duplicate(fact, false));
	}
}

static void add_expectations(cJSON *list, const struct probe_case *trial)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct line *line = &lines[i];
		const cJSON *fact = probe_facts_find(trial->facts, trial->gpu, trial->device, line->fact);
		/* What a sound GPU answers is asked even of one that did not. */
		bool submit = trial->device && strcmp(line->fact, "gpu.vulkan.submit") == 0;
		if (fact || submit) {
			cJSON *expectation = base_json_add_object(list, NULL);
			base_json_add_string(expectation, "id", line->id);
			base_json_add_string(expectation, "fact", line->fact);
			add_operand(expectation, line, fact);
			base_json_add_string(expectation, "severity", line->severity);
			base_json_add_string(expectation, "why", line->why);
			base_json_add_string(expectation, "remedy", line->remedy);
		}
	}
}

bool probe_floor_write(
	const cJSON *facts, const char *name, struct base_buffer *out, struct lane_error *err)
{
	struct probe_case trial = {.facts = facts};
	probe_case_choose(&trial);
	if (!trial.gpu) {
		return lane_error_set(
			err, "DEVICE_NONE", "no floor is written: there is neither a GPU nor a renderer");
	}
	bool software = base_json_bool(trial.gpu, "software", false);
	const char *kernel = base_json_string(base_json_get(facts, "host"), "kernel", "?");
	cJSON *document = base_json_new_object();
	base_json_add_string(document, "schema", PROBE_FLOOR_SCHEMA);
	base_json_add_string(document, "name", name);
	base_json_add_format(document, "title", "%s under %s, as found on Linux %s",
		base_json_string(trial.gpu, "name", "GPU"),
		base_json_string(trial.device, "driver_name", "no Vulkan driver"), kernel);
	add_expectations(base_json_add_array(document, "expect"), &trial);
	cJSON *proves = base_json_add_array(document, "proves");
	cJSON *not = base_json_add_array(document, "does_not_prove");
	base_json_add_string(proves, NULL,
		software ? "the software renderer that this floor was written with answers one small submit"
				 : "the GPU that this floor was written with answers one small submit with every "
				   "word right");
	if (software) {
		base_json_add_string(not, NULL, "that there is a GPU");
	}
	base_json_add_string(not, NULL, "speed, or behaviour under load");
	base_json_add_string(not, NULL, "Dawn or WebGPU runtime correctness");
	base_json_write(document, 2, out);
	cJSON_Delete(document);
	return true;
}

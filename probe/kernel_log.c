/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/kernel_log.h"

#include "base/memory.h"

#include <string.h>
#include <sys/klog.h>

enum {
	/* SYSLOG_ACTION_READ_ALL of syslog(2): without taking anything away. */
	READ_ALL = 3,
	/* The largest log that distributions configure is 1 MiB; the kernel gives the newest part. */
	LOG_SIZE_MAX = 1 << 20,
	LINES_MAX = 20,
	LINE_SIZE_MAX = 300,
};

/* One of `words` is in the line. */
static bool has_one(const char *line, const char *const *words)
{
	for (; *words; words++) {
		if (strstr(line, *words)) {
			return true;
		}
	}
	return false;
}

static bool is_trouble(const char *line)
{
	static const char *const drivers[] = {
		"amdgpu", "[drm", "i915", "xe 0000:", "nouveau", "NVRM", "virtio_gpu", NULL};
	static const char *const troubles[] = {"irmware load", "Fatal error", "failed", "GPU reset",
		"timeout", "*ERROR*", "VRAM is lost", "Xid", "fallen off the bus", NULL};
	return has_one(line, drivers) && has_one(line, troubles);
}

void probe_kernel_log_pick(cJSON *list, const char *text)
{
	while (*text != '\0') {
		size_t size = strcspn(text, "\n");
		BASE_FREE char *line = base_strndup(text, size < LINE_SIZE_MAX ? size : LINE_SIZE_MAX);
		if (is_trouble(line)) {
			/* "<3>[   12.345678] amdgpu ..." */
			const char *level = line[0] == '<' ? strchr(line, '>') : NULL;
			base_json_add_string(list, NULL, level ? level + 1 : line);
		}
		if (cJSON_GetArraySize(list) > LINES_MAX) {
			cJSON_DeleteItemFromArray(list, 0);
		}
		text += size + (text[size] == '\n');
	}
}

void probe_kernel_log(cJSON *host)
{
	BASE_FREE char *text = base_alloc(LOG_SIZE_MAX, 1);
	int size = klogctl(READ_ALL, text, LOG_SIZE_MAX - 1);
	if (size <= 0) {
		return;
	}
	text[size] = '\0';
	cJSON *list = base_json_new_array();
	probe_kernel_log_pick(list, text);
	if (list->child) {
		base_json_add_node(host, "kernel_log", list);
	} else {
		cJSON_Delete(list);
	}
}

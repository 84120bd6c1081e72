/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/trace.h"

#include "base/file.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A soak of days must not fill the memory; what comes later is counted and left out. */
#define EVENTS_MAX ((size_t)1 << 20)
/* Any number; all rows are of one process. */
#define PROCESS 1

struct event {
	/** Owned. */
	char *name;
	uint64_t start_ns, end_ns;
	enum trace_track track;
	/** Whether it is a value, and which. */
	bool is_value;
	double value;
	/** Owned, or NULL. */
	cJSON *args;
};

struct trace {
	struct event *events;
	size_t count, capacity, left_out;
};

struct trace *trace_create(void)
{
	return base_alloc(1, sizeof(struct trace));
}

void trace_destroy(struct trace *trace)
{
	if (!trace) {
		return;
	}
	for (size_t i = 0; i < trace->count; i++) {
		free(trace->events[i].name);
		cJSON_Delete(trace->events[i].args);
	}
	free(trace->events);
	free(trace);
}

static void add(struct trace *trace, const struct event *event)
{
	if (trace->count >= EVENTS_MAX) {
		trace->left_out++;
		cJSON_Delete(event->args);
		return;
	}
	if (trace->count == trace->capacity) {
		trace->capacity = trace->capacity > 0 ? 2 * trace->capacity : 256;
		trace->events = base_realloc(trace->events, trace->capacity, sizeof(*trace->events));
	}
	struct event *own = &trace->events[trace->count++];
	*own = *event;
	own->name = base_strdup(event->name);
}

void trace_span(struct trace *trace, enum trace_track track, const char *name, uint64_t start_ns,
	uint64_t end_ns, cJSON *args)
{
	if (!trace) {
		cJSON_Delete(args);
		return;
	}
	add(trace,
		&(struct event){.name = (char *)name,
			.track = track,
			.start_ns = start_ns,
			.end_ns = end_ns > start_ns ? end_ns : start_ns,
			.args = args});
}

void trace_value(struct trace *trace, const char *name, uint64_t at_ns, double value)
{
	if (trace && isfinite(value)) {
		add(trace,
			&(struct event){.name = (char *)name,
				.start_ns = at_ns,
				.end_ns = at_ns,
				.is_value = true,
				.value = value});
	}
}

/* By time; of two that begin together the longer one, which holds the other, comes first. */
static int compare(const void *left, const void *right)
{
	const struct event *a = *(const struct event *const *)left;
	const struct event *b = *(const struct event *const *)right;
	if (a->start_ns != b->start_ns) {
		return a->start_ns < b->start_ns ? -1 : 1;
	}
	if (a->end_ns != b->end_ns) {
		return a->end_ns > b->end_ns ? -1 : 1;
	}
	/* What was recorded last holds what was recorded before it. */
	return a > b ? -1 : a < b;
}

static double microseconds(uint64_t ns)
{
	return (double)ns / 1000;
}

static void write_names(cJSON *events)
{
	static const char *const names[TRACE_TRACKS] = {"canary", "job", "GPU"};
	cJSON *process = base_json_add_object(events, NULL);
	base_json_add_string(process, "name", "process_name");
	base_json_add_string(process, "ph", "M");
	base_json_add_number(process, "pid", PROCESS);
	base_json_add_string(base_json_add_object(process, "args"), "name", "gpu-canary");
	for (int i = 0; i < TRACE_TRACKS; i++) {
		cJSON *thread = base_json_add_object(events, NULL);
		base_json_add_string(thread, "name", "thread_name");
		base_json_add_string(thread, "ph", "M");
		base_json_add_number(thread, "pid", PROCESS);
		base_json_add_number(thread, "tid", i + 1);
		base_json_add_string(base_json_add_object(thread, "args"), "name", names[i]);
	}
}

static void write_event(const struct event *event, uint64_t origin_ns, cJSON *events)
{
	cJSON *node = base_json_add_object(events, NULL);
	base_json_add_string(node, "name", event->name);
	base_json_add_string(node, "ph", event->is_value ? "C" : "X");
	base_json_add_number(node, "ts", microseconds(event->start_ns - origin_ns));
	base_json_add_number(node, "pid", PROCESS);
	if (event->is_value) {
		base_json_add_number(base_json_add_object(node, "args"), event->name, event->value);
		return;
	}
	base_json_add_number(node, "dur", microseconds(event->end_ns - event->start_ns));
	base_json_add_number(node, "tid", event->track + 1);
	if (event->args) {
		base_json_add_node(node, "args", cJSON_Duplicate(event->args, true));
	}
}

bool trace_save(const struct trace *trace, const char *path, struct lane_error *err)
{
	BASE_FREE const struct event **order = base_alloc(trace->count + 1, sizeof(*order));
	for (size_t i = 0; i < trace->count; i++) {
		order[i] = &trace->events[i];
	}
	qsort(order, trace->count, sizeof(*order), compare);
	BASE_JSON_FREE cJSON *root = base_json_new_object();
	cJSON *events = base_json_add_array(root, "traceEvents");
	write_names(events);
	for (size_t i = 0; i < trace->count; i++) {
		write_event(order[i], order[0]->start_ns, events);
	}
	base_json_add_string(root, "displayTimeUnit", "ms");
	cJSON *other = base_json_add_object(root, "otherData");
	base_json_add_string(other, "tool", "gpu-canary");
	base_json_add_string(other, "version", LANE_VERSION);
	base_json_add_number(other, "events_left_out", (double)trace->left_out);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(root, 0, &text);
	base_buffer_add_text(&text, "\n");
	return base_file_write(path, text.data, text.size, err);
}

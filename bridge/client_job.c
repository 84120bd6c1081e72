/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 16 << 10, LINE_MAX_SIZE = 64 << 10 };

/** Link to the mark of the job, or to the end of the list. */
static struct bridge_mark **find_mark(
	struct bridge_client *client, const char *gpu, const char *job)
{
	struct bridge_mark **link = &client->marks;
	while (*link != NULL && (strcmp((*link)->gpu, gpu) != 0 || strcmp((*link)->job, job) != 0)) {
		link = &(*link)->next;
	}
	return link;
}

static void add_mark(
	struct bridge_client *client, const char *gpu, const char *job, uint64_t offset)
{
	struct bridge_mark **link = find_mark(client, gpu, job);
	if (*link == NULL) {
		*link = base_alloc(1, sizeof(**link));
		(*link)->gpu = base_strdup(gpu);
		(*link)->job = base_strdup(job);
	}
	(*link)->offset = offset;
}

static void remove_mark(struct bridge_client *client, const char *gpu, const char *job)
{
	struct bridge_mark **link = find_mark(client, gpu, job);
	struct bridge_mark *mark = *link;
	if (mark != NULL) {
		*link = mark->next;
		free(mark->gpu);
		free(mark->job);
		free(mark);
	}
}

static char *descriptor_id(const char *descriptor)
{
	BASE_JSON_AUTO json = {.name = NULL};
	if (!base_json_parse("descriptor", descriptor, strlen(descriptor), &json, NULL)) {
		return NULL;
	}
	const char *id = base_json_string(json.root, "job", NULL);
	return id != NULL ? base_strdup(id) : NULL;
}

bool bridge_client_submit(
	struct bridge_client *client, const char *gpu, const char *descriptor, struct lane_error *err)
{
	BASE_FREE char *line = base_format("%s\n", descriptor);
	size_t size = strlen(line);
	struct bridge_file *status = bridge_file_of_gpu(client, gpu, "status");
	struct bridge_file *file = bridge_file_of_gpu(client, gpu, "job");
	struct bridge_flight flight;
	bridge_flight_begin(&flight, client, bridge_client_deadline(client->timeout_ms));
	bridge_flight_walk(&flight, status);
	const struct bridge_call *end = bridge_flight_size(&flight, status);
	bridge_flight_open(&flight, file, WIRE_OPEN_WRITE);
	const struct bridge_call *written = bridge_flight_write(&flight, file, line, size);
	bool good = bridge_flight_land(&flight, err) &&
		bridge_file_write(file, line + written->value, size - written->value, err);
	BASE_FREE char *id = good ? descriptor_id(descriptor) : NULL;
	if (id != NULL) {
		add_mark(client, gpu, id, end->value);
	}
	bridge_file_close(status);
	bridge_file_close(file);
	return good;
}

struct waiting {
	struct bridge_client *client;
	const char *job;
	void (*seen)(void *context, const struct bridge_status *status);
	void *context;
	struct bridge_status *last;
};

static bool is_terminal(const char *state)
{
	return strcmp(state, "OK") == 0 || strncmp(state, "ERR ", 4) == 0;
}

/** Looks at one line; true when it is the job's last. Lines of others, and what is no status, are
 * passed over. */
static bool take_line(struct waiting *waiting, const char *line, size_t size)
{
	struct base_json *json = &waiting->client->status;
	base_json_finish(json);
	*json = (struct base_json){.name = NULL};
	if (!base_json_parse("status", line, size, json, NULL)) {
		return false;
	}
	struct bridge_status status = {
		.job = base_json_string(json->root, "job", ""),
		.state = base_json_string(json->root, "state", ""),
		.detail = base_json_string(json->root, "detail", ""),
	};
	if (strcmp(status.job, waiting->job) != 0) {
		return false;
	}
	if (waiting->seen != NULL) {
		waiting->seen(waiting->context, &status);
	}
	*waiting->last = status;
	return is_terminal(status.state);
}

/** Takes the whole lines from the text; true when the job's last was among them. */
static bool take_lines(struct waiting *waiting, struct base_buffer *text)
{
	size_t done = 0;
	bool ended = false;
	while (!ended && done < text->size) {
		const char *line = text->data + done;
		const char *newline = memchr(line, '\n', text->size - done);
		if (newline == NULL) {
			break;
		}
		ended = take_line(waiting, line, (size_t)(newline - line));
		done += (size_t)(newline - line) + 1;
	}
	base_buffer_consume(text, done);
	return ended;
}

/** Reads the events until the job has ended; the first ones as they are opened. */
static bool follow(struct waiting *waiting, struct bridge_file *events, uint64_t offset,
	uint64_t deadline_ns, struct lane_error *err)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	struct bridge_flight flight;
	bridge_flight_begin(&flight, events->client, deadline_ns);
	bridge_flight_open(&flight, events, WIRE_OPEN_READ);
	for (;;) {
		const struct bridge_call *read =
			bridge_flight_read(&flight, events, offset, base_buffer_reserve(&text, CHUNK), CHUNK);
		if (!bridge_flight_land(&flight, err)) {
			return false;
		}
		offset += read->value;
		text.size += read->value;
		if (text.size > LINE_MAX_SIZE) {
			return lane_error_set(err, "BRIDGE_PROTOCOL", "%s: endless line", events->path);
		}
		if (take_lines(waiting, &text)) {
			return true;
		}
		bridge_flight_begin(&flight, events->client, deadline_ns);
	}
}

bool bridge_client_wait(struct bridge_client *client, const char *gpu, const char *job,
	unsigned timeout_ms, void (*seen)(void *context, const struct bridge_status *status),
	void *context, struct bridge_status *last, struct lane_error *err)
{
	struct waiting waiting = {
		.client = client, .job = job, .seen = seen, .context = context, .last = last};
	uint64_t deadline_ns = bridge_client_deadline(timeout_ms);
	/* A fresh file each time: its offsets are those of the stream, whatever an earlier one has
	 * skipped. */
	struct bridge_file *events = bridge_file_of_gpu(client, gpu, "events");
	const struct bridge_mark *mark = *find_mark(client, gpu, job);
	bool good = follow(&waiting, events, mark != NULL ? mark->offset : 0, deadline_ns, err);
	bridge_file_close(events);
	if (good) {
		remove_mark(client, gpu, job);
	}
	return good;
}

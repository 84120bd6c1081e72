/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 16 << 10, LINE_MAX_SIZE = 64 << 10 };

static struct bridge_file *open_gpu(struct bridge_client *client, const char *gpu, const char *name,
	unsigned flags, struct lane_error *err)
{
	BASE_FREE char *path = base_format("/gpu/%s/%s", gpu, name);
	return bridge_file_open(client, path, flags, err);
}

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

/** Where the status of the GPU ends now. */
static bool status_end(
	struct bridge_client *client, const char *gpu, uint64_t *offset, struct lane_error *err)
{
	struct bridge_file *status = open_gpu(client, gpu, "status", BRIDGE_READ, err);
	if (status == NULL) {
		return false;
	}
	bool good = bridge_file_size(status, offset, err);
	bridge_file_close(status);
	return good;
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
	uint64_t offset = 0;
	if (!status_end(client, gpu, &offset, err)) {
		return false;
	}
	struct bridge_file *file = open_gpu(client, gpu, "job", BRIDGE_WRITE, err);
	if (file == NULL) {
		return false;
	}
	BASE_FREE char *line = base_format("%s\n", descriptor);
	bool good = bridge_file_write(file, line, strlen(line), err);
	bridge_file_close(file);
	BASE_FREE char *id = good ? descriptor_id(descriptor) : NULL;
	if (id != NULL) {
		add_mark(client, gpu, id, offset);
	}
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

static bool follow(struct waiting *waiting, struct bridge_file *events, uint64_t offset,
	uint64_t deadline_ns, struct lane_error *err)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	do {
		size_t got = 0;
		char *chunk = base_buffer_reserve(&text, CHUNK);
		if (!bridge_file_read_once(events, offset, chunk, CHUNK, deadline_ns, &got, err)) {
			return false;
		}
		offset += got;
		text.size += got;
		if (text.size > LINE_MAX_SIZE) {
			return lane_error_set(err, "BRIDGE_PROTOCOL", "%s: endless line", events->path);
		}
	} while (!take_lines(waiting, &text));
	return true;
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
	struct bridge_file *events = open_gpu(client, gpu, "events", BRIDGE_READ, err);
	if (events == NULL) {
		return false;
	}
	const struct bridge_mark *mark = *find_mark(client, gpu, job);
	bool good = follow(&waiting, events, mark != NULL ? mark->offset : 0, deadline_ns, err);
	bridge_file_close(events);
	if (good) {
		remove_mark(client, gpu, job);
	}
	return good;
}

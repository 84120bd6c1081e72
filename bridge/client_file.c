/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	/** Reads under way at a time: the bridge copies one while we copy another. */
	WINDOW = 4,
	PATH_NAMES_MAX = WIRE_WALK_MAX,
	LIST_ENTRIES_MAX = 65536,
	READ_MIN = 4096,
};

static uint64_t deadline_of(const struct bridge_client *client)
{
	return bridge_client_deadline(client->timeout_ms);
}

/** Cuts an absolute path into names; false when there are too many for one walk. */
static bool cut_path(const char *path, struct wire_message *walk)
{
	while (*path != '\0') {
		size_t size = strcspn(path, "/");
		if (size > 0) {
			if (walk->name_count == PATH_NAMES_MAX || size > UINT16_MAX) {
				return false;
			}
			walk->names[walk->name_count++] =
				(struct wire_text){.bytes = path, .size = (uint16_t)size};
		}
		path += size + (path[size] == '/');
	}
	return true;
}

static void clunk(struct bridge_client *client, uint32_t fid)
{
	struct wire_message request = {.type = WIRE_TCLUNK, .fid = fid};
	struct wire_message reply;
	bridge_client_call(client, &request, &reply, deadline_of(client), "clunk", NULL);
}

static bool walk_to(
	struct bridge_client *client, const char *path, uint32_t fid, struct lane_error *err)
{
	struct wire_message request = {.type = WIRE_TWALK, .fid = 0, .new_fid = fid};
	struct wire_message reply;
	if (!cut_path(path, &request)) {
		return lane_error_set(err, "BRIDGE_INVALID", "%s: too many names", path);
	}
	if (!bridge_client_call(client, &request, &reply, deadline_of(client), path, err)) {
		return false;
	}
	if (reply.qid_count != request.name_count) {
		return lane_error_set_errno(err, "BRIDGE_NOT_FOUND", ENOENT, "%s", path);
	}
	return true;
}

static struct bridge_file *open_with(
	struct bridge_client *client, const char *path, uint32_t flags, struct lane_error *err)
{
	uint32_t fid = client->next_fid++;
	if (!walk_to(client, path, fid, err)) {
		return NULL;
	}
	struct wire_message request = {.type = WIRE_TLOPEN, .fid = fid, .flags = flags};
	struct wire_message reply;
	if (!bridge_client_call(client, &request, &reply, deadline_of(client), path, err)) {
		clunk(client, fid);
		return NULL;
	}
	struct bridge_file *file = base_alloc(1, sizeof(*file));
	*file = (struct bridge_file){.client = client, .fid = fid, .path = base_strdup(path)};
	return file;
}

struct bridge_file *bridge_file_open(
	struct bridge_client *client, const char *path, unsigned flags, struct lane_error *err)
{
	static const uint32_t access[] = {
		[BRIDGE_READ] = WIRE_OPEN_READ,
		[BRIDGE_WRITE] = WIRE_OPEN_WRITE,
		[BRIDGE_READ | BRIDGE_WRITE] = WIRE_OPEN_READ_WRITE,
	};
	return open_with(client, path, access[flags & (BRIDGE_READ | BRIDGE_WRITE)], err);
}

void bridge_file_close(struct bridge_file *file)
{
	if (file != NULL) {
		clunk(file->client, file->fid);
		free(file->path);
		free(file);
	}
}

static struct wire_message read_request(
	const struct bridge_file *file, uint64_t offset, size_t size)
{
	uint32_t most = file->client->msize - WIRE_IO_HEADER_SIZE;
	return (struct wire_message){
		.type = WIRE_TREAD,
		.fid = file->fid,
		.offset = offset,
		.count = size < most ? (uint32_t)size : most,
	};
}

static bool take_data(const struct bridge_file *file, const struct wire_message *reply, void *bytes,
	uint32_t asked, struct lane_error *err)
{
	if (reply->data.size > asked) {
		return lane_error_set(err, "BRIDGE_PROTOCOL", "%s: more data than asked for", file->path);
	}
	if (reply->data.size > 0) {
		memcpy(bytes, reply->data.bytes, reply->data.size);
	}
	return true;
}

bool bridge_file_read_once(struct bridge_file *file, uint64_t offset, void *bytes, size_t size,
	uint64_t deadline_ns, size_t *got, struct lane_error *err)
{
	struct wire_message request = read_request(file, offset, size);
	struct wire_message reply;
	if (!bridge_client_call(file->client, &request, &reply, deadline_ns, file->path, err) ||
		!take_data(file, &reply, bytes, request.count, err)) {
		return false;
	}
	*got = reply.data.size;
	return true;
}

/** Reads under way, each at its own place of one buffer. */
struct window {
	struct bridge_file *file;
	uint64_t offset;
	char *bytes;
	/** Asked for so far, and where the first short reply ended. */
	size_t asked, size;
	struct pending {
		bool used;
		uint16_t tag;
		size_t place;
		uint32_t count;
	} pending[WINDOW];
	unsigned in_flight;
	struct lane_error err;
};

static bool ask(struct window *window, struct pending *pending)
{
	struct bridge_client *client = window->file->client;
	struct wire_message request =
		read_request(window->file, window->offset + window->asked, window->size - window->asked);
	request.tag = bridge_client_tag(client);
	if (!bridge_client_send(
			client, &request, deadline_of(client), window->file->path, &window->err)) {
		return false;
	}
	*pending = (struct pending){
		.used = true, .tag = request.tag, .place = window->asked, .count = request.count};
	window->asked += request.count;
	window->in_flight++;
	return true;
}

/** Receives one reply, whichever comes; an error on the wire is kept and ends the asking. */
static bool collect(struct window *window)
{
	struct bridge_client *client = window->file->client;
	const char *path = window->file->path;
	struct wire_message reply;
	if (!bridge_client_receive(client, &reply, deadline_of(client), path, &window->err)) {
		/* Replies to the others may come at any time now. */
		client->broken = true;
		return false;
	}
	struct pending *pending = window->pending;
	while (pending < window->pending + WINDOW && !(pending->used && pending->tag == reply.tag)) {
		pending++;
	}
	if (pending == window->pending + WINDOW) {
		client->broken = true;
		return lane_error_set(
			&window->err, "BRIDGE_PROTOCOL", "%s: reply to another request", path);
	}
	pending->used = false;
	window->in_flight--;
	if (reply.type != WIRE_RREAD) {
		bridge_client_refused(&reply, path, &window->err);
		window->size = pending->place < window->size ? pending->place : window->size;
		return true;
	}
	if (!take_data(
			window->file, &reply, window->bytes + pending->place, pending->count, &window->err)) {
		client->broken = true;
		return false;
	}
	size_t end = pending->place + reply.data.size;
	if (reply.data.size < pending->count && end < window->size) {
		window->size = end;
	}
	return true;
}

/** Asks for as much as the window holds. */
static bool ask_ahead(struct window *window)
{
	for (size_t i = 0; i < WINDOW && window->asked < window->size; i++) {
		if (!window->pending[i].used && !ask(window, &window->pending[i])) {
			return false;
		}
	}
	return true;
}

bool bridge_file_read(struct bridge_file *file, uint64_t offset, void *bytes, size_t size,
	size_t *got, struct lane_error *err)
{
	struct bridge_client *client = file->client;
	if (size <= client->msize - WIRE_IO_HEADER_SIZE) {
		return bridge_file_read_once(file, offset, bytes, size, deadline_of(client), got, err);
	}
	struct window window = {.file = file, .offset = offset, .bytes = bytes, .size = size};
	bool good = true;
	do {
		good = ask_ahead(&window) && collect(&window);
	} while (good && window.in_flight > 0);
	good = good && window.err.message == NULL;
	if (!good) {
		lane_error_set(err, window.err.code, "%s", lane_error_message(&window.err));
	}
	lane_error_finish(&window.err);
	*got = window.size;
	return good;
}

bool bridge_file_write(
	struct bridge_file *file, const void *bytes, size_t size, struct lane_error *err)
{
	struct bridge_client *client = file->client;
	uint32_t most = client->msize - WIRE_IO_HEADER_SIZE;
	const uint8_t *next = bytes;
	while (size > 0) {
		struct wire_message request = {
			.type = WIRE_TWRITE,
			.fid = file->fid,
			.data = {.bytes = next, .size = size < most ? (uint32_t)size : most},
		};
		struct wire_message reply;
		if (!bridge_client_call(client, &request, &reply, deadline_of(client), file->path, err)) {
			return false;
		}
		if (reply.count == 0 || reply.count > request.data.size) {
			return lane_error_set(
				err, "BRIDGE_PROTOCOL", "%s: %u bytes written", file->path, reply.count);
		}
		next += reply.count;
		size -= reply.count;
	}
	return true;
}

bool bridge_file_size(struct bridge_file *file, uint64_t *size, struct lane_error *err)
{
	struct bridge_client *client = file->client;
	struct wire_message request = {.type = WIRE_TGETATTR, .fid = file->fid, .mask = 0x7ff};
	struct wire_message reply;
	if (!bridge_client_call(client, &request, &reply, deadline_of(client), file->path, err)) {
		return false;
	}
	*size = reply.attributes.size;
	return true;
}

/** Reads until the end or one byte over `size_max`. */
static bool read_file(
	struct bridge_file *file, size_t size_max, struct base_buffer *out, struct lane_error *err)
{
	uint64_t expected = 0;
	if (!bridge_file_size(file, &expected, err)) {
		return false;
	}
	if (expected > size_max) {
		return lane_error_set(err, "BRIDGE_TOO_BIG", "%s: %llu bytes, at most %zu are read",
			file->path, (unsigned long long)expected, size_max);
	}
	for (size_t done = 0, got = 1; got > 0; done += got) {
		size_t ask = expected > done ? (size_t)expected - done : READ_MIN;
		if (done > size_max) {
			return lane_error_set(
				err, "BRIDGE_TOO_BIG", "%s: more than %zu bytes", file->path, size_max);
		}
		char *bytes = base_buffer_reserve(out, ask);
		if (!bridge_file_read(file, done, bytes, ask, &got, err)) {
			return false;
		}
		out->size += got;
		out->data[out->size] = '\0';
	}
	return true;
}

bool bridge_client_read_all(struct bridge_client *client, const char *path, size_t size_max,
	struct base_buffer *out, struct lane_error *err)
{
	struct bridge_file *file = bridge_file_open(client, path, BRIDGE_READ, err);
	if (file == NULL) {
		return false;
	}
	bool good = read_file(file, size_max, out, err);
	bridge_file_close(file);
	return good;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **names;
	size_t count;
};

static void add_name(struct names *names, const struct wire_text *name)
{
	bool dots = wire_text_equals(name, ".") || wire_text_equals(name, "..");
	if (!dots) {
		names->names = base_realloc(names->names, names->count + 1, sizeof(char *));
		names->names[names->count++] = base_strndup(name->bytes, name->size);
	}
}

static bool list_names(struct bridge_file *file, struct names *names, struct lane_error *err)
{
	struct bridge_client *client = file->client;
	uint64_t cookie = 0;
	for (;;) {
		struct wire_message request = {
			.type = WIRE_TREADDIR,
			.fid = file->fid,
			.offset = cookie,
			.count = client->msize - WIRE_IO_HEADER_SIZE,
		};
		struct wire_message reply;
		if (!bridge_client_call(client, &request, &reply, deadline_of(client), file->path, err)) {
			return false;
		}
		if (reply.data.size == 0) {
			return true;
		}
		for (size_t place = 0, size; place < reply.data.size; place += size) {
			struct wire_entry entry;
			size = wire_decode_entry(reply.data.bytes + place, reply.data.size - place, &entry);
			if (size == 0 || names->count == LIST_ENTRIES_MAX) {
				return lane_error_set(err, "BRIDGE_PROTOCOL", "%s: bad listing", file->path);
			}
			add_name(names, &entry.name);
			cookie = entry.cookie;
		}
	}
}

bool bridge_client_list(
	struct bridge_client *client, const char *path, cJSON **list, struct lane_error *err)
{
	struct bridge_file *file = open_with(client, path, WIRE_OPEN_READ | WIRE_OPEN_DIRECTORY, err);
	if (file == NULL) {
		return false;
	}
	struct names names = {.count = 0};
	bool good = list_names(file, &names, err);
	bridge_file_close(file);
	if (names.count > 0) {
		qsort(names.names, names.count, sizeof(char *), compare_names);
	}
	if (good) {
		*list = base_json_new_array();
	}
	for (size_t i = 0; i < names.count; i++) {
		if (good) {
			base_json_add_string(*list, NULL, names.names[i]);
		}
		free(names.names[i]);
	}
	free(names.names);
	return good;
}

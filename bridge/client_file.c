/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client_wire.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
	/** Reads under way at a time: the bridge copies one while we copy another. */
	WINDOW = 4,
	LIST_ENTRIES_MAX = 65536,
	LIST_CHUNK = 64 << 10,
	READ_MIN = 4096,
};

static void begin(struct bridge_flight *flight, struct bridge_client *client)
{
	bridge_flight_begin(flight, client, bridge_client_deadline(client->timeout_ms));
}

/** What one message carries of so many bytes. */
static uint32_t fit(const struct bridge_client *client, size_t size)
{
	uint32_t most = client->msize - WIRE_IO_HEADER_SIZE;
	return size < most ? (uint32_t)size : most;
}

/** Cuts an absolute path into names; false when there are too many for one walk. */
static bool cut_path(const char *path, struct wire_message *walk)
{
	while (*path != '\0') {
		size_t size = strcspn(path, "/");
		if (size > 0) {
			if (walk->name_count == WIRE_WALK_MAX || size > UINT16_MAX) {
				return false;
			}
			walk->names[walk->name_count++] =
				(struct wire_text){.bytes = path, .size = (uint16_t)size};
		}
		path += size + (path[size] == '/');
	}
	return true;
}

void bridge_flight_walk(struct bridge_flight *flight, const struct bridge_file *file)
{
	struct wire_message request = {.type = WIRE_TWALK, .fid = 0, .new_fid = file->fid};
	if (!cut_path(file->path, &request)) {
		flight->misfit = file->path;
		return;
	}
	bridge_flight_add(flight, file->path, &request, request.name_count);
}

void bridge_flight_open(
	struct bridge_flight *flight, const struct bridge_file *file, uint32_t flags)
{
	bridge_flight_walk(flight, file);
	struct wire_message request = {.type = WIRE_TLOPEN, .fid = file->fid, .flags = flags};
	bridge_flight_add(flight, file->path, &request, 0);
}

const struct bridge_call *bridge_flight_size(
	struct bridge_flight *flight, const struct bridge_file *file)
{
	struct wire_message request = {.type = WIRE_TGETATTR, .fid = file->fid, .mask = 0x7ff};
	return bridge_flight_add(flight, file->path, &request, UINT64_MAX);
}

/** Tread, or Treaddir with a cookie. */
static struct bridge_call *add_read(struct bridge_flight *flight, const struct bridge_file *file,
	uint8_t type, uint64_t offset, void *bytes, size_t size)
{
	struct wire_message request = {
		.type = type,
		.fid = file->fid,
		.offset = offset,
		.count = fit(flight->client, size),
	};
	struct bridge_call *call = bridge_flight_add(flight, file->path, &request, request.count);
	call->bytes = bytes;
	return call;
}

struct bridge_call *bridge_flight_read(struct bridge_flight *flight, const struct bridge_file *file,
	uint64_t offset, void *bytes, size_t size)
{
	return add_read(flight, file, WIRE_TREAD, offset, bytes, size);
}

const struct bridge_call *bridge_flight_write(
	struct bridge_flight *flight, const struct bridge_file *file, const void *bytes, size_t size)
{
	struct wire_message request = {
		.type = WIRE_TWRITE,
		.fid = file->fid,
		.data = {.bytes = bytes, .size = fit(flight->client, size)},
	};
	return bridge_flight_add(flight, file->path, &request, request.data.size);
}

struct bridge_file *bridge_file_make(struct bridge_client *client, const char *path)
{
	struct bridge_file *file = base_alloc(1, sizeof(*file));
	client->last_fid += client->last_fid + 1 != WIRE_NOFID ? 1 : 2;
	*file =
		(struct bridge_file){.client = client, .fid = client->last_fid, .path = base_strdup(path)};
	return file;
}

struct bridge_file *bridge_file_of_gpu(
	struct bridge_client *client, const char *gpu, const char *name)
{
	BASE_FREE char *path = base_format("/gpu/%s/%s", gpu, name);
	return bridge_file_make(client, path);
}

struct bridge_file *bridge_file_open(
	struct bridge_client *client, const char *path, unsigned flags, struct lane_error *err)
{
	static const uint32_t access[] = {
		[BRIDGE_READ] = WIRE_OPEN_READ,
		[BRIDGE_WRITE] = WIRE_OPEN_WRITE,
		[BRIDGE_READ | BRIDGE_WRITE] = WIRE_OPEN_READ_WRITE,
	};
	struct bridge_file *file = bridge_file_make(client, path);
	struct bridge_flight flight;
	begin(&flight, client);
	bridge_flight_open(&flight, file, access[flags & (BRIDGE_READ | BRIDGE_WRITE)]);
	if (!bridge_flight_land(&flight, err)) {
		bridge_file_close(file);
		return NULL;
	}
	return file;
}

void bridge_file_close(struct bridge_file *file)
{
	if (file == NULL) {
		return;
	}
	struct bridge_client *client = file->client;
	if (client->closing_count < BRIDGE_CLOSING_MAX) {
		client->closing[client->closing_count++] = file->fid;
	} else {
		struct bridge_flight flight;
		begin(&flight, client);
		bridge_flight_add(
			&flight, file->path, &(struct wire_message){.type = WIRE_TCLUNK, .fid = file->fid}, 0);
		bridge_flight_land(&flight, NULL);
	}
	free(file->path);
	free(file);
}

bool bridge_file_read_once(struct bridge_file *file, uint64_t offset, void *bytes, size_t size,
	uint64_t deadline_ns, size_t *got, struct lane_error *err)
{
	struct bridge_flight flight;
	bridge_flight_begin(&flight, file->client, deadline_ns);
	const struct bridge_call *read = bridge_flight_read(&flight, file, offset, bytes, size);
	if (!bridge_flight_land(&flight, err)) {
		return false;
	}
	*got = read->value;
	return true;
}

bool bridge_file_read(struct bridge_file *file, uint64_t offset, void *bytes, size_t size,
	size_t *got, struct lane_error *err)
{
	struct bridge_flight flight;
	begin(&flight, file->client);
	/* `end` is where the first short reply ends. */
	size_t asked = 0;
	size_t end = size;
	unsigned under_way = 0;
	bool refused = false;
	while ((asked < end || under_way > 0) && !refused && !flight.flushed) {
		for (; asked < end && under_way < WINDOW; under_way++) {
			const struct bridge_call *ahead = bridge_flight_read(
				&flight, file, offset + asked, (char *)bytes + asked, end - asked);
			asked += ahead->most;
		}
		struct bridge_call *read;
		if (!bridge_flight_next(&flight, &read, err)) {
			return false;
		}
		flight.deadline_ns = bridge_client_deadline(flight.client->timeout_ms);
		if (read == NULL || read->type != WIRE_TREAD) {
			continue;
		}
		under_way--;
		refused = read->error != 0;
		if (!refused) {
			size_t place = (size_t)((char *)read->bytes - (char *)bytes) + read->value;
			end = read->value < read->most && place < end ? place : end;
			/* Its place is for the next one. */
			read->type = 0;
		}
	}
	*got = end;
	return bridge_flight_land(&flight, err) &&
		(!flight.flushed ||
			lane_error_set(err, "BRIDGE_TIMEOUT", "%s: no reply in time", file->path));
}

bool bridge_file_write(
	struct bridge_file *file, const void *bytes, size_t size, struct lane_error *err)
{
	struct bridge_client *client = file->client;
	for (size_t done = 0; done < size;) {
		struct bridge_flight flight;
		begin(&flight, client);
		const struct bridge_call *write =
			bridge_flight_write(&flight, file, (const char *)bytes + done, size - done);
		if (!bridge_flight_land(&flight, err)) {
			return false;
		}
		if (write->value == 0) {
			return bridge_client_protocol_error(client, file->path, "nothing written", err);
		}
		done += write->value;
	}
	return true;
}

bool bridge_file_size(struct bridge_file *file, uint64_t *size, struct lane_error *err)
{
	struct bridge_flight flight;
	begin(&flight, file->client);
	const struct bridge_call *call = bridge_flight_size(&flight, file);
	if (!bridge_flight_land(&flight, err)) {
		return false;
	}
	*size = call->value;
	return true;
}

/** Opens it and reads until the end or one byte over `size_max`: the beginning with the opening. */
static bool read_file(
	struct bridge_file *file, size_t size_max, struct base_buffer *out, struct lane_error *err)
{
	struct bridge_flight flight;
	begin(&flight, file->client);
	bridge_flight_open(&flight, file, WIRE_OPEN_READ);
	const struct bridge_call *size = bridge_flight_size(&flight, file);
	const struct bridge_call *first =
		bridge_flight_read(&flight, file, 0, base_buffer_reserve(out, READ_MIN), READ_MIN);
	if (!bridge_flight_land(&flight, err)) {
		return false;
	}
	if (size->value > size_max) {
		return lane_error_set(err, "BRIDGE_TOO_BIG", "%s: %llu bytes, at most %zu are read",
			file->path, (unsigned long long)size->value, size_max);
	}
	size_t done = 0;
	for (size_t got = first->value; got > 0;) {
		out->size += got;
		out->data[out->size] = '\0';
		done += got;
		if (done > size_max) {
			return lane_error_set(
				err, "BRIDGE_TOO_BIG", "%s: more than %zu bytes", file->path, size_max);
		}
		size_t ask = size->value > done ? (size_t)size->value - done : READ_MIN;
		char *bytes = base_buffer_reserve(out, ask);
		if (!bridge_file_read(file, done, bytes, ask, &got, err)) {
			return false;
		}
	}
	return true;
}

bool bridge_client_read_all(struct bridge_client *client, const char *path, size_t size_max,
	struct base_buffer *out, struct lane_error *err)
{
	struct bridge_file *file = bridge_file_make(client, path);
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

/** Takes the names of one piece of a listing; *cookie is that of the last. */
static bool take_names(const char *bytes, size_t size, struct names *names, uint64_t *cookie)
{
	for (size_t place = 0, used; place < size; place += used) {
		struct wire_entry entry;
		used = wire_decode_entry((const uint8_t *)bytes + place, size - place, &entry);
		if (used == 0 || names->count == LIST_ENTRIES_MAX) {
			return false;
		}
		add_name(names, &entry.name);
		*cookie = entry.cookie;
	}
	return true;
}

static bool list_names(struct bridge_file *file, struct names *names, struct lane_error *err)
{
	BASE_FREE char *bytes = base_alloc(LIST_CHUNK, 1);
	struct bridge_flight flight;
	begin(&flight, file->client);
	bridge_flight_open(&flight, file, WIRE_OPEN_READ | WIRE_OPEN_DIRECTORY);
	for (uint64_t cookie = 0;;) {
		const struct bridge_call *read =
			add_read(&flight, file, WIRE_TREADDIR, cookie, bytes, LIST_CHUNK);
		if (!bridge_flight_land(&flight, err)) {
			return false;
		}
		if (read->value == 0) {
			return true;
		}
		if (!take_names(bytes, read->value, names, &cookie)) {
			return lane_error_set(err, "BRIDGE_PROTOCOL", "%s: bad listing", file->path);
		}
		begin(&flight, file->client);
	}
}

bool bridge_client_list(
	struct bridge_client *client, const char *path, cJSON **list, struct lane_error *err)
{
	struct bridge_file *file = bridge_file_make(client, path);
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

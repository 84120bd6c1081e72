/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu_lease.h"

#include "base/exit.h"
#include "base/memory.h"
#include "bridge/client_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** gpu-lease list and watch. */

enum {
	LEASES_SIZE_MAX = 4 << 20,
	FACTS_SIZE_MAX = 1 << 20,
	LINE_SIZE_MAX = 64 << 10,
	CHUNK = 16 << 10,
	/** A lease changes without a word on events when it is renewed: looked for so often. */
	LOOK_MS = 1000,
};

/** What a line of /proc/leases says, in the order of the text table. */
static const struct column {
	const char *key, *title;
	bool number;
} columns[] = {
	{"lease", "LEASE", true},
	{"state", "STATE", false},
	{"subject", "SUBJECT", false},
	{"mem_mb", "MEM_MB", true},
	{"streams", "STREAMS", true},
	{"priority", "PRIORITY", true},
	{"expires_in_s", "EXPIRES_S", true},
	{"position", "POSITION", true},
	{"epoch", "EPOCH", true},
	{"exclusive", "EXCLUSIVE", true},
	{"keep", "KEEP", true},
	{"preemptible", "PREEMPTIBLE", true},
	{"session", "SESSION", true},
};

enum {
	COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]),
	/** Columns of the text table; the rest is for JSON. */
	TEXT_COLUMNS = 8,
};

static const struct column *find_column(const char *key)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		if (strcmp(columns[i].key, key) == 0) {
			return &columns[i];
		}
	}
	return NULL;
}

/** One line of key=value words as an object. */
static void add_lease(cJSON *leases, char *line)
{
	cJSON *lease = base_json_add_object(leases, NULL);
	for (char *rest = line, *word; (word = strsep(&rest, " ")) != NULL;) {
		char *value = strchr(word, '=');
		if (value == NULL) {
			continue;
		}
		*value++ = '\0';
		const struct column *column = find_column(word);
		if (column != NULL && column->number) {
			base_json_add_number(lease, word, (double)strtoull(value, NULL, 10));
		} else if (column != NULL || strcmp(word, "gpu") == 0) {
			base_json_add_string(lease, word, value);
		}
	}
}

static cJSON *parse_leases(const char *text, const char *gpu)
{
	cJSON *document = base_json_new_object();
	base_json_add_string(document, "schema", "gpu-lane-leases/v1");
	cJSON *leases = base_json_add_array(document, "leases");
	BASE_FREE char *copy = base_strdup(text);
	BASE_FREE char *wanted = gpu != NULL ? base_format("gpu=%s ", gpu) : base_strdup("");
	for (char *rest = copy, *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (line[0] != '\0' && strncmp(line, wanted, strlen(wanted)) == 0) {
			add_lease(leases, line);
		}
	}
	return document;
}

/** Text of one cell. Caller frees. */
static char *cell(const cJSON *lease, const struct column *column)
{
	if (strcmp(column->key, "lease") == 0) {
		return base_format("%s/%llu", base_json_string(lease, "gpu", "?"),
			(unsigned long long)base_json_uint(lease, "lease", 0));
	}
	return column->number
		? base_format("%llu", (unsigned long long)base_json_uint(lease, column->key, 0))
		: base_strdup(base_json_string(lease, column->key, "?"));
}

/** One row; the head without a lease. */
static void print_row(const cJSON *lease, const size_t widths[TEXT_COLUMNS])
{
	for (size_t c = 0; c < TEXT_COLUMNS; c++) {
		BASE_FREE char *text =
			lease != NULL ? cell(lease, &columns[c]) : base_strdup(columns[c].title);
		bool last = c + 1 == TEXT_COLUMNS;
		printf("%-*s%s", last ? 0 : (int)widths[c], text, last ? "\n" : "  ");
	}
}

static void print_table(const cJSON *leases)
{
	size_t widths[TEXT_COLUMNS];
	for (size_t c = 0; c < TEXT_COLUMNS; c++) {
		widths[c] = strlen(columns[c].title);
		for (const cJSON *lease = leases->child; lease != NULL; lease = lease->next) {
			BASE_FREE char *text = cell(lease, &columns[c]);
			widths[c] = strlen(text) > widths[c] ? strlen(text) : widths[c];
		}
	}
	print_row(NULL, widths);
	for (const cJSON *lease = leases->child; lease != NULL; lease = lease->next) {
		print_row(lease, widths);
	}
}

/** What /gpu/<id>/facts says of how the GPU is. */
static bool add_gpu(
	struct bridge_client *client, const char *gpu, cJSON *gpus, struct lane_error *err)
{
	BASE_FREE char *path = base_format("/gpu/%s/facts", gpu);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	BASE_JSON_AUTO facts = {.name = NULL};
	if (!bridge_client_read_all(client, path, FACTS_SIZE_MAX, &text, err) ||
		!base_json_parse(path, text.data != NULL ? text.data : "", text.size, &facts, err)) {
		return false;
	}
	const char *reason = base_json_string(base_json_get(facts.root, "health"), "reason", NULL);
	cJSON *one = base_json_add_object(gpus, NULL);
	base_json_add_string(one, "gpu", gpu);
	base_json_add_string(
		one, "state", base_json_string(base_json_get(facts.root, "health"), "state", "unknown"));
	if (reason != NULL) {
		base_json_add_string(one, "reason", reason);
	}
	return true;
}

/** Adds "gpus": those of the bridge, or the one that is wanted. */
static bool add_gpus(
	struct bridge_client *client, const char *wanted, cJSON *document, struct lane_error *err)
{
	BASE_JSON_FREE cJSON *names = NULL;
	if (!bridge_client_list(client, "/gpu", &names, err)) {
		return false;
	}
	cJSON *gpus = base_json_add_array(document, "gpus");
	const cJSON *name;
	cJSON_ArrayForEach(name, names)
	{
		const char *gpu = cJSON_GetStringValue(name);
		if ((wanted == NULL || strcmp(gpu, wanted) == 0) && !add_gpu(client, gpu, gpus, err)) {
			return false;
		}
	}
	return true;
}

/** A GPU that grants nothing would look free in the table. */
static void print_gpus(const cJSON *gpus)
{
	const cJSON *gpu;
	cJSON_ArrayForEach(gpu, gpus)
	{
		const char *state = base_json_string(gpu, "state", "?");
		const char *reason = base_json_string(gpu, "reason", NULL);
		if (strcmp(state, "serving") != 0) {
			printf("%s is %s%s%s\n", base_json_string(gpu, "gpu", "?"), state,
				reason != NULL ? ": " : "", reason != NULL ? reason : "");
		}
	}
}

int lease_list(const struct lease_choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *gpu = NULL;
	struct bridge_client *client = lease_connect(choice, &gpu, &err);
	if (client == NULL) {
		return lease_fail(&err);
	}
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	BASE_JSON_FREE cJSON *document = NULL;
	bool good = bridge_client_read_all(client, "/proc/leases", LEASES_SIZE_MAX, &text, &err);
	if (good) {
		document = parse_leases(text.data != NULL ? text.data : "", choice->gpu);
		good = add_gpus(client, choice->gpu, document, &err);
	}
	bridge_client_destroy(client);
	if (!good) {
		return lease_fail(&err);
	}
	if (choice->json) {
		BASE_BUFFER_AUTO out = BASE_BUFFER_INIT;
		base_json_write(document, 2, &out);
		fputs(out.data, stdout);
	} else {
		print_table(base_json_get(document, "leases"));
		print_gpus(base_json_get(document, "gpus"));
	}
	return lease_printed();
}

/** A line of /gpu/<id>/lease for people. */
static void print_change(const char *line, size_t size)
{
	BASE_JSON_AUTO json = {.name = NULL};
	if (!base_json_parse("lease", line, size, &json, NULL)) {
		return;
	}
	printf("%-8s %s/%llu %s mem_mb=%llu streams=%llu ttl_s=%llu epoch=%llu\n",
		base_json_string(json.root, "state", "?"), base_json_string(json.root, "gpu_id", "?"),
		(unsigned long long)base_json_uint(json.root, "lease_id", 0),
		base_json_string(json.root, "worker_id", "?"),
		(unsigned long long)base_json_uint(json.root, "mem_mb", 0),
		(unsigned long long)base_json_uint(json.root, "streams", 0),
		(unsigned long long)base_json_uint(json.root, "ttl_s", 0),
		(unsigned long long)base_json_uint(json.root, "epoch", 0));
}

/** Prints the whole lines and keeps the rest. */
static void print_changes(const struct lease_choice *choice, struct base_buffer *text)
{
	size_t done = 0;
	while (done < text->size) {
		const char *line = text->data + done;
		const char *newline = memchr(line, '\n', text->size - done);
		if (newline == NULL) {
			break;
		}
		size_t size = (size_t)(newline - line);
		if (choice->json) {
			printf("%.*s\n", (int)size, line);
		} else {
			print_change(line, size);
		}
		done += size + 1;
	}
	base_buffer_consume(text, done);
}

/** Prints what has been added to the file since `*offset`. */
static bool print_news(const struct lease_choice *choice, struct bridge_file *lines,
	uint64_t *offset, struct base_buffer *text, struct lane_error *err)
{
	for (size_t got = 1; got > 0;) {
		char *chunk = base_buffer_reserve(text, CHUNK);
		if (!bridge_file_read(lines, *offset, chunk, CHUNK, &got, err)) {
			return false;
		}
		*offset += got;
		text->size += got;
		if (text->size > LINE_SIZE_MAX) {
			return lane_error_set(err, "BRIDGE_PROTOCOL", "%s: endless line", lines->path);
		}
		print_changes(choice, text);
	}
	return lease_printed() == LANE_EXIT_HOLDS ||
		lane_error_set(err, "BRIDGE_REFUSED", "nobody reads on");
}

static bool watch(const struct lease_choice *choice, struct bridge_file *lines,
	struct bridge_file *events, struct lane_error *err)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	uint64_t offset = 0;
	uint64_t event_offset = 0;
	if (!bridge_file_size(lines, &offset, err) || !bridge_file_size(events, &event_offset, err)) {
		return false;
	}
	for (;;) {
		LANE_ERROR_AUTO cause = LANE_ERROR_INIT;
		char chunk[CHUNK];
		size_t got = 0;
		if (!bridge_file_read_once(events, event_offset, chunk, sizeof(chunk),
				bridge_client_deadline(LOOK_MS), &got, &cause) &&
			!lane_error_is(&cause, "BRIDGE_TIMEOUT")) {
			return lane_error_set(err, cause.code, "%s", lane_error_message(&cause));
		}
		event_offset += got;
		if (!print_news(choice, lines, &offset, &text, err)) {
			return false;
		}
	}
}

static struct bridge_file *open_gpu(
	struct bridge_client *client, const char *gpu, const char *name, struct lane_error *err)
{
	BASE_FREE char *path = base_format("/gpu/%s/%s", gpu, name);
	return bridge_file_open(client, path, BRIDGE_READ, err);
}

int lease_watch(const struct lease_choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *gpu = NULL;
	struct bridge_client *client = lease_connect(choice, &gpu, &err);
	if (client == NULL) {
		return lease_fail(&err);
	}
	struct bridge_file *lines = open_gpu(client, gpu, "lease", &err);
	struct bridge_file *events = lines != NULL ? open_gpu(client, gpu, "events", &err) : NULL;
	/* It only ends when the bridge does, or nobody reads what is printed. */
	if (events != NULL) {
		watch(choice, lines, events, &err);
	}
	bridge_file_close(events);
	bridge_file_close(lines);
	bridge_client_destroy(client);
	return lease_fail(&err);
}

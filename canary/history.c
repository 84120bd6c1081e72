/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/history.h"

#include "base/file.h"
#include "base/memory.h"
#include "canary/changes.h"
#include "canary/line.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_BYTES_MAX = 64 << 20,
	SERIES_MAX = 1024,
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static cJSON *line_of(const cJSON *report)
{
	const cJSON *device = base_json_get(report, "device"), *workload;
	cJSON *line = base_json_new_object();
	base_json_add_string(line, "schema", HISTORY_SCHEMA);
	base_json_add_string(line, "started", base_json_string(report, "started", ""));
	base_json_add_string(line, "version", base_json_string(report, "version", ""));
	cJSON *where = base_json_add_object(line, "device");
	base_json_add_string(where, "vendor_id", base_json_string(device, "vendor_id", ""));
	base_json_add_string(where, "device_id", base_json_string(device, "device_id", ""));
	base_json_add_string(where, "name", base_json_string(device, "name", ""));
	base_json_add_string(where, "driver_info", base_json_string(device, "driver_info", ""));
	cJSON *figures = base_json_add_array(line, "figures");
	cJSON_ArrayForEach(workload, base_json_get(report, "workloads"))
	{
		double median = base_json_number(workload, "median", NAN);
		if (!base_json_bool(workload, "verified", false) || !(median > 0)) {
			continue;
		}
		cJSON *figure = base_json_add_object(figures, NULL);
		base_json_add_string(figure, "workload", base_json_string(workload, "name", ""));
		base_json_add_number(
			figure, "n", (double)base_json_uint(base_json_get(workload, "params"), "n", 0));
		base_json_add_string(figure, "unit", base_json_string(workload, "unit", ""));
		base_json_add_number(figure, "median", median);
	}
	return line;
}

/* Where the last whole line ends. False with errno. */
static bool find_end(int fd, off_t *end)
{
	struct stat status;
	if (fstat(fd, &status) < 0) {
		return false;
	}
	for (*end = status.st_size; *end > 0; (*end)--) {
		char last;
		if (pread(fd, &last, 1, *end - 1) != 1) {
			return false;
		}
		if (last == '\n') {
			break;
		}
	}
	return true;
}

bool history_append(const char *path, const cJSON *report, struct lane_error *err)
{
	BASE_JSON_FREE cJSON *line = line_of(report);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(line, 0, &text);
	base_buffer_add_text(&text, "\n");
	BASE_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	off_t end;
	/* The lock is for two runs that end at once; it goes with the descriptor. */
	bool written = fd >= 0 && flock(fd, LOCK_EX) == 0 && find_end(fd, &end) &&
		ftruncate(fd, end) == 0 && write(fd, text.data, text.size) == (ssize_t)text.size &&
		fsync(fd) == 0;
	return written || lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
}

static const struct base_json_key line_keys[] = {
	{"schema", BASE_JSON_STRING, true, 0, 0},
	{"started", BASE_JSON_STRING, true, 0, 0},
	{"version", BASE_JSON_STRING, true, 0, 0},
	{"device", BASE_JSON_OBJECT, true, 0, 0},
	{"figures", BASE_JSON_ARRAY, true, 0, 0},
};
static const struct base_json_key device_keys[] = {
	{"vendor_id", BASE_JSON_STRING, true, 0, 0},
	{"device_id", BASE_JSON_STRING, true, 0, 0},
	{"name", BASE_JSON_STRING, true, 0, 0},
	{"driver_info", BASE_JSON_STRING, true, 0, 0},
};
static const struct base_json_key figure_keys[] = {
	{"workload", BASE_JSON_STRING, true, 0, 0},
	{"n", BASE_JSON_INTEGER, true, 0, 0},
	{"unit", BASE_JSON_STRING, true, 0, 0},
	{"median", BASE_JSON_NUMBER, true, 0, 0},
};

/* The last values of one series, and the run that each is of. */
struct series {
	char *name;
	char *unit;
	double values[CHANGES_SERIES_MAX];
	struct origin {
		char *started, *driver_info;
	} runs[CHANGES_SERIES_MAX];
	size_t count, dropped;
};

struct history {
	struct series *series[SERIES_MAX];
	size_t count;
};

static void origin_finish(struct origin *run)
{
	free(run->started);
	free(run->driver_info);
}

static void history_finish(struct history *history)
{
	for (size_t i = 0; i < history->count; i++) {
		struct series *series = history->series[i];
		for (size_t j = 0; j < series->count; j++) {
			origin_finish(&series->runs[j]);
		}
		free(series->name);
		free(series->unit);
		free(series);
	}
}

/* NULL when there are too many. */
static struct series *series_of(struct history *history, const char *name, const char *unit)
{
	for (size_t i = 0; i < history->count; i++) {
		if (strcmp(history->series[i]->name, name) == 0) {
			return history->series[i];
		}
	}
	if (history->count == SERIES_MAX) {
		return NULL;
	}
	struct series *series = base_alloc(1, sizeof(*series));
	series->name = base_strdup(name);
	series->unit = base_strdup(unit);
	history->series[history->count++] = series;
	return series;
}

static void series_add(struct series *series, double value, const cJSON *line)
{
	if (series->count == CHANGES_SERIES_MAX) {
		origin_finish(&series->runs[0]);
		memmove(series->values, series->values + 1, --series->count * sizeof(series->values[0]));
		memmove(series->runs, series->runs + 1, series->count * sizeof(series->runs[0]));
		series->dropped++;
	}
	series->values[series->count] = value;
	series->runs[series->count++] = (struct origin){
		base_strdup(base_json_string(line, "started", "")),
		base_strdup(base_json_string(base_json_get(line, "device"), "driver_info", "")),
	};
}

static bool take_figure(const struct base_json *json, const cJSON *figure, struct history *history,
	struct lane_error *err)
{
	const cJSON *device = base_json_get(json->root, "device");
	double median = base_json_number(figure, "median", 0);
	if (!base_json_check(json, figure, "$.figures[]", figure_keys, COUNT_OF(figure_keys), err)) {
		return false;
	}
	if (!(median > 0)) {
		return base_json_error(json, figure, err, "$.figures[].median must be above 0");
	}
	BASE_FREE char *name =
		base_format("%s n=%llu on %s:%s", base_json_string(figure, "workload", ""),
			(unsigned long long)base_json_uint(figure, "n", 0),
			base_json_string(device, "vendor_id", ""), base_json_string(device, "device_id", ""));
	struct series *series = series_of(history, name, base_json_string(figure, "unit", ""));
	if (!series) {
		return base_json_error(json, figure, err, "more than %d series", SERIES_MAX);
	}
	series_add(series, median, json->root);
	return true;
}

static bool take_line(const char *path, size_t number, const char *text, size_t size,
	struct history *history, struct lane_error *err)
{
	BASE_FREE char *name = base_format("%s:%zu", path, number);
	BASE_JSON_AUTO json = {0};
	if (!base_json_parse(name, text, size, &json, err) ||
		!base_json_check(&json, json.root, "$", line_keys, COUNT_OF(line_keys), err) ||
		!base_json_check(&json, base_json_get(json.root, "device"), "$.device", device_keys,
			COUNT_OF(device_keys), err)) {
		return false;
	}
	if (strcmp(base_json_string(json.root, "schema", ""), HISTORY_SCHEMA) != 0) {
		return base_json_error(&json, json.root, err, "$.schema must be \"" HISTORY_SCHEMA "\"");
	}
	const cJSON *figure;
	cJSON_ArrayForEach(figure, base_json_get(json.root, "figures"))
	{
		if (!take_figure(&json, figure, history, err)) {
			return false;
		}
	}
	return true;
}

static void describe_change(const struct series *series, const struct change *change, cJSON *array)
{
	const struct origin *run = &series->runs[change->index];
	const struct origin *before = &series->runs[change->index - 1];
	cJSON *node = base_json_add_object(array, NULL);
	base_json_add_number(node, "run", (double)(series->dropped + change->index + 1));
	base_json_add_string(node, "started", run->started);
	base_json_add_number(node, "before", change->before);
	base_json_add_number(node, "after", change->after);
	base_json_add_number(node, "change_pct", 100 * (change->after / change->before - 1));
	base_json_add_number(node, "p", change->p);
	if (strcmp(run->driver_info, before->driver_info) != 0) {
		base_json_add_format(node, "driver", "%s -> %s", before->driver_info, run->driver_info);
	} else {
		base_json_add_null(node, "driver");
	}
}

static cJSON *describe(const char *path, const struct history *history)
{
	cJSON *document = base_json_new_object();
	base_json_add_string(document, "schema", HISTORY_CHANGES_SCHEMA);
	base_json_add_string(document, "path", path);
	cJSON *array = base_json_add_array(document, "series");
	BASE_FREE struct change *changes = base_alloc(CHANGES_MAX, sizeof(*changes));
	for (size_t i = 0; i < history->count; i++) {
		const struct series *series = history->series[i];
		size_t count = changes_find(series->values, series->count, changes);
		cJSON *node = base_json_add_object(array, NULL);
		base_json_add_string(node, "name", series->name);
		base_json_add_string(node, "unit", series->unit);
		base_json_add_number(node, "runs", (double)(series->dropped + series->count));
		base_json_add_number(node, "last", series->values[series->count - 1]);
		cJSON *list = base_json_add_array(node, "changes");
		for (size_t j = 0; j < count; j++) {
			describe_change(series, &changes[j], list);
		}
	}
	return document;
}

bool history_changes(const char *path, cJSON **document, struct lane_error *err)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (!base_file_read(path, FILE_BYTES_MAX, &text, err)) {
		return false;
	}
	BASE_FREE struct history *history = base_alloc(1, sizeof(*history));
	size_t number = 0, from = 0;
	const char *end;
	bool right = true;
	while (right && from < text.size && (end = memchr(text.data + from, '\n', text.size - from))) {
		size_t size = (size_t)(end - text.data) - from;
		right = take_line(path, ++number, text.data + from, size, history, err);
		from += size + 1;
	}
	*document = right ? describe(path, history) : NULL;
	history_finish(history);
	return right;
}

static void print_change(const cJSON *change, const char *unit, struct base_buffer *out)
{
	const char *driver = base_json_string(change, "driver", NULL);
	line_add(out, "  run %llu, %s: %.4g -> %.4g %s, %+.1f %% (p %.1g)%s%s",
		(unsigned long long)base_json_uint(change, "run", 0),
		base_json_string(change, "started", ""), base_json_number(change, "before", 0),
		base_json_number(change, "after", 0), unit, base_json_number(change, "change_pct", 0),
		base_json_number(change, "p", 0), driver ? "; " : "", driver ? driver : "");
}

void history_print(const cJSON *document, struct base_buffer *out)
{
	const cJSON *series, *change;
	size_t count = 0, changes = 0;
	cJSON_ArrayForEach(series, base_json_get(document, "series"))
	{
		const char *unit = base_json_string(series, "unit", "");
		const cJSON *list = base_json_get(series, "changes");
		uint64_t runs = base_json_uint(series, "runs", 0);
		line_add(out, "%s: %llu run%s, last %.4g %s%s", base_json_string(series, "name", ""),
			(unsigned long long)runs, runs == 1 ? "" : "s", base_json_number(series, "last", 0),
			unit, cJSON_GetArraySize(list) > 0 ? "" : ", no change");
		cJSON_ArrayForEach(change, list)
		{
			print_change(change, unit, out);
			changes++;
		}
		count++;
	}
	line_add(out, "%zu change%s in %zu series", changes, changes == 1 ? "" : "s", count);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/run.h"

#include "base/json.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Longest detail of a status line: driver texts may be anything. */
enum { DETAIL_MAX = 480 };

#define ARCHIVE_BYTES_MAX ((uint64_t)BRIDGE_ARCHIVE_MIB_MAX << 20)

void bridge_status_line(
	struct base_buffer *out, const char *job, const char *state, const char *detail)
{
	BASE_JSON_FREE cJSON *line = base_json_new_object();
	base_json_add_string(line, "job", job);
	base_json_add_string(line, "state", state);
	base_json_add_format(line, "detail", "%.*s", DETAIL_MAX, detail);
	base_json_write(line, 0, out);
}

bool bridge_archive_knows(const struct bridge_archive *archive, const char *id)
{
	struct wire_text name = wire_text(id);
	return bridge_node_child(archive->directory, &name) != NULL;
}

void bridge_run_enter(struct bridge_run *run, const char *state, const char *detail)
{
	BASE_BUFFER_AUTO line = BASE_BUFFER_INIT;
	bridge_status_line(&line, run->job.id, state, detail);
	bridge_stream_add(run->status, line.data, line.size);
	base_buffer_add(&run->log->text, line.data, line.size);
	base_buffer_add(&run->log->text, "\n", 1);
}

struct bridge_run *bridge_run_create(struct bridge_archive *archive, const char *gpu,
	struct bridge_stream *status, const struct bridge_attach *attach, struct bridge_job *job)
{
	struct bridge_run *run = base_alloc(1, sizeof(*run));
	*run = (struct bridge_run){.job = *job, .gpu = gpu, .status = status, .attach = attach};
	*job = (struct bridge_job){.id = NULL};
	run->directory = bridge_node_add(archive->directory, run->job.id, NULL, NULL);
	run->directory->owner = base_strdup(attach->rights.subject);
	run->log = bridge_node_add_text(run->directory, "log", "", 0);
	bridge_record_job(archive->record, gpu, run->job.id, attach->rights.subject, "QUEUED");
	bridge_run_enter(run, "QUEUED", "accepted");
	return run;
}

static void run_destroy(struct bridge_run *run)
{
	/* A fid that is still open would keep it in memory for ever. */
	bridge_node_retire(run->directory);
	bridge_node_unlink(run->directory);
	bridge_job_finish(&run->job);
	free(run);
}

/** Link to what the subject keeps, or to the end of the list. */
static struct bridge_keeper **find_keeper(struct bridge_archive *archive, const char *owner)
{
	struct bridge_keeper **link = &archive->keepers;
	while (*link != NULL && strcmp((*link)->owner, owner) != 0) {
		link = &(*link)->next;
	}
	return link;
}

static void keeper_drop(struct bridge_archive *archive, const struct bridge_run *run)
{
	struct bridge_keeper *keeper = run->keeper;
	keeper->bytes -= run->kept_bytes;
	if (--keeper->runs == 0) {
		*find_keeper(archive, keeper->owner) = keeper->next;
		free(keeper->owner);
		free(keeper);
	}
}

static void archive_take_out(struct bridge_archive *archive, struct bridge_run **link)
{
	struct bridge_run *run = *link;
	*link = run->next;
	archive->count--;
	archive->bytes -= run->kept_bytes;
	keeper_drop(archive, run);
	run_destroy(run);
}

/** Points `last` at the end again after runs were taken out. */
static void archive_find_last(struct bridge_archive *archive)
{
	archive->last = archive->first;
	while (archive->last != NULL && archive->last->next != NULL) {
		archive->last = archive->last->next;
	}
}

/** Makes room with the oldest run of whoever keeps most: nobody's jobs push out another's results
 * while their own take more. The newest stays, however large it is. */
static void make_room(struct bridge_archive *archive, const struct bridge_run *newest)
{
	bool by_bytes = archive->bytes > ARCHIVE_BYTES_MAX;
	struct bridge_run **victim = NULL;
	uint64_t most = 0;
	for (struct bridge_run **link = &archive->first; *link != NULL && *link != newest;
		 link = &(*link)->next) {
		bool frees = !by_bytes || (*link)->kept_bytes > 0;
		uint64_t share = by_bytes ? (*link)->keeper->bytes : (*link)->keeper->runs;
		if (frees && share > most) {
			most = share;
			victim = link;
		}
	}
	archive_take_out(archive, victim != NULL ? victim : &archive->first);
}

/** Drops the oldest results of the session until what it keeps fits its lease. */
static void make_own_room(struct bridge_archive *archive, const struct bridge_run *newest)
{
	uint64_t share = 0;
	for (const struct bridge_run *run = archive->first; run != NULL; run = run->next) {
		share += run->attach == newest->attach ? run->kept_bytes : 0;
	}
	for (struct bridge_run **link = &archive->first;
		 newest->kept_max > 0 && share > newest->kept_max && *link != NULL && *link != newest;) {
		if ((*link)->attach == newest->attach && (*link)->kept_bytes > 0) {
			share -= (*link)->kept_bytes;
			archive_take_out(archive, link);
		} else {
			link = &(*link)->next;
		}
	}
}

static void archive_add(struct bridge_archive *archive, struct bridge_run *run)
{
	run->next = NULL;
	*(archive->last != NULL ? &archive->last->next : &archive->first) = run;
	archive->last = run;
	archive->count++;
	archive->bytes += run->kept_bytes;
	struct bridge_keeper **keeper = find_keeper(archive, run->directory->owner);
	if (*keeper == NULL) {
		*keeper = base_alloc(1, sizeof(**keeper));
		(*keeper)->owner = base_strdup(run->directory->owner);
	}
	run->keeper = *keeper;
	run->keeper->runs++;
	run->keeper->bytes += run->kept_bytes;
	make_own_room(archive, run);
	while (archive->first != NULL && archive->first != run &&
		(archive->count > BRIDGE_ARCHIVE_COUNT_MAX || archive->bytes > ARCHIVE_BYTES_MAX)) {
		make_room(archive, run);
	}
}

void bridge_archive_forget(struct bridge_archive *archive, const struct bridge_attach *attach)
{
	for (struct bridge_run **link = &archive->first; *link != NULL;) {
		if ((*link)->attach == attach) {
			archive_take_out(archive, link);
		} else {
			link = &(*link)->next;
		}
	}
	archive_find_last(archive);
}

void bridge_archive_finish(struct bridge_archive *archive)
{
	while (archive->first != NULL) {
		archive_take_out(archive, &archive->first);
	}
	archive->last = NULL;
}

static void publish(struct bridge_run *run, const struct bridge_run_end *end)
{
	if (strcmp(end->state, "OK") != 0) {
		if (end->result >= 0) {
			close(end->result);
		}
		return;
	}
	if (end->result >= 0) {
		bridge_node_add_fd(run->directory, "result", end->result, run->job.result_bytes);
		run->kept_bytes += run->job.result_bytes;
	} else {
		bridge_node_add_text(run->directory, "result", "", 0);
	}
	if (end->timing != NULL) {
		BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
		base_json_write(end->timing, 0, &text);
		base_buffer_add(&text, "\n", 1);
		bridge_node_add_text(run->directory, "timing", text.data, text.size);
		run->kept_bytes += text.size;
	}
}

void bridge_run_finish(
	struct bridge_run *run, struct bridge_archive *archive, const struct bridge_run_end *end)
{
	bridge_record_job(archive->record, run->gpu, run->job.id, run->directory->owner, end->state);
	/* The outputs are there before the state says so. */
	publish(run, end);
	bridge_run_enter(run, end->state, end->detail);
	free(run->job.module);
	run->job.module = NULL;
	run->job.module_size = 0;
	if (run->attach == NULL) {
		run_destroy(run);
	} else {
		archive_add(archive, run);
	}
}

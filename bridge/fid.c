/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/fid.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct bridge_fid **slot_of(const struct bridge_fid_table *table, uint32_t number)
{
	/* Clients count up from 0, so the low bits spread them; bucket_count is a power of two. */
	struct bridge_fid **slot = &table->buckets[number & (table->bucket_count - 1)];
	while (*slot != NULL && (*slot)->number != number) {
		slot = &(*slot)->next;
	}
	return slot;
}

struct bridge_fid *bridge_fid_find(const struct bridge_fid_table *table, uint32_t number)
{
	return table->bucket_count > 0 ? *slot_of(table, number) : NULL;
}

static void grow(struct bridge_fid_table *table)
{
	struct bridge_fid_table wider = {
		.bucket_count = table->bucket_count > 0 ? table->bucket_count * 2 : 8,
		.count = table->count,
	};
	wider.buckets = base_alloc(wider.bucket_count, sizeof(*wider.buckets));
	for (size_t i = 0; i < table->bucket_count; i++) {
		while (table->buckets[i] != NULL) {
			struct bridge_fid *fid = table->buckets[i];
			table->buckets[i] = fid->next;
			struct bridge_fid **bucket = &wider.buckets[fid->number & (wider.bucket_count - 1)];
			fid->next = *bucket;
			*bucket = fid;
		}
	}
	free(table->buckets);
	*table = wider;
}

struct bridge_fid *bridge_fid_add(struct bridge_fid_table *table, uint32_t number,
	struct bridge_node *node, struct bridge_attach *attach)
{
	if (table->count == table->bucket_count) {
		grow(table);
	}
	struct bridge_fid *fid = base_alloc(1, sizeof(*fid));
	*fid = (struct bridge_fid){
		.number = number,
		.node = bridge_node_hold(node),
		.attach = attach,
	};
	*slot_of(table, number) = fid;
	table->count++;
	return fid;
}

void bridge_fid_move(struct bridge_fid *fid, struct bridge_node *node)
{
	bridge_node_hold(node);
	bridge_node_drop(fid->node);
	fid->node = node;
}

void bridge_fid_remove(struct bridge_fid_table *table, struct bridge_fid *fid)
{
	*slot_of(table, fid->number) = fid->next;
	table->count--;
	if (fid->open && fid->node->kind != NULL && fid->node->kind->closed != NULL) {
		fid->node->kind->closed(fid->node, fid);
	}
	bridge_node_drop(fid->node);
	base_buffer_finish(&fid->partial);
	base_buffer_finish(&fid->replies);
	free(fid);
}

struct bridge_fid *bridge_fid_any(const struct bridge_fid_table *table)
{
	for (size_t i = 0; i < table->bucket_count; i++) {
		if (table->buckets[i] != NULL) {
			return table->buckets[i];
		}
	}
	return NULL;
}

void bridge_fid_each(const struct bridge_fid_table *table,
	void (*visit)(void *context, struct bridge_fid *fid), void *context)
{
	for (size_t i = 0; i < table->bucket_count; i++) {
		for (struct bridge_fid *fid = table->buckets[i]; fid != NULL; fid = fid->next) {
			visit(context, fid);
		}
	}
}

void bridge_fid_table_finish(struct bridge_fid_table *table)
{
	free(table->buckets);
	*table = (struct bridge_fid_table){.count = 0};
}

ssize_t bridge_fid_read_kept(
	const struct bridge_fid *fid, uint64_t offset, void *bytes, size_t size)
{
	if (offset >= fid->replies.size) {
		return 0;
	}
	size_t left = fid->replies.size - (size_t)offset;
	size_t count = left < size ? left : size;
	memcpy(bytes, fid->replies.data + offset, count);
	return (ssize_t)count;
}

/** Whether each line is at most `max` long, and the rest after the last newline can still become
 * one. */
static bool lines_fit(const char *bytes, size_t size, size_t max)
{
	const char *newline;
	while ((newline = memchr(bytes, '\n', size)) != NULL) {
		size_t line = (size_t)(newline - bytes) + 1;
		if (line > max) {
			return false;
		}
		bytes += line;
		size -= line;
	}
	return size < max;
}

static int write_lines(struct bridge_fid *fid, const char *bytes, size_t size)
{
	const struct bridge_file_kind *kind = fid->node->kind;
	if (!lines_fit(bytes, size, kind->line_max)) {
		return -EMSGSIZE;
	}
	const char *last = memrchr(bytes, '\n', size);
	return kind->write(fid->node, fid, bytes, (size_t)(last - bytes) + 1);
}

int bridge_fid_write(struct bridge_fid *fid, const void *bytes, size_t size)
{
	struct base_buffer *partial = &fid->partial;
	bool whole = size > 0 && memrchr(bytes, '\n', size) != NULL;
	int status = 0;
	if (!whole && partial->size + size >= fid->node->kind->line_max) {
		status = -EMSGSIZE;
	} else {
		base_buffer_add(partial, bytes, size);
	}
	/* What was kept holds no newline: it is looked through again only when one has come. */
	if (whole) {
		status = write_lines(fid, partial->data, partial->size);
	}
	if (whole && status == 0) {
		const char *last = memrchr(partial->data, '\n', partial->size);
		base_buffer_consume(partial, (size_t)(last - partial->data) + 1);
	}
	if (status < 0 || partial->size == 0) {
		base_buffer_finish(partial);
	}
	return status;
}

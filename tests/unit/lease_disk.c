/* SPDX-License-Identifier: Apache-2.0 */
#include "lease_disk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool step(struct disk *disk)
{
	if (disk->dead || disk->calls_left == 0) {
		disk->dead = !disk->once;
		disk->calls_left = -1;
		errno = EIO;
		return false;
	}
	disk->calls_left -= disk->calls_left > 0;
	return true;
}

static size_t find(const struct disk *disk, const char *name)
{
	size_t i = 0;
	while (i < disk->current_count && strcmp(disk->current[i].name, name) != 0) {
		i++;
	}
	return i;
}

static bool disk_list(void *context, void (*visit)(void *visitor, const char *name), void *visitor)
{
	struct disk *disk = context;
	for (size_t i = 0; i < disk->current_count; i++) {
		visit(visitor, disk->current[i].name);
	}
	return true;
}

static bool disk_read(void *context, const char *name, size_t size_max, struct base_buffer *out)
{
	struct disk *disk = context;
	size_t i = find(disk, name);
	if (i == disk->current_count) {
		errno = ENOENT;
		return false;
	}
	const struct base_buffer *content = &disk->files[disk->current[i].file].content;
	assert_true(content->size <= size_max);
	base_buffer_add(out, content->data, content->size);
	return true;
}

static bool disk_create(void *context, const char *name, int *file)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	assert_true(disk->count < DISK_FILES_MAX);
	size_t i = find(disk, name);
	if (i == disk->current_count) {
		strncpy(disk->current[i].name, name, DISK_NAME_SIZE - 1);
		disk->current_count++;
	}
	disk->current[i].file = disk->count;
	*file = (int)disk->count++;
	return true;
}

static bool disk_open(void *context, const char *name, int *file)
{
	struct disk *disk = context;
	size_t i = find(disk, name);
	assert_true(i < disk->current_count);
	*file = (int)disk->current[i].file;
	return true;
}

static bool disk_write(void *context, int file, const void *bytes, size_t size)
{
	struct disk *disk = context;
	if (disk->dead) {
		return false;
	}
	bool alive = step(disk);
	/* Of a write that fails a part may have been done. */
	base_buffer_add(&disk->files[file].content, bytes, alive || disk->dead ? size : size / 2);
	return alive;
}

static bool disk_sync(void *context, int file)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	disk->files[file].synced = disk->files[file].content.size;
	return true;
}

static bool disk_truncate(void *context, int file, uint64_t size)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	disk->files[file].content.size = (size_t)size;
	return true;
}

static bool disk_rename(void *context, const char *from, const char *to)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	size_t source = find(disk, from);
	size_t target = find(disk, to);
	size_t file = disk->current[source].file;
	if (target < disk->current_count) {
		disk->current[target].file = file;
		disk->current[source] = disk->current[--disk->current_count];
	} else {
		strncpy(disk->current[source].name, to, DISK_NAME_SIZE - 1);
	}
	return true;
}

static bool disk_remove(void *context, const char *name)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	size_t i = find(disk, name);
	assert_true(i < disk->current_count);
	disk->current[i] = disk->current[--disk->current_count];
	return true;
}

static bool disk_sync_folder(void *context)
{
	struct disk *disk = context;
	if (!step(disk)) {
		return false;
	}
	memcpy(disk->durable, disk->current, sizeof(disk->current));
	disk->durable_count = disk->current_count;
	return true;
}

static void disk_close(void *context, int file)
{
	(void)context;
	(void)file;
}

/** The bytes of a file that were not synced come out as `loss` says. */
static void crash_file(struct disk_file *file, enum disk_loss loss)
{
	struct base_buffer *content = &file->content;
	size_t extra = content->size > file->synced ? content->size - file->synced : 0;
	switch (loss) {
	case DISK_LOSE_ALL:
	case DISK_KEEP_NAMES:
		content->size -= extra;
		break;
	case DISK_KEEP_HALF:
	case DISK_KEEP_GARBAGE:
		content->size -= extra / 2;
		if (loss == DISK_KEEP_GARBAGE && extra > 1) {
			content->data[content->size - 1] ^= 0x40;
		}
		break;
	case DISK_KEEP_TAIL:
		if (extra > 0) {
			memset(content->data + file->synced, 0, extra / 2);
		}
		break;
	case DISK_KEEP_ALL:
	case DISK_LOSSES:
		break;
	}
	file->synced = content->size;
}

void disk_crash(struct disk *disk, enum disk_loss loss)
{
	if (loss != DISK_KEEP_ALL && loss != DISK_KEEP_NAMES) {
		memcpy(disk->current, disk->durable, sizeof(disk->current));
		disk->current_count = disk->durable_count;
	}
	for (size_t i = 0; i < disk->count; i++) {
		crash_file(&disk->files[i], loss);
	}
	memcpy(disk->durable, disk->current, sizeof(disk->current));
	disk->durable_count = disk->current_count;
	disk->dead = false;
	disk->once = false;
	disk->calls_left = -1;
}

void disk_destroy(struct disk *disk)
{
	for (size_t i = 0; i < disk->count; i++) {
		base_buffer_finish(&disk->files[i].content);
	}
	free(disk);
}

struct base_buffer *disk_content(struct disk *disk, const char *name)
{
	size_t i = find(disk, name);
	return i < disk->current_count ? &disk->files[disk->current[i].file].content : NULL;
}

struct lease_journal_io disk_io(struct disk *disk)
{
	return (struct lease_journal_io){
		.context = disk,
		.list = disk_list,
		.read = disk_read,
		.create = disk_create,
		.open = disk_open,
		.write = disk_write,
		.sync = disk_sync,
		.truncate = disk_truncate,
		.rename = disk_rename,
		.remove = disk_remove,
		.sync_folder = disk_sync_folder,
		.close = disk_close,
	};
}

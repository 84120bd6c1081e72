/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/journal.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** The journal's folder on a real file system. */

struct folder {
	int fd;
	/** Held as long as the folder is open; -1 for reading only. */
	int lock;
};

static bool folder_list(
	void *context, void (*visit)(void *visitor, const char *name), void *visitor)
{
	const struct folder *folder = context;
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	if (directory == NULL) {
		base_cleanup_close(&fd);
		return false;
	}
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		visit(visitor, entry->d_name);
	}
	closedir(directory);
	return true;
}

static bool folder_read(void *context, const char *name, size_t size_max, struct base_buffer *out)
{
	const struct folder *folder = context;
	BASE_CLOSE int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0) {
		return false;
	}
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > size_max) {
		errno = EFBIG;
		return false;
	}
	size_t left = (size_t)status.st_size;
	while (left > 0) {
		ssize_t got = read(fd, base_buffer_reserve(out, left), left);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return false;
		}
		if (got == 0) {
			break;
		}
		out->size += (size_t)got;
		out->data[out->size] = '\0';
		left -= (size_t)got;
	}
	return true;
}

static bool open_with(const struct folder *folder, const char *name, int flags, int *file)
{
	*file = openat(folder->fd, name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	return *file >= 0;
}

static bool folder_create(void *context, const char *name, int *file)
{
	return open_with(context, name, O_CREAT | O_TRUNC, file);
}

static bool folder_open(void *context, const char *name, int *file)
{
	return open_with(context, name, 0, file);
}

static bool folder_write(void *context, int file, const void *bytes, size_t size)
{
	(void)context;
	ssize_t done;
	do {
		done = write(file, bytes, size);
	} while (done < 0 && errno == EINTR);
	if (done >= 0 && (size_t)done < size) {
		errno = ENOSPC;
		return false;
	}
	return done >= 0;
}

static bool folder_sync(void *context, int file)
{
	(void)context;
	return fdatasync(file) == 0;
}

static bool folder_truncate(void *context, int file, uint64_t size)
{
	(void)context;
	return ftruncate(file, (off_t)size) == 0;
}

static bool folder_rename(void *context, const char *from, const char *to)
{
	const struct folder *folder = context;
	return renameat(folder->fd, from, folder->fd, to) == 0;
}

static bool folder_remove(void *context, const char *name)
{
	const struct folder *folder = context;
	return unlinkat(folder->fd, name, 0) == 0;
}

static bool folder_sync_names(void *context)
{
	const struct folder *folder = context;
	return fsync(folder->fd) == 0;
}

static void folder_close_file(void *context, int file)
{
	(void)context;
	close(file);
}

static bool take_lock(struct folder *folder, const char *path, struct lane_error *err)
{
	folder->lock = openat(folder->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (folder->lock >= 0 && flock(folder->lock, LOCK_EX | LOCK_NB) == 0) {
		return true;
	}
	if (folder->lock >= 0 && errno == EWOULDBLOCK) {
		return lane_error_set(err, "JOURNAL_FAILED", "%s: another bridge writes there", path);
	}
	return lane_error_set_errno(err, "JOURNAL_FAILED", errno, "%s/lock", path);
}

bool lease_journal_folder(
	const char *path, bool lock, struct lease_journal_io *io, struct lane_error *err)
{
	struct folder folder = {.fd = -1, .lock = -1};
	if (lock && mkdir(path, 0700) < 0 && errno != EEXIST) {
		return lane_error_set_errno(err, "JOURNAL_FAILED", errno, "%s: cannot make", path);
	}
	folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder.fd < 0) {
		return lane_error_set_errno(err, "JOURNAL_FAILED", errno, "%s", path);
	}
	if (lock && !take_lock(&folder, path, err)) {
		base_cleanup_close(&folder.lock);
		close(folder.fd);
		return false;
	}
	struct folder *kept = base_alloc(1, sizeof(*kept));
	*kept = folder;
	*io = (struct lease_journal_io){
		.context = kept,
		.list = folder_list,
		.read = folder_read,
		.create = folder_create,
		.open = folder_open,
		.write = folder_write,
		.sync = folder_sync,
		.truncate = folder_truncate,
		.rename = folder_rename,
		.remove = folder_remove,
		.sync_folder = folder_sync_names,
		.close = folder_close_file,
	};
	return true;
}

void lease_journal_folder_close(struct lease_journal_io *io)
{
	struct folder *folder = io->context;
	if (folder != NULL) {
		base_cleanup_close(&folder->lock);
		close(folder->fd);
		free(folder);
		io->context = NULL;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/child.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool base_file_read(
	const char *path, size_t size_max, struct base_buffer *out, struct lane_error *err)
{
	/* O_NONBLOCK: a fifo without a writer must not hang us. */
	BASE_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	if (fd < 0 || fstat(fd, &info) != 0) {
		return lane_error_set_errno(err, "FILE_READ", errno, "%s", path);
	}
	if (S_ISDIR(info.st_mode)) {
		return lane_error_set(err, "FILE_READ", "%s: is a directory", path);
	}
	size_t start = out->size;
	for (;;) {
		char *end = base_buffer_reserve(out, 16384);
		ssize_t got = read(fd, end, 16384);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return lane_error_set_errno(err, "FILE_READ", errno, "%s", path);
		}
		if (got == 0) {
			return true;
		}
		out->size += (size_t)got;
		out->data[out->size] = '\0';
		if (out->size - start > size_max) {
			return lane_error_set(err, "FILE_READ", "%s: larger than %zu bytes", path, size_max);
		}
	}
}

static bool file_write_fd(
	int fd, const char *path, const void *bytes, size_t size, struct lane_error *err)
{
	if (!base_write_all(fd, bytes, size)) {
		return lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
	}
	return true;
}

static bool file_write_in_place(
	const char *path, const void *bytes, size_t size, struct lane_error *err)
{
	BASE_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		return lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
	}
	return file_write_fd(fd, path, bytes, size, err);
}

/* Whether the descriptor is open on the file that was found under a path. */
static bool file_is_open_as(int fd, const struct stat *info)
{
	struct stat open_file;
	return fstat(fd, &open_file) == 0 && open_file.st_dev == info->st_dev &&
		open_file.st_ino == info->st_ino;
}

static bool file_replace(
	const char *path, mode_t mode, const void *bytes, size_t size, struct lane_error *err)
{
	BASE_FREE char *temporary = base_format("%s.XXXXXX", path);
	BASE_CLOSE int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		return lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
	}
	if (!file_write_fd(fd, path, bytes, size, err)) {
		unlink(temporary);
		return false;
	}
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0 || rename(temporary, path) != 0) {
		lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
		unlink(temporary);
		return false;
	}
	return true;
}

bool base_file_write(const char *path, const void *bytes, size_t size, struct lane_error *err)
{
	if (strcmp(path, "-") == 0) {
		return file_write_fd(STDOUT_FILENO, "<stdout>", bytes, size, err);
	}
	struct stat info;
	if (stat(path, &info) != 0) {
		/* As any new file: a report is meant to be read by others. */
		mode_t mask = umask(0);
		umask(mask);
		return file_replace(path, 0666 & ~mask, bytes, size, err);
	}
	/* /dev/stdout with stdout in a file: replaced would be the link in /dev. */
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		if (file_is_open_as(fd, &info)) {
			return file_write_fd(fd, path, bytes, size, err);
		}
	}
	if (!S_ISREG(info.st_mode)) {
		return file_write_in_place(path, bytes, size, err);
	}
	BASE_FREE char *target = realpath(path, NULL);
	if (target == NULL) {
		return lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
	}
	return file_replace(target, info.st_mode & 0777, bytes, size, err);
}

bool base_file_check_write(const char *path, struct lane_error *err)
{
	if (strcmp(path, "-") == 0) {
		return true;
	}
	struct stat info;
	bool there = stat(path, &info) == 0;
	if (there && !S_ISREG(info.st_mode)) {
		return !S_ISDIR(info.st_mode) ||
			lane_error_set_errno(err, "FILE_WRITE", EISDIR, "%s", path);
	}
	/* A file is replaced, so that its folder is what counts. */
	BASE_FREE char *target = there ? realpath(path, NULL) : base_strdup(path);
	return (target != NULL && access(dirname(target), W_OK | X_OK) == 0) ||
		lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
}

char *base_file_line(const char *path)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	if (!base_file_read(path, 65536, &text, NULL) || !text.data) {
		return NULL;
	}
	return base_strndup(text.data, strcspn(text.data, "\n"));
}

/* <prefix> of the running program, two components above its executable. Caller frees. */
static char *file_prefix(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length < 0) {
		/* /proc is not mounted: the default prefix is the best guess. */
		return base_strdup("/usr/local");
	}
	path[length] = '\0';
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(path, '/');
		if (slash) {
			*slash = '\0';
		}
	}
	return base_strdup(path);
}

char *base_file_data(const char *kind, const char *name)
{
	BASE_FREE char *prefix = file_prefix();
	return base_format("%s/share/gpu-lane/%s%s%s", prefix, kind, *name ? "/" : "", name);
}

char *base_file_libexec(const char *name)
{
	BASE_FREE char *prefix = file_prefix();
	/* A program that is itself in libexec/gpu-lane sits one level deeper. */
	char *slash = strrchr(prefix, '/');
	if (slash && strcmp(slash, "/libexec") == 0) {
		*slash = '\0';
	}
	return base_format("%s/libexec/gpu-lane/%s", prefix, name);
}

char *base_file_program(const char *name)
{
	BASE_FREE char *prefix = file_prefix();
	return base_format("%s/bin/%s", prefix, name);
}

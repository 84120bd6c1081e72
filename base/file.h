/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buffer.h"
#include "base/error.h"

/**
 * Reads a regular file (or a pseudo-file of /proc or /sys) of at most `size_max` bytes. Errors:
 * FILE_READ with the path and the cause ("is a directory", "larger than N bytes").
 */
bool base_file_read(
	const char *path, size_t size_max, struct base_buffer *out, struct lane_error *err);
/**
 * Replaces a file whole or not at all: temporary file in the same folder, fsync, rename. A link
 * stays and what it points to is replaced, a mode stays. "-" writes to stdout. An existing path
 * that is no regular file (/dev/null, a fifo), or is where stdout or stderr go, is written in
 * place. Errors: FILE_WRITE.
 */
bool base_file_write(const char *path, const void *bytes, size_t size, struct lane_error *err);
/** Whether base_file_write could write there now, for those who would learn it after long work.
 * Errors: FILE_WRITE. */
bool base_file_check_write(const char *path, struct lane_error *err);

/** First line of a small file without its newline; NULL when it cannot be read. Caller frees. */
char *base_file_line(const char *path);

/**
 * Absolute path of an installed file, found relative to the running program: data files
 * at <prefix>/share/gpu-lane/<kind>/<name>, programs at <prefix>/libexec/gpu-lane/<name>, where the
 * program is <prefix>/<any>/<program>. The build tree has the same shape. Caller frees; the file
 * may not exist.
 */
/** An empty name gives the folder of that kind. */
char *base_file_data(const char *kind, const char *name);
char *base_file_libexec(const char *name);
/** A program for people, at <prefix>/bin/<name>. */
char *base_file_program(const char *name);

#endif

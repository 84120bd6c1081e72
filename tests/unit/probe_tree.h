/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PROBE_TREE_H
#define TESTS_PROBE_TREE_H

#include "tests/unit/cmocka_names.h"

#include "base/file.h"
#include "base/memory.h"
#include "probe/collector.h"
#include "probe/emit.h"
#include "probe/facts.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A tree of files below a temporary folder that stands for the machine. */

/* Fixture: *state is the folder's path. */
static int tree_setup(void **state)
{
	char template[] = "/tmp/gpu-lane-tree.XXXXXX";
	char *path = mkdtemp(template);
	/* Links in the tree are resolved, so that its own path must be free of them. */
	*state = path ? realpath(path, NULL) : NULL;
	return *state ? 0 : -1;
}

static int tree_remove(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static int tree_teardown(void **state)
{
	nftw(*state, tree_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

/* Makes the folders that a path needs. */
static inline void tree_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static inline void tree_file(const char *root, const char *path, const char *text)
{
	BASE_FREE char *full = base_format("%s%s", root, path);
	tree_folders(full);
	assert_true(base_file_write(full, text, strlen(text), NULL));
}

/* `target` is absolute in the tree's own terms. */
static inline void tree_link(const char *root, const char *path, const char *target)
{
	BASE_FREE char *full = base_format("%s%s", root, path);
	BASE_FREE char *full_target = base_format("%s%s", root, target);
	tree_folders(full);
	assert_int_equal(symlink(full_target, full), 0);
}

/* Runs a collector and merges what it emits. Caller owns the facts. */
static inline cJSON *tree_collect_scope(
	const struct probe_scope *scope, int (*collect)(const struct probe_scope *scope, int out_fd))
{
	BASE_CLOSE int fd = memfd_create("facts", MFD_CLOEXEC);
	assert_int_equal(collect(scope, fd), 0);
	BASE_BUFFER_AUTO lines = BASE_BUFFER_INIT;
	off_t size = lseek(fd, 0, SEEK_END);
	assert_int_equal(pread(fd, base_buffer_reserve(&lines, (size_t)size), (size_t)size, 0), size);
	lines.size = (size_t)size;
	cJSON *facts = probe_facts_new();
	char *step = NULL;
	assert_true(probe_emit_merge(facts, &lines, &step));
	free(step);
	return facts;
}

/* The same on the tree. */
static inline cJSON *tree_collect(
	const char *root, int (*collect)(const struct probe_scope *scope, int out_fd))
{
	struct probe_scope scope = {.root = {root}};
	return tree_collect_scope(&scope, collect);
}

#endif

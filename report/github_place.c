/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The part of `path` below the folder `root`, or NULL. Both are real paths. */
static const char *below(const char *root, const char *path)
{
	size_t length = strlen(root);
	if (strncmp(root, path, length) != 0 || path[length] != '/' || path[length + 1] == '\0') {
		return NULL;
	}
	return path + length + 1;
}

/* "owner/name/.github/workflows/x.yml@refs/heads/main" of our own repository -> its path. */
static char *workflow_path(const struct github_environment *environment)
{
	const char *reference = environment->workflow_ref;
	const char *repository = environment->repository;
	const char *at = reference ? strchr(reference, '@') : NULL;
	if (at && repository) {
		size_t length = strlen(repository);
		const char *path = reference + length + 1;
		if (strncmp(reference, repository, length) == 0 && reference[length] == '/' && path < at) {
			return base_strndup(path, (size_t)(at - path));
		}
	}
	/* What GitHub's own actions name when they have no file. */
	return base_strdup(".github");
}

struct github_place github_place_find(
	const struct github_environment *environment, const cJSON *where)
{
	const char *path = base_json_string(where, "path", NULL);
	if (path && environment->workspace) {
		/* realpath: a link, or "..", must not name a file outside as one inside. */
		BASE_FREE char *root = realpath(environment->workspace, NULL);
		BASE_FREE char *real = realpath(path, NULL);
		const char *inside = root && real ? below(root, real) : NULL;
		if (inside) {
			uint64_t line = base_json_uint(where, "line", 1);
			return (struct github_place){
				.path = base_strdup(inside), .line = line > 0 ? line : 1, .exact = true};
		}
	}
	return (struct github_place){.path = workflow_path(environment), .line = 1};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/reload.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** Between two looks: it should be noticed before somebody wonders. And how long files have to stay
 * as they are. */
#define LOOK_EVERY_NS UINT64_C(2000000000)
#define SETTLE_NS UINT64_C(250000000)

static uint64_t mix(uint64_t hash, uint64_t value)
{
	/* FNV-1a, by words. */
	return (hash ^ value) * UINT64_C(0x100000001b3);
}

/** Of all files together. A path is followed to its end, so that a link to another folder counts.
 */
static uint64_t look_at(const struct bridge_reload_part *part)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const char *path;
	for (size_t i = 0; (path = part->file(part->context, i)) != NULL; i++) {
		struct stat status;
		/* One that is not there looks like nothing else. */
		if (stat(path, &status) < 0) {
			status = (struct stat){.st_ino = 0};
		}
		hash = mix(mix(hash, status.st_dev), status.st_ino);
		hash = mix(mix(hash, (uint64_t)status.st_size), (uint64_t)status.st_mtim.tv_sec);
		hash = mix(mix(hash, (uint64_t)status.st_mtim.tv_nsec), (uint64_t)status.st_ctim.tv_sec);
		hash = mix(hash, (uint64_t)status.st_ctim.tv_nsec);
	}
	return hash;
}

static void read_again(struct bridge_reload_part *part, bool always_tell)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	/* From before it: what changes meanwhile is seen at the next look. */
	part->read = look_at(part);
	part->seen = part->read;
	if (part->load(part->context, &err)) {
		base_log(BASE_LOG_INFO, "%s read again, for who comes from now on", part->name);
		free(part->trouble);
		part->trouble = NULL;
	} else {
		const char *trouble = lane_error_message(&err);
		if (always_tell || part->trouble == NULL || strcmp(part->trouble, trouble) != 0) {
			base_log(BASE_LOG_ERROR, "%s not usable, what was read before stays: %s", part->name,
				trouble);
		}
		free(part->trouble);
		part->trouble = base_strdup(trouble);
	}
}

void bridge_reload_add(struct bridge_reload *reload, const struct bridge_reload_part *part)
{
	struct bridge_reload_part *added = &reload->parts[reload->count++];
	*added = *part;
	added->read = look_at(added);
	added->seen = added->read;
}

uint64_t bridge_reload_advance(struct bridge_reload *reload, uint64_t now_ns)
{
	if (reload->count == 0) {
		return UINT64_MAX;
	}
	if (now_ns < reload->look_ns) {
		return reload->look_ns;
	}
	reload->look_ns = now_ns + LOOK_EVERY_NS;
	for (size_t i = 0; i < reload->count; i++) {
		struct bridge_reload_part *part = &reload->parts[i];
		uint64_t looks = look_at(part);
		bool settled = looks == part->seen;
		part->seen = looks;
		if (!settled) {
			reload->look_ns = now_ns + SETTLE_NS;
		}
		if (settled && (looks != part->read || part->trouble != NULL)) {
			read_again(part, false);
		}
	}
	return reload->look_ns;
}

void bridge_reload_now(struct bridge_reload *reload)
{
	for (size_t i = 0; i < reload->count; i++) {
		read_again(&reload->parts[i], true);
	}
	if (reload->count == 0) {
		base_log(BASE_LOG_INFO, "there are no files to read again");
	}
}

size_t bridge_reload_troubles(const struct bridge_reload *reload)
{
	size_t troubles = 0;
	for (size_t i = 0; i < reload->count; i++) {
		troubles += reload->parts[i].trouble != NULL;
	}
	return troubles;
}

void bridge_reload_finish(struct bridge_reload *reload)
{
	for (size_t i = 0; i < reload->count; i++) {
		free(reload->parts[i].trouble);
	}
	*reload = (struct bridge_reload){.count = 0};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu_lease.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "lease/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/** gpu-lease keygen, mint and handle, and revoke for tickets. */

enum { HANDLE_SIZE_MAX = 256, TICKET_ID_BYTES = 16 };

/** A key is written where there is nothing yet, for its owner alone when it is secret; whole or not
 * at all. */
static bool write_key(
	const char *path, const struct lease_key *key, bool secret, struct lane_error *err)
{
	BASE_JSON_FREE cJSON *json = lease_key_to_json(key, secret);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(json, 2, &text);
	BASE_CLOSE int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, secret ? 0600 : 0644);
	if (fd >= 0 && base_write_all(fd, text.data, text.size) && fsync(fd) == 0) {
		return true;
	}
	lane_error_set_errno(err, "FILE_WRITE", errno, "%s", path);
	if (fd >= 0) {
		unlink(path);
	}
	return false;
}

int lease_keygen(const struct lease_choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct lease_key key;
	if (!lease_key_generate(&key, &err)) {
		return lease_fail(&err);
	}
	const char *path = choice->operands[0];
	BASE_FREE char *public = base_format("%s.pub", path);
	bool good = write_key(path, &key, true, &err);
	if (good && !write_key(public, &key, false, &err)) {
		unlink(path);
		good = false;
	}
	lease_key_finish(&key);
	return good ? LANE_EXIT_HOLDS : lease_fail(&err);
}

static void add_gpus(cJSON *claims, const char *list)
{
	if (list == NULL) {
		return;
	}
	cJSON *gpus = base_json_add_array(claims, "gpus");
	BASE_FREE char *copy = base_strdup(list);
	for (char *rest = copy, *one; (one = strsep(&rest, ",")) != NULL;) {
		base_json_add_string(gpus, NULL, one);
	}
}

/** Only what was said on the command line limits the ticket. */
static void add_maxima(cJSON *claims, const struct lease_choice *choice)
{
	const struct {
		const char *name;
		bool given;
		uint32_t value;
	} maxima[] = {
		{"mem_mb", choice->mem_mb_given, choice->mem_mb},
		{"streams", choice->streams_given, choice->streams},
		{"ttl_s", choice->ttl_given, choice->ttl_s},
		{"priority", choice->priority_given, choice->priority},
	};
	cJSON *max = base_json_add_object(claims, "max");
	for (size_t i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++) {
		if (maxima[i].given) {
			base_json_add_number(max, maxima[i].name, maxima[i].value);
		}
	}
}

static bool add_id(cJSON *claims, struct lane_error *err)
{
	uint8_t bytes[TICKET_ID_BYTES];
	char text[2 * TICKET_ID_BYTES + 1];
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		return lane_error_set_errno(err, "KEY_FAILED", errno, "getrandom");
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	}
	base_json_add_string(claims, "jti", text);
	return true;
}

int lease_mint(const struct lease_choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct lease_key key = {.id = NULL};
	if (choice->key == NULL || choice->subject == NULL) {
		lane_error_set(&err, "USAGE", "mint needs --key and --subject");
		return lease_fail(&err);
	}
	if (!lease_key_load(choice->key, &key, &err)) {
		return lease_fail(&err);
	}
	BASE_JSON_FREE cJSON *claims = base_json_new_object();
	uint64_t now_s = base_clock_wall_ms() / 1000;
	base_json_add_string(claims, "sub", choice->subject);
	base_json_add_string(claims, "role", choice->role);
	add_gpus(claims, choice->gpu);
	add_maxima(claims, choice);
	base_json_add_string(claims, "aud", LEASE_AUDIENCE);
	base_json_add_number(claims, "iat", (double)now_s);
	base_json_add_number(claims, "nbf", (double)now_s);
	base_json_add_number(claims, "exp", (double)(now_s + choice->life_s));
	BASE_FREE char *ticket = add_id(claims, &err) ? lease_ticket_mint(&key, claims, &err) : NULL;
	lease_key_finish(&key);
	if (ticket == NULL) {
		return lease_fail(&err);
	}
	base_log(BASE_LOG_INFO, "ticket %s", base_json_string(claims, "jti", ""));
	printf("%s\n", ticket);
	return lease_printed();
}

int lease_handle(const struct lease_choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *gpu = NULL;
	struct bridge_client *client = lease_connect(choice, &gpu, &err);
	BASE_BUFFER_AUTO handle = BASE_BUFFER_INIT;
	bool good =
		client != NULL && bridge_client_read_all(client, "/handle", HANDLE_SIZE_MAX, &handle, &err);
	bridge_client_destroy(client);
	if (!good) {
		return lease_fail(&err);
	}
	fputs(handle.data, stdout);
	return lease_printed();
}

static int revoke_ticket(const struct lease_choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *gpu = NULL;
	struct bridge_client *client = lease_connect(choice, &gpu, &err);
	struct bridge_file *file =
		client != NULL ? bridge_file_open(client, "/revoke", BRIDGE_WRITE, &err) : NULL;
	BASE_FREE char *line = base_format("%s\n", choice->operands[0]);
	bool good = file != NULL && bridge_file_write(file, line, strlen(line), &err);
	bridge_file_close(file);
	bridge_client_destroy(client);
	return good ? LANE_EXIT_HOLDS : lease_fail(&err);
}

int lease_revoke(const struct lease_choice *choice)
{
	/* Ids of tickets have no slash, names of leases have one. */
	return strchr(choice->operands[0], '/') != NULL ? lease_revoke_lease(choice)
													: revoke_ticket(choice);
}

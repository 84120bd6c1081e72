/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/fid.h"
#include "bridge/gpu.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** /gpu/<id>/ctl: commands, one a line; the reply line is read back from the same fid. */

enum {
	LINE_MAX_SIZE = 256,
	/** A verb and one argument more than any takes. */
	WORDS_MAX = 10,
	/** Unread replies of one fid: EAGAIN beyond. */
	REPLIES_MAX = 64 << 10,
};

struct command {
	struct bridge_gpu *gpu;
	struct bridge_fid *fid;
	const char *verb;
	/** What follows the verb, cut at spaces. */
	char *const *words;
	size_t word_count;
	uint64_t now_ns;
};

__attribute__((format(printf, 2, 3))) static void reply(
	const struct command *command, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	base_buffer_vprint(&command->fid->replies, format, args);
	va_end(args);
	base_buffer_add(&command->fid->replies, "\n", 1);
}

/** The detail stands in double quotes, so it must not have any of its own. */
static void refuse(const struct command *command, const char *reason, const char *detail)
{
	BASE_FREE char *text = base_strdup(detail);
	for (char *c = text; *c != '\0'; c++) {
		*c = *c == '"' || *c == '\n' ? '\'' : *c;
	}
	reply(command, "ERR %s reason=%s detail=\"%s\"", command->verb, reason, text);
}

static void refuse_lease(const struct command *command, const struct lane_error *err)
{
	static const struct {
		const char *code, *reason;
	} reasons[] = {
		{"LEASE_BUSY", "busy"},
		{"LEASE_QUOTA", "quota"},
		{"LEASE_CORDONED", "cordoned"},
		{"LEASE_NOT_ACTIVE", "permission"},
	};
	const char *reason = "invalid";
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (lane_error_is(err, reasons[i].code)) {
			reason = reasons[i].reason;
		}
	}
	refuse(command, reason, lane_error_message(err));
}

/** The whole text as a decimal number of at most `max`. */
static bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 19 || text[digits] != '\0') {
		return false;
	}
	*value = strtoull(text, NULL, 10);
	return *value <= max;
}

/** One key=N that a verb takes. */
struct argument {
	const char *name;
	uint64_t max;
	bool required;
	uint64_t value;
	bool given;
};

/** Fills the arguments from the words; a refusal has been replied when it fails. */
static bool parse_arguments(const struct command *command, struct argument *arguments, size_t count)
{
	for (size_t w = 0; w < command->word_count; w++) {
		const char *word = command->words[w];
		size_t name = strcspn(word, "=");
		struct argument *argument = arguments;
		while (argument < arguments + count &&
			(strncmp(argument->name, word, name) != 0 || argument->name[name] != '\0')) {
			argument++;
		}
		if (argument == arguments + count || argument->given || word[name] != '=' ||
			!parse_number(word + name + 1, argument->max, &argument->value)) {
			BASE_FREE char *detail = base_format("bad argument %s", word);
			refuse(command, "invalid", detail);
			return false;
		}
		argument->given = true;
	}
	for (size_t i = 0; i < count; i++) {
		if (arguments[i].required && !arguments[i].given) {
			BASE_FREE char *detail = base_format("%s= is missing", arguments[i].name);
			refuse(command, "invalid", detail);
			return false;
		}
	}
	return true;
}

#define ARGUMENT_COUNT(arguments) (sizeof(arguments) / sizeof((arguments)[0]))

static void reply_granted(const struct command *command, const struct lease *lease)
{
	reply(command, "OK %s lease=%llu epoch=%llu expires_in_s=%u", command->verb,
		(unsigned long long)lease->id, (unsigned long long)lease->epoch, lease->ttl_s);
}

/** A refusal has been replied when it is more than the ticket allows. */
static bool within_rights(
	const struct command *command, const char *name, uint64_t value, uint64_t max)
{
	if (value > max) {
		BASE_FREE char *detail = base_format("%s=%llu is more than this ticket allows (%llu)", name,
			(unsigned long long)value, (unsigned long long)max);
		refuse(command, "permission", detail);
	}
	return value <= max;
}

/** No lease outlasts the ticket that it was given for. */
static uint64_t ttl_max(const struct bridge_attach *attach)
{
	const struct lease_rights *rights = &attach->rights;
	if (rights->expires_s == 0) {
		return rights->max.ttl_s;
	}
	uint64_t now_s = base_clock_wall_ms() / 1000;
	uint64_t left_s = rights->expires_s > now_s ? rights->expires_s - now_s : 0;
	return left_s < rights->max.ttl_s ? left_s : rights->max.ttl_s;
}

static void do_lease(struct command *command)
{
	enum { MEM_MB, STREAMS, TTL_S, PRIORITY, QUEUE, EXCLUSIVE, KEEP, PREEMPTIBLE };
	struct argument arguments[] = {
		[MEM_MB] = {"mem_mb", UINT32_MAX, true, 0, false},
		[STREAMS] = {"streams", UINT8_MAX, true, 0, false},
		[TTL_S] = {"ttl_s", UINT32_MAX, true, 0, false},
		[PRIORITY] = {"priority", UINT8_MAX, false, 0, false},
		[QUEUE] = {"queue", 1, false, 1, false},
		[EXCLUSIVE] = {"exclusive", 1, false, 0, false},
		[KEEP] = {"keep", 1, false, 0, false},
		[PREEMPTIBLE] = {"preemptible", 1, false, 0, false},
	};
	if (!parse_arguments(command, arguments, ARGUMENT_COUNT(arguments))) {
		return;
	}
	struct bridge_gpu *gpu = command->gpu;
	struct bridge_attach *attach = command->fid->attach;
	struct bridge_tenant *tenant = bridge_gpu_tenant(gpu, attach);
	if (gpu->draining) {
		refuse(command, "cordoned", "the bridge is stopping");
		return;
	}
	if (gpu->health.reason != NULL) {
		BASE_FREE char *detail =
			base_format("%s is quarantined: %s", gpu->card.id, gpu->health.reason);
		refuse(command, "cordoned", detail);
		return;
	}
	if (tenant != NULL) {
		BASE_FREE char *detail = base_format("this session has lease %llu on %s already",
			(unsigned long long)tenant->lease->id, gpu->card.id);
		refuse(command, "busy", detail);
		return;
	}
	if (!within_rights(command, "mem_mb", arguments[MEM_MB].value, attach->rights.max.mem_mb) ||
		!within_rights(command, "streams", arguments[STREAMS].value, attach->rights.max.streams) ||
		!within_rights(command, "ttl_s", arguments[TTL_S].value, ttl_max(attach)) ||
		!within_rights(
			command, "priority", arguments[PRIORITY].value, attach->rights.max.priority)) {
		return;
	}
	tenant = bridge_gpu_admit(gpu, attach);
	tenant->keep = arguments[KEEP].value == 1;
	struct lease_request request = {
		.subject = attach->rights.subject,
		.mem_mb = (uint32_t)arguments[MEM_MB].value,
		.streams = (uint8_t)arguments[STREAMS].value,
		.ttl_s = (uint32_t)arguments[TTL_S].value,
		.priority = (uint8_t)arguments[PRIORITY].value,
		.queue = arguments[QUEUE].value == 1,
		.exclusive = arguments[EXCLUSIVE].value == 1,
		.preemptible = arguments[PREEMPTIBLE].value == 1,
		.quota = attach->rights.quota,
		.owner = tenant,
	};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	/* Without a lease the tenant goes away at the next pump. */
	if (!lease_table_request(gpu->leases, &request, command->now_ns, &tenant->lease, &err)) {
		refuse_lease(command, &err);
	} else if (tenant->lease->state == LEASE_ACTIVE) {
		reply_granted(command, tenant->lease);
	} else {
		command->fid->awaits = tenant->lease->id;
		reply(command, "QUEUED LEASE lease=%llu position=%zu",
			(unsigned long long)tenant->lease->id,
			lease_table_position(gpu->leases, tenant->lease));
	}
}

/** The lease that `lease=` names, or without it this session's own on this GPU; a refusal has been
 * replied when there is none that this session may act on. */
static struct bridge_tenant *named_lease(const struct command *command, const struct argument *id)
{
	const struct bridge_attach *attach = command->fid->attach;
	struct bridge_tenant *tenant = id->given
		? bridge_gpu_tenant_by_id(command->gpu, attach, id->value)
		: bridge_gpu_tenant(command->gpu, attach);
	if (tenant == NULL) {
		refuse(command, "permission", "this session does not hold that lease");
	}
	return tenant;
}

/** A lease that its session has left goes on with the next session of its subject that renews it:
 * after a restart of the bridge, or when it was kept. */
static void take_over(struct bridge_tenant *tenant, struct bridge_attach *attach)
{
	if (tenant->attach == NULL && strcmp(tenant->lease->subject, attach->rights.subject) == 0 &&
		bridge_gpu_tenant(tenant->gpu, attach) == NULL) {
		tenant->attach = attach;
	}
}

static void do_renew(struct command *command)
{
	struct argument arguments[] = {
		{"lease", UINT64_MAX, true, 0, false},
		{"ttl_s", UINT32_MAX, true, 0, false},
	};
	if (!parse_arguments(command, arguments, ARGUMENT_COUNT(arguments))) {
		return;
	}
	struct bridge_tenant *tenant = named_lease(command, &arguments[0]);
	if (tenant == NULL ||
		!within_rights(command, "ttl_s", arguments[1].value, ttl_max(command->fid->attach))) {
		return;
	}
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (lease_table_renew(command->gpu->leases, tenant->lease, (uint32_t)arguments[1].value,
			command->now_ns, &err)) {
		take_over(tenant, command->fid->attach);
		reply_granted(command, tenant->lease);
	} else {
		refuse_lease(command, &err);
	}
}

static void do_release(struct command *command)
{
	struct argument arguments[] = {{"lease", UINT64_MAX, false, 0, false}};
	if (!parse_arguments(command, arguments, ARGUMENT_COUNT(arguments))) {
		return;
	}
	struct bridge_tenant *tenant = named_lease(command, &arguments[0]);
	if (tenant == NULL) {
		return;
	}
	unsigned long long id = tenant->lease->id;
	lease_table_end(command->gpu->leases, tenant->lease, LEASE_END_RELEASED, command->now_ns);
	reply(command, "OK RELEASE lease=%llu", id);
}

/** Takes a lease away from whoever holds it. */
static void do_revoke(struct command *command)
{
	struct argument arguments[] = {{"lease", UINT64_MAX, true, 0, false}};
	if (!parse_arguments(command, arguments, ARGUMENT_COUNT(arguments))) {
		return;
	}
	struct lease *lease = lease_table_find(command->gpu->leases, arguments[0].value);
	if (lease == NULL || lease->state == LEASE_ENDING) {
		refuse(command, "invalid", "there is no such lease");
		return;
	}
	lease_table_end(command->gpu->leases, lease, LEASE_END_REVOKED, command->now_ns);
	reply(command, "OK REVOKE lease=%llu", (unsigned long long)arguments[0].value);
}

static void do_priority(struct command *command)
{
	uint64_t priority = 0;
	if (command->word_count != 1 || !parse_number(command->words[0], UINT8_MAX, &priority)) {
		refuse(command, "invalid", "PRIORITY takes a number from 0 to 255");
		return;
	}
	struct bridge_tenant *tenant = named_lease(command, &(struct argument){.given = false});
	if (tenant == NULL ||
		!within_rights(command, "priority", priority, command->fid->attach->rights.max.priority)) {
		return;
	}
	unsigned long long id = tenant->lease->id;
	lease_table_prioritize(command->gpu->leases, tenant->lease, (uint8_t)priority, command->now_ns);
	reply(command, "OK PRIORITY lease=%llu priority=%llu", id, (unsigned long long)priority);
}

static void do_reset(struct command *command)
{
	reply(command, "OK RESET cancelled=%zu", bridge_gpu_reset(command->gpu));
}

static void do_cordon(struct command *command)
{
	bridge_gpu_cordon(command->gpu, true);
	reply(command, "OK CORDON");
}

static void do_uncordon(struct command *command)
{
	bridge_gpu_cordon(command->gpu, false);
	reply(command, "OK UNCORDON");
}

static const struct {
	const char *verb;
	/** Words it takes at most. */
	size_t words_max;
	/** Over all GPUs and sessions, not just one's own lease. */
	bool queen;
	void (*handle)(struct command *command);
} verbs[] = {
	{"LEASE", 8, false, do_lease},
	{"RENEW", 2, false, do_renew},
	{"RELEASE", 1, false, do_release},
	{"PRIORITY", 1, false, do_priority},
	{"REVOKE", 1, true, do_revoke},
	{"RESET", 0, true, do_reset},
	{"CORDON", 0, true, do_cordon},
	{"UNCORDON", 0, true, do_uncordon},
};

/** Notes a known command and how it was answered: the reply begins at `replied`. */
static void record_command(const struct command *command, size_t replied)
{
	const struct bridge_attach *attach = command->fid->attach;
	const char *answer = command->fid->replies.data + replied;
	BASE_FREE char *path = base_format("/gpu/%s/ctl", command->gpu->card.id);
	bridge_record_control(command->gpu->archive->record,
		&(struct bridge_control){
			.allowed = strncmp(answer, "ERR ", 4) != 0,
			.role = lease_role_name(attach->rights.role),
			.subject = attach->rights.subject,
			.tid = attach->rights.tid,
			.path = path,
			.verb = command->verb,
		});
}

static void run_command(struct command *command)
{
	size_t replied = command->fid->replies.size;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].verb, command->verb) != 0) {
			continue;
		}
		if (!bridge_attach_writes(command->fid->attach)) {
			refuse(command, "permission", "the ticket was revoked");
		} else if (verbs[i].queen && command->fid->attach->rights.role != LEASE_ROLE_QUEEN) {
			refuse(command, "permission", "only the queen may do that");
		} else if (command->word_count > verbs[i].words_max) {
			refuse(command, "invalid", "too many arguments");
		} else {
			verbs[i].handle(command);
		}
		record_command(command, replied);
		return;
	}
	command->verb = "COMMAND";
	refuse(command, "invalid", "unknown command");
}

/** Only printable ASCII can mean anything. */
static bool is_printable(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (line[i] < ' ' || line[i] > '~') {
			return false;
		}
	}
	return true;
}

/** Cuts the line into verb and words and runs it. */
static void run_line(struct bridge_gpu *gpu, struct bridge_fid *fid, const char *line, size_t size)
{
	struct command command = {
		.gpu = gpu, .fid = fid, .verb = "COMMAND", .now_ns = base_clock_boottime_ns()};
	lease_table_advance(gpu->leases, command.now_ns);
	size -= size > 0 && line[size - 1] == '\r';
	if (!is_printable(line, size)) {
		refuse(&command, "invalid", "not printable ASCII");
		return;
	}
	BASE_FREE char *text = base_strndup(line, size);
	char *words[WORDS_MAX];
	size_t count = 0;
	for (char *rest = text, *word; count < WORDS_MAX && (word = strsep(&rest, " ")) != NULL;) {
		if (*word != '\0') {
			words[count++] = word;
		}
	}
	if (count == 0) {
		return;
	}
	command.verb = words[0];
	command.words = words + 1;
	command.word_count = count - 1;
	run_command(&command);
}

static int run_lines(struct bridge_gpu *gpu, struct bridge_fid *fid, const char *lines, size_t size)
{
	for (const char *end = lines + size; lines < end;) {
		/* Commands before it have been done: their replies are there to be read. */
		if (fid->replies.size > REPLIES_MAX) {
			return -EAGAIN;
		}
		size_t length = (size_t)((const char *)memchr(lines, '\n', (size_t)(end - lines)) - lines);
		run_line(gpu, fid, lines, length);
		lines += length + 1;
	}
	return 0;
}

static int ctl_write(
	const struct bridge_node *node, struct bridge_fid *fid, const char *lines, size_t size)
{
	struct bridge_gpu *gpu = node->context;
	gpu->stirred = true;
	return run_lines(gpu, fid, lines, size);
}

/** Replies are a stream: a read takes what has not been read yet, whatever its offset; 0 when there
 * is none. */
static ssize_t ctl_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	(void)node;
	(void)offset;
	size_t count = fid->replies.size < size ? fid->replies.size : size;
	if (count > 0) {
		memcpy(bytes, fid->replies.data, count);
	}
	base_buffer_consume(&fid->replies, count);
	return (ssize_t)count;
}

static uint64_t ctl_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	(void)node;
	return fid != NULL ? fid->replies.size : 0;
}

const struct bridge_file_kind bridge_ctl_file = {
	.mode = 0666,
	.size = ctl_size,
	.read = ctl_read,
	.write = ctl_write,
	.line_max = LINE_MAX_SIZE,
};

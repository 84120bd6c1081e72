/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/gpu_lease.h"

#include "base/exit.h"
#include "base/log.h"
#include "base/option.h"

#include <string.h>

enum option {
	BRIDGE = 1,
	GPU,
	TICKET,
	MEM_MB,
	STREAMS,
	TTL,
	PRIORITY,
	EXCLUSIVE,
	PREEMPTIBLE,
	WAIT,
	KILL_AFTER,
	FORMAT,
	KEY,
	SUBJECT,
	ROLE,
	LIFE,
	QUIET,
	VERBOSE,
};

enum {
	MEM_MB_DEFAULT = 256,
	TTL_DEFAULT_S = 60,
	WAIT_MAX_S = 7 * 24 * 3600,
	KILL_AFTER_DEFAULT_S = 30,
	KILL_AFTER_MAX_S = 24 * 3600,
	LIFE_DEFAULT_S = 3600,
	LIFE_MAX_S = 366 * 24 * 3600
};

static const struct base_option options[] = {
	{BRIDGE, "bridge", 'b', "ADDRESS", "unix:PATH, tcp:ADDRESS:PORT or tls:HOST:PORT (see below)"},
	{GPU, "gpu", 'g', "ID", "GPU to lease (the first one that the bridge shows)"},
	{TICKET, "ticket", 't', "FILE", "File with a ticket, or - for stdin"},
	{MEM_MB, "mem-mb", 'm', "N", "Device memory in MiB (256)"},
	{STREAMS, "streams", 's', "N", "Jobs that run at a time (1)"},
	{TTL, "ttl", 0, "SECONDS", "Life of the lease until it is renewed (60)"},
	{PRIORITY, "priority", 0, "N", "Place in the queue, higher first, 0 to 255 (0)"},
	{EXCLUSIVE, "exclusive", 'x', NULL, "Nobody else on this GPU"},
	{PREEMPTIBLE, "preemptible", 0, NULL, "A request of higher priority may take it, with notice"},
	{WAIT, "wait", 'w', "SECONDS", "Wait so long when there is no room (0: not at all)"},
	{KILL_AFTER, "kill-after", 0, "SECONDS", "run: from SIGTERM to SIGKILL for a lost lease (30)"},
	{FORMAT, "format", 'f', "text|json", "Form of what is printed (text)"},
	{KEY, "key", 'k', "FILE", "mint: private key, as keygen made it"},
	{SUBJECT, "subject", 0, "NAME", "mint: whose ticket it is"},
	{ROLE, "role", 0, "ROLE", "mint: observer, worker-gpu or queen (worker-gpu)"},
	{LIFE, "life", 0, "SECONDS", "mint: how long the ticket is good (3600)"},
	{QUIET, "quiet", 'q', NULL, "Only errors on stderr"},
	{VERBOSE, "verbose", 'v', NULL, "More on stderr"},
};

static const struct base_command command = {
	.program = "gpu-lease",
	.usage = "gpu-lease run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
			 "gpu-lease acquire [OPTION]...\n"
			 "gpu-lease renew [--ttl SECONDS] LEASE\n"
			 "gpu-lease release LEASE\n"
			 "gpu-lease revoke LEASE | TICKET-ID\n"
			 "gpu-lease keygen FILE\n"
			 "gpu-lease mint --key FILE --subject NAME [OPTION]...\n"
			 "gpu-lease handle [--ticket FILE]\n"
			 "gpu-lease list | watch [OPTION]...",
	.summary = "Leases GPU memory and streams from a bridge.",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.epilogue =
		"run      holds a lease while COMMAND runs, as flock(1) holds a lock: renews it at a third\n"
		"         of its life, hands signals on, releases it at the end. COMMAND finds\n"
		"         GPU_LANE_BRIDGE, GPU_LANE_GPU, GPU_LANE_LEASE and GPU_LANE_EPOCH in its environment\n"
		"         and gets SIGTERM when the lease is lost, or has been told to go for another, and\n"
		"         SIGKILL when it does not go.\n"
		"acquire  takes a lease that outlives this command and prints its name, as GPU-0/7. It ends\n"
		"         when it is released or its life is over.\n"
		"renew    gives the lease another life of --ttl SECONDS from now.\n"
		"release  gives it back. Renewing and releasing is for the subject that took it.\n"
		"revoke   takes it away from whoever holds it, and stops what runs; for the queen.\n"
		"         A ticket's id instead of a lease makes that ticket worthless, with what it holds.\n"
		"keygen   makes an Ed25519 key in FILE and its public half in FILE.pub, for the policy.\n"
		"mint     prints a ticket; --gpu (ids, with commas), --mem-mb, --streams, --ttl and --priority\n"
		"         are its maxima. Its id goes to stderr.\n"
		"handle   turns the ticket into a short one that is good once within a minute, for the\n"
		"         aname of mount(8).\n"
		"list     shows the leases there are; watch prints each change of one as it comes.\n"
		"\n"
		"Without --bridge: $GPU_LANE_BRIDGE, else unix:/run/gpu-lane/bridge.sock for root and\n"
		"unix:$XDG_RUNTIME_DIR/gpu-lane/bridge.sock for others. tcp: has to be on this machine; for\n"
		"tls: GPU_LANE_TLS_CA, and GPU_LANE_TLS_CERT with GPU_LANE_TLS_KEY, name PEM files.\n"
		"\n"
		"Exit status: 0 done, 1 refused, 2 bridge not reached, 64 usage; run: that of COMMAND (128\n"
		"and the signal's number when it was killed, 126 and 127 when it could not be started), or\n"
		"125 when no lease could be had or it was lost.",
};

/** One number of the command line. */
static bool take_number(const struct base_option_scan *scan, uint32_t min, uint32_t max,
	unsigned *out, struct lane_error *err)
{
	uint64_t value = 0;
	if (!base_option_uint(scan, min, max, &value, err)) {
		return false;
	}
	*out = (unsigned)value;
	return true;
}

static bool take_format(
	struct lease_choice *choice, const struct base_option_scan *scan, struct lane_error *err)
{
	choice->json = strcmp(scan->value, "json") == 0;
	if (!choice->json && strcmp(scan->value, "text") != 0) {
		return lane_error_set(err, "USAGE", "--format: '%s' is neither text nor json", scan->value);
	}
	return true;
}

static bool take_option(int id, struct lease_choice *choice, enum base_log_level *level,
	const struct base_option_scan *scan, struct lane_error *err)
{
	switch (id) {
	case BRIDGE:
		choice->bridge = scan->value;
		return true;
	case GPU:
		choice->gpu = scan->value;
		return true;
	case TICKET:
		choice->ticket = scan->value;
		return true;
	case MEM_MB:
		choice->mem_mb_given = true;
		return take_number(scan, 1, UINT32_MAX, &choice->mem_mb, err);
	case STREAMS:
		choice->streams_given = true;
		return take_number(scan, 1, UINT8_MAX, &choice->streams, err);
	case TTL:
		choice->ttl_given = true;
		return take_number(scan, 1, UINT32_MAX, &choice->ttl_s, err);
	case PRIORITY:
		choice->priority_given = true;
		return take_number(scan, 0, UINT8_MAX, &choice->priority, err);
	case EXCLUSIVE:
		choice->exclusive = true;
		return true;
	case PREEMPTIBLE:
		choice->preemptible = true;
		return true;
	case WAIT:
		return take_number(scan, 0, WAIT_MAX_S, &choice->wait_s, err);
	case KILL_AFTER:
		return take_number(scan, 1, KILL_AFTER_MAX_S, &choice->kill_after_s, err);
	case FORMAT:
		return take_format(choice, scan, err);
	case KEY:
		choice->key = scan->value;
		return true;
	case SUBJECT:
		choice->subject = scan->value;
		return true;
	case ROLE:
		choice->role = scan->value;
		return true;
	case LIFE:
		return take_number(scan, 1, LIFE_MAX_S, &choice->life_s, err);
	case QUIET:
		*level = BASE_LOG_ERROR;
		return true;
	case VERBOSE:
		*level = BASE_LOG_DEBUG;
		return true;
	default:
		return false;
	}
}

static const struct verb {
	const char *name;
	size_t operands_min, operands_max;
	int (*run)(const struct lease_choice *choice);
} verbs[] = {
	{"acquire", 0, 0, lease_acquire},
	{"renew", 1, 1, lease_renew},
	{"release", 1, 1, lease_release},
	{"revoke", 1, 1, lease_revoke},
	{"keygen", 1, 1, lease_keygen},
	{"mint", 0, 0, lease_mint},
	{"handle", 0, 0, lease_handle},
	{"list", 0, 0, lease_list},
	{"watch", 0, 0, lease_watch},
	{"run", 1, SIZE_MAX, lease_run},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, name) == 0) {
			return &verbs[i];
		}
	}
	return NULL;
}

/** Takes an argument that is no option: the verb first, then its own. */
static bool take_operand(
	struct lease_choice *choice, const struct verb **verb, char **place, struct lane_error *err)
{
	if (*verb == NULL) {
		*verb = find_verb(*place);
		return *verb != NULL || lane_error_set(err, "USAGE", "unknown command '%s'", *place);
	}
	if (choice->operand_count == (*verb)->operands_max) {
		return lane_error_set(err, "USAGE", "unexpected argument '%s'", *place);
	}
	/* Options may stand between them: what is kept must lie side by side. */
	choice->operands[choice->operand_count++] = *place;
	return true;
}

static int usage(const char *text)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	lane_error_set(&err, "USAGE", "%s", text);
	return base_option_refuse(&command, &err);
}

int main(int argc, char **argv)
{
	struct lease_choice choice = {.mem_mb = MEM_MB_DEFAULT,
		.ttl_s = TTL_DEFAULT_S,
		.streams = 1,
		.kill_after_s = KILL_AFTER_DEFAULT_S,
		.role = "worker-gpu",
		.life_s = LIFE_DEFAULT_S,
		.operands = argv};
	enum base_log_level level = BASE_LOG_INFO;
	const struct verb *verb = NULL;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct base_option_scan scan;
	base_option_start(&scan, &command, argc, argv);
	for (int id; (id = base_option_next(&scan, &err)) != BASE_OPTION_END;) {
		if (id == BASE_OPTION_DONE) {
			return LANE_EXIT_HOLDS;
		}
		if (id != BASE_OPTION_OPERAND) {
			if (!take_option(id, &choice, &level, &scan, &err)) {
				return base_option_refuse(&command, &err);
			}
			continue;
		}
		char **place = &argv[scan.next - 1];
		if (verb != NULL && verb->run == lease_run) {
			/* The rest is the command, with its own options. */
			choice.operands = place;
			choice.operand_count = (size_t)argc - (size_t)scan.next + 1;
			break;
		}
		if (!take_operand(&choice, &verb, place, &err)) {
			return base_option_refuse(&command, &err);
		}
	}
	if (verb == NULL) {
		return usage("a command is missing");
	}
	if (choice.operand_count < verb->operands_min) {
		return usage(
			verb->run == lease_run ? "a command to run is missing" : "an argument is missing");
	}
	base_log_setup(command.program, level);
	return verb->run(&choice);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/address.h"
#include "bridge/notify.h"
#include "bridge/record.h"
#include "bridge/server.h"
#include "lease/policy.h"

#include "base/exit.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/option.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	ADDRESSES_MAX = 16,
	OPERANDS_MAX = 3,
	DESCRIBE_TIMEOUT_MS = 30000,
	CONNECTIONS_LIMIT = 1000000,
	MOCKS = 2,
	MOCKS_LIMIT = 4096,
	/** Descriptors beside those of connections. */
	DESCRIPTORS_SPARE = 256,
	/** Larger blocks go back to the system when they are freed. */
	MAPPED_BLOCK_BYTES = 1 << 20,
};

enum option {
	LISTEN = 1,
	MOCK,
	MOCK_GPUS,
	LIST,
	ALLOW_SOFTWARE,
	DEVICE,
	STATE,
	REPAIR,
	POLICY,
	TLS_CERT,
	TLS_KEY,
	TLS_CLIENT_CA,
	TLS_CLIENT_CRL,
	METRICS,
	MAX_CONNECTIONS,
	MAX_CONNECTIONS_EACH,
	CHECK,
	QUIET,
	VERBOSE
};

static const struct base_option options[] = {
	{LISTEN, "listen", 'l', "ADDRESS",
		"Listen on unix:PATH, tcp:ADDRESS:PORT or tls:ADDRESS:PORT; may be repeated (see below)"},
	{TLS_CERT, "tls-cert", 0, "FILE", "Certificate of tls: listeners with its chain, PEM"},
	{TLS_KEY, "tls-key", 0, "FILE", "Its key, PEM"},
	{TLS_CLIENT_CA, "tls-client-ca", 0, "FILE",
		"Let in over tls: only clients with a certificate of these authorities, PEM"},
	{TLS_CLIENT_CRL, "tls-client-crl", 0, "FILE",
		"Which of their certificates they have taken back: one list of each, PEM"},
	{METRICS, "metrics", 0, "ADDRESS:PORT",
		"Serve /metrics over HTTP on this address of this machine; may be repeated"},
	{MAX_CONNECTIONS, "max-connections", 0, "N", "Connections at a time (16384)"},
	{MAX_CONNECTIONS_EACH, "max-connections-each", 0, "N",
		"Connections at a time from one user, or one address (512)"},
	{MOCK, "mock", 0, NULL, "Serve two synthetic GPUs whose jobs go through their states unrun"},
	{MOCK_GPUS, "mock-gpus", 0, "N", "The same with so many of them"},
	{LIST, "list", 0, NULL, "Print the namespace descriptors of the GPUs as JSON and exit"},
	{ALLOW_SOFTWARE, "allow-software", 0, NULL, "Serve software renderers (llvmpipe) too"},
	{DEVICE, "device", 'd', "uuid:UUID", "Serve only the Vulkan device with this UUID"},
	{STATE, "state", 0, "DIR", "Keep leases and the audit log there, over restarts"},
	{REPAIR, "repair", 0, NULL, "Cut a damaged journal where the damage is, losing what follows"},
	{POLICY, "policy", 0, "FILE", "Whose tickets are good, and who has which rights"},
	{CHECK, "check-config", 0, NULL, "Read the options and the policy, and exit"},
	{QUIET, "quiet", 'q', NULL, "Only errors on stderr"},
	{VERBOSE, "verbose", 'v', NULL, "More on stderr"},
};

static const struct base_command command = {
	.program = "gpu-bridge-host",
	.usage =
		"gpu-bridge-host [--listen ADDRESS]... [--mock | --allow-software] [--device uuid:UUID]\n"
		"gpu-bridge-host --list [--mock | --allow-software]\n"
		"gpu-bridge-host audit verify DIR",
	.summary =
		"Serves the GPUs of this machine over 9P2000.L: leases, jobs that run in worker processes "
		"under the lease's caps, and their results.",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.epilogue =
		"Without --listen: unix:/run/gpu-lane/bridge.sock for root, else\n"
		"unix:$XDG_RUNTIME_DIR/gpu-lane/bridge.sock. The socket has mode 0660; root and the user that\n"
		"runs the bridge have all rights, other users of the socket's group may read.\n"
		"tcp: takes only addresses of this machine, as nothing is encrypted; tls: takes any, with TLS\n"
		"1.2 or 1.3. Who comes over either may read, and has more with a ticket or, over tls:, with a\n"
		"client certificate that the policy names. Clients find the bridge by the same addresses.\n"
		"\n"
		"Started by systemd it serves the sockets that are handed over (FileDescriptorName=tls for\n"
		"TLS, =metrics for /metrics), and tells when it is ready, alive and stopping (Type=notify).\n"
		"\n"
		"SIGTERM drains: no new leases, running jobs until their timeout. A second one stops at once.\n"
		"The policy and the files of TLS are read again when they change, and on SIGHUP; who is connected\n"
		"stays, and what cannot be used is said in the log and leaves all as it was.\n"
		"\n"
		"audit verify reads the journal in DIR, while a bridge runs or not: every record, their chain,\n"
		"and that none has been cut off since the last checkpoint. Exit status 1: it is damaged.\n"
		"\n"
		"Exit status: 0 stopped as asked, 2 could not serve, 64 usage.\n"
		"\n"
		"Mount:  mount -t 9p SOCKET /mnt -o trans=unix,version=9p2000.L,access=any,cache=none",
};

struct choice {
	const char *addresses[ADDRESSES_MAX];
	const char *metrics[ADDRESSES_MAX];
	size_t address_count, metrics_count;
	/** Sockets that the service manager has handed over. */
	size_t inherited;
	struct bridge_tls_files tls;
	bool list, check;
	/** Arguments that are no options. */
	const char *operands[OPERANDS_MAX];
	size_t operand_count;
	enum base_log_level level;
	struct bridge_server_config config;
};

static bool add_address(
	struct choice *choice, const struct base_option_scan *scan, struct lane_error *err)
{
	if (choice->address_count == ADDRESSES_MAX) {
		return lane_error_set(err, "USAGE", "--listen: at most %d addresses", ADDRESSES_MAX);
	}
	choice->addresses[choice->address_count++] = scan->value;
	return bridge_server_address_valid(scan->value, err);
}

static bool add_metrics(
	struct choice *choice, const struct base_option_scan *scan, struct lane_error *err)
{
	if (choice->metrics_count == ADDRESSES_MAX) {
		return lane_error_set(err, "USAGE", "--metrics: at most %d addresses", ADDRESSES_MAX);
	}
	choice->metrics[choice->metrics_count++] = scan->value;
	return bridge_server_metrics_valid(scan->value, err);
}

static bool take_number(
	const struct base_option_scan *scan, uint64_t max, size_t *number, struct lane_error *err)
{
	uint64_t value = 0;
	bool good = base_option_uint(scan, 1, max, &value, err);
	*number = (size_t)value;
	return good;
}

static bool take_device(
	struct choice *choice, const struct base_option_scan *scan, struct lane_error *err)
{
	if (strncmp(scan->value, "uuid:", 5) != 0 || scan->value[5] == '\0') {
		return lane_error_set(err, "USAGE", "--device: '%s' is no uuid:UUID", scan->value);
	}
	choice->config.only_uuid = scan->value + 5;
	return true;
}

/** Only "audit verify DIR" has any. */
static bool add_operand(
	struct choice *choice, const struct base_option_scan *scan, struct lane_error *err)
{
	static const char *const words[OPERANDS_MAX] = {"audit", "verify", NULL};
	if (choice->operand_count == OPERANDS_MAX ||
		(words[choice->operand_count] != NULL &&
			strcmp(words[choice->operand_count], scan->value) != 0)) {
		return lane_error_set(err, "USAGE", "unexpected argument '%s'", scan->value);
	}
	choice->operands[choice->operand_count++] = scan->value;
	return true;
}

static bool take_option(
	int id, struct choice *choice, const struct base_option_scan *scan, struct lane_error *err)
{
	switch (id) {
	case LISTEN:
		return add_address(choice, scan, err);
	case MOCK:
		choice->config.mocks = choice->config.mocks > 0 ? choice->config.mocks : MOCKS;
		return true;
	case MOCK_GPUS:
		return take_number(scan, MOCKS_LIMIT, &choice->config.mocks, err);
	case LIST:
		choice->list = true;
		return true;
	case ALLOW_SOFTWARE:
		choice->config.allow_software = true;
		return true;
	case DEVICE:
		return take_device(choice, scan, err);
	case STATE:
		choice->config.state = scan->value;
		return true;
	case POLICY:
		choice->config.policy = scan->value;
		return true;
	case TLS_CERT:
		choice->tls.certificate = scan->value;
		return true;
	case TLS_KEY:
		choice->tls.key = scan->value;
		return true;
	case TLS_CLIENT_CA:
		choice->tls.authority = scan->value;
		return true;
	case TLS_CLIENT_CRL:
		choice->tls.revoked = scan->value;
		return true;
	case METRICS:
		return add_metrics(choice, scan, err);
	case MAX_CONNECTIONS:
		return take_number(scan, CONNECTIONS_LIMIT, &choice->config.connections_max, err);
	case MAX_CONNECTIONS_EACH:
		return take_number(scan, CONNECTIONS_LIMIT, &choice->config.place_connections_max, err);
	case CHECK:
		choice->check = true;
		return true;
	case REPAIR:
		choice->config.repair = true;
		return true;
	case QUIET:
		choice->level = BASE_LOG_ERROR;
		return true;
	case VERBOSE:
		choice->level = BASE_LOG_DEBUG;
		return true;
	case BASE_OPTION_OPERAND:
		return add_operand(choice, scan, err);
	default:
		return false;
	}
}

static int fail(const struct lane_error *err)
{
	base_log(BASE_LOG_ERROR, "%s", lane_error_message(err));
	return LANE_EXIT_UNKNOWN;
}

static bool check_policy(const struct choice *choice, struct lane_error *err)
{
	struct lease_policy *policy =
		choice->config.policy != NULL ? lease_policy_load(choice->config.policy, err) : NULL;
	bool good = policy != NULL || choice->config.policy == NULL;
	lease_policy_destroy(policy);
	return good;
}

/** The files of TLS are good, and are there if and only if somebody listens with it. */
static bool check_tls(struct choice *choice, struct lane_error *err)
{
	bool listens = false;
	for (size_t i = 0; i < choice->address_count; i++) {
		listens = listens || strncmp(choice->addresses[i], "tls:", 4) == 0;
	}
	const struct bridge_tls_files *files = &choice->tls;
	bool given = files->certificate != NULL || files->key != NULL || files->authority != NULL ||
		files->revoked != NULL;
	if (listens && (files->certificate == NULL || files->key == NULL)) {
		return lane_error_set(err, "USAGE", "tls: needs --tls-cert and --tls-key");
	}
	if (files->revoked != NULL && files->authority == NULL) {
		return lane_error_set(err, "USAGE", "--tls-client-crl needs --tls-client-ca");
	}
	if (!given) {
		return true;
	}
	if (!listens && choice->inherited == 0) {
		return lane_error_set(err, "USAGE", "files for TLS, and no tls: address to listen on");
	}
	choice->config.tls = files;
	struct bridge_tls *tls = bridge_tls_create(files, true, err);
	bridge_tls_destroy(tls);
	return tls != NULL;
}

/** Files that cannot be read are the caller's error, not the machine's. */
static int check_files(struct choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (check_policy(choice, &err) && check_tls(choice, &err)) {
		return LANE_EXIT_HOLDS;
	}
	fail(&err);
	return LANE_EXIT_USAGE;
}

static int print_list(const struct choice *choice)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *list = bridge_server_list(&choice->config, &err);
	if (list == NULL) {
		return fail(&err);
	}
	if (fputs(list, stdout) == EOF || fflush(stdout) != 0) {
		perror("gpu-bridge-host: stdout");
		return LANE_EXIT_UNKNOWN;
	}
	return LANE_EXIT_HOLDS;
}

/** Each connection takes a descriptor, and most systems give a process 1024 unless it asks. */
static void raise_descriptors(size_t connections)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)connections + DESCRIPTORS_SPARE;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static bool open_doors(
	const struct choice *choice, struct bridge_server *server, struct lane_error *err)
{
	bool good = bridge_server_inherit(server, choice->inherited, err);
	for (size_t i = 0; good && i < choice->address_count; i++) {
		good = bridge_server_listen(server, choice->addresses[i], err);
		if (good) {
			base_log(BASE_LOG_INFO, "listening on %s", choice->addresses[i]);
		}
	}
	for (size_t i = 0; good && i < choice->metrics_count; i++) {
		good = bridge_server_listen_metrics(server, choice->metrics[i], err);
		if (good) {
			base_log(BASE_LOG_INFO, "serving /metrics on %s", choice->metrics[i]);
		}
	}
	if (good && choice->inherited > 0) {
		base_log(
			BASE_LOG_INFO, "listening on %zu sockets of the service manager", choice->inherited);
	}
	return good;
}

static int serve(const struct choice *choice)
{
	/* Said, or glibc raises it with every large block that is freed, and staged modules come to
	 * take twice their size of a heap full of holes. */
	mallopt(M_MMAP_THRESHOLD, MAPPED_BLOCK_BYTES);
	/* Else the end of the heap comes and goes with the buffers of each request. */
	mallopt(M_TRIM_THRESHOLD, MAPPED_BLOCK_BYTES);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct bridge_server *server = bridge_server_create(&choice->config, &err);
	if (server == NULL) {
		return fail(&err);
	}
	raise_descriptors(bridge_server_connections_max(server));
	bool good = open_doors(choice, server, &err) && bridge_server_run(server, false, &err);
	bridge_server_destroy(server);
	return good ? LANE_EXIT_HOLDS : fail(&err);
}

int main(int argc, char **argv)
{
	struct choice choice = {
		.level = BASE_LOG_INFO,
		.config = {.timeout_ms = DESCRIBE_TIMEOUT_MS, .supervised = true, .group_workers = true},
	};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct base_option_scan scan;
	base_option_start(&scan, &command, argc, argv);
	for (int id; (id = base_option_next(&scan, &err)) != BASE_OPTION_END;) {
		if (id == BASE_OPTION_DONE) {
			return LANE_EXIT_HOLDS;
		}
		if (!take_option(id, &choice, &scan, &err)) {
			return base_option_refuse(&command, &err);
		}
	}
	base_log_setup(command.program, choice.level);
	if (choice.operand_count > 0 && choice.operand_count < OPERANDS_MAX) {
		lane_error_set(&err, "USAGE", "audit verify takes a folder");
		return base_option_refuse(&command, &err);
	}
	if (choice.operand_count == OPERANDS_MAX) {
		return bridge_audit_verify(choice.operands[OPERANDS_MAX - 1]);
	}
	if (!bridge_notify_inherited(&choice.inherited, &err)) {
		return base_option_refuse(&command, &err);
	}
	int status = check_files(&choice);
	if (choice.check || status != LANE_EXIT_HOLDS) {
		return status;
	}
	if (choice.list) {
		return print_list(&choice);
	}
	BASE_FREE char *address = NULL;
	if (choice.address_count == 0 && choice.inherited == 0) {
		address = bridge_address_default(&err);
		if (address == NULL) {
			return base_option_refuse(&command, &err);
		}
		choice.addresses[choice.address_count++] = address;
	}
	return serve(&choice);
}

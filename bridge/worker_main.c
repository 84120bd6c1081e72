/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/option.h"
#include "bridge/worker_device.h"
#include "bridge/worker_run.h"
#include "bridge/worker_sandbox.h"
#include "bridge/worker_wire.h"
#include "compute/device.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * gpu-lane-worker: the process in which a driver lives. The bridge starts it with a socket; what it
 * may do to anything else is little: base_child_detach has put it into a group of its own that dies
 * with the bridge, without core dumps and with no other descriptor, and once the device is open it
 * shuts itself into a sandbox.
 */

static const struct base_option options[] = {
	{1, "describe", 0, NULL, "print the Vulkan devices as JSON and end"},
	{2, "device", 0, "UUID", "run jobs on this device, as the bridge asks"},
	{4, "check", 0, NULL, "with --device: try it with a submit whose result is known"},
	{3, "socket", 0, "FD", "descriptor of the bridge's socket (3)"},
};

static const struct base_command command = {
	.program = "gpu-lane-worker",
	.usage = "gpu-lane-worker --describe\ngpu-lane-worker --device UUID [--check] [--socket FD]",
	.summary = "Runs the jobs of one lease in a process of its own. Started by gpu-bridge-host.",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
};

struct arguments {
	bool describe, check;
	const char *device;
	uint64_t socket;
};

/* How long the submit of --check may take; the bridge gives a worker 30 s to be ready. */
enum { CHECK_TIMEOUT_MS = 10000 };

/* A cache on disk would let one job feed compiled code to another, and hide compile times. */
static void forget_caches(void)
{
	setenv("MESA_SHADER_CACHE_DISABLE", "true", 1);
	setenv("MESA_GLSL_CACHE_DISABLE", "true", 1);
	setenv("__GL_SHADER_DISK_CACHE", "0", 1);
}

static int describe_failed(int output, const struct lane_error *err)
{
	BASE_JSON_FREE cJSON *document = base_json_new_object();
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_add_string(document, "code", err->code);
	base_json_add_string(document, "message", lane_error_message(err));
	base_json_write(document, 0, &text);
	base_buffer_add_text(&text, "\n");
	base_write_all(output, text.data, text.size);
	return LANE_EXIT_UNKNOWN;
}

static int describe(void)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	/* Drivers print on stdout too: they get stderr, and the document a descriptor of its own. */
	BASE_CLOSE int output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, BRIDGE_WORKER_FD);
	if (output < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		base_log(BASE_LOG_ERROR, "stdout: %s", strerror(errno));
		return LANE_EXIT_UNKNOWN;
	}
	struct compute_instance instance;
	BASE_FREE struct compute_identity *identities = NULL;
	size_t count = 0;
	int status = LANE_EXIT_HOLDS;
	if (compute_instance_open(&instance, false, &err) &&
		compute_identity_list(&instance, &identities, &count, &err)) {
		BASE_JSON_FREE cJSON *devices = base_json_new_array();
		BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
		for (size_t i = 0; i < count; i++) {
			cJSON *device = bridge_worker_device(&identities[i]);
			base_json_add_node(device, "sandbox", worker_sandbox_describe());
			base_json_add_node(devices, NULL, device);
		}
		base_json_write(devices, 2, &text);
		if (!base_write_all(output, text.data, text.size)) {
			status = LANE_EXIT_UNKNOWN;
		}
	} else {
		status = describe_failed(output, &err);
	}
	compute_instance_finish(&instance);
	return status;
}

static bool reply_send(int socket, const cJSON *document)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(document, 0, &text);
	ssize_t sent;
	do {
		sent = send(socket, text.data, text.size, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent != (ssize_t)text.size) {
		base_log(BASE_LOG_ERROR, "reply of %zu bytes: %s", text.size, strerror(errno));
	}
	return sent == (ssize_t)text.size;
}

/* One request and its two descriptors. False at the end of the bridge, or when it speaks nonsense.
 */
static bool request_receive(
	int socket, struct bridge_worker_request *request, int *module, int *result)
{
	int fds[2] = {-1, -1};
	union {
		char bytes[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = request, .iov_len = sizeof(*request)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t got;
	do {
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (got != (ssize_t)sizeof(*request) || !header || header->cmsg_type != SCM_RIGHTS ||
		header->cmsg_len != CMSG_LEN(sizeof(fds))) {
		return false;
	}
	memcpy(fds, CMSG_DATA(header), sizeof(fds));
	*module = fds[0];
	*result = fds[1];
	return true;
}

/* Reads the module out of its memfd; drivers want it in memory of this process anyway. */
static uint32_t *module_read(int fd, size_t size, struct lane_error *err)
{
	uint32_t *words = base_alloc(size, 1);
	size_t have = 0;
	while (have < size) {
		ssize_t got = pread(fd, (char *)words + have, size - have, (off_t)have);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			free(words);
			lane_error_set_errno(err, "MODULE_READ", errno, "module at byte %zu", have);
			return NULL;
		}
		have += (size_t)got;
	}
	return words;
}

/* The validation layer's word counts more than a result. */
static bool validation_silent(
	const struct compute_instance *instance, size_t before, struct lane_error *err)
{
	if (instance->validation_count == before) {
		return true;
	}
	const struct compute_message *last = &instance->messages[instance->message_count - 1];
	return lane_error_set(err, "VALIDATION_MESSAGE", "%s", last->text);
}

static bool job_answer(struct compute_device *device, struct worker_kernels *kernels,
	struct bridge_worker_request *request, int module_fd, int result_fd, int socket)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	cJSON *timing = NULL;
	size_t messages = device->instance->validation_count;
	BASE_FREE uint32_t *module = module_read(module_fd, request->job.module_size, &err);
	bool done = module &&
		worker_run(
			device, kernels, &request->job, request->kernel, module, result_fd, &timing, &err) &&
		validation_silent(device->instance, messages, &err);
	BASE_JSON_FREE cJSON *reply = base_json_new_object();
	base_json_add_string(reply, "kind", "done");
	base_json_add_string(reply, "state", done ? "OK" : worker_run_state(&err));
	base_json_add_string(reply, "text", done ? "" : lane_error_message(&err));
	if (done) {
		base_json_add_node(reply, "timing", timing);
	} else {
		cJSON_Delete(timing);
		base_json_add_null(reply, "timing");
	}
	return reply_send(socket, reply);
}

/*
 * Venus has no VK_ERROR_DEVICE_LOST for a host that is gone: whatever call waits for it aborts
 * (Mesa, src/virtio/vulkan/vn_common.c, vn_relax), and so does one that cannot write to the host's
 * socket (vn_renderer_vtest.c, vtest_write). That is told for what it is, and ends us. One that
 * reads from the socket (vtest_read) does so for ever, until the job's time is over. A signal
 * handler finds our own socket nowhere else.
 */
static volatile sig_atomic_t venus_socket;

static void venus_aborts(int number)
{
	static const char reply[] =
		"{\"kind\":\"done\",\"state\":\"ERR DEVICE-LOST\","
		"\"text\":\"Venus aborted, as it does when its host is gone\",\"timing\":null}";
	(void)number;
	send(venus_socket, reply, sizeof(reply) - 1, MSG_NOSIGNAL);
}

static void watch_venus(const struct compute_device *device, int socket)
{
	const struct compute_identity *identity = &device->identity;
	if (identity->has_driver && identity->driver.driverID == VK_DRIVER_ID_MESA_VENUS) {
		venus_socket = socket;
		signal(SIGABRT, venus_aborts);
		/* Which would end us before the write fails. */
		signal(SIGPIPE, SIG_IGN);
	}
}

/* Until the bridge closes the socket or the device is of no more use. */
static int serve_jobs(struct compute_device *device, struct worker_kernels *kernels, int socket)
{
	struct bridge_worker_request request;
	for (;;) {
		BASE_CLOSE int module = -1;
		BASE_CLOSE int result = -1;
		if (!request_receive(socket, &request, &module, &result)) {
			return LANE_EXIT_HOLDS;
		}
		if (!job_answer(device, kernels, &request, module, result, socket) || device->lost ||
			device->stuck) {
			return LANE_EXIT_BROKEN;
		}
	}
}

static bool device_open(struct compute_instance *instance, const char *uuid_text,
	struct compute_device *device, struct lane_error *err)
{
	BASE_FREE struct compute_identity *identities = NULL;
	size_t count = 0;
	size_t index = 0;
	struct compute_choice choice = {.kind = COMPUTE_CHOICE_UUID, .allow_software = true};
	if (!compute_uuid_parse(uuid_text, choice.uuid)) {
		return lane_error_set(err, "USAGE", "--device %s is no UUID", uuid_text);
	}
	return compute_instance_open(instance, false, err) &&
		compute_identity_list(instance, &identities, &count, err) &&
		compute_choice_apply(&choice, identities, count, &index, err) &&
		compute_device_open(instance, &identities[index], 0, device, err);
}

static int serve(const struct arguments *arguments)
{
	int socket = (int)arguments->socket;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct compute_instance instance = {.messages = NULL};
	struct compute_device device = {.instance = &instance};
	BASE_JSON_FREE cJSON *reply = base_json_new_object();
	bool open = device_open(&instance, arguments->device, &device, &err) &&
		worker_sandbox_enter(&err) &&
		(!arguments->check || compute_device_check(&device, CHECK_TIMEOUT_MS, &err));
	base_json_add_string(reply, "kind", open ? "ready" : "failed");
	if (open) {
		cJSON *described = bridge_worker_device(&device.identity);
		base_json_add_node(described, "sandbox", worker_sandbox_describe());
		base_json_add_node(reply, "device", described);
	} else {
		base_json_add_format(reply, "text", "%s: %s", err.code, lane_error_message(&err));
	}
	struct worker_kernels kernels = {.first = NULL};
	int status = LANE_EXIT_UNKNOWN;
	if (reply_send(socket, reply) && open) {
		watch_venus(&device, socket);
		status = serve_jobs(&device, &kernels, socket);
	}
	if (device.stuck) {
		/* Every call into the driver would wait for what never ends, and so would its destructors.
		 */
		_exit(status);
	}
	worker_kernels_finish(&kernels, &device);
	compute_device_finish(&device);
	compute_instance_finish(&instance);
	return status;
}

static bool arguments_read(
	int argc, char **argv, struct arguments *arguments, int *status, struct lane_error *err)
{
	struct base_option_scan scan;
	base_option_start(&scan, &command, argc, argv);
	for (;;) {
		int option = base_option_next(&scan, err);
		bool good = true;
		if (option == BASE_OPTION_END) {
			break;
		}
		if (option == BASE_OPTION_DONE) {
			*status = LANE_EXIT_HOLDS;
			return false;
		}
		switch (option) {
		case 1:
			arguments->describe = true;
			break;
		case 2:
			arguments->device = scan.value;
			break;
		case 4:
			arguments->check = true;
			break;
		case 3:
			good = base_option_uint(&scan, 0, 1 << 20, &arguments->socket, err);
			break;
		case BASE_OPTION_OPERAND:
			good = lane_error_set(err, "USAGE", "unexpected argument '%s'", scan.value);
			break;
		default:
			good = false;
		}
		if (!good) {
			*status = base_option_refuse(&command, err);
			return false;
		}
	}
	struct stat info;
	if (!arguments->describe &&
		(!arguments->device || fstat((int)arguments->socket, &info) != 0 ||
			!S_ISSOCK(info.st_mode))) {
		lane_error_set(err, "USAGE", "--describe, or --device with a socket at descriptor %llu",
			(unsigned long long)arguments->socket);
		*status = base_option_refuse(&command, err);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct arguments arguments = {.socket = BRIDGE_WORKER_FD};
	int status = LANE_EXIT_USAGE;
	base_log_setup(command.program, BASE_LOG_WARNING);
	if (!arguments_read(argc, argv, &arguments, &status, &err)) {
		return status;
	}
	forget_caches();
	return arguments.describe ? describe() : serve(&arguments);
}

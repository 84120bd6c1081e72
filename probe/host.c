/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/collector.h"

#include "base/memory.h"
#include "probe/emit.h"
#include "probe/kernel_log.h"

#include <gnu/libc-version.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Variables that change what Vulkan answers (facts of the loader and of Mesa's drivers). */
static const char *const vulkan_variables[] = {"VK_DRIVER_FILES", "VK_ICD_FILENAMES",
	"VK_ADD_DRIVER_FILES", "VK_LOADER_DRIVERS_SELECT", "VK_LOADER_DRIVERS_DISABLE",
	"VK_LOADER_LAYERS_ENABLE", "VK_LOADER_LAYERS_DISABLE", "VK_INSTANCE_LAYERS", "VK_LAYER_PATH",
	"VK_ADD_LAYER_PATH", "VK_LOADER_DISABLE_INST_EXT_FILTER", "MESA_VK_DEVICE_SELECT",
	"MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE", "MESA_LOADER_DRIVER_OVERRIDE",
	"MESA_VK_VERSION_OVERRIDE", "AMD_VULKAN_ICD", "DISABLE_LAYER_AMD_SWITCHABLE_GRAPHICS_1",
	"RADV_FORCE_FAMILY", "RADV_DEBUG", "RADV_PERFTEST", "AMDGPU_GPU_ID", "VN_DEBUG",
	"VTEST_SOCKET_NAME", "LIBGL_ALWAYS_SOFTWARE", "LVP_POISON_MEMORY", "DRI_PRIME",
	"LD_LIBRARY_PATH", "LD_PRELOAD", "XDG_DATA_DIRS", "XDG_DATA_HOME", "XDG_CONFIG_DIRS",
	"XDG_CONFIG_HOME", NULL};

/* Variables that tell which runner and pod this is. None of them holds a secret. */
static const char *const runner_variables[] = {"GITHUB_ACTIONS", "GITHUB_JOB", "GITHUB_WORKFLOW",
	"GITHUB_REPOSITORY", "GITHUB_RUN_ID", "RUNNER_NAME", "RUNNER_OS", "RUNNER_ARCH",
	"RUNNER_ENVIRONMENT", "RUNNER_ALLOW_RUNASROOT", "ACTIONS_RUNNER_CONTAINER_HOOKS",
	"ACTIONS_RUNNER_POD_NAME", "ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER", "CI",
	"KUBERNETES_SERVICE_HOST", NULL};

/* Module parameters that decide how long a GPU may work before the kernel resets it. */
static const char *const parameters[] = {"amdgpu/lockup_timeout", "amdgpu/gpu_recovery",
	"amdgpu/ppfeaturemask", "virtio_gpu/modeset", "nvidia_drm/modeset", NULL};

static void add_variables(cJSON *host, const char *key, const char *const *names)
{
	cJSON *list = base_json_add_array(host, key);
	for (; *names; names++) {
		const char *value = getenv(*names);
		if (value) {
			cJSON *entry = base_json_add_object(list, NULL);
			base_json_add_string(entry, "name", *names);
			base_json_add_string(entry, "value", value);
		}
	}
}

static void add_parameters(cJSON *host, const struct probe_root *root)
{
	cJSON *list = base_json_add_array(host, "parameters");
	for (const char *const *name = parameters; *name; name++) {
		const char *slash = strchr(*name, '/');
		char *value = probe_root_line(
			root, "/sys/module/%.*s/parameters%s", (int)(slash - *name), *name, slash);
		if (value) {
			cJSON *entry = base_json_add_object(list, NULL);
			base_json_add_format(entry, "name", "%.*s.%s", (int)(slash - *name), *name, slash + 1);
			base_json_add_string(entry, "value", value);
			free(value);
		}
	}
}

/* Value of KEY in lines of "KEY=value" or "Key:\tvalue"; quotes are taken off. Caller frees. */
static char *field(const struct base_buffer *text, const char *key, char separator)
{
	size_t key_size = strlen(key);
	for (const char *line = text->data; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, key_size) != 0 || line[key_size] != separator) {
			continue;
		}
		const char *value = line + key_size + 1;
		value += strspn(value, " \t\"'");
		size_t size = strcspn(value, "\n");
		while (size > 0 && strchr(" \t\"'", value[size - 1])) {
			size--;
		}
		return base_strndup(value, size);
	}
	return NULL;
}

static void add_system(cJSON *host, const struct probe_root *root)
{
	struct utsname name;
	if (uname(&name) == 0) {
		base_json_add_string(host, "kernel", name.release);
		base_json_add_string(host, "machine", name.machine);
	}
	BASE_BUFFER_AUTO release = BASE_BUFFER_INIT;
	if (probe_root_read(root, &release, "/etc/os-release")) {
		probe_add_text(host, "distribution", field(&release, "PRETTY_NAME", '='));
	}
	base_json_add_format(host, "libc", "glibc %s", gnu_get_libc_version());
	base_json_add_number(host, "page_size", (double)sysconf(_SC_PAGESIZE));
	base_json_add_number(host, "cpus", (double)sysconf(_SC_NPROCESSORS_ONLN));
	base_json_add_number(
		host, "memory_bytes", (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE));
	base_json_add_bool(host, "sysfs", probe_root_exists(root, "/sys/class"));
	probe_add_text(host, "vendor", probe_root_line(root, "/sys/class/dmi/id/sys_vendor"));
	probe_add_text(host, "product", probe_root_line(root, "/sys/class/dmi/id/product_name"));
}

/* Where the root's layers lie tells who put them there: "upperdir=/var/lib/containerd/...". */
static void add_runtime(cJSON *host, const struct probe_root *root)
{
	static const char *const runtimes[][2] = {{"/containerd/", "containerd"},
		{"/docker/", "docker"}, {"/containers/storage/", "containers-storage"}};
	BASE_BUFFER_AUTO mounts = BASE_BUFFER_INIT;
	if (!probe_root_read(root, &mounts, "/proc/self/mountinfo")) {
		return;
	}
	/* "36 35 98:0 / / rw,noatime ..." is the line of the root. */
	const char *line = strstr(mounts.data, " / / ");
	BASE_FREE char *text = base_strndup(line ? line : "", line ? strcspn(line, "\n") : 0);
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		if (strstr(text, runtimes[i][0])) {
			base_json_add_string(host, "container_runtime", runtimes[i][1]);
			return;
		}
	}
}

/* What a process inside can see of the container that it is in. */
static void add_container(cJSON *host, const struct probe_root *root)
{
	const char *name = NULL;
	if (getenv("KUBERNETES_SERVICE_HOST")) {
		name = "kubernetes";
	} else if (probe_root_exists(root, "/run/.containerenv")) {
		name = "podman";
	} else if (probe_root_exists(root, "/.dockerenv")) {
		name = "docker";
	} else if (getenv("container")) {
		name = getenv("container");
	}
	if (name) {
		base_json_add_string(host, "container", name);
	}
	add_runtime(host, root);
	char host_name[HOST_NAME_MAX + 1];
	if (getenv("KUBERNETES_SERVICE_HOST") && gethostname(host_name, sizeof(host_name)) == 0) {
		host_name[sizeof(host_name) - 1] = '\0';
		base_json_add_string(host, "pod", host_name);
		probe_add_text(host, "pod_namespace",
			probe_root_line(root, "/var/run/secrets/kubernetes.io/serviceaccount/namespace"));
	}
}

/* Capabilities that decide about devices, of the effective set's bits (linux/capability.h). */
static void add_capabilities(cJSON *host, char *set)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{1, "dac_override"}, {2, "dac_read_search"}, {17, "sys_rawio"}, {19, "sys_ptrace"},
		{21, "sys_admin"}, {23, "sys_nice"}, {27, "mknod"}, {38, "perfmon"}};
	if (set) {
		uint64_t bits = strtoull(set, NULL, 16);
		cJSON *list = base_json_add_array(host, "capability_names");
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (bits >> names[i].bit & 1) {
				base_json_add_string(list, NULL, names[i].name);
			}
		}
	}
	probe_add_text(host, "capabilities", set);
}

static void add_process(cJSON *host, const struct probe_root *root)
{
	base_json_add_number(host, "uid", geteuid());
	base_json_add_number(host, "gid", getegid());
	cJSON *groups = base_json_add_array(host, "groups");
	int count = getgroups(0, NULL);
	BASE_FREE gid_t *gids = base_alloc((size_t)(count > 0 ? count : 0), sizeof(*gids));
	count = count > 0 ? getgroups(count, gids) : 0;
	for (int i = 0; i < count; i++) {
		base_json_add_number(groups, NULL, gids[i]);
	}
	BASE_BUFFER_AUTO status = BASE_BUFFER_INIT;
	if (probe_root_read(root, &status, "/proc/self/status")) {
		static const char *const modes[] = {"off", "strict", "filter"};
		BASE_FREE char *seccomp = field(&status, "Seccomp", ':');
		BASE_FREE char *no_new_privs = field(&status, "NoNewPrivs", ':');
		add_capabilities(host, field(&status, "CapEff", ':'));
		if (seccomp && seccomp[0] >= '0' && seccomp[0] <= '2') {
			base_json_add_string(host, "seccomp", modes[seccomp[0] - '0']);
		}
		base_json_add_bool(host, "no_new_privs", no_new_privs && no_new_privs[0] == '1');
	}
	probe_add_text(host, "security_modules", probe_root_line(root, "/sys/kernel/security/lsm"));
	probe_add_text(host, "security_label", probe_root_line(root, "/proc/self/attr/current"));
	BASE_FREE char *enforce = probe_root_line(root, "/sys/fs/selinux/enforce");
	if (enforce) {
		base_json_add_string(host, "selinux", enforce[0] == '1' ? "enforcing" : "permissive");
	}
}

/* Path of the process in the cgroup hierarchy of a controller (version 1). Caller frees. */
static char *cgroup_path(const struct probe_root *root, const char *controller)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	BASE_FREE char *key = base_format(":%s:", controller);
	const char *at = probe_root_read(root, &text, "/proc/self/cgroup") ? text.data : "";
	at = strstr(at, key);
	at = at ? at + strlen(key) : "";
	return base_strndup(at, strcspn(at, "\n"));
}

/*
 * Version 1 shows its device policy to those inside ("a *:* rwm", or a list); version 2 is a BPF
 * program that nobody inside can read: there only the errno of open() tells.
 */
static void add_cgroup(cJSON *host, const struct probe_root *root)
{
	cJSON *cgroup = base_json_add_object(host, "cgroup");
	bool unified = probe_root_exists(root, "/sys/fs/cgroup/cgroup.controllers");
	base_json_add_number(cgroup, "version", unified ? 2 : 1);
	BASE_BUFFER_AUTO policy = BASE_BUFFER_INIT;
	BASE_FREE char *path = cgroup_path(root, "devices");
	/* In a container the controller's mount is rooted at the container's own group. */
	if (probe_root_read(root, &policy, "/sys/fs/cgroup/devices%s/devices.list", path) ||
		probe_root_read(root, &policy, "/sys/fs/cgroup/devices/devices.list")) {
		cJSON *list = base_json_add_array(cgroup, "devices");
		for (const char *line = policy.data; *line;) {
			size_t size = strcspn(line, "\n");
			base_json_add_format(list, NULL, "%.*s", (int)size, line);
			line += size + (line[size] == '\n');
		}
	}
}

int probe_host_collect(const struct probe_scope *scope, int out_fd)
{
	cJSON *host = base_json_new_object();
	add_system(host, &scope->root);
	add_container(host, &scope->root);
	add_process(host, &scope->root);
	add_cgroup(host, &scope->root);
	add_parameters(host, &scope->root);
	add_variables(host, "runner", runner_variables);
	add_variables(host, "environment", vulkan_variables);
	probe_emit_put(out_fd, "host", host);
	/* Last, since a seccomp filter may end who asks for it. */
	probe_emit_step(out_fd, "read the kernel's log");
	cJSON *log = base_json_new_object();
	probe_kernel_log(log);
	probe_emit_put(out_fd, "host", log);
	probe_emit_done(out_fd);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/probe_tree.h"

#include "probe/kernel_log.h"
#include "probe/path.h"

#define NAVI "/sys/devices/pci0000:00/0000:03:00.0"
#define MMIO "/sys/devices/platform/a003a00.virtio_mmio"
#define VIRTIO_PCI "/sys/devices/pci0000:00/0000:00:02.0"

static const char *text_at(const cJSON *facts, const char *path)
{
	const cJSON *node = probe_path_find(facts, path);
	return cJSON_IsString(node) ? node->valuestring : NULL;
}

static bool true_at(const cJSON *facts, const char *path)
{
	return cJSON_IsTrue(probe_path_find(facts, path));
}

static void add_navi(const char *root)
{
	tree_file(root, NAVI "/vendor", "0x1002\n");
	tree_file(root, NAVI "/device", "0x7550\n");
	tree_file(root, NAVI "/revision", "0xc0\n");
	tree_file(root, NAVI "/subsystem_vendor", "0x1da2\n");
	tree_file(root, NAVI "/subsystem_device", "0xe490\n");
	tree_file(root, NAVI "/mem_info_vram_total", "17095983104\n");
	tree_file(root, "/sys/bus/pci/drivers/amdgpu/bind", "");
	tree_link(root, NAVI "/driver", "/sys/bus/pci/drivers/amdgpu");
	tree_link(root, NAVI "/subsystem", "/sys/bus/pci");
	tree_file(root, NAVI "/drm/card0/dev", "226:0\n");
	tree_file(root, NAVI "/drm/renderD128/dev", "226:128\n");
	tree_link(root, NAVI "/drm/card0/device", NAVI);
	tree_link(root, NAVI "/drm/renderD128/device", NAVI);
	tree_link(root, "/sys/class/drm/card0", NAVI "/drm/card0");
	tree_link(root, "/sys/class/drm/renderD128", NAVI "/drm/renderD128");
	tree_file(root, "/sys/class/drm/card0-HDMI-A-1/status", "connected\n");
	tree_file(root, "/sys/class/drm/version", "drm 1.1.0\n");
}

static void test_node_not_mounted(void **state)
{
	add_navi(*state);
	cJSON *facts = tree_collect(*state, probe_drm_collect);
	assert_int_equal(cJSON_GetArraySize(base_json_get(facts, "drm")), 2);
	assert_true(true_at(facts, "drm[card0].in_sysfs"));
	assert_false(true_at(facts, "drm[card0].in_dev"));
	assert_null(text_at(facts, "drm[card0].open"));
	assert_string_equal(text_at(facts, "drm[renderD128].number"), "226:128");
	assert_string_equal(text_at(facts, "drm[renderD128].id"), "1002:7550");
	assert_string_equal(text_at(facts, "drm[renderD128].subsystem"), "1da2:e490");
	assert_string_equal(text_at(facts, "drm[renderD128].bus"), "pci");
	assert_string_equal(text_at(facts, "drm[renderD128].pci"), "0000:03:00.0");
	assert_string_equal(text_at(facts, "drm[renderD128].kernel_driver"), "amdgpu");
	assert_string_equal(text_at(facts, "drm[renderD128].device"), NAVI);
	assert_true(base_json_number(probe_path_find(facts, "drm[card0]"), "vram_bytes", 0) > 1e10);
	cJSON_Delete(facts);
}

static void test_node_opens(void **state)
{
	/* No device node, but something that opens: what its driver says is then missing. */
	tree_file(*state, "/dev/dri/renderD129", "");
	tree_file(*state, "/dev/dri/by-path/pci-0000:03:00.0-render", "");
	cJSON *facts = tree_collect(*state, probe_drm_collect);
	assert_int_equal(cJSON_GetArraySize(base_json_get(facts, "drm")), 1);
	assert_string_equal(text_at(facts, "drm[renderD129].open"), "ok");
	assert_true(true_at(facts, "drm[renderD129].in_dev"));
	assert_false(true_at(facts, "drm[renderD129].in_sysfs"));
	assert_null(text_at(facts, "drm[renderD129].driver"));
	cJSON_Delete(facts);
}

static void test_node_refuses(void **state)
{
	BASE_FREE char *path = base_format("%s/dev/dri/card0", (char *)*state);
	tree_folders(path);
	/* A dangling link has the errno of a node that is not there; a folder cannot be opened to
	 * write. */
	assert_int_equal(mkdir(path, 0755), 0);
	cJSON *facts = tree_collect(*state, probe_drm_collect);
	assert_string_equal(text_at(facts, "drm[card0].open"), "EISDIR");
	cJSON_Delete(facts);
}

static void test_virtio_mmio(void **state)
{
	tree_link(*state, MMIO "/subsystem", "/sys/bus/platform");
	tree_link(*state, MMIO "/virtio5/subsystem", "/sys/bus/virtio");
	tree_link(*state, MMIO "/virtio5/driver", "/sys/bus/virtio/drivers/virtio_gpu");
	tree_file(*state, MMIO "/virtio5/vendor", "0x554d4551\n");
	tree_file(*state, "/sys/class/drm/renderD128/dev", "226:128\n");
	tree_link(*state, "/sys/class/drm/renderD128/device", MMIO "/virtio5");
	cJSON *facts = tree_collect(*state, probe_drm_collect);
	assert_string_equal(text_at(facts, "drm[renderD128].bus"), "platform");
	assert_string_equal(text_at(facts, "drm[renderD128].kernel_driver"), "virtio_gpu");
	assert_null(text_at(facts, "drm[renderD128].pci"));
	assert_null(text_at(facts, "drm[renderD128].id"));
	cJSON_Delete(facts);
}

static void test_virtio_pci(void **state)
{
	tree_link(*state, VIRTIO_PCI "/subsystem", "/sys/bus/pci");
	tree_file(*state, VIRTIO_PCI "/vendor", "0x1af4\n");
	tree_file(*state, VIRTIO_PCI "/device", "0x1050\n");
	tree_link(*state, VIRTIO_PCI "/virtio0/subsystem", "/sys/bus/virtio");
	tree_file(*state, "/sys/class/drm/card0/dev", "226:0\n");
	tree_link(*state, "/sys/class/drm/card0/device", VIRTIO_PCI "/virtio0");
	cJSON *facts = tree_collect(*state, probe_drm_collect);
	assert_string_equal(text_at(facts, "drm[card0].bus"), "pci");
	assert_string_equal(text_at(facts, "drm[card0].pci"), "0000:00:02.0");
	assert_string_equal(text_at(facts, "drm[card0].id"), "1af4:1050");
	cJSON_Delete(facts);
}

static void add_pci(const char *root, const char *address, const char *id[2], const char *class)
{
	BASE_FREE char *folder = base_format("/sys/bus/pci/devices/%s", address);
	const char *const files[][2] = {{"vendor", id[0]}, {"device", id[1]}, {"class", class},
		{"irq", "11\n"}, {"subsystem_vendor", "0x1da2\n"}, {"subsystem_device", "0xe490\n"},
		{"revision", "0xc0\n"}, {"current_link_speed", "16.0 GT/s PCIe\n"},
		{"current_link_width", "16\n"},
		{"resource",
			"0x0000007800000000 0x0000007bffffffff 0x000000000014220c\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"}};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		BASE_FREE char *path = base_format("%s/%s", folder, files[i][0]);
		tree_file(root, path, files[i][1]);
	}
}

static void test_pci_display_only(void **state)
{
	add_pci(*state, "0000:03:00.0", (const char *[]){"0x1002\n", "0x7550\n"}, "0x030000\n");
	/* The GPU's own sound is no GPU. */
	add_pci(*state, "0000:03:00.1", (const char *[]){"0x1002\n", "0xab40\n"}, "0x040300\n");
	tree_link(*state, "/sys/bus/pci/devices/0000:03:00.0/driver", "/sys/bus/pci/drivers/amdgpu");
	cJSON *facts = tree_collect(*state, probe_pci_collect);
	assert_int_equal(cJSON_GetArraySize(base_json_get(facts, "pci")), 1);
	assert_string_equal(text_at(facts, "pci[0000:03:00.0].id"), "1002:7550");
	assert_string_equal(text_at(facts, "pci[0000:03:00.0].class"), "0300");
	assert_string_equal(text_at(facts, "pci[0000:03:00.0].driver"), "amdgpu");
	assert_string_equal(text_at(facts, "pci[0000:03:00.0].link_speed"), "16.0 GT/s PCIe");
	const cJSON *bars = probe_path_find(facts, "pci[0000:03:00.0].bar_bytes");
	assert_true(cJSON_GetArrayItem(bars, 0)->valuedouble == 17179869184.0);
	cJSON_Delete(facts);
}

static void test_pci_absent(void **state)
{
	cJSON *facts = tree_collect(*state, probe_pci_collect);
	assert_int_equal(cJSON_GetArraySize(base_json_get(facts, "pci")), 0);
	cJSON_Delete(facts);
}

static void test_host(void **state)
{
	tree_file(*state, "/etc/os-release", "NAME=\"Lane\"\nPRETTY_NAME=\"Lane Linux 1\"\nID=lane\n");
	tree_file(*state, "/run/.containerenv", "");
	tree_file(*state, "/sys/class/dmi/id/sys_vendor", "Libkrun\n");
	tree_file(*state, "/sys/module/amdgpu/parameters/lockup_timeout", "2000,60000\n");
	tree_file(*state, "/proc/self/status",
		"Name:\tprobe\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\n");
	tree_file(*state, "/sys/fs/selinux/enforce", "1");
	tree_file(*state, "/proc/self/mountinfo",
		"36 35 0:52 / / rw - overlay overlay rw,upperdir=/var/lib/rancher/rke2/agent/containerd/io/fs\n"
		"37 36 0:53 / /proc rw - proc proc rw\n");
	tree_file(*state, "/proc/self/cgroup", "4:devices:/lane\n0::/\n");
	tree_file(*state, "/sys/fs/cgroup/devices/lane/devices.list", "c 226:128 rw\nc *:* m\n");
	unsetenv("KUBERNETES_SERVICE_HOST");
	setenv("RADV_FORCE_FAMILY", "gfx1201", 1);
	cJSON *facts = tree_collect(*state, probe_host_collect);
	unsetenv("RADV_FORCE_FAMILY");
	assert_string_equal(text_at(facts, "host.distribution"), "Lane Linux 1");
	assert_string_equal(text_at(facts, "host.container"), "podman");
	assert_string_equal(text_at(facts, "host.vendor"), "Libkrun");
	assert_string_equal(text_at(facts, "host.container_runtime"), "containerd");
	assert_string_equal(text_at(facts, "host.selinux"), "enforcing");
	assert_string_equal(text_at(facts, "host.seccomp"), "filter");
	assert_string_equal(text_at(facts, "host.capabilities"), "00000000a80425fb");
	assert_true(true_at(facts, "host.no_new_privs"));
	assert_string_equal(
		text_at(facts, "host.parameters[amdgpu.lockup_timeout].value"), "2000,60000");
	assert_string_equal(text_at(facts, "host.environment[RADV_FORCE_FAMILY].value"), "gfx1201");
	const cJSON *devices = probe_path_find(facts, "host.cgroup.devices");
	assert_string_equal(cJSON_GetArrayItem(devices, 0)->valuestring, "c 226:128 rw");
	assert_int_equal(cJSON_GetArraySize(devices), 2);
	cJSON_Delete(facts);
}

/* Of the host's log only GPU drivers in trouble are anybody's business. */
static void test_kernel_log(void **state)
{
	(void)state;
	BASE_BUFFER_AUTO log = BASE_BUFFER_INIT;
	base_buffer_add_text(&log,
		"<6>[    1.000000] amdgpu 0000:03:00.0: amdgpu: Fetched VBIOS from VFCT\n"
		"<4>[    2.000000] usb 1-1: device descriptor read/64, error -110, failed\n");
	for (int i = 0; i < 25; i++) {
		base_buffer_print(
			&log, "<3>[   %2d.500000] amdgpu 0000:03:00.0: ring gfx timeout\n", i + 3);
	}
	base_buffer_add_text(&log, "<4>[   30.000000] amdgpu: Direct firmware load for a.bin failed");
	BASE_JSON_FREE cJSON *list = base_json_new_array();
	probe_kernel_log_pick(list, log.data);
	assert_int_equal(cJSON_GetArraySize(list), 20);
	assert_string_equal(cJSON_GetArrayItem(list, 0)->valuestring,
		"[    9.500000] amdgpu 0000:03:00.0: ring gfx timeout");
	assert_string_equal(cJSON_GetArrayItem(list, 19)->valuestring,
		"[   30.000000] amdgpu: Direct firmware load for a.bin failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED_WITH(
			"drm@sees-what-is-not-mounted", test_node_not_mounted, tree_setup, tree_teardown),
		NAMED_WITH("drm@opens-every-node", test_node_opens, tree_setup, tree_teardown),
		NAMED_WITH("drm@tells-the-errno", test_node_refuses, tree_setup, tree_teardown),
		NAMED_WITH("drm@virtio-mmio-has-no-pci", test_virtio_mmio, tree_setup, tree_teardown),
		NAMED_WITH(
			"drm@virtio-on-pci-has-its-parents-ids", test_virtio_pci, tree_setup, tree_teardown),
		NAMED_WITH(
			"pci@lists-display-controllers", test_pci_display_only, tree_setup, tree_teardown),
		NAMED_WITH("pci@no-bus-is-no-error", test_pci_absent, tree_setup, tree_teardown),
		NAMED_WITH("host@reads-what-decides", test_host, tree_setup, tree_teardown),
		NAMED("host@of-the-kernel-log-only-gpu-trouble", test_kernel_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/probe_tree.h"

#include "probe/amdgpu.h"
#include "probe/path.h"

#define GPU "/sys/devices/pci0000:00/0000:03:00.0"
#define BUS "/sys/bus/pci/devices/0000:03:00.0"

struct row {
	const char *path, *value;
};

/* As a Navi 48 and its kernel driver lay them out. */
static const struct row files[] = {
	{GPU "/vendor", "0x1002\n"},
	{GPU "/device", "0x7550\n"},
	{GPU "/mem_info_vram_total", "17095983104\n"},
	{GPU "/mem_info_vram_used", "41598976\n"},
	{GPU "/mem_info_vis_vram_total", "268435456\n"},
	{GPU "/mem_info_vis_vram_used", "18446744073709551615\n"},
	{GPU "/gpu_busy_percent", "7\n"},
	{GPU "/mem_busy_percent", "3\n"},
	{GPU "/vbios_version", "113-APM8573-100\n"},
	{GPU "/devcoredump/data", ""},
	{GPU "/hwmon/hwmon4/temp1_input", "44000\n"},
	{GPU "/hwmon/hwmon4/temp1_label", "edge\n"},
	{GPU "/hwmon/hwmon4/temp2_input", "51500\n"},
	{GPU "/hwmon/hwmon4/temp2_label", "junction\n"},
	{GPU "/hwmon/hwmon4/temp3_input", "garbage\n"},
	{GPU "/hwmon/hwmon4/temp3_label", "mem\n"},
	{GPU "/hwmon/hwmon4/power1_average", "31000000\n"},
	{GPU "/hwmon/hwmon4/power1_cap", "304000000\n"},
	{GPU "/hwmon/hwmon4/freq1_input", "2500000000\n"},
	{GPU "/hwmon/hwmon4/freq1_label", "sclk\n"},
	/* Not the memory's clock, so it is not told as that. */
	{GPU "/hwmon/hwmon4/freq2_input", "1000000000\n"},
	{GPU "/hwmon/hwmon4/freq2_label", "other\n"},
	{GPU "/fw_version/vcn_fw_version", "0x0911000a\n"},
	{GPU "/fw_version/mec_fw_version", "0x00000bb8\n"},
	{GPU "/fw_version/vce_fw_version", "0x00000000\n"},
	{GPU "/ras/umc_err_count", "ue: 1\nce: 3\n"},
	{GPU "/ras/gfx_err_count", "ue: 0\nce: 0\n"},
	{GPU "/ras/features", "feature mask: 0x1\n"},
	{GPU "/drm/renderD128/dev", "226:128\n"},
};

static void test_health(void **state)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		tree_file(*state, files[i].path, files[i].value);
	}
	tree_link(*state, GPU "/drm/renderD128/device", GPU);
	tree_link(*state, "/sys/class/drm/renderD128", GPU "/drm/renderD128");
	cJSON *facts = tree_collect(*state, probe_drm_collect);
	static const struct row wanted[] = {
		{"vram_bytes", "17095983104"},
		{"vram_used_bytes", "41598976"},
		{"vram_visible_bytes", "268435456"},
		{"vram_visible_used_bytes", NULL},
		{"busy_percent", "7"},
		{"memory_busy_percent", "3"},
		{"vbios", "\"113-APM8573-100\""},
		{"coredump", "true"},
		{"sensors",
			"{\"temperature_c\":44,\"hotspot_c\":51.5,\"power_w\":31,\"power_cap_w\":304,"
			"\"engine_mhz\":2500}"},
		{"firmware",
			"[{\"name\":\"mec\",\"value\":\"0x00000bb8\"},"
			"{\"name\":\"vcn\",\"value\":\"0x0911000a\"}]"},
		{"ras",
			"[{\"name\":\"gfx\",\"uncorrected\":0,\"corrected\":0},"
			"{\"name\":\"umc\",\"uncorrected\":1,\"corrected\":3}]"},
	};
	const cJSON *node = probe_path_find(facts, "drm[renderD128]");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		char *found = cJSON_PrintUnformatted(base_json_get(node, wanted[i].path));
		if ((found == NULL) != (wanted[i].value == NULL) ||
			(found && strcmp(found, wanted[i].value) != 0)) {
			fail_msg("%s is %s", wanted[i].path, found ? found : "not there");
		}
		free(found);
	}
	cJSON_Delete(facts);
}

static void test_bus(void **state)
{
	static const struct row bus[] = {
		{BUS "/vendor", "0x1002\n"},
		{BUS "/device", "0x7550\n"},
		{BUS "/class", "0x030000\n"},
		{BUS "/irq", "11\n"},
		{BUS "/resource", ""},
		{BUS "/power_state", "D0\n"},
		{BUS "/power/runtime_status", "active\n"},
		{BUS "/resource0_resize", "000000000000ff00\n"},
		{BUS "/resource2_resize", "0000000000000002\n"},
		{BUS "/aer_dev_correctable", "RxErr 2\nTOTAL_ERR_COR 2\n"},
		{BUS "/aer_dev_nonfatal", "TOTAL_ERR_NONFATAL 0\n"},
		{BUS "/aer_dev_fatal", "DLP 1\nTOTAL_ERR_FATAL 1\n"},
	};
	for (size_t i = 0; i < sizeof(bus) / sizeof(bus[0]); i++) {
		tree_file(*state, bus[i].path, bus[i].value);
	}
	tree_link(*state, BUS "/iommu_group", "/sys/kernel/iommu_groups/17");
	cJSON *facts = tree_collect(*state, probe_pci_collect);
	const cJSON *device = probe_path_find(facts, "pci[0000:03:00.0]");
	static const struct row wanted[] = {
		{"power", "\"active\""},
		{"power_state", "\"D0\""},
		{"iommu_group", "\"17\""},
		{"bar_bytes_max", "[34359738368,0,2097152,0,0,0]"},
		{"errors", "{\"correctable\":2,\"nonfatal\":0,\"fatal\":1}"},
	};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		char *found = cJSON_PrintUnformatted(base_json_get(device, wanted[i].path));
		assert_non_null(found);
		assert_string_equal(found, wanted[i].value);
		free(found);
	}
	cJSON_Delete(facts);
}

static void test_product(void **state)
{
	assert_null(probe_amdgpu_product((const struct probe_root[]){{*state}}, 0x7550, 0xc0));
	tree_file(*state, "/usr/share/libdrm/amdgpu.ids",
		"# List\n\n1.0.0\n7550,\tC0,\tAMD Radeon RX 9070 XT\n7550,\tC3,\tAMD Radeon RX 9070\n"
		"7551,\tC0,\n7590\n");
	static const struct {
		unsigned device, revision;
		const char *name;
	} rows[] = {{0x7550, 0xc0, "AMD Radeon RX 9070 XT"}, {0x7550, 0xc3, "AMD Radeon RX 9070"},
		{0x7550, 0xc1, NULL}, {0x7551, 0xc0, NULL}, {0x7590, 0, NULL}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		BASE_FREE char *name = probe_amdgpu_product(
			(const struct probe_root[]){{*state}}, rows[i].device, rows[i].revision);
		assert_true((name == NULL) == (rows[i].name == NULL));
		assert_true(!name || strcmp(name, rows[i].name) == 0);
	}
	assert_string_equal(probe_amdgpu_family(152), "GC 12.0.0");
	assert_null(probe_amdgpu_family(9999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED_WITH("device@tells-how-it-is", test_health, tree_setup, tree_teardown),
		NAMED_WITH("device@tells-how-its-bus-is", test_bus, tree_setup, tree_teardown),
		NAMED_WITH("amdgpu@product-by-chip-and-revision", test_product, tree_setup, tree_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/probe_tree.h"

#include "probe/path.h"
#include "probe/pci_dump.h"

#define ADDRESS "0000:04:00.0"
#define DEVICE "pci[" ADDRESS "]"

static bool check(const char *text, struct lane_error *err)
{
	return probe_pci_dump_check("a.dump", text, strlen(text), err);
}

static void test_dump_is_the_bus(void **state)
{
	/* The machine's own sysfs has another device there, which does not count. */
	tree_file(*state, "/sys/bus/pci/devices/" ADDRESS "/current_link_width", "1\n");
	struct probe_scope scope = {
		.root = {*state}, .pci_dump = LANE_TEST_FACTS "/../pci/navi48.dump"};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_true(probe_pci_dump_load(scope.pci_dump, &err));
	cJSON *facts = tree_collect_scope(&scope, probe_pci_collect);
	assert_int_equal(cJSON_GetArraySize(base_json_get(facts, "pci")), 1);
	static const char *const wanted[][2] = {{"id", "1002:7550"}, {"class", "0300"},
		{"revision", "0xc0"}, {"subsystem", "1da2:e490"}, {"link_speed", "16.0 GT/s PCIe"},
		{"link_speed_max", "32.0 GT/s PCIe"}, {"link_width", "16"}, {"link_width_max", "16"}};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const char *found = probe_text(probe_path_find(facts, DEVICE), wanted[i][0]);
		assert_non_null(found);
		assert_string_equal(found, wanted[i][1]);
	}
	cJSON_Delete(facts);
}

static void test_takes_what_lspci_prints(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"04:00.0 VGA compatible controller: X\n00: 02 10 50 75\n",
		"0000:04:00.0 VGA\r\n00: 02 10 50 75\r\n\r\n",
		"04:00.0 VGA\n\tSubsystem: Y\n\tKernel driver in use: amdgpu\n00: 02 10\n\n04:00.1 A\n",
		"04:00.0 VGA\n00: 02\nff0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		if (!check(texts[i], &err)) {
			fail_msg("%zu: %s", i, lane_error_message(&err));
		}
	}
}

static void test_names_file_and_line(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"", "a.dump:1: "},
		{"hello\n", "a.dump:1: no PCI address"},
		{"04:00.0 VGA\n", "a.dump:2: it ends without configuration space"},
		{"04:00.0 VGA\n00: 02", "a.dump:2: the last line has no end"},
		{"04:00.0 VGA\n00: 02 1\n", "a.dump:2: not all of it are bytes"},
		{"04:00.0 VGA\n00: 02  10\n", "a.dump:2: not all of it are bytes"},
		{"04:00.0 VGA\n00: 02 zz\n", "a.dump:2: not all of it are bytes"},
		{"04:00.8 VGA\n00: 02 10\n", "a.dump:1: no PCI address"},
		{"04:00.0 VGA\n\n00: 02 10\n", "a.dump:3: no PCI address"},
		{"04:00.0 VGA\n00: 02\nSubsystem: Y\n", "a.dump:3: neither bytes nor words"},
		{"04:00.0 VGA\nfff: 02 10\n", "a.dump:2: beyond 4096 bytes"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_false(check(rows[i][0], &err));
		assert_string_equal(err.code, "PCI_DUMP_INVALID");
		if (strncmp(lane_error_message(&err), rows[i][1], strlen(rows[i][1])) != 0) {
			fail_msg("%zu: %s", i, lane_error_message(&err));
		}
	}
	char longest[600] = "04:00.0 ";
	memset(longest + 8, 'x', 500);
	longest[508] = '\n';
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	assert_false(check(longest, &err));
	assert_non_null(strstr(lane_error_message(&err), "a.dump:1: longer than a line"));
	LANE_ERROR_AUTO binary = LANE_ERROR_INIT;
	assert_false(probe_pci_dump_check("a.dump", "04:00.0 \0\n00: 02\n", 17, &binary));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED_WITH("pci-dump@stands-for-the-bus", test_dump_is_the_bus, tree_setup, tree_teardown),
		NAMED("pci-dump@takes-what-lspci-prints", test_takes_what_lspci_prints),
		NAMED("pci-dump@names-file-and-line", test_names_file_and_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

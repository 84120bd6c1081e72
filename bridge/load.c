/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/load.h"

#include <string.h>

static ssize_t zero_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	(void)node;
	(void)fid;
	(void)offset;
	memset(bytes, 0, size);
	return (ssize_t)size;
}

static ssize_t null_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	(void)node;
	(void)fid;
	(void)offset;
	(void)bytes;
	(void)size;
	return 0;
}

static int null_put(const struct bridge_node *node, uint64_t offset, const void *bytes, size_t size)
{
	(void)node;
	(void)offset;
	(void)bytes;
	(void)size;
	return 0;
}

struct bridge_node *bridge_load_root(void)
{
	static const struct bridge_file_kind zero_file = {.mode = 0444, .read = zero_read};
	static const struct bridge_file_kind null_file = {
		.mode = 0666, .read = null_read, .put = null_put, .open_to_all = true};
	struct bridge_node *root = bridge_node_root();
	bridge_node_add(root, "zero", &zero_file, NULL);
	bridge_node_add(root, "null", &null_file, NULL);
	return root;
}

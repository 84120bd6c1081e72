/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/pci_dump.h"

#include "base/file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	DUMP_SIZE_MAX = 16 << 20,
	/* libpci reads lines into 256 bytes and configuration spaces of PCI Express. */
	DUMP_LINE_MAX = 253,
	DUMP_CONFIG_MAX = 4096,
};

/*
 * Where a text follows a pattern in which '#' stands for a hex digit and '7' for an octal one; NULL
 * where it does not.
 */
static const char *after(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++) {
		bool fits = *text == *pattern;
		if (*pattern == '#') {
			fits = isxdigit((unsigned char)*text);
		} else if (*pattern == '7') {
			fits = *text >= '0' && *text <= '7';
		}
		if (!fits) {
			return NULL;
		}
	}
	return text;
}

/* A device begins with its address: "0000:03:00.0 VGA compatible controller: ...". */
static bool is_device(const char *line)
{
	return after(line, "##:##.7 ") || after(line, "####:##:##.7 ") ||
		after(line, "#####:##:##.7 ") || after(line, "######:##:##.7 ") ||
		after(line, "#######:##:##.7 ") || after(line, "########:##:##.7 ");
}

/* A line of configuration space: "00: 02 10 50 75 ...". NULL when it is none, else its bytes. */
static const char *config_bytes(const char *line)
{
	const char *bytes = after(line, "##: ");
	return bytes ? bytes : after(line, "###: ");
}

static bool refuse(
	struct lane_error *err, const char *path, unsigned line, const char *text, const char *what)
{
	return lane_error_set(err, "PCI_DUMP_INVALID", "%s:%u: %s: \"%.60s\"", path, line, what, text);
}

static bool check_config(
	const char *path, unsigned number, const char *line, const char *bytes, struct lane_error *err)
{
	unsigned long at = strtoul(line, NULL, 16);
	for (; *bytes != '\0'; at++) {
		const char *next = after(bytes, "##");
		if (!next || (*next != ' ' && *next != '\0')) {
			return refuse(err, path, number, line, "not all of it are bytes");
		}
		if (at >= DUMP_CONFIG_MAX) {
			return refuse(err, path, number, line, "beyond 4096 bytes of configuration space");
		}
		bytes = next + (*next == ' ');
	}
	return true;
}

/* One line, terminated. `inside`: of a device's block. */
static bool check_line(const char *path, unsigned number, const char *line, bool *inside,
	bool *filled, struct lane_error *err)
{
	if (*line == '\0') {
		*inside = false;
		return true;
	}
	if (is_device(line)) {
		*inside = true;
		return true;
	}
	if (!*inside) {
		return refuse(err, path, number, line, "no PCI address begins this line");
	}
	const char *bytes = config_bytes(line);
	if (bytes) {
		*filled = true;
		return check_config(path, number, line, bytes, err);
	}
	/* What lspci -v and -k say of the device. */
	return *line == '\t' || *line == ' ' ||
		refuse(err, path, number, line, "neither bytes nor words about a device");
}

bool probe_pci_dump_check(const char *path, const char *text, size_t size, struct lane_error *err)
{
	unsigned number = 1;
	bool filled = false;
	bool inside = false;
	for (size_t at = 0; at < size; number++) {
		char line[DUMP_LINE_MAX + 1];
		const char *newline = memchr(text + at, '\n', size - at);
		size_t length = newline ? (size_t)(newline - text) - at : size - at;
		size_t next = at + length + 1;
		length -= length > 0 && text[at + length - 1] == '\r';
		size_t kept = length < sizeof(line) - 1 ? length : sizeof(line) - 1;
		memcpy(line, text + at, kept);
		line[kept] = '\0';
		if (!newline || length > DUMP_LINE_MAX || memchr(line, '\0', kept)) {
			return refuse(err, path, number, line,
				!newline ? "the last line has no end" : "longer than a line of a dump, or binary");
		}
		if (!check_line(path, number, line, &inside, &filled, err)) {
			return false;
		}
		at = next;
	}
	return filled ||
		lane_error_set(err, "PCI_DUMP_INVALID",
			"%s:%u: it ends without configuration space: lspci -xxxx", path, number);
}

bool probe_pci_dump_load(const char *path, struct lane_error *err)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	return base_file_read(path, DUMP_SIZE_MAX, &text, err) &&
		probe_pci_dump_check(path, text.data ? text.data : "", text.size, err);
}

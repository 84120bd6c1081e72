/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

size_t base_utf8_decode(const char *text, size_t size, uint32_t *code_point)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t min;
	} forms[] = {
		{0x80, 0x00, 0},
		{0xe0, 0xc0, 0x80},
		{0xf0, 0xe0, 0x800},
		{0xf8, 0xf0, 0x10000},
	};
	if (size == 0) {
		return 0;
	}
	uint8_t first = (uint8_t)text[0];
	for (size_t extra = 0; extra < sizeof(forms) / sizeof(forms[0]); extra++) {
		if ((first & forms[extra].mask) != forms[extra].lead) {
			continue;
		}
		if (size <= extra) {
			return 0;
		}
		uint32_t value = first & (uint8_t)~forms[extra].mask;
		for (size_t i = 1; i <= extra; i++) {
			uint8_t next = (uint8_t)text[i];
			if ((next & 0xc0) != 0x80) {
				return 0;
			}
			value = value << 6 | (next & 0x3f);
		}
		if (value < forms[extra].min || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
			return 0;
		}
		*code_point = value;
		return extra + 1;
	}
	return 0;
}

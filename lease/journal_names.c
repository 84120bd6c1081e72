/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/journal_names.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_DIGITS = 16 };

static const char name_prefix[] = "journal-";

void lease_journal_name(uint64_t seq, char name[LEASE_JOURNAL_NAME_SIZE])
{
	snprintf(name, LEASE_JOURNAL_NAME_SIZE, "%s%016llx", name_prefix, (unsigned long long)seq);
}

static void take_name(void *visitor, const char *name)
{
	struct lease_journal_names *names = visitor;
	size_t prefix = sizeof(name_prefix) - 1;
	if (strlen(name) != prefix + NAME_DIGITS || strncmp(name, name_prefix, prefix) != 0 ||
		strspn(name + prefix, "0123456789abcdef") != NAME_DIGITS) {
		return;
	}
	names->seqs = base_realloc(names->seqs, names->count + 1, sizeof(*names->seqs));
	uint64_t seq = strtoull(name + prefix, NULL, 16);
	size_t place = names->count++;
	for (; place > 0 && names->seqs[place - 1] > seq; place--) {
		names->seqs[place] = names->seqs[place - 1];
	}
	names->seqs[place] = seq;
}

bool lease_journal_names(const struct lease_journal_io *io, struct lease_journal_names *names)
{
	return io->list(io->context, take_name, names);
}

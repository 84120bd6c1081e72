/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/bundles.h"

#include "base/digest.h"
#include "base/memory.h"
#include "bridge/fid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEX_DIGITS = 2 * BASE_SHA256_SIZE,
	/** As Linux says it in Tlcreate. */
	OPEN_EXCLUSIVE = 0200,
};

/** One file of /bundles: a bundle, or an alias. */
struct bundle {
	struct bundle *next;
	struct bridge_bundles *bundles;
	/** Holds the content in `text`, its subject in `owner`, and us in `context`. */
	struct bridge_node *node;
	/** Who staged it. */
	const struct bridge_attach *attach;
	/** Of what has come so far; NULL for an alias. */
	struct base_sha256_stream *hash;
	bool whole;
	/** Fids that are open for writing. */
	unsigned writers;
};

struct bridge_bundles {
	/** /bundles. Borrowed. */
	struct bridge_node *directory;
	/** The one that was used longest ago first. */
	struct bundle *first;
	size_t count;
	uint64_t bytes;
};

#define PREFIX "/bundles/"

static bool is_hash(const char *text, size_t size)
{
	return size == HEX_DIGITS && strspn(text, "0123456789abcdef") >= HEX_DIGITS;
}

static struct bundle **link_of(struct bundle *bundle)
{
	struct bundle **link = &bundle->bundles->first;
	while (*link != bundle) {
		link = &(*link)->next;
	}
	return link;
}

static void add_last(struct bundle *bundle)
{
	struct bundle **link = &bundle->bundles->first;
	while (*link != NULL) {
		link = &(*link)->next;
	}
	bundle->next = NULL;
	*link = bundle;
}

/** Now it is the one that was used last. */
static void touch(struct bundle *bundle)
{
	*link_of(bundle) = bundle->next;
	add_last(bundle);
}

/** Takes it away, its content too: a fid that still holds the node has nothing to read. */
static void drop(struct bundle **link)
{
	struct bundle *bundle = *link;
	*link = bundle->next;
	bundle->bundles->count--;
	bundle->bundles->bytes -= bundle->node->text.size;
	bundle->node->context = NULL;
	bridge_node_retire(bundle->node);
	bridge_node_unlink(bundle->node);
	base_sha256_stream_destroy(bundle->hash);
	free(bundle);
}

struct share {
	size_t count;
	uint64_t bytes;
};

static struct share share_of(const struct bridge_bundles *bundles, const char *subject)
{
	struct share share = {.count = 0};
	for (const struct bundle *one = bundles->first; one != NULL; one = one->next) {
		if (strcmp(one->node->owner, subject) == 0) {
			share.count++;
			share.bytes += one->node->text.size;
		}
	}
	return share;
}

/** Drops the subject's bundle that was used longest ago, or with `whole` the one of those that are;
 * false when there is none. */
static bool drop_oldest(struct bridge_bundles *bundles, const char *subject, bool whole)
{
	for (struct bundle **link = &bundles->first; *link != NULL; link = &(*link)->next) {
		if ((!whole || (*link)->whole) && strcmp((*link)->node->owner, subject) == 0) {
			drop(link);
			return true;
		}
	}
	return false;
}

/** The subject with the most bytes, or with `by_bytes` false the most bundles. */
static const char *greediest(const struct bridge_bundles *bundles, bool by_bytes)
{
	const char *subject = NULL;
	uint64_t most = 0;
	for (const struct bundle *one = bundles->first; one != NULL; one = one->next) {
		struct share share = share_of(bundles, one->node->owner);
		uint64_t amount = by_bytes ? share.bytes : share.count;
		if (subject == NULL || amount > most) {
			most = amount;
			subject = one->node->owner;
		}
	}
	return subject;
}

/** Drops something of whoever has most: what is whole, or of another subject than this one an
 * upload that goes on too, so that nobody is kept out by those who never end. */
static bool drop_greediest(struct bridge_bundles *bundles, const char *subject, bool by_bytes)
{
	const char *most = greediest(bundles, by_bytes);
	return most != NULL &&
		(drop_oldest(bundles, most, true) ||
			(strcmp(most, subject) != 0 && drop_oldest(bundles, most, false)));
}

/** Makes room for one more bundle or for more bytes: 0 or an errno. */
static int make_room(
	struct bridge_bundles *bundles, const char *subject, size_t count, uint64_t bytes)
{
	struct share own = share_of(bundles, subject);
	while (own.count + count > BRIDGE_BUNDLES_OWN_MAX ||
		own.bytes + bytes > (uint64_t)BRIDGE_BUNDLES_OWN_MIB_MAX << 20) {
		if (!drop_oldest(bundles, subject, true)) {
			return EDQUOT;
		}
		own = share_of(bundles, subject);
	}
	for (;;) {
		bool many = bundles->count + count > BRIDGE_BUNDLES_MAX;
		bool large = bundles->bytes + bytes > (uint64_t)BRIDGE_BUNDLES_MIB_MAX << 20;
		if (!many && !large) {
			return 0;
		}
		if (!drop_greediest(bundles, subject, large)) {
			return ENOSPC;
		}
	}
}

static struct bundle *find(
	const struct bridge_bundles *bundles, const char *subject, const char *name, size_t size)
{
	for (struct bundle *one = bundles->first; one != NULL; one = one->next) {
		if (strcmp(one->node->owner, subject) == 0 && strlen(one->node->name) == size &&
			memcmp(one->node->name, name, size) == 0) {
			return one;
		}
	}
	return NULL;
}

static uint64_t bundle_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	(void)fid;
	return node->text.size;
}

static ssize_t bundle_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	(void)fid;
	const struct bundle *bundle = node->context;
	return bundle != NULL && !bundle->whole ? -EBUSY
											: bridge_node_read_text(node, offset, bytes, size);
}

/** Adds bytes behind what is there. */
static int extend(struct bundle *bundle, const char *bytes, size_t size)
{
	struct base_buffer *text = &bundle->node->text;
	/* An alias may end in a newline. */
	size_t most = bundle->hash != NULL ? BRIDGE_JOB_MODULE_MAX : HEX_DIGITS + 1;
	if (size > most - text->size) {
		return EMSGSIZE;
	}
	int error = make_room(bundle->bundles, bundle->node->owner, 0, size);
	if (error == 0) {
		base_buffer_add(text, bytes, size);
		bundle->bundles->bytes += size;
	}
	return error;
}

/** Whether a bundle is whole now. */
static int complete_bundle(struct bundle *bundle, const char *added, size_t size)
{
	char found[BASE_SHA256_TEXT_SIZE];
	base_sha256_stream_add(bundle->hash, added, size);
	base_sha256_stream_text(bundle->hash, found);
	bundle->whole = strcmp(strchr(found, ':') + 1, bundle->node->name) == 0;
	return 0;
}

static int complete_alias(struct bundle *bundle)
{
	const struct base_buffer *text = &bundle->node->text;
	if (text->size < HEX_DIGITS) {
		return 0;
	}
	if (!is_hash(text->data, HEX_DIGITS) ||
		(text->size > HEX_DIGITS && text->data[HEX_DIGITS] != '\n')) {
		return EINVAL;
	}
	const struct bundle *target =
		find(bundle->bundles, bundle->node->owner, text->data, HEX_DIGITS);
	bundle->whole = target != NULL && target->whole;
	return bundle->whole ? 0 : ENOENT;
}

/** An alias is pointed elsewhere by writing it from the start. */
static void start_over(struct bundle *bundle)
{
	bundle->bundles->bytes -= bundle->node->text.size;
	base_buffer_finish(&bundle->node->text);
	bundle->whole = false;
}

/**
 * Bytes go behind those that are there. What is written again must be the same, so that a second
 * writer, or one that begins anew, does no harm and takes part.
 */
static int bundle_put(
	const struct bridge_node *node, uint64_t offset, const void *bytes, size_t size)
{
	struct bundle *bundle = node->context;
	if (bundle == NULL) {
		return -ESTALE;
	}
	if (bundle->hash == NULL && offset == 0) {
		start_over(bundle);
	}
	const struct base_buffer *text = &node->text;
	if (offset > text->size) {
		return -EINVAL;
	}
	size_t known = text->size - (size_t)offset;
	known = known < size ? known : size;
	if (known > 0 && memcmp(text->data + offset, bytes, known) != 0) {
		return -EINVAL;
	}
	if (known == size) {
		return 0;
	}
	const char *added = (const char *)bytes + known;
	int error =
		bundle->whole && bundle->hash != NULL ? EINVAL : extend(bundle, added, size - known);
	if (error == 0) {
		error = bundle->hash != NULL ? complete_bundle(bundle, added, size - known)
									 : complete_alias(bundle);
	}
	return -error;
}

/** Who wants to know whether all has come asks with fsync. */
static int bundle_sync(const struct bridge_node *node)
{
	const struct bundle *bundle = node->context;
	return bundle == NULL ? -ESTALE : bundle->whole ? 0 : -EINVAL;
}

static void bundle_opened(const struct bridge_node *node, const struct bridge_fid *fid)
{
	struct bundle *bundle = node->context;
	if (bundle != NULL && fid->writable) {
		bundle->writers++;
	}
}

static void bundle_closed(const struct bridge_node *node, const struct bridge_fid *fid)
{
	struct bundle *bundle = node->context;
	if (bundle != NULL && fid->writable && --bundle->writers == 0 && !bundle->whole) {
		drop(link_of(bundle));
	}
}

static const struct bridge_file_kind bundle_file = {
	.mode = 0666,
	.size = bundle_size,
	.read = bundle_read,
	.put = bundle_put,
	.sync = bundle_sync,
	.opened = bundle_opened,
	.closed = bundle_closed,
};

static struct bridge_node *make(struct bridge_node *directory, const struct bridge_attach *attach,
	const struct wire_text *name, uint32_t flags, int *error)
{
	struct bridge_bundles *bundles = directory->context;
	const char *subject = attach->rights.subject;
	BASE_FREE char *text = base_strndup(name->bytes, name->size);
	struct bundle *bundle = find(bundles, subject, text, strlen(text));
	bool good = strlen(text) == name->size && bridge_job_name_valid(text);
	if (bundle != NULL && good) {
		*error = EEXIST;
		return (flags & OPEN_EXCLUSIVE) == 0 ? bundle->node : NULL;
	}
	*error = good ? make_room(bundles, subject, 1, 0) : EINVAL;
	if (*error != 0) {
		return NULL;
	}
	bundle = base_alloc(1, sizeof(*bundle));
	bundle->bundles = bundles;
	bundle->attach = attach;
	bundle->node = bridge_node_add(directory, text, &bundle_file, bundle);
	bundle->node->owner = base_strdup(subject);
	bundle->hash = is_hash(text, name->size) ? base_sha256_stream_create() : NULL;
	add_last(bundle);
	bundles->count++;
	return bundle->node;
}

struct bridge_bundles *bridge_bundles_create(struct bridge_node *root)
{
	struct bridge_bundles *bundles = base_alloc(1, sizeof(*bundles));
	bundles->directory = bridge_node_add(root, "bundles", NULL, bundles);
	bundles->directory->make = make;
	return bundles;
}

void bridge_bundles_destroy(struct bridge_bundles *bundles)
{
	if (bundles != NULL) {
		while (bundles->first != NULL) {
			drop(&bundles->first);
		}
		free(bundles);
	}
}

void bridge_bundles_forget(struct bridge_bundles *bundles, const struct bridge_attach *attach)
{
	for (struct bundle **link = &bundles->first; *link != NULL;) {
		if ((*link)->attach == attach) {
			drop(link);
		} else {
			link = &(*link)->next;
		}
	}
}

bool bridge_bundles_take(struct bridge_bundles *bundles, const struct bridge_attach *attach,
	struct bridge_job *job, struct lane_error *err)
{
	const char *name = job->module_path + sizeof(PREFIX) - 1;
	const char *subject = attach->rights.subject;
	struct bundle *bundle = find(bundles, subject, name, strlen(name));
	if (bundle != NULL && bundle->hash == NULL && bundle->whole) {
		touch(bundle);
		bundle = find(bundles, subject, bundle->node->text.data, HEX_DIGITS);
	}
	if (bundle == NULL || bundle->hash == NULL || !bundle->whole) {
		return true;
	}
	touch(bundle);
	return bridge_job_module(job, bundle->node->text.data, bundle->node->text.size, err);
}

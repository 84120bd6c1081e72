/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/memory.h"
#include "bridge/fid.h"
#include "bridge/session.h"
#include "bridge/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_LIMIT = 32, OTHER_USER = 65534 };

/** A session over a small tree: /text, /lines (rw), /follow (waits at its end), /folder/secret
 * (somebody's own). */
enum { MADE = 3 << 20 };

struct bed {
	/** In the account of all sessions. */
	size_t held;
	struct bridge_node *root;
	struct bridge_stream stream;
	struct bridge_session *session;
	struct base_buffer out;
	/** Taken by /lines, and what its next write answers. */
	struct base_buffer written;
	int write_status;
	/** Of the fid that wrote last. */
	struct bridge_attach *writer;
	unsigned detached;
};

static uint64_t lines_size(const struct bridge_node *node, const struct bridge_fid *fid)
{
	(void)fid;
	return ((struct bed *)node->context)->written.size;
}

static ssize_t lines_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	(void)node;
	(void)fid;
	(void)offset;
	(void)bytes;
	(void)size;
	return 0;
}

static int lines_write(
	const struct bridge_node *node, struct bridge_fid *fid, const char *lines, size_t size)
{
	struct bed *bed = node->context;
	bed->writer = fid->attach;
	if (bed->write_status == 0) {
		base_buffer_add(&bed->written, lines, size);
	}
	return bed->write_status;
}

static ssize_t follow_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	struct bed *bed = node->context;
	size_t got = bridge_stream_read(&bed->stream, offset, &fid->skew, bytes, size);
	return got > 0 ? (ssize_t)got : -EAGAIN;
}

static const struct bridge_file_kind lines_kind = {.mode = 0666,
	.size = lines_size,
	.read = lines_read,
	.write = lines_write,
	.line_max = LINE_LIMIT};
static const struct bridge_file_kind follow_kind = {.mode = 0444, .read = follow_read};

static void detached(void *context, struct bridge_attach *attach)
{
	(void)attach;
	((struct bed *)context)->detached++;
}

/** Sends a message; the reply is decoded, its type is 0 when none came. Data points into the bed's
 * output. */
static struct wire_message ask(struct bed *bed, struct wire_message request)
{
	uint8_t frame[8192];
	size_t size = wire_encode(&request, frame, sizeof(frame));
	assert_true(size > 0);
	base_buffer_clear(&bed->out);
	assert_true(bridge_session_handle(bed->session, frame, size, &bed->out));
	struct wire_message reply = {.type = 0};
	if (bed->out.size > 0) {
		const uint8_t *out = (const uint8_t *)bed->out.data;
		assert_int_equal(wire_frame_size(out), bed->out.size);
		assert_int_equal(wire_decode(out, bed->out.size, &reply), WIRE_OK);
		assert_int_equal(reply.tag, request.tag);
		assert_true(reply.type == request.type + 1 || reply.type == WIRE_RLERROR);
	}
	return reply;
}

static void expect_error(struct bed *bed, struct wire_message request, int error)
{
	struct wire_message reply = ask(bed, request);
	assert_int_equal(reply.type, WIRE_RLERROR);
	assert_int_equal(reply.error, error);
}

static struct wire_message expect_ok(struct bed *bed, struct wire_message request)
{
	struct wire_message reply = ask(bed, request);
	assert_int_equal(reply.type, request.type + 1);
	return reply;
}

static struct wire_message version(uint32_t msize, const char *text)
{
	return (struct wire_message){
		.type = WIRE_TVERSION, .tag = WIRE_NOTAG, .msize = msize, .version = wire_text(text)};
}

static struct wire_message attach(uint32_t fid, uint32_t n_uname)
{
	return (struct wire_message){
		.type = WIRE_TATTACH,
		.fid = fid,
		.auth_fid = WIRE_NOFID,
		.uname = wire_text(""),
		.aname = wire_text(""),
		.n_uname = n_uname,
	};
}

static struct wire_message walk(
	uint32_t fid, uint32_t new_fid, const char *first, const char *second)
{
	struct wire_message request = {.type = WIRE_TWALK, .fid = fid, .new_fid = new_fid};
	const char *names[] = {first, second};
	while (request.name_count < 2 && names[request.name_count] != NULL) {
		request.names[request.name_count] = wire_text(names[request.name_count]);
		request.name_count++;
	}
	return request;
}

static struct wire_message open_fid(uint32_t fid, uint32_t flags)
{
	return (struct wire_message){.type = WIRE_TLOPEN, .fid = fid, .flags = flags};
}

static struct wire_message on_fid(uint8_t type, uint32_t fid)
{
	return (struct wire_message){
		.type = type,
		.fid = fid,
		.new_fid = 99,
		.name = wire_text("x"),
		.other_name = wire_text("y"),
		.lock.client = wire_text(""),
	};
}

static struct wire_message read_fid(uint16_t tag, uint32_t fid, uint64_t offset, uint32_t count)
{
	return (struct wire_message){
		.type = WIRE_TREAD, .tag = tag, .fid = fid, .offset = offset, .count = count};
}

static struct wire_message write_fid(uint32_t fid, const char *text)
{
	return (struct wire_message){
		.type = WIRE_TWRITE,
		.fid = fid,
		.data = {.bytes = (const uint8_t *)text, .size = (uint32_t)strlen(text)},
	};
}

static void open_file(struct bed *bed, const char *name, uint32_t fid, uint32_t flags)
{
	expect_ok(bed, walk(0, fid, name, NULL));
	expect_ok(bed, open_fid(fid, flags));
}

/** Three MiB that are made when they are read from the start. */
static ssize_t made_read(const struct bridge_node *node, struct bridge_fid *fid, uint64_t offset,
	void *bytes, size_t size)
{
	(void)node;
	if (offset == 0) {
		base_buffer_clear(&fid->replies);
		memset(base_buffer_reserve(&fid->replies, MADE), 'x', MADE);
		fid->replies.size = MADE;
	}
	return bridge_fid_read_kept(fid, offset, bytes, size);
}

static const struct bridge_file_kind made_kind = {.mode = 0444, .read = made_read};

static int setup(void **state)
{
	struct bed *bed = base_alloc(1, sizeof(*bed));
	bed->stream.size_max = 1024;
	bed->root = bridge_node_root();
	bridge_node_add_text(bed->root, "text", "hello\n", 6);
	bridge_node_add(bed->root, "lines", &lines_kind, bed);
	bridge_node_add(bed->root, "follow", &follow_kind, bed);
	struct bridge_node *folder = bridge_node_add(bed->root, "folder", NULL, NULL);
	struct bridge_node *secret = bridge_node_add(folder, "secret", NULL, NULL);
	secret->owner = base_strdup("queen");
	bridge_node_add_text(secret, "result", "42", 2);
	struct bridge_session_host host = {
		.root = bed->root, .detached = detached, .context = bed, .held = &bed->held};
	struct bridge_peer peer = {.uid = geteuid()};
	bed->session = bridge_session_create(&host, &peer);
	expect_ok(bed, version(8192, WIRE_VERSION));
	expect_ok(bed, attach(0, WIRE_NONUNAME));
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	bridge_session_destroy(bed->session);
	bridge_node_unlink(bed->root);
	bridge_stream_finish(&bed->stream);
	base_buffer_finish(&bed->out);
	base_buffer_finish(&bed->written);
	free(bed);
	return 0;
}

static void version_negotiates_msize(void **state)
{
	struct bed *bed = *state;
	expect_error(bed, version(4095, WIRE_VERSION), EMSGSIZE);
	assert_int_equal(expect_ok(bed, version(4096, WIRE_VERSION)).msize, 4096);
	assert_int_equal(expect_ok(bed, version(UINT32_MAX, WIRE_VERSION)).msize, BRIDGE_MSIZE_MAX);
	struct wire_message reply = expect_ok(bed, version(8192, "9P2000"));
	assert_true(wire_text_equals(&reply.version, "unknown"));
	expect_error(bed, attach(0, WIRE_NONUNAME), EINVAL);
}

static void version_resets_the_session(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "follow", 1, WIRE_OPEN_READ);
	assert_int_equal(ask(bed, read_fid(5, 1, 0, 100)).type, 0);
	expect_ok(bed, version(8192, WIRE_VERSION));
	assert_int_equal(bed->detached, 1);
	assert_false(bridge_session_waits(bed->session));
	bridge_stream_add(&bed->stream, "late", 4);
	base_buffer_clear(&bed->out);
	bridge_session_wake(bed->session, &bed->out);
	assert_int_equal(bed->out.size, 0);
	expect_error(bed, on_fid(WIRE_TCLUNK, 1), EBADF);
	expect_ok(bed, attach(0, WIRE_NONUNAME));
}

static void walk_goes_from_an_open_fid_to_a_new_one(void **state)
{
	struct bed *bed = *state;
	expect_ok(bed, walk(0, 1, "folder", NULL));
	expect_ok(bed, open_fid(1, WIRE_OPEN_DIRECTORY));
	assert_int_equal(expect_ok(bed, walk(1, 2, "secret", "result")).qid_count, 2);
	assert_int_equal(expect_ok(bed, walk(1, 3, NULL, NULL)).qid_count, 0);
	expect_error(bed, walk(1, 1, "secret", NULL), EBUSY);
	expect_ok(bed, walk(3, 3, "secret", NULL));
}

static void a_partial_walk_makes_no_fid(void **state)
{
	struct bed *bed = *state;
	assert_int_equal(expect_ok(bed, walk(0, 1, "folder", "nothing")).qid_count, 1);
	expect_error(bed, on_fid(WIRE_TCLUNK, 1), EBADF);
	assert_int_equal(expect_ok(bed, walk(0, 1, "text", "x")).qid_count, 1);
	expect_error(bed, walk(0, 1, "nothing", "folder"), ENOENT);
	expect_ok(bed, walk(0, 1, "text", NULL));
	expect_error(bed, walk(1, 2, "x", NULL), ENOTDIR);
}

static void fid_numbers_are_used_again(void **state)
{
	struct bed *bed = *state;
	for (int round = 0; round < 10000; round++) {
		expect_ok(bed, walk(0, 1, "text", NULL));
		expect_error(bed, walk(0, 1, "lines", NULL), EINVAL);
		expect_ok(bed, on_fid(WIRE_TCLUNK, 1));
		expect_error(bed, on_fid(WIRE_TCLUNK, 1), EBADF);
	}
}

static void fids_are_bounded(void **state)
{
	struct bed *bed = *state;
	for (uint32_t fid = 1; fid < BRIDGE_FIDS_MAX; fid++) {
		expect_ok(bed, walk(0, fid, NULL, NULL));
	}
	expect_error(bed, walk(0, BRIDGE_FIDS_MAX, NULL, NULL), EMFILE);
	expect_error(bed, attach(BRIDGE_FIDS_MAX, WIRE_NONUNAME), EMFILE);
	expect_ok(bed, on_fid(WIRE_TCLUNK, 7));
	expect_ok(bed, walk(0, 7, "text", NULL));
}

static void read_is_clamped_and_checked(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "text", 1, WIRE_OPEN_READ);
	struct wire_message reply = expect_ok(bed, read_fid(1, 1, 0, UINT32_MAX));
	assert_int_equal(reply.data.size, 6);
	assert_memory_equal(reply.data.bytes, "hello\n", 6);
	assert_int_equal(expect_ok(bed, read_fid(1, 1, 3, 2)).data.size, 2);
	assert_int_equal(expect_ok(bed, read_fid(1, 1, 6, 10)).data.size, 0);
	assert_int_equal(expect_ok(bed, read_fid(1, 1, 0, 0)).data.size, 0);
	assert_int_equal(expect_ok(bed, read_fid(1, 1, INT64_MAX - 8192, 10)).data.size, 0);
	expect_error(bed, read_fid(1, 1, UINT64_MAX, 10), EINVAL);
	expect_error(bed, read_fid(1, 1, INT64_MAX, 10), EINVAL);
	expect_error(bed, read_fid(1, 0, 0, 10), EISDIR);
	expect_ok(bed, walk(0, 2, "text", NULL));
	expect_error(bed, read_fid(1, 2, 0, 10), EBADF);
}

static void getattr_is_complete(void **state)
{
	struct bed *bed = *state;
	expect_ok(bed, walk(0, 1, "text", NULL));
	struct wire_message reply = expect_ok(bed, on_fid(WIRE_TGETATTR, 1));
	assert_int_equal(reply.mask & 0x7ff, 0x7ff);
	assert_int_equal(reply.attributes.mode, S_IFREG | 0444);
	assert_int_equal(reply.attributes.size, 6);
	assert_int_equal(reply.attributes.nlink, 1);
	assert_int_equal(reply.qid.type, 0);
	assert_int_equal(reply.qid.version, 0);
	struct wire_message root = expect_ok(bed, on_fid(WIRE_TGETATTR, 0));
	assert_int_equal(root.attributes.mode, S_IFDIR | 0555);
	assert_int_equal(root.qid.type, 0x80);
	assert_int_not_equal(root.qid.path, reply.qid.path);
	struct wire_message statfs = expect_ok(bed, on_fid(WIRE_TSTATFS, 1));
	assert_int_equal(statfs.statfs.type, 0x01021997);
}

static struct wire_message setattr(uint32_t fid, uint32_t mask, uint64_t size)
{
	return (struct wire_message){
		.type = WIRE_TSETATTR, .fid = fid, .set_mask = mask, .attributes.size = size};
}

/** What the shell's `>` and touch do. */
static void truncation_of_a_written_file_is_harmless(void **state)
{
	struct bed *bed = *state;
	enum { SIZE = 1 << 3, MTIME = 1 << 5, CTIME = 1 << 6, MODE = 1 };
	enum { TRUNCATE = 01000, APPEND = 02000, LARGEFILE = 0100000 };
	expect_ok(bed, walk(0, 1, "lines", NULL));
	expect_ok(bed, setattr(1, SIZE | MTIME | CTIME, 0));
	expect_ok(bed, setattr(1, MTIME, 0));
	expect_error(bed, setattr(1, SIZE, 1), EINVAL);
	expect_error(bed, setattr(1, MODE, 0), EPERM);
	expect_ok(bed, open_fid(1, WIRE_OPEN_WRITE | TRUNCATE | APPEND | LARGEFILE));
	expect_ok(bed, walk(0, 2, "text", NULL));
	expect_error(bed, setattr(2, SIZE, 0), EPERM);
	expect_error(bed, setattr(0, MTIME, 0), EPERM);
}

static void lines_are_put_together(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "lines", 1, WIRE_OPEN_READ_WRITE);
	assert_int_equal(expect_ok(bed, write_fid(1, "on")).count, 2);
	assert_int_equal(bed->written.size, 0);
	expect_ok(bed, write_fid(1, "e\ntwo\nth"));
	assert_string_equal(bed->written.data, "one\ntwo\n");
	expect_ok(bed, write_fid(1, "ree\n"));
	assert_string_equal(bed->written.data, "one\ntwo\nthree\n");
	expect_ok(bed, write_fid(1, ""));
	assert_string_equal(bed->written.data, "one\ntwo\nthree\n");
}

static void a_line_too_long_is_refused_across_writes(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "lines", 1, WIRE_OPEN_WRITE);
	/* 31 bytes and the newline are just right. */
	expect_ok(bed, write_fid(1, "0123456789012345678901234567890"));
	expect_ok(bed, write_fid(1, "\n"));
	assert_int_equal(bed->written.size, LINE_LIMIT);
	expect_ok(bed, write_fid(1, "0123456789012345678901234567890"));
	expect_error(bed, write_fid(1, "1"), EMSGSIZE);
	/* Nothing is left of it. */
	expect_ok(bed, write_fid(1, "x\n"));
	assert_string_equal(bed->written.data + LINE_LIMIT, "x\n");
	expect_error(bed, write_fid(1, "good\n01234567890123456789012345678901\n"), EMSGSIZE);
	expect_error(bed, write_fid(1, "good\n01234567890123456789012345678901"), EMSGSIZE);
	assert_string_equal(bed->written.data + LINE_LIMIT, "x\n");
}

static void a_refused_write_leaves_nothing_behind(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "lines", 1, WIRE_OPEN_WRITE);
	expect_ok(bed, write_fid(1, "half "));
	bed->write_status = -EPERM;
	expect_error(bed, write_fid(1, "a line\nand more"), EPERM);
	bed->write_status = 0;
	expect_ok(bed, write_fid(1, "next\n"));
	assert_string_equal(bed->written.data, "next\n");
}

static void open_minds_mode_and_role(void **state)
{
	struct bed *bed = *state;
	expect_ok(bed, walk(0, 1, "text", NULL));
	expect_error(bed, open_fid(1, WIRE_OPEN_WRITE), EPERM);
	expect_error(bed, open_fid(1, WIRE_OPEN_ACCESS), EINVAL);
	expect_error(bed, open_fid(1, WIRE_OPEN_DIRECTORY), ENOTDIR);
	expect_ok(bed, open_fid(1, WIRE_OPEN_READ));
	expect_error(bed, open_fid(1, WIRE_OPEN_READ), EINVAL);
	expect_error(bed, write_fid(1, "x\n"), EBADF);
	expect_error(bed, open_fid(0, WIRE_OPEN_WRITE), EISDIR);
	/* Another user of the same connection, as a mount has them, only reads. */
	expect_ok(bed, attach(10, OTHER_USER));
	expect_ok(bed, walk(10, 11, "lines", NULL));
	expect_error(bed, open_fid(11, WIRE_OPEN_WRITE), EPERM);
	expect_error(bed, setattr(11, 1 << 3, 0), EPERM);
	expect_ok(bed, open_fid(11, WIRE_OPEN_READ));
}

/** The names of a directory, one letter each, and the cookie of the last. */
static size_t list(struct bed *bed, uint32_t fid, uint32_t count, char *letters)
{
	size_t entries = 0;
	uint64_t cookie = 0;
	for (;;) {
		struct wire_message request = on_fid(WIRE_TREADDIR, fid);
		request.offset = cookie;
		request.count = count;
		struct wire_message reply = expect_ok(bed, request);
		assert_true(reply.data.size <= count);
		if (reply.data.size == 0) {
			letters[entries] = '\0';
			return entries;
		}
		for (size_t at = 0, size; at < reply.data.size; at += size) {
			struct wire_entry entry;
			size = wire_decode_entry(reply.data.bytes + at, reply.data.size - at, &entry);
			assert_true(size > 0 && entries < 15);
			letters[entries++] = entry.name.bytes[entry.name.size - 1];
			cookie = entry.cookie;
		}
	}
}

static void readdir_resumes_at_any_entry(void **state)
{
	struct bed *bed = *state;
	char letters[16];
	expect_ok(bed, walk(0, 1, NULL, NULL));
	expect_ok(bed, open_fid(1, WIRE_OPEN_DIRECTORY));
	for (uint32_t count = 40; count < 300; count += 7) {
		list(bed, 1, count, letters);
		/* . .. text lines follow folder */
		assert_string_equal(letters, "..tswr");
	}
	struct wire_message request = on_fid(WIRE_TREADDIR, 1);
	request.count = 20;
	expect_error(bed, request, EINVAL);
	request.count = 4096;
	request.offset = UINT64_MAX;
	assert_int_equal(expect_ok(bed, request).data.size, 0);
}

/** A cookie stays good while other entries come and go. */
static void readdir_survives_changes(void **state)
{
	struct bed *bed = *state;
	char letters[16];
	expect_ok(bed, walk(0, 1, NULL, NULL));
	expect_ok(bed, open_fid(1, WIRE_OPEN_DIRECTORY));
	struct wire_message request = on_fid(WIRE_TREADDIR, 1);
	request.count = 90;
	struct wire_message reply = expect_ok(bed, request);
	struct wire_entry entry = {.cookie = 0};
	for (size_t at = 0; at < reply.data.size;) {
		at += wire_decode_entry(reply.data.bytes + at, reply.data.size - at, &entry);
	}
	assert_true(wire_text_equals(&entry.name, "text"));
	struct wire_text name = wire_text("text");
	bridge_node_unlink(bridge_node_child(bed->root, &name));
	bridge_node_add_text(bed->root, "new", "", 0);
	request.offset = entry.cookie;
	reply = expect_ok(bed, request);
	wire_decode_entry(reply.data.bytes, reply.data.size, &entry);
	assert_true(wire_text_equals(&entry.name, "lines"));
	list(bed, 1, 4096, letters);
	assert_string_equal(letters, "..swrw");
}

static void what_is_another_ones_does_not_exist(void **state)
{
	struct bed *bed = *state;
	char letters[16];
	expect_ok(bed, attach(10, OTHER_USER));
	assert_int_equal(expect_ok(bed, walk(10, 11, "folder", "secret")).qid_count, 1);
	expect_ok(bed, walk(10, 11, "folder", NULL));
	expect_error(bed, walk(11, 12, "secret", NULL), ENOENT);
	expect_ok(bed, open_fid(11, WIRE_OPEN_DIRECTORY));
	list(bed, 11, 4096, letters);
	assert_string_equal(letters, "..");
	expect_ok(bed, walk(0, 1, "folder", "secret"));
}

static void an_unlinked_file_stays_readable_through_its_fid(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "text", 1, WIRE_OPEN_READ);
	struct wire_text name = wire_text("text");
	bridge_node_unlink(bridge_node_child(bed->root, &name));
	assert_int_equal(expect_ok(bed, read_fid(1, 1, 0, 100)).data.size, 6);
	expect_error(bed, walk(0, 2, "text", NULL), ENOENT);
	expect_ok(bed, walk(1, 2, NULL, NULL));
}

static void a_read_at_the_end_waits(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "follow", 1, WIRE_OPEN_READ);
	assert_int_equal(ask(bed, read_fid(5, 1, 0, 100)).type, 0);
	base_buffer_clear(&bed->out);
	bridge_session_wake(bed->session, &bed->out);
	assert_int_equal(bed->out.size, 0);
	bridge_stream_add(&bed->stream, "news", 4);
	bridge_session_wake(bed->session, &bed->out);
	struct wire_message reply;
	assert_int_equal(wire_decode((const uint8_t *)bed->out.data, bed->out.size, &reply), WIRE_OK);
	assert_int_equal(reply.type, WIRE_RREAD);
	assert_int_equal(reply.tag, 5);
	assert_memory_equal(reply.data.bytes, "news\n", 5);
	assert_false(bridge_session_waits(bed->session));
}

/* What Linux does for read(2): it asks for the rest of the buffer until that is full or 0 bytes
 * come. */
static void a_read_that_fills_up_does_not_wait(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "follow", 1, WIRE_OPEN_READ);
	bridge_stream_add(&bed->stream, "news", 4);
	assert_int_equal(expect_ok(bed, read_fid(5, 1, 0, 100)).data.size, 5);
	assert_int_equal(expect_ok(bed, read_fid(5, 1, 5, 95)).data.size, 0);
	/* The next read(2) waits, whatever it asks for. */
	assert_int_equal(ask(bed, read_fid(5, 1, 5, 95)).type, 0);
	bridge_stream_add(&bed->stream, "more", 4);
	base_buffer_clear(&bed->out);
	bridge_session_wake(bed->session, &bed->out);
	assert_int_equal(expect_ok(bed, read_fid(5, 1, 10, 90)).data.size, 0);
	assert_int_equal(ask(bed, read_fid(5, 1, 10, 100)).type, 0);
}

static void flush_takes_a_waiting_read_back(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "follow", 1, WIRE_OPEN_READ);
	assert_int_equal(ask(bed, read_fid(5, 1, 0, 100)).type, 0);
	/* The tag is taken until then. */
	expect_error(bed, read_fid(5, 1, 0, 100), EINVAL);
	struct wire_message flush = {.type = WIRE_TFLUSH, .tag = 6, .old_tag = 5};
	expect_ok(bed, flush);
	bridge_stream_add(&bed->stream, "news", 4);
	base_buffer_clear(&bed->out);
	bridge_session_wake(bed->session, &bed->out);
	assert_int_equal(bed->out.size, 0);
	expect_ok(bed, flush);
	assert_int_equal(expect_ok(bed, read_fid(5, 1, 0, 100)).data.size, 5);
}

static void clunk_ends_the_waiting_reads_of_its_fid(void **state)
{
	struct bed *bed = *state;
	open_file(bed, "follow", 1, WIRE_OPEN_READ);
	assert_int_equal(ask(bed, read_fid(5, 1, 0, 100)).type, 0);
	uint8_t frame[32];
	struct wire_message clunk = on_fid(WIRE_TCLUNK, 1);
	clunk.tag = 6;
	size_t size = wire_encode(&clunk, frame, sizeof(frame));
	base_buffer_clear(&bed->out);
	assert_true(bridge_session_handle(bed->session, frame, size, &bed->out));
	struct wire_message reply;
	const uint8_t *out = (const uint8_t *)bed->out.data;
	size_t first = wire_frame_size(out);
	assert_int_equal(wire_decode(out, first, &reply), WIRE_OK);
	assert_int_equal(reply.tag, 5);
	assert_int_equal(reply.error, EBADF);
	assert_int_equal(wire_decode(out + first, bed->out.size - first, &reply), WIRE_OK);
	assert_int_equal(reply.tag, 6);
	assert_int_equal(reply.type, WIRE_RCLUNK);
}

static void a_revoked_fid_only_clunks(void **state)
{
	struct bed *bed = *state;
	static const uint8_t types[] = {WIRE_TREAD, WIRE_TWRITE, WIRE_TWALK, WIRE_TGETATTR, WIRE_TLOPEN,
		WIRE_TREADDIR, WIRE_TSETATTR, WIRE_TSTATFS, WIRE_TFSYNC, WIRE_TLOCK, WIRE_TXATTRWALK};
	open_file(bed, "lines", 1, WIRE_OPEN_READ_WRITE);
	open_file(bed, "lines", 2, WIRE_OPEN_READ);
	expect_ok(bed, attach(10, WIRE_NONUNAME));
	expect_ok(bed, walk(10, 11, "lines", NULL));
	expect_ok(bed, open_fid(11, WIRE_OPEN_WRITE));
	expect_ok(bed, write_fid(1, "one\n"));
	bridge_session_revoke(bed->writer, bed);
	for (size_t i = 0; i < sizeof(types); i++) {
		expect_error(bed, on_fid(types[i], 1), EPERM);
	}
	/* Not who only reads, not another attach, not another file. */
	expect_ok(bed, read_fid(1, 2, 0, 10));
	expect_ok(bed, write_fid(11, "two\n"));
	open_file(bed, "text", 3, WIRE_OPEN_READ);
	expect_ok(bed, on_fid(WIRE_TCLUNK, 1));
	open_file(bed, "lines", 1, WIRE_OPEN_WRITE);
}

static void nothing_can_be_made_or_moved(void **state)
{
	struct bed *bed = *state;
	static const struct {
		uint8_t type;
		int error;
	} refusals[] = {
		{WIRE_TLCREATE, EPERM},
		{WIRE_TSYMLINK, EPERM},
		{WIRE_TMKNOD, EPERM},
		{WIRE_TRENAME, EPERM},
		{WIRE_TREADLINK, EINVAL},
		{WIRE_TXATTRWALK, EOPNOTSUPP},
		{WIRE_TXATTRCREATE, EOPNOTSUPP},
		{WIRE_TLOCK, ENOLCK},
		{WIRE_TGETLOCK, ENOLCK},
		{WIRE_TLINK, EPERM},
		{WIRE_TMKDIR, EPERM},
		{WIRE_TRENAMEAT, EPERM},
		{WIRE_TUNLINKAT, EPERM},
	};
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		expect_error(bed, on_fid(refusals[i].type, 0), refusals[i].error);
		expect_error(bed, on_fid(refusals[i].type, 77), EBADF);
	}
	expect_ok(bed, walk(0, 1, "text", NULL));
	expect_error(bed, on_fid(WIRE_TREMOVE, 1), EPERM);
	expect_error(bed, on_fid(WIRE_TCLUNK, 1), EBADF);
}

static void attach_is_checked(void **state)
{
	struct bed *bed = *state;
	expect_error(bed, attach(0, WIRE_NONUNAME), EINVAL);
	expect_error(bed, attach(WIRE_NOFID, WIRE_NONUNAME), EINVAL);
	struct wire_message request = attach(1, WIRE_NONUNAME);
	request.auth_fid = 5;
	expect_error(bed, request, EINVAL);
	request = attach(1, WIRE_NONUNAME);
	request.aname = wire_text("eyJhbGciOiJFZERTQSJ9.e30.");
	expect_error(bed, request, EACCES);
	request.aname = wire_text("/");
	expect_ok(bed, request);
	request = attach(2, WIRE_NONUNAME);
	request.uname = wire_text("two\nlines");
	expect_error(bed, request, EINVAL);
	struct wire_message auth = {
		.type = WIRE_TAUTH, .auth_fid = 9, .uname = wire_text(""), .aname = wire_text("")};
	expect_error(bed, auth, ENOENT);
}

static void an_attach_ends_with_its_last_fid(void **state)
{
	struct bed *bed = *state;
	expect_ok(bed, attach(10, WIRE_NONUNAME));
	expect_ok(bed, walk(10, 11, "text", NULL));
	expect_ok(bed, on_fid(WIRE_TCLUNK, 10));
	assert_int_equal(bed->detached, 0);
	expect_ok(bed, on_fid(WIRE_TCLUNK, 11));
	assert_int_equal(bed->detached, 1);
}

static void a_reply_type_is_no_client(void **state)
{
	struct bed *bed = *state;
	uint8_t frame[WIRE_HEADER_SIZE] = {WIRE_HEADER_SIZE};
	for (unsigned type = 0; type < 256; type++) {
		frame[4] = (uint8_t)type;
		bool kept = bridge_session_handle(bed->session, frame, sizeof(frame), &bed->out);
		assert_int_equal(kept, type % 2 == 0);
	}
}

/** What fids have made and not read to the end is in the session's account. */
static void what_is_held_for_a_session_is_bounded(void **state)
{
	struct bed *bed = *state;
	bridge_node_add(bed->root, "made", &made_kind, bed);
	for (uint32_t fid = 1; fid <= 2; fid++) {
		open_file(bed, "made", fid, WIRE_OPEN_READ);
		expect_ok(bed, read_fid(1, fid, 0, 10));
	}
	assert_int_equal(bed->held, 2 * MADE);
	open_file(bed, "made", 3, WIRE_OPEN_READ);
	expect_error(bed, read_fid(1, 3, 0, 10), ENOSPC);
	assert_int_equal(bed->held, 2 * MADE);
	/* Those that have theirs read on. */
	expect_ok(bed, read_fid(1, 2, 10, 10));
	expect_ok(bed, on_fid(WIRE_TCLUNK, 1));
	expect_ok(bed, read_fid(1, 3, 0, 10));
	/* Nor can all together have more than all may. */
	bed->held += BRIDGE_HELD_ALL_MAX - 2 * MADE;
	open_file(bed, "made", 4, WIRE_OPEN_READ);
	expect_error(bed, read_fid(1, 4, 0, 10), ENOSPC);
	open_file(bed, "lines", 5, WIRE_OPEN_WRITE);
	expect_error(bed, write_fid(5, "half a li"), ENOSPC);
	bed->held -= BRIDGE_HELD_ALL_MAX - 2 * MADE;
	expect_ok(bed, write_fid(5, "half a li"));
	expect_ok(bed, version(8192, WIRE_VERSION));
	assert_int_equal(bed->held, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NAMED_WITH("session@version-negotiates-msize", version_negotiates_msize, setup, teardown),
		NAMED_WITH("session@version-resets", version_resets_the_session, setup, teardown),
		NAMED_WITH("session@walk-goes-from-an-open-fid-to-a-new-one",
			walk_goes_from_an_open_fid_to_a_new_one, setup, teardown),
		NAMED_WITH(
			"session@a-partial-walk-makes-no-fid", a_partial_walk_makes_no_fid, setup, teardown),
		NAMED_WITH(
			"session@fid-numbers-are-used-again", fid_numbers_are_used_again, setup, teardown),
		NAMED_WITH("session@fids-are-bounded", fids_are_bounded, setup, teardown),
		NAMED_WITH(
			"session@read-is-clamped-and-checked", read_is_clamped_and_checked, setup, teardown),
		NAMED_WITH("session@getattr-is-complete", getattr_is_complete, setup, teardown),
		NAMED_WITH("session@truncation-of-a-written-file-is-harmless",
			truncation_of_a_written_file_is_harmless, setup, teardown),
		NAMED_WITH("session@lines-are-put-together", lines_are_put_together, setup, teardown),
		NAMED_WITH("session@a-line-too-long-is-refused-across-writes",
			a_line_too_long_is_refused_across_writes, setup, teardown),
		NAMED_WITH("session@a-refused-write-leaves-nothing-behind",
			a_refused_write_leaves_nothing_behind, setup, teardown),
		NAMED_WITH("session@open-minds-mode-and-role", open_minds_mode_and_role, setup, teardown),
		NAMED_WITH(
			"session@readdir-resumes-at-any-entry", readdir_resumes_at_any_entry, setup, teardown),
		NAMED_WITH("session@readdir-survives-changes", readdir_survives_changes, setup, teardown),
		NAMED_WITH("session@what-is-another-ones-does-not-exist",
			what_is_another_ones_does_not_exist, setup, teardown),
		NAMED_WITH("session@an-unlinked-file-stays-readable-through-its-fid",
			an_unlinked_file_stays_readable_through_its_fid, setup, teardown),
		NAMED_WITH("session@a-read-at-the-end-waits", a_read_at_the_end_waits, setup, teardown),
		NAMED_WITH("session@a-read-that-fills-up-does-not-wait", a_read_that_fills_up_does_not_wait,
			setup, teardown),
		NAMED_WITH("session@flush-takes-a-waiting-read-back", flush_takes_a_waiting_read_back,
			setup, teardown),
		NAMED_WITH("session@clunk-ends-the-waiting-reads-of-its-fid",
			clunk_ends_the_waiting_reads_of_its_fid, setup, teardown),
		NAMED_WITH("session@a-revoked-fid-only-clunks", a_revoked_fid_only_clunks, setup, teardown),
		NAMED_WITH(
			"session@nothing-can-be-made-or-moved", nothing_can_be_made_or_moved, setup, teardown),
		NAMED_WITH("session@attach-is-checked", attach_is_checked, setup, teardown),
		NAMED_WITH("session@an-attach-ends-with-its-last-fid", an_attach_ends_with_its_last_fid,
			setup, teardown),
		NAMED_WITH("session@what-is-held-for-it-is-bounded", what_is_held_for_a_session_is_bounded,
			setup, teardown),
		NAMED_WITH("session@a-reply-type-is-no-client", a_reply_type_is_no_client, setup, teardown),
	};
	return cmocka_run_group_tests_name("bridge_session", tests, NULL, NULL);
}

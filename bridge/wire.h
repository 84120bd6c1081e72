/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_WIRE_H
#define BRIDGE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The 9P2000.L codec: frames to messages and back, for server and client. Pure. A frame is
 * `size[4] type[1] tag[2] body`, little-endian, size counting itself (9P2000.L as in Linux
 * include/net/9p/9p.h and diod's protocol.md). The body of each type is a row of one table in
 * wire.c.
 */

enum wire_type {
	WIRE_RLERROR = 7,
	WIRE_TSTATFS = 8,
	WIRE_RSTATFS,
	WIRE_TLOPEN = 12,
	WIRE_RLOPEN,
	WIRE_TLCREATE = 14,
	WIRE_RLCREATE,
	WIRE_TSYMLINK = 16,
	WIRE_RSYMLINK,
	WIRE_TMKNOD = 18,
	WIRE_RMKNOD,
	WIRE_TRENAME = 20,
	WIRE_RRENAME,
	WIRE_TREADLINK = 22,
	WIRE_RREADLINK,
	WIRE_TGETATTR = 24,
	WIRE_RGETATTR,
	WIRE_TSETATTR = 26,
	WIRE_RSETATTR,
	WIRE_TXATTRWALK = 30,
	WIRE_RXATTRWALK,
	WIRE_TXATTRCREATE = 32,
	WIRE_RXATTRCREATE,
	WIRE_TREADDIR = 40,
	WIRE_RREADDIR,
	WIRE_TFSYNC = 50,
	WIRE_RFSYNC,
	WIRE_TLOCK = 52,
	WIRE_RLOCK,
	WIRE_TGETLOCK = 54,
	WIRE_RGETLOCK,
	WIRE_TLINK = 70,
	WIRE_RLINK,
	WIRE_TMKDIR = 72,
	WIRE_RMKDIR,
	WIRE_TRENAMEAT = 74,
	WIRE_RRENAMEAT,
	WIRE_TUNLINKAT = 76,
	WIRE_RUNLINKAT,
	WIRE_TVERSION = 100,
	WIRE_RVERSION,
	WIRE_TAUTH = 102,
	WIRE_RAUTH,
	WIRE_TATTACH = 104,
	WIRE_RATTACH,
	WIRE_TFLUSH = 108,
	WIRE_RFLUSH,
	WIRE_TWALK = 110,
	WIRE_RWALK,
	WIRE_TREAD = 116,
	WIRE_RREAD,
	WIRE_TWRITE = 118,
	WIRE_RWRITE,
	WIRE_TCLUNK = 120,
	WIRE_RCLUNK,
	WIRE_TREMOVE = 122,
	WIRE_RREMOVE,
};

#define WIRE_VERSION "9P2000.L"
#define WIRE_NOTAG UINT16_C(0xFFFF)
#define WIRE_NOFID UINT32_C(0xFFFFFFFF)
#define WIRE_NONUNAME UINT32_C(0xFFFFFFFF)

enum {
	/** size[4] type[1] tag[2]. */
	WIRE_HEADER_SIZE = 7,
	/** Header and count[4]: what Rread and Rreaddir put before their data. */
	WIRE_READ_HEADER_SIZE = 11,
	/** What Twrite puts before its data: the largest overhead of an I/O message (P9_IOHDRSZ). */
	WIRE_IO_HEADER_SIZE = 24,
	/** Names in one Twalk (P9_MAXWELEM). */
	WIRE_WALK_MAX = 16,
	WIRE_QID_SIZE = 13,
};

/** Flags of Tlopen: the numbers of Linux on x86, whatever the machine (P9_DOTL_*). */
enum wire_open {
	WIRE_OPEN_READ = 0,
	WIRE_OPEN_WRITE = 1,
	WIRE_OPEN_READ_WRITE = 2,
	WIRE_OPEN_ACCESS = 3,
	WIRE_OPEN_DIRECTORY = 0200000,
};

enum wire_qid_type { WIRE_QID_FILE = 0, WIRE_QID_DIRECTORY = 0x80 };

struct wire_qid {
	uint8_t type;
	uint32_t version;
	uint64_t path;
};

/** A string on the wire: not terminated, any bytes. Borrowed from the frame or the caller. */
struct wire_text {
	const char *bytes;
	uint16_t size;
};

struct wire_data {
	const uint8_t *bytes;
	uint32_t size;
};

struct wire_time {
	uint64_t seconds, nanoseconds;
};

/** Rgetattr after `valid` and `qid`; Tsetattr uses mode, uid, gid, size, atime and mtime. */
struct wire_attributes {
	uint32_t mode, uid, gid;
	uint64_t nlink, rdev, size, block_size, blocks;
	struct wire_time atime, mtime, ctime, btime;
	uint64_t generation, data_version;
};

struct wire_statfs {
	uint32_t type, block_size;
	uint64_t blocks, blocks_free, blocks_available, files, files_free, id;
	uint32_t name_max;
};

struct wire_lock {
	uint8_t type;
	uint32_t flags;
	uint64_t start, length;
	uint32_t process;
	struct wire_text client;
	uint8_t status;
};

/** Every field of every message; which ones a type has is in the table of wire.c. */
struct wire_message {
	uint8_t type;
	uint16_t tag;
	/** Of Tflush. */
	uint16_t old_tag;
	uint32_t fid, new_fid, auth_fid;
	/** Rlerror: a Linux errno. */
	uint32_t error;
	uint32_t msize;
	struct wire_text version, uname, aname;
	uint32_t n_uname;
	struct wire_text name, other_name;
	uint16_t name_count;
	struct wire_text names[WIRE_WALK_MAX];
	struct wire_qid qid;
	uint16_t qid_count;
	struct wire_qid qids[WIRE_WALK_MAX];
	uint32_t flags, mode, gid, major, minor;
	uint32_t io_unit, data_sync;
	uint64_t offset;
	uint32_t count;
	/** Of Twrite, Rread and Rreaddir, with its count[4]. */
	struct wire_data data;
	/** Tgetattr: what is asked; Rgetattr: what is valid. */
	uint64_t mask;
	/** Tsetattr: what is to be set. */
	uint32_t set_mask;
	struct wire_attributes attributes;
	struct wire_statfs statfs;
	uint64_t xattr_size;
	struct wire_lock lock;
};

enum wire_outcome {
	WIRE_OK,
	/** The type is not in the table; type and tag are set. */
	WIRE_UNKNOWN,
	/** The body is shorter or longer than its fields; type and tag are set. */
	WIRE_MALFORMED,
};

/** The size field of a frame of which at least four bytes are there. */
uint32_t wire_frame_size(const uint8_t *frame);

/**
 * Decodes one whole frame of `size` bytes (WIRE_HEADER_SIZE at least; the size field has been
 * compared). Text and data point into the frame. The body must have exactly the length of its
 * fields.
 */
enum wire_outcome wire_decode(const uint8_t *frame, size_t size, struct wire_message *message);

/** Encodes into `frame`; the length of the frame, or 0 if it does not fit or the type is unknown.
 */
size_t wire_encode(const struct wire_message *message, uint8_t *frame, size_t capacity);

/** The header of an Rread or Rreaddir whose `count` bytes of data follow it: no copy of the data.
 */
void wire_encode_read_header(
	uint8_t type, uint16_t tag, uint32_t count, uint8_t header[WIRE_READ_HEADER_SIZE]);

/** "Tread", or "unknown". Static. */
const char *wire_type_name(uint8_t type);

/** One entry of Rreaddir data. */
struct wire_entry {
	struct wire_qid qid;
	/** Resumes the listing after this entry. */
	uint64_t cookie;
	/** DT_DIR or DT_REG. */
	uint8_t type;
	struct wire_text name;
};

/** Bytes written, or 0 when the entry does not fit: entries are never split. */
size_t wire_encode_entry(const struct wire_entry *entry, uint8_t *bytes, size_t capacity);
/** Bytes read, or 0 when there is no whole entry. */
size_t wire_decode_entry(const uint8_t *bytes, size_t size, struct wire_entry *entry);

struct wire_text wire_text(const char *text);
/** Byte for byte, so that NUL or any other byte in a name just does not match. */
bool wire_text_equals(const struct wire_text *text, const char *other);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/wire.h"

#include <string.h>

/** How a field lies on the wire. */
enum kind {
	KIND_U8,
	KIND_U16,
	KIND_U32,
	KIND_U64,
	/** length[2] and bytes. */
	KIND_TEXT,
	/** type[1] version[4] path[8]. */
	KIND_QID,
	/** count[2] and that many strings, at most WIRE_WALK_MAX. */
	KIND_NAMES,
	/** count[2] and that many qids, at most WIRE_WALK_MAX. */
	KIND_QIDS,
	/** count[4] and bytes. */
	KIND_DATA,
	KIND_TIME,
};

struct field {
	enum kind kind;
	/** Of the value in struct wire_message. */
	size_t offset;
};

/** The fields, named so that a row of the table below reads like the protocol's own notation. */
enum {
	END,
	FID,
	NEW_FID,
	AUTH_FID,
	ERROR,
	MSIZE,
	VERSION,
	OLD_TAG,
	UNAME,
	ANAME,
	N_UNAME,
	NAME,
	OTHER_NAME,
	NAMES,
	QID,
	QIDS,
	FLAGS,
	MODE,
	GID,
	MAJOR,
	MINOR,
	IO_UNIT,
	DATA_SYNC,
	OFFSET,
	COUNT,
	DATA,
	MASK,
	SET_MASK,
	ATTR_MODE,
	ATTR_UID,
	ATTR_GID,
	ATTR_NLINK,
	ATTR_RDEV,
	ATTR_SIZE,
	ATTR_BLOCK_SIZE,
	ATTR_BLOCKS,
	ATTR_ATIME,
	ATTR_MTIME,
	ATTR_CTIME,
	ATTR_BTIME,
	ATTR_GENERATION,
	ATTR_DATA_VERSION,
	FS_TYPE,
	FS_BLOCK_SIZE,
	FS_BLOCKS,
	FS_BLOCKS_FREE,
	FS_BLOCKS_AVAILABLE,
	FS_FILES,
	FS_FILES_FREE,
	FS_ID,
	FS_NAME_MAX,
	XATTR_SIZE,
	LOCK_TYPE,
	LOCK_FLAGS,
	LOCK_START,
	LOCK_LENGTH,
	LOCK_PROCESS,
	LOCK_CLIENT,
	LOCK_STATUS,
	FIELD_COUNT,
};

#define AT(member) offsetof(struct wire_message, member)

static const struct field fields[FIELD_COUNT] = {
	[FID] = {KIND_U32, AT(fid)},
	[NEW_FID] = {KIND_U32, AT(new_fid)},
	[AUTH_FID] = {KIND_U32, AT(auth_fid)},
	[ERROR] = {KIND_U32, AT(error)},
	[MSIZE] = {KIND_U32, AT(msize)},
	[VERSION] = {KIND_TEXT, AT(version)},
	[OLD_TAG] = {KIND_U16, AT(old_tag)},
	[UNAME] = {KIND_TEXT, AT(uname)},
	[ANAME] = {KIND_TEXT, AT(aname)},
	[N_UNAME] = {KIND_U32, AT(n_uname)},
	[NAME] = {KIND_TEXT, AT(name)},
	[OTHER_NAME] = {KIND_TEXT, AT(other_name)},
	[NAMES] = {KIND_NAMES, AT(names)},
	[QID] = {KIND_QID, AT(qid)},
	[QIDS] = {KIND_QIDS, AT(qids)},
	[FLAGS] = {KIND_U32, AT(flags)},
	[MODE] = {KIND_U32, AT(mode)},
	[GID] = {KIND_U32, AT(gid)},
	[MAJOR] = {KIND_U32, AT(major)},
	[MINOR] = {KIND_U32, AT(minor)},
	[IO_UNIT] = {KIND_U32, AT(io_unit)},
	[DATA_SYNC] = {KIND_U32, AT(data_sync)},
	[OFFSET] = {KIND_U64, AT(offset)},
	[COUNT] = {KIND_U32, AT(count)},
	[DATA] = {KIND_DATA, AT(data)},
	[MASK] = {KIND_U64, AT(mask)},
	[SET_MASK] = {KIND_U32, AT(set_mask)},
	[ATTR_MODE] = {KIND_U32, AT(attributes.mode)},
	[ATTR_UID] = {KIND_U32, AT(attributes.uid)},
	[ATTR_GID] = {KIND_U32, AT(attributes.gid)},
	[ATTR_NLINK] = {KIND_U64, AT(attributes.nlink)},
	[ATTR_RDEV] = {KIND_U64, AT(attributes.rdev)},
	[ATTR_SIZE] = {KIND_U64, AT(attributes.size)},
	[ATTR_BLOCK_SIZE] = {KIND_U64, AT(attributes.block_size)},
	[ATTR_BLOCKS] = {KIND_U64, AT(attributes.blocks)},
	[ATTR_ATIME] = {KIND_TIME, AT(attributes.atime)},
	[ATTR_MTIME] = {KIND_TIME, AT(attributes.mtime)},
	[ATTR_CTIME] = {KIND_TIME, AT(attributes.ctime)},
	[ATTR_BTIME] = {KIND_TIME, AT(attributes.btime)},
	[ATTR_GENERATION] = {KIND_U64, AT(attributes.generation)},
	[ATTR_DATA_VERSION] = {KIND_U64, AT(attributes.data_version)},
	[FS_TYPE] = {KIND_U32, AT(statfs.type)},
	[FS_BLOCK_SIZE] = {KIND_U32, AT(statfs.block_size)},
	[FS_BLOCKS] = {KIND_U64, AT(statfs.blocks)},
	[FS_BLOCKS_FREE] = {KIND_U64, AT(statfs.blocks_free)},
	[FS_BLOCKS_AVAILABLE] = {KIND_U64, AT(statfs.blocks_available)},
	[FS_FILES] = {KIND_U64, AT(statfs.files)},
	[FS_FILES_FREE] = {KIND_U64, AT(statfs.files_free)},
	[FS_ID] = {KIND_U64, AT(statfs.id)},
	[FS_NAME_MAX] = {KIND_U32, AT(statfs.name_max)},
	[XATTR_SIZE] = {KIND_U64, AT(xattr_size)},
	[LOCK_TYPE] = {KIND_U8, AT(lock.type)},
	[LOCK_FLAGS] = {KIND_U32, AT(lock.flags)},
	[LOCK_START] = {KIND_U64, AT(lock.start)},
	[LOCK_LENGTH] = {KIND_U64, AT(lock.length)},
	[LOCK_PROCESS] = {KIND_U32, AT(lock.process)},
	[LOCK_CLIENT] = {KIND_TEXT, AT(lock.client)},
	[LOCK_STATUS] = {KIND_U8, AT(lock.status)},
};

struct layout {
	const char *name;
	uint8_t fields[20];
};

/** Field order after tag[2]. A type without a name does not exist. */
static const struct layout layouts[] = {
	[WIRE_RLERROR] = {"Rlerror", {ERROR}},
	[WIRE_TSTATFS] = {"Tstatfs", {FID}},
	[WIRE_RSTATFS] = {"Rstatfs",
		{FS_TYPE, FS_BLOCK_SIZE, FS_BLOCKS, FS_BLOCKS_FREE, FS_BLOCKS_AVAILABLE, FS_FILES,
			FS_FILES_FREE, FS_ID, FS_NAME_MAX}},
	[WIRE_TLOPEN] = {"Tlopen", {FID, FLAGS}},
	[WIRE_RLOPEN] = {"Rlopen", {QID, IO_UNIT}},
	[WIRE_TLCREATE] = {"Tlcreate", {FID, NAME, FLAGS, MODE, GID}},
	[WIRE_RLCREATE] = {"Rlcreate", {QID, IO_UNIT}},
	[WIRE_TSYMLINK] = {"Tsymlink", {FID, NAME, OTHER_NAME, GID}},
	[WIRE_RSYMLINK] = {"Rsymlink", {QID}},
	[WIRE_TMKNOD] = {"Tmknod", {FID, NAME, MODE, MAJOR, MINOR, GID}},
	[WIRE_RMKNOD] = {"Rmknod", {QID}},
	[WIRE_TRENAME] = {"Trename", {FID, NEW_FID, NAME}},
	[WIRE_RRENAME] = {"Rrename", {END}},
	[WIRE_TREADLINK] = {"Treadlink", {FID}},
	[WIRE_RREADLINK] = {"Rreadlink", {NAME}},
	[WIRE_TGETATTR] = {"Tgetattr", {FID, MASK}},
	[WIRE_RGETATTR] = {"Rgetattr",
		{MASK, QID, ATTR_MODE, ATTR_UID, ATTR_GID, ATTR_NLINK, ATTR_RDEV, ATTR_SIZE,
			ATTR_BLOCK_SIZE, ATTR_BLOCKS, ATTR_ATIME, ATTR_MTIME, ATTR_CTIME, ATTR_BTIME,
			ATTR_GENERATION, ATTR_DATA_VERSION}},
	[WIRE_TSETATTR] = {"Tsetattr",
		{FID, SET_MASK, ATTR_MODE, ATTR_UID, ATTR_GID, ATTR_SIZE, ATTR_ATIME, ATTR_MTIME}},
	[WIRE_RSETATTR] = {"Rsetattr", {END}},
	[WIRE_TXATTRWALK] = {"Txattrwalk", {FID, NEW_FID, NAME}},
	[WIRE_RXATTRWALK] = {"Rxattrwalk", {XATTR_SIZE}},
	[WIRE_TXATTRCREATE] = {"Txattrcreate", {FID, NAME, XATTR_SIZE, FLAGS}},
	[WIRE_RXATTRCREATE] = {"Rxattrcreate", {END}},
	[WIRE_TREADDIR] = {"Treaddir", {FID, OFFSET, COUNT}},
	[WIRE_RREADDIR] = {"Rreaddir", {DATA}},
	[WIRE_TFSYNC] = {"Tfsync", {FID, DATA_SYNC}},
	[WIRE_RFSYNC] = {"Rfsync", {END}},
	[WIRE_TLOCK] = {"Tlock",
		{FID, LOCK_TYPE, LOCK_FLAGS, LOCK_START, LOCK_LENGTH, LOCK_PROCESS, LOCK_CLIENT}},
	[WIRE_RLOCK] = {"Rlock", {LOCK_STATUS}},
	[WIRE_TGETLOCK] = {"Tgetlock",
		{FID, LOCK_TYPE, LOCK_START, LOCK_LENGTH, LOCK_PROCESS, LOCK_CLIENT}},
	[WIRE_RGETLOCK] = {"Rgetlock", {LOCK_TYPE, LOCK_START, LOCK_LENGTH, LOCK_PROCESS, LOCK_CLIENT}},
	[WIRE_TLINK] = {"Tlink", {FID, NEW_FID, NAME}},
	[WIRE_RLINK] = {"Rlink", {END}},
	[WIRE_TMKDIR] = {"Tmkdir", {FID, NAME, MODE, GID}},
	[WIRE_RMKDIR] = {"Rmkdir", {QID}},
	[WIRE_TRENAMEAT] = {"Trenameat", {FID, NAME, NEW_FID, OTHER_NAME}},
	[WIRE_RRENAMEAT] = {"Rrenameat", {END}},
	[WIRE_TUNLINKAT] = {"Tunlinkat", {FID, NAME, FLAGS}},
	[WIRE_RUNLINKAT] = {"Runlinkat", {END}},
	[WIRE_TVERSION] = {"Tversion", {MSIZE, VERSION}},
	[WIRE_RVERSION] = {"Rversion", {MSIZE, VERSION}},
	[WIRE_TAUTH] = {"Tauth", {AUTH_FID, UNAME, ANAME, N_UNAME}},
	[WIRE_RAUTH] = {"Rauth", {QID}},
	[WIRE_TATTACH] = {"Tattach", {FID, AUTH_FID, UNAME, ANAME, N_UNAME}},
	[WIRE_RATTACH] = {"Rattach", {QID}},
	[WIRE_TFLUSH] = {"Tflush", {OLD_TAG}},
	[WIRE_RFLUSH] = {"Rflush", {END}},
	[WIRE_TWALK] = {"Twalk", {FID, NEW_FID, NAMES}},
	[WIRE_RWALK] = {"Rwalk", {QIDS}},
	[WIRE_TREAD] = {"Tread", {FID, OFFSET, COUNT}},
	[WIRE_RREAD] = {"Rread", {DATA}},
	[WIRE_TWRITE] = {"Twrite", {FID, OFFSET, DATA}},
	[WIRE_RWRITE] = {"Rwrite", {COUNT}},
	[WIRE_TCLUNK] = {"Tclunk", {FID}},
	[WIRE_RCLUNK] = {"Rclunk", {END}},
	[WIRE_TREMOVE] = {"Tremove", {FID}},
	[WIRE_RREMOVE] = {"Rremove", {END}},
};

static const struct layout *find_layout(uint8_t type)
{
	if (type >= sizeof(layouts) / sizeof(layouts[0]) || layouts[type].name == NULL) {
		return NULL;
	}
	return &layouts[type];
}

const char *wire_type_name(uint8_t type)
{
	const struct layout *layout = find_layout(type);
	return layout != NULL ? layout->name : "unknown";
}

static uint64_t load(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;
	for (size_t i = size; i > 0; i--) {
		value = value << 8 | bytes[i - 1];
	}
	return value;
}

static void store(uint8_t *bytes, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t)(value >> (8 * i));
	}
}

uint32_t wire_frame_size(const uint8_t *frame)
{
	return (uint32_t)load(frame, 4);
}

/** What is left to read. `bad` sticks: later reads give zero, so a decoder checks it once at the
 * end. */
struct reader {
	const uint8_t *next;
	size_t left;
	bool bad;
};

static const uint8_t *take(struct reader *reader, size_t size)
{
	if (reader->bad || size > reader->left) {
		reader->bad = true;
		return NULL;
	}
	const uint8_t *bytes = reader->next;
	reader->next += size;
	reader->left -= size;
	return bytes;
}

static uint64_t take_number(struct reader *reader, size_t size)
{
	const uint8_t *bytes = take(reader, size);
	return bytes != NULL ? load(bytes, size) : 0;
}

static struct wire_text take_text(struct reader *reader)
{
	struct wire_text text = {.size = (uint16_t)take_number(reader, 2)};
	text.bytes = (const char *)take(reader, text.size);
	if (text.bytes == NULL) {
		text = (struct wire_text){.bytes = "", .size = 0};
	}
	return text;
}

static struct wire_qid take_qid(struct reader *reader)
{
	struct wire_qid qid;
	qid.type = (uint8_t)take_number(reader, 1);
	qid.version = (uint32_t)take_number(reader, 4);
	qid.path = take_number(reader, 8);
	return qid;
}

static uint16_t take_count(struct reader *reader)
{
	uint16_t count = (uint16_t)take_number(reader, 2);
	if (count > WIRE_WALK_MAX) {
		reader->bad = true;
		return 0;
	}
	return count;
}

static void decode_field(
	struct reader *reader, const struct field *field, struct wire_message *message)
{
	void *value = (char *)message + field->offset;
	switch (field->kind) {
	case KIND_U8:
		*(uint8_t *)value = (uint8_t)take_number(reader, 1);
		break;
	case KIND_U16:
		*(uint16_t *)value = (uint16_t)take_number(reader, 2);
		break;
	case KIND_U32:
		*(uint32_t *)value = (uint32_t)take_number(reader, 4);
		break;
	case KIND_U64:
		*(uint64_t *)value = take_number(reader, 8);
		break;
	case KIND_TEXT:
		*(struct wire_text *)value = take_text(reader);
		break;
	case KIND_QID:
		*(struct wire_qid *)value = take_qid(reader);
		break;
	case KIND_NAMES:
		message->name_count = take_count(reader);
		for (size_t i = 0; i < message->name_count; i++) {
			message->names[i] = take_text(reader);
		}
		break;
	case KIND_QIDS:
		message->qid_count = take_count(reader);
		for (size_t i = 0; i < message->qid_count; i++) {
			message->qids[i] = take_qid(reader);
		}
		break;
	case KIND_DATA:
		message->data.size = (uint32_t)take_number(reader, 4);
		message->data.bytes = take(reader, message->data.size);
		break;
	case KIND_TIME:
	default:
		((struct wire_time *)value)->seconds = take_number(reader, 8);
		((struct wire_time *)value)->nanoseconds = take_number(reader, 8);
		break;
	}
}

enum wire_outcome wire_decode(const uint8_t *frame, size_t size, struct wire_message *message)
{
	struct reader reader = {.next = frame + 4, .left = size - 4};
	*message = (struct wire_message){.type = 0};
	message->type = (uint8_t)take_number(&reader, 1);
	message->tag = (uint16_t)take_number(&reader, 2);
	const struct layout *layout = find_layout(message->type);
	if (layout == NULL) {
		return WIRE_UNKNOWN;
	}
	for (const uint8_t *field = layout->fields; *field != END; field++) {
		decode_field(&reader, &fields[*field], message);
	}
	return reader.bad || reader.left != 0 ? WIRE_MALFORMED : WIRE_OK;
}

struct writer {
	uint8_t *next;
	size_t left;
	bool full;
};

static uint8_t *give(struct writer *writer, size_t size)
{
	if (writer->full || size > writer->left) {
		writer->full = true;
		return NULL;
	}
	uint8_t *bytes = writer->next;
	writer->next += size;
	writer->left -= size;
	return bytes;
}

static void give_number(struct writer *writer, size_t size, uint64_t value)
{
	uint8_t *bytes = give(writer, size);
	if (bytes != NULL) {
		store(bytes, size, value);
	}
}

static void give_bytes(struct writer *writer, const void *from, size_t size)
{
	uint8_t *bytes = give(writer, size);
	if (bytes != NULL && size > 0) {
		memcpy(bytes, from, size);
	}
}

static void give_text(struct writer *writer, const struct wire_text *text)
{
	give_number(writer, 2, text->size);
	give_bytes(writer, text->bytes, text->size);
}

static void give_qid(struct writer *writer, const struct wire_qid *qid)
{
	give_number(writer, 1, qid->type);
	give_number(writer, 4, qid->version);
	give_number(writer, 8, qid->path);
}

static void give_count(struct writer *writer, uint16_t count)
{
	writer->full = writer->full || count > WIRE_WALK_MAX;
	give_number(writer, 2, count);
}

static void encode_field(
	struct writer *writer, const struct field *field, const struct wire_message *message)
{
	const void *value = (const char *)message + field->offset;
	switch (field->kind) {
	case KIND_U8:
		give_number(writer, 1, *(const uint8_t *)value);
		break;
	case KIND_U16:
		give_number(writer, 2, *(const uint16_t *)value);
		break;
	case KIND_U32:
		give_number(writer, 4, *(const uint32_t *)value);
		break;
	case KIND_U64:
		give_number(writer, 8, *(const uint64_t *)value);
		break;
	case KIND_TEXT:
		give_text(writer, value);
		break;
	case KIND_QID:
		give_qid(writer, value);
		break;
	case KIND_NAMES:
		give_count(writer, message->name_count);
		for (size_t i = 0; i < message->name_count && !writer->full; i++) {
			give_text(writer, &message->names[i]);
		}
		break;
	case KIND_QIDS:
		give_count(writer, message->qid_count);
		for (size_t i = 0; i < message->qid_count && !writer->full; i++) {
			give_qid(writer, &message->qids[i]);
		}
		break;
	case KIND_DATA:
		give_number(writer, 4, message->data.size);
		give_bytes(writer, message->data.bytes, message->data.size);
		break;
	case KIND_TIME:
	default:
		give_number(writer, 8, ((const struct wire_time *)value)->seconds);
		give_number(writer, 8, ((const struct wire_time *)value)->nanoseconds);
		break;
	}
}

size_t wire_encode(const struct wire_message *message, uint8_t *frame, size_t capacity)
{
	const struct layout *layout = find_layout(message->type);
	if (layout == NULL) {
		return 0;
	}
	struct writer writer = {.next = frame, .left = capacity};
	give_number(&writer, 4, 0);
	give_number(&writer, 1, message->type);
	give_number(&writer, 2, message->tag);
	for (const uint8_t *field = layout->fields; *field != END; field++) {
		encode_field(&writer, &fields[*field], message);
	}
	if (writer.full) {
		return 0;
	}
	size_t size = (size_t)(writer.next - frame);
	store(frame, 4, size);
	return size;
}

void wire_encode_read_header(
	uint8_t type, uint16_t tag, uint32_t count, uint8_t header[WIRE_READ_HEADER_SIZE])
{
	store(header, 4, WIRE_READ_HEADER_SIZE + (uint64_t)count);
	header[4] = type;
	store(header + 5, 2, tag);
	store(header + WIRE_HEADER_SIZE, 4, count);
}

size_t wire_encode_entry(const struct wire_entry *entry, uint8_t *bytes, size_t capacity)
{
	struct writer writer = {.next = bytes, .left = capacity};
	give_qid(&writer, &entry->qid);
	give_number(&writer, 8, entry->cookie);
	give_number(&writer, 1, entry->type);
	give_text(&writer, &entry->name);
	return writer.full ? 0 : (size_t)(writer.next - bytes);
}

size_t wire_decode_entry(const uint8_t *bytes, size_t size, struct wire_entry *entry)
{
	struct reader reader = {.next = bytes, .left = size};
	entry->qid = take_qid(&reader);
	entry->cookie = take_number(&reader, 8);
	entry->type = (uint8_t)take_number(&reader, 1);
	entry->name = take_text(&reader);
	return reader.bad ? 0 : (size_t)(reader.next - bytes);
}

struct wire_text wire_text(const char *text)
{
	size_t size = strlen(text);
	return (struct wire_text){.bytes = text, .size = (uint16_t)(size < 0xFFFF ? size : 0xFFFF)};
}

bool wire_text_equals(const struct wire_text *text, const char *other)
{
	return strlen(other) == text->size && memcmp(text->bytes, other, text->size) == 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_RECORD_H
#define LEASE_RECORD_H

#include "base/buffer.h"
#include "base/digest.h"

#include <stddef.h>
#include <stdint.h>

/**
 * One record of the journal as bytes, all numbers little-endian:
 *
 *   "GLJ1"  length[4]  type[2]  place[2]  seq[8]  boottime_ns[8]  wall_ms[8]  previous[32]  payload
 *   hash[32]
 *
 * `length` is that of the payload, a JSON object. `place` counts the records that were written
 * together, from 0: a crash can leave the later of them whole and an earlier one not. `hash` is the
 * SHA-256 of all before it, and so of `previous`, the hash of the record before: a chain.
 */

enum {
	LEASE_RECORD_HEADER_SIZE = 68,
	LEASE_RECORD_FRAME_SIZE = LEASE_RECORD_HEADER_SIZE + BASE_SHA256_SIZE,
	LEASE_RECORD_PAYLOAD_MAX = 128 << 20,
};

/** Kinds of record. Numbers are on disk: never reused. */
enum lease_record_type {
	/** The bridge began: {version, boot_id}. */
	LEASE_RECORD_START = 1,
	/** All that counts of what came before; the first record of every file but the very first. */
	LEASE_RECORD_SNAPSHOT = 2,
	/** A lease changed. */
	LEASE_RECORD_LEASE = 3,
	/** A job was accepted or has ended. */
	LEASE_RECORD_JOB = 4,
	/** Somebody attached, or was refused. */
	LEASE_RECORD_ATTACH = 5,
	/** A command was written. */
	LEASE_RECORD_CONTROL = 6,
	/** A ticket was revoked. */
	LEASE_RECORD_REVOKE = 7,
	/** The bridge ended as it was asked to. */
	LEASE_RECORD_STOP = 8,
};

struct lease_record {
	uint32_t type;
	/** Of its commit. */
	uint16_t place;
	/** From 1, without a gap. */
	uint64_t seq;
	uint64_t boottime_ns, wall_ms;
	uint8_t previous[BASE_SHA256_SIZE];
	/** Borrowed; not terminated. */
	const char *payload;
	size_t payload_size;
	uint8_t hash[BASE_SHA256_SIZE];
};

/** Appends the record's bytes and fills its hash. */
void lease_record_encode(struct lease_record *record, struct base_buffer *out);
/**
 * Decodes the record at the beginning of `bytes`, its hash checked: its size in bytes, or 0 when
 * there is no whole and undamaged one. `record` points into `bytes`.
 */
size_t lease_record_decode(const uint8_t *bytes, size_t size, struct lease_record *record);

#endif
